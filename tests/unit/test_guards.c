/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks against writing an image: every check by itself, at its limits. That they are asked before anything is
 * erased is in tests/e2e/guards.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "guards.h"

enum { SECTOR = 4096 };

static char why[700];
static uint8_t program[2 * SECTOR];

/* One image of program[]. */
typedef struct {
    inputs_t in;
    reflash_image_t image;
    bool is_program, encrypted;
} one_t;

static one_t *one(reflash_kind_t kind, uint32_t flash_addr, uint32_t bytes, bool is_program)
{
    static one_t the_one;
    the_one.image = (reflash_image_t){.kind = kind, .flash_addr = flash_addr, .bytes = bytes, .data = program};
    the_one.is_program = is_program;
    the_one.encrypted = false;
    the_one.in = (inputs_t){
        .images = &the_one.image, .programs = &the_one.is_program, .encrypted = &the_one.encrypted, .count = 1};
    return &the_one;
}

/* The smallest image there is: one segment of 4 bytes, for an ESP32-C3, no digest. */
static void make_program(uint8_t old_least, uint16_t least, uint16_t most, uint8_t size_code)
{
    memset(program, 0, sizeof(program));
    program[0] = 0xE9;
    program[1] = 1;
    program[3] = (uint8_t)(size_code << 4);
    program[12] = 5;
    program[14] = old_least;
    program[15] = (uint8_t)least;
    program[16] = (uint8_t)(least >> 8);
    program[17] = (uint8_t)most;
    program[18] = (uint8_t)(most >> 8);
    program[28] = 4;
    program[47] = 0xEF;
}

static one_t *app(void)
{
    return one(REFLASH_KIND_APPLICATION, 0x10000, 48, true);
}

static one_t *bootloader(void)
{
    return one(REFLASH_KIND_BOOTLOADER, 0, 48, true);
}

static void a_revision_has_to_be_within_both_limits(void **state)
{
    (void)state;
    const locks_t locks = {.revision = 101};
    make_program(0, 101, 101, 0);
    assert_true(guards_fit_revision(&app()->in, 0, &locks, why, sizeof(why)));
    make_program(0, 102, 199, 0);
    assert_false(guards_fit_revision(&app()->in, 0, &locks, why, sizeof(why)));
    assert_non_null(strstr(why, "for chip revision 1.2 or later, and this one is 1.1"));
    make_program(0, 0, 100, 0);
    assert_false(guards_fit_revision(&app()->in, 0, &locks, why, sizeof(why)));
    assert_non_null(strstr(why, "up to 1.0, and this one is 1.1"));
    assert_true(guards_fit_revision(&bootloader()->in, 0, &locks, why, sizeof(why))); /* is not held to the upper one */
    make_program(0, 0, 0xFFFF, 0);
    assert_true(guards_fit_revision(&app()->in, 0, &locks, why, sizeof(why)));
    make_program(0, 0, 0, 0);
    assert_true(guards_fit_revision(&app()->in, 0, &locks, why, sizeof(why)));
}

static void older_images_have_one_byte_for_it(void **state)
{
    (void)state;
    const locks_t locks = {.revision = 3};
    make_program(3, 0, 0, 0);
    assert_true(guards_fit_revision(&app()->in, 0, &locks, why, sizeof(why)));
    make_program(4, 0, 0, 0);
    assert_false(guards_fit_revision(&app()->in, 0, &locks, why, sizeof(why)));
    assert_non_null(strstr(why, "0.4 or later"));
    program[12] = 9; /* an ESP32-S3, whose byte counts major revisions */
    assert_false(guards_fit_revision(&app()->in, 0, &locks, why, sizeof(why)));
    assert_non_null(strstr(why, "4.0 or later"));
    const locks_t unknown = {.revision = LOCKS_REVISION_UNKNOWN};
    assert_true(guards_fit_revision(&app()->in, 0, &unknown, why, sizeof(why)));
}

static void a_bootloader_must_not_count_on_more_flash_than_there_is(void **state)
{
    (void)state;
    make_program(0, 0, 0, 2);
    assert_true(guards_fit_flash_size(&bootloader()->in, 0, 4u << 20, why, sizeof(why)));
    assert_true(guards_fit_flash_size(&bootloader()->in, 0, 8u << 20, why, sizeof(why)));
    assert_true(guards_fit_flash_size(&bootloader()->in, 0, 0, why, sizeof(why)));
    assert_true(guards_fit_flash_size(&app()->in, 0, 2u << 20, why, sizeof(why)));
    assert_false(guards_fit_flash_size(&bootloader()->in, 0, 2u << 20, why, sizeof(why)));
    assert_non_null(strstr(why, "its header says 4MB of flash, and this target has 2048 KiB"));
}

