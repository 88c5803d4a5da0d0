/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO lines by libgpiod; without it gpiod_none.c stands in. */
#include "gpiod_lines.h"

#ifdef REFLASH_HAVE_GPIOD

#include <errno.h>
#include <stddef.h>

#include <gpiod.h>

static struct gpiod_line *take(struct gpiod_chip *chip, uint32_t pin)
{
    struct gpiod_line *line = gpiod_chip_get_line(chip, pin);
    if (line == NULL || gpiod_line_request_output_flags(line, "reflash", GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW, 0) != 0) {
        return NULL;
    }
    return line;
}

esp_loader_error_t reflash_gpiod_lines_open(reflash_gpiod_lines_t *lines, const char *path, uint32_t boot_pin,
                                            uint32_t reset_pin)
{
    *lines = (reflash_gpiod_lines_t){.chip = gpiod_chip_open(path)};
    if (lines->chip == NULL) {
        return ESP_LOADER_ERROR_FAIL;
    }
    lines->boot = take(lines->chip, boot_pin);
    lines->reset = lines->boot != NULL ? take(lines->chip, reset_pin) : NULL;
    if (lines->reset == NULL) {
        const int reason = errno;
        reflash_gpiod_lines_close(lines);
        errno = reason;
        return ESP_LOADER_ERROR_FAIL;
    }
    return ESP_LOADER_SUCCESS;
}

void reflash_gpiod_lines_set(const reflash_gpiod_lines_t *lines, bool boot, bool reset)
{
    (void)gpiod_line_set_value(lines->boot, boot ? 1 : 0);
    (void)gpiod_line_set_value(lines->reset, reset ? 1 : 0);
}

void reflash_gpiod_lines_close(reflash_gpiod_lines_t *lines)
{
    if (lines->chip != NULL) {
        gpiod_chip_close(lines->chip); /* and its lines */
    }
    *lines = (reflash_gpiod_lines_t){NULL, NULL, NULL};
}

#endif
