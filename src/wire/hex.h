/* SPDX-License-Identifier: Apache-2.0 */
/** wire: numbers that are sent as text. */
#pragma once

#include <stdint.h>

/** The value of a hexadecimal digit in ASCII, any case; 16 for anything else. */
uint8_t reflash_hex_value(uint8_t digit);
