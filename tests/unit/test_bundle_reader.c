/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles as input: the example of docs/bundle-format.md and what the writer makes come out as they went in, and whatever
 * is wrong is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle_reader.h"
#include "bundle_writer.h"

enum { FLASH_BYTES = 0x1000000, SECTOR = 4096, FILE_BYTES_MAX = 1 << 20, DIGEST_AT = 16, COVERED_FROM = 32 };

static uint8_t file[FILE_BYTES_MAX];
static uint32_t file_bytes;
static char why[200];

/* The lines `0000  89 52 ...` of the example. */
static void read_example(void)
{
    FILE *doc = fopen(DOCS_DIR "/bundle-format.md", "re");
    char line[200];
    assert_non_null(doc);
    file_bytes = 0;
    while (fgets(line, sizeof(line), doc) != NULL) {
        unsigned offset;
        int at = 0;
        if (sscanf(line, "    %4x  %n", &offset, &at) != 1 || at != 10 || offset != file_bytes) {
            continue;
        }
        unsigned byte;
        for (int used; sscanf(line + at, "%2x%n", &byte, &used) == 1; at += used) {
            file[file_bytes++] = (uint8_t)byte;
        }
    }
    (void)fclose(doc);
    assert_int_equal(file_bytes, 0x133);
}

static void put_digest(void)
{
    (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), file + COVERED_FROM, file_bytes - COVERED_FROM,
                     file + DIGEST_AT);
}

static void expect_refusal(const char *words)
{
    bundle_contents_t contents;
    assert_false(bundle_read(&contents, file, file_bytes, FLASH_BYTES, why, sizeof(why)));
    assert_non_null(strstr(why, words));
    assert_int_equal(contents.count, 0);
    assert_null(contents.parts);
}

static void the_example_is_a_blank_sector_and_a_text(void **state)
{
    (void)state;
    bundle_contents_t contents;
    read_example();
    assert_true(bundle_is_file(file, file_bytes));
    assert_false(bundle_is_file(file, 7));
    assert_true(bundle_read(&contents, file, file_bytes, FLASH_BYTES, why, sizeof(why)));
    assert_int_equal(contents.chip_id, 5);
    assert_int_equal(contents.count, 1);
    const bundle_part_t *part = &contents.parts[0];
    assert_string_equal(part->about.name, "hello");
    assert_int_equal(part->about.flash_addr, 0x1F000);
    assert_int_equal(part->about.bytes, SECTOR + 12);
    for (unsigned at = 0; at < SECTOR; at++) {
        assert_int_equal(part->data[at], 0xFF);
    }
    assert_memory_equal(part->data + SECTOR, "Hello, world", 12);
    bundle_contents_free(&contents);
}

static void what_is_damaged_cut_off_or_newer_is_told(void **state)
{
    (void)state;
    read_example();
    file[0x130] ^= 1;
    expect_refusal("the MD5 in its header does not fit");
    read_example();
    file_bytes--;
    expect_refusal("cut off");
    read_example();
    file[8] = 2;
    put_digest();
    expect_refusal("a version that this program does not know");
    read_example();
    file[42] = 1; /* reserved */
    put_digest();
    expect_refusal("contradicts");
    read_example();
    file_bytes = 20;
    expect_refusal("shorter than");
}

static void data_that_are_not_what_their_md5_says_are_told_though_the_digest_is_right(void **state)
{
    (void)state;
    read_example();
    file[0x127] = 'J'; /* in a stored block: Jello */
    put_digest();
    expect_refusal("image 1: its compressed data does not unpack"); /* the row's Adler-32 is that of Hello */
    read_example();
    file[0x68] ^= 0xFF; /* the MD5 of the image */
    file[0x6A] ^= 0xFF;
    put_digest();
    expect_refusal("image 1: its data has not the MD5");
    read_example();
    file[0x100] = 0x07; /* a kind of block that there is not */
    put_digest();
    expect_refusal("image 1: its compressed data does not unpack");
}

static void images_beyond_what_can_be_addressed_are_refused_before_memory_is_taken_for_them(void **state)
{
    (void)state;
    bundle_contents_t contents;
    read_example();
    assert_false(bundle_read(&contents, file, file_bytes, 0x20000, why, sizeof(why)));
    assert_non_null(strstr(why, "end at 0x21000, beyond the 0x20000 bytes"));
}

