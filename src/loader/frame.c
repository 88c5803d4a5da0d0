/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that are no answers to commands: what RAM stubs send by themselves, over a serial line only. */
#include "loader/command.h"
#include "transport/serial.h"

esp_loader_error_t reflash_await_frame(esp_loader_t *loader, uint8_t *frame, uint16_t bytes, uint32_t timeout_ms)
{
    loader->_frame_bytes = 0;
    loader->_port->ops->start_timer(loader->_port, timeout_ms);
    const esp_loader_error_t err = reflash_serial_receive(loader, frame, bytes);
    if (err != ESP_LOADER_SUCCESS) {
        return reflash_fail_to_receive(loader, err);
    }
    return loader->_frame_bytes == bytes ? ESP_LOADER_SUCCESS
                                         : reflash_fail_to_receive(loader, ESP_LOADER_ERROR_INVALID_RESPONSE);
}
