/* SPDX-License-Identifier: Apache-2.0 */
/** The functions of the API, a row for each. What a chip cannot do is said there, not learned. */
#pragma once

#include "api_bench.h"

enum {
    BIT_8266 = 1 << ESP8266_CHIP,
    BIT_32 = 1 << ESP32_CHIP,
    BIT_S2 = 1 << ESP32S2_CHIP,
    BIT_C2 = 1 << ESP32C2_CHIP,
    BIT_C6 = 1 << ESP32C6_CHIP,
    BIT_H2 = 1 << ESP32H2_CHIP,
    ALL_CHIPS = (1 << CHIP_COUNT) - 1
};

typedef struct {
    const char *name;
    esp_loader_error_t (*before)(void); /* has to succeed first; may be NULL */
    esp_loader_error_t (*call)(void);
    bool (*holds)(void);          /* afterwards; may be NULL */
    unsigned lacking[MODE_COUNT]; /* bits of the chips that cannot do it, or not over that link */
    uint8_t asks[STUB + 1];   /* opcode of the question that is refused or not answered; 0: whichever is the first */
    bool looks_first;         /* on some chips registers are read in front of that question */
    bool is_first;            /* called on a context that is not connected, ... */
    bool only_in[MODE_COUNT]; /* ... and in one of the tables only; none: in both */
    bool locked;              /* the chip is in secure download mode */
    const char *never_asks;   /* why no target can refuse or be silent; NULL: it can */
    bool acts_at_once;        /* what it asks takes effect whatever is answered: only a question can be spoilt */
} api_row_t;

#define ASKS_NOTHING "asks the target nothing"

/** Whether the row stands in the table of this mode. */
static inline bool is_in(const api_row_t *row, talk_t mode)
{
    const talk_t talks_to = mode == ROM ? ROM : STUB;
    return row->only_in[talks_to] || !row->only_in[talks_to == ROM ? STUB : ROM];
}

/** Those whose names begin with the same word. */
typedef struct {
    const char *prefix;
    const api_row_t *rows;
    size_t row_count; /* at most API_ROWS_MAX */
} api_part_t;

enum { API_ROWS_MAX = 40 };

extern const api_part_t inherited_part, our_part;

/* What rows of both parts, or those who walk them, use. A call returns what the function returned; `holds_*` looks
 * whether it did what it is for. */
bool holds_data(void);
bool holds_room(void);
bool holds_no_loader(void);
bool holds_chip(void);
esp_loader_error_t init_link(void);
esp_loader_error_t connect_rom(void);
esp_loader_error_t connect_stub(void);
esp_loader_error_t attach_flash(void);
esp_loader_error_t flash_read(void);
bool holds_answer(void);
bool holds_stub(void);
esp_loader_error_t read_register(void);
