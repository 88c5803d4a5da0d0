/* SPDX-License-Identifier: Apache-2.0 */
/* Whole images pass, and every damage is told with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "golden_images.h"
#include "image_check.h"
#include "partition_table.h"

#define CHIP_ESP32 0
#define CHIP_ESP32C3 5

static char why[200];
static partition_table_t table_read;

static void expect_damaged(const uint8_t *data, size_t bytes, const char *part)
{
    why[0] = '\0';
    assert_int_equal(image_check(data, bytes, IMAGE_CHIP_ANY, why, sizeof(why)), IMAGE_DAMAGED);
    if (strstr(why, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, why);
    }
}

static void expect_damaged_table(const uint8_t *data, size_t bytes, const char *part)
{
    why[0] = '\0';
    assert_int_equal(partition_table_check(&table_read, data, bytes, why, sizeof(why)), false);
    if (strstr(why, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, why);
    }
}

/* The golden program with one byte altered. */
static const uint8_t *altered(size_t offset, uint8_t value)
{
    static uint8_t program[GOLDEN_PROGRAM_BYTES];
    memcpy(program, golden_program, sizeof(program));
    program[offset] = value;
    return program;
}

static image_verdict_t check_golden(int expected_chip_id)
{
    return image_check(golden_program, GOLDEN_PROGRAM_BYTES, expected_chip_id, why, sizeof(why));
}

/* --- Programs -------------------------------------------------------------------------------------- */

static void a_whole_program_is_sound(void **state)
{
    (void)state;
    assert_int_equal(check_golden(IMAGE_CHIP_ANY), IMAGE_SOUND);
    assert_int_equal(check_golden(CHIP_ESP32C3), IMAGE_SOUND);
    assert_int_equal(image_program_chip(golden_program, GOLDEN_PROGRAM_BYTES), CHIP_ESP32C3);
}

static void a_program_followed_by_a_signature_is_sound(void **state)
{
    (void)state;
    uint8_t program[GOLDEN_PROGRAM_BYTES + 100];
    memset(program, 0xA5, sizeof(program));
    memcpy(program, golden_program, GOLDEN_PROGRAM_BYTES);
    assert_int_equal(image_check(program, sizeof(program), IMAGE_CHIP_ANY, why, sizeof(why)), IMAGE_SOUND);
}

static void a_program_without_a_digest_may_end_at_its_checksum(void **state)
{
    (void)state;
    assert_int_equal(
        image_check(altered(GOLDEN_DIGEST_FLAG_OFFSET, 0), GOLDEN_DIGEST_OFFSET, IMAGE_CHIP_ANY, why, sizeof(why)),
        IMAGE_SOUND);
}

static void a_program_cut_anywhere_is_damaged(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < GOLDEN_PROGRAM_BYTES; bytes++) {
        uint8_t *exact = malloc(bytes + (bytes == 0)); /* so that a sanitizer sees a read past the end */
        assert_non_null(exact);
        memcpy(exact, golden_program, bytes);
        expect_damaged(exact, bytes, bytes == 0 ? "0xe9" : "past the end of the file");
        free(exact);
    }
    expect_damaged(golden_program, 20, "header of 24 bytes runs past the end of the file at 0x14");
    expect_damaged(golden_program, 26, "header of segment 1 of 2 at offset 0x18 runs past the end of the file at 0x1a");
    expect_damaged(golden_program, 50,
                   "segment 2 of 2 at offset 0x24 (0xc bytes) runs past the end of the file at 0x32");
    expect_damaged(golden_program, 63, "checksum at offset 0x3f lies past the end of the file at 0x3f");
    expect_damaged(golden_program, 64, "SHA-256 at offset 0x40 runs past the end of the file at 0x40");
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < GOLDEN_PROGRAM_BYTES * 8; bit++) {
        if (bit == GOLDEN_DIGEST_FLAG_OFFSET * 8) {
            continue; /* says that there is no digest, so that nothing speaks against the image */
        }
        const uint8_t *program = altered(bit / 8, (uint8_t)(golden_program[bit / 8] ^ 1u << bit % 8));
        if (image_check(program, GOLDEN_PROGRAM_BYTES, IMAGE_CHIP_ANY, why, sizeof(why)) != IMAGE_DAMAGED) {
            fail_msg("bit %zu", bit);
        }
    }
}

