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
        (void)snprintf(message, message_bytes, "flash-size takes a power of two from 256KB to 128MB, not '%s'", value);
        return false;
    }
    settings->flash_bytes = bytes;
    return true;
}

static int hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = digit != '\0' ? strchr(digits, tolower((unsigned char)digit)) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* 32 or 64 bytes, as hex digits or from a file that holds nothing else. */
static bool set_flash_key(espsim_security_t *security, const char *value, char *message, size_t message_bytes)
{
    const size_t digits = strlen(value);
    bool is_hex = digits == 64 || digits == 128;
    for (size_t at = 0; is_hex && at < digits; at += 2) {
        const int high = hex_digit(value[at]);
        const int low = hex_digit(value[at + 1]);
        is_hex = high >= 0 && low >= 0;
        security->flash_key[at / 2] = (uint8_t)(high * 16 + low);
    }
    security->flash_key_bytes = is_hex ? (uint8_t)(digits / 2) : 0;
    if (is_hex) {
        return true;
    }
    uint8_t key[65];
    FILE *file = fopen(value, "rb");
    const size_t bytes = file != NULL ? fread(key, 1, sizeof(key), file) : 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (bytes != 32 && bytes != 64) {
        (void)snprintf(message, message_bytes,
                       "flash-encryption takes a key of 32 or 64 bytes, as hex digits or in a file, not '%s'", value);
        return false;
    }
    memcpy(security->flash_key, key, bytes);
    security->flash_key_bytes = (uint8_t)bytes;
    return true;
}

static bool set_security(espsim_settings_t *settings, const char *value, char *message, size_t message_bytes)
{
    static const char key_name[] = "flash-encryption=";
    espsim_security_t *security = &settings->config.security;
    memset(security, 0, sizeof(*security));
    for (size_t bytes; *value != '\0'; value += bytes + (value[bytes] == ',')) {
        char word[256];
        bytes = strcspn(value, ",");
        (void)snprintf(word, sizeof(word), "%.*s", (int)(bytes < sizeof(word) ? bytes : sizeof(word) - 1), value);
        if (strcmp(word, "secure-download") == 0) {
            security->secure_download = true;
        } else if (strcmp(word, "secure-boot") == 0) {
            security->secure_boot = true;
        } else if (strcmp(word, "no-download") == 0) {
            security->no_download = true;
        } else if (strcmp(word, "no-manual-encryption") == 0) {
            security->no_manual_encryption = true;
        } else if (strncmp(word, key_name, sizeof(key_name) - 1) == 0) {
            if (!set_flash_key(security, word + sizeof(key_name) - 1, message, message_bytes)) {
                return false;
            }
        } else {
            (void)snprintf(message, message_bytes,
                           "security takes secure-download, no-download, secure-boot, flash-encryption=KEY and "
                           "no-manual-encryption, with commas between them, not '%s'",
                           word);
            return false;
        }
    }
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
    {"flash-size", "SIZE", "size of the flash, 256KB to 128MB (4MB, or that of FILE)", set_flash_size},
    {"security", "LIST",
     "what was burned, with commas: secure-download, no-download, secure-boot,\n"
     "flash-encryption=KEY (hex digits or a file), no-manual-encryption (nothing)",
     set_security},
    {"fault", "FAULT", "let something go wrong, see below; several of them work together", set_fault},
    {"seed", "N", "of random faults; the same one repeats a run (by the clock)", set_seed},
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

espsim_t *espsim_settings_create(espsim_settings_t *settings, espsim_flash_t *flash, char *message,
                                 size_t message_bytes)
{
    const char *lacks = espsim_security_lacks(settings->config.rom, &settings->config.security);
    if (lacks != NULL) {
        (void)snprintf(message, message_bytes, "the %s has %s", espsim_rom_name(settings->config.rom), lacks);
        return NULL;
    }
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
    if (settings->faults.seed == 0 && espsim_faults_are_random(&settings->faults)) {
        settings->faults.seed = seed_by_clock();
    }
    espsim_set_faults(sim, &settings->faults);
    return sim;
}
