/* SPDX-License-Identifier: Apache-2.0 */
/** range: which part of the flash `read` and `erase` are about: ADDR SIZE, --all or --partition NAME. */
#pragma once

#include "job.h"

typedef struct {
    enum { RANGE_GIVEN, RANGE_ALL, RANGE_PARTITION } kind;
    uint32_t flash_addr, bytes; /* GIVEN: from the start; else once range_resolve() was called */
} range_t;

/** A size: decimal or hexadecimal, with K or M behind it for KiB or MiB. False: none, 0 or more than 4 GiB. */
bool range_parse_size(const char *text, uint32_t *bytes);

/** Before connecting: the command line. USAGE was told. */
status_t range_parse(job_t *job, int word_count, char *const *words, range_t *range);
/** Once connected: the numbers. INPUT, TARGET: it leaves the flash or what a loader reaches of it, or there is no
 *  such partition; it was told. */
status_t range_resolve(job_t *job, range_t *range);
