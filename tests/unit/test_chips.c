/* SPDX-License-Identifier: Apache-2.0 */
/* What the library believes of each chip, and how it finds the chip's row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "chips/chips.h"

#define ROW(name) &reflash_chip_##name,
static const reflash_chip_t *const rows[] = {REFLASH_ALL_CHIPS(ROW)};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

/* usr, usr1, usr2, w0, mosi_dlen, miso_dlen, mosi_shift, miso_shift, address_at_top */
static const reflash_spi_layout_t lengths_in_usr1 = {0x1C, 0x20, 0x24, 0x40, 0x20, 0x20, 17, 8, true};
static const reflash_spi_layout_t old_layout = {0x1C, 0x20, 0x24, 0x80, 0x28, 0x2C, 0, 0, true};
static const reflash_spi_layout_t new_layout = {0x18, 0x1C, 0x20, 0x58, 0x24, 0x28, 0, 0, false};

static const reflash_chip_revisions_t esp32c2_revisions = {.reg = 0x60008844, .shift = 16};
static const reflash_chip_revisions_t esp32p4_revisions = {
    .reg = 0x5012D04C, .top_bit = 23, .power_flash = reflash_power_esp32p4_flash};

/* Copied by hand from the collected facts about the chips, not from the rows. MAC layout 1: one-time programmable
 * words of the ESP8266. */
static const reflash_chip_t facts[] = {
    {.name = "ESP8266",
     .spi = &lengths_in_usr1,
     .spi_base = 0x60000200,
     .magic = 0xC101,
     .mac_lo_reg = 0x3FF00050,
     .boot_addr = 0x0000,
     .chip_id = 255,
     .target = 0,
     .mac_layout = 1,
     .last_opcode = 0x0A,
     .begin_words = 4,
     .stub_flash_bits = 24,
     .boot_pin = 0,
     .erases_head_twice = true,
     .whole_blocks = true},
    {.name = "ESP32",
     .spi = &old_layout,
     .spi_base = 0x3FF42000,
     .magic = 0x1D83,
     .mac_lo_reg = 0x3FF5A004,
     .boot_addr = 0x1000,
     .chip_id = 0,
     .target = 1,
     .last_opcode = 0x13,
     .begin_words = 4,
     .stub_flash_bits = 24,
     .boot_pin = 0,
     .uart_clock = 1,
     .whole_windows = true},
    {.name = "ESP32-S2",
     .spi = &new_layout,
     .spi_base = 0x3F402000,
     .magic = 0x07C6,
     .mac_lo_reg = 0x3F41A044,
     .boot_addr = 0x1000,
     .chip_id = 2,
     .target = 2,
     .last_opcode = 0x14,
     .begin_words = 5,
     .stub_flash_bits = 24,
     .boot_pin = 0},
    {.name = "ESP32-S3",
     .spi = &new_layout,
     .spi_base = 0x60002000,
     .mac_lo_reg = 0x60007044,
     .boot_addr = 0x0000,
     .chip_id = 9,
     .target = 4,
     .last_opcode = 0x15,
     .begin_words = 5,
     .stub_flash_bits = 30,
     .boot_pin = 0,
     .locked_to_rom = true},
    {.name = "ESP32-C2",
     .spi = &new_layout,
     .spi_base = 0x60002000,
     .mac_lo_reg = 0x60008840,
     .boot_addr = 0x0000,
     .chip_id = 12,
     .target = 5,
     .last_opcode = 0x14,
     .begin_words = 5,
     .stub_flash_bits = 24,
     .boot_pin = 9,
     .uart_clock = 2,
     .revisions = &esp32c2_revisions},
    {.name = "ESP32-C3",
     .spi = &new_layout,
     .spi_base = 0x60002000,
     .mac_lo_reg = 0x60008844,
     .boot_addr = 0x0000,
     .chip_id = 5,
     .target = 3,
     .last_opcode = 0x14,
     .begin_words = 5,
     .stub_flash_bits = 24,
     .boot_pin = 9,
     .locked_to_rom = true},
    {.name = "ESP32-C5",
     .spi = &new_layout,
     .spi_base = 0x60003000,
     .mac_lo_reg = 0x600B4844,
     .boot_addr = 0x2000,
     .chip_id = 23,
     .target = 6,
     .last_opcode = 0x14,
     .begin_words = 5,
     .stub_flash_bits = 25,
     .boot_pin = 28,
     .uart_clock = 3},
    {.name = "ESP32-C6",
     .spi = &new_layout,
     .spi_base = 0x60003000,
     .mac_lo_reg = 0x600B0844,
     .boot_addr = 0x0000,
     .chip_id = 13,
     .target = 8,
     .last_opcode = 0x14,
     .begin_words = 5,
     .stub_flash_bits = 24,
     .boot_pin = 9},
    {.name = "ESP32-C61",
     .spi = &new_layout,
     .spi_base = 0x60003000,
     .mac_lo_reg = 0x600B4844,
     .boot_addr = 0x0000,
     .chip_id = 20,
     .target = 10,
     .last_opcode = 0x14,
     .begin_words = 5,
     .stub_flash_bits = 25,
     .boot_pin = 9},
    {.name = "ESP32-H2",
     .spi = &new_layout,
     .spi_base = 0x60003000,
     .mac_lo_reg = 0x600B0844,
     .boot_addr = 0x0000,
     .chip_id = 16,
     .target = 7,
     .last_opcode = 0x14,
     .begin_words = 5,
     .stub_flash_bits = 24,
     .boot_pin = 9},
    {.name = "ESP32-P4",
     .spi = &new_layout,
     .spi_base = 0x5008D000,
     .mac_lo_reg = 0x5012D044,
     .boot_addr = 0x2000,
     .chip_id = 18,
     .target = 9,
     .last_opcode = 0x14,
     .begin_words = 5,
     .stub_flash_bits = 26,
     .boot_pin = 35,
     .revisions = &esp32p4_revisions},
};

