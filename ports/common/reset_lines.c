/* SPDX-License-Identifier: Apache-2.0 */
#include "reset_lines.h"

enum { RESET_MS = SERIAL_FLASHER_RESET_HOLD_TIME_MS, BOOT_MS = SERIAL_FLASHER_BOOT_HOLD_TIME_MS };

/* On boards with two transistors only (boot, reset) = (1, 0) pulls boot and (0, 1) pulls reset. */
static const reflash_line_step_t classic[] = {
    {.boot = false, .reset = true, .hold_ms = RESET_MS, .forget = true}, /* in reset */
    {.boot = true, .reset = false, .hold_ms = BOOT_MS},                  /* the ROM looks at boot as reset rises */
    {.boot = false, .reset = false},
};

static const reflash_line_step_t quick[] = {
    {.boot = false, .reset = true, .hold_ms = RESET_MS / 2, .forget = true},
    {.boot = true, .reset = false, .hold_ms = BOOT_MS},
    {.boot = false, .reset = false},
};

static const reflash_line_step_t slow[] = {
    {.boot = false, .reset = true, .hold_ms = RESET_MS, .forget = true},
    {.boot = true, .reset = false, .hold_ms = 550},
    {.boot = false, .reset = false},
};

/* Without transistors a pin that is slow to fall has time to. */
static const reflash_line_step_t pins[] = {
    {.boot = true, .reset = true, .hold_ms = RESET_MS, .forget = true},
    {.boot = true, .reset = false, .hold_ms = BOOT_MS},
    {.boot = false, .reset = false},
};

/* Through (1, 1) and not (0, 0): the peripheral latches boot as it leaves reset. */
static const reflash_line_step_t usb[] = {
    {.boot = false, .reset = false, .hold_ms = 100},
    {.boot = true, .reset = false, .hold_ms = 100},
    {.boot = true, .reset = true},
    {.boot = false, .reset = true, .hold_ms = 100, .forget = true},
    {.boot = false, .reset = false},
};

static const reflash_line_step_t application[] = {
    {.boot = false, .reset = true, .hold_ms = RESET_MS},
    {.boot = false, .reset = false},
};

/* The host has to find the device again. */
static const reflash_line_step_t usb_application[] = {
    {.boot = false, .reset = true, .hold_ms = 200},
    {.boot = false, .reset = false, .hold_ms = 200},
};

static const reflash_line_step_t from_anywhere[] = {{.boot = false, .reset = false}, {.boot = true, .reset = true}};

#define DANCE(steps)                                                                                                   \
    {                                                                                                                  \
        steps, sizeof(steps) / sizeof((steps)[0])                                                                      \
    }

reflash_line_dance_t reflash_lines_from_anywhere(void)
{
    return (reflash_line_dance_t)DANCE(from_anywhere);
}

reflash_line_dance_t reflash_lines_into_loader(reflash_lines_style_t style)
{
    static const reflash_line_dance_t dances[] = {
        [REFLASH_LINES_CLASSIC] = DANCE(classic), [REFLASH_LINES_SLOW] = DANCE(slow),
        [REFLASH_LINES_USB] = DANCE(usb),         [REFLASH_LINES_NONE] = {NULL, 0},
        [REFLASH_LINES_PINS] = DANCE(pins),       [REFLASH_LINES_QUICK] = DANCE(quick),
    };
    return dances[style];
}

reflash_line_dance_t reflash_lines_into_application(reflash_lines_style_t style)
{
    static const reflash_line_dance_t dances[] = {
        [REFLASH_LINES_CLASSIC] = DANCE(application), [REFLASH_LINES_SLOW] = DANCE(application),
        [REFLASH_LINES_USB] = DANCE(usb_application), [REFLASH_LINES_NONE] = {NULL, 0},
        [REFLASH_LINES_PINS] = DANCE(application),    [REFLASH_LINES_QUICK] = DANCE(application),
    };
    return dances[style];
}

void reflash_lines_play(esp_loader_port_t *port, const reflash_lines_t *lines, reflash_line_dance_t dance,
                        const reflash_line_moves_t *moves)
{
    for (size_t at = 0; at < dance.count; at++) {
        const reflash_line_step_t *step = &dance.steps[at];
        moves->set(port, step->boot != lines->invert_boot, step->reset != lines->invert_reset);
        if (step->hold_ms > 0) {
            port->ops->delay_ms(port, step->hold_ms);
        }
        if (step->forget) {
            moves->forget(port);
        }
    }
}

void reflash_lines_enter_bootloader(esp_loader_port_t *port, const reflash_lines_t *lines,
                                    const reflash_line_moves_t *moves)
{
    reflash_lines_play(port, lines, reflash_lines_into_loader(lines->style), moves);
}

void reflash_lines_reset_target(esp_loader_port_t *port, const reflash_lines_t *lines,
                                const reflash_line_moves_t *moves)
{
    reflash_lines_play(port, lines, reflash_lines_into_application(lines->style), moves);
}
