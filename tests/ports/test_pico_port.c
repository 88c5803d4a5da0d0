/* SPDX-License-Identifier: Apache-2.0 */
/* The port for the Raspberry Pi Pico, on a fake of its SDK at the wires of a virtual chip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "fake_pico.h"
#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "job.h"
#include "pi_pico_port.h"
#include "wires.h"

static pi_pico_port_t under_test;
static esp_loader_port_t *const port = &under_test.port;

static int power_on(void **state)
{
    if (job_set_up(state) != 0) {
        return -1;
    }
    fake_pico_power_on();
    under_test = (pi_pico_port_t){.port.ops = &pi_pico_uart_ops,
                                  .uart_inst = uart1,
                                  .baudrate = 115200,
                                  .uart_rx_pin_num = FAKE_PICO_RX,
                                  .uart_tx_pin_num = FAKE_PICO_TX,
                                  .reset_pin_num = FAKE_PICO_RESET,
                                  .boot_pin_num = FAKE_PICO_BOOT};
    return 0;
}

static int open_port(void **state)
{
    return power_on(state) == 0 && port->ops->init(port) == ESP_LOADER_SUCCESS ? 0 : -1;
}

/* What a blank one says when it is reset is more than 100 bytes. */
static void let_the_target_talk(unsigned times)
{
    for (unsigned time = 0; time < times; time++) {
        wires_set_reset(true);
        wires_pass_ns(WIRES_MS);
        wires_set_reset(false);
        wires_pass_ns(100 * WIRES_MS);
    }
}

