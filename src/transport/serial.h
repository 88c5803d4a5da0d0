/* SPDX-License-Identifier: Apache-2.0 */
/** transport: how packets travel over a serial line, SLIP frames through the port's read and write. */
#pragma once

#include "transport/transport.h"

/** Send one request without its first `at` bytes; if that is all of it, a lone end byte. The port's timer must be
 *  running. FAIL, TIMEOUT: what the port said. */
esp_loader_error_t reflash_serial_send(esp_loader_t *loader, const reflash_request_t *request, uint32_t at);

/** The next byte, before the port's timer runs out. TIMEOUT: none came. FAIL: the port was told to stop. Else: what the
 *  port said. */
esp_loader_error_t reflash_serial_read_byte(esp_loader_t *loader, uint8_t *byte);

/** As `receive` of reflash_transport_t. */
esp_loader_error_t reflash_serial_receive(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes);
