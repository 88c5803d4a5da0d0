/* SPDX-License-Identifier: Apache-2.0 */
#include "baremetal_port.h"

static const baremetal_board_t *board_of(esp_loader_port_t *port)
{
    return container_of(port, baremetal_port_t, port)->board;
}

/* --- Time -------------------------------------------------------------------------------------------------- */

#ifndef SYSTICK /* a test has others */
#define SYSTICK ((volatile uint32_t *)0xE000E010)
#define WAIT_FOR_INTERRUPT() __asm volatile("wfi")
#define FIRST_MS 0
#endif

enum { SYSTICK_CONTROL, SYSTICK_RELOAD, SYSTICK_VALUE };
enum { SYSTICK_ON = 1, SYSTICK_INTERRUPT = 2, SYSTICK_FROM_CPU = 4 };

static volatile uint32_t now_ms = FIRST_MS;

/* By this name the vector table finds it. */
void SysTick_Handler(void);
void SysTick_Handler(void)
{
    now_ms = now_ms + 1;
}

uint32_t baremetal_now_ms(void)
{
    return now_ms;
}

/* The difference is right also where the clock wrapped in between. */
static bool is_over(uint32_t start_ms, uint32_t ms)
{
    return now_ms - start_ms >= ms;
}

static void start_timer(esp_loader_port_t *base, uint32_t ms)
{
    baremetal_port_t *port = container_of(base, baremetal_port_t, port);
    port->_timer_start_ms = now_ms;
    port->_timer_ms = ms;
}

static uint32_t remaining_time(esp_loader_port_t *base)
{
    const baremetal_port_t *port = container_of(base, baremetal_port_t, port);
    const uint32_t gone_ms = now_ms - port->_timer_start_ms;
    return gone_ms < port->_timer_ms ? port->_timer_ms - gone_ms : 0;
}

/* One more than asked for: the millisecond that is running now is not a whole one. */
static void delay_ms(esp_loader_port_t *base, uint32_t ms)
{
    (void)base;
    const uint32_t start_ms = now_ms;
    while (!is_over(start_ms, ms + 1)) {
        WAIT_FOR_INTERRUPT();
    }
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    const baremetal_board_t *board = board_of(base);
    const uint32_t start_ms = now_ms;
    for (uint16_t at = 0; at < size; at++) {
        while (!board->put(data[at])) {
            if (is_over(start_ms, timeout)) {
                return ESP_LOADER_ERROR_TIMEOUT;
            }
        }
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    const baremetal_board_t *board = board_of(base);
    const uint32_t start_ms = now_ms;
    for (uint16_t at = 0; at < size; at++) {
        while (!board->get(&data[at])) {
            if (is_over(start_ms, timeout)) {
                return ESP_LOADER_ERROR_TIMEOUT;
            }
        }
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    return board_of(base)->set_rate(rate);
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

enum { RESET_MS = 100, BOOT_MS = 50 };

static void enter_bootloader(esp_loader_port_t *base)
{
    const baremetal_board_t *board = board_of(base);
    uint8_t forgotten;
    board->set_boot(true);
    board->set_reset(true);
    delay_ms(base, RESET_MS);
    while (board->get(&forgotten)) { /* now, and not behind the reset: the banner is wanted */
    }
    board->set_reset(false);
    delay_ms(base, BOOT_MS); /* the ROM looks at boot as reset rises */
    board->set_boot(false);
}

static void reset_target(esp_loader_port_t *base)
{
    const baremetal_board_t *board = board_of(base);
    board->set_reset(true);
    delay_ms(base, RESET_MS);
    board->set_reset(false);
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    const baremetal_port_t *port = container_of(base, baremetal_port_t, port);
    SYSTICK[SYSTICK_RELOAD] = port->board->cpu_hz / 1000 - 1;
    SYSTICK[SYSTICK_VALUE] = 0;
    SYSTICK[SYSTICK_CONTROL] = SYSTICK_ON | SYSTICK_INTERRUPT | SYSTICK_FROM_CPU;
    return port->board->set_rate(port->baudrate);
}

const esp_loader_port_ops_t baremetal_ops = {
    .init = init,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
};
