/* SPDX-License-Identifier: Apache-2.0 */
/* The port for STM32 where the HAL has callbacks that are registered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_stm32.h"
#include "job.h"
#include "stm32_port.h"

static void callbacks_are_registered_and_given_back(void **state)
{
    (void)state;
    stm32_port_t port = {.port.ops = &stm32_uart_ops,
                         .huart = &fake_huart,
                         .port_boot = &fake_gpio_boot,
                         .pin_num_boot = FAKE_STM32_BOOT,
                         .port_rst = &fake_gpio_reset,
                         .pin_num_rst = FAKE_STM32_RESET};
    fake_stm32_power_on();
    job_run(&port.port, 0);
    assert_int_equal(port.port.ops->init(&port.port), ESP_LOADER_SUCCESS);
    assert_true(fake_huart.RxCpltCallback == stm32_port_event);
    assert_true(fake_huart.ErrorCallback == stm32_port_event);
    port.port.ops->deinit(&port.port);
    assert_true(fake_huart.RxCpltCallback != stm32_port_event);
    assert_true(fake_huart.ErrorCallback != stm32_port_event);
    fake_huart.gState = HAL_UART_STATE_BUSY_TX; /* it takes no callbacks now */
    assert_int_equal(port.port.ops->init(&port.port), ESP_LOADER_ERROR_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(callbacks_are_registered_and_given_back, job_set_up, job_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
