/* SPDX-License-Identifier: Apache-2.0 */
/** chip_formats: what images of each published chip say by numbers: chip ids, flash settings, addresses. Data, also of
 *  chips that this program cannot flash, since a message or an explanation should name them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chips/chips.h"

/** Any chip will do, or none is told. */
#define IMAGE_CHIP_ANY (-1)
/** The ESP8266 has no number of its own: its images have an 8-byte header without a chip id. No real chip id
 *  is as large. */
#define IMAGE_CHIP_ESP8266 0x8266

/** A code of an image header and the word for it. */
typedef struct {
    const char *name; /*!< "40m", "4MB", "dio"; NULL ends a list. */
    uint32_t bytes;   /*!< Of flash; 0 where it is no size. */
    uint8_t code;
} format_code_t;

/** Addresses from `start` to before `end` are this kind of memory. They overlap where one memory has several names. */
typedef struct {
    uint32_t start, end;
    const char *name; /*!< "DROM": mapped flash for data, "IROM": for code; NULL ends a list. */
    bool is_a_trait;  /*!< Says how it may be accessed, not what it is. */
} memory_range_t;

typedef struct {
    int id;           /*!< In image headers, or IMAGE_CHIP_ESP8266. */
    const char *name; /*!< "ESP32-C3". */
    const format_code_t *flash_freqs, *flash_sizes;
    const memory_range_t *memory;                                  /*!< NULL: not known. */
    uint32_t code_start, code_end, constants_start, constants_end; /*!< Flash is mapped to these addresses. */
    /** Sizes that a page of mapped flash may have, as bits (64 KiB is bit 16); 0: 64 KiB alone. */
    uint32_t page_bytes_bits;
    bool xtensa; /*!< Its processor; else RISC-V. */
} chip_format_t;

/** QIO and the others, for all chips. */
extern const format_code_t format_flash_modes[];

/** NULL if no published chip has this id. */
const chip_format_t *chip_format_by_id(int chip_id);
/** By its name in any spelling ("esp32c3", "ESP32-C3"); NULL if no published chip is called so. */
const chip_format_t *chip_format_by_name(const char *name);
/** The row of the library, NULL if this build of the program has no such chip. */
const reflash_chip_t *chip_format_row(int chip_id);

/** The list's element of this name, in any case; or NULL. */
const format_code_t *format_code_by_name(const format_code_t *list, const char *name);
/** The first with this code, or NULL. */
const format_code_t *format_code_by_code(const format_code_t *list, uint8_t code);
/** The first with so many bytes, or NULL. */
const format_code_t *format_code_by_bytes(const format_code_t *list, uint32_t bytes);

/** Whether `addr` is one where flash is mapped to. */
bool chip_maps_flash(const chip_format_t *chip, uint32_t addr);
/** Whether both addresses are in the same kinds of memory. */
bool chip_same_memory(const chip_format_t *chip, uint32_t a, uint32_t b);
/** What is at `addr`, such as "DRAM, IRAM", cut to `text_bytes`; "" if nothing is known to be there. */
void chip_memory_names(const chip_format_t *chip, uint32_t addr, char *text, size_t text_bytes);
