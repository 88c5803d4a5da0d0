/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting: how the loader and a target come in step, which chip it turns out to be, and how silence, refusal,
 * nonsense and a broken port are told apart. Bytes to and from the target are recorded from mask-ROM code or follow
 * the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "talk.h"

/* --- In step --------------------------------------------------------------------------------------- */

static void connecting_sends_the_recorded_sync_and_swallows_its_eight_answers(void **state)
{
    (void)state;
    conversation_start(&talk);
    play(CONNECT_ESP32);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    expect_no_fault();
    assert_int_equal(talk.port.requests, 3);
    assert_int_equal(talk.port.unread_bytes, 0); /* when the chip was asked for its magic word */
}

static void a_sync_answered_once_is_enough(void **state)
{
    (void)state;
    conversation_start(&talk);
    play("reset >" RECORDED_SYNC " <" RECORDED_SYNC_ANSWER IDENTIFIED_ESP32);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_first_sync_that_only_trains_the_receiver_costs_no_reset(void **state)
{
    (void)state;
    for (unsigned unanswered = 1; unanswered <= 4; unanswered++) {
        conversation_start(&talk);
        play("reset");
        conversation_play_times(&talk, unanswered, SYNC_UNANSWERED);
        play(SYNC_ANSWERED IDENTIFIED_ESP32);
        assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
        expect_no_fault();
        assert_string_equal(talk.port.line_calls, "IB");
    }
}

static void boot_messages_do_not_disturb_a_sync(void **state)
{
    (void)state;
    conversation_start(&talk);
    /* "waiting for download" behind the reset, then text cut off by the first end byte */
    play("reset <77616974696e6720666f7220646f776e6c6f61640d0a" SYNC_UNANSWERED SYNC_ANSWERED IDENTIFIED_ESP32);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void the_value_in_the_answer_to_a_sync_does_not_matter(void **state)
{
    (void)state;
    /* Real ESP32s that lost bytes of the SYNC have answered with such words. */
    static const char *const answers[] = {
        "reset >" RECORDED_SYNC " <c0010804000720555500000000c0" IDENTIFIED_ESP32,
        "reset >" RECORDED_SYNC " <c0010804000712555500000000c0" IDENTIFIED_ESP32,
    };
    for (size_t row = 0; row < sizeof(answers) / sizeof(answers[0]); row++) {
        conversation_start(&talk);
        play(answers[row]);
        assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    }
}

/* Its answer to SYNC, as recorded: two bytes of status, and 0 where a mask ROM has the first word that it got. */
static void a_stub_that_runs_already_is_no_mask_rom(void **state)
{
    (void)state;
    conversation_start(&talk);
    play("reset >" RECORDED_SYNC " <c001080200000000000000c0");
    assert_int_equal(connect_with(1), ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_NONSENSE);
    assert_int_equal(reflash_last_fault(&talk.loader).boot, REFLASH_BOOT_STUB);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
    /* A reset that works in the next trial is as good as one in the first. */
    conversation_start(&talk);
    play("reset >" RECORDED_SYNC " <c001080200000000000000c0" CONNECT_ESP32);
    assert_int_equal(connect_with(2), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void every_trial_resets_the_target_anew(void **state)
{
    (void)state;
    conversation_start(&talk);
    for (unsigned trial = 0; trial < 2; trial++) {
        play("reset");
        conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    }
    play(CONNECT_ESP32);
    assert_int_equal(connect_with(3), ESP_LOADER_SUCCESS);
    expect_no_fault();
    assert_string_equal(talk.port.line_calls, "IBBB");
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32_CHIP);
}

static void a_silent_target_is_a_timeout_after_all_trials(void **state)
{
    (void)state;
    conversation_start(&talk);
    for (unsigned trial = 0; trial < 3; trial++) {
        play("reset");
        conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    }
    assert_int_equal(connect_with(3), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x08, 0);
    assert_in_range(talk.port.now_us, 15 * 100000, 15 * 110000); /* each SYNC has sync_timeout, and no more */
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
}

static void a_target_that_only_talks_nonsense_is_an_invalid_response(void **state)
{
    (void)state;
    static const char *const nonsense[] = {
        SYNC_UNANSWERED " <6574730a",                     /* text */
        SYNC_UNANSWERED " <c0",                           /* a lone end byte */
        SYNC_UNANSWERED " <c0010804000707",               /* an answer without its end */
        SYNC_UNANSWERED " <" RECORDED_READ_MAGIC_ANSWER,  /* an answer to something else */
        SYNC_UNANSWERED " <" RECORDED_SYNC,               /* our own bytes: the lines are joined */
        SYNC_UNANSWERED " <c0010805000707122000000000c0", /* a size that is not the frame's */
        SYNC_UNANSWERED " <c00108040007db122000000000c0", /* a wrong escape */
        SYNC_UNANSWERED " <c00108030007071220000000c0",   /* three status bytes: no ROM has that many */
        SYNC_UNANSWERED " <c00108000000000000c0",         /* none */
    };
    for (size_t row = 0; row < sizeof(nonsense) / sizeof(nonsense[0]); row++) {
        conversation_start(&talk);
        play("reset");
        conversation_play_times(&talk, 5, nonsense[row]);
        assert_int_equal(connect_with(1), ESP_LOADER_ERROR_INVALID_RESPONSE);
        expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x08, 0);
    }
}

static void a_refused_sync_is_told_with_the_reason_of_the_target(void **state)
{
    (void)state;
    conversation_start(&talk);
    play("reset");
    conversation_play_times(&talk, 5, SYNC_UNANSWERED " <" RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC);
    assert_int_equal(connect_with(1), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x08, 0x05);
}

static void a_broken_port_ends_connecting_at_once(void **state)
{
    (void)state;
    static const struct {
        uint32_t fail_write_call, fail_read_call;
        esp_loader_error_t error, expected;
    } cases[] = {
        {1, 0, ESP_LOADER_ERROR_FAIL, ESP_LOADER_ERROR_FAIL},
        {1, 0, ESP_LOADER_ERROR_TIMEOUT, ESP_LOADER_ERROR_TIMEOUT},
        {1, 0, ESP_LOADER_ERROR_INVALID_PARAM, ESP_LOADER_ERROR_FAIL}, /* whatever else a port may invent */
        {0, 1, ESP_LOADER_ERROR_FAIL, ESP_LOADER_ERROR_FAIL},
        {0, 5, ESP_LOADER_ERROR_FAIL, ESP_LOADER_ERROR_FAIL}, /* in the middle of an answer */
        {0, 5, ESP_LOADER_ERROR_IMAGE_SIZE, ESP_LOADER_ERROR_FAIL},
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        conversation_start(&talk);
        talk.port.fail_write_call = cases[row].fail_write_call;
        talk.port.fail_read_call = cases[row].fail_read_call;
        talk.port.write_error = cases[row].error;
        talk.port.read_error = cases[row].error;
        play(cases[row].fail_write_call != 0 ? "reset" : "reset" SYNC_ANSWERED);
        assert_int_equal(connect_with(10), cases[row].expected);
        expect_fault(cases[row].expected, REFLASH_CAUSE_PORT, 0x08, 0);
        assert_string_equal(talk.port.line_calls, "IB");
    }
}

static void a_chip_that_falls_silent_after_sync_is_reset_and_tried_again(void **state)
{
    (void)state;
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED);
    conversation_play_times(&talk, 3, " >" RECORDED_SECURITY_INFO);
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAGIC);
    play(CONNECT_ESP32);
    assert_int_equal(connect_with(2), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void connecting_again_forgets_what_was_known(void **state)
{
    (void)state;
    conversation_attach(&talk);
    play("reset");
    conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    assert_int_equal(connect_with(1), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);

    uint32_t flash_bytes = 0;
    play(CONNECT_ESP32 ATTACHED READ_ID("c8401700") SET_PARAMS("00008000")); /* another board by now */
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x800000);
    expect_no_fault();
}

/* --- Which chip ------------------------------------------------------------------------------------ */

static void an_esp32_refuses_security_info_and_is_known_by_its_magic_word(void **state)
{
    (void)state;
    conversation_connect(&talk);
    assert_int_equal(talk.port.requests, 3);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32_CHIP);
}

