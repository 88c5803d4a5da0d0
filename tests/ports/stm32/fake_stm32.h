/* SPDX-License-Identifier: Apache-2.0 */
/** An STM32 whose UART and two of whose pins are the wires to a virtual chip. Made from the HAL's documentation, and
 *  strict: what that forbids fails the test. One byte fits into its receiver; the next that comes is lost. */
#pragma once

#include <stdbool.h>

#include "stm32f4xx_hal.h"

enum { FAKE_STM32_SENT_MAX = 1 << 16 };
#define FAKE_STM32_BOOT GPIO_PIN_4
#define FAKE_STM32_RESET GPIO_PIN_7

typedef struct {
    uint32_t pclk_hz;    /* what its rate is divided from */
    bool is_irq_on;      /* the NVIC lets its interrupt through */
    bool transistors;    /* between its pins and the target's: high pulls low */
    uint8_t *sent;       /* what was sent, up to FAKE_STM32_SENT_MAX; NULL: not recorded */
    uint32_t sent_bytes; /* how many were */
    unsigned interrupts; /* how often there was one */
    unsigned receptions; /* how often one was begun */
    bool is_receiving;   /* a reception is under way */
    /* What the next call returns instead of doing something; HAL_OK: it does it. */
    HAL_StatusTypeDef transmit_says, receive_says, init_says;
} fake_stm32_t;

extern fake_stm32_t fake_stm32;
extern UART_HandleTypeDef fake_huart;
/** Another UART, with nothing at its pins and no interrupt. */
extern UART_HandleTypeDef fake_idle_huart;
extern GPIO_TypeDef fake_gpio_boot, fake_gpio_reset;

/** As the project's start-up code leaves it: the UART at 115200 baud from 42 MHz, its interrupt on, pins high. The wires
 *  have to be at their beginning. */
void fake_stm32_power_on(void);
