/* SPDX-License-Identifier: Apache-2.0 */
/** In front of ports/baremetal where a test runs it: SysTick's registers are memory, a processor that waits gets an
 *  interrupt at once, and the clock is about to wrap. */
#pragma once

#include <stdint.h>

extern volatile uint32_t fake_systick[3];
/** It calls SysTick_Handler(). */
void fake_wait(void);

#define SYSTICK fake_systick
#define WAIT_FOR_INTERRUPT() fake_wait()
#define FIRST_MS (UINT32_MAX - 2)
