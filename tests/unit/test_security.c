/* SPDX-License-Identifier: Apache-2.0 */
/* What a locked chip refuses, hides and shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "board.h"

static board_t locked(const reflash_rom_t *rom, espsim_security_t security)
{
    board_t board = board_blank();
    board.config.rom = rom;
    board.config.security = security;
    board_power_on(&board);
    board_reset(&board, true);
    board_settle(&board);
    return board;
}

static board_t locked_and_synced(const reflash_rom_t *rom, espsim_security_t security)
{
    board_t board = locked(rom, security);
    board_sync(&board);
    board_settle(&board);
    /* Not a SYNC any more, of whose answer an unknown command would get eight. */
    assert_int_equal(BOARD_ASK(&board, 0x0D, 0, 0), 0);
    board_forget(&board);
    return board;
}

static const espsim_security_t secure_download = {.secure_download = true};

static const reflash_rom_t *const chips_with_secure_download[] = {
    &reflash_rom_esp32s2, &reflash_rom_esp32s3, &reflash_rom_esp32c2,  &reflash_rom_esp32c3, &reflash_rom_esp32c5,
    &reflash_rom_esp32c6, &reflash_rom_esp32h2, &reflash_rom_esp32c61, &reflash_rom_esp32p4,
};
enum { SECURE_CHIPS = sizeof(chips_with_secure_download) / sizeof(chips_with_secure_download[0]) };

/* --- Secure download mode -------------------------------------------------------------------------------- */

static void in_secure_download_mode_the_loader_says_so_while_it_waits(void **state)
{
    (void)state;
    for (unsigned chip = 0; chip < SECURE_CHIPS; chip++) {
        board_t board = locked(chips_with_secure_download[chip], secure_download);
        assert_true(board_said(&board, ")\r\nwait uart download(secure mode)\r\n"));
        assert_false(board_said(&board, "waiting for download"));
        board_free(&board);
    }
}

static void in_secure_download_mode_whatever_is_not_needed_to_write_is_refused(void **state)
{
    (void)state;
    static const uint8_t refused[] = {0x05, 0x06, 0x07, 0x09, 0x0A, 0x0C, 0x0E, 0x10, 0x11, 0x12, 0x13, 0xD0, 0xD2};
    for (unsigned chip = 0; chip < SECURE_CHIPS; chip++) {
        board_t board = locked_and_synced(chips_with_secure_download[chip], secure_download);
        for (size_t at = 0; at < sizeof(refused); at++) {
            assert_int_equal(BOARD_ASK(&board, refused[at], 0x40001000, 0, 0, 0), 0x0105);
            const board_frame_t answer = board_frame(&board, 0);
            assert_int_equal(answer.count, 12); /* no data in front of the status, and the opcode of what came before */
            assert_int_equal(answer.bytes[1], 0x0D);
        }
        board_free(&board);
    }
}

static void in_secure_download_mode_flash_is_written(void **state)
{
    (void)state;
    for (unsigned chip = 0; chip < SECURE_CHIPS; chip++) {
        board_t board = locked_and_synced(chips_with_secure_download[chip], secure_download);
        uint8_t data[64];
        memset(data, 0x5A, sizeof(data));
        const uint32_t header[] = {sizeof(data), 0, 0, 0};
        assert_int_equal(BOARD_ASK(&board, 0x0B, 0, BOARD_FLASH_BYTES, 0x10000, 0x1000, 0x100, 0xFFFF), 0);
        assert_int_equal(BOARD_ASK(&board, 0x02, sizeof(data), 1, sizeof(data), 0x300000, 0), 0);
        assert_int_equal(board_ask(&board, 0x03, header, 4, data, sizeof(data)), 0);
        assert_memory_equal(&board.flash[0x300000], data, sizeof(data));
        assert_int_equal(board.flash[0x300000 + sizeof(data)], 0xFF);
        board_free(&board);
    }
}

static void the_rate_can_be_changed_in_secure_download_mode(void **state)
{
    (void)state;
    board_t board = locked_and_synced(&reflash_rom_esp32c3, secure_download);
    BOARD_REQUEST(&board, 0x0F, 460800, 0);
    board_settle(&board);
    assert_in_range(espsim_baud(board.sim), 455000, 466000);
    board_free(&board);
}

static void the_flash_end_of_secure_download_mode_restarts_the_chip_even_if_it_is_to_stay(void **state)
{
    (void)state;
    for (unsigned chip = 0; chip < SECURE_CHIPS; chip++) {
        if (chips_with_secure_download[chip] == &reflash_rom_esp32s2) {
            continue; /* see below */
        }
        board_t board = locked_and_synced(chips_with_secure_download[chip], secure_download);
        BOARD_REQUEST(&board, 0x04, 1); /* nothing was begun: it fails, too */
        board_settle(&board);
        assert_true(board_said(&board, "rst:0x3 ("));
        assert_true(board_said(&board, "wait uart download(secure mode)"));
        assert_true(espsim_in_loader(board.sim));
        board_free(&board);
    }
}

