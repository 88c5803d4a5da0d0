/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of requests and answers, against what mask ROMs understood and sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "hex.h"
#include "recorded.h"
#include "wire/bytes.h"
#include "wire/packet.h"

/* --- Requests -------------------------------------------------------------------------------------- */

static void request_headers_are_those_the_rom_understood(void **state)
{
    (void)state;
    static const struct {
        uint8_t opcode;
        uint16_t payload_bytes;
        uint8_t checksum;
        const char *recorded; /* from ESP32 mask-ROM code; no byte of these headers is escaped */
    } cases[] = {
        {REFLASH_SYNC, 36, 0, RECORDED_SYNC},
        {REFLASH_READ_REG, 4, 0, RECORDED_READ_MAGIC},
        {REFLASH_WRITE_REG, 16, 0, RECORDED_WRITE_REG},
        {REFLASH_SPI_ATTACH, 8, 0, RECORDED_SPI_ATTACH},
        {REFLASH_SPI_SET_PARAMS, 24, 0, RECORDED_SPI_SET_PARAMS},
        {REFLASH_CHANGE_BAUDRATE, 8, 0, RECORDED_CHANGE_BAUDRATE},
        {REFLASH_GET_SECURITY_INFO, 0, 0, RECORDED_SECURITY_INFO},
        {REFLASH_FLASH_BEGIN, 16, 0, RECORDED_FLASH_BEGIN},
        {REFLASH_FLASH_DATA, 16 + 256, 0xAF, RECORDED_BLOCK_0},
        {REFLASH_FLASH_DATA, 16 + 256, 0xEF, RECORDED_BLOCK_1},
        {REFLASH_SPI_FLASH_MD5, 16, 0, RECORDED_MD5},
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        uint8_t recorded[400];
        uint8_t header[REFLASH_HEADER_BYTES];
        bytes_of_hex(cases[row].recorded, recorded, sizeof(recorded));
        memset(header, 0xAA, sizeof(header));
        reflash_request_header(header, cases[row].opcode, cases[row].payload_bytes, cases[row].checksum);
        assert_memory_equal(header, &recorded[1], sizeof(header));
    }
}

static void a_size_takes_both_of_its_bytes(void **state)
{
    (void)state;
    uint8_t header[REFLASH_HEADER_BYTES];
    reflash_request_header(header, 0x03, 0x1810, 0x5A); /* the largest block: 0x1800 bytes and their header */
    assert_bytes(header, sizeof(header), "000310185a000000");
    reflash_request_header(header, 0x03, 0xFFFF, 0xFF);
    assert_bytes(header, sizeof(header), "0003ffffff000000");
}

static void opcodes_are_those_of_the_protocol(void **state)
{
    (void)state;
    assert_int_equal(REFLASH_FLASH_BEGIN, 0x02);
    assert_int_equal(REFLASH_FLASH_DATA, 0x03);
    assert_int_equal(REFLASH_SYNC, 0x08);
    assert_int_equal(REFLASH_WRITE_REG, 0x09);
    assert_int_equal(REFLASH_READ_REG, 0x0A);
    assert_int_equal(REFLASH_SPI_SET_PARAMS, 0x0B);
    assert_int_equal(REFLASH_SPI_ATTACH, 0x0D);
    assert_int_equal(REFLASH_CHANGE_BAUDRATE, 0x0F);
    assert_int_equal(REFLASH_SPI_FLASH_MD5, 0x13);
    assert_int_equal(REFLASH_GET_SECURITY_INFO, 0x14);
}

/* --- Checksums ------------------------------------------------------------------------------------- */

static void pattern(uint8_t *data, unsigned count, unsigned block)
{
    for (unsigned i = 0; i < count; i++) {
        data[i] = (uint8_t)(7 * i + (i * i >> 4) + 31 * (block + 1));
    }
}

/* Recorded from ESP32 mask-ROM code: flash_write, flash_data_wrong_seq, flash_data_short (128 bytes) and
 * flash_data_unaligned_length (253 bytes) of esp32-flash.txt. */
static void checksums_are_those_the_rom_accepted(void **state)
{
    (void)state;
    static const struct {
        unsigned count, block;
        uint8_t checksum;
    } cases[] = {{256, 0, 0xAF}, {256, 1, 0xEF}, {256, 2, 0xEF}, {128, 0, 0xEF}, {253, 0, 0x2C}};

    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        uint8_t data[256];
        pattern(data, cases[row].count, cases[row].block);
        assert_int_equal(reflash_checksum(0xEF, data, cases[row].count), cases[row].checksum);
        for (unsigned cut = 0; cut <= cases[row].count; cut++) {
            const uint8_t first = reflash_checksum(REFLASH_CHECKSUM_SEED, data, cut);
            assert_int_equal(reflash_checksum(first, &data[cut], cases[row].count - cut), cases[row].checksum);
        }
    }
}

static void the_checksum_of_nothing_is_the_seed(void **state)
{
    (void)state;
    const uint8_t byte = 0xFF;
    assert_int_equal(reflash_checksum(REFLASH_CHECKSUM_SEED, &byte, 0), 0xEF);
}

/* --- Answers --------------------------------------------------------------------------------------- */

