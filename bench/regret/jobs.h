/* SPDX-License-Identifier: Apache-2.0 */
/** jobs: what a case takes the fixed strategies and the engine's plan, in microseconds, apart from connecting. */
#pragma once

#include "costs.h"

typedef enum { WRITE_ALL, BY_IMAGE, BY_BLOCK, BY_SECTOR, WAY_COUNT } way_t;

/** A strategy is a way, with a stub or not, with compressed data or not; where a case lacks one of these, without it. */
enum { STRATEGY_COUNT = WAY_COUNT * 4 };

double strategy_us(const case_t *c, unsigned strategy);
/** Until the next call. */
const char *strategy_name(unsigned strategy);

/** `tell`: print what is asked and written. */
double our_us(const case_t *c, bool tell);