static const reflash_chip_t *facts_of(const char *name)
{
    for (size_t at = 0; at < sizeof(facts) / sizeof(facts[0]); at++) {
        if (strcmp(facts[at].name, name) == 0) {
            return &facts[at];
        }
    }
    fail_msg("nothing is known here of %s", name);
    return NULL;
}

static void every_field_of_every_chip_is_a_known_fact(void **state)
{
    (void)state;
    for (size_t row = 0; row < ROW_COUNT; row++) {
        const reflash_chip_t *chip = rows[row];
        const reflash_chip_t *fact = facts_of(chip->name);
        assert_int_equal(chip->spi->usr, fact->spi->usr);
        assert_int_equal(chip->spi->usr1, fact->spi->usr1);
        assert_int_equal(chip->spi->usr2, fact->spi->usr2);
        assert_int_equal(chip->spi->w0, fact->spi->w0);
        assert_int_equal(chip->spi->mosi_dlen, fact->spi->mosi_dlen);
        assert_int_equal(chip->spi->miso_dlen, fact->spi->miso_dlen);
        assert_int_equal(chip->spi->mosi_shift, fact->spi->mosi_shift);
        assert_int_equal(chip->spi->miso_shift, fact->spi->miso_shift);
        assert_int_equal(chip->spi->address_at_top, fact->spi->address_at_top);
        assert_int_equal(chip->spi_base, fact->spi_base);
        assert_int_equal(chip->magic, fact->magic);
        assert_int_equal(chip->mac_lo_reg, fact->mac_lo_reg);
        assert_int_equal(chip->boot_addr, fact->boot_addr);
        assert_int_equal(chip->chip_id, fact->chip_id);
        assert_int_equal(chip->target, fact->target);
        assert_int_equal(chip->mac_layout, fact->mac_layout);
        assert_int_equal(chip->last_opcode, fact->last_opcode);
        assert_int_equal(chip->begin_words, fact->begin_words);
        assert_int_equal(chip->boot_pin, fact->boot_pin);
        assert_int_equal(chip->stub_flash_bits, fact->stub_flash_bits);
        assert_int_equal(chip->uart_clock, fact->uart_clock);
        assert_int_equal(chip->erases_head_twice, fact->erases_head_twice);
        assert_int_equal(chip->whole_blocks, fact->whole_blocks);
        assert_int_equal(chip->whole_windows, fact->whole_windows);
        assert_int_equal(chip->locked_to_rom, fact->locked_to_rom);
        assert_int_equal(chip->revisions != NULL, fact->revisions != NULL);
        if (fact->revisions != NULL) {
            assert_int_equal(chip->revisions->reg, fact->revisions->reg);
            assert_int_equal(chip->revisions->shift, fact->revisions->shift);
            assert_int_equal(chip->revisions->top_bit, fact->revisions->top_bit);
            assert_ptr_equal(chip->revisions->power_flash, fact->revisions->power_flash);
        }
    }
}

static void every_chip_with_facts_has_a_row(void **state)
{
    (void)state;
    assert_int_equal(ROW_COUNT, sizeof(facts) / sizeof(facts[0]));
    for (size_t row = 0; row < ROW_COUNT; row++) {
        for (size_t other = 0; other < row; other++) {
            assert_string_not_equal(rows[row]->name, rows[other]->name);
            assert_int_not_equal(rows[row]->target, rows[other]->target);
        }
    }
}

