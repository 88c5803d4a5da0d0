/* SPDX-License-Identifier: Apache-2.0 */
/* The loader writes plain images, and erases. Bytes to and from the target are recorded from mask-ROM code or follow
 * the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>

#include "talk.h"

/* --- Writing --------------------------------------------------------------------------------------- */

/* MD5 of the two recorded blocks, as ASCII digits. */
#define DIGITS_OF_RECORDED_BLOCKS "6339303233653930316164323764313564393166656437616664353334326435"

static void write_recorded_image(esp_loader_flash_cfg_t *cfg, bool skip_verify)
{
    uint8_t data[256];
    *cfg = (esp_loader_flash_cfg_t){.offset = 0x1000, .image_size = 512, .block_size = 256, .skip_verify = skip_verify};
    assert_int_equal(esp_loader_flash_start(&talk.loader, cfg), ESP_LOADER_SUCCESS);
    for (unsigned block = 0; block < 2; block++) {
        recorded_block(data, block);
        assert_int_equal(esp_loader_flash_write(&talk.loader, cfg, data, sizeof(data)), ESP_LOADER_SUCCESS);
    }
    expect_no_fault();
}

#define WRITE_RECORDED_IMAGE                                                                                           \
    " >" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_ANSWER " >" RECORDED_BLOCK_0 " <" RECORDED_FLASH_DATA_ANSWER   \
    " >" RECORDED_BLOCK_1 " <" RECORDED_FLASH_DATA_ANSWER

static void a_write_sends_the_recorded_bytes_and_is_proved_by_its_md5(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg;
    conversation_attach(&talk);
    play(WRITE_RECORDED_IMAGE);
    write_recorded_image(&cfg, false);
    play(">c0001310000000000000100000000200000000000000000000c0 <" MD5_ANSWER(DIGITS_OF_RECORDED_BLOCKS));
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void an_esp32c3_wants_five_words_to_begin(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256};
    conversation_connect_c3(&talk);
    talk.loader._flash_bytes = 0x400000; /* as if attached: that is another test */
    play(">" RECORDED_FLASH_BEGIN_C3 " <c0010204006f50311b00000000c0");
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_write_that_the_flash_does_not_hold_is_an_invalid_md5(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg;
    conversation_attach(&talk);
    play(WRITE_RECORDED_IMAGE);
    write_recorded_image(&cfg, false);
    play(">c0001310000000000000100000000200000000000000000000c0 <" RECORDED_MD5_ANSWER);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_MD5);
    expect_fault(ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH, 0, 0);
}

static void a_write_without_verification_ends_without_a_question(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg;
    conversation_attach(&talk);
    play(WRITE_RECORDED_IMAGE);
    write_recorded_image(&cfg, true);
    assert_int_equal(esp_loader_flash_start(&talk.loader, NULL), ESP_LOADER_ERROR_INVALID_PARAM); /* forgotten by: */
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void the_same_configuration_can_be_used_for_another_write(void **state)
{
    (void)state;
    uint8_t data[256];
    esp_loader_flash_cfg_t cfg;
    conversation_attach(&talk);
    play(WRITE_RECORDED_IMAGE);
    write_recorded_image(&cfg, false);
    play(WRITE_RECORDED_IMAGE
         " >c0001310000000000000100000000200000000000000000000c0 <" MD5_ANSWER(DIGITS_OF_RECORDED_BLOCKS));
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    for (unsigned block = 0; block < 2; block++) {
        recorded_block(data, block);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, sizeof(data)), ESP_LOADER_SUCCESS);
    }
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

#define BEGIN_BYTES(count) " >c00002100000000000" count "000000010000000400000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER

