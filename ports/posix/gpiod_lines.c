/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO lines by libgpiod; without it gpiod_none.c stands in. */
#include "gpiod_lines.h"

#ifdef REFLASH_HAVE_GPIOD

#include <errno.h>
#include <stddef.h>

#include <gpiod.h>

/* Into `*line`; NULL: it is not wired. */
static bool take(struct gpiod_chip *chip, uint32_t pin, struct gpiod_line **line)
{
    *line = NULL;
    if (pin == REFLASH_GPIOD_NO_LINE) {
        return true;
    }
    *line = gpiod_chip_get_line(chip, pin);
    return *line != NULL &&
           gpiod_line_request_output_flags(*line, "reflash", GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW, 0) == 0;
}

esp_loader_error_t reflash_gpiod_lines_open(reflash_gpiod_lines_t *lines, const char *path, uint32_t boot_pin,
                                            uint32_t reset_pin)
{
    *lines = (reflash_gpiod_lines_t){.chip = gpiod_chip_open(path)};
    if (lines->chip == NULL) {
        return ESP_LOADER_ERROR_FAIL;
    }
    if (!take(lines->chip, boot_pin, &lines->boot) || !take(lines->chip, reset_pin, &lines->reset)) {
        const int reason = errno;
        reflash_gpiod_lines_close(lines);
        errno = reason;
        return ESP_LOADER_ERROR_FAIL;
    }
    return ESP_LOADER_SUCCESS;
}

static void set(struct gpiod_line *line, bool pull)
{
    if (line != NULL) {
        (void)gpiod_line_set_value(line, pull ? 1 : 0);
    }
}

void reflash_gpiod_lines_set(const reflash_gpiod_lines_t *lines, bool boot, bool reset)
{
    set(lines->boot, boot);
    set(lines->reset, reset);
}

void reflash_gpiod_lines_close(reflash_gpiod_lines_t *lines)
{
    if (lines->chip != NULL) {
        gpiod_chip_close(lines->chip); /* and its lines */
    }
    *lines = (reflash_gpiod_lines_t){NULL, NULL, NULL};
}

#endif
