/* SPDX-License-Identifier: Apache-2.0 */
/* Writes bundles: first all sectors' pieces and rows, then, as their sizes are known, the file from front to end. */
#include "bundle_writer.h"

#include <assert.h>
#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "inputs_support.h"
#include "reflash_bundle.h"

enum {
    HEADER_BYTES = 64,
    ENTRY_BYTES = 96,
    ROW_BYTES = 32,
    MD5_BYTES = 16,
    NAME_BYTES = 32,
    KIB = 1024,
    DIGEST_AT = 16,
    DIGEST_COVERS_FROM = 32
};

/* --- Bytes that grow ----------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t *data;
    size_t bytes, room;
} buffer_t;

/* `bytes` more bytes, zero. They stay where they are until the next call. */
static uint8_t *grow(buffer_t *buffer, size_t bytes)
{
    if (buffer->data == NULL || buffer->room - buffer->bytes < bytes) {
        buffer->room = 2 * (buffer->bytes + bytes) + 1;
        buffer->data = inputs_need(realloc(buffer->data, buffer->room));
    }
    uint8_t *at = buffer->data + buffer->bytes;
    memset(at, 0, bytes);
    buffer->bytes += bytes;
    return at;
}

static void put(buffer_t *buffer, const void *from, size_t bytes)
{
    memcpy(grow(buffer, bytes), from, bytes);
}

static void put_le(buffer_t *buffer, uint32_t value, unsigned bytes)
{
    uint8_t *at = grow(buffer, bytes);
    for (unsigned byte = 0; byte < bytes; byte++) {
        at[byte] = (uint8_t)(value >> (8 * byte));
    }
}

static void put_md5(buffer_t *buffer, const uint8_t *data, size_t bytes)
{
    (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data, bytes, grow(buffer, MD5_BYTES));
}

/* --- Sectors ------------------------------------------------------------------------------------------------- */

/* An image on its way into the bundle. */
typedef struct {
    const reflash_image_t *image;
    buffer_t blocks; /* its block table */
    buffer_t rows;   /* its sector table; offsets of pieces count from the start of `pieces` */
    buffer_t pieces;
} part_t;

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint8_t xor_of(const uint8_t *data, size_t bytes)
{
    uint8_t sum = 0;
    for (size_t at = 0; at < bytes; at++) {
        sum ^= data[at];
    }
    return sum;
}

static bool is_blank(const uint8_t *data, uint32_t bytes)
{
    uint32_t at = 0;
    while (at < bytes && data[at] == 0xFF) {
        at++;
    }
    return at == bytes;
}

/* Where the block of flash address space ends that `offset` of the image lies in, or the image does. */
static uint32_t block_end(const reflash_image_t *image, uint32_t offset)
{
    const uint32_t left_in_block = REFLASH_BLOCK_BYTES - (image->flash_addr + offset) % REFLASH_BLOCK_BYTES;
    return offset + smaller(left_in_block, image->bytes - offset);
}

static void add_blocks(part_t *part)
{
    for (uint32_t offset = 0; offset < part->image->bytes;) {
        const uint32_t end = block_end(part->image, offset);
        put_md5(&part->blocks, part->image->data + offset, end - offset);
        offset = end;
    }
}

/* The piece of one sector. Its flush brings it to a byte's end; what `stream` saw before may be referred to. */
static uint32_t add_piece(buffer_t *pieces, z_stream *stream, const uint8_t *data, uint32_t bytes)
{
    stream->next_in = (Bytef *)data; /* zlib only reads, but does not say so everywhere */
    stream->avail_in = bytes;
    stream->next_out = grow(pieces, REFLASH_PACKED_BYTES_MAX);
    stream->avail_out = REFLASH_PACKED_BYTES_MAX;
    const int result = deflate(stream, Z_SYNC_FLUSH);
    assert(result == Z_OK && stream->avail_in == 0 && stream->avail_out > 0); /* else there is more to come */
    (void)result;
    pieces->bytes -= stream->avail_out;
    return REFLASH_PACKED_BYTES_MAX - stream->avail_out;
}

