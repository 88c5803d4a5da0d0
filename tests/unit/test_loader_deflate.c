/* SPDX-License-Identifier: Apache-2.0 */
/* Flash writes of compressed data, to a mask ROM and to a stub. Wire bytes are recorded (esp32c3-deflate, esp32-stub2)
 * or, where it says so, follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bench.h"
#include "hex.h"
#include "tiny_stub.h"

static conversation_t talk;

#define expect_fault(code, cause, command, reason) conversation_expect_fault(&talk, code, cause, command, reason)
#define expect_no_fault() conversation_expect_no_fault(&talk)
#define play(script) scripted_port_play(&talk.port, script)

/* defl_ok_one_block, stub_defl_ok: 2048 bytes of text, packed into 56. */
#define STREAM                                                                                                         \
    "78da0bc94855282ccd4cce56482aca2fcf5348cbaf503030343236313533b7b0540819951e951e951e951e951e951e951e7ed200083e6b9b"
#define STREAM_BLOCK " >c0001148004c00000038000000000000000000000000000000" STREAM "c0"
#define C3_BEGIN " >c000101400000000000008000001000000000100000010000000000000c0 <c0011004006f50311b00000000c0"
#define C3_ACCEPTED " <c0011104006f50311b00000000c0"
#define C3_BAD_CHECKSUM " <c0011104006f50311b01070000c0"
#define C3_WRONG_SEQUENCE " <c0011104006f50311b01050000c0"
#define STUB_BEGIN " >c0001010000000000000080000010000000001000000100000c0 <c001100200000000000000c0"
#define STUB_ACCEPTED " <c001110200000000000000c0"
#define STUB_END " >c0001204000000000001000000c0"

/* A C3 with 4 MB of flash: the attaching is another test's (test_loader_flash). */
static void attach_c3(void)
{
    uint32_t flash_bytes;
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
}

static esp_loader_flash_deflate_cfg_t recorded_cfg(void)
{
    return (esp_loader_flash_deflate_cfg_t){
        .offset = 0x1000, .image_size = 2048, .compressed_size = 56, .block_size = 256};
}

static esp_loader_error_t write_stream(esp_loader_flash_deflate_cfg_t *cfg)
{
    uint8_t stream[64];
    const size_t count = bytes_of_hex(STREAM, stream, sizeof(stream));
    return esp_loader_flash_deflate_write(&talk.loader, cfg, stream, (uint32_t)count);
}

/* --- The mask ROM ---------------------------------------------------------------------------------- */

