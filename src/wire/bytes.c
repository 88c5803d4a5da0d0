/* SPDX-License-Identifier: Apache-2.0 */
/* Words out of bytes. */
#include "wire/bytes.h"

uint32_t reflash_get_le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
