/* SPDX-License-Identifier: Apache-2.0 */
/** What the ports of an ESP-IDF host share: time, pins, errors, the log. */
#pragma once

#include "driver/gpio.h"
#include "esp_err.h"
#include "esp_loader_io.h"
#include "freertos/FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Milliseconds since the host started; wraps. */
uint32_t reflash_idf_now_ms(void);
/** Ticks that last `ms` at least: the tick that runs now is not a whole one. 0 for 0. */
TickType_t reflash_idf_ticks(uint32_t ms);
/** The same for drivers that make ticks of milliseconds by leaving away what is no whole tick. Never 0. */
uint32_t reflash_idf_driver_ms(uint32_t ms);

/** What an esp_err_t is to the loader: SUCCESS, TIMEOUT, else FAIL. */
esp_loader_error_t reflash_idf_error(esp_err_t err);

/** Make a pin an output that is at `level` from the beginning; GPIO_NUM_NC is passed over. */
esp_err_t reflash_idf_take_pin(gpio_num_t pin, bool level);
/** Drive a pin; GPIO_NUM_NC is passed over. */
void reflash_idf_set_pin(gpio_num_t pin, bool level);

/* As the members of esp_loader_port_ops_t by these names. */
void reflash_idf_delay_ms(esp_loader_port_t *port, uint32_t ms);
void reflash_idf_log(esp_loader_port_t *port, esp_loader_log_level_t level, const char *fmt, va_list args);
void reflash_idf_log_hex(esp_loader_port_t *port, esp_loader_log_level_t level, const char *label, const uint8_t *data,
                         uint32_t size);

#ifdef __cplusplus
}
#endif
