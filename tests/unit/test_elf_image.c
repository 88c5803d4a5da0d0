/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files become images. What each chip's images are like is compared with esptool's by tests/interop/elf2image.py; here
 * is one to the byte, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <string.h>

#include "elf_image.h"
#include "image_check.h"

#define DATA_AT 52u    /* behind the ELF header */
#define HEADERS_AT 84u /* of the sections */
#define SECTIONS 4u
#define ELF_BYTES (HEADERS_AT + SECTIONS * 40u)
#define NAMES "\0.text\0.data\0"

static uint8_t elf[ELF_BYTES];
static elf_image_t image;
static char why[300];

static void put16(uint32_t at, uint32_t value)
{
    elf[at] = (uint8_t)value;
    elf[at + 1] = (uint8_t)(value >> 8);
}

static void put32(uint32_t at, uint32_t value)
{
    put16(at, value);
    put16(at + 2, value >> 16);
}

static void put_section(uint32_t section, uint32_t name, uint32_t type, uint32_t addr, uint32_t offset, uint32_t bytes)
{
    const uint32_t fields[10] = {name, type, 2, addr, offset, bytes, 0, 0, 4, 0};
    for (uint32_t field = 0; field < 10; field++) {
        put32(HEADERS_AT + 40 * section + 4 * field, fields[field]);
    }
}

/* For an ESP32-C3: "codecode" at 0x40380000, "data!" at 0x3fc90000. */
static int set_up(void **state)
{
    static const uint8_t mark[] = {0x7F, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT};
    static const char content[] = "codecodedata!";
    (void)state;
    memset(elf, 0, sizeof(elf));
    memcpy(elf, mark, sizeof(mark));
    put16(16, ET_EXEC);
    put16(18, EM_RISCV);
    put32(24, 0x40380004); /* entry */
    put32(32, HEADERS_AT);
    put16(46, 40);
    put16(48, SECTIONS);
    put16(50, 3);
    memcpy(elf + DATA_AT, content, sizeof(content));
    memcpy(elf + DATA_AT + 16, NAMES, sizeof(NAMES));
    put_section(1, 1, SHT_PROGBITS, 0x40380000, DATA_AT, 8);
    put_section(2, 7, SHT_PROGBITS, 0x3fc90000, DATA_AT + 8, 5);
    put_section(3, 0, SHT_STRTAB, 0, DATA_AT + 16, sizeof(NAMES));
    return 0;
}

static int release(void **state)
{
    (void)state;
    elf_image_free(&image);
    return 0;
}

static bool make_for(const char *chip, flash_settings_t settings)
{
    why[0] = '\0';
    elf_image_free(&image);
    return elf_make_image(&image, elf, sizeof(elf), chip_format_by_name(chip), &settings, why, sizeof(why));
}

static void expect_refused(const char *chip, const char *part)
{
    assert_false(make_for(chip, (flash_settings_t){.mode = NULL}));
    assert_null(image.data);
    if (strstr(why, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, why);
    }
}

static void sections_become_segments_by_address(void **state)
{
    static const uint8_t expected[] = {
        0xE9, 0x02, 0x02, 0x2F, 0x04, 0x00, 0x38, 0x40,
        0xEE, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00,
        0x00, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0x01,
        0x00, 0x00, 0xC9, 0x3F, 0x08, 0x00, 0x00, 0x00,
        0x64, 0x61, 0x74, 0x61, 0x21, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x38, 0x40, 0x08, 0x00, 0x00, 0x00,
        0x63, 0x6F, 0x64, 0x65, 0x63, 0x6F, 0x64, 0x65,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xEF ^ 'd' ^ 't' ^ '!', /* what stands twice cancels out */
    };
    uint8_t digest[32];
    (void)state;
    if (!make_for("esp32c3", (flash_settings_t){.mode = "dio", .freq = "80m", .size = "4MB"})) {
        fail_msg("%s", why);
    }
    assert_int_equal(image.bytes, sizeof(expected) + 32);
    assert_memory_equal(image.data, expected, sizeof(expected));
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), expected, sizeof(expected), digest);
    assert_memory_equal(image.data + sizeof(expected), digest, sizeof(digest));
    assert_null(image.mapped);
}

static void what_is_not_told_is_qio_and_one_megabyte(void **state)
{
    (void)state;
    assert_true(make_for("esp32c3", (flash_settings_t){.size = "detect"}));
    assert_int_equal(image.data[2], 0);
    assert_int_equal(image.data[3], 0);
}

static void sections_that_touch_become_one_segment(void **state)
{
    (void)state;
    put_section(2, 7, SHT_PROGBITS, 0x40380008, DATA_AT + 8, 5);
    assert_true(make_for("esp32c3", (flash_settings_t){.mode = NULL}));
    assert_int_equal(image.data[1], 1);
    assert_int_equal(image.data[28], 16);
}

