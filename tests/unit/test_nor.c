/* SPDX-License-Identifier: Apache-2.0 */
/* The physics of a NOR flash part, one rule a test. Opcodes and sizes are those of every 25-series data sheet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "chip.h"
#include "timing.h"

enum { PART_BYTES = 1 << 18, SECTOR_BYTES = 0x1000, BLOCK_32K_BYTES = 0x8000, BLOCK_64K_BYTES = 0x10000 };
enum { WRITE_STATUS = 0x01, PROGRAM = 0x02, READ = 0x03, WRITE_DISABLE = 0x04, READ_STATUS = 0x05 };
enum { WRITE_ENABLE = 0x06, ERASE_4K = 0x20, READ_STATUS_2 = 0x35, ERASE_32K = 0x52, ERASE_CHIP_2 = 0x60 };
enum { READ_ID = 0x9F, WAKE_UP = 0xAB, POWER_DOWN = 0xB9, ERASE_CHIP = 0xC7, ERASE_64K = 0xD8 };

/* All different, so that a mixed-up row shows. */
static const espsim_timing_t timing = {
    .erase_4k_us = 11,
    .erase_32k_us = 22,
    .erase_64k_us = 33,
    .erase_chip_us = 44,
    .program_first_byte_ns = 5000,
    .program_next_byte_ns = 70,
    .read_ns_per_byte = 9,
};

static const struct {
    uint8_t opcode;
    uint32_t unit_bytes;
    uint64_t busy_ns;
} erases[] = {
    {ERASE_4K, SECTOR_BYTES, 11000}, {ERASE_32K, BLOCK_32K_BYTES, 22000}, {ERASE_64K, BLOCK_64K_BYTES, 33000},
    {ERASE_CHIP, PART_BYTES, 44000}, {ERASE_CHIP_2, PART_BYTES, 44000},
};
enum { ERASE_COUNT = sizeof(erases) / sizeof(erases[0]) };

typedef struct {
    espsim_nor_t nor;
    espsim_stats_t stats;
    espsim_fault_state_t faults;
} part_t;

/* A part whose cells all hold `content`. */
static part_t *part_of(uint32_t bytes, uint8_t content)
{
    part_t *part = calloc(1, sizeof(*part));
    assert_non_null(part);
    part->nor = (espsim_nor_t){.cells = malloc(bytes),
                               .bytes = bytes,
                               .timing = &timing,
                               .part = espsim_flash_part_at(0),
                               .stats = &part->stats};
    assert_non_null(part->nor.cells);
    memset(part->nor.cells, content, bytes);
    return part;
}

static void throw_away(part_t *part)
{
    free(part->nor.cells);
    free(part);
}

static uint64_t command(part_t *part, uint8_t opcode)
{
    return espsim_nor_transact(&part->nor, opcode, 0, NULL, 0);
}

static uint64_t erase(part_t *part, uint8_t opcode, uint32_t addr)
{
    assert_int_equal(command(part, WRITE_ENABLE), 0);
    return espsim_nor_transact(&part->nor, opcode, addr, NULL, 0);
}

static uint64_t program(part_t *part, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    uint8_t copy[512];
    memcpy(copy, data, bytes);
    assert_int_equal(command(part, WRITE_ENABLE), 0);
    const uint64_t busy_ns = espsim_nor_transact(&part->nor, PROGRAM, addr, copy, bytes);
    assert_memory_equal(copy, data, bytes); /* what is sent is not touched */
    return busy_ns;
}

static uint8_t status_of(part_t *part, uint8_t opcode)
{
    uint8_t status = 0xA5;
    assert_int_equal(espsim_nor_transact(&part->nor, opcode, 0, &status, 1), 0);
    return status;
}

static void assert_all(const part_t *part, uint32_t start, uint32_t end, uint8_t content)
{
    for (uint32_t at = start; at < end; at++) {
        if (part->nor.cells[at] != content) {
            fail_msg("cell 0x%x holds 0x%02x, not 0x%02x", at, part->nor.cells[at], content);
        }
    }
}

/* Byte n of a pattern in which every byte of a page is another. */
static void fill_pattern(uint8_t *data, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at++) {
        data[at] = (uint8_t)(at ^ 0x35);
    }
}

