/* SPDX-License-Identifier: Apache-2.0 */
/** Boot and reset on two lines of a Linux GPIO chip, by libgpiod 1.x. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_loader_error.h"

typedef struct {
    struct gpiod_chip *chip;         /* NULL: not open */
    struct gpiod_line *boot, *reset; /* NULL: not wired */
} reflash_gpiod_lines_t;

/** In place of a pin: there is no such line. */
#define REFLASH_GPIOD_NO_LINE UINT32_MAX

/** Take both lines of the chip at `path` ("/dev/gpiochip0") as outputs, released: high. FAIL leaves the reason in errno
 *  and nothing open. UNSUPPORTED_FUNC, with ENOTSUP in errno: built without libgpiod. */
esp_loader_error_t reflash_gpiod_lines_open(reflash_gpiod_lines_t *lines, const char *path, uint32_t boot_pin,
                                            uint32_t reset_pin);
/** True pulls a line low. Boot moves first: it has to be there as reset rises. */
void reflash_gpiod_lines_set(const reflash_gpiod_lines_t *lines, bool boot, bool reset);
/** Give the lines back, if they are open. */
void reflash_gpiod_lines_close(reflash_gpiod_lines_t *lines);
