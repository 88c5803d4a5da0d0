/* SPDX-License-Identifier: Apache-2.0 */
/** Bytes on their way from an interrupt to the program. One side puts, the other takes; neither has to lock anything
 *  where both run on one core.
 *
 *  What is behind a hole is never handed out together with what was in front of it: an answer of a mask ROM carries no
 *  checksum, and the two ends of a hole may look like one. So behind each reading the program asks
 *  reflash_ring_lost(); the reading is then ESP_LOADER_ERROR_INVALID_RESPONSE. */
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
    uint32_t told_overrun_bytes;     /* of these, how many the program knows of */
} reflash_ring_t;

/** From the interrupt, where a byte that stays in the hardware is not lost. */
static inline bool reflash_ring_is_full(const reflash_ring_t *ring)
{
    return ring->put - ring->taken >= ring->capacity;
}

/** From the interrupt. False: it is full, and the byte is lost. */
static inline bool reflash_ring_put(reflash_ring_t *ring, uint8_t byte)
{
    const uint32_t at = ring->put;
    if (reflash_ring_is_full(ring)) {
        ring->overrun_bytes = ring->overrun_bytes + 1;
        return false;
    }
    ring->bytes[at & (ring->capacity - 1)] = byte;
    ring->put = at + 1; /* last: from now on the program may take it */
    return true;
}

/** From the program: the oldest byte. False: there is none. */
static inline bool reflash_ring_take(reflash_ring_t *ring, uint8_t *byte)
{
    const uint32_t at = ring->taken;
    if (at == ring->put) {
        return false;
    }
    *byte = ring->bytes[at & (ring->capacity - 1)];
    ring->taken = at + 1;
    return true;
}

/** From the program: forget what is in it, and what was lost so far. */
static inline void reflash_ring_clear(reflash_ring_t *ring)
{
    ring->told_overrun_bytes = ring->overrun_bytes; /* first: what is lost meanwhile is told next time */
    ring->taken = ring->put;
}

/** From the program: whether bytes were lost since it was told so, or cleared the ring. If so the ring is cleared. */
static inline bool reflash_ring_lost(reflash_ring_t *ring)
{
    if (ring->overrun_bytes == ring->told_overrun_bytes) {
        return false;
    }
    reflash_ring_clear(ring);
    return true;
}

#ifdef __cplusplus
}
#endif
