/* SPDX-License-Identifier: Apache-2.0 */
/* What a target prints as it boots: a few words are looked for, all at once, in whatever pieces they come. */
#include "wire/boot_text.h"

enum { TEXT_CHARS = 15 };

/* What a pattern tells, besides the findings of reflash_boot_t. */
enum { TELLS_RESET = 0x10, TELLS_STRAPPING, TELLS_CHIP, TELLS_C2 };

/* None of them begins again inside itself, so that a mismatch leaves at most its first character. */
static const struct {
    char text[TEXT_CHARS];
    uint8_t tells;
} patterns[] = {
    {"rst:0x", TELLS_RESET},
    {"rst cause:", TELLS_RESET}, /* ESP8266 */
    {"boot:0x", TELLS_STRAPPING},
    {"ESP-ROM:esp32", TELLS_CHIP},
    {"ESP-ROM:esp868", TELLS_C2}, /* its die is called ESP8684 */
    {"DOWNLOAD", REFLASH_BOOT_DEAF},
    {"mode:(1,", REFLASH_BOOT_DEAF}, /* ESP8266 */
    {"FLASH_BOOT", REFLASH_BOOT_FROM_FLASH},
    {"mode:(3,", REFLASH_BOOT_FROM_FLASH},
    {"invalid header", REFLASH_BOOT_NO_PROGRAM},
    {"ets_main.c", REFLASH_BOOT_NO_PROGRAM}, /* ESP8266; ESP32 behind "flash read err" */
    {"modes disabled", REFLASH_BOOT_DISABLED},
    {"nvalid mode", REFLASH_BOOT_DISABLED},
    {"BROWN", REFLASH_BOOT_BROWN_OUT},    /* a cause of the reset */
    {"Brownout", REFLASH_BOOT_BROWN_OUT}, /* the second stage or the application */
};
_Static_assert(sizeof(patterns) / sizeof(patterns[0]) == REFLASH_BOOT_TEXT_PATTERNS, "one counter each");

static void on_pattern(reflash_boot_text_t *text, uint8_t tells)
{
    text->capture = 0;
    if (tells == TELLS_RESET) {
        text->resets = (uint8_t)(text->resets + (text->resets < UINT8_MAX));
        text->mode = REFLASH_BOOT_OTHER_MODE; /* until the rest of the line says more */
    } else if (tells >= TELLS_STRAPPING) {
        text->capture = tells;
        text->strapping = tells == TELLS_STRAPPING ? 0 : text->strapping;
        if (tells != TELLS_STRAPPING) {
            text->chip[0] = tells == TELLS_C2 ? 'c' : '\0';
            text->chip[1] = '2';
            text->chip[2] = '\0';
        }
    } else if (tells < REFLASH_BOOT_NO_PROGRAM) {
        text->mode = tells;
    } else if (tells > text->trouble) {
        text->trouble = tells;
    }
}

static void take_digit(reflash_boot_text_t *text, uint8_t byte)
{
    const uint8_t letter = byte | 0x20;
    if (byte >= '0' && byte <= '9') {
        text->strapping = text->strapping << 4 | (byte & 0xF);
    } else if (letter >= 'a' && letter <= 'f') {
        text->strapping = text->strapping << 4 | (uint32_t)(letter - 'a' + 10);
    } else {
        text->capture = 0;
    }
}

static void take_chip(reflash_boot_text_t *text, uint8_t byte)
{
    unsigned at = 0;
    while (text->chip[at] != '\0') {
        at++;
    }
    if (byte == '-' || byte < ' ' || at == REFLASH_BOOT_CHIP_CHARS) {
        text->capture = 0;
        return;
    }
    text->chip[at] = (char)byte;
    text->chip[at + 1] = '\0';
}

static void count(reflash_boot_text_t *text, uint8_t byte)
{
    const _Bool is_text = (byte >= ' ' && byte < 0x7F) || (byte >= '\t' && byte <= '\r') || byte == 0x1B;
    if (text->heard < UINT16_MAX) {
        text->heard++;
        text->unreadable = (uint16_t)(text->unreadable + !is_text);
    }
}

void reflash_boot_text_push(reflash_boot_text_t *text, uint8_t byte)
{
    count(text, byte);
    if (text->capture == TELLS_STRAPPING) {
        take_digit(text, byte);
    } else if (text->capture == TELLS_CHIP) {
        take_chip(text, byte);
    }
    for (unsigned row = 0; row < REFLASH_BOOT_TEXT_PATTERNS; row++) {
        const char *pattern = patterns[row].text;
        uint8_t *matched = &text->matched[row];
        *matched = byte == (uint8_t)pattern[*matched] ? (uint8_t)(*matched + 1) : byte == (uint8_t)pattern[0];
        if (pattern[*matched] == '\0') {
            *matched = 0;
            on_pattern(text, patterns[row].tells);
        }
    }
}

reflash_boot_t reflash_boot_text_finding(const reflash_boot_text_t *text)
{
    enum { UNREADABLE_SHARE = 4 }; /* one in so many */

    if (text->trouble > REFLASH_BOOT_NO_PROGRAM) {
        return (reflash_boot_t)text->trouble;
    }
    if (text->resets > 1) {
        return REFLASH_BOOT_LOOP;
    }
    if (text->trouble != REFLASH_BOOT_SILENT) {
        return (reflash_boot_t)text->trouble;
    }
    if (text->mode != REFLASH_BOOT_SILENT) {
        return (reflash_boot_t)text->mode;
    }
    if (text->heard == 0) {
        return REFLASH_BOOT_SILENT;
    }
    return text->unreadable * UNREADABLE_SHARE >= text->heard ? REFLASH_BOOT_UNREADABLE : REFLASH_BOOT_NO_BANNER;
}
