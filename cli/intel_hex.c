/* SPDX-License-Identifier: Apache-2.0 */
#include "intel_hex.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inputs_support.h"

enum { RECORD_BYTES_MAX = 5 + 255, DATA = 0, END = 1, SEGMENT = 2, START_SEGMENT = 3, LINEAR = 4, START_LINEAR = 5 };

/* Payload sizes of records that are no data. */
static const uint8_t sizes[] = {[END] = 0, [SEGMENT] = 2, [START_SEGMENT] = 4, [LINEAR] = 2, [START_LINEAR] = 4};

/* A data record; its bytes are in `bytes` of the reader. */
typedef struct {
    uint32_t addr, bytes;
    size_t at;
    unsigned line;
} run_t;

typedef struct {
    const uint8_t *text, *end;
    unsigned line;
    uint32_t base;
    bool wraps_in_segment; /* the base is that of a segment: offsets count modulo 64 KiB */
    bool ended;
    run_t *runs;
    uint32_t run_count, run_room;
    uint8_t *bytes; /* of all runs */
    size_t byte_count;
    char *why;
    size_t why_bytes;
} reader_t;

__attribute__((format(printf, 2, 3))) static bool wrong(reader_t *reader, const char *format, ...)
{
    const int used = snprintf(reader->why, reader->why_bytes, "line %u ", reader->line);
    va_list arguments;
    va_start(arguments, format);
    if (used > 0 && (size_t)used < reader->why_bytes) {
        (void)vsnprintf(reader->why + used, reader->why_bytes - (size_t)used, format, arguments);
    }
    va_end(arguments);
    return false;
}

/* --- Lines ----------------------------------------------------------------------------------------- */

static int digit(uint8_t character)
{
    return isdigit(character) ? character - '0' : isxdigit(character) ? tolower(character) - 'a' + 10 : -1;
}

/* The bytes of the record in a line without its end; -1 and a reason: it is none. */
static int read_record(reader_t *reader, const uint8_t *line, size_t line_chars, uint8_t record[RECORD_BYTES_MAX])
{
    if (line[0] != ':') {
        (void)wrong(reader, "does not begin with a colon");
        return -1;
    }
    const size_t record_bytes = (line_chars - 1) / 2;
    if (record_bytes < 5 || record_bytes > RECORD_BYTES_MAX || line_chars % 2 == 0) {
        (void)wrong(reader, "has %zu characters behind its colon, which is no record", line_chars - 1);
        return -1;
    }
    uint8_t sum = 0;
    for (size_t at = 0; at < record_bytes; at++) {
        const int high = digit(line[1 + 2 * at]);
        const int low = digit(line[2 + 2 * at]);
        if (high < 0 || low < 0) {
            (void)wrong(reader, "has no hexadecimal digit in column %zu", 2 + 2 * at + (high < 0 ? 0 : 1));
            return -1;
        }
        record[at] = (uint8_t)(high << 4 | low);
        sum = (uint8_t)(sum + record[at]);
    }
    if (record[0] != record_bytes - 5) {
        (void)wrong(reader, "says %u bytes of data and has %zu", record[0], record_bytes - 5);
        return -1;
    }
    if (sum != 0) {
        const uint8_t found = record[record_bytes - 1];
        (void)wrong(reader, "has the checksum %02X instead of %02X", found, (uint8_t)(found - sum));
        return -1;
    }
    return (int)record_bytes;
}

static bool add_run(reader_t *reader, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    if (bytes == 0) {
        return true;
    }
    if (addr >= INPUTS_FLASH_BYTES_MAX || bytes > INPUTS_FLASH_BYTES_MAX - addr) {
        return wrong(reader, "has bytes at 0x%x, beyond 256 MiB, and no flash is larger", (unsigned)addr);
    }
    if (reader->run_count == reader->run_room) {
        reader->run_room = reader->run_room == 0 ? 1024 : 2 * reader->run_room;
        reader->runs = inputs_need(realloc(reader->runs, reader->run_room * sizeof(reader->runs[0])));
    }
    reader->runs[reader->run_count++] =
        (run_t){.addr = addr, .bytes = bytes, .at = reader->byte_count, .line = reader->line};
    memcpy(reader->bytes + reader->byte_count, data, bytes);
    reader->byte_count += bytes;
    return true;
}

static bool take_data(reader_t *reader, const uint8_t *record)
{
    const uint32_t bytes = record[0];
    const uint32_t offset = (uint32_t)record[1] << 8 | record[2];
    const uint32_t before_wrap = 0x10000 - offset;
    if (!reader->wraps_in_segment || bytes <= before_wrap) {
        return add_run(reader, reader->base + offset, record + 4, bytes);
    }
    return add_run(reader, reader->base + offset, record + 4, before_wrap) &&
           add_run(reader, reader->base, record + 4 + before_wrap, bytes - before_wrap);
}

