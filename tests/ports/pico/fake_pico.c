/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_pico.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "pico/time.h"
#include "wires.h"

enum { THE_UART = 1, THE_IRQ = UART1_IRQ, PIN_COUNT = 30, RX_LEVEL = FAKE_PICO_FIFO_BYTES / 8 };

fake_pico_t fake_pico;
uart_hw_t fake_uart_hw[NUM_UARTS];

static struct {
    uint8_t fifo[FAKE_PICO_FIFO_BYTES];
    unsigned fifo_bytes;
    bool wants_irq, is_irq_on, is_paused;
    irq_handler_t handler;
    struct {
        gpio_function_t function;
        bool out, level, pulled_up;
    } pins[PIN_COUNT];
    bool reset_low;
} hw;

/* --- Interrupts -------------------------------------------------------------------------------------------- */

static void interrupt(void)
{
    if (hw.wants_irq && hw.is_irq_on) {
        assert_non_null(hw.handler);
        hw.handler();
    }
}

static bool is_connected(void)
{
    return fake_pico.is_up && hw.pins[FAKE_PICO_RX].function == GPIO_FUNC_UART &&
           hw.pins[FAKE_PICO_TX].function == GPIO_FUNC_UART;
}

static void on_receive(uint8_t byte)
{
    if (!is_connected() || hw.is_paused) {
        return;
    }
    if (hw.fifo_bytes == FAKE_PICO_FIFO_BYTES) {
        fake_uart_hw[THE_UART].rsr |= UART_UARTRSR_OE_BITS;
        return;
    }
    hw.fifo[hw.fifo_bytes++] = byte;
    if (hw.fifo_bytes >= RX_LEVEL) {
        interrupt();
    }
}

/* A few bytes that nothing follows interrupt 32 bits later; here within a millisecond. */
static void on_tick(void)
{
    if (hw.fifo_bytes > 0) {
        interrupt();
    }
}

void irq_set_exclusive_handler(uint num, irq_handler_t handler)
{
    assert_int_equal(num, THE_IRQ);
    assert_true(hw.handler == NULL || hw.handler == handler);
    hw.handler = handler;
    fake_pico.has_handler = true;
}

void irq_remove_handler(uint num, irq_handler_t handler)
{
    assert_int_equal(num, THE_IRQ);
    assert_true(hw.handler == handler && !hw.is_irq_on);
    hw.handler = NULL;
    fake_pico.has_handler = false;
}

void irq_set_enabled(uint num, bool enabled)
{
    assert_int_equal(num, THE_IRQ);
    hw.is_irq_on = enabled;
    if (hw.fifo_bytes >= RX_LEVEL) {
        interrupt();
    }
}

/* --- Time -------------------------------------------------------------------------------------------------- */

void tight_loop_contents(void)
{
    wires_pass_ns(4 * WIRES_US);
}

absolute_time_t get_absolute_time(void)
{
    return wires_now_ns() / WIRES_US;
}

uint32_t to_ms_since_boot(absolute_time_t time)
{
    return (uint32_t)(time / 1000);
}

void sleep_ms(uint32_t ms)
{
    wires_pass_ns(ms * WIRES_MS);
}

/* --- The UART ---------------------------------------------------------------------------------------------- */

static void check_uart(const uart_inst_t *uart)
{
    assert_ptr_equal(uart, &fake_uart_hw[THE_UART]);
    assert_true(fake_pico.is_up);
}

uint uart_get_index(uart_inst_t *uart)
{
    assert_ptr_equal(uart, &fake_uart_hw[THE_UART]);
    return THE_UART;
}

uart_hw_t *uart_get_hw(uart_inst_t *uart)
{
    check_uart(uart);
    return uart;
}

/* A PL011 divides by 16 times a number of 16 bits and 64ths. */
static uint divided(uint baudrate)
{
    enum { PARTS = 64, LEAST = 1 * PARTS, MOST = 65535 * PARTS };
    assert_true(baudrate > 0);
    uint64_t parts = (UINT64_C(8) * fake_pico.clock_hz / baudrate + 1) / 2;
    parts = parts < LEAST ? LEAST : parts;
    parts = parts > MOST ? MOST : parts;
    const uint actual = (uint)(UINT64_C(4) * fake_pico.clock_hz / parts);
    wires_set_baud(actual);
    return actual;
}

