/* SPDX-License-Identifier: Apache-2.0 */
/** commands: what `reflash` can be told to do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flash_settings.h"
#include "wiring.h"

/** Exit status of the program. Stable: scripts rely on it. */
typedef enum {
    STATUS_OK = 0,
    STATUS_DIFFERS = 1, /* verify, diff: the target holds something else; --until: the log does not say it */
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

/** What to talk to. */
typedef enum { LOADER_USUAL, LOADER_ROM, LOADER_STUB } loader_t;

/** options_t: --baud was not given; the rate that most commands raise to then. */
enum { BAUD_NOT_TOLD = 0, USUAL_BAUD = 460800 };

typedef struct {
    const char *port;
    const char *label; /* of one of several targets; NULL: the only one */
    const char *chip;  /* NULL: whatever answers */
    uint32_t baud;     /* BAUD_NOT_TOLD; TARGET_HIGHEST_BAUD: auto */
    loader_t loader;
    bool json;
    bool force;
    bool monitor;
    bool dry_run; /* flash: only tell */
    after_t after;
    double seconds;     /* monitor: how long; 0: until Ctrl-C      */
    const char *until;  /* monitor: ends where the log says so; NULL: not told */
    const char *output; /* pack, read: the file to write; NULL: not told */
    host_t host;
    bool c_array;
    bool all;              /* read, erase: the whole flash; flash, verify, info: all targets */
    const char *partition; /* which one is meant; NULL: not told   */
    uint32_t partition_table_addr;
    wiring_t wiring;
    bool is_wiring_told;    /* --before was given */
    flash_settings_t flash; /* for the bootloader's header; NULL: what the build says */
} options_t;

/** How many targets a command works on. */
typedef enum { NO_TARGET, ONE_TARGET, MANY_TARGETS } targets_wanted_t;

typedef struct {
    const char *name, *arguments, *what;
    status_t (*run)(const options_t *options, int word_count, char *const *words);
    targets_wanted_t targets;
} command_t;

extern const command_t commands[];
extern const unsigned command_count;

/** Set by the program's signal handler: stop at the next good moment. */
extern volatile int commands_interrupted;
