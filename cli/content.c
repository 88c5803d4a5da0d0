/* SPDX-License-Identifier: Apache-2.0 */
#include "content.h"

#include <libdeflate.h>
#include <mbedtls/md.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inputs_support.h"

static const content_t *content_of(const reflash_bundle_t *bundle)
{
    return (const content_t *)(const void *)((const char *)bundle - offsetof(content_t, bundle));
}

static const reflash_image_t *image_of(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image)
{
    const inputs_t *in = content_of(bundle)->in;
    uint32_t at = 0;
    while (in->images[at].flash_addr != image->flash_addr) {
        at++;
    }
    return &in->images[at];
}

static reflash_bundle_error_t get_image(const reflash_bundle_t *bundle, uint16_t index, reflash_bundle_image_t *image)
{
    const content_t *content = content_of(bundle);
    const inputs_t *in = content->in;
    const uint32_t at = content->chosen != NULL ? content->chosen[index] : index;
    const reflash_image_t *from = &in->images[at];
    *image = (reflash_bundle_image_t){.flash_addr = from->flash_addr, .bytes = from->bytes, .kind = from->kind};
    (void)snprintf(image->name, sizeof(image->name), "%s", in->names[at]);
    memcpy(image->md5, from->md5, sizeof(image->md5));
    return REFLASH_BUNDLE_GOOD;
}

static reflash_bundle_error_t hash(const uint8_t *data, uint32_t bytes, uint8_t md5[16])
{
    return mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data, bytes, md5) == 0 ? REFLASH_BUNDLE_GOOD
                                                                                        : REFLASH_BUNDLE_UNREADABLE;
}

static uint32_t bytes_from(const reflash_image_t *image, uint32_t offset, uint32_t at_most)
{
    const uint32_t left_bytes = image->bytes - offset;
    return left_bytes < at_most ? left_bytes : at_most;
}

static reflash_bundle_error_t get_sector(const reflash_bundle_t *bundle, const reflash_bundle_image_t *of,
                                         uint32_t index, reflash_bundle_sector_t *sector)
{
    enum { XOR_BYTES = 1024 };
    const reflash_image_t *image = image_of(bundle, of);
    const uint32_t offset = index * REFLASH_SECTOR_BYTES;
    const uint8_t *data = image->data + offset;
    *sector = (reflash_bundle_sector_t){.bytes = (uint16_t)bytes_from(image, offset, REFLASH_SECTOR_BYTES),
                                        .starts_group = true};
    for (uint32_t at = 0; at < sector->bytes; at++) {
        sector->plain_xor[at / XOR_BYTES] ^= data[at];
    }
    return hash(data, sector->bytes, sector->md5);
}

static reflash_bundle_error_t get_block_md5(const reflash_bundle_t *bundle, const reflash_bundle_image_t *of,
                                            uint32_t index, uint8_t md5[16])
{
    const reflash_image_t *image = image_of(bundle, of);
    const uint32_t in_front = image->flash_addr % REFLASH_BLOCK_BYTES;
    const uint32_t from = index == 0 ? 0 : index * REFLASH_BLOCK_BYTES - in_front;
    const uint32_t bytes = bytes_from(image, from, REFLASH_BLOCK_BYTES - (index == 0 ? in_front : 0));
    return hash(image->data + from, bytes, md5);
}

static reflash_bundle_error_t get_plain(const reflash_bundle_t *bundle, const reflash_bundle_image_t *of,
                                        uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    memcpy(buf, image_of(bundle, of)->data + offset, bytes);
    return REFLASH_BUNDLE_GOOD;
}

/* --- A compressed run -------------------------------------------------------------------------------------------- */

/* How a stream is cut up. A stub of the later generation erases only when it has something to unpack, and with each block
 * at most one sector ahead. So it is given a few bytes first, and short runs by as many blocks as they have sectors: it
 * erases one while the next comes. Each block costs a round trip, which is dearer than an erase where a network lies in
 * between. Mask ROMs, which take smaller blocks, have erased by then. */
static void cut(content_packed_t *packed, bool near, uint32_t stream_bytes, uint32_t sectors, uint32_t block_bytes_max)
{
    enum { ROM_BLOCK_BYTES = 0x1800, FEW_BYTES = 16, LEAST_BYTES = 512 };
    packed->first_bytes = packed->block_bytes = block_bytes_max;
    if (near && block_bytes_max > ROM_BLOCK_BYTES && stream_bytes > LEAST_BYTES) {
        packed->first_bytes = FEW_BYTES;
        if (stream_bytes <= block_bytes_max) {
            const uint32_t bytes = stream_bytes / sectors + 1;
            packed->block_bytes = bytes > LEAST_BYTES ? bytes : LEAST_BYTES;
        }
    }
}

