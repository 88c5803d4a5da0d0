/* SPDX-License-Identifier: Apache-2.0 */
#include "reflash/plan.h"

/* Chances of 65536. */
enum {
    CERTAIN = 0xFFFF,
    LIKELY = 0x8000,
    AT_FIRST = 0xC000,
    AFTER_EQUAL_SAMPLE = 0xE800,
    UNLIKELY = 0x0010, /* the smallest */
};

enum {
    SAMPLES = 3,            /* at most, at a half, a quarter and three quarters of an image ... */
    SAMPLED_FROM_BLOCKS = 3 /* ... of so many blocks */
};

/* --- Bits -------------------------------------------------------------------------------------------------------- */

bool reflash_bit(const reflash_bitmap_t *map, uint32_t at)
{
    at += map->first;
    return (map->bits[at / 8] >> (at % 8) & 1) != 0;
}

void reflash_set_bits(const reflash_bitmap_t *map, uint32_t from, uint32_t end, bool value)
{
    for (uint32_t at = map->first + from; at < map->first + end; at++) {
        const uint8_t bit = (uint8_t)(1u << (at % 8));
        map->bits[at / 8] = (uint8_t)(value ? map->bits[at / 8] | bit : map->bits[at / 8] & ~bit);
    }
}

/* --- Asking ------------------------------------------------------------------------------------------------------ */

uint32_t reflash_end_of_block(const reflash_bitmap_t *map, uint32_t at, uint32_t sectors)
{
    const uint32_t end = at + REFLASH_SECTORS_PER_BLOCK - (map->first + at) % REFLASH_SECTORS_PER_BLOCK;
    return end < sectors ? end : sectors;
}

static uint32_t end_of_block(const reflash_plan_t *plan, uint32_t at)
{
    return reflash_end_of_block(&plan->differ, at, plan->sectors);
}

static uint32_t blind_us(const reflash_plan_t *plan, uint32_t sectors)
{
    const reflash_model_t *model = plan->model;
    return reflash_write_us(model, sectors, sectors * (model->erase_block_us / REFLASH_SECTORS_PER_BLOCK));
}

/* Whether an answer that comes with this chance and then saves `save_us` is worth `ask_us`. */
static bool pays(uint32_t chance, uint32_t save_us, uint32_t ask_us)
{
    return (save_us >> 10) * (chance >> 4) >> 2 > ask_us; /* a block takes less than an hour */
}

static uint32_t ask_us(const reflash_plan_t *plan, uint32_t sectors)
{
    return plan->model->ask_us + sectors * plan->model->hash_us;
}

static bool ask(reflash_plan_t *plan, reflash_ask_t what, uint32_t from, uint32_t end)
{
    plan->question = (reflash_question_t){what, from, end};
    return true;
}

/* Sectors that differ lie together, so one that is equal lets hope for half of those behind it. */
static bool sector_pays(const reflash_plan_t *plan, uint32_t left)
{
    return pays(plan->same, blind_us(plan, 1 + left / 2), ask_us(plan, 1));
}

static bool ask_in_advance(reflash_plan_t *plan)
{
    static const uint8_t quarters[SAMPLES] = {2, 1, 3};
    const uint32_t blocks = plan->sectors / REFLASH_SECTORS_PER_BLOCK;
    const reflash_model_t *model = plan->model;
    if (!plan->asked_image && blocks * model->ask_us > plan->sectors * model->hash_us) {
        plan->asked_image = true;
        return ask(plan, REFLASH_ASK_IMAGE, 0, plan->sectors);
    }
    if (plan->samples < SAMPLES && blocks >= SAMPLED_FROM_BLOCKS) {
        const uint32_t sample = plan->sectors / 4 * quarters[plan->samples];
        return ask(plan, REFLASH_ASK_SECTOR, sample, sample + 1);
    }
    return false;
}

void reflash_plan_begin(reflash_plan_t *plan, const reflash_model_t *model, const reflash_bitmap_t *differ,
                        uint32_t sectors)
{
    reflash_set_bits(differ, 0, sectors, true);
    *plan = (reflash_plan_t){.model = model, .differ = *differ, .sectors = sectors, .same = AT_FIRST};
}

