/* SPDX-License-Identifier: Apache-2.0 */
/** monitor: the target's log, as a command and behind others. */
#pragma once

#include "job.h"

/** Forward what the target says by itself, with a headline, until --until's text, --for's seconds, Ctrl-C or its end.
 *  OK; DIFFERS: the text did not come; INTERRUPTED: Ctrl-C before it did. The last two were told. */
status_t monitor_show(job_t *job);

/** The command. */
status_t monitor_run(const options_t *options, int word_count, char *const *words);
