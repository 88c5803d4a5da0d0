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
    uint32_t crystal_hz;  /* 0: what the ROM takes it for. Else what is fitted; it shows in the UART's divider */
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

/** What the link and the flash have seen since espsim_create() or espsim_clear_stats(). */
typedef struct {
    uint64_t bytes_to_target, bytes_from_target;
    uint64_t erased_bytes, programmed_bytes;
    uint64_t flash_ops; /* erases and programs */
} espsim_stats_t;

/** Timing of a typical "4 MB" part. */
espsim_timing_t espsim_timing_typical(void);

/** The ROM row of a chip by its name ("esp32", any case, '-' ignored), or NULL. */
const reflash_rom_t *espsim_rom_by_name(const char *name);
/** The ROM rows one by one; NULL behind the last. */
const reflash_rom_t *espsim_rom_at(size_t row);

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
