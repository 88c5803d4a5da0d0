/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 2217, both halves: no answer is longer than promised, any data comes through between any nonsense, after an end
 * of block the stream is in step again, and the client's half reads every answer of the server's. */
#include <stdbool.h>
#include <stdlib.h>

#include "input.h"
#include "rfc2217.h"
#include "rfc2217_codec.h"

typedef struct {
    reflash_rfc2217_reader_t reader; /* the client's half */
    size_t answered_bytes;           /* to the byte at work */
    size_t data_bytes;
    uint8_t last_data;
} client_t;

static void on_send(void *context, const uint8_t *bytes, size_t count)
{
    client_t *client = context;
    client->answered_bytes += count;
    if (count < 3 || bytes[0] != 0xFF) {
        abort();
    }
    for (size_t at = 0; at < count; at++) {
        const reflash_rfc2217_event_t event = reflash_rfc2217_push(&client->reader, bytes[at]);
        const bool is_whole = event.what == REFLASH_RFC2217_OPTION || event.what == REFLASH_RFC2217_BLOCK;
        const bool is_signature = bytes[1] == 0xFA && bytes[3] == 100; /* a text: not read */
        if (event.what == REFLASH_RFC2217_DATA || is_whole != (at == count - 1 && !is_signature)) {
            abort();
        }
    }
}

static void on_data(void *context, uint8_t byte)
{
    client_t *client = context;
    client->data_bytes++;
    client->last_data = byte;
}

static void on_baud(void *context, uint32_t baud)
{
    (void)context;
    if (baud == 0) {
        abort();
    }
}

static void on_lines(void *context, bool dtr, bool rts)
{
    (void)context;
    (void)dtr;
    (void)rts;
}

static void on_purge(void *context, bool from_line, bool to_line)
{
    (void)context;
    if (!from_line && !to_line) {
        abort();
    }
}

static const espsim_rfc2217_events_t events = {
    .send = on_send, .data = on_data, .baud = on_baud, .lines = on_lines, .purge = on_purge};

static void push(espsim_rfc2217_t *server, client_t *client, uint8_t byte)
{
    client->answered_bytes = 0;
    client->data_bytes = 0;
    espsim_rfc2217_push(server, byte);
    if (client->answered_bytes > ESPSIM_RFC2217_BLOCK_BYTES || client->data_bytes > 1) {
        abort();
    }
}

/* Whatever comes from a server, the client's half finds its way back. */
static void read_nonsense(const uint8_t *data, size_t size)
{
    reflash_rfc2217_reader_t reader = {0};
    uint8_t answer[REFLASH_RFC2217_BLOCK_MAX];
    const size_t answer_bytes = reflash_rfc2217_request(107, 0xFF, 1, answer);
    reflash_rfc2217_event_t event = {0};
    for (size_t at = 0; at < size; at++) {
        (void)reflash_rfc2217_push(&reader, data[at]);
    }
    for (unsigned turn = 0; turn < 4; turn++) {
        (void)reflash_rfc2217_push(&reader, turn % 2 == 0 ? 0xFF : 0xF0);
    }
    for (size_t at = 0; at < answer_bytes; at++) {
        event = reflash_rfc2217_push(&reader, answer[at]);
    }
    if (event.what != REFLASH_RFC2217_BLOCK || event.code != 107 || event.value != 0xFF) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_nonsense(data, size);
    client_t client = {0};
    espsim_rfc2217_t server;
    espsim_rfc2217_open(&server, &events, &client, 115200);
    for (size_t at = 0; at < size; at++) {
        push(&server, &client, data[at]);
    }
    /* IAC SE ends whatever was open, but for an option's name, which SE may be; then another one does. */
    for (unsigned turn = 0; turn < 4; turn++) {
        push(&server, &client, turn % 2 == 0 ? 0xFF : 0xF0);
    }
    for (unsigned byte = 0; byte <= 0xFF; byte++) {
        uint8_t escaped[2];
        const unsigned count = espsim_rfc2217_escape((uint8_t)byte, escaped);
        for (unsigned part = 0; part < count; part++) {
            push(&server, &client, escaped[part]);
        }
        if (client.data_bytes != 1 || client.last_data != byte) {
            abort();
        }
    }
    return 0;
}
