/* SPDX-License-Identifier: Apache-2.0 */
/** rate: whether a job is shorter at a higher rate of the line, the change included. Pure, and in an object that only
 *  programs link which ask. */
#pragma once

#include "reflash/model.h"

/** A part of a job. */
typedef struct {
    uint32_t questions; /* apart from those that data bring */
    uint32_t hashed;    /* sectors */
    uint32_t written;   /* sectors */
} reflash_work_t;

/** The line, and who talks over it. */
typedef struct {
    const reflash_chip_t *chip;
    uint32_t baud;          /* in use */
    uint32_t turnaround_us; /* as reflash_facts_t has it */
    bool stub;              /* one runs, ... */
    bool may_stub;          /* ... or may be started */
    bool has_packed;        /* there are compressed data */
} reflash_line_t;

/** A rate that may be changed to. */
typedef struct {
    uint32_t baud;      /* that is expected, above 9 */
    uint32_t change_ms; /* what the change takes, and what proves that the line bears it */
} reflash_rate_t;

/** The shortest time for `work` at `baud`: from the mask ROM or by a stub, its upload included. */
uint32_t reflash_work_ms(const reflash_line_t *line, uint32_t baud, const reflash_work_t *work);

/** Which of the rates makes the job shortest. `least`: what it takes if the target holds all; `most`: if it holds nothing,
 *  which is taken for as likely. The rate may be changed again once that is known, so now pays only what the least makes
 *  good, or half of a change that comes later otherwise. Where the work is known both are the same. NULL: none of them, the
 *  line stays as it is. */
const reflash_rate_t *reflash_choose_rate(const reflash_line_t *line, const reflash_rate_t *rates, uint32_t rate_count,
                                          const reflash_work_t *least, const reflash_work_t *most);
