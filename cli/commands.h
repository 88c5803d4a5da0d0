/* SPDX-License-Identifier: Apache-2.0 */
/** commands: what `reflash` can be told to do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flash_settings.h"
#include "reset_lines.h"

/** Exit status of the program. Stable: scripts rely on it. */
typedef enum {
    STATUS_OK = 0,
    STATUS_DIFFERS = 1, /* verify: the target holds something else            */
    STATUS_USAGE = 2,   /* the command line makes no sense                    */
    STATUS_INPUT = 3,   /* a file is missing, damaged, does not fit or cannot be written */
    STATUS_CONNECT = 4, /* the port cannot be opened, or no loader answers    */
    STATUS_TARGET = 5,  /* connected, but the job failed                      */
    STATUS_INTERRUPTED = 130
} status_t;

/** How to leave the target. */
typedef enum {
    AFTER_RESET,    /* by its reset line, into the application     */
    AFTER_NO_RESET, /* in its loader                               */
    AFTER_WATCHDOG  /* by its own watchdog, into the application   */
} after_t;

/** Who shall send what `pack` writes. */
typedef enum {
    HOST_ANY,       /* both plain and packed data         */
    HOST_WITH_ROM,  /* what the chip's ROM can take       */
    HOST_WITH_STUB, /* packed data: every RAM stub unpacks */
} host_t;

typedef struct {
    const char *port;
    const char *chip; /* NULL: whatever answers */
    uint32_t baud;
    bool json;
    bool force;
    bool monitor;
    after_t after;
    const char *output; /* pack: the file to write; NULL: not told */
    host_t host;
    bool c_array;
    reflash_lines_style_t lines;
    flash_settings_t flash; /* for the bootloader's header; NULL: what the build says */
} options_t;

typedef struct {
    const char *name, *arguments, *what;
    status_t (*run)(const options_t *options, int word_count, char *const *words);
} command_t;

extern const command_t commands[];
extern const unsigned command_count;

/** Set by the program's signal handler: stop at the next good moment. */
extern volatile int commands_interrupted;
