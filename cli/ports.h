/* SPDX-License-Identifier: Apache-2.0 */
/** ports: the command that lists the serial ports of this computer. */
#pragma once

#include "commands.h"

status_t ports_run(const options_t *options, int word_count, char *const *words);
