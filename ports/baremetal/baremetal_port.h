/* SPDX-License-Identifier: Apache-2.0 */
/** The smallest complete port, for a Cortex-M without an operating system: a template to copy, or to use as it is with
 *  a table of six functions. Time comes from SysTick, which this port takes for itself. */
#pragma once

#include "deadline.h"
#include "esp_loader_io.h"
#include "reset_lines.h"

/** What a board has to offer. None of these waits for the target. */
typedef struct {
    uint32_t cpu_hz; /*!< What SysTick counts; at least 2000. */
    /** Hand one byte to the UART. False: it has no room now. */
    bool (*put)(uint8_t byte);
    /** Take the oldest byte that was received. False: there is none. Between two calls up to 50 ms pass while the target
     *  talks, so receive in an interrupt, or by DMA, into a buffer of a KiB. */
    bool (*get)(uint8_t *byte);
    /** Whether received bytes were lost since it was asked last, as reflash_ring_lost() tells of a ring; then `get` has
     *  nothing more of what came before. NULL: it is not known. */
    bool (*lost)(void);
    /** Set the UART to `rate` baud, 8 data bits, no parity, no flow control. Nothing is on its way when it is called. */
    esp_loader_error_t (*set_rate)(uint32_t rate);
    /** Pull the target's boot strap, or its reset, low; or let go of it. One that is not wired: do nothing. */
    void (*set_boot)(bool low);
    void (*set_reset)(bool low);
} baremetal_board_t;

typedef struct {
    esp_loader_port_t port;         /*!< .ops = &baremetal_ops */
    const baremetal_board_t *board; /*!< Must outlive the port. Each target has one of its own. */
    uint32_t baudrate;              /*!< To begin with: 115200. */
    reflash_lines_t lines;          /*!< REFLASH_LINES_OF_BUILD(): wired directly; all 0: two transistors. */
    reflash_deadline_t _timer;      /*!< Private. */
} baremetal_port_t;

extern const esp_loader_port_ops_t baremetal_ops;

/** Milliseconds since the first port was opened; begins again at 0 after 49 days. */
uint32_t baremetal_now_ms(void);
