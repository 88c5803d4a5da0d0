/* SPDX-License-Identifier: Apache-2.0 */
/* What an ESP32-P4 needs before its flash can be attached: exact questions, from the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conversation.h"
#include "port.h"

static conversation_t talk;

#define play(script) scripted_port_play(&talk.port, script)

/* Security info of 20 bytes: chip id 18. */
#define CONNECT_P4                                                                                                     \
    " reset" SYNC_ANSWERED " >" RECORDED_SECURITY_INFO                                                                 \
    " <c00114180000000000000000000000000000000000120000000500000000000000c0"
#define CONNECT_P4_LOCKED                                                                                              \
    " reset" SYNC_ANSWERED " >" RECORDED_SECURITY_INFO                                                                 \
    " <c00114180000000000040000000000000000000000120000000500000000000000c0"
/* The efuse word with the revision: minor in four bits, major in two above them and bit 23. */
#define REVISION(word_hex)                                                                                             \
    " >c0000a040000000000"                                                                                             \
    "4cd01250c0 <c0010a0400" word_hex "00000000c0"
#define SUPPLY_EFUSE(word_hex)                                                                                         \
    " >c0000a040000000000"                                                                                             \
    "34d01250c0 <c0010a0400" word_hex "00000000c0"
#define FORCED(word_hex)                                                                                               \
    " >c0000a040000000000"                                                                                             \
    "fc531150c0 <c0010a0400" word_hex "00000000c0"
#define DONE " <c0010904000000000000000000c0"
/* Eight entries of address, value, mask, delay before. */
#define POWERED_UP                                                                                                     \
    " >c0000980000000000"                                                                                              \
    "00c01115001000000ffffffff00000000"                                                                                \
    "bc511150000000080000000810270000"                                                                                 \
    "b8511150800000008000000000000000"                                                                                 \
    "fc531150030000000300000000000000"                                                                                 \
    "bc511150000000000000000832000000"                                                                                 \
    "b8511150000000000000807f00000000"                                                                                 \
    "b8511150000000008000000000000000"                                                                                 \
    "b8511150000000000000000008070000c0" DONE
#define UNFORCED                                                                                                       \
    " >c0000910000000000"                                                                                              \
    "0fc531150000000000300000000000000c0" DONE
/* No flash answers: its id is read as 0. */
#define ATTACHED_IN_VAIN                                                                                               \
    ATTACHED " >c0000a04000000000018d00850c0 <c0010a04000000000000000000c0"                                            \
             " >c0000a04000000000020d00850c0 <c0010a04000000000000000000c0"                                            \
             " >c000095000000000"                                                                                      \
             "0028d0085017000000ffffffff00000000"                                                                      \
             "18d0085000000090ffffffff00000000"                                                                        \
             "20d008509f000070ffffffff00000000"                                                                        \
             "58d0085000000000ffffffff00000000"                                                                        \
             "00d0085000000400ffffffff00000000c0" DONE " >c0000a04000000000000d00850c0 <c0010a04000000000000000000c0"  \
             " >c0000a04000000000058d00850c0 <c0010a04000000000000000000c0"                                            \
             " >c000092000000000"                                                                                      \
             "0018d0085000000000ffffffff0000000020d0085000000000ffffffff00000000c0" DONE

static void expect_before_attaching(const char *questions)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint32_t flash_bytes;
    conversation_start(&talk);
    play(CONNECT_P4);
    assert_int_equal(esp_loader_connect(&talk.loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32P4_CHIP);
    play(questions);
    play(ATTACHED_IN_VAIN);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_ERROR_UNSUPPORTED_CHIP);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_UNSUPPORTED_CHIP, REFLASH_CAUSE_UNKNOWN_FLASH, 0, 0);
}

static void revision_3_1_is_powered_up(void **state)
{
    (void)state;
    expect_before_attaching(REVISION("31000000") POWERED_UP);
}

static void revision_3_2_is_powered_up_unless_its_efuses_say_that_it_is(void **state)
{
    (void)state;
    expect_before_attaching(REVISION("32000000") SUPPLY_EFUSE("fffffeff") POWERED_UP);
    expect_before_attaching(REVISION("32000000") SUPPLY_EFUSE("00000100") FORCED("03000000") UNFORCED);
    expect_before_attaching(REVISION("32000000") SUPPLY_EFUSE("00000100") FORCED("02000000"));
    expect_before_attaching(REVISION("32000000") SUPPLY_EFUSE("00000100") FORCED("fdffffff"));
}

static void other_revisions_power_themselves(void **state)
{
    (void)state;
    expect_before_attaching(REVISION("10000000"));
    expect_before_attaching(REVISION("30000000"));
    expect_before_attaching(REVISION("33000000"));
    expect_before_attaching(REVISION("31008000")); /* 7.1 */
    expect_before_attaching(REVISION("21000000"));
}

static void a_revision_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint32_t flash_bytes;
    conversation_start(&talk);
    play(CONNECT_P4);
    assert_int_equal(esp_loader_connect(&talk.loader, &args), ESP_LOADER_SUCCESS);
    play(" >c0000a0400000000004cd01250c0 >c0000a0400000000004cd01250c0 >c0000a0400000000004cd01250c0");
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_ERROR_TIMEOUT);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x0A, 0);
}

static void in_secure_download_mode_there_are_no_registers_to_ask(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    conversation_start(&talk);
    play(CONNECT_P4_LOCKED ATTACHED SET_PARAMS("00004000"));
    assert_int_equal(esp_loader_connect_secure_download_mode(&talk.loader, &args, 0x400000), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(&talk);
}

/* Its registers hold whatever is written; that must not disturb it. */
static void a_virtual_chip_of_revision_3_1_goes_on(void **state)
{
    (void)state;
    static uint8_t flash[1 << 18];
    esp_loader_t loader;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint32_t word;
    uint32_t flash_bytes;
    espsim_t *sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name("esp32p4"),
                                                     .flash = flash,
                                                     .flash_bytes = sizeof(flash),
                                                     .timing = espsim_timing_typical()});
    espsim_port_t port = {.port = {&espsim_port_ops}, .sim = sim, .baud = 115200};
    assert_int_equal(esp_loader_init_serial(&loader, &port.port), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_connect(&loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_write_register(&loader, 0x5012D04C, 0x31), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_detect_size(&loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, sizeof(flash));
    assert_int_equal(esp_loader_read_register(&loader, 0x5011010C, &word), ESP_LOADER_SUCCESS);
    assert_int_equal(word, 1);
    assert_int_equal(esp_loader_read_register(&loader, 0x501153FC, &word), ESP_LOADER_SUCCESS);
    assert_int_equal(word, 3);
    esp_loader_deinit(&loader);
    espsim_destroy(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revision_3_1_is_powered_up),
        cmocka_unit_test(revision_3_2_is_powered_up_unless_its_efuses_say_that_it_is),
        cmocka_unit_test(other_revisions_power_themselves),
        cmocka_unit_test(a_revision_that_cannot_be_read_is_an_error),
        cmocka_unit_test(in_secure_download_mode_there_are_no_registers_to_ask),
        cmocka_unit_test(a_virtual_chip_of_revision_3_1_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
