/* SPDX-License-Identifier: Apache-2.0 */
/** See pico.h. */
#pragma once

#include "pico.h"

typedef uint64_t absolute_time_t;

absolute_time_t get_absolute_time(void);
uint32_t to_ms_since_boot(absolute_time_t time);
void sleep_ms(uint32_t ms);
