/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The rows ----------------------------------------------------------------------------------------------------- */

enum { BYTE, OP, MD5, EVERY, MASK, BYTES, MS, ADDR, BIT, ID, DIGEST, PARAMETERS };
#define PARAMETER(which) (1u << (which))

/* All but the digest are numbers. */
static const struct {
    const char *name;
    size_t offset; /* of a uint32_t in the fault */
    uint32_t min, max;
} parameters[PARAMETERS] = {
    [BYTE] = {"byte", offsetof(espsim_fault_t, byte), 1, UINT32_MAX},
    [OP] = {"op", offsetof(espsim_fault_t, op), 1, UINT32_MAX},
    [MD5] = {"md5", offsetof(espsim_fault_t, md5), 1, UINT32_MAX},
    [EVERY] = {"every", offsetof(espsim_fault_t, every), 1, UINT32_MAX},
    [MASK] = {"mask", offsetof(espsim_fault_t, mask), 1, 0xFF},
    [BYTES] = {"bytes", offsetof(espsim_fault_t, bytes), 1, UINT32_MAX},
    [MS] = {"ms", offsetof(espsim_fault_t, ms), 1, 3600000},
    [ADDR] = {"addr", offsetof(espsim_fault_t, addr), 0, 0xFFFFFF},
    [BIT] = {"bit", offsetof(espsim_fault_t, bit), 0, 7},
    [ID] = {"id", offsetof(espsim_fault_t, id), 0, UINT32_MAX},
    [DIGEST] = {"digest", 0, 0, 0},
};

enum {
    AT_BYTE = PARAMETER(BYTE) | PARAMETER(EVERY),
    AT_OP = PARAMETER(OP) | PARAMETER(EVERY),
    AT_EITHER = AT_BYTE | AT_OP,
    AT_MD5 = PARAMETER(MD5) | PARAMETER(EVERY)
};

