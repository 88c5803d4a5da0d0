/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting over a serial line. */
#include "v1_stream.h"

static const esp_loader_port_ops_t ops = {
    REFLASH_V1_COMMON_OPS,
    .write = write_bytes,
    .read = read_bytes,
    .change_transmission_rate = change_rate,
};

static const esp_loader_port_ops_t ops_of_one_rate = {
    REFLASH_V1_COMMON_OPS,
    .write = write_bytes,
    .read = read_bytes,
};

static esp_loader_error_t open_serial(esp_loader_t **loader)
{
    return reflash_v1_open(loader_port_change_transmission_rate != NULL ? &ops : &ops_of_one_rate,
                           esp_loader_init_serial, loader);
}

esp_loader_error_t reflash_v1_connect(esp_loader_connect_args_t *connect_args)
{
    esp_loader_t *loader;
    RETURN_ON_ERROR(open_serial(&loader));
    return esp_loader_connect(loader, connect_args);
}

esp_loader_error_t reflash_v1_connect_with_stub(esp_loader_connect_args_t *connect_args)
{
    esp_loader_t *loader;
    RETURN_ON_ERROR(open_serial(&loader));
    return esp_loader_connect_with_stub(loader, connect_args);
}

esp_loader_error_t reflash_v1_connect_secure_download_mode(esp_loader_connect_args_t *connect_args, uint32_t flash_size,
                                                           target_chip_t target_chip)
{
    esp_loader_t *loader;
    RETURN_ON_ERROR(open_serial(&loader));
    RETURN_ON_ERROR(esp_loader_connect_secure_download_mode(loader, connect_args, flash_size));
    return target_chip == ESP_UNKNOWN_CHIP || target_chip == esp_loader_get_target(loader)
               ? ESP_LOADER_SUCCESS
               : ESP_LOADER_ERROR_INVALID_TARGET;
}
