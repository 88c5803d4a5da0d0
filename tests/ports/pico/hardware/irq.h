/* SPDX-License-Identifier: Apache-2.0 */
/** See pico.h. */
#pragma once

#include "pico.h"

enum { UART0_IRQ = 20, UART1_IRQ = 21 };

typedef void (*irq_handler_t)(void);

void irq_set_exclusive_handler(uint num, irq_handler_t handler);
void irq_remove_handler(uint num, irq_handler_t handler);
void irq_set_enabled(uint num, bool enabled);