static bool take_record(reader_t *reader, const uint8_t *record)
{
    const uint8_t type = record[3];
    if (type == DATA) {
        return take_data(reader, record);
    }
    if (type > START_LINEAR) {
        return wrong(reader, "has the record type %02X; there are 00 to 05", type);
    }
    if (record[0] != sizes[type]) {
        return wrong(reader, "is a record of type %02X with %u bytes instead of %u", type, record[0], sizes[type]);
    }
    const uint32_t value = (uint32_t)record[4] << 8 | record[5];
    switch (type) {
    case END:
        reader->ended = true;
        break;
    case SEGMENT:
        reader->base = value << 4;
        reader->wraps_in_segment = true;
        break;
    case LINEAR:
        reader->base = value << 16;
        reader->wraps_in_segment = false;
        break;
    default: /* where a program starts says nothing about the flash */
        break;
    }
    return true;
}

static bool read_lines(reader_t *reader)
{
    while (reader->text < reader->end) {
        const size_t left = (size_t)(reader->end - reader->text);
        const uint8_t *newline = memchr(reader->text, '\n', left);
        size_t line_chars = newline != NULL ? (size_t)(newline - reader->text) : left;
        const uint8_t *line = reader->text;
        reader->text += newline != NULL ? line_chars + 1 : left;
        reader->line++;
        while (line_chars > 0 && isspace(line[line_chars - 1])) {
            line_chars--;
        }
        uint8_t record[RECORD_BYTES_MAX];
        if (line_chars == 0) {
            continue;
        }
        if (reader->ended) {
            return wrong(reader, "is behind the end record");
        }
        if (read_record(reader, line, line_chars, record) < 0 || !take_record(reader, record)) {
            return false;
        }
    }
    return reader->ended || wrong(reader, "is the last one, and no end record (:00000001FF): the file is cut off");
}

/* --- Pieces ---------------------------------------------------------------------------------------- */

static int by_addr(const void *a, const void *b)
{
    const run_t *run_a = a;
    const run_t *run_b = b;
    return (run_a->addr > run_b->addr) - (run_a->addr < run_b->addr);
}

/* Whether both bytes are in one sector, or neighbours. */
static bool belong_together(uint32_t last_addr, uint32_t next_addr)
{
    return next_addr - last_addr == 1 || last_addr / REFLASH_SECTOR_BYTES == next_addr / REFLASH_SECTOR_BYTES;
}

static bool make_pieces(reader_t *reader, hex_pieces_t *pieces)
{
    if (reader->run_count == 0) {
        return wrong(reader, "is the last one, and none has data");
    }
    qsort(reader->runs, reader->run_count, sizeof(reader->runs[0]), by_addr);
    pieces->pieces = inputs_need(calloc(reader->run_count, sizeof(pieces->pieces[0])));
    for (uint32_t first = 0; first < reader->run_count;) {
        uint32_t last = first;
        uint32_t last_addr = reader->runs[first].addr + reader->runs[first].bytes - 1;
        for (; last + 1 < reader->run_count; last++) {
            const run_t *next = &reader->runs[last + 1];
            if (next->addr <= last_addr) {
                const unsigned other_line = reader->runs[last].line;
                reader->line = next->line > other_line ? next->line : other_line;
                return wrong(reader, "gives bytes at 0x%x that line %u has, too", (unsigned)next->addr,
                             next->line > other_line ? other_line : next->line);
            }
            if (!belong_together(last_addr, next->addr)) {
                break;
            }
            last_addr = next->addr + next->bytes - 1;
        }
        const uint32_t addr = reader->runs[first].addr;
        hex_piece_t *piece = &pieces->pieces[pieces->count++];
        *piece = (hex_piece_t){.addr = addr, .bytes = last_addr - addr + 1};
        piece->data = inputs_need(malloc(piece->bytes));
        memset(piece->data, 0xFF, piece->bytes);
        for (; first <= last; first++) {
            const run_t *run = &reader->runs[first];
            memcpy(piece->data + (run->addr - addr), reader->bytes + run->at, run->bytes);
        }
    }
    return true;
}

/* --- Public ---------------------------------------------------------------------------------------- */

bool hex_is_text(const uint8_t *data, size_t bytes)
{
    return bytes > 8 && data[0] == ':' && digit(data[1]) >= 0 && digit(data[2]) >= 0;
}

bool hex_read(hex_pieces_t *pieces, const uint8_t *text, size_t text_bytes, char *why, size_t why_bytes)
{
    *pieces = (hex_pieces_t){0};
    reader_t reader = {.text = text, .end = text + text_bytes, .why = why, .why_bytes = why_bytes};
    reader.bytes = inputs_need(malloc(text_bytes / 2 + 1)); /* two characters a byte */
    const bool good = read_lines(&reader) && make_pieces(&reader, pieces);
    free(reader.runs);
    free(reader.bytes);
    if (!good) {
        hex_free(pieces);
    }
    return good;
}

void hex_free(hex_pieces_t *pieces)
{
    for (uint32_t at = 0; at < pieces->count; at++) {
        free(pieces->pieces[at].data);
    }
    free(pieces->pieces);
    *pieces = (hex_pieces_t){0};
}
