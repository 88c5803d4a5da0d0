/* SPDX-License-Identifier: Apache-2.0 */
/* Reads flash_args, which ESP-IDF and Arduino write for esptool: options, and lines ADDR FILE. Pure: text in, listing
 * out. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "inputs_support.h"

/* Options are spelled with hyphens or, by older builds, with underscores. */
typedef enum { TELLS_NOTHING, MODE, FREQ, SIZE, ENCRYPT, ENCRYPT_FILES } meaning_t;
static const struct {
    const char *name;
    meaning_t meaning;
} options[] = {
    {"--flash-mode", MODE},           {"-fm", MODE},
    {"--flash-freq", FREQ},           {"-ff", FREQ},
    {"--flash-size", SIZE},           {"-fs", SIZE},
    {"--encrypt", ENCRYPT},           {"--encrypt-files", ENCRYPT_FILES},
    {"--compress", TELLS_NOTHING},    {"-z", TELLS_NOTHING},
    {"--no-compress", TELLS_NOTHING}, {"-u", TELLS_NOTHING},
    {"--force", TELLS_NOTHING},       {"--no-progress", TELLS_NOTHING},
    {"--erase-all", TELLS_NOTHING},   {"-e", TELLS_NOTHING},
    {"--verify", TELLS_NOTHING},      {"--ignore-flash-encryption-efuse-setting", TELLS_NOTHING},
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

typedef struct {
    const char *at, *end; /* of the line */
    unsigned line;
    const char *where;
    inputs_listing_t *listing;
    inputs_message_t message;
    bool encrypts_all, encrypts_next;
} reader_t;

static void skip_spaces(reader_t *reader)
{
    while (reader->at < reader->end && isspace((unsigned char)*reader->at)) {
        reader->at++;
    }
}

/* The next word of the line, to be freed; NULL at its end. */
static char *next_word(reader_t *reader)
{
    skip_spaces(reader);
    const char *start = reader->at;
    while (reader->at < reader->end && !isspace((unsigned char)*reader->at)) {
        reader->at++;
    }
    return reader->at > start ? inputs_text_of("%.*s", (int)(reader->at - start), start) : NULL;
}

static inputs_result_t fail_here(const reader_t *reader, const char *what, const char *word)
{
    return inputs_fail(reader->message, INPUTS_CONTENT,
                       "%s:%u: \"%s\" %s. Build the project again, or give ADDR FILE pairs.", reader->where,
                       reader->line, word, what);
}

static bool same_option(const char *a, const char *b)
{
    for (; *a != '\0' && (*a == *b || (*a == '-' && *b == '_')); a++, b++) {
    }
    return *a == *b;
}

static inputs_result_t take_option(reader_t *reader, const char *word)
{
    size_t row = 0;
    while (row < OPTION_COUNT && !same_option(options[row].name, word)) {
        row++;
    }
    if (row == OPTION_COUNT) {
        return fail_here(reader, "is an option that is not known here", word);
    }
    inputs_listing_t *listing = reader->listing;
    char **const words[] = {
        [MODE] = &listing->flash_mode, [FREQ] = &listing->flash_freq, [SIZE] = &listing->flash_size};
    const meaning_t meaning = options[row].meaning;
    if (meaning == ENCRYPT) {
        reader->encrypts_all = true;
    } else if (meaning == ENCRYPT_FILES) {
        reader->encrypts_next = true;
    } else if (meaning != TELLS_NOTHING) {
        char **const value = words[meaning];
        free(*value);
        *value = next_word(reader);
        if (*value == NULL) {
            return fail_here(reader, "has no value behind it", word);
        }
    }
    return INPUTS_OK;
}

/* What is left of the line is a file's name, which may have spaces in it, and quotes around it. */
static inputs_result_t take_file(reader_t *reader, const char *addr_text)
{
    uint32_t flash_addr = 0;
    const char *wrong = inputs_parse_addr(addr_text, &flash_addr);
    if (wrong != NULL) {
        return fail_here(reader, wrong, addr_text);
    }
    skip_spaces(reader);
    const char *end = reader->end;
    while (end > reader->at && isspace((unsigned char)end[-1])) {
        end--;
    }
    if (end - reader->at >= 2 && reader->at[0] == '"' && end[-1] == '"') {
        reader->at++;
        end--;
    }
    if (end == reader->at) {
        return fail_here(reader, "has no file behind it", addr_text);
    }
    if (memchr(reader->at, '\0', (size_t)(end - reader->at)) != NULL) {
        return fail_here(reader, "has a name with a zero byte behind it", addr_text);
    }
    inputs_entry_t *entry =
        inputs_add_entry(reader->listing, flash_addr, inputs_text_of("%.*s", (int)(end - reader->at), reader->at));
    entry->encrypted = reader->encrypts_next;
    reader->at = reader->end;
    return INPUTS_OK;
}

static inputs_result_t take_line(reader_t *reader)
{
    inputs_result_t result = INPUTS_OK;
    for (char *word; result == INPUTS_OK && (word = next_word(reader)) != NULL; free(word)) {
        result = word[0] == '-' ? take_option(reader, word) : take_file(reader, word);
    }
    return result;
}

inputs_result_t inputs_parse_flash_args(const char *text, size_t text_bytes, const char *where,
                                        inputs_listing_t *listing, char *message_text, size_t message_bytes)
{
    *listing = (inputs_listing_t){0};
    reader_t reader = {.where = where, .listing = listing, .message = inputs_message_into(message_text, message_bytes)};
    inputs_result_t result = INPUTS_OK;
    for (size_t offset = 0; result == INPUTS_OK && offset < text_bytes;) {
        const char *newline = memchr(text + offset, '\n', text_bytes - offset);
        reader.at = text + offset;
        reader.end = newline != NULL ? newline : text + text_bytes;
        reader.line++;
        offset = (size_t)(reader.end - text) + 1;
        result = take_line(&reader);
    }
    if (result == INPUTS_OK && listing->count == 0) {
        result = inputs_fail(reader.message, INPUTS_CONTENT,
                             "%s: names no file, so there is nothing to flash. Build the project again.", where);
    }
    for (uint32_t i = 0; i < listing->count && reader.encrypts_all; i++) {
        listing->entries[i].encrypted = true;
    }
    if (result != INPUTS_OK) {
        inputs_listing_free(listing);
    }
    return result;
}
