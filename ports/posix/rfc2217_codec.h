/* SPDX-License-Identifier: Apache-2.0 */
/** RFC 2217 as a client sees it: bytes of the connection <-> data, options and answers. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REFLASH_TELNET_WILL = 0xFB, REFLASH_TELNET_WONT, REFLASH_TELNET_DO, REFLASH_TELNET_DONT };
enum { REFLASH_TELNET_BINARY = 0, REFLASH_TELNET_SUPPRESS_GO_AHEAD = 3, REFLASH_TELNET_COM_PORT = 44 };

/** Requests of the COM-PORT option. The server answers each under its number plus 100. */
enum {
    REFLASH_RFC2217_SET_BAUDRATE = 1,
    REFLASH_RFC2217_SET_DATASIZE = 2,
    REFLASH_RFC2217_SET_PARITY = 3,
    REFLASH_RFC2217_SET_STOPSIZE = 4,
    REFLASH_RFC2217_SET_CONTROL = 5,
    REFLASH_RFC2217_FLOW_SUSPEND = 8,
    REFLASH_RFC2217_FLOW_RESUME = 9,
    REFLASH_RFC2217_PURGE_DATA = 12,
    REFLASH_RFC2217_ANSWER = 100
};

enum { REFLASH_RFC2217_BLOCK_MAX = 16, REFLASH_RFC2217_VALUE_MAX = 4 };

typedef struct {
    enum {
        REFLASH_TELNET_IN_DATA,
        REFLASH_TELNET_IN_COMMAND,
        REFLASH_TELNET_IN_OPTION,
        REFLASH_TELNET_IN_BLOCK,
        REFLASH_TELNET_IN_BLOCK_COMMAND
    } state;
    uint8_t command;
    uint8_t block[REFLASH_RFC2217_BLOCK_MAX];
    uint8_t block_bytes; /* more than fit: the block says nothing to us */
} reflash_rfc2217_reader_t;

/** What a byte of the connection completed. */
typedef struct {
    enum { REFLASH_RFC2217_NOTHING, REFLASH_RFC2217_DATA, REFLASH_RFC2217_OPTION, REFLASH_RFC2217_BLOCK } what;
    uint8_t data;            /* DATA */
    uint8_t command, option; /* OPTION: WILL, WONT, DO or DONT, and which */
    uint8_t code;            /* BLOCK: of the COM-PORT option ... */
    uint32_t value;          /* ... and its value, big-endian, of at most four bytes; 0 without one */
} reflash_rfc2217_event_t;

/** One byte from the server. A reader that is all 0 is at the beginning of a connection. */
reflash_rfc2217_event_t reflash_rfc2217_push(reflash_rfc2217_reader_t *reader, uint8_t byte);

/** A request with a value of `value_bytes` (0 to 4) bytes. Returns its length, at most REFLASH_RFC2217_BLOCK_MAX. */
size_t reflash_rfc2217_request(uint8_t code, uint32_t value, unsigned value_bytes,
                               uint8_t request[REFLASH_RFC2217_BLOCK_MAX]);

/** Data as it is sent: `escaped` takes twice `count` bytes. Returns how many they are. */
size_t reflash_rfc2217_escape(const uint8_t *data, size_t count, uint8_t *escaped);