static void a_stream_is_sent_as_recorded_and_the_rom_is_not_told_to_leave(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = recorded_cfg();
    attach_c3();
    play(C3_BEGIN STREAM_BLOCK C3_ACCEPTED);
    assert_int_equal(esp_loader_flash_deflate_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(write_stream(&cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_deflate_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
    assert_int_equal(esp_loader_flash_deflate_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(write_stream(&cfg), ESP_LOADER_ERROR_INVALID_PARAM);
}

/* After the protocol text: 6 bytes in blocks of 4. */
#define SHORT_BEGIN " >c000101400000000006400000002000000040000000010000000000000c0 <c0011004006f50311b00000000c0"
#define SHORT_0                                                                                                        \
    " >c000111400eb000000040000000000000000000000000000000"                                                            \
    "1020304c0"
#define SHORT_1                                                                                                        \
    " >c000111200ec00000002000000010000000000000000000000"                                                             \
    "0506c0"

static esp_loader_flash_deflate_cfg_t begin_short(void)
{
    esp_loader_flash_deflate_cfg_t cfg = {.offset = 0x1000, .image_size = 100, .compressed_size = 6, .block_size = 4};
    attach_c3();
    play(SHORT_BEGIN);
    assert_int_equal(esp_loader_flash_deflate_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    return cfg;
}

static esp_loader_error_t write_short(esp_loader_flash_deflate_cfg_t *cfg, unsigned block)
{
    uint8_t first[] = {1, 2, 3, 4};
    uint8_t second[] = {5, 6};
    return block == 0 ? esp_loader_flash_deflate_write(&talk.loader, cfg, first, sizeof(first))
                      : esp_loader_flash_deflate_write(&talk.loader, cfg, second, sizeof(second));
}

static void nothing_is_padded(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = begin_short();
    play(SHORT_0 C3_ACCEPTED SHORT_1 C3_ACCEPTED);
    assert_int_equal(write_short(&cfg, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(write_short(&cfg, 1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_deflate_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_block_whose_answer_is_lost_is_sent_again_and_may_be_known_by_its_number(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = begin_short();
    play(SHORT_0 SHORT_0 C3_WRONG_SEQUENCE SHORT_1 SHORT_1 C3_ACCEPTED);
    assert_int_equal(write_short(&cfg, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(write_short(&cfg, 1), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* Its answer was the one that tells whether the stream was sound. */
static void a_lost_answer_to_the_last_block_is_no_success(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = begin_short();
    play(SHORT_0 C3_ACCEPTED SHORT_1 SHORT_1 C3_WRONG_SEQUENCE);
    assert_int_equal(write_short(&cfg, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(write_short(&cfg, 1), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x11, 0x05);
    assert_int_equal(esp_loader_flash_deflate_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_IMAGE_SIZE);
}

/* defl_bad_checksum: the number is used up, and the last block is known by its number. */
static void a_wrong_checksum_ends_the_write(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = begin_short();
    play(SHORT_0 C3_BAD_CHECKSUM);
    assert_int_equal(write_short(&cfg, 0), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x11, 0x07);
}

static void a_refused_or_silent_rom_is_told(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = recorded_cfg();
    attach_c3();
    conversation_play_times(&talk, 3,
                            " >c000101400000000000008000001000000000100000010000000000000c0"
                            " <c0011004006f50311b01060000c0");
    assert_int_equal(esp_loader_flash_deflate_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x10, 0x06);
    assert_int_equal(write_stream(&cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    cfg = begin_short();
    conversation_play_times(&talk, 4, SHORT_0);
    assert_int_equal(write_short(&cfg, 0), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x11, 0);
}

static void an_esp32s_rom_would_write_too_much_and_is_not_asked(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = recorded_cfg();
    conversation_attach(&talk);
    assert_int_equal(esp_loader_flash_deflate_start(&talk.loader, &cfg), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* --- A stub ---------------------------------------------------------------------------------------- */

static esp_loader_flash_deflate_cfg_t begin_on_stub(void)
{
    esp_loader_flash_deflate_cfg_t cfg = recorded_cfg();
    conversation_attach_stub(&talk);
    play(STUB_BEGIN);
    assert_int_equal(esp_loader_flash_deflate_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    return cfg;
}

static void a_stub_is_told_the_end(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = begin_on_stub();
    play(STREAM_BLOCK STUB_ACCEPTED STUB_END " <c001120200000000000000c0");
    assert_int_equal(write_stream(&cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_deflate_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* stub_defl_corrupt: the block is acknowledged, and the next command hears of it. */
static void a_damaged_stream_is_told_by_the_end(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = begin_on_stub();
    play(STREAM_BLOCK STUB_ACCEPTED STUB_END " <c00112020000000000c700c0");
    assert_int_equal(write_stream(&cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_deflate_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x12, 0xC7);
}

static void a_silent_end_is_no_success(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = begin_on_stub();
    play(STREAM_BLOCK STUB_ACCEPTED STUB_END);
    assert_int_equal(write_stream(&cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_deflate_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x12, 0);
}

static void to_a_stub_only_what_arrived_badly_is_sent_again(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t cfg = begin_on_stub();
    play(STREAM_BLOCK " <c00111020000000000c100c0" STREAM_BLOCK STUB_ACCEPTED);
    assert_int_equal(write_stream(&cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
    cfg = begin_on_stub();
    play(STREAM_BLOCK);
    assert_int_equal(write_stream(&cfg), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x11, 0);
}

/* --- Refused here ---------------------------------------------------------------------------------- */

static void a_bad_argument_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    static const esp_loader_flash_deflate_cfg_t bad[] = {
        {.offset = 0x1000, .image_size = 0, .compressed_size = 6, .block_size = 256},
        {.offset = 0x1000, .image_size = 100, .compressed_size = 0, .block_size = 256},
        {.offset = 0x1004, .image_size = 100, .compressed_size = 6, .block_size = 256},
        {.offset = 0x1000, .image_size = 100, .compressed_size = 6, .block_size = 0},
        {.offset = 0x1000, .image_size = 100, .compressed_size = 6, .block_size = 0x1804},
    };
    attach_c3();
    for (size_t row = 0; row < sizeof(bad) / sizeof(bad[0]); row++) {
        esp_loader_flash_deflate_cfg_t cfg = bad[row];
        assert_int_equal(esp_loader_flash_deflate_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    }
    esp_loader_flash_deflate_cfg_t cfg = recorded_cfg();
    cfg.offset = 0x3FF000;
    cfg.image_size = 0x1001;
    assert_int_equal(esp_loader_flash_deflate_start(&talk.loader, &cfg), ESP_LOADER_ERROR_IMAGE_SIZE);
    assert_int_equal(esp_loader_flash_deflate_start(&talk.loader, NULL), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(write_stream(&cfg), ESP_LOADER_ERROR_INVALID_PARAM); /* not begun */
    assert_int_equal(esp_loader_flash_deflate_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

static void a_piece_of_another_size_than_its_turns_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    esp_loader_flash_deflate_cfg_t cfg = begin_short();
    assert_int_equal(esp_loader_flash_deflate_write(&talk.loader, &cfg, bytes, 3), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_deflate_write(&talk.loader, &cfg, bytes, 6), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_deflate_write(&talk.loader, &cfg, bytes, 7), ESP_LOADER_ERROR_IMAGE_SIZE);
    assert_int_equal(esp_loader_flash_deflate_write(&talk.loader, &cfg, bytes, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_deflate_write(&talk.loader, &cfg, NULL, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    play(SHORT_0 C3_ACCEPTED);
    assert_int_equal(write_short(&cfg, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_deflate_write(&talk.loader, &cfg, bytes, 1), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_deflate_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_IMAGE_SIZE);
    expect_fault(ESP_LOADER_ERROR_IMAGE_SIZE, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* --- Every ROM ------------------------------------------------------------------------------------- */

static void every_rom_that_can_unpacks_a_stream(void **state)
{
    (void)state;
    enum { ADDR = 0x21000, BYTES = 40001, BLOCK_BYTES = 0x400 };
    uint8_t *image = calloc(BYTES, 1);
    uint8_t *stream = malloc(BYTES + 1000);
    assert_true(image != NULL && stream != NULL);
    fill_at_random(image, BYTES / 2, 11);
    uLongf stream_bytes = BYTES + 1000;
    assert_int_equal(compress2(stream, &stream_bytes, image, BYTES, 9), Z_OK);
    for (size_t row = 0; espsim_rom_at(row) != NULL; row++) {
        const reflash_rom_t *rom = espsim_rom_at(row);
        const bool can = rom->chip->target != ESP8266_CHIP && rom->chip->target != ESP32_CHIP;
        esp_loader_flash_deflate_cfg_t cfg = {
            .offset = ADDR, .image_size = BYTES, .compressed_size = (uint32_t)stream_bytes, .block_size = BLOCK_BYTES};
        bench_t bench;
        bench_connect(&bench, rom, 1 << 20);
        assert_int_equal(esp_loader_flash_deflate_start(&bench.loader, &cfg),
                         can ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
        for (uint32_t at = 0; can && at < stream_bytes; at += BLOCK_BYTES) {
            const uint32_t left = (uint32_t)stream_bytes - at;
            assert_int_equal(esp_loader_flash_deflate_write(&bench.loader, &cfg, stream + at,
                                                            left < BLOCK_BYTES ? left : BLOCK_BYTES),
                             ESP_LOADER_SUCCESS);
        }
        if (can) {
            assert_int_equal(esp_loader_flash_deflate_finish(&bench.loader, &cfg), ESP_LOADER_SUCCESS);
            assert_memory_equal(bench.flash + ADDR, image, BYTES);
            assert_int_equal(bench.flash[ADDR - 1], 0);
            assert_int_equal(bench.flash[ADDR + 10 * 0x1000], 0);
        }
        bench_free(&bench);
    }
    free(image);
    free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_sent_as_recorded_and_the_rom_is_not_told_to_leave),
        cmocka_unit_test(nothing_is_padded),
        cmocka_unit_test(a_block_whose_answer_is_lost_is_sent_again_and_may_be_known_by_its_number),
        cmocka_unit_test(a_lost_answer_to_the_last_block_is_no_success),
        cmocka_unit_test(a_wrong_checksum_ends_the_write),
        cmocka_unit_test(a_refused_or_silent_rom_is_told),
        cmocka_unit_test(an_esp32s_rom_would_write_too_much_and_is_not_asked),
        cmocka_unit_test(a_stub_is_told_the_end),
        cmocka_unit_test(a_damaged_stream_is_told_by_the_end),
        cmocka_unit_test(a_silent_end_is_no_success),
        cmocka_unit_test(to_a_stub_only_what_arrived_badly_is_sent_again),
        cmocka_unit_test(a_bad_argument_is_refused_and_nothing_is_sent),
        cmocka_unit_test(a_piece_of_another_size_than_its_turns_is_refused),
        cmocka_unit_test(every_rom_that_can_unpacks_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
