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

/** As nobody has measured anything: a new part as data sheets describe it; what a byte takes includes what comes around
 *  each 32. What depends on the loader is missing. */
#define REFLASH_FACTS_AT_FIRST(baud, round_trip_ms)                                                                    \
    {                                                                                                                  \
        .byte_ns = UINT32_C(1000000000) / ((baud) / 10), .turnaround_us = 2000 + (round_trip_ms)*1000u,                \
        .program_ns = 3360, .erase_sector_us = 45000, .erase_block_us = 150000                                         \
    }

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
/** Of the sectors of a job one of so many is taken to differ, as long as none was asked about. */
enum { REFLASH_STUB_WRITTEN_SHARE = 16 };
/** Milliseconds until a stub runs. */
uint32_t reflash_stub_ms(const reflash_facts_t *facts);