/* --- Programming --------------------------------------------------------------------------------------- */

static void programming_puts_the_data_into_blank_cells(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t data[32];
    fill_pattern(data, sizeof(data));
    (void)program(part, 0x1210, data, sizeof(data));
    assert_memory_equal(part->nor.cells + 0x1210, data, sizeof(data));
    assert_all(part, 0, 0x1210, 0xFF);
    assert_all(part, 0x1210 + sizeof(data), PART_BYTES, 0xFF);
    throw_away(part);
}

static void programming_only_clears_bits(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xCA);
    (void)program(part, 0x100, (const uint8_t[]){0x5C, 0xFF, 0x00}, 3);
    assert_int_equal(part->nor.cells[0x100], 0xCA & 0x5C);
    assert_int_equal(part->nor.cells[0x101], 0xCA);
    assert_int_equal(part->nor.cells[0x102], 0x00);
    throw_away(part);
}

static void programming_over_zeros_sets_nothing(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0x00);
    (void)program(part, 0, (const uint8_t[]){0xFF, 0xA5}, 2);
    assert_all(part, 0, PART_BYTES, 0x00);
    throw_away(part);
}

static void a_program_that_crosses_its_page_wraps_to_the_pages_start(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t data[32];
    fill_pattern(data, sizeof(data));
    (void)program(part, 0x30F0, data, sizeof(data));
    assert_memory_equal(part->nor.cells + 0x30F0, data, 16);
    assert_memory_equal(part->nor.cells + 0x3000, data + 16, 16);
    assert_all(part, 0x3010, 0x30F0, 0xFF);
    assert_all(part, 0x3100, PART_BYTES, 0xFF);
    throw_away(part);
}

static void a_whole_page_is_programmed_at_once(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t data[256];
    fill_pattern(data, sizeof(data));
    (void)program(part, 0x100, data, sizeof(data));
    assert_memory_equal(part->nor.cells + 0x100, data, sizeof(data));
    throw_away(part);
}

/* --- Erasing ------------------------------------------------------------------------------------------- */

static void erasing_sets_exactly_the_unit_around_the_address(void **state)
{
    (void)state;
    for (size_t row = 0; row < ERASE_COUNT; row++) {
        part_t *part = part_of(PART_BYTES, 0x00);
        const uint32_t addr = 0x2ABCD; /* in the middle of each kind of unit */
        const uint32_t start = addr - addr % erases[row].unit_bytes;
        const uint32_t end = start + erases[row].unit_bytes;
        (void)erase(part, erases[row].opcode, addr);
        assert_all(part, 0, start, 0x00);
        assert_all(part, start, end, 0xFF);
        assert_all(part, end, PART_BYTES, 0x00);
        throw_away(part);
    }
}

static void the_last_address_of_a_unit_belongs_to_it_and_the_next_does_not(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0x00);
    (void)erase(part, ERASE_4K, 2 * SECTOR_BYTES - 1);
    assert_all(part, SECTOR_BYTES, 2 * SECTOR_BYTES, 0xFF);
    assert_all(part, 2 * SECTOR_BYTES, 3 * SECTOR_BYTES, 0x00);
    (void)erase(part, ERASE_4K, 2 * SECTOR_BYTES);
    assert_all(part, 2 * SECTOR_BYTES, 3 * SECTOR_BYTES, 0xFF);
    assert_all(part, 3 * SECTOR_BYTES, PART_BYTES, 0x00);
    throw_away(part);
}

/* --- Write-enable -------------------------------------------------------------------------------------- */

static void without_write_enable_nothing_changes(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xA5);
    uint8_t zero = 0x00;
    assert_int_equal(espsim_nor_transact(&part->nor, PROGRAM, 0, &zero, 1), 0);
    for (size_t row = 0; row < ERASE_COUNT; row++) {
        assert_int_equal(command(part, erases[row].opcode), 0);
    }
    assert_all(part, 0, PART_BYTES, 0xA5);
    assert_int_equal(part->nor.ops, 0);
    throw_away(part);
}

