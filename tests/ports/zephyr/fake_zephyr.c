/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_zephyr.h"

#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wires.h"

enum { FIRST_PIN = 25, STEP_NS = 2000, STORM_TURNS = 1000 };

fake_zephyr_t fake_zephyr;
struct device fake_uart, fake_gpio;

static struct {
    uint8_t fifo[FAKE_FIFO_BYTES];
    unsigned fifo_bytes;
    bool overrun, in_interrupt, rx_enabled, tx_enabled;
    uart_irq_callback_user_data_t callback;
    void *user_data;
    unsigned locks;
} uart;

/* --- The interrupt ----------------------------------------------------------------------------------------- */

static bool has_room(void)
{
    return !fake_zephyr.hangs && wires_unsent_bytes() < FAKE_FIFO_BYTES;
}

static bool is_due(void)
{
    const bool rx = uart.rx_enabled && uart.fifo_bytes > 0 && !fake_zephyr.receives_late;
    return uart.callback != NULL && (rx || (uart.tx_enabled && has_room()));
}

/* Comes again until its cause is gone. */
static void interrupt(void)
{
    if (uart.in_interrupt || uart.locks > 0) {
        return;
    }
    uart.in_interrupt = true;
    for (unsigned turn = 0; is_due(); turn++) {
        assert_true(turn < STORM_TURNS);
        uart.callback(&fake_uart, uart.user_data);
    }
    uart.in_interrupt = false;
}

static void on_receive(uint8_t byte)
{
    if (uart.fifo_bytes == FAKE_FIFO_BYTES) {
        uart.overrun = true;
    } else {
        uart.fifo[uart.fifo_bytes++] = byte;
    }
    interrupt();
}

void fake_zephyr_receive_now(void)
{
    fake_zephyr.receives_late = false;
    interrupt();
}

void fake_zephyr_reset(void)
{
    memset(&uart, 0, sizeof(uart));
    memset(&fake_zephyr, 0, sizeof(fake_zephyr));
    fake_zephyr.highest_baud = 2000000;
    fake_uart = (struct device){.name = "uart", .is_ready = true};
    fake_gpio = (struct device){.name = "gpio", .is_ready = true};
    wires_on_receive(on_receive);
    wires_on_sent(interrupt);
}

bool device_is_ready(const struct device *dev)
{
    return dev->is_ready;
}

/* --- Pins -------------------------------------------------------------------------------------------------- */

static void drive(const struct gpio_dt_spec *spec, bool active)
{
    const bool low = active == (spec->dt_flags == GPIO_ACTIVE_LOW);
    if (spec->pin == FIRST_PIN) {
        wires_set_reset(low);
    } else {
        wires_set_boot(low);
    }
}

static bool *is_open(const struct gpio_dt_spec *spec)
{
    assert_ptr_equal(spec->port, &fake_gpio);
    return spec->pin == FIRST_PIN ? &fake_zephyr.reset_is_open : &fake_zephyr.boot_is_open;
}

bool gpio_is_ready_dt(const struct gpio_dt_spec *spec)
{
    return spec->port->is_ready;
}

int gpio_pin_configure_dt(const struct gpio_dt_spec *spec, gpio_flags_t extra_flags)
{
    if (fake_zephyr.pins_are_refused) {
        return -ENOTSUP;
    }
    *is_open(spec) = extra_flags == GPIO_OUTPUT_INACTIVE;
    drive(spec, false); /* an input is pulled there by the target */
    return 0;
}

int gpio_pin_set_dt(const struct gpio_dt_spec *spec, int value)
{
    assert_true(*is_open(spec));
    drive(spec, value != 0);
    return 0;
}

/* --- UART -------------------------------------------------------------------------------------------------- */

int uart_configure(const struct device *dev, const struct uart_config *config)
{
    assert_ptr_equal(dev, &fake_uart);
    if (fake_zephyr.cannot_be_set) {
        return -ENOSYS;
    }
    if (config->baudrate > fake_zephyr.highest_baud || config->stop_bits != UART_CFG_STOP_BITS_1 ||
        config->data_bits != UART_CFG_DATA_BITS_8) {
        return -ENOTSUP;
    }
    wires_set_baud(config->baudrate);
    return 0;
}

int uart_irq_callback_user_data_set(const struct device *dev, uart_irq_callback_user_data_t callback, void *user_data)
{
    (void)dev;
    if (fake_zephyr.has_no_interrupt) {
        return -ENOTSUP;
    }
    uart.callback = callback;
    uart.user_data = user_data;
    return 0;
}

