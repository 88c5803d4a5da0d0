/* SPDX-License-Identifier: Apache-2.0 */
/** The inside of a virtual chip, for the files of sim/ only. */
#pragma once

#include <zlib.h>

#include "espsim.h"

#define ESPSIM_NEVER UINT64_MAX
enum { ESPSIM_NS_PER_US = 1000, ESPSIM_WINDOW_BYTES = 32768, ESPSIM_RX_BUFFER_BYTES = 0x2000 };

/* --- Flash part (nor.c) ---------------------------------------------------------------------------- */

typedef struct {
    uint8_t *cells;
    uint32_t bytes;
    const espsim_timing_t *timing;
    bool write_enabled;
    uint8_t status; /* as last written: block-protect bits */
    bool powered_down;
    uint64_t ops;       /* erases and programs so far */
    uint64_t cut_at_op; /* power fails in the middle of this one; 0: never */
    bool power_failed;
    espsim_stats_t *stats;
} espsim_nor_t;

/** One SPI transaction. `data` is what is written after the address, or where what is read goes. Returns how
 *  long the part is busy afterwards, ns. What a real part ignores is ignored. */
uint64_t espsim_nor_transact(espsim_nor_t *nor, uint8_t opcode, uint32_t addr, uint8_t *data, uint32_t bytes);

/* --- Address space (memory.c) ---------------------------------------------------------------------- */

typedef struct espsim_page espsim_page_t;
typedef struct {
    const reflash_rom_t *rom;
    bool is_blank; /* without what a factory burns */
    espsim_page_t *pages;
} espsim_memory_t;

/** False: the chip has nothing at [addr, addr + bytes). */
bool espsim_memory_has(const espsim_memory_t *memory, uint32_t addr, uint32_t bytes);
uint8_t espsim_memory_get(const espsim_memory_t *memory, uint32_t addr);
/** False: out of memory on the host. */
bool espsim_memory_put(espsim_memory_t *memory, uint32_t addr, uint8_t value);
uint32_t espsim_memory_get_word(const espsim_memory_t *memory, uint32_t addr);
bool espsim_memory_put_word(espsim_memory_t *memory, uint32_t addr, uint32_t value);
/** Forget all that was written. */
void espsim_memory_reset(espsim_memory_t *memory);

/* --- UART (uart.c) --------------------------------------------------------------------------------- */

typedef struct {
    uint64_t arrives_ns;
    uint32_t baud;
    uint8_t byte;
} espsim_tx_byte_t;

typedef struct {
    uint32_t baud;
    bool trained;
    unsigned edges;
    /* Receive ring without an overflow check, as in the ROM: the write index runs over unread data. */
    uint8_t ring[2048];
    uint16_t ring_bytes, ring_read, ring_write;
    /* What was sent and has not been taken by the host. */
    espsim_tx_byte_t *tx;
    size_t tx_capacity, tx_first, tx_count;
    uint64_t tx_free_ns; /* when the last byte sent leaves the wire */
} espsim_uart_t;

/** Queue a byte for sending, not before `from_ns`. False: out of memory on the host. */
bool espsim_uart_send(espsim_uart_t *uart, uint8_t byte, uint64_t from_ns);
void espsim_uart_receive(espsim_uart_t *uart, uint8_t byte, uint32_t baud);
/** Whether two ends at these rates understand each other; 0 stands for any rate. */
bool espsim_uart_rates_fit(uint32_t baud, uint32_t other_baud);
/** What a byte turns into when they do not: stands for sampling at the wrong moments, never what was sent. */
uint8_t espsim_uart_garbled(uint8_t byte);
/** The next received byte. False: none. */
bool espsim_uart_take(espsim_uart_t *uart, uint8_t *byte);
/** Forget what was received, and what had not left the wire by `now_ns`. */
void espsim_uart_reset(espsim_uart_t *uart, uint64_t now_ns);

/* --- Mask ROM loader (rom.c, rom_flash.c) ---------------------------------------------------------- */

/** A data transfer: FLASH_*, FLASH_DEFL_* and MEM_* keep one each. */
typedef struct {
    bool begun;
    uint32_t block_bytes;
    uint32_t sequence; /* expected next                    */
    uint32_t addr;     /* where the next byte goes         */
    uint32_t left_bytes, left_blocks;
    uint32_t block_count;
} espsim_transfer_t;

typedef enum { ESPSIM_FRAME_OUTSIDE, ESPSIM_FRAME_INSIDE, ESPSIM_FRAME_ESCAPED } espsim_frame_state_t;

