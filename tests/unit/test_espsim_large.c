/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual chip with more than 16 MiB of flash: a mask ROM comes round to its start, the current stubs of some chips
 * go on by the opcodes with four bytes of address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <string.h>

#include "board.h"

enum { FLASH_BEGIN = 0x02, FLASH_DATA = 0x03, ATTACH = 0x0D, SET_PARAMS = 0x0B, MD5 = 0x13, READ_SLOW = 0x0E };
enum { ERASE_REGION = 0xD1, SECTOR_BYTES = 0x1000, BLOCK_BYTES = 0x10000, DATA_BYTES = 256 };
#define MIB (1u << 20)
#define BORDER (16 * MIB)

/* What went to the part besides the opcodes that have no address. */
typedef struct {
    struct {
        uint8_t opcode;
        uint32_t addr;
    } seen[64];
    size_t count;
} bus_t;

static void watch(void *context, uint8_t opcode, uint32_t addr, uint32_t bytes)
{
    bus_t *bus = context;
    if (bytes > 0 && bus->count < sizeof(bus->seen) / sizeof(bus->seen[0])) {
        bus->seen[bus->count].opcode = opcode;
        bus->seen[bus->count++].addr = addr;
    }
}

static bool was_seen(const bus_t *bus, uint8_t opcode, uint32_t addr)
{
    for (size_t at = 0; at < bus->count; at++) {
        if (bus->seen[at].opcode == opcode && bus->seen[at].addr == addr) {
            return true;
        }
    }
    return false;
}

static void fill(board_t *board, uint8_t content)
{
    memset(board->flash, content, board->config.flash_bytes);
}

/* In its mask ROM's loader, which was told the size. The flash holds zeros. */
static board_t board_with(const char *chip, uint32_t flash_bytes, bus_t *bus)
{
    board_t board = board_blank();
    board.config.rom = espsim_rom_by_name(chip);
    board.config.flash_bytes = flash_bytes;
    board.config.timing.instant = true;
    board.config.spi_watch = bus != NULL ? watch : NULL;
    board.config.spi_watch_context = bus;
    board_power_on(&board);
    fill(&board, 0x00);
    board_reset(&board, true);
    board_settle(&board);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(BOARD_ASK(&board, ATTACH, 0, 0), 0);
    assert_int_equal(BOARD_ASK(&board, SET_PARAMS, 0, flash_bytes, BLOCK_BYTES, SECTOR_BYTES, 0x100, 0xFFFF), 0);
    return board;
}

static board_t board_with_stub(const char *chip, uint32_t flash_bytes, espsim_stub_t stub, bus_t *bus)
{
    board_t board = board_with(chip, flash_bytes, bus);
    assert_true(espsim_run_stub(board.sim, stub));
    board_settle(&board);
    if (bus != NULL) {
        bus->count = 0;
    }
    return board;
}

static void assert_content(const board_t *board, uint32_t addr, uint32_t bytes, uint8_t content)
{
    for (uint32_t at = addr; at < addr + bytes; at++) {
        if (board->flash[at] != content) {
            fail_msg("0x%x holds 0x%02x, not 0x%02x", at, board->flash[at], content);
        }
    }
}

/* The status of a stub's one answer, first byte high. */
static int ask_stub(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count, const uint8_t *data,
                    size_t data_bytes)
{
    (void)board_ask(board, opcode, words, word_count, data, data_bytes);
    const board_frame_t answer = board_frame(board, 0);
    assert_int_equal(board_frame_count(board), 1);
    assert_in_range(answer.count, 10, sizeof(answer.bytes));
    return answer.bytes[answer.count - 2] << 8 | answer.bytes[answer.count - 1];
}
#define WORDS(...) (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4
#define ASK_STUB(board, opcode, ...) ask_stub(board, opcode, WORDS(__VA_ARGS__), NULL, 0)

static void write_data(board_t *board, uint32_t addr, uint8_t content)
{
    uint8_t data[DATA_BYTES];
    memset(data, content, sizeof(data));
    assert_int_equal(ASK_STUB(board, FLASH_BEGIN, DATA_BYTES, 1, DATA_BYTES, addr), 0);
    assert_int_equal(ask_stub(board, FLASH_DATA, WORDS(DATA_BYTES, 0, 0, 0), data, sizeof(data)), 0);
    assert_int_equal(
        ASK_STUB(board, SET_PARAMS, 0, board->config.flash_bytes, BLOCK_BYTES, SECTOR_BYTES, 0x100, 0xFFFF),
        0); /* that waits until it is written */
}

