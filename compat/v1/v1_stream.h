/* SPDX-License-Identifier: Apache-2.0 */
/** The port's members that move bytes, the same for serial lines and SPI. Each link is a file of its own, so that a
 *  program brings what its link needs and no more. */
#pragma once

#include "v1.h"

/* Programs need not have it. Another compiler than these two wants it. */
#ifdef __GNUC__
#pragma weak loader_port_change_transmission_rate
#endif

static esp_loader_error_t write_bytes(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)port;
    return loader_port_write(data, size, timeout);
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)port;
    return loader_port_read(data, size, timeout);
}

static esp_loader_error_t change_rate(esp_loader_port_t *port, uint32_t rate)
{
    (void)port;
    const esp_loader_error_t err = loader_port_change_transmission_rate(rate);
    return err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC ? ESP_LOADER_SUCCESS : err; /* the link has no rate */
}
