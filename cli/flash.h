/* SPDX-License-Identifier: Apache-2.0 */
/** flash: bring a target to INPUT, or tell what that would take. */
#pragma once

#include "job.h"

status_t flash_run(const options_t *options, int word_count, char *const *words);
status_t diff_run(const options_t *options, int word_count, char *const *words);
