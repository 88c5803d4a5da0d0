/* SPDX-License-Identifier: Apache-2.0 */
/** bundle_reader: takes a bundle (docs/bundle-format.md) apart into the images that are in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reflash_bundle.h"

/** First bytes of a bundle. Says nothing of the rest. */
bool bundle_is_file(const uint8_t *data, size_t bytes);

/** A bundle in memory as a source: `context` of the source is `data`, which has to stay. */
reflash_source_t bundle_in_memory(const uint8_t *data, size_t bytes);

/** What is wrong with it, in words that follow "the bundle: "; no full stop. */
const char *bundle_error_text(reflash_bundle_error_t error);

typedef struct {
    reflash_bundle_image_t about; /*!< What is no printable ASCII in its name is '?'. */
    uint8_t *data;                /*!< about.bytes of them, whose MD5 is about.md5. */
} bundle_part_t;

typedef struct {
    uint16_t chip_id; /*!< As in image headers; 0xFFFF: ESP8266. */
    uint32_t count;
    bundle_part_t *parts; /*!< By ascending flash address. */
} bundle_contents_t;

/** Take all images out of a bundle: as they are, or unpacked where it has no plain data. True: the bundle's digest and
 *  that of each image are right, and all end within `flash_bytes_max`; release `contents` with bundle_contents_free().
 *  False: `why` says what is wrong, cut to `why_bytes`, no full stop, and `contents` is empty. Ends the process if the host
 *  has no memory left. */
bool bundle_read(bundle_contents_t *contents, const uint8_t *data, size_t bytes, uint32_t flash_bytes_max, char *why,
                 size_t why_bytes);
void bundle_contents_free(bundle_contents_t *contents);