static void what_boot_stages_read_has_to_be_encrypted_where_they_decrypt(void **state)
{
    (void)state;
    const locks_t locks = {.encryption = true};
    static const reflash_kind_t kinds[] = {REFLASH_KIND_OTADATA, REFLASH_KIND_PARTITION_TABLE, REFLASH_KIND_BOOTLOADER};
    for (size_t at = 0; at < sizeof(kinds) / sizeof(kinds[0]); at++) {
        inputs_t *in = &one(kinds[at], 0x8000, 32, false)->in;
        assert_false(guards_fit_encryption(in, 0, false, &locks, "ESP32-C3", why, sizeof(why)));
        assert_true(guards_fit_encryption(in, 0, true, &locks, "ESP32-C3", why, sizeof(why)));
        in->force = true;
        assert_true(guards_fit_encryption(in, 0, false, &locks, "ESP32-C3", why, sizeof(why)));
    }
    assert_false(guards_fit_encryption(&app()->in, 0, false, &locks, "ESP32-C3", why, sizeof(why)));
    assert_true(guards_fit_encryption(&one(REFLASH_KIND_APPLICATION, 0x9000, 32, false)->in, 0, false, &locks,
                                      "ESP32-C3", why, sizeof(why)));
    const locks_t off = {.encryption = false};
    inputs_t *in = &app()->in;
    assert_true(guards_fit_encryption(in, 0, false, &off, "ESP32-C3", why, sizeof(why)));
    in->force = true;
    assert_false(guards_fit_encryption(in, 0, true, &off, "ESP32-C3", why, sizeof(why))); /* nobody can know better */
}

static void secure_boot_of_the_first_scheme_takes_no_bootloader_from_here(void **state)
{
    (void)state;
    const locks_t locks = {.secure_boot = true, .first_secure_boot = true};
    make_program(0, 0, 0, 0);
    assert_false(guards_fit_secure_boot(&bootloader()->in, 0, &locks, why, sizeof(why)));
    assert_non_null(strstr(why, "can only be made with its key"));
    assert_true(guards_fit_secure_boot(&app()->in, 0, &locks, why, sizeof(why)));
    const locks_t second = {.secure_boot = true};
    assert_false(guards_fit_secure_boot(&app()->in, 0, &second, why, sizeof(why)));
    assert_non_null(strstr(why, "it is not signed"));
    assert_true(
        guards_fit_secure_boot(&one(REFLASH_KIND_APPLICATION, 0x9000, 32, false)->in, 0, &second, why, sizeof(why)));
}

static void an_image_stays_in_its_partition_and_its_last_sector_in_nobody_elses(void **state)
{
    (void)state;
    const partition_table_t table = {.count = 3,
                                     .rows = {{.flash_addr = 0x9000, .bytes = 0x6000, .label = "nvs"},
                                              {.flash_addr = 0x10000, .bytes = 0x1800, .label = "first"},
                                              {.flash_addr = 0x11800, .bytes = 0x800, .label = "second"}}};
    static const struct {
        uint32_t flash_addr, bytes;
        const char *says; /* NULL: it fits */
    } rows[] = {
        {0x9000, 0x6000, NULL},
        {0x9000, 0x6001, "nvs of the target's table has room for 0x6000 from there"},
        {0xA000, 0x5001, "has room for 0x5000 from there"},
        {0xF000, 0x1000, NULL}, /* in none */
        {0xF000, 0x1001, "0xf000 to 0x10000 runs into partition first at 0x10000"},
        {0x8000, 0x1000, NULL},
        {0x8000, 0x1001, "runs into partition nvs"},
        {0x10000, 0x1000, NULL},
        {0x10000, 0x1800, "erased to its end at 0x12000, holds the beginning of partition second"},
        {0x10000, 0x1001, "erased to its end at 0x12000, holds the beginning of partition second at 0x11800"},
        {0x12000, 0x100000, NULL},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        const inputs_t *in = &one(REFLASH_KIND_APPLICATION, rows[row].flash_addr, rows[row].bytes, false)->in;
        assert_int_equal(guards_fit_partitions(in, 0, &table, why, sizeof(why)), rows[row].says == NULL);
        assert_true(rows[row].says == NULL || strstr(why, rows[row].says) != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revision_has_to_be_within_both_limits),
        cmocka_unit_test(older_images_have_one_byte_for_it),
        cmocka_unit_test(a_bootloader_must_not_count_on_more_flash_than_there_is),
        cmocka_unit_test(what_boot_stages_read_has_to_be_encrypted_where_they_decrypt),
        cmocka_unit_test(secure_boot_of_the_first_scheme_takes_no_bootloader_from_here),
        cmocka_unit_test(an_image_stays_in_its_partition_and_its_last_sector_in_nobody_elses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
