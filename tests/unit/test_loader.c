/* SPDX-License-Identifier: Apache-2.0 */
/* The loader without its flash: what is sent to connect, to name the chip, to use registers and to change the
 * rate, and how silence, refusal, nonsense and a broken port are told apart. Bytes to and from the target are
 * recorded from mask-ROM code or follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conversation.h"
#include "hex.h"

static conversation_t talk;

#define expect_fault(code, cause, command, reason) conversation_expect_fault(&talk, code, cause, command, reason)
#define expect_no_fault() conversation_expect_no_fault(&talk)
#define play(script) scripted_port_play(&talk.port, script)

/* Something must be there that the next call has to forget. */
static void leave_a_fault(void)
{
    uint32_t value;
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAGIC " <" RECORDED_UNKNOWN_COMMAND_ANSWER);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x0A, 0x05);
}

static esp_loader_error_t connect_with(int32_t trials)
{
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = trials};
    return esp_loader_connect(&talk.loader, &args);
}

/* --- What programs rely on ------------------------------------------------------------------------- */

static void error_codes_have_the_values_that_programs_index_arrays_by(void **state)
{
    (void)state;
    assert_int_equal(ESP_LOADER_SUCCESS, 0);
    assert_int_equal(ESP_LOADER_ERROR_FAIL, 1);
    assert_int_equal(ESP_LOADER_ERROR_TIMEOUT, 2);
    assert_int_equal(ESP_LOADER_ERROR_IMAGE_SIZE, 3);
    assert_int_equal(ESP_LOADER_ERROR_INVALID_MD5, 4);
    assert_int_equal(ESP_LOADER_ERROR_INVALID_PARAM, 5);
    assert_int_equal(ESP_LOADER_ERROR_INVALID_TARGET, 6);
    assert_int_equal(ESP_LOADER_ERROR_UNSUPPORTED_CHIP, 7);
    assert_int_equal(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, 8);
    assert_int_equal(ESP_LOADER_ERROR_INVALID_RESPONSE, 9);
}

static void chips_have_the_values_that_programs_index_arrays_by(void **state)
{
    (void)state;
    assert_int_equal(ESP8266_CHIP, 0);
    assert_int_equal(ESP32_CHIP, 1);
    assert_int_equal(ESP32S2_CHIP, 2);
    assert_int_equal(ESP32C3_CHIP, 3);
    assert_int_equal(ESP32S3_CHIP, 4);
    assert_int_equal(ESP32C2_CHIP, 5);
    assert_int_equal(ESP32C5_CHIP, 6);
    assert_int_equal(ESP32H2_CHIP, 7);
    assert_int_equal(ESP32C6_CHIP, 8);
    assert_int_equal(ESP32P4_CHIP, 9);
    assert_int_equal(ESP32C61_CHIP, 10);
    assert_int_equal(ESP_MAX_CHIP, 11);
    assert_int_equal(ESP_UNKNOWN_CHIP, 11);
}

static void the_default_arguments_are_ten_trials_of_100_ms(void **state)
{
    (void)state;
    const esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    assert_int_equal(args.sync_timeout, 100);
    assert_int_equal(args.trials, 10);
}

static void log_levels_count_from_none_to_debug(void **state)
{
    (void)state;
    assert_int_equal(ESP_LOADER_LOG_LEVEL_NONE, 0);
    assert_int_equal(ESP_LOADER_LOG_LEVEL_ERROR, 1);
    assert_int_equal(ESP_LOADER_LOG_LEVEL_WARN, 2);
    assert_int_equal(ESP_LOADER_LOG_LEVEL_INFO, 3);
    assert_int_equal(ESP_LOADER_LOG_LEVEL_DEBUG, 4);
}

/* --- Start and end --------------------------------------------------------------------------------- */

static void a_fresh_context_knows_no_chip_and_no_fault(void **state)
{
    (void)state;
    memset(&talk.loader, 0xA5, sizeof(talk.loader));
    conversation_start(&talk);
    assert_string_equal(talk.port.line_calls, "I");
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
    expect_no_fault();
}

