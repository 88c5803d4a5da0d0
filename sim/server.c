/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "control_socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    RECEIVE_BYTES = 1024,
    SEND_PER_BYTE = 4,                            /* what a link may answer to one byte */
    ANSWER_BYTES = SEND_PER_BYTE * RECEIVE_BYTES, /* kept free for that */
    LOOK_AGAIN_MS = 20,                           /* where nothing tells by itself */
    NS_PER_MS = 1000000
};

uint64_t espsim_server_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

/* --- The client ------------------------------------------------------------------------------------------------ */

static void open_client(espsim_server_t *server)
{
    server->client = server->link->take_client(server);
    if (server->client >= 0) {
        server->has_ended = false;
        server->end_is_told = false;
        server->output_at = 0;
        server->output_end = 0;
        espsim_rig_attend(server->rig, true, espsim_server_now_ns());
        if (server->link->opened != NULL) {
            server->link->opened(server);
        }
    }
}

static void close_client(espsim_server_t *server)
{
    const int client = server->client;
    server->client = -1;
    espsim_rig_purge_input(server->rig);
    espsim_rig_attend(server->rig, false, espsim_server_now_ns());
    server->link->closed(server, client);
}

static void flush(espsim_server_t *server)
{
    while (server->client >= 0 && server->output_at < server->output_end) {
        const ssize_t sent =
            write(server->client, server->output + server->output_at, server->output_end - server->output_at);
        if (sent > 0) {
            server->output_at += (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            break;
        } else if (sent == 0 || errno != EINTR) {
            close_client(server);
        }
    }
    if (server->output_at > 0) {
        memmove(server->output, server->output + server->output_at, server->output_end - server->output_at);
        server->output_end -= server->output_at;
        server->output_at = 0;
    }
}

void espsim_server_send(espsim_server_t *server, const uint8_t *bytes, size_t count)
{
    const size_t room = sizeof(server->output) - server->output_end;
    const size_t fits = count < room ? count : room;
    memcpy(server->output + server->output_end, bytes, fits);
    server->output_end += fits;
}

static void send_escaped(espsim_server_t *server, const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at < count && server->client >= 0; at++) {
        uint8_t escaped[2] = {bytes[at]};
        espsim_server_send(server, escaped,
                           server->link->escape != NULL ? server->link->escape(bytes[at], escaped) : 1);
    }
}

static bool is_suspended(espsim_server_t *server)
{
    return server->client >= 0 && server->link->is_suspended != NULL && server->link->is_suspended(server);
}

/* How many bytes of the chip can be taken, each of which may become two. */
static size_t room_for_chip(espsim_server_t *server)
{
    const size_t used = server->output_end + ANSWER_BYTES;
    return is_suspended(server) || used >= sizeof(server->output) ? 0 : (sizeof(server->output) - used) / 2;
}

static void receive(espsim_server_t *server)
{
    uint8_t bytes[RECEIVE_BYTES];
    const ssize_t got = read(server->client, bytes, sizeof(bytes));
    if (got > 0) {
        server->link->received(server, bytes, (size_t)got);
    } else if (got == 0 && server->link->ended != NULL) {
        server->has_ended = true;
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        close_client(server);
    }
}

/* --- The chip ---------------------------------------------------------------------------------------------------- */

void espsim_server_settle(espsim_server_t *server)
{
    uint8_t bytes[1024];
    size_t capacity;
    size_t count;
    do {
        const size_t room = room_for_chip(server);
        capacity = room < sizeof(bytes) ? room : sizeof(bytes);
        count = espsim_rig_run(server->rig, espsim_server_now_ns(), bytes, capacity);
        send_escaped(server, bytes, count);
    } while (count == capacity && capacity > 0);
}

/* The client learns it by the end of its connection; the next one finds the port again. */
static void unplug(espsim_server_t *server)
{
    close_client(server);
    if (server->link->replugged != NULL) {
        server->link->replugged(server);
    }
    espsim_port_return(server->rig->sim);
}

