/* SPDX-License-Identifier: Apache-2.0 */
#include "recorded.h"

void recorded_block(uint8_t data[256], unsigned block)
{
    for (unsigned i = 0; i < 256; i++) {
        data[i] = (uint8_t)(7 * i + (i * i >> 4) + 31 * (block + 1));
    }
}
