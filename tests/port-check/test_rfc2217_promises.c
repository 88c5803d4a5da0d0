/* SPDX-License-Identifier: Apache-2.0 */
/* The port for RFC 2217 keeps every promise, lines included: its other end is the server of espsim, whose DTR is the target's
 * boot pin and whose RTS is its reset. */
#include <arpa/inet.h>
#include <pthread.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "port_check.h"
#include "rfc2217.h"
#include "rfc2217_port.h"

enum { FIRST_RATE = 115200, OTHER_RATE = 921600, SLACK_MS = 1000, MOVES_MAX = 64, LATER_MAX = 32, LATER_BYTES_MAX = 8 };
enum { PIECE_BYTES = 4096 };

/* Bytes for later, and the thread that sends them. */
typedef struct {
    pthread_t thread;
    uint32_t delay_ms;
    uint8_t data[LATER_BYTES_MAX];
    size_t bytes;
} later_t;

/* A thread serves one connection behind another. What it was sent for the line goes through a pipe to the test, so that
 * data nobody takes hold the client up. */
static struct {
    int listener;
    int from_line[2];           /* of the pipe */
    uint8_t heard[PIECE_BYTES]; /* what goes there next */
    size_t heard_bytes;
    pthread_mutex_t lock;
    int fd; /* -1: nobody is connected */
    espsim_rfc2217_t server;
    uint32_t rate;
    port_check_move_t moves[MOVES_MAX];
    size_t move_count;
    bool reset_low;
    const uint8_t *banner;
    size_t banner_bytes;
    later_t later[LATER_MAX];
    size_t later_count;
    unsigned checked;
} end;

/* --- Time -------------------------------------------------------------------------------------------------- */

