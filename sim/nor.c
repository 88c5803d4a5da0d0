/* SPDX-License-Identifier: Apache-2.0 */
/* A serial NOR flash part: erasing sets bits in whole sectors, programming only clears bits and wraps in its
 * page, both need write-enable first, and power that fails in the middle leaves a mess. */
#include "chip.h"

enum {
    PAGE_BYTES = 256,
    SECTOR_BYTES = 0x1000,
    STATUS_WRITE_ENABLED = 0x02,
    STATUS_PROTECT = 0x1C,  /* any of the three block-protect bits: here they protect the whole part */
    NARROW_BYTES = 1 << 24, /* what three bytes of address reach */
    NOTHING = 0xFF
};

/* The same with four bytes of address. */
static const struct {
    uint8_t narrow, wide;
} wide_opcodes[] = {{0x03, 0x0C}, {0x02, 0x12}, {0x20, 0x21}, {0xD8, 0xDC}};

uint8_t espsim_nor_wide(uint8_t opcode)
{
    for (size_t row = 0; row < sizeof(wide_opcodes) / sizeof(wide_opcodes[0]); row++) {
        if (wide_opcodes[row].narrow == opcode) {
            return wide_opcodes[row].wide;
        }
    }
    return opcode;
}

/* Turn an opcode with four bytes of address into that with three, whose address then is whole. A part that needs no
 * fourth byte has no such opcodes. */
static void take_address(const espsim_nor_t *nor, uint8_t *opcode, uint32_t *addr)
{
    for (size_t row = 0; row < sizeof(wide_opcodes) / sizeof(wide_opcodes[0]); row++) {
        if (wide_opcodes[row].wide == *opcode && nor->bytes > NARROW_BYTES) {
            *opcode = wide_opcodes[row].narrow;
            return;
        }
    }
    *addr %= NARROW_BYTES;
}

static uint32_t wrapped(const espsim_nor_t *nor, uint32_t addr)
{
    return addr % nor->bytes;
}

/* Repeatable noise for cells that were caught between two states. */
static uint8_t noise(uint32_t addr)
{
    uint32_t mixed = addr * UINT32_C(2654435761);
    mixed ^= mixed >> 15;
    return (uint8_t)(mixed >> 8);
}

/* True if this operation is cut short. */
static bool counts_and_fails(espsim_nor_t *nor)
{
    nor->ops++;
    nor->stats->flash_ops++;
    if (nor->faults == NULL) {
        return false;
    }
    const bool fails = espsim_faults_op(nor->faults);
    nor->cut_off = nor->faults->blows != 0;
    return fails;
}

static void erase(espsim_nor_t *nor, uint32_t addr, uint32_t unit_bytes)
{
    const uint32_t first = wrapped(nor, addr) / unit_bytes * unit_bytes;
    const bool fails = counts_and_fails(nor);
    nor->stats->erased_bytes += unit_bytes;
    nor->last_page = 0;
    for (uint32_t sector = 0; sector < unit_bytes / ESPSIM_SECTOR_BYTES; sector++) {
        nor->wear[first / ESPSIM_SECTOR_BYTES + sector]++;
    }
    for (uint32_t at = first; at < first + unit_bytes; at++) {
        if (at % SECTOR_BYTES == 0 && nor->faults != NULL && espsim_faults_keep_sector(nor->faults, at, SECTOR_BYTES)) {
            at += SECTOR_BYTES - 1;
            continue;
        }
        /* An erase works on all cells at once; cut short, each has got somewhere else. */
        nor->cells[at] |= fails ? noise(at) : 0xFF;
    }
}

static void program(espsim_nor_t *nor, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    const uint32_t start = wrapped(nor, addr);
    const uint32_t page = start / PAGE_BYTES * PAGE_BYTES;
    const bool fails = counts_and_fails(nor);
    nor->stats->programmed_bytes += bytes;
    nor->stats->pages_programmed += nor->last_page != page / PAGE_BYTES + 1 ? 1 : 0;
    nor->last_page = page / PAGE_BYTES + 1;
    /* Of more than a page the part keeps the last 256 bytes. */
    for (uint32_t at = bytes > PAGE_BYTES ? bytes - PAGE_BYTES : 0; at < bytes; at++) {
        const uint32_t cell = page + (start + at) % PAGE_BYTES;
        const uint8_t stuck = nor->faults != NULL ? espsim_faults_stuck_bits(nor->faults, cell) : 0x00;
        const uint8_t unreached = fails ? noise(cell) | stuck : stuck;
        nor->cells[cell] &= (uint8_t)(data[at] | unreached);
    }
}

static uint8_t size_code(const espsim_nor_t *nor)
{
    uint8_t code = 0;
    while (code < 31 && (UINT32_C(1) << code) < nor->bytes) {
        code++;
    }
    return code;
}

