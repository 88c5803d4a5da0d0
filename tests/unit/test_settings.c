/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtual chip can be told in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
    espsim_settings_t settings = espsim_settings_default();
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
    assert_string_equal(message, "flash-size takes a power of two from 256KB to 128MB, not '3MB'");
    assert_false(set(&settings, "flash-timing", "w25q"));
    assert_string_equal(message, "there is no flash part 'w25q'; there are generic w25q32jv gd25q32c gd25q128e "
                                 "xm25qh32c xm25qh128a");
    assert_false(set(&settings, "timing", "slow"));
    assert_string_equal(message, "timing takes typical, worst or instant, not 'slow'");
    for (const char *const *value = (const char *const[]){"", "-1", "256", "16ms", NULL}; *value != NULL; value++) {
        assert_false(set(&settings, "usb-latency", *value));
    }
}

static void locks_are_a_list(void **state)
{
    (void)state;
    espsim_settings_t settings = espsim_settings_default();
    const espsim_security_t *security = &settings.config.security;
    assert_true(set(&settings, "security", "secure-download,secure-boot"));
    assert_true(security->secure_download && security->secure_boot);
    assert_false(security->no_download || security->no_manual_encryption);
    assert_true(set(&settings, "security", "no-manual-encryption,no-download")); /* instead, not besides */
    assert_true(security->no_manual_encryption && security->no_download);
    assert_false(security->secure_download || security->secure_boot);
    assert_false(set(&settings, "security", "secure-boot,moat"));
    assert_string_equal(message, "security takes secure-download, no-download, secure-boot, flash-encryption=KEY and "
                                 "no-manual-encryption, with commas between them, not 'moat'");
}

static void a_flash_key_is_hex_digits_or_a_file(void **state)
{
    (void)state;
    static const char digits[] = "flash-encryption=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF";
    espsim_settings_t settings = espsim_settings_default();
    const espsim_security_t *security = &settings.config.security;
    assert_true(set(&settings, "security", digits));
    assert_int_equal(security->flash_key_bytes, 32);
    for (unsigned at = 0; at < 31; at++) {
        assert_int_equal(security->flash_key[at], at);
    }
    assert_int_equal(security->flash_key[31], 0xFF);

    FILE *file = fopen("flash_key.bin", "wb");
    assert_non_null(file);
    for (int at = 0; at < 64; at++) {
        assert_int_equal(fputc(255 - at, file), 255 - at);
    }
    assert_int_equal(fclose(file), 0);
    assert_true(set(&settings, "security", "flash-encryption=flash_key.bin,secure-boot"));
    assert_int_equal(remove("flash_key.bin"), 0);
    assert_int_equal(security->flash_key_bytes, 64);
    assert_int_equal(security->flash_key[63], 255 - 63);
    assert_true(security->secure_boot);

    assert_false(set(&settings, "security", "flash-encryption=0001"));
    assert_string_equal(message,
                        "flash-encryption takes a key of 32 or 64 bytes, as hex digits or in a file, not '0001'");
}

static void locks_that_the_chip_lacks_leave_no_chip(void **state)
{
    (void)state;
    espsim_settings_t settings = espsim_settings_default();
    espsim_flash_t flash;
    assert_true(set(&settings, "security", "secure-download"));
    assert_null(espsim_settings_create(&settings, &flash, message, sizeof(message)));
    assert_string_equal(message, "the ESP32 has no secure download mode");
}

static void faults_add_up_until_there_is_no_room(void **state)
{
    (void)state;
    espsim_settings_t settings = espsim_settings_default();
    assert_true(set(&settings, "fault", "drop-to-target@byte=12"));
    assert_false(set(&settings, "fault", "drop-to-target"));
    for (unsigned more = 1; more < ESPSIM_FAULTS_MAX; more++) {
        assert_true(set(&settings, "fault", "flip-to-target@byte=13"));
    }
    assert_int_equal(settings.faults.fault[0].byte, 12);
    assert_int_equal(settings.faults.fault[1].kind, ESPSIM_FAULT_FLIP_TO_TARGET);
    assert_int_equal(settings.faults.fault[ESPSIM_FAULTS_MAX - 1].byte, 13);
    assert_false(set(&settings, "fault", "reset@byte=1"));
    assert_string_equal(message, "fault 'reset@byte=1': there are 16 already, and no more fit");
}

static uint32_t seed_of_chip_with(espsim_settings_t *settings)
{
    espsim_flash_t flash;
    espsim_t *sim = espsim_settings_create(settings, &flash, message, sizeof(message));
    assert_non_null(sim);
    espsim_destroy(sim);
    espsim_flash_close(&flash);
    return settings->faults.seed;
}

static void a_seed_is_chosen_where_it_matters_and_was_not_given(void **state)
{
    (void)state;
    espsim_settings_t settings = espsim_settings_default();
    assert_true(set(&settings, "fault", "drop-to-target@byte=12"));
    assert_int_equal(seed_of_chip_with(&settings), 0);
    assert_true(set(&settings, "fault", "drop-to-target@every=12"));
    assert_int_not_equal(seed_of_chip_with(&settings), 0);
    assert_true(set(&settings, "seed", "42"));
    assert_int_equal(seed_of_chip_with(&settings), 42);
    for (const char *const *wrong = (const char *const[]){"0", "x", "-1", "4294967296", "7x", "", NULL}; *wrong != NULL;
         wrong++) {
        assert_false(set(&settings, "seed", *wrong));
    }
    assert_string_equal(message, "seed takes a number from 1 to 4294967295, not ''");
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
        cmocka_unit_test(locks_are_a_list),
        cmocka_unit_test(a_flash_key_is_hex_digits_or_a_file),
        cmocka_unit_test(locks_that_the_chip_lacks_leave_no_chip),
        cmocka_unit_test(faults_add_up_until_there_is_no_room),
        cmocka_unit_test(a_seed_is_chosen_where_it_matters_and_was_not_given),
        cmocka_unit_test(an_unknown_name_lists_those_there_are),
        cmocka_unit_test(flash_that_cannot_be_opened_leaves_no_chip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
