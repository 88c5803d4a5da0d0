/* SPDX-License-Identifier: Apache-2.0 */
#include "reflash/rate.h"

#include <stddef.h>

static uint32_t by_loader_ms(const reflash_line_t *line, uint32_t baud, const reflash_work_t *work, bool stub)
{
    reflash_facts_t facts = {
        .byte_ns = UINT32_C(1000000000) / (baud / 10), .turnaround_us = line->turnaround_us, REFLASH_USUAL_PART};
    reflash_model_t model;
    reflash_facts_of_loader(&facts, line->chip, stub, line->has_packed);
    reflash_model(&model, &facts);
    const uint32_t upload_ms = stub && !line->stub ? reflash_stub_ms(&facts) : 0;
    return upload_ms + model.ask_us * work->questions / 1000 + reflash_job_ms(&model, work->hashed, work->written);
}

uint32_t reflash_work_ms(const reflash_line_t *line, uint32_t baud, const reflash_work_t *work)
{
    const uint32_t now_ms = by_loader_ms(line, baud, work, line->stub);
    const uint32_t stub_ms = line->may_stub ? by_loader_ms(line, baud, work, true) : now_ms;
    return stub_ms < now_ms ? stub_ms : now_ms;
}

/* What `work` is shorter at that rate; below 0 as 0. */
static uint32_t saved_ms(const reflash_line_t *line, uint32_t baud, const reflash_work_t *work)
{
    const uint32_t now_ms = reflash_work_ms(line, line->baud, work);
    const uint32_t then_ms = reflash_work_ms(line, baud, work);
    return then_ms < now_ms ? now_ms - then_ms : 0;
}

const reflash_rate_t *reflash_choose_rate(const reflash_line_t *line, const reflash_rate_t *rates, uint32_t rate_count,
                                          const reflash_work_t *least, const reflash_work_t *most)
{
    const reflash_rate_t *best = NULL;
    uint32_t best_ms = 0;
    for (const reflash_rate_t *rate = rates; rate < rates + rate_count; rate++) {
        const uint32_t least_ms = saved_ms(line, rate->baud, least);
        const uint32_t most_ms = saved_ms(line, rate->baud, most);
        const bool later = most_ms > least_ms && most_ms - least_ms > rate->change_ms;
        const uint32_t gain_ms = least_ms + (later ? rate->change_ms / 2 : 0);
        if (gain_ms > rate->change_ms && gain_ms - rate->change_ms > best_ms) {
            best_ms = gain_ms - rate->change_ms;
            best = rate;
        }
    }
    return best;
}
