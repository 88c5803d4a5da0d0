/* SPDX-License-Identifier: Apache-2.0 */
/* The Arduino port does a whole job on a board whose serial port and pins are wires to a virtual chip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_arduino.h"
#include "job.h"
#include "wires.h"

static esp_loader_port_t *port;

static int set_up(void **state)
{
    if (job_set_up(state) != 0) {
        return -1;
    }
    port = fake_arduino_port(1024);
    return 0;
}

static void a_blank_target_is_written_proved_and_started_and_then_skipped(void **state)
{
    (void)state;
    job_run(port, 460800);
}

static void every_promise_of_a_port_is_kept(void **state)
{
    (void)state;
    job_check_promises(port);
}

static void what_a_small_board_has_no_room_for_is_lost_and_the_job_works_nevertheless(void **state)
{
    (void)state;
    port = fake_arduino_port(64);
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    (void)job_bench();
    for (unsigned at = 0; at < 100; at++) {
        wires_far_send((uint8_t)at, 0, 115200);
    }
    wires_pass_ns(50 * WIRES_MS);
    assert_int_equal(fake_arduino_lost_bytes(), 36);
    wires_set_far_end(NULL);
    assert_int_equal(job_round(port, 0), 3);
}

static void a_serial_port_that_takes_nothing_is_a_timeout(void **state)
{
    (void)state;
    assert_int_equal(port->ops->write(port, (const uint8_t *)"x", 1, 10), ESP_LOADER_ERROR_TIMEOUT); /* not open */
}

static void a_change_of_rate_waits_until_all_was_sent(void **state)
{
    (void)state;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    const port_check_bench_t bench = job_bench();
    uint8_t arrived[16];
    assert_int_equal(port->ops->write(port, (const uint8_t *)"all at one rate", 16, 100), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->change_transmission_rate(port, 921600), ESP_LOADER_SUCCESS);
    assert_int_equal(bench.receive(bench.context, arrived, sizeof(arrived)), 16);
    assert_string_equal((const char *)arrived, "all at one rate");
}

static void closing_it_ends_the_serial_port_and_lets_go_of_both_pins(void **state)
{
    (void)state;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    assert_true(fake_arduino_serial_is_open() && fake_arduino_pins_are_outputs());
    port->ops->deinit(port);
    assert_false(fake_arduino_serial_is_open() || fake_arduino_pins_are_outputs());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, job_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_blank_target_is_written_proved_and_started_and_then_skipped),
        TEST(every_promise_of_a_port_is_kept),
        TEST(what_a_small_board_has_no_room_for_is_lost_and_the_job_works_nevertheless),
        TEST(a_serial_port_that_takes_nothing_is_a_timeout),
        TEST(a_change_of_rate_waits_until_all_was_sent),
        TEST(closing_it_ends_the_serial_port_and_lets_go_of_both_pins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
