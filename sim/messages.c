/* SPDX-License-Identifier: Apache-2.0 */
#include "messages.h"

#include <string.h>

enum { END = 0xC0, ESC = 0xDB, ESC_END = 0xDC, ESC_ESC = 0xDD, BITS_PER_BYTE = 10 };

void espsim_messages_reset(espsim_messages_t *messages, espsim_t *sim)
{
    messages->sim = sim;
    messages->synced = false;
    messages->state = ESPSIM_MESSAGE_OUTSIDE;
    messages->count = 0;
}

static void send_byte(espsim_t *sim, uint8_t byte)
{
    espsim_advance(sim, espsim_now(sim) + UINT64_C(1000000000) * BITS_PER_BYTE / espsim_baud(sim));
    espsim_receive(sim, byte, 0);
}

static void send(espsim_t *sim, const uint8_t *bytes, size_t count)
{
    send_byte(sim, END);
    for (size_t at = 0; at < count; at++) {
        if (bytes[at] == END || bytes[at] == ESC) {
            send_byte(sim, ESC);
            send_byte(sim, bytes[at] == END ? ESC_END : ESC_ESC);
        } else {
            send_byte(sim, bytes[at]);
        }
    }
    send_byte(sim, END);
}

/* The first SYNC may do no more than teach the chip's UART its rate. */
static void sync(espsim_messages_t *messages)
{
    static const uint8_t request[44] = {0x00, 0x08, 0x24, 0x00, 0, 0, 0, 0, 0x07, 0x07, 0x12, 0x20};
    uint8_t bytes[sizeof(request)];
    memcpy(bytes, request, sizeof(request));
    memset(bytes + 12, 0x55, sizeof(bytes) - 12);
    for (unsigned tries = 0; tries < 2 && !messages->synced; tries++) {
        uint8_t answer[16];
        send(messages->sim, bytes, sizeof(bytes));
        while (espsim_messages_await(messages, answer, sizeof(answer)) > 0) {
            messages->synced = true;
        }
    }
}

void espsim_messages_put(espsim_messages_t *messages, const uint8_t *bytes, size_t count)
{
    if (!messages->synced && espsim_stub(messages->sim) == ESPSIM_STUB_NONE) {
        sync(messages);
    }
    send(messages->sim, bytes, count);
}

static void keep(espsim_messages_t *messages, uint8_t byte)
{
    if (messages->count < sizeof(messages->bytes)) {
        messages->bytes[messages->count++] = byte;
    }
    messages->state = ESPSIM_MESSAGE_INSIDE;
}

/* True: it completes a message. */
static bool push(espsim_messages_t *messages, uint8_t byte)
{
    switch (messages->state) {
    case ESPSIM_MESSAGE_OUTSIDE: /* text */
        if (byte == END) {
            messages->state = ESPSIM_MESSAGE_INSIDE;
            messages->count = 0;
        }
        return false;
    case ESPSIM_MESSAGE_ESCAPED:
        keep(messages, byte == ESC_END ? END : ESC);
        return false;
    case ESPSIM_MESSAGE_INSIDE:
        break;
    }
    if (byte == END && messages->count > 0) {
        messages->state = ESPSIM_MESSAGE_OUTSIDE;
        return true;
    }
    if (byte == ESC) {
        messages->state = ESPSIM_MESSAGE_ESCAPED;
    } else if (byte != END) {
        keep(messages, byte);
    }
    return false;
}

size_t espsim_messages_take(espsim_messages_t *messages, uint8_t *bytes, size_t capacity)
{
    uint8_t byte;
    while (espsim_transmit(messages->sim, &byte, 0)) {
        if (push(messages, byte)) {
            memcpy(bytes, messages->bytes, messages->count < capacity ? messages->count : capacity);
            return messages->count;
        }
    }
    return 0;
}

size_t espsim_messages_await(espsim_messages_t *messages, uint8_t *bytes, size_t capacity)
{
    for (;;) { /* each turn handles an event, of which a chip at rest has no more */
        const size_t count = espsim_messages_take(messages, bytes, capacity);
        const uint64_t next_ns = espsim_next_event(messages->sim);
        if (count > 0 || next_ns == UINT64_MAX) {
            return count;
        }
        espsim_advance(messages->sim, next_ns);
    }
}