static uint64_t now_ms(void)
{
    return wires_now_ns() / WIRES_MS;
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static void a_blank_target_is_written_proved_and_started_and_then_skipped(void **state)
{
    (void)state;
    job_run(port, 921600);
    assert_false(fake_pico.is_up);
    assert_false(fake_pico.has_handler);
    assert_int_equal(under_test._ring.overrun_bytes, 0);
}

static void every_promise_of_a_port_is_kept(void **state)
{
    (void)state;
    job_check_promises(port);
}

static void the_job_is_done_at_the_rates_of_a_slow_clock(void **state)
{
    (void)state;
    fake_pico.clock_hz = 12000000;
    job_run(port, 460800);
    assert_int_equal(wires_baud(), 115107); /* 12 MHz / 16 / (6 + 33/64) */
}

static void a_rate_that_the_clock_does_not_give_is_refused_and_the_conversation_goes_on(void **state)
{
    (void)state;
    esp_loader_t loader;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint32_t flash_bytes = 0;
    fake_pico.clock_hz = 12000000; /* at most 750,000 */
    assert_int_equal(esp_loader_init_serial(&loader, port), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_connect(&loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_change_transmission_rate(&loader, 921600), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(wires_baud(), 115107);
    assert_int_equal(esp_loader_flash_detect_size(&loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 4 << 20);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static void opening_it_does_not_reset_the_target(void **state)
{
    (void)state;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    assert_int_equal(fake_pico.resets, 0);
    port->ops->reset_target(port);
    assert_int_equal(fake_pico.resets, 1);
    port->ops->deinit(port);
    assert_int_equal(fake_pico.resets, 1);
}

static void a_target_in_reset_sends_no_break(void **state)
{
    (void)state;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    wires_unplug(true);
    port->ops->reset_target(port);
    wires_pass_ns(WIRES_MS);
    assert_int_equal(under_test._ring.put, 0);
}

static void without_a_clock_nothing_is_taken(void **state)
{
    (void)state;
    fake_pico.clock_hz = 0;
    assert_int_equal(port->ops->init(port), ESP_LOADER_ERROR_FAIL);
    assert_false(fake_pico.is_up);
    assert_false(fake_pico.has_handler);
}

static void a_uart_that_runs_already_is_left_as_it_is(void **state)
{
    (void)state;
    under_test.dont_initialize_peripheral = true;
    gpio_set_function(FAKE_PICO_RX, GPIO_FUNC_UART);
    gpio_set_function(FAKE_PICO_TX, GPIO_FUNC_UART);
    (void)uart_init(uart1, 115200);
    job_run(port, 230400);
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->change_transmission_rate(port, 230400), ESP_LOADER_SUCCESS);
    port->ops->deinit(port);
    assert_int_equal(wires_baud(), 115207);
    assert_int_equal(fake_pico.inits, 1);
    assert_int_equal(fake_pico.deinits, 0);
    assert_false(fake_pico.has_handler);
}

/* --- Receiving --------------------------------------------------------------------------------------------- */

static void what_comes_while_the_program_is_busy_waits_in_the_ring(void **state)
{
    (void)state;
    let_the_target_talk(1);
    assert_true(under_test._ring.put > FAKE_PICO_FIFO_BYTES);
    job_expect_log(port, "rst:0x1 (POWERON_RESET)");
}

static void an_overrun_of_the_ring_is_told_and_over_with_that(void **state)
{
    (void)state;
    uint8_t byte;
    let_the_target_talk(20);
    assert_true(under_test._ring.overrun_bytes > 0);
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT); /* what was left is gone as well */
    let_the_target_talk(1);
    job_expect_log(port, "POWERON_RESET");
}

static void an_overrun_of_the_fifo_is_told_and_over_with_that(void **state)
{
    (void)state;
    uint8_t bytes[64];
    uint16_t got_bytes = 0;
    irq_set_enabled(UART1_IRQ, false);
    let_the_target_talk(1);
    irq_set_enabled(UART1_IRQ, true);
    assert_int_equal(port->ops->read_some(port, bytes, sizeof(bytes), &got_bytes, 0),
                     ESP_LOADER_ERROR_INVALID_RESPONSE);
    let_the_target_talk(1);
    job_expect_log(port, "POWERON_RESET");
}

static void a_job_goes_on_where_answers_have_holes(void **state)
{
    (void)state;
    job_run_with_holes(port, &under_test._ring.overrun_bytes);
}

static void what_was_lost_before_a_reset_is_forgotten_and_the_banner_is_kept(void **state)
{
    (void)state;
    let_the_target_talk(20);
    assert_true(under_test._ring.overrun_bytes > 0);
    port->ops->enter_bootloader(port);
    job_expect_log(port, "DOWNLOAD_BOOT");
}

static void what_is_flushed_is_gone(void **state)
{
    (void)state;
    uint8_t byte;
    let_the_target_talk(20);
    port->ops->flush(port);
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
}

static void a_read_gives_up_when_its_time_is_over_be_it_that_the_clock_wraps(void **state)
{
    (void)state;
    uint8_t byte;
    wires_unplug(true);
    const uint64_t before_ms = now_ms();
    assert_true(before_ms < UINT64_C(1) << 32);
    assert_int_equal(port->ops->read(port, &byte, 1, 1500), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(now_ms() - before_ms, 1500);
    assert_true(now_ms() > UINT64_C(1) << 32);
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(now_ms() - before_ms, 1500);
}

static void read_some_takes_what_is_there(void **state)
{
    (void)state;
    static uint8_t bytes[4000];
    uint16_t got_bytes = 0;
    assert_int_equal(port->ops->read_some(port, bytes, sizeof(bytes), &got_bytes, 0), ESP_LOADER_ERROR_TIMEOUT);
    let_the_target_talk(1);
    const uint32_t there_bytes = under_test._ring.put - under_test._ring.taken;
    assert_int_equal(port->ops->read_some(port, bytes, 10, &got_bytes, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(got_bytes, 10);
    assert_int_equal(port->ops->read_some(port, bytes, sizeof(bytes), &got_bytes, 0), ESP_LOADER_SUCCESS);
    assert_in_range(got_bytes, there_bytes - 10, there_bytes - 6);
}

/* --- Sending ----------------------------------------------------------------------------------------------- */

static void the_longest_write_goes_out_whole_and_as_fast_as_the_line_is(void **state)
{
    (void)state;
    enum { MOST = 65535 };
    static uint8_t data[MOST], sent[FAKE_PICO_SENT_MAX];
    for (uint32_t at = 0; at < MOST; at++) {
        data[at] = (uint8_t)(at * 7 + (at >> 8));
    }
    fake_pico.sent = sent;
    const uint64_t before_ms = now_ms();
    assert_int_equal(port->ops->write(port, data, MOST, 6000), ESP_LOADER_SUCCESS);
    assert_in_range(now_ms() - before_ms, 5600, 5700); /* 655,350 bits at 115,207 baud */
    assert_int_equal(fake_pico.sent_bytes, MOST);
    assert_memory_equal(sent, data, MOST);
}

static void a_write_that_takes_too_long_is_given_up(void **state)
{
    (void)state;
    static uint8_t data[2000];
    const uint64_t before_ms = now_ms();
    assert_int_equal(port->ops->write(port, data, sizeof(data), 100), ESP_LOADER_ERROR_TIMEOUT);
    assert_in_range(now_ms() - before_ms, 100, 101);
    assert_int_equal(port->ops->write(port, data, 0, 0), ESP_LOADER_SUCCESS);
}

static void a_change_of_rate_lets_out_first_what_was_sent_at_the_old_one(void **state)
{
    (void)state;
    assert_int_equal(port->ops->write(port, (const uint8_t *)"0123456789", 10, 10), ESP_LOADER_SUCCESS);
    assert_true(wires_unsent_bytes() > 0);
    assert_int_equal(port->ops->change_transmission_rate(port, 230400), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_unsent_bytes(), 0);
}

static void a_rate_that_is_off_by_more_than_two_percent_is_refused_and_nothing_changes(void **state)
{
    (void)state;
    assert_int_equal(wires_baud(), 115207); /* 125 MHz / 16 / (67 + 52/64) */
    static const uint32_t too_much[] = {0, 1, 100, 7990000, 12000000, UINT32_MAX};
    for (size_t at = 0; at < sizeof(too_much) / sizeof(too_much[0]); at++) {
        assert_int_equal(port->ops->change_transmission_rate(port, too_much[at]), ESP_LOADER_ERROR_FAIL);
        assert_int_equal(wires_baud(), 115207);
    }
    assert_int_equal(port->ops->change_transmission_rate(port, 7800000), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_baud(), 7812500);
    assert_int_equal(port->ops->change_transmission_rate(port, 12000000), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(wires_baud(), 7812500);
}

/* --- Time -------------------------------------------------------------------------------------------------- */

static void the_timer_counts_down_to_zero_and_a_delay_is_as_long_as_asked_for(void **state)
{
    (void)state;
    port->ops->start_timer(port, 1200);
    const uint64_t before_ns = wires_now_ns();
    port->ops->delay_ms(port, 1100); /* over the end of 32 bits */
    assert_in_range(wires_now_ns() - before_ns, 1100 * WIRES_MS, 1101 * WIRES_MS);
    assert_int_equal(port->ops->remaining_time(port), 100);
    port->ops->delay_ms(port, 200);
    assert_int_equal(port->ops->remaining_time(port), 0);
}

int main(void)
{
#define ON_A_PORT(test) cmocka_unit_test_setup_teardown(test, open_port, job_tear_down)
#define BEFORE_ONE(test) cmocka_unit_test_setup_teardown(test, power_on, job_tear_down)
    const struct CMUnitTest tests[] = {
        BEFORE_ONE(a_blank_target_is_written_proved_and_started_and_then_skipped),
        BEFORE_ONE(every_promise_of_a_port_is_kept),
        BEFORE_ONE(a_job_goes_on_where_answers_have_holes),
        BEFORE_ONE(the_job_is_done_at_the_rates_of_a_slow_clock),
        BEFORE_ONE(a_rate_that_the_clock_does_not_give_is_refused_and_the_conversation_goes_on),
        BEFORE_ONE(opening_it_does_not_reset_the_target),
        BEFORE_ONE(a_target_in_reset_sends_no_break),
        BEFORE_ONE(without_a_clock_nothing_is_taken),
        BEFORE_ONE(a_uart_that_runs_already_is_left_as_it_is),
        ON_A_PORT(what_comes_while_the_program_is_busy_waits_in_the_ring),
        ON_A_PORT(an_overrun_of_the_ring_is_told_and_over_with_that),
        ON_A_PORT(an_overrun_of_the_fifo_is_told_and_over_with_that),
        ON_A_PORT(what_was_lost_before_a_reset_is_forgotten_and_the_banner_is_kept),
        ON_A_PORT(what_is_flushed_is_gone),
        ON_A_PORT(a_read_gives_up_when_its_time_is_over_be_it_that_the_clock_wraps),
        ON_A_PORT(read_some_takes_what_is_there),
        ON_A_PORT(the_longest_write_goes_out_whole_and_as_fast_as_the_line_is),
        ON_A_PORT(a_write_that_takes_too_long_is_given_up),
        ON_A_PORT(a_change_of_rate_lets_out_first_what_was_sent_at_the_old_one),
        ON_A_PORT(a_rate_that_is_off_by_more_than_two_percent_is_refused_and_nothing_changes),
        ON_A_PORT(the_timer_counts_down_to_zero_and_a_delay_is_as_long_as_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
