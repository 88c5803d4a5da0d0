/* SPDX-License-Identifier: Apache-2.0 */
/* Our port for serial servers, and servers with habits of their own: each a child process that plays one. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "rfc2217_port.h"

/** What a server does; all off: it does what is asked for. */
typedef struct {
    bool refuses;             /* DON'T COM-PORT */
    bool is_mute;             /* says nothing at all */
    bool keeps_its_rate;      /* 115200, whatever is asked for */
    bool is_silent_on_lines;  /* no answers to SET-CONTROL */
    bool talks_before_answer; /* "abc" and FF of the line come before the answer to a rate */
    bool suspends;            /* no data, please, from the first rate to the first purge */
} habits_t;

typedef struct {
    int listener;
    pid_t child;
    char service[8];
    rfc2217_port_t port;
} bench_t;

static void say(int fd, const uint8_t *bytes, size_t count)
{
    if (write(fd, bytes, count) != (ssize_t)count) {
        _exit(0);
    }
}

#define SAY(fd, ...) say(fd, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* One whole block of the client: FF FA 2C code value FF F0. None of the values in these tests holds an FF. */
static void on_block(int fd, const habits_t *habits, const uint8_t *block, size_t bytes)
{
    uint8_t answer[32];
    const uint8_t code = block[3];
    memcpy(answer, block, bytes);
    answer[3] = (uint8_t)(code + 100);
    if (code == 5 && habits->is_silent_on_lines) {
        return;
    }
    if (code == 1 && habits->keeps_its_rate) {
        memcpy(answer + 4, (const uint8_t[]){0x00, 0x01, 0xC2, 0x00}, 4);
    }
    if (code == 1 && habits->talks_before_answer) {
        SAY(fd, 'a', 0xFF, 0xFF, 'c');
    }
    if (habits->suspends && (code == 1 || code == 12)) {
        SAY(fd, 0xFF, 0xFA, 44, code == 1 ? 108 : 109, 0xFF, 0xF0);
    }
    say(fd, answer, bytes);
}

/* Serve one client, echoing plain data with every byte one higher. */
static void be_a_server(int listener, const habits_t *habits)
{
    uint8_t held[32];
    size_t count = 0;
    const int fd = accept(listener, NULL, NULL);
    if (!habits->is_mute) {
        SAY(fd, 0xFF, 0xFD, 1, 0xFF, 0xFB, 1); /* DO and WILL ECHO, which nobody wants */
        SAY(fd, 0xFF, habits->refuses ? 0xFE : 0xFD, 44);
    }
    for (uint8_t byte; read(fd, &byte, 1) == 1;) {
        if (habits->is_mute) {
            continue;
        }
        if (count == 0 && byte != 0xFF) {
            byte++;
            say(fd, &byte, 1);
            continue;
        }
        held[count++] = byte;
        const bool is_option = count == 3 && held[1] != 0xFA;
        const bool is_block = count > 3 && held[count - 2] == 0xFF && byte == 0xF0;
        if (is_block) {
            on_block(fd, habits, held, count);
        }
        if (is_option || is_block || count == sizeof(held)) {
            count = 0;
        }
    }
    _exit(0);
}

static void start(bench_t *bench, habits_t habits)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_bytes = sizeof(address);
    memset(bench, 0, sizeof(*bench));
    bench->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(bench->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(bench->listener, 1), 0);
    assert_int_equal(getsockname(bench->listener, (struct sockaddr *)&address, &address_bytes), 0);
    (void)snprintf(bench->service, sizeof(bench->service), "%u", ntohs(address.sin_port));
    bench->child = fork();
    assert_true(bench->child >= 0);
    if (bench->child == 0) {
        be_a_server(bench->listener, &habits);
    }
    bench->port = (rfc2217_port_t){
        .port = {&rfc2217_port_ops}, .host = "127.0.0.1", .service = bench->service, .baudrate = 115200};
}

static void stop(bench_t *bench)
{
    rfc2217_port_ops.deinit(&bench->port.port);
    (void)kill(bench->child, SIGKILL);
    (void)waitpid(bench->child, NULL, 0);
    (void)close(bench->listener);
}

static esp_loader_error_t init(bench_t *bench)
{
    errno = 0;
    return rfc2217_port_ops.init(&bench->port.port);
}

static void expect_echo(bench_t *bench, const uint8_t *sent, const uint8_t *wanted, uint16_t count)
{
    uint8_t got[64];
    assert_int_equal(rfc2217_port_ops.write(&bench->port.port, sent, count, 1000), ESP_LOADER_SUCCESS);
    assert_int_equal(rfc2217_port_ops.read(&bench->port.port, got, count, 1000), ESP_LOADER_SUCCESS);
    assert_memory_equal(got, wanted, count);
}

