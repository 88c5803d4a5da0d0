/* SPDX-License-Identifier: Apache-2.0 */
/** How the two lines of a target, boot and reset, are moved to reset it: as data, and what plays it. On a serial device DTR is
 *  boot, and RTS is reset. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_loader_io.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where another time is right for a board: these are compiled in. */
#ifndef SERIAL_FLASHER_RESET_HOLD_TIME_MS
#define SERIAL_FLASHER_RESET_HOLD_TIME_MS 100
#endif
#ifndef SERIAL_FLASHER_BOOT_HOLD_TIME_MS
#define SERIAL_FLASHER_BOOT_HOLD_TIME_MS 50
#endif
/* 1: the line is pulled by driving its pin high, as with a transistor in between. */
#ifndef SERIAL_FLASHER_RESET_INVERT
#define SERIAL_FLASHER_RESET_INVERT 0
#endif
#ifndef SERIAL_FLASHER_BOOT_INVERT
#define SERIAL_FLASHER_BOOT_INVERT 0
#endif

/** How the board's lines are wired. Lines that are not wired at all may be moved without harm. */
typedef enum {
    REFLASH_LINES_CLASSIC, /*!< Two transistors, or direct: DTR to boot, RTS to reset. Also for USB-OTG. */
    REFLASH_LINES_SLOW,    /*!< The same, with a large capacitor at reset: boot is held for 550 ms. */
    REFLASH_LINES_USB,     /*!< The chip's own USB-Serial/JTAG. */
    REFLASH_LINES_NONE,    /*!< Not at all: the target is put into its loader, and reset, by hand. */
    REFLASH_LINES_PINS, /*!< Two pins of the host, wired directly: boot is low for as long as reset is, and longer. */
    REFLASH_LINES_QUICK /*!< Classic, with reset held for half the time: for a first try, with CLASSIC behind it. */
} reflash_lines_style_t;

typedef struct {
    reflash_lines_style_t style;
    bool invert_boot, invert_reset; /*!< Something on the board turns the line over. */
} reflash_lines_t;

/** The lines of a microcontroller's board, as the build says. */
#define REFLASH_LINES_OF_BUILD()                                                                                       \
    {                                                                                                                  \
        REFLASH_LINES_PINS, SERIAL_FLASHER_BOOT_INVERT, SERIAL_FLASHER_RESET_INVERT                                    \
    }

/** One position of both lines; true: asserted, which pulls the target's pin low. */
typedef struct {
    bool boot, reset;
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
    /** Both at once if that is possible, else boot first. True: assert it - drive low a pin, or skip one that there is not. */
    void (*set)(esp_loader_port_t *port, bool boot, bool reset);
    /** Throw away what was received. */
    void (*forget)(esp_loader_port_t *port);
} reflash_line_moves_t;

/** Move the lines; waits by the port's `delay_ms`. */
void reflash_lines_play(esp_loader_port_t *port, const reflash_lines_t *lines, reflash_line_dance_t dance,
                        const reflash_line_moves_t *moves);
/** For `enter_bootloader` and `reset_target`: play the dance of the style. */
void reflash_lines_enter_bootloader(esp_loader_port_t *port, const reflash_lines_t *lines,
                                    const reflash_line_moves_t *moves);
void reflash_lines_reset_target(esp_loader_port_t *port, const reflash_lines_t *lines,
                                const reflash_line_moves_t *moves);

#ifdef __cplusplus
}
#endif
