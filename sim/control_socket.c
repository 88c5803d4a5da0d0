/* SPDX-License-Identifier: Apache-2.0 */
#include "control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "tcp.h"

/* A socket that an earlier process left behind is replaced; anything else at the path is not. */
static int listen_unix(const char *path, char *message, size_t message_bytes)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    if (strlen(path) >= sizeof(address.sun_path)) {
        (void)snprintf(message, message_bytes, "%s: too long for the path of a socket", path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        (void)unlink(path);
    }
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener >= 0 && bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        listen(listener, ESPSIM_CONTROL_CLIENTS) == 0) {
        return listener;
    }
    (void)snprintf(message, message_bytes, "%s: %s", path, strerror(errno));
    if (listener >= 0) {
        (void)close(listener);
    }
    return -1;
}

bool espsim_control_socket_open(espsim_control_socket_t *control, const char *address, char *message,
                                size_t message_bytes)
{
    char host[256];
    char port[8];
    *control = (espsim_control_socket_t){.listener = -1, .is_unix = strchr(address, '/') != NULL};
    for (size_t at = 0; at < ESPSIM_CONTROL_CLIENTS; at++) {
        control->clients[at].fd = -1;
    }
    if (control->is_unix) {
        control->listener = listen_unix(address, message, message_bytes);
        (void)snprintf(control->name, sizeof(control->name), "%s", address);
    } else if (espsim_tcp_split(address, host, sizeof(host), port, sizeof(port))) {
        control->listener = espsim_tcp_listen(host, port, control->name, sizeof(control->name), message, message_bytes);
    } else {
        (void)snprintf(message, message_bytes, "--control takes HOST:PORT, or a path with a '/'");
    }
    return control->listener >= 0;
}

static void drop(espsim_control_client_t *client)
{
    (void)close(client->fd);
    client->fd = -1;
    client->line_bytes = 0;
}

void espsim_control_socket_close(espsim_control_socket_t *control)
{
    for (size_t at = 0; at < ESPSIM_CONTROL_CLIENTS; at++) {
        if (control->clients[at].fd >= 0) {
            drop(&control->clients[at]);
        }
    }
    if (control->listener >= 0) {
        (void)close(control->listener);
    }
    if (control->listener >= 0 && control->is_unix) {
        (void)unlink(control->name);
    }
    control->listener = -1;
}

/* --- Serving ---------------------------------------------------------------------------------------------------- */

static void take_client(espsim_control_socket_t *control)
{
    const int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    for (size_t at = 0; at < ESPSIM_CONTROL_CLIENTS && fd >= 0; at++) {
        if (control->clients[at].fd < 0) {
            control->clients[at] = (espsim_control_client_t){.fd = fd};
            return;
        }
    }
    if (fd >= 0) {
        (void)close(fd); /* one too many */
    }
}

/* An answer is short; a client that does not even read that is no loss. */
static bool answer(espsim_control_client_t *client, espsim_server_t *server)
{
    char text[ESPSIM_CONTROL_ANSWER_BYTES + 1] = "error the line is too long";
    if (client->line_bytes < sizeof(client->line)) {
        client->line[client->line_bytes] = '\0';
        espsim_server_catch_up(server); /* what was sent before the command comes before it */
        espsim_control(server->rig, client->line, espsim_server_now_ns(), text);
    }
    client->line_bytes = 0;
    const size_t bytes = strlen(text);
    text[bytes] = '\n';
    return send(client->fd, text, bytes + 1, MSG_NOSIGNAL) == (ssize_t)(bytes + 1);
}

static bool take_bytes(espsim_control_client_t *client, espsim_server_t *server, const char *bytes, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        if (bytes[at] == '\n') {
            if (!answer(client, server)) {
                return false;
            }
            continue;
        }
        if (client->line_bytes < sizeof(client->line)) {
            client->line[client->line_bytes++] = bytes[at];
        }
    }
    return true;
}

static void serve_client(espsim_control_client_t *client, espsim_server_t *server)
{
    char bytes[256];
    const ssize_t got = recv(client->fd, bytes, sizeof(bytes), 0);
    const bool is_there =
        got > 0 ? take_bytes(client, server, bytes, (size_t)got) : got < 0 && (errno == EAGAIN || errno == EINTR);
    if (!is_there) {
        drop(client);
    }
}

void espsim_control_socket_lines(const espsim_control_socket_t *control, struct pollfd *lines)
{
    for (size_t at = 0; at < ESPSIM_CONTROL_LINES; at++) {
        const bool is_listener = at == ESPSIM_CONTROL_CLIENTS;
        lines[at] = (struct pollfd){.fd = control == NULL ? -1
                                          : is_listener   ? control->listener
                                                          : control->clients[at].fd,
                                    .events = POLLIN};
    }
}

void espsim_control_socket_serve(espsim_control_socket_t *control, espsim_server_t *server, const struct pollfd *lines)
{
    for (size_t at = 0; control != NULL && at < ESPSIM_CONTROL_CLIENTS; at++) {
        if (lines[at].revents != 0) {
            serve_client(&control->clients[at], server);
        }
    }
    if (control != NULL && lines[ESPSIM_CONTROL_CLIENTS].revents != 0) {
        take_client(control);
    }
}
