/* SPDX-License-Identifier: Apache-2.0 */
/* The wires as a bench for tests/port-check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "job.h"
#include "wires.h"

enum { FIRST_RATE = 115200, OTHER_RATE = 460800, RECEIVED_MAX = 1 << 16, MOVES_MAX = 64, SLACK_MS = 2 };

static struct {
    uint32_t rate;
    uint8_t received[RECEIVED_MAX];
    size_t received_bytes;
    port_check_move_t moves[MOVES_MAX];
    size_t move_count;
    bool reset_low;
    const uint8_t *banner;
    size_t banner_bytes;
} bench;

/* --- The far end ------------------------------------------------------------------------------------------- */

static void take(uint8_t byte, uint32_t baud)
{
    assert_true(bench.received_bytes < RECEIVED_MAX);
    bench.received[bench.received_bytes++] = wires_rates_fit(baud, bench.rate) ? byte : (uint8_t)(byte ^ 0x5A);
}

static void send(void *context, uint32_t delay_ms, const uint8_t *data, size_t bytes)
{
    (void)context;
    for (size_t at = 0; at < bytes; at++) {
        wires_far_send(data[at], wires_now_ns() + delay_ms * WIRES_MS, bench.rate);
    }
}

static void record_move(bool boot_low, bool reset_low)
{
    if (bench.move_count < MOVES_MAX) {
        bench.moves[bench.move_count++] = (port_check_move_t){boot_low, reset_low, wires_now_ns() / WIRES_US};
    }
    if (bench.reset_low && !reset_low) {
        send(NULL, 0, bench.banner, bench.banner_bytes);
    }
    bench.reset_low = reset_low;
}

/* --- The bench --------------------------------------------------------------------------------------------- */

static uint64_t now_us(void *context)
{
    (void)context;
    return wires_now_ns() / WIRES_US;
}

static size_t receive(void *context, uint8_t *data, size_t bytes)
{
    (void)context;
    wires_drain();
    const size_t count = bytes < bench.received_bytes ? bytes : bench.received_bytes;
    memcpy(data, bench.received, count);
    bench.received_bytes -= count;
    memmove(bench.received, bench.received + count, bench.received_bytes);
    return count;
}

static void set_rate(void *context, uint32_t rate)
{
    (void)context;
    bench.rate = rate;
}

static size_t take_moves(void *context, port_check_move_t *moves, size_t capacity)
{
    (void)context;
    const size_t count = bench.move_count;
    memcpy(moves, bench.moves, (count < capacity ? count : capacity) * sizeof(*moves));
    bench.move_count = 0;
    return count;
}

static void say_at_reset(void *context, const uint8_t *data, size_t bytes)
{
    (void)context;
    bench.banner = data;
    bench.banner_bytes = bytes;
}

static uint32_t ms_to_wrap(void *context)
{
    (void)context;
    return UINT32_MAX - (uint32_t)(wires_now_ns() / WIRES_MS);
}

port_check_bench_t job_bench(void)
{
    static const wires_far_end_t far_end = {take, record_move};
    memset(&bench, 0, sizeof(bench));
    bench.rate = FIRST_RATE;
    wires_set_far_end(&far_end);
    return (port_check_bench_t){.now_us = now_us,
                                .slack_ms = SLACK_MS,
                                .send = send,
                                .receive = receive,
                                .set_rate = set_rate,
                                .first_rate = FIRST_RATE,
                                .other_rate = OTHER_RATE,
                                .take_moves = take_moves,
                                .say_at_reset = say_at_reset,
                                .ms_to_wrap = ms_to_wrap};
}

/* --- A port ------------------------------------------------------------------------------------------------ */

static void fail_if_broken(void *context, const port_check_result_t *result)
{
    (void)context;
    if (result->outcome == PORT_CHECK_BROKEN) {
        fail_msg("%s: broken: %s: %u, not %u", result->promise, result->found, (unsigned)result->got,
                 (unsigned)result->want);
    }
}

void job_check_promises(esp_loader_port_t *port)
{
    const port_check_bench_t on_wires = job_bench();
    (void)port_check_promises(port, &on_wires, fail_if_broken, NULL);
    wires_set_far_end(NULL);
    (void)port_check_target(port, NULL, OTHER_RATE, 0, fail_if_broken, NULL);
}
