/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a serial line, one at a time, in as few calls of the port as it allows. */
#include "transport/serial.h"

esp_loader_error_t reflash_serial_read_byte(esp_loader_t *loader, uint8_t *byte)
{
    enum { LOOK_MS = 50 }; /* how often the port is asked whether to go on */

    esp_loader_port_t *port = loader->_port;
    const esp_loader_port_ops_t *ops = port->ops;
    while (loader->_input_at == loader->_input_end) {
        if (ops->cancelled != NULL && ops->cancelled(port)) {
            return ESP_LOADER_ERROR_FAIL;
        }
        const uint32_t left_ms = ops->remaining_time(port);
        if (left_ms == 0) {
            return ESP_LOADER_ERROR_TIMEOUT;
        }
        const uint32_t wait_ms = ops->cancelled != NULL && left_ms > LOOK_MS ? LOOK_MS : left_ms;
        uint16_t got_bytes = 1;
        const esp_loader_error_t err =
            ops->read_some != NULL ? ops->read_some(port, loader->_input, sizeof(loader->_input), &got_bytes, wait_ms)
                                   : ops->read(port, loader->_input, 1, wait_ms);
        if (err == ESP_LOADER_SUCCESS) {
            loader->_input_at = 0;
            loader->_input_end = (uint8_t)got_bytes;
        } else if (err != ESP_LOADER_ERROR_TIMEOUT || wait_ms == left_ms) {
            return err;
        }
    }
    *byte = loader->_input[loader->_input_at++];
    return ESP_LOADER_SUCCESS;
}

void reflash_forget_input(esp_loader_t *loader)
{
    loader->_input_at = 0;
    loader->_input_end = 0;
    if (loader->_port->ops->flush != NULL) {
        loader->_port->ops->flush(loader->_port);
    }
}
