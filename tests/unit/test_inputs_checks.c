/* SPDX-License-Identifier: Apache-2.0 */
/* Images that would do harm: by their place, by damage, or on the chip that was found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "golden_images.h"
#include "input_files.h"

/* --- Layouts that would do harm -------------------------------------------------------------------- */

static void an_address_inside_a_sector_is_refused(void **state)
{
    put_text("a.bin", "a");
    expect_refused(*state, "0x1001 a.bin", INPUTS_CONTENT, "a.bin: the address 0x1001 is no multiple of 0x1000");
    expect_refused(*state, "0x1800 a.bin", INPUTS_CONTENT, "a.bin: the address 0x1800 is no multiple of 0x1000");
}

static void overlapping_images_are_refused_with_both_ranges(void **state)
{
    put_zeros("long.bin", 0x2001);
    put_text("short.bin", "a");
    expect_refused(*state, "0x9000 short.bin 0x8000 long.bin", INPUTS_CONTENT,
                   "long.bin (0x8000 to 0xa000) and short.bin (0x9000 to 0x9000) overlap");
    expect_refused(*state, "0x8000 short.bin 0x8000 long.bin", INPUTS_CONTENT, "overlap");
}

static void overlaps_are_refused_even_by_force(void **state)
{
    fixture_t *f = *state;
    f->options.force = true;
    put_zeros("long.bin", 0x2001);
    expect_refused(f, "0x8000 long.bin 0x9000 long.bin", INPUTS_CONTENT, "overlap");
}

static void an_image_beyond_the_address_space_is_refused(void **state)
{
    put_zeros("a.bin", 0x1001);
    expect_refused(*state, "0xffff000 a.bin", INPUTS_CONTENT, "a.bin: 0x1001 bytes at 0xffff000 end at 0x10000000");
}

/* --- Images that are damaged or for another chip --------------------------------------------------- */

static void a_truncated_application_is_refused_unless_forced(void **state)
{
    fixture_t *f = *state;
    put_file("app.bin", golden_program, 50);
    expect_refused(f, "0x10000 app.bin", INPUTS_CONTENT, "app.bin (Application): segment 2 of 2 at offset 0x24");
    expect_text(f->message, "build again, or use --force");
    f->options.force = true;
    expect_loaded(f, "0x10000 app.bin", 1);
}

static void a_damaged_bootloader_is_refused(void **state)
{
    uint8_t program[GOLDEN_PROGRAM_BYTES];
    golden_program_for(program, CHIP_ESP32);
    program[GOLDEN_DIGEST_OFFSET] ^= 1;
    put_file("boot.bin", program, sizeof(program));
    expect_refused(*state, "0x1000 boot.bin", INPUTS_CONTENT, "boot.bin (Bootloader): the SHA-256 at offset 0x40");
}

static void an_application_by_name_that_is_none_is_refused(void **state)
{
    put_build_files();
    put_text("app.bin", "not a program");
    put_text("flasher_args.json", COMPLETE);
    expect_refused(*state, ".", INPUTS_CONTENT, "./app.bin (Application): the byte at offset 0x0 is not 0xe9");
}

static void a_damaged_partition_table_is_refused(void **state)
{
    uint8_t table[GOLDEN_TABLE_BYTES];
    memcpy(table, golden_table, sizeof(table));
    table[4] ^= 0x10;
    put_file("table.bin", table, sizeof(table));
    expect_refused(*state, "0x8000 table.bin", INPUTS_CONTENT,
                   "table.bin (Partition table): the MD5 row at offset 0x40");
}

static void an_image_for_another_chip_than_the_build_is_refused(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_program("app.bin", CHIP_ESP32);
    put_text("flasher_args.json", COMPLETE);
    expect_refused(f, ".", INPUTS_CONTENT,
                   "./app.bin (Application): the image header names ESP32 (chip id 0 at offset 0xc), not ESP32-C3");
    f->options.force = true;
    expect_loaded(f, ".", 4);
}

