/* SPDX-License-Identifier: Apache-2.0 */
/* The POSIX ports keep every promise: a serial device whose other end is a pseudo-terminal's, and a TCP connection. */
#include <arpa/inet.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux_port.h"
#include "port_check.h"
#include "socket_port.h"

/* --- The other end ----------------------------------------------------------------------------------------- */

enum { FIRST_RATE = 115200, OTHER_RATE = 921600, SLACK_MS = 1000, LATER_MAX = 32, LATER_BYTES_MAX = 8 };

/* Bytes for later, and the thread that sends them. */
typedef struct {
    pthread_t thread;
    int fd;
    uint32_t delay_ms;
    uint8_t data[LATER_BYTES_MAX];
    size_t bytes;
} later_t;

typedef struct {
    int fd;       /* the end that speaks: of a pseudo-terminal, or of a connection; -1: not yet */
    int listener; /* of connections; -1: there are none */
    uint32_t rate;
    later_t later[LATER_MAX];
    size_t later_count;
    unsigned checked;
} end_t;

/* The connection that was opened last. */
static int fd_of(end_t *end)
{
    struct pollfd line = {.fd = end->listener, .events = POLLIN};
    while (end->listener >= 0 && poll(&line, 1, end->fd < 0 ? 1000 : 0) > 0) {
        if (end->fd >= 0) {
            assert_int_equal(close(end->fd), 0);
        }
        end->fd = accept(end->listener, NULL, NULL);
        assert_true(end->fd >= 0);
    }
    return end->fd;
}

/* A pseudo-terminal knows the rate at its other end. */
static bool rate_fits(end_t *end)
{
    struct termios2 settings;
    return ioctl(fd_of(end), TCGETS2, &settings) != 0 || settings.c_ospeed == end->rate;
}

static void garble(end_t *end, uint8_t *data, size_t bytes)
{
    for (size_t at = 0; at < bytes && !rate_fits(end); at++) {
        data[at] ^= 0x5A;
    }
}

static void *send_later(void *context)
{
    const later_t *later = context;
    reflash_stream_sleep_ms(later->delay_ms);
    return write(later->fd, later->data, later->bytes) == (ssize_t)later->bytes ? context : NULL;
}

static void finish_later(end_t *end)
{
    while (end->later_count > 0) {
        void *result = NULL;
        assert_int_equal(pthread_join(end->later[--end->later_count].thread, &result), 0);
        assert_non_null(result);
    }
}

/* --- The bench --------------------------------------------------------------------------------------------- */

static uint64_t now_us(void *context)
{
    struct timespec now;
    (void)context;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void send_bytes(void *context, uint32_t delay_ms, const uint8_t *data, size_t bytes)
{
    end_t *end = context;
    if (delay_ms == 0) {
        uint8_t copy[1024];
        assert_true(bytes <= sizeof(copy));
        memcpy(copy, data, bytes);
        garble(end, copy, bytes);
        assert_int_equal(write(fd_of(end), copy, bytes), bytes);
        return;
    }
    assert_true(end->later_count < LATER_MAX && bytes <= LATER_BYTES_MAX);
    later_t *later = &end->later[end->later_count++];
    *later = (later_t){.fd = fd_of(end), .delay_ms = delay_ms, .bytes = bytes};
    memcpy(later->data, data, bytes);
    assert_int_equal(pthread_create(&later->thread, NULL, send_later, later), 0);
}

static size_t receive(void *context, uint8_t *data, size_t bytes)
{
    enum { QUIET_MS = 50 };
    end_t *end = context;
    size_t count = 0;
    finish_later(end);
    struct pollfd line = {.fd = fd_of(end), .events = POLLIN};
    while (count < bytes && poll(&line, 1, QUIET_MS) > 0) {
        const ssize_t got = read(line.fd, data + count, bytes - count);
        if (got <= 0) {
            break;
        }
        count += (size_t)got;
    }
    garble(end, data, count);
    return count;
}

static void set_rate(void *context, uint32_t rate)
{
    ((end_t *)context)->rate = rate;
}

static void unplug(void *context)
{
    end_t *end = context;
    finish_later(end);
    assert_int_equal(close(fd_of(end)), 0);
    end->fd = -1;
}

static void fail_if_broken(void *context, const port_check_result_t *result)
{
    if (result->outcome == PORT_CHECK_BROKEN) {
        fail_msg("%s: broken: %s: %u, not %u", result->promise, result->found, (unsigned)result->got,
                 (unsigned)result->want);
    }
    ((end_t *)context)->checked += result->outcome == PORT_CHECK_KEPT ? 1 : 0;
}

static void check(esp_loader_port_t *port, end_t *end, unsigned promises)
{
    const port_check_bench_t bench = {.context = end,
                                      .now_us = now_us,
                                      .slack_ms = SLACK_MS,
                                      .send = send_bytes,
                                      .receive = receive,
                                      .set_rate = set_rate,
                                      .first_rate = FIRST_RATE,
                                      .other_rate = OTHER_RATE,
                                      .unplug = unplug};
    assert_int_equal(port_check_promises(port, &bench, fail_if_broken, end), 0);
    assert_int_equal(end->checked, promises);
}

/* --- The ports --------------------------------------------------------------------------------------------- */

/* All but those of the lines, which a pseudo-terminal does not have, and of a log, which these ports do not have. */
static void a_serial_device_keeps_every_promise(void **state)
{
    (void)state;
    end_t end = {.fd = posix_openpt(O_RDWR | O_NOCTTY), .listener = -1, .rate = FIRST_RATE};
    assert_true(end.fd >= 0);
    assert_int_equal(grantpt(end.fd) + unlockpt(end.fd), 0);
    linux_port_t port = {.port.ops = &linux_uart_ops,
                         .device = ptsname(end.fd),
                         .baudrate = FIRST_RATE,
                         .gpio_mode = LINUX_GPIO_DTR_RTS};
    check(&port.port, &end, 23);
}

/* Nor has a connection a rate, or a flush. */
static void a_connection_keeps_every_promise(void **state)
{
    (void)state;
    enum { ROOM_BYTES = 1 << 16 };
    char service[8];
    const int room = ROOM_BYTES;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_bytes = sizeof(address);
    end_t end = {.fd = -1, .listener = socket(AF_INET, SOCK_STREAM, 0)};
    assert_true(end.listener >= 0);
    assert_int_equal(setsockopt(end.listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
    assert_int_equal(bind(end.listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(end.listener, 4), 0);
    assert_int_equal(getsockname(end.listener, (struct sockaddr *)&address, &address_bytes), 0);
    (void)snprintf(service, sizeof(service), "%u", (unsigned)ntohs(address.sin_port));
    socket_port_t port = {.port.ops = &socket_port_ops, .host = "127.0.0.1", .service = service};
    check(&port.port, &end, 21);
    assert_int_equal(close(end.listener), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_serial_device_keeps_every_promise),
        cmocka_unit_test(a_connection_keeps_every_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
