/* SPDX-License-Identifier: Apache-2.0 */
/* What is special about the ESP8266: the shape of its answers, its flash controller, its MAC, its way to erase, and
 * its images. Bytes of its ROM follow the protocol text and published traces of real chips; none were recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "conversation.h"
#include "port.h"
#include "reflash.h"

enum { SECTOR_BYTES = 0x1000 };

/* --- What is sent ------------------------------------------------------------------------------------------ */

static conversation_t talk;

#define play(script) scripted_port_play(&talk.port, script)

/* From traces of real chips: two bytes of status. */
#define SYNC_ANSWER                                                                                                    \
    "c00108020007071220"                                                                                               \
    "0000c0"
#define EIGHT(answer) answer answer answer answer answer answer answer answer
/* It refuses GET_SECURITY_INFO. That it does so eightfold is taken over from the ESP32. */
#define REFUSAL                                                                                                        \
    "c00108020007071220"                                                                                               \
    "0105c0"
#define CONNECT                                                                                                        \
    " reset >" RECORDED_SYNC " <" EIGHT(SYNC_ANSWER) " >" RECORDED_SECURITY_INFO                                       \
                                                     " <" EIGHT(REFUSAL) " >" RECORDED_READ_MAGIC                      \
                                                                         " <c0010a020001c1f0ff0000c0"
#define READ(addr, value) " >c0000a040000000000" addr "c0 <c0010a0200" value "0000c0"
#define WRITTEN " <c0010902000b4016000000c0" /* the value is left from a READ_REG */
#define BEGUN " <c001020200000000000000c0"
/* Attach: FLASH_BEGIN of nothing. Then the JEDEC id: USR 0x6000021C, USR1 0x60000220, USR2 0x60000224, W0 at
 * 0x60000240, CMD 0x60000200; USR1 takes 24 bits less one from bit 8 on. */
#define ATTACH(id)                                                                                                     \
    " >c000021000000000000000000000000000000400000000"                                                                 \
    "0000c0" BEGUN READ("1c020060", "04030281")                                                                        \
        READ("24020060", "05000070") " >c000095000000000002002006000170000"                                            \
                                     "ffffffff00000000"                                                                \
                                     "1c02006000000090ffffffff00000000"                                                \
                                     "240200609f000070ffffffff00000000"                                                \
                                     "4002006000000000ffffffff00000000"                                                \
                                     "0002006000000400ffffffff00000000"                                                \
                                     "c0" WRITTEN READ("00020060", "00000000")                                         \
                                         READ("40020060", id) " >c000092000000000001c02006004030281ffffffff00000000"   \
                                                              "2402006005000070ffffffff00000000c0" WRITTEN

static void connect_to_esp8266(void)
{
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 1};
    conversation_start(&talk);
    play(CONNECT);
    assert_int_equal(esp_loader_connect(&talk.loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP8266_CHIP);
    conversation_expect_no_fault(&talk);
}

static void attach(void)
{
    uint32_t flash_bytes = 0;
    connect_to_esp8266();
    play(ATTACH("c8401600"));
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    conversation_expect_no_fault(&talk);
}

static void its_answers_have_two_bytes_of_status(void **state)
{
    (void)state;
    uint32_t value;
    connect_to_esp8266();
    play(READ("5000f03f", "78563412"));
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x3FF00050, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0x12345678);
    conversation_play_times(&talk, 3, " >c0000a0400000000005000f03fc0 <c0010a0200785634120105c0");
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x3FF00050, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x0A, 0x05);
}

static void an_answer_with_four_bytes_of_status_is_none_of_its(void **state)
{
    (void)state;
    uint32_t value;
    connect_to_esp8266();
    conversation_play_times(&talk, 3, " >c0000a0400000000005000f03fc0 <c0010a04007856341200000000c0");
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x3FF00050, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x0A, 0);
}

static void another_chip_on_the_same_port_has_its_own_length_of_status(void **state)
{
    (void)state;
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 1};
    connect_to_esp8266();
    play(CONNECT_ESP32);
    assert_int_equal(esp_loader_connect(&talk.loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP32_CHIP);
    play(CONNECT);
    assert_int_equal(esp_loader_connect(&talk.loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&talk.loader), ESP8266_CHIP);
    conversation_expect_no_fault(&talk);
}

