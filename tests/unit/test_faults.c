/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of the virtual chip, as a client sees them. Lost, altered and doubled bytes, resets and power cuts at the n-th
 * of something are in test_espsim.c and test_nor.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "faults.h"
#include "port.h"

enum { FLASH_BEGIN = 0x02, FLASH_DATA = 0x03, SYNC = 0x08, READ_REG = 0x0A, MD5 = 0x13, SECURITY_INFO = 0x14 };
enum { SECTOR_BYTES = 0x1000, REQUEST_BYTES = 14, ANSWER_BYTES = 14, MAGIC_ADDR = 0x40001000 };
/* READ_REG of 0x3FF4000C, which is 0: no byte of request or answer is escaped. */
enum { ZERO_ADDR = 0x3FF4000C };

static void set(board_t *board, espsim_fault_t fault)
{
    espsim_set_faults(board->sim, &(espsim_faults_t){.fault = {fault}, .seed = 1});
}

static bool answers(board_t *board)
{
    return BOARD_ASK(board, READ_REG, ZERO_ADDR) == 0;
}

/* --- Late bytes --------------------------------------------------------------------------------------------------- */

/* When the last byte of the answer to a request arrived, from when its last byte was sent. */
static uint64_t answer_took_ns(board_t *board)
{
    board_forget(board);
    BOARD_REQUEST(board, READ_REG, ZERO_ADDR);
    const uint64_t sent_ns = espsim_now(board->sim);
    board_settle(board);
    assert_int_equal(board->heard_count, ANSWER_BYTES);
    return board->heard_ns[ANSWER_BYTES - 1] - sent_ns;
}

static void a_late_byte_to_the_chip_holds_up_those_behind_it(void **state)
{
    (void)state;
    board_t board = board_synced();
    const uint64_t healthy_ns = answer_took_ns(&board);
    for (uint32_t nth = 1; nth <= REQUEST_BYTES; nth++) {
        set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_DELAY_TO_TARGET, .byte = nth, .ms = 70});
        const uint64_t late_ns = answer_took_ns(&board) - healthy_ns;
        assert_int_equal(late_ns / 1000, 70000); /* 70 ms, as what follows waits and loses nothing */
        assert_int_equal(answer_took_ns(&board), healthy_ns);
    }
    board_free(&board);
}

static void a_late_byte_of_the_chip_holds_up_those_behind_it(void **state)
{
    (void)state;
    board_t board = board_synced();
    (void)answer_took_ns(&board);
    const uint64_t healthy_ns[2] = {board.heard_ns[3], board.heard_ns[4]};
    const uint64_t began_ns = board.heard_ns[0];
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_DELAY_FROM_TARGET, .byte = 5, .ms = 70});
    (void)answer_took_ns(&board);
    const uint64_t *heard_ns = board.heard_ns;
    assert_int_equal(heard_ns[3] - heard_ns[0], healthy_ns[0] - began_ns);
    assert_int_equal(heard_ns[4] - heard_ns[0], healthy_ns[1] - began_ns + 70 * BOARD_MS_NS);
    for (unsigned at = 5; at < ANSWER_BYTES; at++) {
        assert_int_equal(heard_ns[at] - heard_ns[at - 1], BOARD_BYTE_NS);
    }
    board_free(&board);
}

/* --- Noise -------------------------------------------------------------------------------------------------------- */

static void noise_alters_as_many_bytes_as_it_was_told_to(void **state)
{
    (void)state;
    board_t board = board_synced();
    (void)answer_took_ns(&board);
    uint8_t healthy[ANSWER_BYTES];
    memcpy(healthy, board.heard, sizeof(healthy));
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_NOISE_FROM_TARGET, .byte = 3, .bytes = 6});
    (void)answer_took_ns(&board);
    assert_memory_equal(board.heard, healthy, 2);
    assert_memory_not_equal(board.heard + 2, healthy + 2, 6);
    assert_memory_equal(board.heard + 8, healthy + 8, ANSWER_BYTES - 8);
    (void)answer_took_ns(&board);
    assert_memory_equal(board.heard, healthy, sizeof(healthy));
    board_free(&board);
}

static void noise_in_a_request_is_over_with_the_next(void **state)
{
    (void)state;
    board_t board = board_synced();
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_NOISE_TO_TARGET, .byte = 2, .bytes = 5});
    assert_false(answers(&board));
    assert_true(answers(&board));
    board_free(&board);
}

/* --- Random ones -------------------------------------------------------------------------------------------------- */

