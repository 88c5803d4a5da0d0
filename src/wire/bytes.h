/* SPDX-License-Identifier: Apache-2.0 */
/** wire: little-endian words. */
#pragma once

#include <stdint.h>

/** The word at any alignment. Not inline: made of bytes it is long where the processor wants words aligned. */
uint32_t reflash_get_le32(const uint8_t *at);

/** `word` with the bytes that it has in memory taken for little-endian; the same way back. Costs nothing where that is
 *  the processor's own order. */
static inline uint32_t reflash_le32(uint32_t word)
{
    const uint8_t *at = (const uint8_t *)&word;
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
