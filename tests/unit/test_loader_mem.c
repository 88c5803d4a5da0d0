/* SPDX-License-Identifier: Apache-2.0 */
/* The loader and the target's RAM: loading, proving and starting programs. Wire bytes are those recorded from ESP32
 * mask-ROM code (esp32-mem) unless a comment says otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "bench.h"
#include "conversation.h"
#include "hex.h"

static conversation_t talk;

#define expect_fault(code, cause, command, reason) conversation_expect_fault(&talk, code, cause, command, reason)
#define expect_no_fault() conversation_expect_no_fault(&talk)
#define play(script) scripted_port_play(&talk.port, script)

/* mem_load_and_run: 26 bytes at 0x40090000 that print OK and return. */
#define PROGRAM_HEX "0000f43f36410021feff32a04f32620032a04b3262001df00000"
#define BEGIN_PROGRAM " >c000051000000000001a000000010000001a00000000000940c0 <c001050400831df00000000000c0"
#define PROGRAM_BLOCK " >c000072a009a0000001a000000000000000000000000000000" PROGRAM_HEX "c0"
#define PROGRAM_ACCEPTED " <c001070400831df00000000000c0"
/* Its last four bytes lie in two words, from 0x40090014 on. */
#define PROGRAM_WORD " >c0000a04000000000014000940c0"
#define PROGRAM_CHECKED                                                                                                \
    PROGRAM_WORD " <c0010a040062001df000000000c0"                                                                      \
                 " >c0000a04000000000018000940c0 <c0010a0400000099990"                                                 \
                 "0000000c0"
#define RUN " >c000060800000000000000000004000940c0"
#define STAY " >c000060800000000000100000000000000c0"

/* mem_two_blocks, mem_seq_after_bad_checksum: 128 bytes at 0x3FFE8000 in two blocks of 64, pattern of the recordings. */
#define BEGIN_TWO_BLOCKS " >c000051000000000008000000002000000400000000080fe3fc0 <c001050400831df00000000000c0"
#define DATA_0                                                                                                         \
    "1f262d343c434b535b636b737c848d969fa8b1bac4cdd7e1ebf5ff09141e29343f4a55606c77838f9ba7b3bfccd8e5f2ff0c192634414f5d" \
    "6b798795a4b2c1d0"
#define DATA_1                                                                                                         \
    "3e454c535b626a727a828a929ba3acb5bec7d0d9e3ecf6000a141e28333d48535e69747f8b96a2aebac6d2deebf704111e2b384553606e7c" \
    "8a98a6b4c3d1e0ef"
#define BLOCK_0 " >c0000750005f00000040000000000000000000000000000000" DATA_0 "c0"
#define BLOCK_1 " >c000075000ff00000040000000010000000000000000000000" DATA_1 "c0"
#define ACCEPTED " <c001070400831df00000000000c0"
#define BAD_CHECKSUM " <c001070400831df00001070000c0"
#define WRONG_SEQUENCE " <c001070400831df00001050000c0"
#define CHECKED_0 " >c0000a0400000000003c80fe3fc0 <c0010a0400a4b2c1d000000000c0"
#define CHECKED_1 " >c0000a0400000000007c80fe3fc0 <c0010a0400c3d1e0ef00000000c0"

static esp_loader_mem_cfg_t program_cfg(void)
{
    return (esp_loader_mem_cfg_t){.offset = 0x40090000, .size = 26, .block_size = 26};
}

static esp_loader_mem_cfg_t two_blocks_cfg(void)
{
    return (esp_loader_mem_cfg_t){.offset = 0x3FFE8000, .size = 128, .block_size = 64};
}

