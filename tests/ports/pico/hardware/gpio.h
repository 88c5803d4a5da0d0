/* SPDX-License-Identifier: Apache-2.0 */
/** See pico.h. */
#pragma once

#include "pico.h"

enum { GPIO_IN, GPIO_OUT };
typedef enum { GPIO_FUNC_UART = 2, GPIO_FUNC_SIO = 5, GPIO_FUNC_NULL = 0x1f } gpio_function_t;

void gpio_init(uint gpio);
void gpio_put(uint gpio, bool value);
void gpio_set_dir(uint gpio, bool out);
void gpio_pull_up(uint gpio);
void gpio_set_function(uint gpio, gpio_function_t function);