/* How the n-th of 4096 bytes fares, as a string of '0', '1' (arrives once) and '2'. */
static void fates_of(const espsim_faults_t *faults, char fates[4097])
{
    espsim_fault_state_t state;
    espsim_faults_start(&state, faults);
    for (unsigned at = 0; at < 4096; at++) {
        fates[at] = (char)('0' + espsim_faults_byte(&state, ESPSIM_TO_TARGET, 0x55).copies);
    }
    fates[4096] = '\0';
}

static unsigned count_of(const char *text, char what)
{
    unsigned count = 0;
    for (; *text != '\0'; text++) {
        count += *text == what ? 1 : 0;
    }
    return count;
}

static void random_faults_are_as_far_apart_as_was_said_in_the_mean(void **state)
{
    (void)state;
    char fates[4097];
    espsim_faults_t faults = {.fault = {{.kind = ESPSIM_FAULT_DROP_TO_TARGET, .every = 16}}};
    unsigned total = 0;
    for (faults.seed = 1; faults.seed <= 16; faults.seed++) {
        fates_of(&faults, fates);
        total += count_of(fates, '0');
        assert_in_range(count_of(fates, '0'), 200, 320);
    }
    assert_in_range(total, 4000, 4192); /* 16 times 256 */
    faults.fault[0].every = 1;
    fates_of(&faults, fates);
    assert_int_equal(count_of(fates, '0'), 4096);
}

static void the_same_seed_repeats_and_another_does_not(void **state)
{
    (void)state;
    char first[4097];
    char second[4097];
    espsim_faults_t faults = {.fault = {{.kind = ESPSIM_FAULT_DROP_TO_TARGET, .every = 50}}, .seed = 7};
    fates_of(&faults, first);
    fates_of(&faults, second);
    assert_string_equal(first, second);
    faults.seed = 8;
    fates_of(&faults, second);
    assert_string_not_equal(first, second);
}

static void a_second_fault_does_not_move_the_first(void **state)
{
    (void)state;
    char alone[4097];
    char both[4097];
    espsim_faults_t faults = {.fault = {{.kind = ESPSIM_FAULT_DROP_TO_TARGET, .every = 50}}, .seed = 7};
    fates_of(&faults, alone);
    faults.fault[1] = (espsim_fault_t){.kind = ESPSIM_FAULT_DOUBLE_TO_TARGET, .byte = 40};
    faults.fault[2] = (espsim_fault_t){.kind = ESPSIM_FAULT_DOUBLE_TO_TARGET, .every = 100};
    fates_of(&faults, both);
    for (unsigned at = 0; at < 4096; at++) {
        assert_int_equal(alone[at] == '0', both[at] == '0');
    }
    assert_in_range(count_of(both, '2'), 20, 70);
}

static void only_chance_and_noise_are_random(void **state)
{
    (void)state;
    assert_false(espsim_faults_are_random(&(espsim_faults_t){0}));
    assert_false(espsim_faults_are_random(
        &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_RESET, .byte = 1}, {.kind = ESPSIM_FAULT_LYING_MD5}}}));
    assert_true(espsim_faults_are_random(&(espsim_faults_t){
        .fault = {{.kind = ESPSIM_FAULT_RESET, .byte = 1}, {.kind = ESPSIM_FAULT_STALL, .every = 9}}}));
    assert_true(
        espsim_faults_are_random(&(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_NOISE_TO_TARGET, .byte = 1}}}));
    assert_true(
        espsim_faults_are_random(&(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_NOISE_FROM_TARGET, .byte = 1}}}));
}

static void faults_at_one_byte_all_happen(void **state)
{
    (void)state;
    espsim_fault_state_t faults;
    espsim_faults_start(
        &faults, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_FLIP_TO_TARGET, .byte = 2, .mask = 0xF0},
                                              {.kind = ESPSIM_FAULT_DOUBLE_TO_TARGET, .byte = 2},
                                              {.kind = ESPSIM_FAULT_DELAY_TO_TARGET, .byte = 2, .ms = 3},
                                              {.kind = ESPSIM_FAULT_RESET, .byte = 2},
                                              {.kind = ESPSIM_FAULT_FLIP_FROM_TARGET, .byte = 2, .mask = 0x0F}}});
    assert_int_equal(espsim_faults_byte(&faults, ESPSIM_TO_TARGET, 0x55).byte, 0x55);
    const espsim_faulty_byte_t second = espsim_faults_byte(&faults, ESPSIM_TO_TARGET, 0x55);
    assert_int_equal(second.byte, 0xA5);
    assert_int_equal(second.copies, 2);
    assert_int_equal(second.late_ns, 3 * BOARD_MS_NS);
    assert_int_equal(faults.blows, ESPSIM_BLOW_RESET);
}

