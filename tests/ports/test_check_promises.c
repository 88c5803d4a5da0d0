/* SPDX-License-Identifier: Apache-2.0 */
/* The check of ports is checked: a port that is right keeps every promise, and one with a mistake is found out at the
 * promise that it breaks. Every promise has its mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "deadline.h"
#include "job.h"
#include "polled.h"
#include "reset_lines.h"
#include "ring.h"
#include "wires.h"

/* --- A port, right but for one mistake ------------------------------------------------------------------------- */

typedef enum {
    NO_MISTAKE,
    NO_READ,
    NO_OPENING,
    NO_WRAP,
    COUNTS_IN_10_MS,
    COUNTS_TOO_SLOWLY,
    NEVER_ENDS,
    STARTS_AGAIN,
    KEEPS_FIRST_COUNTDOWN,
    COUNTS_IN_16_BITS,
    COUNTS_US_IN_32_BITS,
    DELAY_IS_SHORT,
    DELAY_IS_LONG,
    SILENCE_IS_SUCCESS,
    TIMEOUT_IS_EARLY,
    TIMEOUT_IS_LATE,
    ZERO_IS_FOREVER,
    READS_ALL_THERE_IS,
    NO_LOOK_WITHOUT_TIME,
    READS_ONLY_WHAT_IS_THERE,
    WAITS_TO_THE_END,
    FEW_ARE_SUCCESS,
    EACH_BYTE_HAS_ITS_TIME,
    EATS_XON,
    CR_IS_LF,
    SMALL_RING,
    SOME_IS_ALL,
    SOME_IS_TOO_MANY,
    SOME_TELLS_NOTHING,
    FLUSH_IS_EMPTY,
    FLUSH_TAKES_LATER_ONES,
    LOSES_LAST_BYTE,
    SENDS_IN_TWO_ORDERS,
    DOUBLES_A_BYTE,
    WAITS_FOR_ROOM,
    NO_ROOM_IS_SUCCESS,
    KEEPS_RATE,
    SENDS_AT_OLD_RATE,
    REFUSES_RATE,
    REOPENS_AT_LAST_RATE,
    REOPENS_NEVER,
    BOOT_IS_LATE,
    BOOT_IS_LET_GO,
    BOOT_IS_KEPT,
    BOOT_IS_TURNED_OVER,
    RESET_IS_KEPT,
    RESET_IS_SHORT,
    RESET_TWICE,
    RESET_HOLDS_BOOT,
    RESET_DOES_NOTHING,
    FORGETS_BANNER,
    LOG_IGNORES_ARGUMENTS,
    UNPLUGGED_IS_SUCCESS,
    UNPLUGGED_IS_TIMEOUT,
    TARGET_FORGETS, /* what was written, so that something else is read */
} mistake_t;

enum { FIFO_BYTES = 16, RING_BYTES = 1024, LOOK_NS = 20000 };

static struct {
    mistake_t mistake;
    esp_loader_port_t port;
    reflash_deadline_t timer;
    uint8_t bytes[RING_BYTES];
    reflash_ring_t ring;
    char log[100];
    unsigned inits, deinits, hex_logs;
} my;

static bool has(mistake_t mistake)
{
    return my.mistake == mistake;
}

static uint32_t now_ms(void)
{
    const uint64_t ms = wires_now_ns() / WIRES_MS;
    return (uint32_t)(has(COUNTS_IN_10_MS) ? ms / 10 * 10 : ms);
}

static void start_timer(esp_loader_port_t *port, uint32_t ms)
{
    (void)port;
    if (has(KEEPS_FIRST_COUNTDOWN) && !reflash_deadline_is_over(&my.timer, now_ms())) {
        return;
    }
    ms = has(COUNTS_IN_16_BITS) ? (uint16_t)ms : ms;
    ms = has(COUNTS_US_IN_32_BITS) ? ms * 1000 / 1000 : ms;
    my.timer = reflash_deadline(now_ms(), ms);
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    (void)port;
    const uint32_t gone_ms = now_ms() - my.timer.start_ms;
    if (has(NO_WRAP)) {
        return my.timer.start_ms + my.timer.ms > now_ms() ? my.timer.start_ms + my.timer.ms - now_ms() : 0;
    }
    if (has(NEVER_ENDS)) {
        return gone_ms < my.timer.ms ? my.timer.ms - gone_ms : 1;
    }
    if (has(STARTS_AGAIN) && my.timer.ms > 0) {
        return my.timer.ms - gone_ms % my.timer.ms;
    }
    return has(COUNTS_TOO_SLOWLY) ? my.timer.ms - gone_ms / 2 : reflash_deadline_left_ms(&my.timer, now_ms());
}

