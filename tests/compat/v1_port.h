/* SPDX-License-Identifier: Apache-2.0 */
/** The port functions of generation 1.8 over a virtual chip. */
#pragma once

#include "espsim.h"

typedef struct {
    espsim_t *sim;
    uint32_t baud;
    uint64_t deadline_ns;
    unsigned resets, rate_changes;
    bool has_no_rate; /* the link answers UNSUPPORTED_FUNC when asked for another */
} v1_port_t;

extern v1_port_t v1_port;

void v1_port_start(espsim_t *sim);
