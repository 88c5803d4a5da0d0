/* SPDX-License-Identifier: Apache-2.0 */
/* A run of compressed sectors as one zlib stream (RFC 1950). Nothing of it is in memory: it is put together from
 * units, which are the two bytes in front, the sectors' pieces and what ends it. */
#include <string.h>

#include "reflash_bundle.h"

#define ADLER32_PRIME 65521u

enum { HEAD_BYTES = 2, TAIL_BYTES = 6 };

/* What a unit adds to a block. */
typedef struct {
    uint32_t bytes;
    uint8_t xor_byte;
    const uint8_t *text;            /* of head and tail; NULL: a piece */
    reflash_bundle_sector_t sector; /* of a piece */
} unit_t;

static uint32_t unit_count(const reflash_run_t *run)
{
    return run->_state.sector_count + 2;
}

/* The tail is known when all pieces were in a block. */
static reflash_bundle_error_t get_unit(reflash_run_t *run, uint32_t unit_index, unit_t *unit)
{
    uint8_t *text = run->_state.head_and_tail;
    unit->bytes = HEAD_BYTES;
    if (unit_index > 0) {
        if (unit_index <= run->_state.sector_count) {
            const reflash_bundle_error_t err = reflash_bundle_sector(
                run->_state.bundle, run->_state.image, run->_state.first_sector + unit_index - 1, &unit->sector);
            unit->text = NULL;
            unit->bytes = unit->sector.packed_bytes;
            unit->xor_byte = unit->sector.packed_xor;
            if (err == REFLASH_BUNDLE_GOOD && unit_index == 1 && !unit->sector.starts_group) {
                return REFLASH_BUNDLE_NOT_THERE;
            }
            return err;
        }
        text += HEAD_BYTES;
        unit->bytes = TAIL_BYTES;
        uint32_t adler32 = run->_state.adler32;
        for (unsigned byte = TAIL_BYTES; byte > TAIL_BYTES - 4; adler32 >>= 8) {
            text[--byte] = (uint8_t)adler32;
        }
    }
    unit->text = text;
    unit->xor_byte = 0;
    for (uint32_t at = 0; at < unit->bytes; at++) {
        unit->xor_byte ^= text[at];
    }
    return REFLASH_BUNDLE_GOOD;
}

/* --- Public ------------------------------------------------------------------------------------------------------ */

uint32_t reflash_adler32_join(uint32_t first, uint32_t second, uint32_t second_bytes)
{
    /* `a` begins with 1 in both, and in the second's `b` that 1 is counted for each byte. */
    const uint32_t first_a = first & 0xFFFF;
    const uint32_t a = first_a + (second & 0xFFFF) + ADLER32_PRIME - 1;
    /* At most 65520 * 65535 + 3 * 65535, which 32 bits hold. */
    const uint32_t bytes = second_bytes % ADLER32_PRIME;
    const uint32_t b = bytes * first_a + (first >> 16) + (second >> 16) + ADLER32_PRIME - bytes;
    return b % ADLER32_PRIME << 16 | a % ADLER32_PRIME;
}

reflash_bundle_error_t reflash_run_next_block(reflash_run_t *run)
{
    if (run->_state.block_end == unit_count(run)) {
        return REFLASH_BUNDLE_NOT_THERE;
    }
    run->_state.unit = run->_state.block_end;
    if (run->_state.block_end == 0) {
        run->_state.adler32 = 1;
    }
    run->_state.unit_offset = 0;
    run->block_bytes = 0;
    run->block_xor = 0;
    while (run->_state.block_end < unit_count(run)) {
        unit_t unit;
        const reflash_bundle_error_t err = get_unit(run, run->_state.block_end, &unit);
        if (err != REFLASH_BUNDLE_GOOD) {
            return err;
        }
        if (unit.bytes > run->_state.block_bytes_max - run->block_bytes) {
            break;
        }
        if (unit.text == NULL) {
            run->_state.adler32 = reflash_adler32_join(run->_state.adler32, unit.sector.adler32, unit.sector.bytes);
        }
        run->block_bytes += unit.bytes;
        run->block_xor ^= unit.xor_byte;
        run->_state.block_end++;
    }
    run->_state.block_left_bytes = run->block_bytes;
    return REFLASH_BUNDLE_GOOD;
}

reflash_bundle_error_t reflash_run_begin(reflash_run_t *run, const reflash_bundle_t *bundle,
                                         const reflash_bundle_image_t *image, uint32_t first_sector,
                                         uint32_t sector_count, uint32_t block_bytes_max)
{
    if (!bundle->has_packed || sector_count - 1 >= reflash_bundle_sector_count(image) ||
        block_bytes_max < REFLASH_PACKED_BYTES_MAX) {
        return REFLASH_BUNDLE_NOT_THERE;
    }
    *run =
        (reflash_run_t){._state = {.bundle = bundle,
                                   .image = image,
                                   .first_sector = first_sector,
                                   .sector_count = sector_count,
                                   .block_bytes_max = block_bytes_max,
                                   .head_and_tail = {
                                       0x78, /* 32 KiB window, ... */
                                       0xDA, /* ... highest compression */
                                       0x03, /* a last block, fixed codes, with nothing but its end in another byte */
                                   }}};
    do {
        const reflash_bundle_error_t err = reflash_run_next_block(run);
        if (err != REFLASH_BUNDLE_GOOD) {
            return err;
        }
        run->stream_bytes += run->block_bytes;
        run->block_count++;
    } while (run->_state.block_end < unit_count(run));
    run->_state.block_end = 0;
    run->_state.block_left_bytes = 0;
    return REFLASH_BUNDLE_GOOD;
}

reflash_bundle_error_t reflash_run_read(reflash_run_t *run, uint8_t *buf, uint32_t bytes)
{
    if (bytes > run->_state.block_left_bytes) {
        return REFLASH_BUNDLE_NOT_THERE;
    }
    run->_state.block_left_bytes -= bytes;
    while (bytes > 0) {
        unit_t unit;
        const reflash_bundle_error_t err = get_unit(run, run->_state.unit, &unit);
        if (err != REFLASH_BUNDLE_GOOD) {
            return err;
        }
        const uint32_t left = unit.bytes - run->_state.unit_offset;
        const uint32_t part = bytes < left ? bytes : left;
        if (unit.text == NULL) {
            const reflash_source_t *source = &run->_state.bundle->source;
            if (!source->read(source->context, unit.sector._state.packed_offset + run->_state.unit_offset, buf, part)) {
                return REFLASH_BUNDLE_UNREADABLE;
            }
        } else {
            memcpy(buf, unit.text + run->_state.unit_offset, part);
        }
        buf += part;
        bytes -= part;
        run->_state.unit_offset += part;
        if (run->_state.unit_offset == unit.bytes) {
            run->_state.unit++;
            run->_state.unit_offset = 0;
        }
    }
    return REFLASH_BUNDLE_GOOD;
}
