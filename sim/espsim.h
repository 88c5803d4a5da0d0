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
    uint32_t chip_percent; /* of the rates of its row: MD5, inflate, turnaround; 0: 100 */
    bool instant;          /* everything but the wire takes no time         */
} espsim_timing_t;

/** A flash part: see timing.h. */
typedef struct {
    uint32_t erase_4k_us, erase_32k_us, erase_64k_us, erase_chip_us;
    uint32_t program_first_byte_ns, program_next_byte_ns;
} espsim_part_times_t;
typedef struct {
    const char *name;
    uint8_t vendor, type; /* the first two bytes of its id; the third tells its size */
    uint32_t bytes;       /* that erase_chip_us is for */
    espsim_part_times_t typical, worst;
} espsim_flash_part_t;

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

/** How large a flash may be. */
enum { ESPSIM_FLASH_BYTES_MIN = 1 << 18, ESPSIM_FLASH_BYTES_MAX = 1 << 27 };

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
    uint32_t flash_bytes; /* power of two, 256 KiB to 128 MiB */
    uint16_t strapping;   /* 0: by the boot pin. Else the strapping word at every reset */
    bool trained;         /* skip auto-baud: the very first SYNC is understood and answered. Real chips need
                             a first one to learn the rate */
    bool blank_efuse;     /* nothing was burned at the factory, as in the chips of the recordings */
    espsim_security_t security;
    uint32_t crystal_hz; /* 0: what the ROM takes it for. Else what is fitted; it shows in the UART's divider */
    espsim_timing_t timing;
    const espsim_flash_part_t *part; /* whose id the flash tells; NULL: a plain one. Its times are not looked at */
    uint32_t usb_latency_us;         /* of a USB bridge: what the chip sends reaches the host in bundles of 62 bytes, or
                                        when the first has waited so long. 0: each byte as it comes */
    const espsim_program_t *programs;
    size_t program_count;
    const espsim_stub_code_t *stubs; /* to recognise besides the official ones */
    size_t stub_count;
    espsim_spi_watch_t spi_watch; /* may be NULL */
    void *spi_watch_context;
} espsim_config_t;

/** What can go wrong. */
typedef enum {
    ESPSIM_FAULT_NONE,
    /* A byte on its way to the chip is lost, altered, arrives twice, arrives `ms` later (and what follows behind it, in
     * order); it and those that follow, `bytes` in all, arrive as something random. */
    ESPSIM_FAULT_DROP_TO_TARGET,
    ESPSIM_FAULT_FLIP_TO_TARGET,
    ESPSIM_FAULT_DOUBLE_TO_TARGET,
    ESPSIM_FAULT_DELAY_TO_TARGET,
    ESPSIM_FAULT_NOISE_TO_TARGET,
    /* The same on the way back; counted as the chip sends them. */
    ESPSIM_FAULT_DROP_FROM_TARGET,
    ESPSIM_FAULT_FLIP_FROM_TARGET,
    ESPSIM_FAULT_DOUBLE_FROM_TARGET,
    ESPSIM_FAULT_DELAY_FROM_TARGET,
    ESPSIM_FAULT_NOISE_FROM_TARGET,
    /* At a byte to the chip, or an operation of its flash: */
    ESPSIM_FAULT_STALL,     /* for `ms` the chip does nothing; its receiver goes on            */
    ESPSIM_FAULT_RESET,     /* it resets by itself; the flash finishes what it is at           */
    ESPSIM_FAULT_BROWN_OUT, /* the same, says so when it boots; an operation is cut short      */
    ESPSIM_FAULT_POWER_CUT, /* operations only: cut short, and off until espsim_power_cycle()  */
    ESPSIM_FAULT_PORT_GONE, /* bytes only: the last that gets through. See espsim_port_is_gone() */
    /* Of what the chip is made: */
    ESPSIM_FAULT_SECTOR_UNERASABLE, /* the 4 KiB around `addr` keep their content in an erase        */
    ESPSIM_FAULT_BIT_STUCK,         /* `bit` of the byte at `addr` is not programmed to 0            */
    ESPSIM_FAULT_WRONG_CHIP_ID,     /* the word at 0x40001000 and the chip id of security info: `id` */
    ESPSIM_FAULT_LYING_MD5,         /* an MD5 is told as `digest`; all 0: the right one but for a bit */
} espsim_fault_kind_t;

/** One fault. It happens once, at the n-th byte, operation or MD5 from 1, or again and again. With none of these four it
 *  never happens, but those that have an `addr` or `id` hold always. Several at one place all happen. */
typedef struct {
    espsim_fault_kind_t kind;
    uint32_t byte;  /* the n-th byte                                                                    */
    uint32_t op;    /* the n-th erase or program of the flash                                           */
    uint32_t md5;   /* the n-th MD5 that is told                                                        */
    uint32_t every; /* random, so far apart in the mean: operations (power cut), MD5s (a lie), else bytes */
    uint32_t mask;  /* flip: XORed onto the byte; 0 means 0x01                                          */
    uint32_t bytes; /* noise: how many; 0 means 1                                                       */
    uint32_t ms;    /* delay, stall                                                                     */
    uint32_t addr, bit;
    uint32_t id;
    uint8_t digest[16];
} espsim_fault_t;

enum { ESPSIM_FAULTS_MAX = 16 };

/** Faults that work together, up to the first of kind NONE. All 0: none. */
typedef struct {
    espsim_fault_t fault[ESPSIM_FAULTS_MAX];
    uint32_t seed; /* of `every` and of noise: the same seed and the same input repeat a run exactly */
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
    ESPSIM_CAUSE_BRIDGE,    /* bytes wait in the USB bridge */
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
/** The ROM rows one by one, variants behind their chip's; NULL behind the last. */
const reflash_rom_t *espsim_rom_at(size_t row);
/** The name it is found by, in the spelling of its maker. */
const char *espsim_rom_name(const reflash_rom_t *rom);

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

/** From now on these, and no others. Counting starts over; a port that was gone is back. */
void espsim_set_faults(espsim_t *sim, const espsim_faults_t *faults);
/** Whether any of them is random, so that the seed matters. */
bool espsim_faults_are_random(const espsim_faults_t *faults);
/** True after PORT_GONE: nothing gets through the link in either direction, and a front end tells its client so. */
bool espsim_port_is_gone(const espsim_t *sim);
/** The port is there again; what was on its way is lost. */
void espsim_port_return(espsim_t *sim);
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
