/* SPDX-License-Identifier: Apache-2.0 */
/** The hands at the bench: commands of one line each that hold pins, switch power and set rates, where a link cannot.
 *  docs/espsim.md lists them. Pure: a text in, a text out. */
#pragma once

#include "rig.h"

enum { ESPSIM_CONTROL_ANSWER_BYTES = 512 };

/** Do what `line` (without its end) says and write "ok", "ok WHAT..." or "error WHY". */
void espsim_control(espsim_rig_t *rig, const char *line, uint64_t now_ns, char answer[ESPSIM_CONTROL_ANSWER_BYTES]);
