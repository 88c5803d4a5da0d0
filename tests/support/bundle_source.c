/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle_source.h"

#include <stdlib.h>
#include <string.h>

static bool read_memory(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    bundle_memory_t *memory = context;
    if (offset > memory->bytes || bytes > memory->bytes - offset) {
        abort();
    }
    if (++memory->reads == memory->failing_read) {
        return false;
    }
    memcpy(buf, memory->data + offset, bytes);
    return true;
}

reflash_source_t bundle_source(bundle_memory_t *memory)
{
    return (reflash_source_t){.read = read_memory, .context = memory, .bytes = memory->bytes};
}

static reflash_bundle_error_t read_run(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                       uint32_t first_sector)
{
    reflash_run_t run;
    reflash_bundle_error_t err = reflash_run_begin(
        &run, bundle, image, first_sector, reflash_bundle_sector_count(image) - first_sector, REFLASH_PACKED_BYTES_MAX);
    for (uint32_t block = 0; err == REFLASH_BUNDLE_GOOD && block < run.block_count; block++) {
        uint8_t bytes[REFLASH_PACKED_BYTES_MAX];
        err = reflash_run_next_block(&run);
        err = err == REFLASH_BUNDLE_GOOD ? reflash_run_read(&run, bytes, run.block_bytes) : err;
    }
    return err;
}

static reflash_bundle_error_t read_image(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image)
{
    uint8_t data[REFLASH_PACKED_BYTES_MAX]; /* a sector or its piece, which may be longer */
    reflash_bundle_error_t err = REFLASH_BUNDLE_GOOD;
    for (uint32_t at = 0; err == REFLASH_BUNDLE_GOOD && at < reflash_bundle_block_count(image); at++) {
        err = reflash_bundle_block_md5(bundle, image, at, data);
    }
    for (uint32_t at = 0; err == REFLASH_BUNDLE_GOOD && at < reflash_bundle_sector_count(image); at++) {
        reflash_bundle_sector_t sector;
        err = reflash_bundle_sector(bundle, image, at, &sector);
        if (err == REFLASH_BUNDLE_GOOD && bundle->has_plain) {
            err = reflash_bundle_plain(bundle, image, at * REFLASH_SECTOR_BYTES, data, sector.bytes);
        }
        if (err == REFLASH_BUNDLE_GOOD && bundle->has_packed) {
            err = reflash_bundle_packed(bundle, &sector, 0, data, sector.packed_bytes);
        }
        if (err == REFLASH_BUNDLE_GOOD && sector.starts_group) {
            err = read_run(bundle, image, at);
        }
    }
    return err;
}

reflash_bundle_error_t bundle_read_all(const reflash_bundle_t *bundle)
{
    reflash_bundle_error_t err = REFLASH_BUNDLE_GOOD;
    for (uint16_t at = 0; err == REFLASH_BUNDLE_GOOD && at < bundle->image_count; at++) {
        reflash_bundle_image_t image;
        err = reflash_bundle_image(bundle, at, &image);
        err = err == REFLASH_BUNDLE_GOOD ? read_image(bundle, &image) : err;
    }
    return err;
}
