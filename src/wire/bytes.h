/* SPDX-License-Identifier: Apache-2.0 */
/** wire: little-endian words at any alignment. */
#pragma once

#include <stdint.h>

static inline uint32_t reflash_get_le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline void reflash_put_le32(uint8_t *at, uint32_t value)
{
    for (unsigned byte = 0; byte < 4; byte++) {
        at[byte] = (uint8_t)(value >> (8 * byte));
    }
}
