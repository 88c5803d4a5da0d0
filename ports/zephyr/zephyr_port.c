/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt moves bytes between the UART's FIFOs and memory; the program sleeps until there is something to do. */
#include "zephyr_port.h"

#include <errno.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>

#include "reset_lines.h"

BUILD_ASSERT(IS_POWER_OF_TWO(CONFIG_ESP_SERIAL_FLASHER_UART_BUFSIZE),
             "ESP_SERIAL_FLASHER_UART_BUFSIZE has to be a power of two");

static zephyr_port_t *self(esp_loader_port_t *base)
{
    return container_of(base, zephyr_port_t, port);
}

/* --- The log ----------------------------------------------------------------------------------------------- */

static char letter_of(esp_loader_log_level_t level)
{
    static const char letters[] = "?EWID";
    return letters[level <= ESP_LOADER_LOG_LEVEL_DEBUG ? (unsigned)level : 0];
}

static void log_text(esp_loader_port_t *base, esp_loader_log_level_t level, const char *fmt, va_list args)
{
    (void)base;
    printk("%c reflash: ", letter_of(level));
    vprintk(fmt, args);
    printk("\n");
}

static void log_hex(esp_loader_port_t *base, esp_loader_log_level_t level, const char *label, const uint8_t *data,
                    uint32_t size)
{
    (void)base;
    printk("%c reflash: %s", letter_of(level), label != NULL ? label : "");
    for (uint32_t at = 0; at < size; at++) {
        printk(" %02x", data[at]);
    }
    printk("\n");
}

/* Problems of the host, which a program cannot learn otherwise. */
static esp_loader_error_t complain(const char *what, int code)
{
    printk("E reflash: %s: %d\n", what, code);
    return ESP_LOADER_ERROR_FAIL;
}

/* --- The interrupt ----------------------------------------------------------------------------------------- */

static void receive(zephyr_port_t *port, const struct device *uart)
{
    uint8_t bytes[16];
    bool came = false;
    while (uart_irq_rx_ready(uart) > 0) {
        const int count = uart_fifo_read(uart, bytes, (int)sizeof(bytes));
        if (count <= 0) {
            break;
        }
        for (int at = 0; at < count; at++) {
            (void)reflash_ring_put(&port->_ring, bytes[at]);
        }
        came = true;
    }
    const int errors = uart_err_check(uart); /* negative: the driver does not tell */
    if (errors > 0 && ((unsigned)errors & UART_ERROR_OVERRUN) != 0) {
        port->_ring.overrun_bytes = port->_ring.overrun_bytes + 1; /* at least */
    }
    if (came) {
        k_sem_give(&port->_came);
    }
}

static void send(zephyr_port_t *port, const struct device *uart)
{
    if (port->_unsent_bytes == 0) {
        return;
    }
    while (port->_unsent_bytes > 0 && uart_irq_tx_ready(uart) > 0) {
        const int count = uart_fifo_fill(uart, port->_unsent, (int)port->_unsent_bytes);
        if (count <= 0) {
            return;
        }
        port->_unsent += count;
        port->_unsent_bytes -= (uint32_t)count;
    }
    if (port->_unsent_bytes == 0) {
        uart_irq_tx_disable(uart);
        k_sem_give(&port->_sent);
    }
}

static void on_interrupt(const struct device *uart, void *user_data)
{
    zephyr_port_t *port = user_data;
    const k_spinlock_key_t key = k_spin_lock(&port->_lock);
    (void)uart_irq_update(uart);
    receive(port, uart);
    send(port, uart);
    k_spin_unlock(&port->_lock, key);
}

/* --- Time -------------------------------------------------------------------------------------------------- */

static void start_timer(esp_loader_port_t *base, uint32_t ms)
{
    self(base)->_timer = reflash_deadline(k_uptime_get_32(), ms);
}

static uint32_t remaining_time(esp_loader_port_t *base)
{
    return reflash_deadline_left_ms(&self(base)->_timer, k_uptime_get_32());
}