static void each_program_and_each_erase_uses_up_the_write_enable(void **state)
{
    (void)state;
    for (size_t row = 0; row < ERASE_COUNT + 1; row++) {
        part_t *part = part_of(PART_BYTES, 0xFF);
        uint8_t data = 0x0F;
        const uint8_t opcode = row < ERASE_COUNT ? erases[row].opcode : PROGRAM;
        (void)command(part, WRITE_ENABLE);
        (void)espsim_nor_transact(&part->nor, opcode, 0, &data, opcode == PROGRAM ? 1 : 0);
        assert_int_equal(status_of(part, READ_STATUS), 0x00);
        (void)espsim_nor_transact(&part->nor, PROGRAM, 0x100, &data, 1);
        assert_int_equal(part->nor.cells[0x100], 0xFF);
        throw_away(part);
    }
}

static void write_disable_takes_the_write_enable_back(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0x00);
    (void)command(part, WRITE_ENABLE);
    (void)command(part, WRITE_DISABLE);
    (void)command(part, ERASE_4K);
    assert_all(part, 0, PART_BYTES, 0x00);
    throw_away(part);
}

static void writing_the_status_register_uses_up_the_write_enable(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0x00);
    uint8_t status = 0x00;
    (void)command(part, WRITE_ENABLE);
    assert_int_equal(espsim_nor_transact(&part->nor, WRITE_STATUS, 0, &status, 1), 0);
    (void)command(part, ERASE_4K);
    assert_all(part, 0, PART_BYTES, 0x00);
    throw_away(part);
}

static void status_bit_1_shows_the_write_enable(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    assert_int_equal(status_of(part, READ_STATUS), 0x00);
    (void)command(part, WRITE_ENABLE);
    assert_int_equal(status_of(part, READ_STATUS), 0x02);
    assert_int_equal(status_of(part, READ_STATUS_2), 0x00);
    assert_int_equal(status_of(part, READ_STATUS), 0x02); /* looking does not use it up */
    (void)command(part, WRITE_DISABLE);
    assert_int_equal(status_of(part, READ_STATUS), 0x00);
    throw_away(part);
}

static void the_status_repeats_as_long_as_it_is_read(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t status[3] = {0};
    (void)command(part, WRITE_ENABLE);
    (void)espsim_nor_transact(&part->nor, READ_STATUS, 0, status, sizeof(status));
    assert_memory_equal(status, ((const uint8_t[]){2, 2, 2}), sizeof(status));
    throw_away(part);
}

/* --- Protection ---------------------------------------------------------------------------------------- */

static void write_status(part_t *part, uint8_t status)
{
    (void)command(part, WRITE_ENABLE);
    (void)espsim_nor_transact(&part->nor, WRITE_STATUS, 0, &status, 1);
}

static void the_status_keeps_what_was_written_but_for_the_write_enable(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    write_status(part, 0x9E);
    assert_int_equal(status_of(part, READ_STATUS), 0x9C);
    (void)command(part, WRITE_ENABLE);
    assert_int_equal(status_of(part, READ_STATUS), 0x9E);
    assert_int_equal(part->nor.ops, 0);
    throw_away(part);
}

static void writing_the_status_needs_the_write_enable_and_a_byte(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t status = 0x1C;
    (void)espsim_nor_transact(&part->nor, WRITE_STATUS, 0, &status, 1);
    assert_int_equal(status_of(part, READ_STATUS), 0x00);
    (void)command(part, WRITE_ENABLE);
    (void)command(part, WRITE_STATUS);
    assert_int_equal(status_of(part, READ_STATUS), 0x00);
    throw_away(part);
}

static void a_protected_part_neither_erases_nor_programs(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 8; bit++) {
        part_t *part = part_of(PART_BYTES, 0xA5);
        const bool is_protected = bit >= 2 && bit <= 4; /* BP0 to BP2 */
        const uint8_t zero = 0x00;
        write_status(part, (uint8_t)(1u << bit));
        assert_int_equal(erase(part, ERASE_4K, 0) == 0, is_protected);
        assert_int_equal(status_of(part, READ_STATUS) & 0x02, 0x00); /* the write-enable is used up all the same */
        assert_int_equal(program(part, SECTOR_BYTES, &zero, 1) == 0, is_protected);
        assert_int_equal(part->nor.cells[0], is_protected ? 0xA5 : 0xFF);
        assert_int_equal(part->nor.cells[SECTOR_BYTES], is_protected ? 0xA5 : 0x00);
        assert_int_equal(part->nor.ops, is_protected ? 0 : 2);
        write_status(part, 0x00);
        assert_int_not_equal(erase(part, ERASE_CHIP, 0), 0);
        assert_all(part, 0, PART_BYTES, 0xFF);
        throw_away(part);
    }
}

