/* SPDX-License-Identifier: Apache-2.0 */
/* What a locked chip refuses, hides and shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "board.h"
#include "golden_images.h"

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

/* --- Flash encryption ---------------------------------------------------------------------------------------- */

/* The key bytes count up from 0, the plain text is 3, 10, 17, ... Cipher text by another implementation: espsecure
 * 5.6.0, encrypt-flash-data. */
enum { TEXT_BYTES = 48, XTS_ADDR = 0x110070, ESP32_ADDR = 0x2BCDE0 };
static const uint8_t xts_32[TEXT_BYTES] = {0xC0, 0x94, 0xE9, 0xDC, 0x90, 0x88, 0x7E, 0xB7, 0xC9, 0x05, 0x02, 0x00,
                                           0x4F, 0x2A, 0x88, 0x97, 0x4E, 0x0D, 0x9B, 0x52, 0x37, 0x49, 0x47, 0xA9,
                                           0x6D, 0x2E, 0x82, 0xB3, 0x61, 0x84, 0xB2, 0x7D, 0xA8, 0x5A, 0xE6, 0x1F,
                                           0x01, 0xF9, 0x00, 0x0B, 0xBC, 0xC9, 0xD9, 0x13, 0x66, 0x39, 0x34, 0x0B};
static const uint8_t xts_64[TEXT_BYTES] = {0xAB, 0x5B, 0xC6, 0xAE, 0x23, 0xFC, 0x03, 0xFE, 0xAE, 0x71, 0xD2, 0xAD,
                                           0x64, 0x42, 0xAA, 0xEE, 0xDA, 0x94, 0x69, 0x8A, 0x8E, 0xD4, 0xE2, 0x0E,
                                           0xCB, 0x81, 0xAF, 0xA5, 0x2C, 0xD8, 0x22, 0xBD, 0xE8, 0xA5, 0xD1, 0x48,
                                           0x83, 0xE4, 0x39, 0x53, 0x66, 0x82, 0x09, 0xD5, 0x17, 0x16, 0x81, 0x5F};
static const uint8_t esp32_text[TEXT_BYTES] = {0xCB, 0xE6, 0xC9, 0x7F, 0x51, 0x0D, 0x2F, 0xDC, 0xEE, 0x60, 0x1C, 0x07,
                                               0xC2, 0xB2, 0x11, 0x45, 0xB9, 0x7C, 0x57, 0x6B, 0x2E, 0x7A, 0x8E, 0x53,
                                               0x41, 0x0D, 0xAF, 0x36, 0x61, 0x0F, 0x59, 0x73, 0x25, 0x90, 0x19, 0xDF,
                                               0x9C, 0xAD, 0xF4, 0xB2, 0x87, 0x42, 0x49, 0x25, 0x73, 0xD6, 0x81, 0x47};

static espsim_security_t with_flash_key(uint8_t key_bytes)
{
    espsim_security_t security = {.flash_key_bytes = key_bytes};
    for (size_t at = 0; at < sizeof(security.flash_key); at++) {
        security.flash_key[at] = (uint8_t)at;
    }
    return security;
}

static void fill_text(uint8_t *text, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++) {
        text[at] = (uint8_t)(7 * at + 3);
    }
}

/* The text ends up at `addr`, behind filling from the start of its sector on. Returns the status of the data. */
static int write_text(board_t *board, uint32_t addr, uint32_t encrypt)
{
    uint8_t data[0x1000 + TEXT_BYTES] = {0};
    const uint32_t start = addr / 0x1000 * 0x1000;
    const uint32_t bytes = addr - start + TEXT_BYTES;
    fill_text(data + (addr - start), TEXT_BYTES);
    const uint32_t header[] = {bytes, 0, 0, 0};
    assert_int_equal(BOARD_ASK(board, 0x0B, 0, BOARD_FLASH_BYTES, 0x10000, 0x1000, 0x100, 0xFFFF), 0);
    assert_int_equal(BOARD_ASK(board, 0x02, bytes, 1, bytes, start, encrypt), 0);
    return board_ask(board, 0x03, header, 4, data, bytes);
}

