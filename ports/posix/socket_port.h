/* SPDX-License-Identifier: Apache-2.0 */
/** A target behind a raw TCP connection: a serial server, or espsim.
 *
 *  Such a line carries bytes and nothing else. What stands in for the two wires: a new connection is the
 *  reset into the loader (espsim --auto-download, and servers that toggle DTR when they open the device), and
 *  closing our sending half is the reset into the application. The rate cannot be changed: the server would
 *  not follow. */
#pragma once

#include "esp_loader_io.h"
#include "stream.h"

typedef struct {
    union {
        esp_loader_port_t port;   /*!< .ops = &socket_port_ops */
        reflash_stream_t _stream; /*!< Private. */
    };
    const char *host;    /*!< Name or address. */
    const char *service; /*!< Port number. */
    bool _fresh;         /*!< Connected, and nothing was sent yet. */
} socket_port_t;

/** `init` connects; FAIL leaves the reason in errno (EHOSTUNREACH: the name is not known). */
extern const esp_loader_port_ops_t socket_port_ops;
