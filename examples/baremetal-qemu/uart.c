/* SPDX-License-Identifier: Apache-2.0 */
#include "uart.h"

#include <stddef.h>

#include "ring.h"

/* --- The hardware ------------------------------------------------------------------------------------------ */

typedef struct {
    volatile uint32_t data;
    volatile uint32_t state; /* write 1 to clear an overrun */
    volatile uint32_t control;
    volatile uint32_t interrupt; /* write 1 to clear */
    volatile uint32_t divider;   /* processor clocks per bit, at least 16 */
} registers_t;

enum { STATE_TX_FULL = 1, STATE_RX_FULL = 2, STATE_RX_OVERRUN = 8 };
enum { CONTROL_TX = 1, CONTROL_RX = 2, CONTROL_RX_INTERRUPT = 8 };
enum { INTERRUPT_RX = 2 };
enum { DIVIDER_MIN = 16, DIVIDER_MAX = 0xFFFFF };

static const struct {
    registers_t *registers;
    uint32_t rx_interrupt;
} hardware[UART_COUNT] = {
    [UART_CONSOLE] = {(registers_t *)0x40004000, 0},
    [UART_TARGET] = {(registers_t *)0x40005000, 2},
    [UART_WIRES] = {(registers_t *)0x40006000, 4},
};

static registers_t *registers_of(uart_id_t uart)
{
    return hardware[uart].registers;
}

#define NVIC_ENABLE (*(volatile uint32_t *)0xE000E100)
#define NVIC_PEND (*(volatile uint32_t *)0xE000E200)

/* --- Receiving --------------------------------------------------------------------------------------------- */

enum { BUFFER_BYTES = 1024 };

static uint8_t buffers[UART_COUNT][BUFFER_BYTES];
static reflash_ring_t received[UART_COUNT] = {
    [UART_TARGET] = {.bytes = buffers[UART_TARGET], .capacity = BUFFER_BYTES},
    [UART_WIRES] = {.bytes = buffers[UART_WIRES], .capacity = BUFFER_BYTES},
};

static void receive(uart_id_t uart)
{
    registers_t *registers = registers_of(uart);
    registers->interrupt = INTERRUPT_RX; /* first, so that a byte which comes now interrupts again */
    while ((registers->state & STATE_RX_FULL) != 0 && !reflash_ring_is_full(&received[uart])) {
        (void)reflash_ring_put(&received[uart], (uint8_t)registers->data);
    }
    if ((registers->state & STATE_RX_OVERRUN) != 0) {
        registers->state = STATE_RX_OVERRUN;
        received[uart].overrun_bytes = received[uart].overrun_bytes + 1; /* at least */
    }
}

/* In the vector table. */
void uart1_rx_handler(void);
void uart1_rx_handler(void)
{
    receive(UART_TARGET);
}

void uart2_rx_handler(void);
void uart2_rx_handler(void)
{
    receive(UART_WIRES);
}

bool uart_get(uart_id_t uart, uint8_t *byte)
{
    if (reflash_ring_take(&received[uart], byte)) {
        return true;
    }
    /* A byte for which there was no room is still in the UART, and interrupts no more. */
    NVIC_PEND = 1u << hardware[uart].rx_interrupt;
    __asm volatile("dsb\nisb" ::: "memory");
    return reflash_ring_take(&received[uart], byte);
}

bool uart_lost(uart_id_t uart)
{
    uint8_t forgotten;
    if (!reflash_ring_lost(&received[uart])) {
        return false;
    }
    while (uart_get(uart, &forgotten)) {
    }
    return true;
}

/* --- Sending ----------------------------------------------------------------------------------------------- */

bool uart_put(uart_id_t uart, uint8_t byte)
{
    registers_t *registers = registers_of(uart);
    if ((registers->state & STATE_TX_FULL) != 0) {
        return false;
    }
    registers->data = byte;
    return true;
}

void uart_text(uart_id_t uart, const char *text)
{
    for (; *text != '\0'; text++) {
        while (!uart_put(uart, (uint8_t)*text)) {
        }
    }
}

void uart_decimal(uart_id_t uart, uint32_t number)
{
    char digits[11];
    char *first = &digits[sizeof(digits) - 1];
    *first = '\0';
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    uart_text(uart, first);
}

/* --- Setting up -------------------------------------------------------------------------------------------- */

bool uart_set_rate(uart_id_t uart, uint32_t rate)
{
    const uint32_t divider = rate > 0 ? (CPU_HZ + rate / 2) / rate : 0;
    if (divider < DIVIDER_MIN || divider > DIVIDER_MAX) {
        return false;
    }
    registers_of(uart)->divider = divider;
    return true;
}

void uart_open(uart_id_t uart, uint32_t rate)
{
    (void)uart_set_rate(uart, rate);
    if (uart == UART_CONSOLE) {
        registers_of(uart)->control = CONTROL_TX;
        return;
    }
    registers_of(uart)->control = CONTROL_TX | CONTROL_RX | CONTROL_RX_INTERRUPT;
    NVIC_ENABLE = 1u << hardware[uart].rx_interrupt;
}