void uart_irq_rx_enable(const struct device *dev)
{
    (void)dev;
    uart.rx_enabled = true;
    interrupt();
}

void uart_irq_rx_disable(const struct device *dev)
{
    (void)dev;
    uart.rx_enabled = false;
}

void uart_irq_tx_enable(const struct device *dev)
{
    (void)dev;
    uart.tx_enabled = true;
    interrupt();
}

void uart_irq_tx_disable(const struct device *dev)
{
    (void)dev;
    uart.tx_enabled = false;
}

int uart_irq_update(const struct device *dev)
{
    (void)dev;
    assert_true(uart.in_interrupt);
    return 1;
}

int uart_irq_rx_ready(const struct device *dev)
{
    (void)dev;
    return uart.rx_enabled && uart.fifo_bytes > 0 ? 1 : 0;
}

/* As with drivers that look at the hardware only. */
int uart_irq_tx_ready(const struct device *dev)
{
    (void)dev;
    return has_room() ? (int)(FAKE_FIFO_BYTES - wires_unsent_bytes()) : 0;
}

int uart_irq_tx_complete(const struct device *dev)
{
    (void)dev;
    return wires_unsent_bytes() == 0 ? 1 : 0;
}

int uart_fifo_read(const struct device *dev, uint8_t *data, int size)
{
    (void)dev;
    assert_true(uart.in_interrupt);
    const unsigned count = uart.fifo_bytes < (unsigned)size ? uart.fifo_bytes : (unsigned)size;
    memcpy(data, uart.fifo, count);
    uart.fifo_bytes -= count;
    memmove(uart.fifo, uart.fifo + count, uart.fifo_bytes);
    return (int)count;
}

int uart_fifo_fill(const struct device *dev, const uint8_t *data, int size)
{
    (void)dev;
    assert_true(uart.in_interrupt);
    int count = 0;
    while (count < size && has_room()) {
        wires_send(data[count]);
        count++;
    }
    return count;
}

int uart_err_check(const struct device *dev)
{
    (void)dev;
    const int errors = uart.overrun ? UART_ERROR_OVERRUN : 0;
    uart.overrun = false;
    return errors;
}

/* --- Kernel ------------------------------------------------------------------------------------------------ */

uint32_t k_uptime_get_32(void)
{
    return (uint32_t)(wires_now_ns() / WIRES_MS);
}

int32_t k_sleep(k_timeout_t timeout)
{
    assert_false(uart.in_interrupt);
    assert_int_equal(uart.locks, 0);
    wires_pass_ns((uint64_t)timeout.ms * WIRES_MS);
    return 0;
}

int k_sem_init(struct k_sem *sem, unsigned initial_count, unsigned limit)
{
    *sem = (struct k_sem){.count = initial_count, .limit = limit};
    return 0;
}

int k_sem_take(struct k_sem *sem, k_timeout_t timeout)
{
    const uint64_t end_ns = wires_now_ns() + (uint64_t)timeout.ms * WIRES_MS;
    assert_false(uart.in_interrupt);
    assert_int_equal(uart.locks, 0);
    while (sem->count == 0) {
        if (wires_now_ns() >= end_ns) {
            return timeout.ms == 0 ? -EBUSY : -EAGAIN;
        }
        wires_pass_ns(STEP_NS);
    }
    sem->count--;
    return 0;
}

void k_sem_give(struct k_sem *sem)
{
    sem->count += sem->count < sem->limit ? 1 : 0;
}

void k_sem_reset(struct k_sem *sem)
{
    sem->count = 0;
}

k_spinlock_key_t k_spin_lock(struct k_spinlock *lock)
{
    assert_false(lock->is_locked);
    lock->is_locked = true;
    uart.locks++;
    return (k_spinlock_key_t){0};
}

void k_spin_unlock(struct k_spinlock *lock, k_spinlock_key_t key)
{
    (void)key;
    assert_true(lock->is_locked);
    lock->is_locked = false;
    uart.locks--;
    interrupt(); /* that was held up by the lock */
}

void vprintk(const char *fmt, va_list args)
{
    const size_t used = strlen(fake_zephyr.text);
    (void)vsnprintf(fake_zephyr.text + used, FAKE_TEXT_BYTES - used, fmt, args);
}

void printk(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vprintk(fmt, args);
    va_end(args);
}