static void what_is_to_be_encrypted_lies_encrypted_in_flash(void **state)
{
    (void)state;
    for (unsigned chip = 0; chip < SECURE_CHIPS; chip++) {
        board_t board = locked_and_synced(chips_with_secure_download[chip], with_flash_key(32));
        assert_int_equal(write_text(&board, XTS_ADDR, 1), 0);
        assert_memory_equal(&board.flash[XTS_ADDR], xts_32, TEXT_BYTES);
        board_free(&board);
    }
    static const reflash_rom_t *const with_long_keys[] = {&reflash_rom_esp32s2, &reflash_rom_esp32s3,
                                                          &reflash_rom_esp32p4};
    for (unsigned chip = 0; chip < 3; chip++) {
        board_t board = locked_and_synced(with_long_keys[chip], with_flash_key(64));
        assert_int_equal(write_text(&board, XTS_ADDR, 1), 0);
        assert_memory_equal(&board.flash[XTS_ADDR], xts_64, TEXT_BYTES);
        board_free(&board);
    }
}

/* The second block begins in the middle of a data unit, and ends in the next. */
static void a_block_may_begin_anywhere_in_a_data_unit(void **state)
{
    (void)state;
    enum { FIRST_BYTES = XTS_ADDR % 0x1000 };
    board_t board = locked_and_synced(&reflash_rom_esp32c3, with_flash_key(32));
    const uint8_t filling[FIRST_BYTES] = {0};
    uint8_t text[TEXT_BYTES];
    fill_text(text, sizeof(text));
    assert_int_equal(BOARD_ASK(&board, 0x0B, 0, BOARD_FLASH_BYTES, 0x10000, 0x1000, 0x100, 0xFFFF), 0);
    assert_int_equal(BOARD_ASK(&board, 0x02, FIRST_BYTES + TEXT_BYTES, 2, FIRST_BYTES, XTS_ADDR / 0x1000 * 0x1000, 1),
                     0);
    assert_int_equal(board_ask(&board, 0x03, (const uint32_t[]){FIRST_BYTES, 0, 0, 0}, 4, filling, FIRST_BYTES), 0);
    assert_int_equal(board_ask(&board, 0x03, (const uint32_t[]){TEXT_BYTES, 1, 0, 0}, 4, text, TEXT_BYTES), 0);
    assert_memory_equal(&board.flash[XTS_ADDR], xts_32, TEXT_BYTES);
    board_free(&board);
}

static void what_is_written_plain_lies_plain_in_flash(void **state)
{
    (void)state;
    uint8_t text[TEXT_BYTES];
    fill_text(text, sizeof(text));
    board_t board = locked_and_synced(&reflash_rom_esp32c3, with_flash_key(32));
    assert_int_equal(write_text(&board, XTS_ADDR, 0), 0);
    assert_memory_equal(&board.flash[XTS_ADDR], text, TEXT_BYTES);
    board_free(&board);
}

static void digests_and_reads_see_what_lies_in_flash(void **state)
{
    (void)state;
    board_t board = locked_and_synced(&reflash_rom_esp32c3, with_flash_key(32));
    assert_int_equal(write_text(&board, XTS_ADDR, 1), 0);
    assert_int_equal(BOARD_ASK(&board, 0x0E, XTS_ADDR, TEXT_BYTES), 0);
    assert_memory_equal(&board_frame(&board, 0).bytes[8], xts_32, TEXT_BYTES);
    assert_int_equal(BOARD_ASK(&board, 0x13, XTS_ADDR, TEXT_BYTES, 0, 0), 0);
    assert_memory_equal(&board_frame(&board, 0).bytes[8], "97e87b0fd6503f8401b072be936d98a6",
                        32); /* md5sum of xts_32 */
    board_free(&board);
}

static void where_the_loader_must_not_encrypt_it_refuses_to(void **state)
{
    (void)state;
    espsim_security_t security = with_flash_key(32);
    security.no_manual_encryption = true;
    board_t board = locked_and_synced(&reflash_rom_esp32c3, security);
    assert_int_equal(BOARD_ASK(&board, 0x02, 0x1000, 1, 0x400, 0x10000, 1), 0x0164);
    assert_int_equal(BOARD_ASK(&board, 0x02, 0x1000, 1, 0x400, 0x10000, 0) >> 8, 0);
    board_free(&board);
}

