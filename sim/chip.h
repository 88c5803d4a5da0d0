/* SPDX-License-Identifier: Apache-2.0 */
/** The inside of a virtual chip, for the files of sim/ only. */
#pragma once

#include <zlib.h>

#include "espsim.h"
#include "faults.h"
#include "wire.h"

#define ESPSIM_NEVER UINT64_MAX
enum { ESPSIM_BUNDLE_BYTES = 62 }; /* what a USB packet of an FTDI bridge carries */
enum { ESPSIM_NS_PER_US = 1000, ESPSIM_WINDOW_BYTES = 32768, ESPSIM_RX_BUFFER_BYTES = 0x2000 };
enum { ESPSIM_SECTOR_BYTES = 0x1000, ESPSIM_SECTORS_MAX = ESPSIM_FLASH_BYTES_MAX / ESPSIM_SECTOR_BYTES };

/* --- Flash part (nor.c) ---------------------------------------------------------------------------- */

typedef struct {
    uint8_t *cells;
    uint32_t bytes;
    const espsim_timing_t *timing;
    const espsim_flash_part_t *part;
    bool write_enabled;
    uint8_t status; /* as last written: block-protect bits */
    bool powered_down;
    uint64_t ops;                 /* erases and programs so far */
    espsim_fault_state_t *faults; /* NULL: none */
    bool cut_off;                 /* power failed, or the chip was reset: it says nothing more to the part */
    espsim_stats_t *stats;
    uint32_t wear[ESPSIM_SECTORS_MAX]; /* erases, by sector */
    uint32_t last_page;                /* the one that was programmed last, from 1 */
} espsim_nor_t;

/** One SPI transaction. `data` is what is written after the address, or where what is read goes. Returns how
 *  long the part is busy afterwards, ns. What a real part ignores is ignored. */
uint64_t espsim_nor_transact(espsim_nor_t *nor, uint8_t opcode, uint32_t addr, uint8_t *data, uint32_t bytes);
/** The opcode that does the same with four bytes of address, as a part of more than 16 MiB has them; `opcode` itself if
 *  there is none. */
uint8_t espsim_nor_wide(uint8_t opcode);

/* --- Address space (memory.c) ---------------------------------------------------------------------- */