static void delay_ms(esp_loader_port_t *base, uint32_t ms)
{
    (void)base;
    k_sleep(K_MSEC(ms));
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

/* Add what is there to the `*got_bytes` of `size` bytes. False: bytes were lost, and the rest is forgotten. */
static bool take(zephyr_port_t *port, uint8_t *data, uint16_t size, uint16_t *got_bytes)
{
    const k_spinlock_key_t key = k_spin_lock(&port->_lock);
    while (*got_bytes < size && reflash_ring_take(&port->_ring, &data[*got_bytes])) {
        (*got_bytes)++;
    }
    const uint32_t lost_bytes = port->_ring.overrun_bytes - port->_ring.told_overrun_bytes;
    const bool lost = reflash_ring_lost(&port->_ring);
    k_spin_unlock(&port->_lock, key);
    if (lost) {
        printk("W reflash: %u received bytes were lost\n", (unsigned)lost_bytes);
    }
    return !lost;
}

/* At least `least` bytes, at most `size`. */
static esp_loader_error_t read_between(zephyr_port_t *port, uint8_t *data, uint16_t least, uint16_t size,
                                       uint16_t *got_bytes, uint32_t timeout_ms)
{
    const reflash_deadline_t deadline = reflash_deadline(k_uptime_get_32(), timeout_ms);
    *got_bytes = 0;
    while (take(port, data, size, got_bytes)) {
        if (*got_bytes >= least) {
            return ESP_LOADER_SUCCESS;
        }
        const uint32_t left_ms = reflash_deadline_left_ms(&deadline, k_uptime_get_32());
        if (left_ms == 0) {
            return ESP_LOADER_ERROR_TIMEOUT;
        }
        (void)k_sem_take(&port->_came, K_MSEC(left_ms));
    }
    return ESP_LOADER_ERROR_INVALID_RESPONSE;
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    uint16_t got_bytes;
    return read_between(self(base), data, size, size, &got_bytes, timeout);
}

static esp_loader_error_t read_some(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout)
{
    return read_between(self(base), data, 1, size, got_bytes, timeout);
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    zephyr_port_t *port = self(base);
    const struct device *uart = port->config->uart_dev;
    if (size == 0) {
        return ESP_LOADER_SUCCESS;
    }
    k_spinlock_key_t key = k_spin_lock(&port->_lock);
    k_sem_reset(&port->_sent);
    port->_unsent = data;
    port->_unsent_bytes = size;
    k_spin_unlock(&port->_lock, key);
    uart_irq_tx_enable(uart);
    if (k_sem_take(&port->_sent, K_MSEC(timeout)) == 0) {
        return ESP_LOADER_SUCCESS;
    }
    uart_irq_tx_disable(uart);
    key = k_spin_lock(&port->_lock); /* `data` is the caller's again, and the interrupt may run on another core */
    const bool is_sent = port->_unsent_bytes == 0;
    port->_unsent_bytes = 0;
    k_spin_unlock(&port->_lock, key);
    return is_sent ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_TIMEOUT;
}

static void flush(esp_loader_port_t *base)
{
    zephyr_port_t *port = self(base);
    const k_spinlock_key_t key = k_spin_lock(&port->_lock);
    reflash_ring_clear(&port->_ring);
    k_spin_unlock(&port->_lock, key);
}

/* --- The rate ---------------------------------------------------------------------------------------------- */

/* The last bytes may still be in the FIFO, and would go out at the other rate. */
static void drain(const struct device *uart)
{
    enum { DRAIN_MS = 200 }; /* 128 bytes at 9600 baud take 133 */
    for (uint32_t ms = 0; ms < DRAIN_MS && uart_irq_tx_complete(uart) == 0; ms++) {
        k_sleep(K_MSEC(1));
    }
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    const struct device *uart = self(base)->config->uart_dev;
    const struct uart_config wanted = {.baudrate = rate,
                                       .parity = UART_CFG_PARITY_NONE,
                                       .stop_bits = UART_CFG_STOP_BITS_1,
                                       .data_bits = UART_CFG_DATA_BITS_8,
                                       .flow_ctrl = UART_CFG_FLOW_CTRL_NONE};
    drain(uart);
    const int code = uart_configure(uart, &wanted);
    if (code == -ENOSYS) {
        return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
    }
    return code == 0 ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
}

esp_loader_error_t esp_loader_host_baudrate(esp_loader_t *loader, uint32_t rate)
{
    if (loader == NULL || rate == 0) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    return change_transmission_rate(loader->_port, rate);
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

/* What is inverted says the devicetree. */
static const reflash_lines_t lines = {.style = REFLASH_LINES_PINS};

static void set_lines(esp_loader_port_t *base, bool boot, bool reset)
{
    const esp_loader_config_t *config = self(base)->config;
    (void)gpio_pin_set_dt(&config->boot_spec, boot ? 1 : 0);
    (void)gpio_pin_set_dt(&config->enable_spec, reset ? 1 : 0);
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

/* --- Opening ----------------------------------------------------------------------------------------------- */

static esp_loader_error_t open_pin(const struct gpio_dt_spec *pin, const char *name)
{
    if (!gpio_is_ready_dt(pin)) {
        return complain(name, -ENODEV);
    }
    const int code = gpio_pin_configure_dt(pin, GPIO_OUTPUT_INACTIVE);
    return code == 0 ? ESP_LOADER_SUCCESS : complain(name, code);
}

static void stop_interrupts(const struct device *uart)
{
    uart_irq_tx_disable(uart);
    uart_irq_rx_disable(uart);
}

static esp_loader_error_t open_uart(zephyr_port_t *port)
{
    const struct device *uart = port->config->uart_dev;
    if (!device_is_ready(uart)) {
        return complain("UART", -ENODEV);
    }
    stop_interrupts(uart);
    /* A driver that cannot be told a rate has that of its node. */
    const esp_loader_error_t err = change_transmission_rate(&port->port, port->config->baud_rate);
    if (err != ESP_LOADER_SUCCESS && err != ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
        return complain("rate of the UART", (int)err);
    }
    port->_ring = (reflash_ring_t){.bytes = port->_ring_bytes, .capacity = sizeof(port->_ring_bytes)};
    port->_unsent_bytes = 0;
    (void)k_sem_init(&port->_came, 0, 1);
    (void)k_sem_init(&port->_sent, 0, 1);
    const int code = uart_irq_callback_user_data_set(uart, on_interrupt, port);
    if (code != 0) {
        return complain("interrupt of the UART", code);
    }
    uart_irq_rx_enable(uart);
    return ESP_LOADER_SUCCESS;
}

static void close_pins(const esp_loader_config_t *config)
{
    (void)gpio_pin_configure_dt(&config->boot_spec, GPIO_INPUT);
    (void)gpio_pin_configure_dt(&config->enable_spec, GPIO_INPUT);
}

static esp_loader_error_t open_port(esp_loader_port_t *base)
{
    zephyr_port_t *port = self(base);
    esp_loader_error_t err = open_pin(&port->config->boot_spec, "boot pin");
    if (err == ESP_LOADER_SUCCESS) {
        err = open_pin(&port->config->enable_spec, "reset pin");
    }
    if (err == ESP_LOADER_SUCCESS) {
        err = open_uart(port);
    }
    return err;
}

static void close_port(esp_loader_port_t *base)
{
    const esp_loader_config_t *config = self(base)->config;
    stop_interrupts(config->uart_dev);
    (void)uart_irq_callback_user_data_set(config->uart_dev, NULL, NULL);
    close_pins(config);
}

const esp_loader_port_ops_t zephyr_uart_ops = {
    .init = open_port,
    .deinit = close_port,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .log = log_text,
    .log_hex = log_hex,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
    .read_some = read_some,
    .flush = flush,
};
