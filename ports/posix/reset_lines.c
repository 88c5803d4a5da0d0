/* SPDX-License-Identifier: Apache-2.0 */
#include "reset_lines.h"

/* On boards with two transistors only (DTR, RTS) = (1, 0) pulls boot and (0, 1) pulls reset. */
static const reflash_line_step_t classic[] = {
    {.dtr = false, .rts = true, .hold_ms = 100, .forget = true}, /* in reset                             */
    {.dtr = true, .rts = false, .hold_ms = 50},                  /* the ROM looks at boot as reset rises */
    {.dtr = false, .rts = false},
};

static const reflash_line_step_t slow[] = {
    {.dtr = false, .rts = true, .hold_ms = 100, .forget = true},
    {.dtr = true, .rts = false, .hold_ms = 550},
    {.dtr = false, .rts = false},
};

/* Through (1, 1) and not (0, 0): the peripheral latches boot as it leaves reset. */
static const reflash_line_step_t usb[] = {
    {.dtr = false, .rts = false, .hold_ms = 100},
    {.dtr = true, .rts = false, .hold_ms = 100},
    {.dtr = true, .rts = true},
    {.dtr = false, .rts = true, .hold_ms = 100, .forget = true},
    {.dtr = false, .rts = false},
};

static const reflash_line_step_t application[] = {
    {.dtr = false, .rts = true, .hold_ms = 100},
    {.dtr = false, .rts = false},
};

/* The host has to find the device again. */
static const reflash_line_step_t usb_application[] = {
    {.dtr = false, .rts = true, .hold_ms = 200},
    {.dtr = false, .rts = false, .hold_ms = 200},
};

static const reflash_line_step_t from_anywhere[] = {{.dtr = false, .rts = false}, {.dtr = true, .rts = true}};

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
        [REFLASH_LINES_CLASSIC] = DANCE(classic),
        [REFLASH_LINES_SLOW] = DANCE(slow),
        [REFLASH_LINES_USB] = DANCE(usb),
        [REFLASH_LINES_NONE] = {NULL, 0},
    };
    return dances[style];
}

reflash_line_dance_t reflash_lines_into_application(reflash_lines_style_t style)
{
    static const reflash_line_dance_t dances[] = {
        [REFLASH_LINES_CLASSIC] = DANCE(application),
        [REFLASH_LINES_SLOW] = DANCE(application),
        [REFLASH_LINES_USB] = DANCE(usb_application),
        [REFLASH_LINES_NONE] = {NULL, 0},
    };
    return dances[style];
}

void reflash_lines_play(const reflash_lines_t *lines, reflash_line_dance_t dance, const reflash_line_moves_t *moves,
                        void *port)
{
    for (size_t at = 0; at < dance.count; at++) {
        const reflash_line_step_t *step = &dance.steps[at];
        moves->set(port, step->dtr != lines->invert_dtr, step->rts != lines->invert_rts);
        moves->delay_ms(step->hold_ms);
        if (step->forget) {
            moves->forget(port);
        }
    }
}
