/* SPDX-License-Identifier: Apache-2.0 */
/** The TCP front end: a virtual chip behind a raw byte stream, one client at a time.
 *
 *  A new connection resets the chip, into its loader with `auto_download`, else into its flash. When the
 *  client closes its sending half the chip is reset into its flash, what it prints is sent, and the
 *  connection ends. Virtual time is not paced: commands take no longer than this host needs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "espsim.h"

/** Cut "HOST:PORT" or "[HOST]:PORT" up into texts. False: it is neither, or the port is none. */
bool espsim_tcp_split(const char *address, char *host, size_t host_bytes, char *port, size_t port_bytes);

/** Bind to `host` and `port` (0: any free one) and write the address bound to into `bound`. Returns the
 *  listening socket, or -1 with a message. */
int espsim_tcp_listen(const char *host, const char *port, char *bound, size_t bound_bytes, char *message,
                      size_t message_bytes);

/** Serve clients until a byte can be read from `stop_fd`. */
void espsim_tcp_serve(espsim_t *sim, int listener, bool auto_download, int stop_fd);
