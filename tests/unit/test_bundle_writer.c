/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer of bundles writes, through their reader: every digest and checksum against other people's code, and
 * every run that can be sent against zlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "board.h"
#include "bundle_source.h"
#include "bundle_writer.h"

enum { SECTOR = 4096, BLOCK = 65536, IMAGES_MAX = BUNDLE_IMAGES_MAX };

/* --- Images -------------------------------------------------------------------------------------------------- */

/* Each sector is of another kind: random, so that it cannot be packed; blank; zero; text that repeats what was before;
 * the sector before once more; blank but for its last byte. */
static uint8_t *make_content(uint32_t bytes)
{
    uint8_t *data = malloc(bytes);
    assert_non_null(data);
    uint32_t random = bytes;
    for (uint32_t at = 0; at < bytes; at++) {
        random = random * 1664525u + 1013904223u;
        switch (at / SECTOR % 6) {
        case 0:
            data[at] = (uint8_t)(random >> 24);
            break;
        case 1:
            data[at] = 0xFF;
            break;
        case 2:
            data[at] = 0x00;
            break;
        case 3:
            data[at] = (uint8_t)("abcdefgh"[(random >> 29) & 7]);
            break;
        case 4:
            data[at] = data[at - SECTOR];
            break;
        default:
            data[at] = at % SECTOR == SECTOR - 1 || at == bytes - 1 ? 0xFE : 0xFF;
            break;
        }
    }
    return data;
}

typedef struct {
    inputs_t in;
    reflash_image_t images[IMAGES_MAX];
    char *names[IMAGES_MAX];
    bool programs[IMAGES_MAX];
} set_t;

static void add(set_t *set, const char *name, uint32_t flash_addr, uint32_t bytes, reflash_kind_t kind, bool program)
{
    const uint32_t at = set->in.count++;
    set->images[at] =
        (reflash_image_t){.kind = kind, .flash_addr = flash_addr, .bytes = bytes, .data = make_content(bytes)};
    set->names[at] = (char *)name;
    set->programs[at] = program;
    set->in.images = set->images;
    set->in.names = set->names;
    set->in.programs = set->programs;
}

static void empty(set_t *set)
{
    for (uint32_t at = 0; at < set->in.count; at++) {
        free((void *)set->images[at].data);
    }
}

static void md5_of(const uint8_t *data, size_t bytes, uint8_t digest[16])
{
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data, bytes, digest), 0);
}

static void assert_md5(const uint8_t digest[16], const uint8_t *data, size_t bytes)
{
    uint8_t expected[16];
    md5_of(data, bytes, expected);
    assert_memory_equal(digest, expected, 16);
}

static uint8_t xor_of(const uint8_t *data, size_t bytes)
{
    uint8_t sum = 0;
    for (size_t at = 0; at < bytes; at++) {
        sum ^= data[at];
    }
    return sum;
}

/* --- Checks -------------------------------------------------------------------------------------------------- */

static void check_run(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image, const uint8_t *data,
                      uint32_t first, uint32_t count, uint32_t block_bytes_max)
{
    reflash_run_t run;
    assert_int_equal(reflash_run_begin(&run, bundle, image, first, count, block_bytes_max), REFLASH_BUNDLE_GOOD);
    uint8_t *stream = malloc(run.stream_bytes);
    const uint32_t end = (first + count) * SECTOR < image->bytes ? (first + count) * SECTOR : image->bytes;
    const uint32_t image_bytes = end - first * SECTOR;
    uint8_t *unpacked = malloc(image_bytes);
    assert_non_null(stream);
    assert_non_null(unpacked);
    uint32_t stream_bytes = 0;
    for (uint32_t block = 0; block < run.block_count; block++) {
        assert_int_equal(reflash_run_next_block(&run), REFLASH_BUNDLE_GOOD);
        assert_in_range(run.block_bytes, 1, block_bytes_max);
        assert_true(run.block_bytes <= run.stream_bytes - stream_bytes);
        reflash_run_t bookmark = run;
        assert_int_equal(reflash_run_read(&run, stream + stream_bytes, run.block_bytes / 2), REFLASH_BUNDLE_GOOD);
        run = bookmark; /* and once more from its start */
        assert_int_equal(reflash_run_read(&run, stream + stream_bytes, run.block_bytes), REFLASH_BUNDLE_GOOD);
        assert_int_equal(xor_of(stream + stream_bytes, run.block_bytes), run.block_xor);
        stream_bytes += run.block_bytes;
    }
    assert_int_equal(stream_bytes, run.stream_bytes);
    assert_int_equal(reflash_run_next_block(&run), REFLASH_BUNDLE_NOT_THERE);

    uLongf unpacked_bytes = image_bytes;
    assert_int_equal(uncompress(unpacked, &unpacked_bytes, stream, stream_bytes), Z_OK);
    assert_int_equal(unpacked_bytes, image_bytes);
    assert_memory_equal(unpacked, data + (size_t)first * SECTOR, image_bytes);
    free(stream);
    free(unpacked);
}