static void its_flash_is_attached_by_beginning_nothing_and_its_lengths_go_to_usr1(void **state)
{
    (void)state;
    attach();
    assert_int_equal(talk.port.requests, 3 + 7);
}

static void its_mac_is_put_together_from_its_one_time_programmable_words(void **state)
{
    (void)state;
#define OTP(m0, m1, m3) READ("5000f03f", m0) READ("5400f03f", m1) READ("5c00f03f", m3)
    static const struct {
        const char *script;
        uint8_t mac[6];
    } cases[] = {
        {OTP("000000c3", "b2a10100", "7fcf5c00"), {0x5C, 0xCF, 0x7F, 0xA1, 0xB2, 0xC3}},
        {OTP("000000c3", "b2a10200", "7fcf5c00"), {0x5C, 0xCF, 0x7F, 0xA1, 0xB2, 0xC3}},
        {OTP("efbeadde", "34120000", "00000000"), {0x18, 0xFE, 0x34, 0x12, 0x34, 0xDE}},
        {OTP("efbeadde", "34120100", "00000000"), {0xAC, 0xD0, 0x74, 0x12, 0x34, 0xDE}},
        {OTP("efbeadde", "341201ff", "00000000"), {0xAC, 0xD0, 0x74, 0x12, 0x34, 0xDE}},
    };
    uint8_t mac[6];
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        connect_to_esp8266();
        play(cases[row].script);
        assert_int_equal(esp_loader_read_mac(&talk.loader, mac), ESP_LOADER_SUCCESS);
        assert_memory_equal(mac, cases[row].mac, sizeof(mac));
        conversation_expect_no_fault(&talk);
    }
    connect_to_esp8266();
    play(OTP("efbeadde", "34120200", "00000000")); /* no vendor that is known */
    assert_int_equal(esp_loader_read_mac(&talk.loader, mac), ESP_LOADER_ERROR_INVALID_RESPONSE);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0, 0);
}

/* One block of 8 bytes, of which the image has 5: the rest is FF, and covered by the checksum. */
#define BLOCK_OF_5                                                                                                     \
    " >c00003180011000000080000000000000000000000000000000102030405ffffffc0"                                           \
    " <c001030200000000000000c0"

static void its_last_block_is_filled_up_to_the_size_of_the_others(void **state)
{
    (void)state;
    static const uint8_t data[5] = {1, 2, 3, 4, 5};
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 5, .block_size = 8, .skip_verify = true};
    attach();
    play(" >c0000210000000000000100000010000000800000000100000c0" BEGUN BLOCK_OF_5);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, sizeof(data)), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(&talk);
}

static void a_short_block_that_is_not_its_last_is_an_invalid_argument(void **state)
{
    (void)state;
    static const uint8_t data[8] = {0};
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 16, .block_size = 8, .skip_verify = true};
    attach();
    play(" >c0000210000000000000100000020000000800000000100000c0" BEGUN);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* --- Erasing ----------------------------------------------------------------------------------------------- */

/* By hand: asked for r sectors, the ROM erases r and, of the sectors up to the next 64 KiB border, min(r, those) more. */
static void it_is_asked_for_fewer_sectors_than_are_to_be_erased(void **state)
{
    (void)state;
    static const struct {
        uint32_t sector, count, asked;
    } cases[] = {
        {0, 1, 1},   {0, 2, 1},     {0, 3, 2},   {0, 16, 8},   {0, 20, 10},  {0, 31, 16},    {0, 32, 16},
        {0, 33, 17}, {5, 11, 6},    {5, 21, 11}, {5, 22, 11},  {5, 25, 14},  {15, 1, 1},     {15, 2, 1},
        {15, 3, 2},  {15, 100, 99}, {3, 13, 7},  {16, 48, 32}, {1022, 2, 1}, {1006, 18, 16},
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        const uint32_t asked_bytes = cases[row].asked * SECTOR_BYTES;
        const uint32_t addr = cases[row].sector * SECTOR_BYTES;
        const uint32_t blocks = (cases[row].count * SECTOR_BYTES + 0x17FF) / 0x1800;
        char script[128];
        attach();
        (void)snprintf(script, sizeof(script),
                       " >c00002100000000000%02x%02x%02x00%02x00000000180000%02x%02x%02x00c0" BEGUN, asked_bytes & 0xFF,
                       asked_bytes >> 8 & 0xFF, asked_bytes >> 16, blocks, addr & 0xFF, addr >> 8 & 0xFF, addr >> 16);
        play(script);
        assert_int_equal(esp_loader_flash_erase_region(&talk.loader, addr, cases[row].count * SECTOR_BYTES),
                         ESP_LOADER_SUCCESS);
        conversation_expect_no_fault(&talk);
    }
}

