/* SPDX-License-Identifier: Apache-2.0 */
/** read: the command that copies a part of the target's flash to a file. */
#pragma once

#include "commands.h"

status_t read_run(const options_t *options, int word_count, char *const *words);
