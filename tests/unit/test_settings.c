/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtual chip can be told in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "settings.h"

static char message[512];

static bool set(espsim_settings_t *settings, const char *name, const char *value)
{
    message[0] = '\0';
    return espsim_settings_set(settings, name, value, message, sizeof(message));
}

static void without_a_word_it_is_an_esp32_with_4_mib(void **state)
{
    (void)state;
    const espsim_settings_t settings = espsim_settings_default();
    espsim_flash_t flash;
    espsim_t *sim = espsim_settings_create(&settings, &flash, message, sizeof(message));
    assert_non_null(sim);
    assert_string_equal(settings.config.rom->chip->name, "ESP32");
    assert_int_equal(flash.bytes, 4 << 20);
    espsim_destroy(sim);
    espsim_flash_close(&flash);
}

static void each_setting_is_found_by_its_name(void **state)
{
    (void)state;
    espsim_settings_t settings = espsim_settings_default();
    assert_true(set(&settings, "chip", "esp32-c3"));
    assert_true(set(&settings, "flash", "board.bin"));
    assert_true(set(&settings, "flash-size", "16MB"));
    assert_true(set(&settings, "flash-timing", "xm25qh128a"));
    assert_true(set(&settings, "timing", "worst"));
    assert_true(set(&settings, "usb-latency", "16"));
    assert_string_equal(settings.config.part->name, "xm25qh128a");
    assert_int_equal(settings.timing_set, ESPSIM_TIMING_WORST);
    assert_int_equal(settings.config.usb_latency_us, 16000);
    assert_string_equal(settings.config.rom->chip->name, "ESP32-C3");
    assert_string_equal(settings.flash_path, "board.bin");
    assert_int_equal(settings.flash_bytes, 16 << 20);
}

static void a_value_without_sense_says_what_would_have_some(void **state)
{
    (void)state;
    espsim_settings_t settings = espsim_settings_default();
    assert_false(set(&settings, "chip", "esp99"));
    assert_string_equal(message, "there is no chip 'esp99'; try esp32");
    assert_false(set(&settings, "flash", ""));
    assert_string_equal(message, "flash takes the name of a file");
    assert_false(set(&settings, "flash-size", "3MB"));
    assert_string_equal(message, "flash-size takes a power of two from 256KB to 16MB, not '3MB'");
    assert_false(set(&settings, "flash-timing", "w25q"));
    assert_string_equal(message, "there is no flash part 'w25q'; there are generic w25q32jv gd25q32c gd25q128e "
                                 "xm25qh32c xm25qh128a");
    assert_false(set(&settings, "timing", "slow"));
    assert_string_equal(message, "timing takes typical, worst or instant, not 'slow'");
    for (const char *const *value = (const char *const[]){"", "-1", "256", "16ms", NULL}; *value != NULL; value++) {
        assert_false(set(&settings, "usb-latency", *value));
    }
}

static void an_unknown_name_lists_those_there_are(void **state)
{
    (void)state;
    espsim_settings_t settings = espsim_settings_default();
    assert_false(set(&settings, "colour", "red"));
    assert_non_null(strstr(message, "there is no setting 'colour'"));
    for (size_t row = 0; espsim_setting_at(row) != NULL; row++) {
        assert_non_null(strstr(message, espsim_setting_at(row)->name));
    }
}

static void flash_that_cannot_be_opened_leaves_no_chip(void **state)
{
    (void)state;
    espsim_settings_t settings = espsim_settings_default();
    espsim_flash_t flash;
    assert_true(set(&settings, "flash", "/nowhere/board.bin"));
    assert_null(espsim_settings_create(&settings, &flash, message, sizeof(message)));
    assert_non_null(strstr(message, "/nowhere/board.bin"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_word_it_is_an_esp32_with_4_mib),
        cmocka_unit_test(each_setting_is_found_by_its_name),
        cmocka_unit_test(a_value_without_sense_says_what_would_have_some),
        cmocka_unit_test(an_unknown_name_lists_those_there_are),
        cmocka_unit_test(flash_that_cannot_be_opened_leaves_no_chip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
