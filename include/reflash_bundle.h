/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  The bundle: the flash content a target must have, prepared so that a host has almost nothing to compute. The
 *  format is in docs/bundle-format.md. This reads one from any source with random access and keeps nothing of it
 *  in memory but its header. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reflash.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A block of flash address space, bytes. */
#define REFLASH_BLOCK_BYTES 65536u
/** A compressed sector has at most as many bytes. */
#define REFLASH_PACKED_BYTES_MAX 4608u

/* --- Types ----------------------------------------------------------------------------------------- */

/** Where a bundle is read from. */
typedef struct {
    /** Copy `bytes` bytes from `offset` to `buf`. Never asked beyond `bytes` of this source. False: it failed. */
    bool (*read)(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes);
    void *context;  /*!< For `read`. */
    uint32_t bytes; /*!< How many there are. */
} reflash_source_t;

/** What is wrong with a bundle. */
typedef enum {
    REFLASH_BUNDLE_GOOD,
    REFLASH_BUNDLE_UNREADABLE,   /*!< The source failed. */
    REFLASH_BUNDLE_NO_BUNDLE,    /*!< It does not begin like one. */
    REFLASH_BUNDLE_NEWER,        /*!< Of a version that this code does not know. */
    REFLASH_BUNDLE_CUT,          /*!< Its size is not that of the source. */
    REFLASH_BUNDLE_DAMAGED,      /*!< The digest says so. */
    REFLASH_BUNDLE_INCONSISTENT, /*!< A field contradicts the format or another field. */
    REFLASH_BUNDLE_NOT_THERE     /*!< No image, sector or data of that number; the caller's mistake. */
} reflash_bundle_error_t;

/** An open bundle. */
typedef struct {
    reflash_source_t source; /*!< As given to reflash_bundle_open(). */
    uint32_t flash_bytes;    /*!< What the images need: the end of the last one's last sector. */
    uint16_t chip_id;        /*!< As in image headers; 0xFFFF: ESP8266. */
    uint16_t image_count;    /*!< 1 to 64. */
    uint8_t flash_mode;      /*!< As in byte 2 of image headers; 0xFF: not told. */
    uint8_t flash_size_freq; /*!< As in byte 3 of image headers; 0xFF: not told. */
    bool has_plain;          /*!< Images can be sent as they are. */
    bool has_packed;         /*!< Sectors can be sent compressed. */
} reflash_bundle_t;

/** An image of a bundle. */
typedef struct {
    uint32_t flash_addr; /*!< Multiple of REFLASH_SECTOR_BYTES. */
    uint32_t bytes;      /*!< At least 1; all within bundle->flash_bytes. */
    reflash_kind_t kind; /*!< Decides when it is written. */
    bool encrypted;      /*!< The target has to encrypt while it writes. */
    /** @cond */
    struct {
        uint32_t blocks_offset, sectors_offset, plain_offset;
    } _state; /*!< Private. */
    /** @endcond */
    uint8_t md5[16]; /*!< MD5 of all its bytes. */
    char name[32];   /*!< Ends with a zero. */
} reflash_bundle_image_t;

/** A sector of an image. */
typedef struct {
    uint8_t md5[16];       /*!< MD5 of its bytes. */
    uint32_t adler32;      /*!< Adler-32 of its bytes. */
    uint16_t bytes;        /*!< Of the image, in this sector. */
    uint16_t packed_bytes; /*!< At most REFLASH_PACKED_BYTES_MAX; 0: no piece. */
    uint8_t packed_xor;    /*!< XOR of the piece's bytes. */
    uint8_t plain_xor[4];  /*!< XOR of the bytes of each KiB; 0 for one without bytes. */
    bool is_blank;         /*!< All FF. */
    bool starts_group;     /*!< A compressed run may begin here. */
    /** @cond */
    struct {
        uint32_t packed_offset;
    } _state; /*!< Private. */
    /** @endcond */
} reflash_bundle_sector_t;

/* --- Reading --------------------------------------------------------------------------------------- */
/* None of these knows a target. All offsets and sizes are in bytes, and buffers have no alignment. All that read may
 * return UNREADABLE, when the source said so, and INCONSISTENT, when a field that was read contradicts the format;
 * what they were to fill in then holds anything, and the bundle can be used on. */

/** Read and check the header and all image entries. `source` is copied, what it points to has to stay. NO_BUNDLE:
 *  shorter than a header, or another magic. NEWER, CUT, INCONSISTENT, UNREADABLE. Anything but GOOD leaves nothing to
 *  close and `bundle` unusable. */
reflash_bundle_error_t reflash_bundle_open(reflash_bundle_t *bundle, const reflash_source_t *source);

/** Compare the digest with the content: reads all of it, and links MD5. DAMAGED: they differ, or the build has
 *  REFLASH_MD5 off. UNREADABLE. */
