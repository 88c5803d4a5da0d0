/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of a plain write that go wrong on their way, do not fit or are drowned in noise. Bytes to and from the
 * target are recorded from mask-ROM code or follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

#include "hex.h"
#include "talk.h"

/* MD5 of 11 22 .. 88, as ASCII digits. */
#define DIGITS_OF_ELEVEN_TO_88 "6464323534636463393538653533616261613637646139663739373132356635"
static const uint8_t block_data[8] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};

#define FIRST(number) " >" BLOCK("ab", number, "11223344")
#define SECOND(number) " >" BLOCK("23", number, "55667788")
#define TAKEN " <" RECORDED_FLASH_DATA_ANSWER
#define BAD_CHECKSUM " <" RECORDED_FLASH_DATA_BAD_CHECKSUM
#define WRONG_NUMBER " <" RECORDED_FLASH_DATA_WRONG_SEQUENCE
#define NOT_WRITTEN " <" RECORDED_FLASH_DATA_NOT_WRITTEN
#define NOISE " <c00103040083"

static esp_loader_flash_cfg_t block_cfg;

/* Begin an image of two blocks of four bytes and write the first one. */
static esp_loader_error_t write_first_block(const char *script)
{
    block_cfg = (esp_loader_flash_cfg_t){.offset = 0, .image_size = 8, .block_size = 4};
    conversation_attach(&talk);
    play(">c0000210000000000008000000020000000400000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    play(script);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &block_cfg), ESP_LOADER_SUCCESS);
    return esp_loader_flash_write(&talk.loader, &block_cfg, block_data, 4);
}

static void a_block_that_goes_wrong_is_repeated_as_the_rom_counts(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        /* A wrong checksum uses up the number. */
        FIRST("00") BAD_CHECKSUM FIRST("01") TAKEN SECOND("02") TAKEN,
        FIRST("00") BAD_CHECKSUM FIRST("01") BAD_CHECKSUM FIRST("02") BAD_CHECKSUM FIRST("03") TAKEN SECOND("04") TAKEN,
        /* The question was lost: its number is still free. */
        FIRST("00") FIRST("00") TAKEN SECOND("01") TAKEN,
        FIRST("00") FIRST("00") FIRST("00") FIRST("00") TAKEN SECOND("01") TAKEN,
        /* The answer was lost: the number is refused, so the block is there. */
        FIRST("00") FIRST("00") WRONG_NUMBER SECOND("01") TAKEN,
        FIRST("00") NOISE FIRST("00") WRONG_NUMBER SECOND("01") TAKEN,
        FIRST("00") FIRST("00") NOISE FIRST("00") WRONG_NUMBER SECOND("01") TAKEN,
        /* The question was lost, and then damaged. */
        FIRST("00") FIRST("00") BAD_CHECKSUM FIRST("01") TAKEN SECOND("02") TAKEN,
        /* An answer to something else is not an answer. */
        FIRST("00") " <" RECORDED_SYNC_ANSWER FIRST("00") TAKEN SECOND("01") TAKEN,
        /* The same for a later block. */
        FIRST("00") TAKEN SECOND("01") BAD_CHECKSUM SECOND("02") TAKEN,
        FIRST("00") TAKEN SECOND("01") SECOND("01") WRONG_NUMBER,
    };
    for (size_t row = 0; row < sizeof(scripts) / sizeof(scripts[0]); row++) {
        assert_int_equal(write_first_block(scripts[row]), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, &block_data[4], 4), ESP_LOADER_SUCCESS);
        expect_no_fault();
        /* The digest covers each block once. */
        play(">c0001310000000000000000000080000000000000000000000c0 <" MD5_ANSWER(DIGITS_OF_ELEVEN_TO_88));
        assert_int_equal(esp_loader_flash_finish(&talk.loader, &block_cfg), ESP_LOADER_SUCCESS);
        expect_no_fault();
    }
}

static void a_block_that_cannot_be_written_is_told_with_the_last_reason(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        esp_loader_error_t expected;
        reflash_cause_t cause;
        uint8_t reason;
    } cases[] = {
        /* refused for good */
        {FIRST("00") WRONG_NUMBER, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x05},
        {FIRST("00") NOT_WRITTEN, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x08},
        {FIRST("00") " <c001030400831df00001060000c0", ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x06},
        {FIRST("00") FIRST("00") NOT_WRITTEN, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x08},
        {FIRST("00") BAD_CHECKSUM FIRST("01") WRONG_NUMBER, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED,
         0x05},
        /* four times in a row */
        {FIRST("00") FIRST("00") FIRST("00") FIRST("00"), ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0},
        {FIRST("00") NOISE FIRST("00") NOISE FIRST("00") NOISE FIRST("00") NOISE, ESP_LOADER_ERROR_INVALID_RESPONSE,
         REFLASH_CAUSE_NONSENSE, 0},
        {FIRST("00") BAD_CHECKSUM FIRST("01") BAD_CHECKSUM FIRST("02") BAD_CHECKSUM FIRST("03") BAD_CHECKSUM,
         ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x07},
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        assert_int_equal(write_first_block(cases[row].script), cases[row].expected);
        expect_fault(cases[row].expected, cases[row].cause, 0x03, cases[row].reason);
    }
}

