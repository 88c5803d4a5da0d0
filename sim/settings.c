/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fault_text.h"

/* --- The rows --------------------------------------------------------------------------------------------------- */

static bool set_chip(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes)
{
    const reflash_rom_t *rom = espsim_rom_by_name(value);
    if (rom == NULL) {
        (void)snprintf(message, message_bytes, "there is no chip '%s'; try esp32", value);
        return false;
    }
    settings->config.rom = rom;
    return true;
}

static bool set_flash(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes)
{
    if (value[0] == '\0') {
        (void)snprintf(message, message_bytes, "flash takes the name of a file");
        return false;
    }
    settings->flash_path = value;
    return true;
}

static bool set_flash_size(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes)
{
    const uint32_t bytes = espsim_flash_size_parse(value);
    if (bytes == 0) {
        (void)snprintf(message, message_bytes, "flash-size takes a power of two from 256KB to 16MB, not '%s'", value);
        return false;
    }
    settings->flash_bytes = bytes;
    return true;
}

static bool set_fault(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes)
{
    for (unsigned row = 0; row < ESPSIM_FAULTS_MAX; row++) {
        if (settings->faults.fault[row].kind == ESPSIM_FAULT_NONE) {
            espsim_fault_t fault;
            const bool parsed = espsim_fault_parse(value, &fault, message, message_bytes);
            settings->faults.fault[row] = parsed ? fault : settings->faults.fault[row];
            return parsed;
        }
    }
    (void)snprintf(message, message_bytes, "fault '%s': there are %d already, and no more fit", value,
                   ESPSIM_FAULTS_MAX);
    return false;
}

static bool set_seed(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes)
{
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || number == 0 || number > UINT32_MAX) {
        (void)snprintf(message, message_bytes, "seed takes a number from 1 to 4294967295, not '%s'", value);
        return false;
    }
    settings->faults.seed = (uint32_t)number;
    return true;
}

static const espsim_setting_t rows[] = {
    {"chip", "CHIP", "which chip (esp32)", set_chip},
    {"flash", "FILE", "keep the flash content in FILE; made blank if missing (in memory)", set_flash},
    {"flash-size", "SIZE", "size of the flash, 256KB to 16MB (4MB, or that of FILE)", set_flash_size},
    {"fault", "FAULT", "let something go wrong, see below; several of them work together", set_fault},
    {"seed", "N", "of random faults; the same one repeats a run (by the clock)", set_seed},
};

/* Never 0. Six digits are easy to type again. */
static uint32_t seed_by_clock(void)
{
    enum { SEEDS = 999983 };
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return 1 + (uint32_t)(((uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec) % SEEDS);
}

/* --- Public ------------------------------------------------------------------------------------------------------ */

const espsim_setting_t *espsim_setting_at(size_t row)
{
    return row < sizeof(rows) / sizeof(rows[0]) ? &rows[row] : NULL;
}

espsim_settings_t espsim_settings_default(void)
{
    return (espsim_settings_t){
        .config = {.rom = espsim_rom_by_name("esp32"), .timing = espsim_timing_typical()},
    };
}

bool espsim_settings_set(espsim_settings_t *settings, const char *name, const char *value, char *message,
                         size_t message_bytes)
{
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (strcmp(rows[row].name, name) == 0) {
            return rows[row].set(settings, value, message, message_bytes);
        }
    }
    int used = snprintf(message, message_bytes, "there is no setting '%s'; there are", name);
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (used > 0 && (size_t)used < message_bytes) {
            used += snprintf(message + used, message_bytes - (size_t)used, "%s %s=%s", row == 0 ? "" : ",",
                             rows[row].name, rows[row].placeholder);
        }
    }
    return false;
}

espsim_t *espsim_settings_create(espsim_settings_t *settings, espsim_flash_t *flash, char *message,
                                 size_t message_bytes)
{
    if (!espsim_flash_open(flash, settings->flash_path, settings->flash_bytes, message, message_bytes)) {
        return NULL;
    }
    espsim_config_t config = settings->config;
    config.flash = flash->cells;
    config.flash_bytes = flash->bytes;
    espsim_t *sim = espsim_create(&config);
    if (sim == NULL) {
        espsim_flash_close(flash);
        (void)snprintf(message, message_bytes, "out of memory");
        return NULL;
    }
    if (settings->faults.seed == 0 && espsim_faults_are_random(&settings->faults)) {
        settings->faults.seed = seed_by_clock();
    }
    espsim_set_faults(sim, &settings->faults);
    return sim;
}
