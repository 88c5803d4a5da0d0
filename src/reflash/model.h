/* SPDX-License-Identifier: Apache-2.0 */
/** model: what things cost, in microseconds. Pure: the facts of a chip, a line and a flash part in, prices out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "chips/chips.h"

/** What the prices follow from. */
typedef struct {
    uint32_t byte_ns;         /* ten bits on the line */
    uint32_t turnaround_us;   /* from the end of a question to the start of its answer, apart from the work */
    uint32_t md5_ns;          /* hashing one byte, by the loader that runs */
    uint32_t inflate_ns;      /* unpacking one byte, by the same */
    uint32_t program_ns;      /* programming one byte */
    uint32_t erase_sector_us; /* erasing 4 KiB */
    uint32_t erase_block_us;  /* erasing 64 KiB at once */
    bool packed;              /* data are sent compressed */
    bool stub;                /* a RAM stub runs: it erases by blocks, and works while the next data comes */
} reflash_facts_t;

/** Members of reflash_facts_t: a flash part that is not new. Data sheets say 45 to 64 ms and 150 to 300 ms, boards were
 *  measured at more than twice that, and whoever expects too little joins too few sectors. Programming includes what comes
 *  around each 32 bytes. */
#define REFLASH_USUAL_PART .program_ns = 4000, .erase_sector_us = 60000, .erase_block_us = 250000

/** The prices. */
typedef struct {
    uint32_t ask_us;         /* a question, apart from hashing */
    uint32_t hash_us;        /* hashing a sector */
    uint32_t line_us;        /* sending a sector */
    uint32_t flash_us;       /* unpacking and programming a sector */
    uint32_t erase_us;       /* erasing a sector by itself */
    uint32_t erase_block_us; /* erasing the 16 sectors of a block */
    uint32_t run_us;         /* beginning and ending a run of sectors */
    bool overlapped;         /* the target works while it receives */
} reflash_model_t;

/** Fill in what follows from the loader that runs, `chip`'s mask ROM or a stub: `packed` if there are such data and it
 *  can unpack them, the speeds. */
void reflash_facts_of_loader(reflash_facts_t *facts, const reflash_chip_t *chip, bool stub, bool has_packed);

void reflash_model(reflash_model_t *model, const reflash_facts_t *facts);

/** What a question about `sectors` sectors really took, from its first byte to its answer's last, corrects the prices. */
void reflash_learn(reflash_facts_t *facts, reflash_model_t *model, uint32_t sectors, uint32_t took_us);

/** Asking about `sectors` sectors at once. */
uint32_t reflash_ask_us(const reflash_model_t *model, uint32_t sectors);

/** Writing `sectors` sectors in `runs` runs whose erases take `erase_us`. */
uint32_t reflash_write_us(const reflash_model_t *model, uint32_t sectors, uint32_t runs, uint32_t erase_us);

/** Milliseconds for hashing and writing so many sectors. */
uint32_t reflash_job_ms(const reflash_model_t *model, uint32_t hashed, uint32_t written);
/** Milliseconds until a stub runs. */
uint32_t reflash_stub_ms(const reflash_facts_t *facts);

/** Whether the rest of a job is shorter by a stub that is started now, its upload included, than by `chip`'s mask ROM,
 *  which `facts` are of. `written` 0: nothing was asked about yet. */
bool reflash_stub_is_shorter(const reflash_facts_t *facts, const reflash_chip_t *chip, bool has_packed, uint32_t hashed,
                             uint32_t written);
