/* SPDX-License-Identifier: Apache-2.0 */
/* What programs of generation 1.8 rely on, beyond their usual job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "bench.h"
#include "esp_loader.h"
#include "esp_loader_io.h"
#include "v1_port.h"

static bench_t bench;

static int start(void **state)
{
    (void)state;
    bench_start(&bench, "esp32");
    v1_port_start(bench.sim);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bench_end(&bench);
    return 0;
}

static void connect_to_target(void)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    assert_int_equal(esp_loader_connect(&args), ESP_LOADER_SUCCESS);
}

/* First of all tests: nothing was connected before. */
static void before_connecting_a_target_can_be_reset_and_nothing_else(void **state)
{
    (void)state;
    uint32_t value;
    assert_int_equal(esp_loader_get_target(), ESP_UNKNOWN_CHIP);
    assert_int_equal(esp_loader_read_register(0x60000000, &value), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_start(0x1000, 4, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_finish(true), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(v1_port.resets, 0);
    assert_int_equal(espsim_stats(bench.sim)->bytes_to_target, 0);
    esp_loader_reset_target();
    assert_int_equal(v1_port.resets, 1);
}

static void a_short_block_is_filled_with_ff_in_the_callers_buffer(void **state)
{
    (void)state;
    uint8_t payload[1024 + 1];
    connect_to_target();
    assert_int_equal(esp_loader_flash_start(0x2000, 1001, 1024), ESP_LOADER_SUCCESS);
    memset(payload, 0x5A, sizeof(payload));
    assert_int_equal(esp_loader_flash_write(payload, 1001), ESP_LOADER_SUCCESS);
    assert_int_equal(payload[1000], 0x5A);
    for (unsigned at = 1001; at < 1024; at++) {
        assert_int_equal(payload[at], 0xFF);
    }
    assert_int_equal(payload[1024], 0x5A);
    assert_memory_equal(bench.flash + 0x2000, payload, 1024);
}

static void a_short_block_in_the_middle_takes_the_room_of_a_whole_one(void **state)
{
    (void)state;
    uint8_t payload[512];
    connect_to_target();
    assert_int_equal(esp_loader_flash_start(0x2000, 1024, sizeof(payload)), ESP_LOADER_SUCCESS);
    memset(payload, 0x11, sizeof(payload));
    assert_int_equal(esp_loader_flash_write(payload, 10), ESP_LOADER_SUCCESS);
    memset(payload, 0x22, sizeof(payload));
    assert_int_equal(esp_loader_flash_write(payload, sizeof(payload)), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(false), ESP_LOADER_SUCCESS);
    assert_int_equal(bench.flash[0x2000 + 9], 0x11);
    assert_int_equal(bench.flash[0x2000 + 10], 0xFF);
    assert_int_equal(bench.flash[0x2000 + 512], 0x22);
}

static void more_than_a_block_or_than_the_image_is_refused(void **state)
{
    (void)state;
    uint8_t payload[16] = {0};
    connect_to_target();
    assert_int_equal(esp_loader_flash_start(0x2000, 12, 8), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(payload, 16), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_write(NULL, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_write(payload, 8), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_verify(), ESP_LOADER_ERROR_IMAGE_SIZE);
    assert_int_equal(esp_loader_flash_write(payload, 8), ESP_LOADER_SUCCESS); /* rounded up by its program */
    assert_int_equal(esp_loader_flash_write(payload, 8), ESP_LOADER_ERROR_IMAGE_SIZE);
}

static void verify_compares_before_and_after_the_end_of_a_write(void **state)
{
    (void)state;
    uint8_t payload[64];
    memset(payload, 0x3C, sizeof(payload));
    connect_to_target();
    assert_int_equal(esp_loader_flash_start(0x2000, 64, 64), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(payload, 64), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_verify(), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(false), ESP_LOADER_SUCCESS);
    assert_int_equal(v1_port.resets, 0);
    assert_int_equal(esp_loader_flash_verify(), ESP_LOADER_SUCCESS);
    bench.flash[0x2000 + 63] ^= 0x01;
    assert_int_equal(esp_loader_flash_verify(), ESP_LOADER_ERROR_INVALID_MD5);
    assert_int_equal(esp_loader_flash_finish(true), ESP_LOADER_SUCCESS); /* compares nothing */
    assert_int_equal(v1_port.resets, 1);
    assert_false(espsim_in_loader(bench.sim));
}

static void both_functions_change_the_rate_of_both_ends(void **state)
{
    (void)state;
    uint32_t flash_size = 0;
    connect_to_target();
    assert_int_equal(esp_loader_change_transmission_rate(230400), ESP_LOADER_SUCCESS);
    assert_int_equal(v1_port.baud, 230400);
    assert_int_equal(esp_loader_change_transmission_rate_stub(230400, 460800), ESP_LOADER_SUCCESS);
    assert_int_equal(v1_port.baud, 460800);
    assert_int_equal(espsim_baud(bench.sim) / 10000, 46);
    assert_int_equal(esp_loader_flash_detect_size(&flash_size), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_size, BENCH_FLASH_BYTES);
}

static void a_link_without_a_rate_is_no_error(void **state)
{
    (void)state;
    connect_to_target();
    v1_port.has_no_rate = true;
    assert_int_equal(esp_loader_change_transmission_rate(115200), ESP_LOADER_SUCCESS);
    assert_int_equal(v1_port.rate_changes, 1);
}

static void connecting_again_begins_anew(void **state)
{
    (void)state;
    uint8_t payload[4] = {0};
    connect_to_target();
    assert_int_equal(esp_loader_get_target(), ESP32_CHIP);
    assert_int_equal(esp_loader_flash_start(0x2000, 8, 4), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(payload, 4), ESP_LOADER_SUCCESS);
    connect_to_target();
    assert_int_equal(esp_loader_flash_write(payload, 4), ESP_LOADER_ERROR_INVALID_PARAM);
}

static void identity_and_registers_are_told(void **state)
{
    (void)state;
    static const uint8_t expected[6] = {0x24, 0x0A, 0xC4, 0x12, 0x34, 0x56};
    uint8_t mac[6];
    uint32_t value = 0;
    connect_to_target();
    assert_int_equal(esp_loader_read_mac(mac), ESP_LOADER_SUCCESS);
    assert_memory_equal(mac, expected, sizeof(mac));
    assert_int_equal(esp_loader_write_register(0x3FFB0000, 0x12345678), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_read_register(0x3FFB0000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0x12345678);
}

static void a_silent_target_is_a_timeout(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = {.sync_timeout = 10, .trials = 2};
    espsim_power_off(bench.sim);
    assert_int_equal(esp_loader_connect(&args), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(esp_loader_get_target(), ESP_UNKNOWN_CHIP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(before_connecting_a_target_can_be_reset_and_nothing_else, start, end),
        cmocka_unit_test_setup_teardown(a_short_block_is_filled_with_ff_in_the_callers_buffer, start, end),
        cmocka_unit_test_setup_teardown(a_short_block_in_the_middle_takes_the_room_of_a_whole_one, start, end),
        cmocka_unit_test_setup_teardown(more_than_a_block_or_than_the_image_is_refused, start, end),
        cmocka_unit_test_setup_teardown(verify_compares_before_and_after_the_end_of_a_write, start, end),
        cmocka_unit_test_setup_teardown(both_functions_change_the_rate_of_both_ends, start, end),
        cmocka_unit_test_setup_teardown(a_link_without_a_rate_is_no_error, start, end),
        cmocka_unit_test_setup_teardown(connecting_again_begins_anew, start, end),
        cmocka_unit_test_setup_teardown(identity_and_registers_are_told, start, end),
        cmocka_unit_test_setup_teardown(a_silent_target_is_a_timeout, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
