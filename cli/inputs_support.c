/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the room `inputs` share. */
#include "inputs_support.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

inputs_message_t inputs_message_into(char *text, size_t bytes)
{
    inputs_message_t message = {0};
    message.text = text;
    message.bytes = bytes;
    return message;
}

inputs_result_t inputs_fail(inputs_message_t message, inputs_result_t result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message.text, message.bytes, format, arguments);
    va_end(arguments);
    return result;
}

void *inputs_need(void *memory)
{
    if (memory == NULL) {
        (void)fputs("reflash: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

char *inputs_text_of(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return inputs_need(length < 0 ? NULL : text);
}

char *inputs_utf8_of(const char *text)
{
    char *copy = inputs_text_of("%s", text);
    json_t *checked = json_string(copy);
    for (char *at = copy; checked == NULL && *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x80) {
            *at = '?';
        }
    }
    json_decref(checked);
    return copy;
}

const char *inputs_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

const char *inputs_parse_addr(const char *word, uint32_t *addr)
{
    if (word[0] == '-') {
        return "is negative";
    }
    const bool hexadecimal = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    if (!isdigit((unsigned char)word[0]) || (hexadecimal && !isxdigit((unsigned char)word[2]))) {
        return "is no number";
    }
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(word, &end, hexadecimal ? 16 : 10);
    if (*end != '\0') {
        return "is no number";
    }
    if (errno != 0 || value >= INPUTS_FLASH_BYTES_MAX) {
        return "is beyond 256 MiB, and no flash is larger";
    }
    *addr = (uint32_t)value;
    return NULL;
}

inputs_entry_t *inputs_add_entry(inputs_listing_t *listing, uint32_t flash_addr, char *path)
{
    listing->entries = inputs_need(realloc(listing->entries, (listing->count + 1) * sizeof(listing->entries[0])));
    inputs_entry_t *entry = &listing->entries[listing->count++];
    *entry = (inputs_entry_t){.path = path, .flash_addr = flash_addr};
    return entry;
}

void inputs_listing_free(inputs_listing_t *listing)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        free(listing->entries[i].name);
        free(listing->entries[i].title);
        free(listing->entries[i].path);
        free(listing->entries[i].data);
    }
    free(listing->entries);
    free(listing->flash_mode);
    free(listing->flash_freq);
    free(listing->flash_size);
    *listing = (inputs_listing_t){0};
}
