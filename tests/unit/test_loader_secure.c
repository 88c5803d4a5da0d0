/* SPDX-License-Identifier: Apache-2.0 */
/* A chip in secure download mode: what is known without asking, what it does and what is not even asked. Bytes to and
 * from the target are recorded from mask-ROM code or follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "talk.h"

/* An ESP32-C3's answer with the flag of the mode set. */
#define SECURE_C3 " >" RECORDED_SECURITY_INFO " <c0011418006f50311b04000000000000000000000c050000000300000000000000c0"
#define SECURE_ATTACH_C3 ATTACHED SET_PARAMS("00004000")

static void connect_securely(void)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED SECURE_C3 SECURE_ATTACH_C3);
    assert_int_equal(esp_loader_connect_secure_download_mode(&talk.loader, &args, 0x400000), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32C3_CHIP);
    expect_no_fault();
}

static void a_chip_in_secure_download_mode_is_told_its_flash_by_the_caller(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    connect_securely();
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    reflash_target_t target;
    assert_true(reflash_describe_target(&talk.loader, &target));
    assert_true(target.secure_download);
    assert_false(target.has_digests);
}

static void an_esp32s2_in_secure_download_mode_is_known_without_a_register(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED " >" RECORDED_SECURITY_INFO
         " <c0011410000000000004000000000000000000000000000000c0" SECURE_ATTACH_C3);
    assert_int_equal(esp_loader_connect_secure_download_mode(&talk.loader, &args, 0x400000), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32S2_CHIP);
}

static void secure_download_mode_writes_and_erases_without_a_comparison(void **state)
{
    (void)state;
    static const uint8_t data[4] = {1, 2, 3, 4};
    connect_securely();
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 4, .block_size = 4, .skip_verify = true};
    play(">c000021400000000000400000001000000040000000010000000000000c0 <c0010204000000000000000000c0");
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    play(">c000031400eb0000000400000000000000000000000000000001020304c0 <c0010304000000000000000000c0");
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, 4), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    scripted_port_expect_end(&talk.port);
}

/* A ROM that has the number of a block may have refused that for its checksum, and only the answer said so. Elsewhere a
 * digest tells; here nothing would. */
static void a_block_whose_answer_is_lost_is_not_taken_for_written_where_nothing_can_compare(void **state)
{
    (void)state;
    const uint8_t data[] = {1, 2, 3, 4};
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 4, .block_size = 4, .skip_verify = true};
    connect_securely();
    play(">c000021400000000000400000001000000040000000010000000000000c0 <c0010204000000000000000000c0");
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    play(">c000031400eb0000000400000000000000000000000000000001020304c0"
         " >c000031400eb0000000400000000000000000000000000000001020304c0 <c0010304000000000001050000c0");
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, sizeof(data)), ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_REFUSED);
}

static void what_secure_download_mode_forbids_is_unsupported_and_sends_nothing(void **state)
{
    (void)state;
    uint8_t bytes[16];
    uint32_t value;
    esp_loader_t *loader = &talk.loader;
    connect_securely();
    assert_int_equal(esp_loader_read_register(loader, 0x40001000, &value), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_write_register(loader, 0x40001000, 0), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_read_mac(loader, bytes), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(reflash_flash_md5(loader, 0, 1, bytes), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
    reflash_image_t image = {.flash_addr = 0, .bytes = 4, .data = bytes};
    reflash_job_t job = {.block_bytes = 0};
    assert_int_equal(reflash_update(loader, &image, 1, &job), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    scripted_port_expect_end(&talk.port);
}

static void without_its_size_the_flash_of_a_secure_chip_is_not_touched(void **state)
{
    (void)state;
    uint32_t flash_bytes;
    conversation_start(&talk);
    play("reset" SYNC_ANSWERED SECURE_C3);
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_flash_erase_region(&talk.loader, 0, 4096), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

static void a_size_that_no_flash_has_is_refused_before_the_reset(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(&talk);
    assert_int_equal(esp_loader_connect_secure_download_mode(&talk.loader, &args, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_connect_secure_download_mode(&talk.loader, &args, 4095),
                     ESP_LOADER_ERROR_INVALID_PARAM);
    assert_string_equal(talk.port.line_calls, "I");
}

static void the_rate_of_a_secure_chip_is_changed_without_a_register(void **state)
{
    (void)state;
    connect_securely();
    play(" >" RECORDED_CHANGE_BAUDRATE " <c0010f04000000000000000000c0c0c0 rate=921600");
    conversation_play_times(&talk, 3, SYNC_UNANSWERED);
    play(RATE_BACK " rate=115200");
    conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    play("reset" SYNC_ANSWERED SECURE_ATTACH_C3); /* the size is not forgotten by a reset */
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_ERROR_TIMEOUT);
    uint32_t flash_bytes = 0;
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    scripted_port_expect_end(&talk.port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chip_in_secure_download_mode_is_told_its_flash_by_the_caller),
        cmocka_unit_test(an_esp32s2_in_secure_download_mode_is_known_without_a_register),
        cmocka_unit_test(secure_download_mode_writes_and_erases_without_a_comparison),
        cmocka_unit_test(a_block_whose_answer_is_lost_is_not_taken_for_written_where_nothing_can_compare),
        cmocka_unit_test(what_secure_download_mode_forbids_is_unsupported_and_sends_nothing),
        cmocka_unit_test(without_its_size_the_flash_of_a_secure_chip_is_not_touched),
        cmocka_unit_test(a_size_that_no_flash_has_is_refused_before_the_reset),
        cmocka_unit_test(the_rate_of_a_secure_chip_is_changed_without_a_register),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