static void a_port_that_serial_cannot_work_with_is_rejected(void **state)
{
    (void)state;
    for (unsigned missing = 0; missing < 7; missing++) {
        scripted_port_init(&talk.port);
        esp_loader_port_ops_t *ops = scripted_port_change_ops(&talk.port);
        ops->enter_bootloader = missing == 0 ? NULL : ops->enter_bootloader;
        ops->reset_target = missing == 1 ? NULL : ops->reset_target;
        ops->start_timer = missing == 2 ? NULL : ops->start_timer;
        ops->remaining_time = missing == 3 ? NULL : ops->remaining_time;
        ops->delay_ms = missing == 4 ? NULL : ops->delay_ms;
        ops->write = missing == 5 ? NULL : ops->write;
        ops->read = missing == 6 ? NULL : ops->read;
        assert_int_equal(esp_loader_init_serial(&talk.loader, &talk.port.port), ESP_LOADER_ERROR_INVALID_PARAM);
        assert_string_equal(talk.port.line_calls, "");
    }
    scripted_port_init(&talk.port);
    assert_int_equal(esp_loader_init_serial(NULL, &talk.port.port), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_init_serial(&talk.loader, NULL), ESP_LOADER_ERROR_INVALID_PARAM);
    talk.port.port.ops = NULL;
    assert_int_equal(esp_loader_init_serial(&talk.loader, &talk.port.port), ESP_LOADER_ERROR_INVALID_PARAM);
}

/* What programs do in their way out, whatever came before. */
static void a_context_that_was_bound_to_nothing_can_be_given_back(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    memset(&talk.loader, 0xA5, sizeof(talk.loader));
    assert_int_equal(esp_loader_init_serial(&talk.loader, NULL), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_connect(&talk.loader, &args), ESP_LOADER_ERROR_INVALID_PARAM);
    esp_loader_deinit(&talk.loader);
    esp_loader_deinit(&talk.loader);
}

static void a_port_may_lack_what_serial_does_not_need(void **state)
{
    (void)state;
    scripted_port_init(&talk.port);
    esp_loader_port_ops_t *ops = scripted_port_change_ops(&talk.port);
    ops->init = NULL;
    ops->deinit = NULL;
    ops->change_transmission_rate = NULL;
    assert_int_equal(esp_loader_init_serial(&talk.loader, &talk.port.port), ESP_LOADER_SUCCESS);
    play(CONNECT_ESP32);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    esp_loader_deinit(&talk.loader);
    assert_string_equal(talk.port.line_calls, "B");
}

static void what_the_init_of_the_port_returns_is_returned(void **state)
{
    (void)state;
    for (unsigned error = 1; error <= ESP_LOADER_ERROR_INVALID_RESPONSE; error++) {
        scripted_port_init(&talk.port);
        talk.port.init_error = (esp_loader_error_t)error;
        assert_int_equal(esp_loader_init_serial(&talk.loader, &talk.port.port), error);
        expect_fault((esp_loader_error_t)error, REFLASH_CAUSE_PORT, 0, 0);
    }
}

static void deinit_gives_the_port_back_and_forgets_the_target(void **state)
{
    (void)state;
    conversation_connect(&talk);
    esp_loader_deinit(&talk.loader);
    assert_string_equal(talk.port.line_calls, "IBD");
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
}

static void the_target_is_reset_through_the_port(void **state)
{
    (void)state;
    conversation_connect(&talk);
    esp_loader_reset_target(&talk.loader);
    assert_string_equal(talk.port.line_calls, "IBR");
}

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
        "reset >" RECORDED_SYNC " <c0010804000000000000000000c0" IDENTIFIED_ESP32,
    };
    for (size_t row = 0; row < sizeof(answers) / sizeof(answers[0]); row++) {
        conversation_start(&talk);
        play(answers[row]);
        assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    }
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

/* Back to 115200. */
#define RATE_BACK " >c0000f08000000000000c2010000000000c0"

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

