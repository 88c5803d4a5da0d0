/* SPDX-License-Identifier: Apache-2.0 */
/* Chips that are younger than the API's list: not found unless a program allows them, and then by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "chips/chips.h"
#include "conversation.h"

static conversation_t talk;

/* Security info of 20 bytes; ids below 256. */
static esp_loader_error_t connect_to(unsigned chip_id, bool allowed, bool answers_magic)
{
    char script[2048];
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 1};
    (void)snprintf(script, sizeof(script),
                   "reset" SYNC_ANSWERED " >" RECORDED_SECURITY_INFO " <c001141800000000000000000000000000000000"
                   "00%02x0000000000000000000000c0%s",
                   chip_id, answers_magic ? " >" RECORDED_READ_MAGIC " <c0010a04000000000000000000c0" : "");
    conversation_start(&talk);
    if (allowed) {
        reflash_allow_new_chips(&talk.loader);
    }
    scripted_port_play(&talk.port, script);
    const esp_loader_error_t err = esp_loader_connect(&talk.loader, &args);
    scripted_port_expect_end(&talk.port);
    return err;
}

/* By hand from the collected facts. */
static const struct {
    const char *name;
    uint32_t spi_base, mac_lo_reg, boot_addr;
    int chip_id, target, last_opcode, boot_pin, stub_flash_bits;
} facts[] = {
    {"ESP32-H21", 0x60003000, 0x600B4044, 0x0000, 25, 12, 0x14, 14, 24},
    {"ESP32-H4", 0x60099000, 0x600B1844, 0x2000, 28, 13, 0x14, 14, 24},
    {"ESP32-S31", 0x20501000, 0x20715050, 0x2000, 32, 14, 0x1E, 61, 26},
    {"ESP32-E22", 0xC3003000, 0xC4008044, 0x0000, 31, 15, 0x14, REFLASH_NO_PIN, 24},
};

static void a_new_chip_is_none_that_is_known_unless_it_is_allowed(void **state)
{
    (void)state;
    reflash_target_t target;
    for (size_t row = 0; row < sizeof(facts) / sizeof(facts[0]); row++) {
        assert_int_equal(connect_to((unsigned)facts[row].chip_id, false, true), ESP_LOADER_ERROR_INVALID_TARGET);
        assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_UNKNOWN_CHIP);
        assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
        assert_false(reflash_describe_target(&talk.loader, &target));
    }
}

static void a_new_chip_that_is_allowed_has_a_name(void **state)
{
    (void)state;
    reflash_target_t target;
    for (size_t row = 0; row < sizeof(facts) / sizeof(facts[0]); row++) {
        assert_int_equal(connect_to((unsigned)facts[row].chip_id, true, false), ESP_LOADER_SUCCESS);
        assert_true(reflash_describe_target(&talk.loader, &target));
        assert_string_equal(target.name, facts[row].name);
        assert_int_equal(target.chip_id, facts[row].chip_id);
        assert_int_equal(target.target, facts[row].target);
        assert_int_equal((int)esp_loader_get_target(&talk.loader), facts[row].target);
        assert_true(target.has_digests);
    }
}

static void every_field_of_its_row_is_a_known_fact(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof(facts) / sizeof(facts[0]); row++) {
        assert_int_equal(connect_to((unsigned)facts[row].chip_id, true, false), ESP_LOADER_SUCCESS);
        const reflash_chip_t *chip = talk.loader._chip;
        assert_ptr_equal(chip->spi, &reflash_spi_layout_esp32s2);
        assert_int_equal(chip->spi_base, facts[row].spi_base);
        assert_int_equal(chip->magic, 0);
        assert_int_equal(chip->mac_lo_reg, facts[row].mac_lo_reg);
        assert_int_equal(chip->boot_addr, facts[row].boot_addr);
        assert_int_equal(chip->last_opcode, facts[row].last_opcode);
        assert_int_equal(chip->begin_words, 5);
        assert_int_equal(chip->boot_pin, facts[row].boot_pin);
        assert_int_equal(chip->stub_flash_bits, facts[row].stub_flash_bits);
    }
}

static void old_chips_are_found_as_before(void **state)
{
    (void)state;
    assert_int_equal(connect_to(5, true, false), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32C3_CHIP);
    assert_int_equal(connect_to(30, true, true), ESP_LOADER_ERROR_INVALID_TARGET);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_chip_is_none_that_is_known_unless_it_is_allowed),
        cmocka_unit_test(a_new_chip_that_is_allowed_has_a_name),
        cmocka_unit_test(every_field_of_its_row_is_a_known_fact),
        cmocka_unit_test(old_chips_are_found_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
