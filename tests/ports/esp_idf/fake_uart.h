/* SPDX-License-Identifier: Apache-2.0 */
/** The fake of driver/uart.h, at the wires. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool installed;
    int rx_bytes, tx_bytes, queue_size;
    int tx_pin, rx_pin;
    uint32_t overrun_bytes; /* came while the buffer was full, and were lost */
} fake_uart_t;

void fake_uart_start(void);
/** UART 1, the only one that is there. */
const fake_uart_t *fake_uart(void);