static void check_sector(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image, const uint8_t *data,
                         uint32_t index, bool program)
{
    reflash_bundle_sector_t sector;
    assert_int_equal(reflash_bundle_sector(bundle, image, index, &sector), REFLASH_BUNDLE_GOOD);
    const uint32_t offset = index * SECTOR;
    const uint32_t bytes = image->bytes - offset < SECTOR ? image->bytes - offset : SECTOR;
    assert_int_equal(sector.bytes, bytes);
    assert_md5(sector.md5, data + offset, bytes);
    assert_int_equal(sector.adler32, adler32(1, data + offset, bytes));
    bool blank = true;
    for (uint32_t kib = 0; kib < 4; kib++) {
        const uint32_t start = kib * 1024 < bytes ? kib * 1024 : bytes;
        const uint32_t end = start + 1024 < bytes ? start + 1024 : bytes;
        assert_int_equal(sector.plain_xor[kib], xor_of(data + offset + start, end - start));
    }
    for (uint32_t at = 0; at < bytes; at++) {
        blank = blank && data[offset + at] == 0xFF;
    }
    assert_int_equal(sector.is_blank, blank);
    /* A program's groups are blocks of the flash, anything else's are sectors. */
    assert_int_equal(sector.starts_group,
                     bundle->has_packed && (index == 0 || !program || (image->flash_addr + offset) % BLOCK == 0));
    if (bundle->has_plain) {
        uint8_t plain[SECTOR];
        assert_int_equal(reflash_bundle_plain(bundle, image, offset, plain, bytes), REFLASH_BUNDLE_GOOD);
        assert_memory_equal(plain, data + offset, bytes);
    }
    if (sector.starts_group) {
        const uint32_t left = reflash_bundle_sector_count(image) - index;
        check_run(bundle, image, data, index, 1, REFLASH_PACKED_BYTES_MAX);
        check_run(bundle, image, data, index, (left + 1) / 2, 6144);
        check_run(bundle, image, data, index, left, 16384);
    }
}

static void check_image(const reflash_bundle_t *bundle, uint16_t index, const set_t *set)
{
    const reflash_image_t *expected = &set->images[index];
    reflash_bundle_image_t image;
    assert_int_equal(reflash_bundle_image(bundle, index, &image), REFLASH_BUNDLE_GOOD);
    assert_string_equal(image.name, set->names[index]);
    assert_int_equal(image.flash_addr, expected->flash_addr);
    assert_int_equal(image.bytes, expected->bytes);
    assert_int_equal(image.kind, expected->kind);
    assert_false(image.encrypted);
    assert_md5(image.md5, expected->data, expected->bytes);
    uint32_t block = 0;
    for (uint32_t addr = expected->flash_addr; addr < expected->flash_addr + expected->bytes; block++) {
        const uint32_t image_end = expected->flash_addr + expected->bytes;
        const uint32_t end = (addr / BLOCK + 1) * BLOCK < image_end ? (addr / BLOCK + 1) * BLOCK : image_end;
        uint8_t md5[16];
        assert_int_equal(reflash_bundle_block_md5(bundle, &image, block, md5), REFLASH_BUNDLE_GOOD);
        assert_md5(md5, expected->data + (addr - expected->flash_addr), end - addr);
        addr = end;
    }
    assert_int_equal(reflash_bundle_block_count(&image), block);
    assert_int_equal(reflash_bundle_sector_count(&image), (expected->bytes + SECTOR - 1) / SECTOR);
    for (uint32_t sector = 0; sector < reflash_bundle_sector_count(&image); sector++) {
        check_sector(bundle, &image, expected->data, sector, set->programs[index]);
    }
}

static void check_bundle(const bundle_t *written, const set_t *set, const bundle_facts_t *facts)
{
    bundle_memory_t memory = {.data = written->data, .bytes = written->bytes};
    const reflash_source_t source = bundle_source(&memory);
    reflash_bundle_t bundle;
    assert_int_equal(reflash_bundle_open(&bundle, &source), REFLASH_BUNDLE_GOOD);
    assert_int_equal(reflash_bundle_check(&bundle), REFLASH_BUNDLE_GOOD);
    assert_int_equal(bundle.chip_id, facts->chip_id);
    assert_int_equal(bundle.flash_mode, facts->flash_mode);
    assert_int_equal(bundle.flash_size_freq, facts->flash_size_freq);
    assert_int_equal(bundle.has_plain, facts->plain);
    assert_int_equal(bundle.has_packed, facts->packed);
    assert_int_equal(bundle.image_count, set->in.count);
    for (uint16_t at = 0; at < bundle.image_count; at++) {
        check_image(&bundle, at, set);
    }
}

