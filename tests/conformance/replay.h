/* SPDX-License-Identifier: Apache-2.0 */
/** Replays recorded conversations with a mask ROM or a RAM stub on espsim. traces/README.md describes the format.
 *
 *  A trace is a list of scenarios, a scenario a list of lines. Feed the lines in order to replay_line(): what
 *  the host sent goes to the chip, what the chip sent is compared byte for byte, and the directives that
 *  begin with '$' set the scene or check what became of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "espsim.h"

typedef struct {
    const char *name;
    char **lines;
    size_t line_count;
    size_t first_line_number; /* of lines[0] in the file, from 1 */
} trace_scenario_t;

typedef struct {
    const char *path;
    char *text;
    char **lines;
    trace_scenario_t preamble; /* lines before the first scenario; they count for all */
    trace_scenario_t *scenarios;
    size_t scenario_count;
} trace_t;

/** Read the file at `path`, which must stay valid. False, with a message on stderr: no usable trace. */
bool trace_load(trace_t *trace, const char *path);
void trace_free(trace_t *trace);

typedef struct replay replay_t;

/** A chip for one scenario: fresh, flash all FF. It starts with the first line that needs it, so that directives
 *  before that can set it up. `watch` may be NULL. */
replay_t *replay_open(espsim_spi_watch_t watch, void *watch_context);
void replay_close(replay_t *replay);

/** Do what one line says. False: it does not hold, replay_error() says what. The first error stays. */
bool replay_line(replay_t *replay, const char *line);
/** Let the chip finish what it is doing. */
bool replay_wait(replay_t *replay);
/** At the end: everything the chip sent was recorded, and everything recorded was sent. */
bool replay_settle(replay_t *replay);

const char *replay_error(const replay_t *replay);
/** Lines so far that were compared by a prefix only, or that stand for something that was not recorded. */
unsigned replay_exceptions(const replay_t *replay);
