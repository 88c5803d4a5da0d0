/* SPDX-License-Identifier: Apache-2.0 */
/** What a host program has besides the library: a port, and images to send. */
#pragma once

#include "esp_loader_io.h"

enum { IMAGE_COUNT = 3 };

struct image {
    uint32_t flash_addr;
    uint32_t bytes;
    const uint8_t *data;
    const uint8_t *md5_digits; /* 32 of them */
};

extern const struct image three_images[IMAGE_COUNT];
extern esp_loader_port_t null_port;
