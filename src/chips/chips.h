/* SPDX-License-Identifier: Apache-2.0 */
/** chips: what differs between chips, as data.
 *
 *  A chip is a row, reflash_chip_t, in a file of its own, and its name in REFLASH_CHIPS. How its mask ROM
 *  loader behaves is a second row, for the virtual chip only: rom.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_loader.h"

/** All chips, in the order in which they are looked up. */
#define REFLASH_CHIPS(X) X(esp32) X(esp32c3)

/** The flash SPI controller: offsets from `base`; CMD is at 0, ADDR at 4 on every chip. */
typedef struct {
    uint8_t usr, usr1, usr2, mosi_dlen, miso_dlen, w0;
    bool address_at_top; /* a 24-bit address sits in ADDR's upper bits, not right aligned */
} reflash_spi_layout_t;

typedef struct reflash_chip {
    const char *name;
    const reflash_spi_layout_t *spi;
    uint32_t spi_base;
    uint32_t magic;              /* word at REFLASH_MAGIC_ADDR that identifies the chip; 0: go by chip_id */
    uint32_t mac_lo_reg;         /* MAC bytes 2 to 5; the next word's low half holds bytes 0 and 1 */
    uint16_t boot_addr;          /* flash address of the second-stage bootloader */
    uint8_t chip_id;             /* in security info and image headers */
    uint8_t target;              /* target_chip_t */
    uint8_t begin_words;         /* payload words the ROM wants in FLASH_BEGIN, exactly */
    uint8_t security_info_bytes; /* answer of GET_SECURITY_INFO; 0: no such command */
} reflash_chip_t;

/** Where every chip shows a word of its ROM; the older ones are told apart by it. */
#define REFLASH_MAGIC_ADDR 0x40001000u

#define REFLASH_DECLARE_CHIP(name) extern const reflash_chip_t reflash_chip_##name;
REFLASH_CHIPS(REFLASH_DECLARE_CHIP)

/** The chip whose ROM shows `magic`, or NULL. */
const reflash_chip_t *reflash_chip_by_magic(uint32_t magic);
/** The chip with this chip id among those that are identified by it, or NULL. */
const reflash_chip_t *reflash_chip_by_id(uint32_t chip_id);