reflash_bundle_error_t reflash_bundle_check(const reflash_bundle_t *bundle);

/** Image `image_index` of bundle->image_count, in the order of flash addresses. NOT_THERE: no such image. UNREADABLE,
 *  INCONSISTENT. */
reflash_bundle_error_t reflash_bundle_image(const reflash_bundle_t *bundle, uint16_t image_index,
                                            reflash_bundle_image_t *image);

/** How many sectors `image` touches: at least 1. */
uint32_t reflash_bundle_sector_count(const reflash_bundle_image_t *image);
/** The same of blocks of flash address space. */
uint32_t reflash_bundle_block_count(const reflash_bundle_image_t *image);

/** What the bundle says of sector `sector_index` of `image`. NOT_THERE: no such sector. UNREADABLE, INCONSISTENT. */
reflash_bundle_error_t reflash_bundle_sector(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                             uint32_t sector_index, reflash_bundle_sector_t *sector);

/** MD5 of what `image` has in the `block_index`-th block of flash address space that it touches, from 0. NOT_THERE: no
 *  such block. UNREADABLE. */
reflash_bundle_error_t reflash_bundle_block_md5(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                                uint32_t block_index, uint8_t md5[16]);

/** `bytes` bytes of the image from `offset` on. NOT_THERE: the image has not as many, or the bundle no plain data.
 *  UNREADABLE. */
reflash_bundle_error_t reflash_bundle_plain(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                            uint32_t offset, uint8_t *buf, uint32_t bytes);

/** The same of a sector's compressed piece; NOT_THERE also where there is none. */
reflash_bundle_error_t reflash_bundle_packed(const reflash_bundle_t *bundle, const reflash_bundle_sector_t *sector,
                                             uint32_t offset, uint8_t *buf, uint32_t bytes);

/* --- Compressed runs ------------------------------------------------------------------------------- */

/** The Adler-32 of two parts put together, from theirs; the second has `second_bytes` bytes. */
uint32_t reflash_adler32_join(uint32_t first, uint32_t second, uint32_t second_bytes);

/** Consecutive sectors of an image as one zlib stream, cut into blocks to send: each is as many whole pieces as fit,
 *  so that the XOR of its bytes is known before the first of them is read. A copy of this struct is a bookmark: to send
 *  a block again, go on with the copy that was made before it was read. */
typedef struct {
    uint32_t stream_bytes; /*!< Of the whole stream. */
    uint32_t block_count;  /*!< How many blocks it takes. */
    uint32_t block_bytes;  /*!< The current block: its size, at most as reflash_run_begin() was told ... */
    uint8_t block_xor;     /*!< ... and the XOR of its bytes. */
    /** @cond */
    struct {
        uint8_t head_and_tail[8];
        const reflash_bundle_t *bundle;
        const reflash_bundle_image_t *image;
        uint32_t first_sector, sector_count, block_bytes_max;
        /* The stream is made of units: its head, a piece for each sector, its tail. */
        uint32_t unit;        /* the next one to read from ... */
        uint32_t unit_offset; /* ... and what was read of it */
        uint32_t block_end;   /* the unit behind the block */
        uint32_t block_left_bytes;
        uint32_t adler32; /* of the sectors up to there */
    } _state;             /*!< Private. */
    /** @endcond */
} reflash_run_t;

/** Look at all rows of `sector_count` sectors from `first_sector` on, and tell what their stream will be. There is no
 *  current block yet. `bundle` and `image` have to stay while `run` is used. No block gets more than
 *  `block_bytes_max`: at least REFLASH_PACKED_BYTES_MAX. UINT32_MAX makes the stream one block, for callers that cut
 *  it themselves.
 *  NOT_THERE: no such sectors, no group starts with the first one, no compressed data, or blocks too small. UNREADABLE,
 *  INCONSISTENT. Anything but GOOD leaves `run` unusable. */
reflash_bundle_error_t reflash_run_begin(reflash_run_t *run, const reflash_bundle_t *bundle,
                                         const reflash_bundle_image_t *image, uint32_t first_sector,
                                         uint32_t sector_count, uint32_t block_bytes_max);

/** Make the next block the current one, whether or not the last was read whole. NOT_THERE: that was the last; nothing
 *  changed. UNREADABLE, INCONSISTENT: `run` is unusable, go on with a copy. */
reflash_bundle_error_t reflash_run_next_block(reflash_run_t *run);

/** The next `bytes` bytes of the current block. NOT_THERE: it has fewer left; nothing changed. UNREADABLE,
 *  INCONSISTENT: as above. */
reflash_bundle_error_t reflash_run_read(reflash_run_t *run, uint8_t *buf, uint32_t bytes);

#ifdef __cplusplus
}
#endif