static void only_the_end_of_an_image_is_padded_and_with_ff(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        uint8_t data[4];
        uint32_t bytes;
    } cases[] = {
        {BEGIN_BYTES("01") " >" BLOCK("bb", "00", "abffffff"), {0xAB}, 1},
        {BEGIN_BYTES("02") " >" BLOCK("89", "00", "abcdffff"), {0xAB, 0xCD}, 2},
        {BEGIN_BYTES("03") " >" BLOCK("10", "00", "010203ff"), {1, 2, 3}, 3},
        {BEGIN_BYTES("04") " >" BLOCK("eb", "00", "01020304"), {1, 2, 3, 4}, 4},
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        esp_loader_flash_cfg_t cfg = {
            .offset = 0, .image_size = cases[row].bytes, .block_size = 4, .skip_verify = true};
        conversation_attach(&talk);
        play(cases[row].script);
        play("<" RECORDED_FLASH_DATA_ANSWER);
        assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, cases[row].data, cases[row].bytes),
                         ESP_LOADER_SUCCESS);
        expect_no_fault();
    }
}

static void end_and_escape_bytes_are_escaped_in_address_checksum_and_data(void **state)
{
    (void)state;
    static const uint8_t ends[] = {0xC0, 0xDB, 0xC0, 0xDB};
    static const uint8_t with_checksum_c0[] = {0x2F, 0, 0, 0};
    esp_loader_flash_cfg_t cfg = {.offset = 0xDBC000, .image_size = 8, .block_size = 4, .skip_verify = true};
    uint32_t flash_bytes = 0;
    assert_int_equal(conversation_detect(&talk, "ef401800", 16u << 20, &flash_bytes), ESP_LOADER_SUCCESS);
    play(">c0000210000000000008000000020000000400000000dbdcdbdd00c0 <" RECORDED_FLASH_BEGIN_ANSWER
         " >" BLOCK("ef", "00", "dbdcdbdddbdcdbdd") " <" RECORDED_FLASH_DATA_ANSWER " >" BLOCK(
             "dbdc", "01", "2f000000") " <" RECORDED_FLASH_DATA_ANSWER);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, ends, 4), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, with_checksum_c0, 4), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* Escaped bytes are gathered before they are sent: wherever a gathered piece ends, nothing is lost or doubled. */
static void a_block_of_any_length_and_any_escapes_is_sent_whole(void **state)
{
    (void)state;
    conversation_attach(&talk);
    for (unsigned bytes = 4; bytes <= 160; bytes += 4) {
        for (unsigned zeros = 0; zeros <= 3; zeros++) {
            char script[1000];
            uint8_t data[160] = {0};
            esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = bytes, .block_size = bytes, .skip_verify = true};
            int length = snprintf(script, sizeof(script),
                                  ">c000021000"
                                  "00000000"
                                  "%02x000000"
                                  "01000000"
                                  "%02x000000"
                                  "00000000c0 <%s "
                                  ">c00003%02x00"
                                  "%s000000"
                                  "%02x000000"
                                  "00000000"
                                  "0000000000000000"
                                  "%.*s",
                                  bytes, bytes, RECORDED_FLASH_BEGIN_ANSWER, 16 + bytes,
                                  (bytes - zeros) % 2 != 0 ? "2f" : "ef", bytes, 2 * (int)zeros, "000000");
            for (unsigned at = zeros; at < bytes; at++) {
                data[at] = 0xC0;
                length += snprintf(&script[length], sizeof(script) - (size_t)length, "dbdc");
            }
            (void)snprintf(&script[length], sizeof(script) - (size_t)length, "c0 <%s", RECORDED_FLASH_DATA_ANSWER);
            scripted_port_rewind(&talk.port);
            play(script);
            assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
            assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, bytes), ESP_LOADER_SUCCESS);
            expect_no_fault();
        }
    }
}

static void the_largest_block_of_a_rom_is_6144_bytes(void **state)
{
    (void)state;
    static char script[2 * 6300];
    static const uint8_t zeros[0x1800];
    esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = 0x1800, .block_size = 0x1800, .skip_verify = true};
    conversation_attach(&talk);
    play(">c0000210000000000000180000010000000018000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    int length = snprintf(script, sizeof(script), ">c000031018ef00000000180000%s", "000000000000000000000000");
    for (unsigned byte = 0; byte < sizeof(zeros); byte++) {
        length += snprintf(&script[length], sizeof(script) - (size_t)length, "00");
    }
    (void)snprintf(&script[length], sizeof(script) - (size_t)length, "c0 <" RECORDED_FLASH_DATA_ANSWER);
    play(script);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, zeros, sizeof(zeros)), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_refused_begin_is_told_with_its_reason(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256};
    conversation_attach(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_REFUSED);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x02, 0x06);
}