static void run_chip(espsim_server_t *server)
{
    for (;;) { /* until the chip waits for the host or for its time, or the host does not read */
        if (server->link->before_run != NULL) {
            server->link->before_run(server);
        }
        espsim_server_settle(server);
        if (server->client >= 0 && espsim_port_is_gone(server->rig->sim)) {
            unplug(server);
        }
        flush(server);
        espsim_rig_delivered(server->rig, espsim_server_now_ns());
        const uint64_t next_ns = espsim_rig_next(server->rig);
        if (server->client >= 0 && server->has_ended && next_ns == UINT64_MAX) {
            if (!server->end_is_told) { /* only now has the chip got all that the client sent */
                server->end_is_told = true;
                server->link->ended(server);
                continue;
            }
            if (server->output_end == 0) {
                close_client(server);
            }
        }
        if (room_for_chip(server) == 0 || next_ns > espsim_server_now_ns()) {
            return;
        }
    }
}

/* --- The loop ---------------------------------------------------------------------------------------------------- */

static int timeout_ms(espsim_server_t *server)
{
    if (room_for_chip(server) == 0 || (server->client < 0 && server->listener < 0)) {
        return LOOK_AGAIN_MS;
    }
    const uint64_t next_ns = espsim_rig_next(server->rig);
    const uint64_t now_ns = espsim_server_now_ns();
    if (next_ns == UINT64_MAX) {
        return -1;
    }
    return next_ns > now_ns ? (int)((next_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

static short wanted_events(const espsim_server_t *server)
{
    const bool has_room =
        espsim_rig_room(server->rig) >= RECEIVE_BYTES && sizeof(server->output) - server->output_end >= ANSWER_BYTES;
    return (short)((has_room && !server->has_ended ? POLLIN : 0) | (server->output_end > 0 ? POLLOUT : 0));
}

void espsim_server_catch_up(espsim_server_t *server)
{
    enum { PIECES_MAX = 64 }; /* a client that never stops must not keep others from being heard */
    for (unsigned piece = 0; piece < PIECES_MAX; piece++) {
        run_chip(server);
        struct pollfd line = {.fd = server->client, .events = POLLIN};
        if (server->client < 0 || (wanted_events(server) & POLLIN) == 0 || poll(&line, 1, 0) <= 0) {
            return;
        }
        receive(server);
    }
}

/* What is waited for on behalf of the client, or of one that may come. One that nothing is wanted of is left out, or
 * its hanging up would be told again and again. */
static struct pollfd link_line(const espsim_server_t *server)
{
    if (server->client < 0) {
        return (struct pollfd){.fd = server->listener, .events = POLLIN};
    }
    const short events = wanted_events(server);
    return (struct pollfd){.fd = events != 0 ? server->client : -1, .events = events};
}

static void serve_link(espsim_server_t *server, short events)
{
    if (server->client >= 0) {
        if ((events & ~POLLOUT) != 0) {
            receive(server);
        }
    } else if (server->listener < 0 || events != 0) {
        open_client(server);
        if (server->client < 0 && server->listener >= 0) {
            (void)poll(NULL, 0, LOOK_AGAIN_MS); /* out of descriptors, say: do not spin */
        }
    }
}

void espsim_serve(espsim_server_t *server, int stop_fd)
{
    enum { STOP, LINK, CONTROL, COUNT = CONTROL + ESPSIM_CONTROL_LINES };
    for (;;) { /* until somebody says stop */
        struct pollfd lines[COUNT] = {[STOP] = {.fd = stop_fd, .events = POLLIN}};
        run_chip(server);
        lines[LINK] = link_line(server);
        espsim_control_socket_lines(server->control, &lines[CONTROL]);
        if (poll(lines, COUNT, timeout_ms(server)) < 0 && errno != EINTR) {
            return;
        }
        if (lines[STOP].revents != 0) {
            return;
        }
        serve_link(server, lines[LINK].revents);
        espsim_control_socket_serve(server->control, server, &lines[CONTROL]);
    }
}