static void the_watchdog_of_a_chip_resets_it_into_its_application(void **state)
{
    (void)state;
    conversation_connect_c3(&talk);
    talk.port.now_us = 0;
    play(">c00009400000000000a8800060a13ad850ffffffff0000000094800060d0070000ffffffff0000000090800060020100d0ffffffff00"
         "000000a880006000000000ffffffff00000000c0"
         " <c0010904000000000000000000c0");
    assert_int_equal(reflash_reset_by_watchdog(&talk.loader), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
    assert_in_range(talk.port.now_us, 500000, 600000);
    assert_string_equal(talk.port.line_calls, "IB"); /* and no line was moved */
    expect_no_fault();
    assert_int_equal(reflash_reset_by_watchdog(&talk.loader), ESP_LOADER_ERROR_INVALID_PARAM);

    conversation_connect(&talk);
    assert_int_equal(reflash_reset_by_watchdog(&talk.loader), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32_CHIP);
}

/* --- Secure download mode -------------------------------------------------------------------------- */

/* An ESP32-C3's answer with the flag of the mode set. */
#define SECURE_C3 " >" RECORDED_SECURITY_INFO " <c0011418006f50311b04000000000000000000000c050000000300000000000000c0"
#define SECURE_ATTACH_C3 ATTACHED SET_PARAMS("00004000")

static void connect_securely(void)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED SECURE_C3 SECURE_ATTACH_C3);
    assert_int_equal(esp_loader_connect_secure_download_mode(&talk.loader, &args, 0x400000), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32C3_CHIP);
    expect_no_fault();
}

static void a_chip_in_secure_download_mode_is_told_its_flash_by_the_caller(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    connect_securely();
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    reflash_target_t target;
    assert_true(reflash_describe_target(&talk.loader, &target));
    assert_true(target.secure_download);
    assert_false(target.has_digests);
}

static void an_esp32s2_in_secure_download_mode_is_known_without_a_register(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED " >" RECORDED_SECURITY_INFO
         " <c0011410000000000004000000000000000000000000000000c0" SECURE_ATTACH_C3);
    assert_int_equal(esp_loader_connect_secure_download_mode(&talk.loader, &args, 0x400000), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32S2_CHIP);
}

static void secure_download_mode_writes_and_erases_without_a_comparison(void **state)
{
    (void)state;
    static const uint8_t data[4] = {1, 2, 3, 4};
    connect_securely();
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 4, .block_size = 4, .skip_verify = true};
    play(">c000021400000000000400000001000000040000000010000000000000c0 <c0010204000000000000000000c0");
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    play(">c000031400eb0000000400000000000000000000000000000001020304c0 <c0010304000000000000000000c0");
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, 4), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    scripted_port_expect_end(&talk.port);
}