static void every_target_of_the_api_has_a_row(void **state)
{
    (void)state;
    assert_int_equal(ROW_COUNT, ESP_MAX_CHIP);
    for (size_t row = 0; row < ROW_COUNT; row++) {
        assert_in_range(rows[row]->target, 0, ESP_MAX_CHIP - 1);
    }
}

static void esp8266_esp32_and_esp32s2_are_found_by_their_magic_words(void **state)
{
    (void)state;
    assert_ptr_equal(reflash_chip_by_magic(0xC101), &reflash_chip_esp8266);
    assert_ptr_equal(reflash_chip_by_magic(0x1D83), &reflash_chip_esp32);
    assert_ptr_equal(reflash_chip_by_magic(0x07C6), &reflash_chip_esp32s2);
}

static void a_word_that_is_no_magic_finds_nothing(void **state)
{
    (void)state;
    static const uint16_t magics[] = {0xC101, 0x1D83, 0x07C6};
    assert_null(reflash_chip_by_magic(0)); /* also the value of rows that have no magic */
    assert_null(reflash_chip_by_magic(0xFFFF));
    assert_null(reflash_chip_by_magic(0x506F)); /* an ESP32-C3's, which differs between its revisions */
    assert_null(reflash_chip_by_magic(0x0009)); /* an ESP32-S3's: too plain to be trusted */
    for (size_t magic = 0; magic < sizeof(magics) / sizeof(magics[0]); magic++) {
        for (unsigned bit = 0; bit < 16; bit++) {
            assert_null(reflash_chip_by_magic((uint16_t)(magics[magic] ^ 1u << bit)));
        }
    }
}

static void all_others_are_found_by_their_chip_ids(void **state)
{
    (void)state;
    assert_ptr_equal(reflash_chip_by_id(2), &reflash_chip_esp32s2); /* which tells it by the length of its answer */
    assert_ptr_equal(reflash_chip_by_id(5), &reflash_chip_esp32c3);
    assert_ptr_equal(reflash_chip_by_id(9), &reflash_chip_esp32s3);
    assert_ptr_equal(reflash_chip_by_id(12), &reflash_chip_esp32c2);
    assert_ptr_equal(reflash_chip_by_id(13), &reflash_chip_esp32c6);
    assert_ptr_equal(reflash_chip_by_id(16), &reflash_chip_esp32h2);
    assert_ptr_equal(reflash_chip_by_id(18), &reflash_chip_esp32p4);
    assert_ptr_equal(reflash_chip_by_id(20), &reflash_chip_esp32c61);
    assert_ptr_equal(reflash_chip_by_id(23), &reflash_chip_esp32c5);
}

static void an_id_that_belongs_to_no_chip_finds_nothing(void **state)
{
    (void)state;
    assert_null(reflash_chip_by_id(0)); /* the ESP32's, but an ESP32 does not tell its id */
    assert_null(reflash_chip_by_id(REFLASH_ROW_WITHOUT_CHIP_ID));
    assert_null(reflash_chip_by_id(0x105));
    assert_null(reflash_chip_by_id(0xFFFFFFFF));
}

static void a_chip_is_found_by_the_name_in_its_banner(void **state)
{
    (void)state;
    assert_ptr_equal(reflash_chip_by_suffix('s' << 8 | '2'), &reflash_chip_esp32s2);
    assert_ptr_equal(reflash_chip_by_suffix('c' << 8 | '6'), &reflash_chip_esp32c6);
    assert_ptr_equal(reflash_chip_by_suffix('c' << 16 | '6' << 8 | '1'), &reflash_chip_esp32c61);
    assert_ptr_equal(reflash_chip_by_suffix('p' << 8 | '4'), &reflash_chip_esp32p4);
    assert_ptr_equal(reflash_chip_by_suffix(0), &reflash_chip_esp32);
    assert_null(reflash_chip_by_suffix('c'));
    assert_null(reflash_chip_by_suffix('c' << 8 | '7'));
    assert_null(reflash_chip_by_suffix('c' << 16 | '3' << 8 | '1'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_chip_is_a_known_fact),
        cmocka_unit_test(every_chip_with_facts_has_a_row),
        cmocka_unit_test(every_target_of_the_api_has_a_row),
        cmocka_unit_test(esp8266_esp32_and_esp32s2_are_found_by_their_magic_words),
        cmocka_unit_test(a_word_that_is_no_magic_finds_nothing),
        cmocka_unit_test(all_others_are_found_by_their_chip_ids),
        cmocka_unit_test(an_id_that_belongs_to_no_chip_finds_nothing),
        cmocka_unit_test(a_chip_is_found_by_the_name_in_its_banner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