typedef struct espsim_page espsim_page_t;
typedef struct {
    const reflash_rom_t *rom;
    const reflash_register_value_t *faulty_word; /* instead of what the row says; NULL: none */
    bool is_blank;                               /* without what a factory burns */
    reflash_register_value_t burned[4];          /* bits that were set in efuse words */
    size_t burned_count;
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

/* --- Locks (security.c) ------------------------------------------------------------------------------ */

/** Burn the efuses that the configuration asks for. */
void espsim_security_burn(espsim_t *sim);
/** What GET_SECURITY_INFO tells; the chip may tell less of it. */
void espsim_security_info(const espsim_t *sim, uint8_t info[20]);

/* --- Flash encryption (flash_crypt.c) ---------------------------------------------------------------- */

/** Turn plain text into what lies in flash at `addr`, or back. False: `addr` or `bytes` is no multiple of 16. Without
 *  flash encryption nothing is to be done. */
bool espsim_flash_crypt(const espsim_t *sim, bool decrypts, uint32_t addr, uint8_t *data, uint32_t bytes);

/* --- UART (uart.c) --------------------------------------------------------------------------------- */

typedef struct {
    uint32_t baud;
    bool trained;
    unsigned edges;
    /* Receive ring without an overflow check, as in the ROM: the write index runs over unread data. */
    uint8_t ring[2048];
    uint16_t ring_bytes, ring_read, ring_write;
    espsim_wire_t tx;    /* what was sent and has not been taken by the host */
    uint64_t tx_free_ns; /* when the last byte sent leaves the wire */
} espsim_uart_t;

/** Queue a byte for sending, not before `from_ns`; what becomes of it on the wire is in `sent`. False: out of memory
 *  on the host. */
bool espsim_uart_send(espsim_uart_t *uart, const espsim_faulty_byte_t *sent, uint64_t from_ns);
/** How long a byte is on the wire, ns. */
uint64_t espsim_uart_byte_ns(uint32_t baud);
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
    bool encrypts; /* what is written */
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

/* --- RAM stubs (stub.c, stub_v1.c, stub_v2.c, stub_rx.c, stub_flash.c, unpack.c) ---------------------- */

enum { ESPSIM_STUB_BUFFER_BYTES = 8 + 0x4000 + 255, ESPSIM_FIFO_BYTES = 128 };
/** A request for more keeps a stub busy for very long: here it never comes back. */
enum { ESPSIM_STUB_RANGE_BYTES_MAX = ESPSIM_FLASH_BYTES_MAX };

/** What differs between the generations. */
typedef struct {
    espsim_stub_t stub;
    uint32_t buffer_bytes;                  /* each of the two receive buffers                                     */
    uint8_t fifo_threshold;                 /* so many bytes in the UART's FIFO wake the receiver, ...             */
    uint8_t fifo_quiet_bytes;               /* ... or the time of so many without one                              */
    uint32_t block_bytes_max;               /* BEGIN refuses larger blocks                                         */
    uint32_t flash_bytes;                   /* what the flash is taken for until told; 0: asks it                  */
    bool erases_at_begin;                   /* BEGIN starts the first erase                                        */
    bool skips_blank;                       /* no erase of blank sectors until the first that is not               */
    bool refuses_late_deflate;              /* compressed data after all was written, be it the checksum, is an error */
    bool reserves_plugins;                  /* D5 to EF are known, but not there                                   */
    uint32_t greeting_us;                   /* from its start to its greeting                                      */
    uint32_t baud_before_us, baud_after_us; /* pauses around a change of rate */
    void (*take_byte)(espsim_t *sim, uint8_t byte);
    void (*take_frame)(espsim_t *sim); /* a frame waits */
} espsim_stub_row_t;

typedef enum { ESPSIM_UNPACK_DONE, ESPSIM_UNPACK_MORE, ESPSIM_UNPACK_FAILED } espsim_unpack_t;

/** A stream decoder like the one in the stubs: raw deflate, with a zlib frame around it if asked. */
typedef struct {
    z_stream raw;
    bool ready;
    enum {
        ESPSIM_UNPACK_HEADER,
        ESPSIM_UNPACK_BODY,
        ESPSIM_UNPACK_TRAILER,
        ESPSIM_UNPACK_ENDED,
        ESPSIM_UNPACK_BROKEN
    } at;
    uint8_t held[4];
    uint32_t held_bytes;
    uint32_t adler;
} espsim_unpacker_t;

typedef struct {
    const espsim_stub_row_t *row; /* NULL: none runs */

    /* Receiver: an interrupt takes bytes out of the FIFO while commands run. */
    uint8_t fifo[ESPSIM_FIFO_BYTES];
    uint32_t fifo_count;
    uint64_t fifo_due_ns;
    espsim_frame_state_t frame_state;
    uint8_t buffers[2][ESPSIM_STUB_BUFFER_BYTES]; /* keep what earlier frames left in them */
    uint32_t buffer_counts[2];
    unsigned receiving; /* which of the two */
    bool armed;         /* there is a buffer to receive into (second generation) */
    bool waiting, waiting_is_bad;
    unsigned waiting_in; /* the frame that the main loop has not taken yet */

    /* The request at work and its answer. */
    uint8_t *frame;
    uint32_t frame_bytes;
    uint32_t value;
    uint8_t reply[64];
    uint32_t reply_bytes;
    uint8_t error; /* first generation: of the transfer; second: for the next command */

    struct {
        bool begun;
        uint32_t addr, left_bytes;
    } mem;
    struct {
        bool begun;
        uint32_t addr, left_bytes, compressed_left_bytes;
        uint32_t erase_sector, erase_sectors; /* the next one, and how many are left */
        bool dirty_seen;
        bool encrypts;
    } flash;
    espsim_unpacker_t unpacker;
    uint8_t window[ESPSIM_WINDOW_BYTES];
    uint32_t window_bytes;
    struct {
        bool active;
        bool sends; /* the next packet may go out */
        uint32_t start, total_bytes, packet_bytes, in_flight;
        uint32_t sent_bytes, acked_bytes, sent_packets, acked_packets;
    } reading;
    uint32_t flash_bytes;
    uint8_t addr_bits;      /* of the opcodes with four bytes of address, with which it works; 0: with three */
    uint64_t flash_free_ns; /* an erase goes on until then */
} espsim_stub_state_t;

typedef enum {
    ESPSIM_ACTION_NONE,
    ESPSIM_ACTION_BOOT,       /* out of reset: print the banner, then what the straps say */
    ESPSIM_ACTION_SET_BAUD,   /* CHANGE_BAUDRATE: the answer is out */
    ESPSIM_ACTION_SOFT_RESET, /* FLASH_END: the answer is out */
    ESPSIM_ACTION_WATCHDOG,   /* it was told to reset the chip, and time is up */
    ESPSIM_ACTION_GREET,      /* a RAM stub is ready */
} espsim_action_t;

typedef enum {
    ESPSIM_HELD, /* in reset, or without power */
    ESPSIM_BOOTING,
    ESPSIM_LOADER,
    ESPSIM_PROMPT, /* the ROM's BASIC prompt */
    ESPSIM_STUB,   /* a RAM stub */
    ESPSIM_GONE,   /* application, hang, or anything else that does not listen */
} espsim_state_t;

/** The flash as the chip reads it through its decryption: made sector by sector while it boots. */
typedef struct {
    uint8_t *cells;
    uint8_t *is_made; /* one byte for each sector */
} espsim_plain_t;

/** What the chip has taken on and not spent yet, see ledger.c. */
typedef struct {
    uint64_t owed_ns[ESPSIM_CAUSE_COUNT];
    uint64_t owed_total_ns; /* their sum, so that the byte after byte in which nothing is owed is cheap */
    uint64_t quiet_ns;      /* entered under the host since the last byte from it */
} espsim_ledger_t;

/** How much the present command takes, as far as it is known. */
typedef struct {
    uint64_t work_ns, owed_ns[ESPSIM_CAUSE_COUNT], owed_total_ns;
} espsim_work_t;

struct espsim {
    espsim_config_t config;
    const reflash_rom_t *rom_row;
    espsim_fault_state_t faults;
    reflash_rom_t faulty_row; /* what rom_row is with a wrong chip id */
    reflash_register_value_t faulty_word;
    espsim_wire_t late; /* bytes to the chip that are delayed, and those behind them */
    espsim_stats_t stats;
    uint64_t now_ns;
    bool off, reset_low, boot_low;
    uint16_t strapping;
    uint8_t reset_code;
    espsim_state_t state;
    uint64_t busy_until_ns;
    espsim_action_t action;
    uint64_t action_at_ns;
    uint32_t action_baud;
    bool out_of_memory;
    bool is_unattended;
    unsigned bundle_bytes; /* of the oldest that were sent, so many have reached the host together */
    espsim_watch_t watch;
    void *watch_context;
    espsim_event_t command; /* the one at work */
    espsim_ledger_t ledger;
    espsim_nor_t nor;
    espsim_plain_t *plain; /* NULL: as it lies there */
    espsim_memory_t memory;
    espsim_uart_t uart;
    espsim_rom_state_t rom;
    espsim_stub_state_t stub;
    unsigned prompt_line_bytes;
    bool prompt_swallows;
};

/** Take `ns` for the present command, unless the chip was told to be instant. */
void espsim_take_time(espsim_t *sim, espsim_cause_t cause, uint64_t ns);
/** The same of what depends on the chip's own speed. */
void espsim_take_chip_time(espsim_t *sim, espsim_cause_t cause, uint64_t ns);
/** When the next byte reaches the host; ESPSIM_NEVER: none is under way. */
uint64_t espsim_host_byte_ns(const espsim_t *sim);
/** What the present command takes so far, and back to that: for what is measured and goes on beside it. */
espsim_work_t espsim_work(const espsim_t *sim);
void espsim_set_work(espsim_t *sim, const espsim_work_t *work);
/** Time passes. */
void espsim_ledger_pass(espsim_t *sim, uint64_t until_ns);
/** A byte came in at the sender's rate; 0: at the chip's. */
void espsim_ledger_receive(espsim_t *sim, uint32_t baud);
/** Whatever the chip was at, it is not any more. */
void espsim_ledger_stop_work(espsim_t *sim);
/** Send bytes once the present command's time has passed. */
void espsim_send(espsim_t *sim, const uint8_t *bytes, size_t count);
void espsim_print(espsim_t *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Plan `action` for when all that was sent is out. */
void espsim_plan(espsim_t *sim, espsim_action_t action);

/** Tell the watcher; of everything but commands. */
void espsim_tell(espsim_t *sim, espsim_event_kind_t kind);
/** A request is at work, gets an answer with this status, is done. */
void espsim_command_begins(espsim_t *sim, const uint8_t *frame, uint32_t frame_bytes);
void espsim_command_answered(espsim_t *sim, uint8_t failed, uint8_t reason);
void espsim_command_ends(espsim_t *sim);

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

/* What else runs on the chip and uses the ROM's functions. */

/** One transaction; `shown_bytes` is what a watcher is told. */
void espsim_spi(espsim_t *sim, uint8_t opcode, uint32_t addr, uint8_t *data, uint32_t bytes, uint32_t shown_bytes);
/** The same of a read, program or erase, with the opcode and the address that whoever runs on the chip can give. */
void espsim_flash_transact(espsim_t *sim, uint8_t opcode, uint32_t addr, uint8_t *data, uint32_t bytes,
                           uint32_t shown_bytes);
/** Clear the part's block-protect bits. */
void espsim_flash_unlock(espsim_t *sim);
void espsim_flash_program(espsim_t *sim, uint32_t addr, uint8_t *data, uint32_t bytes);
void espsim_flash_read(espsim_t *sim, uint32_t addr, uint8_t *data, uint32_t bytes);
/** The flash controller's registers included. False: the chip has nothing there. */
bool espsim_write_reg(espsim_t *sim, uint32_t addr, uint32_t value, uint32_t mask);
/** Run what lies in RAM. `user_code_done`: what is printed if it returns to its caller, which then ends; NULL: the
 *  caller goes on. */
void espsim_run_program(espsim_t *sim, uint32_t entry, const char *user_code_done);

/** Forget the stub. */
void espsim_stub_reset(espsim_t *sim);
/** Run `stub`. */
void espsim_stub_start(espsim_t *sim, espsim_stub_t stub);
/** The stub that is in RAM if this is its entry point. */
espsim_stub_t espsim_stub_in_ram(const espsim_t *sim, uint32_t entry);
void espsim_stub_greet(espsim_t *sim);
/** A byte is in the FIFO. */
void espsim_stub_receive(espsim_t *sim, uint8_t byte);
/** The receiver empties the FIFO. */
void espsim_stub_drain(espsim_t *sim);
void espsim_stub_take_byte_v1(espsim_t *sim, uint8_t byte);
void espsim_stub_take_byte_v2(espsim_t *sim, uint8_t byte);
void espsim_stub_take_frame_v1(espsim_t *sim);
void espsim_stub_take_frame_v2(espsim_t *sim);

/* A request's parts, and pieces of an answer. */
uint8_t espsim_stub_opcode(const espsim_t *sim);
uint16_t espsim_stub_size_field(const espsim_t *sim);
uint32_t espsim_stub_checksum_field(const espsim_t *sim);
uint8_t *espsim_stub_payload(espsim_t *sim);
uint32_t espsim_stub_word(const espsim_t *sim, unsigned word);
uint8_t espsim_stub_checksum(const uint8_t *data, uint32_t bytes);
void espsim_stub_send_end(espsim_t *sim);
void espsim_stub_send_escaped(espsim_t *sim, const uint8_t *bytes, uint32_t count);
void espsim_stub_send_frame(espsim_t *sim, const uint8_t *bytes, uint32_t count);
/** The beginning of an answer: END, opcode of the request, `size_field`, value. */
void espsim_stub_send_header(espsim_t *sim, uint32_t size_field);
/** Busy for ever. */
void espsim_stub_hang(espsim_t *sim);

/* Commands that are the same in both. Each returns 0 or the reason for refusing. */
uint8_t espsim_stub_write_regs(espsim_t *sim);
void espsim_stub_mem_begin(espsim_t *sim);
void espsim_stub_mem_store(espsim_t *sim, const uint8_t *data, uint32_t bytes);
/** Change to `baud` when the answer is out. */
void espsim_stub_set_baud(espsim_t *sim, uint32_t baud);
/** Software reset when the answer is out. */
void espsim_stub_restart_chip(espsim_t *sim);

/* Flash (stub_flash.c). */
bool espsim_stub_beyond_flash(const espsim_t *sim, uint32_t addr, uint32_t bytes);
/** Note what BEGIN announces. */
void espsim_stub_begin(espsim_t *sim);
void espsim_stub_erase_sector(espsim_t *sim, uint32_t addr);
void espsim_stub_erase_block(espsim_t *sim, uint32_t addr);
void espsim_stub_erase_chip(espsim_t *sim);
/** Start the next erase of the transfer unless one goes on. A blank sector may be passed over. */
void espsim_stub_erase_next(espsim_t *sim);
void espsim_stub_wait_flash(espsim_t *sim);
/** False: beyond the flash's end, nothing done. */
bool espsim_stub_program(espsim_t *sim, uint32_t addr, uint8_t *data, uint32_t bytes);
/** Take the time that unpacking to so many bytes took. */
void espsim_stub_unpacked(espsim_t *sim, uint32_t bytes);
/** False: beyond the flash's end. `digest` has 16 bytes. */
bool espsim_stub_md5(espsim_t *sim, uint32_t addr, uint32_t bytes, uint8_t *digest);
/** Send the next packet of a READ_FLASH. False: beyond the flash's end. */
bool espsim_stub_send_packet(espsim_t *sim);
/** Send the digest of all packets and end READ_FLASH. */
void espsim_stub_end_reading(espsim_t *sim);

void espsim_unpacker_reset(espsim_unpacker_t *unpacker);
/** Unpack until input or room is used up; both counts become what was used. `zlib`: a header is expected at the
 *  start and a checksum at the end. `more`: input will follow; without, its end in the middle is an error. */
espsim_unpack_t espsim_unpack(espsim_unpacker_t *unpacker, const uint8_t *in, uint32_t *in_bytes, uint8_t *out,
                              uint32_t *out_bytes, bool zlib, bool more);

/* --- Boot (boot.c) --------------------------------------------------------------------------------- */

/** Print what a chip prints when it boots from its flash, application log included. */
void espsim_boot_from_flash(espsim_t *sim);