static uint64_t now_us(void *context)
{
    struct timespec now;
    (void)context;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* --- The server's thread ----------------------------------------------------------------------------------- */

/* A client that is gone shows when it is read from. */
static void send_to_client(void *context, const uint8_t *bytes, size_t count)
{
    (void)context;
    (void)send(end.fd, bytes, count, MSG_NOSIGNAL);
}

/* What the line says, at its own rate, with the lock held. */
static void say(const uint8_t *data, size_t bytes)
{
    for (size_t at = 0; at < bytes && end.fd >= 0; at++) {
        uint8_t escaped[2];
        const uint8_t byte = end.server.baud == end.rate ? data[at] : (uint8_t)(data[at] ^ 0x5A);
        send_to_client(NULL, escaped, espsim_rfc2217_escape(byte, escaped));
    }
}

static void take_data(void *context, uint8_t byte)
{
    (void)context;
    end.heard[end.heard_bytes++] = end.server.baud == end.rate ? byte : (uint8_t)(byte ^ 0x5A);
}

static void take_baud(void *context, uint32_t baud)
{
    (void)context;
    (void)baud; /* the server keeps it */
}

static void take_lines(void *context, bool dtr, bool rts)
{
    (void)context;
    if (end.move_count < MOVES_MAX) {
        end.moves[end.move_count++] = (port_check_move_t){.boot_low = dtr, .reset_low = rts, .at_us = now_us(NULL)};
    }
    if (end.reset_low && !rts) {
        say(end.banner, end.banner_bytes);
    }
    end.reset_low = rts;
}

static void take_purge(void *context, bool from_line, bool to_line)
{
    (void)context;
    (void)from_line; /* nothing waits here */
    (void)to_line;
}

static const espsim_rfc2217_events_t events = {
    .send = send_to_client, .data = take_data, .baud = take_baud, .lines = take_lines, .purge = take_purge};

/* Until the listener is shut down. */
static void *serve(void *context)
{
    int fd;
    while ((fd = accept(end.listener, NULL, NULL)) >= 0) {
        uint8_t bytes[PIECE_BYTES];
        (void)pthread_mutex_lock(&end.lock);
        end.fd = fd;
        espsim_rfc2217_open(&end.server, &events, NULL, 9600);
        while (true) {
            (void)pthread_mutex_unlock(&end.lock);
            (void)!write(end.from_line[1], end.heard, end.heard_bytes); /* the pipe may be full for long */
            end.heard_bytes = 0;
            const ssize_t count = read(fd, bytes, sizeof(bytes));
            (void)pthread_mutex_lock(&end.lock);
            if (count <= 0) {
                break;
            }
            for (ssize_t at = 0; at < count; at++) {
                espsim_rfc2217_push(&end.server, bytes[at]);
            }
        }
        end.fd = -1;
        (void)close(fd);
        (void)pthread_mutex_unlock(&end.lock);
    }
    return context;
}

/* --- The bench --------------------------------------------------------------------------------------------- */

static void *send_later(void *context)
{
    const later_t *later = context;
    reflash_stream_sleep_ms(later->delay_ms);
    (void)pthread_mutex_lock(&end.lock);
    say(later->data, later->bytes);
    (void)pthread_mutex_unlock(&end.lock);
    return NULL;
}

static void finish_later(void)
{
    while (end.later_count > 0) {
        assert_int_equal(pthread_join(end.later[--end.later_count].thread, NULL), 0);
    }
}

static void send_bytes(void *context, uint32_t delay_ms, const uint8_t *data, size_t bytes)
{
    (void)context;
    if (delay_ms == 0) {
        (void)pthread_mutex_lock(&end.lock);
        say(data, bytes);
        (void)pthread_mutex_unlock(&end.lock);
        return;
    }
    assert_true(end.later_count < LATER_MAX && bytes <= LATER_BYTES_MAX);
    later_t *later = &end.later[end.later_count++];
    *later = (later_t){.delay_ms = delay_ms, .bytes = bytes};
    memcpy(later->data, data, bytes);
    assert_int_equal(pthread_create(&later->thread, NULL, send_later, later), 0);
}

static size_t receive(void *context, uint8_t *data, size_t bytes)
{
    enum { QUIET_MS = 100 };
    (void)context;
    size_t count = 0;
    finish_later();
    struct pollfd line = {.fd = end.from_line[0], .events = POLLIN};
    while (count < bytes && poll(&line, 1, QUIET_MS) > 0) {
        const ssize_t got = read(line.fd, data + count, bytes - count);
        assert_true(got > 0);
        count += (size_t)got;
    }
    return count;
}

static void set_rate(void *context, uint32_t rate)
{
    (void)context;
    (void)pthread_mutex_lock(&end.lock);
    end.rate = rate;
    (void)pthread_mutex_unlock(&end.lock);
}

static size_t take_moves(void *context, port_check_move_t *moves, size_t capacity)
{
    (void)context;
    (void)pthread_mutex_lock(&end.lock);
    const size_t count = end.move_count;
    memcpy(moves, end.moves, (count < capacity ? count : capacity) * sizeof(*moves));
    end.move_count = 0;
    (void)pthread_mutex_unlock(&end.lock);
    return count;
}

static void say_at_reset(void *context, const uint8_t *data, size_t bytes)
{
    (void)context;
    (void)pthread_mutex_lock(&end.lock);
    end.banner = data;
    end.banner_bytes = bytes;
    (void)pthread_mutex_unlock(&end.lock);
}

static void unplug(void *context)
{
    (void)context;
    finish_later();
    (void)pthread_mutex_lock(&end.lock);
    (void)shutdown(end.fd, SHUT_RDWR);
    (void)pthread_mutex_unlock(&end.lock);
}

static void fail_if_broken(void *context, const port_check_result_t *result)
{
    (void)context;
    if (result->outcome == PORT_CHECK_BROKEN) {
        fail_msg("%s: broken: %s: %u, not %u", result->promise, result->found, (unsigned)result->got,
                 (unsigned)result->want);
    }
    end.checked += result->outcome == PORT_CHECK_KEPT ? 1 : 0;
}

/* --- The port ---------------------------------------------------------------------------------------------- */

/* All but those of a clock that wraps, which nobody waits for here, and of a log, which this port does not have. */
static void a_port_behind_a_server_keeps_every_promise(void **state)
{
    (void)state;
    enum { PROMISES = 26, ROOM_BYTES = 1 << 16 };
    const int room = ROOM_BYTES;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_bytes = sizeof(address);
    char service[8];
    pthread_t thread;
    end.fd = -1;
    end.rate = FIRST_RATE;
    end.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(end.listener >= 0);
    assert_int_equal(setsockopt(end.listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
    assert_int_equal(bind(end.listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(end.listener, 4), 0);
    assert_int_equal(getsockname(end.listener, (struct sockaddr *)&address, &address_bytes), 0);
    (void)snprintf(service, sizeof(service), "%u", (unsigned)ntohs(address.sin_port));
    assert_int_equal(pipe(end.from_line), 0);
    assert_int_equal(pthread_mutex_init(&end.lock, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);

    rfc2217_port_t port = {.port.ops = &rfc2217_port_ops,
                           .host = "127.0.0.1",
                           .service = service,
                           .baudrate = FIRST_RATE,
                           .lines.style = REFLASH_LINES_PINS};
    const port_check_bench_t bench = {.now_us = now_us,
                                      .slack_ms = SLACK_MS,
                                      .send = send_bytes,
                                      .receive = receive,
                                      .set_rate = set_rate,
                                      .first_rate = FIRST_RATE,
                                      .other_rate = OTHER_RATE,
                                      .take_moves = take_moves,
                                      .say_at_reset = say_at_reset,
                                      .unplug = unplug};
    assert_int_equal(port_check_promises(&port.port, &bench, fail_if_broken, NULL), 0);
    assert_int_equal(end.checked, PROMISES);

    assert_int_equal(shutdown(end.listener, SHUT_RDWR), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(close(end.listener) + close(end.from_line[0]) + close(end.from_line[1]), 0);
    assert_int_equal(pthread_mutex_destroy(&end.lock), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_port_behind_a_server_keeps_every_promise)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
