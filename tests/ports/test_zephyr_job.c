/* SPDX-License-Identifier: Apache-2.0 */
/* The Zephyr port does whole jobs on a UART and pins that are wires to a virtual chip, and says what goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fake_zephyr.h"
#include "job.h"
#include "wires.h"
#include "zephyr_port.h"

static esp_loader_port_t *port;

static int set_up(void **state)
{
    if (job_set_up(state) != 0) {
        return -1;
    }
    fake_zephyr_reset();
    port = zephyr_port_from_device(&fake_loader_device);
    return 0;
}

static void expect_text(const char *text)
{
    if (strstr(fake_zephyr.text, text) == NULL) {
        fail_msg("not \"%s\" but \"%s\"", text, fake_zephyr.text);
    }
    fake_zephyr.text[0] = '\0';
}

static esp_loader_error_t open_port(void)
{
    return port->ops->init(port);
}

/* --- Jobs -------------------------------------------------------------------------------------------------- */

static void a_blank_target_is_written_proved_and_started_and_then_skipped(void **state)
{
    (void)state;
    job_run(port, 460800);
    assert_string_equal(fake_zephyr.text, "");
}

static void a_job_goes_on_where_answers_have_holes(void **state)
{
    (void)state;
    job_run_with_holes(port, &container_of(port, zephyr_port_t, port)->_ring.overrun_bytes);
    expect_text("W reflash: 1 received bytes were lost");
}

static void every_promise_of_a_port_is_kept(void **state)
{
    (void)state;
    job_check_promises(port);
}

static void a_program_for_devices_finds_its_loader_open(void **state)
{
    (void)state;
    assert_int_equal(fake_loader_device_init(&fake_loader_device), 0);
    esp_loader_t *loader = esp_loader_from_device(&fake_loader_device);
    esp_loader_connect_args_t args = *esp_loader_connect_args_from_device(&fake_loader_device);
    const esp_loader_config_t *config = esp_loader_config_from_device(&fake_loader_device);
    assert_int_equal(args.sync_timeout, 100);
    assert_int_equal(args.trials, 10);
    assert_int_equal(config->baud_rate, 115200);
    assert_int_equal(esp_loader_connect(loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(loader), ESP32_CHIP);
    assert_int_equal(esp_loader_change_transmission_rate(loader, config->baud_rate_high), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_baud(), 460800);
    esp_loader_reset_target(loader);
    assert_int_equal(esp_loader_host_baudrate(loader, config->baud_rate), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_baud(), 115200);
    assert_int_equal(esp_loader_connect(loader, &args), ESP_LOADER_SUCCESS);
    esp_loader_deinit(loader);
    assert_int_equal(esp_loader_init_serial(loader, port), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_connect(loader, &args), ESP_LOADER_SUCCESS);
    esp_loader_deinit(loader);
}

/* --- What goes wrong --------------------------------------------------------------------------------------- */

static void what_nobody_reads_is_lost_and_told_and_the_target_can_be_connected_to(void **state)
{
    (void)state;
    esp_loader_t *loader = esp_loader_from_device(&fake_loader_device);
    esp_loader_connect_args_t args = *esp_loader_connect_args_from_device(&fake_loader_device);
    assert_int_equal(fake_loader_device_init(&fake_loader_device), 0);
    (void)job_bench();
    for (unsigned at = 0; at < CONFIG_ESP_SERIAL_FLASHER_UART_BUFSIZE + 76; at++) {
        wires_far_send((uint8_t)at, 0, 115200);
    }
    wires_pass_ns(500 * WIRES_MS);
    uint8_t byte = 0xFF;
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_text("W reflash: 76 received bytes were lost");
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT); /* what was left is gone as well */
    assert_string_equal(fake_zephyr.text, "");
    wires_set_far_end(NULL);
    assert_int_equal(esp_loader_connect(loader, &args), ESP_LOADER_SUCCESS);
    esp_loader_deinit(loader);
}

