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

/* --- Words ----------------------------------------------------------------------------------------- */

/** Whether `name` is a key that says what an image is for, such as "bootloader" (inputs.c). */
bool inputs_is_known_name(const char *name);
/** What stands behind the last '/'. */
const char *inputs_base_name(const char *path);
/** Read a flash address. NULL and *addr, or what is wrong with the word. */
const char *inputs_parse_addr(const char *word, uint32_t *addr);

/* --- Files (input_files.c) ------------------------------------------------------------------------- */

typedef struct {
    uint8_t *data; /* NULL unless read whole */
    uint32_t bytes;
} inputs_file_t;

/** Read a whole file; free(file->data) afterwards. Any other value than INPUTS_OK: there is no data. */
inputs_result_t inputs_read_file(const char *path, const inputs_options_t *options, inputs_file_t *file,
                                 inputs_message_t message);
