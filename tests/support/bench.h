/* SPDX-License-Identifier: Apache-2.0 */
/** A bench: a virtual chip of any kind with its flash, and a loader context on the other end of the cable. */
#pragma once

#include "port.h"
#include "reflash.h"

typedef struct {
    const reflash_rom_t *rom;
    espsim_t *sim;
    uint8_t *flash;
    uint32_t flash_bytes;
    espsim_port_t port;
    esp_loader_t loader;
} bench_t;

/** A chip whose flash is all 0, so that what was not erased cannot be written; `program`, which it can run, may be NULL. Fails the test
 *  if there is no such chip. Not connected. */
void bench_start(bench_t *bench, const reflash_rom_t *rom, uint32_t flash_bytes, const espsim_program_t *program);
/** The same, connected to its mask ROM. */
void bench_connect(bench_t *bench, const reflash_rom_t *rom, uint32_t flash_bytes);
void bench_free(bench_t *bench);

/** How many bytes have gone to the target. */
uint64_t bench_sent_bytes(const bench_t *bench);

/** Bytes that repeat nowhere near, different for every seed. */
void fill_at_random(uint8_t *bytes, uint32_t count, uint32_t seed);
