/* SPDX-License-Identifier: Apache-2.0 */
/** inputs: turns the INPUT words of a command line into checked images in memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reflash.h"

/** A mask ROM addresses flash with 24 bits. No image is larger, none ends behind it. */
#define INPUTS_FLASH_BYTES_MAX 0x1000000u
#define INPUTS_CHIP_BYTES 16

/* --- Types ----------------------------------------------------------------------------------------- */

typedef enum {
    INPUTS_OK = 0,
    INPUTS_USAGE,  /*!< The words themselves: none, half a pair, no address. */
    INPUTS_FILE,   /*!< A file or folder is missing, unreadable, empty, too large, or changed while it was read. */
    INPUTS_CONTENT /*!< It was read, but must not be flashed: malformed, damaged, overlapping, for another chip. */
} inputs_result_t;

typedef struct {
    /** Skip the checks of what is inside images: structure, chip, bootloader address. Never skipped: addresses,
     *  overlaps, the flash size, encryption. */
    bool force;
    /** Test seam; NULL in production. Called after the bytes of a file were read and before the file is looked
     *  at again, so that a test can change the file at the one moment that matters. */
    void (*after_read)(void *context, const char *path);
    void *after_read_context;
} inputs_options_t;

/** Images by ascending flash address. All arrays have `count` elements; element i of each is about images[i]. */
typedef struct {
    reflash_image_t *images; /*!< Data and MD5 filled in, results pending. */
    char **names;            /*!< For machines, each one once: the key in flasher_args.json ("bootloader",
                                  "partition-table", "app", "otadata", "storage", ...); without one, the same
                                  words by content, else the file's base name. A second one of the same name
                                  gets its address: "app@0x110000". */
    char **titles;           /*!< For people: "Bootloader", "Partition table", "Application", "OTA data", else
                                  the file's base name. */
    char **paths;            /*!< As opened. */
    bool *programs;          /*!< It is code for the target's own processor, with an image header to check. */
    uint32_t count;
    char chip[INPUTS_CHIP_BYTES]; /*!< As flasher_args.json spells it ("esp32c3"); "": not told. */
    bool force;                   /*!< As given in the options. */
} inputs_t;

/** One line of a list of images, before any file is opened. */
typedef struct {
    char *name; /*!< NULL: it has none. */
    char *path; /*!< As written. In flasher_args.json: relative to its folder unless it starts with '/'. */
    uint32_t flash_addr;
    bool encrypted; /*!< The build wants it encrypted on its way into the flash. */
} inputs_entry_t;

typedef struct {
    inputs_entry_t *entries;
    uint32_t count;
    char chip[INPUTS_CHIP_BYTES];
} inputs_listing_t;

/* --- Functions ------------------------------------------------------------------------------------- */

/** Load what the words name: one build folder, one flasher_args.json, or pairs ADDR FILE [ADDR FILE ...].
 *  Addresses are hexadecimal (0x...) or decimal. `options` may be NULL for the defaults.
 *  INPUTS_OK: `in` holds at least one image; each starts a sector of its own and ends within 16 MiB, and unless
 *  `force` each program and partition table is whole and for the chip that flasher_args.json names. Release it
 *  with inputs_free(). Any other value: `in` is empty, and `message` says what is wrong, where, and what to try,
 *  cut to `message_bytes`. Ends the process if the host has no memory left. */
inputs_result_t inputs_load(inputs_t *in, const inputs_options_t *options, int argc, char *const *argv, char *message,
                            size_t message_bytes);

/** Release everything and leave `in` empty; harmless on an empty one. */
void inputs_free(inputs_t *in);

/** After connecting: are these images for this chip and this flash? `chip_id` is the one of image headers;
 *  `chip_name` ("ESP32-C3", any spelling) tells the ESP8266, which has none. `flash_bytes` 0: size unknown, not
 *  checked. INPUTS_OK, or INPUTS_CONTENT and a message. With `force` only the flash size is checked. */
inputs_result_t inputs_check_chip(const inputs_t *in, uint16_t chip_id, const char *chip_name, uint32_t flash_bytes,
                                  char *message, size_t message_bytes);

/** Read the text of a flasher_args.json. Pure: opens no file, checks nothing but the text itself.
 *  "flash_files" says what is flashed, in this order; the other objects with an "offset" name images and say
 *  whether they are encrypted. Objects that no line of "flash_files" mentions are left out, as the build's own flash
 *  target does. `where` is what messages call the text. INPUTS_OK: release `listing` with inputs_listing_free().
 *  INPUTS_CONTENT: `listing` is empty and `message` as above. */
inputs_result_t inputs_parse_flasher_args(const char *text, size_t text_bytes, const char *where,
                                          inputs_listing_t *listing, char *message, size_t message_bytes);
void inputs_listing_free(inputs_listing_t *listing);
