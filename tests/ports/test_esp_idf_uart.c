/* SPDX-License-Identifier: Apache-2.0 */
/* The UART port of an ESP-IDF host, on a fake of the drivers at the wires of a virtual chip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "esp32_port.h"
#include "fake_host.h"
#include "fake_uart.h"
#include "job.h"
#include "wires.h"

enum { BOOT_PIN = GPIO_NUM_26, RESET_PIN = GPIO_NUM_25, TX_PIN = GPIO_NUM_4, RX_PIN = GPIO_NUM_5 };

/* Programs may initialize by position. */
#define FOLLOWS(first, second)                                                                                         \
    _Static_assert(offsetof(esp32_port_t, first) < offsetof(esp32_port_t, second), "out of order")
FOLLOWS(port, baud_rate);
FOLLOWS(baud_rate, uart_port);
FOLLOWS(uart_port, uart_rx_pin);
FOLLOWS(uart_rx_pin, uart_tx_pin);
FOLLOWS(uart_tx_pin, reset_pin);
FOLLOWS(reset_pin, boot_pin);
FOLLOWS(boot_pin, rx_buffer_size);
FOLLOWS(rx_buffer_size, tx_buffer_size);
FOLLOWS(tx_buffer_size, queue_size);
FOLLOWS(queue_size, uart_queue);
FOLLOWS(uart_queue, dont_initialize_peripheral);

static unsigned resets;

static void pin_moved(int pin, bool level)
{
    if (pin == BOOT_PIN) {
        wires_set_boot(!level);
    } else if (pin == RESET_PIN) {
        resets += level ? 0 : 1;
        wires_set_reset(!level);
    }
}

static const fake_board_t board = {.now_ns = wires_now_ns, .pass_ns = wires_pass_ns, .pin_moved = pin_moved};
static esp32_port_t under_test;
static esp_loader_port_t *const port = &under_test.port;

static int set_up(void **state)
{
    if (job_set_up(state) != 0) {
        return -1;
    }
    resets = 0;
    fake_host_start(&board);
    fake_uart_start();
    under_test = (esp32_port_t){.port.ops = &esp32_uart_ops,
                                .baud_rate = 115200,
                                .uart_port = UART_NUM_1,
                                .uart_rx_pin = RX_PIN,
                                .uart_tx_pin = TX_PIN,
                                .reset_pin = RESET_PIN,
                                .boot_pin = BOOT_PIN};
    return 0;
}

static void open_port(void)
{
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
}

