/* SPDX-License-Identifier: Apache-2.0 */
#include "content.h"

#include <mbedtls/md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "esp_loader_io.h"

static content_t *content_of(reflash_content_t *content)
{
    return container_of(content, content_t, content);
}

static const reflash_image_t *image_of(reflash_content_t *content, const reflash_bundle_image_t *image)
{
    const inputs_t *in = content_of(content)->in;
    uint32_t at = 0;
    while (in->images[at].flash_addr != image->flash_addr) {
        at++;
    }
    return &in->images[at];
}

static bool get_image(reflash_content_t *content, uint16_t index, reflash_bundle_image_t *image)
{
    const inputs_t *in = content_of(content)->in;
    const reflash_image_t *from = &in->images[index];
    *image = (reflash_bundle_image_t){.flash_addr = from->flash_addr, .bytes = from->bytes, .kind = from->kind};
    (void)snprintf(image->name, sizeof(image->name), "%s", in->names[index]);
    memcpy(image->md5, from->md5, sizeof(image->md5));
    return true;
}

static uint32_t bytes_from(const reflash_image_t *image, uint32_t offset, uint32_t at_most)
{
    const uint32_t left_bytes = image->bytes - offset;
    return left_bytes < at_most ? left_bytes : at_most;
}

static bool get_sector(reflash_content_t *content, const reflash_bundle_image_t *of, uint32_t index,
                       reflash_bundle_sector_t *sector)
{
    enum { XOR_BYTES = 1024 };
    const reflash_image_t *image = image_of(content, of);
    const uint32_t offset = index * REFLASH_SECTOR_BYTES;
    const uint8_t *data = image->data + offset;
    *sector = (reflash_bundle_sector_t){.bytes = (uint16_t)bytes_from(image, offset, REFLASH_SECTOR_BYTES),
                                        .starts_group = true};
    for (uint32_t at = 0; at < sector->bytes; at++) {
        sector->plain_xor[at / XOR_BYTES] ^= data[at];
    }
    return mbedtls_md5_ret(data, sector->bytes, sector->md5) == 0;
}

static bool get_block_md5(reflash_content_t *content, const reflash_bundle_image_t *of, uint32_t index, uint8_t md5[16])
{
    const reflash_image_t *image = image_of(content, of);
    const uint32_t in_front = image->flash_addr % REFLASH_BLOCK_BYTES;
    const uint32_t from = index == 0 ? 0 : index * REFLASH_BLOCK_BYTES - in_front;
    const uint32_t bytes = bytes_from(image, from, REFLASH_BLOCK_BYTES - (index == 0 ? in_front : 0));
    return mbedtls_md5_ret(image->data + from, bytes, md5) == 0;
}

static bool get_plain(reflash_content_t *content, const reflash_bundle_image_t *of, uint32_t offset, uint8_t *buf,
                      uint32_t bytes)
{
    memcpy(buf, image_of(content, of)->data + offset, bytes);
    return true;
}

/* --- A compressed run -------------------------------------------------------------------------------------------- */

static bool begin_run(reflash_content_t *content, const reflash_bundle_image_t *of, uint32_t first_sector,
                      uint32_t sector_count, uint32_t block_bytes_max, reflash_run_t *run)
{
    content_t *own = content_of(content);
    const reflash_image_t *image = image_of(content, of);
    const uint32_t offset = first_sector * REFLASH_SECTOR_BYTES;
    const uint32_t bytes = bytes_from(image, offset, sector_count * REFLASH_SECTOR_BYTES);
    uLongf stream_bytes = compressBound(bytes);
    free(own->stream);
    own->stream = malloc(stream_bytes);
    if (own->stream == NULL ||
        compress2(own->stream, &stream_bytes, image->data + offset, bytes, Z_BEST_COMPRESSION) != Z_OK) {
        return false;
    }
    *run = (reflash_run_t){.stream_bytes = (uint32_t)stream_bytes,
                           .image_bytes = bytes,
                           .block_count = (uint32_t)((stream_bytes - 1) / block_bytes_max + 1),
                           ._state = {.block_bytes_max = block_bytes_max}};
    own->stream_bytes = run->stream_bytes;
    return true;
}

static bool next_block(reflash_content_t *content, reflash_run_t *run)
{
    const content_t *own = content_of(content);
    run->_state.block_end += run->block_bytes; /* offset of the block in the stream */
    run->_state.unit_offset = run->_state.block_end;
    const uint32_t left_bytes = own->stream_bytes - run->_state.block_end;
    run->block_bytes = left_bytes < run->_state.block_bytes_max ? left_bytes : run->_state.block_bytes_max;
    run->block_xor = 0;
    for (uint32_t at = 0; at < run->block_bytes; at++) {
        run->block_xor ^= own->stream[run->_state.block_end + at];
    }
    return left_bytes > 0;
}

static bool read_run(reflash_content_t *content, reflash_run_t *run, uint8_t *buf, uint32_t bytes)
{
    memcpy(buf, content_of(content)->stream + run->_state.unit_offset, bytes);
    run->_state.unit_offset += bytes;
    return true;
}

/* --- Public ------------------------------------------------------------------------------------------------------ */

void content_init(content_t *content, const inputs_t *in, uint16_t chip_id)
{
    static const reflash_content_ops_t ops = {get_image, get_sector, get_block_md5, get_plain,
                                              begin_run, next_block, read_run};
    const reflash_image_t *last = &in->images[in->count - 1];
    const uint32_t end = last->flash_addr + last->bytes;
    *content = (content_t){
        .content = {.ops = &ops,
                    .flash_bytes = (end + REFLASH_SECTOR_BYTES - 1) / REFLASH_SECTOR_BYTES * REFLASH_SECTOR_BYTES,
                    .chip_id = chip_id,
                    .image_count = (uint16_t)in->count},
        .in = in};
}

void content_free(content_t *content)
{
    free(content->stream);
    content->stream = NULL;
}
