/* SPDX-License-Identifier: Apache-2.0 */
/** explain: says what is in images, tables and bundles: as text for people and as JSON for programs, from the same
 *  facts. What comes from files is printed as plain ASCII. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip_formats.h"
#include "output.h"
#include "partition_table.h"

typedef struct {
    output_t *output;
    json_t *object; /*!< Of the thing that is being explained; facts go there. */
    bool colour;    /*!< The text may have bold and red in it. */
    bool sound;     /*!< Nothing wrong was found so far. */
} explainer_t;

/** What a file is, by its content. */
typedef enum {
    EXPLAIN_UNKNOWN,
    EXPLAIN_PROGRAM,
    EXPLAIN_TABLE,
    EXPLAIN_MERGED,
    EXPLAIN_BUNDLE,
    EXPLAIN_OTADATA,
    EXPLAIN_HEX,
    EXPLAIN_ELF
} explain_kind_t;
explain_kind_t explain_kind(const uint8_t *data, size_t bytes);

/** Each of these explains `data` under the heading `name`. What is wrong with it is said, and `explainer->sound` is false
 *  from then on. */
void explain_program(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes);
void explain_table(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes);
void explain_merged(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes);
void explain_bundle(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes);
void explain_otadata(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes);
/** The same where `table` tells which slots there are; it may be NULL. */
void explain_otadata_by(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes,
                        const partition_table_t *table);

/* --- For those above ------------------------------------------------------------------------------- */

/** The line above all facts: the name, what it is, its size. */
void explain_heading(explainer_t *explainer, const char *name, const char *kind, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/** A line "label  text", and `value` (taken) as `key` of the object; NULL: for people alone. */
void explain_fact(explainer_t *explainer, const char *label, const char *key, json_t *value, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/** The same where something is wrong. */
void explain_wrong(explainer_t *explainer, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Flash settings by their codes in an image header. */
void explain_flash(explainer_t *explainer, const char *label, uint8_t mode_code, uint8_t size_code, uint8_t freq_code,
                   const chip_format_t *chip);
/** A line of a table. */
void explain_row(explainer_t *explainer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Make everything but printable ASCII a '?'. */
char *explain_printable(char *text);
/** Two digits for each byte; `text` has room for them and a zero. */
void explain_digits(char *text, const uint8_t *data, size_t bytes);
