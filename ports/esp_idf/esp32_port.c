/* SPDX-License-Identifier: Apache-2.0 */
#include "esp32_port.h"

#include "idf_host.h"
#include "reset_lines.h"

enum { RX_BUFFER_BYTES = 1024, PIECE_BYTES = 64, LAST_BYTES_MS = 10000 };

static esp32_port_t *self(esp_loader_port_t *port)
{
    return container_of(port, esp32_port_t, port);
}

static uart_port_t uart_of(esp_loader_port_t *port)
{
    return (uart_port_t)self(port)->uart_port;
}

/* --- Time -------------------------------------------------------------------------------------------------- */

static void start_timer(esp_loader_port_t *port, uint32_t ms)
{
    self(port)->_deadline = reflash_deadline(reflash_idf_now_ms(), ms);
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    return reflash_deadline_left_ms(&self(port)->_deadline, reflash_idf_now_ms());
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

/* The driver knows no time limit, and takes as long as the bytes need that do not fit: so it is given few at a time. */
static esp_loader_error_t write_bytes(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    const reflash_deadline_t deadline = reflash_deadline(reflash_idf_now_ms(), timeout);
    for (uint16_t done = 0; done < size;) {
        const uint16_t left_bytes = (uint16_t)(size - done);
        const uint16_t bytes = left_bytes < PIECE_BYTES ? left_bytes : PIECE_BYTES;
        if (done > 0 && reflash_deadline_is_over(&deadline, reflash_idf_now_ms())) {
            return ESP_LOADER_ERROR_TIMEOUT;
        }
        if (uart_write_bytes(uart_of(port), data + done, bytes) != bytes) {
            return ESP_LOADER_ERROR_FAIL;
        }
        done = (uint16_t)(done + bytes);
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    const int got_bytes = uart_read_bytes(uart_of(port), data, size, reflash_idf_ticks(timeout));
    if (got_bytes < 0) {
        return ESP_LOADER_ERROR_FAIL;
    }
    return got_bytes == size ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_TIMEOUT;
}

/* Wait for one byte, and take what has come with it. */
static esp_loader_error_t read_some(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout)
{
    size_t more_bytes = 0;
    const esp_loader_error_t err = read_bytes(port, data, 1, timeout);
    if (err != ESP_LOADER_SUCCESS) {
        return err;
    }
    *got_bytes = 1;
    if (uart_get_buffered_data_len(uart_of(port), &more_bytes) != ESP_OK) {
        return ESP_LOADER_ERROR_FAIL;
    }
    const uint16_t room_bytes = (uint16_t)(size - 1);
    const uint16_t bytes = more_bytes < room_bytes ? (uint16_t)more_bytes : room_bytes;
    *got_bytes = (uint16_t)(1 + bytes);
    return bytes > 0 ? read_bytes(port, data + 1, bytes, 0) : ESP_LOADER_SUCCESS;
}

static void forget(esp_loader_port_t *port)
{
    (void)uart_flush_input(uart_of(port));
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *port, uint32_t rate)
{
    const uart_port_t uart = uart_of(port);
    const esp_err_t err = uart_wait_tx_done(uart, reflash_idf_ticks(LAST_BYTES_MS)); /* they belong to the old rate */
    return reflash_idf_error(err == ESP_OK ? uart_set_baudrate(uart, rate) : err);
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void set_lines(esp_loader_port_t *port, bool boot, bool reset)
{
    reflash_idf_set_pin(self(port)->boot_pin, !boot);
    reflash_idf_set_pin(self(port)->reset_pin, !reset);
}

static const reflash_lines_t lines = REFLASH_LINES_OF_BUILD();
static const reflash_line_moves_t moves = {.set = set_lines, .forget = forget};

static void enter_bootloader(esp_loader_port_t *port)
{
    reflash_lines_enter_bootloader(port, &lines, &moves);
}

static void reset_target(esp_loader_port_t *port)
{
    reflash_lines_reset_target(port, &lines, &moves);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static esp_err_t set_up_uart(const esp32_port_t *port)
{
    const uart_port_t uart = (uart_port_t)port->uart_port;
    const uart_config_t config = {
        .baud_rate = (int)port->baud_rate,
        .data_bits = UART_DATA_8_BITS,
        .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1,
        .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
        .source_clk = UART_SCLK_DEFAULT,
    };
    esp_err_t err = uart_param_config(uart, &config);
    if (err == ESP_OK) {
        err = uart_set_pin(uart, port->uart_tx_pin, port->uart_rx_pin, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE);
    }
    if (err == ESP_OK) {
        /* Boards with a USB bridge of their own drive the target's RX as well. */
        err = gpio_set_drive_capability(port->uart_tx_pin, GPIO_DRIVE_CAP_3);
    }
    return err;
}

static esp_err_t release_lines(const esp32_port_t *port)
{
    const esp_err_t err = reflash_idf_take_pin(port->boot_pin, !lines.invert_boot);
    return err == ESP_OK ? reflash_idf_take_pin(port->reset_pin, !lines.invert_reset) : err;
}

static void deinit(esp_loader_port_t *base)
{
    esp32_port_t *port = self(base);
    if (port->_driver_is_ours) {
        (void)uart_driver_delete((uart_port_t)port->uart_port);
        port->_driver_is_ours = false;
    }
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    esp32_port_t *port = self(base);
    esp_err_t err = ESP_OK;
    port->_driver_is_ours = false;
    if (!port->dont_initialize_peripheral) {
        const uint32_t rx_bytes = port->rx_buffer_size > 0 ? port->rx_buffer_size : RX_BUFFER_BYTES;
        QueueHandle_t *queue = port->queue_size > 0 ? port->uart_queue : NULL; /* one of no length cannot be made */
        err = uart_driver_install((uart_port_t)port->uart_port, (int)rx_bytes, (int)port->tx_buffer_size,
                                  (int)port->queue_size, queue, 0);
        port->_driver_is_ours = err == ESP_OK;
        err = err == ESP_OK ? set_up_uart(port) : err;
    }
    err = err == ESP_OK ? release_lines(port) : err;
    if (err != ESP_OK) {
        deinit(base);
    }
    return reflash_idf_error(err);
}

const esp_loader_port_ops_t esp32_uart_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = reflash_idf_delay_ms,
    .log = reflash_idf_log,
    .log_hex = reflash_idf_log_hex,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
    .read_some = read_some,
    .flush = forget,
};
