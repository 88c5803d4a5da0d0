/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_uart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "driver/uart.h"
#include "fake_host.h"
#include "wires.h"

enum { FIFO_BYTES = 128, BUFFER_MAX = 1 << 14, BAUD_MAX = 5000000 };

static fake_uart_t uart;
static uint8_t buffer[BUFFER_MAX];
static uint32_t first, count;

static void on_receive(uint8_t byte)
{
    if (!uart.installed) {
        return;
    }
    if (count == (uint32_t)uart.rx_bytes) {
        uart.overrun_bytes++;
        return;
    }
    buffer[(first + count++) % BUFFER_MAX] = byte;
}

void fake_uart_start(void)
{
    memset(&uart, 0, sizeof(uart));
    first = 0;
    count = 0;
    wires_on_receive(on_receive);
}

const fake_uart_t *fake_uart(void)
{
    return &uart;
}

/* Parameters are wrong, nobody installed it, or the test wants it so. */
static bool is_refused(uart_port_t port)
{
    return port != UART_NUM_1 || !uart.installed || fake_fails();
}

esp_err_t uart_driver_install(uart_port_t port, int rx_bytes, int tx_bytes, int queue_size, QueueHandle_t *queue,
                              int interrupt_flags)
{
    assert_int_equal(interrupt_flags, 0);
    assert_true(rx_bytes <= BUFFER_MAX);
    if (port != UART_NUM_1 || uart.installed || rx_bytes <= FIFO_BYTES || (tx_bytes != 0 && tx_bytes <= FIFO_BYTES) ||
        fake_fails()) {
        return ESP_FAIL;
    }
    assert_true(queue == NULL || queue_size > 0);
    if (queue != NULL) {
        *queue = (QueueHandle_t)(void *)&uart;
    }
    uart = (fake_uart_t){.installed = true, .rx_bytes = rx_bytes, .tx_bytes = tx_bytes, .queue_size = queue_size};
    fake_hold(1);
    return ESP_OK;
}

esp_err_t uart_driver_delete(uart_port_t port)
{
    assert_int_equal(port, UART_NUM_1);
    assert_true(uart.installed);
    uart.installed = false;
    fake_hold(-1);
    return ESP_OK;
}

esp_err_t uart_param_config(uart_port_t port, const uart_config_t *config)
{
    if (is_refused(port) || config->baud_rate <= 0 || config->baud_rate > BAUD_MAX) {
        return ESP_FAIL;
    }
    assert_int_equal(config->data_bits, UART_DATA_8_BITS);
    assert_int_equal(config->stop_bits, UART_STOP_BITS_1);
    assert_int_equal(config->parity, UART_PARITY_DISABLE);
    assert_int_equal(config->flow_ctrl, UART_HW_FLOWCTRL_DISABLE);
    wires_set_baud((uint32_t)config->baud_rate);
    return ESP_OK;
}

esp_err_t uart_set_pin(uart_port_t port, int tx, int rx, int rts, int cts)
{
    if (is_refused(port)) {
        return ESP_FAIL;
    }
    assert_int_equal(rts, UART_PIN_NO_CHANGE);
    assert_int_equal(cts, UART_PIN_NO_CHANGE);
    uart.tx_pin = tx;
    uart.rx_pin = rx;
    return ESP_OK;
}

esp_err_t uart_set_baudrate(uart_port_t port, uint32_t baud)
{
    if (is_refused(port) || baud == 0 || baud > BAUD_MAX) {
        return ESP_FAIL;
    }
    wires_set_baud(baud);
    return ESP_OK;
}

esp_err_t uart_wait_tx_done(uart_port_t port, TickType_t ticks)
{
    const uint64_t end_ns = fake_after_ticks_ns(ticks);
    if (is_refused(port)) {
        return ESP_FAIL;
    }
    while (wires_unsent_bytes() > 0) {
        if (fake_now_ns() >= end_ns) {
            return ESP_ERR_TIMEOUT;
        }
        fake_pass_ns(FAKE_POLL_NS);
    }
    return ESP_OK;
}

esp_err_t uart_flush_input(uart_port_t port)
{
    if (port != UART_NUM_1 || !uart.installed) {
        return ESP_FAIL;
    }
    count = 0;
    return ESP_OK;
}

esp_err_t uart_get_buffered_data_len(uart_port_t port, size_t *size)
{
    if (is_refused(port)) {
        return ESP_FAIL;
    }
    *size = count;
    return ESP_OK;
}

int uart_write_bytes(uart_port_t port, const void *data, size_t size)
{
    if (is_refused(port)) {
        return -1;
    }
    for (size_t at = 0; at < size; at++) {
        while (wires_unsent_bytes() >= (uint32_t)(FIFO_BYTES + uart.tx_bytes)) {
            fake_pass_ns(FAKE_POLL_NS);
        }
        wires_send(((const uint8_t *)data)[at]);
    }
    return (int)size;
}

int uart_read_bytes(uart_port_t port, void *data, uint32_t size, TickType_t ticks)
{
    const uint64_t end_ns = fake_after_ticks_ns(ticks);
    if (is_refused(port)) {
        return -1;
    }
    for (uint32_t got = 0; got < size; got++) {
        while (count == 0) {
            if (ticks == 0 || fake_now_ns() >= end_ns) {
                return (int)got;
            }
            fake_pass_ns(FAKE_POLL_NS);
        }
        ((uint8_t *)data)[got] = buffer[first];
        first = (first + 1) % BUFFER_MAX;
        count--;
    }
    return (int)size;
}
