/* SPDX-License-Identifier: Apache-2.0 */
/** erase: the command that erases a part of the target's flash, or all of it. */
#pragma once

#include "commands.h"

status_t erase_run(const options_t *options, int word_count, char *const *words);
