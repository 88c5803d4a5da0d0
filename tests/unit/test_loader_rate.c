/* SPDX-License-Identifier: Apache-2.0 */
/* How fast and how long: changing the rate, and the limits of waiting. Bytes to and from the target are recorded from
 * mask-ROM code or follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "talk.h"

/* --- Rate ------------------------------------------------------------------------------------------ */

/* The two words from which an ESP32's ROM takes its crystal; these tell nothing, as in the recorded chip. */
#define CLOCK_UNKNOWN                                                                                                  \
    " >c0000a0400000000006cf0f53fc0 <c0010a04000000000000000000c0"                                                     \
    " >c0000a04000000000010a0f53fc0 <c0010a04000000000000000000c0"
#define RATE_ANSWERED CLOCK_UNKNOWN " >" RECORDED_CHANGE_BAUDRATE " <" RECORDED_CHANGE_BAUDRATE_ANSWER "c0c0"
#define GARBLED_SYNC SYNC_UNANSWERED " <807f00ff"

static void the_rate_is_changed_on_both_sides_and_proved(void **state)
{
    (void)state;
    conversation_connect(&talk);
    talk.port.now_us = 0;
    play(RATE_ANSWERED " rate=921600" SYNC_ANSWERED);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_SUCCESS);
    expect_no_fault();
    /* 50 ms before the switch, for the two bytes that the ROM sends at the old rate, and 50 ms after it */
    assert_in_range(talk.port.now_us, 100000, 200000);
    assert_int_equal(talk.port.rate_calls, 1);
}

static void a_refused_rate_changes_nothing(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(CLOCK_UNKNOWN " >" RECORDED_CHANGE_BAUDRATE " <c0010f0400831df00001050000c0");
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x0F, 0x05);
    assert_int_equal(talk.port.rate_calls, 0);
}

static void a_rate_request_without_answer_may_have_been_heard(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(CLOCK_UNKNOWN " >" RECORDED_CHANGE_BAUDRATE " rate=921600" SYNC_ANSWERED);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_rate_that_does_not_work_is_taken_back_on_both_sides(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(RATE_ANSWERED " rate=921600" GARBLED_SYNC GARBLED_SYNC GARBLED_SYNC RATE_BACK
                       " rate=115200" SYNC_ANSWERED MAGIC_ANSWERED);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_NONSENSE);
    assert_int_equal(reflash_last_fault(&talk.loader).command, 0x08);
    uint32_t value;
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    assert_string_equal(talk.port.line_calls, "IB");
    expect_no_fault();
}

static void a_target_that_is_lost_at_another_rate_is_reset(void **state)
{
    (void)state;
    conversation_attach(&talk);
    play(RATE_ANSWERED " rate=921600");
    conversation_play_times(&talk, 3, SYNC_UNANSWERED);
    play(RATE_BACK " rate=115200");
    conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    play("reset" SYNC_ANSWERED ATTACH_4_MB); /* the flash has to be attached again */
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_SILENCE);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32_CHIP);
    uint32_t flash_bytes;
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_target_that_is_lost_for_good_is_no_longer_connected(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(RATE_ANSWERED " rate=921600");
    conversation_play_times(&talk, 3, SYNC_UNANSWERED);
    play(RATE_BACK " rate=115200");
    conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    play("reset");
    conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_SILENCE);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
}

static void the_rate_to_go_back_to_is_the_last_that_worked_or_the_callers(void **state)
{
    (void)state;
    reflash_link_t link = REFLASH_LINK_DEFAULT();
    link.first_baud = 921600;
    conversation_start(&talk);
    reflash_set_link(&talk.loader, &link);
    play(CONNECT_ESP32);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    play(CLOCK_UNKNOWN " >c0000f0800000000000084030000000000c0 <" RECORDED_CHANGE_BAUDRATE_ANSWER
                       " rate=230400" GARBLED_SYNC GARBLED_SYNC GARBLED_SYNC " >" RECORDED_CHANGE_BAUDRATE
                       " rate=921600" SYNC_ANSWERED);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 230400), ESP_LOADER_ERROR_INVALID_RESPONSE);
    scripted_port_expect_end(&talk.port);
}

/* The banner comes at the first rate, and a boot log is read only there. */
static void connecting_again_puts_a_raised_rate_back_before_the_reset(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(RATE_ANSWERED " rate=921600" SYNC_ANSWERED);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_SUCCESS);
    play(" rate=115200" CONNECT_ESP32 CONNECT_ESP32);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    expect_no_fault();

    play(RATE_ANSWERED " rate=921600" SYNC_ANSWERED);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_SUCCESS);
    talk.port.rate_error = ESP_LOADER_ERROR_INVALID_PARAM;
    assert_int_equal(connect_with(1), ESP_LOADER_ERROR_FAIL);
    expect_fault(ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_PORT, 0, 0);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
}

static void a_port_without_rates_may_be_opened_at_another_one(void **state)
{
    (void)state;
    reflash_link_t link = REFLASH_LINK_DEFAULT();
    conversation_start(&talk);
    scripted_port_change_ops(&talk.port)->change_transmission_rate = NULL;
    play(CONNECT_ESP32);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    link.first_baud = 921600;
    reflash_set_link(&talk.loader, &link);
    play(CONNECT_ESP32);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_port_that_cannot_set_the_rate_is_an_error_of_the_port(void **state)
{
    (void)state;
    conversation_connect(&talk);
    talk.port.rate_error = ESP_LOADER_ERROR_INVALID_PARAM;
    play(RATE_ANSWERED RATE_BACK);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_ERROR_FAIL);
    scripted_port_expect_end(&talk.port);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_PORT);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP); /* nobody knows what it talks at */
}

