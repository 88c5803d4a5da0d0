/* SPDX-License-Identifier: Apache-2.0 */
/* Flash settings in the header of an image: codes by the chip, and a digest that follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "flash_settings.h"
#include "golden_images.h"
#include "image_check.h"

#define MIB (1024u * 1024)

static uint8_t program[GOLDEN_PROGRAM_BYTES];

static bool patch(uint8_t chip_id, flash_settings_t settings, uint32_t flash_bytes)
{
    golden_program_for(program, chip_id);
    const bool changed = flash_settings_patch(program, sizeof(program), &settings, flash_bytes);
    assert_int_equal(image_check(program, sizeof(program), chip_id, NULL, 0), IMAGE_SOUND);
    return changed;
}

static void expect_bytes(uint8_t mode, uint8_t size_freq)
{
    assert_int_equal(program[2], mode);
    assert_int_equal(program[3], size_freq);
}

static void words_become_codes_and_the_digest_follows(void **state)
{
    (void)state;
    assert_true(patch(5, (flash_settings_t){"qio", "80m", "16MB"}, 0));
    expect_bytes(0, 0x4F);
    assert_memory_not_equal(program + GOLDEN_DIGEST_OFFSET, golden_program + GOLDEN_DIGEST_OFFSET, 32);
    assert_true(patch(5, (flash_settings_t){"DOUT", "20M", "128mb"}, 0));
    expect_bytes(3, 0x72);
}

static void what_is_not_told_stays(void **state)
{
    (void)state;
    assert_false(patch(5, (flash_settings_t){NULL, NULL, NULL}, 4 * MIB));
    assert_false(patch(5, (flash_settings_t){"keep", "keep", "keep"}, 4 * MIB));
    assert_false(patch(5, (flash_settings_t){"dio", "40m", "4MB"}, 0)); /* it says so already */
    assert_memory_equal(program, golden_program, sizeof(program));
    assert_true(patch(5, (flash_settings_t){NULL, "80m", NULL}, 0));
    expect_bytes(2, 0x2F);
}

static void a_size_to_be_detected_is_that_of_the_target(void **state)
{
    (void)state;
    assert_true(patch(5, (flash_settings_t){.size = "detect"}, 8 * MIB));
    expect_bytes(2, 0x30);
    assert_false(patch(5, (flash_settings_t){.size = "detect"}, 0));
    assert_false(patch(5, (flash_settings_t){.size = "detect"}, 3 * MIB)); /* no code for it */
}

static void the_same_word_has_other_codes_on_other_chips(void **state)
{
    static const struct {
        uint8_t chip_id;
        const char *freq;
        uint8_t code;
    } rows[] = {{0, "26m", 1},    {13, "80m", 0}, {13, "20m", 2},   {12, "60m", 0xF}, {12, "15m", 2},
                {16, "48m", 0xF}, {16, "12m", 2}, {23, "80m", 0xF}, {18, "26m", 1}};
    (void)state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        (void)patch(rows[row].chip_id, (flash_settings_t){.freq = rows[row].freq, .size = "1MB"}, 0);
        expect_bytes(2, rows[row].code);
    }
}

static void an_esp8266_has_sizes_of_its_own_and_no_digest(void **state)
{
    uint8_t short_program[GOLDEN_ESP8266_BYTES];
    const flash_settings_t settings = {"qout", "26m", "512KB"};
    (void)state;
    memcpy(short_program, golden_esp8266, sizeof(short_program));
    assert_true(flash_settings_patch(short_program, sizeof(short_program), &settings, 0));
    assert_int_equal(short_program[2], 1);
    assert_int_equal(short_program[3], 0x01);
    assert_memory_equal(short_program + 4, golden_esp8266 + 4, sizeof(short_program) - 4);
}

static void what_a_chip_does_not_have_is_told_with_what_it_has(void **state)
{
    char why[200] = "";
    (void)state;
    assert_true(flash_settings_check(&(flash_settings_t){"qio", "80m", "detect"}, 5, why, sizeof(why)));
    assert_true(flash_settings_check(&(flash_settings_t){"?", "?", "?"}, IMAGE_CHIP_ANY, why, sizeof(why)));
    assert_false(flash_settings_check(&(flash_settings_t){.mode = "detect"}, 5, why, sizeof(why)));
    assert_string_equal(why, "there is no flash mode \"detect\"; possible are qio qout dio dout");
    assert_false(flash_settings_check(&(flash_settings_t){.freq = "26m"}, 13, why, sizeof(why)));
    assert_string_equal(why, "ESP32-C6 has no flash frequency \"26m\"; possible are 80m 40m 20m");
    assert_false(flash_settings_check(&(flash_settings_t){.size = "256KB"}, 0, why, sizeof(why)));
    assert_string_equal(why, "ESP32 has no flash size \"256KB\"; possible are 1MB 2MB 4MB 8MB 16MB 32MB 64MB 128MB");
}

static void the_command_line_comes_before_the_build(void **state)
{
    const flash_settings_t both =
        flash_settings_or((flash_settings_t){"keep", NULL, "detect"}, (flash_settings_t){"qio", "80m", "4MB"});
    (void)state;
    assert_string_equal(both.mode, "keep");
    assert_string_equal(both.freq, "80m");
    assert_true(flash_settings_detect_size(&both));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_codes_and_the_digest_follows),
        cmocka_unit_test(what_is_not_told_stays),
        cmocka_unit_test(a_size_to_be_detected_is_that_of_the_target),
        cmocka_unit_test(the_same_word_has_other_codes_on_other_chips),
        cmocka_unit_test(an_esp8266_has_sizes_of_its_own_and_no_digest),
        cmocka_unit_test(what_a_chip_does_not_have_is_told_with_what_it_has),
        cmocka_unit_test(the_command_line_comes_before_the_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
