/* SPDX-License-Identifier: Apache-2.0 */
/* One interrupt handler for each UART, as handlers have no argument, puts what came into the ring of its port. */
#include "pi_pico_port.h"

#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "pico/time.h"
#include "polled.h"
#include "reset_lines.h"

static pi_pico_port_t *self(esp_loader_port_t *base)
{
    return container_of(base, pi_pico_port_t, port);
}

/* --- Interrupts -------------------------------------------------------------------------------------------- */

static pi_pico_port_t *open_ports[NUM_UARTS];

static void receive(pi_pico_port_t *port)
{
    uart_hw_t *hw = uart_get_hw(port->uart_inst);
    while (uart_is_readable(port->uart_inst)) {
        (void)reflash_ring_put(&port->_ring, (uint8_t)uart_getc(port->uart_inst));
    }
    if (hw->rsr & UART_UARTRSR_OE_BITS) {
        hw->rsr = 0; /* whatever is written clears it */
        port->_ring.overrun_bytes = port->_ring.overrun_bytes + 1;
    }
}

static void on_uart0(void)
{
    receive(open_ports[0]);
}

static void on_uart1(void)
{
    receive(open_ports[1]);
}

static const irq_handler_t handlers[NUM_UARTS] = {on_uart0, on_uart1};

/* UART_IRQ_NUM() is not known to the SDKs before 2.0. */
static uint irq_of(const pi_pico_port_t *port)
{
    return (uint)UART0_IRQ + uart_get_index(port->uart_inst);
}

/* --- Time -------------------------------------------------------------------------------------------------- */

static uint32_t now_ms(void)
{
    return to_ms_since_boot(get_absolute_time());
}

static void start_timer(esp_loader_port_t *base, uint32_t ms)
{
    self(base)->_timer = reflash_deadline(now_ms(), ms);
}

static uint32_t remaining_time(esp_loader_port_t *base)
{
    return reflash_deadline_left_ms(&self(base)->_timer, now_ms());
}

static void delay_ms(esp_loader_port_t *base, uint32_t ms)
{
    (void)base;
    sleep_ms(ms);
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

static bool put_byte(esp_loader_port_t *base, uint8_t byte)
{
    uart_inst_t *uart = self(base)->uart_inst;
    if (!uart_is_writable(uart)) {
        tight_loop_contents();
        return false;
    }
    uart_putc_raw(uart, (char)byte);
    return true;
}

static bool get_byte(esp_loader_port_t *base, uint8_t *byte)
{
    if (!reflash_ring_take(&self(base)->_ring, byte)) {
        tight_loop_contents();
        return false;
    }
    return true;
}

static bool lost_bytes(esp_loader_port_t *base)
{
    return reflash_ring_lost(&self(base)->_ring);
}

static const reflash_polled_t polled = {.now_ms = now_ms, .put = put_byte, .get = get_byte, .lost = lost_bytes};

static void flush(esp_loader_port_t *base)
{
    reflash_ring_clear(&self(base)->_ring);
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    return reflash_polled_write(base, &polled, data, size, timeout);
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    return reflash_polled_read(base, &polled, data, size, timeout);
}

static esp_loader_error_t read_some(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout)
{
    return reflash_polled_read_some(base, &polled, data, size, got_bytes, timeout);
}

/* --- The rate ---------------------------------------------------------------------------------------------- */

/* Both sides of a line may be off by about 2 %; a divider that is clamped is off by more. */
static bool is_near(uint actual_baud, uint wanted_baud)
{
    enum { TOLERANCE_PERCENT = 2 };
    const uint off_baud = actual_baud > wanted_baud ? actual_baud - wanted_baud : wanted_baud - actual_baud;
    return (uint64_t)off_baud * 100 <= (uint64_t)wanted_baud * TOLERANCE_PERCENT;
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    pi_pico_port_t *port = self(base);
    if (rate == 0) {
        return ESP_LOADER_ERROR_FAIL; /* the SDK would divide by it */
    }
    uart_tx_wait_blocking(port->uart_inst); /* or what is left goes out at the new rate */
    irq_set_enabled(irq_of(port), false);
    const bool fits = is_near(uart_set_baudrate(port->uart_inst, rate), rate);
    if (fits) {
        port->_baud = rate;
    } else {
        (void)uart_set_baudrate(port->uart_inst, port->_baud);
    }
    irq_set_enabled(irq_of(port), true);
    return fits ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static const reflash_lines_t lines = REFLASH_LINES_OF_BUILD();

static void set_lines(esp_loader_port_t *base, bool boot, bool reset)
{
    gpio_put(self(base)->boot_pin_num, !boot);
    gpio_put(self(base)->reset_pin_num, !reset);
}

static const reflash_line_moves_t moves = {.set = set_lines, .forget = flush};

static void enter_bootloader(esp_loader_port_t *base)
{
    reflash_lines_enter_bootloader(base, &lines, &moves);
}

static void reset_target(esp_loader_port_t *base)
{
    reflash_lines_reset_target(base, &lines, &moves);
}

/* The level comes before the direction: a target that was let go must not be reset by being taken. */
static void take_pin(uint pin, bool is_inverted)
{
    gpio_init(pin);
    gpio_put(pin, !is_inverted);
    gpio_set_dir(pin, GPIO_OUT);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static void take_uart_pin(const pi_pico_port_t *port, uint pin)
{
    (void)port;
#ifdef UART_FUNCSEL_NUM
    gpio_set_function(pin, UART_FUNCSEL_NUM(port->uart_inst, pin)); /* the RP2350 has two, by pin */
#else
    gpio_set_function(pin, GPIO_FUNC_UART);
#endif
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    pi_pico_port_t *port = self(base);
    port->_ring = (reflash_ring_t){.bytes = port->_received, .capacity = sizeof(port->_received)};
    port->_baud = port->baudrate;
    if (!port->dont_initialize_peripheral) {
        gpio_pull_up(port->uart_rx_pin_num); /* a target in reset does not drive it, and low is a break */
        take_uart_pin(port, port->uart_rx_pin_num);
        take_uart_pin(port, port->uart_tx_pin_num);
        if (!is_near(uart_init(port->uart_inst, port->baudrate), port->baudrate)) {
            uart_deinit(port->uart_inst);
            return ESP_LOADER_ERROR_FAIL;
        }
    }
    take_pin(port->reset_pin_num, lines.invert_reset);
    take_pin(port->boot_pin_num, lines.invert_boot);

    const uint index = uart_get_index(port->uart_inst);
    open_ports[index] = port;
    irq_set_exclusive_handler(irq_of(port), handlers[index]);
    irq_set_enabled(irq_of(port), true);
    uart_set_irq_enables(port->uart_inst, true, false);
    return ESP_LOADER_SUCCESS;
}

static void deinit(esp_loader_port_t *base)
{
    const pi_pico_port_t *port = self(base);
    if (port->dont_initialize_peripheral) {
        (void)change_transmission_rate(base, port->baudrate);
    }
    uart_set_irq_enables(port->uart_inst, false, false);
    irq_set_enabled(irq_of(port), false);
    irq_remove_handler(irq_of(port), handlers[uart_get_index(port->uart_inst)]);
    if (!port->dont_initialize_peripheral) {
        uart_deinit(port->uart_inst);
    }
}

const esp_loader_port_ops_t pi_pico_uart_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
    .read_some = read_some,
    .flush = flush,
};
