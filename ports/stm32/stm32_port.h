/* SPDX-License-Identifier: Apache-2.0 */
/** An STM32 as the host, on the HAL of STM32Cube: a UART received and sent by interrupt, and two GPIOs. For the drivers of all
 *  families that have HAL_UART_AbortReceive() and HAL_UART_Receive_IT(), by those names: not for HAL2.
 *
 *  Wiring, with 3.3 V on both sides and ground connected: TX to the target's U0RXD, RX to its U0TXD, the reset pin to
 *  its EN (CHIP_PU), the boot pin to its strapping pin - GPIO0, or GPIO9 on most RISC-V chips. Pins behind a
 *  transistor: compile the port with SERIAL_FLASHER_RESET_INVERT=1, SERIAL_FLASHER_BOOT_INVERT=1.
 *
 *  The project (STM32CubeMX) sets up: the UART, asynchronous, 115200 baud, 8N1, no flow control, overrun detection on; a
 *  pull-up at RX, which a target in reset does not drive; both GPIOs as outputs that let go of the target, at high; in NVIC
 *  settings the UART's global interrupt. Without that interrupt the port works as well, by polling, and receives only while
 *  it is called. DMA is not used. */
#pragma once

#include "deadline.h"
#include "esp_loader_io.h"
#include "ring.h"

/* There is one of these in a project's include path. */
#if __has_include("stm32f4xx_hal.h")
#include "stm32f4xx_hal.h"
#elif __has_include("stm32c0xx_hal.h")
#include "stm32c0xx_hal.h"
#elif __has_include("stm32f0xx_hal.h")
#include "stm32f0xx_hal.h"
#elif __has_include("stm32f1xx_hal.h")
#include "stm32f1xx_hal.h"
#elif __has_include("stm32f2xx_hal.h")
#include "stm32f2xx_hal.h"
#elif __has_include("stm32f3xx_hal.h")
#include "stm32f3xx_hal.h"
#elif __has_include("stm32f7xx_hal.h")
#include "stm32f7xx_hal.h"
#elif __has_include("stm32g0xx_hal.h")
#include "stm32g0xx_hal.h"
#elif __has_include("stm32g4xx_hal.h")
#include "stm32g4xx_hal.h"
#elif __has_include("stm32h5xx_hal.h")
#include "stm32h5xx_hal.h"
#elif __has_include("stm32h7xx_hal.h")
#include "stm32h7xx_hal.h"
#elif __has_include("stm32l0xx_hal.h")
#include "stm32l0xx_hal.h"
#elif __has_include("stm32l1xx_hal.h")
#include "stm32l1xx_hal.h"
#elif __has_include("stm32l4xx_hal.h")
#include "stm32l4xx_hal.h"
#elif __has_include("stm32l5xx_hal.h")
#include "stm32l5xx_hal.h"
#elif __has_include("stm32u0xx_hal.h")
#include "stm32u0xx_hal.h"
#elif __has_include("stm32u5xx_hal.h")
#include "stm32u5xx_hal.h"
#elif __has_include("stm32wbxx_hal.h")
#include "stm32wbxx_hal.h"
#elif __has_include("stm32wlxx_hal.h")
#include "stm32wlxx_hal.h"
#else
#include "main.h" /* of an STM32CubeMX project: it includes that of any other family */
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** What the target sends while the program does something else has to fit in here; a power of two up to 32 KiB. 1 KiB is
 *  89 ms of 115200 baud, and 11 ms of 921600. The same for all files that include this header. */
#ifndef STM32_PORT_RING_BYTES
#define STM32_PORT_RING_BYTES 2048
#endif

typedef struct stm32_port {
    esp_loader_port_t port;    /*!< .ops = &stm32_uart_ops */
    UART_HandleTypeDef *huart; /*!< Initialised, and used by nobody else; one port each. */
    GPIO_TypeDef *port_boot;
    uint16_t pin_num_boot; /*!< As HAL_GPIO_WritePin() takes it: GPIO_PIN_4. */
    GPIO_TypeDef *port_rst;
    uint16_t pin_num_rst;
    /* Private. */
    struct stm32_port *_next;
    reflash_deadline_t _timer;
    reflash_ring_t _ring;
    uint32_t _first_rate;
    uint16_t _awaited_bytes;
    uint8_t _received[STM32_PORT_RING_BYTES];
} stm32_port_t;

/** `init` begins to receive, `deinit` ends it; the UART stays initialised, at the rate it was opened at. FAIL: the HAL said so
 *  (HAL_BUSY: somebody else uses the UART). A change of rate calls HAL_UART_Init() with another Init.BaudRate. Bytes that came while the buffer was
 *  full, or interrupts were off, are lost: the read that comes next throws away what there is and returns INVALID_RESPONSE,
 *  and the library asks again.
 *
 *  Calls of the port switch interrupts off for a few microseconds at a time. They need HAL_GetTick() to go on. */
extern const esp_loader_port_ops_t stm32_uart_ops;

/** Tell the port that a reception has ended or failed; of a UART that it does not know it takes no notice.
 *
 *  The port does that itself: it defines HAL_UART_RxCpltCallback() and HAL_UART_ErrorCallback(), or registers for them
 *  with USE_HAL_UART_REGISTER_CALLBACKS. A project that defines these two compiles the port with
 *  STM32_PORT_OWN_CALLBACKS and calls this function in both. */
void stm32_port_event(UART_HandleTypeDef *huart);

#ifdef __cplusplus
}
#endif
