/* SPDX-License-Identifier: Apache-2.0 */
/** chips: what differs between chips, as data.
 *
 *  A chip is a row, reflash_chip_t, in a file of its own, and its name in REFLASH_ALL_CHIPS. How its mask ROM
 *  loader behaves is a second row, for the virtual chip only: rom.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_loader.h"

#define REFLASH_ALL_CHIPS(X)                                                                                           \
    X(esp8266)                                                                                                         \
    X(esp32)                                                                                                           \
    X(esp32s2)                                                                                                         \
    X(esp32s3)                                                                                                         \
    X(esp32c2)                                                                                                         \
    X(esp32c3)                                                                                                         \
    X(esp32c5)                                                                                                         \
    X(esp32c6)                                                                                                         \
    X(esp32c61)                                                                                                        \
    X(esp32h2)                                                                                                         \
    X(esp32p4)

/** The chips of this build, in the order in which they are looked up. A build that needs only some names them:
 *  -D'REFLASH_CHIP_LIST(X)=X(esp32) X(esp32c3)'. */
#ifdef REFLASH_CHIP_LIST
#define REFLASH_CHIPS(X) REFLASH_CHIP_LIST(X)
#else
#define REFLASH_CHIPS(X) REFLASH_ALL_CHIPS(X)
#endif

/** The flash SPI controller: offsets from `base`; CMD is at 0, ADDR at 4 on every chip. */
typedef struct {
    uint8_t usr, usr1, usr2, w0;
    uint8_t mosi_dlen, miso_dlen;   /* registers of the number of bits to write and to read, less one, ... */
    uint8_t mosi_shift, miso_shift; /* ... and where in them it stands                                      */
    bool address_at_top;            /* a 24-bit address sits in ADDR's upper bits, not right aligned */
} reflash_spi_layout_t;

extern const reflash_spi_layout_t reflash_spi_layout_esp8266, reflash_spi_layout_esp32;
/** The ESP32-S2 and all later chips. */
extern const reflash_spi_layout_t reflash_spi_layout_esp32s2;

/** How the factory MAC is stored, from mac_lo_reg on. */
typedef enum {
    REFLASH_MAC_EFUSE, /* bytes 2 to 5 in one word, 0 and 1 in the next word's low half, the first one on top */
    REFLASH_MAC_OTP    /* spread over four words; the vendor's part may be a number that stands for it */
} reflash_mac_layout_t;

/** Whether a ROM may be wrong about its crystal when it divides it for a rate. */
typedef enum {
    REFLASH_UART_CLOCK_RIGHT,
    REFLASH_UART_CLOCK_ESP32,   /* it measures the crystal, roughly */
    REFLASH_UART_CLOCK_ESP32C2, /* it takes it for 40 MHz; there are boards with 26 */
    REFLASH_UART_CLOCK_ESP32C5  /* it has a register that says 40 or 48 MHz */
} reflash_uart_clock_t;

/** Where the efuses tell the revision of a chip, and what depends on it besides the stub. */
typedef struct reflash_chip_revisions {
    uint32_t reg;
    uint8_t shift;   /* minor in four bits from here, major in two above them ... */
    uint8_t top_bit; /* ... and, if not 0, one more */
    /* What has to be done before the flash is attached; NULL: nothing. Gets the esp_loader_t. The loader has it, and is
     * linked with it by this row. */
    esp_loader_error_t (*power_flash)(void *loader);
} reflash_chip_revisions_t;

enum { REFLASH_CHIP_NAME_CHARS = 9 };

/* What is read most stands first: a Cortex-M0 reaches only 32 bytes by a short instruction. */
typedef struct reflash_chip {
    const reflash_spi_layout_t *spi;
    uint8_t chip_id;             /* in security info and image headers; REFLASH_ROW_WITHOUT_CHIP_ID: it has none */
    uint8_t target;              /* target_chip_t */
    uint8_t last_opcode;         /* the ROM knows commands from 0x02 to here */
    uint8_t boot_pin;            /* GPIO that has to be low as reset rises, or the flash boots */
    uint8_t begin_words : 4;     /* payload words the ROM wants in FLASH_BEGIN, exactly */
    uint8_t mac_layout : 1;      /* reflash_mac_layout_t */
    uint8_t uart_clock : 2;      /* reflash_uart_clock_t */
    bool erases_head_twice : 1;  /* FLASH_BEGIN counts the sectors in front of a 64 KiB border twice */
    bool whole_blocks : 1;       /* FLASH_DATA of another size than announced: not known what it does */
    bool whole_windows : 1;      /* compressed data ends with a write of 32 KiB, however little of it is the image's */
    bool locked_to_rom : 1;      /* with secure boot no stub can be started */
    uint8_t stub_flash_bits : 5; /* of an address: how much flash a stub reaches; a mask ROM has 24 */
    uint16_t boot_addr;          /* flash address of the second-stage bootloader */
    uint32_t spi_base;
    const struct reflash_chip_revisions *revisions; /* NULL: all are the same to a host */
    uint32_t mac_lo_reg;                            /* first word of the MAC */
    uint16_t magic; /* low half of the word at REFLASH_MAGIC_ADDR that identifies the chip; 0: go by chip_id */
    char name[REFLASH_CHIP_NAME_CHARS + 1];
} reflash_chip_t;

esp_loader_error_t reflash_power_esp32p4_flash(void *context);

/** Where every chip shows a word of its ROM; the older ones are told apart by it. */
#define REFLASH_MAGIC_ADDR 0x40001000u
#define REFLASH_ROW_WITHOUT_CHIP_ID 0xFFu

#define REFLASH_DECLARE_CHIP(name) extern const reflash_chip_t reflash_chip_##name;
REFLASH_ALL_CHIPS(REFLASH_DECLARE_CHIP)

/** The chip whose ROM shows a word with this low half, or NULL. */
const reflash_chip_t *reflash_chip_by_magic(uint16_t magic);
/** The chip with this chip id among those whose ROM knows GET_SECURITY_INFO, which tells it; or NULL. */
const reflash_chip_t *reflash_chip_by_id(uint32_t chip_id);
/** The chip that calls itself ESP32-`suffix` ('c' << 8 | '3', small letters; 0: none, as the ESP32), or NULL. */
const reflash_chip_t *reflash_chip_by_suffix(uint32_t suffix);
/** The row of `target`, or NULL if this build does not have it. */
const reflash_chip_t *reflash_chip_by_target(target_chip_t target);
