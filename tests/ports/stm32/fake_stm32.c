/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_stm32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#include "wires.h"

fake_stm32_t fake_stm32;
UART_HandleTypeDef fake_huart, fake_idle_huart;
GPIO_TypeDef fake_gpio_boot, fake_gpio_reset;

static struct {
    /* Flags and interrupt enables of the UART. */
    bool rxne, ore, rxneie, txeie, tcie;
    uint8_t dr;
    bool primask, in_interrupt;
} hw;

/* --- Interrupts -------------------------------------------------------------------------------------------- */

/* One byte in the data register, one in the shift register. */
static bool txe(void)
{
    return wires_unsent_bytes() < 2;
}

static bool tc(void)
{
    return wires_unsent_bytes() == 0;
}

static bool is_pending(void)
{
    return (hw.rxneie && (hw.rxne || hw.ore)) || (hw.txeie && txe()) || (hw.tcie && tc());
}

/* What a project has in its USARTx_IRQHandler(). */
static void interrupt(void)
{
    enum { STORM = 100 };
    if (hw.in_interrupt) {
        return;
    }
    hw.in_interrupt = true;
    for (unsigned times = 0; fake_stm32.is_irq_on && !hw.primask && is_pending(); times++) {
        assert_true(times < STORM);
        fake_stm32.interrupts++;
        HAL_UART_IRQHandler(&fake_huart);
    }
    hw.in_interrupt = false;
}

static void on_receive(uint8_t byte)
{
    if (hw.rxne) {
        hw.ore = true;
    } else {
        hw.rxne = true;
        hw.dr = byte;
    }
    interrupt();
}

uint32_t __get_PRIMASK(void)
{
    return hw.primask ? 1 : 0;
}

void __set_PRIMASK(uint32_t primask)
{
    hw.primask = primask != 0;
    interrupt();
}

void __disable_irq(void)
{
    hw.primask = true;
}

/* --- Time -------------------------------------------------------------------------------------------------- */

/* Whoever waits asks for it again and again. */
uint32_t HAL_GetTick(void)
{
    assert_false(hw.primask); /* it would stand still */
    wires_pass_ns(5 * WIRES_US);
    return (uint32_t)(wires_now_ns() / WIRES_MS);
}

/* --- Pins -------------------------------------------------------------------------------------------------- */

void HAL_GPIO_WritePin(GPIO_TypeDef *GPIOx, uint16_t GPIO_Pin, GPIO_PinState PinState)
{
    const bool level = PinState == GPIO_PIN_SET;
    const bool low = level == fake_stm32.transistors;
    if (GPIOx == &fake_gpio_boot) {
        assert_int_equal(GPIO_Pin, FAKE_STM32_BOOT);
        wires_set_boot(low);
    } else {
        assert_ptr_equal(GPIOx, &fake_gpio_reset);
        assert_int_equal(GPIO_Pin, FAKE_STM32_RESET);
        wires_set_reset(low);
    }
}

/* --- The UART ---------------------------------------------------------------------------------------------- */

static void check_huart(const UART_HandleTypeDef *huart)
{
    assert_true(huart == &fake_huart || huart == &fake_idle_huart);
    assert_int_not_equal(huart->gState, HAL_UART_STATE_RESET);
}

static HAL_StatusTypeDef take(HAL_StatusTypeDef *says)
{
    const HAL_StatusTypeDef status = *says;
    *says = HAL_OK;
    return status;
}

/* 16 samples a bit; the divider has 16ths, so it is a whole number of clocks. */
HAL_StatusTypeDef HAL_UART_Init(UART_HandleTypeDef *huart)
{
    enum { LEAST = 16, MOST = 65535 };
    const HAL_StatusTypeDef status = take(&fake_stm32.init_says);
    assert_true(huart->Init.BaudRate > 0);
    assert_true(tc()); /* what is on its way would be cut */
    const uint64_t brr = ((uint64_t)fake_stm32.pclk_hz + huart->Init.BaudRate / 2) / huart->Init.BaudRate;
    if (status != HAL_OK || brr < LEAST || brr > MOST) {
        return HAL_ERROR;
    }
    if (huart == &fake_huart) {
        wires_set_baud(fake_stm32.pclk_hz / (uint32_t)brr);
    }
    huart->ErrorCode = HAL_UART_ERROR_NONE;
    huart->gState = HAL_UART_STATE_READY;
    huart->RxState = HAL_UART_STATE_READY;
    return HAL_OK;
}

HAL_StatusTypeDef HAL_UART_Transmit_IT(UART_HandleTypeDef *huart, const uint8_t *pData, uint16_t Size)
{
    const HAL_StatusTypeDef status = take(&fake_stm32.transmit_says);
    check_huart(huart);
    if (status != HAL_OK) {
        return status;
    }
    if (huart->gState != HAL_UART_STATE_READY) {
        return HAL_BUSY;
    }
    if (pData == NULL || Size == 0) {
        return HAL_ERROR;
    }
    huart->pTxBuffPtr = pData;
    huart->TxXferCount = Size;
    huart->ErrorCode = HAL_UART_ERROR_NONE;
    huart->gState = HAL_UART_STATE_BUSY_TX;
    hw.txeie = true;
    interrupt();
    return HAL_OK;
}

