/* SPDX-License-Identifier: Apache-2.0 */
/* The port for the Raspberry Pi Pico with transistors at both pins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_pico.h"
#include "job.h"
#include "pi_pico_port.h"

static void transistors_turn_both_pins_over(void **state)
{
    (void)state;
    pi_pico_port_t port = {.port.ops = &pi_pico_uart_ops,
                           .uart_inst = uart1,
                           .baudrate = 115200,
                           .uart_rx_pin_num = FAKE_PICO_RX,
                           .uart_tx_pin_num = FAKE_PICO_TX,
                           .reset_pin_num = FAKE_PICO_RESET,
                           .boot_pin_num = FAKE_PICO_BOOT};
    fake_pico_power_on();
    fake_pico.transistors = true;
    assert_int_equal(port.port.ops->init(&port.port), ESP_LOADER_SUCCESS);
    assert_int_equal(fake_pico.resets, 0);
    port.port.ops->deinit(&port.port);
    job_run(&port.port, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(transistors_turn_both_pins_over, job_set_up, job_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
