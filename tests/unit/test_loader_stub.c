/* SPDX-License-Identifier: Apache-2.0 */
/* The loader and RAM stubs: uploading one, and what is asked otherwise of it than of a mask ROM. The look-up is this
 * program's own (tiny_stub.c). Wire bytes are recorded (esp32-stub2) or follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "hex.h"
#include "tiny_stub.h"

static conversation_t talk;

#define expect_fault(code, cause, command, reason) conversation_expect_fault(&talk, code, cause, command, reason)
#define expect_no_fault() conversation_expect_no_fault(&talk)
#define play(script) scripted_port_play(&talk.port, script)

/* Eight answers to one, as recorded. */
#define STUB_SYNC_ANSWER "c001080200000000000000c0"
#define STUB_SYNC                                                                                                      \
    " >" RECORDED_SYNC " <" STUB_SYNC_ANSWER STUB_SYNC_ANSWER STUB_SYNC_ANSWER STUB_SYNC_ANSWER STUB_SYNC_ANSWER       \
        STUB_SYNC_ANSWER STUB_SYNC_ANSWER STUB_SYNC_ANSWER
#define STUB_READ_MAGIC " >" RECORDED_READ_MAGIC " <c0010a0200831df0000000c0"

static const reflash_stub_t *in_memory;

static int forget(void **state)
{
    (void)state;
    in_memory = in_memory != NULL ? in_memory : tiny_stub;
    tiny_stub = in_memory;
    tiny_stub_is_broken = false;
    return 0;
}

/* --- Starting one ---------------------------------------------------------------------------------- */

static void connecting_with_a_stub_uploads_it_and_waits_for_its_greeting(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(&talk);
    play(CONNECT_ESP32 TINY_STARTED);
    assert_int_equal(esp_loader_connect_with_stub(&talk.loader, &args), ESP_LOADER_SUCCESS);
    expect_no_fault();
    assert_int_equal(tiny_stub_chip, ESP32_CHIP);
    assert_int_equal(tiny_stub_revision, 0);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32_CHIP);
}

