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
static const reflash_chip_t *const rows[] = {REFLASH_CHIPS(ROW)};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static const reflash_spi_layout_t old_layout = {0x1C, 0x20, 0x24, 0x28, 0x2C, 0x80, true};
static const reflash_spi_layout_t new_layout = {0x18, 0x1C, 0x20, 0x24, 0x28, 0x58, false};

/* Copied by hand from the collected facts about the chips, not from the rows. */
static const reflash_chip_t facts[] = {
    {.name = "ESP32",
     .spi = &old_layout,
     .spi_base = 0x3FF42000,
     .magic = 0x00F01D83,
     .mac_lo_reg = 0x3FF5A004,
     .boot_addr = 0x1000,
     .chip_id = 0,
     .target = 1,
     .begin_words = 4,
     .security_info_bytes = 0},
    {.name = "ESP32-C3",
     .spi = &new_layout,
     .spi_base = 0x60002000,
     .magic = 0,
     .mac_lo_reg = 0x60008844,
     .boot_addr = 0x0000,
     .chip_id = 5,
     .target = 3,
     .begin_words = 5,
     .security_info_bytes = 20},
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
        assert_int_equal(chip->spi->mosi_dlen, fact->spi->mosi_dlen);
        assert_int_equal(chip->spi->miso_dlen, fact->spi->miso_dlen);
        assert_int_equal(chip->spi->w0, fact->spi->w0);
        assert_int_equal(chip->spi->address_at_top, fact->spi->address_at_top);
        assert_int_equal(chip->spi_base, fact->spi_base);
        assert_int_equal(chip->magic, fact->magic);
        assert_int_equal(chip->mac_lo_reg, fact->mac_lo_reg);
        assert_int_equal(chip->boot_addr, fact->boot_addr);
        assert_int_equal(chip->chip_id, fact->chip_id);
        assert_int_equal(chip->target, fact->target);
        assert_int_equal(chip->begin_words, fact->begin_words);
        assert_int_equal(chip->security_info_bytes, fact->security_info_bytes);
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

static void an_esp32_is_found_by_its_magic_word(void **state)
{
    (void)state;
    assert_ptr_equal(reflash_chip_by_magic(0x00F01D83), &reflash_chip_esp32);
}

static void a_word_that_is_no_magic_finds_nothing(void **state)
{
    (void)state;
    assert_null(reflash_chip_by_magic(0)); /* also the value of rows that have no magic */
    assert_null(reflash_chip_by_magic(0xFFFFFFFF));
    assert_null(reflash_chip_by_magic(0x1B31506F)); /* an ESP32-C3's, which differs between its revisions */
    for (unsigned bit = 0; bit < 32; bit++) {
        assert_null(reflash_chip_by_magic(0x00F01D83 ^ UINT32_C(1) << bit));
    }
}

static void an_esp32c3_is_found_by_its_chip_id(void **state)
{
    (void)state;
    assert_ptr_equal(reflash_chip_by_id(5), &reflash_chip_esp32c3);
}

static void an_id_that_belongs_to_no_chip_finds_nothing(void **state)
{
    (void)state;
    assert_null(reflash_chip_by_id(0)); /* the ESP32's, but an ESP32 does not tell its id */
    assert_null(reflash_chip_by_id(0x105));
    assert_null(reflash_chip_by_id(0xFFFFFFFF));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_chip_is_a_known_fact),
        cmocka_unit_test(every_chip_with_facts_has_a_row),
        cmocka_unit_test(an_esp32_is_found_by_its_magic_word),
        cmocka_unit_test(a_word_that_is_no_magic_finds_nothing),
        cmocka_unit_test(an_esp32c3_is_found_by_its_chip_id),
        cmocka_unit_test(an_id_that_belongs_to_no_chip_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
