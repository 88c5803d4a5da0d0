/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest useful host: keep a target at three images, sending only those it does not hold.
 * `make size` links it for a Cortex-M and tells what of the library it costs. */
#include "three_images.h"

#include "reflash.h"

#ifdef WITH_STUB
/* One chip's stub only: what the look-up does not mention is not linked. */
extern const reflash_stub_t reflash_stub_esp32;
const reflash_stub_t *reflash_stub_find(target_chip_t chip, uint32_t revision)
{
    (void)revision;
    return chip == ESP32_CHIP ? &reflash_stub_esp32 : NULL;
}
#define CONNECT esp_loader_connect_with_stub
#else
#define CONNECT esp_loader_connect
#endif

enum { BAUD = 230400, BLOCK_BYTES = 1024 };

static esp_loader_error_t write_image(esp_loader_t *loader, const struct image *image)
{
    esp_loader_flash_cfg_t cfg = {.offset = image->flash_addr, .image_size = image->bytes, .block_size = BLOCK_BYTES};
    RETURN_ON_ERROR(esp_loader_flash_start(loader, &cfg));
    for (uint32_t done_bytes = 0; done_bytes < image->bytes;) {
        const uint32_t left_bytes = image->bytes - done_bytes;
        const uint32_t block_bytes = left_bytes < BLOCK_BYTES ? left_bytes : BLOCK_BYTES;
        RETURN_ON_ERROR(esp_loader_flash_write(loader, &cfg, image->data + done_bytes, block_bytes));
        done_bytes += block_bytes;
    }
    return esp_loader_flash_finish(loader, &cfg);
}

static esp_loader_error_t reflash(esp_loader_t *loader)
{
    esp_loader_connect_args_t connect_args = ESP_LOADER_CONNECT_DEFAULT();
    RETURN_ON_ERROR(CONNECT(loader, &connect_args));
    RETURN_ON_ERROR(esp_loader_change_transmission_rate(loader, BAUD));
    for (uint32_t i = 0; i < IMAGE_COUNT; i++) {
        const struct image *image = &three_images[i];
        esp_loader_error_t err =
            esp_loader_flash_verify_known_md5(loader, image->flash_addr, image->bytes, image->md5_digits);
        if (err == ESP_LOADER_ERROR_INVALID_MD5) {
            err = write_image(loader, image);
        }
        RETURN_ON_ERROR(err);
    }
    esp_loader_reset_target(loader);
    return ESP_LOADER_SUCCESS;
}

int main(void)
{
    static esp_loader_t loader;
    esp_loader_error_t err = esp_loader_init_serial(&loader, &null_port);
    if (err == ESP_LOADER_SUCCESS) {
        err = reflash(&loader);
        esp_loader_deinit(&loader);
    }
    return (int)err;
}
