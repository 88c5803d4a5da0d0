/* SPDX-License-Identifier: Apache-2.0 */
/** The server's half of RFC 2217, a serial port behind Telnet, as a pure state machine: bytes of the client in,
 *  bytes for the client and events out. It knows no socket and no chip, and takes any bytes in any pieces.
 *
 *  Telnet framing is that of RFC 854 and RFC 855. Data is transparent from the first byte: no client of a serial
 *  port wants the line ends of a terminal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What the client wants done. Called from inside espsim_rfc2217_push(), in the order of the stream. */
typedef struct {
    void (*send)(void *context, const uint8_t *bytes, size_t count); /* to the client, as they are */
    void (*data)(void *context, uint8_t byte);                       /* for the serial line, IAC taken out */
    void (*baud)(void *context, uint32_t baud);
    void (*lines)(void *context, bool dtr, bool rts);
    void (*purge)(void *context, bool from_line, bool to_line); /* forget what waits in that direction */
} espsim_rfc2217_events_t;

/** One Telnet option on one side. */
typedef enum { ESPSIM_TELNET_NO, ESPSIM_TELNET_ASKED, ESPSIM_TELNET_YES } espsim_telnet_side_t;

enum { ESPSIM_TELNET_OPTION_COUNT = 3, ESPSIM_RFC2217_BLOCK_BYTES = 64 };

/** Private but for what the functions below tell. */
typedef struct {
    const espsim_rfc2217_events_t *events;
    void *context;
    uint32_t baud;
    bool dtr, rts, in_break;
    bool suspended; /* the client wants no data until it says so */
    uint8_t line_mask, modem_mask;
    espsim_telnet_side_t us[ESPSIM_TELNET_OPTION_COUNT], them[ESPSIM_TELNET_OPTION_COUNT];
    enum {
        ESPSIM_TELNET_DATA,
        ESPSIM_TELNET_IAC,
        ESPSIM_TELNET_OPTION,
        ESPSIM_TELNET_BLOCK,
        ESPSIM_TELNET_BLOCK_IAC
    } state;
    uint8_t command;                           /* WILL, WONT, DO or DONT; its option comes next */
    uint8_t block[ESPSIM_RFC2217_BLOCK_BYTES]; /* of a subnegotiation */
    uint8_t block_bytes;                       /* more than fit: a block that is dropped */
} espsim_rfc2217_t;

/** A new connection at `baud`: both lines released, the options that a serial port wants asked for. */
void espsim_rfc2217_open(espsim_rfc2217_t *server, const espsim_rfc2217_events_t *events, void *context, uint32_t baud);

/** One byte from the client. It is answered with at most ESPSIM_RFC2217_BLOCK_BYTES bytes. */
void espsim_rfc2217_push(espsim_rfc2217_t *server, uint8_t byte);

/** A byte of the serial line as it goes to the client: one or two bytes. Returns how many. */
unsigned espsim_rfc2217_escape(uint8_t byte, uint8_t escaped[2]);
