/* SPDX-License-Identifier: Apache-2.0 */
/** What each chip shall hold, as a bundle. Written during the build from the folder images/, by cmake/embed_images.cmake of
 *  the component. */
#pragma once

#include "reflash.h"

typedef struct {
    target_chip_t chip;
    const uint8_t *bundle;
    const uint32_t *bundle_bytes;
} target_bundle_t;

extern const target_bundle_t target_bundles[];
extern const uint32_t target_bundles_count;
