/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of bundles. The bundle is the example in docs/bundle-format.md, read from there; it was made by hand, so
 * that no code of ours decides what is right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bundle_source.h"
#include "hex.h"

enum { EXAMPLE_BYTES = 0x133, CAPACITY = 8192, ENTRY = 0x40, ROW = 0xC0, ROW_2 = 0xE0 };

#define TEXT "Hello, world"
#define IMAGE_BYTES (4096u + 12u)
#define STREAM                                                                                                         \
    "78da fa3f0a46c1281805a360148c8251300a46c1281805a360148c82610f00000000ffff"                                        \
    "000c00f3ff48656c6c6f2c20776f726c64 0300e866f54a"

typedef struct {
    uint8_t data[CAPACITY];
    uint32_t bytes;
} file_t;

static void put_le(uint8_t *at, uint32_t value, unsigned bytes)
{
    for (unsigned byte = 0; byte < bytes; byte++) {
        at[byte] = (uint8_t)(value >> (8 * byte));
    }
}

/* The lines of hex below the heading Example: four blanks, an offset, two blanks, bytes. */
static file_t example(void)
{
    file_t file = {.bytes = 0};
    char line[512];
    FILE *doc = fopen(DOCS_DIR "/bundle-format.md", "re");
    assert_non_null(doc);
    bool found = false;
    while (fgets(line, sizeof(line), doc) != NULL) {
        found = found || strcmp(line, "## Example\n") == 0;
        char *end;
        if (!found || strncmp(line, "    ", 4) != 0 || strtoul(line + 4, &end, 16) != file.bytes || end != line + 8 ||
            strncmp(end, "  ", 2) != 0) {
            continue;
        }
        for (char *at = end; *at != '\n' && *at != '\0'; at = end) {
            file.data[file.bytes++] = (uint8_t)strtoul(at, &end, 16);
        }
    }
    assert_int_equal(fclose(doc), 0);
    assert_int_equal(file.bytes, EXAMPLE_BYTES);
    return file;
}

static const uint8_t *image_of_example(void)
{
    static uint8_t image[IMAGE_BYTES];
    memset(image, 0xFF, 4096);
    memcpy(image + 4096, TEXT, sizeof(TEXT) - 1);
    return image;
}

/* Size and digest fit again, so that what else is wrong must be noticed by itself. */
static void seal(file_t *file)
{
    put_le(file->data + 12, file->bytes, 4);
    assert_int_equal(
        mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), file->data + 32, file->bytes - 32, file->data + 16), 0);
}

/* The example with plain data in place of the compressed. */
static file_t plain_example(void)
{
    file_t file = example();
    put_le(file.data + 40, 1, 2);
    put_le(file.data + ENTRY + 68, 0x100, 4);
    for (unsigned row = ROW; row <= ROW_2; row += ROW_2 - ROW) {
        memset(file.data + row + 20, 0, 7);
        file.data[row + 27] &= 1;
    }
    memcpy(file.data + 0x100, image_of_example(), IMAGE_BYTES);
    file.bytes = 0x100 + IMAGE_BYTES;
    seal(&file);
    return file;
}

/* In memory of exactly its size, so that sanitizers see each step too far. */
static reflash_bundle_error_t open_only(const file_t *file, bundle_memory_t *memory, reflash_bundle_t *bundle)
{
    *memory = (bundle_memory_t){.data = file->data, .bytes = file->bytes};
    const reflash_source_t source = bundle_source(memory);
    return reflash_bundle_open(bundle, &source);
}

static reflash_bundle_error_t open_and_read(const file_t *file)
{
    bundle_memory_t memory;
    reflash_bundle_t bundle;
    const reflash_bundle_error_t err = open_only(file, &memory, &bundle);
    return err == REFLASH_BUNDLE_GOOD ? bundle_read_all(&bundle) : err;
}

/* --- What is there ------------------------------------------------------------------------------------------- */

