/* SPDX-License-Identifier: Apache-2.0 */
/* The list of serial ports, by a libserialport that tells what the test has put there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libserialport.h"
#include "serial_ports.h"

static serial_port_t rows[SERIAL_PORTS_MAX];

static int list(void)
{
    const int count = serial_ports_list(rows);
    assert_int_equal(fake_serialport.lists, 0);
    return count;
}

static void a_computer_without_ports_has_none(void **state)
{
    (void)state;
    fake_serialport = (fake_serialport_t){.count = 0};
    assert_int_equal(list(), 0);
}

static void a_system_that_does_not_tell_is_told_from_one_without_ports(void **state)
{
    (void)state;
    fake_serialport = (fake_serialport_t){.result = SP_ERR_FAIL};
    assert_int_equal(list(), -1);
}

static void ports_are_listed_by_name_with_what_their_usb_device_says(void **state)
{
    (void)state;
    fake_serialport = (fake_serialport_t){
        .ports = {{"/dev/ttyUSB10", SP_TRANSPORT_USB, 0x1A86, 0x7523, "USB Serial", NULL, NULL},
                  {"/dev/ttyUSB2", SP_TRANSPORT_USB, 0x10C4, 0xEA60, "CP2102N", "Silicon Labs", "0001"},
                  {"/dev/ttyACM0", SP_TRANSPORT_USB, 0, 0, NULL, NULL, NULL},
                  {"/dev/ttyS0", SP_TRANSPORT_NATIVE, 0, 0, "not asked", NULL, NULL}},
        .count = 4};
    assert_int_equal(list(), 4);
    assert_string_equal(rows[0].name, "/dev/ttyACM0");
    assert_true(rows[0].is_usb);
    assert_int_equal(rows[0].vid, -1);
    assert_int_equal(rows[0].pid, -1);
    assert_string_equal(rows[0].product, "");
    assert_string_equal(rows[1].name, "/dev/ttyS0");
    assert_false(rows[1].is_usb);
    assert_int_equal(rows[1].vid, -1);
    assert_string_equal(rows[1].product, "");
    assert_string_equal(rows[2].name, "/dev/ttyUSB2");
    assert_int_equal(rows[2].vid, 0x10C4);
    assert_int_equal(rows[2].pid, 0xEA60);
    assert_string_equal(rows[2].product, "CP2102N");
    assert_string_equal(rows[2].manufacturer, "Silicon Labs");
    assert_string_equal(rows[2].serial, "0001");
    assert_string_equal(rows[3].name, "/dev/ttyUSB10");
}

static void what_a_device_says_cannot_play_with_the_terminal(void **state)
{
    (void)state;
    fake_serialport = (fake_serialport_t){
        .ports = {{"/dev/ttyUSB0", SP_TRANSPORT_USB, 1, 2, "\033[2Jgone", "\xC3\xA9", "a\nb"}}, .count = 1};
    assert_int_equal(list(), 1);
    assert_string_equal(rows[0].product, "?[2Jgone");
    assert_string_equal(rows[0].manufacturer, "??");
    assert_string_equal(rows[0].serial, "a?b");
}

static void more_ports_than_fit_are_left_out(void **state)
{
    (void)state;
    static char names[FAKE_PORTS_MAX][24];
    fake_serialport = (fake_serialport_t){.count = FAKE_PORTS_MAX};
    for (unsigned at = 0; at < FAKE_PORTS_MAX; at++) {
        (void)snprintf(names[at], sizeof(names[at]), "/dev/ttyS%u", at);
        fake_serialport.ports[at] = (struct sp_port){.name = names[at]};
    }
    assert_int_equal(list(), SERIAL_PORTS_MAX);
}

static void only_the_chips_own_usb_has_another_way_into_the_loader(void **state)
{
    (void)state;
    static const struct {
        serial_port_t port;
        reflash_lines_style_t lines;
    } cases[] = {
        {{.is_usb = true, .vid = 0x303A, .pid = 0x1001}, REFLASH_LINES_USB},
        {{.is_usb = true, .vid = 0x303A, .pid = 0x0002}, REFLASH_LINES_CLASSIC}, /* USB-OTG */
        {{.is_usb = true, .vid = 0x10C4, .pid = 0xEA60}, REFLASH_LINES_CLASSIC},
        {{.is_usb = true, .vid = 0x10C4, .pid = 0x1001}, REFLASH_LINES_CLASSIC},
        {{.is_usb = true, .vid = -1, .pid = -1}, REFLASH_LINES_CLASSIC},
        {{.is_usb = false, .vid = -1, .pid = -1}, REFLASH_LINES_NONE},
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        assert_int_equal(serial_port_lines(&cases[row].port), cases[row].lines);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_computer_without_ports_has_none),
        cmocka_unit_test(a_system_that_does_not_tell_is_told_from_one_without_ports),
        cmocka_unit_test(ports_are_listed_by_name_with_what_their_usb_device_says),
        cmocka_unit_test(what_a_device_says_cannot_play_with_the_terminal),
        cmocka_unit_test(more_ports_than_fit_are_left_out),
        cmocka_unit_test(only_the_chips_own_usb_has_another_way_into_the_loader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
