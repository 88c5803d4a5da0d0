/* SPDX-License-Identifier: Apache-2.0 */
/** inputs: turns the INPUT words of a command line into checked images in memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_settings.h"
#include "reflash.h"

/** No flash is larger than the 256 MiB that the id of a part can tell. How much of it the target's loader reaches is known
 *  once there is one. */
#define INPUTS_FLASH_BYTES_MAX 0x10000000u
/** What a mask ROM addresses of it, with 24 bits. */
#define INPUTS_ROM_FLASH_BYTES 0x1000000u
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
    const char *chip;       /*!< What the user says it is for, in any spelling; NULL: the images tell. ELF files need it
                                 where no other image does. */
    flash_settings_t flash; /*!< For the bootloader's header, before those of the build. */
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
    bool *encrypted;         /*!< The target has to encrypt it while it writes; its digest cannot be compared. */
    uint32_t count;
    char chip[INPUTS_CHIP_BYTES]; /*!< As flasher_args.json spells it ("esp32c3"); "": not told. */
    bool force;                   /*!< As given in the options. */
    bool detects_flash_size;      /*!< The bootloader's header shall get the target's: inputs_set_flash_size(). */
} inputs_t;

/** One line of a list of images. */
typedef struct {
    char *name;  /*!< NULL: it has none. */
    char *title; /*!< NULL: that of its role, else the file's base name. */
    char *path;  /*!< As written. In lists of builds: relative to the list's folder unless it starts with '/'. */
    uint32_t flash_addr;
    bool encrypted; /*!< The build wants it encrypted on its way into the flash. */
    bool has_kind;  /*!< `kind` is told; else it is found out. */
    reflash_kind_t kind;
    uint8_t *data; /*!< NULL until the file was read. */
    uint32_t bytes;
} inputs_entry_t;

typedef struct {
    inputs_entry_t *entries;
    uint32_t count;
    char chip[INPUTS_CHIP_BYTES];
    char *flash_mode, *flash_freq, *flash_size; /*!< NULL: not told. */
} inputs_listing_t;

/* --- Functions ------------------------------------------------------------------------------------- */

/** Load what the words name, one of
 *  - a build folder: of ESP-IDF (flasher_args.json), Arduino (NAME.ino.bin and its companions, or flash_args) or
 *    PlatformIO (.pio/build/ENV, or the project if it has one environment)
 *  - a file that tells addresses: flasher_args.json, flash_args, Intel HEX, a merged image, a bundle, NAME.ino.bin with its
 *    companions beside it
 *  - pairs ADDR FILE [ADDR FILE ...]; addresses are hexadecimal (0x...) or decimal. FILE is raw bytes, an ELF file, which
 *    becomes an image, or Intel HEX, with the address where it begins or 0.
 *  A merged image becomes one image for each thing in it; of blank space between partitions none.
 *  The header of the bootloader gets the flash settings of the options, else those of the build, else keeps its own; that of
 *  a signed one stays as it was signed.
 *  `options` may be NULL for the defaults.
 *  INPUTS_OK: `in` holds at least one image; each starts a sector of its own and ends within 256 MiB, and unless
 *  `force` each program and partition table is whole and for the chip that the build names, and none is larger than its
 *  partition. Release it with inputs_free(). Any other value: `in` is empty, and `message` says what is wrong, where,
 *  and what to try, cut to `message_bytes`. Ends the process if the host has no memory left. */
inputs_result_t inputs_load(inputs_t *in, const inputs_options_t *options, int argc, char *const *argv, char *message,
                            size_t message_bytes);

/** Release everything and leave `in` empty; harmless on an empty one. */
void inputs_free(inputs_t *in);

/** The first flash address behind all images; 0: there are none. */
uint32_t inputs_end(const inputs_t *in);

/** After connecting: are these images for this chip and this flash? `chip_id` is the one of image headers;
 *  `chip_name` ("ESP32-C3", any spelling) tells the ESP8266, which has none. `flash_bytes` 0: size unknown, not
 *  checked. INPUTS_OK, or INPUTS_CONTENT and a message. With `force` only the flash size is checked. */
inputs_result_t inputs_check_chip(const inputs_t *in, uint16_t chip_id, const char *chip_name, uint32_t flash_bytes,
                                  char *message, size_t message_bytes);

/** Write the size of the target's flash into the bootloader's header, if the settings were "detect". 0, or a size that
 *  has no code: nothing changes. Digests are those of the new bytes. */
void inputs_set_flash_size(inputs_t *in, uint32_t flash_bytes);

/** INPUTS_CONTENT and a message that ends with `advice`, if there is an image to be encrypted. */
inputs_result_t inputs_refuse_encrypted(const inputs_t *in, const char *advice, char *message, size_t message_bytes);

/** Read the text of a flasher_args.json. Pure: opens no file, checks nothing but the text itself.
 *  "flash_files" says what is flashed, in this order; the other objects with an "offset" name images and say
 *  whether they are encrypted. Objects that no line of "flash_files" mentions are left out, as the build's own flash
 *  target does. `where` is what messages call the text. INPUTS_OK: release `listing` with inputs_listing_free().
 *  INPUTS_CONTENT: `listing` is empty and `message` as above. */
inputs_result_t inputs_parse_flasher_args(const char *text, size_t text_bytes, const char *where,
                                          inputs_listing_t *listing, char *message, size_t message_bytes);
/** The same of a flash_args, what ESP-IDF and Arduino write besides: options of esptool, then a line ADDR FILE for each
 *  image. Options that say nothing about the images are ignored. */
inputs_result_t inputs_parse_flash_args(const char *text, size_t text_bytes, const char *where,
                                        inputs_listing_t *listing, char *message, size_t message_bytes);
/** The same of PlatformIO's idedata.json: what belongs in front of the application, and `*app_addr`, where that goes. No
 *  entries: it does not tell. */
inputs_result_t inputs_parse_idedata(const char *text, size_t text_bytes, const char *where, inputs_listing_t *listing,
                                     uint32_t *app_addr, char *message, size_t message_bytes);
void inputs_listing_free(inputs_listing_t *listing);
