/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of flasher_args.json: any text is either a listing whose every entry has a path, or an error with
 * a message. Half of the inputs are taken as they are; the others choose a well-formed text of the right keys
 * and the wrong values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "inputs.h"

typedef struct {
    char text[4096];
    size_t bytes;
} text_t;

static void put(text_t *text, const char *more)
{
    const size_t bytes = strlen(more);
    if (bytes < sizeof(text->text) - text->bytes) {
        memcpy(text->text + text->bytes, more, bytes);
        text->bytes += bytes;
    }
}

static const char *choose(input_t *input, const char *const *from, size_t count)
{
    return from[input_byte(input) % count];
}
#define CHOOSE(input, from) choose(input, from, sizeof(from) / sizeof((from)[0]))

static const char *const keys[] = {"flash_files",
                                   "extra_esptool_args",
                                   "bootloader",
                                   "app",
                                   "partition-table",
                                   "otadata",
                                   "flash_settings",
                                   "offset",
                                   "file",
                                   "encrypted",
                                   "chip",
                                   "0x1000",
                                   "0x8000",
                                   "0x10000",
                                   "65536",
                                   "0xfffff000",
                                   "-1",
                                   "0x",
                                   "",
                                   "storage"};
static const char *const scalars[] = {"\"0x10000\"",  "\"0x1000\"", "\"app.bin\"", "\"b/boot.bin\"", "\"true\"",
                                      "\"false\"",    "true",       "false",       "null",           "7",
                                      "-1",           "1e400",      "\"\"",        "\"esp32\"",      "\"esp32c3\"",
                                      "\"\\u0000x\"", "65536",      "\"0x8000\"",  "\"/a\"",         "0.5"};

static void put_value(text_t *text, input_t *input, unsigned depth)
{
    const uint8_t what = input_byte(input);
    if (depth == 0 || what % 4 == 0) {
        put(text, CHOOSE(input, scalars));
        return;
    }
    const bool object = what % 4 != 1;
    const unsigned count = what / 4 % 5;
    put(text, object ? "{" : "[");
    for (unsigned at = 0; at < count; at++) {
        put(text, at > 0 ? "," : "");
        if (object) {
            put(text, "\"");
            put(text, CHOOSE(input, keys));
            put(text, "\":");
        }
        put_value(text, input, depth - 1);
    }
    put(text, object ? "}" : "]");
}

/* The right shape, with any of its parts replaced. */
static void put_build(text_t *text, input_t *input)
{
    static const char *const parts[][2] = {
        {"flash_files", "{\"0x1000\":\"boot.bin\",\"0x10000\":\"app.bin\",\"0x8000\":\"table.bin\"}"},
        {"bootloader", "{\"offset\":\"0x1000\",\"file\":\"boot.bin\",\"encrypted\":\"false\"}"},
        {"app", "{\"offset\":\"0x10000\",\"file\":\"app.bin\",\"encrypted\":\"false\"}"},
        {"extra_esptool_args", "{\"after\":\"hard_reset\",\"stub\":true,\"chip\":\"esp32\"}"},
    };
    put(text, "{");
    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
        put(text, part > 0 ? ",\"" : "\"");
        put(text, parts[part][0]);
        put(text, "\":");
        if (input_byte(input) % 4 == 0) {
            put_value(text, input, 3);
        } else {
            put(text, parts[part][1]);
        }
    }
    put(text, "}");
}

static void check(const char *text, size_t bytes)
{
    inputs_listing_t listing;
    char message[256] = "";
    const inputs_result_t result =
        inputs_parse_flasher_args(text, bytes, "flasher_args.json", &listing, message, sizeof(message));
    if (result == INPUTS_OK) {
        for (uint32_t at = 0; at < listing.count; at++) {
            if (listing.entries[at].path == NULL) {
                abort();
            }
        }
        inputs_listing_free(&listing);
    } else if (message[0] == '\0' || memchr(message, '\0', sizeof(message)) == NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input = {data, size};
    text_t text = {.bytes = 0};
    switch (input_byte(&input) % 4) {
    case 0:
        check((const char *)input.at, input.left);
        return 0;
    case 1:
        put_value(&text, &input, 4);
        break;
    default:
        put_build(&text, &input);
        break;
    }
    check(text.text, text.bytes);
    return 0;
}
