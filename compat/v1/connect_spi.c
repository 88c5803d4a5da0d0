/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting over SPI. */
#include "v1_stream.h"

static void spi_set_cs(esp_loader_port_t *port, uint32_t level)
{
    (void)port;
    loader_port_spi_set_cs(level);
}

static const esp_loader_port_ops_t ops = {
    REFLASH_V1_COMMON_OPS,    .write = write_bytes, .read = read_bytes, .change_transmission_rate = change_rate,
    .spi_set_cs = spi_set_cs,
};

static const esp_loader_port_ops_t ops_of_one_rate = {
    REFLASH_V1_COMMON_OPS,
    .write = write_bytes,
    .read = read_bytes,
    .spi_set_cs = spi_set_cs,
};

esp_loader_error_t reflash_v1_connect_spi(esp_loader_connect_args_t *connect_args)
{
    esp_loader_t *loader;
    RETURN_ON_ERROR(reflash_v1_open(loader_port_change_transmission_rate != NULL ? &ops : &ops_of_one_rate,
                                    esp_loader_init_spi, &loader));
    return esp_loader_connect(loader, connect_args);
}
