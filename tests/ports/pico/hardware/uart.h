/* SPDX-License-Identifier: Apache-2.0 */
/** See pico.h. */
#pragma once

#include "pico.h"

enum { NUM_UARTS = 2 };

/** Of its registers, this one. */
typedef struct {
    volatile uint32_t rsr;
} uart_hw_t;
typedef uart_hw_t uart_inst_t;

extern uart_hw_t fake_uart_hw[NUM_UARTS];

#define uart0 (&fake_uart_hw[0])
#define uart1 (&fake_uart_hw[1])
#define UART_UARTRSR_OE_BITS 8u

uint uart_init(uart_inst_t *uart, uint baudrate);
void uart_deinit(uart_inst_t *uart);
uint uart_set_baudrate(uart_inst_t *uart, uint baudrate);
uint uart_get_index(uart_inst_t *uart);
uart_hw_t *uart_get_hw(uart_inst_t *uart);
void uart_set_irq_enables(uart_inst_t *uart, bool rx_has_data, bool tx_needs_data);
bool uart_is_writable(uart_inst_t *uart);
bool uart_is_readable(uart_inst_t *uart);
void uart_putc_raw(uart_inst_t *uart, char c);
char uart_getc(uart_inst_t *uart);
void uart_tx_wait_blocking(uart_inst_t *uart);
