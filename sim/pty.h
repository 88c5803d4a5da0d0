/* SPDX-License-Identifier: Apache-2.0 */
/** A link through a pseudo-terminal: for programs that want a serial device. Its rate is the one that the client set on
 *  the terminal. It has no modem lines; see control.h and shim/lines.c for those. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "server.h"

typedef struct {
    int master;
    char path[64];    /* of the terminal's other end, for clients */
    const char *link; /* a symbolic link to it; NULL: none */
} espsim_pty_t;

/** Make the terminal and, unless `link` is NULL, a symbolic link to it, instead of an older one. False with a message;
 *  nothing is left then. */
bool espsim_pty_open(espsim_pty_t *pty, const char *link, char *message, size_t message_bytes);
/** Takes the link away, too. */
void espsim_pty_close(espsim_pty_t *pty);

/** `link_state` of the server is an opened espsim_pty_t, `listener` -1. */
extern const espsim_link_t espsim_pty_link;
