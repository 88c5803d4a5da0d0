/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of the flash, asked for and compared. Bytes to and from the target are recorded from mask-ROM code or
 * follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "hex.h"
#include "talk.h"

static const uint8_t *text(const char *digits)
{
    return (const uint8_t *)digits;
}

static void a_known_md5_matches_in_any_case(void **state)
{
    (void)state;
    static const char *const digits[] = {RECORDED_DIGEST, "105353C36255133D3ADBF3BFE692C3A5",
                                         "105353C36255133d3aDbF3bFe692c3A5"};
    conversation_attach(&talk);
    for (size_t row = 0; row < sizeof(digits) / sizeof(digits[0]); row++) {
        uint8_t unterminated[32];
        memcpy(unterminated, digits[row], sizeof(unterminated));
        play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
        assert_int_equal(esp_loader_flash_verify_known_md5(&talk.loader, 0, 256, unterminated), ESP_LOADER_SUCCESS);
        expect_no_fault();
    }
}

static void a_known_md5_that_differs_in_any_digit_is_told(void **state)
{
    (void)state;
    conversation_attach(&talk);
    for (unsigned digit = 0; digit < 32; digit++) {
        char digits[33] = RECORDED_DIGEST;
        digits[digit] = digits[digit] == '0' ? '1' : '0';
        play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
        assert_int_equal(esp_loader_flash_verify_known_md5(&talk.loader, 0, 256, text(digits)),
                         ESP_LOADER_ERROR_INVALID_MD5);
        expect_fault(ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH, 0, 0);
    }
}

static void a_known_md5_that_is_no_hex_text_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    static const char not_digits[] = "gG/:@`xX \n\x7f";
    conversation_attach(&talk);
    for (unsigned digit = 0; digit < 32; digit++) {
        for (size_t at = 0; at < sizeof(not_digits); at++) { /* the zero at its end as well */
            char digits[33] = RECORDED_DIGEST;
            digits[digit] = not_digits[at];
            assert_int_equal(esp_loader_flash_verify_known_md5(&talk.loader, 0, 256, text(digits)),
                             ESP_LOADER_ERROR_INVALID_PARAM);
            expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
        }
    }
}

static void raw_digests_are_the_same_bytes(void **state)
{
    (void)state;
    uint8_t digest[17] = {[16] = 0xAA};
    conversation_attach(&talk);
    play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_SUCCESS);
    assert_bytes(digest, sizeof(digest), RECORDED_DIGEST "aa");
    play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_verify_md5(&talk.loader, 0, 256, digest), ESP_LOADER_SUCCESS);
    expect_no_fault();
    for (unsigned byte = 0; byte < 16; byte++) {
        digest[byte] ^= 0x01;
        play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
        assert_int_equal(reflash_flash_verify_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_MD5);
        expect_fault(ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH, 0, 0);
        digest[byte] ^= 0x01;
    }
}

static void a_digest_is_asked_for_with_the_flash_attached(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(ATTACH_4_MB " >" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
    assert_int_equal(esp_loader_flash_verify_known_md5(&talk.loader, 0, 256, text(RECORDED_DIGEST)),
                     ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_refused_digest_is_no_mismatch(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_attach(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_MD5 " <" RECORDED_MD5_REFUSED);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x13, 0x09);
}

static void a_digest_that_is_no_hex_text_is_nonsense(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_attach(&talk);
    play(">" RECORDED_MD5 " <c001132400000000003130353335336333363235353133336433616462663362666536393263336167"
         "00000000c0");
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
    scripted_port_expect_end(&talk.port);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_NONSENSE);
}

static void a_digest_of_another_length_is_not_taken(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_attach(&talk);
    /* Seen from a real stub: 16 raw bytes and two of status. */
    conversation_play_times(&talk, 3, " >" RECORDED_MD5 " <c00113120000000000cdd4ffc5dc711fb48d033ccfa4154e300000c0");
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x13, 0);
}

static void a_digest_is_given_the_time_of_the_slowest_rom(void **state)
{
    (void)state;
    enum { SLOWEST_MS_PER_MIB = 6000 };
    uint8_t digest[16];
    conversation_attach(&talk);
    play(">c0001310000000000000000000000040000000000000000000c0 <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 4u << 20, digest), ESP_LOADER_SUCCESS);
    expect_no_fault();
    assert_in_range(talk.port.timer_ms, 4 * SLOWEST_MS_PER_MIB, 8 * SLOWEST_MS_PER_MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_md5_matches_in_any_case),
        cmocka_unit_test(a_known_md5_that_differs_in_any_digit_is_told),
        cmocka_unit_test(a_known_md5_that_is_no_hex_text_is_refused_and_nothing_is_sent),
        cmocka_unit_test(raw_digests_are_the_same_bytes),
        cmocka_unit_test(a_digest_is_asked_for_with_the_flash_attached),
        cmocka_unit_test(a_refused_digest_is_no_mismatch),
        cmocka_unit_test(a_digest_that_is_no_hex_text_is_nonsense),
        cmocka_unit_test(a_digest_of_another_length_is_not_taken),
        cmocka_unit_test(a_digest_is_given_the_time_of_the_slowest_rom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
