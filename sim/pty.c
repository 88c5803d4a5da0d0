/* SPDX-License-Identifier: Apache-2.0 */
#include "pty.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BAUD = 115200 };

static espsim_pty_t *pty_of(espsim_server_t *server)
{
    return server->link_state;
}

/* --- The terminal ----------------------------------------------------------------------------------------------- */

/* As a serial adapter is before anybody has set it up, but raw: an echo would talk to the chip. */
static bool make_raw(int fd)
{
    struct termios2 settings;
    if (ioctl(fd, TCGETS2, &settings) != 0) {
        return false;
    }
    settings.c_iflag = 0;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = CS8 | CREAD | CLOCAL | BOTHER;
    settings.c_ispeed = FIRST_BAUD;
    settings.c_ospeed = FIRST_BAUD;
    return ioctl(fd, TCSETS2, &settings) == 0;
}

static bool make_terminal(espsim_pty_t *pty)
{
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->master < 0 || grantpt(pty->master) != 0 || unlockpt(pty->master) != 0 ||
        ptsname_r(pty->master, pty->path, sizeof(pty->path)) != 0 || fcntl(pty->master, F_SETFL, O_NONBLOCK) != 0) {
        return false;
    }
    /* Opened and closed once, it tells from now on whether somebody holds it. */
    const int slave = open(pty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    const bool is_raw = slave >= 0 && make_raw(slave);
    if (slave >= 0) {
        (void)close(slave);
    }
    return is_raw;
}

static bool make_link(const char *path, const char *link)
{
    struct stat status;
    if (lstat(link, &status) == 0 && S_ISLNK(status.st_mode)) {
        (void)unlink(link);
    }
    return symlink(path, link) == 0;
}

bool espsim_pty_open(espsim_pty_t *pty, const char *link, char *message, size_t message_bytes)
{
    *pty = (espsim_pty_t){.master = -1};
    if (!make_terminal(pty)) {
        (void)snprintf(message, message_bytes, "cannot make a pseudo-terminal: %s", strerror(errno));
        espsim_pty_close(pty);
        return false;
    }
    if (link != NULL && !make_link(pty->path, link)) {
        (void)snprintf(message, message_bytes, "%s: cannot link it to %s: %s", link, pty->path, strerror(errno));
        espsim_pty_close(pty);
        return false;
    }
    pty->link = link;
    return true;
}

void espsim_pty_close(espsim_pty_t *pty)
{
    if (pty->link != NULL) {
        (void)unlink(pty->link);
    }
    if (pty->master >= 0) {
        (void)close(pty->master);
    }
    *pty = (espsim_pty_t){.master = -1};
}

/* --- The link -------------------------------------------------------------------------------------------------------- */

static int take_client(espsim_server_t *server)
{
    struct pollfd line = {.fd = pty_of(server)->master};
    return poll(&line, 1, 0) >= 0 && (line.revents & POLLHUP) == 0 ? line.fd : -1;
}

static void opened(espsim_server_t *server)
{
    if (server->auto_download) {
        espsim_rig_reset(server->rig, true);
    }
}

static void received(espsim_server_t *server, const uint8_t *bytes, size_t count)
{
    espsim_rig_feed(server->rig, bytes, count, espsim_server_now_ns());
}

static void closed(espsim_server_t *server, int client)
{
    (void)ioctl(client, TCFLSH, TCIOFLUSH); /* what the last one did not read is not the next one's */
    espsim_rig_set_lines(server->rig, false, false, espsim_server_now_ns());
}

/* Hangs up; the terminal that takes its place may have another name, but has the same link. */
static void replugged(espsim_server_t *server)
{
    espsim_pty_t *pty = pty_of(server);
    const char *link = pty->link;
    char message[512];
    espsim_pty_close(pty);
    if (!espsim_pty_open(pty, link, message, sizeof(message))) {
        (void)fprintf(stderr, "espsim: %s\n", message);
    }
}

/* The rate may have been changed at any time; both ends of a pseudo-terminal see it. */
static void before_run(espsim_server_t *server)
{
    struct termios2 settings;
    if (server->client >= 0 && ioctl(server->client, TCGETS2, &settings) == 0 && settings.c_ospeed != 0) {
        server->rig->host_baud = settings.c_ospeed;
    }
}

const espsim_link_t espsim_pty_link = {.take_client = take_client,
                                       .opened = opened,
                                       .received = received,
                                       .closed = closed,
                                       .replugged = replugged,
                                       .before_run = before_run};