/* --- After connecting ------------------------------------------------------------------------------ */

static inputs_result_t check_chip(fixture_t *f, uint16_t chip_id, const char *chip_name, uint32_t flash_bytes)
{
    f->message[0] = '\0';
    return inputs_check_chip(&f->in, chip_id, chip_name, flash_bytes, f->message, sizeof(f->message));
}

static void images_for_the_connected_chip_pass(void **state)
{
    fixture_t *f = *state;
    put_program("boot.bin", CHIP_ESP32);
    put_program("app.bin", CHIP_ESP32);
    expect_loaded(f, "0x1000 boot.bin 0x10000 app.bin", 2);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_OK);
}

static void a_build_for_another_chip_than_the_target_is_refused(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_text("flasher_args.json", COMPLETE);
    expect_loaded(f, ".", 4);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
    expect_text(f->message, "The build is for esp32c3, but the target is ESP32");
}

static void an_image_for_another_chip_than_the_target_is_refused(void **state)
{
    fixture_t *f = *state;
    put_program("app.bin", CHIP_ESP32C3);
    expect_loaded(f, "0x10000 app.bin", 1);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
    expect_text(f->message,
                "app.bin (Application): is for ESP32-C3 (chip id 5), but the target is ESP32. Connect the right "
                "target, build for this one, or use --force.");
    f->in.force = true;
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_OK);
}

static void an_image_of_the_esp8266_is_told_from_one_of_the_esp32(void **state)
{
    fixture_t *f = *state;
    put_file("app.bin", golden_esp8266, GOLDEN_ESP8266_BYTES);
    expect_loaded(f, "0x10000 app.bin", 1);
    assert_int_equal(check_chip(f, 0, "ESP8266", 2 * MIB), INPUTS_OK);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
}

static void a_bootloader_where_the_chip_does_not_look_is_refused(void **state)
{
    fixture_t *f = *state;
    put_program("boot.bin", CHIP_ESP32);
    expect_loaded(f, "0x0 boot.bin", 1);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
    expect_text(f->message, "boot.bin (Bootloader): its address is 0x0, but ESP32 looks for its bootloader at 0x1000");
}

static void an_image_beyond_the_end_of_the_flash_is_refused(void **state)
{
    fixture_t *f = *state;
    put_zeros("data.bin", 0x1001);
    expect_loaded(f, "0x1ff000 data.bin", 1);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 4 * MIB), INPUTS_OK);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 0), INPUTS_OK); /* size unknown */
    f->in.force = true;                                                 /* does not make the flash larger */
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
    expect_text(f->message, "data.bin (data.bin): 0x1ff000 to 0x200000 lies beyond the end");
    expect_text(f->message, "2048 KiB (0x200000 bytes)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPUT_TEST(an_address_inside_a_sector_is_refused),
        INPUT_TEST(overlapping_images_are_refused_with_both_ranges),
        INPUT_TEST(overlaps_are_refused_even_by_force),
        INPUT_TEST(an_image_beyond_the_address_space_is_refused),
        INPUT_TEST(a_truncated_application_is_refused_unless_forced),
        INPUT_TEST(a_damaged_bootloader_is_refused),
        INPUT_TEST(an_application_by_name_that_is_none_is_refused),
        INPUT_TEST(a_damaged_partition_table_is_refused),
        INPUT_TEST(an_image_for_another_chip_than_the_build_is_refused),
        INPUT_TEST(images_for_the_connected_chip_pass),
        INPUT_TEST(a_build_for_another_chip_than_the_target_is_refused),
        INPUT_TEST(an_image_for_another_chip_than_the_target_is_refused),
        INPUT_TEST(an_image_of_the_esp8266_is_told_from_one_of_the_esp32),
        INPUT_TEST(a_bootloader_where_the_chip_does_not_look_is_refused),
        INPUT_TEST(an_image_beyond_the_end_of_the_flash_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
