/* SPDX-License-Identifier: Apache-2.0 */
/* The USB port of an ESP-IDF host, on a fake of the CDC-ACM driver in front of a virtual chip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "esp32_usb_cdc_acm_port.h"
#include "fake_host.h"
#include "fake_usb.h"
#include "job.h"
#include "wires.h"

enum { BRIDGE_VID = 0x0403, BRIDGE_PID = 0x6015, TIMEOUT_MS = 1000, LOOK_MS = 60 };

/* Programs may initialize by position. */
#define FOLLOWS(first, second)                                                                                         \
    _Static_assert(offsetof(esp32_usb_cdc_acm_port_t, first) < offsetof(esp32_usb_cdc_acm_port_t, second),             \
                   "out of order")
FOLLOWS(port, device_vid);
FOLLOWS(device_vid, device_pid);
FOLLOWS(device_pid, connection_timeout_ms);
FOLLOWS(connection_timeout_ms, out_buffer_size);
FOLLOWS(out_buffer_size, acm_host_error_callback);
FOLLOWS(acm_host_error_callback, device_disconnected_callback);
FOLLOWS(device_disconnected_callback, acm_host_serial_state_callback);

static const fake_board_t board = {.now_ns = wires_now_ns, .pass_ns = wires_pass_ns};
static const fake_usb_device_t bridge = {.kind = FAKE_USB_BRIDGE, .vid = BRIDGE_VID, .pid = BRIDGE_PID};
static const fake_usb_device_t serial_jtag = {
    .kind = FAKE_USB_SERIAL_JTAG, .vid = ESPRESSIF_VID, .pid = ESP_SERIAL_JTAG_PID};
static esp32_usb_cdc_acm_port_t under_test;
static esp_loader_port_t *const port = &under_test.port;

static struct {
    unsigned errors, disconnections, states;
} told;

static void on_error(void)
{
    told.errors++;
}

static void on_disconnection(void)
{
    told.disconnections++;
}

static void on_state(void)
{
    told.states++;
}

static void plug(const fake_usb_device_t *device)
{
    fake_usb_start(device);
    under_test.device_vid = device->vid;
    under_test.device_pid = device->pid;
}

static int set_up(void **state)
{
    if (job_set_up(state) != 0) {
        return -1;
    }
    fake_host_start(&board);
    told.errors = told.disconnections = told.states = 0;
    under_test = (esp32_usb_cdc_acm_port_t){.port.ops = &esp32_usb_cdc_acm_ops,
                                            .connection_timeout_ms = TIMEOUT_MS,
                                            .acm_host_error_callback = on_error,
                                            .device_disconnected_callback = on_disconnection,
                                            .acm_host_serial_state_callback = on_state};
    plug(&bridge);
    return 0;
}

static void open_port(void)
{
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
}

