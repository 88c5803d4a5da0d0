/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line is told and what it reads in the target: sizes, GPIO lines, rates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "range.h"
#include "target.h"
#include "wiring.h"

static void sizes_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t bytes; /* 0: it is none */
    } rows[] = {
        {"1", 1},
        {"4096", 4096},
        {"0x1000", 4096},
        {"0X10k", 16384},
        {"4K", 4096},
        {"4k", 4096},
        {"64KB", 65536},
        {"2M", 0x200000},
        {"16MB", 0x1000000},
        {"0xffffffff", 0xFFFFFFFF},
        {"4095M", 0xFFF00000},
        {"4096M", 0},
        {"4194304K", 0},
        {"4294967296", 0},
        {"0", 0},
        {"0K", 0},
        {"", 0},
        {"K", 0},
        {"-1", 0},
        {"+1", 0},
        {" 1", 0},
        {"1 ", 0},
        {"1G", 0},
        {"1KK", 0},
        {"0x", 0},
        {"99999999999999999999", 0},
        {"010", 10},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        uint32_t bytes = 0;
        assert_int_equal(range_parse_size(rows[row].text, &bytes), rows[row].bytes != 0);
        if (rows[row].bytes != 0) {
            assert_int_equal(bytes, rows[row].bytes);
        }
    }
}

static void a_line_is_a_chip_and_a_number(void **state)
{
    (void)state;
    wiring_t wiring = {.gpio_chip = ""};
    uint32_t pin = 0;
    assert_null(wiring_parse_line(&wiring, "gpiochip0:17", &pin));
    assert_string_equal(wiring.gpio_chip, "/dev/gpiochip0");
    assert_int_equal(pin, 17);
    assert_null(wiring_parse_line(&wiring, "/dev/gpiochip0:0", &pin));
    assert_int_equal(pin, 0);
    assert_non_null(wiring_parse_line(&wiring, "gpiochip1:17", &pin));
    assert_string_equal(wiring.gpio_chip, "/dev/gpiochip0");
    assert_int_equal(pin, 0);
}

static void a_chip_whose_name_is_too_long_is_refused(void **state)
{
    (void)state;
    wiring_t wiring = {.gpio_chip = ""};
    uint32_t pin;
    char text[100];
    memset(text, 'x', sizeof(text));
    memcpy(text + 58, ":1", 3); /* "/dev/" and 58 of them */
    assert_null(wiring_parse_line(&wiring, text, &pin));
    wiring.gpio_chip[0] = '\0';
    memcpy(text + 58, "x:1", 4);
    assert_non_null(wiring_parse_line(&wiring, text, &pin));
    assert_string_equal(wiring.gpio_chip, "");
}

static void rates_are_tried_from_the_highest_down_to_the_first(void **state)
{
    (void)state;
    static const uint32_t rates[] = {2000000, 1500000, 921600, 460800, 230400, 115200, 115200};
    uint32_t baud = TARGET_HIGHEST_BAUD;
    for (size_t row = 0; row < sizeof(rates) / sizeof(rates[0]); row++) {
        baud = target_baud_below(baud);
        assert_int_equal(baud, rates[row]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(a_line_is_a_chip_and_a_number),
        cmocka_unit_test(a_chip_whose_name_is_too_long_is_refused),
        cmocka_unit_test(rates_are_tried_from_the_highest_down_to_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
