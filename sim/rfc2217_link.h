/* SPDX-License-Identifier: Apache-2.0 */
/** The link that speaks RFC 2217: a client brings its rate, DTR and RTS. A connection by itself resets nothing,
 *  unless with `auto_download`. */
#pragma once

#include "rfc2217.h"
#include "server.h"

typedef struct {
    espsim_rfc2217_t telnet; /* private */
} espsim_rfc2217_link_t;

/** `link_state` of the server is an espsim_rfc2217_link_t, `listener` what espsim_tcp_listen() returned. */
extern const espsim_link_t espsim_rfc2217_link;
