/* SPDX-License-Identifier: Apache-2.0 */
/** espsim: a virtual Espressif chip.
 *
 *  A pure state machine: bytes in, bytes out, time in. Nothing here reads a clock, a socket or a file but
 *  the flash content it was given; front ends do that (port.h in this process, tcp.h for others).
 *  It shares src/chips/ with the library and nothing else, so that host and target cannot agree on a
 *  mistake. Time is virtual, in nanoseconds since espsim_create(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chips/rom.h"

typedef struct espsim espsim_t;

/** How long the flash part and the ROM take. See docs/espsim.md for where the defaults are from. */
typedef struct {
    uint32_t erase_4k_us, erase_32k_us, erase_64k_us, erase_chip_us;
    uint32_t program_first_byte_ns, program_next_byte_ns; /* one burst of n bytes: first + (n - 1) * next */
    uint32_t read_ns_per_byte;                            /* slow reads; MD5 has its own rate per chip     */
    uint32_t boot_ms;                                     /* reset released -> banner out and listening    */
    bool instant;                                         /* everything but the wire takes no time         */
} espsim_timing_t;

/** A RAM program the chip can "run": recognised by its code, told by what it prints. */
typedef struct {
    const uint8_t *code; /* bytes at the entry point, or before it by entry_offset */
    size_t code_bytes;
    uint32_t entry_offset;
    const char *prints;
    bool returns; /* to the loader, which then says so and ends */
} espsim_program_t;

/** The official RAM stubs, by how they behave. */
typedef enum {
    ESPSIM_STUB_NONE,
    ESPSIM_STUB_1,   /* the legacy stub, 1.11.1 */
    ESPSIM_STUB_2_0, /* esp-flasher-stub 1.0.0  */
    ESPSIM_STUB_2_1, /* esp-flasher-stub 1.1 and later */
} espsim_stub_t;

/** A stub the chip recognises when told to run it: by its entry point, and by the code it finds in its RAM. */
typedef struct {
    const char *chip; /* as for espsim_rom_by_name() */
    espsim_stub_t stub;
    uint32_t text_addr, text_bytes, entry;
    uint8_t text_sha256[32];
} espsim_stub_code_t;

/** What was burned into the efuses to lock the chip. All 0: nothing, as it left its factory. */
typedef struct {
    bool secure_download;      /* the serial loader takes nothing but what writes flash */
    bool no_download;          /* there is no serial loader */
    bool secure_boot;          /* boots signed images only */
    bool no_manual_encryption; /* the serial loader does not encrypt what it writes */
    uint8_t flash_key_bytes;   /* flash encryption; 0: off. 32 or 64, as the chip can */
    uint8_t flash_key[64];     /* in the order of a key file */
} espsim_security_t;

/** One SPI transaction between the ROM and the flash part, for whoever wants to watch. `addr` is meaningful for
 *  opcodes that have one; for 01 (write status) it is what the recording part saw, status << 16 | left-overs. */
typedef void (*espsim_spi_watch_t)(void *context, uint8_t opcode, uint32_t addr, uint32_t bytes);

typedef struct {
    const reflash_rom_t *rom;
    uint8_t *flash;       /* `flash_bytes` of content, owned by the caller, kept up to date (map a file here) */
    uint32_t flash_bytes; /* power of two, 256 KiB to 16 MiB */
    uint16_t strapping;   /* 0: by the boot pin. Else the strapping word at every reset */
    bool trained;         /* skip auto-baud: the very first SYNC is understood and answered. Real chips need
                             a first one to learn the rate */
    bool blank_efuse;     /* nothing was burned at the factory, as in the chips of the recordings */
    espsim_security_t security;
    espsim_timing_t timing;
    const espsim_program_t *programs;
    size_t program_count;
    const espsim_stub_code_t *stubs; /* to recognise besides the official ones */
    size_t stub_count;
    espsim_spi_watch_t spi_watch; /* may be NULL */
    void *spi_watch_context;
} espsim_config_t;

