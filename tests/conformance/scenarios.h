/* SPDX-License-Identifier: Apache-2.0 */
/** Trace files as tests: one for each scenario. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** Replay every scenario of traces/CHIP-TOPIC.txt for each topic, at most 16, or those whose name matches `pattern`,
 *  with * and ?; NULL: all. False: one failed, or a file cannot be read. Once in a program. */
bool scenarios_pass(const char *group, const char *chip, const char *const *topics, size_t topic_count,
                    const char *pattern);
