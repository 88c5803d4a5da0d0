/* SPDX-License-Identifier: Apache-2.0 */
/** What the target shall hold: a bundle as `reflash pack --c-array` writes it, made during the build. */
#pragma once

#include <stdint.h>

extern const uint8_t bundle[];
extern const uint32_t bundle_bytes;
