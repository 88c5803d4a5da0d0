/* SPDX-License-Identifier: Apache-2.0 */
/* How the RAM stubs receive: an interrupt empties the UART's FIFO into one of two buffers while the main loop works
 * on the other.
 *
 * The interrupt comes when enough bytes are there or the line has been quiet for a while, so that short requests
 * sent in one go are decoded in one go, with no turn of the main loop between them. What the recordings show of
 * requests that follow each other too closely depends on it. */
#include "chip.h"

enum { END = 0xC0, ESC = 0xDB, ESC_END = 0xDC, ESC_ESC = 0xDD, BITS_PER_BYTE = 10 };

void espsim_stub_receive(espsim_t *sim, uint8_t byte)
{
    espsim_stub_state_t *stub = &sim->stub;
    const uint64_t quiet_ns = UINT64_C(1000000000) * BITS_PER_BYTE / sim->uart.baud * stub->row->fifo_quiet_bytes;
    stub->fifo[stub->fifo_count++] = byte;
    stub->fifo_due_ns = stub->fifo_count < stub->row->fifo_threshold ? sim->now_ns + quiet_ns : sim->now_ns;
}

void espsim_stub_drain(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    for (uint32_t at = 0; at < stub->fifo_count; at++) {
        stub->row->take_byte(sim, stub->fifo[at]);
    }
    stub->fifo_count = 0;
    stub->fifo_due_ns = ESPSIM_NEVER;
}

static void wait_for_main_loop(espsim_stub_state_t *stub, bool is_bad)
{
    stub->waiting = true;
    stub->waiting_is_bad = is_bad;
    stub->waiting_in = stub->receiving;
}

/* --- First generation ------------------------------------------------------------------------------------ */

/* The next frame goes into the other buffer at once. A frame that the main loop had not taken by now is lost. An
 * empty one counts, too: what the buffer held before is executed. */
static void finish_v1(espsim_stub_state_t *stub)
{
    wait_for_main_loop(stub, false);
    stub->receiving ^= 1;
    stub->buffer_counts[stub->receiving] = 0;
}

/* A frame that fills the buffer ends there, and the rest of it is taken for another. */
static void keep_v1(espsim_stub_state_t *stub, uint8_t byte)
{
    stub->buffers[stub->receiving][stub->buffer_counts[stub->receiving]++] = byte;
    if (stub->buffer_counts[stub->receiving] == stub->row->buffer_bytes) {
        finish_v1(stub);
    }
}

void espsim_stub_take_byte_v1(espsim_t *sim, uint8_t byte)
{
    espsim_stub_state_t *stub = &sim->stub;
    if (byte == END) {
        const bool inside = stub->frame_state != ESPSIM_FRAME_OUTSIDE;
        stub->frame_state = inside ? ESPSIM_FRAME_OUTSIDE : ESPSIM_FRAME_INSIDE;
        if (inside) {
            finish_v1(stub);
        }
    } else if (stub->frame_state == ESPSIM_FRAME_INSIDE) {
        if (byte == ESC) {
            stub->frame_state = ESPSIM_FRAME_ESCAPED;
        } else {
            keep_v1(stub, byte);
        }
    } else if (stub->frame_state == ESPSIM_FRAME_ESCAPED && (byte == ESC_END || byte == ESC_ESC)) {
        stub->frame_state = ESPSIM_FRAME_INSIDE; /* any other byte is dropped, and the escape still holds */
        keep_v1(stub, byte == ESC_END ? END : ESC);
    }
}

/* --- Second generation ----------------------------------------------------------------------------------- */

/* No buffer is armed until the main loop looks, which is after the command it is at; until then bytes are lost.
 * If an END is among them, the next one is taken for the beginning of a frame, whatever it was. */
static void finish_v2(espsim_stub_state_t *stub, bool is_bad)
{
    wait_for_main_loop(stub, is_bad);
    stub->armed = false;
    stub->frame_state = ESPSIM_FRAME_OUTSIDE;
}

static void keep_v2(espsim_stub_state_t *stub, uint8_t byte)
{
    if (stub->buffer_counts[stub->receiving] == stub->row->buffer_bytes) {
        finish_v2(stub, true);
        return;
    }
    stub->buffers[stub->receiving][stub->buffer_counts[stub->receiving]++] = byte;
}

void espsim_stub_take_byte_v2(espsim_t *sim, uint8_t byte)
{
    espsim_stub_state_t *stub = &sim->stub;
    if (!stub->armed) {
        return;
    }
    switch (stub->frame_state) {
    case ESPSIM_FRAME_OUTSIDE:
        if (byte == END) {
            stub->frame_state = ESPSIM_FRAME_INSIDE;
            stub->buffer_counts[stub->receiving] = 0;
        }
        break;
    case ESPSIM_FRAME_INSIDE:
        if (byte == ESC) {
            stub->frame_state = ESPSIM_FRAME_ESCAPED;
        } else if (byte != END) {
            keep_v2(stub, byte);
        } else if (stub->buffer_counts[stub->receiving] > 0) {
            finish_v2(stub, false);
        } else {
            stub->frame_state = ESPSIM_FRAME_OUTSIDE; /* the gap between two frames */
        }
        break;
    case ESPSIM_FRAME_ESCAPED:
        stub->frame_state = ESPSIM_FRAME_INSIDE;
        if (byte == ESC_END || byte == ESC_ESC) {
            keep_v2(stub, byte == ESC_END ? END : ESC);
        } else {
            finish_v2(stub, true);
        }
        break;
    }
}