/* --- Addresses, reading, identity ---------------------------------------------------------------------- */

static void reading_shows_the_cells_and_changes_nothing(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t data[300];
    fill_pattern(part->nor.cells + 0x4F80, sizeof(data));
    assert_int_equal(espsim_nor_transact(&part->nor, READ, 0x4F80, data, sizeof(data)), 300 * 9);
    assert_memory_equal(data, part->nor.cells + 0x4F80, sizeof(data)); /* pages do not matter to it */
    assert_int_equal(part->nor.ops, 0);
    throw_away(part);
}

static void addresses_wrap_at_the_parts_end(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t data[2] = {0x11, 0x22};
    (void)program(part, PART_BYTES + 0x40, data, 2);
    assert_memory_equal(part->nor.cells + 0x40, data, 2);

    part->nor.cells[PART_BYTES - 1] = 0x77;
    part->nor.cells[0] = 0x88;
    (void)espsim_nor_transact(&part->nor, READ, 3 * PART_BYTES - 1, data, 2);
    assert_memory_equal(data, ((const uint8_t[]){0x77, 0x88}), 2);

    memset(part->nor.cells, 0x00, PART_BYTES);
    (void)erase(part, ERASE_4K, 2 * PART_BYTES + SECTOR_BYTES);
    assert_all(part, 0, SECTOR_BYTES, 0x00);
    assert_all(part, SECTOR_BYTES, 2 * SECTOR_BYTES, 0xFF);
    assert_all(part, 2 * SECTOR_BYTES, PART_BYTES, 0x00);
    throw_away(part);
}

enum { NARROW_BYTES = 1 << 24, READ_4 = 0x0C, PROGRAM_4 = 0x12, ERASE_4K_4 = 0x21, ERASE_64K_4 = 0xDC };

static void three_bytes_of_address_reach_16_mib_of_a_larger_part(void **state)
{
    (void)state;
    part_t *part = part_of(2 * NARROW_BYTES, 0xFF);
    uint8_t data[2] = {0x11, 0x22};
    (void)program(part, NARROW_BYTES + 0x40, data, 2);
    assert_memory_equal(part->nor.cells + 0x40, data, 2);
    assert_all(part, NARROW_BYTES, 2 * NARROW_BYTES, 0xFF);
    (void)espsim_nor_transact(&part->nor, READ, NARROW_BYTES + 0x40, data, 2);
    assert_memory_equal(data, ((const uint8_t[]){0x11, 0x22}), 2);
    memset(part->nor.cells, 0x00, 2 * NARROW_BYTES);
    (void)erase(part, ERASE_4K, NARROW_BYTES);
    (void)erase(part, ERASE_64K, NARROW_BYTES + BLOCK_64K_BYTES);
    assert_all(part, 0, SECTOR_BYTES, 0xFF);
    assert_all(part, BLOCK_64K_BYTES, 2 * BLOCK_64K_BYTES, 0xFF);
    assert_all(part, 2 * BLOCK_64K_BYTES, 2 * NARROW_BYTES, 0x00);
    throw_away(part);
}

