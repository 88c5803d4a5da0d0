/* SPDX-License-Identifier: Apache-2.0 */
/** Faults inside a virtual chip: counts what they count, says which of those that were set happen now, and does what
 *  needs no more than that. For the files of sim/ only. */
#pragma once

#include "espsim.h"

/** What faults count. */
typedef enum { ESPSIM_TO_TARGET, ESPSIM_FROM_TARGET, ESPSIM_FLASH_OPS, ESPSIM_MD5S, ESPSIM_COUNTS } espsim_count_t;

/** What comes over the chip as a whole, bits. */
enum { ESPSIM_BLOW_RESET = 1, ESPSIM_BLOW_BROWN_OUT = 2, ESPSIM_BLOW_POWER_CUT = 4 };

typedef struct {
    espsim_faults_t set;
    uint64_t counts[ESPSIM_COUNTS];
    struct {
        uint64_t next;  /* the count it happens at; 0: never again */
        uint64_t until; /* noise: the count that is healthy again  */
        uint32_t random;
    } rows[ESPSIM_FAULTS_MAX];
    unsigned blows;    /* for the chip to act upon, which clears them */
    uint64_t stall_ns; /* the same */
    bool port_is_gone;
} espsim_fault_state_t;

/** What arrives of a byte. */
typedef struct {
    uint8_t byte;
    unsigned copies; /* 0: lost; 2: doubled */
    uint64_t late_ns;
} espsim_faulty_byte_t;

/** Start counting. */
void espsim_faults_start(espsim_fault_state_t *state, const espsim_faults_t *set);

/** A byte goes over the link, `way`: ESPSIM_TO_TARGET or ESPSIM_FROM_TARGET. */
espsim_faulty_byte_t espsim_faults_byte(espsim_fault_state_t *state, espsim_count_t way, uint8_t byte);
/** The flash part begins an erase or a program. True: it is cut short. */
bool espsim_faults_op(espsim_fault_state_t *state);
/** The MD5 of flash content is told. */
void espsim_faults_digest(espsim_fault_state_t *state, uint8_t digest[16]);

/** The first fault of this kind, or NULL. */
const espsim_fault_t *espsim_faults_find(const espsim_fault_state_t *state, espsim_fault_kind_t kind);
/** Whether the sector of `sector_bytes` at `addr` cannot be erased. */
bool espsim_faults_keep_sector(const espsim_fault_state_t *state, uint32_t addr, uint32_t sector_bytes);
/** The bits of the cell at `addr` that cannot be programmed. */
uint8_t espsim_faults_stuck_bits(const espsim_fault_state_t *state, uint32_t addr);