static void the_example_reads_as_the_document_says(void **state)
{
    (void)state;
    const file_t file = example();
    bundle_memory_t memory;
    reflash_bundle_t bundle;
    reflash_bundle_image_t image;
    reflash_bundle_sector_t sector;
    uint8_t md5[16];
    assert_int_equal(open_only(&file, &memory, &bundle), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_bundle_check(&bundle), REFLASH_BUNDLE_GOOD);
    assert_int_equal(bundle.chip_id, 5);
    assert_int_equal(bundle.flash_mode, 2);
    assert_int_equal(bundle.flash_size_freq, 0x20);
    assert_int_equal(bundle.flash_bytes, 0x21000);
    assert_int_equal(bundle.image_count, 1);
    assert_false(bundle.has_plain);
    assert_true(bundle.has_packed);

    assert_int_equal(reflash_bundle_image(&bundle, 0, &image), REFLASH_BUNDLE_GOOD);
    assert_string_equal(image.name, "hello");
    assert_int_equal(image.flash_addr, 0x1F000);
    assert_int_equal(image.bytes, IMAGE_BYTES);
    assert_bytes(image.md5, 16, "0ad5972ee06d0275e478238e461603e9");
    assert_int_equal(image.kind, REFLASH_KIND_APPLICATION);
    assert_false(image.encrypted);
    assert_int_equal(reflash_bundle_sector_count(&image), 2);
    assert_int_equal(reflash_bundle_block_count(&image), 2);
    assert_int_equal(reflash_bundle_block_md5(&bundle, &image, 0, md5), REFLASH_BUNDLE_GOOD);
    assert_bytes(md5, 16, "6ae59e64850377ee5470c854761551ea");
    assert_int_equal(reflash_bundle_block_md5(&bundle, &image, 1, md5), REFLASH_BUNDLE_GOOD);
    assert_bytes(md5, 16, "bc6e6f16b8a077ef5fbc8d59d0b931b9");

    assert_int_equal(reflash_bundle_sector(&bundle, &image, 0, &sector), REFLASH_BUNDLE_GOOD);
    assert_bytes(sector.md5, 16, "6ae59e64850377ee5470c854761551ea");
    assert_int_equal(sector.adler32, 0x8161F0E2);
    assert_int_equal(sector.bytes, 4096);
    assert_int_equal(sector.packed_bytes, 0x22);
    assert_int_equal(sector.packed_xor, 0xCA);
    assert_bytes(sector.plain_xor, 4, "00000000");
    assert_true(sector.is_blank);
    assert_true(sector.starts_group);

    assert_int_equal(reflash_bundle_sector(&bundle, &image, 1, &sector), REFLASH_BUNDLE_GOOD);
    assert_bytes(sector.md5, 16, "bc6e6f16b8a077ef5fbc8d59d0b931b9");
    assert_int_equal(sector.adler32, 0x1BD40469);
    assert_int_equal(sector.bytes, 12);
    assert_int_equal(sector.packed_bytes, 0x11);
    assert_bytes(sector.plain_xor, 4, "2c000000");
    assert_false(sector.is_blank);
    assert_true(sector.starts_group);
    uint8_t piece[8];
    assert_int_equal(reflash_bundle_packed(&bundle, &sector, 5, piece, 8), REFLASH_BUNDLE_GOOD);
    assert_bytes(piece, 8, "48656c6c6f2c2077");
}

static void plain_data_is_read_from_anywhere(void **state)
{
    (void)state;
    const file_t file = plain_example();
    bundle_memory_t memory;
    reflash_bundle_t bundle;
    reflash_bundle_image_t image;
    uint8_t data[16];
    assert_int_equal(open_only(&file, &memory, &bundle), REFLASH_BUNDLE_GOOD);
    assert_int_equal(bundle_read_all(&bundle), REFLASH_BUNDLE_GOOD);
    assert_true(bundle.has_plain);
    assert_false(bundle.has_packed);
    assert_int_equal(reflash_bundle_image(&bundle, 0, &image), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_bundle_plain(&bundle, &image, 4094, data, 14), REFLASH_BUNDLE_GOOD);
    assert_bytes(data, 14, "ffff 48656c6c6f2c20776f726c64");
    assert_int_equal(reflash_bundle_plain(&bundle, &image, 4094, data, 15), REFLASH_BUNDLE_NOT_THERE);
    assert_int_equal(reflash_bundle_plain(&bundle, &image, IMAGE_BYTES + 1, data, 0), REFLASH_BUNDLE_NOT_THERE);
}