/* The sector behind the flash is its first one. */
static void an_odd_run_at_the_end_of_the_flash_is_refused(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 15; count += 2) {
        attach();
        assert_int_equal(
            esp_loader_flash_erase_region(&talk.loader, 0x400000 - count * SECTOR_BYTES, count * SECTOR_BYTES),
            ESP_LOADER_ERROR_IMAGE_SIZE);
        conversation_expect_fault(&talk, ESP_LOADER_ERROR_IMAGE_SIZE, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
}

/* What is left of a flash of zeros after an erase, as an ESP8266 does it. */
static void a_run_is_erased_whole_and_at_most_one_sector_more(void **state)
{
    (void)state;
    enum { FLASH_BYTES = 1 << 20, SECTORS = FLASH_BYTES / SECTOR_BYTES };
    uint8_t *flash = calloc(FLASH_BYTES, 1);
    espsim_t *sim = espsim_create(&(espsim_config_t){.rom = &reflash_rom_esp8266,
                                                     .flash = flash,
                                                     .flash_bytes = FLASH_BYTES,
                                                     .timing = {.boot_ms = 1, .instant = true}});
    assert_non_null(sim);
    espsim_port_t port = {.port = {.ops = &espsim_port_ops}, .sim = sim, .baud = 115200};
    esp_loader_t loader;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    assert_int_equal(esp_loader_init_serial(&loader, &port.port), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_connect(&loader, &args), ESP_LOADER_SUCCESS);
    for (uint32_t first = 0; first < 34; first++) {
        for (uint32_t count = 1; count <= 70; count++) {
            memset(flash, 0, FLASH_BYTES);
            assert_int_equal(esp_loader_flash_erase_region(&loader, first * SECTOR_BYTES, count * SECTOR_BYTES),
                             ESP_LOADER_SUCCESS);
            for (uint32_t sector = 0; sector < SECTORS; sector++) {
                const uint8_t found = flash[sector * SECTOR_BYTES];
                if (sector >= first && sector < first + count) {
                    assert_int_equal(found, 0xFF);
                } else if (sector != first + count || count % 2 == 0) {
                    assert_int_equal(found, 0x00);
                }
            }
        }
    }
    memset(flash, 0, FLASH_BYTES);
    assert_int_equal(esp_loader_flash_erase(&loader), ESP_LOADER_SUCCESS);
    for (uint32_t at = 0; at < FLASH_BYTES; at++) {
        assert_int_equal(flash[at], 0xFF);
    }
    esp_loader_deinit(&loader);
    espsim_destroy(sim);
    free(flash);
}

/* The virtual chip by itself: asked for as many sectors as are wanted, it erases too many. */
static void its_rom_erases_the_head_twice(void **state)
{
    (void)state;
    static const struct {
        uint32_t sector, asked, erased;
    } cases[] = {{0, 1, 2}, {0, 16, 32}, {0, 20, 36}, {10, 3, 6}, {10, 6, 12}, {10, 7, 13}, {15, 40, 41}};
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        board_t board = board_synced_of(&reflash_rom_esp8266);
        memset(board.flash, 0, BOARD_FLASH_BYTES);
        assert_int_equal(
            BOARD_ASK(&board, 0x02, cases[row].asked * SECTOR_BYTES, 1, 0x400, cases[row].sector * SECTOR_BYTES), 0);
        for (uint32_t sector = 0; sector < 100; sector++) {
            const bool erased = sector >= cases[row].sector && sector < cases[row].sector + cases[row].erased;
            assert_int_equal(board.flash[sector * SECTOR_BYTES], erased ? 0xFF : 0x00);
            assert_int_equal(board.flash[sector * SECTOR_BYTES + SECTOR_BYTES - 1], erased ? 0xFF : 0x00);
        }
        board_free(&board);
    }
}