static void delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    (void)port;
    wires_pass_ns(has(DELAY_IS_SHORT)  ? ms * WIRES_MS - WIRES_US
                  : has(DELAY_IS_LONG) ? 2 * ms * WIRES_MS
                                       : ms * WIRES_MS);
}

static void on_receive(uint8_t byte)
{
    if ((has(EATS_XON) && byte == 0x11) || (has(SMALL_RING) && my.ring.put - my.ring.taken == 256)) {
        return;
    }
    (void)reflash_ring_put(&my.ring, has(CR_IS_LF) && byte == '\r' ? '\n' : byte);
}

static bool put(esp_loader_port_t *port, uint8_t byte)
{
    (void)port;
    wires_pass_ns(LOOK_NS);
    if (wires_unsent_bytes() == FIFO_BYTES) {
        return has(NO_ROOM_IS_SUCCESS);
    }
    wires_send(byte);
    return true;
}

static bool get(esp_loader_port_t *port, uint8_t *byte)
{
    (void)port;
    wires_pass_ns(LOOK_NS);
    return reflash_ring_take(&my.ring, byte);
}

static const reflash_polled_t polled = {.now_ms = now_ms, .put = put, .get = get};

static uint32_t there(void)
{
    return my.ring.put - my.ring.taken;
}

static esp_loader_error_t write_bytes(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    uint8_t other[2048];
    if (wires_are_unplugged() && !has(UNPLUGGED_IS_SUCCESS)) {
        return ESP_LOADER_ERROR_FAIL;
    }
    memcpy(other, data, size);
    if (has(LOSES_LAST_BYTE) && size > 1) {
        size--;
    } else if (has(SENDS_IN_TWO_ORDERS) && size > 1) {
        other[0] = data[1];
        other[1] = data[0];
    } else if (has(DOUBLES_A_BYTE)) {
        other[size] = data[size - 1];
        size++;
    } else if (has(WAITS_FOR_ROOM)) {
        timeout += 1000;
    }
    return reflash_polled_write(port, &polled, other, size, timeout);
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    if (wires_are_unplugged()) {
        return has(UNPLUGGED_IS_TIMEOUT) ? ESP_LOADER_ERROR_TIMEOUT : ESP_LOADER_ERROR_FAIL;
    }
    const reflash_deadline_t deadline = reflash_deadline(now_ms(), timeout);
    switch (my.mistake) {
    case READS_ALL_THERE_IS:
        if (there() > size) {
            const esp_loader_error_t err = reflash_polled_read(port, &polled, data, size, timeout);
            reflash_ring_clear(&my.ring);
            return err;
        }
        break;
    case NO_LOOK_WITHOUT_TIME:
        if (timeout == 0) {
            return ESP_LOADER_ERROR_TIMEOUT;
        }
        break;
    case READS_ONLY_WHAT_IS_THERE:
        if (there() < size) {
            delay_ms(port, there() == 0 && timeout == 5000 ? 0 : timeout);
            return ESP_LOADER_ERROR_TIMEOUT;
        }
        break;
    case WAITS_TO_THE_END:
        if (there() < size) {
            delay_ms(port, timeout);
        }
        break;
    case ZERO_IS_FOREVER:
        timeout = timeout == 0 ? 10000 : timeout;
        break;
    case TIMEOUT_IS_EARLY:
        timeout = timeout > 10 ? timeout / 2 : timeout;
        break;
    case TIMEOUT_IS_LATE:
        timeout += 20;
        break;
    case EACH_BYTE_HAS_ITS_TIME:
        for (uint16_t at = 0; at < size; at++) {
            if (reflash_polled_read(port, &polled, data + at, 1, timeout) != ESP_LOADER_SUCCESS) {
                return ESP_LOADER_ERROR_TIMEOUT;
            }
        }
        return ESP_LOADER_SUCCESS;
    case SILENCE_IS_SUCCESS:
        (void)reflash_polled_read(port, &polled, data, size, timeout);
        return ESP_LOADER_SUCCESS;
    case FEW_ARE_SUCCESS:
        while (there() < size && !reflash_deadline_is_over(&deadline, now_ms())) {
            wires_pass_ns(LOOK_NS);
        }
        size = there() > 0 && there() < size ? (uint16_t)there() : size;
        timeout = 0;
        break;
    default:
        break;
    }
    return reflash_polled_read(port, &polled, data, size, timeout);
}