static void what_is_not_there_is_told(void **state)
{
    (void)state;
    const file_t file = example();
    const file_t plain = plain_example();
    bundle_memory_t memory;
    reflash_bundle_t bundle;
    reflash_bundle_image_t image;
    reflash_bundle_sector_t sector;
    reflash_run_t run;
    uint8_t data[32];
    assert_int_equal(open_only(&file, &memory, &bundle), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_bundle_image(&bundle, 0, &image), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_bundle_sector(&bundle, &image, 1, &sector), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_bundle_image(&bundle, 1, &image), REFLASH_BUNDLE_NOT_THERE);
    assert_int_equal(reflash_bundle_sector(&bundle, &image, 2, &sector), REFLASH_BUNDLE_NOT_THERE);
    assert_int_equal(reflash_bundle_block_md5(&bundle, &image, 2, data), REFLASH_BUNDLE_NOT_THERE);
    assert_int_equal(reflash_bundle_plain(&bundle, &image, 0, data, 1), REFLASH_BUNDLE_NOT_THERE);
    assert_int_equal(reflash_bundle_packed(&bundle, &sector, 0x10, data, 2), REFLASH_BUNDLE_NOT_THERE);
    assert_int_equal(reflash_bundle_packed(&bundle, &sector, 0x12, data, 0), REFLASH_BUNDLE_NOT_THERE);
    const struct {
        uint32_t first, count, block_bytes_max;
    } runs[] = {{0, 0, 8192}, {2, 1, 8192}, {1, 2, 8192}, {1, UINT32_MAX, 8192}, {0, 2, 4607}};
    for (size_t row = 0; row < sizeof(runs) / sizeof(runs[0]); row++) {
        assert_int_equal(
            reflash_run_begin(&run, &bundle, &image, runs[row].first, runs[row].count, runs[row].block_bytes_max),
            REFLASH_BUNDLE_NOT_THERE);
    }
    assert_int_equal(open_only(&plain, &memory, &bundle), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_bundle_image(&bundle, 0, &image), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_run_begin(&run, &bundle, &image, 0, 2, 8192), REFLASH_BUNDLE_NOT_THERE);
}

/* --- Runs ---------------------------------------------------------------------------------------------------- */

static void a_run_is_one_zlib_stream(void **state)
{
    (void)state;
    const file_t file = example();
    for (uint32_t step = 1; step <= 59; step++) { /* however many bytes are asked for at a time */
        bundle_memory_t memory;
        reflash_bundle_t bundle;
        reflash_bundle_image_t image;
        reflash_run_t run;
        uint8_t stream[59];
        uint8_t unpacked[IMAGE_BYTES + 1];
        uLongf unpacked_bytes = sizeof(unpacked);
        assert_int_equal(open_only(&file, &memory, &bundle), REFLASH_BUNDLE_GOOD);
        assert_int_equal(reflash_bundle_image(&bundle, 0, &image), REFLASH_BUNDLE_GOOD);
        assert_int_equal(reflash_run_begin(&run, &bundle, &image, 0, 2, 4608), REFLASH_BUNDLE_GOOD);
        assert_int_equal(run.stream_bytes, 59);
        assert_int_equal(run.block_count, 1);
        assert_int_equal(reflash_run_read(&run, stream, 1), REFLASH_BUNDLE_NOT_THERE); /* no block yet */
        assert_int_equal(reflash_run_next_block(&run), REFLASH_BUNDLE_GOOD);
        assert_int_equal(run.block_bytes, 59);
        assert_int_equal(run.block_xor, 0x76);
        for (uint32_t done = 0; done < 59;) {
            const uint32_t part = step < 59 - done ? step : 59 - done;
            assert_int_equal(reflash_run_read(&run, stream + done, part), REFLASH_BUNDLE_GOOD);
            done += part;
        }
        assert_bytes(stream, 59, STREAM);
        assert_int_equal(reflash_run_read(&run, stream, 1), REFLASH_BUNDLE_NOT_THERE);
        assert_int_equal(reflash_run_next_block(&run), REFLASH_BUNDLE_NOT_THERE);
        assert_int_equal(uncompress(unpacked, &unpacked_bytes, stream, 59), Z_OK);
        assert_int_equal(unpacked_bytes, IMAGE_BYTES);
        assert_memory_equal(unpacked, image_of_example(), IMAGE_BYTES);
    }
}

