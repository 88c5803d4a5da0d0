/* SPDX-License-Identifier: Apache-2.0 */
/** A TCP connection for the ports that need one. */
#pragma once

/** Connect to `host` (name or address) at `service` (port number). Returns a non-blocking descriptor that sends
 *  without delay, or -1 with the reason in errno (EHOSTUNREACH: the name is not known). */
int reflash_tcp_connect(const char *host, const char *service);
