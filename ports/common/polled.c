/* SPDX-License-Identifier: Apache-2.0 */
#include "polled.h"

#include "deadline.h"

esp_loader_error_t reflash_polled_write(esp_loader_port_t *port, const reflash_polled_t *polled, const uint8_t *data,
                                        uint16_t size, uint32_t timeout_ms)
{
    const reflash_deadline_t deadline = reflash_deadline(polled->now_ms(), timeout_ms);
    for (uint16_t at = 0; at < size; at++) {
        while (!polled->put(port, data[at])) {
            if (reflash_deadline_is_over(&deadline, polled->now_ms())) {
                return ESP_LOADER_ERROR_TIMEOUT;
            }
        }
    }
    return ESP_LOADER_SUCCESS;
}

/* What a reading returns, unless something is missing in what it read. */
static esp_loader_error_t unless_lost(esp_loader_port_t *port, const reflash_polled_t *polled, esp_loader_error_t err)
{
    return polled->lost != NULL && polled->lost(port) ? ESP_LOADER_ERROR_INVALID_RESPONSE : err;
}

static esp_loader_error_t read_all(esp_loader_port_t *port, const reflash_polled_t *polled, uint8_t *data,
                                   uint16_t size, uint32_t timeout_ms)
{
    const reflash_deadline_t deadline = reflash_deadline(polled->now_ms(), timeout_ms);
    for (uint16_t at = 0; at < size; at++) {
        while (!polled->get(port, &data[at])) {
            if (reflash_deadline_is_over(&deadline, polled->now_ms())) {
                return ESP_LOADER_ERROR_TIMEOUT;
            }
        }
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_polled_read(esp_loader_port_t *port, const reflash_polled_t *polled, uint8_t *data,
                                       uint16_t size, uint32_t timeout_ms)
{
    return unless_lost(port, polled, read_all(port, polled, data, size, timeout_ms));
}

esp_loader_error_t reflash_polled_read_some(esp_loader_port_t *port, const reflash_polled_t *polled, uint8_t *data,
                                            uint16_t size, uint16_t *got_bytes, uint32_t timeout_ms)
{
    const esp_loader_error_t err = read_all(port, polled, data, 1, timeout_ms);
    *got_bytes = 1;
    while (err == ESP_LOADER_SUCCESS && *got_bytes < size && polled->get(port, &data[*got_bytes])) {
        (*got_bytes)++;
    }
    return unless_lost(port, polled, err);
}

void reflash_polled_flush(esp_loader_port_t *port, const reflash_polled_t *polled)
{
    uint8_t forgotten;
    while (polled->get(port, &forgotten)) {
    }
}