static void expect_stub_digest(board_t *board, uint32_t asked_addr, uint32_t bytes, uint32_t real_addr)
{
    uint8_t wanted[16];
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), board->flash + real_addr, bytes, wanted), 0);
    assert_int_equal(ASK_STUB(board, MD5, asked_addr, bytes, 0, 0), 0);
    assert_memory_equal(board_frame(board, 0).bytes + 8, wanted, sizeof(wanted));
}

/* --- Mask ROM ------------------------------------------------------------------------------------------------ */

static void a_mask_rom_erases_the_start_of_the_flash_instead_of_what_lies_behind_16_mib(void **state)
{
    (void)state;
    for (const char *const *chip = (const char *const[]){"esp32c3", "esp32s3", "esp32p4", NULL}; *chip != NULL;
         chip++) {
        board_t board = board_with(*chip, 32 * MIB, NULL);
        assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, SECTOR_BYTES, 1, 0x400, BORDER, 0), 0x0000);
        assert_content(&board, 0, SECTOR_BYTES, 0xFF);
        assert_content(&board, SECTOR_BYTES, 32 * MIB - SECTOR_BYTES, 0x00);
        board_free(&board);
    }
}

static void a_mask_rom_reads_the_start_of_the_flash_instead_of_what_lies_behind_16_mib(void **state)
{
    (void)state;
    board_t board = board_with("esp32s3", 32 * MIB, NULL);
    memset(board.flash, 0x5A, 64);
    memset(board.flash + BORDER, 0xA5, 64);
    assert_int_equal(BOARD_ASK(&board, READ_SLOW, BORDER, 64), 0x0000);
    assert_memory_equal(board_frame(&board, 0).bytes + 8, board.flash, 64);
    board_free(&board);
}

/* --- Stubs --------------------------------------------------------------------------------------------------- */

static const struct {
    const char *chip;
    uint32_t flash_bytes;
} large[] = {{"esp32s3", 32 * MIB},
             {"esp32s3", 128 * MIB},
             {"esp32c5", 32 * MIB},
             {"esp32c61", 32 * MIB},
             {"esp32p4", 64 * MIB}};
enum { LARGE_COUNT = sizeof(large) / sizeof(large[0]) };

static void the_current_stubs_of_some_chips_reach_the_end_of_a_large_flash(void **state)
{
    (void)state;
    for (size_t row = 0; row < LARGE_COUNT; row++) {
        const uint32_t end = large[row].flash_bytes;
        const espsim_stub_t stub = row % 2 == 0 ? ESPSIM_STUB_2_0 : ESPSIM_STUB_2_1;
        board_t board = board_with_stub(large[row].chip, end, stub, NULL);
        assert_int_equal(ASK_STUB(&board, ERASE_REGION, end - BLOCK_BYTES, BLOCK_BYTES), 0x0000);
        assert_content(&board, end - BLOCK_BYTES, BLOCK_BYTES, 0xFF);
        assert_content(&board, 0, end - BLOCK_BYTES, 0x00);
        write_data(&board, BORDER, 0x3C);
        assert_content(&board, BORDER, DATA_BYTES, 0x3C);
        assert_content(&board, BORDER + DATA_BYTES, SECTOR_BYTES - DATA_BYTES, 0xFF);
        assert_content(&board, 0, BORDER, 0x00);
        expect_stub_digest(&board, BORDER, SECTOR_BYTES, BORDER);
        expect_stub_digest(&board, end - 64, 64, end - 64);
        assert_int_equal(ASK_STUB(&board, MD5, end, 1, 0, 0), 0xC400);
        board_free(&board);
    }
}

static void they_use_opcodes_with_four_bytes_of_address_wherever_they_work(void **state)
{
    (void)state;
    bus_t bus = {.count = 0};
    board_t board = board_with_stub("esp32s3", 32 * MIB, ESPSIM_STUB_2_0, &bus);
    assert_int_equal(ASK_STUB(&board, ERASE_REGION, BORDER, BLOCK_BYTES), 0);
    assert_true(was_seen(&bus, 0xDC, BORDER));
    write_data(&board, 0x10000, 0x3C);
    assert_true(was_seen(&bus, 0x21, 0x10000));
    assert_true(was_seen(&bus, 0x12, 0x10000));
    bus.count = 0;
    expect_stub_digest(&board, BORDER, 64, BORDER);
    assert_true(was_seen(&bus, 0x0C, BORDER));
    board_free(&board);
}

