/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting over SDIO, where the port's functions carry an address. */
#define SERIAL_FLASHER_INTERFACE_SDIO
#include "v1.h"

static esp_loader_error_t write_bytes(esp_loader_port_t *port, uint32_t function, uint32_t addr, const uint8_t *data,
                                      uint16_t size, uint32_t timeout)
{
    (void)port;
    return loader_port_write(function, addr, data, size, timeout);
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint32_t function, uint32_t addr, uint8_t *data,
                                     uint16_t size, uint32_t timeout)
{
    (void)port;
    return loader_port_read(function, addr, data, size, timeout);
}

static esp_loader_error_t card_init(esp_loader_port_t *port)
{
    (void)port;
    return loader_port_sdio_card_init();
}

static const esp_loader_port_ops_t ops = {
    REFLASH_V1_COMMON_OPS,
    .sdio_write = write_bytes,
    .sdio_read = read_bytes,
    .sdio_card_init = card_init,
};

esp_loader_error_t reflash_v1_connect_sdio(esp_loader_connect_args_t *connect_args)
{
    esp_loader_t *loader;
    RETURN_ON_ERROR(reflash_v1_open(&ops, esp_loader_init_sdio, &loader));
    return esp_loader_connect(loader, connect_args);
}