static const espsim_fault_row_t rows[] = {
    {"drop-to-target", ESPSIM_FAULT_DROP_TO_TARGET, AT_BYTE, 0, 0, "a byte to the chip is lost"},
    {"flip-to-target", ESPSIM_FAULT_FLIP_TO_TARGET, AT_BYTE, 0, PARAMETER(MASK), "... altered: XOR mask (0x01)"},
    {"double-to-target", ESPSIM_FAULT_DOUBLE_TO_TARGET, AT_BYTE, 0, 0, "... arrives twice"},
    {"delay-to-target", ESPSIM_FAULT_DELAY_TO_TARGET, AT_BYTE, PARAMETER(MS), 0,
     "... arrives late, as do those behind"},
    {"noise-to-target", ESPSIM_FAULT_NOISE_TO_TARGET, AT_BYTE, PARAMETER(BYTES), 0, "so many from there on are random"},
    {"drop-from-target", ESPSIM_FAULT_DROP_FROM_TARGET, AT_BYTE, 0, 0, "a byte of the chip is lost"},
    {"flip-from-target", ESPSIM_FAULT_FLIP_FROM_TARGET, AT_BYTE, 0, PARAMETER(MASK), "... altered"},
    {"double-from-target", ESPSIM_FAULT_DOUBLE_FROM_TARGET, AT_BYTE, 0, 0, "... arrives twice"},
    {"delay-from-target", ESPSIM_FAULT_DELAY_FROM_TARGET, AT_BYTE, PARAMETER(MS), 0, "... arrives late"},
    {"noise-from-target", ESPSIM_FAULT_NOISE_FROM_TARGET, AT_BYTE, PARAMETER(BYTES), 0,
     "so many from there on are random"},
    {"stall", ESPSIM_FAULT_STALL, AT_EITHER, PARAMETER(MS), 0, "the chip does nothing for so long"},
    {"reset", ESPSIM_FAULT_RESET, AT_EITHER, 0, 0, "the chip resets by itself"},
    {"brown-out", ESPSIM_FAULT_BROWN_OUT, AT_EITHER, 0, 0, "the same; an operation is cut short"},
    {"power-cut", ESPSIM_FAULT_POWER_CUT, AT_OP, 0, 0, "an operation is cut short, the chip is off"},
    {"port-gone", ESPSIM_FAULT_PORT_GONE, AT_BYTE, 0, 0, "the port disappears behind a byte to the chip"},
    {"sector-unerasable", ESPSIM_FAULT_SECTOR_UNERASABLE, 0, PARAMETER(ADDR), 0, "4 KiB that keep their content"},
    {"bit-stuck", ESPSIM_FAULT_BIT_STUCK, 0, PARAMETER(ADDR) | PARAMETER(BIT), 0, "a bit that is not programmed to 0"},
    {"wrong-chip-id", ESPSIM_FAULT_WRONG_CHIP_ID, 0, PARAMETER(ID), 0, "magic word and chip id read so"},
    {"lying-md5", ESPSIM_FAULT_LYING_MD5, AT_MD5, 0, PARAMETER(DIGEST), "an MD5 is told as digest (one bit off)"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* --- Messages ----------------------------------------------------------------------------------------------------- */

typedef struct {
    char *text;
    size_t bytes, used;
} message_t;

static bool add(message_t *message, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* False, for whoever complains. What does not fit is left out. */
static bool add(message_t *message, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (message->used < message->bytes) {
        const int length = vsnprintf(message->text + message->used, message->bytes - message->used, format, args);
        message->used += length > 0 ? (size_t)length : 0;
    }
    va_end(args);
    return false;
}

static bool list_kinds(message_t *message)
{
    for (size_t row = 0; row < ROWS; row++) {
        (void)add(message, "%s%s", row == 0 ? "" : ", ", rows[row].name);
    }
    return false;
}

static bool list_parameters(message_t *message, unsigned which, const char *between)
{
    const char *separator = "";
    for (unsigned at = 0; at < PARAMETERS; at++) {
        if ((which & PARAMETER(at)) != 0) {
            (void)add(message, "%s%s", separator, parameters[at].name);
            separator = between;
        }
    }
    return false;
}

/* --- Parts of the text -------------------------------------------------------------------------------------------- */

/* A piece of the text, not ended by 0. */
typedef struct {
    const char *at;
    size_t length;
} piece_t;

static piece_t piece_until(const char *text, const char *stops)
{
    return (piece_t){.at = text, .length = strcspn(text, stops)};
}

static bool is(piece_t piece, const char *name)
{
    return strlen(name) == piece.length && strncmp(piece.at, name, piece.length) == 0;
}

static bool read_number(piece_t piece, uint32_t *value)
{
    char *end;
    errno = 0;
    const bool is_hex = piece.length > 2 && piece.at[0] == '0' && (piece.at[1] == 'x' || piece.at[1] == 'X');
    const unsigned long long number = strtoull(piece.at, &end, is_hex ? 16 : 10);
    *value = (uint32_t)number;
    return piece.length > 0 && isdigit((unsigned char)piece.at[0]) && end == piece.at + piece.length && errno == 0 &&
           number <= UINT32_MAX;
}

static bool read_digest(piece_t piece, uint8_t digest[16])
{
    enum { DIGITS = 32 };
    for (size_t at = 0; at < DIGITS; at++) {
        if (piece.length != DIGITS || !isxdigit((unsigned char)piece.at[at])) {
            return false;
        }
    }
    for (size_t at = 0; at < DIGITS; at += 2) {
        const char byte[3] = {piece.at[at], piece.at[at + 1]};
        digest[at / 2] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return true;
}

static unsigned find_parameter(piece_t name)
{
    unsigned which = 0;
    while (which < PARAMETERS && !is(name, parameters[which].name)) {
        which++;
    }
    return which;
}

static bool set_parameter(unsigned which, piece_t value, espsim_fault_t *fault, message_t *message)
{
    uint32_t number;
    if (which == DIGEST) {
        return read_digest(value, fault->digest) ||
               add(message, "digest takes 32 hexadecimal digits, not '%.*s'", (int)value.length, value.at);
    }
    if (!read_number(value, &number) || number < parameters[which].min || number > parameters[which].max) {
        return add(message, "%s takes a number from %u to %u, not '%.*s'", parameters[which].name,
                   parameters[which].min, parameters[which].max, (int)value.length, value.at);
    }
    memcpy((char *)fault + parameters[which].offset, &number, sizeof(number));
    return true;
}

static bool has_one(unsigned bits)
{
    return bits != 0 && (bits & (bits - 1)) == 0;
}

/* Whether parameters `given` make a whole of this kind. */
static bool check_parameters(const espsim_fault_row_t *row, unsigned given, message_t *message)
{
    if (row->when != 0 && !has_one(given & row->when)) {
        (void)add(message, "it wants one of ");
        return list_parameters(message, row->when, ", ");
    }
    const unsigned lacking = row->needs & ~given;
    if (lacking != 0) {
        (void)add(message, "it lacks ");
        return list_parameters(message, lacking, " and ");
    }
    return true;
}

static bool parse_parameters(const espsim_fault_row_t *row, const char *text, espsim_fault_t *fault, message_t *message)
{
    unsigned given = 0;
    while (*text != '\0') { /* each turn takes at least the separator in front */
        const piece_t name = piece_until(text + 1, "=:");
        const char *value_at = name.at + name.length;
        const piece_t value = *value_at == '=' ? piece_until(value_at + 1, ":") : (piece_t){.at = value_at};
        const unsigned which = find_parameter(name);
        if (which == PARAMETERS || ((row->when | row->needs | row->takes) & PARAMETER(which)) == 0) {
            (void)add(message, "it has no '%.*s'; it takes ", (int)name.length, name.at);
            return list_parameters(message, row->when | row->needs | row->takes, ", ");
        }
        if (!set_parameter(which, value, fault, message)) {
            return false;
        }
        given |= PARAMETER(which);
        text = value.at + value.length;
    }
    return check_parameters(row, given, message);
}

/* --- Public ------------------------------------------------------------------------------------------------------- */

const espsim_fault_row_t *espsim_fault_row_at(size_t row)
{
    return row < ROWS ? &rows[row] : NULL;
}

const char *espsim_fault_usage(const espsim_fault_row_t *row, char *text, size_t text_bytes)
{
    message_t usage = {.text = text, .bytes = text_bytes};
    const char *when = "@";
    const char *other = row->when != 0 ? ":" : "@";
    for (unsigned at = 0; at < PARAMETERS; at++) {
        const char *name = parameters[at].name;
        if ((row->when & PARAMETER(at)) != 0) {
            (void)add(&usage, "%s%s=N", when, name);
            when = "|";
        } else if (((row->needs | row->takes) & PARAMETER(at)) != 0) {
            const bool optional = (row->takes & PARAMETER(at)) != 0;
            (void)add(&usage, "%s%s%s=%s%s", optional ? "[" : "", other, name, at == DIGEST ? "HEX" : "N",
                      optional ? "]" : "");
            other = ":";
        }
    }
    return text;
}

bool espsim_fault_parse(const char *text, espsim_fault_t *fault, char *message, size_t message_bytes)
{
    message_t complaint = {.text = message, .bytes = message_bytes};
    const piece_t name = piece_until(text, "@");
    (void)add(&complaint, "fault '%s': ", text);
    for (size_t row = 0; row < ROWS; row++) {
        if (is(name, rows[row].name)) {
            *fault = (espsim_fault_t){.kind = rows[row].kind};
            return parse_parameters(&rows[row], text + name.length, fault, &complaint);
        }
    }
    (void)add(&complaint, "there is no kind '%.*s'; there are ", (int)name.length, name.at);
    return list_kinds(&complaint);
}
