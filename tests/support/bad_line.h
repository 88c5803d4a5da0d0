/* SPDX-License-Identifier: Apache-2.0 */
/** A line to a virtual chip that is worse than espsim's: it garbles at high rates, and it is slow. */
#pragma once

#include "port.h"

enum { BAD_LINE_BYTES_MAX = 1 << 16 };

typedef struct {
    espsim_port_t inner;       /* its .port is what the library gets: call bad_line_open() */
    uint32_t good_baud_max;    /* above it each byte is garbled, both ways */
    uint32_t delay_ms;         /* how long after its arrival here a byte of the target can be read */
    uint64_t requests, resets; /* frames that were begun towards the target, and resets into its loader */
    uint64_t deadline_ns;
    uint32_t first, end; /* of what is on its way */
    struct {
        uint8_t byte;
        uint64_t at_ns;
    } queue[BAD_LINE_BYTES_MAX];
} bad_line_t;

/** A line to `sim` at 115200 baud that is good at every rate and has no delay. */
void bad_line_open(bad_line_t *line, espsim_t *sim);
