/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the API that this version does not have yet. They are here so that programs link. */
#include "loader/command.h"

static esp_loader_error_t unsupported(esp_loader_t *loader)
{
    reflash_begin(loader);
    return reflash_fail(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT);
}

esp_loader_error_t esp_loader_connect_with_stub(esp_loader_t *loader, esp_loader_connect_args_t *connect_args)
{
    (void)connect_args;
    return unsupported(loader);
}

esp_loader_error_t esp_loader_connect_secure_download_mode(esp_loader_t *loader,
                                                           esp_loader_connect_args_t *connect_args, uint32_t flash_size)
{
    (void)connect_args;
    (void)flash_size;
    return unsupported(loader);
}

esp_loader_error_t esp_loader_flash_deflate_start(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg)
{
    (void)cfg;
    return unsupported(loader);
}

esp_loader_error_t esp_loader_flash_deflate_write(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg,
                                                  void *payload, uint32_t size)
{
    (void)cfg;
    (void)payload;
    (void)size;
    return unsupported(loader);
}

esp_loader_error_t esp_loader_flash_deflate_finish(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg)
{
    (void)cfg;
    return unsupported(loader);
}

esp_loader_error_t esp_loader_flash_read(esp_loader_t *loader, uint8_t *buf, uint32_t address, uint32_t length)
{
    (void)buf;
    (void)address;
    (void)length;
    return unsupported(loader);
}
