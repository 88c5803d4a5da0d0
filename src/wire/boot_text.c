/* SPDX-License-Identifier: Apache-2.0 */
/* What a target prints as it boots: a few words are looked for, all at once, in whatever pieces they come. */
#include "wire/boot_text.h"

#include "wire/hex.h"

/* What a pattern tells, besides the findings of reflash_boot_t. */
enum { TELLS_RESET = 0x10, TELLS_STRAPPING, TELLS_CHIP, TELLS_C2 };
enum { C2_SUFFIX = 'c' << 8 | '2' };

/* The same as characters, below all of a text. */
#define DEAF "\x03"
#define FROM_FLASH "\x05"
#define NO_PROGRAM "\x06"
#define DISABLED "\x08"
#define BROWN_OUT "\x09"
_Static_assert(REFLASH_BOOT_DEAF == 3 && REFLASH_BOOT_FROM_FLASH == 5 && REFLASH_BOOT_NO_PROGRAM == 6 &&
                   REFLASH_BOOT_DISABLED == 8 && REFLASH_BOOT_BROWN_OUT == 9,
               "the characters mean these findings");
#define RESET "\x10"
#define STRAPPING "\x11"
#define CHIP "\x12"
#define C2 "\x13"

/* Texts one behind the other, each ended by what it tells. None of them begins again inside itself, so that a mismatch
 * leaves at most its first character. */
static const uint8_t patterns[] =
    "rst:0x" RESET "rst cause:" RESET                            /* ESP8266 */
    "boot:0x" STRAPPING "ESP-ROM:esp32" CHIP "ESP-ROM:esp868" C2 /* its die is called ESP8684 */
    "DOWNLOAD" DEAF "mode:(1," DEAF                              /* ESP8266 */
    "FLASH_BOOT" FROM_FLASH "mode:(3," FROM_FLASH "invalid header" NO_PROGRAM
    "ets_main.c" NO_PROGRAM                                            /* ESP8266; ESP32 behind "flash read err" */
    "modes disabled" DISABLED "nvalid mode" DISABLED "BROWN" BROWN_OUT /* a cause of the reset */
    "Brownout" BROWN_OUT;                                              /* the second stage or the application */

static void on_pattern(reflash_boot_text_t *text, uint8_t tells)
{
    text->capture = tells; /* behind two of them something follows */
    if (tells == TELLS_RESET) {
        text->resets++;
        text->mode = REFLASH_BOOT_OTHER_MODE; /* until the rest of the line says more */
    } else if (tells == TELLS_STRAPPING) {
        text->strapping = 0;
    } else if (tells == TELLS_CHIP) {
        text->chip = 0;
    } else if (tells == TELLS_C2) {
        text->chip = C2_SUFFIX;
    } else if (tells < REFLASH_BOOT_NO_PROGRAM) {
        text->mode = tells;
    } else if (tells > text->trouble) {
        text->trouble = tells;
    }
}

static void take_digit(reflash_boot_text_t *text, uint8_t byte)
{
    const uint8_t value = reflash_hex_value(byte);
    if (value > 15) {
        text->capture = 0;
    } else {
        text->strapping = text->strapping << 4 | value;
    }
}

static void take_chip(reflash_boot_text_t *text, uint8_t byte)
{
    if (byte == '-' || byte < ' ') {
        text->capture = 0;
    } else {
        text->chip = text->chip << 8 | byte;
    }
}

static void count(reflash_boot_text_t *text, uint8_t byte)
{
    const _Bool is_text = byte >= '\t' && byte < 0x7F; /* of control characters these are rarely noise */
    text->heard++;
    text->unreadable += !is_text;
}

void reflash_boot_text_push(reflash_boot_text_t *text, uint8_t byte)
{
    count(text, byte);
    if (text->capture == TELLS_STRAPPING) {
        take_digit(text, byte);
    } else if (text->capture == TELLS_CHIP) {
        take_chip(text, byte);
    }
    uint8_t *matched = text->matched;
    for (const uint8_t *pattern = patterns; *pattern != '\0'; pattern++) {
        *matched = byte == pattern[*matched] ? (uint8_t)(*matched + 1) : byte == pattern[0];
        const uint8_t tells = pattern[*matched];
        if (tells < ' ') {
            *matched = 0;
            on_pattern(text, tells);
        }
        matched++;
        while (*pattern >= ' ') {
            pattern++;
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
