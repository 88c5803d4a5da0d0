/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  An Arduino board as host: a hardware serial port and two pins. Needs of the core what all have: HardwareSerial,
 *  pinMode(), digitalWrite(), millis(), delay(), yield(). For C++. */
#pragma once

#include <Arduino.h>

#include "deadline.h"
#include "esp_loader_io.h"

typedef struct {
    esp_loader_port_t port; /*!< .ops = &arduino_uart_ops */
    HardwareSerial *serial; /*!< Such as &Serial1; nobody else may use it. */
    uint32_t baudrate;      /*!< To begin with: 115200. */
    uint8_t reset_pin, boot_pin;
    reflash_deadline_t _timer; /*!< Private. */
} arduino_port_t;

/** `init` begins the serial port at `baudrate` and makes the pins outputs that let the target run; `deinit` ends it and makes
 *  them inputs. Boards of 5 V need level shifters. What the target sends while nobody reads is kept as far as the core's
 *  buffer goes. 64 bytes, as on small boards, do for a job; what the target prints as it boots takes a KiB
 *  (Serial1.setRxBufferSize(1024) where there is such a function). */
extern const esp_loader_port_ops_t arduino_uart_ops;
