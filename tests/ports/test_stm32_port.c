/* SPDX-License-Identifier: Apache-2.0 */
/* The port for STM32, on a fake of the HAL at the wires of a virtual chip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fake_stm32.h"
#include "job.h"
#include "stm32_port.h"
#include "wires.h"

static stm32_port_t under_test;
static esp_loader_port_t *const port = &under_test.port;

static int power_on(void **state)
{
    if (job_set_up(state) != 0) {
        return -1;
    }
    fake_stm32_power_on();
    under_test = (stm32_port_t){.port.ops = &stm32_uart_ops,
                                .huart = &fake_huart,
                                .port_boot = &fake_gpio_boot,
                                .pin_num_boot = FAKE_STM32_BOOT,
                                .port_rst = &fake_gpio_reset,
                                .pin_num_rst = FAKE_STM32_RESET};
    return 0;
}

static int open_port(void **state)
{
    return power_on(state) == 0 && port->ops->init(port) == ESP_LOADER_SUCCESS ? 0 : -1;
}

static int close_port(void **state)
{
    port->ops->deinit(port);
    return job_tear_down(state);
}

/* What a blank one says when it is reset is more than 100 bytes. */
static void let_the_target_talk(unsigned times)
{
    for (unsigned time = 0; time < times; time++) {
        wires_set_reset(true);
        wires_pass_ns(WIRES_MS);
        wires_set_reset(false);
        wires_pass_ns(100 * WIRES_MS);
    }
}

static uint64_t now_ms(void)
{
    return wires_now_ns() / WIRES_MS;
}

static uint32_t there_bytes(void)
{
    return under_test._ring.put - under_test._ring.taken + under_test._awaited_bytes - fake_huart.RxXferCount;
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static void a_blank_target_is_written_proved_and_started_and_then_skipped(void **state)
{
    (void)state;
    job_run(port, 921600);
    assert_int_equal(wires_baud(), 42000000 / 365); /* 115,068: the divider is a whole number */
    assert_int_equal(under_test._ring.overrun_bytes, 0);
    assert_true(fake_stm32.interrupts > 10000);
    assert_false(fake_stm32.is_receiving);
}

static void every_promise_of_a_port_is_kept(void **state)
{
    (void)state;
    job_check_promises(port);
}

/* As programs of the field are set up that poll. */
static void the_job_is_done_without_the_interrupt_as_well(void **state)
{
    (void)state;
    fake_stm32.is_irq_on = false;
    job_run(port, 230400);
    assert_int_equal(fake_stm32.interrupts, 0);
    assert_int_equal(under_test._ring.overrun_bytes, 0);
}

static void every_promise_is_kept_without_the_interrupt_as_well(void **state)
{
    (void)state;
    fake_stm32.is_irq_on = false;
    job_check_promises(port);
    assert_int_equal(fake_stm32.interrupts, 0);
}

/* 8 MHz / 9 is 3.5 % less than 921,600: nobody but the target notices. */
static void a_rate_that_is_divided_badly_is_given_up_and_the_conversation_goes_on(void **state)
{
    (void)state;
    esp_loader_t loader;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint32_t flash_bytes = 0;
    fake_stm32.pclk_hz = 8000000;
    assert_int_equal(esp_loader_init_serial(&loader, port), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_connect(&loader, &args), ESP_LOADER_SUCCESS);
    assert_int_not_equal(esp_loader_change_transmission_rate(&loader, 921600), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_baud(), 8000000 / 69);
    assert_int_equal(esp_loader_change_transmission_rate(&loader, 230400), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_baud(), 8000000 / 35);
    assert_int_equal(esp_loader_flash_detect_size(&loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 4 << 20);
    esp_loader_deinit(&loader);
}

/* --- What the HAL refuses ---------------------------------------------------------------------------------- */

static const HAL_StatusTypeDef refusals[] = {HAL_ERROR, HAL_BUSY, HAL_TIMEOUT};

static void opening_it_fails_where_the_hal_does_not_receive(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(refusals) / sizeof(refusals[0]); at++) {
        fake_stm32.receive_says = refusals[at];
        assert_int_equal(port->ops->init(port), ESP_LOADER_ERROR_FAIL);
        assert_false(fake_stm32.is_receiving);
    }
    let_the_target_talk(1); /* a port that is not open is told nothing */
    assert_int_equal(under_test._ring.put, 0);
}

static void a_write_fails_where_the_hal_does_not_send(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(refusals) / sizeof(refusals[0]); at++) {
        fake_stm32.transmit_says = refusals[at];
        assert_int_equal(port->ops->write(port, (const uint8_t *)"ab", 2, 100), ESP_LOADER_ERROR_FAIL);
    }
    assert_int_equal(port->ops->write(port, (const uint8_t *)"ab", 2, 100), ESP_LOADER_SUCCESS);
}

