/* SPDX-License-Identifier: Apache-2.0 */
/** A bundle in memory as a reader's source: a read beyond its end aborts, and the n-th read can be made to fail. */
#pragma once

#include "reflash_bundle.h"

typedef struct {
    const uint8_t *data;
    uint32_t bytes;
    unsigned reads;        /* so far */
    unsigned failing_read; /* 1: the first; 0: none */
} bundle_memory_t;

reflash_source_t bundle_source(bundle_memory_t *memory);

/** Read everything there is to read in any order a host may want: all rows, all data, plain and piece by piece, all
 *  compressed runs from each group to the end of its image. The first error that is not GOOD. */
reflash_bundle_error_t bundle_read_all(const reflash_bundle_t *bundle);
