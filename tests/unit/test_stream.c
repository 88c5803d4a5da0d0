/* SPDX-License-Identifier: Apache-2.0 */
/* The byte stream of the POSIX ports on a clock of its own, far from where a real one is. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_clock.h"
#include "stream.h"

static uint64_t now_ms;
static unsigned poll_calls;
static bool interrupts; /* every poll() is interrupted after 7 ms */

int fake_clock_gettime(clockid_t clock, struct timespec *now)
{
    assert_int_equal(clock, CLOCK_MONOTONIC);
    *now = (struct timespec){.tv_sec = (time_t)(now_ms / 1000), .tv_nsec = (long)(now_ms % 1000) * 1000000};
    return 0;
}

/* Nothing ever comes. */
int fake_poll(struct pollfd *lines, nfds_t count, int timeout_ms)
{
    assert_int_equal(count, 1);
    assert_true(timeout_ms >= 0); /* else it would wait forever */
    lines->revents = 0;
    poll_calls++;
    if (interrupts && timeout_ms > 7) {
        now_ms += 7;
        errno = EINTR;
        return -1;
    }
    now_ms += (uint64_t)timeout_ms;
    return 0;
}

static reflash_stream_t stream;
static int pipe_ends[2];

static int open_stream(void **state)
{
    (void)state;
    now_ms = 0;
    poll_calls = 0;
    interrupts = false;
    stream = (reflash_stream_t){.fd = -1};
    return pipe2(pipe_ends, O_NONBLOCK);
}

static int close_stream(void **state)
{
    (void)state;
    return close(pipe_ends[0]) + close(pipe_ends[1]);
}

static void a_timer_counts_down_where_32_bits_of_milliseconds_end(void **state)
{
    (void)state;
    now_ms = (1ull << 32) - 3;
    reflash_stream_start_timer(&stream.port, 10);
    assert_int_equal(reflash_stream_remaining_time(&stream.port), 10);
    now_ms += 4;
    assert_int_equal(reflash_stream_remaining_time(&stream.port), 6);
    now_ms += 6;
    assert_int_equal(reflash_stream_remaining_time(&stream.port), 0);
    now_ms += 1ull << 32;
    assert_int_equal(reflash_stream_remaining_time(&stream.port), 0);
    reflash_stream_start_timer(&stream.port, UINT32_MAX);
    assert_int_equal(reflash_stream_remaining_time(&stream.port), UINT32_MAX);
}

static void a_read_ends_in_time_where_32_bits_of_milliseconds_end(void **state)
{
    (void)state;
    uint8_t byte;
    now_ms = (1ull << 32) - 3;
    stream.fd = pipe_ends[0];
    assert_int_equal(reflash_stream_read(&stream.port, &byte, 1, 10), ESP_LOADER_ERROR_TIMEOUT);
    assert_true(now_ms == (1ull << 32) + 7);
}

static void a_wait_that_poll_cannot_tell_has_an_end_all_the_same(void **state)
{
    (void)state;
    static const struct {
        uint32_t timeout_ms;
        unsigned polls;
    } rows[] = {{0x7FFFFFFF, 1}, {0x80000000, 2}, {UINT32_MAX, 3}};
    static const uint8_t bytes[UINT16_MAX] = {0};
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        uint8_t byte;
        now_ms = 5;
        poll_calls = 0;
        stream.fd = pipe_ends[0];
        assert_int_equal(reflash_stream_read(&stream.port, &byte, 1, rows[row].timeout_ms), ESP_LOADER_ERROR_TIMEOUT);
        assert_true(now_ms == 5 + (uint64_t)rows[row].timeout_ms);
        assert_int_equal(poll_calls, rows[row].polls);
    }
    now_ms = 5;
    stream.fd = pipe_ends[1];
    assert_int_equal(reflash_stream_write(&stream.port, bytes, sizeof(bytes), 0),
                     ESP_LOADER_SUCCESS); /* a pipe is full ... */
    assert_int_equal(reflash_stream_write(&stream.port, bytes, sizeof(bytes), UINT32_MAX), ESP_LOADER_ERROR_TIMEOUT);
    assert_true(now_ms == 5 + (uint64_t)UINT32_MAX); /* ... with 64 KiB */
}

static void an_interrupted_wait_goes_on_until_its_end(void **state)
{
    (void)state;
    uint8_t byte;
    interrupts = true;
    stream.fd = pipe_ends[0];
    assert_int_equal(reflash_stream_read(&stream.port, &byte, 1, 20), ESP_LOADER_ERROR_TIMEOUT);
    assert_true(now_ms == 20);
    assert_int_equal(poll_calls, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_timer_counts_down_where_32_bits_of_milliseconds_end, open_stream,
                                        close_stream),
        cmocka_unit_test_setup_teardown(a_read_ends_in_time_where_32_bits_of_milliseconds_end, open_stream,
                                        close_stream),
        cmocka_unit_test_setup_teardown(a_wait_that_poll_cannot_tell_has_an_end_all_the_same, open_stream,
                                        close_stream),
        cmocka_unit_test_setup_teardown(an_interrupted_wait_goes_on_until_its_end, open_stream, close_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
