/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_settings.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <string.h>

#include "image_check.h"

enum { MODE_OFFSET = 2, SIZE_FREQ_OFFSET = 3 };

static bool keeps(const char *word)
{
    return word == NULL || strcmp(word, "keep") == 0;
}

static bool detects(const char *word)
{
    return word != NULL && strcmp(word, "detect") == 0;
}

flash_settings_t flash_settings_or(flash_settings_t first, flash_settings_t second)
{
    return (flash_settings_t){
        .mode = first.mode != NULL ? first.mode : second.mode,
        .freq = first.freq != NULL ? first.freq : second.freq,
        .size = first.size != NULL ? first.size : second.size,
    };
}

bool flash_settings_detect_size(const flash_settings_t *settings)
{
    return detects(settings->size);
}

/* --- Are they possible? ---------------------------------------------------------------------------- */

static bool check_word(const char *what, const char *word, const format_code_t *list, int chip_id, char *why,
                       size_t why_bytes)
{
    if (keeps(word) || format_code_by_name(list, word) != NULL) {
        return true;
    }
    const bool of_chip = chip_id != IMAGE_CHIP_ANY;
    int used = snprintf(why, why_bytes, "%s%s no flash %s \"%s\"; possible are",
                        of_chip ? image_chip_name(chip_id) : "there", of_chip ? " has" : " is", what, word);
    for (; list->name != NULL && used >= 0 && (size_t)used < why_bytes; list++) {
        used += snprintf(why + used, why_bytes - (size_t)used, " %s", list->name);
    }
    return false;
}

static bool check_for(const flash_settings_t *settings, const chip_format_t *chip, char *why, size_t why_bytes)
{
    return check_word("mode", settings->mode, format_flash_modes, IMAGE_CHIP_ANY, why, why_bytes) &&
           check_word("frequency", settings->freq, chip->flash_freqs, chip->id, why, why_bytes) &&
           (detects(settings->size) || check_word("size", settings->size, chip->flash_sizes, chip->id, why, why_bytes));
}

bool flash_settings_check(const flash_settings_t *settings, int chip_id, char *why, size_t why_bytes)
{
    const chip_format_t *chip = chip_format_by_id(chip_id);
    return chip == NULL || check_for(settings, chip, why, why_bytes);
}

/* --- Into the header ------------------------------------------------------------------------------- */

static uint8_t code_of(const format_code_t *list, const char *word, uint8_t kept)
{
    const format_code_t *code = keeps(word) ? NULL : format_code_by_name(list, word);
    return code != NULL ? code->code : kept;
}

bool flash_settings_patch(uint8_t *data, size_t bytes, const flash_settings_t *settings, uint32_t flash_bytes)
{
    const chip_format_t *chip = chip_format_by_id(image_program_chip(data, bytes));
    if (chip == NULL) {
        return false;
    }
    uint8_t size = data[SIZE_FREQ_OFFSET] >> 4;
    if (detects(settings->size)) {
        const format_code_t *found = format_code_by_bytes(chip->flash_sizes, flash_bytes);
        size = found != NULL ? found->code : size;
    } else {
        size = code_of(chip->flash_sizes, settings->size, size);
    }
    const uint8_t mode = code_of(format_flash_modes, settings->mode, data[MODE_OFFSET]);
    const uint8_t freq = code_of(chip->flash_freqs, settings->freq, data[SIZE_FREQ_OFFSET] & 0xF);
    const uint8_t size_freq = (uint8_t)(size << 4 | freq);
    if (data[MODE_OFFSET] == mode && data[SIZE_FREQ_OFFSET] == size_freq) {
        return false;
    }
    data[MODE_OFFSET] = mode;
    data[SIZE_FREQ_OFFSET] = size_freq;
    image_t image;
    if (image_read(&image, data, bytes, NULL, 0) && image.digest_offset != 0) {
        (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), data, image.digest_offset,
                         data + image.digest_offset);
    }
    return true;
}

uint16_t flash_settings_codes(const flash_settings_t *settings, const chip_format_t *chip)
{
    const uint8_t mode = code_of(format_flash_modes, settings->mode, 0);
    const uint8_t freq = code_of(chip->flash_freqs, settings->freq, 0);
    const uint8_t size_1mb = code_of(chip->flash_sizes, "1MB", 0);
    return (uint16_t)(mode | (code_of(chip->flash_sizes, settings->size, size_1mb) << 4 | freq) << 8);
}
