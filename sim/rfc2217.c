/* SPDX-License-Identifier: Apache-2.0 */
#include "rfc2217.h"

#include <string.h>

/* RFC 854 */
enum { SE = 0xF0, SB = 0xFA, WILL = 0xFB, WONT = 0xFC, DO = 0xFD, DONT = 0xFE, IAC = 0xFF };

/* RFC 2217: what the client asks for; the server answers with the same number plus 100. */
enum {
    SIGNATURE = 0,
    SET_BAUDRATE = 1,
    SET_DATASIZE = 2,
    SET_PARITY = 3,
    SET_STOPSIZE = 4,
    SET_CONTROL = 5,
    NOTIFY_LINESTATE = 6,
    NOTIFY_MODEMSTATE = 7,
    FLOWCONTROL_SUSPEND = 8,
    FLOWCONTROL_RESUME = 9,
    SET_LINESTATE_MASK = 10,
    SET_MODEMSTATE_MASK = 11,
    PURGE_DATA = 12,
    ANSWER = 100,
};

enum {
    BAUD_MIN = 50,
    BAUD_MAX = 5000000,
    DATASIZE_8 = 8,
    PARITY_NONE = 1,
    STOPSIZE_1 = 1,
    LINESTATE = 0x60,  /* transmitter empty: nothing waits here */
    MODEMSTATE = 0xB0, /* carrier, data set ready, clear to send; nothing has changed */
};

/* The options that are accepted on either side, in the order of the members `us` and `them`. */
enum { BINARY, SUPPRESS_GO_AHEAD, COM_PORT };
static const uint8_t option_codes[ESPSIM_TELNET_OPTION_COUNT] = {
    [BINARY] = 0, [SUPPRESS_GO_AHEAD] = 3, [COM_PORT] = 44};

unsigned espsim_rfc2217_escape(uint8_t byte, uint8_t escaped[2])
{
    escaped[0] = byte;
    escaped[1] = byte;
    return byte == IAC ? 2 : 1;
}

/* --- To the client ------------------------------------------------------------------------------------------ */

static void send_option(espsim_rfc2217_t *server, uint8_t command, uint8_t option)
{
    const uint8_t bytes[] = {IAC, command, option};
    server->events->send(server->context, bytes, sizeof(bytes));
}

static void answer(espsim_rfc2217_t *server, uint8_t request, const uint8_t *value, size_t value_bytes)
{
    uint8_t bytes[ESPSIM_RFC2217_BLOCK_BYTES] = {IAC, SB, option_codes[COM_PORT], (uint8_t)(request + ANSWER)};
    size_t count = 4;
    for (size_t at = 0; at < value_bytes; at++) {
        count += espsim_rfc2217_escape(value[at], &bytes[count]);
    }
    bytes[count++] = IAC;
    bytes[count++] = SE;
    server->events->send(server->context, bytes, count);
}

static void answer_byte(espsim_rfc2217_t *server, uint8_t request, uint8_t value)
{
    answer(server, request, &value, 1);
}

static void notify_modem(espsim_rfc2217_t *server)
{
    answer_byte(server, NOTIFY_MODEMSTATE, MODEMSTATE & server->modem_mask);
}

/* --- The serial port's settings -------------------------------------------------------------------------------- */

static void set_lines(espsim_rfc2217_t *server, bool dtr, bool rts)
{
    const bool changed = dtr != server->dtr || rts != server->rts;
    server->dtr = dtr;
    server->rts = rts;
    if (changed) {
        server->events->lines(server->context, dtr, rts);
    }
}