static void what_secure_download_mode_forbids_is_unsupported_and_sends_nothing(void **state)
{
    (void)state;
    uint8_t bytes[16];
    uint32_t value;
    esp_loader_t *loader = &talk.loader;
    connect_securely();
    assert_int_equal(esp_loader_read_register(loader, 0x40001000, &value), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_write_register(loader, 0x40001000, 0), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_read_mac(loader, bytes), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(reflash_flash_md5(loader, 0, 1, bytes), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
    reflash_image_t image = {.flash_addr = 0, .bytes = 4, .data = bytes};
    reflash_job_t job = {.block_bytes = 0};
    assert_int_equal(reflash_update(loader, &image, 1, &job), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    scripted_port_expect_end(&talk.port);
}

static void without_its_size_the_flash_of_a_secure_chip_is_not_touched(void **state)
{
    (void)state;
    uint32_t flash_bytes;
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED SECURE_C3);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_flash_erase_region(&talk.loader, 0, 4096), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

static void a_size_that_no_flash_has_is_refused_before_the_reset(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(&talk);
    assert_int_equal(esp_loader_connect_secure_download_mode(&talk.loader, &args, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_connect_secure_download_mode(&talk.loader, &args, 4095),
                     ESP_LOADER_ERROR_INVALID_PARAM);
    assert_string_equal(talk.port.line_calls, "I");
}

static void the_rate_of_a_secure_chip_is_changed_without_a_register(void **state)
{
    (void)state;
    connect_securely();
    play(" >" RECORDED_CHANGE_BAUDRATE " <c0010f04000000000000000000c0c0c0 rate=921600");
    conversation_play_times(&talk, 3, SYNC_UNANSWERED);
    play(RATE_BACK " rate=115200");
    conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    play("reset" SYNC_ANSWERED SECURE_ATTACH_C3); /* the size is not forgotten by a reset */
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_ERROR_TIMEOUT);
    uint32_t flash_bytes = 0;
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    scripted_port_expect_end(&talk.port);
}

/* --- Answers --------------------------------------------------------------------------------------- */

static void late_answers_to_other_questions_are_passed_over(void **state)
{
    (void)state;
    uint32_t value = 0;
    conversation_connect(&talk);
    play(">" RECORDED_READ_MAC_LO " <" RECORDED_SYNC_ANSWER RECORDED_FLASH_DATA_ANSWER RECORDED_MD5_ANSWER
         "c0010ac0"                             /* too short */
         "c0000a04001111111100000000c0"         /* wrong direction */
         "c0010a05001111111100000000c0"         /* wrong size */
         "c0010a0800111111110000000000000000c0" /* another length than this answer has */
         "6f6b" RECORDED_READ_MAC_LO_ANSWER);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x3FF5A004, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0xC4123456);
    expect_no_fault();
}

static void a_late_answer_in_front_of_security_info_is_passed_over(void **state)
{
    (void)state;
    static const char *const late[] = {
        ">" RECORDED_SECURITY_INFO " <" RECORDED_SYNC_ANSWER RECORDED_SECURITY_INFO_ANSWER_C3,
        ">" RECORDED_SECURITY_INFO " <" RECORDED_MD5_ANSWER RECORDED_SECURITY_INFO_ANSWER_C3,
        ">" RECORDED_SECURITY_INFO " <c0011402006f50311b0000c0" RECORDED_SECURITY_INFO_ANSWER_C3, /* no whole status */
    };
    for (size_t row = 0; row < sizeof(late) / sizeof(late[0]); row++) {
        esp_loader_target_security_info_t info;
        conversation_connect_c3(&talk);
        play(late[row]);
        assert_int_equal(esp_loader_get_security_info(&talk.loader, &info), ESP_LOADER_SUCCESS);
        expect_no_fault();
    }
}

static void a_refusal_as_unknown_command_counts_under_any_opcode(void **state)
{
    (void)state;
    uint32_t value = 0x5A5A5A5A;
    conversation_connect(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAC_LO " <" RECORDED_UNKNOWN_COMMAND_ANSWER_AFTER_SYNC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x3FF5A004, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x0A, 0x05);
    assert_int_equal(value, 0x5A5A5A5A);
}

static void any_other_refusal_counts_only_under_its_own_opcode(void **state)
{
    (void)state;
    uint32_t value;
    conversation_connect(&talk);
    play(">" RECORDED_READ_MAC_LO
         " <" RECORDED_FLASH_BEGIN_REFUSED RECORDED_FLASH_DATA_BAD_CHECKSUM RECORDED_READ_MAC_LO_ANSWER);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x3FF5A004, &value), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void left_overs_behind_the_status_do_not_matter(void **state)
{
    (void)state;
    uint32_t value;
    conversation_connect(&talk);
    /* Recorded from ESP32 mask-ROM code: digits of an MD5 behind the status; an old code behind a success. */
    play(">" RECORDED_READ_MAGIC " <c0010a0400831df00000006665c0");
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    play(">" RECORDED_WRITE_REG " <c001090400831df0000005ffffc0");
    assert_int_equal(esp_loader_write_register(&talk.loader, 0x3FFE8000, 0xDEADBEEF), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_question_that_was_lost_is_asked_up_to_three_times(void **state)
{
    (void)state;
    uint32_t value = 0;
    conversation_connect(&talk);
    conversation_play_times(&talk, 2, " >" RECORDED_READ_MAGIC);
    play(MAGIC_ANSWERED);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0x00F01D83);
    expect_no_fault();

    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x0A, 0);
}

static void a_refusal_sent_eightfold_does_not_answer_the_question_after_it(void **state)
{
    (void)state;
    uint32_t value = 0;
    conversation_connect(&talk);
    talk.port.now_us = 0;
    play(">" RECORDED_READ_MAGIC " <" EIGHT_REFUSALS MAGIC_ANSWERED);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0x00F01D83);
    expect_no_fault();
    assert_in_range(talk.port.now_us, 0, 150000); /* waiting for more of them takes a moment, not a time-out */
}

static void a_fault_tells_the_last_try_only(void **state)
{
    (void)state;
    uint32_t value = 0;
    conversation_connect(&talk);
    play(">" RECORDED_READ_MAGIC " <" RECORDED_UNKNOWN_COMMAND_ANSWER);
    conversation_play_times(&talk, 2, " >" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x0A, 0);
}

static void a_call_that_succeeds_leaves_no_fault(void **state)
{
    (void)state;
    uint32_t value;
    conversation_connect(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_TIMEOUT);
    play(MAGIC_ANSWERED);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* --- Registers and identity ------------------------------------------------------------------------ */

static void registers_are_written_and_read_with_the_recorded_bytes(void **state)
{
    (void)state;
    uint32_t value = 0;
    conversation_connect(&talk);
    play(">" RECORDED_WRITE_REG " <" RECORDED_WRITE_REG_ANSWER
         " >c0000a0400000000000080fe3fc0 <c0010a0400efbeadde00000000c0");
    assert_int_equal(esp_loader_write_register(&talk.loader, 0x3FFE8000, 0xDEADBEEF), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x3FFE8000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0xDEADBEEF);
    expect_no_fault();
}

static void a_word_with_end_and_escape_bytes_is_escaped(void **state)
{
    (void)state;
    uint32_t value = 0;
    conversation_connect(&talk);
    play(">c0000a040000000000dbdcdbdddbdcdbddc0 <c0010a0400dbdddbdcdbdddbdc00000000c0");
    assert_int_equal(esp_loader_read_register(&talk.loader, 0xDBC0DBC0, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0xC0DBC0DB);
}

static void the_mac_is_read_from_the_recorded_efuse_words(void **state)
{
    (void)state;
    uint8_t mac[7] = {[6] = 0xAA};
    conversation_connect(&talk);
    play(">" RECORDED_READ_MAC_LO " <" RECORDED_READ_MAC_LO_ANSWER " >" RECORDED_READ_MAC_HI
         " <" RECORDED_READ_MAC_HI_ANSWER);
    assert_int_equal(esp_loader_read_mac(&talk.loader, mac), ESP_LOADER_SUCCESS);
    assert_bytes(mac, sizeof(mac), "240ac4123456aa");
    expect_no_fault();

    conversation_connect_c3(&talk);
    play(">" RECORDED_READ_MAC_LO_C3 " <" RECORDED_READ_MAC_LO_ANSWER_C3 " >" RECORDED_READ_MAC_HI_C3
         " <" RECORDED_READ_MAC_HI_ANSWER_C3);
    assert_int_equal(esp_loader_read_mac(&talk.loader, mac), ESP_LOADER_SUCCESS);
    assert_bytes(mac, sizeof(mac), "c40a24fe1001aa");
}

static void a_mac_that_cannot_be_read_is_left_alone(void **state)
{
    (void)state;
    uint8_t mac[6] = {1, 2, 3, 4, 5, 6};
    conversation_connect(&talk);
    play(">" RECORDED_READ_MAC_LO " <" RECORDED_READ_MAC_LO_ANSWER);
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAC_HI);
    assert_int_equal(esp_loader_read_mac(&talk.loader, mac), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x0A, 0);
    assert_bytes(mac, sizeof(mac), "010203040506");
}

static void an_esp32_is_not_asked_for_security_info(void **state)
{
    (void)state;
    esp_loader_target_security_info_t info;
    conversation_connect(&talk);
    assert_int_equal(esp_loader_get_security_info(&talk.loader, &info), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* Ask an ESP32-C3 whose answer holds these flags and this count of flash encryption bits. */
static esp_loader_target_security_info_t security_info_of(uint32_t flags, uint8_t flash_crypt_count)
{
    char script[200];
    esp_loader_target_security_info_t info;
    memset(&info, 0xFF, sizeof(info));
    conversation_connect_c3(&talk);
    (void)snprintf(script, sizeof(script),
                   ">%s <c0011418006f50311b%02x%02x0000%02x0000000000000c050000000300000000000000c0",
                   RECORDED_SECURITY_INFO, (unsigned)(flags & 0xFF), (unsigned)(flags >> 8), flash_crypt_count);
    play(script);
    assert_int_equal(esp_loader_get_security_info(&talk.loader, &info), ESP_LOADER_SUCCESS);
    expect_no_fault();
    assert_int_equal(info.target_chip, ESP32C3_CHIP);
    assert_int_equal(info.eco_version, 3);
    return info;
}

static void security_flags_are_told_bit_by_bit(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 12; bit++) { /* the twelfth means nothing */
        const esp_loader_target_security_info_t info = security_info_of(UINT32_C(1) << bit, 0);
        assert_int_equal(info.secure_boot_enabled, bit == 0);
        assert_int_equal(info.secure_boot_aggressive_revoke_enabled, bit == 1);
        assert_int_equal(info.secure_download_mode_enabled, bit == 2);
        assert_int_equal(info.secure_boot_revoked_keys[0], bit == 3);
        assert_int_equal(info.secure_boot_revoked_keys[1], bit == 4);
        assert_int_equal(info.secure_boot_revoked_keys[2], bit == 5);
        assert_int_equal(info.jtag_software_disabled, bit == 6);
        assert_int_equal(info.jtag_hardware_disabled, bit == 7);
        assert_int_equal(info.usb_disabled, bit == 8);
        assert_int_equal(info.dcache_in_uart_download_disabled, bit == 9);
        assert_int_equal(info.icache_in_uart_download_disabled, bit == 10);
        assert_false(info.flash_encryption_enabled);
    }
}

static void flash_encryption_is_on_with_an_odd_number_of_bits(void **state)
{
    (void)state;
    static const bool on[8] = {false, true, true, false, true, false, false, true};
    for (uint8_t count = 0; count < 8; count++) {
        assert_int_equal(security_info_of(0, count).flash_encryption_enabled, on[count]);
    }
}

static void security_info_of_any_other_length_is_nonsense(void **state)
{
    (void)state;
    esp_loader_target_security_info_t info;
    conversation_connect_c3(&talk);
    play(">" RECORDED_SECURITY_INFO " <c0011408006f50311b0000000000000000c0");
    assert_int_equal(esp_loader_get_security_info(&talk.loader, &info), ESP_LOADER_ERROR_INVALID_RESPONSE);
    scripted_port_expect_end(&talk.port);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_NONSENSE);
}

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

static void a_port_without_rates_is_unsupported_and_nothing_is_sent(void **state)
{
    (void)state;
    conversation_connect(&talk);
    scripted_port_change_ops(&talk.port)->change_transmission_rate = NULL;
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* --- Arguments ------------------------------------------------------------------------------------- */

/* Calls whose arguments are outside their range whatever the target is; the script being empty, none of them may
 * send a byte. False: there is no call of this number. */
static bool call_badly(unsigned number, esp_loader_error_t *err)
{
    esp_loader_t *loader = &talk.loader;
    esp_loader_connect_args_t no_trials = {.sync_timeout = 100, .trials = 0};
    esp_loader_connect_args_t fewer_trials = {.sync_timeout = 100, .trials = -1};
    esp_loader_connect_args_t no_time = {.sync_timeout = 0, .trials = 1};
    switch (number) {
    case 0:
        *err = esp_loader_connect(loader, NULL);
        return true;
    case 1:
        *err = esp_loader_connect(loader, &no_trials);
        return true;
    case 2:
        *err = esp_loader_connect(loader, &fewer_trials);
        return true;
    case 3:
        *err = esp_loader_connect(loader, &no_time);
        return true;
    case 4:
        *err = esp_loader_read_mac(loader, NULL);
        return true;
    case 5:
        *err = esp_loader_read_register(loader, 0x40001000, NULL);
        return true;
    case 6:
        *err = esp_loader_get_security_info(loader, NULL);
        return true;
    case 7:
        *err = esp_loader_change_transmission_rate(loader, 0);
        return true;
    default:
        return false;
    }
}

static void a_bad_argument_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    esp_loader_error_t err;
    conversation_connect(&talk);
    leave_a_fault();
    for (unsigned number = 0; call_badly(number, &err); number++) {
        assert_int_equal(err, ESP_LOADER_ERROR_INVALID_PARAM);
        expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
        leave_a_fault();
        assert_int_equal(esp_loader_get_target(&talk.loader), ESP32_CHIP);
    }
}

static void nothing_is_sent_to_a_target_that_is_not_connected(void **state)
{
    (void)state;
    esp_loader_t *loader = &talk.loader;
    uint8_t bytes[16];
    uint32_t value;
    esp_loader_target_security_info_t info;
    conversation_start(&talk);
    assert_int_equal(esp_loader_read_mac(loader, bytes), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_read_register(loader, 0, &value), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_write_register(loader, 0, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_get_security_info(loader, &info), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_change_transmission_rate(loader, 921600), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_detect_size(loader, &value), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_erase(loader), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_erase_region(loader, 0, 4096), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(reflash_flash_md5(loader, 0, 1, bytes), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(reflash_flash_verify_md5(loader, 0, 1, bytes), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(
        esp_loader_flash_verify_known_md5(loader, 0, 1, (const uint8_t *)"d41d8cd98f00b204e9800998ecf8427e"),
        ESP_LOADER_ERROR_INVALID_PARAM);

    esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = 4, .block_size = 4};
    assert_int_equal(esp_loader_flash_start(loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_write(loader, &cfg, bytes, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_finish(loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);

    reflash_image_t image = {.flash_addr = 0, .bytes = 4, .data = bytes};
    reflash_job_t job = {.block_bytes = 0};
    assert_int_equal(reflash_update(loader, &image, 1, &job), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* --- A line that never pauses ---------------------------------------------------------------------- */

/* None of them ever answers a question. */
static const char *const babble[] = {
    "00",                       /* a break condition */
    "c0",                       /* nothing but ends */
    "db",                       /* nothing but escapes */
    "c0dbc0",                   /* broken escapes */
    "6f6bc0",                   /* short frames */
    RECORDED_FLASH_DATA_ANSWER, /* answers to something else */
    RECORDED_MD5_ANSWER,        /* longer ones */
};

static void start_babbling(const char *hex)
{
    static uint8_t bytes[100];
    talk.port.babble_bytes = bytes_of_hex(hex, bytes, sizeof(bytes));
    talk.port.babble = bytes;
    talk.port.now_us = 0;
}

static void a_babbling_line_does_not_hold_up_connecting(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof(babble) / sizeof(babble[0]); row++) {
        conversation_start(&talk);
        start_babbling(babble[row]);
        assert_int_equal(connect_with(3), ESP_LOADER_ERROR_INVALID_RESPONSE);
        assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_NONSENSE);
        assert_in_range(talk.port.now_us, 0, 3 * 5 * 110000); /* three trials, five SYNCs of 100 ms and their bytes */
        assert_string_equal(talk.port.line_calls, "IBBB");
    }
}

static void a_line_full_of_sync_answers_does_not_hold_up_connecting(void **state)
{
    (void)state;
    conversation_start(&talk);
    start_babbling(RECORDED_SYNC_ANSWER);
    assert_int_equal(connect_with(2), ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_NONSENSE);
    assert_in_range(talk.port.now_us, 0, 2 * 7 * 1100000); /* two trials, six questions of a second and drains */
}

static void a_babbling_line_does_not_hold_up_a_question(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof(babble) / sizeof(babble[0]); row++) {
        uint32_t value;
        conversation_connect(&talk);
        start_babbling(babble[row]);
        assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
        assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_NONSENSE);
        assert_in_range(talk.port.now_us, 0, 5 * 1000000); /* three tries of a second, and the drains between */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_codes_have_the_values_that_programs_index_arrays_by),
        cmocka_unit_test(chips_have_the_values_that_programs_index_arrays_by),
        cmocka_unit_test(the_default_arguments_are_ten_trials_of_100_ms),
        cmocka_unit_test(log_levels_count_from_none_to_debug),
        cmocka_unit_test(a_fresh_context_knows_no_chip_and_no_fault),
        cmocka_unit_test(a_port_that_serial_cannot_work_with_is_rejected),
        cmocka_unit_test(a_context_that_was_bound_to_nothing_can_be_given_back),
        cmocka_unit_test(a_port_may_lack_what_serial_does_not_need),
        cmocka_unit_test(what_the_init_of_the_port_returns_is_returned),
        cmocka_unit_test(deinit_gives_the_port_back_and_forgets_the_target),
        cmocka_unit_test(the_target_is_reset_through_the_port),
        cmocka_unit_test(connecting_sends_the_recorded_sync_and_swallows_its_eight_answers),
        cmocka_unit_test(a_sync_answered_once_is_enough),
        cmocka_unit_test(a_first_sync_that_only_trains_the_receiver_costs_no_reset),
        cmocka_unit_test(boot_messages_do_not_disturb_a_sync),
        cmocka_unit_test(the_value_in_the_answer_to_a_sync_does_not_matter),
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
        cmocka_unit_test(the_watchdog_of_a_chip_resets_it_into_its_application),
        cmocka_unit_test(a_chip_in_secure_download_mode_is_told_its_flash_by_the_caller),
        cmocka_unit_test(an_esp32s2_in_secure_download_mode_is_known_without_a_register),
        cmocka_unit_test(secure_download_mode_writes_and_erases_without_a_comparison),
        cmocka_unit_test(what_secure_download_mode_forbids_is_unsupported_and_sends_nothing),
        cmocka_unit_test(without_its_size_the_flash_of_a_secure_chip_is_not_touched),
        cmocka_unit_test(a_size_that_no_flash_has_is_refused_before_the_reset),
        cmocka_unit_test(the_rate_of_a_secure_chip_is_changed_without_a_register),
        cmocka_unit_test(late_answers_to_other_questions_are_passed_over),
        cmocka_unit_test(a_late_answer_in_front_of_security_info_is_passed_over),
        cmocka_unit_test(a_refusal_as_unknown_command_counts_under_any_opcode),
        cmocka_unit_test(any_other_refusal_counts_only_under_its_own_opcode),
        cmocka_unit_test(left_overs_behind_the_status_do_not_matter),
        cmocka_unit_test(a_question_that_was_lost_is_asked_up_to_three_times),
        cmocka_unit_test(a_refusal_sent_eightfold_does_not_answer_the_question_after_it),
        cmocka_unit_test(a_fault_tells_the_last_try_only),
        cmocka_unit_test(a_call_that_succeeds_leaves_no_fault),
        cmocka_unit_test(registers_are_written_and_read_with_the_recorded_bytes),
        cmocka_unit_test(a_word_with_end_and_escape_bytes_is_escaped),
        cmocka_unit_test(the_mac_is_read_from_the_recorded_efuse_words),
        cmocka_unit_test(a_mac_that_cannot_be_read_is_left_alone),
        cmocka_unit_test(an_esp32_is_not_asked_for_security_info),
        cmocka_unit_test(security_flags_are_told_bit_by_bit),
        cmocka_unit_test(flash_encryption_is_on_with_an_odd_number_of_bits),
        cmocka_unit_test(security_info_of_any_other_length_is_nonsense),
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
        cmocka_unit_test(a_bad_argument_is_refused_and_nothing_is_sent),
        cmocka_unit_test(nothing_is_sent_to_a_target_that_is_not_connected),
        cmocka_unit_test(a_babbling_line_does_not_hold_up_connecting),
        cmocka_unit_test(a_line_full_of_sync_answers_does_not_hold_up_connecting),
        cmocka_unit_test(a_babbling_line_does_not_hold_up_a_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
