/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

int espsim_tcp_accept(int listener)
{
    const int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    const int on = 1;
    if (client >= 0) {
        (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* answers are small and waited for */
    }
    return client;
}

/* --- The raw link ------------------------------------------------------------------------------------------- */

static int take_client(espsim_server_t *server)
{
    return espsim_tcp_accept(server->listener);
}

static void opened(espsim_server_t *server)
{
    espsim_rig_reset(server->rig, server->auto_download || server->rig->strap_boot);
}

static void received(espsim_server_t *server, const uint8_t *bytes, size_t count)
{
    espsim_rig_feed(server->rig, bytes, count, espsim_server_now_ns());
}

static void ended(espsim_server_t *server)
{
    espsim_server_settle(server);
    espsim_rig_reset(server->rig, server->rig->strap_boot);
}

static void closed(espsim_server_t *server, int client)
{
    (void)server;
    (void)close(client);
}

const espsim_link_t espsim_tcp_link = {
    .take_client = take_client, .opened = opened, .received = received, .ended = ended, .closed = closed};
