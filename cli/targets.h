/* SPDX-License-Identifier: Apache-2.0 */
/** targets: a command on the one target it is for, or on several at once. */
#pragma once

#include "commands.h"

enum { TARGETS_MAX = 64 };

/** Ports, as -p names them; not owned. */
typedef struct {
    const char *ports[TARGETS_MAX];
    unsigned count;
} targets_t;

/** False: there are TARGETS_MAX already. */
bool targets_add(targets_t *targets, const char *port);

/** Run `command`: without a port, on one, or, if it takes many, with one thread for each of several, whose output has the
 *  port in front of each line; the status is the highest then. "auto" is the only USB serial port of this computer, and
 *  --all every one, for a command that takes many. Where a serial port shows how its lines are wired it is believed, unless
 *  --before was given. */
status_t targets_run(const targets_t *targets, const command_t *command, const options_t *options, int word_count,
                     char *const *words);