static void a_rate_that_the_hal_refuses_changes_nothing(void **state)
{
    (void)state;
    static const uint32_t too_much[] = {0, 300, 42000000 / 15, UINT32_MAX};
    for (size_t at = 0; at < sizeof(too_much) / sizeof(too_much[0]); at++) {
        assert_int_equal(port->ops->change_transmission_rate(port, too_much[at]), ESP_LOADER_ERROR_FAIL);
        assert_int_equal(fake_huart.Init.BaudRate, 115200);
        assert_int_equal(wires_baud(), 42000000 / 365);
    }
    fake_stm32.init_says = HAL_ERROR;
    assert_int_equal(port->ops->change_transmission_rate(port, 230400), ESP_LOADER_ERROR_FAIL);
    let_the_target_talk(1);
    job_expect_log(port, "POWERON_RESET");
}

/* It says so when an interrupt meets a lock. */
static void a_reception_that_did_not_go_on_is_taken_up_again(void **state)
{
    (void)state;
    uint8_t byte;
    let_the_target_talk(18);
    const unsigned receptions = fake_stm32.receptions;
    fake_stm32.receive_says = HAL_BUSY;
    while (there_bytes() > 0) {
        assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_SUCCESS);
    }
    let_the_target_talk(1); /* across the end of the ring, where a new reception begins */
    assert_int_equal(fake_stm32.receive_says, HAL_OK);
    assert_int_equal(fake_stm32.receptions, receptions);
    assert_int_equal(port->ops->read(port, &byte, 1, 100), ESP_LOADER_SUCCESS);
    while (port->ops->read(port, &byte, 1, 100) == ESP_LOADER_SUCCESS) {
    }
    let_the_target_talk(1);
    job_expect_log(port, "POWERON_RESET");
}

/* --- Receiving --------------------------------------------------------------------------------------------- */

static void what_comes_while_the_program_is_busy_waits_in_the_ring(void **state)
{
    (void)state;
    let_the_target_talk(1);
    assert_true(there_bytes() > 100);
    job_expect_log(port, "rst:0x1 (POWERON_RESET)");
}

