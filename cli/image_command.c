/* SPDX-License-Identifier: Apache-2.0 */
#include "image_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf_image.h"
#include "explain.h"
#include "image_check.h"
#include "inputs_support.h"
#include "intel_hex.h"
#include "output.h"

enum { MESSAGE_BYTES = 1024 };

typedef struct {
    const options_t *options;
    output_t output;
    char message[MESSAGE_BYTES];
} explaining_t;

static void explain_by_kind(explainer_t *explainer, explain_kind_t kind, const char *name, const uint8_t *data,
                            size_t bytes)
{
    static void (*const functions[])(explainer_t *, const char *, const uint8_t *, size_t) = {
        [EXPLAIN_PROGRAM] = explain_program, [EXPLAIN_TABLE] = explain_table,     [EXPLAIN_MERGED] = explain_merged,
        [EXPLAIN_BUNDLE] = explain_bundle,   [EXPLAIN_OTADATA] = explain_otadata,
    };
    functions[kind](explainer, name, data, bytes);
}

/* Each piece by itself. */
static inputs_result_t explain_hex(explaining_t *explaining, explainer_t *explainer, const char *path,
                                   const inputs_file_t *file)
{
    const inputs_message_t message = inputs_message_into(explaining->message, sizeof(explaining->message));
    hex_pieces_t pieces;
    char why[200];
    if (!hex_read(&pieces, file->data, file->bytes, why, sizeof(why))) {
        return inputs_fail(message, INPUTS_CONTENT, "%s: %s. The file is damaged or incomplete: make it again.", path,
                           why);
    }
    explain_heading(explainer, path, "intel-hex", file->bytes, "Intel HEX with %u piece%s", (unsigned)pieces.count,
                    pieces.count == 1 ? "" : "s");
    json_t *contents = json_array();
    json_t *whole = explainer->object;
    for (uint32_t at = 0; at < pieces.count; at++) {
        const hex_piece_t *piece = &pieces.pieces[at];
        char *name = inputs_text_of("bytes at 0x%x", (unsigned)piece->addr);
        const explain_kind_t kind = explain_kind(piece->data, piece->bytes);
        explainer->object = json_pack("{s:I}", "address", (json_int_t)piece->addr);
        if (kind == EXPLAIN_PROGRAM || kind == EXPLAIN_TABLE || kind == EXPLAIN_MERGED || kind == EXPLAIN_OTADATA) {
            explain_by_kind(explainer, kind, name, piece->data, piece->bytes);
        } else {
            explain_heading(explainer, name, "data", piece->bytes, "data");
        }
        (void)json_array_append_new(contents, explainer->object);
        free(name);
    }
    explainer->object = whole;
    (void)json_object_set_new(explainer->object, "contents", contents);
    hex_free(&pieces);
    return INPUTS_OK;
}

/* What it becomes when it is flashed. */
static inputs_result_t explain_elf(explaining_t *explaining, explainer_t *explainer, const char *path,
                                   const inputs_file_t *file)
{
    const inputs_message_t message = inputs_message_into(explaining->message, sizeof(explaining->message));
    const options_t *options = explaining->options;
    const chip_format_t *chip = options->chip != NULL ? chip_format_by_name(options->chip) : NULL;
    if (chip == NULL) {
        return inputs_fail(message, INPUTS_USAGE,
                           "%s: is an ELF file, which does not tell its chip. Name it with --chip, such as --chip "
                           "esp32c3.",
                           path);
    }
    elf_image_t image;
    char why[300];
    if (!elf_make_image(&image, file->data, file->bytes, chip, &options->flash, why, sizeof(why))) {
        return inputs_fail(message, INPUTS_CONTENT, "%s: %s. No image can be made of it; check --chip and the build.",
                           path, why);
    }
    char *name = inputs_text_of("%s, as image", path);
    explain_program(explainer, name, image.data, image.bytes);
    if (image.mapped != NULL) {
        explain_fact(explainer, "mapped code", "mapped",
                     json_pack("{s:I, s:I}", "address", (json_int_t)image.mapped_flash_addr, "bytes",
                               (json_int_t)image.mapped_bytes),
                     "%u bytes, to flash address 0x%x", (unsigned)image.mapped_bytes,
                     (unsigned)image.mapped_flash_addr);
    }
    free(name);
    elf_image_free(&image);
    return INPUTS_OK;
}

static inputs_result_t explain_content(explaining_t *explaining, explainer_t *explainer, const char *path,
                                       const inputs_file_t *file)
{
    const explain_kind_t kind = explain_kind(file->data, file->bytes);
    switch (kind) {
    case EXPLAIN_UNKNOWN:
        return inputs_fail(inputs_message_into(explaining->message, sizeof(explaining->message)), INPUTS_CONTENT,
                           "%s: begins with %02x %02x, unlike every image, partition table, OTA data, merged image, "
                           "bundle, ELF and Intel HEX file. Check the path.",
                           path, file->data[0], file->bytes > 1 ? file->data[1] : 0u);
    case EXPLAIN_HEX:
        return explain_hex(explaining, explainer, path, file);
    case EXPLAIN_ELF:
        return explain_elf(explaining, explainer, path, file);
    default:
        explain_by_kind(explainer, kind, path, file->data, file->bytes);
        return INPUTS_OK;
    }
}

static inputs_result_t explain_file(explaining_t *explaining, const char *path)
{
    const inputs_message_t message = inputs_message_into(explaining->message, sizeof(explaining->message));
    const inputs_options_t input_options = {0};
    inputs_file_t file = {0};
    inputs_result_t result = inputs_read_file(path, &input_options, &file, message);
    if (result == INPUTS_OK) {
        explainer_t explainer = {.output = &explaining->output,
                                 .object = json_pack("{s:s, s:o}", "event", "image", "file", output_text(path)),
                                 .colour = explaining->output.terminal && getenv("NO_COLOR") == NULL,
                                 .sound = true};
        result = explain_content(explaining, &explainer, path, &file);
        if (result == INPUTS_OK) {
            (void)json_object_set_new(explainer.object, "sound", json_boolean(explainer.sound));
            output_event(&explaining->output, explainer.object);
            free(file.data);
            return explainer.sound ? INPUTS_OK : INPUTS_CONTENT;
        }
        json_decref(explainer.object);
    }
    free(file.data);
    output_error(&explaining->output, explaining->message);
    return result;
}

status_t image_run(const options_t *options, int word_count, char *const *words)
{
    explaining_t explaining = {.options = options};
    output_init(&explaining.output, options->json, NULL);
    status_t status = STATUS_OK;
    if (word_count == 0) {
        output_error(&explaining.output, "image explains files: name one, such as build/app.bin");
        status = STATUS_USAGE;
    }
    for (int word = 0; word < word_count; word++) {
        const inputs_result_t result = explain_file(&explaining, words[word]);
        if (result != INPUTS_OK) {
            status = result == INPUTS_USAGE ? STATUS_USAGE : STATUS_INPUT;
        }
        if (word + 1 < word_count) {
            output_line(&explaining.output, "%s", "");
        }
    }
    output_event(&explaining.output, json_pack("{s:s, s:b}", "event", "summary", "ok", status == STATUS_OK));
    return status;
}