static void with_16_mib_they_use_those_with_three(void **state)
{
    (void)state;
    bus_t bus = {.count = 0};
    board_t board = board_with_stub("esp32s3", 16 * MIB, ESPSIM_STUB_2_0, &bus);
    assert_int_equal(ASK_STUB(&board, ERASE_REGION, 0, BLOCK_BYTES), 0);
    assert_true(was_seen(&bus, 0xD8, 0));
    write_data(&board, BLOCK_BYTES, 0x3C);
    assert_true(was_seen(&bus, 0x20, BLOCK_BYTES));
    assert_true(was_seen(&bus, 0x02, BLOCK_BYTES));
    expect_stub_digest(&board, BLOCK_BYTES, 64, BLOCK_BYTES);
    board_free(&board);
}

static void every_other_stub_comes_round_to_the_start(void **state)
{
    (void)state;
    static const struct {
        const char *chip;
        espsim_stub_t stub;
    } rows[] = {{"esp32", ESPSIM_STUB_2_0}, {"esp32c3", ESPSIM_STUB_2_1}, {"esp32s3", ESPSIM_STUB_1}};
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        board_t board = board_with_stub(rows[row].chip, 32 * MIB, rows[row].stub, NULL);
        assert_int_equal(ASK_STUB(&board, SET_PARAMS, 0, 32 * MIB, BLOCK_BYTES, SECTOR_BYTES, 0x100, 0xFFFF), 0);
        assert_int_equal(ASK_STUB(&board, ERASE_REGION, BORDER, SECTOR_BYTES), 0x0000);
        assert_content(&board, 0, SECTOR_BYTES, 0xFF);
        assert_content(&board, SECTOR_BYTES, 32 * MIB - SECTOR_BYTES, 0x00);
        expect_stub_digest(&board, BORDER, SECTOR_BYTES, 0);
        board_free(&board);
    }
}

/* Of more than they are made for they see what that leaves of an address. */
static void a_stub_comes_round_where_its_chip_reaches_no_further(void **state)
{
    (void)state;
    board_t board = board_with_stub("esp32c5", 64 * MIB, ESPSIM_STUB_2_0, NULL);
    assert_int_equal(ASK_STUB(&board, ERASE_REGION, 32 * MIB, SECTOR_BYTES), 0x0000);
    assert_content(&board, 0, SECTOR_BYTES, 0xFF);
    assert_content(&board, SECTOR_BYTES, 64 * MIB - SECTOR_BYTES, 0x00);
    expect_stub_digest(&board, 32 * MIB, SECTOR_BYTES, 0);
    board_free(&board);
}

static void after_a_reset_the_mask_rom_is_as_it_was(void **state)
{
    (void)state;
    board_t board = board_with_stub("esp32s3", 32 * MIB, ESPSIM_STUB_2_0, NULL);
    board_reset(&board, true);
    board_settle(&board);
    board_sync(&board);
    board_settle(&board);
    memset(board.flash, 0x5A, 64);
    assert_int_equal(BOARD_ASK(&board, SET_PARAMS, 0, 32 * MIB, BLOCK_BYTES, SECTOR_BYTES, 0x100, 0xFFFF), 0);
    assert_int_equal(BOARD_ASK(&board, READ_SLOW, BORDER, 64), 0x0000);
    assert_memory_equal(board_frame(&board, 0).bytes + 8, board.flash, 64);
    board_free(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mask_rom_erases_the_start_of_the_flash_instead_of_what_lies_behind_16_mib),
        cmocka_unit_test(a_mask_rom_reads_the_start_of_the_flash_instead_of_what_lies_behind_16_mib),
        cmocka_unit_test(the_current_stubs_of_some_chips_reach_the_end_of_a_large_flash),
        cmocka_unit_test(they_use_opcodes_with_four_bytes_of_address_wherever_they_work),
        cmocka_unit_test(with_16_mib_they_use_those_with_three),
        cmocka_unit_test(every_other_stub_comes_round_to_the_start),
        cmocka_unit_test(a_stub_comes_round_where_its_chip_reaches_no_further),
        cmocka_unit_test(after_a_reset_the_mask_rom_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
