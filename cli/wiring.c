/* SPDX-License-Identifier: Apache-2.0 */
#include "wiring.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *wiring_parse_line(wiring_t *wiring, const char *text, uint32_t *pin)
{
    enum { PIN_MAX = 1023, DIGITS_MAX = 4 };
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || isdigit((unsigned char)colon[1]) == 0 || strlen(colon + 1) > DIGITS_MAX) {
        return "a line is given as CHIP:NUMBER, such as gpiochip0:17";
    }
    char *end;
    const unsigned long number = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || number > PIN_MAX) {
        return "a line is given as CHIP:NUMBER, such as gpiochip0:17";
    }
    char chip[sizeof(wiring->gpio_chip)];
    const int used = snprintf(chip, sizeof(chip), "%s%.*s", text[0] == '/' ? "" : "/dev/", (int)(colon - text), text);
    if (used < 0 || (size_t)used >= sizeof(chip)) {
        return "the name of the chip is too long";
    }
    if (wiring->gpio_chip[0] != '\0' && strcmp(wiring->gpio_chip, chip) != 0) {
        return "both lines have to be on one chip";
    }
    memcpy(wiring->gpio_chip, chip, sizeof(chip));
    *pin = (uint32_t)number;
    return NULL;
}

static const char *const styles[] = {[REFLASH_LINES_CLASSIC] = "default",
                                     [REFLASH_LINES_SLOW] = "slow",
                                     [REFLASH_LINES_USB] = "usb",
                                     [REFLASH_LINES_NONE] = "no-reset"};

const char *wiring_style_name(reflash_lines_style_t style)
{
    return styles[style];
}

bool wiring_parse_style(const char *text, reflash_lines_style_t *style)
{
    for (unsigned row = 0; row < sizeof(styles) / sizeof(styles[0]); row++) {
        if (strcmp(styles[row], text) == 0) {
            *style = (reflash_lines_style_t)row;
            return true;
        }
    }
    return false;
}
