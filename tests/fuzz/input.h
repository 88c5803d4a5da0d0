/* SPDX-License-Identifier: Apache-2.0 */
/** What a fuzzer's bytes are turned into: numbers and slices, taken from the front; 0 when they run out. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *at;
    size_t left;
} input_t;

static inline uint8_t input_byte(input_t *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->at++;
}

static inline uint32_t input_word(input_t *input)
{
    uint32_t value = 0;
    for (unsigned byte = 0; byte < 4; byte++) {
        value |= (uint32_t)input_byte(input) << (8 * byte);
    }
    return value;
}

/* At most `wanted` bytes. */
static inline const uint8_t *input_slice(input_t *input, size_t wanted, size_t *bytes)
{
    const uint8_t *slice = input->at;
    *bytes = wanted < input->left ? wanted : input->left;
    input->at += *bytes;
    input->left -= *bytes;
    return slice;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