static void a_byte_that_is_lost_cannot_arrive_twice(void **state)
{
    (void)state;
    espsim_fault_state_t faults;
    espsim_faults_start(&faults, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_DROP_TO_TARGET, .byte = 1},
                                                              {.kind = ESPSIM_FAULT_DOUBLE_TO_TARGET, .byte = 1}}});
    assert_int_equal(espsim_faults_byte(&faults, ESPSIM_TO_TARGET, 0).copies, 0);
}

static void all_there_is_room_for_work(void **state)
{
    (void)state;
    espsim_faults_t all = {0};
    espsim_fault_state_t faults;
    for (uint32_t row = 0; row < ESPSIM_FAULTS_MAX; row++) {
        all.fault[row] = (espsim_fault_t){.kind = ESPSIM_FAULT_DROP_TO_TARGET, .byte = row + 1};
    }
    espsim_faults_start(&faults, &all);
    for (uint32_t nth = 1; nth <= ESPSIM_FAULTS_MAX; nth++) {
        assert_int_equal(espsim_faults_byte(&faults, ESPSIM_TO_TARGET, 0).copies, 0);
    }
    assert_int_equal(espsim_faults_byte(&faults, ESPSIM_TO_TARGET, 0).copies, 1);
}

/* --- The chip ----------------------------------------------------------------------------------------------------- */

static void a_stalled_chip_answers_later_and_loses_nothing(void **state)
{
    (void)state;
    board_t board = board_synced();
    const uint64_t healthy_ns = answer_took_ns(&board);
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_STALL, .byte = REQUEST_BYTES, .ms = 500});
    assert_in_range(answer_took_ns(&board) - healthy_ns, 499 * BOARD_MS_NS, 500 * BOARD_MS_NS);
    assert_int_equal(answer_took_ns(&board), healthy_ns);
    board_free(&board);
}

static uint64_t erase_took_ns(board_t *board)
{
    const uint64_t began_ns = espsim_now(board->sim);
    assert_int_equal(BOARD_ASK(board, FLASH_BEGIN, 3 * SECTOR_BYTES, 1, 0x400, 0), 0);
    return board->heard_ns[board->heard_count - 1] - began_ns;
}

static void a_stall_at_an_operation_makes_its_command_longer(void **state)
{
    (void)state;
    board_t board = board_synced();
    const uint64_t healthy_ns = erase_took_ns(&board);
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_STALL, .op = 2, .ms = 5000});
    assert_int_equal(erase_took_ns(&board) - healthy_ns, 5000 * BOARD_MS_NS);
    assert_int_equal(erase_took_ns(&board), healthy_ns);
    board_free(&board);
}

static const char esp32_brown_out_banner[] = "ets Jul 29 2019 12:21:46\r\n\r\n"
                                             "rst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x3 "
                                             "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
                                             "waiting for download\r\n";

static void a_brown_out_resets_the_chip_which_says_so(void **state)
{
    (void)state;
    board_t board = board_synced();
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_BROWN_OUT, .byte = 5});
    BOARD_REQUEST(&board, READ_REG, ZERO_ADDR);
    board_settle(&board);
    assert_string_equal(board_text(&board), esp32_brown_out_banner);
    board_free(&board);
}

static void the_esp8266_does_not_tell_a_brown_out_from_power_on(void **state)
{
    (void)state;
    board_t board = board_blank();
    board.config.rom = &reflash_rom_esp8266;
    board.host_baud = 74880;
    board_power_on(&board);
    board_reset(&board, true);
    board_settle(&board);
    char power_on[256] = "";
    (void)strncpy(power_on, board_text(&board), sizeof(power_on) - 1);
    assert_non_null(strstr(power_on, "rst cause:"));
    board_forget(&board);
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_BROWN_OUT, .byte = 1});
    board_send(&board, (const uint8_t[]){0}, 1);
    board_settle(&board);
    assert_string_equal(board_text(&board), power_on);
    board_free(&board);
}

/* What became of three erased sectors of zeros when the second operation is the last. */
static void assert_sectors_after(espsim_fault_kind_t kind, bool second_is_finished)
{
    board_t board = board_synced();
    memset(board.flash, 0x00, (size_t)4 * SECTOR_BYTES);
    set(&board, (espsim_fault_t){.kind = kind, .op = 2});
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 3 * SECTOR_BYTES, 1, 0x400, 0), -1);
    unsigned blank[3] = {0};
    unsigned old[3] = {0};
    for (uint32_t at = 0; at < 3 * SECTOR_BYTES; at++) {
        blank[at / SECTOR_BYTES] += board.flash[at] == 0xFF ? 1 : 0;
        old[at / SECTOR_BYTES] += board.flash[at] == 0x00 ? 1 : 0;
    }
    assert_int_equal(blank[0], SECTOR_BYTES);
    assert_int_equal(blank[1] == SECTOR_BYTES, second_is_finished);
    assert_true(old[1] < SECTOR_BYTES);
    assert_int_equal(old[2], SECTOR_BYTES);
    board_forget(&board);
    board_sync(&board); /* it waits in its loader, as the boot pin is low */
    board_settle(&board);
    assert_int_equal(board_frame_count(&board), 8);
    assert_true(answers(&board));
    board_free(&board);
}