static void the_flash_end_of_secure_download_mode_ends_the_loader_of_an_esp32s2(void **state)
{
    (void)state;
    board_t board = locked_and_synced(&reflash_rom_esp32s2, secure_download);
    assert_int_equal(BOARD_ASK(&board, 0x02, 0, 0, 0x400, 0, 0), 0);
    board_forget(&board);
    BOARD_REQUEST(&board, 0x04, 0);
    board_settle(&board);
    assert_false(board_said(&board, "rst:"));
    assert_false(espsim_in_loader(board.sim));
    board_free(&board);
}

static void an_esp32_and_an_esp8266_have_no_secure_download_mode(void **state)
{
    (void)state;
    board_t board = board_blank();
    board.config.flash = (uint8_t[]){0};
    board.config.flash_bytes = BOARD_FLASH_BYTES;
    board.config.security = secure_download;
    assert_null(espsim_create(&board.config));
    board.config.rom = &reflash_rom_esp8266;
    assert_null(espsim_create(&board.config));
    assert_string_equal(espsim_security_lacks(&reflash_rom_esp8266, &secure_download), "no security efuses");
    assert_string_equal(espsim_security_lacks(&reflash_rom_esp32, &secure_download), "no secure download mode");
    assert_null(espsim_security_lacks(&reflash_rom_esp32c3, &secure_download));
    board.config.flash = NULL;
    board_free(&board);
}

static void without_download_the_loader_never_listens(void **state)
{
    (void)state;
    for (unsigned chip = 0; chip < SECURE_CHIPS; chip++) {
        board_t board = locked(chips_with_secure_download[chip], (espsim_security_t){.no_download = true});
        assert_true(board_said(&board, ")\r\nDownload boot modes disabled\r\n"));
        assert_false(espsim_in_loader(board.sim));
        board_forget(&board);
        board_sync(&board);
        board_settle(&board);
        assert_int_equal(board.heard_count, 0);
        board_free(&board);
    }
}

static void an_esp32_without_download_is_silent(void **state)
{
    (void)state;
    board_t board = locked(&reflash_rom_esp32, (espsim_security_t){.no_download = true});
    const char *text = board_text(&board);
    assert_true(strlen(text) > 3);
    assert_string_equal(text + strlen(text) - 3, ")\r\n");
    assert_false(espsim_in_loader(board.sim));
    board_free(&board);
}

/* --- What can be asked ------------------------------------------------------------------------------------- */

/* The answer's data; its length is that of the chip. */
static void assert_security_info(board_t *board, const uint8_t *first_bytes, size_t count)
{
    board_forget(board);
    board_request(board, 0x14, NULL, 0, NULL, 0);
    board_settle(board);
    assert_int_equal(board_frame_count(board), 1);
    const board_frame_t answer = board_frame(board, 0);
    assert_int_equal(answer.bytes[0], 0x01);
    assert_int_equal(answer.bytes[1], 0x14);
    assert_memory_equal(&answer.bytes[8], first_bytes, count);
}

static void security_info_shows_what_was_burned(void **state)
{
    (void)state;
    static const struct {
        espsim_security_t security;
        uint8_t info[10]; /* flags, flash_crypt_cnt, purposes of five keys */
    } cases[] = {
        {{0}, {0}},
        {{.secure_download = true}, {0x04}},
        {{.secure_boot = true}, {0x01, 0, 0, 0, 0, 0, 0, 9}},
        {{.flash_key_bytes = 32}, {0, 0, 0, 0, 1, 4}},
        {{.flash_key_bytes = 64}, {0, 0, 0, 0, 1, 2, 3}},
        {{.secure_download = true, .secure_boot = true, .flash_key_bytes = 32}, {0x05, 0, 0, 0, 1, 4, 0, 9}},
    };
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        board_t board = locked_and_synced(&reflash_rom_esp32s3, cases[at].security);
        assert_security_info(&board, cases[at].info, sizeof(cases[at].info));
        board_free(&board);
    }
}

static void the_purposes_of_keys_are_told_where_efuses_have_them(void **state)
{
    (void)state;
    for (unsigned chip = 0; chip < SECURE_CHIPS; chip++) {
        const reflash_rom_t *rom = chips_with_secure_download[chip];
        board_t board = locked_and_synced(rom, (espsim_security_t){.secure_boot = true, .flash_key_bytes = 32});
        const bool has_one_key = rom == &reflash_rom_esp32c2;
        const uint8_t info[] = {0x01, 0, 0, 0, 1, has_one_key ? 0 : 4, 0, has_one_key ? 0 : 9, 0};
        assert_security_info(&board, info, sizeof(info));
        board_free(&board);
    }
}