static void a_block_that_failed_may_be_written_again(void **state)
{
    (void)state;
    assert_int_equal(write_first_block(FIRST("00") FIRST("00") FIRST("00") FIRST("00")), ESP_LOADER_ERROR_TIMEOUT);
    play(FIRST("00") TAKEN SECOND("01") TAKEN);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, block_data, 4), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, &block_data[4], 4), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_broken_port_ends_a_block_at_once(void **state)
{
    (void)state;
    for (unsigned reading = 0; reading < 2; reading++) {
        block_cfg = (esp_loader_flash_cfg_t){.offset = 0, .image_size = 8, .block_size = 4};
        conversation_attach(&talk);
        play(">c0000210000000000008000000020000000400000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
        assert_int_equal(esp_loader_flash_start(&talk.loader, &block_cfg), ESP_LOADER_SUCCESS);
        talk.port.write_error = ESP_LOADER_ERROR_FAIL;
        talk.port.read_error = ESP_LOADER_ERROR_FAIL;
        if (reading != 0) {
            talk.port.fail_read_call = talk.port.read_calls + 1;
            play(FIRST("00"));
        } else {
            talk.port.fail_write_call = talk.port.write_calls + 1;
        }
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, block_data, 4), ESP_LOADER_ERROR_FAIL);
        expect_fault(ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_PORT, 0x03, 0);
    }
}

static void a_port_that_breaks_in_the_middle_of_a_block_is_not_asked_again(void **state)
{
    (void)state;
    uint8_t data[256];
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256};
    for (uint32_t call = 1; call <= 4; call++) {
        conversation_attach(&talk);
        play(">" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_ANSWER " >" RECORDED_BLOCK_0);
        assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
        talk.port.write_error = ESP_LOADER_ERROR_FAIL;
        talk.port.fail_write_call = talk.port.write_calls + call;
        recorded_block(data, 0);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, sizeof(data)), ESP_LOADER_ERROR_FAIL);
        assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_PORT);
        assert_int_equal(talk.port.write_calls, talk.port.fail_write_call);
    }
}

static void a_piece_that_does_not_fit_is_refused_and_the_next_one_is_taken(void **state)
{
    (void)state;
    static const struct {
        const void *payload;
        uint32_t bytes;
        esp_loader_error_t expected;
    } cases[] = {
        {NULL, 4, ESP_LOADER_ERROR_INVALID_PARAM},
        {block_data, 0, ESP_LOADER_ERROR_INVALID_PARAM},
        {block_data, 8, ESP_LOADER_ERROR_INVALID_PARAM}, /* more than the block */
        {block_data, 0xFFFFFFFC, ESP_LOADER_ERROR_INVALID_PARAM},
        {block_data, 3, ESP_LOADER_ERROR_INVALID_PARAM}, /* no multiple of 4, and not the end */
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        assert_int_equal(write_first_block(FIRST("00") TAKEN), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, cases[row].payload, cases[row].bytes),
                         cases[row].expected);
        expect_fault(cases[row].expected, REFLASH_CAUSE_ARGUMENT, 0, 0);
        play(SECOND("01") TAKEN);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, &block_data[4], 4), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, block_data, 4), ESP_LOADER_ERROR_IMAGE_SIZE);
        expect_fault(ESP_LOADER_ERROR_IMAGE_SIZE, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
    assert_int_equal(esp_loader_flash_write(&talk.loader, NULL, block_data, 4), ESP_LOADER_ERROR_INVALID_PARAM);
}

static void a_babbling_line_holds_up_neither_a_block_nor_a_digest(void **state)
{
    (void)state;
    static uint8_t answers[20];
    uint8_t digest[16];
    assert_int_equal(write_first_block(FIRST("00") TAKEN), ESP_LOADER_SUCCESS);
    talk.port.babble_bytes = bytes_of_hex(RECORDED_SYNC_ANSWER, answers, sizeof(answers));
    talk.port.babble = answers;
    talk.port.now_us = 0;
    assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, &block_data[4], 4),
                     ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x03, 0);
    assert_in_range(talk.port.now_us, 0, 4 * 3100000); /* four tries of three seconds */

    talk.port.now_us = 0;
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 4096, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x13, 0);
    assert_in_range(talk.port.now_us, 0, 5 * 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_goes_wrong_is_repeated_as_the_rom_counts),
        cmocka_unit_test(a_block_that_cannot_be_written_is_told_with_the_last_reason),
        cmocka_unit_test(a_block_that_failed_may_be_written_again),
        cmocka_unit_test(a_broken_port_ends_a_block_at_once),
        cmocka_unit_test(a_port_that_breaks_in_the_middle_of_a_block_is_not_asked_again),
        cmocka_unit_test(a_piece_that_does_not_fit_is_refused_and_the_next_one_is_taken),
        cmocka_unit_test(a_babbling_line_holds_up_neither_a_block_nor_a_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
