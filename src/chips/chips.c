/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a chip's row by what the chip says of itself. */
#include "chips/chips.h"

#define ROW(name) &reflash_chip_##name,
static const reflash_chip_t *const rows[] = {REFLASH_CHIPS(ROW)};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const reflash_chip_t *reflash_chip_by_magic(uint16_t magic)
{
    for (size_t row = 0; row < ROW_COUNT; row++) {
        if (magic != 0 && rows[row]->magic == magic) {
            return rows[row];
        }
    }
    return NULL;
}

const reflash_chip_t *reflash_chip_by_id(uint32_t chip_id)
{
    enum { GET_SECURITY_INFO = 0x14 };
    for (size_t row = 0; row < ROW_COUNT; row++) {
        if (rows[row]->last_opcode >= GET_SECURITY_INFO && rows[row]->chip_id == chip_id) {
            return rows[row];
        }
    }
    return NULL;
}

/* What stands behind "ESP32-", and nothing of "ESP32", whose row is 0 there. The '6' of "ESP8266" is no suffix that a
 * chip tells. Digits and small letters share the bit LOWER. */
static uint32_t suffix_of(const reflash_chip_t *chip)
{
    enum { SUFFIX_AT = 6, LOWER = 0x20 };
    uint32_t suffix = 0;
    for (const char *at = chip->name + SUFFIX_AT; *at != '\0'; at++) {
        suffix = suffix << 8 | (uint8_t)*at | LOWER;
    }
    return suffix;
}

const reflash_chip_t *reflash_chip_by_suffix(uint32_t suffix)
{
    for (size_t row = 0; row < ROW_COUNT; row++) {
        if (suffix_of(rows[row]) == suffix) {
            return rows[row];
        }
    }
    return NULL;
}

const reflash_chip_t *reflash_chip_by_target(target_chip_t target)
{
    for (size_t row = 0; row < ROW_COUNT; row++) {
        if (rows[row]->target == (uint8_t)target) {
            return rows[row];
        }
    }
    return NULL;
}
