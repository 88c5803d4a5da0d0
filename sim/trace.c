/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { WORDS_MAX = 6 };

/* Words of the payload that are worth a look, in their order; '@' in front of those that are addresses and bits. */
enum { HEX = '@' };
typedef struct {
    uint8_t opcode;
    const char *name;
    const char *words[WORDS_MAX];
} command_row_t;

static const command_row_t commands[] = {
    {0x02, "FLASH_BEGIN", {"size", "blocks", "block", "@addr", "encrypted"}},
    {0x03, "FLASH_DATA", {"size", "seq"}},
    {0x04, "FLASH_END", {"stay"}},
    {0x05, "MEM_BEGIN", {"size", "blocks", "block", "@addr"}},
    {0x06, "MEM_END", {"stay", "@entry"}},
    {0x07, "MEM_DATA", {"size", "seq"}},
    {0x08, "SYNC", {NULL}},
    {0x09, "WRITE_REG", {"@addr", "@value", "@mask", "delay_us"}},
    {0x0A, "READ_REG", {"@addr"}},
    {0x0B, "SPI_SET_PARAMS", {"@id", "size", "block", "sector", "page", "@status"}},
    {0x0D, "SPI_ATTACH", {"@pins"}},
    {0x0E, "READ_FLASH_SLOW", {"@addr", "size"}},
    {0x0F, "CHANGE_BAUDRATE", {"baud", "old"}},
    {0x10, "FLASH_DEFL_BEGIN", {"size", "blocks", "block", "@addr", "encrypted"}},
    {0x11, "FLASH_DEFL_DATA", {"size", "seq"}},
    {0x12, "FLASH_DEFL_END", {"stay"}},
    {0x13, "SPI_FLASH_MD5", {"@addr", "size"}},
    {0x14, "GET_SECURITY_INFO", {NULL}},
    {0xD0, "ERASE_FLASH", {NULL}},
    {0xD1, "ERASE_REGION", {"@addr", "size"}},
    {0xD2, "READ_FLASH", {"@addr", "size", "packet", "in_flight"}},
    {0xD3, "RUN_USER_CODE", {NULL}},
    {0xD4, "FLASH_ENCRYPT_DATA", {"size", "seq"}},
};

static const command_row_t *row_of(uint8_t opcode)
{
    for (size_t row = 0; row < sizeof(commands) / sizeof(commands[0]); row++) {
        if (commands[row].opcode == opcode) {
            return &commands[row];
        }
    }
    return NULL;
}

const char *espsim_trace_command_name(uint8_t opcode)
{
    const command_row_t *row = row_of(opcode);
    return row != NULL ? row->name : NULL;
}

/* A line that is being written; what does not fit is cut off. */
typedef struct {
    char *text;
    size_t used;
} line_t;

__attribute__((format(printf, 2, 3))) static void add(line_t *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const size_t room = ESPSIM_TRACE_LINE_BYTES - line->used;
    const int bytes = vsnprintf(line->text + line->used, room, format, args);
    va_end(args);
    line->used += bytes > 0 && (size_t)bytes < room ? (size_t)bytes : room - 1;
}

static uint32_t word_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void add_command(line_t *line, const espsim_event_t *event)
{
    const command_row_t *row = row_of(event->opcode);
    if (row == NULL) {
        add(line, "> 0x%02X size=%u", event->opcode, event->payload_bytes);
    } else {
        add(line, "> %s", row->name);
    }
    for (unsigned word = 0; row != NULL && word < WORDS_MAX && row->words[word] != NULL; word++) {
        if (4 * (word + 1) > event->payload_bytes || 4 * (word + 1) > sizeof(event->payload)) {
            break;
        }
        const bool hex = row->words[word][0] == HEX;
        const uint32_t value = word_at(&event->payload[4 * (size_t)word]);
        add(line, hex ? " %s=0x%" PRIx32 : " %s=%" PRIu32, row->words[word] + (hex ? 1 : 0), value);
    }
    const double took_ms = (double)event->took_ns / 1e6;
    if (!event->is_answered) {
        add(line, " < nothing %.3f ms", took_ms);
    } else if (event->status == 0) {
        add(line, " < ok %.3f ms", took_ms);
    } else {
        add(line, " < refused 0x%04X %.3f ms", event->status, took_ms);
    }
}

/* A line with its time. */
static line_t begin(char text[ESPSIM_TRACE_LINE_BYTES], uint64_t at_ns)
{
    enum { NS_PER_S = 1000000000 };
    line_t line = {text, 0};
    add(&line, "%" PRIu64 ".%09" PRIu64 " ", at_ns / NS_PER_S, at_ns % NS_PER_S);
    return line;
}

static void add_totals(line_t *line, uint64_t bytes_to_target, uint64_t bytes_from_target)
{
    add(line, " after %" PRIu64 " bytes in, %" PRIu64 " out", bytes_to_target, bytes_from_target);
}

void espsim_trace_line(const espsim_event_t *event, char text[ESPSIM_TRACE_LINE_BYTES])
{
    line_t line = begin(text, event->at_ns);
    switch (event->kind) {
    case ESPSIM_EVENT_COMMAND:
        add_command(&line, event);
        break;
    case ESPSIM_EVENT_RESET:
        add(&line, "* reset cause=0x%x strapping=0x%x", event->reset_code, event->strapping);
        break;
    case ESPSIM_EVENT_POWER_OFF:
        add(&line, "* power off");
        break;
    case ESPSIM_EVENT_BAUD:
        add(&line, "* baud %u", (unsigned)event->baud);
        break;
    case ESPSIM_EVENT_STUB:
        add(&line, "* stub %s", espsim_stub_name(event->stub));
        break;
    }
    if (event->kind != ESPSIM_EVENT_COMMAND) {
        add_totals(&line, event->bytes_to_target, event->bytes_from_target);
    }
}

void espsim_trace_to_file(void *file, const espsim_event_t *event)
{
    char line[ESPSIM_TRACE_LINE_BYTES];
    espsim_trace_line(event, line);
    (void)fprintf(file, "%s\n", line);
    (void)fflush(file);
}

void espsim_trace_end(const espsim_t *sim, FILE *file)
{
    char text[ESPSIM_TRACE_LINE_BYTES];
    line_t line = begin(text, espsim_now(sim));
    add(&line, "* end");
    add_totals(&line, espsim_stats(sim)->bytes_to_target, espsim_stats(sim)->bytes_from_target);
    (void)fprintf(file, "%s\n", text);
    (void)fflush(file);
}
