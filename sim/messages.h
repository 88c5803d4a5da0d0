/* SPDX-License-Identifier: Apache-2.0 */
/** The virtual chip's loader in whole messages, for front ends that are no serial line. The chip's own receiver is
 *  underneath: messages travel to it and from it at its UART's rate, which is what they take in virtual time. */
#pragma once

#include "espsim.h"

typedef struct {
    espsim_t *sim; /* not owned */
    /* Private. */
    bool synced;
    enum { ESPSIM_MESSAGE_OUTSIDE, ESPSIM_MESSAGE_INSIDE, ESPSIM_MESSAGE_ESCAPED } state;
    size_t count;
    uint8_t bytes[0x4100];
} espsim_messages_t;

/** Begin with a chip that was just reset. */
void espsim_messages_reset(espsim_messages_t *messages, espsim_t *sim);
/** Send a message to the loader. A mask ROM is sent a SYNC before the first one, whose answers are taken away. */
void espsim_messages_put(espsim_messages_t *messages, const uint8_t *bytes, size_t count);
/** Take the next message that has arrived by now, at most `capacity` bytes of it. Returns its length; 0: none yet. */
size_t espsim_messages_take(espsim_messages_t *messages, uint8_t *bytes, size_t capacity);
/** The same, but let time pass until there is one or the chip has nothing more to do. */
size_t espsim_messages_await(espsim_messages_t *messages, uint8_t *bytes, size_t capacity);