static void opcodes_with_four_bytes_of_address_reach_all_of_it(void **state)
{
    (void)state;
    part_t *part = part_of(2 * NARROW_BYTES, 0x00);
    uint8_t data[2] = {0x11, 0x22};
    assert_int_equal(erase(part, ERASE_4K_4, NARROW_BYTES), 11000);
    assert_int_equal(erase(part, ERASE_64K_4, NARROW_BYTES + BLOCK_64K_BYTES), 33000);
    assert_all(part, 0, NARROW_BYTES, 0x00);
    assert_all(part, NARROW_BYTES, NARROW_BYTES + SECTOR_BYTES, 0xFF);
    assert_all(part, NARROW_BYTES + BLOCK_64K_BYTES, NARROW_BYTES + 2 * BLOCK_64K_BYTES, 0xFF);
    (void)command(part, WRITE_ENABLE);
    assert_int_equal(espsim_nor_transact(&part->nor, PROGRAM_4, NARROW_BYTES + 0x40, data, 2), 5070);
    assert_memory_equal(part->nor.cells + NARROW_BYTES + 0x40, ((const uint8_t[]){0x11, 0x22}), 2);
    assert_int_equal(espsim_nor_transact(&part->nor, READ_4, NARROW_BYTES + 0x40, data, 2), 18);
    assert_memory_equal(data, ((const uint8_t[]){0x11, 0x22}), 2);
    throw_away(part);
}

static void a_part_of_16_mib_knows_none_of_them(void **state)
{
    (void)state;
    part_t *part = part_of(NARROW_BYTES, 0x00);
    uint8_t data = 0x3C;
    for (const uint8_t *opcode = (const uint8_t[]){READ_4, PROGRAM_4, ERASE_4K_4, ERASE_64K_4, 0}; *opcode != 0;
         opcode++) {
        (void)command(part, WRITE_ENABLE);
        assert_int_equal(espsim_nor_transact(&part->nor, *opcode, 0, &data, 1), 0);
        assert_int_equal(data, 0x3C);
    }
    assert_all(part, 0, NARROW_BYTES, 0x00);
    throw_away(part);
}

static void the_identity_tells_the_size(void **state)
{
    (void)state;
    for (unsigned code = 0x12; code <= 0x1B; code++) {
        part_t *part = part_of(UINT32_C(1) << code, 0xFF);
        uint8_t id[5];
        assert_int_equal(espsim_nor_transact(&part->nor, READ_ID, 0, id, sizeof(id)), 0);
        assert_memory_equal(id, ((const uint8_t[]){0xC8, 0x40, (uint8_t)code, 0xC8, 0x40}), sizeof(id));
        throw_away(part);
    }
}

static void an_unknown_opcode_is_ignored(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xA5);
    uint8_t data = 0x3C;
    (void)command(part, WRITE_ENABLE);
    assert_int_equal(espsim_nor_transact(&part->nor, 0x77, 0, &data, 1), 0);
    assert_int_equal(data, 0x3C);
    assert_all(part, 0, PART_BYTES, 0xA5);
    assert_int_equal(status_of(part, READ_STATUS), 0x02);
    throw_away(part);
}

/* --- Time ---------------------------------------------------------------------------------------------- */

static void each_erase_takes_its_time_from_the_table(void **state)
{
    (void)state;
    for (size_t row = 0; row < ERASE_COUNT; row++) {
        part_t *part = part_of(PART_BYTES, 0xFF);
        assert_int_equal(erase(part, erases[row].opcode, 0), erases[row].busy_ns);
        throw_away(part);
    }
}

static void a_program_takes_more_for_its_first_byte_than_for_each_that_follows(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    const uint8_t data[32] = {0};
    assert_int_equal(program(part, 0, data, 1), 5000);
    assert_int_equal(program(part, 0, data, 32), 5000 + 31 * 70);
    assert_int_equal(program(part, 0, data, 0), 0); /* no data, nothing to do */
    assert_int_equal(part->nor.ops, 2);
    throw_away(part);
}

/* --- Deep power-down ----------------------------------------------------------------------------------- */

static void powered_down_it_hears_nothing_but_the_wake_up(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0x00);
    uint8_t data[3] = {0x12, 0x34, 0x56};
    assert_int_equal(command(part, POWER_DOWN), 0);
    assert_int_equal(erase(part, ERASE_4K, 0), 0);
    assert_int_equal(program(part, 0, data, sizeof(data)), 0);
    assert_all(part, 0, PART_BYTES, 0x00);
    assert_int_equal(espsim_nor_transact(&part->nor, READ_ID, 0, data, sizeof(data)), 0);
    assert_memory_equal(data, ((const uint8_t[]){0xFF, 0xFF, 0xFF}), sizeof(data)); /* the line floats high */

    assert_int_equal(command(part, WAKE_UP), 0);
    assert_int_equal(status_of(part, READ_STATUS), 0x00); /* the write-enable was not heard either */
    (void)espsim_nor_transact(&part->nor, READ_ID, 0, data, sizeof(data));
    assert_memory_equal(data, ((const uint8_t[]){0xC8, 0x40, 0x12}), sizeof(data));
    (void)erase(part, ERASE_4K, 0);
    assert_all(part, 0, SECTOR_BYTES, 0xFF);
    throw_away(part);
}

