/* SPDX-License-Identifier: Apache-2.0 */
/** The one conversation of a test program, and words for it. */
#pragma once

#include "conversation.h"

static conversation_t talk;

#define expect_fault(code, cause, command, reason) conversation_expect_fault(&talk, code, cause, command, reason)
#define expect_no_fault() conversation_expect_no_fault(&talk)
#define play(script) scripted_port_play(&talk.port, script)
#define connect_with(trials) conversation_try(&talk, trials)
