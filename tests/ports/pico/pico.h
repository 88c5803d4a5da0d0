/* SPDX-License-Identifier: Apache-2.0 */
/** What the Pico SDK's headers have by these names, as far as the port uses it: see fake_pico.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned int uint;

void tight_loop_contents(void);