/* --- Counting ------------------------------------------------------------------------------------------ */

static void erases_and_programs_are_counted_and_nothing_else(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t data[32] = {0};
    (void)erase(part, ERASE_4K, 0);
    (void)erase(part, ERASE_32K, 0);
    (void)erase(part, ERASE_64K, 0);
    (void)erase(part, ERASE_CHIP, 0);
    (void)program(part, 0, data, 32);
    (void)program(part, 0, data, 7);
    (void)espsim_nor_transact(&part->nor, READ, 0, data, 32);
    (void)command(part, ERASE_4K); /* refused: no write-enable */
    assert_int_equal(part->nor.ops, 6);
    assert_int_equal(part->stats.flash_ops, 6);
    assert_int_equal(part->stats.erased_bytes, SECTOR_BYTES + BLOCK_32K_BYTES + BLOCK_64K_BYTES + PART_BYTES);
    assert_int_equal(part->stats.programmed_bytes, 39);
    throw_away(part);
}

/* --- Faults ---------------------------------------------------------------------------------------- */

static void set_fault(part_t *part, espsim_fault_t fault)
{
    espsim_faults_start(&part->faults, &(espsim_faults_t){.fault = {fault}});
    part->nor.faults = &part->faults;
}

static void cut_at(part_t *part, uint32_t op)
{
    set_fault(part, (espsim_fault_t){.kind = ESPSIM_FAULT_POWER_CUT, .op = op});
}

static void a_cut_erase_leaves_cells_between_their_content_and_ff(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0x00);
    uint8_t before[2 * SECTOR_BYTES];
    fill_pattern(before, sizeof(before));
    memcpy(part->nor.cells, before, sizeof(before));
    cut_at(part, 1);
    (void)erase(part, ERASE_4K, 0);
    unsigned finished = 0;
    unsigned untouched = 0;
    for (uint32_t at = 0; at < SECTOR_BYTES; at++) {
        assert_int_equal(part->nor.cells[at] & before[at], before[at]); /* no bit was cleared */
        finished += part->nor.cells[at] == 0xFF ? 1 : 0;
        untouched += part->nor.cells[at] == before[at] ? 1 : 0;
    }
    assert_true(finished < SECTOR_BYTES / 2 && untouched < SECTOR_BYTES / 2); /* neither done nor not begun */
    assert_memory_equal(part->nor.cells + SECTOR_BYTES, before + SECTOR_BYTES, SECTOR_BYTES);
    assert_true(part->nor.cut_off);
    throw_away(part);
}

static void a_cut_program_clears_some_of_the_bits_it_should_and_no_others(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t data[256];
    fill_pattern(data, sizeof(data));
    cut_at(part, 1);
    (void)program(part, 0x200, data, sizeof(data));
    unsigned finished = 0;
    unsigned untouched = 0;
    for (uint32_t at = 0; at < sizeof(data); at++) {
        const uint8_t cell = part->nor.cells[0x200 + at];
        assert_int_equal(cell & data[at], data[at]);
        finished += cell == data[at] ? 1 : 0;
        untouched += cell == 0xFF ? 1 : 0;
    }
    assert_true(finished < sizeof(data) / 2 && untouched < sizeof(data) / 2);
    assert_all(part, 0, 0x200, 0xFF);
    assert_all(part, 0x300, PART_BYTES, 0xFF);
    throw_away(part);
}

static void a_cut_program_sets_no_bit_that_was_clear(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0x5A);
    const uint8_t data[256] = {0};
    cut_at(part, 1);
    (void)program(part, 0, data, sizeof(data));
    for (uint32_t at = 0; at < sizeof(data); at++) {
        assert_int_equal(part->nor.cells[at] & ~0x5A, 0);
    }
    throw_away(part);
}

