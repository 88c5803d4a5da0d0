/* SPDX-License-Identifier: Apache-2.0 */
/** costs: what the steps of a job really take in a case, in microseconds. */
#pragma once

#include "cases.h"

/** What does a job. */
typedef struct {
    bool stub;   /* a RAM stub, else the mask ROM */
    bool packed; /* it is sent compressed data */
} loader_t;

/** Whether the mask ROM or a stub can unpack the case's data. */
bool packs(const case_t *c, bool stub);

/** As traces of a job show it: the reset, then questions at 115200 baud. */
double connect_us(const case_t *c);
double upload_us(const case_t *c);
/** For the digest of so many sectors. */
double question_us(const case_t *c, bool stub, uint32_t sectors);
/** A run of sectors [first, end) of the flash, from its first command to its last. */
double run_us(const case_t *c, loader_t by, uint32_t first, uint32_t end, bool erase);
