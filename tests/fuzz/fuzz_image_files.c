/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about files: images, partition tables, merged images and bundles, as they are or put together so that the
 * sums are right. Whatever they are like, they are explained without a byte outside of them, and the explanation is
 * valid JSON. Flash settings never make a sound image unsound. */
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "flash_settings.h"
#include "image_check.h"
#include "input.h"
#include "merged_image.h"

enum { ROOM = 0x6000, TABLE_AT = 0x2000 };

static void need(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* A program of two segments with a right checksum and no digest: the header's fields are the input's. */
static size_t put_program(uint8_t *at, input_t *input)
{
    static const uint8_t chip_ids[] = {0, 2, 5, 9, 13, 18, 99};
    uint8_t checksum = 0xEF;
    size_t end = 24;
    memset(at, 0, 24);
    at[0] = 0xE9;
    at[1] = 2;
    at[2] = input_byte(input);
    at[3] = input_byte(input);
    at[12] = chip_ids[input_byte(input) % sizeof(chip_ids)];
    at[17] = input_byte(input);
    for (unsigned segment = 0; segment < 2; segment++) {
        size_t bytes;
        const uint8_t addr = input_byte(input);
        const uint8_t *data = input_slice(input, input_byte(input) % 300, &bytes);
        memset(at + end, 0, 8);
        at[end + 3] = addr;
        at[end + 4] = (uint8_t)bytes;
        at[end + 5] = (uint8_t)(bytes >> 8);
        memcpy(at + end + 8, data, bytes);
        for (size_t byte = 0; byte < bytes; byte++) {
            checksum ^= data[byte];
        }
        end += 8 + bytes;
    }
    for (; end % 16 != 15; end++) {
        at[end] = 0;
    }
    at[end] = checksum;
    return end + 1;
}

/* Rows whose numbers are small multiples of a sector, most of them. */
static size_t put_table(uint8_t *at, input_t *input)
{
    const unsigned rows = input_byte(input) % 6;
    for (unsigned row = 0; row < rows; row++, at += 32) {
        memset(at, 0, 32);
        at[0] = 0xAA;
        at[1] = 0x50;
        at[2] = input_byte(input) % 5;
        at[3] = input_byte(input);
        at[4] = input_byte(input) % 4 == 0;
        at[5] = input_byte(input) & 0xF0;
        at[9] = input_byte(input) & 0xF0;
        at[11] = input_byte(input) % 16 == 0 ? 0xFF : 0;
        memset(at + 12, input_byte(input), 16);
        at[28] = input_byte(input);
    }
    memset(at, 0xFF, 32);
    return rows * 32 + 32;
}

static size_t put_merged(uint8_t *file, input_t *input)
{
    memset(file, 0xFF, ROOM);
    const size_t start = input_byte(input) % 2 == 0 ? 0 : 0x1000;
    (void)put_program(file + start, input);
    (void)put_table(file + TABLE_AT, input);
    (void)put_program(file + 0x3000, input);
    return TABLE_AT + 0x1000 + input_byte(input) * 0x20u;
}

static void check_explanation(const uint8_t *data, size_t bytes)
{
    static void (*const functions[])(explainer_t *, const char *, const uint8_t *, size_t) = {
        [EXPLAIN_PROGRAM] = explain_program,
        [EXPLAIN_TABLE] = explain_table,
        [EXPLAIN_MERGED] = explain_merged,
        [EXPLAIN_BUNDLE] = explain_bundle,
    };
    output_t output = {.json = true}; /* says nothing */
    explainer_t explainer = {.output = &output, .object = json_object(), .sound = true};
    const explain_kind_t kind = explain_kind(data, bytes);
    if (kind != EXPLAIN_UNKNOWN && kind != EXPLAIN_HEX && kind != EXPLAIN_ELF) {
        functions[kind](&explainer, "file", data, bytes);
        char *text = json_dumps(explainer.object, 0);
        need(text != NULL);
        free(text);
    }
    json_decref(explainer.object);
}

static void check_parts(const uint8_t *data, size_t bytes)
{
    static merged_image_t merged;
    if (merged_read(&merged, data, bytes)) {
        uint32_t end = 0;
        for (uint32_t at = 0; at < merged.part_count; at++) {
            need(merged.parts[at].offset == end && merged.parts[at].bytes > 0);
            end += merged.parts[at].bytes;
        }
        need(end == bytes);
    }
}

static void check_patch(uint8_t *data, size_t bytes, input_t *input)
{
    static const char *const words[] = {NULL, "keep", "detect", "qio", "dout", "80m", "20m", "2MB", "512KB"};
    const flash_settings_t settings = {words[input_byte(input) % 9], words[input_byte(input) % 9],
                                       words[input_byte(input) % 9]};
    if (image_check(data, bytes, IMAGE_CHIP_ANY, NULL, 0) == IMAGE_SOUND) {
        (void)flash_settings_patch(data, bytes, &settings, (uint32_t)input_byte(input) << 20);
        need(image_check(data, bytes, IMAGE_CHIP_ANY, NULL, 0) == IMAGE_SOUND);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input = {data, size};
    static uint8_t made[ROOM];
    size_t bytes;
    const uint8_t *content = made;
    switch (input_byte(&input) % 4) {
    case 0:
        bytes = input.left;
        content = input.at;
        break;
    case 1:
        bytes = put_program(made, &input);
        break;
    case 2:
        bytes = put_table(made, &input);
        break;
    default:
        bytes = put_merged(made, &input);
        break;
    }
    if (bytes == 0) {
        return 0;
    }
    uint8_t *file = malloc(bytes); /* of exactly its size, for the sanitizer */
    need(file != NULL);
    memcpy(file, content, bytes);
    check_explanation(file, bytes);
    check_parts(file, bytes);
    check_patch(file, bytes, &input);
    free(file);
    return 0;
}