uint uart_init(uart_inst_t *uart, uint baudrate)
{
    assert_ptr_equal(uart, &fake_uart_hw[THE_UART]);
    fake_pico.inits++;
    if (fake_pico.clock_hz == 0) {
        return 0;
    }
    fake_pico.is_up = true;
    hw.fifo_bytes = 0;
    return divided(baudrate);
}

void uart_deinit(uart_inst_t *uart)
{
    assert_ptr_equal(uart, &fake_uart_hw[THE_UART]);
    fake_pico.deinits++;
    fake_pico.is_up = false;
    hw.wants_irq = false;
    fake_uart_hw[THE_UART].rsr = 0;
}

/* It stands still for about two bytes, and its interrupt has to be off. */
uint uart_set_baudrate(uart_inst_t *uart, uint baudrate)
{
    enum { PAUSE_BITS = 20 };
    check_uart(uart);
    assert_false(hw.is_irq_on && hw.wants_irq);
    hw.is_paused = true;
    wires_pass_ns(UINT64_C(1000000000) * PAUSE_BITS / wires_baud());
    hw.is_paused = false;
    return divided(baudrate);
}

void uart_set_irq_enables(uart_inst_t *uart, bool rx_has_data, bool tx_needs_data)
{
    check_uart(uart);
    assert_false(tx_needs_data);
    hw.wants_irq = rx_has_data;
}

/* And one in the shift register. */
bool uart_is_writable(uart_inst_t *uart)
{
    check_uart(uart);
    return wires_unsent_bytes() <= FAKE_PICO_FIFO_BYTES;
}

bool uart_is_readable(uart_inst_t *uart)
{
    check_uart(uart);
    return hw.fifo_bytes > 0;
}

void uart_putc_raw(uart_inst_t *uart, char c)
{
    assert_true(uart_is_writable(uart));
    if (is_connected()) {
        wires_send((uint8_t)c);
    }
    if (fake_pico.sent != NULL && fake_pico.sent_bytes < FAKE_PICO_SENT_MAX) {
        fake_pico.sent[fake_pico.sent_bytes++] = (uint8_t)c;
    }
}

char uart_getc(uart_inst_t *uart)
{
    assert_true(uart_is_readable(uart));
    const uint8_t byte = hw.fifo[0];
    memmove(hw.fifo, hw.fifo + 1, --hw.fifo_bytes);
    return (char)byte;
}

void uart_tx_wait_blocking(uart_inst_t *uart)
{
    check_uart(uart);
    wires_drain();
}

/* --- Pins -------------------------------------------------------------------------------------------------- */

/* A pin that is not driven lets go of the target, which has resistors of its own. */
static bool pulls(uint pin)
{
    return hw.pins[pin].function == GPIO_FUNC_SIO && hw.pins[pin].out && hw.pins[pin].level == fake_pico.transistors;
}

static void move_lines(void)
{
    const bool reset_low = pulls(FAKE_PICO_RESET);
    fake_pico.resets += reset_low && !hw.reset_low ? 1 : 0;
    if (reset_low && !hw.reset_low && !hw.pins[FAKE_PICO_RX].pulled_up) {
        on_receive(0); /* its pull-down makes a break of a line that nobody drives */
    }
    hw.reset_low = reset_low;
    wires_set_boot(pulls(FAKE_PICO_BOOT));
    wires_set_reset(reset_low);
}

void gpio_init(uint gpio)
{
    assert_true(gpio < PIN_COUNT);
    hw.pins[gpio].function = GPIO_FUNC_SIO;
    hw.pins[gpio].out = false;
    hw.pins[gpio].level = false;
    move_lines();
}

void gpio_put(uint gpio, bool value)
{
    assert_true(gpio < PIN_COUNT);
    hw.pins[gpio].level = value;
    move_lines();
}

void gpio_set_dir(uint gpio, bool out)
{
    assert_true(gpio < PIN_COUNT);
    hw.pins[gpio].out = out;
    move_lines();
}

void gpio_pull_up(uint gpio)
{
    assert_true(gpio < PIN_COUNT);
    hw.pins[gpio].pulled_up = true;
}

void gpio_set_function(uint gpio, gpio_function_t function)
{
    assert_true(gpio < PIN_COUNT);
    hw.pins[gpio].function = function;
}

void fake_pico_power_on(void)
{
    memset(&hw, 0, sizeof(hw));
    memset(fake_uart_hw, 0, sizeof(fake_uart_hw));
    fake_pico = (fake_pico_t){.clock_hz = 125000000};
    wires_on_receive(on_receive);
    wires_on_tick(on_tick);
}