static void what_is_to_be_encrypted_comes_in_whole_blocks_of_16_bytes(void **state)
{
    (void)state;
    board_t board = locked_and_synced(&reflash_rom_esp32c3, with_flash_key(32));
    const uint8_t data[20] = {0};
    const uint32_t header[] = {sizeof(data), 0, 0, 0};
    assert_int_equal(BOARD_ASK(&board, 0x02, 0x1000, 1, 0x400, 0x10008, 1), 0x0164);
    assert_int_equal(BOARD_ASK(&board, 0x02, 0x1000, 1, 0x400, 0x10000, 1) >> 8, 0);
    assert_int_equal(board_ask(&board, 0x03, header, 4, data, sizeof(data)), 0x0164);
    assert_int_equal(board.flash[0x10000], 0xFF);
    board_free(&board);
}

static void ask_stub(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count, const uint8_t *data,
                     size_t data_bytes)
{
    board_forget(board);
    board_request(board, opcode, words, word_count, data, data_bytes);
    board_settle(board);
    assert_int_equal(board_frame_count(board), 1);
    const board_frame_t answer = board_frame(board, 0);
    assert_int_equal(answer.count, 10);
    assert_int_equal(answer.bytes[8] << 8 | answer.bytes[9], 0);
}

/* FLASH_BEGIN asks for encryption where the data's opcode does not. */
static void write_by_stub(board_t *board, uint8_t opcode, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    const uint32_t header[] = {bytes, 0, 0, 0};
    const uint32_t begin[] = {bytes, 1, 0x4000, addr, 1};
    ask_stub(board, 0x02, begin, opcode == 0xD4 ? 4 : 5, NULL, 0);
    ask_stub(board, opcode, header, 4, data, bytes);
}

static board_t locked_with_stub(const reflash_rom_t *rom, espsim_stub_t stub)
{
    board_t board = locked_and_synced(rom, with_flash_key(32));
    assert_true(espsim_run_stub(board.sim, stub));
    board_settle(&board);
    ask_stub(&board, 0x0B, (const uint32_t[]){0, BOARD_FLASH_BYTES, 0x10000, 0x1000, 0x100, 0xFFFF}, 6, NULL, 0);
    return board;
}

static void stubs_encrypt_too(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        espsim_stub_t stub;
        uint32_t addr;
        uint8_t opcode; /* of the data */
        const uint8_t *text;
    } cases[] = {
        {&reflash_rom_esp32c3, ESPSIM_STUB_2_0, XTS_ADDR, 0x03, xts_32},
        {&reflash_rom_esp32c3, ESPSIM_STUB_2_1, XTS_ADDR, 0x03, xts_32},
        {&reflash_rom_esp32, ESPSIM_STUB_1, ESP32_ADDR, 0xD4, esp32_text},
        {&reflash_rom_esp32c3, ESPSIM_STUB_1, XTS_ADDR, 0xD4, xts_32},
    };
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        board_t board = locked_with_stub(cases[at].rom, cases[at].stub);
        uint8_t data[0x1000 + TEXT_BYTES] = {0};
        const uint32_t start = cases[at].addr / 0x1000 * 0x1000;
        const uint32_t bytes = cases[at].addr - start + TEXT_BYTES;
        fill_text(data + (cases[at].addr - start), TEXT_BYTES);
        write_by_stub(&board, cases[at].opcode, start, data, bytes);
        assert_memory_equal(&board.flash[cases[at].addr], cases[at].text, TEXT_BYTES);
        board_free(&board);
    }
}

/* An application reset: what the chip says from there on. */
static const char *boot(board_t *board)
{
    board_forget(board);
    board_reset(board, false);
    board_settle(board);
    return board_text(board);
}

