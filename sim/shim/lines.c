/* SPDX-License-Identifier: Apache-2.0 */
/* libespsim-lines.so, for LD_PRELOAD: gives the pseudo-terminal of `espsim --pty --control ADDRESS` the modem lines that
 * it lacks, so that programs reset the virtual chip by DTR and RTS as they reset a board. What ioctl() refuses on a
 * pseudo-terminal goes to the control socket that ESPSIM_CONTROL names: HOST:PORT, or a path with a '/'.
 *
 * With ESPSIM_CLOCK=chip the monotonic clock also goes on by what the chip's has gone on meanwhile: for programs that measure
 * how long a chip takes, and a chip that answers at once (`--clock accounting`). For one thread, and not for programs that sleep
 * until a time of this clock, as Python does. */
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PTY_MAJOR_FIRST = 136, PTY_MAJOR_LAST = 143 };

/* The chip's clock, as it was behind the last reading. */
static struct {
    bool known, stale;
    int64_t ahead_ns; /* of this computer's */
    int64_t first_ns; /* what it was ahead when first asked */
} chip_clock = {.stale = true};

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int connect_tcp(const char *where)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    char host[256];
    (void)snprintf(host, sizeof(host), "%s", where);
    char *colon = strrchr(host, ':');
    if (colon == NULL) {
        return -1;
    }
    *colon = '\0';
    if (getaddrinfo(host, colon + 1, &hints, &address) != 0) {
        return -1;
    }
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
    if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        (void)close(fd);
        fd = -1;
    }
    freeaddrinfo(address);
    return fd;
}

/* Send one command and read its answer. A connection for each: nothing to carry over a fork. */
static bool ask(const char *command, char *answer, size_t answer_bytes)
{
    const char *where = getenv("ESPSIM_CONTROL");
    const int fd = where == NULL ? -1 : strchr(where, '/') != NULL ? connect_unix(where) : connect_tcp(where);
    size_t count = 0;
    if (fd >= 0 && send(fd, command, strlen(command), MSG_NOSIGNAL) == (ssize_t)strlen(command)) {
        while (count + 1 < answer_bytes && (count == 0 || answer[count - 1] != '\n')) {
            const ssize_t got = recv(fd, answer + count, answer_bytes - 1 - count, 0);
            if (got <= 0) {
                break;
            }
            count += (size_t)got;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    answer[count] = '\0';
    return strncmp(answer, "ok", 2) == 0;
}

static bool get_lines(int *lines)
{
    char answer[256];
    if (!ask("status\n", answer, sizeof(answer))) {
        return false;
    }
    *lines = TIOCM_CTS | TIOCM_DSR | TIOCM_CAR | (strstr(answer, " dtr=1") != NULL ? TIOCM_DTR : 0) |
             (strstr(answer, " rts=1") != NULL ? TIOCM_RTS : 0);
    return true;
}

static bool set_lines(int lines)
{
    char command[32];
    char answer[256];
    (void)snprintf(command, sizeof(command), "lines %d %d\n", (lines & TIOCM_DTR) != 0, (lines & TIOCM_RTS) != 0);
    return ask(command, answer, sizeof(answer));
}

static bool do_it(unsigned long request, int *argument)
{
    int lines = 0;
    switch (request) {
    case TIOCMGET:
        return get_lines(argument);
    case TIOCMSET:
        return set_lines(*argument);
    case TIOCMBIS:
        return get_lines(&lines) && set_lines(lines | *argument);
    default: /* TIOCMBIC */
        return get_lines(&lines) && set_lines(lines & ~*argument);
    }
}

static bool is_pty(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && major(status.st_rdev) >= PTY_MAJOR_FIRST &&
           major(status.st_rdev) <= PTY_MAJOR_LAST;
}

/* The C library's own is a wrapper around the system call, and so is this. */
int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    const int result = (int)syscall(SYS_ioctl, fd, request, argument);
    const bool is_about_lines =
        request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC;
    if (result == 0 || !is_about_lines || (errno != ENOTTY && errno != EINVAL) || !is_pty(fd)) {
        return result;
    }
    if (!do_it(request, argument)) {
        errno = EIO;
        return -1;
    }
    return 0;
}

/* --- The chip's clock ---------------------------------------------------------------------------------------------- */

ssize_t read(int fd, void *buf, size_t bytes)
{
    const ssize_t count = syscall(SYS_read, fd, buf, bytes);
    chip_clock.stale = chip_clock.stale || count > 0;
    return count;
}

static void ask_clock(int64_t here_ns)
{
    char answer[512];
    const char *now = ask("time\n", answer, sizeof(answer)) ? strstr(answer, "now=") : NULL;
    if (now == NULL) {
        return;
    }
    const int64_t ahead_ns = strtoll(now + strlen("now="), NULL, 10) - here_ns;
    if (!chip_clock.known) {
        chip_clock.known = true;
        chip_clock.first_ns = ahead_ns;
    }
    if (ahead_ns - chip_clock.first_ns > chip_clock.ahead_ns) { /* it never goes back */
        chip_clock.ahead_ns = ahead_ns - chip_clock.first_ns;
    }
}

int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
    enum { NS_PER_S = 1000000000 };
    const int result = (int)syscall(SYS_clock_gettime, clock_id, tp);
    const char *told = result == 0 && clock_id == CLOCK_MONOTONIC ? getenv("ESPSIM_CLOCK") : NULL;
    if (told == NULL || strcmp(told, "chip") != 0) {
        return result;
    }
    const int64_t here_ns = (int64_t)tp->tv_sec * NS_PER_S + tp->tv_nsec;
    if (chip_clock.stale) {
        chip_clock.stale = false;
        ask_clock(here_ns);
    }
    tp->tv_sec = (time_t)((here_ns + chip_clock.ahead_ns) / NS_PER_S);
    tp->tv_nsec = (long)((here_ns + chip_clock.ahead_ns) % NS_PER_S);
    return 0;
}