static void an_ordinary_server_is_a_serial_port(void **state)
{
    (void)state;
    bench_t bench;
    uint8_t byte;
    start(&bench, (habits_t){.refuses = false});
    assert_int_equal(init(&bench), ESP_LOADER_SUCCESS);
    expect_echo(&bench, (const uint8_t *)"\xC0\x00\x10", (const uint8_t *)"\xC1\x01\x11", 3);
    assert_int_equal(rfc2217_port_ops.change_transmission_rate(&bench.port.port, 460800), ESP_LOADER_SUCCESS);
    rfc2217_port_ops.enter_bootloader(&bench.port.port);
    rfc2217_port_ops.reset_target(&bench.port.port);
    assert_false(bench.port._controls_are_silent);
    assert_int_equal(rfc2217_port_ops.read(&bench.port.port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    stop(&bench);
}

static void a_server_that_does_not_speak_it_is_told_by_errno(void **state)
{
    (void)state;
    bench_t bench;
    start(&bench, (habits_t){.refuses = true});
    assert_int_equal(init(&bench), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(errno, EPROTO);
    stop(&bench);
    start(&bench, (habits_t){.is_mute = true});
    const uint64_t before_ms = reflash_stream_now_ms();
    assert_int_equal(init(&bench), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(errno, EPROTO);
    assert_in_range(reflash_stream_now_ms() - before_ms, 2900, 10000);
    stop(&bench);
}

static void a_rate_that_the_server_does_not_take_is_a_failure(void **state)
{
    (void)state;
    bench_t bench;
    start(&bench, (habits_t){.keeps_its_rate = true});
    assert_int_equal(init(&bench), ESP_LOADER_SUCCESS);
    assert_int_equal(rfc2217_port_ops.change_transmission_rate(&bench.port.port, 115200), ESP_LOADER_SUCCESS);
    assert_int_equal(rfc2217_port_ops.change_transmission_rate(&bench.port.port, 460800), ESP_LOADER_ERROR_FAIL);
    stop(&bench);
}

static void a_server_that_is_silent_on_lines_is_waited_for_once(void **state)
{
    (void)state;
    bench_t bench;
    start(&bench, (habits_t){.is_silent_on_lines = true});
    assert_int_equal(init(&bench), ESP_LOADER_SUCCESS);
    uint64_t before_ms = reflash_stream_now_ms();
    rfc2217_port_ops.enter_bootloader(&bench.port.port);
    assert_true(reflash_stream_now_ms() - before_ms >= 1150); /* a second for the answers, the steps themselves */
    assert_true(bench.port._controls_are_silent);
    before_ms = reflash_stream_now_ms();
    rfc2217_port_ops.enter_bootloader(&bench.port.port);
    assert_in_range(reflash_stream_now_ms() - before_ms, 150, 1100);
    stop(&bench);
}

static void data_that_comes_before_an_answer_is_not_lost(void **state)
{
    (void)state;
    bench_t bench;
    uint8_t got[3];
    start(&bench, (habits_t){.talks_before_answer = true});
    assert_int_equal(init(&bench), ESP_LOADER_SUCCESS);
    assert_int_equal(rfc2217_port_ops.read(&bench.port.port, got, 3, 1000), ESP_LOADER_SUCCESS);
    assert_memory_equal(got,
                        "a\xFF"
                        "c",
                        3);
    expect_echo(&bench, (const uint8_t *)"12", (const uint8_t *)"23", 2);
    stop(&bench);
}

/* Somebody stops the server, or its network is gone: no reason to wait for the rest of the time. */
static void a_server_that_goes_away_while_an_answer_is_awaited_ends_the_wait(void **state)
{
    (void)state;
    enum { MUCH_MS = 20000, SOON_MS = 100 };
    bench_t bench;
    uint8_t byte;
    start(&bench, (habits_t){.refuses = false});
    assert_int_equal(init(&bench), ESP_LOADER_SUCCESS);
    const pid_t stopper = fork();
    assert_true(stopper >= 0);
    if (stopper == 0) {
        reflash_stream_sleep_ms(SOON_MS);
        _exit(kill(bench.child, SIGKILL));
    }
    const uint64_t before_ms = reflash_stream_now_ms();
    assert_int_equal(rfc2217_port_ops.read(&bench.port.port, &byte, 1, MUCH_MS), ESP_LOADER_ERROR_FAIL);
    assert_in_range(reflash_stream_now_ms() - before_ms, SOON_MS / 2, MUCH_MS / 2);
    assert_int_equal(waitpid(stopper, NULL, 0), stopper);
    assert_int_equal(rfc2217_port_ops.change_transmission_rate(&bench.port.port, 460800), ESP_LOADER_ERROR_FAIL);
    rfc2217_port_ops.enter_bootloader(&bench.port.port); /* in no more than its own time */
    assert_in_range(reflash_stream_now_ms() - before_ms, SOON_MS / 2, MUCH_MS / 2);
    stop(&bench);
}

/* Wait until all that an ordinary server echoes has arrived, so that what follows need not wait. */
static void await_arrival(bench_t *bench, int bytes)
{
    for (int here = 0; here < bytes;) {
        assert_int_equal(ioctl(bench->port._stream.fd, FIONREAD, &here), 0);
        reflash_stream_sleep_ms(1);
    }
}

static void what_is_there_is_read_in_one_call(void **state)
{
    (void)state;
    bench_t bench;
    uint8_t got[4];
    uint16_t got_bytes = 0;
    start(&bench, (habits_t){.talks_before_answer = true});
    assert_int_equal(init(&bench), ESP_LOADER_SUCCESS); /* three bytes are kept, one of them doubled on the way */
    esp_loader_port_t *port = &bench.port.port;
    assert_int_equal(rfc2217_port_ops.read_some(port, got, 1, &got_bytes, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(got_bytes, 1);
    assert_int_equal(got[0], 'a');
    assert_int_equal(rfc2217_port_ops.write(port, (const uint8_t *)"123", 3, 1000), ESP_LOADER_SUCCESS);
    await_arrival(&bench, 3);
    assert_int_equal(rfc2217_port_ops.read_some(port, got, 4, &got_bytes, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(got_bytes, 4);
    assert_memory_equal(got,
                        "\xFF"
                        "c23",
                        4);
    assert_int_equal(rfc2217_port_ops.read_some(port, got, 4, &got_bytes, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(got_bytes, 1);
    assert_int_equal(got[0], '4');
    assert_int_equal(rfc2217_port_ops.read_some(port, got, 4, &got_bytes, 10), ESP_LOADER_ERROR_TIMEOUT);
    (void)kill(bench.child, SIGKILL);
    assert_int_equal(rfc2217_port_ops.read_some(port, got, 4, &got_bytes, 1000), ESP_LOADER_ERROR_FAIL);
    stop(&bench);
}

static void what_was_not_read_can_be_thrown_away(void **state)
{
    (void)state;
    bench_t bench;
    uint8_t byte;
    start(&bench, (habits_t){.talks_before_answer = true});
    assert_int_equal(init(&bench), ESP_LOADER_SUCCESS);
    assert_int_equal(rfc2217_port_ops.write(&bench.port.port, (const uint8_t *)"123", 3, 1000), ESP_LOADER_SUCCESS);
    await_arrival(&bench, 3);
    rfc2217_port_ops.flush(&bench.port.port);
    assert_int_equal(rfc2217_port_ops.read(&bench.port.port, &byte, 1, 10), ESP_LOADER_ERROR_TIMEOUT);
    expect_echo(&bench, (const uint8_t *)"7", (const uint8_t *)"8", 1);
    stop(&bench);
}

static void a_server_that_wants_no_data_gets_none(void **state)
{
    (void)state;
    bench_t bench;
    start(&bench, (habits_t){.suspends = true});
    assert_int_equal(init(&bench), ESP_LOADER_SUCCESS);
    const uint64_t sent_bytes = bench.port._stream.sent_bytes;
    assert_int_equal(rfc2217_port_ops.write(&bench.port.port, (const uint8_t *)"x", 1, 20), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(bench.port._stream.sent_bytes, sent_bytes);
    rfc2217_port_ops.enter_bootloader(&bench.port.port); /* purges, upon which this server goes on */
    expect_echo(&bench, (const uint8_t *)"1", (const uint8_t *)"2", 1);
    stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_server_is_a_serial_port),
        cmocka_unit_test(a_server_that_does_not_speak_it_is_told_by_errno),
        cmocka_unit_test(a_rate_that_the_server_does_not_take_is_a_failure),
        cmocka_unit_test(a_server_that_is_silent_on_lines_is_waited_for_once),
        cmocka_unit_test(data_that_comes_before_an_answer_is_not_lost),
        cmocka_unit_test(a_server_that_goes_away_while_an_answer_is_awaited_ends_the_wait),
        cmocka_unit_test(what_is_there_is_read_in_one_call),
        cmocka_unit_test(what_was_not_read_can_be_thrown_away),
        cmocka_unit_test(a_server_that_wants_no_data_gets_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
