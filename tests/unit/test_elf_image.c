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
#define DESCRIPTION_AT ELF_BYTES /* of an application, in files that have one; then the names of the sections */
#define DESCRIPTION_BYTES 256u
#define DESCRIPTION_NAMES "\0.flash.appdesc\0.text"

static uint8_t elf[DESCRIPTION_AT + DESCRIPTION_BYTES + sizeof(DESCRIPTION_NAMES)];
static size_t elf_bytes;
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
    elf_bytes = ELF_BYTES;
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
    return elf_make_image(&image, elf, elf_bytes, chip_format_by_name(chip), &settings, why, sizeof(why));
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

/* Its bootloader does not map the last page of a segment that has less than 0x24 bytes there. */
static void a_segment_on_the_esp32_has_enough_in_its_last_page(void **state)
{
    static const struct {
        uint32_t addr, bytes;
    } rows[] = {{0x400DFFFC, 8 + 0x20}, {0x400DFFF8, 8 + 0x24}, {0x400E0018, 8 + 4}, {0x400E001C, 8}};
    image_t parts;
    (void)state;
    put16(18, EM_XTENSA);
    put_section(2, 7, SHT_PROGBITS, 0x3FFB0000, DATA_AT + 8, 5);
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        put_section(1, 1, SHT_PROGBITS, rows[row].addr, DATA_AT, 8);
        assert_true(make_for("esp32", (flash_settings_t){.mode = NULL}));
        assert_true(image_read(&parts, image.data, image.bytes, why, sizeof(why)));
        const uint32_t last = parts.segment_count - 1;
        assert_int_equal(parts.segments[last].addr, rows[row].addr);
        assert_int_equal(parts.segments[last].bytes, rows[row].bytes);
    }
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

/* Of an application: its magic number, the digest of the ELF file at 144, the size of a page at 180, as a power of two.
 * The code is in the same kind of memory. */
static void put_description(uint32_t addr, uint8_t page_bits, uint32_t code_addr)
{
    elf_bytes = sizeof(elf);
    put32(DESCRIPTION_AT, 0xABCD5432);
    elf[DESCRIPTION_AT + 180] = page_bits;
    memcpy(elf + DESCRIPTION_AT + DESCRIPTION_BYTES, DESCRIPTION_NAMES, sizeof(DESCRIPTION_NAMES));
    put_section(1, 16, SHT_PROGBITS, code_addr, DATA_AT, 8);
    put_section(2, 1, SHT_PROGBITS, addr, DESCRIPTION_AT, DESCRIPTION_BYTES);
    put_section(3, 0, SHT_STRTAB, 0, DESCRIPTION_AT + DESCRIPTION_BYTES, sizeof(DESCRIPTION_NAMES));
}

static void the_description_gets_the_digest_of_the_file(void **state)
{
    uint8_t digest[32];
    (void)state;
    put_description(0x3c000020, 0, 0x42010020);
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), elf, elf_bytes, digest);
    assert_true(make_for("esp32c3", (flash_settings_t){.mode = NULL}));
    assert_memory_equal(image.data + 32, elf + DESCRIPTION_AT, 144);
    assert_memory_equal(image.data + 32 + 144, digest, sizeof(digest));
    assert_int_equal(image_check(image.data, image.bytes, 5, why, sizeof(why)), IMAGE_SOUND);
    elf[DESCRIPTION_AT + 144 + 31] = 1;
    expect_refused("esp32c3", "what should get the ELF file's digest, at offset 0xb0 of the image, is not empty");
}

static void the_description_is_the_first_segment(void **state)
{
    image_t parts;
    (void)state;
    put_description(0x42020020, 0, 0x42010020);
    assert_true(make_for("esp32c3", (flash_settings_t){.mode = NULL}));
    assert_true(image_read(&parts, image.data, image.bytes, why, sizeof(why)));
    assert_int_equal(parts.segments[0].addr, 0x42020020);
    assert_int_equal(parts.segments[0].offset, 32);
}

/* Told by the description, or by where it was linked to. */
static void pages_are_as_large_as_the_application_wants(void **state)
{
    static const struct {
        uint32_t addr, code_addr;
        uint32_t page_bytes; /* 0: they do not fit into pages of that size */
        uint8_t page_bits;
    } rows[] = {
        {0x42000020, 0x42008120, 0x8000, 15}, {0x42000020, 0x42008120, 0, 16},     {0x42000020, 0x42008120, 0, 0},
        {0x42008020, 0x42010120, 0x8000, 0},  {0x42004020, 0x42008120, 0x4000, 0},
    };
    (void)state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        put_description(rows[row].addr, rows[row].page_bits, rows[row].code_addr);
        if (rows[row].page_bytes == 0) {
            expect_refused("esp32c6", "are in one page of mapped flash");
            continue;
        }
        assert_true(make_for("esp32c6", (flash_settings_t){.mode = NULL}));
        /* The application's end is its code, in the second page of the file. */
        assert_memory_equal(image.data + rows[row].page_bytes + 0x120, "codecode", 8);
    }
    put_description(0x42000020, 20, 0x42010020);
    expect_refused("esp32c6", "the application wants pages of 2^20 bytes, which ESP32-C6 does not have");
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
    for (uint32_t bytes = 0; bytes < elf_bytes; bytes++) {
        const flash_settings_t settings = {.mode = NULL};
        assert_false(elf_make_image(&image, elf, bytes, chip_format_by_name("esp32c3"), &settings, why, sizeof(why)));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, release)
    const struct CMUnitTest tests[] = {
        TEST(sections_become_segments_by_address),
        TEST(what_is_not_told_is_qio_and_one_megabyte),
        TEST(sections_that_touch_become_one_segment),
        TEST(mapped_segments_start_at_their_place_in_a_page),
        TEST(the_esp8266_gets_its_mapped_code_apart),
        TEST(what_a_chip_cannot_have_is_refused),
        TEST(what_is_no_such_file_is_refused),
        TEST(a_file_cut_anywhere_is_refused),
        TEST(the_description_gets_the_digest_of_the_file),
        TEST(the_description_is_the_first_segment),
        TEST(a_segment_on_the_esp32_has_enough_in_its_last_page),
        TEST(pages_are_as_large_as_the_application_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