/* --- The flash controller ------------------------------------------------------------------------------------ */

static void what_is_written_through_its_registers_takes_its_length_from_usr1(void **state)
{
    (void)state;
    board_t board = board_synced_of(&reflash_rom_esp8266);
    const uint32_t write_enable[] = {0x6000021C, UINT32_C(1) << 31, 0xFFFFFFFF, 0,
                                     0x60000224, 0x70000006,        0xFFFFFFFF, 0,
                                     0x60000200, 1 << 18,           0xFFFFFFFF, 0};
    const uint32_t program[] = {0x60000220, 15 << 17,   0xFFFFFFFF, 0,          0x6000021C, UINT32_C(0xC8000000),
                                0xFFFFFFFF, 0,          0x60000224, 0x70000002, 0xFFFFFFFF, 0,
                                0x60000204, 0x01234500, 0xFFFFFFFF, 0,          0x60000240, 0x44332211,
                                0xFFFFFFFF, 0,          0x60000200, 1 << 18,    0xFFFFFFFF, 0};
    assert_int_equal(board_ask(&board, 0x09, write_enable, sizeof(write_enable) / 4, NULL, 0), 0);
    assert_int_equal(board_ask(&board, 0x09, program, sizeof(program) / 4, NULL, 0), 0);
    assert_int_equal(board.flash[0x12344], 0xFF);
    assert_int_equal(board.flash[0x12345], 0x11); /* the address stands in the upper bits */
    assert_int_equal(board.flash[0x12346], 0x22);
    assert_int_equal(board.flash[0x12347], 0xFF); /* sixteen bits were written */
    board_free(&board);
}

/* --- Booting --------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t addr, bytes;
    uint8_t first; /* byte; the others are 0 */
} segment_t;

static void put_program(uint8_t *at, const segment_t *segments, unsigned count, uint8_t checksum)
{
    uint32_t offset = 8;
    memcpy(at, (const uint8_t[]){0xE9, (uint8_t)count, 2, 0x40, 0x04, 0x00, 0x10, 0x40}, 8);
    for (unsigned segment = 0; segment < count; segment++) {
        const uint32_t words[2] = {segments[segment].addr, segments[segment].bytes};
        for (unsigned byte = 0; byte < 8; byte++) {
            at[offset++] = (uint8_t)(words[byte / 4] >> (8 * (byte % 4)));
        }
        memset(at + offset, 0, segments[segment].bytes);
        at[offset] = segments[segment].first;
        offset += segments[segment].bytes;
    }
    memset(at + offset, 0, 15 - offset % 16);
    at[offset / 16 * 16 + 15] = checksum;
}

/* The list of segments is that of a public log: these sizes, these sums. */
static void it_lists_segments_as_its_rom_does_and_runs_an_image_without_a_table(void **state)
{
    (void)state;
    static const segment_t segments[] = {{0x40100000, 1856, 0x8C}, {0x3FFE8000, 776, 0x61}, {0x3FFE8310, 552, 0x7B}};
    board_t board = board_blank();
    board.config.rom = &reflash_rom_esp8266;
    board.host_baud = 74880;
    board_power_on(&board);
    put_program(board.flash, segments, 3, 0x79);
    board_reset(&board, false);
    board_settle(&board);
    assert_string_equal(board_text(&board), "\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\n"
                                            "load 0x40100000, len 1856, room 16 \r\ntail 0\r\nchksum 0x63\r\n"
                                            "load 0x3ffe8000, len 776, room 8 \r\ntail 0\r\nchksum 0x02\r\n"
                                            "load 0x3ffe8310, len 552, room 8 \r\ntail 0\r\nchksum 0x79\r\n"
                                            "csum 0x79\r\n\r\n"
                                            "I (31) boot: Loaded app from partition at offset 0x0\r\n"
                                            "I (31) app_init: Project name:     (no descriptor)\r\n"
                                            "I (31) app_init: App version:      (no descriptor)\r\n"
                                            "Hello world!\r\n");
    board_free(&board);
}

