/* SPDX-License-Identifier: Apache-2.0 */
/* The port for STM32 with transistors at both pins, in a project that has callbacks of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_stm32.h"
#include "job.h"
#include "stm32_port.h"

static unsigned own_callbacks;

void HAL_UART_RxCpltCallback(UART_HandleTypeDef *huart)
{
    own_callbacks++;
    stm32_port_event(huart);
}

void HAL_UART_ErrorCallback(UART_HandleTypeDef *huart)
{
    own_callbacks++;
    stm32_port_event(huart);
}

static void transistors_turn_both_pins_over_and_callbacks_may_be_the_projects(void **state)
{
    (void)state;
    stm32_port_t port = {.port.ops = &stm32_uart_ops,
                         .huart = &fake_huart,
                         .port_boot = &fake_gpio_boot,
                         .pin_num_boot = FAKE_STM32_BOOT,
                         .port_rst = &fake_gpio_reset,
                         .pin_num_rst = FAKE_STM32_RESET};
    fake_stm32_power_on();
    fake_stm32.transistors = true;
    job_run(&port.port, 0);
    assert_true(own_callbacks > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(transistors_turn_both_pins_over_and_callbacks_may_be_the_projects, job_set_up,
                                        job_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