/* Connected, with a write of two blocks begun. */
static esp_loader_mem_cfg_t begin_two_blocks(void)
{
    esp_loader_mem_cfg_t cfg = two_blocks_cfg();
    conversation_connect(&talk);
    play(BEGIN_TWO_BLOCKS);
    assert_int_equal(esp_loader_mem_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    return cfg;
}

static esp_loader_error_t write_hex(esp_loader_mem_cfg_t *cfg, const char *hex)
{
    uint8_t data[64];
    const size_t count = bytes_of_hex(hex, data, sizeof(data));
    return esp_loader_mem_write(&talk.loader, cfg, data, (uint32_t)count);
}

/* --- What goes well -------------------------------------------------------------------------------- */

static void a_program_is_loaded_and_started_with_the_recorded_bytes(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = program_cfg();
    conversation_connect(&talk);
    play(BEGIN_PROGRAM PROGRAM_BLOCK PROGRAM_ACCEPTED PROGRAM_CHECKED RUN " <c0010604000000f43f00000000c0");
    assert_int_equal(esp_loader_mem_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(write_hex(&cfg, PROGRAM_HEX), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_mem_finish(&talk.loader, &cfg, 0x40090004), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void without_an_entry_point_the_loader_stays(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = begin_two_blocks();
    play(BLOCK_0 ACCEPTED CHECKED_0 BLOCK_1 ACCEPTED CHECKED_1 STAY " <c001060400c3d1e0ef00000000c0" MAGIC_ANSWERED);
    assert_int_equal(write_hex(&cfg, DATA_0), ESP_LOADER_SUCCESS);
    assert_int_equal(write_hex(&cfg, DATA_1), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_mem_finish(&talk.loader, &cfg, 0), ESP_LOADER_SUCCESS);
    expect_no_fault();
    assert_int_equal(esp_loader_mem_finish(&talk.loader, &cfg, 0), ESP_LOADER_ERROR_INVALID_PARAM);
}

/* No trace: lengths and places that are no multiple of four. */
static void the_last_word_is_looked_at_wherever_a_piece_ends(void **state)
{
    (void)state;
    static const uint8_t data[7] = {1, 2, 3, 4, 5, 6, 7};
    esp_loader_mem_cfg_t cfg = {.offset = 0x3FFE8001, .size = 10, .block_size = 7};
    conversation_connect(&talk);
    play(" >c000051000000000000a00000002000000070000000180fe3fc0 <c001050400831df00000000000c0"
         " >c000071700ef0000000700000000000000000000000000000001020304050607c0" ACCEPTED
         " >c0000a0400000000000480fe3fc0 <c0010a04000405060700000000c0" /* bytes 3 to 6 */
         " >c000071300ef00000003000000010000000000000000000000010203c0" ACCEPTED
         " >c0000a0400000000000880fe3fc0 <c0010a040001020399"
         "00000000c0"); /* 99: behind it */
    assert_int_equal(esp_loader_mem_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_mem_write(&talk.loader, &cfg, data, 7), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_mem_write(&talk.loader, &cfg, data, 3), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* --- What goes wrong once -------------------------------------------------------------------------- */

static void a_wrong_checksum_uses_up_the_number_of_a_block(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = begin_two_blocks();
    /* The data of block 0 under number 1, and its place: as the recording found it. */
    play(BLOCK_0 BAD_CHECKSUM " >c0000750005f00000040000000010000000000000000000000" DATA_0 "c0" ACCEPTED CHECKED_0);
    assert_int_equal(write_hex(&cfg, DATA_0), ESP_LOADER_SUCCESS);
    play(" >c000075000ff00000040000000020000000000000000000000" DATA_1 "c0" ACCEPTED CHECKED_1);
    assert_int_equal(write_hex(&cfg, DATA_1), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_block_whose_answer_is_lost_is_sent_again_and_then_looked_at(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = begin_two_blocks();
    play(BLOCK_0 BLOCK_0 WRONG_SEQUENCE CHECKED_0);
    assert_int_equal(write_hex(&cfg, DATA_0), ESP_LOADER_SUCCESS);
    play(BLOCK_1 ACCEPTED CHECKED_1);
    assert_int_equal(write_hex(&cfg, DATA_1), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void ram_that_holds_something_else_is_a_failure(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = begin_two_blocks();
    play(BLOCK_0 ACCEPTED " >c0000a0400000000003c80fe3fc0 <c0010a0400a4b2c1d100000000c0");
    assert_int_equal(write_hex(&cfg, DATA_0), ESP_LOADER_ERROR_FAIL);
    expect_fault(ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_DIGEST_MISMATCH, 0, 0);
}

/* --- Refusals and silence -------------------------------------------------------------------------- */

#define BEGIN_REFUSED " >c000051000000000008000000002000000400000000080fe3fc0 <c001050400831df00001050000c0"

static void a_refused_begin_is_told_with_its_reason(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = two_blocks_cfg();
    conversation_connect(&talk);
    conversation_play_times(&talk, 3, BEGIN_REFUSED);
    assert_int_equal(esp_loader_mem_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x05, 0x05);
    assert_int_equal(write_hex(&cfg, DATA_0), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_mem_finish(&talk.loader, &cfg, 0), ESP_LOADER_ERROR_INVALID_PARAM);
}

static void a_refused_block_is_told_at_once(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = begin_two_blocks();
    play(BLOCK_0 WRONG_SEQUENCE);
    assert_int_equal(write_hex(&cfg, DATA_0), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x07, 0x05);
}

static void a_silent_target_is_a_timeout(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = two_blocks_cfg();
    conversation_connect(&talk);
    conversation_play_times(&talk, 3, " >c000051000000000008000000002000000400000000080fe3fc0");
    assert_int_equal(esp_loader_mem_start(&talk.loader, &cfg), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x05, 0);

    cfg = begin_two_blocks();
    conversation_play_times(&talk, 4, BLOCK_0);
    assert_int_equal(write_hex(&cfg, DATA_0), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x07, 0);
}

static void a_program_is_told_to_start_once(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = program_cfg();
    conversation_connect(&talk);
    play(BEGIN_PROGRAM PROGRAM_BLOCK PROGRAM_ACCEPTED PROGRAM_CHECKED RUN);
    assert_int_equal(esp_loader_mem_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(write_hex(&cfg, PROGRAM_HEX), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_mem_finish(&talk.loader, &cfg, 0x40090004), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x06, 0);
}

/* --- Refused here ---------------------------------------------------------------------------------- */

static void a_bad_argument_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    static const esp_loader_mem_cfg_t bad[] = {
        {.offset = 0x3FFE8000, .size = 0, .block_size = 64},
        {.offset = 0x3FFE8000, .size = 64, .block_size = 0},
        {.offset = 0x3FFE8000, .size = 64, .block_size = 0x1801},
        {.offset = 0xFFFFFF00, .size = 0x100, .block_size = 64},
    };
    esp_loader_mem_cfg_t cfg = two_blocks_cfg();
    conversation_start(&talk);
    assert_int_equal(esp_loader_mem_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    conversation_connect(&talk);
    for (size_t row = 0; row < sizeof(bad) / sizeof(bad[0]); row++) {
        cfg = bad[row];
        assert_int_equal(esp_loader_mem_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    }
    assert_int_equal(esp_loader_mem_start(&talk.loader, NULL), ESP_LOADER_ERROR_INVALID_PARAM);
    cfg = two_blocks_cfg();
    assert_int_equal(write_hex(&cfg, DATA_0), ESP_LOADER_ERROR_INVALID_PARAM); /* not begun */
    assert_int_equal(esp_loader_mem_finish(&talk.loader, &cfg, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);

    uint8_t data[65] = {0};
    cfg = begin_two_blocks();
    assert_int_equal(esp_loader_mem_write(&talk.loader, &cfg, NULL, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_mem_write(&talk.loader, &cfg, data, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_mem_write(&talk.loader, &cfg, data, 65), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_mem_finish(&talk.loader, &cfg, 0), ESP_LOADER_ERROR_IMAGE_SIZE);
    expect_fault(ESP_LOADER_ERROR_IMAGE_SIZE, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

static void more_than_was_announced_is_refused(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = begin_two_blocks();
    play(BLOCK_0 ACCEPTED CHECKED_0 BLOCK_1 ACCEPTED CHECKED_1);
    assert_int_equal(write_hex(&cfg, DATA_0), ESP_LOADER_SUCCESS);
    assert_int_equal(write_hex(&cfg, DATA_1), ESP_LOADER_SUCCESS);
    assert_int_equal(write_hex(&cfg, "00"), ESP_LOADER_ERROR_IMAGE_SIZE);
    expect_fault(ESP_LOADER_ERROR_IMAGE_SIZE, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* --- Every chip ------------------------------------------------------------------------------------ */

enum { CODE_BYTES = 5000, TABLE_BYTES = 37, BLOCK_BYTES = 2048 };

static void load(bench_t *bench, const esp_loader_bin_segment_t *segment, esp_loader_mem_cfg_t *cfg)
{
    *cfg = (esp_loader_mem_cfg_t){.offset = segment->addr, .size = segment->size, .block_size = BLOCK_BYTES};
    assert_int_equal(esp_loader_mem_start(&bench->loader, cfg), ESP_LOADER_SUCCESS);
    for (uint32_t at = 0; at < segment->size; at += BLOCK_BYTES) {
        const uint32_t left = segment->size - at;
        assert_int_equal(
            esp_loader_mem_write(&bench->loader, cfg, segment->data + at, left < BLOCK_BYTES ? left : BLOCK_BYTES),
            ESP_LOADER_SUCCESS);
    }
}

/* What a host does with a RAM image: all segments, then the entry point. */
static void every_chip_runs_an_image_of_two_segments(void **state)
{
    (void)state;
    static const struct {
        uint32_t code_addr, table_addr;
    } ram[ESP_MAX_CHIP] = {
        [ESP8266_CHIP] = {0x40100000, 0x3FFE9000},  [ESP32_CHIP] = {0x40090000, 0x3FFE8000},
        [ESP32S2_CHIP] = {0x40030000, 0x3FFD8000},  [ESP32C3_CHIP] = {0x40390000, 0x3FC90000},
        [ESP32S3_CHIP] = {0x40380000, 0x3FCA8000},  [ESP32C2_CHIP] = {0x40390000, 0x3FCA8000},
        [ESP32C5_CHIP] = {0x40820000, 0x40830000},  [ESP32H2_CHIP] = {0x40820000, 0x40830000},
        [ESP32C6_CHIP] = {0x40820000, 0x40830000},  [ESP32P4_CHIP] = {0x4FF40000, 0x4FF50000},
        [ESP32C61_CHIP] = {0x40810000, 0x40812000},
    };
    static uint8_t code[CODE_BYTES];
    static uint8_t table[TABLE_BYTES];
    fill_at_random(code, sizeof(code), 1);
    fill_at_random(table, sizeof(table), 2);
    const espsim_program_t program = {
        .code = code, .code_bytes = sizeof(code), .entry_offset = 0x40, .prints = "it runs\r\n"};
    for (size_t row = 0; espsim_rom_at(row) != NULL; row++) {
        const reflash_rom_t *rom = espsim_rom_at(row);
        const uint32_t code_addr = ram[rom->chip->target].code_addr;
        const esp_loader_bin_segment_t segments[] = {
            {.addr = ram[rom->chip->target].table_addr, .size = sizeof(table), .data = table},
            {.addr = code_addr, .size = sizeof(code), .data = code},
        };
        esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
        esp_loader_mem_cfg_t cfg;
        bench_t bench;
        bench_start(&bench, rom, 1 << 20, &program);
        assert_int_equal(esp_loader_connect(&bench.loader, &args), ESP_LOADER_SUCCESS);
        load(&bench, &segments[0], &cfg);
        uint32_t word;
        assert_int_equal(esp_loader_read_register(&bench.loader, segments[0].addr, &word), ESP_LOADER_SUCCESS);
        assert_memory_equal(&word, table, sizeof(word)); /* tests run on little-endian hosts */
        load(&bench, &segments[1], &cfg);
        assert_int_equal(esp_loader_mem_finish(&bench.loader, &cfg, code_addr + 0x40), ESP_LOADER_SUCCESS);
        uint8_t text[64] = {0};
        (void)espsim_port_listen(&bench.port, text, sizeof(text) - 1, 100);
        assert_non_null(strstr((const char *)text, "it runs"));
        bench_free(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_loaded_and_started_with_the_recorded_bytes),
        cmocka_unit_test(without_an_entry_point_the_loader_stays),
        cmocka_unit_test(the_last_word_is_looked_at_wherever_a_piece_ends),
        cmocka_unit_test(a_wrong_checksum_uses_up_the_number_of_a_block),
        cmocka_unit_test(a_block_whose_answer_is_lost_is_sent_again_and_then_looked_at),
        cmocka_unit_test(ram_that_holds_something_else_is_a_failure),
        cmocka_unit_test(a_refused_begin_is_told_with_its_reason),
        cmocka_unit_test(a_refused_block_is_told_at_once),
        cmocka_unit_test(a_silent_target_is_a_timeout),
        cmocka_unit_test(a_program_is_told_to_start_once),
        cmocka_unit_test(a_bad_argument_is_refused_and_nothing_is_sent),
        cmocka_unit_test(more_than_was_announced_is_refused),
        cmocka_unit_test(every_chip_runs_an_image_of_two_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