static void start_loader(void)
{
    open_port();
    port->ops->enter_bootloader(port);
    job_expect_log(port, "waiting for download\r\n");
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static void a_blank_target_behind_a_bridge_is_written_proved_and_started_and_then_skipped(void **state)
{
    (void)state;
    job_run(port, 460800);
    assert_int_equal(fake_held(), 0);
}

static void small_pieces_make_the_same_job(void **state)
{
    (void)state;
    under_test.out_buffer_size = 7;
    job_run(port, 921600);
}

/* The virtual ESP32 stands for a chip that has one. */
static void a_target_at_its_own_usb_serial_jtag_is_written_proved_and_started_and_then_skipped(void **state)
{
    (void)state;
    plug(&serial_jtag);
    job_run(port, 0);
    assert_int_equal(fake_held(), 0);
}

/* --- Its promises ------------------------------------------------------------------------------------------ */

static void fail_if_broken(void *context, const port_check_result_t *result)
{
    (void)context;
    if (result->outcome == PORT_CHECK_BROKEN) {
        fail_msg("%s: broken: %s: %u, not %u", result->promise, result->found, (unsigned)result->got,
                 (unsigned)result->want);
    }
}

static const char *logged(void *context)
{
    (void)context;
    return fake_log();
}

static void unplug(void *context)
{
    (void)context;
    fake_usb_device()->unplugged_at_ns = wires_now_ns();
    wires_pass_ns(WIRES_MS);
}

/* Two ticks, which are 10 ms each, on top of a look that may take as long. */
static void every_promise_of_a_port_is_kept(void **state)
{
    (void)state;
    port_check_bench_t bench = job_bench();
    bench.slack_ms = 32;
    bench.logged = logged;
    bench.unplug = unplug;
    assert_int_equal(port_check_promises(port, &bench, fail_if_broken, NULL), 0);
    wires_set_far_end(NULL);
    plug(&bridge);
    assert_int_equal(port_check_target(port, NULL, 460800, 0, fail_if_broken, NULL), 0);
    assert_int_equal(fake_held(), 0);
}

/* --- Which device ------------------------------------------------------------------------------------------ */

static void the_device_is_found_when_it_is_not_named(void **state)
{
    (void)state;
    static const fake_usb_device_t devices[] = {
        {.kind = FAKE_USB_SERIAL_JTAG, .vid = ESPRESSIF_VID, .pid = ESP_SERIAL_JTAG_PID},
        {.kind = FAKE_USB_BRIDGE, .vid = SILICON_LABS_VID, .pid = CP210X_PID},
        {.kind = FAKE_USB_BRIDGE, .vid = NANJING_QINHENG_MICROE_VID, .pid = CH340_PID_1},
        {.kind = FAKE_USB_BRIDGE, .vid = BRIDGE_VID, .pid = BRIDGE_PID},
    };
    for (size_t at = 0; at < sizeof(devices) / sizeof(devices[0]); at++) {
        fake_usb_start(&devices[at]);
        under_test.device_vid = devices[at].vid;
        under_test.device_pid = USB_VID_PID_AUTO_DETECT; /* one of both is enough */
        start_loader();
        assert_int_equal(fake_usb_opened_pid(), devices[at].pid);
        port->ops->deinit(port);
    }
}

static void a_named_bridge_is_opened_by_its_driver(void **state)
{
    (void)state;
    plug(&(fake_usb_device_t){.kind = FAKE_USB_BRIDGE, .vid = SILICON_LABS_VID, .pid = CP2105_PID});
    start_loader();
    port->ops->deinit(port);
    plug(&(fake_usb_device_t){.kind = FAKE_USB_BRIDGE, .vid = NANJING_QINHENG_MICROE_VID, .pid = CH341_PID});
    start_loader();
    port->ops->deinit(port);
}

static void a_device_that_is_not_there_is_an_error_when_the_time_is_up(void **state)
{
    (void)state;
    plug(&(fake_usb_device_t){.vid = BRIDGE_VID, .pid = BRIDGE_PID, .plugged_at_ns = UINT64_MAX});
    const uint64_t start_ns = wires_now_ns();
    assert_int_equal(port->ops->init(port), ESP_LOADER_ERROR_FAIL);
    assert_true(wires_now_ns() - start_ns <= (TIMEOUT_MS + LOOK_MS) * WIRES_MS);
    assert_int_equal(fake_held(), 0);
    /* What is called all the same does nothing. */
    uint8_t byte = 0;
    assert_int_equal(port->ops->write(port, &byte, 1, 10), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(port->ops->read(port, &byte, 1, 10), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(port->ops->change_transmission_rate(port, 9600), ESP_LOADER_ERROR_FAIL);
    port->ops->flush(port);
    port->ops->enter_bootloader(port);
    port->ops->reset_target(port);
    port->ops->deinit(port);
}

static void a_device_that_comes_in_time_is_waited_for(void **state)
{
    (void)state;
    fake_usb_device()->plugged_at_ns = wires_now_ns() + 700 * WIRES_MS;
    start_loader();
    port->ops->deinit(port);
}

static void whatever_fails_while_it_is_opened_leaves_nothing_taken(void **state)
{
    (void)state;
    for (unsigned call = 1; call <= 2; call++) { /* the buffer, the device */
        fake_fail_call(call);
        assert_int_equal(port->ops->init(port), ESP_LOADER_ERROR_FAIL);
        assert_int_equal(fake_held(), 0);
    }
    fake_fail_call(3); /* its rate: some have none */
    open_port();
    port->ops->deinit(port);
    assert_int_equal(fake_held(), 0);
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void a_bridge_moves_dtr_and_rts_as_boards_with_two_transistors_want_it(void **state)
{
    (void)state;
    open_port();
    port->ops->enter_bootloader(port);
    assert_string_equal(fake_usb_lines(), "210"); /* reset; boot; neither */
    port->ops->reset_target(port);
    assert_string_equal(fake_usb_lines(), "21020");
    port->ops->deinit(port);
}

static void a_usb_serial_jtag_is_asked_for_the_loader_before_it_resets(void **state)
{
    (void)state;
    plug(&serial_jtag);
    open_port();
    port->ops->enter_bootloader(port);
    assert_string_equal(fake_usb_lines(), "01320");
    job_expect_log(port, "waiting for download\r\n");
    port->ops->deinit(port);
}

static void espressifs_other_devices_are_no_usb_serial_jtag(void **state)
{
    (void)state;
    plug(&(fake_usb_device_t){.kind = FAKE_USB_BRIDGE, .vid = ESPRESSIF_VID, .pid = 0x0002});
    open_port();
    port->ops->enter_bootloader(port);
    assert_string_equal(fake_usb_lines(), "210");
    port->ops->deinit(port);
}

static void what_the_target_said_before_its_reset_is_forgotten_and_its_banner_is_not(void **state)
{
    (void)state;
    open_port();
    port->ops->reset_target(port);
    wires_pass_ns(2000 * WIRES_MS); /* it complains about its blank flash */
    port->ops->enter_bootloader(port);
    char heard[8] = "";
    assert_int_equal(port->ops->read(port, (uint8_t *)heard, 5, 1000), ESP_LOADER_SUCCESS);
    assert_string_equal(heard, "ets J");
    port->ops->deinit(port);
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

static void the_rate_of_a_bridge_is_changed(void **state)
{
    (void)state;
    open_port();
    assert_int_equal(fake_usb_rate(), 115200);
    assert_int_equal(port->ops->change_transmission_rate(port, 921600), ESP_LOADER_SUCCESS);
    assert_int_equal(wires_baud(), 921600);
    fake_fail_call(1);
    assert_int_equal(port->ops->change_transmission_rate(port, 460800), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(wires_baud(), 921600);
    port->ops->deinit(port);
}

static void a_read_waits_as_long_as_it_says_and_little_longer(void **state)
{
    (void)state;
    uint8_t byte;
    static const uint32_t timeouts_ms[] = {1, 9, 10, 11, 95, 1000};
    start_loader();
    for (size_t at = 0; at < sizeof(timeouts_ms) / sizeof(timeouts_ms[0]); at++) {
        wires_pass_ns(3700 * WIRES_US);
        const uint64_t start_ns = wires_now_ns();
        assert_int_equal(port->ops->read(port, &byte, 1, timeouts_ms[at]), ESP_LOADER_ERROR_TIMEOUT);
        const uint64_t took_ns = wires_now_ns() - start_ns;
        assert_true(took_ns >= (timeouts_ms[at] - 1) * WIRES_MS); /* the clock counts whole milliseconds */
        assert_true(took_ns <= (timeouts_ms[at] + 31) * WIRES_MS);
    }
    const uint64_t start_ns = wires_now_ns();
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    assert_true(wires_now_ns() == start_ns);
    port->ops->deinit(port);
}

/* The driver makes no tick of 3 ms, and would not even try. */
static void a_short_time_to_write_is_long_enough_for_a_few_bytes(void **state)
{
    (void)state;
    static const uint8_t bytes[8] = {0};
    start_loader();
    for (uint32_t timeout_ms = 0; timeout_ms < 4; timeout_ms++) {
        assert_int_equal(port->ops->write(port, bytes, sizeof(bytes), timeout_ms), ESP_LOADER_SUCCESS);
    }
    port->ops->deinit(port);
}

static void a_device_that_takes_nothing_is_a_timeout(void **state)
{
    (void)state;
    static const uint8_t bytes[100] = {0};
    start_loader();
    fake_usb_device()->stuck = true;
    const uint64_t start_ns = wires_now_ns();
    assert_int_equal(port->ops->write(port, bytes, sizeof(bytes), 200), ESP_LOADER_ERROR_TIMEOUT);
    const uint64_t took_ns = wires_now_ns() - start_ns;
    assert_true(took_ns >= 200 * WIRES_MS && took_ns < 250 * WIRES_MS);
    port->ops->deinit(port);
}

static void what_does_not_fit_into_the_buffer_is_lost_and_told_once(void **state)
{
    (void)state;
    uint8_t bytes[64];
    uint16_t got_bytes;
    open_port();
    for (unsigned times = 0; times < 200; times++) {
        port->ops->reset_target(port);
        wires_pass_ns(300 * WIRES_MS);
    }
    assert_int_equal(port->ops->read_some(port, bytes, sizeof(bytes), &got_bytes, 0),
                     ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(port->ops->read_some(port, bytes, sizeof(bytes), &got_bytes, 0), ESP_LOADER_ERROR_TIMEOUT);
    port->ops->deinit(port);
    job_run(port, 0);
}

/* --- What breaks ------------------------------------------------------------------------------------------- */

static void an_unplugged_device_ends_a_wait_with_an_error_within_50_ms(void **state)
{
    (void)state;
    uint8_t byte;
    start_loader();
    const uint64_t gone_ns = wires_now_ns() + 300 * WIRES_MS;
    fake_usb_device()->unplugged_at_ns = gone_ns;
    assert_int_equal(port->ops->read(port, &byte, 1, 100000), ESP_LOADER_ERROR_FAIL);
    assert_true(wires_now_ns() >= gone_ns && wires_now_ns() < gone_ns + 50 * WIRES_MS);
    assert_int_equal(told.disconnections, 1);
    assert_int_equal(port->ops->write(port, &byte, 1, 1000), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(port->ops->change_transmission_rate(port, 9600), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(fake_held(), 2); /* the device is closed by whom it belongs to */
    port->ops->deinit(port);
    assert_int_equal(fake_held(), 0);
}

static void what_came_before_it_was_unplugged_is_handed_out(void **state)
{
    (void)state;
    uint8_t bytes[4];
    open_port();
    port->ops->enter_bootloader(port);
    wires_pass_ns(300 * WIRES_MS);
    fake_usb_device()->unplugged_at_ns = wires_now_ns();
    wires_pass_ns(10 * WIRES_MS);
    assert_int_equal(told.disconnections, 1);
    assert_int_equal(port->ops->read(port, bytes, sizeof(bytes), 10), ESP_LOADER_SUCCESS);
    assert_memory_equal(bytes, "ets ", 4);
    uint8_t rest[1000];
    assert_int_equal(port->ops->read(port, rest, sizeof(rest), 10), ESP_LOADER_ERROR_FAIL);
    port->ops->deinit(port);
}

static void a_device_that_is_unplugged_while_it_is_written_to_is_an_error(void **state)
{
    (void)state;
    static const uint8_t bytes[4000] = {0};
    start_loader();
    const uint64_t gone_ns = wires_now_ns() + 100 * WIRES_MS;
    fake_usb_device()->unplugged_at_ns = gone_ns;
    assert_int_equal(port->ops->write(port, bytes, sizeof(bytes), 10000), ESP_LOADER_ERROR_FAIL);
    assert_true(wires_now_ns() < gone_ns + 50 * WIRES_MS);
    port->ops->deinit(port);
}

/* At any time of a conversation. */
static void a_conversation_with_a_device_that_is_unplugged_ends_with_an_error(void **state)
{
    (void)state;
    enum { STEP_MS = 37, END_MS = 60 * STEP_MS };
    unsigned failed = 0;
    for (uint64_t at_ms = 1; at_ms < END_MS; at_ms += STEP_MS) {
        esp_loader_t loader;
        esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 3};
        uint32_t value = 0;
        plug(&bridge);
        assert_int_equal(esp_loader_init_serial(&loader, port), ESP_LOADER_SUCCESS);
        const uint64_t start_ns = wires_now_ns();
        fake_usb_device()->unplugged_at_ns = start_ns + at_ms * WIRES_MS;
        esp_loader_error_t err = esp_loader_connect(&loader, &args);
        while (err == ESP_LOADER_SUCCESS) { /* ends: it will be unplugged */
            err = esp_loader_read_register(&loader, 0x40001000, &value);
        }
        assert_int_equal(err, ESP_LOADER_ERROR_FAIL);
        assert_int_equal(reflash_last_fault(&loader).cause, REFLASH_CAUSE_PORT);
        assert_true(wires_now_ns() - start_ns < (at_ms + 2 * TIMEOUT_MS) * WIRES_MS);
        esp_loader_deinit(&loader);
        assert_int_equal(fake_held(), 0);
        failed++;
    }
    assert_int_equal(failed, 60);
}

static void a_failed_transfer_is_an_error_until_the_device_is_opened_again(void **state)
{
    (void)state;
    uint8_t byte;
    start_loader();
    fake_usb_break();
    assert_int_equal(told.errors, 1);
    assert_int_equal(port->ops->read(port, &byte, 1, 100), ESP_LOADER_ERROR_FAIL);
    port->ops->enter_bootloader(port);
    assert_int_equal(fake_usb_opened(), 2);
    job_expect_log(port, "waiting for download\r\n");
    port->ops->deinit(port);
}

static void a_line_that_cannot_be_moved_lets_the_next_write_fail(void **state)
{
    (void)state;
    uint8_t byte = 0;
    open_port();
    fake_fail_call(1);
    fake_usb_device()->unplugged_at_ns = wires_now_ns() + 10 * WIRES_MS; /* cannot be opened again, too */
    port->ops->reset_target(port);
    assert_int_equal(port->ops->write(port, &byte, 1, 100), ESP_LOADER_ERROR_FAIL);
    port->ops->deinit(port);
}

static void a_device_that_is_plugged_in_again_is_opened_by_the_next_reset(void **state)
{
    (void)state;
    uint8_t byte;
    start_loader();
    assert_int_equal(port->ops->change_transmission_rate(port, 921600), ESP_LOADER_SUCCESS);
    fake_usb_device()->unplugged_at_ns = wires_now_ns() + 10 * WIRES_MS;
    fake_usb_device()->replugged_at_ns = wires_now_ns() + 900 * WIRES_MS;
    assert_int_equal(port->ops->read(port, &byte, 1, 1000), ESP_LOADER_ERROR_FAIL);
    port->ops->enter_bootloader(port);
    assert_int_equal(wires_baud(), 115200);
    job_expect_log(port, "waiting for download\r\n");
    port->ops->deinit(port);
    assert_int_equal(fake_held(), 0);
}

static void a_device_that_comes_back_when_the_target_is_reset_is_opened_again(void **state)
{
    (void)state;
    plug(&serial_jtag);
    fake_usb_device()->gone_on_reset = true;
    open_port();
    port->ops->reset_target(port); /* waits long enough to see it go */
    assert_int_equal(fake_usb_opened(), 2);
    assert_int_equal(told.disconnections, 1);
    uint8_t byte = 0;
    assert_int_equal(port->ops->write(port, &byte, 1, 100), ESP_LOADER_SUCCESS);
    port->ops->deinit(port);
}

static void the_port_may_be_opened_again_without_being_closed(void **state)
{
    (void)state;
    open_port();
    start_loader();
    port->ops->deinit(port);
    assert_int_equal(fake_held(), 0);
}

static void events_reach_the_program_and_callbacks_may_be_missing(void **state)
{
    (void)state;
    open_port();
    fake_usb_change_state();
    assert_int_equal(told.states, 1);
    port->ops->deinit(port);
    under_test.acm_host_error_callback = NULL;
    under_test.device_disconnected_callback = NULL;
    under_test.acm_host_serial_state_callback = NULL;
    open_port();
    fake_usb_change_state();
    fake_usb_break();
    fake_usb_device()->unplugged_at_ns = wires_now_ns();
    wires_pass_ns(5 * WIRES_MS);
    assert_int_equal(told.states + told.errors + told.disconnections, 1);
    port->ops->deinit(port);
}

static void the_countdown_does_not_show_that_the_clock_wraps(void **state)
{
    (void)state;
    assert_true((uint32_t)(wires_now_ns() / WIRES_MS) > UINT32_MAX - 2000);
    port->ops->start_timer(port, 3000);
    port->ops->delay_ms(port, 2000);
    assert_in_range(port->ops->remaining_time(port), 970, 1000);
    port->ops->delay_ms(port, 1000);
    assert_int_equal(port->ops->remaining_time(port), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, job_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_blank_target_behind_a_bridge_is_written_proved_and_started_and_then_skipped),
        TEST(small_pieces_make_the_same_job),
        TEST(a_target_at_its_own_usb_serial_jtag_is_written_proved_and_started_and_then_skipped),
        TEST(every_promise_of_a_port_is_kept),
        TEST(the_device_is_found_when_it_is_not_named),
        TEST(a_named_bridge_is_opened_by_its_driver),
        TEST(a_device_that_is_not_there_is_an_error_when_the_time_is_up),
        TEST(a_device_that_comes_in_time_is_waited_for),
        TEST(whatever_fails_while_it_is_opened_leaves_nothing_taken),
        TEST(a_bridge_moves_dtr_and_rts_as_boards_with_two_transistors_want_it),
        TEST(a_usb_serial_jtag_is_asked_for_the_loader_before_it_resets),
        TEST(espressifs_other_devices_are_no_usb_serial_jtag),
        TEST(what_the_target_said_before_its_reset_is_forgotten_and_its_banner_is_not),
        TEST(the_rate_of_a_bridge_is_changed),
        TEST(a_read_waits_as_long_as_it_says_and_little_longer),
        TEST(a_short_time_to_write_is_long_enough_for_a_few_bytes),
        TEST(a_device_that_takes_nothing_is_a_timeout),
        TEST(what_does_not_fit_into_the_buffer_is_lost_and_told_once),
        TEST(an_unplugged_device_ends_a_wait_with_an_error_within_50_ms),
        TEST(what_came_before_it_was_unplugged_is_handed_out),
        TEST(a_device_that_is_unplugged_while_it_is_written_to_is_an_error),
        TEST(a_conversation_with_a_device_that_is_unplugged_ends_with_an_error),
        TEST(a_failed_transfer_is_an_error_until_the_device_is_opened_again),
        TEST(a_line_that_cannot_be_moved_lets_the_next_write_fail),
        TEST(a_device_that_is_plugged_in_again_is_opened_by_the_next_reset),
        TEST(a_device_that_comes_back_when_the_target_is_reset_is_opened_again),
        TEST(the_port_may_be_opened_again_without_being_closed),
        TEST(events_reach_the_program_and_callbacks_may_be_missing),
        TEST(the_countdown_does_not_show_that_the_clock_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