static void efuse_words_show_what_was_burned(void **state)
{
    (void)state;
    /* From efuse definitions: address, value with flash encryption, secure boot and no manual encryption burned. */
    static const struct {
        const reflash_rom_t *rom;
        uint8_t key_bytes;
        uint32_t words[3][2];
    } cases[] = {
        {&reflash_rom_esp32, 32, {{0x3FF5A000, 0x00100000}, {0x3FF5A014, 0xF0100000}, {0x3FF5A018, 0x000000A0}}},
        {&reflash_rom_esp32s2, 32, {{0x3F41A030, 0x00080000}, {0x3F41A034, 0x04040000}, {0x3F41A038, 0x00100009}}},
        {&reflash_rom_esp32s2, 64, {{0x3F41A030, 0x00080000}, {0x3F41A034, 0x32040000}, {0x3F41A038, 0x00100009}}},
        {&reflash_rom_esp32s3, 32, {{0x60007030, 0x00100000}, {0x60007034, 0x04040000}, {0x60007038, 0x00100009}}},
        {&reflash_rom_esp32s3, 64, {{0x60007030, 0x00100000}, {0x60007034, 0x32040000}, {0x60007038, 0x00100009}}},
        {&reflash_rom_esp32c2, 32, {{0x60008830, 0x002004C0}}},
        {&reflash_rom_esp32c3, 32, {{0x60008830, 0x00100000}, {0x60008834, 0x04040000}, {0x60008838, 0x00100009}}},
        {&reflash_rom_esp32c5, 32, {{0x600B4830, 0x00100000}, {0x600B4834, 0x01010000}, {0x600B4838, 0x02000009}}},
        {&reflash_rom_esp32c6, 32, {{0x600B0830, 0x00100000}, {0x600B0834, 0x04040000}, {0x600B0838, 0x00100009}}},
        {&reflash_rom_esp32h2, 32, {{0x600B0830, 0x00100000}, {0x600B0834, 0x04040000}, {0x600B0838, 0x00100009}}},
        {&reflash_rom_esp32c61, 32, {{0x600B4830, 0x00804000}, {0x600B4834, 0x04000904}}},
        {&reflash_rom_esp32p4, 64, {{0x5012D030, 0x00100000}, {0x5012D034, 0x32040000}, {0x5012D038, 0x00100009}}},
    };
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        board_t board = locked_and_synced(cases[at].rom, (espsim_security_t){.flash_key_bytes = cases[at].key_bytes,
                                                                             .secure_boot = true,
                                                                             .no_manual_encryption = true});
        for (unsigned word = 0; word < 3 && cases[at].words[word][0] != 0; word++) {
            assert_int_equal(BOARD_ASK(&board, 0x0A, cases[at].words[word][0]), 0);
            const board_frame_t answer = board_frame(&board, 0);
            const uint32_t value = (uint32_t)answer.bytes[4] | (uint32_t)answer.bytes[5] << 8 |
                                   (uint32_t)answer.bytes[6] << 16 | (uint32_t)answer.bytes[7] << 24;
            assert_int_equal(value, cases[at].words[word][1]);
        }
        board_free(&board);
    }
}

static void a_key_is_as_long_as_the_chip_can_take(void **state)
{
    (void)state;
    static const reflash_rom_t *const short_only[] = {&reflash_rom_esp32,   &reflash_rom_esp32c2, &reflash_rom_esp32c3,
                                                      &reflash_rom_esp32c5, &reflash_rom_esp32c6, &reflash_rom_esp32c61,
                                                      &reflash_rom_esp32h2};
    for (size_t at = 0; at < sizeof(short_only) / sizeof(short_only[0]); at++) {
        assert_null(espsim_security_lacks(short_only[at], &(espsim_security_t){.flash_key_bytes = 32}));
        assert_string_equal(espsim_security_lacks(short_only[at], &(espsim_security_t){.flash_key_bytes = 64}),
                            "no flash encryption with a key of that length");
    }
    assert_null(espsim_security_lacks(&reflash_rom_esp32p4, &(espsim_security_t){.flash_key_bytes = 64}));
    assert_non_null(espsim_security_lacks(&reflash_rom_esp32p4, &(espsim_security_t){.flash_key_bytes = 33}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_secure_download_mode_the_loader_says_so_while_it_waits),
        cmocka_unit_test(in_secure_download_mode_whatever_is_not_needed_to_write_is_refused),
        cmocka_unit_test(in_secure_download_mode_flash_is_written),
        cmocka_unit_test(the_rate_can_be_changed_in_secure_download_mode),
        cmocka_unit_test(the_flash_end_of_secure_download_mode_restarts_the_chip_even_if_it_is_to_stay),
        cmocka_unit_test(the_flash_end_of_secure_download_mode_ends_the_loader_of_an_esp32s2),
        cmocka_unit_test(an_esp32_and_an_esp8266_have_no_secure_download_mode),
        cmocka_unit_test(without_download_the_loader_never_listens),
        cmocka_unit_test(an_esp32_without_download_is_silent),
        cmocka_unit_test(the_purposes_of_keys_are_told_where_efuses_have_them),
        cmocka_unit_test(security_info_shows_what_was_burned),
        cmocka_unit_test(efuse_words_show_what_was_burned),
        cmocka_unit_test(a_key_is_as_long_as_the_chip_can_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
