/* SPDX-License-Identifier: Apache-2.0 */
/** pack: the command that writes a bundle to a file, as it is or as C. */
#pragma once

#include "commands.h"

/** Make a bundle of the INPUT words and write it to options->output. The file is there whole, or stays as it was. */
status_t pack_run(const options_t *options, int word_count, char *const *words);
