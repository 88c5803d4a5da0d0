/* SPDX-License-Identifier: Apache-2.0 */
/** What a target prints as it boots, understood: bytes in, finding out. Knows no clock and no port. */
#pragma once

#include <stdint.h>

#include "reflash_boot.h"

enum { REFLASH_BOOT_TEXT_PATTERNS = 15 };

/** All 0: nothing was heard since the reset. */
typedef struct reflash_boot_text {
    uint32_t strapping;                          /* the number behind the last "boot:0x"; 0 before */
    uint32_t heard, unreadable;                  /* bytes */
    uint32_t resets;                             /* banners */
    uint8_t mode;                                /* the last one that the chip told, reflash_boot_t ... */
    uint8_t trouble;                             /* ... and the heaviest complaint */
    uint8_t capture;                             /* what the digits or letters of now belong to */
    uint32_t chip;                               /* 'c' << 8 | '3' of "ESP-ROM:esp32c3-..." */
    uint8_t matched[REFLASH_BOOT_TEXT_PATTERNS]; /* characters of each pattern */
} reflash_boot_text_t;

void reflash_boot_text_push(reflash_boot_text_t *text, uint8_t byte);

/** What all that was pushed amounts to. */
reflash_boot_t reflash_boot_text_finding(const reflash_boot_text_t *text);
