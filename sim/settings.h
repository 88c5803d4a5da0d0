/* SPDX-License-Identifier: Apache-2.0 */
/** What a virtual chip can be told in words: the same names are options of the program (--NAME VALUE) and settings of
 *  a port of ours (sim:CHIP?NAME=VALUE&...). Each is one row of a table, so that the two cannot drift apart. */
#pragma once

#include "espsim.h"
#include "flash_file.h"
#include "timing.h"

typedef struct {
    espsim_config_t config; /* without flash content and timing; `part` decides that */
    espsim_faults_t faults; /* with a seed of 0: one from the clock if it matters */
    const char *flash_path; /* NULL: in memory; not owned */
    uint32_t flash_bytes;   /* 0: 4 MiB, or as many as the file has */
    espsim_timing_set_t timing_set;
} espsim_settings_t;

/** One setting. */
typedef struct {
    const char *name;
    const char *placeholder; /* what its value is called in help */
    const char *help;        /* a line or several, '\n' between them */
    /** False: `value` makes no sense; `message` says what would. */
    bool (*set)(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes);
} espsim_setting_t;

/** The rows one by one; NULL behind the last. */
const espsim_setting_t *espsim_setting_at(size_t row);

/** An ESP32 as it left its factory, with typical timing and no faults. */
espsim_settings_t espsim_settings_default(void);

/** Set `name` to `value`, which must outlive `settings`. False: `message` says what is wrong and what to try. */
bool espsim_settings_set(espsim_settings_t *settings, const char *name, const char *value, char *message,
                         size_t message_bytes);

/** Open the flash content and make the chip. A seed that was chosen is stored in `settings`. NULL: `message` says why, and nothing is left open. Else the caller
 *  ends both: espsim_destroy(), then espsim_flash_close(). */
espsim_t *espsim_settings_create(espsim_settings_t *settings, espsim_flash_t *flash, char *message,
                                 size_t message_bytes);
