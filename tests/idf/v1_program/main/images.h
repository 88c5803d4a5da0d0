/* SPDX-License-Identifier: Apache-2.0 */
/** What the target shall hold; the test writes images.c. */
#pragma once

#include <stdint.h>

typedef struct {
    const char *name;
    uint32_t flash_addr, bytes;
    const uint8_t *data;
    const uint8_t *md5; /* 32 hexadecimal digits */
} image_t;

enum { IMAGE_COUNT = 3 };

extern const image_t images[IMAGE_COUNT];
