/* SPDX-License-Identifier: Apache-2.0 */
/** wiring: what moves the boot and reset pins of a target. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reset_lines.h"

typedef struct {
    reflash_lines_t lines;
    char gpio_chip[64]; /* "/dev/gpiochip0", whose lines they are; "": DTR and RTS of the port */
    uint32_t boot_pin, reset_pin;
} wiring_t;

/** One of two lines, as an option says it: "gpiochip0:17" or "/dev/gpiochip0:17". NULL and `*pin`, or what is wrong.
 *  Both lines have to be on one chip; wiring->gpio_chip is "" before the first. */
const char *wiring_parse_line(wiring_t *wiring, const char *text, uint32_t *pin);

/** What --before calls a style, and back; false: there is none of that name. */
const char *wiring_style_name(reflash_lines_style_t style);
bool wiring_parse_style(const char *text, reflash_lines_style_t *style);
