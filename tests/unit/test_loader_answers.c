/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and their answers: what counts as one and how often is asked, with registers, the MAC and what the chip
 * tells of its security. Bytes to and from the target are recorded from mask-ROM code or follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "talk.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
