/* SPDX-License-Identifier: Apache-2.0 */
/** Flash parts: what they say they are, and how long they take. docs/espsim.md tells where each number is from. */
#pragma once

#include "espsim.h"

typedef enum {
    ESPSIM_TIMING_TYPICAL, /* of a new part */
    ESPSIM_TIMING_WORST,   /* the maxima of its data sheet, and a chip as slow as flashers still allow */
    ESPSIM_TIMING_INSTANT, /* only the wires take time */
} espsim_timing_set_t;

/** The part of this name ("w25q32jv", any case), or NULL. */
const espsim_flash_part_t *espsim_flash_part_by_name(const char *name);
/** The parts one by one; NULL behind the last. */
const espsim_flash_part_t *espsim_flash_part_at(size_t row);

/** How long such a part takes when it has `flash_bytes`: erasing the whole is that much longer or shorter. */
espsim_timing_t espsim_timing_of(const espsim_flash_part_t *part, espsim_timing_set_t set, uint32_t flash_bytes);
