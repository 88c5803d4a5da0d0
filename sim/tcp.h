/* SPDX-License-Identifier: Apache-2.0 */
/** TCP: addresses and listening sockets, and the link that carries plain bytes.
 *
 *  On that link a new connection resets the chip, into its loader with `auto_download`, else into its flash. When
 *  the client closes its sending half the chip is reset into its flash, what it prints is sent, and the
 *  connection ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "server.h"

/** Cut "HOST:PORT" or "[HOST]:PORT" up into texts. False: it is neither, or the port is none. */
bool espsim_tcp_split(const char *address, char *host, size_t host_bytes, char *port, size_t port_bytes);

/** Bind to `host` and `port` (0: any free one) and write the address bound to into `bound`. Returns the
 *  listening socket, or -1 with a message. */
int espsim_tcp_listen(const char *host, const char *port, char *bound, size_t bound_bytes, char *message,
                      size_t message_bytes);

/** The next client, without waiting. -1: none after all. */
int espsim_tcp_accept(int listener);

/** The link of plain bytes; `listener` of the server is what espsim_tcp_listen() returned. */
extern const espsim_link_t espsim_tcp_link;