bool reflash_plan_ask(reflash_plan_t *plan)
{
    if (plan->at == 0 && plan->block_end == 0 && ask_in_advance(plan)) {
        return true;
    }
    plan->samples = SAMPLES;
    while (plan->at < plan->sectors) {
        const uint32_t at = plan->at;
        if (at == plan->block_end) {
            plan->block_at = at;
            plan->block_end = end_of_block(plan, at);
            plan->block_differs = false;
            plan->block_clean = true;
        }
        const uint32_t left = plan->block_end - at;
        if (!reflash_bit(&plan->differ, at)) {
            plan->at++; /* asked in advance */
            continue;
        }
        if (plan->block_differs && plan->block_clean && left == 1) {
            plan->at++; /* it must be this one */
            continue;
        }
        const uint32_t whole = plan->block_end - plan->block_at;
        if (!plan->block_differs && plan->block_clean && plan->same > LIKELY && whole > 1) {
            const uint32_t all_same = 2u * (plan->same - LIKELY);
            if (pays(all_same, blind_us(plan, left), ask_us(plan, whole))) {
                return ask(plan, REFLASH_ASK_BLOCK, plan->block_at, plan->block_end);
            }
        }
        if (sector_pays(plan, left)) {
            return ask(plan, REFLASH_ASK_SECTOR, at, at + 1);
        }
        /* The rest of this block is written unseen, and the guess about what follows less sure. */
        plan->guessed = plan->guessed ||
                        !((plan->block_differs && plan->block_clean) || (at > 0 && reflash_bit(&plan->differ, at - 1)));
        plan->same = (uint16_t)(plan->same > LIKELY ? plan->same - plan->same / 8 : plan->same + plan->same / 2);
        plan->at = plan->block_end;
    }
    return false;
}

void reflash_plan_answer(reflash_plan_t *plan, bool equal)
{
    const reflash_question_t *question = &plan->question;
    if (equal) {
        reflash_set_bits(&plan->differ, question->from, question->end, false);
    }
    switch (question->what) {
    case REFLASH_ASK_IMAGE:
        if (equal) {
            plan->at = plan->sectors;
        }
        break;
    case REFLASH_ASK_BLOCK:
        plan->block_differs = !equal;
        if (equal) {
            plan->same = (uint16_t)(plan->same + (CERTAIN - plan->same) / 2);
            plan->at = question->end;
        }
        break;
    case REFLASH_ASK_SECTOR:
        if (plan->samples < SAMPLES) {
            plan->samples = equal && plan->samples == 0 ? SAMPLES : (uint8_t)(plan->samples + 1);
            plan->same = (uint16_t)(equal ? AFTER_EQUAL_SAMPLE : plan->same / 3);
            break;
        }
        plan->same = (uint16_t)(equal ? plan->same + (CERTAIN - plan->same) / 4 : plan->same - plan->same / 4);
        plan->same = plan->same > UNLIKELY ? plan->same : (uint16_t)UNLIKELY;
        plan->block_clean = plan->block_clean && equal;
        plan->at++;
        break;
    }
}

/* --- Runs -------------------------------------------------------------------------------------------------------- */

static void join_block(const reflash_plan_t *plan, uint32_t from, uint32_t end)
{
    const reflash_model_t *model = plan->model;
    uint32_t differ = 0;
    uint32_t runs = 0;
    bool before = false;
    for (uint32_t at = from; at < end; at++) {
        const bool now = reflash_bit(&plan->differ, at);
        differ += now ? 1 : 0;
        runs += now && !before ? 1 : 0;
        before = now;
    }
    if (differ > 0 && reflash_write_us(model, end - from, model->erase_block_us) + model->run_us <=
                          reflash_write_us(model, differ, differ * model->erase_us) + runs * model->run_us) {
        reflash_set_bits(&plan->differ, from, end, true);
    }
}

uint32_t reflash_plan_join(const reflash_plan_t *plan)
{
    for (uint32_t at = 0; at < plan->sectors; at = end_of_block(plan, at)) {
        const uint32_t end = end_of_block(plan, at);
        if (end - at == REFLASH_SECTORS_PER_BLOCK) {
            join_block(plan, at, end);
        }
    }
    uint32_t count = 0;
    uint32_t gap = plan->sectors; /* sectors since the last one that differs; too many: none did */
    for (uint32_t at = 0; at < plan->sectors; at++, gap++) {
        if (!reflash_bit(&plan->differ, at)) {
            continue;
        }
        if (gap <= at && reflash_write_us(plan->model, gap, gap * plan->model->erase_us) < plan->model->run_us) {
            reflash_set_bits(&plan->differ, at - gap, at, true);
            count += gap;
        }
        count++;
        gap = UINT32_MAX; /* 0 at the next sector */
    }
    return count;
}