static void a_stub_that_runs_is_not_uploaded_again(void **state)
{
    (void)state;
    conversation_connect_stub(&talk);
    assert_int_equal(reflash_stub_start(&talk.loader), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* Nothing resets the target. Loaded over itself it would lose what it works with. */
static void one_that_somebody_else_has_started_is_used_as_it_is(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint32_t value;
    args.trials = 1;
    conversation_start(&talk);
    play(" reset" STUB_SYNC " >" RECORDED_SECURITY_INFO " <c00114020000000000ff00c0" STUB_READ_MAGIC);
    assert_int_equal(esp_loader_connect_with_stub(&talk.loader, &args), ESP_LOADER_SUCCESS);
    expect_no_fault();
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32_CHIP);
    play(STUB_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(reflash_stub_start(&talk.loader), ESP_LOADER_SUCCESS); /* there is nothing to do */

    /* Of a chip for which there is none in this program it is no use. */
    tiny_stub = NULL;
    conversation_start(&talk);
    play(" reset" STUB_SYNC " >" RECORDED_SECURITY_INFO " <c00114020000000000ff00c0" STUB_READ_MAGIC);
    assert_int_equal(esp_loader_connect_with_stub(&talk.loader, &args), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP_UNKNOWN_CHIP);
}

static void connecting_again_goes_back_to_the_mask_rom(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint32_t value;
    conversation_connect_stub(&talk);
    play(CONNECT_ESP32 MAGIC_ANSWERED);
    assert_int_equal(esp_loader_connect(&talk.loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    expect_no_fault();
    /* a stub would take a block of 16 KiB */
    esp_loader_mem_cfg_t cfg = {.offset = 0x3FFB0000, .size = 0x4000, .block_size = 0x4000};
    assert_int_equal(esp_loader_mem_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
}

static void a_stub_may_be_kept_elsewhere(void **state)
{
    (void)state;
    tiny_stub = &tiny_stub_elsewhere;
    conversation_connect(&talk);
    play(TINY_LOADED("00010000") TINY_RUN TINY_RUN_ANSWER TINY_GREETING);
    assert_int_equal(reflash_stub_start(&talk.loader), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void storage_that_fails_is_told(void **state)
{
    (void)state;
    tiny_stub = &tiny_stub_elsewhere;
    tiny_stub_is_broken = true;
    conversation_connect(&talk);
    play(TINY_BEGIN_TEXT("00010000"));
    assert_int_equal(reflash_stub_start(&talk.loader), ESP_LOADER_ERROR_FAIL);
    expect_fault(ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_STUB_STORAGE, 0, 0);
}

static void without_a_stub_the_mask_rom_is_connected_all_the_same(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint32_t value;
    tiny_stub = NULL;
    conversation_start(&talk);
    play(CONNECT_ESP32);
    assert_int_equal(esp_loader_connect_with_stub(&talk.loader, &args), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
    play(MAGIC_ANSWERED);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void nothing_is_uploaded_to_a_target_that_is_not_connected(void **state)
{
    (void)state;
    conversation_start(&talk);
    assert_int_equal(reflash_stub_start(&talk.loader), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* `flags_hex`: the security flags, after the protocol text: bit 0 secure boot, bit 2 secure download mode. */
static void expect_no_upload_to_a_c3(const char *security_info)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(&talk);
    tiny_stub_chip = ESP_UNKNOWN_CHIP;
    play(" reset" SYNC_ANSWERED);
    play(security_info);
    assert_int_equal(esp_loader_connect_with_stub(&talk.loader, &args), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
    assert_int_equal(tiny_stub_chip, ESP_UNKNOWN_CHIP);
}

static void a_target_in_secure_download_mode_or_with_secure_boot_gets_no_stub(void **state)
{
    (void)state;
#define SECURITY_INFO(flags_hex)                                                                                       \
    " >" RECORDED_SECURITY_INFO " <c0011418006f50311b" flags_hex "00000000000000000500000003000000"                    \
    "00000000c0"
    expect_no_upload_to_a_c3(SECURITY_INFO("04000000"));
    expect_no_upload_to_a_c3(SECURITY_INFO("01000000"));
}

static void the_greeting_counts_even_if_the_rom_did_not_answer_any_more(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(TINY_LOADED(TINY_IN_BLOCKS_OF_6144) TINY_RUN TINY_GREETING);
    assert_int_equal(reflash_stub_start(&talk.loader), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_program_that_does_not_greet_is_no_stub(void **state)
{
    (void)state;
    static const struct {
        const char *heard;
        esp_loader_error_t err;
        reflash_cause_t cause;
    } endings[] = {
        {TINY_RUN_ANSWER, ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE},
        {TINY_RUN_ANSWER " <c04f484148c0", ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE},
        {TINY_RUN_ANSWER " <c04f4841c0", ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE},
        {TINY_RUN_ANSWER " <c04f48414900c0", ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE},
    };
    for (size_t row = 0; row < sizeof(endings) / sizeof(endings[0]); row++) {
        conversation_connect(&talk);
        play(TINY_LOADED(TINY_IN_BLOCKS_OF_6144) TINY_RUN);
        play(endings[row].heard);
        assert_int_equal(reflash_stub_start(&talk.loader), endings[row].err);
        expect_fault(endings[row].err, endings[row].cause, 0, 0);
    }
}

static void a_refused_start_is_told_at_once(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(TINY_LOADED(TINY_IN_BLOCKS_OF_6144) TINY_RUN " <c0010604000707122001050000c0");
    assert_int_equal(reflash_stub_start(&talk.loader), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x06, 0x05);
}

static void a_refused_upload_is_told_with_its_reason(void **state)
{
    (void)state;
    conversation_connect(&talk);
    conversation_play_times(&talk, 3,
                            " >c00005100000000000040000000100000000180000"
                            "00800a40c0 <c001050400831df00001050000c0");
    assert_int_equal(reflash_stub_start(&talk.loader), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x05, 0x05);
}

/* --- Its answers ----------------------------------------------------------------------------------- */

static void a_refusal_tells_the_reason_from_its_first_byte(void **state)
{
    (void)state;
    uint32_t value;
    conversation_connect_stub(&talk);
    /* stub_unknown: C3 00. Under whatever opcode: the question may have been damaged on its way. */
    conversation_play_times(&talk, 2, " >" RECORDED_READ_MAGIC " <c0010a020000000000c300c0");
    play(" >" RECORDED_READ_MAGIC " <c0014a020000000000c300c0");
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x0A, 0xC3);
}

static void a_stub_that_fell_out_of_step_is_helped_by_a_lone_end_byte(void **state)
{
    (void)state;
    uint32_t value;
    conversation_connect_stub(&talk);
    play(" >" RECORDED_READ_MAGIC " >" RECORDED_READ_MAGIC " >c0" STUB_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0x00F01D83);
    expect_no_fault();
}

static void a_silent_stub_is_a_timeout(void **state)
{
    (void)state;
    uint32_t value;
    conversation_connect_stub(&talk);
    play(" >" RECORDED_READ_MAGIC " >" RECORDED_READ_MAGIC " >c0" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x0A, 0);
}

static void it_is_told_the_rate_before(void **state)
{
    (void)state;
    conversation_connect_stub(&talk);
    play(" >c0000f08000000000000100e0000c20100c0 <c0010f0200000000000000c0 rate=921600" STUB_SYNC);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 921600), ESP_LOADER_SUCCESS);
    play(" >c0000f0800000000000084030000100e00c0 <c0010f0200000000000000c0 rate=230400" STUB_SYNC);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 230400), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void an_esp32_has_no_security_info_with_a_stub_either(void **state)
{
    (void)state;
    esp_loader_target_security_info_t info;
    conversation_connect_stub(&talk);
    assert_int_equal(esp_loader_get_security_info(&talk.loader, &info), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* --- Its flash ------------------------------------------------------------------------------------- */

#define STUB_BEGIN " >" RECORDED_FLASH_BEGIN " <c001020200000000000000c0"
#define STUB_DATA_ANSWER " <c001030200000000000000c0"
#define STUB_END " >c0000404000000000001000000c0"
#define STUB_END_ANSWER " <c001040200000000000000c0"
#define STUB_MD5 " >c0001310000000000000100000000200000000000000000000c0"
/* Of the two recorded blocks. */
#define STUB_MD5_ANSWER " <c00113120000000000c9023e901ad27d15d91fed7afd5342d50000c0"

static esp_loader_flash_cfg_t begin_recorded_write(bool skip_verify)
{
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256, .skip_verify = skip_verify};
    conversation_attach_stub(&talk);
    play(STUB_BEGIN);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    return cfg;
}

static esp_loader_error_t write_recorded_block(esp_loader_flash_cfg_t *cfg, unsigned block)
{
    uint8_t data[256];
    recorded_block(data, block);
    return esp_loader_flash_write(&talk.loader, cfg, data, sizeof(data));
}

static void a_write_is_ended_and_its_raw_digest_compared(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = begin_recorded_write(false);
    play(" >" RECORDED_BLOCK_0 STUB_DATA_ANSWER
         " >" RECORDED_BLOCK_1 STUB_DATA_ANSWER STUB_END STUB_END_ANSWER STUB_MD5 STUB_MD5_ANSWER);
    assert_int_equal(write_recorded_block(&cfg, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(write_recorded_block(&cfg, 1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* Error C4: the last block could not be written. It had been acknowledged. */
static void a_failure_behind_the_last_answer_is_told_by_the_end(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = begin_recorded_write(true);
    play(" >" RECORDED_BLOCK_0 STUB_DATA_ANSWER " >" RECORDED_BLOCK_1 STUB_DATA_ANSWER STUB_END
         " <c00104020000000000c400c0");
    assert_int_equal(write_recorded_block(&cfg, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(write_recorded_block(&cfg, 1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x04, 0xC4);
}

static void a_lost_answer_to_the_end_is_no_success_and_not_asked_for_again(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = begin_recorded_write(true);
    play(" >" RECORDED_BLOCK_0 STUB_DATA_ANSWER " >" RECORDED_BLOCK_1 STUB_DATA_ANSWER STUB_END);
    assert_int_equal(write_recorded_block(&cfg, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(write_recorded_block(&cfg, 1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x04, 0);
}

/* stub_flash_data_bad_checksum: nothing was done with it, and the same number is taken. */
static void a_block_that_arrived_badly_is_sent_again_under_its_number(void **state)
{
    (void)state;
    static const char *const reasons[] = {"c0", "c1", "c3"};
    for (size_t row = 0; row < sizeof(reasons) / sizeof(reasons[0]); row++) {
        char refusal[64] = " <c00103020000000000";
        const bool escaped = row == 0;
        (void)strcat(refusal, escaped ? "dbdc" : reasons[row]);
        (void)strcat(refusal, "00c0");
        esp_loader_flash_cfg_t cfg = begin_recorded_write(true);
        play(" >" RECORDED_BLOCK_0);
        play(refusal);
        play(" >" RECORDED_BLOCK_0 STUB_DATA_ANSWER);
        assert_int_equal(write_recorded_block(&cfg, 0), ESP_LOADER_SUCCESS);
        play(" >" RECORDED_BLOCK_1 STUB_DATA_ANSWER);
        assert_int_equal(write_recorded_block(&cfg, 1), ESP_LOADER_SUCCESS);
        expect_no_fault();
    }
}

/* It does not look at numbers: a block that was written would be written again, behind itself. */
static void a_block_whose_answer_is_lost_is_not_repeated(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = begin_recorded_write(true);
    play(" >" RECORDED_BLOCK_0);
    assert_int_equal(write_recorded_block(&cfg, 0), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x03, 0);
}

static void a_failure_of_the_block_before_ends_the_write(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = begin_recorded_write(true);
    play(" >" RECORDED_BLOCK_0 STUB_DATA_ANSWER " >" RECORDED_BLOCK_1 " <c00103020000000000c400c0");
    assert_int_equal(write_recorded_block(&cfg, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(write_recorded_block(&cfg, 1), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x03, 0xC4);
}

static void nothing_is_padded(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 3, .block_size = 4, .skip_verify = true};
    conversation_attach_stub(&talk);
    play(" >c000021000000000000300000001000000040000000010"
         "0000c0 <c001020200000000000000c0"
         " >c000031300ef00000003000000000000000000000000000000010203c0" STUB_DATA_ANSWER);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, (const uint8_t[]){1, 2, 3}, 3), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void its_largest_block_is_16384_bytes(void **state)
{
    (void)state;
    conversation_attach_stub(&talk);
    esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = 4, .block_size = 0x4004};
    esp_loader_mem_cfg_t mem_cfg = {.offset = 0x3FFE8000, .size = 4, .block_size = 0x4001};
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_mem_start(&talk.loader, &mem_cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    cfg.block_size = 0x4000;
    play(" >c0000210000000000004000000010000000040000000000000c0 <c001020200000000000000c0");
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void it_erases_by_commands_of_its_own(void **state)
{
    (void)state;
    conversation_attach_stub(&talk);
    play(" >c000d10800000000000010000000200000c0 <c001d10200000000000000c0"
         " >c000d0000000000000c0 <c001d00200000000000000c0");
    assert_int_equal(esp_loader_flash_erase_region(&talk.loader, 0x1000, 0x2000), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_erase(&talk.loader), ESP_LOADER_SUCCESS);
    assert_in_range(talk.port.timer_ms, 4 * 40000, 4 * 40000 + 10000);
    expect_no_fault();

    conversation_play_times(&talk, 3, " >c000d10800000000000010000000200000c0 <c001d1020000000000dbdc00c0");
    assert_int_equal(esp_loader_flash_erase_region(&talk.loader, 0x1000, 0x2000), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0xD1, 0xC0);
    /* Minutes of silence are enough. */
    play(" >c000d0000000000000c0");
    assert_int_equal(esp_loader_flash_erase(&talk.loader), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0xD0, 0);
}

static void a_refused_digest_is_no_digest(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_attach_stub(&talk);
    conversation_play_times(&talk, 3, STUB_MD5 " <c00113020000000000c400c0");
    assert_int_equal(reflash_flash_md5(&talk.loader, 0x1000, 512, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x13, 0xC4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(connecting_with_a_stub_uploads_it_and_waits_for_its_greeting, forget),
        cmocka_unit_test_setup(a_stub_that_runs_is_not_uploaded_again, forget),
        cmocka_unit_test_setup(one_that_somebody_else_has_started_is_used_as_it_is, forget),
        cmocka_unit_test_setup(connecting_again_goes_back_to_the_mask_rom, forget),
        cmocka_unit_test_setup(a_stub_may_be_kept_elsewhere, forget),
        cmocka_unit_test_setup(storage_that_fails_is_told, forget),
        cmocka_unit_test_setup(without_a_stub_the_mask_rom_is_connected_all_the_same, forget),
        cmocka_unit_test_setup(nothing_is_uploaded_to_a_target_that_is_not_connected, forget),
        cmocka_unit_test_setup(a_target_in_secure_download_mode_or_with_secure_boot_gets_no_stub, forget),
        cmocka_unit_test_setup(the_greeting_counts_even_if_the_rom_did_not_answer_any_more, forget),
        cmocka_unit_test_setup(a_program_that_does_not_greet_is_no_stub, forget),
        cmocka_unit_test_setup(a_refused_start_is_told_at_once, forget),
        cmocka_unit_test_setup(a_refused_upload_is_told_with_its_reason, forget),
        cmocka_unit_test_setup(a_refusal_tells_the_reason_from_its_first_byte, forget),
        cmocka_unit_test_setup(a_stub_that_fell_out_of_step_is_helped_by_a_lone_end_byte, forget),
        cmocka_unit_test_setup(a_silent_stub_is_a_timeout, forget),
        cmocka_unit_test_setup(it_is_told_the_rate_before, forget),
        cmocka_unit_test_setup(an_esp32_has_no_security_info_with_a_stub_either, forget),
        cmocka_unit_test_setup(a_write_is_ended_and_its_raw_digest_compared, forget),
        cmocka_unit_test_setup(a_failure_behind_the_last_answer_is_told_by_the_end, forget),
        cmocka_unit_test_setup(a_lost_answer_to_the_end_is_no_success_and_not_asked_for_again, forget),
        cmocka_unit_test_setup(a_block_that_arrived_badly_is_sent_again_under_its_number, forget),
        cmocka_unit_test_setup(a_block_whose_answer_is_lost_is_not_repeated, forget),
        cmocka_unit_test_setup(a_failure_of_the_block_before_ends_the_write, forget),
        cmocka_unit_test_setup(nothing_is_padded, forget),
        cmocka_unit_test_setup(its_largest_block_is_16384_bytes, forget),
        cmocka_unit_test_setup(it_erases_by_commands_of_its_own, forget),
        cmocka_unit_test_setup(a_refused_digest_is_no_digest, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
