/* SPDX-License-Identifier: Apache-2.0 */
/** What came out, as text. */
#pragma once

#include "api_rows.h"

typedef enum { SUCCESS, REFUSAL, SILENCE, PATH_COUNT } path_t;
typedef enum { ABSENT, TESTED, IMPOSSIBLE, UNSUPPORTED, MISSING } cell_t;

/** `cells` by mode, row, chip and path. */
typedef struct {
    const api_part_t *part;
    cell_t cells[MODE_COUNT][API_ROWS_MAX][CHIP_COUNT][PATH_COUNT];
} api_results_t;

enum { PART_COUNT = 2, API_DOCUMENT_BYTES_MAX = 1 << 16 };

/** The text of docs/api-table.md, good until the next call. Fails the test if cells contradict each other. */
const char *api_document(const api_results_t results[PART_COUNT]);