static void read_cells(const espsim_nor_t *nor, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at++) {
        data[at] = nor->cells[wrapped(nor, addr + at)];
    }
}

static void read_id(const espsim_nor_t *nor, uint8_t *data, uint32_t bytes)
{
    const uint8_t id[] = {nor->part->vendor, nor->part->type, size_code(nor)};
    for (uint32_t at = 0; at < bytes; at++) {
        data[at] = id[at % sizeof(id)];
    }
}

/* Erases, largest last. A unit of 0 stands for the whole part. */
typedef struct {
    uint8_t opcode;
    uint32_t unit_bytes;
    size_t time_offset;
    espsim_erase_t counted_as;
} erase_row_t;
static const erase_row_t erases[] = {
    {0x20, 0x1000, offsetof(espsim_timing_t, erase_4k_us), ESPSIM_ERASE_4K},
    {0x52, 0x8000, offsetof(espsim_timing_t, erase_32k_us), ESPSIM_ERASE_32K},
    {0xD8, 0x10000, offsetof(espsim_timing_t, erase_64k_us), ESPSIM_ERASE_64K},
    {0xC7, 0, offsetof(espsim_timing_t, erase_chip_us), ESPSIM_ERASE_CHIP},
    {0x60, 0, offsetof(espsim_timing_t, erase_chip_us), ESPSIM_ERASE_CHIP},
};

static const erase_row_t *erase_by_opcode(uint8_t opcode)
{
    for (size_t row = 0; row < sizeof(erases) / sizeof(erases[0]); row++) {
        if (erases[row].opcode == opcode) {
            return &erases[row];
        }
    }
    return NULL;
}

static uint8_t status_of(const espsim_nor_t *nor)
{
    return (uint8_t)((nor->status & ~STATUS_WRITE_ENABLED) | (nor->write_enabled ? STATUS_WRITE_ENABLED : 0));
}

/* Commands that change cells: obeyed only with write-enable set, which they use up. */
static uint64_t change(espsim_nor_t *nor, uint8_t opcode, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    const espsim_timing_t *timing = nor->timing;
    if (!nor->write_enabled) {
        return 0;
    }
    nor->write_enabled = false;
    if ((nor->status & STATUS_PROTECT) != 0) {
        return 0;
    }
    const erase_row_t *row = erase_by_opcode(opcode);
    if (row != NULL) {
        nor->stats->erases[row->counted_as]++;
        erase(nor, addr, row->unit_bytes != 0 ? row->unit_bytes : nor->bytes);
        return *(const uint32_t *)(const void *)((const char *)timing + row->time_offset) * UINT64_C(1000);
    }
    if (bytes == 0) {
        return 0;
    }
    program(nor, addr, data, bytes);
    return timing->program_first_byte_ns + (bytes - 1) * (uint64_t)timing->program_next_byte_ns;
}

uint64_t espsim_nor_transact(espsim_nor_t *nor, uint8_t opcode, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    enum { WRITE_STATUS = 0x01, PROGRAM = 0x02, READ = 0x03, WRITE_DISABLE = 0x04, READ_STATUS = 0x05 };
    enum { WRITE_ENABLE = 0x06, READ_STATUS_2 = 0x35, READ_ID = 0x9F, WAKE_UP = 0xAB, POWER_DOWN = 0xB9 };

    if (nor->cut_off) {
        return 0;
    }
    take_address(nor, &opcode, &addr);
    if (opcode == WAKE_UP || opcode == POWER_DOWN) {
        nor->powered_down = opcode == POWER_DOWN;
        return 0;
    }
    if (nor->powered_down) {
        for (uint32_t at = 0; at < bytes && opcode != PROGRAM && opcode != WRITE_STATUS; at++) {
            data[at] = NOTHING;
        }
        return 0;
    }
    switch (opcode) {
    case WRITE_ENABLE:
    case WRITE_DISABLE:
        nor->write_enabled = opcode == WRITE_ENABLE;
        return 0;
    case WRITE_STATUS:
        if (nor->write_enabled && bytes > 0) {
            nor->status = data[0];
        }
        nor->write_enabled = false;
        return 0;
    case READ_STATUS:
    case READ_STATUS_2:
        for (uint32_t at = 0; at < bytes; at++) {
            data[at] = opcode == READ_STATUS ? status_of(nor) : 0;
        }
        return 0;
    case READ:
        read_cells(nor, addr, data, bytes);
        return bytes * (uint64_t)nor->timing->read_ns_per_byte;
    case READ_ID:
        read_id(nor, data, bytes);
        return 0;
    default:
        return opcode == PROGRAM || erase_by_opcode(opcode) != NULL ? change(nor, opcode, addr, data, bytes) : 0;
    }
}
