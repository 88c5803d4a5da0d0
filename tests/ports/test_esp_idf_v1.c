/* SPDX-License-Identifier: Apache-2.0 */
/* The UART port of an ESP-IDF host as generation 1.8 has it, on a fake of the drivers at the wires of a virtual chip. */
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
#include "reflash_v1.h"
#include "wires.h"

enum { BOOT_PIN = GPIO_NUM_26, RESET_PIN = GPIO_NUM_25, TX_PIN = GPIO_NUM_4, RX_PIN = GPIO_NUM_5 };

/* Programs may initialize by position. */
#define FOLLOWS(first, second)                                                                                         \
    _Static_assert(offsetof(loader_esp32_config_t, first) < offsetof(loader_esp32_config_t, second), "out of order")
FOLLOWS(baud_rate, uart_port);
FOLLOWS(uart_port, uart_rx_pin);
FOLLOWS(uart_rx_pin, uart_tx_pin);
FOLLOWS(uart_tx_pin, reset_trigger_pin);
FOLLOWS(reset_trigger_pin, gpio0_trigger_pin);
FOLLOWS(gpio0_trigger_pin, rx_buffer_size);
FOLLOWS(rx_buffer_size, tx_buffer_size);
FOLLOWS(tx_buffer_size, queue_size);
FOLLOWS(queue_size, uart_queue);
FOLLOWS(uart_queue, dont_initialize_peripheral);

static const loader_esp32_config_t wired = {
    .baud_rate = 115200,
    .uart_port = UART_NUM_1,
    .uart_rx_pin = RX_PIN,
    .uart_tx_pin = TX_PIN,
    .reset_trigger_pin = RESET_PIN,
    .gpio0_trigger_pin = BOOT_PIN,
};

static unsigned resets, moves;

static void pin_moved(int pin, bool level)
{
    moves++;
    if (pin == BOOT_PIN) {
        wires_set_boot(!level);
    } else if (pin == RESET_PIN) {
        resets += level ? 0 : 1;
        wires_set_reset(!level);
    }
}

static const fake_board_t board = {.now_ns = wires_now_ns, .pass_ns = wires_pass_ns, .pin_moved = pin_moved};

static int set_up(void **state)
{
    if (job_set_up(state) != 0) {
        return -1;
    }
    resets = 0;
    moves = 0;
    fake_host_start(&board);
    fake_uart_start();
    return 0;
}

static void open_port(const loader_esp32_config_t *config)
{
    assert_int_equal(loader_port_esp32_init(config), ESP_LOADER_SUCCESS);
}

/* What fails to open is as what was never opened: the next test begins there. */
static int tear_down(void **state)
{
    const loader_esp32_config_t refused = {.uart_port = UART_NUM_MAX};
    assert_int_equal(loader_port_esp32_init(&refused), ESP_LOADER_ERROR_FAIL);
    return job_tear_down(state);
}

static void connect_to_target(void)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    assert_int_equal(reflash_v1_connect(&args), ESP_LOADER_SUCCESS);
}

