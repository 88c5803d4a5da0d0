/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "gpiod.h"

struct gpiod_line {
    bool taken, active_low;
};

struct gpiod_chip {
    struct gpiod_line lines[FAKE_LINES];
};

fake_gpiod_t fake_gpiod;
static struct gpiod_chip the_chip;

static void record(const struct gpiod_line *line, int value)
{
    const size_t used = strlen(fake_gpiod.played);
    (void)snprintf(fake_gpiod.played + used, sizeof(fake_gpiod.played) - used, "%d=%c ", (int)(line - the_chip.lines),
                   (value != 0) != line->active_low ? 'H' : 'L');
}

struct gpiod_chip *gpiod_chip_open(const char *path)
{
    if (strcmp(path, "/dev/gpiochip0") != 0) {
        errno = ENOENT;
        return NULL;
    }
    fake_gpiod.open_chips++;
    return &the_chip;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
    fake_gpiod.open_chips--;
    memset(chip, 0, sizeof(*chip));
    errno = 0;
}

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned offset)
{
    if (offset >= FAKE_LINES) {
        errno = EINVAL;
        return NULL;
    }
    return &chip->lines[offset];
}

int gpiod_line_request_output_flags(struct gpiod_line *line, const char *consumer, int flags, int default_value)
{
    (void)consumer;
    if (line->taken || line - the_chip.lines == fake_gpiod.busy_line) {
        errno = EBUSY;
        return -1;
    }
    line->taken = true;
    line->active_low = (flags & GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW) != 0;
    record(line, default_value);
    return 0;
}

int gpiod_line_set_value(struct gpiod_line *line, int value)
{
    if (!line->taken) {
        errno = EPERM;
        return -1;
    }
    record(line, value);
    return 0;
}
