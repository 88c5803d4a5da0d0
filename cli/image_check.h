/* SPDX-License-Identifier: Apache-2.0 */
/** image_check: is this buffer a whole program image? Where is what in it? Pure functions: no files, no output,
 *  nothing kept. Every byte is a claim until it was compared with the size of the buffer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip_formats.h"

typedef enum {
    IMAGE_SOUND = 0,
    IMAGE_WRONG_CHIP, /*!< Made for another chip; its structure was not looked at. */
    IMAGE_DAMAGED     /*!< Cut off, altered, or no such thing at all. */
} image_verdict_t;

/** "ESP32-C3" for the chip id of an image header, "an unknown chip" if no published chip has it. */
const char *image_chip_name(int chip_id);
/** The chip id for a name in any spelling ("esp32c3", "ESP32-C3"); IMAGE_CHIP_ANY if no published chip is
 *  called so. */
int image_chip_id(const char *name);

/** First byte of a program (bootloader or application). Says nothing of the rest. */
bool image_is_program(const uint8_t *data, size_t bytes);

/** The chip a program says it is for; IMAGE_CHIP_ANY if it is no program, or too short to say. */
int image_program_chip(const uint8_t *data, size_t bytes);

/** Check a bootloader or application: header, chip, segments, checksum and, if there is one, the SHA-256.
 *  Bytes behind the image (a signature, the rest of a merged image) are allowed and not looked at.
 *  `expected_chip_id` is a chip id, IMAGE_CHIP_ESP8266 or IMAGE_CHIP_ANY. Unless the image is sound, `why` says
 *  which check failed at which offset, cut to `why_bytes`; no full stop. `why` may be NULL if `why_bytes` is 0. */
image_verdict_t image_check(const uint8_t *data, size_t bytes, int expected_chip_id, char *why, size_t why_bytes);

/* --- What is in a program -------------------------------------------------------------------------- */

#define IMAGE_SEGMENTS_MAX 16u

typedef struct {
    size_t offset;        /*!< Of its data in the file. */
    uint32_t addr, bytes; /*!< Where it goes to, and how much. */
} image_segment_t;

typedef struct {
    int chip_id; /*!< As image_program_chip() tells. */
    uint32_t entry;
    uint8_t flash_mode, flash_size, flash_freq; /*!< Codes of chip_formats.h. */
    uint16_t min_revision, max_revision;        /*!< Major revision times 100 and minor; ESP8266: 0. */
    uint32_t segment_count;                     /*!< Of those that lie within the file. */
    image_segment_t segments[IMAGE_SEGMENTS_MAX];
    size_t checksum_offset; /*!< 0: it was not reached. */
    uint8_t checksum;       /*!< What the segments add up to; that in the file may differ. */
    size_t digest_offset;   /*!< Of the appended SHA-256; 0: there is none. */
    size_t bytes;           /*!< Where the image ends in the file; what follows does not belong to it. */
} image_t;

/** Find the parts of a program. Looks at no sum and no digest. False: it is no program or a part lies outside of the
 *  buffer; `why` as above, and `image` has what was found before. */
bool image_read(image_t *image, const uint8_t *data, size_t bytes, char *why, size_t why_bytes);

/** Whether the 32 bytes at `image->digest_offset` are the SHA-256 of what is before them. */
bool image_digest_is_right(const image_t *image, const uint8_t *data);

/** What an application says of itself. Texts end with a zero. */
typedef struct {
    uint32_t secure_version;
    char version[33], project[33], time[17], date[17], idf_version[33];
    uint8_t elf_sha256[32];
} image_app_description_t;
/** False: there is no description in its place. */
bool image_app_description(const image_t *image, const uint8_t *data, image_app_description_t *description);

/** What a newer bootloader says of itself. */
typedef struct {
    uint8_t secure_version;
    uint32_t version;
    char idf_version[33], date_time[25];
} image_boot_description_t;
/** False: there is no description in its place, as in older ones. */
bool image_boot_description(const image_t *image, const uint8_t *data, image_boot_description_t *description);