/* One sector's row, and its piece if there is a stream. */
static void add_sector(part_t *part, z_stream *stream, uint32_t offset, bool starts_group)
{
    const uint8_t *data = part->image->data + offset;
    const uint32_t bytes = smaller(part->image->bytes - offset, REFLASH_SECTOR_BYTES);
    const uint32_t piece_offset = (uint32_t)part->pieces.bytes;
    const uint32_t piece_bytes = stream != NULL ? add_piece(&part->pieces, stream, data, bytes) : 0;

    put_md5(&part->rows, data, bytes);
    put_le(&part->rows, (uint32_t)adler32(1, data, bytes), 4);
    put_le(&part->rows, piece_offset, 4);
    put_le(&part->rows, piece_bytes, 2);
    put_le(&part->rows, piece_bytes > 0 ? xor_of(part->pieces.data + piece_offset, piece_bytes) : 0, 1);
    put_le(&part->rows, (is_blank(data, bytes) ? 1u : 0u) | (starts_group ? 2u : 0u), 1);
    for (uint32_t at = 0; at < REFLASH_SECTOR_BYTES; at += KIB) {
        put_le(&part->rows, at < bytes ? xor_of(data + at, smaller(bytes - at, KIB)) : 0, 1);
    }
}

static void add_sectors(part_t *part, bool packed, bool one_sector_groups)
{
    z_stream stream = {0};
    if (packed) {
        const int result = deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
        inputs_need(result == Z_OK ? &stream : NULL);
    }
    for (uint32_t offset = 0; offset < part->image->bytes; offset += REFLASH_SECTOR_BYTES) {
        const bool starts_group = packed && (offset == 0 || one_sector_groups ||
                                             (part->image->flash_addr + offset) % REFLASH_BLOCK_BYTES == 0);
        if (starts_group) {
            (void)deflateReset(&stream); /* forgets what was before */
        }
        add_sector(part, packed ? &stream : NULL, offset, starts_group);
    }
    if (packed) {
        (void)deflateEnd(&stream);
    }
}

/* --- The file ------------------------------------------------------------------------------------------------ */

/* Of a name that is too long as many whole characters as fit. */
static void put_name(buffer_t *file, const char *name)
{
    size_t bytes = strlen(name);
    if (bytes >= NAME_BYTES) {
        bytes = NAME_BYTES - 1;
        while (bytes > 0 && ((uint8_t)name[bytes] & 0xC0) == 0x80) {
            bytes--;
        }
    }
    memcpy(grow(file, NAME_BYTES), name, bytes);
}

static void put_header(buffer_t *file, const inputs_t *in, const bundle_facts_t *facts, uint32_t file_bytes)
{
    static const uint8_t magic[8] = {0x89, 'R', 'F', 'B', '\r', '\n', 0x1A, '\n'};
    const reflash_image_t *last = &in->images[in->count - 1];
    const uint32_t sectors_end =
        (last->flash_addr + last->bytes + REFLASH_SECTOR_BYTES - 1) / REFLASH_SECTOR_BYTES * REFLASH_SECTOR_BYTES;
    put(file, magic, sizeof(magic));
    put_le(file, 1, 2);
    put_le(file, in->count, 2);
    put_le(file, file_bytes, 4);
    (void)grow(file, MD5_BYTES); /* known in the end */
    put_le(file, facts->chip_id, 2);
    put_le(file, facts->flash_mode, 1);
    put_le(file, facts->flash_size_freq, 1);
    put_le(file, sectors_end, 4);
    put_le(file, (facts->plain ? 1u : 0u) | (facts->packed ? 2u : 0u), 2);
    (void)grow(file, 22);
    assert(file->bytes == HEADER_BYTES);
}