typedef struct {
    bool synced;
    uint8_t rx[ESPSIM_RX_BUFFER_BYTES]; /* keeps what earlier requests left in it */
    uint32_t rx_bytes;
    espsim_frame_state_t frame_state;
    uint8_t reply[8 + 64 + 4]; /* keeps what earlier answers left in it */
    uint8_t status[2];         /* failed?, reason; some commands set only the first */
    uint32_t flash_bytes;      /* SPI_SET_PARAMS; 2 MiB until then */
    uint32_t last_spi_addr;    /* what a watcher sees on the bus */
    espsim_transfer_t flash, deflate, mem;
    z_stream inflater;
    bool inflater_ready, stream_ended;
    uint8_t window[ESPSIM_WINDOW_BYTES];
    uint32_t window_bytes;
    uint64_t work_ns; /* what the present command has taken so far */
} espsim_rom_state_t;

typedef enum {
    ESPSIM_ACTION_NONE,
    ESPSIM_ACTION_BOOT,       /* out of reset: print the banner, then what the straps say */
    ESPSIM_ACTION_SET_BAUD,   /* CHANGE_BAUDRATE: the answer is out */
    ESPSIM_ACTION_SOFT_RESET, /* FLASH_END: the answer is out */
} espsim_action_t;

typedef enum {
    ESPSIM_HELD, /* in reset, or without power */
    ESPSIM_BOOTING,
    ESPSIM_LOADER,
    ESPSIM_PROMPT, /* the ROM's BASIC prompt */
    ESPSIM_GONE,   /* application, hang, or anything else that does not listen */
} espsim_state_t;

struct espsim {
    espsim_config_t config;
    const reflash_rom_t *rom_row;
    espsim_faults_t faults;
    espsim_stats_t stats;
    uint64_t now_ns;
    bool off, reset_low, boot_low;
    uint8_t strapping;
    uint8_t reset_code;
    espsim_state_t state;
    uint64_t busy_until_ns;
    espsim_action_t action;
    uint64_t action_at_ns;
    uint32_t action_baud;
    uint64_t faulty_bytes_in, faulty_bytes_out;
    bool doubled; /* the byte to be doubled was sent once */
    bool out_of_memory;
    espsim_nor_t nor;
    espsim_memory_t memory;
    espsim_uart_t uart;
    espsim_rom_state_t rom;
    unsigned prompt_line_bytes;
    bool prompt_swallows;
};

/** Take `ns` for the present command, unless the chip was told to be instant. */
void espsim_take_time(espsim_t *sim, uint64_t ns);
/** Send bytes once the present command's time has passed. */
void espsim_send(espsim_t *sim, const uint8_t *bytes, size_t count);
void espsim_print(espsim_t *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Plan `action` for when all that was sent is out. */
void espsim_plan(espsim_t *sim, espsim_action_t action);

/** Reset what the loader knows. */
void espsim_rom_reset(espsim_t *sim);
/** Take one byte of the request stream, and act when it completes a request. */
void espsim_rom_byte(espsim_t *sim, uint8_t byte);
/** One byte for the BASIC prompt. */
void espsim_prompt_byte(espsim_t *sim, uint8_t byte);
/** The loader's loop ends without a reset. */
void espsim_rom_leave(espsim_t *sim);

uint32_t espsim_rom_word(const espsim_t *sim, unsigned word);
uint8_t *espsim_rom_payload(espsim_t *sim);
uint8_t *espsim_rom_reply_data(espsim_t *sim);
uint16_t espsim_rom_size_field(const espsim_t *sim);

/** What a data command found out about its block before looking at the data. 0: good; else the reason. */
uint8_t espsim_rom_check_block(espsim_t *sim, espsim_transfer_t *transfer, uint32_t length_multiple,
                               const uint8_t **data, uint32_t *bytes);
void espsim_rom_begin_transfer(espsim_t *sim, espsim_transfer_t *transfer);

/* One function per flash command; each returns 0 or the reason for refusing. */
uint8_t espsim_rom_flash_begin(espsim_t *sim);
uint8_t espsim_rom_flash_data(espsim_t *sim);
uint8_t espsim_rom_deflate_begin(espsim_t *sim);
uint8_t espsim_rom_deflate_data(espsim_t *sim);
uint8_t espsim_rom_deflate_end(espsim_t *sim);
uint8_t espsim_rom_read_slow(espsim_t *sim);
uint8_t espsim_rom_md5(espsim_t *sim);
void espsim_rom_spi_attach(espsim_t *sim);
/** The flash controller's command register was written: run the transaction its registers describe. */
void espsim_rom_spi_user_command(espsim_t *sim);

/* --- Boot (boot.c) --------------------------------------------------------------------------------- */

/** Print what a chip prints when it boots from its flash, application log included. */
void espsim_boot_from_flash(espsim_t *sim);
