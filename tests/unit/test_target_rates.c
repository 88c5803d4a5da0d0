/* SPDX-License-Identifier: Apache-2.0 */
/* The highest rate that a line bears, found on a virtual chip behind adapters that bear less than it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "target.h"

static const volatile int never_stop;
static esp_loader_port_ops_t ops;
static uint32_t most_baud; /* what the adapter bears */
static uint32_t host_baud, read_bytes;

static target_t target;

static esp_loader_error_t set_rate(esp_loader_port_t *port, uint32_t baud)
{
    host_baud = baud;
    return espsim_port_ops.change_transmission_rate(port, baud);
}

static esp_loader_error_t refuse_rate(esp_loader_port_t *port, uint32_t baud)
{
    return baud > most_baud ? ESP_LOADER_ERROR_FAIL : set_rate(port, baud);
}

/* As adapters do that divide a slow clock. */
static esp_loader_error_t round_rate(esp_loader_port_t *port, uint32_t baud)
{
    return set_rate(port, baud > most_baud ? baud / 5 * 4 : baud);
}

static esp_loader_error_t read_over_a_long_cable(esp_loader_port_t *port, uint8_t *data, uint16_t size,
                                                 uint32_t timeout)
{
    enum { BYTES_PER_MISTAKE = 149 }; /* a SYNC gets through */
    const esp_loader_error_t err = espsim_port_ops.read(port, data, size, timeout);
    for (uint16_t at = 0; err == ESP_LOADER_SUCCESS && at < size && host_baud > most_baud; at++) {
        if (++read_bytes % BYTES_PER_MISTAKE == 0) {
            data[at] ^= 0x10;
        }
    }
    return err;
}

static void open_chip(const char *name)
{
    static const wiring_t wiring = {.gpio_chip = ""};
    char message[200];
    assert_int_equal(target_open(&target, name, &wiring, message, sizeof(message)), TARGET_OK);
    ops = espsim_port_ops;
    target.port->ops = &ops;
    host_baud = TARGET_FIRST_BAUD;
    read_bytes = 0;
    most_baud = UINT32_MAX;
    ops.change_transmission_rate = set_rate;
}

/* Still connected, at the rate that both ends believe in. */
static void expect_baud(uint32_t baud)
{
    uint32_t word;
    assert_int_equal(target.baud, baud);
    assert_int_equal(host_baud, baud);
    assert_int_equal(esp_loader_read_register(&target.loader, 0x40001000, &word), ESP_LOADER_SUCCESS);
    target_close(&target);
}

static void a_good_line_gets_the_highest_rate(void **state)
{
    (void)state;
    open_chip("sim:esp32c3");
    assert_int_equal(target_connect(&target, &never_stop), ESP_LOADER_SUCCESS);
    assert_int_equal(target_raise_baud(&target, TARGET_HIGHEST_BAUD), ESP_LOADER_SUCCESS);
    expect_baud(2000000);
}

static void an_adapter_that_refuses_gets_what_it_takes(void **state)
{
    (void)state;
    open_chip("sim:esp32");
    most_baud = 1000000;
    ops.change_transmission_rate = refuse_rate;
    assert_int_equal(target_connect(&target, &never_stop), ESP_LOADER_SUCCESS);
    assert_int_equal(target_raise_baud(&target, TARGET_HIGHEST_BAUD), ESP_LOADER_SUCCESS);
    expect_baud(921600);
}

static void an_adapter_that_rounds_gets_what_it_meets(void **state)
{
    (void)state;
    open_chip("sim:esp32");
    most_baud = 460800;
    ops.change_transmission_rate = round_rate;
    assert_int_equal(target_connect(&target, &never_stop), ESP_LOADER_SUCCESS);
    assert_int_equal(target_raise_baud(&target, TARGET_HIGHEST_BAUD), ESP_LOADER_SUCCESS);
    expect_baud(460800);
}

static void a_rate_at_which_some_answers_are_damaged_is_not_taken(void **state)
{
    (void)state;
    open_chip("sim:esp32");
    most_baud = 921600;
    ops.read = read_over_a_long_cable;
    ops.read_some = NULL;
    assert_int_equal(target_connect(&target, &never_stop), ESP_LOADER_SUCCESS);
    assert_int_equal(target_raise_baud(&target, TARGET_HIGHEST_BAUD), ESP_LOADER_SUCCESS);
    expect_baud(921600);
}

static void a_line_that_bears_nothing_more_stays_at_the_first_rate(void **state)
{
    (void)state;
    open_chip("sim:esp32");
    most_baud = TARGET_FIRST_BAUD;
    ops.change_transmission_rate = refuse_rate;
    assert_int_equal(target_connect(&target, &never_stop), ESP_LOADER_SUCCESS);
    assert_int_equal(target_raise_baud(&target, TARGET_HIGHEST_BAUD), ESP_LOADER_SUCCESS);
    expect_baud(TARGET_FIRST_BAUD);
}

static void a_rate_that_was_asked_for_and_is_not_borne_leaves_the_one_before(void **state)
{
    (void)state;
    open_chip("sim:esp32");
    most_baud = 500000;
    ops.change_transmission_rate = round_rate;
    assert_int_equal(target_connect(&target, &never_stop), ESP_LOADER_SUCCESS);
    assert_int_equal(target_raise_baud(&target, 460800), ESP_LOADER_SUCCESS);
    assert_int_equal(target_raise_baud(&target, 921600), ESP_LOADER_SUCCESS);
    expect_baud(460800);
}

static void a_rom_that_cannot_change_it_is_asked_for_nothing(void **state)
{
    (void)state;
    open_chip("sim:esp8266");
    assert_int_equal(target_connect(&target, &never_stop), ESP_LOADER_SUCCESS);
    assert_int_equal(target_raise_baud(&target, TARGET_HIGHEST_BAUD), ESP_LOADER_SUCCESS);
    expect_baud(TARGET_FIRST_BAUD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_line_gets_the_highest_rate),
        cmocka_unit_test(an_adapter_that_refuses_gets_what_it_takes),
        cmocka_unit_test(an_adapter_that_rounds_gets_what_it_meets),
        cmocka_unit_test(a_rate_at_which_some_answers_are_damaged_is_not_taken),
        cmocka_unit_test(a_line_that_bears_nothing_more_stays_at_the_first_rate),
        cmocka_unit_test(a_rate_that_was_asked_for_and_is_not_borne_leaves_the_one_before),
        cmocka_unit_test(a_rom_that_cannot_change_it_is_asked_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