static void the_check_that_failed_is_named_with_its_offset(void **state)
{
    (void)state;
    expect_damaged(altered(0, 0x7F), GOLDEN_PROGRAM_BYTES, "offset 0x0 is not 0xe9");
    expect_damaged(altered(1, 0), GOLDEN_PROGRAM_BYTES, "0 segments at offset 0x1");
    expect_damaged(altered(1, 17), GOLDEN_PROGRAM_BYTES, "17 segments at offset 0x1");
    expect_damaged(altered(30, 0x80), GOLDEN_PROGRAM_BYTES, "segment 1 of 2 at offset 0x18 (0x800004 bytes)");
    expect_damaged(altered(43, 0xFF), GOLDEN_PROGRAM_BYTES, "segment 2 of 2 at offset 0x24 (0xff00000c bytes)");
    expect_damaged(altered(1, 16), GOLDEN_PROGRAM_BYTES, "segment");
    expect_damaged(altered(32, 'D'), GOLDEN_PROGRAM_BYTES,
                   "checksum at offset 0x3f is 0xf2, but the segments add up to 0xd2");
    expect_damaged(altered(4, 1), GOLDEN_PROGRAM_BYTES, "SHA-256 at offset 0x40");
    expect_damaged(altered(GOLDEN_DIGEST_FLAG_OFFSET, 0x31), GOLDEN_PROGRAM_BYTES, "0x31 at offset 0x17");
}

static void a_program_for_another_chip_is_told_from_a_damaged_one(void **state)
{
    (void)state;
    assert_int_equal(check_golden(CHIP_ESP32), IMAGE_WRONG_CHIP);
    assert_string_equal(why, "the image header names ESP32-C3 (chip id 5 at offset 0xc), not ESP32");
    assert_int_equal(check_golden(IMAGE_CHIP_ESP8266), IMAGE_WRONG_CHIP);
}

static void the_short_header_of_the_esp8266_is_recognised(void **state)
{
    (void)state;
    assert_int_equal(image_program_chip(golden_esp8266, GOLDEN_ESP8266_BYTES), IMAGE_CHIP_ESP8266);
    assert_int_equal(image_check(golden_esp8266, GOLDEN_ESP8266_BYTES, IMAGE_CHIP_ANY, why, sizeof(why)), IMAGE_SOUND);
    assert_int_equal(image_check(golden_esp8266, GOLDEN_ESP8266_BYTES, IMAGE_CHIP_ESP8266, why, sizeof(why)),
                     IMAGE_SOUND);
    assert_int_equal(image_check(golden_esp8266, GOLDEN_ESP8266_BYTES, CHIP_ESP32, why, sizeof(why)), IMAGE_WRONG_CHIP);
    assert_int_equal(image_check(golden_esp8266, GOLDEN_ESP8266_BYTES - 1, IMAGE_CHIP_ESP8266, why, sizeof(why)),
                     IMAGE_DAMAGED);
}

static void what_is_no_program_has_no_chip(void **state)
{
    (void)state;
    assert_int_equal(image_program_chip(golden_table, GOLDEN_TABLE_BYTES), IMAGE_CHIP_ANY);
    assert_int_equal(image_program_chip(golden_program, 12), IMAGE_CHIP_ANY);
    assert_int_equal(image_program_chip(golden_program, 0), IMAGE_CHIP_ANY);
}

static void a_reason_nobody_wants_costs_nothing(void **state)
{
    (void)state;
    assert_int_equal(image_check(golden_program, 40, IMAGE_CHIP_ANY, NULL, 0), IMAGE_DAMAGED);
    assert_false(partition_table_check(&table_read, golden_table, 40, NULL, 0));
}

static void chips_are_found_in_any_spelling(void **state)
{
    (void)state;
    assert_int_equal(image_chip_id("esp32"), 0);
    assert_int_equal(image_chip_id("esp32c3"), 5);
    assert_int_equal(image_chip_id("ESP32-C3"), 5);
    assert_int_equal(image_chip_id("esp32c61"), 20);
    assert_int_equal(image_chip_id("esp8266"), IMAGE_CHIP_ESP8266);
    assert_int_equal(image_chip_id("esp32c"), IMAGE_CHIP_ANY);
    assert_int_equal(image_chip_id("esp32c33"), IMAGE_CHIP_ANY);
    assert_int_equal(image_chip_id(""), IMAGE_CHIP_ANY);
    assert_string_equal(image_chip_name(9), "ESP32-S3");
    assert_string_equal(image_chip_name(1), "an unknown chip");
}

/* --- Partition tables ------------------------------------------------------------------------------ */

