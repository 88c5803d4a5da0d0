/* SPDX-License-Identifier: Apache-2.0 */
/** image_command: the command that explains files: `reflash image`. */
#pragma once

#include "commands.h"

/** Explain each of the files. STATUS_INPUT: at least one cannot be read, is damaged or is no image. */
status_t image_run(const options_t *options, int word_count, char *const *words);