static void a_run_begins_only_where_a_group_does(void **state)
{
    (void)state;
    file_t file = example();
    put_le(file.data + ENTRY + 32, 0x1E000, 4); /* both sectors in one block, ... */
    put_le(file.data + 36, 0x20000, 4);
    file.data[ROW_2 + 27] = 0; /* ... so that the second needs no group of its own */
    seal(&file);
    bundle_memory_t memory;
    reflash_bundle_t bundle;
    reflash_bundle_image_t image;
    reflash_run_t run;
    assert_int_equal(open_only(&file, &memory, &bundle), REFLASH_BUNDLE_GOOD);
    assert_int_equal(bundle_read_all(&bundle), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_bundle_image(&bundle, 0, &image), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_bundle_block_count(&image), 1);
    assert_int_equal(reflash_run_begin(&run, &bundle, &image, 1, 1, 4608), REFLASH_BUNDLE_NOT_THERE);
    assert_int_equal(reflash_run_begin(&run, &bundle, &image, 0, 1, 4608), REFLASH_BUNDLE_GOOD);
}

static void checksums_of_parts_join_to_that_of_the_whole(void **state)
{
    (void)state;
    enum { BYTES = 9000 };
    static uint8_t data[BYTES];
    for (unsigned fill = 0; fill < 3; fill++) {
        for (unsigned at = 0; at < BYTES; at++) {
            data[at] = fill == 0 ? 0x00 : fill == 1 ? 0xFF : (uint8_t)(at * at / 7 + at);
        }
        for (uint32_t cut = 0; cut <= BYTES; cut += 97) {
            for (uint32_t bytes = cut; bytes <= BYTES; bytes += 331) {
                const uint32_t first = (uint32_t)adler32(1, data, cut);
                const uint32_t second = (uint32_t)adler32(1, data + cut, bytes - cut);
                assert_int_equal(reflash_adler32_join(first, second, bytes - cut), adler32(1, data, bytes));
            }
        }
    }
    /* The largest sums there are, and as many bytes: nothing overflows. */
    const uint32_t sums[] = {0x00000000, 0x00000001, 0x0000FFF0, 0xFFF00000, 0xFFF0FFF0, 0xFFF00001};
    const uint32_t counts[] = {0, 1, 4096, 65520, 65521, 65536, 1u << 28};
    for (unsigned first = 0; first < 6; first++) {
        for (unsigned second = 0; second < 6; second++) {
            for (unsigned count = 0; count < 7; count++) {
                assert_int_equal(reflash_adler32_join(sums[first], sums[second], counts[count]),
                                 adler32_combine(sums[first], sums[second], (z_off_t)counts[count]));
            }
        }
    }
}

/* --- What is wrong ------------------------------------------------------------------------------------------- */

