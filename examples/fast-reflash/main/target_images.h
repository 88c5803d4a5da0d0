/* SPDX-License-Identifier: Apache-2.0 */
/** What each chip shall hold. Written during the build from the folder images/, by cmake/embed_images.cmake of the component. */
#pragma once

#include "reflash.h"

enum { TARGET_IMAGES_MAX = 8 }; /* of a chip; with more the build stops */

typedef struct {
    const char *title; /* NULL: there are no more */
    const reflash_image_t *image;
} titled_image_t;

typedef struct {
    target_chip_t chip;
    titled_image_t images[TARGET_IMAGES_MAX + 1];
} target_images_t;

extern const target_images_t target_images[];
extern const uint32_t target_images_count;