/* What a request of SET-CONTROL does, and what is true afterwards. */
static uint8_t control(espsim_rfc2217_t *server, uint8_t request)
{
    enum {
        FLOW_NONE = 1,
        BREAK_STATE = 4,
        BREAK_ON,
        BREAK_OFF,
        DTR_STATE,
        DTR_ON,
        DTR_OFF,
        RTS_STATE,
        RTS_ON,
        RTS_OFF,
        INBOUND_FLOW_STATE,
        INBOUND_FLOW_NONE,
        INBOUND_FLOW_XON,
        INBOUND_FLOW_HARDWARE,
        INBOUND_FLOW_DTR = 18
    };
    switch (request) {
    case BREAK_ON: /* the chip's receiver sees nothing in it */
    case BREAK_OFF:
        server->in_break = request == BREAK_ON;
        return request;
    case BREAK_STATE:
        return server->in_break ? BREAK_ON : BREAK_OFF;
    case DTR_ON:
    case DTR_OFF:
        set_lines(server, request == DTR_ON, server->rts);
        return request;
    case DTR_STATE:
        return server->dtr ? DTR_ON : DTR_OFF;
    case RTS_ON:
    case RTS_OFF:
        set_lines(server, server->dtr, request == RTS_ON);
        return request;
    case RTS_STATE:
        return server->rts ? RTS_ON : RTS_OFF;
    case INBOUND_FLOW_STATE:
    case INBOUND_FLOW_NONE:
    case INBOUND_FLOW_XON:
    case INBOUND_FLOW_HARDWARE:
    case INBOUND_FLOW_DTR:
        return INBOUND_FLOW_NONE;
    default: /* the lines of a loader carry no flow control */
        return FLOW_NONE;
    }
}

static void set_baud(espsim_rfc2217_t *server, const uint8_t value[4])
{
    const uint32_t baud = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 | (uint32_t)value[2] << 8 | value[3];
    if (baud >= BAUD_MIN && baud <= BAUD_MAX) {
        server->baud = baud;
        server->events->baud(server->context, baud);
    }
    const uint8_t now[] = {(uint8_t)(server->baud >> 24), (uint8_t)(server->baud >> 16), (uint8_t)(server->baud >> 8),
                           (uint8_t)server->baud};
    answer(server, SET_BAUDRATE, now, sizeof(now));
}

static void purge(espsim_rfc2217_t *server, uint8_t which)
{
    enum { FROM_LINE = 1, TO_LINE = 2, BOTH = 3 };
    if (which >= FROM_LINE && which <= BOTH) {
        server->events->purge(server->context, (which & FROM_LINE) != 0, (which & TO_LINE) != 0);
    }
    answer_byte(server, PURGE_DATA, which);
}

/* A request with its value of one byte. */
static void on_byte_request(espsim_rfc2217_t *server, uint8_t request, uint8_t value)
{
    switch (request) {
    case SET_DATASIZE: /* whatever is wanted: the answer is what the chip has */
        answer_byte(server, request, DATASIZE_8);
        break;
    case SET_PARITY:
        answer_byte(server, request, PARITY_NONE);
        break;
    case SET_STOPSIZE:
        answer_byte(server, request, STOPSIZE_1);
        break;
    case SET_CONTROL:
        answer_byte(server, request, control(server, value));
        break;
    case SET_LINESTATE_MASK:
        server->line_mask = value;
        answer_byte(server, request, value);
        break;
    case SET_MODEMSTATE_MASK:
        server->modem_mask = value;
        answer_byte(server, request, value);
        break;
    case PURGE_DATA:
        purge(server, value);
        break;
    default:
        break;
    }
}

/* A whole block of the COM-PORT option: what it is about, then its value. */
static void on_request(espsim_rfc2217_t *server, uint8_t request, const uint8_t *value, size_t value_bytes)
{
    static const char name[] = "espsim";
    switch (request) {
    case SIGNATURE:
        if (value_bytes == 0) { /* with a text it is the client's own */
            answer(server, SIGNATURE, (const uint8_t *)name, sizeof(name) - 1);
        }
        break;
    case SET_BAUDRATE:
        if (value_bytes >= 4) {
            set_baud(server, value);
        }
        break;
    case NOTIFY_LINESTATE: /* a client that polls */
        answer_byte(server, NOTIFY_LINESTATE, LINESTATE & server->line_mask);
        break;
    case NOTIFY_MODEMSTATE:
        notify_modem(server);
        break;
    case FLOWCONTROL_SUSPEND:
    case FLOWCONTROL_RESUME:
        server->suspended = request == FLOWCONTROL_SUSPEND;
        break;
    default:
        if (value_bytes >= 1) {
            on_byte_request(server, request, value[0]);
        }
        break;
    }
}

/* --- Telnet ------------------------------------------------------------------------------------------------------ */