static void start_loader(void)
{
    static const char greeting[] = "waiting for download\r\n";
    open_port();
    port->ops->enter_bootloader(port);
    job_expect_log(port, greeting);
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static void a_blank_target_is_written_proved_and_started_and_then_skipped(void **state)
{
    (void)state;
    job_run(port, 460800);
    assert_int_equal(fake_uart()->overrun_bytes, 0);
    assert_int_equal(fake_held(), 0);
}

static void a_buffer_for_sending_changes_nothing(void **state)
{
    (void)state;
    under_test.tx_buffer_size = 4096;
    job_run(port, 921600);
}

/* --- Its promises ------------------------------------------------------------------------------------------ */

static void fail_if_broken(void *context, const port_check_result_t *result)
{
    (void)context;
    if (result->outcome == PORT_CHECK_BROKEN) {
        fail_msg("%s: broken: %s: %u, not %u", result->promise, result->found, (unsigned)result->got,
                 (unsigned)result->want);
    }
}

static const char *logged(void *context)
{
    (void)context;
    return fake_log();
}

/* Two ticks, which are 10 ms each, and little more. */
static void every_promise_of_a_port_is_kept(void **state)
{
    (void)state;
    port_check_bench_t bench = job_bench();
    bench.slack_ms = 22;
    bench.logged = logged;
    assert_int_equal(port_check_promises(port, &bench, fail_if_broken, NULL), 0);
    wires_set_far_end(NULL);
    assert_int_equal(port_check_target(port, NULL, 460800, 0, fail_if_broken, NULL), 0);
    assert_int_equal(fake_held(), 0);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static void opening_it_takes_the_driver_with_what_was_asked_for(void **state)
{
    (void)state;
    QueueHandle_t queue = NULL;
    under_test.rx_buffer_size = 300;
    under_test.tx_buffer_size = 200;
    under_test.queue_size = 7;
    under_test.uart_queue = &queue;
    under_test.baud_rate = 57600;
    open_port();
    assert_int_equal(fake_uart()->rx_bytes, 300);
    assert_int_equal(fake_uart()->tx_bytes, 200);
    assert_int_equal(fake_uart()->queue_size, 7);
    assert_non_null(queue);
    assert_int_equal(fake_uart()->tx_pin, TX_PIN);
    assert_int_equal(fake_uart()->rx_pin, RX_PIN);
    assert_int_equal(wires_baud(), 57600);
    port->ops->deinit(port);
    assert_int_equal(fake_held(), 0);
    under_test.queue_size = 0;
    open_port();
    port->ops->deinit(port);
}

static void opening_it_does_not_reset_the_target(void **state)
{
    (void)state;
    open_port();
    assert_int_equal(resets, 0);
    assert_true(fake_pin_level(BOOT_PIN) && fake_pin_level(RESET_PIN));
    port->ops->deinit(port);
    assert_true(fake_pin_level(BOOT_PIN) && fake_pin_level(RESET_PIN));
}

static void whatever_fails_while_it_is_opened_leaves_nothing_taken(void **state)
{
    (void)state;
    fake_fail_call(0);
    open_port();
    const unsigned calls = fake_calls();
    port->ops->deinit(port);
    assert_true(calls >= 5);
    for (unsigned call = 1; call <= calls; call++) {
        fake_fail_call(call);
        assert_int_equal(port->ops->init(port), ESP_LOADER_ERROR_FAIL);
        assert_int_equal(fake_held(), 0);
    }
}

static void a_driver_of_the_program_is_used_and_kept(void **state)
{
    (void)state;
    assert_int_equal(uart_driver_install(UART_NUM_1, 512, 0, 0, NULL, 0), ESP_OK);
    assert_int_equal(port->ops->init(port), ESP_LOADER_ERROR_FAIL); /* it is taken */
    assert_int_equal(fake_held(), 1);
    under_test.dont_initialize_peripheral = true;
    start_loader();
    assert_int_equal(fake_uart()->rx_bytes, 512);
    port->ops->deinit(port);
    assert_int_equal(fake_held(), 1);
}

static void lines_that_are_not_wired_are_left_alone(void **state)
{
    (void)state;
    under_test.boot_pin = GPIO_NUM_NC;
    under_test.reset_pin = GPIO_NUM_NC;
    open_port();
    port->ops->enter_bootloader(port);
    port->ops->reset_target(port);
    assert_int_equal(resets, 0);
    port->ops->deinit(port);
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

static void a_read_waits_as_long_as_it_says_and_no_longer_than_two_ticks_more(void **state)
{
    (void)state;
    uint8_t byte;
    start_loader(); /* and it is silent */
    static const uint32_t timeouts_ms[] = {1, 9, 10, 11, 95, 1000};
    for (size_t at = 0; at < sizeof(timeouts_ms) / sizeof(timeouts_ms[0]); at++) {
        wires_pass_ns(3700 * WIRES_US);
        const uint64_t start_ns = wires_now_ns();
        assert_int_equal(port->ops->read(port, &byte, 1, timeouts_ms[at]), ESP_LOADER_ERROR_TIMEOUT);
        const uint64_t took_ns = wires_now_ns() - start_ns;
        assert_true(took_ns >= timeouts_ms[at] * WIRES_MS);
        assert_true(took_ns <= (timeouts_ms[at] + 21) * WIRES_MS);
    }
    const uint64_t start_ns = wires_now_ns();
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    assert_true(wires_now_ns() == start_ns);
    port->ops->deinit(port);
}

static void what_has_come_is_read_at_once_up_to_the_size_of_the_buffer(void **state)
{
    (void)state;
    uint8_t bytes[16];
    uint16_t got_bytes = 0;
    open_port();
    port->ops->enter_bootloader(port); /* and it prints its banner */
    wires_pass_ns(500 * WIRES_MS);
    assert_int_equal(port->ops->read_some(port, bytes, 1, &got_bytes, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(got_bytes, 1);
    assert_int_equal(port->ops->read_some(port, bytes, sizeof(bytes), &got_bytes, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(got_bytes, sizeof(bytes));
    port->ops->flush(port);
    assert_int_equal(port->ops->read_some(port, bytes, sizeof(bytes), &got_bytes, 0), ESP_LOADER_ERROR_TIMEOUT);
    port->ops->deinit(port);
}

static void what_the_driver_refuses_is_an_error(void **state)
{
    (void)state;
    uint8_t bytes[8] = {0};
    uint16_t got_bytes;
    start_loader();
    fake_fail_call(1);
    assert_int_equal(port->ops->write(port, bytes, sizeof(bytes), 100), ESP_LOADER_ERROR_FAIL);
    fake_fail_call(1);
    assert_int_equal(port->ops->read(port, bytes, sizeof(bytes), 100), ESP_LOADER_ERROR_FAIL);
    fake_fail_call(1);
    assert_int_equal(port->ops->change_transmission_rate(port, 230400), ESP_LOADER_ERROR_FAIL);
    fake_fail_call(2);
    assert_int_equal(port->ops->change_transmission_rate(port, 230400), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(wires_baud(), 115200);
    assert_int_equal(port->ops->change_transmission_rate(port, 50000000), ESP_LOADER_ERROR_FAIL);
    for (unsigned call = 1; call <= 3; call++) { /* a byte, how many more, and those */
        port->ops->enter_bootloader(port);
        wires_pass_ns(500 * WIRES_MS);
        fake_fail_call(call);
        assert_int_equal(port->ops->read_some(port, bytes, sizeof(bytes), &got_bytes, 100), ESP_LOADER_ERROR_FAIL);
    }
    port->ops->deinit(port);
}

/* From the n-th call on, for most n, until the conversation has fewer. */
static void a_conversation_ends_with_an_error_whichever_call_of_the_driver_fails(void **state)
{
    (void)state;
    enum { CALLS_MAX = 5000 };
    unsigned failed = 0;
    for (unsigned call = 1; call < CALLS_MAX; call += 1 + call / 32) {
        esp_loader_t loader;
        esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
        uint32_t value = 0;
        assert_int_equal(esp_loader_init_serial(&loader, port), ESP_LOADER_SUCCESS);
        fake_fail_from(call);
        esp_loader_error_t err = esp_loader_connect(&loader, &args);
        if (err == ESP_LOADER_SUCCESS) {
            err = esp_loader_change_transmission_rate(&loader, 230400);
        }
        if (err == ESP_LOADER_SUCCESS) {
            err = esp_loader_read_register(&loader, 0x40001000, &value);
        }
        const reflash_cause_t cause = reflash_last_fault(&loader).cause;
        const bool was_called = fake_calls() >= call;
        fake_fail_call(0);
        esp_loader_deinit(&loader);
        if (!was_called) {
            assert_int_equal(err, ESP_LOADER_SUCCESS);
            break;
        }
        failed++;
        assert_int_equal(err, ESP_LOADER_ERROR_FAIL);
        assert_int_equal(cause, REFLASH_CAUSE_PORT);
    }
    assert_in_range(failed, 50, CALLS_MAX);
}

static void the_last_bytes_leave_at_the_old_rate(void **state)
{
    (void)state;
    static const uint8_t bytes[100] = {0};
    under_test.tx_buffer_size = 512;
    open_port();
    const uint64_t start_ns = wires_now_ns();
    assert_int_equal(port->ops->write(port, bytes, sizeof(bytes), 1), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_unsent_bytes(), sizeof(bytes));
    assert_int_equal(port->ops->change_transmission_rate(port, 921600), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_unsent_bytes(), 0);
    assert_true(wires_now_ns() - start_ns >= sizeof(bytes) * UINT64_C(86805));
    port->ops->deinit(port);
}

static void what_does_not_fit_into_the_buffer_is_lost_and_asked_for_again(void **state)
{
    (void)state;
    under_test.rx_buffer_size = 129;
    start_loader();
    for (unsigned times = 0; times < 2; times++) {
        port->ops->reset_target(port);
        wires_pass_ns(500 * WIRES_MS);
    }
    assert_true(fake_uart()->overrun_bytes > 0);
    port->ops->deinit(port);
    job_run(port, 0);
}

/* --- Lines and time ---------------------------------------------------------------------------------------- */

static void what_the_target_said_before_its_reset_is_forgotten_and_its_banner_is_not(void **state)
{
    (void)state;
    open_port();
    port->ops->reset_target(port);
    wires_pass_ns(2000 * WIRES_MS); /* it complains about its blank flash */
    port->ops->enter_bootloader(port);
    char heard[8] = "";
    assert_int_equal(port->ops->read(port, (uint8_t *)heard, 5, 1000), ESP_LOADER_SUCCESS);
    assert_string_equal(heard, "ets J");
    port->ops->deinit(port);
}

static void the_countdown_does_not_show_that_the_clock_wraps(void **state)
{
    (void)state;
    open_port();
    assert_true((uint32_t)(wires_now_ns() / WIRES_MS) > UINT32_MAX - 2000);
    port->ops->start_timer(port, 3000);
    assert_int_equal(port->ops->remaining_time(port), 3000);
    port->ops->delay_ms(port, 2000);
    assert_true((uint32_t)(wires_now_ns() / WIRES_MS) < 2000);
    assert_in_range(port->ops->remaining_time(port), 970, 1000);
    port->ops->delay_ms(port, 1000);
    assert_int_equal(port->ops->remaining_time(port), 0);
    port->ops->deinit(port);
}

static void a_delay_lasts_at_least_as_long_as_asked(void **state)
{
    (void)state;
    open_port();
    for (uint32_t ms = 0; ms < 35; ms++) {
        const uint64_t start_ns = wires_now_ns();
        port->ops->delay_ms(port, ms);
        const uint64_t took_ns = wires_now_ns() - start_ns;
        assert_true(took_ns >= ms * WIRES_MS && took_ns <= (ms + 20) * WIRES_MS);
        wires_pass_ns(1234 * WIRES_US);
    }
    port->ops->deinit(port);
}

/* --- The log ----------------------------------------------------------------------------------------------- */

static void say(esp_loader_log_level_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(esp_loader_log_level_t level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    port->ops->log(port, level, format, args);
    va_end(args);
}

static void messages_go_to_the_log_of_the_system_at_their_level(void **state)
{
    (void)state;
    say(ESP_LOADER_LOG_LEVEL_ERROR, "error %d", 7);
    assert_string_equal(fake_log(), "1 serial_flasher: error 7");
    say(ESP_LOADER_LOG_LEVEL_INFO, "done");
    assert_string_equal(fake_log(), "3 serial_flasher: done");
    port->ops->log_hex(port, ESP_LOADER_LOG_LEVEL_DEBUG, "sent", (const uint8_t[]){0xC0, 0}, 2);
    assert_string_equal(fake_log(), "4 serial_flasher: 2 bytes, the first: c0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, job_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_blank_target_is_written_proved_and_started_and_then_skipped),
        TEST(a_buffer_for_sending_changes_nothing),
        TEST(every_promise_of_a_port_is_kept),
        TEST(opening_it_takes_the_driver_with_what_was_asked_for),
        TEST(opening_it_does_not_reset_the_target),
        TEST(whatever_fails_while_it_is_opened_leaves_nothing_taken),
        TEST(a_driver_of_the_program_is_used_and_kept),
        TEST(lines_that_are_not_wired_are_left_alone),
        TEST(a_read_waits_as_long_as_it_says_and_no_longer_than_two_ticks_more),
        TEST(what_has_come_is_read_at_once_up_to_the_size_of_the_buffer),
        TEST(what_the_driver_refuses_is_an_error),
        TEST(a_conversation_ends_with_an_error_whichever_call_of_the_driver_fails),
        TEST(the_last_bytes_leave_at_the_old_rate),
        TEST(what_does_not_fit_into_the_buffer_is_lost_and_asked_for_again),
        TEST(what_the_target_said_before_its_reset_is_forgotten_and_its_banner_is_not),
        TEST(the_countdown_does_not_show_that_the_clock_wraps),
        TEST(a_delay_lasts_at_least_as_long_as_asked),
        TEST(messages_go_to_the_log_of_the_system_at_their_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