static void a_write_that_ends_before_all_was_written_is_no_success(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256, .skip_verify = true};
    conversation_attach(&talk);
    play(" >" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_ANSWER);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_IMAGE_SIZE);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
}

/* --- Erasing --------------------------------------------------------------------------------------- */

static void a_region_is_erased_by_beginning_a_write(void **state)
{
    (void)state;
    conversation_attach(&talk);
    play(">c0000210000000000000200000020000000018000000300000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    assert_int_equal(esp_loader_flash_erase_region(&talk.loader, 0x3000, 0x2000), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void the_whole_flash_is_erased_by_its_size(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(ATTACH_4_MB " >c0000210000000000000004000ab0200000018000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    assert_int_equal(esp_loader_flash_erase(&talk.loader), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void an_erase_is_given_the_time_of_a_worn_part(void **state)
{
    (void)state;
    enum { WORN_BLOCK_MS = 2000, BLOCK_BYTES = 1 << 16 };
    static const struct {
        const char *id_hex, *begin;
        uint32_t bytes;
    } parts[] = {
        {"c8401600", ">c0000210000000000000004000ab0200000018000000000000c0", 4u << 20},
        {"ef401800", ">c0000210000000000000000001ab0a00000018000000000000c0", 16u << 20},
        /* A mask ROM does not reach the end of the others; a stub erases all at once. */
        {"c2201a00", ">c000d0000000000000c0", 64u << 20},
        {"c2201b00", ">c000d0000000000000c0", 128u << 20},
        {"c2201c00", ">c000d0000000000000c0", 256u << 20},
    };
    static const reflash_stub_t stub;
    for (size_t row = 0; row < sizeof(parts) / sizeof(parts[0]); row++) {
        uint32_t flash_bytes = 0;
        assert_int_equal(conversation_detect(&talk, parts[row].id_hex, parts[row].bytes, &flash_bytes),
                         ESP_LOADER_SUCCESS);
        const bool by_stub = parts[row].bytes > 16u << 20;
        talk.loader._stub = by_stub ? &stub : NULL;
        talk.loader._status_bytes = by_stub ? 2 : 4;
        play(parts[row].begin);
        play(by_stub ? "<c001d0020000000000"
                       "0000c0"
                     : "<" RECORDED_FLASH_BEGIN_ANSWER);
        assert_int_equal(esp_loader_flash_erase(&talk.loader), ESP_LOADER_SUCCESS);
        expect_no_fault();
        const uint32_t worn_ms = parts[row].bytes / BLOCK_BYTES * WORN_BLOCK_MS;
        assert_in_range(talk.port.timer_ms, worn_ms, 2 * worn_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_sends_the_recorded_bytes_and_is_proved_by_its_md5),
        cmocka_unit_test(an_esp32c3_wants_five_words_to_begin),
        cmocka_unit_test(a_write_that_the_flash_does_not_hold_is_an_invalid_md5),
        cmocka_unit_test(a_write_without_verification_ends_without_a_question),
        cmocka_unit_test(the_same_configuration_can_be_used_for_another_write),
        cmocka_unit_test(only_the_end_of_an_image_is_padded_and_with_ff),
        cmocka_unit_test(end_and_escape_bytes_are_escaped_in_address_checksum_and_data),
        cmocka_unit_test(a_block_of_any_length_and_any_escapes_is_sent_whole),
        cmocka_unit_test(the_largest_block_of_a_rom_is_6144_bytes),
        cmocka_unit_test(a_refused_begin_is_told_with_its_reason),
        cmocka_unit_test(a_write_that_ends_before_all_was_written_is_no_success),
        cmocka_unit_test(a_region_is_erased_by_beginning_a_write),
        cmocka_unit_test(the_whole_flash_is_erased_by_its_size),
        cmocka_unit_test(an_erase_is_given_the_time_of_a_worn_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
