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

static reflash_bundle_error_t get_unit(const reflash_run_t *run, uint32_t unit_index, unit_t *unit)
{
    const uint8_t *text = run->_state.head_and_tail;
    unit->bytes = HEAD_BYTES;
    if (unit_index > 0) {
        if (unit_index <= run->_state.sector_count) {
            const reflash_bundle_error_t err = reflash_bundle_sector(
                run->_state.bundle, run->_state.image, run->_state.first_sector + unit_index - 1, &unit->sector);
            unit->text = NULL;
            unit->bytes = unit->sector.packed_bytes;
            unit->xor_byte = unit->sector.packed_xor;
            return err;
        }
        text += HEAD_BYTES;
        unit->bytes = TAIL_BYTES;
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
    const uint32_t first_a_less_1 = ((first & 0xFFFF) + ADLER32_PRIME - 1) % ADLER32_PRIME;
    const uint32_t a = (first_a_less_1 + (second & 0xFFFF)) % ADLER32_PRIME;
    /* At most 65520 * 65520 + 2 * 65535, which 32 bits hold. */
    const uint32_t b = (second_bytes % ADLER32_PRIME * first_a_less_1 + (first >> 16) + (second >> 16)) % ADLER32_PRIME;
    return b << 16 | a;
}

reflash_bundle_error_t reflash_run_next_block(reflash_run_t *run)
{
    if (run->_state.block_end == unit_count(run)) {
        return REFLASH_BUNDLE_NOT_THERE;
    }
    run->_state.unit = run->_state.block_end;
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
    if (!bundle->has_packed || sector_count == 0 || block_bytes_max < REFLASH_PACKED_BYTES_MAX) {
        return REFLASH_BUNDLE_NOT_THERE;
    }
    *run = (reflash_run_t){._state = {.bundle = bundle,
                                      .image = image,
                                      .first_sector = first_sector,
                                      .sector_count = sector_count,
                                      .block_bytes_max = block_bytes_max}};
    uint32_t adler32 = 1;
    for (uint32_t index = 0; index < sector_count; index++) {
        reflash_bundle_sector_t sector;
        const reflash_bundle_error_t err = reflash_bundle_sector(bundle, image, first_sector + index, &sector);
        if (err != REFLASH_BUNDLE_GOOD) {
            return err;
        }
        if (index == 0 && !sector.starts_group) {
            return REFLASH_BUNDLE_NOT_THERE;
        }
        adler32 = reflash_adler32_join(adler32, sector.adler32, sector.bytes);
        run->image_bytes += sector.bytes;
    }
    uint8_t *text = run->_state.head_and_tail;
    text[0] = 0x78; /* 32 KiB window, ... */
    text[1] = 0xDA; /* ... highest compression */
    text[2] = 0x03; /* a last block, fixed codes, ... */
    text[3] = 0x00; /* ... with nothing but its end */
    for (unsigned byte = HEAD_BYTES + TAIL_BYTES; byte > HEAD_BYTES + 2; adler32 >>= 8) {
        text[--byte] = (uint8_t)adler32;
    }
    reflash_bundle_error_t err;
    while ((err = reflash_run_next_block(run)) == REFLASH_BUNDLE_GOOD) {
        run->stream_bytes += run->block_bytes;
        run->block_count++;
    }
    run->_state.block_end = 0;
    run->_state.block_left_bytes = 0;
    return err == REFLASH_BUNDLE_NOT_THERE ? REFLASH_BUNDLE_GOOD : err;
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
