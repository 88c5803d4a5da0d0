/* SPDX-License-Identifier: Apache-2.0 */
/** cases: random jobs, and what the plan does not know of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "chips/chips.h"
#include "reflash/plan.h"

enum {
    IMAGES_MAX = 4,
    SECTORS_MAX = 1024, /* of an image */
    FLASH_SECTORS = IMAGES_MAX * (SECTORS_MAX + REFLASH_SECTORS_PER_BLOCK) + 1
};

/** What changed since the target was written last, how it is called, and in how many of 100 cases. */
#define PATTERNS(X)                                                                                                    \
    X(CODE_CHANGE, "code change", 28)                                                                                  \
    X(UNCHANGED, "unchanged", 26)                                                                                      \
    X(ONE_SECTOR, "one sector", 8)                                                                                     \
    X(SCATTERED_1, "1 % scattered", 5)                                                                                 \
    X(SCATTERED_10, "10 % scattered", 5)                                                                               \
    X(SCATTERED_50, "50 % scattered", 5)                                                                               \
    X(CLUSTERED, "clustered", 7)                                                                                       \
    X(EVERYTHING, "everything", 8)                                                                                     \
    X(BLANK, "blank", 8)
#define PATTERN_ID(id, name, weight) id,
#define PATTERN_NAME(id, name, weight) name,
#define PATTERN_WEIGHT(id, name, weight) weight,
typedef enum { PATTERNS(PATTERN_ID) PATTERN_COUNT, MIXED = PATTERN_COUNT, CLASS_COUNT } pattern_t;

extern const char *const class_names[CLASS_COUNT];
extern const unsigned pattern_weights[PATTERN_COUNT];

typedef struct {
    uint32_t first, sectors; /* its first, and how many */
} image_t;

/** A job: what it meets, and what it is to write. Sectors are counted from the flash's first. */
typedef struct {
    const reflash_chip_t *chip;
    uint32_t baud, told_ms;          /* what the host knows of the line */
    double byte_us, turnaround_us;   /* the line */
    double md5_us[2], inflate_us[2]; /* a byte; by the ROM, by the stub */
    double program_us;               /* a sector */
    double erase_sector_us, erase_block_us;
    double stub_bytes; /* to upload */
    bool stub, packed; /* may be used */
    bool blank;        /* the flash is */
    unsigned class;
    unsigned image_count;
    image_t images[IMAGES_MAX];
    bool differs[FLASH_SECTORS];
    uint16_t packed_bytes[FLASH_SECTORS];
} case_t;

/** The case of a seed is that seed's alone. */
void draw_case(case_t *c, uint64_t seed);
