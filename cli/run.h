/* SPDX-License-Identifier: Apache-2.0 */
/** run: the command that loads a program into the target's RAM and starts it. */
#pragma once

#include "commands.h"

status_t run_run(const options_t *options, int word_count, char *const *words);