static void on_option(espsim_rfc2217_t *server, uint8_t command, uint8_t code)
{
    const bool about_us = command == DO || command == DONT;
    const bool yes = command == DO || command == WILL;
    const uint8_t agree = about_us ? WILL : DO;
    const uint8_t refuse = about_us ? WONT : DONT;
    for (unsigned row = 0; row < ESPSIM_TELNET_OPTION_COUNT; row++) {
        if (option_codes[row] != code) {
            continue;
        }
        espsim_telnet_side_t *side = about_us ? &server->us[row] : &server->them[row];
        const espsim_telnet_side_t before = *side;
        *side = yes ? ESPSIM_TELNET_YES : ESPSIM_TELNET_NO;
        /* Only a change that was not asked for is answered, or two ends would go on for ever. */
        if (yes && before == ESPSIM_TELNET_NO) {
            send_option(server, agree, code);
        } else if (!yes && before == ESPSIM_TELNET_YES) {
            send_option(server, refuse, code);
        }
        if (row == COM_PORT && yes && before != ESPSIM_TELNET_YES) {
            notify_modem(server);
        }
        return;
    }
    if (yes) {
        send_option(server, refuse, code);
    }
}

static void on_block(espsim_rfc2217_t *server)
{
    if (server->block_bytes >= 2 && server->block_bytes <= sizeof(server->block) &&
        server->block[0] == option_codes[COM_PORT]) {
        on_request(server, server->block[1], server->block + 2, server->block_bytes - 2u);
    }
}

static void keep(espsim_rfc2217_t *server, uint8_t byte)
{
    if (server->block_bytes < sizeof(server->block)) {
        server->block[server->block_bytes] = byte;
    }
    if (server->block_bytes <= sizeof(server->block)) {
        server->block_bytes++;
    }
}

/* The byte behind an IAC outside of a block. */
static void on_command(espsim_rfc2217_t *server, uint8_t byte)
{
    server->state = ESPSIM_TELNET_DATA;
    switch (byte) {
    case IAC:
        server->events->data(server->context, IAC);
        break;
    case SB:
        server->block_bytes = 0;
        server->state = ESPSIM_TELNET_BLOCK;
        break;
    case WILL:
    case WONT:
    case DO:
    case DONT:
        server->command = byte;
        server->state = ESPSIM_TELNET_OPTION;
        break;
    default: /* NOP, AYT and the like mean nothing to a serial line */
        break;
    }
}

static void on_block_command(espsim_rfc2217_t *server, uint8_t byte)
{
    if (byte == IAC) {
        keep(server, IAC);
        server->state = ESPSIM_TELNET_BLOCK;
    } else if (byte == SE) {
        server->state = ESPSIM_TELNET_DATA;
        on_block(server);
    } else {
        on_command(server, byte); /* its end got lost: drop the block, stay in step with what follows */
    }
}

/* --- Public -------------------------------------------------------------------------------------------------------- */

void espsim_rfc2217_open(espsim_rfc2217_t *server, const espsim_rfc2217_events_t *events, void *context, uint32_t baud)
{
    memset(server, 0, sizeof(*server));
    server->events = events;
    server->context = context;
    server->baud = baud;
    server->modem_mask = UINT8_MAX;
    for (unsigned row = 0; row < ESPSIM_TELNET_OPTION_COUNT; row++) {
        server->them[row] = ESPSIM_TELNET_ASKED;
        send_option(server, DO, option_codes[row]);
        if (row != COM_PORT) { /* of the two ends the client is the one that controls */
            server->us[row] = ESPSIM_TELNET_ASKED;
            send_option(server, WILL, option_codes[row]);
        }
    }
}

void espsim_rfc2217_push(espsim_rfc2217_t *server, uint8_t byte)
{
    switch (server->state) {
    case ESPSIM_TELNET_DATA:
        if (byte == IAC) {
            server->state = ESPSIM_TELNET_IAC;
        } else {
            server->events->data(server->context, byte);
        }
        break;
    case ESPSIM_TELNET_IAC:
        on_command(server, byte);
        break;
    case ESPSIM_TELNET_OPTION:
        server->state = ESPSIM_TELNET_DATA;
        on_option(server, server->command, byte);
        break;
    case ESPSIM_TELNET_BLOCK:
        if (byte == IAC) {
            server->state = ESPSIM_TELNET_BLOCK_IAC;
        } else {
            keep(server, byte);
        }
        break;
    case ESPSIM_TELNET_BLOCK_IAC:
        on_block_command(server, byte);
        break;
    }
}
