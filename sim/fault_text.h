/* SPDX-License-Identifier: Apache-2.0 */
/** Faults in words: "KIND@NAME=VALUE[:NAME=VALUE...]", say "flip-from-target@byte=7:mask=0x10". */
#pragma once

#include "espsim.h"

/** One kind of fault. */
typedef struct {
    const char *name;
    espsim_fault_kind_t kind;
    unsigned when;  /* parameters of which one has to be there, bits */
    unsigned needs; /* ... that have to be there                     */
    unsigned takes; /* ... that may be there                         */
    const char *help;
} espsim_fault_row_t;

/** The rows one by one; NULL behind the last. */
const espsim_fault_row_t *espsim_fault_row_at(size_t row);

/** What stands behind the name, say "@byte=N|every=N:ms=N"; parameters in brackets may be left out. Returns `text`. */
const char *espsim_fault_usage(const espsim_fault_row_t *row, char *text, size_t text_bytes);

/** Numbers are decimal, or hexadecimal behind 0x. False: `message` says what is wrong and what to try. */
bool espsim_fault_parse(const char *text, espsim_fault_t *fault, char *message, size_t message_bytes);
