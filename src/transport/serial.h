/* SPDX-License-Identifier: Apache-2.0 */
/** transport: how packets travel over a serial line, SLIP frames through the port's read and write. */
#pragma once

#include "esp_loader.h"

/** A request in the pieces it is sent from. */
typedef struct {
    const uint8_t *header; /* 8 bytes */
    const uint32_t *words; /* payload words, sent little-endian */
    uint8_t word_count;
    const uint8_t *data; /* data behind the words; may be NULL */
    uint16_t data_bytes;
    uint16_t padding_bytes; /* bytes 0xFF behind the data */
} reflash_request_t;

/** Send one request. The port's timer must be running. FAIL, TIMEOUT: what the port said. */
esp_loader_error_t reflash_serial_send(esp_loader_t *loader, const reflash_request_t *request);

/** Send one frame of `count` bytes; of none: a lone end byte. The same. */
esp_loader_error_t reflash_serial_send_bytes(esp_loader_t *loader, const uint8_t *bytes, uint8_t count);

/** Receive one frame of at most `capacity_bytes` into `frame` before the port's timer runs out and tell its length.
 *  TIMEOUT: nothing came. INVALID_RESPONSE: bytes came, but no whole frame. Else: what the port said. */
esp_loader_error_t reflash_serial_receive(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes,
                                          uint16_t *frame_bytes);
