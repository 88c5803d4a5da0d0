/* SPDX-License-Identifier: Apache-2.0 */
/* A host that loads a program into a target's RAM and starts it, over the transport that INIT names. */
#include "three_images.h"

#include "reflash.h"

static esp_loader_error_t load(esp_loader_t *loader, const struct image *image)
{
    esp_loader_connect_args_t connect_args = ESP_LOADER_CONNECT_DEFAULT();
    esp_loader_mem_cfg_t cfg = {.offset = image->flash_addr, .size = image->bytes, .block_size = image->bytes};
    RETURN_ON_ERROR(esp_loader_connect(loader, &connect_args));
    RETURN_ON_ERROR(esp_loader_mem_start(loader, &cfg));
    RETURN_ON_ERROR(esp_loader_mem_write(loader, &cfg, image->data, image->bytes));
    return esp_loader_mem_finish(loader, &cfg, image->flash_addr);
}

int main(void)
{
    static esp_loader_t loader;
    const esp_loader_error_t err = INIT(&loader, &null_port);
    return (int)(err == ESP_LOADER_SUCCESS ? load(&loader, &three_images[0]) : err);
}
