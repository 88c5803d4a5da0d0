/* SPDX-License-Identifier: Apache-2.0 */
/** A part of ESP-IDF's header of this name. */
#pragma once

#include <stdint.h>

int64_t esp_timer_get_time(void);
