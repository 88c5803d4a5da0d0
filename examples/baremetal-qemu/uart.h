/* SPDX-License-Identifier: Apache-2.0 */
/** The board's UARTs (Arm CMSDK): sending by polling, receiving by interrupt into a buffer of 1 KiB each. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CPU_HZ = 25000000 };

typedef enum {
    UART_CONSOLE, /*!< What a person sees. Only sends. */
    UART_TARGET,  /*!< The chip that is flashed. */
    UART_WIRES,   /*!< espsim's control socket, in place of three wires. */
    UART_COUNT
} uart_id_t;

/** Switch it on, at `rate` baud. Nothing is received before. */
void uart_open(uart_id_t uart, uint32_t rate);
/** Rates from 24 to 1562500 baud; others are not set, and false is returned. */
bool uart_set_rate(uart_id_t uart, uint32_t rate);

/** Hand over a byte; false: there is no room now. */
bool uart_put(uart_id_t uart, uint8_t byte);
/** Take the oldest byte received; false: there is none. While the buffer is full the next byte stays in the UART. */
bool uart_get(uart_id_t uart, uint8_t *byte);
/** Whether bytes were lost since it was asked last; then what there is is thrown away. */
bool uart_lost(uart_id_t uart);

/** Send text, or a number as decimal digits; wait until all is handed over. */
void uart_text(uart_id_t uart, const char *text);
void uart_decimal(uart_id_t uart, uint32_t number);
