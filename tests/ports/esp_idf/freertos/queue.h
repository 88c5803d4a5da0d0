/* SPDX-License-Identifier: Apache-2.0 */
/** A part of FreeRTOS's header of this name. */
#pragma once

typedef struct QueueDefinition *QueueHandle_t;