static void a_wrong_field_is_told(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset, value;
        uint8_t bytes;
        reflash_bundle_error_t expected;
        const char *what;
    } rows[] = {
        {0, 0x88, 1, REFLASH_BUNDLE_NO_BUNDLE, "magic, first byte"},
        {7, 0x0D, 1, REFLASH_BUNDLE_NO_BUNDLE, "magic, last byte"},
        {8, 0, 2, REFLASH_BUNDLE_NEWER, "version 0"},
        {8, 2, 2, REFLASH_BUNDLE_NEWER, "version 2"},
        {8, 0x101, 2, REFLASH_BUNDLE_NEWER, "version 257"},
        {10, 0, 2, REFLASH_BUNDLE_INCONSISTENT, "no images"},
        {10, 2, 2, REFLASH_BUNDLE_INCONSISTENT, "an image too many"},
        {10, 65, 2, REFLASH_BUNDLE_INCONSISTENT, "too many images"},
        {10, 0x101, 2, REFLASH_BUNDLE_INCONSISTENT, "many too many images"},
        {12, EXAMPLE_BYTES - 1, 4, REFLASH_BUNDLE_CUT, "smaller than the file"},
        {12, EXAMPLE_BYTES + 1, 4, REFLASH_BUNDLE_CUT, "larger than the file"},
        {36, 0x20000, 4, REFLASH_BUNDLE_INCONSISTENT, "the image ends behind the flash that images need"},
        {36, 0x22000, 4, REFLASH_BUNDLE_INCONSISTENT, "more flash than the images need"},
        {36, 0x2100C, 4, REFLASH_BUNDLE_INCONSISTENT, "flash that is no whole sectors"},
        {36, 0x10001000, 4, REFLASH_BUNDLE_INCONSISTENT, "too much flash"},
        {40, 0, 2, REFLASH_BUNDLE_INCONSISTENT, "no data"},
        {40, 3, 2, REFLASH_BUNDLE_INCONSISTENT, "plain data that is not there"},
        {40, 6, 2, REFLASH_BUNDLE_INCONSISTENT, "an unknown flag"},
        {40, 0x102, 2, REFLASH_BUNDLE_INCONSISTENT, "another unknown flag"},
        {42, 1, 1, REFLASH_BUNDLE_INCONSISTENT, "first reserved byte of the header"},
        {63, 1, 1, REFLASH_BUNDLE_INCONSISTENT, "last reserved byte of the header"},
        {ENTRY + 31, 'x', 1, REFLASH_BUNDLE_INCONSISTENT, "a name without end"},
        {ENTRY + 32, 0x1F004, 4, REFLASH_BUNDLE_INCONSISTENT, "an address that is no sector's"},
        {ENTRY + 32, 0x20000, 4, REFLASH_BUNDLE_INCONSISTENT, "the image ends a sector too far"},
        {ENTRY + 32, 0x21000, 4, REFLASH_BUNDLE_INCONSISTENT, "the image starts too far"},
        {ENTRY + 32, 0x1E000, 4, REFLASH_BUNDLE_INCONSISTENT, "the image ends a sector too early"},
        {ENTRY + 32, 0xFFFFF000, 4, REFLASH_BUNDLE_INCONSISTENT, "the end wraps"},
        {ENTRY + 36, 0, 4, REFLASH_BUNDLE_INCONSISTENT, "no bytes"},
        {ENTRY + 36, 0x2001, 4, REFLASH_BUNDLE_INCONSISTENT, "a byte too many"},
        {ENTRY + 36, 0x1000, 4, REFLASH_BUNDLE_INCONSISTENT, "a sector less"},
        {ENTRY + 36, 0xFFFFFFFF, 4, REFLASH_BUNDLE_INCONSISTENT, "a size that wraps"},
        {ENTRY + 56, 4, 1, REFLASH_BUNDLE_INCONSISTENT, "an unknown kind"},
        {ENTRY + 57, 2, 1, REFLASH_BUNDLE_INCONSISTENT, "an unknown flag of the image"},
        {ENTRY + 58, 1, 1, REFLASH_BUNDLE_INCONSISTENT, "first reserved byte behind the flags"},
        {ENTRY + 59, 1, 1, REFLASH_BUNDLE_INCONSISTENT, "second reserved byte behind the flags"},
        {ENTRY + 60, 0x9C, 4, REFLASH_BUNDLE_INCONSISTENT, "block table in the entries"},
        {ENTRY + 60, 0xA2, 4, REFLASH_BUNDLE_INCONSISTENT, "block table at no multiple of 4"},
        {ENTRY + 60, 0x114, 4, REFLASH_BUNDLE_INCONSISTENT, "block table runs over the end"},
        {ENTRY + 60, 0x134, 4, REFLASH_BUNDLE_INCONSISTENT, "block table behind the end"},
        {ENTRY + 60, 0xFFFFFFF0, 4, REFLASH_BUNDLE_INCONSISTENT, "block table wraps"},
        {ENTRY + 64, 0x9C, 4, REFLASH_BUNDLE_INCONSISTENT, "sector table in the entries"},
        {ENTRY + 64, 0xC1, 4, REFLASH_BUNDLE_INCONSISTENT, "sector table at no multiple of 4"},
        {ENTRY + 64, 0xF4, 4, REFLASH_BUNDLE_INCONSISTENT, "sector table runs over the end"},
        {ENTRY + 68, 0x100, 4, REFLASH_BUNDLE_INCONSISTENT, "plain data though there is none"},
        {ENTRY + 72, 1, 1, REFLASH_BUNDLE_INCONSISTENT, "first reserved byte of the entry"},
        {ENTRY + 95, 1, 1, REFLASH_BUNDLE_INCONSISTENT, "last reserved byte of the entry"},
        {ROW + 20, 0x9F, 4, REFLASH_BUNDLE_INCONSISTENT, "a piece in the entries"},
        {ROW + 20, 0x112, 4, REFLASH_BUNDLE_INCONSISTENT, "a piece runs over the end"},
        {ROW + 20, 0xFFFFFFFF, 4, REFLASH_BUNDLE_INCONSISTENT, "a piece behind the end"},
        {ROW + 24, 0, 2, REFLASH_BUNDLE_INCONSISTENT, "a piece without bytes"},
        {ROW + 24, 4609, 2, REFLASH_BUNDLE_INCONSISTENT, "a piece that is too large"},
        {ROW + 27, 7, 1, REFLASH_BUNDLE_INCONSISTENT, "an unknown flag of a sector"},
        {ROW + 27, 1, 1, REFLASH_BUNDLE_INCONSISTENT, "the image's first sector starts no group"},
        {ROW_2 + 27, 0, 1, REFLASH_BUNDLE_INCONSISTENT, "the block's first sector starts no group"},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        file_t file = example();
        put_le(file.data + rows[row].offset, rows[row].value, rows[row].bytes);
        const reflash_bundle_error_t found = open_and_read(&file);
        if (found != rows[row].expected) {
            fail_msg("%s: %d instead of %d", rows[row].what, (int)found, (int)rows[row].expected);
        }
    }
}

