/* SPDX-License-Identifier: Apache-2.0 */
/** By what the official RAM stubs are recognised. stub_codes.c is written by scripts/stub_codes.py. */
#pragma once

#include "espsim.h"

extern const espsim_stub_code_t espsim_stub_codes[];
extern const size_t espsim_stub_code_count;
