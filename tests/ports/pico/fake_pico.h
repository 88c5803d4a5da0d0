/* SPDX-License-Identifier: Apache-2.0 */
/** A Pico whose UART1 and two of whose GPIOs are the wires to a virtual chip. Made from the SDK's documentation, and
 *  strict: what that forbids fails the test. */
#pragma once

#include "hardware/uart.h"

enum { FAKE_PICO_FIFO_BYTES = 32, FAKE_PICO_SENT_MAX = 1 << 16 };
enum { FAKE_PICO_RX = 5, FAKE_PICO_TX = 4, FAKE_PICO_RESET = 6, FAKE_PICO_BOOT = 7 };

typedef struct {
    uint clock_hz;           /* of clk_peri; 0: it is off */
    bool transistors;        /* between its pins and the target's: high pulls low */
    uint8_t *sent;           /* what was sent, up to FAKE_PICO_SENT_MAX; NULL: not recorded */
    uint32_t sent_bytes;     /* how many were */
    unsigned inits, deinits; /* of the UART */
    bool is_up;              /* the UART */
    bool has_handler;        /* somebody has the UART's interrupt */
    unsigned resets;         /* how often the target's reset went low */
} fake_pico_t;

extern fake_pico_t fake_pico;

/** As after a reset, with clk_peri at 125 MHz. The wires have to be at their beginning. */
void fake_pico_power_on(void);