static void a_port_without_rates_is_unsupported_and_nothing_is_sent(void **state)
{
    (void)state;
    conversation_connect(&talk);
    scripted_port_change_ops(&talk.port)->change_transmission_rate = NULL;
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* --- Times ----------------------------------------------------------------------------------------- */

static void time_limits_are_those_that_were_set(void **state)
{
    (void)state;
    static const reflash_time_limit_t limits[] = {{.command = 0x0A, .timeout_ms = 2500}};
    reflash_link_t link = REFLASH_LINK_DEFAULT();
    uint32_t value;
    conversation_connect(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(talk.port.timer_ms, 1000);

    link.round_trip_ms = 200;
    link.scale_percent = 150;
    reflash_set_link(&talk.loader, &link);
    talk.port.now_us = 0;
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(talk.port.timer_ms, 1700);
    assert_in_range(talk.port.now_us, 3 * 1700000 + 2 * 250000, 3 * 1710000 + 2 * 251000); /* two waits for silence */

    link.limits = limits;
    link.limit_count = 1;
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(talk.port.timer_ms, 2500 * 3 / 2 + 200);
    conversation_play_times(&talk, 3, " >" RECORDED_WRITE_REG); /* the limits of others stay */
    assert_int_equal(esp_loader_write_register(&talk.loader, 0x3FFE8000, 0xDEADBEEF), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(talk.port.timer_ms, 1700);

    reflash_set_link(&talk.loader, NULL);
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(talk.port.timer_ms, 1000);
}

static void a_limit_of_hours_is_multiplied_as_one_of_seconds_is(void **state)
{
    (void)state;
    static const struct {
        uint32_t limit_ms, scale_percent, wanted_ms;
    } rows[] = {
        {5130000, 1000, 51300000},   /* erasing 128 MiB: 10 s, and 40 s for each of them */
        {10250000, 1600, 164000000}, /* 256 MiB, and nearly as much as there may be */
        {42949676, 100, 42949676},   /* the first whose product is above 32 bits */
        {1052, 50, 526},
        {1053, 50, 528}, /* by whole units of 4 ms, never less than asked for */
    };
    uint32_t value;
    conversation_connect(&talk);
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        const reflash_time_limit_t limit = {.command = 0x0A, .timeout_ms = rows[row].limit_ms};
        reflash_link_t link = REFLASH_LINK_DEFAULT();
        link.scale_percent = rows[row].scale_percent;
        link.limits = &limit;
        link.limit_count = 1;
        reflash_set_link(&talk.loader, &link);
        play(" >" RECORDED_READ_MAGIC " <" RECORDED_READ_MAGIC_ANSWER);
        assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
        assert_int_equal(talk.port.timer_ms, rows[row].wanted_ms);
    }
}

static void a_sync_is_given_the_time_of_the_line_as_well(void **state)
{
    (void)state;
    reflash_link_t link = REFLASH_LINK_DEFAULT();
    link.round_trip_ms = 200;
    conversation_start(&talk);
    reflash_set_link(&talk.loader, &link);
    play("reset");
    conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    assert_int_equal(connect_with(1), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(talk.port.timer_ms, 300);
}

static void waits_around_a_change_of_rate_are_those_that_were_set(void **state)
{
    (void)state;
    reflash_link_t link = REFLASH_LINK_DEFAULT();
    link.settle_ms = 400;
    conversation_connect(&talk);
    reflash_set_link(&talk.loader, &link);
    talk.port.now_us = 0;
    play(RATE_ANSWERED " rate=921600" SYNC_ANSWERED);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_SUCCESS);
    assert_in_range(talk.port.now_us, 800000, 900000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_is_changed_on_both_sides_and_proved),
        cmocka_unit_test(a_refused_rate_changes_nothing),
        cmocka_unit_test(a_rate_request_without_answer_may_have_been_heard),
        cmocka_unit_test(a_port_that_cannot_set_the_rate_is_an_error_of_the_port),
        cmocka_unit_test(a_rate_that_does_not_work_is_taken_back_on_both_sides),
        cmocka_unit_test(a_target_that_is_lost_at_another_rate_is_reset),
        cmocka_unit_test(a_target_that_is_lost_for_good_is_no_longer_connected),
        cmocka_unit_test(the_rate_to_go_back_to_is_the_last_that_worked_or_the_callers),
        cmocka_unit_test(connecting_again_puts_a_raised_rate_back_before_the_reset),
        cmocka_unit_test(a_port_without_rates_may_be_opened_at_another_one),
        cmocka_unit_test(time_limits_are_those_that_were_set),
        cmocka_unit_test(a_limit_of_hours_is_multiplied_as_one_of_seconds_is),
        cmocka_unit_test(a_sync_is_given_the_time_of_the_line_as_well),
        cmocka_unit_test(waits_around_a_change_of_rate_are_those_that_were_set),
        cmocka_unit_test(a_port_without_rates_is_unsupported_and_nothing_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
