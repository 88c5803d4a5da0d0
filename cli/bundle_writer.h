/* SPDX-License-Identifier: Apache-2.0 */
/** bundle_writer: makes a bundle (docs/bundle-format.md) from images in memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inputs.h"

#define BUNDLE_IMAGES_MAX 64u

/** What the images do not tell, or not each of them. */
typedef struct {
    uint16_t chip_id;                    /*!< As in image headers; 0xFFFF: ESP8266. */
    uint8_t flash_mode, flash_size_freq; /*!< As in image headers; 0xFF: not told. */
    bool plain, packed;                  /*!< What hosts shall be able to send; at least one. */
} bundle_facts_t;

typedef struct {
    uint8_t *data;
    uint32_t bytes;
} bundle_t;

/** Make the bundle of all images of `in`: 1 to BUNDLE_IMAGES_MAX of them. The same arguments give the same bytes with
 *  the same zlib. `packed_bytes`, unless NULL, has in->count elements and gets the size of each image's pieces.
 *  Free `data` of what is returned. Ends the process if the host has no memory left. */
bundle_t bundle_make(const inputs_t *in, const bundle_facts_t *facts, uint32_t *packed_bytes);