static void expect_no_bytes(void)
{
    uint8_t byte = 0;
    assert_int_equal(loader_port_write(&byte, 1, 100), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(loader_port_read(&byte, 1, 100), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(loader_port_change_transmission_rate(230400), ESP_LOADER_ERROR_FAIL);
}

/* --- Before it is open ------------------------------------------------------------------------------------- */

static void a_port_that_was_never_opened_moves_nothing_and_says_so(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    assert_int_equal(reflash_v1_connect(&args), ESP_LOADER_ERROR_FAIL);
    loader_port_reset_target();
    loader_port_enter_bootloader();
    loader_port_esp32_deinit();
    expect_no_bytes();
    assert_int_equal(moves, 0);
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static void a_target_is_written_and_proved_at_another_rate(void **state)
{
    enum { FLASH_ADDR = 0x10000, BYTES = 5000, BLOCK_BYTES = 1024 };
    static uint8_t image[BYTES], block[BLOCK_BYTES];
    (void)state;
    for (unsigned at = 0; at < BYTES; at++) {
        image[at] = (uint8_t)(at * 31 >> 3);
    }
    open_port(&wired);
    connect_to_target();
    assert_int_equal(reflash_v1_get_target(), ESP32_CHIP);
    assert_int_equal(reflash_v1_change_transmission_rate(230400), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_baud(), 230400);
    assert_int_equal(reflash_v1_flash_start(FLASH_ADDR, BYTES, BLOCK_BYTES), ESP_LOADER_SUCCESS);
    for (uint32_t at = 0; at < BYTES; at += BLOCK_BYTES) {
        const uint32_t bytes = BYTES - at < BLOCK_BYTES ? BYTES - at : BLOCK_BYTES;
        memcpy(block, image + at, bytes);
        assert_int_equal(reflash_v1_flash_write(block, bytes), ESP_LOADER_SUCCESS);
    }
    assert_int_equal(reflash_v1_flash_verify(), ESP_LOADER_SUCCESS);
    assert_memory_equal(job_flash() + FLASH_ADDR, image, BYTES);
    assert_int_equal(fake_uart()->overrun_bytes, 0);
    const unsigned resets_before = resets;
    reflash_v1_reset_target();
    assert_int_equal(resets, resets_before + 1);
}

/* --- Opening and closing ----------------------------------------------------------------------------------- */

static void opening_it_takes_the_driver_with_what_was_asked_for(void **state)
{
    (void)state;
    QueueHandle_t queue = NULL;
    loader_esp32_config_t config = wired;
    config.baud_rate = 57600;
    config.rx_buffer_size = 300;
    config.tx_buffer_size = 200;
    config.queue_size = 7;
    config.uart_queue = &queue;
    open_port(&config);
    assert_int_equal(fake_uart()->rx_bytes, 300);
    assert_int_equal(fake_uart()->tx_bytes, 200);
    assert_int_equal(fake_uart()->queue_size, 7);
    assert_non_null(queue);
    assert_int_equal(fake_uart()->tx_pin, TX_PIN);
    assert_int_equal(fake_uart()->rx_pin, RX_PIN);
    assert_int_equal(wires_baud(), 57600);
    assert_int_equal(resets, 0);
}

static void opening_it_again_closes_it_first(void **state)
{
    (void)state;
    loader_esp32_config_t config = wired;
    open_port(&config);
    config.rx_buffer_size = 2048;
    open_port(&config);
    assert_int_equal(fake_held(), 1);
    assert_int_equal(fake_uart()->rx_bytes, 2048);
    connect_to_target();
}

static void what_fails_while_it_is_opened_leaves_no_port(void **state)
{
    (void)state;
    loader_esp32_config_t config = wired;
    config.baud_rate = 0;
    open_port(&wired);
    assert_int_equal(loader_port_esp32_init(&config), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(fake_held(), 0);
    assert_int_equal(uart_driver_install(UART_NUM_1, 512, 0, 0, NULL, 0), ESP_OK); /* the program's own */
    moves = 0;
    loader_port_reset_target();
    expect_no_bytes();
    assert_int_equal(moves, 0);
    assert_int_equal(uart_driver_delete(UART_NUM_1), ESP_OK);
}

static void no_configuration_is_refused_and_what_is_open_stays_open(void **state)
{
    (void)state;
    open_port(&wired);
    assert_int_equal(loader_port_esp32_init(NULL), ESP_LOADER_ERROR_INVALID_PARAM);
    connect_to_target();
}

static void a_closed_port_holds_nothing_and_still_resets_the_target(void **state)
{
    (void)state;
    open_port(&wired);
    loader_port_esp32_deinit();
    assert_int_equal(fake_held(), 0);
    loader_port_esp32_deinit();
    expect_no_bytes();
    loader_port_reset_target();
    assert_int_equal(resets, 1);
    assert_true(fake_pin_level(BOOT_PIN) && fake_pin_level(RESET_PIN));
}

static void a_driver_of_the_program_is_used_and_kept(void **state)
{
    (void)state;
    loader_esp32_config_t config = wired;
    config.dont_initialize_peripheral = true;
    assert_int_equal(uart_driver_install(UART_NUM_1, 512, 0, 0, NULL, 0), ESP_OK);
    open_port(&config);
    connect_to_target();
    assert_int_equal(fake_uart()->rx_bytes, 512);
    loader_port_esp32_deinit();
    assert_int_equal(fake_held(), 1);
    expect_no_bytes();
    assert_int_equal(uart_driver_delete(UART_NUM_1), ESP_OK);
}

static void lines_that_are_not_wired_are_left_alone(void **state)
{
    (void)state;
    loader_esp32_config_t config = wired;
    config.reset_trigger_pin = (uint32_t)GPIO_NUM_NC;
    config.gpio0_trigger_pin = (uint32_t)GPIO_NUM_NC;
    open_port(&config);
    loader_port_enter_bootloader();
    loader_port_reset_target();
    assert_int_equal(moves, 0);
}

/* --- Time and the log -------------------------------------------------------------------------------------- */

static void time_passes_as_it_is_asked_to(void **state)
{
    (void)state;
    loader_port_start_timer(300);
    assert_int_equal(loader_port_remaining_time(), 300);
    const uint64_t start_ns = wires_now_ns();
    loader_port_delay_ms(200);
    assert_true(wires_now_ns() - start_ns >= 200 * WIRES_MS);
    assert_in_range(loader_port_remaining_time(), 70, 100);
    loader_port_delay_ms(200);
    assert_int_equal(loader_port_remaining_time(), 0);
}

static void a_line_of_the_log_is_told_as_it_is(void **state)
{
    (void)state;
    loader_port_debug_print("100 %s");
    assert_string_equal(fake_log(), "3 serial_flasher: 100 %s");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_port_that_was_never_opened_moves_nothing_and_says_so),
        TEST(a_target_is_written_and_proved_at_another_rate),
        TEST(opening_it_takes_the_driver_with_what_was_asked_for),
        TEST(opening_it_again_closes_it_first),
        TEST(what_fails_while_it_is_opened_leaves_no_port),
        TEST(no_configuration_is_refused_and_what_is_open_stays_open),
        TEST(a_closed_port_holds_nothing_and_still_resets_the_target),
        TEST(a_driver_of_the_program_is_used_and_kept),
        TEST(lines_that_are_not_wired_are_left_alone),
        TEST(time_passes_as_it_is_asked_to),
        TEST(a_line_of_the_log_is_told_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
