/* SPDX-License-Identifier: Apache-2.0 */
#include "baremetal_port.h"

#include "polled.h"

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

static void start_timer(esp_loader_port_t *base, uint32_t ms)
{
    container_of(base, baremetal_port_t, port)->_timer = reflash_deadline(now_ms, ms);
}

static uint32_t remaining_time(esp_loader_port_t *base)
{
    return reflash_deadline_left_ms(&container_of(base, baremetal_port_t, port)->_timer, now_ms);
}

/* One more than asked for: the millisecond that is running now is not a whole one. */
static void delay_ms(esp_loader_port_t *base, uint32_t ms)
{
    (void)base;
    const reflash_deadline_t deadline = reflash_deadline(now_ms, ms + 1);
    while (!reflash_deadline_is_over(&deadline, now_ms)) {
        WAIT_FOR_INTERRUPT();
    }
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

static bool put(esp_loader_port_t *base, uint8_t byte)
{
    return board_of(base)->put(byte);
}

static bool get(esp_loader_port_t *base, uint8_t *byte)
{
    return board_of(base)->get(byte);
}

static bool lost(esp_loader_port_t *base)
{
    return board_of(base)->lost != NULL && board_of(base)->lost();
}

static const reflash_polled_t polled = {baremetal_now_ms, put, get, lost};

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    return reflash_polled_write(base, &polled, data, size, timeout);
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    return reflash_polled_read(base, &polled, data, size, timeout);
}

static void flush(esp_loader_port_t *base)
{
    reflash_polled_flush(base, &polled);
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    return board_of(base)->set_rate(rate);
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void set_lines(esp_loader_port_t *base, bool boot, bool reset)
{
    board_of(base)->set_boot(boot);
    board_of(base)->set_reset(reset);
}

static const reflash_line_moves_t moves = {set_lines, flush};

static void enter_bootloader(esp_loader_port_t *base)
{
    reflash_lines_enter_bootloader(base, &container_of(base, baremetal_port_t, port)->lines, &moves);
}

static void reset_target(esp_loader_port_t *base)
{
    reflash_lines_reset_target(base, &container_of(base, baremetal_port_t, port)->lines, &moves);
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
    .flush = flush,
};