static void a_whole_partition_table_is_sound(void **state)
{
    (void)state;
    assert_int_equal(partition_table_check(&table_read, golden_table, GOLDEN_TABLE_BYTES, why, sizeof(why)), true);
}

static void a_partition_table_without_an_md5_row_is_sound(void **state)
{
    (void)state;
    uint8_t table[GOLDEN_TABLE_BYTES];
    memcpy(table, golden_table, sizeof(table));
    memset(table + GOLDEN_TABLE_MD5_ROW_OFFSET, 0xFF, 32);
    assert_int_equal(partition_table_check(&table_read, table, sizeof(table), why, sizeof(why)), true);
}

static void every_flipped_bit_of_a_partition_table_is_noticed(void **state)
{
    (void)state;
    uint8_t table[GOLDEN_TABLE_BYTES];
    for (size_t bit = 0; bit < (GOLDEN_TABLE_MD5_ROW_OFFSET + 32) * 8; bit++) {
        if (bit >= (GOLDEN_TABLE_MD5_ROW_OFFSET + 2) * 8 && bit < (GOLDEN_TABLE_MD5_ROW_OFFSET + 16) * 8) {
            continue; /* filler of the MD5 row, which means nothing */
        }
        memcpy(table, golden_table, sizeof(table));
        table[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (partition_table_check(&table_read, table, sizeof(table), why, sizeof(why))) {
            fail_msg("bit %zu", bit);
        }
    }
}

static void a_partition_table_cut_before_its_end_is_damaged(void **state)
{
    (void)state;
    for (size_t bytes = 2; bytes < GOLDEN_TABLE_MD5_ROW_OFFSET + 32; bytes++) {
        uint8_t *exact = malloc(bytes);
        assert_non_null(exact);
        memcpy(exact, golden_table, bytes);
        expect_damaged_table(exact, bytes, bytes % 32 == 0 ? "ends the table before offset" : "runs past the end");
        free(exact);
    }
}

static void a_partition_table_says_what_is_wrong_and_where(void **state)
{
    (void)state;
    uint8_t table[GOLDEN_TABLE_BYTES];
    memcpy(table, golden_table, sizeof(table));
    table[32] = 0x00;
    expect_damaged_table(table, sizeof(table), "row at offset 0x20 starts with 00 50");
    table[32] = 0xAA;
    table[4] ^= 1;
    expect_damaged_table(table, sizeof(table), "MD5 row at offset 0x40");
    expect_damaged_table(golden_program, GOLDEN_PROGRAM_BYTES, "AA 50");
    expect_damaged_table(table, 0, "AA 50");
}

static void a_fresh_board_starts_factory_else_the_first_slot(void **state)
{
    (void)state;
    partition_table_t table = {.count = 2,
                               .rows = {{.type = PARTITION_APP, .subtype = PARTITION_APP_OTA_0, .flash_addr = 0x110000},
                                        {.type = PARTITION_APP, .subtype = PARTITION_APP_FACTORY}}};
    assert_ptr_equal(partition_first_app(&table), &table.rows[1]);
    table.count = 1;
    assert_ptr_equal(partition_first_app(&table), &table.rows[0]);
    table.count = 0;
    assert_null(partition_first_app(&table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_program_is_sound),
        cmocka_unit_test(a_program_followed_by_a_signature_is_sound),
        cmocka_unit_test(a_program_without_a_digest_may_end_at_its_checksum),
        cmocka_unit_test(a_program_cut_anywhere_is_damaged),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(the_check_that_failed_is_named_with_its_offset),
        cmocka_unit_test(a_program_for_another_chip_is_told_from_a_damaged_one),
        cmocka_unit_test(the_short_header_of_the_esp8266_is_recognised),
        cmocka_unit_test(what_is_no_program_has_no_chip),
        cmocka_unit_test(a_reason_nobody_wants_costs_nothing),
        cmocka_unit_test(chips_are_found_in_any_spelling),
        cmocka_unit_test(a_whole_partition_table_is_sound),
        cmocka_unit_test(a_partition_table_without_an_md5_row_is_sound),
        cmocka_unit_test(every_flipped_bit_of_a_partition_table_is_noticed),
        cmocka_unit_test(a_partition_table_cut_before_its_end_is_damaged),
        cmocka_unit_test(a_partition_table_says_what_is_wrong_and_where),
        cmocka_unit_test(a_fresh_board_starts_factory_else_the_first_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
