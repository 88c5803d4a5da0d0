/* SPDX-License-Identifier: Apache-2.0 */
/** What the target shall hold. Written during the build from an ESP-IDF build folder, by cmake/embed_images.cmake. */
#pragma once

#include "reflash.h"

extern const reflash_image_t bootloader_image, partition_table_image, application_image;
