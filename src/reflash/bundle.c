/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a bundle. Each field is a claim until it was compared with the size of the source and with the fields
 * before it. docs/bundle-format.md has the layout. */
#include "reflash_bundle.h"

#include <string.h>

#include "md5.h"
#include "wire/bytes.h"

enum {
    HEADER_BYTES = 64,
    ENTRY_BYTES = 96,
    ROW_BYTES = 32,
    MD5_BYTES = 16,
    IMAGES_MAX = 64,
    FLASH_BYTES_MAX = 1 << 28, /* far from where addresses wrap */
    DIGEST_COVERS_FROM = 32,
    FLAG_PLAIN = 1,
    FLAG_PACKED = 2,
    IMAGE_FLAG_ENCRYPTED = 1 << 8, /* of the word that the kind is in ... */
    SECTOR_FLAG_BLANK = 1 << 24,   /* ... and of the one that the piece's size is in */
    SECTOR_FLAG_STARTS_GROUP = 1 << 25,
    NO_DATA = 0 /* an offset: the header is there */
};

static const uint8_t magic[8] = {0x89, 'R', 'F', 'B', '\r', '\n', 0x1A, '\n'};

/* The numbers in little-endian words; they stay where that is the processor's own order. */
static void to_numbers(uint32_t *words, unsigned count)
{
    for (unsigned at = 0; at < count; at++) {
        words[at] = reflash_le32(words[at]);
    }
}

static bool is_zero(const uint32_t *words, unsigned count)
{
    while (count > 0 && *words == 0) {
        words++;
        count--;
    }
    return count == 0;
}

static uint32_t entry_offset(uint32_t image_index)
{
    return HEADER_BYTES + ENTRY_BYTES * image_index;
}

/* Whether `bytes` bytes at `offset` lie between the image entries and the end. */
static bool holds(const reflash_bundle_t *bundle, uint32_t offset, uint32_t bytes)
{
    const uint32_t end = bundle->source.bytes;
    return offset >= entry_offset(bundle->image_count) && offset <= end && bytes <= end - offset;
}

static reflash_bundle_error_t fetch(const reflash_bundle_t *bundle, uint32_t offset, void *buf, uint32_t bytes)
{
    return bundle->source.read(bundle->source.context, offset, buf, bytes) ? REFLASH_BUNDLE_GOOD
                                                                           : REFLASH_BUNDLE_UNREADABLE;
}

/* `entry` as it is in the bundle: of words, so that byte n of it is in entry[n / 4]. */
static reflash_bundle_error_t parse_entry(const reflash_bundle_t *bundle, uint32_t *entry,
                                          reflash_bundle_image_t *image)
{
    memcpy(image->name, entry, sizeof(image->name));
    memcpy(image->md5, entry + 10, MD5_BYTES);
    to_numbers(entry, ENTRY_BYTES / 4);
    const uint32_t traits = entry[14];
    image->flash_addr = entry[8];
    image->bytes = entry[9];
    image->kind = (reflash_kind_t)(uint8_t)traits;
    image->encrypted = (traits & IMAGE_FLAG_ENCRYPTED) != 0;
    image->_state.blocks_offset = entry[15];
    image->_state.sectors_offset = entry[16];
    image->_state.plain_offset = entry[17];

    /* The size is compared before it is reckoned with: tables of a range within the flash are at most 2 MiB. */
    const bool good = image->name[sizeof(image->name) - 1] == '\0' && image->flash_addr % REFLASH_SECTOR_BYTES == 0 &&
                      image->bytes > 0 && image->flash_addr < bundle->flash_bytes &&
                      image->bytes <= bundle->flash_bytes - image->flash_addr &&
                      (traits & ~(uint32_t)IMAGE_FLAG_ENCRYPTED) < REFLASH_KIND_COUNT && is_zero(&entry[18], 6) &&
                      (image->_state.blocks_offset | image->_state.sectors_offset) % 4 == 0 &&
                      holds(bundle, image->_state.blocks_offset, reflash_bundle_block_count(image) * MD5_BYTES) &&
                      holds(bundle, image->_state.sectors_offset, reflash_bundle_sector_count(image) * ROW_BYTES) &&
                      (bundle->has_plain ? holds(bundle, image->_state.plain_offset, image->bytes)
                                         : image->_state.plain_offset == NO_DATA);
    return good ? REFLASH_BUNDLE_GOOD : REFLASH_BUNDLE_INCONSISTENT;
}

