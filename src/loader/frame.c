/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that are neither commands nor their answers: what RAM stubs and their host tell each other in between. */
#include "loader/command.h"

esp_loader_error_t reflash_await_frame(esp_loader_t *loader, uint8_t *frame, uint16_t bytes, uint32_t timeout_ms)
{
    loader->_frame_bytes = 0;
    loader->_port->ops->start_timer(loader->_port, timeout_ms);
    const esp_loader_error_t err = loader->_transport->receive(loader, frame, bytes);
    if (err != ESP_LOADER_SUCCESS) {
        return reflash_fail_to_receive(loader, err);
    }
    return loader->_frame_bytes == bytes ? ESP_LOADER_SUCCESS
                                         : reflash_fail_to_receive(loader, ESP_LOADER_ERROR_INVALID_RESPONSE);
}

esp_loader_error_t reflash_send_words(esp_loader_t *loader, const uint32_t *words, uint8_t count)
{
    const reflash_request_t bare = {.words = words, .word_count = count};
    return loader->_transport->send(loader, &bare, REFLASH_HEADER_BYTES);
}
