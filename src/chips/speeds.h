/* SPDX-License-Identifier: Apache-2.0 */
/** chips: how fast the loaders work. For guesses in advance only: estimates, which a session replaces by what it
 *  measures. In an object of its own, so that only those link it who plan with it. */
#pragma once

#include "chips/chips.h"

/** Nanoseconds for one byte. */
typedef struct {
    uint16_t md5_ns;     /* to read and hash it */
    uint16_t inflate_ns; /* to unpack it */
} reflash_speeds_t;

/** Those of the mask ROM, or of a stub. */
const reflash_speeds_t *reflash_speeds(const reflash_chip_t *chip, bool stub);