/* --- Public ------------------------------------------------------------------------------------------------------ */

uint32_t reflash_bundle_sector_count(const reflash_bundle_image_t *image)
{
    return (image->bytes - 1) / REFLASH_SECTOR_BYTES + 1; /* it starts one */
}

uint32_t reflash_bundle_block_count(const reflash_bundle_image_t *image)
{
    const uint32_t last_addr = image->flash_addr + image->bytes - 1;
    return last_addr / REFLASH_BLOCK_BYTES - image->flash_addr / REFLASH_BLOCK_BYTES + 1;
}

reflash_bundle_error_t reflash_bundle_image(const reflash_bundle_t *bundle, uint16_t image_index,
                                            reflash_bundle_image_t *image)
{
    uint32_t entry[ENTRY_BYTES / 4];
    if (image_index >= bundle->image_count) {
        return REFLASH_BUNDLE_NOT_THERE;
    }
    const reflash_bundle_error_t err = fetch(bundle, entry_offset(image_index), entry, ENTRY_BYTES);
    return err == REFLASH_BUNDLE_GOOD ? parse_entry(bundle, entry, image) : err;
}

reflash_bundle_error_t reflash_bundle_open(reflash_bundle_t *bundle, const reflash_source_t *source)
{
    uint32_t header[HEADER_BYTES / 4];
    bundle->source = *source;
    if (source->bytes < HEADER_BYTES) {
        return REFLASH_BUNDLE_NO_BUNDLE;
    }
    reflash_bundle_error_t err = fetch(bundle, 0, header, HEADER_BYTES);
    if (err != REFLASH_BUNDLE_GOOD) {
        return err;
    }
    if (memcmp(header, magic, sizeof(magic)) != 0) {
        return REFLASH_BUNDLE_NO_BUNDLE;
    }
    to_numbers(header, HEADER_BYTES / 4);
    if ((uint16_t)header[2] != 1) {
        return REFLASH_BUNDLE_NEWER;
    }
    if (header[3] != source->bytes) {
        return REFLASH_BUNDLE_CUT;
    }
    const uint32_t flags = header[10];
    bundle->image_count = (uint16_t)(header[2] >> 16);
    bundle->chip_id = (uint16_t)header[8];
    bundle->flash_mode = (uint8_t)(header[8] >> 16);
    bundle->flash_size_freq = (uint8_t)(header[8] >> 24);
    bundle->flash_bytes = header[9];
    bundle->has_plain = (flags & FLAG_PLAIN) != 0;
    bundle->has_packed = (flags & FLAG_PACKED) != 0;
    if (bundle->image_count == 0 || bundle->image_count > IMAGES_MAX || flags == 0 ||
        flags > (FLAG_PLAIN | FLAG_PACKED) || bundle->flash_bytes > FLASH_BYTES_MAX || !is_zero(&header[11], 5) ||
        entry_offset(bundle->image_count) > source->bytes) {
        return REFLASH_BUNDLE_INCONSISTENT;
    }
    uint32_t first_free_addr = 0; /* the sector behind the images so far */
    for (uint16_t index = 0; index < bundle->image_count; index++) {
        reflash_bundle_image_t image;
        err = reflash_bundle_image(bundle, index, &image);
        if (err != REFLASH_BUNDLE_GOOD) {
            return err;
        }
        if (image.flash_addr < first_free_addr) {
            return REFLASH_BUNDLE_INCONSISTENT;
        }
        first_free_addr = image.flash_addr + reflash_bundle_sector_count(&image) * REFLASH_SECTOR_BYTES;
    }
    return bundle->flash_bytes == first_free_addr ? REFLASH_BUNDLE_GOOD : REFLASH_BUNDLE_INCONSISTENT;
}