static void a_brown_out_cuts_an_erase_short_and_a_reset_does_not(void **state)
{
    (void)state;
    assert_sectors_after(ESPSIM_FAULT_BROWN_OUT, false);
    assert_sectors_after(ESPSIM_FAULT_RESET, true);
}

/* --- Cells -------------------------------------------------------------------------------------------------------- */

static void a_sector_that_does_not_erase_keeps_its_content_alone(void **state)
{
    (void)state;
    board_t board = board_synced();
    memset(board.flash, 0x00, (size_t)0x20000);
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_SECTOR_UNERASABLE, .addr = 0x2345});
    for (unsigned turn = 0; turn < 2; turn++) {
        assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 0x20000, 1, 0x400, 0), 0); /* two blocks of 64 KiB */
        for (uint32_t at = 0; at < 0x20000; at++) {
            assert_int_equal(board.flash[at], at / SECTOR_BYTES == 2 ? 0x00 : 0xFF);
        }
    }
    board_free(&board);
}

static void a_stuck_bit_is_not_programmed_and_can_be_erased(void **state)
{
    (void)state;
    board_t board = board_synced();
    const uint8_t data[64] = {0};
    const uint32_t header[] = {sizeof(data), 0, 0, 0};
    espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_BIT_STUCK, .addr = 5, .bit = 3},
                                                              {.kind = ESPSIM_FAULT_BIT_STUCK, .addr = 5, .bit = 0}}});
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, sizeof(data), 1, sizeof(data), 0), 0);
    /* The ROM reads back what it wrote, and its checksum tells. */
    assert_int_equal(board_ask(&board, FLASH_DATA, header, 4, data, sizeof(data)), 0x0108);
    for (unsigned at = 0; at < sizeof(data); at++) {
        assert_int_equal(board.flash[at], at == 5 ? 0x09 : 0x00);
    }
    board.flash[5] = 0x00;
    (void)BOARD_ASK(&board, FLASH_BEGIN, sizeof(data), 1, sizeof(data), 0);
    assert_int_equal(board.flash[5], 0xFF);
    board_free(&board);
}

/* --- Lies --------------------------------------------------------------------------------------------------------- */

/* MD5 of nothing: d41d8cd98f00b204e9800998ecf8427e (RFC 1321). */
static void assert_md5_told(board_t *board, const char *expected)
{
    assert_int_equal(BOARD_ASK(board, MD5, 0, 0, 0, 0), 0);
    assert_memory_equal(board_frame(board, 0).bytes + 8, expected, strlen(expected));
}

static void the_nth_md5_is_a_lie_and_the_others_are_not(void **state)
{
    (void)state;
    static const char truth[] = "d41d8cd98f00b204e9800998ecf8427e";
    board_t board = board_synced();
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_LYING_MD5, .md5 = 2});
    assert_md5_told(&board, truth);
    assert_md5_told(&board, "d51d8cd98f00b204e9800998ecf8427e");
    assert_md5_told(&board, truth);
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_LYING_MD5, .md5 = 1, .digest = {0x12, 0x34}});
    assert_md5_told(&board, "12340000000000000000000000000000");
    assert_md5_told(&board, truth);
    board_free(&board);
}

static void a_stub_lies_as_well(void **state)
{
    (void)state;
    static const uint8_t lie[16] = {0xD5, 0x1D, 0x8C, 0xD9};
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = board_synced();
        assert_true(espsim_run_stub(board.sim, stub));
        board_settle(&board);
        board_forget(&board);
        set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_LYING_MD5, .every = 1});
        BOARD_REQUEST(&board, MD5, 0, 0, 0, 0);
        board_settle(&board);
        assert_memory_equal(board_frame(&board, 0).bytes + 8, lie, 4);
        board_free(&board);
    }
}

static uint32_t word_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t magic_of(board_t *board)
{
    assert_int_equal(BOARD_ASK(board, READ_REG, MAGIC_ADDR), 0);
    return word_at(board_frame(board, 0).bytes + 4);
}

