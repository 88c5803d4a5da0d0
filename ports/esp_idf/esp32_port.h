/* SPDX-License-Identifier: Apache-2.0 */
/** A target on a UART of an ESP-IDF host: any Espressif chip with two UARTs.
 *
 *  ESP-IDF 5.1 to 6.0; driver/uart.h, driver/gpio.h and esp_timer.
 *
 *  Wiring, host -> target: for example IO26 -> the boot strap (IO0 of an ESP32, see the data sheet of others), IO25 -> RESET
 *  (EN), IO4 (TX) -> RX0, IO5 (RX) <- TX0, and GND; levels of 3.3 V. How long the lines are held and whether they are turned
 *  over is said at build time: SERIAL_FLASHER_RESET_HOLD_TIME_MS, SERIAL_FLASHER_BOOT_HOLD_TIME_MS,
 *  SERIAL_FLASHER_RESET_INVERT, SERIAL_FLASHER_BOOT_INVERT.
 *
 *  Buffers: the driver's interrupt fills `rx_buffer_size` while the task does something else. 1024 bytes hold what a target
 *  says while it is reset, and all answers; when flash is read by a RAM stub, which sends 4 KiB at a time, give it 8192. What
 *  does not fit is lost, and asked for again. Without a buffer for sending the task waits until the bytes are in the UART;
 *  with one, only until they are in the buffer. */
#pragma once

#include "deadline.h"
#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp_loader_io.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Members that are not set have to be 0. */
typedef struct {
    esp_loader_port_t port;              /*!< .ops = &esp32_uart_ops */
    uint32_t baud_rate;                  /*!< To begin with: 115200. */
    uint32_t uart_port;                  /*!< UART_NUM_1; UART_NUM_0 is usually the console. */
    gpio_num_t uart_rx_pin, uart_tx_pin; /*!< Of the host. */
    gpio_num_t reset_pin, boot_pin;      /*!< To the target's reset and boot strap; GPIO_NUM_NC: not wired. */
    uint32_t rx_buffer_size;             /*!< Bytes, more than the UART's FIFO has (128 or so); 0: 1024. */
    uint32_t tx_buffer_size;             /*!< The same; 0: none. */
    uint32_t queue_size;                 /*!< Of the driver's queue of events; 0: it has none. */
    QueueHandle_t *uart_queue;           /*!< Where the handle of that queue goes; NULL: there is none. */
    bool dont_initialize_peripheral;     /*!< The program has installed the driver, set pins and rate, and keeps it. */
    bool _driver_is_ours;                /*!< Private, as what follows. */
    reflash_deadline_t _deadline;
} esp32_port_t;

/** `init` installs the driver (FAIL: it is installed already, or refuses a setting; then nothing of it is left) and
 *  releases both lines. `deinit` removes the driver that `init` installed; the lines stay released. `write` looks at its
 *  time limit every 64 bytes. What the driver refuses is FAIL.
 *
 *  Of bytes that do not fit into its buffer the driver tells only a queue of events (UART_FIFO_OVF), which is the
 *  program's: the port does not know, and the library waits in vain for what is missing before it asks again. */
extern const esp_loader_port_ops_t esp32_uart_ops;

#ifdef __cplusplus
}
#endif
