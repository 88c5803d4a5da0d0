/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal digits. */
#include "wire/hex.h"

uint8_t reflash_hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return (uint8_t)(digit - '0');
    }
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? (uint8_t)(digit - 'a' + 10) : 16;
}