static void an_esp32c3_is_known_by_its_chip_id_without_another_question(void **state)
{
    (void)state;
    conversation_connect_c3(&talk);
    assert_int_equal(talk.port.requests, 2);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32C3_CHIP);
}

static void an_esp32s2_is_known_by_an_answer_without_a_chip_id(void **state)
{
    (void)state;
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED " >" RECORDED_SECURITY_INFO " <c0011410000000000000000000000000000000000000000000c0");
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32S2_CHIP);
    expect_no_fault();
}

/* Where others have it, longer answers left something: here a digest that comes late. */
static void an_esp32s2_tells_no_version(void **state)
{
    (void)state;
    esp_loader_target_security_info_t info;
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED " >" RECORDED_SECURITY_INFO " <c0011410000000000000000000000000000000000000000000c0");
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    play(" >" RECORDED_SECURITY_INFO
         " <c0011324000000000030303030303030303030303030303030303030303030303030303030303030"
         "3000000000c0c0011410000000000000000000000000000000000000000000c0");
    assert_int_equal(esp_loader_get_security_info(&talk.loader, &info), ESP_LOADER_SUCCESS);
    assert_int_equal(info.target_chip, ESP32S2_CHIP);
    assert_int_equal(info.eco_version, 0);
}

#define UNKNOWN_MAGIC " >" RECORDED_READ_MAGIC " <c0010a0400efbeadde00000000c0"
/* A chip id of another generation. */
#define UNKNOWN_CHIP_ID                                                                                                \
    " >" RECORDED_SECURITY_INFO " <c001141800efbeadde00000000000000000000000cff0000000300000000000000c0"