static void what_was_written_encrypted_boots(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        espsim_stub_t stub;
        uint32_t boot_addr;
        uint8_t opcode, chip_id;
    } cases[] = {{&reflash_rom_esp32c3, ESPSIM_STUB_2_1, 0x0, 0x03, 5},
                 {&reflash_rom_esp32, ESPSIM_STUB_1, 0x1000, 0xD4, 0}};
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        board_t board = locked_with_stub(cases[at].rom, cases[at].stub);
        uint8_t program[GOLDEN_PROGRAM_BYTES];
        golden_program_for(program, cases[at].chip_id);
        write_by_stub(&board, cases[at].opcode, cases[at].boot_addr, program, sizeof(program));
        write_by_stub(&board, cases[at].opcode, 0x8000, golden_table, sizeof(golden_table));
        write_by_stub(&board, cases[at].opcode, 0x10000, program, sizeof(program));
        assert_memory_not_equal(&board.flash[0x10000], program, sizeof(program));
        const char *text = boot(&board);
        assert_string_equal(text + strlen(text) - strlen("Hello world!\r\n"), "Hello world!\r\n");
        board_free(&board);
    }
}

static void what_was_written_plain_is_nonsense_to_a_chip_that_decrypts(void **state)
{
    (void)state;
    board_t board = locked_and_synced(&reflash_rom_esp32c3, with_flash_key(32));
    memcpy(board.flash, golden_program, sizeof(golden_program));
    const char *text = boot(&board);
    assert_true(board_said(&board, "invalid header: 0x"));
    assert_null(strstr(text, "invalid header: 0x200202e9")); /* which is what lies there */
    board_free(&board);
}

static void encrypted_flash_is_nonsense_to_a_chip_that_does_not_decrypt(void **state)
{
    (void)state;
    board_t board = locked_with_stub(&reflash_rom_esp32c3, ESPSIM_STUB_2_1);
    write_by_stub(&board, 0x03, 0, golden_program, sizeof(golden_program));
    board_t other = locked(&reflash_rom_esp32c3, (espsim_security_t){0});
    memcpy(other.flash, board.flash, BOARD_FLASH_BYTES);
    (void)boot(&other);
    assert_true(board_said(&other, "invalid header: 0x"));
    board_free(&other);
    board_free(&board);
}

/* --- Secure boot ------------------------------------------------------------------------------------------------- */

/* The sector behind what it signs, with one signature block: of it only digest and CRC count here. */
static void put_signed(board_t *board, uint32_t addr, const uint8_t *image, size_t bytes)
{
    enum { SIGNED_BYTES = 0x1000, CRC_OFFSET = 1196 };
    uint8_t *content = &board->flash[addr];
    uint8_t *block = content + SIGNED_BYTES;
    memset(content, 0xFF, (size_t)2 * SIGNED_BYTES);
    memcpy(content, image, bytes);
    memset(block, 0x42, CRC_OFFSET);
    block[0] = 0xE7;
    block[1] = 0x02;
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), content, SIGNED_BYTES, block + 4), 0);
    const uint32_t crc = (uint32_t)crc32(0, block, CRC_OFFSET);
    for (unsigned byte = 0; byte < 4; byte++) {
        block[CRC_OFFSET + byte] = (uint8_t)(crc >> (8 * byte));
    }
}

static board_t signed_board(const reflash_rom_t *rom)
{
    board_t board = locked(rom, (espsim_security_t){.secure_boot = true});
    uint8_t program[GOLDEN_PROGRAM_BYTES];
    golden_program_for(program, rom->chip->chip_id);
    put_signed(&board, rom->chip->boot_addr, program, sizeof(program));
    memcpy(&board.flash[0x8000], golden_table, sizeof(golden_table));
    put_signed(&board, 0x10000, program, sizeof(program));
    return board;
}

static void with_secure_boot_signed_images_boot(void **state)
{
    (void)state;
    for (unsigned chip = 0; chip < SECURE_CHIPS; chip++) {
        board_t board = signed_board(chips_with_secure_download[chip]);
        assert_non_null(strstr(boot(&board), "clock div:2\r\nValid secure boot key blocks: 0\r\n"
                                             "secure boot verification succeeded\r\nload:"));
        assert_true(board_said(&board, "Hello world!\r\n"));
        board_free(&board);
    }
    board_t board = signed_board(&reflash_rom_esp32);
    const char *text = boot(&board);
    assert_null(strstr(text, "ecure boot"));
    assert_true(board_said(&board, "Hello world!\r\n"));
    board_free(&board);
}