HAL_StatusTypeDef HAL_UART_Receive_IT(UART_HandleTypeDef *huart, uint8_t *pData, uint16_t Size)
{
    const HAL_StatusTypeDef status = take(&fake_stm32.receive_says);
    check_huart(huart);
    if (status != HAL_OK) {
        return status;
    }
    if (huart->RxState != HAL_UART_STATE_READY) {
        return HAL_BUSY;
    }
    if (pData == NULL || Size == 0) {
        return HAL_ERROR;
    }
    huart->pRxBuffPtr = pData;
    huart->RxXferCount = Size;
    huart->ErrorCode = HAL_UART_ERROR_NONE;
    huart->RxState = HAL_UART_STATE_BUSY_RX;
    if (huart == &fake_idle_huart) {
        return HAL_OK;
    }
    hw.rxneie = true;
    fake_stm32.is_receiving = true;
    fake_stm32.receptions++;
    interrupt();
    return HAL_OK;
}

HAL_StatusTypeDef HAL_UART_AbortTransmit(UART_HandleTypeDef *huart)
{
    check_huart(huart);
    hw.txeie = false;
    hw.tcie = false;
    huart->TxXferCount = 0;
    huart->gState = HAL_UART_STATE_READY;
    return HAL_OK;
}

static void end_reception(UART_HandleTypeDef *huart)
{
    if (huart == &fake_huart) {
        hw.rxneie = false;
        fake_stm32.is_receiving = false;
    }
    huart->RxState = HAL_UART_STATE_READY;
}

HAL_StatusTypeDef HAL_UART_AbortReceive(UART_HandleTypeDef *huart)
{
    check_huart(huart);
    end_reception(huart);
    huart->RxXferCount = 0;
    return HAL_OK;
}

/* It reads the data register. */
void fake_stm32_clear_ore(UART_HandleTypeDef *huart)
{
    check_huart(huart);
    if (huart == &fake_huart) {
        hw.ore = false;
        hw.rxne = false;
    }
}

#if defined(USE_HAL_UART_REGISTER_CALLBACKS) && USE_HAL_UART_REGISTER_CALLBACKS == 1
static void nobody(UART_HandleTypeDef *huart)
{
    (void)huart;
}

HAL_StatusTypeDef HAL_UART_RegisterCallback(UART_HandleTypeDef *huart, HAL_UART_CallbackIDTypeDef CallbackID,
                                            void (*pCallback)(UART_HandleTypeDef *huart))
{
    check_huart(huart);
    if (pCallback == NULL || huart->gState != HAL_UART_STATE_READY) {
        return HAL_ERROR;
    }
    if (CallbackID == HAL_UART_ERROR_CB_ID) {
        huart->ErrorCallback = pCallback;
    } else {
        huart->RxCpltCallback = pCallback;
    }
    return HAL_OK;
}

HAL_StatusTypeDef HAL_UART_UnRegisterCallback(UART_HandleTypeDef *huart, HAL_UART_CallbackIDTypeDef CallbackID)
{
    return HAL_UART_RegisterCallback(huart, CallbackID, nobody);
}

static void tell_complete(UART_HandleTypeDef *huart)
{
    huart->RxCpltCallback(huart);
}

static void tell_error(UART_HandleTypeDef *huart)
{
    huart->ErrorCallback(huart);
}
#else
static void tell_complete(UART_HandleTypeDef *huart)
{
    HAL_UART_RxCpltCallback(huart);
}

static void tell_error(UART_HandleTypeDef *huart)
{
    HAL_UART_ErrorCallback(huart);
}
#endif

static void receive(UART_HandleTypeDef *huart)
{
    assert_int_equal(huart->RxState, HAL_UART_STATE_BUSY_RX);
    *huart->pRxBuffPtr++ = hw.dr;
    hw.rxne = false;
    hw.ore = false; /* the flag was read before */
    huart->RxXferCount--;
    if (huart->RxXferCount == 0) {
        end_reception(huart);
        tell_complete(huart);
    }
}

static void transmit(UART_HandleTypeDef *huart)
{
    const uint8_t byte = *huart->pTxBuffPtr++;
    wires_send(byte);
    if (fake_stm32.sent != NULL && fake_stm32.sent_bytes < FAKE_STM32_SENT_MAX) {
        fake_stm32.sent[fake_stm32.sent_bytes++] = byte;
    }
    huart->TxXferCount--;
    hw.txeie = huart->TxXferCount > 0;
    hw.tcie = !hw.txeie;
}

/* One thing at a time. An overrun ends a reception, after the byte that is there was taken. */
void HAL_UART_IRQHandler(UART_HandleTypeDef *huart)
{
    check_huart(huart);
    assert_true(hw.in_interrupt || hw.primask || !fake_stm32.is_irq_on); /* or it would interrupt itself */
    if (hw.rxneie && hw.ore) {
        huart->ErrorCode |= HAL_UART_ERROR_ORE;
        if (hw.rxne) {
            receive(huart);
        }
        hw.ore = false;
        if ((huart->ErrorCode & HAL_UART_ERROR_ORE) != 0) {
            end_reception(huart);
        }
        tell_error(huart);
    } else if (hw.rxneie && hw.rxne) {
        receive(huart);
    } else if (hw.txeie && txe()) {
        transmit(huart);
    } else if (hw.tcie && tc()) {
        hw.tcie = false;
        huart->gState = HAL_UART_STATE_READY;
    }
}

void fake_stm32_power_on(void)
{
    memset(&hw, 0, sizeof(hw));
    memset(&fake_huart, 0, sizeof(fake_huart));
    fake_stm32 = (fake_stm32_t){.pclk_hz = 42000000, .is_irq_on = true};
    fake_huart.Init.BaudRate = 115200;
    fake_idle_huart = fake_huart;
    assert_int_equal(HAL_UART_Init(&fake_idle_huart), HAL_OK);
    assert_int_equal(HAL_UART_Init(&fake_huart), HAL_OK);
    wires_on_receive(on_receive);
    wires_on_sent(interrupt);
}
