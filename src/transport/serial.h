/* SPDX-License-Identifier: Apache-2.0 */
/** transport: how packets travel over a serial line, SLIP frames through the port's read and write. */
#pragma once

#include "transport/transport.h"

/** Send one request without its first `at` bytes; if that is all of it, a lone end byte. The port's timer must be
 *  running. FAIL, TIMEOUT: what the port said. */
esp_loader_error_t reflash_serial_send(esp_loader_t *loader, const reflash_request_t *request, uint32_t at);

/** Send one frame of `count` words, little-endian; of none: a lone end byte. The same. */
esp_loader_error_t reflash_serial_send_words(esp_loader_t *loader, const uint32_t *words, uint8_t count);

/** The next byte, before the port's timer runs out. TIMEOUT: none came. FAIL: the port was told to stop. Else: what the
 *  port said. */
esp_loader_error_t reflash_serial_read_byte(esp_loader_t *loader, uint8_t *byte);

/** Receive one frame of at most `capacity_bytes` into `frame` before the port's timer runs out and leave its length in
 *  loader->_frame_bytes. TIMEOUT: nothing came. INVALID_RESPONSE: bytes came, but no whole frame. Else: what the port
 *  said. */
esp_loader_error_t reflash_serial_receive(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes);
