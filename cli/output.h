/* SPDX-License-Identifier: Apache-2.0 */
/** output: what people and programs read: lines of text, a progress line on a terminal, or JSON lines. Several threads
 *  may write, each with an output of its own. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *label; /* in front of each line, as "port" in each event: one of several targets; NULL: the only one */
    bool json;         /* one JSON object a line, and nothing else */
    bool terminal;     /* stdout is one: show progress in place    */
    bool line_open;    /* a progress line waits to be overwritten  */
    int last_percent;  /* shown so far                             */
} output_t;

void output_init(output_t *output, bool json, const char *label);

/** A line for people. Nothing with --json. */
void output_line(output_t *output, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** One event. Takes `event`; nothing without --json. */
void output_event(output_t *output, json_t *event);

/** `done` of `total` bytes: in place on a terminal unless there is a label, every ten percent with --json, nothing in a
 *  pipe. */
void output_progress(output_t *output, const char *name, const char *title, uint32_t done_bytes, uint32_t total_bytes,
                     uint32_t left_ms);

/** `text` for an event, as inputs_utf8_of() makes it. */
json_t *output_text(const char *text);

/** An error: to stderr for people, as an event with --json. */
void output_error(output_t *output, const char *message);

/** Raw bytes of the target's log. With --json one event a line, with a label one line; `*pending` keeps an unfinished
 *  line. */
typedef struct {
    char text[512];
    size_t bytes;
    bool mid_line; /* on a terminal, which the next prompt would continue */
} output_log_t;
void output_log(output_t *output, output_log_t *pending, const uint8_t *bytes, size_t count);
/** Behind the last byte. A terminal gets its own colours back, and a line of its own. */
void output_log_end(output_t *output, output_log_t *pending);
