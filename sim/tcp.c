/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BITS_PER_BYTE = 10, RESET_HOLD_NS = 100000000 };

int espsim_tcp_listen(const char *host, const char *service, char *bound, size_t bound_bytes, char *message,
                      size_t message_bytes)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *address;
    const int unknown = getaddrinfo(host, service, &hints, &address);
    if (unknown != 0) {
        (void)snprintf(message, message_bytes, "%s:%s: %s", host, service, gai_strerror(unknown));
        return -1;
    }
    const int listener = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
    const int on = 1;
    struct sockaddr_storage name;
    socklen_t name_bytes = sizeof(name);
    char bound_host[NI_MAXHOST];
    char bound_service[NI_MAXSERV];
    const bool ready = listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                       bind(listener, address->ai_addr, address->ai_addrlen) == 0 && listen(listener, 4) == 0 &&
                       getsockname(listener, (struct sockaddr *)&name, &name_bytes) == 0 &&
                       getnameinfo((struct sockaddr *)&name, name_bytes, bound_host, sizeof(bound_host), bound_service,
                                   sizeof(bound_service), NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    if (ready) {
        (void)snprintf(bound, bound_bytes, strchr(bound_host, ':') != NULL ? "[%s]:%s" : "%s:%s", bound_host,
                       bound_service);
    } else {
        (void)snprintf(message, message_bytes, "%s:%s: %s; choose another port with --listen", host, service,
                       strerror(errno));
        if (listener >= 0) {
            (void)close(listener);
        }
    }
    freeaddrinfo(address);
    return ready ? listener : -1;
}

static bool send_all(int client, const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at < count;) {
        const ssize_t sent = send(client, bytes + at, count - at, MSG_NOSIGNAL);
        if (sent <= 0 && errno != EINTR) {
            return false;
        }
        at += sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

/* Let the chip do all that it does without further input, and pass on what it says. */
static bool settle(espsim_t *sim, int client)
{
    uint8_t bytes[1024];
    size_t count = 0;
    for (;;) { /* ends when the chip waits for the host */
        while (count < sizeof(bytes) && espsim_transmit(sim, &bytes[count], 0)) {
            count++;
        }
        const uint64_t next_ns = espsim_next_event(sim);
        if (count == sizeof(bytes) || next_ns == UINT64_MAX) {
            if (!send_all(client, bytes, count)) {
                return false;
            }
            count = 0;
        }
        if (next_ns == UINT64_MAX) {
            return true;
        }
        espsim_advance(sim, next_ns);
    }
}

static void reset(espsim_t *sim, bool boot_low)
{
    espsim_set_lines(sim, true, boot_low);
    espsim_advance(sim, espsim_now(sim) + RESET_HOLD_NS);
    espsim_set_lines(sim, false, boot_low);
}

static void feed(espsim_t *sim, const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        espsim_advance(sim, espsim_now(sim) + UINT64_C(1000000000) * BITS_PER_BYTE / espsim_baud(sim));
        espsim_receive(sim, bytes[at], 0);
    }
}

static bool readable(int fd, int stop_fd)
{
    struct pollfd lines[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    while (poll(lines, 2, -1) < 0 && errno == EINTR) {
        /* a signal that nobody asked for */
    }
    return lines[1].revents == 0;
}

static void serve_client(espsim_t *sim, int client, bool auto_download, int stop_fd)
{
    const int on = 1;
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    reset(sim, auto_download);
    while (settle(sim, client) && readable(client, stop_fd)) {
        uint8_t bytes[4096];
        const ssize_t got = recv(client, bytes, sizeof(bytes), 0);
        if (got > 0) {
            feed(sim, bytes, (size_t)got);
        } else if (got == 0) {
            reset(sim, false);
            (void)settle(sim, client);
            return;
        } else if (errno != EINTR) {
            return;
        }
    }
}

void espsim_tcp_serve(espsim_t *sim, int listener, bool auto_download, int stop_fd)
{
    while (readable(listener, stop_fd)) {
        const int client = accept(listener, NULL, NULL);
        if (client >= 0) {
            serve_client(sim, client, auto_download, stop_fd);
            (void)close(client);
        }
    }
}