static void an_overrun_of_the_ring_is_told_and_over_with_that(void **state)
{
    (void)state;
    uint8_t bytes[64];
    uint16_t got_bytes = 0;
    unsigned read_bytes = 0;
    esp_loader_error_t err = ESP_LOADER_SUCCESS;
    let_the_target_talk(1);
    assert_int_equal(port->ops->read(port, bytes, 10, 0), ESP_LOADER_SUCCESS); /* now it is full across its end */
    let_the_target_talk(20);
    assert_false(fake_stm32.is_receiving);
    while (err == ESP_LOADER_SUCCESS) {
        err = port->ops->read_some(port, bytes, sizeof(bytes), &got_bytes, 0);
        read_bytes += err == ESP_LOADER_SUCCESS ? got_bytes : 0;
    }
    assert_int_equal(err, ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_true(read_bytes <= STM32_PORT_RING_BYTES); /* nothing from behind the hole */
    assert_int_equal(port->ops->read(port, bytes, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    let_the_target_talk(1);
    job_expect_log(port, "POWERON_RESET");
}

static void an_overrun_while_interrupts_are_off_is_told_and_over_with_that(void **state)
{
    (void)state;
    uint8_t byte;
    __disable_irq();
    let_the_target_talk(1);
    __set_PRIMASK(0);
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_INVALID_RESPONSE);
    let_the_target_talk(1);
    job_expect_log(port, "POWERON_RESET");
}

static void an_overrun_is_told_also_behind_a_write(void **state)
{
    (void)state;
    uint8_t byte;
    fake_stm32.is_irq_on = false;
    let_the_target_talk(1);
    assert_int_equal(port->ops->write(port, (const uint8_t *)"ab", 2, 100), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_INVALID_RESPONSE);
}

static void a_job_goes_on_where_answers_have_holes(void **state)
{
    (void)state;
    job_run_with_holes(port, &under_test._ring.overrun_bytes);
}

static void what_was_lost_before_a_reset_is_forgotten_and_the_banner_is_kept(void **state)
{
    (void)state;
    let_the_target_talk(20);
    port->ops->enter_bootloader(port);
    job_expect_log(port, "DOWNLOAD_BOOT");
}

static void what_is_flushed_is_gone(void **state)
{
    (void)state;
    uint8_t byte;
    let_the_target_talk(20);
    port->ops->flush(port);
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
}

static void a_read_gives_up_when_its_time_is_over_be_it_that_the_tick_wraps(void **state)
{
    (void)state;
    uint8_t byte;
    wires_unplug(true);
    const uint64_t before_ms = now_ms();
    assert_true(before_ms < UINT64_C(1) << 32);
    assert_int_equal(port->ops->read(port, &byte, 1, 1500), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(now_ms() - before_ms, 1500);
    assert_true(now_ms() > UINT64_C(1) << 32);
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(now_ms() - before_ms, 1500);
}

/* --- Sending ----------------------------------------------------------------------------------------------- */

static void the_longest_write_goes_out_whole_and_as_fast_as_the_line_is(void **state)
{
    (void)state;
    enum { MOST = 65535 };
    static uint8_t data[MOST], sent[FAKE_STM32_SENT_MAX];
    for (uint32_t at = 0; at < MOST; at++) {
        data[at] = (uint8_t)(at * 7 + (at >> 8));
    }
    fake_stm32.sent = sent;
    const uint64_t before_ms = now_ms();
    assert_int_equal(port->ops->write(port, data, MOST, 6000), ESP_LOADER_SUCCESS);
    assert_in_range(now_ms() - before_ms, 5690, 5700); /* 655,350 bits at 115,068 baud */
    assert_int_equal(fake_stm32.sent_bytes, MOST);
    assert_memory_equal(sent, data, MOST);
}

static void a_write_that_takes_too_long_is_given_up_and_reception_goes_on(void **state)
{
    (void)state;
    static uint8_t data[2000];
    const uint64_t before_ms = now_ms();
    assert_int_equal(port->ops->write(port, data, sizeof(data), 100), ESP_LOADER_ERROR_TIMEOUT);
    assert_in_range(now_ms() - before_ms, 100, 101);
    assert_int_equal(port->ops->write(port, data, 0, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->write(port, data, 2, 10), ESP_LOADER_SUCCESS);
    let_the_target_talk(1);
    job_expect_log(port, "POWERON_RESET");
}

/* --- Time, and opening ------------------------------------------------------------------------------------- */

static void the_timer_counts_down_to_zero_and_a_delay_is_never_shorter_than_asked_for(void **state)
{
    (void)state;
    port->ops->start_timer(port, 1200);
    const uint64_t before_ns = wires_now_ns();
    port->ops->delay_ms(port, 1100); /* over the end of 32 bits */
    assert_in_range(wires_now_ns() - before_ns, 1100 * WIRES_MS, 1101 * WIRES_MS + 10 * WIRES_US);
    assert_in_range(port->ops->remaining_time(port), 98, 100);
    port->ops->delay_ms(port, 200);
    assert_int_equal(port->ops->remaining_time(port), 0);
}

static void it_may_be_opened_twice(void **state)
{
    (void)state;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    let_the_target_talk(1);
    job_expect_log(port, "POWERON_RESET");
}

/* The HAL tells which UART it was, and of each the port goes on receiving as long as it is open. */
static void two_ports_are_told_apart(void **state)
{
    (void)state;
    stm32_port_t second = under_test;
    second.huart = &fake_idle_huart; // cppcheck-suppress unreadVariable
    assert_int_equal(second.port.ops->init(&second.port), ESP_LOADER_SUCCESS);
    port->ops->deinit(port);
    let_the_target_talk(1);
    stm32_port_event(&fake_huart);
    assert_int_equal(fake_huart.RxState, HAL_UART_STATE_READY);
    fake_idle_huart.RxState = HAL_UART_STATE_READY;
    stm32_port_event(&fake_idle_huart);
    assert_int_equal(fake_idle_huart.RxState, HAL_UART_STATE_BUSY_RX);
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    second.port.ops->deinit(&second.port);
    let_the_target_talk(1);
    job_expect_log(port, "POWERON_RESET");
}

static void other_uarts_are_none_of_its_business(void **state)
{
    (void)state;
    UART_HandleTypeDef other = {.RxState = HAL_UART_STATE_READY};
    stm32_port_event(&other);
    assert_int_equal(fake_stm32.receptions, 1);
}

int main(void)
{
#define ON_A_PORT(test) cmocka_unit_test_setup_teardown(test, open_port, close_port)
#define BEFORE_ONE(test) cmocka_unit_test_setup_teardown(test, power_on, job_tear_down)
    const struct CMUnitTest tests[] = {
        BEFORE_ONE(a_blank_target_is_written_proved_and_started_and_then_skipped),
        BEFORE_ONE(every_promise_of_a_port_is_kept),
        BEFORE_ONE(a_job_goes_on_where_answers_have_holes),
        BEFORE_ONE(the_job_is_done_without_the_interrupt_as_well),
        BEFORE_ONE(every_promise_is_kept_without_the_interrupt_as_well),
        BEFORE_ONE(a_rate_that_is_divided_badly_is_given_up_and_the_conversation_goes_on),
        BEFORE_ONE(opening_it_fails_where_the_hal_does_not_receive),
        ON_A_PORT(a_write_fails_where_the_hal_does_not_send),
        ON_A_PORT(a_rate_that_the_hal_refuses_changes_nothing),
        ON_A_PORT(a_reception_that_did_not_go_on_is_taken_up_again),
        ON_A_PORT(what_comes_while_the_program_is_busy_waits_in_the_ring),
        ON_A_PORT(an_overrun_of_the_ring_is_told_and_over_with_that),
        ON_A_PORT(an_overrun_while_interrupts_are_off_is_told_and_over_with_that),
        ON_A_PORT(an_overrun_is_told_also_behind_a_write),
        ON_A_PORT(what_was_lost_before_a_reset_is_forgotten_and_the_banner_is_kept),
        ON_A_PORT(what_is_flushed_is_gone),
        ON_A_PORT(a_read_gives_up_when_its_time_is_over_be_it_that_the_tick_wraps),
        ON_A_PORT(the_longest_write_goes_out_whole_and_as_fast_as_the_line_is),
        ON_A_PORT(a_write_that_takes_too_long_is_given_up_and_reception_goes_on),
        ON_A_PORT(the_timer_counts_down_to_zero_and_a_delay_is_never_shorter_than_asked_for),
        ON_A_PORT(it_may_be_opened_twice),
        ON_A_PORT(two_ports_are_told_apart),
        ON_A_PORT(other_uarts_are_none_of_its_business),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
