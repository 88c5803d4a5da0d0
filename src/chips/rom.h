/* SPDX-License-Identifier: Apache-2.0 */
/** chips: how the mask ROM loader of each chip behaves, as data. Read by the virtual chip only; in files of
 *  its own, so that no firmware links the texts. */
#pragma once

#include "chips/chips.h"

typedef struct {
    uint32_t start, end; /* [start, end) */
} reflash_memory_range_t;

typedef struct {
    uint32_t addr, value;
} reflash_register_value_t;

/** A boot mode, chosen by the strapping pins. */
typedef struct {
    uint16_t strapping;
    enum { REFLASH_BOOT_FLASH, REFLASH_BOOT_LOADER } what;
    bool needs_sync;     /* the loader answers nothing until a first SYNC */
    const char *name;    /* as printed behind boot:0x.. */
    const char *waiting; /* printed once the loader listens; "" for nothing */
} reflash_boot_mode_t;

/** How it lists what it loads from flash, and complains. */
typedef enum {
    REFLASH_BOOT_LOG_DECIMAL, /* lengths in decimal */
    REFLASH_BOOT_LOG_HEX,
    REFLASH_BOOT_LOG_ESP8266
} reflash_boot_log_t;

/** Bits in an efuse word; word 0 is at efuse_addr. */
typedef struct {
    uint8_t word;
    uint32_t bits;
} reflash_efuse_bits_t;

/** What a chip encrypts its flash with. */
typedef enum {
    REFLASH_FLASH_CIPHER_ESP32, /* AES-256 with a key that changes every 32 bytes, used the wrong way round */
    REFLASH_FLASH_CIPHER_XTS    /* AES-XTS in units of 128 bytes */
} reflash_flash_cipher_t;

/** What a chip can be locked with. */
typedef struct {
    const char *secure_waiting;    /* printed by a loader in secure download mode; NULL: there is no such mode */
    const char *download_disabled; /* printed instead of waiting, when there is no serial loader any more */
    bool secure_loader_restarts;   /* the chip, whenever that loader's loop ends; else it just stops listening */
    reflash_flash_cipher_t cipher;
    reflash_efuse_bits_t crypt_count, no_manual_encrypt; /* encryption is on; the loader must not encrypt */
    reflash_efuse_bits_t short_key, long_key;            /* there is a key of 32, 64 bytes */
    reflash_efuse_bits_t secure_boot;
    bool checks_signature_first; /* before the bootloader's segments are loaded, and tells about it */
    bool has_key_purposes;       /* the efuses tell what each key is for */
} reflash_rom_security_t;

/** Shared by the chips whose efuses are laid out alike; by the oldest of each kind. */
extern const reflash_rom_security_t reflash_rom_security_esp32, reflash_rom_security_esp32s2,
    reflash_rom_security_esp32s3, reflash_rom_security_esp32c2, reflash_rom_security_esp32c3,
    reflash_rom_security_esp32c5, reflash_rom_security_esp32c61;

typedef struct reflash_rom {
    const reflash_chip_t *chip;
    const struct reflash_rom *variant; /* the same chip with another ROM; NULL: none */
    const char *variant_name;          /* of such another one, instead of the chip's; else NULL */
    const char *banner;                /* printed after every reset, up to "rst" */
    const char *power_on_name;         /* as printed behind power_on_code */
    const char *software_name;         /* as printed behind software_code */
    const char *brown_out_name;        /* as printed behind 0xf; NULL: it does not tell that from power-on */
    uint8_t power_on_code;             /* the number behind "rst" for power-on and the reset line */
    uint8_t software_code;             /* ... and for a software reset */
    const char *loader_left;           /* printed when the loop ends by FLASH_END without a reset */
    const char *user_code_done;        /* printed when a loaded program returns */
    const reflash_boot_mode_t *boot_modes;
    size_t boot_mode_count;
    uint16_t strapping_normal, strapping_download; /* with the boot pin high, low */
    uint32_t boot_baud;                            /* of all it prints before it listens */
    uint16_t invalid_header_lines;                 /* how often it complains about an empty flash */
    const char *boot_pins;                         /* printed before the list of loaded segments */
    reflash_boot_log_t boot_log;
    uint8_t image_header_bytes; /* in front of an image's first segment */
    bool boots_without_table;   /* the image at boot_addr may be the whole program */
    bool basic_prompt;          /* where the loader ends, a BASIC prompt begins */
    const reflash_memory_range_t *memory;
    size_t memory_count;
    const reflash_register_value_t *registers; /* words that are not 0 after reset */
    size_t register_count;
    const reflash_register_value_t *factory_registers; /* the same, of a chip that left a factory; the recorded one */
    size_t factory_register_count;                     /* was a blank one                                         */
    uint32_t crystal_count_reg, crystal_clock_reg;     /* a crystal measured with the 8 MHz clock; 0: no such thing */
    uint32_t uart0_clkdiv_reg;
    uint8_t uart_clkdiv_bits;     /* width of the divider's whole part */
    uint32_t uart_clock_hz;       /* clock the ROM divides for CHANGE_BAUDRATE, where it cannot measure one; 0: ... */
    uint32_t uart_clock_mhz_reg;  /* ... it reads it here, MHz in bits 24 to 30 */
    uint16_t rx_ring_bytes;       /* at most 2048 */
    uint8_t status_bytes;         /* at the end of an answer */
    uint8_t flash_read_bytes;     /* size of one SPI read */
    uint32_t default_flash_bytes; /* what it believes the flash to be until SPI_SET_PARAMS */
    uint32_t unbegun_block_bytes; /* what FLASH_DATA and MEM_DATA find when nothing was begun */
    uint32_t unbegun_flash_addr, unbegun_mem_addr;
    bool deflate_ends_with_whole_window; /* the last write of FLASH_DEFL_DATA is always 32 KiB */
    uint8_t security_info_bytes;         /* answer of GET_SECURITY_INFO without its status */
    uint8_t security_info[20];
    const reflash_rom_security_t *security;                /* NULL: it cannot be locked */
    uint32_t efuse_addr;                                   /* where the first word of its efuses is read */
    uint16_t md5_ns_per_byte;                              /* reading and hashing; estimate, see docs/espsim.md */
    uint16_t stub1_md5_ns_per_byte, stub2_md5_ns_per_byte; /* the same in the RAM stubs of either generation */
    uint16_t inflate_ns_per_byte;                          /* of what comes out; estimates, too */
    uint16_t stub1_inflate_ns_per_byte, stub2_inflate_ns_per_byte;
    bool prints_exceptions; /* code that reads where nothing is dies with a text */
    uint16_t turnaround_us; /* from the last byte of a request to the first of its answer */
} reflash_rom_t;

#define REFLASH_DECLARE_ROM(name) extern const reflash_rom_t reflash_rom_##name;
REFLASH_ALL_CHIPS(REFLASH_DECLARE_ROM)
extern const reflash_rom_t reflash_rom_esp32p4_rev1; /* a variant */
