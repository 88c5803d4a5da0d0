/* SPDX-License-Identifier: Apache-2.0 */
/** A port that plays a script: it knows which wire bytes the library has to send next and what the target answers.
 *  Anything else fails the test on the spot. Its clock is virtual and moves when bytes travel and when the
 *  library waits. */
#pragma once

#include "esp_loader_io.h"

enum { SCRIPT_STEPS_MAX = 512, SCRIPT_BYTES_MAX = 1 << 16, LINE_CALLS_MAX = 64 };

typedef struct {
    enum { SCRIPT_EXPECT, SCRIPT_ANSWER, SCRIPT_RESET, SCRIPT_RATE } kind;
    uint32_t start, end; /* of its bytes in `bytes`; for SCRIPT_RATE `start` is the rate */
} script_step_t;

typedef struct {
    esp_loader_port_t port; /* .ops is scripted_port_ops or, after scripted_port_change_ops(), a copy */
    esp_loader_port_ops_t changed_ops;

    /* Faults: the n-th call counted from scripted_port_init() returns the error. 0: none. */
    uint32_t fail_write_call, fail_read_call;
    esp_loader_error_t write_error, read_error, rate_error, init_error;
    /* Instead of a script: take whatever is sent, and answer with these bytes again and again, forever. */
    const uint8_t *babble;
    size_t babble_bytes;

    /* What happened. */
    char line_calls[LINE_CALLS_MAX]; /* I init, D deinit, B enter_bootloader, R reset_target */
    uint32_t write_calls, read_calls, rate_calls;
    uint32_t requests;     /* steps SCRIPT_EXPECT that were met */
    uint32_t unread_bytes; /* what had not been read when the last request began */
    uint32_t timer_ms;     /* the last countdown */
    uint64_t now_us;

    /* The script. Private. */
    uint64_t deadline_us;
    script_step_t steps[SCRIPT_STEPS_MAX];
    uint32_t step_count, step_at, met_bytes;
    uint8_t bytes[SCRIPT_BYTES_MAX];
    uint32_t byte_count;
    uint8_t input[SCRIPT_BYTES_MAX];
    uint32_t input_start, input_end;
    size_t babble_at;
} scripted_port_t;

/** All of esp_loader_port_ops_t but what only SPI and SDIO need. */
extern const esp_loader_port_ops_t scripted_port_ops;

/** A port without a script: nothing may be sent. */
void scripted_port_init(scripted_port_t *port);
/** A copy of the table that a test may alter; the port uses it from now on. */
esp_loader_port_ops_t *scripted_port_change_ops(scripted_port_t *port);

/** Add to the script. Words, separated by spaces:
 *      >HEX      the library sends exactly these bytes next, in any number of calls
 *      <HEX      then these bytes come back at once
 *      reset     the library resets the target into its loader; what was not read is lost
 *      rate=N    the library sets the port's rate
 *  A request that is not followed by < is met with silence. */
void scripted_port_play(scripted_port_t *port, const char *script);
/** Make room for another script; the one before must have been played to its end. */
void scripted_port_rewind(scripted_port_t *port);
/** Fails the test unless the whole script was played. */
void scripted_port_expect_end(const scripted_port_t *port);
