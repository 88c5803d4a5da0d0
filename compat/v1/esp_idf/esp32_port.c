/* SPDX-License-Identifier: Apache-2.0 */
/* The one port that generation 1.8 implies, and its functions: each is a member of the table of ports/esp_idf.
 *
 * This file sees the headers of 2.x, which has a port header of the same name: the two are told apart by their folders. */
#include "esp32_port.h"

#include "../../../ports/esp_idf/esp32_port.h"
#include "esp_log.h"
#include "reflash_v1.h"

/* Before a port was opened: the driver refuses this UART, and no line is moved. */
#define CLOSED                                                                                                         \
    {                                                                                                                  \
        .port.ops = &esp32_uart_ops, .uart_port = UART_NUM_MAX, .uart_rx_pin = GPIO_NUM_NC,                            \
        .uart_tx_pin = GPIO_NUM_NC, .reset_pin = GPIO_NUM_NC, .boot_pin = GPIO_NUM_NC                                  \
    }

static esp32_port_t uart = CLOSED;

/* --- Opening ----------------------------------------------------------------------------------------------- */

esp_loader_error_t loader_port_esp32_init(const loader_esp32_config_t *config)
{
    if (config == NULL) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    loader_port_esp32_deinit();
    uart = (esp32_port_t){
        .port.ops = &esp32_uart_ops,
        .baud_rate = config->baud_rate,
        .uart_port = config->uart_port,
        .uart_rx_pin = (gpio_num_t)config->uart_rx_pin,
        .uart_tx_pin = (gpio_num_t)config->uart_tx_pin,
        .reset_pin = (gpio_num_t)config->reset_trigger_pin,
        .boot_pin = (gpio_num_t)config->gpio0_trigger_pin,
        .rx_buffer_size = config->rx_buffer_size,
        .tx_buffer_size = config->tx_buffer_size,
        .queue_size = config->queue_size,
        .uart_queue = config->uart_queue,
        .dont_initialize_peripheral = config->dont_initialize_peripheral,
    };
    const esp_loader_error_t err = esp32_uart_ops.init(&uart.port);
    if (err != ESP_LOADER_SUCCESS) {
        uart = (esp32_port_t)CLOSED;
    }
    return err;
}

void loader_port_esp32_deinit(void)
{
    esp32_uart_ops.deinit(&uart.port);
    uart.uart_port = UART_NUM_MAX;
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

esp_loader_error_t loader_port_write(const uint8_t *data, uint16_t size, uint32_t timeout)
{
    return esp32_uart_ops.write(&uart.port, data, size, timeout);
}

esp_loader_error_t loader_port_read(uint8_t *data, uint16_t size, uint32_t timeout)
{
    return esp32_uart_ops.read(&uart.port, data, size, timeout);
}

esp_loader_error_t loader_port_change_transmission_rate(uint32_t transmission_rate)
{
    return esp32_uart_ops.change_transmission_rate(&uart.port, transmission_rate);
}

/* --- Lines, time and the log ------------------------------------------------------------------------------- */

void loader_port_enter_bootloader(void)
{
    esp32_uart_ops.enter_bootloader(&uart.port);
}

void loader_port_reset_target(void)
{
    esp32_uart_ops.reset_target(&uart.port);
}

void loader_port_delay_ms(uint32_t ms)
{
    esp32_uart_ops.delay_ms(&uart.port, ms);
}

void loader_port_start_timer(uint32_t ms)
{
    esp32_uart_ops.start_timer(&uart.port, ms);
}

uint32_t loader_port_remaining_time(void)
{
    return esp32_uart_ops.remaining_time(&uart.port);
}

void loader_port_debug_print(const char *str)
{
    ESP_LOG_LEVEL(ESP_LOG_INFO, "serial_flasher", "%s", str);
}
