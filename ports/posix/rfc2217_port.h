/* SPDX-License-Identifier: Apache-2.0 */
/** A target behind a serial server that speaks RFC 2217: ser2net, pyserial's and esptool's servers, espsim. Rate,
 *  DTR and RTS reach the target, so it works as at a serial device. */
#pragma once

#include "esp_loader_io.h"
#include "rfc2217_codec.h"
#include "reset_lines.h"
#include "stream.h"

enum { RFC2217_PORT_KEPT_BYTES = 1024 };

typedef struct {
    union {
        esp_loader_port_t port;   /*!< .ops = &rfc2217_port_ops */
        reflash_stream_t _stream; /*!< Private. */
    };
    const char *host;      /*!< Name or address. */
    const char *service;   /*!< Port number. */
    uint32_t baudrate;     /*!< To begin with. */
    reflash_lines_t lines; /*!< All 0: a development board. */
    reflash_rfc2217_reader_t _reader;
    bool _agreed, _refused;       /* the server takes part in the COM-PORT option, or does not */
    bool _suspended;              /* the server wants no data for now */
    bool _controls_are_silent;    /* the server does not answer SET-CONTROL */
    uint8_t _awaited;             /* the answer that is waited for ... */
    unsigned _answers;            /* ... how often it came ... */
    uint32_t _value;              /* ... and what it said */
    uint16_t _kept_at, _kept_end; /* data that came while an answer was waited for */
    uint8_t _kept[RFC2217_PORT_KEPT_BYTES];
} rfc2217_port_t;

/** `init` connects and agrees on the option; FAIL leaves the reason in errno (EHOSTUNREACH: the name is not known;
 *  EPROTO: the server does not speak RFC 2217, or does not take the rate). */
extern const esp_loader_port_ops_t rfc2217_port_ops;
