/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the API that this version does not have yet. They are here so that programs link. */
#include "loader/command.h"

static esp_loader_error_t unsupported(esp_loader_t *loader)
{
    reflash_begin(loader);
    return reflash_fail(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT);
}

esp_loader_error_t esp_loader_init_spi(esp_loader_t *loader, esp_loader_port_t *port)
{
    (void)loader; /* not bound to anything */
    (void)port;
    return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
}

esp_loader_error_t esp_loader_init_sdio(esp_loader_t *loader, esp_loader_port_t *port)
{
    (void)loader; /* not bound to anything */
    (void)port;
    return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
}

esp_loader_error_t esp_loader_connect_secure_download_mode(esp_loader_t *loader,
                                                           esp_loader_connect_args_t *connect_args, uint32_t flash_size)
{
    (void)connect_args;
    (void)flash_size;
    return unsupported(loader);
}