static void recorded_answers_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *frame; /* recorded from mask-ROM code, unescaped, without end bytes */
        uint8_t opcode;
        uint16_t payload_bytes;
        uint32_t value;
    } cases[] = {
        {"010804000707122000000000", 0x08, 4, 0x20120707},
        {"010a0400831df00000000000", 0x0A, 4, 0x00F01D83},
        {"010a0400563412c400000000", 0x0A, 4, 0xC4123456},
        {"010a0400efbeadde00000000", 0x0A, 4, 0xDEADBEEF},
        {"010a0400831df00001050000", 0x0A, 4, 0x00F01D83},
        {"01132400831df000313035333533633336323535313333643361646266336266653639326333613500000000", 0x13, 36,
         0x00F01D83},
        {"011418006f50311b00000000000000000000000c050000000300000000000000", 0x14, 24, 0x1B31506F},
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        uint8_t frame[80];
        const size_t count = bytes_of_hex(cases[row].frame, frame, sizeof(frame));
        reflash_answer_t answer;
        assert_true(reflash_answer_parse(frame, (uint16_t)count, &answer));
        assert_int_equal(answer.opcode, cases[row].opcode);
        assert_int_equal(answer.payload_bytes, cases[row].payload_bytes);
        assert_int_equal(answer.value, cases[row].value);
    }
}

static void an_answer_without_payload_is_understood(void **state)
{
    (void)state;
    const uint8_t frame[] = {0x01, 0x08, 0, 0, 1, 2, 3, 4};
    reflash_answer_t answer;
    assert_true(reflash_answer_parse(frame, sizeof(frame), &answer));
    assert_int_equal(answer.payload_bytes, 0);
    assert_int_equal(answer.value, 0x04030201);
}

static void expect_rejected(const uint8_t *frame, uint16_t frame_bytes)
{
    reflash_answer_t answer;
    memset(&answer, 0x5A, sizeof(answer));
    reflash_answer_t untouched;
    memset(&untouched, 0x5A, sizeof(untouched));
    assert_false(reflash_answer_parse(frame, frame_bytes, &answer));
    assert_memory_equal(&answer, &untouched, sizeof(answer));
}

static void a_frame_without_a_whole_header_is_rejected(void **state)
{
    (void)state;
    const uint8_t frame[8] = {0x01, 0x08};
    for (uint16_t frame_bytes = 0; frame_bytes < 8; frame_bytes++) {
        expect_rejected(frame, frame_bytes);
    }
}

static void a_frame_in_any_other_direction_is_rejected(void **state)
{
    (void)state;
    for (unsigned direction = 0; direction <= 0xFF; direction++) {
        const uint8_t frame[12] = {(uint8_t)direction, 0x08, 4, 0, 7, 7, 0x12, 0x20};
        if (direction != 0x01) {
            expect_rejected(frame, sizeof(frame));
        }
    }
}

static void a_size_field_that_disagrees_with_the_frame_is_rejected(void **state)
{
    (void)state;
    for (unsigned size = 0; size <= 0xFFFF; size++) {
        const uint8_t frame[12] = {0x01, 0x08, (uint8_t)size, (uint8_t)(size >> 8), 7, 7, 0x12, 0x20};
        if (size != 4) {
            expect_rejected(frame, sizeof(frame));
        }
    }
}

static void an_answer_cut_or_extended_anywhere_is_rejected(void **state)
{
    (void)state;
    enum { LONGEST_BYTES = 100 };
    uint8_t frame[LONGEST_BYTES] = {0};
    const size_t count =
        bytes_of_hex("01132400831df000313035333533633336323535313333643361646266336266653639326333613500000000", frame,
                     sizeof(frame));
    for (unsigned frame_bytes = 0; frame_bytes <= LONGEST_BYTES; frame_bytes++) {
        if (frame_bytes != count) {
            expect_rejected(frame, (uint16_t)frame_bytes);
        }
    }
}

/* --- Words ----------------------------------------------------------------------------------------- */

static void words_are_little_endian_at_any_alignment(void **state)
{
    (void)state;
    for (unsigned offset = 0; offset < 4; offset++) {
        uint8_t bytes[8] = {0};
        bytes_of_hex("efcdab89", &bytes[offset], 4);
        assert_int_equal(reflash_get_le32(&bytes[offset]), 0x89ABCDEF);
    }
}

static void a_word_is_turned_into_its_little_endian_bytes_and_back(void **state)
{
    (void)state;
    const uint32_t turned = reflash_le32(0x89ABCDEF);
    assert_bytes((const uint8_t *)&turned, 4, "efcdab89");
    assert_int_equal(reflash_le32(turned), 0x89ABCDEF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_headers_are_those_the_rom_understood),
        cmocka_unit_test(a_size_takes_both_of_its_bytes),
        cmocka_unit_test(opcodes_are_those_of_the_protocol),
        cmocka_unit_test(checksums_are_those_the_rom_accepted),
        cmocka_unit_test(the_checksum_of_nothing_is_the_seed),
        cmocka_unit_test(recorded_answers_are_understood),
        cmocka_unit_test(an_answer_without_payload_is_understood),
        cmocka_unit_test(a_frame_without_a_whole_header_is_rejected),
        cmocka_unit_test(a_frame_in_any_other_direction_is_rejected),
        cmocka_unit_test(a_size_field_that_disagrees_with_the_frame_is_rejected),
        cmocka_unit_test(an_answer_cut_or_extended_anywhere_is_rejected),
        cmocka_unit_test(words_are_little_endian_at_any_alignment),
        cmocka_unit_test(a_word_is_turned_into_its_little_endian_bytes_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
