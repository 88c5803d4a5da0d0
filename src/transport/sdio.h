/* SPDX-License-Identifier: Apache-2.0 */
/** transport: packets to an Espressif chip as an SDIO card.
 *
 *  Its mask ROM takes packets of its own kind: write memory, and jump. It answers none of them. MEM_BEGIN, MEM_DATA
 *  and MEM_END are turned into these, and their answer "done" means that the card took the packets; nothing else is
 *  carried. What it jumps to is taken for a RAM stub, which speaks as over a serial line, without SLIP. */
#pragma once

#include "transport/transport.h"

/** One message to a stub fills its buffers; a block has header and four words in front. */
enum {
    REFLASH_SDIO_MESSAGE_BYTES_MAX = 32 * 512,
    REFLASH_SDIO_STUB_BLOCK_BYTES_MAX = REFLASH_SDIO_MESSAGE_BYTES_MAX - REFLASH_HEADER_BYTES - 16
};

/* Each of the following is one step of getting connected, in this order, while the port's timer runs. TIMEOUT: the
 * card does not get ready. INVALID_RESPONSE: a register does not hold what was written. Else: what the port said. */

/** Enable function 1. */
esp_loader_error_t reflash_sdio_enable(esp_loader_t *loader);
/** Find out who made the card, lower half, and what it is, upper half. INVALID_RESPONSE: it does not tell. */
esp_loader_error_t reflash_sdio_read_id(esp_loader_t *loader, uint32_t *id);
/** Set up the chip's link controller, two registers of which are not at the same place on all chips. */
esp_loader_error_t reflash_sdio_set_up(esp_loader_t *loader, uint8_t conf1_reg, uint8_t len_conf_reg);

/** Send one request, to a stub without its first `at` bytes, while the port's timer runs. UNSUPPORTED_FUNC: not carried.
 *  INVALID_PARAM: the target's buffer is too small for it, or a RAM address that is no multiple of 4. Both: nothing was
 *  sent. TIMEOUT: the target did not get ready. Else: what the port said. */
esp_loader_error_t reflash_sdio_send(esp_loader_t *loader, const reflash_request_t *request, uint32_t at);
/** As `receive` of reflash_transport_t. */
esp_loader_error_t reflash_sdio_receive(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes);
