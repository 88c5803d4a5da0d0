/* SPDX-License-Identifier: Apache-2.0 */
/** plan: which sectors of an image have to be written. Asks about ranges until asking no longer pays, then joins what
 *  is left to runs. Pure: the caller carries questions to the target and answers back.
 *
 *  Where nothing was asked a sector counts as different, so that whatever the plan guesses, the result is right; a
 *  wrong guess costs time.
 *
 *  For each block there are three prices: writing it unseen, searching it sector by sector, and asking about it at once
 *  in the hope that it is equal. What they come to depends on two guesses, how likely the next block is equal and how
 *  likely a sector of one that differs; both follow the answers, because what differs lies together. Where a write is
 *  dear a sector of each block is looked at even if there is little hope: that costs a share of the write that is no
 *  larger than the hope. */
#pragma once

#include "reflash/model.h"

enum { REFLASH_SECTORS_PER_BLOCK = 16 };

/** A bit for each sector of an image. */
typedef struct {
    uint8_t *bits;  /* of all sectors of the flash */
    uint32_t first; /* the image's first sector among these */
} reflash_bitmap_t;

bool reflash_bit(const reflash_bitmap_t *map, uint32_t at);
void reflash_set_bits(const reflash_bitmap_t *map, uint32_t from, uint32_t end, bool value);
/** Where the 64 KiB of flash address space end that sector `at` lies in, or the image of `sectors` sectors does. */
uint32_t reflash_end_of_block(const reflash_bitmap_t *map, uint32_t at, uint32_t sectors);

typedef enum { REFLASH_ASK_SECTOR, REFLASH_ASK_BLOCK, REFLASH_ASK_IMAGE } reflash_ask_t;

/** A range whose digest is wanted. */
typedef struct {
    reflash_ask_t what;
    uint32_t from, end; /* sectors of the image */
} reflash_question_t;

typedef enum { REFLASH_PLAN_SAMPLE, REFLASH_PLAN_IMAGE, REFLASH_PLAN_BLOCKS } reflash_plan_stage_t;
typedef enum {
    REFLASH_BLOCK_OPEN,   /* nothing of it is known to differ */
    REFLASH_BLOCK_SOUGHT, /* it differs, but not in the sectors in front of this one */
    REFLASH_BLOCK_FOUND   /* a sector does */
} reflash_plan_block_t;

/** Bytes stand in front: a Cortex-M0 reaches only 32 of them by a short instruction. */
typedef struct {
    reflash_bitmap_t differ; /* of the sectors that have to be written */
    reflash_plan_stage_t stage;
    reflash_plan_block_t block; /* what is known of the current one */
    bool guessed;               /* sectors are written of whose run none is known to differ */
    const reflash_model_t *model;
    uint32_t sectors;            /* of the image */
    reflash_question_t question; /* the current one */
    uint32_t at;                 /* all in front of it is decided */
    uint32_t block_at;           /* the block that contains it: first and ... */
    uint32_t block_end;          /* ... behind the last of its sectors; block_end == at: not looked at yet */
    uint32_t block_same;         /* the chance that the next block is equal, of 65536 */
    uint32_t sector_same;        /* the chance that the next sector of one that differs is equal */
} reflash_plan_t;

/** Begin with an image of `sectors` sectors: all of them are marked in `differ`. */
void reflash_plan_begin(reflash_plan_t *plan, const reflash_model_t *model, const reflash_bitmap_t *differ,
                        uint32_t sectors);

/** After reflash_plan_begin(), if the images in front of this one were found equal: the job may be one that changes nothing,
 *  so no sample is taken. */
static inline void reflash_plan_hope(reflash_plan_t *plan)
{
    plan->stage = REFLASH_PLAN_IMAGE;
    plan->block_same = 0xDC00;
}

/** Put the next question into plan->question. False: there is none; what is set in `differ` has to be written. */
bool reflash_plan_ask(reflash_plan_t *plan);
/** The answer to it. */
void reflash_plan_answer(reflash_plan_t *plan, bool equal);

/** Mark the sectors as well that are quicker to write than to leave out: the rest of a block that is erased whole,
 *  and gaps shorter than the beginning of another run. Returns how many are marked then. */
uint32_t reflash_plan_join(const reflash_plan_t *plan);
