/* SPDX-License-Identifier: Apache-2.0 */
#include "rfc2217_link.h"

#include <unistd.h>

#include "tcp.h"

enum { FIRST_BAUD = 115200 };

static espsim_rfc2217_t *telnet_of(espsim_server_t *server)
{
    return &((espsim_rfc2217_link_t *)server->link_state)->telnet;
}

/* --- Events of the client's stream ------------------------------------------------------------------------------ */

static void on_send(void *context, const uint8_t *bytes, size_t count)
{
    espsim_server_send(context, bytes, count);
}

static void on_data(void *context, uint8_t byte)
{
    const espsim_server_t *server = context;
    espsim_rig_feed(server->rig, &byte, 1, espsim_server_now_ns());
}

static void on_baud(void *context, uint32_t baud)
{
    espsim_server_t *server = context;
    espsim_server_settle(server);
    server->rig->host_baud = baud;
}

static void on_lines(void *context, bool dtr, bool rts)
{
    espsim_server_t *server = context;
    espsim_server_settle(server);
    espsim_rig_set_lines(server->rig, dtr, rts, espsim_server_now_ns());
}

static void on_purge(void *context, bool from_line, bool to_line)
{
    const espsim_server_t *server = context;
    uint8_t byte;
    if (to_line) {
        espsim_rig_purge_input(server->rig);
    }
    while (from_line && espsim_transmit(server->rig->sim, &byte, espsim_rig_host_baud(server->rig))) {
        /* what has arrived and was not sent on */
    }
}

static const espsim_rfc2217_events_t events = {
    .send = on_send, .data = on_data, .baud = on_baud, .lines = on_lines, .purge = on_purge};

/* --- The link ------------------------------------------------------------------------------------------------------- */

static int take_client(espsim_server_t *server)
{
    return espsim_tcp_accept(server->listener);
}

static void opened(espsim_server_t *server)
{
    server->rig->host_baud = FIRST_BAUD;
    espsim_rfc2217_open(telnet_of(server), &events, server, FIRST_BAUD);
    if (server->auto_download) {
        espsim_rig_reset(server->rig, true);
    }
}

static void received(espsim_server_t *server, const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        espsim_rfc2217_push(telnet_of(server), bytes[at]);
    }
}

static void closed(espsim_server_t *server, int client)
{
    (void)close(client);
    espsim_rig_set_lines(server->rig, false, false, espsim_server_now_ns()); /* as a port does that is closed */
}

static bool is_suspended(espsim_server_t *server)
{
    return telnet_of(server)->suspended;
}

const espsim_link_t espsim_rfc2217_link = {.take_client = take_client,
                                           .opened = opened,
                                           .received = received,
                                           .closed = closed,
                                           .escape = espsim_rfc2217_escape,
                                           .is_suspended = is_suspended};