static void a_wrong_field_among_plain_data_is_told(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset, value;
        uint8_t bytes;
        const char *what;
    } rows[] = {
        {ENTRY + 68, 0, 4, "no plain data"},
        {ENTRY + 68, 0x9F, 4, "plain data in the entries"},
        {ENTRY + 68, 0x101, 4, "plain data runs over the end"},
        {ENTRY + 68, 0xFFFFFFFF, 4, "plain data behind the end"},
        {ROW + 20, 0x100, 4, "a piece though there are none"},
        {ROW + 24, 1, 2, "the size of a piece though there are none"},
        {ROW + 26, 1, 1, "the XOR of a piece though there are none"},
        {ROW + 27, 3, 1, "a group though there are none"},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        file_t file = plain_example();
        put_le(file.data + rows[row].offset, rows[row].value, rows[row].bytes);
        if (open_and_read(&file) != REFLASH_BUNDLE_INCONSISTENT) {
            fail_msg("%s: not noticed", rows[row].what);
        }
    }
}

/* Two images: the example's, and another entry with the same tables, moved by `second_addr`. */
static reflash_bundle_error_t open_two(uint32_t first_addr, uint32_t second_addr)
{
    file_t file = example();
    memmove(file.data + ENTRY + 2 * 96, file.data + ENTRY + 96, file.bytes - (ENTRY + 96));
    memcpy(file.data + ENTRY + 96, file.data + ENTRY, 96);
    file.bytes += 96;
    for (unsigned entry = ENTRY; entry <= ENTRY + 96; entry += 96) {
        put_le(file.data + entry + 60, 0xA0 + 96, 4);
        put_le(file.data + entry + 64, 0xC0 + 96, 4);
    }
    put_le(file.data + ROW + 96 + 20, 0x100 + 96, 4);
    put_le(file.data + ROW_2 + 96 + 20, 0x122 + 96, 4);
    put_le(file.data + 10, 2, 2);
    put_le(file.data + 36, second_addr + 0x2000, 4);
    put_le(file.data + ENTRY + 32, first_addr, 4);
    put_le(file.data + ENTRY + 96 + 32, second_addr, 4);
    seal(&file);
    return open_and_read(&file);
}