static void put_entry(buffer_t *file, const reflash_image_t *image, const char *name, uint32_t blocks_offset,
                      uint32_t rows_offset, uint32_t plain_offset)
{
    put_name(file, name);
    put_le(file, image->flash_addr, 4);
    put_le(file, image->bytes, 4);
    put_md5(file, image->data, image->bytes);
    put_le(file, image->kind, 1);
    (void)grow(file, 3);
    put_le(file, blocks_offset, 4);
    put_le(file, rows_offset, 4);
    put_le(file, plain_offset, 4);
    (void)grow(file, 24);
}

/* Pieces were counted from the first one of their image; in the file they count from its start. */
static void move_pieces(part_t *part, uint32_t by)
{
    for (size_t row = 0; row < part->rows.bytes; row += ROW_BYTES) {
        uint8_t *at = part->rows.data + row + 20;
        uint32_t carry = by;
        for (unsigned byte = 0; byte < 4; byte++) {
            carry += at[byte];
            at[byte] = (uint8_t)carry;
            carry >>= 8;
        }
    }
}

static bundle_t join_parts(const inputs_t *in, const bundle_facts_t *facts, part_t *parts)
{
    buffer_t file = {0};
    buffer_t tables = {0};
    buffer_t data = {0};
    const uint32_t tables_offset = HEADER_BYTES + ENTRY_BYTES * in->count;
    uint32_t data_offset = tables_offset;
    for (uint32_t at = 0; at < in->count; at++) {
        data_offset += (uint32_t)(parts[at].blocks.bytes + parts[at].rows.bytes);
    }
    buffer_t entries = {0};
    for (uint32_t at = 0; at < in->count; at++) {
        part_t *part = &parts[at];
        const uint32_t blocks_offset = tables_offset + (uint32_t)tables.bytes;
        const uint32_t rows_offset = blocks_offset + (uint32_t)part->blocks.bytes;
        const uint32_t plain_offset = facts->plain ? data_offset + (uint32_t)data.bytes : 0;
        put_entry(&entries, part->image, in->names[at], blocks_offset, rows_offset, plain_offset);
        if (facts->plain) {
            put(&data, part->image->data, part->image->bytes);
        }
        if (facts->packed) {
            move_pieces(part, data_offset + (uint32_t)data.bytes);
            put(&data, part->pieces.data, part->pieces.bytes);
        }
        put(&tables, part->blocks.data, part->blocks.bytes);
        put(&tables, part->rows.data, part->rows.bytes);
    }
    put_header(&file, in, facts, data_offset + (uint32_t)data.bytes);
    put(&file, entries.data, entries.bytes);
    put(&file, tables.data, tables.bytes);
    put(&file, data.data, data.bytes);
    free(entries.data);
    free(tables.data);
    free(data.data);
    (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), file.data + DIGEST_COVERS_FROM,
                     file.bytes - DIGEST_COVERS_FROM, file.data + DIGEST_AT);
    return (bundle_t){.data = file.data, .bytes = (uint32_t)file.bytes};
}

bundle_t bundle_make(const inputs_t *in, const bundle_facts_t *facts, uint32_t *packed_bytes)
{
    assert(in->count > 0 && in->count <= BUNDLE_IMAGES_MAX && (facts->plain || facts->packed));
    part_t *parts = inputs_need(calloc(in->count, sizeof(parts[0])));
    for (uint32_t at = 0; at < in->count; at++) {
        parts[at].image = &in->images[at];
        add_blocks(&parts[at]);
        /* After a change of code nearly all sectors of a program differ; data changes in places, so that each of its
         * sectors should be sendable alone. docs/bundle-format.md has what it costs. */
        add_sectors(&parts[at], facts->packed, !in->programs[at]);
        if (packed_bytes != NULL) {
            packed_bytes[at] = (uint32_t)parts[at].pieces.bytes;
        }
    }
    const bundle_t bundle = join_parts(in, facts, parts);
    for (uint32_t at = 0; at < in->count; at++) {
        free(parts[at].blocks.data);
        free(parts[at].rows.data);
        free(parts[at].pieces.data);
    }
    free(parts);
    return bundle;
}
