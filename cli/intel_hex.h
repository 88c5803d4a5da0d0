/* SPDX-License-Identifier: Apache-2.0 */
/** intel_hex: reads Intel HEX, the text form of bytes at addresses (record types 00 to 05). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes without a gap between them. */
typedef struct {
    uint32_t addr, bytes;
    uint8_t *data;
} hex_piece_t;

/** By ascending address. */
typedef struct {
    hex_piece_t *pieces;
    uint32_t count;
} hex_pieces_t;

/** Whether a file that begins so is Intel HEX. */
bool hex_is_text(const uint8_t *data, size_t bytes);

/** Read a whole text. Records may come in any order; start addresses (types 03 and 05) are checked and dropped. Pieces
 *  with less than a flash sector's rest between them, in one sector, become one, filled with FF.
 *  True: at least one piece; release them with hex_free(). False: `pieces` is empty and `why` says what is wrong in
 *  which line, cut to `why_bytes`; no full stop. Ends the process if the host has no memory left. */
bool hex_read(hex_pieces_t *pieces, const uint8_t *text, size_t text_bytes, char *why, size_t why_bytes);
void hex_free(hex_pieces_t *pieces);
