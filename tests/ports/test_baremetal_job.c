/* SPDX-License-Identifier: Apache-2.0 */
/* The bare-metal port does a whole job on a board whose UART and pins are wires to a virtual chip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "baremetal_port.h"
#include "job.h"
#include "ring.h"
#include "wires.h"

volatile uint32_t fake_systick[3];
void SysTick_Handler(void);

/* --- The board --------------------------------------------------------------------------------------------- */

enum { FIFO_BYTES = 16, RING_BYTES = 1024, LOOK_NS = 5000 };

static uint8_t ring_bytes[RING_BYTES];
static reflash_ring_t received;

void fake_wait(void)
{
    wires_pass_ns(WIRES_MS - wires_now_ns() % WIRES_MS);
}

static void on_receive(uint8_t byte)
{
    (void)reflash_ring_put(&received, byte);
}

static bool put(uint8_t byte)
{
    wires_pass_ns(LOOK_NS);
    if (wires_unsent_bytes() == FIFO_BYTES) {
        return false;
    }
    wires_send(byte);
    return true;
}

static bool get(uint8_t *byte)
{
    wires_pass_ns(LOOK_NS);
    return reflash_ring_take(&received, byte);
}

static bool lost(void)
{
    return reflash_ring_lost(&received);
}

static esp_loader_error_t set_rate(uint32_t rate)
{
    wires_set_baud(rate);
    return ESP_LOADER_SUCCESS;
}

static const baremetal_board_t board = {.cpu_hz = 48000000,
                                        .put = put,
                                        .get = get,
                                        .lost = lost,
                                        .set_rate = set_rate,
                                        .set_boot = wires_set_boot,
                                        .set_reset = wires_set_reset};

static int set_up(void **state)
{
    received = (reflash_ring_t){.bytes = ring_bytes, .capacity = RING_BYTES};
    if (job_set_up(state) != 0) {
        return -1;
    }
    wires_on_receive(on_receive);
    wires_on_tick(SysTick_Handler);
    return 0;
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static baremetal_port_t port_of_board(void)
{
    return (baremetal_port_t){
        .port.ops = &baremetal_ops, .board = &board, .baudrate = 115200, .lines = REFLASH_LINES_OF_BUILD()};
}

static void a_blank_target_is_written_proved_and_started_and_then_skipped(void **state)
{
    (void)state;
    baremetal_port_t port = port_of_board();
    job_run(&port.port, 460800);
    assert_int_equal(received.overrun_bytes, 0);
}

static void a_job_goes_on_where_answers_have_holes(void **state)
{
    (void)state;
    baremetal_port_t port = port_of_board();
    job_run_with_holes(&port.port, &received.overrun_bytes);
}

static void every_promise_of_a_port_is_kept(void **state)
{
    (void)state;
    baremetal_port_t port = port_of_board();
    job_check_promises(&port.port);
}

/* --- As the guide for porters shows it --------------------------------------------------------------------------- */

static uint64_t now_us(void *context)
{
    (void)context;
    return wires_now_ns() / WIRES_US;
}

static void print(void *context, const port_check_result_t *result)
{
    static const char *const words[] = {"kept", "BROKEN", "not checked"};
    (void)context;
    printf("%-12s %s\n", words[result->outcome], result->promise);
    if (result->outcome == PORT_CHECK_BROKEN) {
        printf("             %s: %u, not %u\n", result->found, (unsigned)result->got, (unsigned)result->want);
    }
}

static void a_check_needs_no_more_than_a_clock_and_a_target(void **state)
{
    (void)state;
    baremetal_port_t port = port_of_board();
    const port_check_bench_t bench = {.now_us = now_us, .slack_ms = 2};
    unsigned broken = port_check_promises(&port.port, &bench, print, NULL);
    broken += port_check_target(&port.port, NULL, 460800, 0x100000, print, NULL);
    assert_int_equal(broken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_blank_target_is_written_proved_and_started_and_then_skipped, set_up,
                                        job_tear_down),
        cmocka_unit_test_setup_teardown(a_job_goes_on_where_answers_have_holes, set_up, job_tear_down),
        cmocka_unit_test_setup_teardown(every_promise_of_a_port_is_kept, set_up, job_tear_down),
        cmocka_unit_test_setup_teardown(a_check_needs_no_more_than_a_clock_and_a_target, set_up, job_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