static const char *boot_with(board_t *board, uint32_t bytes, uint8_t checksum)
{
    *board = board_blank();
    board->config.rom = &reflash_rom_esp8266;
    board->host_baud = 74880;
    board_power_on(board);
    if (bytes > 0) {
        put_program(board->flash, (const segment_t[]){{0x40100000, bytes, 0}}, 1, checksum);
    }
    board_reset(board, false);
    board_settle(board);
    const char *text = strstr(board_text(board), "(3,6)\r\n\r\n");
    assert_non_null(text);
    return text + strlen("(3,6)\r\n\r\n");
}

static void a_damaged_or_missing_image_ends_in_its_loader_s_complaint(void **state)
{
    (void)state;
    board_t board;
    assert_string_equal(boot_with(&board, 0, 0), "ets_main.c \r\n");
    board_free(&board);
    assert_string_equal(boot_with(&board, 1384, 0x12),
                        "load 0x40100000, len 1384, room 16 \r\ntail 8\r\nchksum 0xef\r\n"
                        "csum 0x12\r\ncsum err\r\nets_main.c \r\n");
    board_free(&board);
    assert_non_null(
        strstr(boot_with(&board, 612, 0xEF), "len 612, room 16 \r\ntail 4\r\nchksum 0xef\r\ncsum 0xef\r\n\r\n"));
    board_free(&board);
    assert_non_null(strstr(boot_with(&board, 12, 0xEF), "len 12, room 16 \r\ntail 0\r\n"));
    board_free(&board);
}

static void an_image_that_leaves_the_flash_starts_nothing(void **state)
{
    (void)state;
    board_t board = board_blank();
    board.config.rom = &reflash_rom_esp8266;
    board.host_baud = 74880;
    board_power_on(&board);
    memcpy(board.flash, (const uint8_t[]){0xE9, 1, 2, 0x40, 4, 0, 0x10, 0x40, 0, 0, 0x10, 0x40, 0, 0, 0, 1}, 16);
    board_reset(&board, false);
    board_settle(&board);
    assert_string_equal(board_text(&board), "\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\n");
    board_free(&board);
}

static void its_banner_is_noise_at_115200_baud(void **state)
{
    (void)state;
    board_t board = board_blank();
    board.config.rom = &reflash_rom_esp8266;
    board_power_on(&board);
    board_reset(&board, true);
    board_settle(&board);
    assert_false(board_said(&board, "ets Jan"));
    board_forget(&board);
    board_sync(&board); /* ... yet the loader listens at the rate it is spoken to at */
    board_settle(&board);
    assert_int_equal(board_frame_count(&board), 8);
    assert_int_equal(board_frame(&board, 0).count, 10);
    board_free(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_answers_have_two_bytes_of_status),
        cmocka_unit_test(an_answer_with_four_bytes_of_status_is_none_of_its),
        cmocka_unit_test(another_chip_on_the_same_port_has_its_own_length_of_status),
        cmocka_unit_test(its_flash_is_attached_by_beginning_nothing_and_its_lengths_go_to_usr1),
        cmocka_unit_test(its_mac_is_put_together_from_its_one_time_programmable_words),
        cmocka_unit_test(its_last_block_is_filled_up_to_the_size_of_the_others),
        cmocka_unit_test(a_short_block_that_is_not_its_last_is_an_invalid_argument),
        cmocka_unit_test(it_is_asked_for_fewer_sectors_than_are_to_be_erased),
        cmocka_unit_test(an_odd_run_at_the_end_of_the_flash_is_refused),
        cmocka_unit_test(a_run_is_erased_whole_and_at_most_one_sector_more),
        cmocka_unit_test(its_rom_erases_the_head_twice),
        cmocka_unit_test(what_is_written_through_its_registers_takes_its_length_from_usr1),
        cmocka_unit_test(it_lists_segments_as_its_rom_does_and_runs_an_image_without_a_table),
        cmocka_unit_test(a_damaged_or_missing_image_ends_in_its_loader_s_complaint),
        cmocka_unit_test(an_image_that_leaves_the_flash_starts_nothing),
        cmocka_unit_test(its_banner_is_noise_at_115200_baud),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
