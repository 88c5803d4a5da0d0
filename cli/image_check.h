/* SPDX-License-Identifier: Apache-2.0 */
/** image_check: is this buffer a whole program image or partition table? Pure functions: no files, no output,
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

/** First bytes of a program (bootloader or application), of a partition table. Says nothing of the rest. */
bool image_is_program(const uint8_t *data, size_t bytes);
bool image_is_partition_table(const uint8_t *data, size_t bytes);

/** The chip a program says it is for; IMAGE_CHIP_ANY if it is no program, or too short to say. */
int image_program_chip(const uint8_t *data, size_t bytes);

/** Check a bootloader or application: header, chip, segments, checksum and, if there is one, the SHA-256.
 *  Bytes behind the image (a signature, the rest of a merged image) are allowed and not looked at.
 *  `expected_chip_id` is a chip id, IMAGE_CHIP_ESP8266 or IMAGE_CHIP_ANY. Unless the image is sound, `why` says
 *  which check failed at which offset, cut to `why_bytes`; no full stop. `why` may be NULL if `why_bytes` is 0. */
image_verdict_t image_check(const uint8_t *data, size_t bytes, int expected_chip_id, char *why, size_t why_bytes);

/** Check a partition table: rows, their end and, if there is one, the MD5 row. `why` as above. */
image_verdict_t image_check_partition_table(const uint8_t *data, size_t bytes, char *why, size_t why_bytes);
