/* SPDX-License-Identifier: Apache-2.0 */
/* In place of gpiod_lines.c in builds without libgpiod: there are no such lines. */
#include "gpiod_lines.h"

#ifndef REFLASH_HAVE_GPIOD

#include <errno.h>
#include <stddef.h>

esp_loader_error_t reflash_gpiod_lines_open(reflash_gpiod_lines_t *lines, const char *path, uint32_t boot_pin,
                                            uint32_t reset_pin)
{
    (void)path;
    (void)boot_pin;
    (void)reset_pin;
    *lines = (reflash_gpiod_lines_t){NULL, NULL, NULL};
    errno = ENOTSUP;
    return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
}

void reflash_gpiod_lines_set(const reflash_gpiod_lines_t *lines, bool boot, bool reset)
{
    (void)lines;
    (void)boot;
    (void)reset;
}

void reflash_gpiod_lines_close(reflash_gpiod_lines_t *lines)
{
    (void)lines;
}

#endif