static const bundle_facts_t forms[] = {
    {.chip_id = 0, .flash_mode = 2, .flash_size_freq = 0x2F, .plain = true, .packed = false},
    {.chip_id = 5, .flash_mode = 0xFF, .flash_size_freq = 0xFF, .plain = false, .packed = true},
    {.chip_id = 0xFFFF, .flash_mode = 0, .flash_size_freq = 0x40, .plain = true, .packed = true},
};

/* --- Tests --------------------------------------------------------------------------------------------------- */

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    set_t set = {0};
    add(&set, "bootloader", 0x1000, 26384, REFLASH_KIND_BOOTLOADER, true);
    add(&set, "partition-table", 0x8000, 3072, REFLASH_KIND_PARTITION_TABLE, false);
    add(&set, "otadata", 0xD000, 0x2000, REFLASH_KIND_OTADATA, false);
    add(&set, "app", 0x10000, 0x20000 + 17, REFLASH_KIND_APPLICATION, true);
    add(&set, "storage", 0x3F000, 0x12000, REFLASH_KIND_APPLICATION, false);
    for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
        uint32_t packed_bytes[5];
        const bundle_t bundle = bundle_make(&set.in, &forms[form], packed_bytes);
        check_bundle(&bundle, &set, &forms[form]);
        for (unsigned at = 0; at < 5; at++) {
            assert_int_equal(packed_bytes[at] > 0, forms[form].packed);
        }
        const bundle_t again = bundle_make(&set.in, &forms[form], NULL);
        assert_int_equal(again.bytes, bundle.bytes);
        assert_memory_equal(again.data, bundle.data, bundle.bytes);
        free(bundle.data);
        free(again.data);
    }
    empty(&set);
}

static void every_size_around_the_borders_of_kib_sectors_and_blocks_is_right(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 1023, 1024, 1025, 4095, 4096, 4097, 8192, 8193, 65535, 65536, 65537};
    static const uint32_t addrs[] = {0x0, 0x1000, 0xF000, 0x10000};
    for (size_t size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++) {
        for (size_t addr = 0; addr < sizeof(addrs) / sizeof(addrs[0]); addr++) {
            set_t set = {0};
            add(&set, "x", addrs[addr], sizes[size], REFLASH_KIND_APPLICATION, (size + addr) % 2 == 0);
            const bundle_t bundle = bundle_make(&set.in, &forms[2], NULL);
            check_bundle(&bundle, &set, &forms[2]);
            free(bundle.data);
            empty(&set);
        }
    }
}

static void as_many_images_as_a_bundle_holds_are_written(void **state)
{
    (void)state;
    set_t set = {0};
    for (uint32_t at = 0; at < IMAGES_MAX; at++) {
        add(&set, "same name", 0x2000 * at, 100 + at, REFLASH_KIND_APPLICATION, false);
    }
    const bundle_t bundle = bundle_make(&set.in, &forms[1], NULL);
    check_bundle(&bundle, &set, &forms[1]);
    free(bundle.data);
    empty(&set);
}

static void a_long_name_loses_whole_characters(void **state)
{
    (void)state;
    static const struct {
        const char *given, *kept;
    } names[] = {
        {"0123456789012345678901234567890", "0123456789012345678901234567890"},
        {"01234567890123456789012345678901", "0123456789012345678901234567890"},
        {"012345678901234567890123456789\xC3\xA4", "012345678901234567890123456789"},
        {"01234567890123456789012345678\xC3\xA4", "01234567890123456789012345678\xC3\xA4"},
        {"0123456789012345678901234567\xF0\x9F\x94\xA5", "0123456789012345678901234567"},
    };
    for (size_t row = 0; row < sizeof(names) / sizeof(names[0]); row++) {
        set_t set = {0};
        add(&set, names[row].given, 0, 1, REFLASH_KIND_APPLICATION, false);
        const bundle_t bundle = bundle_make(&set.in, &forms[0], NULL);
        set.names[0] = (char *)names[row].kept;
        check_bundle(&bundle, &set, &forms[0]);
        free(bundle.data);
        empty(&set);
    }
}