static esp_loader_error_t read_some(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout)
{
    if (has(SOME_IS_ALL)) {
        *got_bytes = size;
        return reflash_polled_read(port, &polled, data, size, timeout);
    }
    const esp_loader_error_t err =
        reflash_polled_read_some(port, &polled, data, has(SOME_IS_TOO_MANY) ? 5 : size, got_bytes, timeout);
    *got_bytes = has(SOME_TELLS_NOTHING) ? 0 : *got_bytes;
    return err;
}

static void flush(esp_loader_port_t *port)
{
    if (has(FLUSH_TAKES_LATER_ONES)) {
        my.ring.taken = my.ring.put + 1;
    } else if (!has(FLUSH_IS_EMPTY)) {
        reflash_polled_flush(port, &polled);
    }
}

static void set_lines(esp_loader_port_t *port, bool boot, bool reset)
{
    if (has(BOOT_IS_LATE)) {
        wires_set_reset(reset);
        delay_ms(port, 1);
        wires_set_boot(boot && !reset);
        return;
    }
    wires_set_boot(boot);
    wires_set_reset(reset);
}

static const reflash_line_moves_t moves = {set_lines, flush};

/* A step of a dance that differs from the right one. */
typedef struct {
    mistake_t mistake;
    reflash_line_step_t steps[5];
} wrong_dance_t;

static const wrong_dance_t wrong_dances[] = {
    {BOOT_IS_LET_GO, {{.boot = true, .reset = true, .hold_ms = 100}, {.hold_ms = 50}}},
    {BOOT_IS_KEPT,
     {{.boot = true, .reset = true, .hold_ms = 100}, {.boot = true}, {.boot = true}, {.boot = true}, {.boot = true}}},
    {RESET_IS_KEPT,
     {{.boot = true, .reset = true, .hold_ms = 100},
      {.boot = true, .hold_ms = 50},
      {.reset = true},
      {.reset = true},
      {.reset = true}}},
    {RESET_IS_SHORT, {{.boot = true, .reset = true}, {.boot = true, .hold_ms = 50}, {.hold_ms = 0}}},
    {RESET_TWICE,
     {{.boot = true, .reset = true, .hold_ms = 100},
      {.boot = true, .hold_ms = 50},
      {.boot = true, .reset = true, .hold_ms = 100},
      {.boot = true, .hold_ms = 50}}},
};

static void enter_bootloader(esp_loader_port_t *port)
{
    reflash_lines_t lines = REFLASH_LINES_OF_BUILD();
    lines.invert_boot = has(BOOT_IS_TURNED_OVER);
    for (size_t at = 0; at < sizeof(wrong_dances) / sizeof(wrong_dances[0]); at++) {
        if (has(wrong_dances[at].mistake)) {
            const reflash_line_dance_t dance = {wrong_dances[at].steps, 5};
            reflash_lines_play(port, &lines, dance, &moves);
            return;
        }
    }
    reflash_lines_enter_bootloader(port, &lines, &moves);
    if (has(FORGETS_BANNER)) {
        flush(port);
    }
}