/* Two images, one of which fills blocks and does not begin with one. */
static void what_the_writer_writes_comes_out_as_it_went_in(void **state)
{
    (void)state;
    static uint8_t data[2][200001];
    static const bundle_facts_t kinds[] = {
        {5, 0xFF, 0xFF, true, false}, {5, 0xFF, 0xFF, false, true}, {0xFFFF, 2, 2, true, true}};
    reflash_image_t images[] = {
        {.kind = REFLASH_KIND_BOOTLOADER, .flash_addr = 0, .bytes = 20000, .data = data[0]},
        {.kind = REFLASH_KIND_APPLICATION, .flash_addr = 0x11000, .bytes = sizeof(data[1]), .data = data[1]}};
    char *names[] = {(char[]){"boot\x1b[2J"}, (char[]){"app"}};
    bool programs[] = {false, true};
    const inputs_t in = {.images = images, .names = names, .programs = programs, .count = 2};
    for (size_t at = 0; at < sizeof(data); at++) {
        data[at / sizeof(data[0])][at % sizeof(data[0])] = (uint8_t)(at % 1000 < 500 ? at * at >> 7 : at / 777);
    }
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        bundle_contents_t contents;
        const bundle_t bundle = bundle_make(&in, &kinds[kind], NULL);
        assert_true(bundle_read(&contents, bundle.data, bundle.bytes, FLASH_BYTES, why, sizeof(why)));
        assert_int_equal(contents.chip_id, kinds[kind].chip_id);
        assert_int_equal(contents.count, 2);
        assert_string_equal(contents.parts[0].about.name, "boot?[2J");
        assert_int_equal(contents.parts[0].about.kind, REFLASH_KIND_BOOTLOADER);
        assert_int_equal(contents.parts[1].about.flash_addr, 0x11000);
        for (unsigned at = 0; at < 2; at++) {
            assert_int_equal(contents.parts[at].about.bytes, images[at].bytes);
            assert_memory_equal(contents.parts[at].data, images[at].data, images[at].bytes);
        }
        bundle_contents_free(&contents);
        free(bundle.data);
    }
}

/* As the words of a command line. */
static void a_bundle_alone_is_an_input_and_none_behind_an_address(void **state)
{
    (void)state;
    char path[] = "bundle-XXXXXX";
    const int fd = mkstemp(path);
    read_example();
    assert_int_equal(write(fd, file, file_bytes), file_bytes);
    (void)close(fd);
    inputs_t in;
    char *words[] = {path};
    assert_int_equal(inputs_load(&in, NULL, 1, words, why, sizeof(why)), INPUTS_OK);
    assert_int_equal(in.count, 1);
    assert_string_equal(in.chip, "ESP32-C3");
    assert_string_equal(in.names[0], "hello");
    assert_int_equal(in.images[0].bytes, SECTOR + 12);
    assert_false(in.encrypted[0]);
    assert_int_equal(inputs_check_chip(&in, 5, "ESP32-C3", 0, why, sizeof(why)), INPUTS_OK);
    assert_int_equal(inputs_check_chip(&in, 0, "ESP32", 0, why, sizeof(why)), INPUTS_CONTENT);
    inputs_free(&in);
    char *pair[] = {(char[]){"0x1000"}, path};
    assert_int_equal(inputs_load(&in, NULL, 2, pair, why, sizeof(why)), INPUTS_USAGE);
    assert_non_null(strstr(why, "Give it alone"));
    (void)remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_a_blank_sector_and_a_text),
        cmocka_unit_test(what_is_damaged_cut_off_or_newer_is_told),
        cmocka_unit_test(data_that_are_not_what_their_md5_says_are_told_though_the_digest_is_right),
        cmocka_unit_test(images_beyond_what_can_be_addressed_are_refused_before_memory_is_taken_for_them),
        cmocka_unit_test(what_the_writer_writes_comes_out_as_it_went_in),
        cmocka_unit_test(a_bundle_alone_is_an_input_and_none_behind_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