/** Faults, all off when 0. Counts are from 1 and run from the moment they are set. */
typedef struct {
    uint64_t drop_to_target, flip_to_target, double_to_target;       /* the n-th byte on the way to the chip */
    uint64_t drop_from_target, flip_from_target, double_from_target; /* ... and on the way back              */
    uint8_t flip_mask;                                               /* XORed onto a flipped byte; 0 means 0x01 */
    uint64_t reset_at_byte;       /* the chip resets by itself when the n-th byte has arrived */
    uint64_t power_cut_after_ops; /* power fails in the middle of the n-th erase or program   */
} espsim_faults_t;

/** What the chip's time passed with. Where two things went on at once it is entered under the first of them in this
 *  list, and never twice. */
typedef enum {
    ESPSIM_CAUSE_BOOT,    /* of the ROM, of a RAM stub */
    ESPSIM_CAUSE_COMMAND, /* decoding, answering, pauses: what no other cause says */
    ESPSIM_CAUSE_ERASE,
    ESPSIM_CAUSE_PROGRAM,
    ESPSIM_CAUSE_READ, /* of the flash */
    ESPSIM_CAUSE_MD5,  /* and the reading for it */
    ESPSIM_CAUSE_INFLATE,
    ESPSIM_CAUSE_WIRE_FROM, /* bytes on their way to the host ... */
    ESPSIM_CAUSE_WIRE_TO,   /* ... and to the chip, while it had nothing else to do */
    ESPSIM_CAUSE_HOST,      /* everything waits for the host: it thinks, sleeps, waits out a timeout */
    ESPSIM_CAUSE_NOBODY,    /* the same without one: see espsim_set_attended() */
    ESPSIM_CAUSE_COUNT
} espsim_cause_t;

/** Sizes that can be erased. */
typedef enum {
    ESPSIM_ERASE_4K,
    ESPSIM_ERASE_32K,
    ESPSIM_ERASE_64K,
    ESPSIM_ERASE_CHIP,
    ESPSIM_ERASE_COUNT
} espsim_erase_t;

/** What the link and the flash have seen since espsim_create() or espsim_clear_stats(). */
typedef struct {
    uint64_t bytes_to_target, bytes_from_target;
    uint64_t erased_bytes, programmed_bytes;
    uint64_t flash_ops;                  /* erases and programs */
    uint64_t erases[ESPSIM_ERASE_COUNT]; /* how often, by size */
    uint64_t pages_programmed;           /* 256 bytes; several programs of one page in a row count once */
    struct {
        uint64_t count, refused;
    } commands[256];                       /* by opcode, of the ROM's loader and of stubs */
    uint64_t spent_ns[ESPSIM_CAUSE_COUNT]; /* all of the chip's time, by cause */
} espsim_stats_t;

/** Timing of a typical "4 MB" part. */
espsim_timing_t espsim_timing_typical(void);

/** The ROM row of a chip by its name ("esp32", any case, '-' ignored), or NULL. */
const reflash_rom_t *espsim_rom_by_name(const char *name);
/** The ROM rows one by one; NULL behind the last. */
const reflash_rom_t *espsim_rom_at(size_t row);

/** NULL if such a chip can be locked like that, else what it cannot, as the end of a sentence: "no ...". */
const char *espsim_security_lacks(const reflash_rom_t *rom, const espsim_security_t *security);

/** A chip that is powered but held in reset until espsim_set_lines() lets go. NULL: out of memory, or a
 *  configuration that no chip has. `config` is copied, what it points to is not. */
espsim_t *espsim_create(const espsim_config_t *config);
void espsim_destroy(espsim_t *sim);

/** Drive the two wires. Released reset with `boot_low` held starts the serial loader, else the flash boots. */
void espsim_set_lines(espsim_t *sim, bool reset_low, bool boot_low);
/** Power off and on again; flash content stays. The chip then boots by its lines. */
void espsim_power_cycle(espsim_t *sim);
/** Power off; it stays off until espsim_power_cycle(). */
void espsim_power_off(espsim_t *sim);
/** True without power, be it after a cut: the chip is dead until espsim_power_cycle(). */
bool espsim_is_off(const espsim_t *sim);

