/* SPDX-License-Identifier: Apache-2.0 */
#include "costs.h"

#include <math.h>

#include "loader/command.h"

enum {
    FRAME_BYTES = 10,
    ANSWER_BYTES = 14,
    DATA_HEADER_BYTES = 16,
    SECTORS_PER_WINDOW = 8 /* that a stub unpacks before it programs */
};

bool packs(const case_t *c, bool stub)
{
    return c->packed && (stub || (c->chip->last_opcode >= REFLASH_FLASH_DEFL_DATA && !c->chip->whole_windows));
}

/* A command with so many bytes behind its header, and its answer. */
static double exchange_us(const case_t *c, double bytes)
{
    return c->turnaround_us + c->byte_us * (FRAME_BYTES + bytes + ANSWER_BYTES);
}

double question_us(const case_t *c, bool stub, uint32_t sectors)
{
    return exchange_us(c, stub ? 16 + 16 : 16 + 32) + c->md5_us[stub] * REFLASH_SECTOR_BYTES * sectors;
}

/* Data on the wire, some more than they are: SLIP doubles two of 256 values. */
static double data_us(const case_t *c, double bytes)
{
    return c->byte_us * (FRAME_BYTES + DATA_HEADER_BYTES + bytes * 258 / 256);
}

static double answer_us(const case_t *c)
{
    return c->turnaround_us + c->byte_us * ANSWER_BYTES;
}

double upload_us(const case_t *c)
{
    enum { QUESTIONS = 14, START_US = 10000 }; /* each piece is looked at, the flash attached anew */
    return QUESTIONS * exchange_us(c, 16) + data_us(c, c->stub_bytes) + 3 * answer_us(c) + START_US;
}

double connect_us(const case_t *c)
{
    enum { RESET_US = 210000, QUESTIONS = 14 };
    const double byte_us = 1e7 / 115200;
    return RESET_US + QUESTIONS * (c->turnaround_us + byte_us * (FRAME_BYTES + 10 + ANSWER_BYTES));
}

/* A mask ROM's FLASH_BEGIN: sixteen single sectors even from the border of a block on, then blocks while more than
 * sixteen are left. */
static double rom_erase_us(const case_t *c, uint32_t first, uint32_t sectors)
{
    double us = 0;
    uint32_t head = REFLASH_SECTORS_PER_BLOCK - first % REFLASH_SECTORS_PER_BLOCK;
    while (sectors > 0) {
        const bool block = head == 0 && sectors > REFLASH_SECTORS_PER_BLOCK;
        us += block ? c->erase_block_us : c->erase_sector_us;
        sectors -= block ? REFLASH_SECTORS_PER_BLOCK : 1;
        head -= head > 0 ? 1 : 0;
    }
    return us;
}

/* How a mask ROM takes data: one block after the other. */
static double rom_data_us(const case_t *c, uint32_t sectors, double bytes, uint32_t block_bytes, bool packed)
{
    const double blocks = ceil(bytes / block_bytes);
    return data_us(c, bytes) + (blocks - 1) * data_us(c, 0) + blocks * answer_us(c) +
           sectors * (c->program_us + (packed ? c->inflate_us[0] * REFLASH_SECTOR_BYTES : 0));
}

/* How a stub does: it answers a block as it begins to work on it, and receives the next one meanwhile. It erases ahead
 * as far as one erase goes on while it unpacks. */
static double stub_data_us(const case_t *c, uint32_t first, uint32_t sectors, double bytes, uint32_t block_bytes,
                           bool packed)
{
    const uint32_t window = packed ? SECTORS_PER_WINDOW : 1;
    const double sector_bytes = bytes / sectors;
    double host_us = 0;  /* when the host may send the next block */
    double stub_us = 0;  /* when the stub has done its last one */
    double erase_us = 0; /* when its last erase is over */
    uint32_t erased = 0, unpacked = 0, programmed = 0;
    const uint32_t blocks = (uint32_t)ceil(bytes / block_bytes);
    for (uint32_t at = 0; at < blocks; at++) {
        const double left = bytes - (double)at * block_bytes;
        const double block = left < block_bytes ? left : block_bytes;
        const double came_us = host_us + data_us(c, block);
        stub_us = came_us > stub_us ? came_us : stub_us;
        host_us = stub_us + answer_us(c);
        const double upto = bytes - left + block;
        while (unpacked < sectors && ((unpacked + 1) * sector_bytes <= upto + 0.001 || left <= block_bytes)) {
            if (unpacked % window == 0 && erased < sectors && erase_us <= stub_us) {
                const bool whole = (first + erased) % 16 == 0 && sectors - erased >= 16;
                erase_us = stub_us + (whole ? c->erase_block_us : c->erase_sector_us);
                erased += whole ? 16 : 1;
            }
            stub_us += packed ? c->inflate_us[1] * REFLASH_SECTOR_BYTES : 0;
            unpacked++;
            if (unpacked % window != 0 && unpacked < sectors) {
                continue;
            }
            while (erased < unpacked) {
                const bool whole = (first + erased) % 16 == 0 && sectors - erased >= 16;
                stub_us = erase_us > stub_us ? erase_us : stub_us;
                erase_us = stub_us + (whole ? c->erase_block_us : c->erase_sector_us);
                erased += whole ? 16 : 1;
            }
            stub_us = erase_us > stub_us ? erase_us : stub_us;
            stub_us += (unpacked - programmed) * c->program_us;
            programmed = unpacked;
        }
    }
    return stub_us > host_us ? stub_us : host_us;
}

double run_us(const case_t *c, loader_t by, uint32_t first, uint32_t end, bool erase)
{
    enum { ZLIB_BYTES = 8, ROM_PACKED_BLOCK_BYTES = 0x1800 };
    const uint32_t sectors = end - first;
    uint32_t bytes = sectors * REFLASH_SECTOR_BYTES;
    uint32_t packed_bytes = ZLIB_BYTES;
    for (uint32_t at = first; at < end; at++) {
        packed_bytes += c->packed_bytes[at];
    }
    const bool packed = by.packed && packed_bytes < bytes;
    bytes = packed ? packed_bytes : bytes;
    const double commands_us = 2 * exchange_us(c, 18);
    if (by.stub) {
        return commands_us + stub_data_us(c, first, sectors, bytes, packed ? 0x4000 : 0x1000, packed);
    }
    return commands_us + (erase ? rom_erase_us(c, first, sectors) : 0) +
           rom_data_us(c, sectors, bytes, packed ? ROM_PACKED_BLOCK_BYTES : 0x1000, packed);
}
