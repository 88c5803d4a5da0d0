/* SPDX-License-Identifier: Apache-2.0 */
/* A loader's context, whatever is done with it: the values that programs rely on, how it starts and ends, arguments
 * that are refused, and a line that never pauses. Bytes to and from the target are recorded from mask-ROM code or
 * follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "hex.h"
#include "talk.h"

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

/* --- Arguments ------------------------------------------------------------------------------------- */

/* Something must be there that the next call has to forget. */
static void leave_a_fault(void)
{
    uint32_t value;
    conversation_play_times(&talk, 3, " >" RECORDED_READ_MAGIC " <" RECORDED_UNKNOWN_COMMAND_ANSWER);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x0A, 0x05);
}

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
        cmocka_unit_test(the_watchdog_of_a_chip_resets_it_into_its_application),
        cmocka_unit_test(a_bad_argument_is_refused_and_nothing_is_sent),
        cmocka_unit_test(nothing_is_sent_to_a_target_that_is_not_connected),
        cmocka_unit_test(a_babbling_line_does_not_hold_up_connecting),
        cmocka_unit_test(a_line_full_of_sync_answers_does_not_hold_up_connecting),
        cmocka_unit_test(a_babbling_line_does_not_hold_up_a_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
