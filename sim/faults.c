/* SPDX-License-Identifier: Apache-2.0 */
/* When faults happen, and what they do to a byte, a cell or a digest. */
#include "faults.h"

#include <string.h>

/* --- When --------------------------------------------------------------------------------------------------------- */

static espsim_count_t counter_of(const espsim_fault_t *fault)
{
    if (fault->op != 0 || fault->kind == ESPSIM_FAULT_POWER_CUT) {
        return ESPSIM_FLASH_OPS;
    }
    if (fault->kind == ESPSIM_FAULT_LYING_MD5) {
        return ESPSIM_MD5S;
    }
    return fault->kind >= ESPSIM_FAULT_DROP_FROM_TARGET && fault->kind <= ESPSIM_FAULT_NOISE_FROM_TARGET
               ? ESPSIM_FROM_TARGET
               : ESPSIM_TO_TARGET;
}

/* xorshift32: never 0, and every fault has its own sequence, so that one more does not move the others. */
static uint32_t draw(uint32_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

static uint32_t first_random(uint32_t seed, uint32_t row)
{
    uint32_t mixed = (seed + row * UINT32_C(0x9E3779B9)) * UINT32_C(2654435761);
    mixed ^= mixed >> 16;
    mixed *= UINT32_C(0x85EBCA6B);
    mixed ^= mixed >> 13;
    return mixed != 0 ? mixed : 1;
}

/* From 1 to 2 * every - 1, which is `every` in the mean. */
static uint64_t gap(const espsim_fault_t *fault, uint32_t *random)
{
    return 1 + draw(random) % (2 * (uint64_t)fault->every - 1);
}

/* Whether a fault happens at the present count; plans when it happens again. */
static bool happens(espsim_fault_state_t *state, unsigned row)
{
    const espsim_fault_t *fault = &state->set.fault[row];
    if (state->counts[counter_of(fault)] != state->rows[row].next) {
        return false;
    }
    state->rows[row].next = fault->every != 0 ? state->rows[row].next + gap(fault, &state->rows[row].random) : 0;
    return true;
}

static bool is_set(const espsim_fault_state_t *state, unsigned row)
{
    return row < ESPSIM_FAULTS_MAX && state->set.fault[row].kind != ESPSIM_FAULT_NONE;
}

bool espsim_faults_are_random(const espsim_faults_t *faults)
{
    for (unsigned row = 0; row < ESPSIM_FAULTS_MAX && faults->fault[row].kind != ESPSIM_FAULT_NONE; row++) {
        const espsim_fault_t *fault = &faults->fault[row];
        if (fault->every != 0 || fault->kind == ESPSIM_FAULT_NOISE_TO_TARGET ||
            fault->kind == ESPSIM_FAULT_NOISE_FROM_TARGET) {
            return true;
        }
    }
    return false;
}

void espsim_faults_start(espsim_fault_state_t *state, const espsim_faults_t *set)
{
    *state = (espsim_fault_state_t){.set = *set};
    for (unsigned row = 0; is_set(state, row); row++) {
        const espsim_fault_t *fault = &state->set.fault[row];
        uint32_t *random = &state->rows[row].random;
        *random = first_random(set->seed, row);
        state->rows[row].next = fault->every != 0 ? gap(fault, random)
                                : fault->op != 0  ? fault->op
                                : fault->md5 != 0 ? fault->md5
                                                  : fault->byte;
    }
}

/* --- What --------------------------------------------------------------------------------------------------------- */

/* Those that can come with a byte as well as with an operation of the flash. */
static void come_over_chip(espsim_fault_state_t *state, const espsim_fault_t *fault)
{
    const uint64_t ns_per_ms = 1000000;
    switch (fault->kind) {
    case ESPSIM_FAULT_STALL:
        state->stall_ns += fault->ms * ns_per_ms;
        break;
    case ESPSIM_FAULT_RESET:
        state->blows |= ESPSIM_BLOW_RESET;
        break;
    case ESPSIM_FAULT_BROWN_OUT:
        state->blows |= ESPSIM_BLOW_BROWN_OUT;
        break;
    case ESPSIM_FAULT_POWER_CUT:
        state->blows |= ESPSIM_BLOW_POWER_CUT;
        break;
    case ESPSIM_FAULT_PORT_GONE:
        state->port_is_gone = true;
        break;
    default:
        break;
    }
}

static void spoil(espsim_faulty_byte_t *result, const espsim_fault_t *fault)
{
    const uint64_t ns_per_ms = 1000000;
    switch (fault->kind) {
    case ESPSIM_FAULT_DROP_TO_TARGET:
    case ESPSIM_FAULT_DROP_FROM_TARGET:
        result->copies = 0;
        break;
    case ESPSIM_FAULT_FLIP_TO_TARGET:
    case ESPSIM_FAULT_FLIP_FROM_TARGET:
        result->byte ^= (uint8_t)(fault->mask != 0 ? fault->mask : 0x01);
        break;
    case ESPSIM_FAULT_DOUBLE_TO_TARGET:
    case ESPSIM_FAULT_DOUBLE_FROM_TARGET:
        result->copies *= 2;
        break;
    case ESPSIM_FAULT_DELAY_TO_TARGET:
    case ESPSIM_FAULT_DELAY_FROM_TARGET:
        result->late_ns += fault->ms * ns_per_ms;
        break;
    default:
        break;
    }
}

espsim_faulty_byte_t espsim_faults_byte(espsim_fault_state_t *state, espsim_count_t way, uint8_t byte)
{
    espsim_faulty_byte_t result = {.byte = byte, .copies = 1};
    const uint64_t nth = ++state->counts[way];
    for (unsigned row = 0; is_set(state, row); row++) {
        const espsim_fault_t *fault = &state->set.fault[row];
        if (counter_of(fault) != way) {
            continue;
        }
        const bool is_noise =
            fault->kind == ESPSIM_FAULT_NOISE_TO_TARGET || fault->kind == ESPSIM_FAULT_NOISE_FROM_TARGET;
        if (happens(state, row)) {
            state->rows[row].until = nth + (fault->bytes != 0 ? fault->bytes : 1);
            spoil(&result, fault);
            come_over_chip(state, fault);
        }
        if (is_noise && nth < state->rows[row].until) {
            result.byte = (uint8_t)(draw(&state->rows[row].random) >> 24);
        }
    }
    return result;
}

bool espsim_faults_op(espsim_fault_state_t *state)
{
    state->counts[ESPSIM_FLASH_OPS]++;
    for (unsigned row = 0; is_set(state, row); row++) {
        if (counter_of(&state->set.fault[row]) == ESPSIM_FLASH_OPS && happens(state, row)) {
            come_over_chip(state, &state->set.fault[row]);
        }
    }
    return (state->blows & (ESPSIM_BLOW_BROWN_OUT | ESPSIM_BLOW_POWER_CUT)) != 0;
}

void espsim_faults_digest(espsim_fault_state_t *state, uint8_t digest[16])
{
    static const uint8_t none[16];
    state->counts[ESPSIM_MD5S]++;
    for (unsigned row = 0; is_set(state, row); row++) {
        const espsim_fault_t *fault = &state->set.fault[row];
        if (fault->kind != ESPSIM_FAULT_LYING_MD5 || !happens(state, row)) {
            continue;
        }
        if (memcmp(fault->digest, none, sizeof(none)) != 0) {
            memcpy(digest, fault->digest, sizeof(fault->digest));
        } else {
            digest[0] ^= 0x01;
        }
    }
}

/* --- Where -------------------------------------------------------------------------------------------------------- */

const espsim_fault_t *espsim_faults_find(const espsim_fault_state_t *state, espsim_fault_kind_t kind)
{
    for (unsigned row = 0; is_set(state, row); row++) {
        if (state->set.fault[row].kind == kind) {
            return &state->set.fault[row];
        }
    }
    return NULL;
}

bool espsim_faults_keep_sector(const espsim_fault_state_t *state, uint32_t addr, uint32_t sector_bytes)
{
    for (unsigned row = 0; is_set(state, row); row++) {
        const espsim_fault_t *fault = &state->set.fault[row];
        if (fault->kind == ESPSIM_FAULT_SECTOR_UNERASABLE && fault->addr / sector_bytes == addr / sector_bytes) {
            return true;
        }
    }
    return false;
}

uint8_t espsim_faults_stuck_bits(const espsim_fault_state_t *state, uint32_t addr)
{
    uint8_t bits = 0;
    for (unsigned row = 0; is_set(state, row); row++) {
        const espsim_fault_t *fault = &state->set.fault[row];
        if (fault->kind == ESPSIM_FAULT_BIT_STUCK && fault->addr == addr) {
            bits |= (uint8_t)(1u << (fault->bit % 8));
        }
    }
    return bits;
}
