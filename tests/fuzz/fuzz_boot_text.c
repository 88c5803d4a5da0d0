/* SPDX-License-Identifier: Apache-2.0 */
/* What a target prints: any bytes give one of the findings. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/boot_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reflash_boot_text_t text;
    memset(&text, 0, sizeof(text));
    for (size_t at = 0; at < size; at++) {
        reflash_boot_text_push(&text, data[at]);
        if (text.unreadable > text.heard) {
            abort();
        }
    }
    if ((unsigned)reflash_boot_text_finding(&text) > REFLASH_BOOT_BROWN_OUT) {
        abort();
    }
    return 0;
}
