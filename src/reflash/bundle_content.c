/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle as the content of a job. */
#include "esp_loader_io.h"
#include "reflash_engine.h"

static const reflash_bundle_t *bundle_of(reflash_content_t *content)
{
    return &container_of(content, reflash_bundle_content_t, content)->bundle;
}

static bool image(reflash_content_t *content, uint16_t index, reflash_bundle_image_t *out)
{
    return reflash_bundle_image(bundle_of(content), index, out) == REFLASH_BUNDLE_GOOD;
}

static bool sector(reflash_content_t *content, const reflash_bundle_image_t *of, uint32_t index,
                   reflash_bundle_sector_t *out)
{
    return reflash_bundle_sector(bundle_of(content), of, index, out) == REFLASH_BUNDLE_GOOD;
}

static bool block_md5(reflash_content_t *content, const reflash_bundle_image_t *of, uint32_t index, uint8_t md5[16])
{
    return reflash_bundle_block_md5(bundle_of(content), of, index, md5) == REFLASH_BUNDLE_GOOD;
}

static bool plain(reflash_content_t *content, const reflash_bundle_image_t *of, uint32_t offset, uint8_t *buf,
                  uint32_t bytes)
{
    return reflash_bundle_plain(bundle_of(content), of, offset, buf, bytes) == REFLASH_BUNDLE_GOOD;
}

static bool run_begin(reflash_content_t *content, const reflash_bundle_image_t *of, uint32_t first_sector,
                      uint32_t sector_count, uint32_t block_bytes_max, reflash_run_t *run)
{
    return reflash_run_begin(run, bundle_of(content), of, first_sector, sector_count, block_bytes_max) ==
           REFLASH_BUNDLE_GOOD;
}

static bool run_next_block(reflash_content_t *content, reflash_run_t *run)
{
    (void)content;
    return reflash_run_next_block(run) == REFLASH_BUNDLE_GOOD;
}

static bool run_read(reflash_content_t *content, reflash_run_t *run, uint8_t *buf, uint32_t bytes)
{
    (void)content;
    return reflash_run_read(run, buf, bytes) == REFLASH_BUNDLE_GOOD;
}

void reflash_bundle_content(reflash_bundle_content_t *content, const reflash_bundle_t *bundle)
{
    static const reflash_content_ops_t all = {image, sector, block_md5, plain, run_begin, run_next_block, run_read};
    *content = (reflash_bundle_content_t){
        .content = {&content->_ops, bundle->flash_bytes, bundle->chip_id, bundle->image_count},
        .bundle = *bundle,
        ._ops = all,
    };
    if (!bundle->has_plain) {
        content->_ops.plain = NULL;
    }
    if (!bundle->has_packed) {
        content->_ops.run_begin = NULL;
    }
}