static void reset_target(esp_loader_port_t *port)
{
    const reflash_lines_t lines = REFLASH_LINES_OF_BUILD();
    if (has(RESET_HOLDS_BOOT)) {
        reflash_lines_enter_bootloader(port, &lines, &moves);
    } else if (!has(RESET_DOES_NOTHING)) {
        reflash_lines_reset_target(port, &lines, &moves);
    }
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *port, uint32_t rate)
{
    (void)port;
    if (has(REFUSES_RATE)) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    if (!has(KEEPS_RATE)) {
        wires_set_baud(has(SENDS_AT_OLD_RATE) && rate != 115200 ? rate / 2 : rate);
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t init(esp_loader_port_t *port)
{
    (void)port;
    my.inits++;
    if (has(NO_OPENING) || (has(REOPENS_NEVER) && my.inits > 1)) {
        return ESP_LOADER_ERROR_FAIL;
    }
    if (!has(REOPENS_AT_LAST_RATE) || my.inits == 1) {
        wires_set_baud(115200);
    }
    return ESP_LOADER_SUCCESS;
}

static void deinit(esp_loader_port_t *port)
{
    (void)port;
    my.deinits++;
}

__attribute__((format(printf, 3, 0))) static void take_log(esp_loader_port_t *port, esp_loader_log_level_t level,
                                                           const char *fmt, va_list args)
{
    (void)port;
    (void)level;
    if (has(LOG_IGNORES_ARGUMENTS)) {
        (void)snprintf(my.log, sizeof(my.log), "%s", fmt);
    } else {
        (void)vsnprintf(my.log, sizeof(my.log), fmt, args);
    }
}

static void take_traffic(esp_loader_port_t *port, esp_loader_log_level_t level, const char *label, const uint8_t *data,
                         uint32_t size)
{
    (void)port;
    (void)level;
    (void)label;
    (void)data;
    my.hex_logs += size > 0 ? 1 : 0;
}

static const esp_loader_port_ops_t ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .log = take_log,
    .log_hex = take_traffic,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
    .read_some = read_some,
    .flush = flush,
};

/* --- Its bench --------------------------------------------------------------------------------------------- */

enum { PROMISES_MAX = 40 };

static struct {
    port_check_result_t results[PROMISES_MAX];
    size_t count;
} seen;

static void keep(void *context, const port_check_result_t *result)
{
    (void)context;
    assert_true(seen.count < PROMISES_MAX);
    seen.results[seen.count++] = *result;
    if (has(TARGET_FORGETS) && strcmp(result->promise, "What is written to it arrives") == 0) {
        job_flash()[0x20400] ^= 0x01;
    }
}

static void unplug(void *context)
{
    (void)context;
    wires_unplug(true);
}

static const char *logged(void *context)
{
    (void)context;
    return my.log;
}

static unsigned check_port(mistake_t mistake)
{
    assert_int_equal(job_set_up(NULL), 0);
    memset(&my, 0, sizeof(my));
    seen.count = 0;
    my.mistake = mistake;
    my.ring = (reflash_ring_t){.bytes = my.bytes, .capacity = RING_BYTES};
    wires_on_receive(on_receive);
    port_check_bench_t bench = job_bench();
    esp_loader_port_ops_t other_ops = ops;
    other_ops.read = has(NO_READ) ? NULL : ops.read;
    my.port.ops = &other_ops;
    bench.unplug = unplug;
    bench.logged = logged;
    const unsigned broken = port_check_promises(&my.port, &bench, keep, NULL);
    assert_int_equal(job_tear_down(NULL), 0);
    return broken;
}

/* --- The check --------------------------------------------------------------------------------------------- */

static void a_port_that_is_right_keeps_every_promise(void **state)
{
    (void)state;
    assert_int_equal(check_port(NO_MISTAKE), 0);
    for (size_t at = 0; at < seen.count; at++) {
        if (seen.results[at].outcome != PORT_CHECK_KEPT) {
            fail_msg("not kept: %s", seen.results[at].promise);
        }
    }
    assert_int_equal(my.inits, my.deinits);
    assert_int_equal(my.hex_logs, 1);
}

static const struct {
    mistake_t mistake;
    const char *breaks;
} mistakes[] = {
    {NO_READ, "It has the members that a serial link needs"},
    {NO_OPENING, "It opens"},
    {NO_WRAP, "A clock that wraps does not show in the countdown"},
    {COUNTS_IN_10_MS, "A countdown counts milliseconds"},
    {COUNTS_TOO_SLOWLY, "A countdown counts milliseconds"},
    {NEVER_ENDS, "A countdown ends at 0 and stays there"},
    {STARTS_AGAIN, "A countdown ends at 0 and stays there"},
    {KEEPS_FIRST_COUNTDOWN, "A countdown replaces the one before"},
    {COUNTS_IN_16_BITS, "A countdown may last 47 hours"},
    {COUNTS_US_IN_32_BITS, "A countdown may last 47 hours"},
    {DELAY_IS_SHORT, "A delay is as long as asked for"},
    {DELAY_IS_LONG, "A delay is as long as asked for"},
    {SILENCE_IS_SUCCESS, "A read with nothing there is TIMEOUT, in time"},
    {TIMEOUT_IS_EARLY, "A read with nothing there is TIMEOUT, in time"},
    {TIMEOUT_IS_LATE, "A read with nothing there is TIMEOUT, in time"},
    {ZERO_IS_FOREVER, "A read with nothing there is TIMEOUT, in time"},
    {READS_ALL_THERE_IS, "A read takes what it was asked for and leaves the rest"},
    {NO_LOOK_WITHOUT_TIME, "A read without time takes what is there"},
    {READS_ONLY_WHAT_IS_THERE, "A read waits for bytes, and no longer"},
    {WAITS_TO_THE_END, "A read waits for bytes, and no longer"},
    {FEW_ARE_SUCCESS, "A read of more than comes is TIMEOUT, in time"},
    {EACH_BYTE_HAS_ITS_TIME, "A byte that comes does not prolong a read"},
    {EATS_XON, "Bytes of all values can be read"},
    {CR_IS_LF, "Bytes of all values can be read"},
    {SMALL_RING, "What comes while nobody reads is kept"},
    {SOME_IS_ALL, "read_some takes what is there"},
    {SOME_IS_TOO_MANY, "read_some takes what is there"},
    {SOME_TELLS_NOTHING, "read_some takes what is there"},
    {FLUSH_IS_EMPTY, "flush throws away what was received"},
    {FLUSH_TAKES_LATER_ONES, "flush throws away what was received"},
    {LOSES_LAST_BYTE, "A write sends all bytes, in order"},
    {SENDS_IN_TWO_ORDERS, "A write sends all bytes, in order"},
    {DOUBLES_A_BYTE, "A write sends all bytes, in order"},
    {WAITS_FOR_ROOM, "A write that nobody takes is TIMEOUT, in time"},
    {NO_ROOM_IS_SUCCESS, "A write that nobody takes is TIMEOUT, in time"},
    {KEEPS_RATE, "A change of rate is one in both directions"},
    {SENDS_AT_OLD_RATE, "A change of rate is one in both directions"},
    {REFUSES_RATE, "A change of rate is one in both directions"},
    {REOPENS_AT_LAST_RATE, "It can be closed and opened again, at the first rate"},
    {REOPENS_NEVER, "It can be closed and opened again, at the first rate"},
    {BOOT_IS_LATE, "enter_bootloader holds boot while reset rises"},
    {BOOT_IS_LET_GO, "enter_bootloader holds boot while reset rises"},
    {BOOT_IS_KEPT, "enter_bootloader holds boot while reset rises"},
    {BOOT_IS_TURNED_OVER, "enter_bootloader holds boot while reset rises"},
    {RESET_IS_KEPT, "enter_bootloader holds boot while reset rises"},
    {RESET_IS_SHORT, "enter_bootloader holds boot while reset rises"},
    {RESET_TWICE, "enter_bootloader holds boot while reset rises"},
    {RESET_HOLDS_BOOT, "reset_target does not hold boot while reset rises"},
    {RESET_DOES_NOTHING, "reset_target does not hold boot while reset rises"},
    {FORGETS_BANNER, "What the target says as reset rises can be read"},
    {LOG_IGNORES_ARGUMENTS, "log takes a format and its arguments"},
    {UNPLUGGED_IS_SUCCESS, "A line that is gone is FAIL"},
    {UNPLUGGED_IS_TIMEOUT, "A line that is gone is FAIL"},
};
enum { MISTAKE_COUNT = sizeof(mistakes) / sizeof(mistakes[0]) };

static bool is_broken(const char *promise)
{
    for (size_t at = 0; at < seen.count; at++) {
        if (strcmp(seen.results[at].promise, promise) == 0) {
            return seen.results[at].outcome == PORT_CHECK_BROKEN;
        }
    }
    return false;
}

static void a_mistake_is_found_at_the_promise_that_it_breaks(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (size_t row = 0; row < MISTAKE_COUNT; row++) {
        const unsigned broken = check_port(mistakes[row].mistake);
        if (broken == 0 || !is_broken(mistakes[row].breaks)) {
            print_error("mistake %d: %u promises broken, but not: %s\n", mistakes[row].mistake, broken,
                        mistakes[row].breaks);
            missed++;
        }
    }
    assert_int_equal(missed, 0);
}

/* Two say only that the port survives a call. */
static void every_promise_can_be_broken(void **state)
{
    (void)state;
    static const char *const survives[] = {"log_hex takes traffic", "It closes"};
    size_t never = 0;
    (void)check_port(NO_MISTAKE);
    for (size_t at = 0; at < seen.count; at++) {
        bool has_mistake = false;
        for (size_t row = 0; row < MISTAKE_COUNT; row++) {
            has_mistake = has_mistake || strcmp(mistakes[row].breaks, seen.results[at].promise) == 0;
        }
        if (!has_mistake) {
            assert_true(never < sizeof(survives) / sizeof(survives[0]));
            assert_string_equal(seen.results[at].promise, survives[never++]);
        }
    }
}

static void what_a_port_or_a_bench_does_not_have_is_not_checked(void **state)
{
    (void)state;
    static const esp_loader_port_ops_t fewest = {.enter_bootloader = enter_bootloader,
                                                 .reset_target = reset_target,
                                                 .start_timer = start_timer,
                                                 .remaining_time = remaining_time,
                                                 .delay_ms = delay_ms,
                                                 .write = write_bytes,
                                                 .read = read_bytes};
    assert_int_equal(job_set_up(NULL), 0);
    memset(&my, 0, sizeof(my));
    seen.count = 0;
    my.ring = (reflash_ring_t){.bytes = my.bytes, .capacity = RING_BYTES};
    my.port.ops = &fewest;
    const port_check_bench_t all = job_bench();
    const port_check_bench_t poorest = {.now_us = all.now_us, .slack_ms = all.slack_ms};
    assert_int_equal(port_check_promises(&my.port, &poorest, keep, NULL), 0);
    size_t kept = 0;
    for (size_t at = 0; at < seen.count; at++) {
        kept += seen.results[at].outcome == PORT_CHECK_KEPT ? 1 : 0;
    }
    assert_int_equal(kept, 9); /* members, opening, closing, five of time, and silence */
    assert_int_equal(job_tear_down(NULL), 0);
}

/* --- At work ----------------------------------------------------------------------------------------------- */

/* A port, and a target that may lie about its flash; what breaks is the first that can. */
static const char *first_broken_at_work(mistake_t mistake, const espsim_faults_t *faults)
{
    assert_int_equal(job_set_up(NULL), 0);
    espsim_set_faults(job_target(), faults);
    memset(&my, 0, sizeof(my));
    seen.count = 0;
    my.mistake = mistake;
    my.ring = (reflash_ring_t){.bytes = my.bytes, .capacity = RING_BYTES};
    my.port.ops = &ops;
    wires_on_receive(on_receive);
    const unsigned broken = port_check_target(&my.port, NULL, 230400, 0x20000, keep, NULL);
    const char *first = broken == 0 ? "" : NULL;
    for (size_t at = 0; at < seen.count; at++) {
        const bool is_first = first == NULL && seen.results[at].outcome == PORT_CHECK_BROKEN;
        assert_int_equal(seen.results[at].outcome, is_first                       ? PORT_CHECK_BROKEN
                                                   : first == NULL || broken == 0 ? PORT_CHECK_KEPT
                                                                                  : PORT_CHECK_NOT_CHECKED);
        first = is_first ? seen.results[at].promise : first;
    }
    assert_int_equal(my.inits, my.deinits + (mistake == NO_OPENING ? 1 : 0));
    assert_int_equal(job_tear_down(NULL), 0);
    return first;
}

static void a_port_that_does_not_do_its_work_is_found_where_it_fails(void **state)
{
    (void)state;
    const espsim_faults_t none = {0};
    const espsim_faults_t stuck = {.fault = {{.kind = ESPSIM_FAULT_BIT_STUCK, .addr = 0x20400, .bit = 1}}};
    const espsim_faults_t lying = {.fault = {{.kind = ESPSIM_FAULT_LYING_MD5, .md5 = 1}}};
    assert_string_equal(first_broken_at_work(NO_MISTAKE, &none), "");
    assert_string_equal(first_broken_at_work(NO_OPENING, &none), "The target's loader answers");
    assert_string_equal(first_broken_at_work(BOOT_IS_LATE, &none), "The target's loader answers");
    assert_string_equal(first_broken_at_work(KEEPS_RATE, &none), "It answers at a higher rate");
    assert_string_equal(first_broken_at_work(NO_MISTAKE, &stuck), "What is written to it arrives");
    assert_string_equal(first_broken_at_work(NO_MISTAKE, &lying), "What is written to it arrives");
    assert_string_equal(first_broken_at_work(TARGET_FORGETS, &none), "What is read from it arrives");
    assert_string_equal(first_broken_at_work(RESET_DOES_NOTHING, &none), "Its text can be read behind reset_target");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_that_is_right_keeps_every_promise),
        cmocka_unit_test(a_mistake_is_found_at_the_promise_that_it_breaks),
        cmocka_unit_test(every_promise_can_be_broken),
        cmocka_unit_test(what_a_port_or_a_bench_does_not_have_is_not_checked),
        cmocka_unit_test(a_port_that_does_not_do_its_work_is_found_where_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
