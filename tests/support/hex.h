/* SPDX-License-Identifier: Apache-2.0 */
/** Bytes written as hexadecimal text, as the recordings have them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** Store the bytes of `hex` and return how many; spaces are ignored. Fails the test if it is no hex text or does
 *  not fit. */
size_t bytes_of_hex(const char *hex, uint8_t *bytes, size_t capacity);

/** Fails the test, showing both, unless `bytes` are those of `hex`. */
void assert_bytes(const uint8_t *bytes, size_t count, const char *hex);
