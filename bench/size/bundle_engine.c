/* SPDX-License-Identifier: Apache-2.0 */
/* Keep a target at what a bundle holds, sending only the sectors that differ, compressed where the chip's mask ROM
 * unpacks. `make size` links it for a Cortex-M and tells what of the library it costs. */
#include "reflash_engine.h"
#include "three_images.h"

enum { BAUD = 230400, FLASH_BYTES = 4 << 20 };

static bool read_bundle(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    (void)context;
    for (uint32_t at = 0; at < bytes; at++) {
        buf[at] = three_images[0].data[offset + at];
    }
    return true;
}

static esp_loader_error_t reflash(esp_loader_t *loader)
{
    static uint8_t memory[REFLASH_APPLY_MEMORY_BYTES(FLASH_BYTES)];
    static uint8_t buffer[REFLASH_APPLY_BUFFER_BYTES];
    const reflash_source_t source = {.read = read_bundle, .bytes = three_images[0].bytes};
    esp_loader_connect_args_t connect_args = ESP_LOADER_CONNECT_DEFAULT();
    reflash_apply_t job = {
        .memory = memory, .memory_bytes = sizeof(memory), .buffer = buffer, .buffer_bytes = sizeof(buffer)};
    reflash_bundle_t bundle;
    if (reflash_bundle_open(&bundle, &source) != REFLASH_BUNDLE_GOOD) {
        return ESP_LOADER_ERROR_FAIL;
    }
    RETURN_ON_ERROR(esp_loader_connect(loader, &connect_args));
    RETURN_ON_ERROR(esp_loader_change_transmission_rate(loader, BAUD));
    RETURN_ON_ERROR(reflash_apply(loader, &(reflash_content_t){&reflash_bundle_ops, &bundle}, &job));
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
