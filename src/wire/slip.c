/* SPDX-License-Identifier: Apache-2.0 */
/* SLIP in both directions, one function per state of the reader. */
#include "wire/slip.h"

unsigned reflash_slip_escape(uint8_t byte, uint8_t out[2])
{
    if (byte != REFLASH_SLIP_END && byte != REFLASH_SLIP_ESC) {
        out[0] = byte;
        return 1;
    }
    out[0] = REFLASH_SLIP_ESC;
    out[1] = byte == REFLASH_SLIP_END ? REFLASH_SLIP_ESC_END : REFLASH_SLIP_ESC_ESC;
    return 2;
}

void reflash_slip_reader_init(reflash_slip_reader_t *reader, uint8_t *frame, uint16_t capacity_bytes)
{
    reader->frame = frame;
    reader->capacity_bytes = capacity_bytes;
    reader->frame_bytes = 0;
    reader->state = REFLASH_SLIP_OUTSIDE;
}

static void keep(reflash_slip_reader_t *reader, uint8_t byte)
{
    if (reader->frame_bytes >= reader->capacity_bytes) {
        reader->state = REFLASH_SLIP_SPOILT;
        return;
    }
    reader->frame[reader->frame_bytes++] = byte;
    reader->state = REFLASH_SLIP_INSIDE;
}

static void after_escape(reflash_slip_reader_t *reader, uint8_t byte)
{
    if (byte == REFLASH_SLIP_ESC_END) {
        keep(reader, REFLASH_SLIP_END);
    } else if (byte == REFLASH_SLIP_ESC_ESC) {
        keep(reader, REFLASH_SLIP_ESC);
    } else {
        reader->state = REFLASH_SLIP_SPOILT;
    }
}

bool reflash_slip_reader_push(reflash_slip_reader_t *reader, uint8_t byte)
{
    if (byte == REFLASH_SLIP_END) {
        const bool whole = reader->state == REFLASH_SLIP_INSIDE;
        /* The END that closes one frame may open the next as well: a stream that lost one of two is
         * understood all the same. */
        reader->state = REFLASH_SLIP_OPENED;
        return whole;
    }
    switch (reader->state) {
    case REFLASH_SLIP_OPENED:
        reader->frame_bytes = 0;
        reader->state = REFLASH_SLIP_INSIDE;
        /* fall through */
    case REFLASH_SLIP_INSIDE:
        if (byte == REFLASH_SLIP_ESC) {
            reader->state = REFLASH_SLIP_ESCAPED;
        } else {
            keep(reader, byte);
        }
        break;
    case REFLASH_SLIP_ESCAPED:
        after_escape(reader, byte);
        break;
    case REFLASH_SLIP_OUTSIDE:
    case REFLASH_SLIP_SPOILT:
        break;
    }
    return false;
}