static void power_fails_at_the_operation_that_was_asked_for(void **state)
{
    (void)state;
    for (uint32_t cut = 1; cut <= 4; cut++) {
        part_t *part = part_of(PART_BYTES, 0x00);
        cut_at(part, cut);
        for (uint32_t op = 1; op <= 4; op++) {
            (void)erase(part, ERASE_4K, (op - 1) * SECTOR_BYTES);
            assert_int_equal(part->nor.cut_off, op >= cut);
        }
        assert_all(part, 0, (cut - 1) * SECTOR_BYTES, 0xFF);          /* those before were finished */
        assert_all(part, cut * SECTOR_BYTES, 4 * SECTOR_BYTES, 0x00); /* those after were not begun */
        assert_int_equal(part->nor.ops, cut);
        throw_away(part);
    }
}

static void without_power_it_answers_nothing(void **state)
{
    (void)state;
    part_t *part = part_of(PART_BYTES, 0xFF);
    uint8_t data = 0x3C;
    part->nor.cut_off = true;
    assert_int_equal(erase(part, ERASE_4K, 0), 0);
    (void)command(part, POWER_DOWN);
    assert_int_equal(espsim_nor_transact(&part->nor, READ, 0, &data, 1), 0);
    assert_int_equal(data, 0x3C);
    part->nor.cut_off = false;
    (void)espsim_nor_transact(&part->nor, READ, 0, &data, 1);
    assert_int_equal(data, 0xFF); /* nor did it hear the power-down */
    assert_int_equal(part->nor.ops, 0);
    throw_away(part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programming_puts_the_data_into_blank_cells),
        cmocka_unit_test(programming_only_clears_bits),
        cmocka_unit_test(programming_over_zeros_sets_nothing),
        cmocka_unit_test(a_program_that_crosses_its_page_wraps_to_the_pages_start),
        cmocka_unit_test(a_whole_page_is_programmed_at_once),
        cmocka_unit_test(erasing_sets_exactly_the_unit_around_the_address),
        cmocka_unit_test(the_last_address_of_a_unit_belongs_to_it_and_the_next_does_not),
        cmocka_unit_test(without_write_enable_nothing_changes),
        cmocka_unit_test(each_program_and_each_erase_uses_up_the_write_enable),
        cmocka_unit_test(write_disable_takes_the_write_enable_back),
        cmocka_unit_test(writing_the_status_register_uses_up_the_write_enable),
        cmocka_unit_test(status_bit_1_shows_the_write_enable),
        cmocka_unit_test(the_status_repeats_as_long_as_it_is_read),
        cmocka_unit_test(the_status_keeps_what_was_written_but_for_the_write_enable),
        cmocka_unit_test(writing_the_status_needs_the_write_enable_and_a_byte),
        cmocka_unit_test(a_protected_part_neither_erases_nor_programs),
        cmocka_unit_test(reading_shows_the_cells_and_changes_nothing),
        cmocka_unit_test(addresses_wrap_at_the_parts_end),
        cmocka_unit_test(three_bytes_of_address_reach_16_mib_of_a_larger_part),
        cmocka_unit_test(opcodes_with_four_bytes_of_address_reach_all_of_it),
        cmocka_unit_test(a_part_of_16_mib_knows_none_of_them),
        cmocka_unit_test(the_identity_tells_the_size),
        cmocka_unit_test(an_unknown_opcode_is_ignored),
        cmocka_unit_test(each_erase_takes_its_time_from_the_table),
        cmocka_unit_test(a_program_takes_more_for_its_first_byte_than_for_each_that_follows),
        cmocka_unit_test(powered_down_it_hears_nothing_but_the_wake_up),
        cmocka_unit_test(erases_and_programs_are_counted_and_nothing_else),
        cmocka_unit_test(a_cut_erase_leaves_cells_between_their_content_and_ff),
        cmocka_unit_test(a_cut_program_clears_some_of_the_bits_it_should_and_no_others),
        cmocka_unit_test(a_cut_program_sets_no_bit_that_was_clear),
        cmocka_unit_test(power_fails_at_the_operation_that_was_asked_for),
        cmocka_unit_test(without_power_it_answers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
