/* SPDX-License-Identifier: Apache-2.0 */
#include "rfc2217_codec.h"

enum { SE = 0xF0, SB = 0xFA, IAC = 0xFF };

static const reflash_rfc2217_event_t nothing = {.what = REFLASH_RFC2217_NOTHING};

static void keep(reflash_rfc2217_reader_t *reader, uint8_t byte)
{
    if (reader->block_bytes < sizeof(reader->block)) {
        reader->block[reader->block_bytes] = byte;
    }
    if (reader->block_bytes <= sizeof(reader->block)) {
        reader->block_bytes++;
    }
}

static reflash_rfc2217_event_t on_command(reflash_rfc2217_reader_t *reader, uint8_t byte)
{
    reader->state = REFLASH_TELNET_IN_DATA;
    if (byte == IAC) {
        return (reflash_rfc2217_event_t){.what = REFLASH_RFC2217_DATA, .data = IAC};
    }
    if (byte == SB) {
        reader->block_bytes = 0;
        reader->state = REFLASH_TELNET_IN_BLOCK;
    } else if (byte >= REFLASH_TELNET_WILL) {
        reader->command = byte;
        reader->state = REFLASH_TELNET_IN_OPTION;
    }
    return nothing;
}

static reflash_rfc2217_event_t on_option(reflash_rfc2217_reader_t *reader, uint8_t byte)
{
    reader->state = REFLASH_TELNET_IN_DATA;
    return (reflash_rfc2217_event_t){.what = REFLASH_RFC2217_OPTION, .command = reader->command, .option = byte};
}

static reflash_rfc2217_event_t on_block(const reflash_rfc2217_reader_t *reader)
{
    const unsigned count = reader->block_bytes;
    if (count < 2 || count > 2 + REFLASH_RFC2217_VALUE_MAX || reader->block[0] != REFLASH_TELNET_COM_PORT) {
        return nothing;
    }
    reflash_rfc2217_event_t event = {.what = REFLASH_RFC2217_BLOCK, .code = reader->block[1]};
    for (unsigned at = 2; at < count; at++) {
        event.value = event.value << 8 | reader->block[at];
    }
    return event;
}

static reflash_rfc2217_event_t on_block_command(reflash_rfc2217_reader_t *reader, uint8_t byte)
{
    if (byte == IAC) {
        keep(reader, IAC);
        reader->state = REFLASH_TELNET_IN_BLOCK;
        return nothing;
    }
    if (byte == SE) {
        reader->state = REFLASH_TELNET_IN_DATA;
        return on_block(reader);
    }
    return on_command(reader, byte); /* the block's end got lost */
}

reflash_rfc2217_event_t reflash_rfc2217_push(reflash_rfc2217_reader_t *reader, uint8_t byte)
{
    switch (reader->state) {
    case REFLASH_TELNET_IN_COMMAND:
        return on_command(reader, byte);
    case REFLASH_TELNET_IN_OPTION:
        return on_option(reader, byte);
    case REFLASH_TELNET_IN_BLOCK:
        if (byte == IAC) {
            reader->state = REFLASH_TELNET_IN_BLOCK_COMMAND;
        } else {
            keep(reader, byte);
        }
        return nothing;
    case REFLASH_TELNET_IN_BLOCK_COMMAND:
        return on_block_command(reader, byte);
    default:
        if (byte == IAC) {
            reader->state = REFLASH_TELNET_IN_COMMAND;
            return nothing;
        }
        return (reflash_rfc2217_event_t){.what = REFLASH_RFC2217_DATA, .data = byte};
    }
}

size_t reflash_rfc2217_escape(const uint8_t *data, size_t count, uint8_t *escaped)
{
    size_t used = 0;
    for (size_t at = 0; at < count; at++) {
        escaped[used++] = data[at];
        if (data[at] == IAC) {
            escaped[used++] = IAC;
        }
    }
    return used;
}

size_t reflash_rfc2217_request(uint8_t code, uint32_t value, unsigned value_bytes,
                               uint8_t request[REFLASH_RFC2217_BLOCK_MAX])
{
    size_t used = 0;
    request[used++] = IAC;
    request[used++] = SB;
    request[used++] = REFLASH_TELNET_COM_PORT;
    request[used++] = code;
    for (unsigned left = value_bytes; left > 0; left--) {
        const uint8_t byte = (uint8_t)(value >> (8 * (left - 1)));
        used += reflash_rfc2217_escape(&byte, 1, request + used);
    }
    request[used++] = IAC;
    request[used++] = SE;
    return used;
}
