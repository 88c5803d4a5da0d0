/* SPDX-License-Identifier: Apache-2.0 */
/** How DTR and RTS are moved to reset a target, as data, and what plays it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How the board's lines are wired. Lines that are not wired at all may be moved without harm. */
typedef enum {
    REFLASH_LINES_CLASSIC, /*!< Two transistors, or direct: DTR to boot, RTS to reset. Also for USB-OTG. */
    REFLASH_LINES_SLOW,    /*!< The same, with a large capacitor at reset: boot is held for 550 ms. */
    REFLASH_LINES_USB,     /*!< The chip's own USB-Serial/JTAG. */
    REFLASH_LINES_NONE     /*!< Not at all: the target is put into its loader, and reset, by hand. */
} reflash_lines_style_t;

typedef struct {
    reflash_lines_style_t style;
    bool invert_dtr, invert_rts; /*!< A converter on the board turns the line over. */
} reflash_lines_t;

/** One position of both lines; true: asserted, which pulls the pin low. */
typedef struct {
    bool dtr, rts;
    bool forget; /* what was received before belongs to nobody: the target is in reset now */
    uint16_t hold_ms;
} reflash_line_step_t;

typedef struct {
    const reflash_line_step_t *steps;
    size_t count;
} reflash_line_dance_t;

/** Where both lines can change at once: what peers do in front of the classic dance, whatever the lines were. */
reflash_line_dance_t reflash_lines_from_anywhere(void);
/** Into the loader, or into the application. */
reflash_line_dance_t reflash_lines_into_loader(reflash_lines_style_t style);
reflash_line_dance_t reflash_lines_into_application(reflash_lines_style_t style);

/** What a port can do with its lines. */
typedef struct {
    void (*set)(void *port, bool dtr, bool rts); /* both at once, if that is possible */
    void (*forget)(void *port);
    void (*delay_ms)(uint32_t ms);
} reflash_line_moves_t;

void reflash_lines_play(const reflash_lines_t *lines, reflash_line_dance_t dance, const reflash_line_moves_t *moves,
                        void *port);
