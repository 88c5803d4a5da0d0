/* SPDX-License-Identifier: Apache-2.0 */
#include "timing.h"

#include <strings.h>

enum { BOOT_MS = 40, READ_NS_PER_BYTE = 850, WORST_CHIP_PERCENT = 140, VENDOR_XMC = 0x20 };
enum { VENDOR_GIGADEVICE = 0xC8, VENDOR_WINBOND = 0xEF, TYPE_Q = 0x40, TYPE_XM_A = 0x70, MIB = 1 << 20 };

/* Data sheets tell of a page what a whole one takes; the first byte is 30 us of it (50 at worst), as far as known. */
static const espsim_flash_part_t parts[] = {
    {.name = "generic",
     .vendor = VENDOR_GIGADEVICE,
     .type = TYPE_Q,
     .bytes = 4 * MIB,
     .typical = {45000, 120000, 150000, 10000000, 30000, 2500},
     .worst = {400000, 1600000, 2000000, 50000000, 50000, 11570}},
    {.name = "w25q32jv",
     .vendor = VENDOR_WINBOND,
     .type = TYPE_Q,
     .bytes = 4 * MIB,
     .typical = {45000, 120000, 150000, 10000000, 30000, 2500},
     .worst = {400000, 1600000, 2000000, 50000000, 50000, 11570}},
    {.name = "gd25q32c",
     .vendor = VENDOR_GIGADEVICE,
     .type = TYPE_Q,
     .bytes = 4 * MIB,
     .typical = {50000, 150000, 250000, 15000000, 30000, 2235},
     .worst = {400000, 1600000, 2000000, 30000000, 50000, 9215}},
    {.name = "gd25q128e",
     .vendor = VENDOR_GIGADEVICE,
     .type = TYPE_Q,
     .bytes = 16 * MIB,
     .typical = {45000, 150000, 250000, 50000000, 30000, 1843},
     .worst = {400000, 1600000, 2000000, 120000000, 50000, 9215}},
    {.name = "xm25qh32c",
     .vendor = VENDOR_XMC,
     .type = TYPE_Q,
     .bytes = 4 * MIB,
     .typical = {45000, 160000, 225000, 15000000, 30000, 1451},
     .worst = {400000, 1600000, 2000000, 50000000, 50000, 11570}},
    {.name = "xm25qh128a",
     .vendor = VENDOR_XMC,
     .type = TYPE_XM_A,
     .bytes = 16 * MIB,
     .typical = {40000, 200000, 300000, 60000000, 30000, 1843},
     .worst = {400000, 1600000, 2000000, 200000000, 50000, 11570}},
};
enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

const espsim_flash_part_t *espsim_flash_part_at(size_t row)
{
    return row < PART_COUNT ? &parts[row] : NULL;
}

const espsim_flash_part_t *espsim_flash_part_by_name(const char *name)
{
    for (size_t row = 0; row < PART_COUNT; row++) {
        if (strcasecmp(parts[row].name, name) == 0) {
            return &parts[row];
        }
    }
    return NULL;
}

espsim_timing_t espsim_timing_of(const espsim_flash_part_t *part, espsim_timing_set_t set, uint32_t flash_bytes)
{
    const bool worst = set == ESPSIM_TIMING_WORST;
    const espsim_part_times_t *times = worst ? &part->worst : &part->typical;
    return (espsim_timing_t){
        .erase_4k_us = times->erase_4k_us,
        .erase_32k_us = times->erase_32k_us,
        .erase_64k_us = times->erase_64k_us,
        .erase_chip_us = (uint32_t)((uint64_t)times->erase_chip_us * flash_bytes / part->bytes),
        .program_first_byte_ns = times->program_first_byte_ns,
        .program_next_byte_ns = times->program_next_byte_ns,
        .read_ns_per_byte = READ_NS_PER_BYTE, /* 8 bits at 10 MHz, and commands around every 64 bytes */
        .boot_ms = BOOT_MS,
        .chip_percent = worst ? WORST_CHIP_PERCENT : 0,
        .instant = set == ESPSIM_TIMING_INSTANT,
    };
}

espsim_timing_t espsim_timing_typical(void)
{
    return espsim_timing_of(&parts[0], ESPSIM_TIMING_TYPICAL, parts[0].bytes);
}
