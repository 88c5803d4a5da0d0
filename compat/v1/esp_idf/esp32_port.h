/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  The UART port of an ESP-IDF host as programs of generation 1.8 know it: one port, by the free functions
 *  loader_port_*() of reflash_v1.h, over the port ports/esp_idf/esp32_port.h, whose wiring, buffers and build options
 *  are also this one's.
 *
 *  Programs find this header in place of that one when SERIAL_FLASHER_API_V1 is on in menuconfig. There is one
 *  port for the whole program, so: one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp_loader_io.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Members that are not set have to be 0. Pins are numbers of the host's, such as GPIO_NUM_5. */
typedef struct {
    uint32_t baud_rate;              /*!< To begin with: 115200. */
    uint32_t uart_port;              /*!< UART_NUM_1; UART_NUM_0 is usually the console. */
    uint32_t uart_rx_pin;            /*!< Hears the target's TX0. */
    uint32_t uart_tx_pin;            /*!< Goes to the target's RX0. */
    uint32_t reset_trigger_pin;      /*!< Goes to the target's RESET (EN); GPIO_NUM_NC: not wired. */
    uint32_t gpio0_trigger_pin;      /*!< Goes to the target's boot strap, an ESP32's IO0; GPIO_NUM_NC: not wired. */
    uint32_t rx_buffer_size;         /*!< Bytes, more than the UART's FIFO has (128 or so); 0: 1024. */
    uint32_t tx_buffer_size;         /*!< The same; 0: none. */
    uint32_t queue_size;             /*!< Of the driver's queue of events; 0: it has none. */
    QueueHandle_t *uart_queue;       /*!< Where the handle of that queue goes; NULL: there is none. */
    bool dont_initialize_peripheral; /*!< The program has installed the driver, set pins and rate, and keeps it. */
} loader_esp32_config_t;

/** Open the port: install the UART's driver and release both lines. The target is not reset. `config` is copied; what
 *  `uart_queue` points at is not. A port that is open is closed first.
 *  INVALID_PARAM: `config` is NULL; nothing changed. FAIL: the driver is installed already, or refuses a setting; then
 *  nothing of it is left, and no port is open. As long as none is, loader_port_write(), loader_port_read() and
 *  loader_port_change_transmission_rate() are FAIL, and no line is moved. */
esp_loader_error_t loader_port_esp32_init(const loader_esp32_config_t *config);

/** Close the port: remove the driver that opening it installed. The lines stay outputs, released, and resetting the target
 *  still works. Without an open port it does nothing. */
void loader_port_esp32_deinit(void);

#ifdef __cplusplus
}
#endif