reflash_bundle_error_t reflash_bundle_check(const reflash_bundle_t *bundle)
{
    enum { CHUNK_BYTES = 128 };
    uint8_t chunk[CHUNK_BYTES];
    uint8_t told[MD5_BYTES];
    uint8_t computed[MD5_BYTES];
    reflash_md5_t md5;
    reflash_bundle_error_t err = fetch(bundle, DIGEST_COVERS_FROM - MD5_BYTES, told, MD5_BYTES);
    reflash_md5_init(&md5);
    for (uint32_t at = DIGEST_COVERS_FROM; err == REFLASH_BUNDLE_GOOD && at < bundle->source.bytes;) {
        const uint32_t left = bundle->source.bytes - at;
        const uint32_t bytes = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        err = fetch(bundle, at, chunk, bytes);
        if (err == REFLASH_BUNDLE_GOOD) {
            reflash_md5_update(&md5, chunk, bytes);
        }
        at += bytes;
    }
    reflash_md5_final(&md5, computed);
    if (err != REFLASH_BUNDLE_GOOD) {
        return err;
    }
    return memcmp(told, computed, MD5_BYTES) == 0 ? REFLASH_BUNDLE_GOOD : REFLASH_BUNDLE_DAMAGED;
}

reflash_bundle_error_t reflash_bundle_sector(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                             uint32_t sector_index, reflash_bundle_sector_t *sector)
{
    uint32_t row[ROW_BYTES / 4];
    if (sector_index >= reflash_bundle_sector_count(image)) {
        return REFLASH_BUNDLE_NOT_THERE;
    }
    const reflash_bundle_error_t err =
        fetch(bundle, image->_state.sectors_offset + sector_index * ROW_BYTES, row, ROW_BYTES);
    if (err != REFLASH_BUNDLE_GOOD) {
        return err;
    }
    const uint32_t offset = sector_index * REFLASH_SECTOR_BYTES;
    const uint32_t left = image->bytes - offset;
    memcpy(sector->md5, row, MD5_BYTES);
    memcpy(sector->plain_xor, &row[7], sizeof(sector->plain_xor));
    to_numbers(row, ROW_BYTES / 4);
    const uint32_t traits = row[6];
    sector->adler32 = row[4];
    sector->bytes = (uint16_t)(left < REFLASH_SECTOR_BYTES ? left : REFLASH_SECTOR_BYTES);
    sector->_state.packed_offset = row[5];
    sector->packed_bytes = (uint16_t)traits;
    sector->packed_xor = (uint8_t)(traits >> 16);
    sector->is_blank = (traits & SECTOR_FLAG_BLANK) != 0;
    sector->starts_group = (traits & SECTOR_FLAG_STARTS_GROUP) != 0;

    bool good = traits < 2 * (uint32_t)SECTOR_FLAG_STARTS_GROUP;
    if (bundle->has_packed) {
        /* A group ends with its block, so each block's first sector starts one, and so does an image's. */
        const bool must_start_group = offset == 0 || (image->flash_addr + offset) % REFLASH_BLOCK_BYTES == 0;
        good = good && sector->packed_bytes > 0 && sector->packed_bytes <= REFLASH_PACKED_BYTES_MAX &&
               holds(bundle, sector->_state.packed_offset, sector->packed_bytes) &&
               (sector->starts_group || !must_start_group);
    } else {
        good = sector->_state.packed_offset == NO_DATA && (traits & ~(uint32_t)SECTOR_FLAG_BLANK) == 0;
    }
    return good ? REFLASH_BUNDLE_GOOD : REFLASH_BUNDLE_INCONSISTENT;
}

reflash_bundle_error_t reflash_bundle_block_md5(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                                uint32_t block_index, uint8_t md5[16])
{
    return block_index < reflash_bundle_block_count(image)
               ? fetch(bundle, image->_state.blocks_offset + block_index * MD5_BYTES, md5, MD5_BYTES)
               : REFLASH_BUNDLE_NOT_THERE;
}

reflash_bundle_error_t reflash_bundle_plain(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                            uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    if (image->_state.plain_offset == NO_DATA || offset > image->bytes || bytes > image->bytes - offset) {
        return REFLASH_BUNDLE_NOT_THERE;
    }
    return fetch(bundle, image->_state.plain_offset + offset, buf, bytes);
}

reflash_bundle_error_t reflash_bundle_packed(const reflash_bundle_t *bundle, const reflash_bundle_sector_t *sector,
                                             uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    if (offset > sector->packed_bytes || bytes > sector->packed_bytes - offset) {
        return REFLASH_BUNDLE_NOT_THERE;
    }
    return fetch(bundle, sector->_state.packed_offset + offset, buf, bytes);
}
