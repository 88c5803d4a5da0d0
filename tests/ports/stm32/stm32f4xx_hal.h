/* SPDX-License-Identifier: Apache-2.0 */
/** What the HAL of STM32Cube has by these names, as far as the port uses it: see fake_stm32.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef enum { HAL_OK, HAL_ERROR, HAL_BUSY, HAL_TIMEOUT } HAL_StatusTypeDef;

uint32_t HAL_GetTick(void);

/* --- The core ---------------------------------------------------------------------------------------------- */

uint32_t __get_PRIMASK(void);
void __set_PRIMASK(uint32_t primask);
void __disable_irq(void);

/* --- Pins -------------------------------------------------------------------------------------------------- */

typedef struct {
    uint16_t ODR;
} GPIO_TypeDef;
typedef enum { GPIO_PIN_RESET, GPIO_PIN_SET } GPIO_PinState;

#define GPIO_PIN_4 ((uint16_t)0x0010)
#define GPIO_PIN_7 ((uint16_t)0x0080)

void HAL_GPIO_WritePin(GPIO_TypeDef *GPIOx, uint16_t GPIO_Pin, GPIO_PinState PinState);

/* --- The UART ---------------------------------------------------------------------------------------------- */

typedef enum {
    HAL_UART_STATE_RESET = 0x00,
    HAL_UART_STATE_READY = 0x20,
    HAL_UART_STATE_BUSY = 0x24,
    HAL_UART_STATE_BUSY_TX = 0x21,
    HAL_UART_STATE_BUSY_RX = 0x22
} HAL_UART_StateTypeDef;

#define HAL_UART_ERROR_NONE 0x00u
#define HAL_UART_ERROR_FE 0x04u
#define HAL_UART_ERROR_ORE 0x08u

typedef struct {
    uint32_t BaudRate;
} UART_InitTypeDef;

typedef struct fake_uart_handle {
    UART_InitTypeDef Init;
    const uint8_t *pTxBuffPtr;
    volatile uint16_t TxXferCount;
    uint8_t *pRxBuffPtr;
    volatile uint16_t RxXferCount;
    volatile HAL_UART_StateTypeDef gState, RxState;
    volatile uint32_t ErrorCode;
#if defined(USE_HAL_UART_REGISTER_CALLBACKS) && USE_HAL_UART_REGISTER_CALLBACKS == 1
    void (*RxCpltCallback)(struct fake_uart_handle *huart);
    void (*ErrorCallback)(struct fake_uart_handle *huart);
#endif
} UART_HandleTypeDef;

HAL_StatusTypeDef HAL_UART_Init(UART_HandleTypeDef *huart);
HAL_StatusTypeDef HAL_UART_Transmit_IT(UART_HandleTypeDef *huart, const uint8_t *pData, uint16_t Size);
HAL_StatusTypeDef HAL_UART_Receive_IT(UART_HandleTypeDef *huart, uint8_t *pData, uint16_t Size);
HAL_StatusTypeDef HAL_UART_AbortTransmit(UART_HandleTypeDef *huart);
HAL_StatusTypeDef HAL_UART_AbortReceive(UART_HandleTypeDef *huart);
void HAL_UART_IRQHandler(UART_HandleTypeDef *huart);
void HAL_UART_RxCpltCallback(UART_HandleTypeDef *huart);
void HAL_UART_ErrorCallback(UART_HandleTypeDef *huart);

#define __HAL_UART_CLEAR_OREFLAG(huart) fake_stm32_clear_ore(huart)
void fake_stm32_clear_ore(UART_HandleTypeDef *huart);

#if defined(USE_HAL_UART_REGISTER_CALLBACKS) && USE_HAL_UART_REGISTER_CALLBACKS == 1
typedef enum { HAL_UART_RX_COMPLETE_CB_ID = 3, HAL_UART_ERROR_CB_ID = 4 } HAL_UART_CallbackIDTypeDef;
HAL_StatusTypeDef HAL_UART_RegisterCallback(UART_HandleTypeDef *huart, HAL_UART_CallbackIDTypeDef CallbackID,
                                            void (*pCallback)(UART_HandleTypeDef *huart));
HAL_StatusTypeDef HAL_UART_UnRegisterCallback(UART_HandleTypeDef *huart, HAL_UART_CallbackIDTypeDef CallbackID);
#endif
