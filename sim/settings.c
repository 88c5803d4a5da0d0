/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bool set_flash_timing(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes)
{
    settings->config.part = espsim_flash_part_by_name(value);
    if (settings->config.part != NULL) {
        return true;
    }
    int used = snprintf(message, message_bytes, "there is no flash part '%s'; there are", value);
    for (size_t row = 0; espsim_flash_part_at(row) != NULL; row++) {
        if (used > 0 && (size_t)used < message_bytes) {
            used += snprintf(message + used, message_bytes - (size_t)used, " %s", espsim_flash_part_at(row)->name);
        }
    }
    return false;
}

static bool set_timing(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes)
{
    static const char *const names[] = {
        [ESPSIM_TIMING_TYPICAL] = "typical", [ESPSIM_TIMING_WORST] = "worst", [ESPSIM_TIMING_INSTANT] = "instant"};
    for (unsigned at = 0; at < sizeof(names) / sizeof(names[0]); at++) {
        if (strcmp(value, names[at]) == 0) {
            settings->timing_set = at;
            return true;
        }
    }
    (void)snprintf(message, message_bytes, "timing takes typical, worst or instant, not '%s'", value);
    return false;
}

static bool set_usb_latency(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes)
{
    enum { BASE = 10, LATENCY_MS_MAX = 255, US_PER_MS = 1000 };
    char *end;
    const unsigned long ms = strtoul(value, &end, BASE);
    if (end == value || *end != '\0' || value[0] == '-' || ms > LATENCY_MS_MAX) {
        (void)snprintf(message, message_bytes, "usb-latency takes milliseconds from 0 to 255, not '%s'", value);
        return false;
    }
    settings->config.usb_latency_us = (uint32_t)ms * US_PER_MS;
    return true;
}

static const espsim_setting_t rows[] = {
    {"chip", "CHIP", "which chip (esp32)", set_chip},
    {"flash", "FILE", "keep the flash content in FILE; made blank if missing (in memory)", set_flash},
    {"flash-size", "SIZE", "size of the flash, 256KB to 16MB (4MB, or that of FILE)", set_flash_size},
    {"flash-timing", "PART",
     "how long the flash takes and what it says it is: generic, w25q32jv,\n"
     "gd25q32c, gd25q128e, xm25qh32c, xm25qh128a (generic)",
     set_flash_timing},
    {"timing", "SET", "typical, worst, or instant: only the wires take time (typical)", set_timing},
    {"usb-latency", "MS",
     "let the chip's bytes wait in a USB bridge until they are 62 or the first has\n"
     "waited MS, 0 to 255 (0: there is none)",
     set_usb_latency},
};

/* --- Public ------------------------------------------------------------------------------------------------------ */

const espsim_setting_t *espsim_setting_at(size_t row)
{
    return row < sizeof(rows) / sizeof(rows[0]) ? &rows[row] : NULL;
}

espsim_settings_t espsim_settings_default(void)
{
    return (espsim_settings_t){
        .config = {.rom = espsim_rom_by_name("esp32"), .part = espsim_flash_part_at(0)},
        .timing_set = ESPSIM_TIMING_TYPICAL,
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

espsim_t *espsim_settings_create(const espsim_settings_t *settings, espsim_flash_t *flash, char *message,
                                 size_t message_bytes)
{
    if (!espsim_flash_open(flash, settings->flash_path, settings->flash_bytes, message, message_bytes)) {
        return NULL;
    }
    espsim_config_t config = settings->config;
    config.flash = flash->cells;
    config.flash_bytes = flash->bytes;
    config.timing = espsim_timing_of(config.part, settings->timing_set, flash->bytes);
    espsim_t *sim = espsim_create(&config);
    if (sim == NULL) {
        espsim_flash_close(flash);
        (void)snprintf(message, message_bytes, "out of memory");
        return NULL;
    }
    espsim_set_faults(sim, &settings->faults);
    return sim;
}