/** Let a byte arrive at the chip's receiver now. `baud`: the sender's rate; 0: whatever the chip expects.
 *  A rate that differs from the chip's by more than 3 % arrives garbled. */
void espsim_receive(espsim_t *sim, uint8_t byte, uint32_t baud);
/** Advance time to `now_ns` (never back). */
void espsim_advance(espsim_t *sim, uint64_t now_ns);
uint64_t espsim_now(const espsim_t *sim);
/** When the chip will next do something by itself (finish a command, send a byte); UINT64_MAX: never. */
uint64_t espsim_next_event(const espsim_t *sim);
/** Take the next byte that has completely arrived at the host by now. False: none yet. `baud` is the host's
 *  rate; 0: whatever the chip sends at. */
bool espsim_transmit(espsim_t *sim, uint8_t *byte, uint32_t baud);

const char *espsim_chip_name(const espsim_t *sim);
uint32_t espsim_flash_bytes(const espsim_t *sim);
/** The rate the chip's UART is set to, baud. */
uint32_t espsim_baud(const espsim_t *sim);
/** True while the serial loader listens: the ROM's, or a RAM stub. */
bool espsim_in_loader(const espsim_t *sim);
/** Run a RAM stub as if it had just been uploaded; its greeting follows. False: no loader is listening. */
bool espsim_run_stub(espsim_t *sim, espsim_stub_t stub);
/** Which RAM stub runs; ESPSIM_STUB_NONE: none. */
espsim_stub_t espsim_stub(const espsim_t *sim);

void espsim_set_faults(espsim_t *sim, const espsim_faults_t *faults);
const espsim_stats_t *espsim_stats(const espsim_t *sim);
void espsim_clear_stats(espsim_t *sim);
/** How often a sector of 4 KiB was erased since espsim_create(), by whatever command. */
uint32_t espsim_wear(const espsim_t *sim, uint32_t sector_index);
/** A word for reports: "erase". */
const char *espsim_cause_name(espsim_cause_t cause);
/** Whether a host is there, whose time it is that passes while nothing happens. At first there is. */
void espsim_set_attended(espsim_t *sim, bool attended);

/* --- Watching ------------------------------------------------------------------------------------------------- */

typedef enum {
    ESPSIM_EVENT_COMMAND,   /* a request was carried out */
    ESPSIM_EVENT_RESET,     /* and let go: the chip boots by its strapping */
    ESPSIM_EVENT_POWER_OFF, /* by hand or by a fault */
    ESPSIM_EVENT_BAUD,      /* the chip's rate is another */
    ESPSIM_EVENT_STUB       /* a RAM stub starts */
} espsim_event_kind_t;

typedef struct {
    espsim_event_kind_t kind;
    uint64_t at_ns;                              /* when it began */
    uint64_t bytes_to_target, bytes_from_target; /* over the link so far */
    /* COMMAND. */
    uint8_t opcode;
    uint32_t payload_bytes;
    uint8_t payload[24]; /* its beginning */
    bool is_answered;
    uint16_t status;  /* of the answer: 0 or failed << 8 | reason */
    uint64_t took_ns; /* until the chip is done with it, be that behind the answer; the answer's bytes not included */
    /* The others: what is so now. */
    uint8_t reset_code;
    uint16_t strapping;
    uint32_t baud;
    espsim_stub_t stub;
} espsim_event_t;

/** Called when it happened; at_ns of later calls may be earlier. `event` is gone afterwards. */
typedef void (*espsim_watch_t)(void *context, const espsim_event_t *event);
/** One watcher a chip; NULL: none. It must not call functions that change the chip. */
void espsim_set_watch(espsim_t *sim, espsim_watch_t watch, void *context);
/** "legacy", "2.0" or "2.1"; "none". */
const char *espsim_stub_name(espsim_stub_t stub);
