/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

#include <math.h>
#include <string.h>

#include "chips/speeds.h"
#include "loader/command.h"

const char *const class_names[CLASS_COUNT] = {PATTERNS(PATTERN_NAME) "mixed"};
const unsigned pattern_weights[PATTERN_COUNT] = {PATTERNS(PATTERN_WEIGHT)};

static uint64_t random_state;

/* SplitMix64: any seed will do. */
static uint64_t random_word(void)
{
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static double between(double least, double most)
{
    return least + (most - least) * ((double)(random_word() >> 11) / 9007199254740992.0);
}

static double by_logarithm(double least, double most)
{
    return least * pow(most / least, between(0, 1));
}

static uint32_t below(uint32_t count)
{
    return (uint32_t)(random_word() % count);
}

static bool chance(double of)
{
    return between(0, 1) < of;
}

static pattern_t draw_pattern(void)
{
    unsigned ticket = below(100);
    unsigned pattern = 0;
    while (ticket >= pattern_weights[pattern]) {
        ticket -= pattern_weights[pattern++];
    }
    return (pattern_t)pattern;
}

static void scatter(bool *differs, uint32_t sectors, double share)
{
    for (uint32_t at = 0; at < sectors; at++) {
        differs[at] = chance(share);
    }
    differs[below(sectors)] = true;
}

static void draw_content(case_t *c, const image_t *image, pattern_t pattern)
{
    const uint32_t sectors = image->sectors;
    bool *differs = c->differs + image->first;
    memset(differs, 0, sectors);
    switch (pattern) {
    case CODE_CHANGE: { /* all behind it moves: half of all times more than 98.7 % of the image */
        const uint32_t equal = (uint32_t)(pow(between(0, 1), 6.26) * sectors);
        memset(differs + equal, true, sectors - equal);
        break;
    }
    case ONE_SECTOR:
        differs[below(sectors)] = true;
        break;
    case SCATTERED_1:
        scatter(differs, sectors, 0.01);
        break;
    case SCATTERED_10:
        scatter(differs, sectors, 0.1);
        break;
    case SCATTERED_50:
        scatter(differs, sectors, 0.5);
        break;
    case CLUSTERED:
        for (uint32_t clusters = 1 + below(3); clusters > 0; clusters--) {
            const uint32_t count = 1 + (uint32_t)(by_logarithm(0.01, 0.3) * sectors);
            const uint32_t from = below(sectors);
            memset(differs + from, true, count < sectors - from ? count : sectors - from);
        }
        break;
    case EVERYTHING:
    case BLANK:
        memset(differs, true, sectors);
        break;
    default:
        break;
    }
    const double packed = between(0.35, 1.0);
    for (uint32_t at = 0; at < sectors; at++) {
        const double share = packed + between(-0.1, 0.1);
        c->packed_bytes[image->first + at] = (uint16_t)(REFLASH_SECTOR_BYTES * (share < 1.002 ? share : 1.002));
    }
}

void draw_case(case_t *c, uint64_t seed)
{
    static const reflash_chip_t *const chips[] = {&reflash_chip_esp32,   &reflash_chip_esp32s2, &reflash_chip_esp32s3,
                                                  &reflash_chip_esp32c3, &reflash_chip_esp32c6, &reflash_chip_esp32p4};
    static const uint32_t bauds[] = {115200, 230400, 460800, 921600, 1500000, 2000000};
    enum { USB_MS_MAX = 16, PROGRAM_NS = 3360, SECTOR_US = 45000, BLOCK_US = 150000 };

    random_state = seed;
    c->chip = chips[below(sizeof(chips) / sizeof(chips[0]))];
    c->baud = bauds[below(sizeof(bauds) / sizeof(bauds[0]))];
    c->byte_us = 1e7 / c->baud;
    const double latency_ms = by_logarithm(1, 200);
    c->turnaround_us = latency_ms * 1000;
    c->told_ms = latency_ms > USB_MS_MAX ? (uint32_t)(latency_ms * between(0.8, 1.2)) : 0;
    const double clock = by_logarithm(0.7, 1.4);
    for (unsigned stub = 0; stub < 2; stub++) {
        const reflash_speeds_t *speeds = reflash_speeds(c->chip, stub == 1);
        c->md5_us[stub] = speeds->md5_ns * 1e-3 * clock * by_logarithm(0.9, 1.1);
        c->inflate_us[stub] = speeds->inflate_ns * 1e-3 * clock * by_logarithm(0.9, 1.1);
    }
    const double worn = by_logarithm(1, 4);
    c->program_us = PROGRAM_NS * 1e-3 * REFLASH_SECTOR_BYTES * by_logarithm(0.8, 2);
    c->erase_sector_us = SECTOR_US * worn * by_logarithm(0.8, 1.25);
    c->erase_block_us = BLOCK_US * worn * by_logarithm(0.8, 1.25);
    c->stub_bytes = between(3500, 8000);
    c->stub = chance(0.75);
    c->packed = chance(0.8);
    c->image_count = 1 + below(IMAGES_MAX);
    const bool alike = chance(0.5);
    const pattern_t pattern = draw_pattern();
    c->blank = pattern == BLANK;
    c->class = alike || c->blank || c->image_count == 1 ? pattern : MIXED;
    uint32_t first = below(REFLASH_SECTORS_PER_BLOCK);
    for (unsigned at = 0; at < c->image_count; at++) {
        image_t *image = &c->images[at];
        image->sectors = (uint32_t)by_logarithm(1, SECTORS_MAX + 0.999);
        first = image->sectors < REFLASH_SECTORS_PER_BLOCK ? first : (first + 15) / 16 * 16; /* as applications are */
        image->first = first;
        first += image->sectors;
        pattern_t own = c->class == MIXED ? draw_pattern() : pattern;
        draw_content(c, image, own == BLANK && !c->blank ? EVERYTHING : own);
    }
}
