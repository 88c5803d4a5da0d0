/* SPDX-License-Identifier: Apache-2.0 */
/** The socket that commands of control.h come through: TCP or a Unix socket, a few clients at a time. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "server.h"

enum { ESPSIM_CONTROL_CLIENTS = 8, ESPSIM_CONTROL_LINES = ESPSIM_CONTROL_CLIENTS + 1, ESPSIM_CONTROL_LINE_BYTES = 80 };

typedef struct {
    int fd; /* -1: none */
    char line[ESPSIM_CONTROL_LINE_BYTES];
    size_t line_bytes; /* more than fit: a line that is refused */
} espsim_control_client_t;

typedef struct espsim_control_socket {
    int listener;
    char name[128]; /* where it is, for people and clients */
    bool is_unix;
    espsim_control_client_t clients[ESPSIM_CONTROL_CLIENTS];
} espsim_control_socket_t;

/** Listen at `address`: HOST:PORT, or the path of a Unix socket if it holds a '/'. False with a message. */
bool espsim_control_socket_open(espsim_control_socket_t *control, const char *address, char *message,
                                size_t message_bytes);
void espsim_control_socket_close(espsim_control_socket_t *control);

/** For the loop: what to wait for, ESPSIM_CONTROL_LINES of them; and what to do then. `control` may be NULL. */
void espsim_control_socket_lines(const espsim_control_socket_t *control, struct pollfd *lines);
void espsim_control_socket_serve(espsim_control_socket_t *control, espsim_server_t *server, const struct pollfd *lines);
