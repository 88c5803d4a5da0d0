/* SPDX-License-Identifier: Apache-2.0 */
/** wire: SLIP framing (RFC 1055 as Espressif's loaders use it: an END byte at both ends of a frame).
 *
 *  Both directions work byte by byte, so any split of a stream gives the same frames. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { REFLASH_SLIP_END = 0xC0, REFLASH_SLIP_ESC = 0xDB, REFLASH_SLIP_ESC_END = 0xDC, REFLASH_SLIP_ESC_ESC = 0xDD };

/** Write the escaped form of `byte` to `out` and return its length, 1 or 2. */
unsigned reflash_slip_escape(uint8_t byte, uint8_t out[2]);

/** Takes frames out of a byte stream. What comes before the first END, a frame longer than `capacity` and a
 *  frame with a wrong escape are dropped whole; the next END is in step again. Text between two frames looks
 *  like a frame, because the END that closed the first may have opened it. */
typedef struct {
    uint8_t *frame; /* where a frame is unescaped to; owned by the caller */
    uint16_t capacity_bytes;
    uint16_t frame_bytes;
    enum {
        REFLASH_SLIP_OUTSIDE, /* nothing but an END counts      */
        REFLASH_SLIP_OPENED,  /* an END was the last byte       */
        REFLASH_SLIP_INSIDE,  /* `frame` holds at least 1 byte  */
        REFLASH_SLIP_ESCAPED, /* an ESC was the last byte       */
        REFLASH_SLIP_SPOILT   /* drop what comes until an END   */
    } state;
} reflash_slip_reader_t;

/** Start (again) outside of any frame. */
void reflash_slip_reader_init(reflash_slip_reader_t *reader, uint8_t *frame, uint16_t capacity_bytes);

/** Take one byte. True: `frame` now holds a whole frame of `frame_bytes` (at least 1); it stays valid until
 *  the next call. Empty frames are not reported: two ENDs in a row are a gap. */
bool reflash_slip_reader_push(reflash_slip_reader_t *reader, uint8_t byte);