static void mapped_segments_start_at_their_place_in_a_page(void **state)
{
    image_t parts;
    (void)state;
    put_section(1, 1, SHT_PROGBITS, 0x42000100, DATA_AT, 8);
    assert_true(make_for("esp32c3", (flash_settings_t){.mode = NULL}));
    assert_true(image_read(&parts, image.data, image.bytes, why, sizeof(why)));
    assert_int_equal(parts.segment_count, 3); /* the data in the gap, padding, the code */
    assert_int_equal(parts.segments[2].addr, 0x42000100);
    assert_int_equal(parts.segments[2].offset % 0x10000, 0x100);
    assert_int_equal(image_check(image.data, image.bytes, 5, why, sizeof(why)), IMAGE_SOUND);
}

static void the_esp8266_gets_its_mapped_code_apart(void **state)
{
    (void)state;
    put16(18, EM_XTENSA);
    put_section(1, 1, SHT_PROGBITS, 0x40210000, DATA_AT, 8);
    put_section(2, 7, SHT_PROGBITS, 0x3ffe8000, DATA_AT + 8, 5);
    assert_true(make_for("esp8266", (flash_settings_t){.mode = NULL}));
    assert_int_equal(image.mapped_flash_addr, 0x10000);
    assert_int_equal(image.mapped_bytes, 8);
    assert_memory_equal(image.mapped, "codecode", 8);
    assert_int_equal(image.bytes, 32);
    assert_int_equal(image.data[3], 0x20); /* 1 MB */
    put_section(2, 7, SHT_PROGBITS, 0x40220000, DATA_AT + 8, 5);
    expect_refused("esp8266", "both 0x40210000 and 0x40220000 are in mapped flash");
    put_section(2, 7, SHT_NOBITS, 0x40220000, DATA_AT + 8, 5);
    expect_refused("esp8266", "nothing that is loaded to RAM");
}

static void what_a_chip_cannot_have_is_refused(void **state)
{
    (void)state;
    expect_refused("esp32", "for a RISC-V processor (machine 243), but ESP32 has an Xtensa one");
    put16(18, EM_ARM);
    expect_refused("esp32c3", "for another processor (machine 40), but ESP32-C3 has a RISC-V one");
    put16(18, EM_RISCV);
    put_section(1, 1, SHT_PROGBITS, 0x42000020, DATA_AT, 8);
    put_section(2, 7, SHT_PROGBITS, 0x42000120, DATA_AT + 8, 5);
    expect_refused("esp32c3", "the segments at 0x42000020 and 0x42000120 are in one page of mapped flash");
    assert_false(make_for("esp32c2", (flash_settings_t){.freq = "80m"}));
    assert_string_equal(why, "ESP32-C2 has no flash frequency \"80m\"; possible are 60m 30m 20m 15m");
}

static void what_is_no_such_file_is_refused(void **state)
{
    (void)state;
    elf[0] = 0;
    expect_refused("esp32c3", "does not begin with its mark");
    elf[0] = 0x7F;
    elf[EI_CLASS] = ELFCLASS64;
    expect_refused("esp32c3", "not of 32 bits and little-endian");
    elf[EI_CLASS] = ELFCLASS32;
    put32(32, HEADERS_AT + 1);
    expect_refused("esp32c3", "no section headers, or they run past its end at 0xf4");
    put32(32, HEADERS_AT);
    put_section(3, 0, SHT_STRTAB, 0, ELF_BYTES, 1);
    expect_refused("esp32c3", "the names of the ELF file's sections run past its end");
    put_section(3, 0, SHT_STRTAB, 0, DATA_AT + 16, sizeof(NAMES));
    put_section(1, 1, SHT_PROGBITS, 0x40380000, ELF_BYTES - 7, 8);
    expect_refused("esp32c3", "section 1 \".text\" at offset 0xed (0x8 bytes) runs past the end of the file at 0xf4");
    put_section(1, 1, SHT_NOBITS, 0x40380000, 0, 8);
    put_section(2, 7, SHT_PROGBITS, 0, DATA_AT, 8);
    expect_refused("esp32c3", "the ELF file has no section that a chip would load");
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (uint32_t bytes = 0; bytes < sizeof(elf); bytes++) {
        const flash_settings_t settings = {.mode = NULL};
        assert_false(elf_make_image(&image, elf, bytes, chip_format_by_name("esp32c3"), &settings, why, sizeof(why)));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, release)
    const struct CMUnitTest tests[] = {
        TEST(sections_become_segments_by_address),    TEST(what_is_not_told_is_qio_and_one_megabyte),
        TEST(sections_that_touch_become_one_segment), TEST(mapped_segments_start_at_their_place_in_a_page),
        TEST(the_esp8266_gets_its_mapped_code_apart), TEST(what_a_chip_cannot_have_is_refused),
        TEST(what_is_no_such_file_is_refused),        TEST(a_file_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