/* Into packed->stream. Level 10 is the first that looks for the best way to cut up the data: 2 % less than zlib makes of a
 * program at its best, in about the same time. Higher ones only take longer. */
static size_t compress(content_packed_t *packed, const uint8_t *data, uint32_t bytes)
{
    enum { LEVEL = 10 };

    struct libdeflate_compressor *compressor = inputs_need(libdeflate_alloc_compressor(LEVEL));
    const size_t capacity = libdeflate_zlib_compress_bound(compressor, bytes);
    free(packed->stream);
    packed->stream = inputs_need(malloc(capacity));
    const size_t stream_bytes = libdeflate_zlib_compress(compressor, data, bytes, packed->stream, capacity);
    libdeflate_free_compressor(compressor);
    return stream_bytes;
}

static reflash_bundle_error_t begin_run(reflash_run_t *run, const reflash_bundle_t *bundle,
                                        const reflash_bundle_image_t *of, uint32_t first_sector, uint32_t sector_count,
                                        uint32_t block_bytes_max)
{
    content_packed_t *packed = content_of(bundle)->packed;
    const reflash_image_t *image = image_of(bundle, of);
    const uint32_t offset = first_sector * REFLASH_SECTOR_BYTES;
    const uint32_t bytes = bytes_from(image, offset, sector_count * REFLASH_SECTOR_BYTES);
    const size_t stream_bytes = compress(packed, image->data + offset, bytes);
    cut(packed, content_of(bundle)->near, (uint32_t)stream_bytes, sector_count, block_bytes_max);
    const uint32_t rest_bytes = stream_bytes > packed->first_bytes ? (uint32_t)stream_bytes - packed->first_bytes : 0;
    *run = (reflash_run_t){.stream_bytes = (uint32_t)stream_bytes,
                           .block_count = 1 + (rest_bytes + packed->block_bytes - 1) / packed->block_bytes,
                           ._state = {.bundle = bundle, .block_bytes_max = packed->block_bytes}};
    return REFLASH_BUNDLE_GOOD;
}

/* Of a run's private numbers `block_end` is the offset behind the block in the stream, `unit_offset` that of what is
 * read next. */
static reflash_bundle_error_t next_block(reflash_run_t *run)
{
    const content_packed_t *packed = content_of(run->_state.bundle)->packed;
    const uint8_t *stream = packed->stream;
    const uint32_t from = run->_state.block_end;
    const uint32_t left_bytes = run->stream_bytes - from;
    const uint32_t most_bytes = from == 0 ? packed->first_bytes : packed->block_bytes;
    run->block_bytes = left_bytes < most_bytes ? left_bytes : most_bytes;
    run->block_xor = 0;
    for (uint32_t at = 0; at < run->block_bytes; at++) {
        run->block_xor ^= stream[from + at];
    }
    run->_state.unit_offset = from;
    run->_state.block_end = from + run->block_bytes;
    return left_bytes > 0 ? REFLASH_BUNDLE_GOOD : REFLASH_BUNDLE_NOT_THERE;
}

static reflash_bundle_error_t read_run(reflash_run_t *run, uint8_t *buf, uint32_t bytes)
{
    memcpy(buf, content_of(run->_state.bundle)->packed->stream + run->_state.unit_offset, bytes);
    run->_state.unit_offset += bytes;
    return REFLASH_BUNDLE_GOOD;
}

/* --- Public ------------------------------------------------------------------------------------------------------ */

void content_init_chosen(content_t *content, const inputs_t *in, const uint32_t *chosen, uint32_t count,
                         uint16_t chip_id)
{
    static const reflash_content_ops_t ops = {.image = get_image,
                                              .sector = get_sector,
                                              .block_md5 = get_block_md5,
                                              .plain = get_plain,
                                              .run_begin = begin_run,
                                              .run_next_block = next_block,
                                              .run_read = read_run};
    const reflash_image_t *last = &in->images[chosen != NULL ? chosen[count - 1] : count - 1];
    const uint32_t end = last->flash_addr + last->bytes;
    *content = (content_t){
        .content = {.ops = &ops, .bundle = &content->bundle},
        .bundle = {.flash_bytes = (end + REFLASH_SECTOR_BYTES - 1) / REFLASH_SECTOR_BYTES * REFLASH_SECTOR_BYTES,
                   .chip_id = chip_id,
                   .image_count = (uint16_t)count,
                   .has_plain = true,
                   .has_packed = true},
        .in = in,
        .chosen = chosen,
        .packed = inputs_need(calloc(1, sizeof(content_packed_t)))};
}

void content_init(content_t *content, const inputs_t *in, uint16_t chip_id)
{
    content_init_chosen(content, in, NULL, in->count, chip_id);
}

void content_free(content_t *content)
{
    if (content->packed != NULL) {
        free(content->packed->stream);
    }
    free(content->packed);
    content->packed = NULL;
}
