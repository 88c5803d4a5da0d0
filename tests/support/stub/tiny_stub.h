/* SPDX-License-Identifier: Apache-2.0 */
/** A stub of eight bytes for conversations, and the look-up that gives it to the library in place of reflash-stubs. A
 *  test program that uses anything of this has it. */
#pragma once

#include "conversation.h"

/** What the look-up returns; NULL: there is no stub. Starts as a stub whose bytes are in memory. */
extern const reflash_stub_t *tiny_stub;
/** The same bytes, to be read by a function, which fails if `tiny_stub_is_broken`. */
extern const reflash_stub_t tiny_stub_elsewhere;
extern bool tiny_stub_is_broken;
/** What the look-up was asked for last. */
extern target_chip_t tiny_stub_chip;
extern uint32_t tiny_stub_revision;

/* Its upload, after the protocol text; the end of it is recorded (esp32-stub2: stub_start). */
#define TINY_BEGIN_TEXT(block_hex)                                                                                     \
    " >c00005100000000000"                                                                                             \
    "0400000001000000" block_hex "00800a40c0 <c001050400831df00000000000c0"
#define TINY_TEXT                                                                                                      \
    " >c000071400eb0000000400000000000000000000000000000001020304c0 <c001070400831df00000000000c0"                     \
    " >c0000a04000000000000800a40c0 <c0010a04000102030400000000c0"
#define TINY_BEGIN_DATA(block_hex)                                                                                     \
    " >c00005100000000000"                                                                                             \
    "0400000001000000" block_hex "6cedfd3fc0 <c001050400831df00000000000c0"
#define TINY_DATA                                                                                                      \
    " >c000071400e30000000400000000000000000000000000000005060708c0 <c001070400831df00000000000c0"                     \
    " >c0000a0400000000006cedfd3fc0 <c0010a04000506070800000000c0"
#define TINY_LOADED(block_hex) TINY_BEGIN_TEXT(block_hex) TINY_TEXT TINY_BEGIN_DATA(block_hex) TINY_DATA
#define TINY_IN_BLOCKS_OF_6144 "00180000"
#define TINY_RUN " >c000060800000000000000000074900a40c0"
#define TINY_RUN_ANSWER " <c0010604000707122000000000c0"
#define TINY_GREETING " <c04f484149c0"
#define TINY_STARTED TINY_LOADED(TINY_IN_BLOCKS_OF_6144) TINY_RUN TINY_RUN_ANSWER TINY_GREETING

/** Connected to an ESP32 on which the stub runs. */
void conversation_connect_stub(conversation_t *talk);
/** The same with its 4 MB of flash ready. */
void conversation_attach_stub(conversation_t *talk);
