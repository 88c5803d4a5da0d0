/* SPDX-License-Identifier: Apache-2.0 */
#include "reflash/plan.h"

/* Chances of 65536. These and the shifts below were searched for; see docs/regret.md. */
enum { CERTAIN = 0xFFFF, BLOCK_AT_FIRST = 0x7C00, BLOCK_BY_BAD_SAMPLE = 0x1000, SECTOR_AT_FIRST = 0xD800 };

/* --- Bits -------------------------------------------------------------------------------------------------------- */

bool reflash_bit(const reflash_bitmap_t *map, uint32_t at)
{
    at += map->first;
    return (map->bits[at / 8] >> (at % 8) & 1) != 0;
}

void reflash_set_bits(const reflash_bitmap_t *map, uint32_t from, uint32_t end, bool value)
{
    for (uint32_t at = map->first + from; at < map->first + end; at++) {
        uint8_t *bits = &map->bits[at / 8];
        const uint8_t others = (uint8_t)(*bits & ~(1u << (at % 8)));
        *bits = (uint8_t)(others | (unsigned)value << (at % 8));
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

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Writing and proving the `left` sectors that a block still has, unseen. */
static uint32_t unseen_us(const reflash_model_t *model, uint32_t left)
{
    return reflash_write_us(model, left, 1, smaller(left * model->erase_us, model->erase_block_us)) +
           left * model->hash_us;
}

/* Asking about each of them, and writing those that differ: one at least, or there were none to look for. */
static uint32_t search_us(const reflash_plan_t *plan, const reflash_model_t *model, uint32_t left, uint32_t ask_us)
{
    uint32_t differ = (left * (CERTAIN - plan->sector_same) + 0x8000) >> 16;
    differ += plan->block != REFLASH_BLOCK_FOUND && left > 1 ? 1 : 0;
    return left * ask_us + reflash_write_us(model, differ, differ, differ * model->erase_us);
}

static bool ask(reflash_plan_t *plan, reflash_ask_t what, uint32_t from, uint32_t end)
{
    plan->question = (reflash_question_t){what, from, end};
    return true;
}

static bool ask_in_advance(reflash_plan_t *plan)
{
    const uint32_t sectors = plan->sectors;
    if (plan->stage == REFLASH_PLAN_SAMPLE && sectors > REFLASH_SECTORS_PER_BLOCK) {
        return ask(plan, REFLASH_ASK_SECTOR, sectors / 2, sectors / 2 + 1);
    }
    plan->stage = REFLASH_PLAN_BLOCKS;
    const uint32_t image_us = reflash_ask_us(plan->model, sectors);
    const uint32_t other_blocks = (sectors - 1) / REFLASH_SECTORS_PER_BLOCK;
    return other_blocks > 0 && pays(plan->block_same, image_us + other_blocks * plan->model->ask_us, image_us) &&
           ask(plan, REFLASH_ASK_IMAGE, 0, sectors);
}

void reflash_plan_begin(reflash_plan_t *plan, const reflash_model_t *model, const reflash_bitmap_t *differ,
                        uint32_t sectors)
{
    reflash_set_bits(differ, 0, sectors, true);
    *plan = (reflash_plan_t){.model = model,
                             .differ = *differ,
                             .sectors = sectors,
                             .block_same = BLOCK_AT_FIRST,
                             .sector_same = SECTOR_AT_FIRST};
}

bool reflash_plan_ask(reflash_plan_t *plan)
{
    if (plan->stage != REFLASH_PLAN_BLOCKS && ask_in_advance(plan)) {
        return true;
    }
    const reflash_model_t *model = plan->model;
    while (plan->at < plan->sectors) {
        const uint32_t at = plan->at;
        if (at == plan->block_end) {
            plan->block_at = at;
            plan->block_end = end_of_block(plan, at);
            plan->block = REFLASH_BLOCK_OPEN;
        }
        const uint32_t left = plan->block_end - at;
        const bool open = plan->block == REFLASH_BLOCK_OPEN;
        if (!reflash_bit(&plan->differ, at) || (plan->block == REFLASH_BLOCK_SOUGHT && left == 1)) {
            plan->at++; /* it was asked about in advance, or must be the one */
            continue;
        }
        const uint32_t write_us = unseen_us(model, left);
        const uint32_t ask_us = reflash_ask_us(model, 1);
        const uint32_t block_us = reflash_ask_us(model, plan->block_end - plan->block_at);
        if (open && left > 1 && pays(plan->block_same, smaller(write_us, left * ask_us), block_us)) {
            return ask(plan, REFLASH_ASK_BLOCK, plan->block_at, plan->block_end);
        }
        if (search_us(plan, model, left, ask_us) < write_us || (open && pays(plan->block_same, write_us, ask_us))) {
            return ask(plan, REFLASH_ASK_SECTOR, at, at + 1);
        }
        if (plan->block != REFLASH_BLOCK_SOUGHT && (at == 0 || !reflash_bit(&plan->differ, at - 1))) {
            plan->guessed = true;
        }
        /* The rest of this block is written unseen, and after a while it is worth to look again. */
        if (plan->block_same < BLOCK_AT_FIRST / 2) {
            plan->block_same += (plan->block_same >> 2) + 16;
        }
        plan->at = plan->block_end;
    }
    return false;
}

static uint32_t after(uint32_t chance, bool equal, unsigned up_shift, unsigned down_shift)
{
    return equal ? chance + ((CERTAIN - chance) >> up_shift) : chance - (chance >> down_shift);
}

void reflash_plan_answer(reflash_plan_t *plan, bool equal)
{
    const reflash_question_t *question = &plan->question;
    if (equal) {
        reflash_set_bits(&plan->differ, question->from, question->end, false);
    }
    if (question->what == REFLASH_ASK_IMAGE) {
        plan->at = equal ? question->end : 0;
        return;
    }
    if (plan->stage == REFLASH_PLAN_SAMPLE) {
        plan->stage = REFLASH_PLAN_IMAGE;
        plan->block_same = equal ? plan->block_same : BLOCK_BY_BAD_SAMPLE;
        return;
    }
    if (plan->block == REFLASH_BLOCK_OPEN) {
        plan->block_same = after(plan->block_same, equal, 1, 1);
    }
    if (question->what == REFLASH_ASK_SECTOR) {
        plan->sector_same = after(plan->sector_same, equal, 1, 3);
        plan->block = equal ? plan->block : REFLASH_BLOCK_FOUND;
        plan->at++;
    } else if (equal) {
        plan->at = question->end;
    } else {
        plan->block = REFLASH_BLOCK_SOUGHT;
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
    for (uint32_t end, at = 0; at < plan->sectors; at = end) {
        end = end_of_block(plan, at);
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
