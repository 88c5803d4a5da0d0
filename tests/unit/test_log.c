/* SPDX-License-Identifier: Apache-2.0 */
/* What the library tells a port's log, where it is compiled with all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "conversation.h"

static conversation_t talk;
static char said[512];

static void say(const char *format, va_list args)
{
    const size_t used = strlen(said);
    (void)vsnprintf(said + used, sizeof(said) - used, format, args);
}

static void say_text(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

static void take_message(esp_loader_port_t *port, esp_loader_log_level_t level, const char *format, va_list args)
{
    assert_ptr_equal(port, &talk.port.port);
    assert_int_equal(level, ESP_LOADER_LOG_LEVEL_ERROR);
    say(format, args);
    say_text("; ");
}

static void take_bytes(esp_loader_port_t *port, esp_loader_log_level_t level, const char *label, const uint8_t *data,
                       uint32_t size)
{
    assert_ptr_equal(port, &talk.port.port);
    assert_int_equal(level, ESP_LOADER_LOG_LEVEL_DEBUG);
    say_text("%s", label);
    for (uint32_t at = 0; at < size; at++) {
        say_text(" %02x", data[at]);
    }
    say_text("; ");
}

static void start(bool has_log)
{
    conversation_connect(&talk);
    esp_loader_port_ops_t *ops = scripted_port_change_ops(&talk.port);
    ops->log = has_log ? take_message : NULL;
    ops->log_hex = has_log ? take_bytes : NULL;
    said[0] = '\0';
}

static void both_directions_of_a_line_are_told(void **state)
{
    (void)state;
    uint32_t value;
    start(true);
    scripted_port_play(&talk.port, MAGIC_ANSWERED);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    assert_string_equal(said, "sent c0 00 0a 04 00 00 00 00 00 00 10 00 40 c0; "
                              "received 01 0a 04 00 83 1d f0 00 00 00 00 00; ");
}

static void a_fault_is_told(void **state)
{
    (void)state;
    start(true);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_string_equal(said, "error 5, cause 5, command 0x00, target's reason 0x00; ");
}

static void a_port_may_have_no_log(void **state)
{
    (void)state;
    uint32_t value;
    start(false);
    scripted_port_play(&talk.port, MAGIC_ANSWERED);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 0), ESP_LOADER_ERROR_INVALID_PARAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_of_a_line_are_told),
        cmocka_unit_test(a_fault_is_told),
        cmocka_unit_test(a_port_may_have_no_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
