/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a chip's row by what the chip says of itself. */
#include "chips/chips.h"

#define ROW(name) &reflash_chip_##name,
static const reflash_chip_t *const rows[] = {REFLASH_CHIPS(ROW)};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const reflash_chip_t *reflash_chip_by_magic(uint32_t magic)
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

/* The suffix stands behind the only '-' of a name; there, digits and small letters share the bit LOWER. */
static bool is_called(const char *name, const char *suffix)
{
    enum { DASH_AT = 5, LOWER = 0x20 };
    if (name[DASH_AT] != '-') {
        return false;
    }
    const char *at = name + DASH_AT + 1;
    while (*suffix != '\0' && (*at | LOWER) == *suffix) {
        at++;
        suffix++;
    }
    return *suffix == *at; /* both at their end */
}

const reflash_chip_t *reflash_chip_by_suffix(const char *suffix)
{
    for (size_t row = 0; row < ROW_COUNT; row++) {
        if (is_called(rows[row]->name, suffix)) {
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
