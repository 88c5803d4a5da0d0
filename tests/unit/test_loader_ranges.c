/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of the flash, and arguments: those outside their range are refused before anything is sent. Bytes to and
 * from the target are recorded from mask-ROM code or follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

#include "talk.h"

static const uint8_t block_data[8] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};

static void a_range_up_to_the_end_of_the_flash_is_asked_for(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_attach(&talk);
    play(">c00013100000000000ffff3f00010000000000000000000000c0 <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0x3FFFFF, 1, digest), ESP_LOADER_SUCCESS);
    play(">c0001310000000000000004000000000000000000000000000c0 <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0x400000, 0, digest), ESP_LOADER_SUCCESS);
    play(">c0000210000000000000100000010000000018000000f03f00c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    assert_int_equal(esp_loader_flash_erase_region(&talk.loader, 0x3FF000, 0x1000), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_range_beyond_the_flash_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    static const struct {
        uint32_t flash_addr, bytes;
    } ranges[] = {
        {0x3FF000, 0x2000},   {0x400000, 0x1000},       {0, 0x401000},
        {0x1000, 0x400000},   {0xFFFFF000, 0x1000},     {0xFFFFF000, 0x2000}, /* the sum wraps */
        {0x1000, 0xFFFFF000}, {0xFFFFF000, 0xFFFFF000}, {0x80000000, 0x80000000},
    };
    conversation_attach(&talk);
    for (size_t row = 0; row < sizeof(ranges) / sizeof(ranges[0]); row++) {
        const uint32_t flash_addr = ranges[row].flash_addr;
        const uint32_t bytes = ranges[row].bytes;
        uint8_t digest[16] = {0};
        esp_loader_flash_cfg_t cfg = {.offset = flash_addr, .image_size = bytes, .block_size = 1024};
        assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_ERROR_IMAGE_SIZE);
        assert_int_equal(esp_loader_flash_erase_region(&talk.loader, flash_addr, bytes), ESP_LOADER_ERROR_IMAGE_SIZE);
        assert_int_equal(reflash_flash_md5(&talk.loader, flash_addr, bytes, digest), ESP_LOADER_ERROR_IMAGE_SIZE);
        assert_int_equal(reflash_flash_verify_md5(&talk.loader, flash_addr, bytes, digest),
                         ESP_LOADER_ERROR_IMAGE_SIZE);
        assert_int_equal(
            esp_loader_flash_verify_known_md5(&talk.loader, flash_addr, bytes, (const uint8_t *)RECORDED_DIGEST),
            ESP_LOADER_ERROR_IMAGE_SIZE);
        expect_fault(ESP_LOADER_ERROR_IMAGE_SIZE, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
}

static esp_loader_error_t start_with(uint32_t offset, uint32_t image_size, uint32_t block_size)
{
    esp_loader_flash_cfg_t cfg = {.offset = offset, .image_size = image_size, .block_size = block_size};
    return esp_loader_flash_start(&talk.loader, &cfg);
}

static void a_write_that_was_not_begun_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256};
    conversation_attach(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_REFUSED);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, block_data, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* Calls whose arguments are outside their range whatever the flash holds; the script being empty, none of them
 * may send a byte. False: there is no call of this number. */
static bool call_badly(unsigned number, esp_loader_error_t *err)
{
    esp_loader_t *loader = &talk.loader;
    reflash_image_t image = {.bytes = 8, .data = block_data};
    reflash_job_t job = {.block_bytes = 0};
    switch (number) {
    case 0:
        *err = esp_loader_flash_start(loader, NULL);
        return true;
    case 1:
        *err = start_with(0, 0, 1024);
        return true;
    case 2:
        *err = start_with(1, 4096, 1024);
        return true;
    case 3:
        *err = start_with(0x800, 4096, 1024);
        return true;
    case 4:
        *err = start_with(0, 4096, 0);
        return true;
    case 5:
        *err = start_with(0, 4096, 1026);
        return true;
    case 6:
        *err = start_with(0, 4096, 0x1804);
        return true;
    case 7:
        *err = esp_loader_flash_finish(loader, NULL);
        return true;
    case 8:
        *err = esp_loader_flash_detect_size(loader, NULL);
        return true;
    case 9:
        *err = esp_loader_flash_verify_known_md5(loader, 0, 256, NULL);
        return true;
    case 10:
        *err = esp_loader_flash_erase_region(loader, 0x800, 0x1000);
        return true;
    case 11:
        *err = esp_loader_flash_erase_region(loader, 0x1000, 0x800);
        return true;
    case 12:
        *err = esp_loader_flash_erase_region(loader, 0x1000, 0);
        return true;
    case 13:
        *err = reflash_update(loader, NULL, 1, &job);
        return true;
    case 14:
        *err = reflash_update(loader, &image, 0, &job);
        return true;
    case 15:
        *err = reflash_update(loader, &image, 1, NULL);
        return true;
    case 16:
        *err = reflash_flash_md5(loader, 0, 256, NULL);
        return true;
    case 17:
        *err = reflash_flash_verify_md5(loader, 0, 256, NULL);
        return true;
    default:
        return false;
    }
}

static void a_bad_argument_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    esp_loader_error_t err;
    conversation_attach(&talk);
    for (unsigned number = 0; call_badly(number, &err); number++) {
        assert_int_equal(err, ESP_LOADER_ERROR_INVALID_PARAM);
        expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
}

static void a_bad_argument_does_not_even_attach_the_flash(void **state)
{
    (void)state;
    esp_loader_error_t err;
    conversation_connect(&talk);
    for (unsigned number = 0; call_badly(number, &err); number++) {
        assert_int_equal(err, ESP_LOADER_ERROR_INVALID_PARAM);
        expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
}

static void a_bad_argument_is_not_told_with_the_command_and_reason_of_the_fault_before(void **state)
{
    (void)state;
    esp_loader_error_t err = ESP_LOADER_SUCCESS;
    uint8_t digest[16];
    conversation_attach(&talk);
    for (unsigned number = 0; call_badly(number, &err); number++) {
        conversation_play_times(&talk, 3, " >" RECORDED_MD5 " <" RECORDED_MD5_REFUSED);
        assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
        (void)call_badly(number, &err);
        expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_was_not_begun_is_refused_and_nothing_is_sent),
        cmocka_unit_test(a_range_up_to_the_end_of_the_flash_is_asked_for),
        cmocka_unit_test(a_range_beyond_the_flash_is_refused_and_nothing_is_sent),
        cmocka_unit_test(a_bad_argument_is_refused_and_nothing_is_sent),
        cmocka_unit_test(a_bad_argument_does_not_even_attach_the_flash),
        cmocka_unit_test(a_bad_argument_is_not_told_with_the_command_and_reason_of_the_fault_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
