/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

enum { SHOWN_BYTES = 64, BYTES_MAX = 16384 };

static int value_of(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

size_t bytes_of_hex(const char *hex, uint8_t *bytes, size_t capacity)
{
    size_t count = 0;
    for (const char *at = hex; *at != '\0'; at++) {
        if (*at == ' ') {
            continue;
        }
        const int high = value_of(at[0]);
        const int low = high < 0 ? -1 : value_of(at[1]);
        if (low < 0 || count == capacity) {
            fail_msg("not hex, or more than %zu bytes: %s", capacity, hex);
            return 0;
        }
        bytes[count++] = (uint8_t)(high << 4 | low);
        at++;
    }
    return count;
}

/* The hex text of the bytes from the one before `from`, as far as it is worth showing. */
static const char *shown(const uint8_t *bytes, size_t count, size_t from, char text[2 * SHOWN_BYTES + 1])
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t at = from; at < count && at < from + SHOWN_BYTES; at++) {
        length += (size_t)snprintf(&text[length], 3, "%02x", bytes[at]);
    }
    return text;
}

void assert_bytes(const uint8_t *bytes, size_t count, const char *hex)
{
    static uint8_t expected[BYTES_MAX];
    const size_t expected_count = bytes_of_hex(hex, expected, sizeof(expected));
    size_t same = 0;
    while (same < count && same < expected_count && bytes[same] == expected[same]) {
        same++;
    }
    if (same < count || same < expected_count) {
        char found_text[2 * SHOWN_BYTES + 1];
        char expected_text[2 * SHOWN_BYTES + 1];
        fail_msg("from byte %zu: %s, expected %s", same, shown(bytes, count, same, found_text),
                 shown(expected, expected_count, same, expected_text));
    }
}
