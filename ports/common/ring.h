/* SPDX-License-Identifier: Apache-2.0 */
/** Bytes on their way from an interrupt to the program. One side puts, the other takes; neither has to lock anything
 *  where both run on one core. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Begin with {.bytes = ARRAY, .capacity = sizeof(ARRAY)}. */
typedef struct {
    volatile uint8_t *bytes;
    uint32_t capacity;               /* of `bytes`: a power of two */
    volatile uint32_t put, taken;    /* only count up; `put` is the interrupt's, `taken` the program's */
    volatile uint32_t overrun_bytes; /* how many came while it was full, and were lost */
} reflash_ring_t;

/** From the interrupt, where a byte that stays in the hardware is not lost. */
static inline bool reflash_ring_is_full(const reflash_ring_t *ring)
{
    return ring->put - ring->taken >= ring->capacity;
}

/** From the interrupt. False: it is full, and the byte is lost. */
static inline bool reflash_ring_put(reflash_ring_t *ring, uint8_t byte)
{
    const uint32_t put = ring->put;
    if (reflash_ring_is_full(ring)) {
        ring->overrun_bytes = ring->overrun_bytes + 1;
        return false;
    }
    ring->bytes[put & (ring->capacity - 1)] = byte;
    ring->put = put + 1; /* last: from now on the program may take it */
    return true;
}

/** From the program: the oldest byte. False: there is none. */
static inline bool reflash_ring_take(reflash_ring_t *ring, uint8_t *byte)
{
    const uint32_t taken = ring->taken;
    if (taken == ring->put) {
        return false;
    }
    *byte = ring->bytes[taken & (ring->capacity - 1)];
    ring->taken = taken + 1;
    return true;
}

/** From the program: forget what is in it. */
static inline void reflash_ring_clear(reflash_ring_t *ring)
{
    ring->taken = ring->put;
}

#ifdef __cplusplus
}
#endif
