/* SPDX-License-Identifier: Apache-2.0 */
/* The loader attaches the flash, and finds out how large it is. Bytes to and from the target are recorded from mask-
 * ROM code or follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "talk.h"

static void the_flash_is_attached_within_ten_questions_after_sync(void **state)
{
    (void)state;
    conversation_attach(&talk);
    assert_in_range(talk.port.requests - 1, 1, 10);
}

static void the_flash_of_an_esp32c3_is_attached_through_its_own_registers(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    conversation_connect_c3(&talk);
    play(ATTACHED " >c0000a04000000000018200060c0 <c0010a04000403028100000000c0"
                  " >c0000a04000000000020200060c0 <c0010a04000500007000000000c0"
                  " >c00009500000000000"
                  "2820006017000000ffffffff00000000"
                  "1820006000000090ffffffff00000000"
                  "202000609f000070ffffffff00000000"
                  "5820006000000000ffffffff00000000"
                  "0020006000000400ffffffff00000000c0 <" RECORDED_WRITE_REG_ANSWER
                  " >c0000a04000000000000200060c0 <c0010a04000000000000000000c0"
                  " >c0000a04000000000058200060c0 <c0010a0400c840160000000000c0"
                  " >c00009200000000000"
                  "1820006004030281ffffffff00000000"
                  "2020006005000070ffffffff00000000c0 <" RECORDED_WRITE_REG_ANSWER SET_PARAMS("00004000"));
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    expect_no_fault();
    assert_in_range(talk.port.requests - 1, 1, 10);
}

static void every_jedec_id_that_tells_a_size_is_understood(void **state)
{
    (void)state;
    static const struct {
        const char *id_hex; /* vendor, type, size code */
        uint32_t kib;
    } parts[] = {
        /* most vendors: log2 of the size */
        {"ef401200", 256},
        {"ef401300", 512},
        {"ef401400", 1024},
        {"c8401500", 2048},
        {"c8401600", 4096},
        {"20401700", 8192},
        {"ef401800", 16384},
        {"ef401900", 32768},
        {"c2201a00", 65536},
        {"c2201b00", 131072},
        {"c2201c00", 262144},
        /* beyond 32 MiB in another count */
        {"ef402000", 65536},
        {"ef402100", 131072},
        {"ef402200", 262144},
        /* some low-voltage parts */
        {"c2253200", 256},
        {"c2253300", 512},
        {"c2253400", 1024},
        {"c2253500", 2048},
        {"c2253600", 4096},
        {"c2253700", 8192},
        {"c2253800", 16384},
        {"c2253900", 32768},
        {"c2253a00", 65536},
        /* Adesto: in the low bits of the type */
        {"1f840100", 512},
        {"1f450100", 1024},
        {"1f460100", 2048},
        {"1f470100", 4096},
        {"1f480100", 8192},
        {"1f890100", 16384},
        /* a fourth byte is not part of it */
        {"c84016ff", 4096},
    };
    for (size_t row = 0; row < sizeof(parts) / sizeof(parts[0]); row++) {
        uint32_t flash_bytes = 0;
        assert_int_equal(conversation_detect(&talk, parts[row].id_hex, parts[row].kib * 1024, &flash_bytes),
                         ESP_LOADER_SUCCESS);
        expect_no_fault();
        assert_int_equal(flash_bytes, parts[row].kib * 1024);
    }
}

static void an_id_that_tells_no_size_is_an_unsupported_chip_and_no_size_is_guessed(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "ffffff00", "00000000", "3fffff00", "ef401100", "ef401d00", "ef401f00",
        "ef402300", "ef403100", "ef403b00", "ef408000", "1f400100", "1f420100",
    };
    for (size_t row = 0; row < sizeof(ids) / sizeof(ids[0]); row++) {
        uint32_t flash_bytes = 0x5A5A5A5A;
        assert_int_equal(conversation_detect(&talk, ids[row], 0, &flash_bytes), ESP_LOADER_ERROR_UNSUPPORTED_CHIP);
        expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_CHIP, REFLASH_CAUSE_UNKNOWN_FLASH, 0, 0);
        assert_int_equal(flash_bytes, 0x5A5A5A5A);
    }
}

static void a_flash_that_did_not_answer_is_asked_again_by_the_next_call(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    assert_int_equal(conversation_detect(&talk, "ffffff00", 0, &flash_bytes), ESP_LOADER_ERROR_UNSUPPORTED_CHIP);
    play(ATTACH_4_MB);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    expect_no_fault();
}

static void an_attached_flash_is_not_attached_again(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    uint8_t digest[16];
    conversation_attach(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_MD5); /* a fault in between changes nothing */
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    expect_no_fault();
}

static void a_busy_spi_controller_is_polled(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    conversation_connect(&talk);
    play(ATTACHED READ_ID_STARTS);
    conversation_play_times(&talk, 9, READ_CMD_BUSY);
    play(READ_CMD_DONE READ_W0("c8401600") READ_ID_ENDS SET_PARAMS("00004000"));
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    expect_no_fault();
}

static void an_spi_controller_that_stays_busy_is_a_timeout_and_gets_its_registers_back(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    conversation_connect(&talk);
    play(ATTACHED READ_ID_STARTS);
    conversation_play_times(&talk, 10, READ_CMD_BUSY);
    play(READ_W0("00000000") READ_ID_ENDS);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_ERROR_TIMEOUT);
    scripted_port_expect_end(&talk.port);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_UNKNOWN_FLASH);
}

static void refused_flash_parameters_leave_the_flash_unattached(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    conversation_connect(&talk);
    play(ATTACHED READ_ID("c8401600"));
    conversation_play_times(&talk, 3, " >" RECORDED_SPI_SET_PARAMS " <c0010b0400831df00001050000c0");
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x0B, 0x05);
    play(ATTACH_4_MB);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_flash_is_attached_within_ten_questions_after_sync),
        cmocka_unit_test(the_flash_of_an_esp32c3_is_attached_through_its_own_registers),
        cmocka_unit_test(every_jedec_id_that_tells_a_size_is_understood),
        cmocka_unit_test(an_id_that_tells_no_size_is_an_unsupported_chip_and_no_size_is_guessed),
        cmocka_unit_test(a_flash_that_did_not_answer_is_asked_again_by_the_next_call),
        cmocka_unit_test(an_attached_flash_is_not_attached_again),
        cmocka_unit_test(a_busy_spi_controller_is_polled),
        cmocka_unit_test(an_spi_controller_that_stays_busy_is_a_timeout_and_gets_its_registers_back),
        cmocka_unit_test(refused_flash_parameters_leave_the_flash_unattached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
