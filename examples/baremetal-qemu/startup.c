/* SPDX-License-Identifier: Apache-2.0 */
/* From reset to main(): the vector table, and what C expects of its variables. */
#include <stddef.h>
#include <stdint.h>

/* Places that the linker script names; only their addresses mean anything. */
extern uint32_t data_start[], data_end[], bss_start[], bss_end[], stack_top[];
extern const uint32_t data_content[];

int main(void);
void reset_handler(void);
void SysTick_Handler(void);  /* ports/baremetal */
void uart1_rx_handler(void); /* uart.c */
void uart2_rx_handler(void);

void reset_handler(void)
{
    const uint32_t *from = data_content;
    for (uint32_t *to = data_start; (uintptr_t)to < (uintptr_t)data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = bss_start; (uintptr_t)to < (uintptr_t)bss_end; to++) {
        *to = 0;
    }
    (void)main();
    for (;;) {
    }
}

/* Stays here, for a debugger to find. */
static void stop(void)
{
    for (;;) {
    }
}

typedef union {
    void (*handler)(void);
    const uint32_t *stack;
} vector_t;

enum { SYSTEM = 16, UART1_RX = SYSTEM + 2, UART2_RX = SYSTEM + 4, VECTOR_COUNT = SYSTEM + 32 };

__attribute__((section(".vectors"), used)) static const vector_t vectors[VECTOR_COUNT] = {
    [0] = {.stack = stack_top},
    [1] = {.handler = reset_handler},
    [2] = {.handler = stop}, /* NMI */
    [3] = {.handler = stop}, /* hard fault; the others end here too */
    [15] = {.handler = SysTick_Handler},
    [UART1_RX] = {.handler = uart1_rx_handler},
    [UART2_RX] = {.handler = uart2_rx_handler},
};
