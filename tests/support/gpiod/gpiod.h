/* SPDX-License-Identifier: Apache-2.0 */
/** What ports/posix calls of libgpiod 1.x, as its documentation has it, with nothing behind it but a record of the calls.
 *  It stands in for <gpiod.h>. */
#pragma once

#define GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW (1 << 2)

struct gpiod_chip;
struct gpiod_line;

/** NULL and errno: no such chip. */
struct gpiod_chip *gpiod_chip_open(const char *path);
/** Gives back all its lines as well. */
void gpiod_chip_close(struct gpiod_chip *chip);
/** NULL and errno: the chip has fewer lines. */
struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned offset);
/** 0, or -1 and errno: somebody else has it. */
int gpiod_line_request_output_flags(struct gpiod_line *line, const char *consumer, int flags, int default_value);
/** 0, or -1 and errno. */
int gpiod_line_set_value(struct gpiod_line *line, int value);

/* --- The record ---------------------------------------------------------------------------------------- */

enum { FAKE_LINES = 8 };

typedef struct {
    int busy_line; /* somebody else has it; -1: none */
    int open_chips;
    char played[512]; /* "4=L " for each level at the chip's pin that was set */
} fake_gpiod_t;

extern fake_gpiod_t fake_gpiod;
