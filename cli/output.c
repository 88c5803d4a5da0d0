/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "inputs_support.h"

void output_init(output_t *output, bool json, const char *label)
{
    *output = (output_t){.label = label, .json = json, .terminal = label == NULL && isatty(STDOUT_FILENO) == 1};
}

static void close_line(output_t *output)
{
    if (output->line_open) {
        (void)fputs("\r\033[K", stdout);
        output->line_open = false;
    }
}

void output_line(output_t *output, const char *format, ...)
{
    if (output->json) {
        return;
    }
    flockfile(stdout);
    close_line(output);
    if (output->label != NULL) {
        (void)printf("[%s] ", output->label);
    }
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)putchar('\n');
    (void)fflush(stdout);
    funlockfile(stdout);
}

json_t *output_text(const char *text)
{
    char *checked = inputs_utf8_of(text);
    json_t *json = json_string(checked);
    free(checked);
    return json;
}

void output_event(output_t *output, json_t *event)
{
    enum { DIGITS = 9 };
    if (output->json) {
        if (output->label != NULL) {
            (void)json_object_set_new(event, "port", output_text(output->label));
        }
        flockfile(stdout);
        (void)json_dumpf(event, stdout, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
        (void)putchar('\n');
        (void)fflush(stdout);
        funlockfile(stdout);
    }
    json_decref(event);
}

void output_progress(output_t *output, const char *name, const char *title, uint32_t done_bytes, uint32_t total_bytes,
                     uint32_t left_ms)
{
    enum { JSON_STEP_PERCENT = 10 };
    const int percent = (int)((uint64_t)done_bytes * 100 / total_bytes);
    if (done_bytes == 0) {
        output->last_percent = -1;
    }
    if (percent == output->last_percent) {
        return;
    }
    if (output->json &&
        (output->last_percent < 0 || percent / JSON_STEP_PERCENT != output->last_percent / JSON_STEP_PERCENT)) {
        output_event(output, json_pack("{s:s, s:s, s:I, s:I, s:I}", "event", "progress", "name", name, "done_bytes",
                                       (json_int_t)done_bytes, "total_bytes", (json_int_t)total_bytes, "left_ms",
                                       (json_int_t)left_ms));
    } else if (!output->json && output->terminal) {
        (void)printf("\r\033[K%s: %3d %% of %u bytes", title, percent, total_bytes);
        if (left_ms > 0) {
            (void)printf(", %u s left", (left_ms + 999) / 1000);
        }
        (void)fflush(stdout);
        output->line_open = true;
    }
    output->last_percent = percent;
}

void output_error(output_t *output, const char *message)
{
    if (output->json) {
        output_event(output, json_pack("{s:s, s:o}", "event", "error", "message", output_text(message)));
        return;
    }
    close_line(output);
    (void)fflush(stdout);
    (void)fprintf(stderr, "reflash: %s%s%s\n", output->label != NULL ? output->label : "",
                  output->label != NULL ? ": " : "", message);
}

static void log_line(output_t *output, output_log_t *pending)
{
    output_line(output, "%.*s", (int)pending->bytes, pending->text);
    output_event(output, json_pack("{s:s, s:s%}", "event", "log", "text", pending->text, pending->bytes));
    pending->bytes = 0;
}

void output_log(output_t *output, output_log_t *pending, const uint8_t *bytes, size_t count)
{
    if (!output->json && output->label == NULL) {
        close_line(output);
        (void)fwrite(bytes, 1, count, stdout);
        (void)fflush(stdout);
        pending->mid_line = count > 0 ? bytes[count - 1] != '\n' : pending->mid_line;
        return;
    }
    for (size_t at = 0; at < count; at++) {
        if (bytes[at] == '\n' || pending->bytes == sizeof(pending->text)) {
            log_line(output, pending);
        }
        if (isprint(bytes[at]) || bytes[at] == '\t' || bytes[at] == 0x1B) {
            pending->text[pending->bytes++] = (char)bytes[at];
        } else if (bytes[at] != '\n' && bytes[at] != '\r') {
            pending->text[pending->bytes++] = '?';
        }
    }
}

void output_log_end(output_t *output, output_log_t *pending)
{
    if (pending->bytes > 0) {
        log_line(output, pending);
    } else if (!output->json && output->terminal) {
        (void)fputs(pending->mid_line ? "\033[0m\n" : "\033[0m", stdout);
        (void)fflush(stdout);
    }
}