static void a_chip_that_nobody_knows_is_an_invalid_target_after_two_trials(void **state)
{
    (void)state;
    static const char *const unknown[] = {UNKNOWN_CHIP_ID UNKNOWN_MAGIC, SECURITY_INFO_REFUSED UNKNOWN_MAGIC};
    for (size_t row = 0; row < sizeof(unknown) / sizeof(unknown[0]); row++) {
        conversation_start(&talk);
        for (unsigned trial = 0; trial < 2; trial++) {
            play("reset" SYNC_ANSWERED);
            play(unknown[row]);
        }
        assert_int_equal(connect_with(10), ESP_LOADER_ERROR_INVALID_TARGET);
        expect_fault(ESP_LOADER_ERROR_INVALID_TARGET, REFLASH_CAUSE_UNKNOWN_CHIP, 0, 0);
        assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
    }
}

static void a_question_for_the_chip_that_is_lost_is_asked_again(void **state)
{
    (void)state;
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED " >" RECORDED_SECURITY_INFO " >" RECORDED_SECURITY_INFO
         " <" RECORDED_SECURITY_INFO_ANSWER_C3);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32C3_CHIP);
}

static void a_magic_word_damaged_on_its_way_is_asked_for_again(void **state)
{
    (void)state;
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED SECURITY_INFO_REFUSED UNKNOWN_MAGIC CONNECT_ESP32);
    assert_int_equal(connect_with(2), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32_CHIP);
    expect_no_fault();
}

static void what_is_known_of_the_chip_is_told_without_a_question(void **state)
{
    (void)state;
    reflash_target_t target = {.name = "?"};
    conversation_start(&talk);
    assert_false(reflash_describe_target(&talk.loader, &target));
    assert_string_equal(target.name, "?");

    conversation_attach(&talk);
    assert_true(reflash_describe_target(&talk.loader, &target));
    assert_string_equal(target.name, "ESP32");
    assert_int_equal(target.target, ESP32_CHIP);
    assert_int_equal(target.chip_id, 0);
    assert_int_equal(target.boot_addr, 0x1000);
    assert_int_equal(target.flash_bytes, 0x400000);
    assert_int_equal(target.baud, 115200);
    assert_int_equal(target.boot_pin, 0);
    assert_true(target.has_digests);
    assert_false(target.secure_download);

    conversation_connect_c3(&talk);
    assert_true(reflash_describe_target(&talk.loader, &target));
    assert_string_equal(target.name, "ESP32-C3");
    assert_int_equal(target.chip_id, 5);
    assert_int_equal(target.flash_bytes, 0);
    assert_int_equal(target.boot_pin, 9);
    expect_no_fault();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connecting_sends_the_recorded_sync_and_swallows_its_eight_answers),
        cmocka_unit_test(a_sync_answered_once_is_enough),
        cmocka_unit_test(a_first_sync_that_only_trains_the_receiver_costs_no_reset),
        cmocka_unit_test(boot_messages_do_not_disturb_a_sync),
        cmocka_unit_test(the_value_in_the_answer_to_a_sync_does_not_matter),
        cmocka_unit_test(a_stub_that_runs_already_is_no_mask_rom),
        cmocka_unit_test(every_trial_resets_the_target_anew),
        cmocka_unit_test(a_silent_target_is_a_timeout_after_all_trials),
        cmocka_unit_test(a_target_that_only_talks_nonsense_is_an_invalid_response),
        cmocka_unit_test(a_refused_sync_is_told_with_the_reason_of_the_target),
        cmocka_unit_test(a_broken_port_ends_connecting_at_once),
        cmocka_unit_test(a_chip_that_falls_silent_after_sync_is_reset_and_tried_again),
        cmocka_unit_test(connecting_again_forgets_what_was_known),
        cmocka_unit_test(an_esp32_refuses_security_info_and_is_known_by_its_magic_word),
        cmocka_unit_test(an_esp32c3_is_known_by_its_chip_id_without_another_question),
        cmocka_unit_test(an_esp32s2_is_known_by_an_answer_without_a_chip_id),
        cmocka_unit_test(an_esp32s2_tells_no_version),
        cmocka_unit_test(a_chip_that_nobody_knows_is_an_invalid_target_after_two_trials),
        cmocka_unit_test(a_question_for_the_chip_that_is_lost_is_asked_again),
        cmocka_unit_test(a_magic_word_damaged_on_its_way_is_asked_for_again),
        cmocka_unit_test(what_is_known_of_the_chip_is_told_without_a_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
