/* SPDX-License-Identifier: Apache-2.0 */
/** A Raspberry Pi Pico as the host (RP2040, RP2350), for the Pico SDK 1.5 to 2.2: one of its two UARTs, received by interrupt,
 *  and two GPIOs.
 *
 *  Wiring, with 3.3 V on both sides and ground connected: TX to the target's U0RXD, RX to its U0TXD, the reset pin to
 *  its EN (CHIP_PU), the boot pin to its strapping pin - GPIO0, or GPIO9 on most RISC-V chips. Pins behind a
 *  transistor: compile the port with SERIAL_FLASHER_RESET_INVERT=1, SERIAL_FLASHER_BOOT_INVERT=1. */
#pragma once

#include "deadline.h"
#include "esp_loader_io.h"
#include "hardware/uart.h"
#include "ring.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What the target sends while the program does something else has to fit in here; a power of two. 1 KiB is 89 ms of
 *  115200 baud, and 11 ms of 921600. The same for all files that include this header. */
#ifndef PI_PICO_RING_BYTES
#define PI_PICO_RING_BYTES 2048
#endif

typedef struct {
    esp_loader_port_t port;                                             /*!< .ops = &pi_pico_uart_ops */
    uart_inst_t *uart_inst;                                             /*!< uart0 or uart1; one port each. */
    uint baudrate;                                                      /*!< To begin with: 115200. */
    uint uart_rx_pin_num, uart_tx_pin_num, reset_pin_num, boot_pin_num; /*!< Numbers of GPIOs. */
    bool
        dont_initialize_peripheral; /*!< The UART runs at `baudrate` already, on its pins, 8N1; `deinit` leaves it like that. */
    /* Private. */
    uint _baud;
    reflash_deadline_t _timer;
    reflash_ring_t _ring;
    uint8_t _received[PI_PICO_RING_BYTES];
} pi_pico_port_t;

/** `init` takes the UART, its interrupt on the core that calls it, and both GPIOs, high at first; all other calls have to
 *  come from that core. FAIL: the rate cannot be divided from clk_peri to within 2 %; nothing is taken then. `deinit`
 *  gives back the interrupt and the UART and leaves the GPIOs.
 *
 *  A rate that cannot be divided as well as that is FAIL, and the UART stays at the rate before. Bytes that came while the
 *  buffer was full, or while interrupts were off for longer than the 32 bytes of the UART's FIFO, are lost: the read that
 *  comes next throws away what there is and returns INVALID_RESPONSE, and the library asks again. */
extern const esp_loader_port_ops_t pi_pico_uart_ops;

#ifdef __cplusplus
}
#endif
