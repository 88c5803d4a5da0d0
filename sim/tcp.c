/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BITS_PER_BYTE = 10, RESET_HOLD_NS = 100000000, RETRY_NS = 50000000 };

bool espsim_tcp_split(const char *address, char *host, size_t host_bytes, char *port, size_t port_bytes)
{
    enum { PORT_MAX = 65535, BASE = 10 };
    const char *colon = strrchr(address, ':');
    if (colon == NULL) {
        return false;
    }
    const bool bracketed = address[0] == '[' && colon[-1] == ']';
    const size_t length = (size_t)(colon - address) - (bracketed ? 2 : 0);
    char *end;
    errno = 0;
    const unsigned long number = strtoul(colon + 1, &end, BASE);
    const bool is_number = isdigit((unsigned char)colon[1]) && *end == '\0' && errno == 0;
    if (length == 0 || length >= host_bytes || !is_number || number > PORT_MAX) {
        return false;
    }
    (void)snprintf(host, host_bytes, "%.*s", (int)length, address + (bracketed ? 1 : 0));
    (void)snprintf(port, port_bytes, "%lu", number);
    return true;
}

int espsim_tcp_listen(const char *host, const char *port, char *bound, size_t bound_bytes, char *message,
                      size_t message_bytes)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    char bound_host[NI_MAXHOST];
    char bound_port[NI_MAXSERV];
    const int unknown = getaddrinfo(host, port, &hints, &found);
    if (unknown != 0) {
        (void)snprintf(message, message_bytes, "%s:%s: %s", host, port, gai_strerror(unknown));
        return -1;
    }
    const int listener = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
    const int on = 1;
    struct sockaddr_storage name;
    socklen_t name_bytes = sizeof(name);
    const bool ready = listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                       bind(listener, found->ai_addr, found->ai_addrlen) == 0 && listen(listener, 4) == 0 &&
                       getsockname(listener, (struct sockaddr *)&name, &name_bytes) == 0 &&
                       getnameinfo((struct sockaddr *)&name, name_bytes, bound_host, sizeof(bound_host), bound_port,
                                   sizeof(bound_port), NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    if (ready) {
        (void)snprintf(bound, bound_bytes, strchr(bound_host, ':') != NULL ? "[%s]:%s" : "%s:%s", bound_host,
                       bound_port);
    } else {
        (void)snprintf(message, message_bytes, "%s:%s: %s; choose another address with --listen", host, port,
                       strerror(errno));
        if (listener >= 0) {
            (void)close(listener);
        }
    }
    freeaddrinfo(found);
    return ready ? listener : -1;
}

/* Wait until `fd` is ready for `events`. False: it is time to stop. */
static bool wait_ready(int fd, short events, int stop_fd)
{
    struct pollfd lines[] = {{.fd = fd, .events = events}, {.fd = stop_fd, .events = POLLIN}};
    while (poll(lines, 2, -1) < 0 && errno == EINTR) {
        /* a signal that nobody asked for */
    }
    return lines[1].revents == 0;
}

/* False: the client is gone, or it is time to stop. */
static bool send_all(int client, const uint8_t *bytes, size_t count, int stop_fd)
{
    for (size_t at = 0; at < count;) {
        const ssize_t sent = send(client, bytes + at, count - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EINTR && errno != EAGAIN) {
            return false;
        }
        at += sent > 0 ? (size_t)sent : 0;
        if (at < count && !wait_ready(client, POLLOUT, stop_fd)) {
            return false;
        }
    }
    return true;
}

/* Let the chip do all that it does without further input, and pass on what it says. */
static bool settle(espsim_t *sim, int client, int stop_fd)
{
    uint8_t bytes[1024];
    size_t count = 0;
    for (;;) { /* ends when the chip waits for the host */
        while (count < sizeof(bytes) && espsim_transmit(sim, &bytes[count], 0)) {
            count++;
        }
        const uint64_t next_ns = espsim_next_event(sim);
        if (count == sizeof(bytes) || next_ns == UINT64_MAX) {
            if (!send_all(client, bytes, count, stop_fd)) {
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

static void serve_client(espsim_t *sim, int client, bool auto_download, int stop_fd)
{
    const int on = 1;
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    reset(sim, auto_download);
    while (settle(sim, client, stop_fd) && wait_ready(client, POLLIN, stop_fd)) {
        uint8_t bytes[4096];
        const ssize_t got = recv(client, bytes, sizeof(bytes), 0);
        if (got > 0) {
            feed(sim, bytes, (size_t)got);
        } else if (got == 0) {
            reset(sim, false);
            (void)settle(sim, client, stop_fd);
            return;
        } else if (errno != EINTR) {
            return;
        }
    }
}

void espsim_tcp_serve(espsim_t *sim, int listener, bool auto_download, int stop_fd)
{
    while (wait_ready(listener, POLLIN, stop_fd)) {
        const int client = accept(listener, NULL, NULL);
        if (client < 0) {
            (void)nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL); /* out of descriptors, say */
            continue;
        }
        serve_client(sim, client, auto_download, stop_fd);
        (void)close(client);
    }
}