static void a_wrong_chip_id_is_in_magic_word_and_security_info(void **state)
{
    (void)state;
    enum { CHIP_ID_AT = 8 + 12 };
    board_t board = board_synced_of(&reflash_rom_esp32c3);
    const uint32_t magic = magic_of(&board);
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_WRONG_CHIP_ID, .id = 0x12345678});
    assert_int_equal(magic_of(&board), 0x12345678);
    assert_int_equal(board_ask(&board, SECURITY_INFO, NULL, 0, NULL, 0), 0);
    assert_int_equal(word_at(board_frame(&board, 0).bytes + CHIP_ID_AT), 0x12345678);
    espsim_set_faults(board.sim, &(espsim_faults_t){0});
    assert_int_equal(magic_of(&board), magic);
    assert_int_equal(board_ask(&board, SECURITY_INFO, NULL, 0, NULL, 0), 0);
    assert_int_equal(word_at(board_frame(&board, 0).bytes + CHIP_ID_AT), 5);
    board_free(&board);
}

/* --- The port ----------------------------------------------------------------------------------------------------- */

static void behind_its_last_byte_a_port_carries_nothing_until_it_returns(void **state)
{
    (void)state;
    board_t board = board_synced();
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_PORT_GONE, .byte = REQUEST_BYTES});
    BOARD_REQUEST(&board, READ_REG, ZERO_ADDR);
    assert_true(espsim_port_is_gone(board.sim));
    board_settle(&board);
    assert_int_equal(board.heard_count, 0);
    assert_false(answers(&board));
    espsim_port_return(board.sim);
    assert_false(espsim_port_is_gone(board.sim));
    assert_true(answers(&board));
    board_free(&board);
}

static void every_call_of_a_port_that_is_gone_fails(void **state)
{
    (void)state;
    board_t board = board_synced();
    espsim_port_t port = {.port = {&espsim_port_ops}, .sim = board.sim, .baud = BOARD_BAUD};
    const esp_loader_port_ops_t *ops = &espsim_port_ops;
    uint8_t bytes[4] = {0};
    set(&board, (espsim_fault_t){.kind = ESPSIM_FAULT_PORT_GONE, .byte = 3});
    assert_int_equal(ops->write(&port.port, bytes, 2, 100), ESP_LOADER_SUCCESS);
    assert_int_equal(ops->write(&port.port, bytes, 2, 100), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(ops->write(&port.port, bytes, 1, 100), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(ops->read(&port.port, bytes, 1, 100), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(ops->change_transmission_rate(&port.port, 9600), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(port.baud, BOARD_BAUD);
    ops->reset_target(&port.port); /* lines do not move any more */
    board_settle(&board);
    assert_true(espsim_in_loader(board.sim));
    board_free(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_byte_to_the_chip_holds_up_those_behind_it),
        cmocka_unit_test(a_late_byte_of_the_chip_holds_up_those_behind_it),
        cmocka_unit_test(noise_alters_as_many_bytes_as_it_was_told_to),
        cmocka_unit_test(noise_in_a_request_is_over_with_the_next),
        cmocka_unit_test(random_faults_are_as_far_apart_as_was_said_in_the_mean),
        cmocka_unit_test(the_same_seed_repeats_and_another_does_not),
        cmocka_unit_test(a_second_fault_does_not_move_the_first),
        cmocka_unit_test(only_chance_and_noise_are_random),
        cmocka_unit_test(faults_at_one_byte_all_happen),
        cmocka_unit_test(a_byte_that_is_lost_cannot_arrive_twice),
        cmocka_unit_test(all_there_is_room_for_work),
        cmocka_unit_test(a_stalled_chip_answers_later_and_loses_nothing),
        cmocka_unit_test(a_stall_at_an_operation_makes_its_command_longer),
        cmocka_unit_test(a_brown_out_resets_the_chip_which_says_so),
        cmocka_unit_test(the_esp8266_does_not_tell_a_brown_out_from_power_on),
        cmocka_unit_test(a_brown_out_cuts_an_erase_short_and_a_reset_does_not),
        cmocka_unit_test(a_sector_that_does_not_erase_keeps_its_content_alone),
        cmocka_unit_test(a_stuck_bit_is_not_programmed_and_can_be_erased),
        cmocka_unit_test(the_nth_md5_is_a_lie_and_the_others_are_not),
        cmocka_unit_test(a_stub_lies_as_well),
        cmocka_unit_test(a_wrong_chip_id_is_in_magic_word_and_security_info),
        cmocka_unit_test(behind_its_last_byte_a_port_carries_nothing_until_it_returns),
        cmocka_unit_test(every_call_of_a_port_that_is_gone_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
