/* SPDX-License-Identifier: Apache-2.0 */
/** Reading and writing with time limits, for ports that look at their UART byte by byte: what of esp_loader_port_ops_t
 *  follows from two functions and a clock. */
#pragma once

#include "esp_loader_io.h"

#ifdef __cplusplus
extern "C" {
#endif

/** None of these waits. */
typedef struct {
    /** A clock that may wrap. */
    uint32_t (*now_ms)(void);
    /** Hand one byte to the UART. False: it has no room now. */
    bool (*put)(esp_loader_port_t *port, uint8_t byte);
    /** Take the oldest byte that was received. False: there is none. */
    bool (*get)(esp_loader_port_t *port, uint8_t *byte);
    /** Whether received bytes were lost since it was asked last; if so, forget all that `get` would still give. NULL: it
     *  is not known. */
    bool (*lost)(esp_loader_port_t *port);
} reflash_polled_t;

/** As the members of esp_loader_port_ops_t by these names say; the line never breaks. A reading in which bytes were lost
 *  is INVALID_RESPONSE. */
esp_loader_error_t reflash_polled_write(esp_loader_port_t *port, const reflash_polled_t *polled, const uint8_t *data,
                                        uint16_t size, uint32_t timeout_ms);
esp_loader_error_t reflash_polled_read(esp_loader_port_t *port, const reflash_polled_t *polled, uint8_t *data,
                                       uint16_t size, uint32_t timeout_ms);
esp_loader_error_t reflash_polled_read_some(esp_loader_port_t *port, const reflash_polled_t *polled, uint8_t *data,
                                            uint16_t size, uint16_t *got_bytes, uint32_t timeout_ms);
void reflash_polled_flush(esp_loader_port_t *port, const reflash_polled_t *polled);

#ifdef __cplusplus
}
#endif
