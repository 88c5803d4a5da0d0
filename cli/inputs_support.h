/* SPDX-License-Identifier: Apache-2.0 */
/** What the files behind inputs.h share, and nobody else uses. */
#pragma once

#include "inputs.h"

#define INPUTS_FLASHER_ARGS "flasher_args.json"

/* --- Messages and memory --------------------------------------------------------------------------- */

/** Where the one message of a failed call goes. */
typedef struct {
    char *text;
    size_t bytes;
} inputs_message_t;

inputs_message_t inputs_message_into(char *text, size_t bytes);
/** Write the message and return `result`. */
inputs_result_t inputs_fail(inputs_message_t message, inputs_result_t result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** `memory`, unless it is NULL: a program on a PC that cannot get a few bytes has nothing better to do than to say
 *  so and end. */
void *inputs_need(void *memory);
/** A text of its own, to be freed. */
char *inputs_text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** The same text, to be freed. JSON and bundles hold UTF-8, but the name of a file or a port may be anything: if it is
 *  something else, all but ASCII is '?'. */
char *inputs_utf8_of(const char *text);

/* --- Words ----------------------------------------------------------------------------------------- */

/** Whether `name` is a key that says what an image is for, such as "bootloader" (inputs.c). */
bool inputs_is_known_name(const char *name);
/** What stands behind the last '/'. */
const char *inputs_base_name(const char *path);
/** Read a flash address. NULL and *addr, or what is wrong with the word. */
const char *inputs_parse_addr(const char *word, uint32_t *addr);

/* --- Listings -------------------------------------------------------------------------------------- */

/** A new entry at the end of the listing, for a path of its own. */
inputs_entry_t *inputs_add_entry(inputs_listing_t *listing, uint32_t flash_addr, char *path);

/** Paths that do not start with '/' get the folder of `listing_path` in front (input_words.c). */
void inputs_join_paths(inputs_listing_t *listing, const char *listing_path);
/** What the words of the command line name (input_words.c). */
inputs_result_t inputs_list_words(int argc, char *const *argv, const inputs_options_t *options,
                                  inputs_listing_t *listing, inputs_message_t message);
/** A folder that a build left (build_folders.c). */
inputs_result_t inputs_list_folder(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                   inputs_message_t message);
/** An application of Arduino or PlatformIO, from its name and what is beside it (build_folders.c). False: `path` is not
 *  called so, or is alone; otherwise *result is as above. */
bool inputs_list_companions(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                            inputs_result_t *result, inputs_message_t message);
/** A flasher_args.json (input_words.c). */
inputs_result_t inputs_list_flasher_args(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                         inputs_message_t message);
/** A flash_args (input_words.c). */
inputs_result_t inputs_list_flash_args(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                       inputs_message_t message);
/** Read the files of all entries that have no data, and put what is in them in their place: the pieces of Intel HEX, the
 *  parts of merged images, the images that ELF files become (input_open.c). `flash` is for these. */
inputs_result_t inputs_open(inputs_listing_t *listing, const inputs_options_t *options, const flash_settings_t *flash,
                            inputs_message_t message);

/* --- Files (input_files.c) ------------------------------------------------------------------------- */

typedef struct {
    uint8_t *data; /* NULL unless read whole */
    uint32_t bytes;
} inputs_file_t;

/** Anything longer is no input. */
#define INPUTS_FILE_BYTES_MAX INPUTS_FLASH_BYTES_MAX

/** Read a whole file; free(file->data) afterwards. Any other value than INPUTS_OK: there is no data. */
inputs_result_t inputs_read_file(const char *path, const inputs_options_t *options, inputs_file_t *file,
                                 inputs_message_t message);
/** Whether what is at `path` may be replaced by a file: there is nothing, or a regular file. INPUTS_FILE: a device, which
 *  would be gone, or a folder. Ask before the work is done. */
inputs_result_t inputs_check_output(const char *path, inputs_message_t message);
