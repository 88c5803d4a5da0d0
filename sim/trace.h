/* SPDX-License-Identifier: Apache-2.0 */
/** What a chip was asked and did, as text: one line for each event, with the chip's time in seconds.
 *
 *     0.051064030 > FLASH_BEGIN size=262144 blocks=43 block=6144 addr=0x100000 < ok 1740.200 ms
 *
 *  docs/espsim.md explains the lines. */
#pragma once

#include <stdio.h>

#include "espsim.h"

enum { ESPSIM_TRACE_LINE_BYTES = 256 };

/** Write the line of `event`, without its end. */
void espsim_trace_line(const espsim_event_t *event, char text[ESPSIM_TRACE_LINE_BYTES]);

/** The same to a file, flushed: an espsim_watch_t whose context is a FILE. */
void espsim_trace_to_file(void *file, const espsim_event_t *event);

/** The last line: the chip's time and what went over its link. */
void espsim_trace_end(const espsim_t *sim, FILE *file);

/** What an opcode is called, or NULL. */
const char *espsim_trace_command_name(uint8_t opcode);