static void an_overrun_of_the_hardware_is_told(void **state)
{
    (void)state;
    assert_int_equal(open_port(), ESP_LOADER_SUCCESS);
    (void)job_bench();
    fake_zephyr.receives_late = true;
    for (unsigned at = 0; at < FAKE_FIFO_BYTES + 1; at++) {
        wires_far_send((uint8_t)at, 0, 115200);
    }
    wires_pass_ns(10 * WIRES_MS);
    fake_zephyr_receive_now();
    uint8_t bytes[FAKE_FIFO_BYTES];
    assert_int_equal(port->ops->read(port, bytes, sizeof(bytes), 0), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_text("W reflash: 1 received bytes were lost");
    port->ops->deinit(port);
}

static void a_transmitter_that_hangs_is_a_timeout_and_the_rest_is_not_sent_later(void **state)
{
    (void)state;
    static const uint8_t data[40];
    assert_int_equal(open_port(), ESP_LOADER_SUCCESS);
    const port_check_bench_t bench = job_bench();
    fake_zephyr.hangs = true;
    const uint64_t start_ns = wires_now_ns();
    assert_int_equal(port->ops->write(port, data, sizeof(data), 30), ESP_LOADER_ERROR_TIMEOUT);
    assert_in_range(wires_now_ns() - start_ns, 30 * WIRES_MS, 31 * WIRES_MS);
    fake_zephyr.hangs = false;
    wires_far_send('r', 0, 115200); /* comes with an interrupt */
    wires_pass_ns(WIRES_MS);
    assert_int_equal(port->ops->write(port, (const uint8_t *)"x", 1, 30), ESP_LOADER_SUCCESS);
    uint8_t arrived[40];
    assert_int_equal(bench.receive(bench.context, arrived, sizeof(arrived)), 1);
    assert_int_equal(arrived[0], 'x');
    port->ops->deinit(port);
}

static void a_change_of_rate_waits_until_all_was_sent(void **state)
{
    (void)state;
    assert_int_equal(open_port(), ESP_LOADER_SUCCESS);
    const port_check_bench_t bench = job_bench();
    uint8_t arrived[FAKE_FIFO_BYTES];
    assert_int_equal(port->ops->write(port, (const uint8_t *)"all at one rate", FAKE_FIFO_BYTES, 100),
                     ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->change_transmission_rate(port, 921600), ESP_LOADER_SUCCESS);
    assert_int_equal(bench.receive(bench.context, arrived, sizeof(arrived)), FAKE_FIFO_BYTES);
    assert_string_equal((const char *)arrived, "all at one rate");
    port->ops->deinit(port);
}

static void a_rate_that_the_uart_does_not_know_is_refused(void **state)
{
    (void)state;
    assert_int_equal(open_port(), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->change_transmission_rate(port, 3000000), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(wires_baud(), 115200);
    assert_int_equal(esp_loader_host_baudrate(NULL, 115200), ESP_LOADER_ERROR_INVALID_PARAM);
    port->ops->deinit(port);
}

static void a_uart_with_one_rate_is_used_at_that(void **state)
{
    (void)state;
    fake_zephyr.cannot_be_set = true;
    assert_int_equal(open_port(), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->change_transmission_rate(port, 230400), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(job_round(port, 0), 3);
}

static void what_keeps_it_from_opening_is_told(void **state)
{
    (void)state;
    fake_gpio.is_ready = false;
    assert_int_equal(fake_loader_device_init(&fake_loader_device), -5);
    expect_text("E reflash: boot pin: -19");
    fake_gpio.is_ready = true;
    fake_zephyr.pins_are_refused = true;
    assert_int_equal(open_port(), ESP_LOADER_ERROR_FAIL);
    expect_text("E reflash: boot pin: -95");
    fake_zephyr.pins_are_refused = false;
    fake_uart.is_ready = false;
    assert_int_equal(open_port(), ESP_LOADER_ERROR_FAIL);
    expect_text("E reflash: UART: -19");
    fake_uart.is_ready = true;
    fake_zephyr.has_no_interrupt = true;
    assert_int_equal(open_port(), ESP_LOADER_ERROR_FAIL);
    expect_text("E reflash: interrupt of the UART: -95");
    fake_zephyr.has_no_interrupt = false;
    fake_zephyr.highest_baud = 9600;
    assert_int_equal(open_port(), ESP_LOADER_ERROR_FAIL);
    expect_text("E reflash: rate of the UART: 1");
}

static void closing_it_gives_back_the_interrupt_and_both_pins(void **state)
{
    (void)state;
    assert_int_equal(open_port(), ESP_LOADER_SUCCESS);
    assert_true(fake_zephyr.boot_is_open && fake_zephyr.reset_is_open);
    port->ops->deinit(port);
    assert_false(fake_zephyr.boot_is_open || fake_zephyr.reset_is_open);
    (void)job_bench();
    wires_far_send('x', 0, 115200);
    wires_pass_ns(WIRES_MS); /* an interrupt would be an error now */
    uint8_t byte;
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
}

/* --- The log ----------------------------------------------------------------------------------------------- */

static void log_one(esp_loader_log_level_t level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    port->ops->log(port, level, fmt, args);
    va_end(args);
}

static void messages_and_traffic_are_lines_of_the_console(void **state)
{
    (void)state;
    log_one(ESP_LOADER_LOG_LEVEL_WARN, "%d of %s", 3, "them");
    assert_string_equal(fake_zephyr.text, "W reflash: 3 of them\n");
    fake_zephyr.text[0] = '\0';
    port->ops->log_hex(port, ESP_LOADER_LOG_LEVEL_DEBUG, "sent", (const uint8_t[]){0xC0, 0x08}, 2);
    assert_string_equal(fake_zephyr.text, "D reflash: sent c0 08\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, job_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_blank_target_is_written_proved_and_started_and_then_skipped),
        TEST(every_promise_of_a_port_is_kept),
        TEST(a_job_goes_on_where_answers_have_holes),
        TEST(a_program_for_devices_finds_its_loader_open),
        TEST(what_nobody_reads_is_lost_and_told_and_the_target_can_be_connected_to),
        TEST(an_overrun_of_the_hardware_is_told),
        TEST(a_transmitter_that_hangs_is_a_timeout_and_the_rest_is_not_sent_later),
        TEST(a_change_of_rate_waits_until_all_was_sent),
        TEST(a_rate_that_the_uart_does_not_know_is_refused),
        TEST(a_uart_with_one_rate_is_used_at_that),
        TEST(what_keeps_it_from_opening_is_told),
        TEST(closing_it_gives_back_the_interrupt_and_both_pins),
        TEST(messages_and_traffic_are_lines_of_the_console),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
