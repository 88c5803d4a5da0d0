/* SPDX-License-Identifier: Apache-2.0 */
/** A part of FreeRTOS's header of this name. */
#pragma once

#include "freertos/FreeRTOS.h"

void vTaskDelay(TickType_t ticks);
