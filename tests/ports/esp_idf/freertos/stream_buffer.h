/* SPDX-License-Identifier: Apache-2.0 */
/** A part of FreeRTOS's header of this name. */
#pragma once

#include "freertos/FreeRTOS.h"

typedef struct StreamBufferDef_t *StreamBufferHandle_t;

StreamBufferHandle_t xStreamBufferCreate(size_t capacity, size_t trigger_level);
void vStreamBufferDelete(StreamBufferHandle_t stream);
size_t xStreamBufferSend(StreamBufferHandle_t stream, const void *data, size_t size, TickType_t ticks);
size_t xStreamBufferReceive(StreamBufferHandle_t stream, void *data, size_t size, TickType_t ticks);
