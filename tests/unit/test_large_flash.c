/* SPDX-License-Identifier: Apache-2.0 */
/* Flash parts of more than 16 MiB: what is told to the loader, and what it is not asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chips/chips.h"
#include "conversation.h"

static conversation_t talk;

#define play(script) scripted_port_play(&talk.port, script)

static void every_size_up_to_256_mb_is_told_to_the_loader(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        uint32_t flash_bytes;
    } parts[] = {
        {ATTACHED READ_ID("c8401800") SET_PARAMS("00000001"), 16u << 20},
        {ATTACHED READ_ID("c8401900") SET_PARAMS("00000002"), 32u << 20},
        {ATTACHED READ_ID("c8403900") SET_PARAMS("00000002"), 32u << 20},
        {ATTACHED READ_ID("c8401a00") SET_PARAMS("00000004"), 64u << 20},
        {ATTACHED READ_ID("c8402000") SET_PARAMS("00000004"), 64u << 20},
        {ATTACHED READ_ID("c8403a00") SET_PARAMS("00000004"), 64u << 20},
        {ATTACHED READ_ID("c8401b00") SET_PARAMS("00000008"), 128u << 20},
        {ATTACHED READ_ID("c8402100") SET_PARAMS("00000008"), 128u << 20},
        {ATTACHED READ_ID("c8401c00") SET_PARAMS("00000010"), 256u << 20},
        {ATTACHED READ_ID("c8402200") SET_PARAMS("00000010"), 256u << 20},
    };
    for (size_t at = 0; at < sizeof(parts) / sizeof(parts[0]); at++) {
        uint32_t flash_bytes = 0;
        conversation_connect(&talk);
        play(parts[at].script);
        assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
        assert_int_equal(flash_bytes, parts[at].flash_bytes);
        conversation_expect_no_fault(&talk);
    }
}

/* Without its size a mask ROM takes a flash for one of 2 MB, also if nothing was written before. */
static void a_digest_above_2_mb_may_be_the_first_that_is_asked(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_connect(&talk);
    play(ATTACH_4_MB " >c000131000000000"
                     "0000003000010000000000000000000000c0"
                     " <c0011324000000000064343164386364393866303062323034653938303039393865636638343237650000000"
                     "0c0");
    assert_int_equal(reflash_flash_md5(&talk.loader, 0x300000, 1, digest), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(&talk);
}

static void a_mask_rom_is_asked_for_nothing_beyond_16_mib(void **state)
{
    (void)state;
    uint8_t digest[16];
    esp_loader_flash_cfg_t cfg = {.offset = 0xFFF000, .image_size = 0x1004, .block_size = 0x400};
    conversation_connect(&talk);
    play(ATTACHED READ_ID("c8401900") SET_PARAMS("00000002"));
    assert_int_equal(reflash_flash_md5(&talk.loader, 0xFFFFFF, 2, digest), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0x1000000, 1, digest), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_flash_erase_region(&talk.loader, 0x1FFF000, 0x1000), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_flash_erase(&talk.loader), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
    /* A range that leaves the part is still that. */
    assert_int_equal(reflash_flash_md5(&talk.loader, 0x2000000, 1, digest), ESP_LOADER_ERROR_IMAGE_SIZE);
    play(" >c000131000000000"
         "00ffffff00010000000000000000000000c0"
         " <c0011324000000000064343164386364393866303062323034653938303039393865636638343237650000000"
         "0c0");
    assert_int_equal(reflash_flash_md5(&talk.loader, 0xFFFFFF, 1, digest), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(&talk);
}

#define LAST_BYTE(addr_hex)                                                                                            \
    " >c000131000000000"                                                                                               \
    "00" addr_hex "010000000000000000000000c0 <c00113120000000000"                                                     \
    "0102030405060708090a0b0c0d0e0f100000c0"

/* The last byte that a stub reaches, and the first that it does not. */
static void a_stub_is_asked_as_far_as_the_chip_s_reaches(void **state)
{
    (void)state;
    static const reflash_stub_t stub;
    static const struct {
        const reflash_chip_t *chip;
        uint32_t reach_bytes;
        const char *last_byte; /* the question for its digest, and the answer */
    } chips[] = {
        {&reflash_chip_esp32c3, 16u << 20, LAST_BYTE("ffffff00")},
        {&reflash_chip_esp32c5, 32u << 20, LAST_BYTE("ffffff01")},
        {&reflash_chip_esp32c61, 32u << 20, LAST_BYTE("ffffff01")},
        {&reflash_chip_esp32p4, 64u << 20, LAST_BYTE("ffffff03")},
        {&reflash_chip_esp32s3, 256u << 20, LAST_BYTE("ffffff0f")}, /* the largest part that there is */
    };
    for (size_t at = 0; at < sizeof(chips) / sizeof(chips[0]); at++) {
        uint8_t digest[16];
        conversation_connect_c3(&talk);
        talk.loader._chip = chips[at].chip;
        talk.loader._stub = &stub;
        talk.loader._status_bytes = 2;
        talk.loader._flash_bytes = 256u << 20;
        play(chips[at].last_byte);
        assert_int_equal(reflash_flash_md5(&talk.loader, chips[at].reach_bytes - 1, 1, digest), ESP_LOADER_SUCCESS);
        conversation_expect_no_fault(&talk);
        assert_int_equal(reflash_flash_md5(&talk.loader, chips[at].reach_bytes, 1, digest),
                         chips[at].reach_bytes == 256u << 20 ? ESP_LOADER_ERROR_IMAGE_SIZE
                                                             : ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_up_to_256_mb_is_told_to_the_loader),
        cmocka_unit_test(a_digest_above_2_mb_may_be_the_first_that_is_asked),
        cmocka_unit_test(a_mask_rom_is_asked_for_nothing_beyond_16_mib),
        cmocka_unit_test(a_stub_is_asked_as_far_as_the_chip_s_reaches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