/* What is checked is a bundle as it is written; the hand-made one is in test_bundle.c. */
static void any_changed_bit_of_a_written_bundle_is_noticed(void **state)
{
    (void)state;
    set_t set = {0};
    add(&set, "a", 0x0, 60, REFLASH_KIND_BOOTLOADER, true);
    add(&set, "b", 0x1000, 30, REFLASH_KIND_APPLICATION, false);
    bundle_t written = bundle_make(&set.in, &forms[2], NULL);
    for (uint32_t bit = 0; bit < 8 * written.bytes; bit++) {
        written.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bundle_memory_t memory = {.data = written.data, .bytes = written.bytes};
        const reflash_source_t source = bundle_source(&memory);
        reflash_bundle_t bundle;
        if (reflash_bundle_open(&bundle, &source) == REFLASH_BUNDLE_GOOD) {
            assert_int_equal(reflash_bundle_check(&bundle), REFLASH_BUNDLE_DAMAGED);
        }
        written.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    check_bundle(&written, &set, &forms[2]);
    free(written.data);
    empty(&set);
}

/* Success is a status of zeros: two bytes of a stub, four of the ROM. */
static bool chip_accepts(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count, const uint8_t *data,
                         size_t data_bytes)
{
    enum { ANSWER_HEADER_BYTES = 8 };
    const size_t status_bytes = espsim_stub(board->sim) == ESPSIM_STUB_NONE ? 4 : 2;
    board_forget(board);
    board_request(board, opcode, words, word_count, data, data_bytes);
    board_settle(board);
    const board_frame_t answer = board_frame(board, 0);
    return board_frame_count(board) == 1 && answer.count == ANSWER_HEADER_BYTES + status_bytes &&
           answer.bytes[answer.count - status_bytes] == 0;
}

/* The blocks are as different in size as their pieces are. */
static void a_chip_unpacks_what_is_sent_block_by_block(void **state)
{
    (void)state;
    enum { ATTACH = 0x0D, DEFL_BEGIN = 0x10, DEFL_DATA = 0x11, DEFL_END = 0x12 };
    set_t set = {0};
    add(&set, "data", 0x1F000, 14 * SECTOR + 100, REFLASH_KIND_APPLICATION, false);
    const bundle_t written = bundle_make(&set.in, &forms[1], NULL);
    for (uint32_t turn = 0; turn < 4 * 8; turn++) { /* ROM and each stub; each kind of sector in front */
        const espsim_stub_t stub = (espsim_stub_t)(turn % 4);
        const uint32_t first = turn / 4;
        bundle_memory_t memory = {.data = written.data, .bytes = written.bytes};
        const reflash_source_t source = bundle_source(&memory);
        reflash_bundle_t bundle;
        reflash_bundle_image_t image;
        reflash_run_t run;
        board_t board = board_synced_of(&reflash_rom_esp32c3);
        assert_int_equal(reflash_bundle_open(&bundle, &source), REFLASH_BUNDLE_GOOD);
        assert_int_equal(reflash_bundle_image(&bundle, 0, &image), REFLASH_BUNDLE_GOOD);
        assert_int_equal(reflash_run_begin(&run, &bundle, &image, first, 15 - first, 4608), REFLASH_BUNDLE_GOOD);
        if (stub != ESPSIM_STUB_NONE) {
            assert_true(espsim_run_stub(board.sim, stub));
            board_settle(&board);
        }
        const uint32_t addr = image.flash_addr + first * SECTOR;
        const uint32_t image_bytes = image.bytes - first * SECTOR;
        assert_true(chip_accepts(&board, ATTACH, (const uint32_t[]){0, 0}, stub == ESPSIM_STUB_NONE ? 2 : 1, NULL, 0));
        const uint32_t begin[] = {image_bytes, run.block_count, 4608, addr, 0};
        assert_true(chip_accepts(&board, DEFL_BEGIN, begin, stub == ESPSIM_STUB_NONE ? 5 : 4, NULL, 0));
        for (uint32_t block = 0; block < run.block_count; block++) {
            uint8_t data[REFLASH_PACKED_BYTES_MAX];
            assert_int_equal(reflash_run_next_block(&run), REFLASH_BUNDLE_GOOD);
            assert_int_equal(reflash_run_read(&run, data, run.block_bytes), REFLASH_BUNDLE_GOOD);
            const uint32_t words[] = {run.block_bytes, block, 0, 0};
            assert_true(chip_accepts(&board, DEFL_DATA, words, 4, data, run.block_bytes));
        }
        if (stub != ESPSIM_STUB_NONE) { /* it answered the last block before it wrote it */
            assert_true(chip_accepts(&board, DEFL_END, (const uint32_t[]){1}, 1, NULL, 0));
        }
        assert_memory_equal(board.flash + addr, set.images[0].data + (size_t)first * SECTOR, image_bytes);
        board_free(&board);
    }
    free(written.data);
    empty(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(every_size_around_the_borders_of_kib_sectors_and_blocks_is_right),
        cmocka_unit_test(as_many_images_as_a_bundle_holds_are_written),
        cmocka_unit_test(a_long_name_loses_whole_characters),
        cmocka_unit_test(any_changed_bit_of_a_written_bundle_is_noticed),
        cmocka_unit_test(a_chip_unpacks_what_is_sent_block_by_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
