/* SPDX-License-Identifier: Apache-2.0 */
#include "reflash/plan.h"

#ifndef LEAST_
#define LEAST_ 512
#endif
#ifndef BRUN
#define BRUN + model->run_us
#endif
#ifndef KIMG
#define KIMG 8
#endif
#ifndef PB
#define PB 4
#endif
#ifndef BS
#define BS 7
#endif
#ifndef Q_EQ
#define Q_EQ 2
#endif
#ifndef Q_SEC
#define Q_SEC 32
#endif
#ifndef Q_PROBE
#define Q_PROBE 8
#endif
#ifndef IMG
#define IMG
#endif
#ifndef S0
#define S0 0xF400
#endif
#ifndef Q0
#define Q0 0x8000
#endif
enum { /* chances of 65536 */
    CERTAIN = 0xFFFF,
    BLOCK_AT_FIRST = Q0,
    SECTOR_AT_FIRST = S0,
    LEAST = LEAST_
};
#ifndef Q_SAMPLE_DIV
#define Q_SAMPLE_DIV 4
#endif
#ifndef Q_SAMPLE_UP
#define Q_SAMPLE_UP 2
#endif
#ifndef Q_DIFF_DIV
#define Q_DIFF_DIV 2
#endif
#ifndef Q_BLIND
#define Q_BLIND 8
#endif
#ifndef S_UP
#define S_UP 2
#endif
#ifndef S_DOWN
#define S_DOWN 8
#endif
#ifndef LEAST_
#define LEAST_ 512
#endif

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

/* Whether an answer that comes with this chance and then saves `save_us` is worth `ask_us`. */
static bool pays(uint32_t chance, uint32_t save_us, uint32_t ask_us)
{
    return (save_us >> 10) * (chance >> 4) >> 2 > ask_us; /* less than an hour */
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Writing and proving the `left` sectors that a block still has, unseen. */
static uint32_t blind_us(const reflash_model_t *model, uint32_t left)
{
    return reflash_write_us(model, left, 1, least(left * model->erase_us, model->erase_block_us)) +
           left * model->hash_us;
}

/* Asking about each of them, and writing and proving those that differ. */
static uint32_t search_us(const reflash_plan_t *plan, uint32_t left)
{
    const reflash_model_t *model = plan->model;
    const uint32_t differ = (plan->block_clean && left > 1 ? 1 : 0) + ((left * (CERTAIN - plan->sector_same) + 0x8000) >> 16);
    return (left + differ) * reflash_ask_us(model, 1) + reflash_write_us(model, differ, differ, differ * model->erase_us);
}

static bool ask(reflash_plan_t *plan, reflash_ask_t what, uint32_t from, uint32_t end)
{
    plan->question = (reflash_question_t){what, from, end};
    return true;
}

/* Whether to ask about `whole` sectors of which `left` are unknown: what an equal block would cost without. */
static bool block_pays(const reflash_plan_t *plan, uint32_t left, uint32_t whole)
{
    const reflash_model_t *model = plan->model;
    return pays(plan->block_same, least(blind_us(model, left), left * reflash_ask_us(model, 1)), reflash_ask_us(model, whole));
}

static bool ask_in_advance(reflash_plan_t *plan)
{
    static const uint8_t quarters[SAMPLES] = {2, 1, 3};
    const uint32_t sectors = plan->sectors;
    const uint32_t blocks = (sectors + 15) / REFLASH_SECTORS_PER_BLOCK;
    const reflash_model_t *model = plan->model;
    const uint32_t image_us = reflash_ask_us(model, sectors);
    if (!plan->asked_image &&
        ((image_us < KIMG*model->ask_us/4 && blocks > 1) || (plan->samples == SAMPLES && blocks > 1 && pays(plan->block_same IMG, blocks * model->ask_us + sectors * model->hash_us, image_us)))) {
        plan->asked_image = true;
        return ask(plan, REFLASH_ASK_IMAGE, 0, sectors);
    }
    if ((blocks > 1 || image_us >= KIMG*model->ask_us/4) && sectors > 1 && plan->samples < (blocks >= SAMPLED_FROM_BLOCKS ? SAMPLES : 1)) {
        const uint32_t sample = sectors / 4 * quarters[plan->samples];
        return ask(plan, REFLASH_ASK_SECTOR, sample, sample + 1);
    }
    if (plan->samples < SAMPLES) {
        plan->samples = SAMPLES;
        return ask_in_advance(plan);
    }
    return false;
}

void reflash_plan_begin(reflash_plan_t *plan, const reflash_model_t *model, const reflash_bitmap_t *differ,
                        uint32_t sectors)
{
    reflash_set_bits(differ, 0, sectors, true);
    *plan = (reflash_plan_t){.model = model, .differ = *differ, .sectors = sectors, .block_same = BLOCK_AT_FIRST, .sector_same = SECTOR_AT_FIRST};
}

bool reflash_plan_ask(reflash_plan_t *plan)
{
    if (plan->at == 0 && plan->block_end == 0 && ask_in_advance(plan)) {
        return true;
    }
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
        if (!plan->block_differs && plan->block_clean && whole > 1 && block_pays(plan, left, whole)) {
            return ask(plan, REFLASH_ASK_BLOCK, plan->block_at, plan->block_end);
        }
        const uint32_t unseen_us = blind_us(plan->model, left);
        if (search_us(plan, left)/8*BS < unseen_us || (at == plan->block_at && !plan->block_differs && pays(plan->block_same, unseen_us, reflash_ask_us(plan->model, 1)*PB/4))) {
            return ask(plan, REFLASH_ASK_SECTOR, at, at + 1);
        }
        /* The rest of this block is written unseen. */
        plan->block_same = (uint16_t)(plan->block_same > 0x8000 ? plan->block_same : plan->block_same + plan->block_same / Q_BLIND);
        plan->at = plan->block_end;
    }
    return false;
}

static uint16_t after(uint32_t chance, bool equal, unsigned up, unsigned down)
{
    chance = equal ? chance + (CERTAIN - chance) / up : chance - chance / down;
    return (uint16_t)(chance < LEAST ? LEAST : chance);
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
        plan->block_same = after(plan->block_same, equal, Q_EQ, Q_DIFF_DIV);
        if (equal) {
            plan->at = question->end;
        }
        break;
    case REFLASH_ASK_SECTOR:
        if (plan->samples < SAMPLES) {
            plan->samples = equal && plan->samples == 0 ? SAMPLES : (uint8_t)(plan->samples + 1);
            plan->block_same = equal ? after(plan->block_same, true, Q_SAMPLE_UP, 2) : (uint16_t)(plan->block_same / Q_SAMPLE_DIV);
            break;
        }
        if (plan->block_clean && !plan->block_differs) {
            plan->block_same = after(plan->block_same, equal, plan->at == plan->block_at ? Q_PROBE : Q_SEC, Q_DIFF_DIV);
        }
        plan->sector_same = after(plan->sector_same, equal, S_UP, S_DOWN);
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
    if (differ > 0 && reflash_write_us(model, end - from, 1, model->erase_block_us) <=
                          reflash_write_us(model, differ, runs, differ * model->erase_us)) {
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
        if (gap <= at && reflash_write_us(plan->model, gap, 0, gap * plan->model->erase_us) < plan->model->run_us) {
            reflash_set_bits(&plan->differ, at - gap, at, true);
            count += gap;
        }
        count++;
        gap = UINT32_MAX; /* 0 at the next sector */
    }
    return count;
}
