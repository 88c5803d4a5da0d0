/* SPDX-License-Identifier: Apache-2.0 */
/** A countdown of milliseconds on a clock that wraps at 2^32. What the clock is says the port. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Has to be looked at within 2^32 ms of its end: 49 days later it would run again. */
typedef struct {
    uint32_t start_ms, ms;
} reflash_deadline_t;

/** Begins now, at whatever the clock shows, and lasts `ms`; 0: it is over at once. */
static inline reflash_deadline_t reflash_deadline(uint32_t now_ms, uint32_t ms)
{
    const reflash_deadline_t deadline = {now_ms, ms};
    return deadline;
}

/** What is left; 0: it is over. A difference is right also where the clock wrapped in between. */
static inline uint32_t reflash_deadline_left_ms(const reflash_deadline_t *deadline, uint32_t now_ms)
{
    const uint32_t gone_ms = now_ms - deadline->start_ms;
    return gone_ms < deadline->ms ? deadline->ms - gone_ms : 0;
}

static inline bool reflash_deadline_is_over(const reflash_deadline_t *deadline, uint32_t now_ms)
{
    return reflash_deadline_left_ms(deadline, now_ms) == 0;
}

#ifdef __cplusplus
}
#endif