static void images_are_sorted_and_share_no_sector(void **state)
{
    (void)state;
    assert_int_equal(open_two(0x1F000, 0x21000), REFLASH_BUNDLE_GOOD);
    assert_int_equal(open_two(0x0F000, 0x1F000), REFLASH_BUNDLE_GOOD);
    assert_int_equal(open_two(0x1F000, 0x20000), REFLASH_BUNDLE_INCONSISTENT);
    assert_int_equal(open_two(0x1F000, 0x1F000), REFLASH_BUNDLE_INCONSISTENT);
    assert_int_equal(open_two(0x1F000, 0x0F000), REFLASH_BUNDLE_INCONSISTENT);
    assert_int_equal(open_two(0x1F000, 0x0FFFE000), REFLASH_BUNDLE_GOOD); /* the end of 256 MiB */
    assert_int_equal(open_two(0x1F000, 0x0FFFF000), REFLASH_BUNDLE_INCONSISTENT);
}

static void any_changed_bit_is_noticed(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 8 * EXAMPLE_BYTES; bit++) {
        file_t file = example();
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bundle_memory_t memory;
        reflash_bundle_t bundle;
        if (open_only(&file, &memory, &bundle) == REFLASH_BUNDLE_GOOD) {
            assert_int_equal(reflash_bundle_check(&bundle), REFLASH_BUNDLE_DAMAGED);
        }
    }
}

static void a_bundle_cut_anywhere_is_noticed(void **state)
{
    (void)state;
    const file_t whole = example();
    for (uint32_t bytes = 0; bytes < EXAMPLE_BYTES; bytes++) {
        file_t file = whole;
        file.bytes = bytes;
        assert_int_equal(open_and_read(&file), bytes < 64 ? REFLASH_BUNDLE_NO_BUNDLE : REFLASH_BUNDLE_CUT);
        /* Also by whoever made it: what it lacks is missed, at the latest when it is to be read. */
        if (bytes >= 64) {
            seal(&file);
            assert_int_equal(open_and_read(&file), REFLASH_BUNDLE_INCONSISTENT);
        }
    }
    file_t longer = whole;
    longer.bytes++;
    assert_int_equal(open_and_read(&longer), REFLASH_BUNDLE_CUT);
}

/* The source aborts if it is asked for a byte that is not there. */
static void whatever_a_bundle_says_nothing_beyond_it_is_read(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 2; which++) {
        const file_t good = which == 0 ? example() : plain_example();
        for (unsigned offset = 0; offset < 0x100; offset++) {
            for (unsigned value = 0; value < 256; value++) {
                file_t file = good;
                file.data[offset] = (uint8_t)value;
                (void)open_and_read(&file);
            }
        }
    }
}

static void a_source_that_fails_at_any_read_is_told(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 2; which++) {
        const file_t file = which == 0 ? example() : plain_example();
        bool failed = true;
        for (unsigned failing = 1; failed; failing++) {
            bundle_memory_t memory = {.data = file.data, .bytes = file.bytes, .failing_read = failing};
            const reflash_source_t source = bundle_source(&memory);
            reflash_bundle_t bundle;
            reflash_bundle_error_t err = reflash_bundle_open(&bundle, &source);
            err = err == REFLASH_BUNDLE_GOOD ? reflash_bundle_check(&bundle) : err;
            err = err == REFLASH_BUNDLE_GOOD ? bundle_read_all(&bundle) : err;
            failed = memory.reads >= failing;
            assert_int_equal(err, failed ? REFLASH_BUNDLE_UNREADABLE : REFLASH_BUNDLE_GOOD);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_reads_as_the_document_says),
        cmocka_unit_test(plain_data_is_read_from_anywhere),
        cmocka_unit_test(what_is_not_there_is_told),
        cmocka_unit_test(a_run_is_one_zlib_stream),
        cmocka_unit_test(a_run_begins_only_where_a_group_does),
        cmocka_unit_test(checksums_of_parts_join_to_that_of_the_whole),
        cmocka_unit_test(a_wrong_field_is_told),
        cmocka_unit_test(a_wrong_field_among_plain_data_is_told),
        cmocka_unit_test(images_are_sorted_and_share_no_sector),
        cmocka_unit_test(any_changed_bit_is_noticed),
        cmocka_unit_test(a_bundle_cut_anywhere_is_noticed),
        cmocka_unit_test(whatever_a_bundle_says_nothing_beyond_it_is_read),
        cmocka_unit_test(a_source_that_fails_at_any_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