static void with_secure_boot_an_unsigned_bootloader_does_not_load(void **state)
{
    (void)state;
    board_t board = signed_board(&reflash_rom_esp32s3);
    board.flash[0x1000] = 0x61;
    const char *text = boot(&board);
    assert_non_null(strstr(text, "Valid secure boot key blocks: 0\r\n"
                                 "No signature block magic byte found at signature sector (found 0x61 not 0xe7). "
                                 "Image not V2 signed?\r\nsecure boot verification failed\r\n"));
    assert_null(strstr(text, "load:"));
    board_free(&board);

    board = signed_board(&reflash_rom_esp32);
    board.flash[0x2000] = 0xFF;
    text = boot(&board);
    assert_non_null(strstr(text, "load:"));
    assert_null(strstr(text, "entry"));
    assert_true(board_said(&board, "Secure boot check fail\r\n"));
    board_free(&board);
}

static void with_secure_boot_a_change_behind_the_image_counts_too(void **state)
{
    (void)state;
    static const uint32_t changes[] = {0x800, 0x1001, 0x1004, 0x1000 + 1195, 0x1000 + 1196}; /* padding; block */
    for (size_t at = 0; at < sizeof(changes) / sizeof(changes[0]); at++) {
        board_t board = signed_board(&reflash_rom_esp32c3);
        board.flash[changes[at]] ^= 0x01;
        assert_non_null(strstr(boot(&board), "Sig block 0 invalid: Image digest does not match\r\n"
                                             "secure boot verification failed\r\n"));
        board_free(&board);
    }
}

static void with_secure_boot_an_unsigned_application_does_not_run(void **state)
{
    (void)state;
    board_t board = signed_board(&reflash_rom_esp32c3);
    board.flash[0x11000] = 0xFF;
    assert_non_null(strstr(boot(&board), "E (31) esp_image: Secure boot signature verification failed\r\n"
                                         "E (31) boot: Factory app partition is not bootable\r\n"));
    assert_false(board_said(&board, "Hello world!"));
    board_free(&board);
}

static void any_of_three_signature_blocks_will_do(void **state)
{
    (void)state;
    enum { BLOCK_BYTES = 1216 };
    board_t board = signed_board(&reflash_rom_esp32c3);
    memmove(&board.flash[0x1000 + 2 * BLOCK_BYTES], &board.flash[0x1000], BLOCK_BYTES);
    board.flash[0x1004] ^= 0x01;
    assert_non_null(strstr(boot(&board), "secure boot verification succeeded\r\n"));
    board_free(&board);
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
        cmocka_unit_test(what_is_to_be_encrypted_lies_encrypted_in_flash),
        cmocka_unit_test(a_block_may_begin_anywhere_in_a_data_unit),
        cmocka_unit_test(what_is_written_plain_lies_plain_in_flash),
        cmocka_unit_test(digests_and_reads_see_what_lies_in_flash),
        cmocka_unit_test(where_the_loader_must_not_encrypt_it_refuses_to),
        cmocka_unit_test(what_is_to_be_encrypted_comes_in_whole_blocks_of_16_bytes),
        cmocka_unit_test(stubs_encrypt_too),
        cmocka_unit_test(what_was_written_encrypted_boots),
        cmocka_unit_test(what_was_written_plain_is_nonsense_to_a_chip_that_decrypts),
        cmocka_unit_test(encrypted_flash_is_nonsense_to_a_chip_that_does_not_decrypt),
        cmocka_unit_test(with_secure_boot_signed_images_boot),
        cmocka_unit_test(with_secure_boot_an_unsigned_bootloader_does_not_load),
        cmocka_unit_test(with_secure_boot_a_change_behind_the_image_counts_too),
        cmocka_unit_test(with_secure_boot_an_unsigned_application_does_not_run),
        cmocka_unit_test(any_of_three_signature_blocks_will_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
