/* SPDX-License-Identifier: Apache-2.0 */
/** transport: packets to the SPI slave in a mask ROM. Requests and answers are those of a serial line, without SLIP. */
#pragma once

#include "transport/transport.h"

/** Agree with a freshly reset target that both are there. The port's timer must be running.
 *  TIMEOUT: the target did not show the signs of its loader in time. FAIL: the port failed. */
esp_loader_error_t reflash_spi_handshake(esp_loader_t *loader);

/** Send one request while the port's timer runs. UNSUPPORTED_FUNC: not carried. INVALID_PARAM: the target's buffer is
 *  too small for it. Both: nothing was sent. TIMEOUT: the target did not get ready. Else: what the port said. */
esp_loader_error_t reflash_spi_send(esp_loader_t *loader, const reflash_request_t *request);
/** As `receive` of reflash_transport_t. */
esp_loader_error_t reflash_spi_receive(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes);
