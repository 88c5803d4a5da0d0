/* SPDX-License-Identifier: Apache-2.0 */
/** chips: what differs between chips, as data.
 *
 *  One file per chip holds its two rows: reflash_chip_t, what a host must know, and reflash_rom_t, how the
 *  chip's mask ROM loader behaves. The library reads only the first kind; the virtual chip reads both; an
 *  unread row is left out by the linker. A new chip is one such file and its name in REFLASH_CHIPS. */
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
    uint32_t magic;      /* word at REFLASH_MAGIC_ADDR that identifies the chip; 0: go by chip_id */
    uint32_t mac_lo_reg; /* MAC bytes 2 to 5; the next word's low half holds bytes 0 and 1        */
    uint16_t boot_addr;  /* flash address of the second-stage bootloader                          */
    uint8_t chip_id;     /* in security info and image headers                                    */
    uint8_t target;      /* target_chip_t                                                         */
    uint8_t begin_words; /* payload words the ROM wants in FLASH_BEGIN, exactly                   */
    uint8_t security_info_bytes; /* answer of GET_SECURITY_INFO; 0: no such command               */
} reflash_chip_t;

/** Where every chip shows a word of its ROM; the older ones are told apart by it. */
#define REFLASH_MAGIC_ADDR 0x40001000u

/* --- How a mask ROM loader behaves (read by the virtual chip only) ----------------------------------- */

typedef struct {
    uint32_t start, end; /* [start, end) */
} reflash_memory_range_t;

typedef struct {
    uint32_t addr, value;
} reflash_register_value_t;

/** A boot mode, chosen by the strapping pins. */
typedef struct {
    uint8_t strapping;
    enum { REFLASH_BOOT_FLASH, REFLASH_BOOT_LOADER } what;
    bool needs_sync;     /* the loader answers nothing until a first SYNC                          */
    const char *name;    /* as printed behind boot:0x..                                            */
    const char *waiting; /* printed once the loader listens; "" for nothing                        */
} reflash_boot_mode_t;

typedef struct {
    const reflash_chip_t *chip;
    const char *banner;           /* printed after every reset, up to "rst:"                       */
    const char *power_on_name;    /* as printed behind rst:0x1                                     */
    const char *software_name;    /* as printed behind rst:0x3 or 0xc                              */
    uint8_t software_code;        /* the number behind rst: for a software reset                   */
    const char *loader_left;      /* printed when the loop ends by FLASH_END without a reset       */
    const char *user_code_done;   /* printed when a loaded program returns                         */
    const reflash_boot_mode_t *boot_modes;
    size_t boot_mode_count;
    uint8_t strapping_normal, strapping_download; /* with the boot pin high, low                   */
    uint16_t invalid_header_lines; /* how often it complains about an empty flash                  */
    const char *boot_pins;        /* printed before the list of loaded segments                    */
    bool load_length_in_hex;      /* in that list                                                  */
    bool basic_prompt;            /* where the loader ends, a BASIC prompt begins                  */
    const reflash_memory_range_t *memory;
    size_t memory_count;
    const reflash_register_value_t *registers; /* words that are not 0 after reset                 */
    size_t register_count;
    uint32_t uart0_clkdiv_reg;
    uint8_t uart_clkdiv_bits;     /* width of the divider's whole part                             */
    uint32_t uart_clock_hz;       /* clock the ROM divides for CHANGE_BAUDRATE                     */
    uint16_t rx_ring_bytes;
    uint8_t last_opcode;          /* commands run from 0x02 to here                                */
    uint8_t flash_read_bytes;     /* size of one SPI read                                          */
    uint32_t unbegun_block_bytes; /* what FLASH_DATA and MEM_DATA find when nothing was begun      */
    uint32_t unbegun_flash_addr, unbegun_mem_addr;
    bool deflate_ends_with_whole_window; /* the last write of FLASH_DEFL_DATA is always 32 KiB     */
    uint8_t security_info[20];    /* answer of GET_SECURITY_INFO                                   */
    uint16_t md5_ns_per_byte;     /* reading and hashing; estimate, see docs/espsim.md             */
    uint16_t turnaround_us;       /* from the last byte of a request to the first of its answer    */
} reflash_rom_t;

#define REFLASH_DECLARE_CHIP(name)                                                                                     \
    extern const reflash_chip_t reflash_chip_##name;                                                                   \
    extern const reflash_rom_t reflash_rom_##name;
REFLASH_CHIPS(REFLASH_DECLARE_CHIP)

/** The chip whose ROM shows `magic`, or NULL. */
const reflash_chip_t *reflash_chip_by_magic(uint32_t magic);
/** The chip with this chip id among those that are identified by it, or NULL. */
const reflash_chip_t *reflash_chip_by_id(uint32_t chip_id);
