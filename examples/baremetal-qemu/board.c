/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"

#include "uart.h"

/* --- The target's UART ------------------------------------------------------------------------------------- */

static bool put(uint8_t byte)
{
    return uart_put(UART_TARGET, byte);
}

static bool get(uint8_t *byte)
{
    return uart_get(UART_TARGET, byte);
}

static bool lost(void)
{
    return uart_lost(UART_TARGET);
}

/* --- Three wires that an emulated board does not have --------------------------------------------------------- */
/* Boot and reset would be two pins here. The rate would be on the line; QEMU moves bytes and no rate, so espsim is told
 * it, and garbles what does not fit. Each is a line of text to espsim's control socket, and is answered by one. */

static bool is_answered_ok(void)
{
    enum { ANSWER_MS = 2000 };
    const uint32_t start_ms = baremetal_now_ms();
    uint8_t first = 0;
    uint8_t byte = 0;
    while (byte != '\n') {
        if (uart_get(UART_WIRES, &byte)) {
            first = first == 0 ? byte : first;
        } else if (baremetal_now_ms() - start_ms >= ANSWER_MS) {
            return false;
        }
    }
    return first == 'o'; /* "ok", and not "error" */
}

static void pull(const char *pin, bool low)
{
    uart_text(UART_WIRES, pin);
    uart_text(UART_WIRES, low ? " low\n" : " high\n");
    if (!is_answered_ok()) {
        uart_text(UART_CONSOLE, "The control socket does not move the pin ");
        uart_text(UART_CONSOLE, pin);
        uart_text(UART_CONSOLE, "\r\n");
    }
}

static void set_boot(bool low)
{
    pull("boot", low);
}

static void set_reset(bool low)
{
    pull("reset", low);
}

static esp_loader_error_t set_rate(uint32_t rate)
{
    if (!uart_set_rate(UART_TARGET, rate)) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    uart_text(UART_WIRES, "baud ");
    uart_decimal(UART_WIRES, rate);
    uart_text(UART_WIRES, "\n");
    return is_answered_ok() ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
}

const baremetal_board_t board = {
    .cpu_hz = CPU_HZ,
    .put = put,
    .get = get,
    .lost = lost,
    .set_rate = set_rate,
    .set_boot = set_boot,
    .set_reset = set_reset,
};
