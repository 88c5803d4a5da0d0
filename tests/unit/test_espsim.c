/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual chip as its users see it: lines, bytes and time in, bytes out. What the loader answers in detail is
 * for tests/conformance; here is everything around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

enum { FLASH_BEGIN = 0x02, FLASH_DATA = 0x03, FLASH_END = 0x04, MEM_BEGIN = 0x05, MEM_END = 0x06, MEM_DATA = 0x07 };
enum {
    SYNC = 0x08,
    WRITE_REG = 0x09,
    READ_REG = 0x0A,
    SPI_SET_PARAMS = 0x0B,
    READ_SLOW = 0x0E,
    CHANGE_BAUDRATE = 0x0F,
    MD5 = 0x13
};
enum { SECTOR_BYTES = 0x1000, TURNAROUND_NS = 200000, ERASE_4K_NS = 45000000, ERASE_64K_NS = 150000000 };
enum { SYNC_VALUE_AT = 10 /* wire bytes before the payload are C0, eight of header; counted from 1 */ };

#define ROM_WORD_ADDR 0x40001000u

static const char loader_banner[] = "ets Jul 29 2019 12:21:46\r\n\r\n"
                                    "rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
                                    "waiting for download\r\n";
static const char flash_banner[] = "ets Jul 29 2019 12:21:46\r\n\r\n"
                                   "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n";
/* What the ROM answers to a READ_REG of ROM_WORD_ADDR. */
static const uint8_t rom_word_answer[14] = {0xC0, 0x01, 0x0A, 0x04, 0x00, 0x83, 0x1D,
                                            0xF0, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0};

static bool is_alive(board_t *board)
{
    return BOARD_ASK(board, READ_REG, ROM_WORD_ADDR) == 0x0000;
}

static void say_where_the_flash_ends(board_t *board)
{
    assert_int_equal(BOARD_ASK(board, SPI_SET_PARAMS, 0, BOARD_FLASH_BYTES, 0x10000, SECTOR_BYTES, 0x100, 0xFFFF), 0);
}

/* From the last byte of a request to the end of the first byte of its answer. */
static uint64_t answer_delay_ns(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count,
                                const uint8_t *data, size_t data_bytes)
{
    board_forget(board);
    board_request(board, opcode, words, word_count, data, data_bytes);
    const uint64_t asked_ns = espsim_now(board->sim);
    board_settle(board);
    assert_int_equal(board_frame_count(board), 1);
    return board->heard_ns[0] - asked_ns;
}
#define ANSWER_DELAY_NS(board, opcode, ...)                                                                            \
    answer_delay_ns(board, opcode, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4, NULL, \
                    0)

/* --- Lines ----------------------------------------------------------------------------------------------- */

static void boot_low_when_reset_rises_starts_the_loader(void **state)
{
    (void)state;
    board_t board = board_blank();
    board_power_on(&board);
    board_reset(&board, true);
    espsim_set_lines(board.sim, false, false); /* later it may do what it likes */
    board_settle(&board);
    assert_string_equal(board_text(&board), loader_banner);
    assert_true(espsim_in_loader(board.sim));
    board_free(&board);
}

static void boot_high_when_reset_rises_boots_the_flash(void **state)
{
    (void)state;
    board_t board = board_blank();
    board_power_on(&board);
    espsim_set_lines(board.sim, true, true);
    board_reset(&board, false);
    espsim_set_lines(board.sim, false, true);
    board_settle(&board);
    assert_memory_equal(board_text(&board), flash_banner, sizeof(flash_banner) - 1);
    assert_false(espsim_in_loader(board.sim));
    board_free(&board);
}

static void held_in_reset_it_says_and_hears_nothing(void **state)
{
    (void)state;
    board_t board = board_blank();
    board_power_on(&board);
    board_wait_ns(&board, 1000 * BOARD_MS_NS);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(board.heard_count, 0);
    assert_false(espsim_in_loader(board.sim));
    assert_int_equal(espsim_next_event(board.sim), UINT64_MAX);
    board_free(&board);
}

static void reset_cuts_off_what_was_being_said(void **state)
{
    (void)state;
    board_t board = board_synced();
    BOARD_REQUEST(&board, READ_REG, ROM_WORD_ADDR);
    board_wait_ns(&board, TURNAROUND_NS + 5 * BOARD_BYTE_NS);
    espsim_set_lines(board.sim, true, true);
    board_settle(&board);
    assert_int_equal(board.heard_count, 5);
    assert_memory_equal(board.heard, rom_word_answer, 5);
    board_free(&board);
}

static void reset_forgets_a_half_request_and_the_sync(void **state)
{
    (void)state;
    board_t board = board_synced();
    board_send(&board, rom_word_answer, 3);
    board_reset(&board, true);
    board_settle(&board);
    board_forget(&board);
    BOARD_REQUEST(&board, READ_REG, ROM_WORD_ADDR);
    board_settle(&board);
    assert_int_equal(board.heard_count, 0);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(board_frame_count(&board), 8);
    board_free(&board);
}

static void reset_forgets_what_memory_held(void **state)
{
    (void)state;
    board_t board = board_synced();
    assert_int_equal(BOARD_ASK(&board, WRITE_REG, 0x3FFE8000, 0x12345678, 0xFFFFFFFF, 0), 0);
    assert_int_equal(BOARD_ASK(&board, READ_REG, 0x3FFE8000), 0);
    assert_memory_equal(board_frame(&board, 0).bytes + 4, ((const uint8_t[]){0x78, 0x56, 0x34, 0x12}), 4);
    board_reset(&board, true);
    board_settle(&board);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(BOARD_ASK(&board, READ_REG, 0x3FFE8000), 0);
    assert_memory_equal(board_frame(&board, 0).bytes + 4, ((const uint8_t[]){0, 0, 0, 0}), 4);
    board_free(&board);
}

static void reset_ends_a_long_job_and_forgets_what_waited(void **state)
{
    (void)state;
    board_t board = board_synced();
    BOARD_REQUEST(&board, MD5, 0, 1 << 20, 0, 0); /* takes 2.4 s */
    board_sync(&board);                           /* waits for it */
    board_reset(&board, true);
    board_wait_ns(&board, 100 * BOARD_MS_NS);
    assert_string_equal(board_text(&board), loader_banner);
    board_forget(&board);
    board_sync(&board);
    board_wait_ns(&board, 100 * BOARD_MS_NS);
    assert_int_equal(board_frame_count(&board), 8);
    board_free(&board);
}

/* The first byte of the flash part's identity, asked for through the flash controller's registers. */
static uint8_t flash_vendor(board_t *board)
{
    enum { COMMAND = 0x3FF42000, USER = 0x3FF4201C, USER_2 = 0x3FF42024, ANSWER_BITS = 0x3FF4202C, W0 = 0x3FF42080 };
    assert_int_equal(BOARD_ASK(board, WRITE_REG, ANSWER_BITS, 23, UINT32_MAX, 0, USER, 0x90000000, UINT32_MAX, 0,
                               USER_2, 0x7000009F, UINT32_MAX, 0, COMMAND, 1 << 18, UINT32_MAX, 0),
                     0);
    assert_int_equal(BOARD_ASK(board, READ_REG, W0), 0);
    return board_frame(board, 0).bytes[4];
}

static void power_wakes_the_flash_part_up_and_a_reset_does_not(void **state)
{
    (void)state;
    board_t board = board_synced();
    assert_int_equal(flash_vendor(&board), 0xC8);
    assert_int_equal(BOARD_ASK(&board, WRITE_REG, 0x3FF4201C, 0x80000000, UINT32_MAX, 0, 0x3FF42024, 0x700000B9,
                               UINT32_MAX, 0, 0x3FF42000, 1 << 18, UINT32_MAX, 0),
                     0);
    assert_int_equal(flash_vendor(&board), 0xFF);
    board_reset(&board, true);
    board_settle(&board);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(flash_vendor(&board), 0xFF);
    espsim_power_cycle(board.sim);
    board_settle(&board);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(flash_vendor(&board), 0xC8);
    board_free(&board);
}

static void a_strapping_word_overrules_the_boot_pin(void **state)
{
    (void)state;
    board_t board = board_blank();
    board.config.strapping = 0x0F;
    board_power_on(&board);
    board_reset(&board, false);
    board_settle(&board);
    assert_true(board_said(&board, "boot:0xf (UART_BOOT(UART0))\r\n"));
    assert_true(espsim_in_loader(board.sim));
    board_free(&board);
}

static void power_comes_back_with_the_lines_as_they_are(void **state)
{
    (void)state;
    board_t board = board_synced();
    board_wait_ns(&board, BOARD_MS_NS);
    espsim_power_cycle(board.sim);
    board_settle(&board);
    assert_string_equal(board_text(&board), loader_banner);
    board_forget(&board);
    espsim_set_lines(board.sim, false, false);
    espsim_power_cycle(board.sim);
    board_settle(&board);
    assert_memory_equal(board_text(&board), flash_banner, sizeof(flash_banner) - 1);
    board_forget(&board);
    espsim_set_lines(board.sim, true, true);
    espsim_power_cycle(board.sim);
    board_settle(&board);
    assert_int_equal(board.heard_count, 0);
    board_free(&board);
}

static void a_software_reset_does_not_look_at_the_straps_again(void **state)
{
    (void)state;
    board_t board = board_synced();
    espsim_set_lines(board.sim, false, false);
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 0, 0, 0x400, 0), 0);
    BOARD_REQUEST(&board, FLASH_END, 0);
    board_settle(&board);
    assert_true(board_said(&board, "rst:0x3 (SW_RESET),boot:0x3 (DOWNLOAD_BOOT"));
    assert_true(espsim_in_loader(board.sim));
    assert_false(is_alive(&board)); /* it wants a SYNC first */
    board_free(&board);
}

/* --- Learning the rate, and SYNC ------------------------------------------------------------------------- */

static board_t untrained_in_loader(uint32_t host_baud)
{
    board_t board = board_blank();
    board.config.trained = false;
    board.host_baud = host_baud;
    board_power_on(&board);
    board_reset(&board, true);
    board_settle(&board);
    board_forget(&board);
    return board;
}

static void the_first_sync_teaches_the_rate_and_the_second_is_answered(void **state)
{
    (void)state;
    static const uint32_t rates[] = {74880, 115200, 230400};
    for (size_t row = 0; row < sizeof(rates) / sizeof(rates[0]); row++) {
        board_t board = untrained_in_loader(rates[row]);
        board_sync(&board);
        board_wait_ns(&board, 100 * BOARD_MS_NS);
        assert_int_equal(board.heard_count, 0);
        assert_int_equal(espsim_baud(board.sim), rates[row]);
        board_sync(&board);
        board_settle(&board);
        assert_int_equal(board_frame_count(&board), 8);
        board_free(&board);
    }
}

static void the_rate_is_taught_by_128_edges(void **state)
{
    (void)state;
    board_t board = untrained_in_loader(230400);
    const uint8_t bytes[16] = {0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55}; /* ten each */
    board_send(&board, bytes, 12);
    board_reset(&board, true); /* which forgets them */
    board_settle(&board);
    board_send(&board, bytes, 15); /* 0x00 has two */
    assert_int_equal(espsim_baud(board.sim), 115200);
    board_send(&board, bytes + 15, 1);
    assert_int_equal(espsim_baud(board.sim), 230400);
    board_free(&board);
}

static void before_a_sync_nothing_else_is_answered(void **state)
{
    (void)state;
    board_t board = board_in_loader();
    BOARD_REQUEST(&board, READ_REG, ROM_WORD_ADDR);
    BOARD_REQUEST(&board, 0x77, 0);
    board_settle(&board);
    assert_int_equal(board.heard_count, 0);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(board_frame_count(&board), 8);
    assert_true(is_alive(&board));
    board_free(&board);
}

/* --- Rates ----------------------------------------------------------------------------------------------- */

static void a_chip_at_another_rate_understands_nothing(void **state)
{
    (void)state;
    board_t board = board_synced();
    board.host_baud = 57600;
    assert_false(is_alive(&board));
    board.host_baud = BOARD_BAUD;
    assert_true(is_alive(&board));
    board_free(&board);
}

static void a_host_at_another_rate_understands_nothing(void **state)
{
    (void)state;
    board_t board = board_synced();
    BOARD_REQUEST(&board, READ_REG, ROM_WORD_ADDR);
    board.host_baud = 57600;
    board_settle(&board);
    assert_int_equal(board.heard_count, sizeof(rom_word_answer));
    for (size_t at = 0; at < sizeof(rom_word_answer); at++) {
        assert_int_not_equal(board.heard[at], rom_word_answer[at]);
    }
    board_free(&board);
}

static void three_percent_off_is_near_enough(void **state)
{
    (void)state;
    static const struct {
        uint32_t baud;
        bool fits;
    } rows[] = {{118656, true}, {118657, false}, {111744, true}, {111743, false}};
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        board_t board = board_synced();
        board.host_baud = rows[row].baud;
        assert_int_equal(is_alive(&board), rows[row].fits);
        board_free(&board);
    }
}

static void rate_0_stands_for_the_chips_own(void **state)
{
    (void)state;
    board_t board = board_synced();
    const uint8_t request[] = {0xC0, 0, 0x0A, 4, 0, 0, 0, 0, 0, 0x00, 0x10, 0x00, 0x40, 0xC0};
    for (size_t at = 0; at < sizeof(request); at++) {
        espsim_receive(board.sim, request[at], 0);
    }
    espsim_advance(board.sim, espsim_now(board.sim) + 100 * BOARD_MS_NS);
    uint8_t byte;
    for (size_t at = 0; at < sizeof(rom_word_answer); at++) {
        assert_true(espsim_transmit(board.sim, &byte, 0));
        assert_int_equal(byte, rom_word_answer[at]);
    }
    assert_false(espsim_transmit(board.sim, &byte, 0));
    board_free(&board);
}

static void a_new_rate_counts_after_the_answer_and_two_end_bytes(void **state)
{
    (void)state;
    board_t board = board_synced();
    BOARD_REQUEST(&board, CHANGE_BAUDRATE, 460800, 0);
    while (espsim_baud(board.sim) == BOARD_BAUD) {
        assert_int_not_equal(espsim_next_event(board.sim), UINT64_MAX);
        board_wait_ns(&board, 10000);
    }
    const uint8_t answer[] = {0xC0, 1, 0x0F, 4, 0, 7, 7, 0x12, 0x20, 0, 0, 0, 0, 0xC0, 0xC0, 0xC0};
    assert_int_equal(board.heard_count, sizeof(answer));
    assert_memory_equal(board.heard, answer, sizeof(answer));
    assert_true(espsim_now(board.sim) - board.heard_ns[board.heard_count - 1] <= 10000);
    assert_in_range(espsim_baud(board.sim), 460800 - 4608, 460800 + 4608);

    assert_false(is_alive(&board));
    board.host_baud = 460800;
    assert_true(is_alive(&board));
    board_reset(&board, true);
    assert_int_equal(espsim_baud(board.sim), BOARD_BAUD); /* a reset forgets it */
    board_free(&board);
}

/* The rate a chip goes to when 921600 is asked for, and what its divider then is. */
static uint32_t rate_for_921600(board_t *board, uint32_t *divider)
{
    BOARD_REQUEST(board, CHANGE_BAUDRATE, 921600, 0);
    board_settle(board);
    const uint32_t rate = espsim_baud(board->sim);
    board->host_baud = rate;
    board_forget(board);
    assert_int_equal(BOARD_ASK(board, READ_REG, 0x3FF40014), 0);
    const board_frame_t answer = board_frame(board, 0);
    *divider = 0;
    for (size_t byte = 4; byte > 0; byte--) {
        *divider = *divider << 8 | answer.bytes[4 + byte - 1];
    }
    return rate;
}

static void an_esp32_divides_by_what_it_takes_its_crystal_for(void **state)
{
    (void)state;
    enum { FRACTION = 1 << 20 };
    static const struct {
        bool blank_efuse;
        uint32_t count; /* written to the register of the measurement; 0: left as it is */
        uint32_t divider, rate;
    } rows[] = {
        {false, 0, 43 + 6 * FRACTION, 922190},         /* 1969 * 15625 * 52 / 40 = 39995312 Hz; 40 MHz / (43 + 6/16) */
        {false, 2067 << 7, 45 + 8 * FRACTION, 879120}, /* 5 % too much measured: 5 % too slow */
        {false, 1280 << 7, 28 + 3 * FRACTION, 922394}, /* 26 MHz, and that is what there is */
        {true, 0, 28 + 3 * FRACTION, 922394},          /* nothing to measure with: 26 MHz assumed */
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        board_t board = board_blank();
        uint32_t divider;
        board.config.blank_efuse = rows[row].blank_efuse;
        board_power_on(&board);
        board_reset(&board, true);
        board_settle(&board);
        board_sync(&board);
        board_settle(&board);
        board_forget(&board);
        if (rows[row].count != 0) {
            assert_int_equal(BOARD_ASK(&board, WRITE_REG, 0x3FF5F06C, rows[row].count, UINT32_MAX, 0), 0);
        }
        board_forget(&board);
        const uint32_t rate = rate_for_921600(&board, &divider);
        assert_int_equal(divider, rows[row].divider);
        assert_in_range(rate, rows[row].rate - 1, rows[row].rate + 1);
        board_free(&board);
    }
}

/* --- Time ------------------------------------------------------------------------------------------------ */

static void a_byte_takes_ten_bit_times(void **state)
{
    (void)state;
    board_t board = board_synced();
    assert_true(is_alive(&board));
    for (size_t at = 1; at < board.heard_count; at++) {
        assert_int_equal(board.heard_ns[at] - board.heard_ns[at - 1], BOARD_BYTE_NS);
    }
    board_free(&board);
}

static void the_banner_comes_when_the_boot_time_is_over(void **state)
{
    (void)state;
    board_t board = board_blank();
    board_power_on(&board);
    board_reset(&board, true);
    const uint64_t released_ns = espsim_now(board.sim);
    board_settle(&board);
    assert_int_equal(board.heard_ns[0] - released_ns, 40 * BOARD_MS_NS + BOARD_BYTE_NS);
    board_free(&board);
}

static const struct {
    const reflash_rom_t *rom;
    uint32_t turnaround_ns, md5_ns_per_byte, ring_bytes;
} chips[] = {
    {&reflash_rom_esp32, TURNAROUND_NS, 2330, 256},
    {&reflash_rom_esp32c3, 300000, 5500, 2048},
};
enum { CHIP_COUNT = sizeof(chips) / sizeof(chips[0]) };

static void a_request_takes_a_turnaround_before_it_is_answered(void **state)
{
    (void)state;
    for (size_t row = 0; row < CHIP_COUNT; row++) {
        board_t board = board_synced_of(chips[row].rom);
        assert_int_equal(ANSWER_DELAY_NS(&board, READ_REG, ROM_WORD_ADDR), chips[row].turnaround_ns + BOARD_BYTE_NS);
        board_free(&board);
    }
}

static void an_erase_takes_the_time_of_its_sectors_and_blocks(void **state)
{
    (void)state;
    static const struct {
        uint32_t addr, sectors, singles, blocks;
    } rows[] = {
        {0, 1, 1, 0},
        {0, 3, 3, 0},
        {0, 32, 32, 0},      /* a head of 16, and 16 are not more than 16 */
        {0, 33, 17, 1},      /* a head of 16, a block, the rest           */
        {0x5000, 11, 11, 0}, /* up to the next block                      */
        {0x5000, 11 + 40, 19, 2},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        board_t board = board_synced();
        const uint64_t taken_ns =
            ANSWER_DELAY_NS(&board, FLASH_BEGIN, rows[row].sectors * SECTOR_BYTES, 1, 0x400, rows[row].addr);
        assert_int_equal(taken_ns - TURNAROUND_NS - BOARD_BYTE_NS,
                         rows[row].singles * (uint64_t)ERASE_4K_NS + rows[row].blocks * (uint64_t)ERASE_64K_NS);
        board_free(&board);
    }
}

static void a_write_takes_the_time_of_its_bursts_and_of_reading_back(void **state)
{
    (void)state;
    board_t board = board_synced();
    uint8_t data[1024];
    memset(data, 0x5A, sizeof(data));
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, sizeof(data), 1, sizeof(data), 0), 0);
    const uint32_t header[] = {sizeof(data), 0, 0, 0};
    const uint64_t taken_ns = answer_delay_ns(&board, FLASH_DATA, header, 4, data, sizeof(data));
    assert_int_equal(taken_ns - TURNAROUND_NS - BOARD_BYTE_NS, 32 * (30000 + 31 * 2500) + 1024 * 850);
    board_free(&board);
}

static void a_digest_takes_the_rate_of_its_chip(void **state)
{
    (void)state;
    for (size_t row = 0; row < CHIP_COUNT; row++) {
        board_t board = board_synced_of(chips[row].rom);
        const uint64_t least_ns = chips[row].turnaround_ns + BOARD_BYTE_NS;
        assert_int_equal(ANSWER_DELAY_NS(&board, MD5, 0x1000, 100000, 0, 0),
                         least_ns + 100000 * (uint64_t)chips[row].md5_ns_per_byte);
        assert_int_equal(ANSWER_DELAY_NS(&board, MD5, 0x1000, 0, 0, 0), least_ns);
        board_free(&board);
    }
}

static void an_instant_chip_takes_time_for_the_wire_only(void **state)
{
    (void)state;
    board_t board = board_blank();
    board.config.timing.instant = true;
    board_power_on(&board);
    board_reset(&board, true);
    const uint64_t released_ns = espsim_now(board.sim);
    board_settle(&board);
    assert_int_equal(board.heard_ns[0] - released_ns, BOARD_BYTE_NS);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(ANSWER_DELAY_NS(&board, FLASH_BEGIN, 64 * SECTOR_BYTES, 1, 0x400, 0), BOARD_BYTE_NS);
    assert_int_equal(ANSWER_DELAY_NS(&board, MD5, 0, 64 * SECTOR_BYTES, 0, 0), BOARD_BYTE_NS);
    board_free(&board);
}

static void time_does_not_go_back(void **state)
{
    (void)state;
    board_t board = board_synced();
    const uint64_t now_ns = espsim_now(board.sim);
    espsim_advance(board.sim, now_ns - 1);
    assert_int_equal(espsim_now(board.sim), now_ns);
    espsim_advance(board.sim, now_ns + 1);
    assert_int_equal(espsim_now(board.sim), now_ns + 1);
    board_free(&board);
}

static void the_next_event_is_when_the_next_byte_has_arrived_or_never(void **state)
{
    (void)state;
    board_t board = board_synced();
    assert_int_equal(espsim_next_event(board.sim), UINT64_MAX);
    BOARD_REQUEST(&board, READ_REG, ROM_WORD_ADDR);
    const uint64_t expected_ns = espsim_now(board.sim) + TURNAROUND_NS + BOARD_BYTE_NS;
    assert_int_equal(espsim_next_event(board.sim), expected_ns);
    uint8_t byte;
    espsim_advance(board.sim, expected_ns - 1);
    assert_false(espsim_transmit(board.sim, &byte, 0));
    espsim_advance(board.sim, expected_ns);
    assert_true(espsim_transmit(board.sim, &byte, 0));
    assert_false(espsim_transmit(board.sim, &byte, 0));
    board_free(&board);
}

/* --- The receive ring ------------------------------------------------------------------------------------ */

/* Answers to `count` READ_REG of 14 bytes that had to wait, behind `extra` end bytes, for a digest. */
static size_t answers_after_waiting(const reflash_rom_t *rom, unsigned extra, unsigned count)
{
    board_t board = board_synced_of(rom);
    const uint8_t end = 0xC0;
    BOARD_REQUEST(&board, MD5, 0, 0x10000, 0, 0);
    for (unsigned sent = 0; sent < extra; sent++) {
        board_send(&board, &end, 1);
    }
    for (unsigned sent = 0; sent < count; sent++) {
        BOARD_REQUEST(&board, READ_REG, ROM_WORD_ADDR);
    }
    assert_int_equal(board.heard_count, 0); /* the digest is not ready yet */
    board_settle(&board);
    const size_t answers = board_frame_count(&board) - 1;
    assert_true(is_alive(&board));
    board_free(&board);
    return answers;
}

static void a_full_ring_less_one_byte_is_answered_and_a_full_ring_is_lost(void **state)
{
    (void)state;
    for (size_t row = 0; row < CHIP_COUNT; row++) {
        const unsigned count = (chips[row].ring_bytes - 1) / 14;
        const unsigned extra = (chips[row].ring_bytes - 1) % 14;
        assert_int_equal(answers_after_waiting(chips[row].rom, extra, count), count);
        assert_int_equal(answers_after_waiting(chips[row].rom, extra + 1, count), 0);
    }
}

/* --- The end of the loader ------------------------------------------------------------------------------- */

static void reading_where_the_chip_has_nothing_ends_the_loader(void **state)
{
    (void)state;
    board_t board = board_synced();
    assert_int_equal(BOARD_ASK(&board, READ_REG, 0x00000000), -1);
    assert_int_equal(board.heard_count, 0);
    assert_false(espsim_in_loader(board.sim));
    assert_false(is_alive(&board));
    board_reset(&board, true);
    assert_false(espsim_in_loader(board.sim));
    board_settle(&board);
    assert_true(espsim_in_loader(board.sim)); /* only a reset helps */
    board_free(&board);
}

static void a_known_ram_program_prints_what_it_would(void **state)
{
    (void)state;
    static const uint8_t code[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const espsim_program_t program = {
        .code = code, .code_bytes = sizeof(code), .entry_offset = 4, .prints = "I run\r\n", .returns = true};
    board_t board = board_blank();
    board.config.programs = &program;
    board.config.program_count = 1;
    board_power_on(&board);
    board_reset(&board, true);
    board_settle(&board);
    board_sync(&board);
    board_settle(&board);
    const uint32_t header[] = {sizeof(code), 0, 0, 0};
    assert_int_equal(BOARD_ASK(&board, MEM_BEGIN, sizeof(code), 1, sizeof(code), 0x40080000), 0);
    assert_int_equal(board_ask(&board, MEM_DATA, header, 4, code, sizeof(code)), 0);
    assert_int_equal(BOARD_ASK(&board, MEM_END, 0, 0x40080004), 0);
    assert_true(board_said(&board, "I run\r\nuser code done\r\n"));
    assert_false(espsim_in_loader(board.sim));
    board_free(&board);
}

static void an_unknown_ram_program_is_named_by_its_entry(void **state)
{
    (void)state;
    board_t board = board_synced();
    assert_int_equal(BOARD_ASK(&board, MEM_END, 0, 0x40080004), 0);
    assert_true(board_said(&board, "espsim: RAM program running from 0x40080004\r\n"));
    board_free(&board);
}

/* --- Faults ---------------------------------------------------------------------------------------------- */

/* What a SYNC with these faults leaves in the value field of its answer: its first four payload bytes. */
static void assert_sync_value(const espsim_faults_t *faults, const uint8_t expected[4])
{
    board_t board = board_synced();
    espsim_set_faults(board.sim, faults);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(board_frame_count(&board), 8);
    assert_memory_equal(board_frame(&board, 0).bytes + 4, expected, 4);
    board_free(&board);
}

static void the_nth_byte_to_the_chip_is_dropped_flipped_or_doubled(void **state)
{
    (void)state;
    const uint8_t payload[6] = {0x07, 0x07, 0x12, 0x20, 0x55, 0x55};
    for (unsigned at = 0; at < 4; at++) {
        const uint32_t nth = SYNC_VALUE_AT + at;
        uint8_t expected[6];
        memcpy(expected, payload, sizeof(payload));
        memmove(expected + at, payload + at + 1, 5 - at);
        assert_sync_value(&(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_DROP_TO_TARGET, .byte = nth}}}, expected);

        memcpy(expected, payload, sizeof(payload));
        expected[at] ^= 0x01;
        assert_sync_value(&(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_FLIP_TO_TARGET, .byte = nth}}}, expected);
        expected[at] = payload[at] ^ 0x84;
        assert_sync_value(
            &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_FLIP_TO_TARGET, .byte = nth, .mask = 0x84}}}, expected);

        memcpy(expected, payload, sizeof(payload));
        memmove(expected + at + 1, payload + at, 5 - at);
        assert_sync_value(&(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_DOUBLE_TO_TARGET, .byte = nth}}},
                          expected);
    }
}

static void assert_rom_word_heard_as(const espsim_faults_t *faults, const uint8_t *expected, size_t count)
{
    board_t board = board_synced();
    espsim_set_faults(board.sim, faults);
    BOARD_REQUEST(&board, READ_REG, ROM_WORD_ADDR);
    board_settle(&board);
    assert_int_equal(board.heard_count, count);
    assert_memory_equal(board.heard, expected, count);
    board_free(&board);
}

static void the_nth_byte_from_the_chip_is_dropped_flipped_or_doubled(void **state)
{
    (void)state;
    enum { COUNT = sizeof(rom_word_answer) };
    for (unsigned at = 0; at < COUNT; at++) {
        const uint32_t nth = at + 1;
        uint8_t expected[COUNT + 1];
        memcpy(expected, rom_word_answer, COUNT);
        memmove(expected + at, rom_word_answer + at + 1, COUNT - at - 1);
        assert_rom_word_heard_as(&(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_DROP_FROM_TARGET, .byte = nth}}},
                                 expected, COUNT - 1);

        memcpy(expected, rom_word_answer, COUNT);
        expected[at] ^= 0x01;
        assert_rom_word_heard_as(&(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_FLIP_FROM_TARGET, .byte = nth}}},
                                 expected, COUNT);
        expected[at] = rom_word_answer[at] ^ 0x84;
        assert_rom_word_heard_as(
            &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_FLIP_FROM_TARGET, .byte = nth, .mask = 0x84}}}, expected,
            COUNT);

        memcpy(expected, rom_word_answer, COUNT);
        memmove(expected + at + 1, rom_word_answer + at, COUNT - at);
        assert_rom_word_heard_as(&(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_DOUBLE_FROM_TARGET, .byte = nth}}},
                                 expected, COUNT + 1);
    }
}

static void a_fault_counts_from_when_it_was_set_and_happens_once(void **state)
{
    (void)state;
    board_t board = board_synced();
    espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_DROP_TO_TARGET, .byte = 1}}});
    assert_false(is_alive(&board));
    assert_true(is_alive(&board));
    espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_DROP_FROM_TARGET, .byte = 1}}});
    assert_false(is_alive(&board));
    assert_true(is_alive(&board));
    espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_DROP_TO_TARGET, .byte = 1},
                                                              {.kind = ESPSIM_FAULT_DROP_FROM_TARGET, .byte = 1}}});
    espsim_set_faults(board.sim, &(espsim_faults_t){0});
    assert_true(is_alive(&board));
    board_free(&board);
}

static void the_chip_resets_when_the_nth_byte_has_arrived(void **state)
{
    (void)state;
    for (uint32_t nth = 1; nth <= 14; nth++) {
        board_t board = board_synced();
        espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_RESET, .byte = nth}}});
        BOARD_REQUEST(&board, READ_REG, ROM_WORD_ADDR);
        board_settle(&board);
        assert_string_equal(board_text(&board), loader_banner);
        assert_false(is_alive(&board)); /* it wants a SYNC again */
        board_free(&board);
    }
    board_t board = board_synced();
    espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_RESET, .byte = 15}}});
    assert_true(is_alive(&board)); /* that takes 14 bytes */
    espsim_set_lines(board.sim, true, true);
    assert_false(is_alive(&board)); /* held in reset it stays there */
    assert_int_equal(board.heard_count, 0);
    board_free(&board);
}

static void power_fails_in_the_nth_erase_and_stays_off_until_it_is_cycled(void **state)
{
    (void)state;
    for (uint32_t cut = 1; cut <= 4; cut++) {
        board_t board = board_synced();
        memset(board.flash, 0x00, (size_t)8 * SECTOR_BYTES);
        assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 2 * SECTOR_BYTES, 1, 0x400, 4 * SECTOR_BYTES), 0);
        espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_POWER_CUT, .op = cut}}});
        assert_false(espsim_is_off(board.sim));
        assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 4 * SECTOR_BYTES, 1, 0x400, 0), -1);
        assert_int_equal(board.heard_count, 0);
        assert_true(espsim_is_off(board.sim));
        assert_false(espsim_in_loader(board.sim));
        for (uint32_t sector = 0; sector < 4; sector++) {
            unsigned blank = 0;
            unsigned old = 0;
            for (uint32_t at = 0; at < SECTOR_BYTES; at++) {
                blank += board.flash[sector * SECTOR_BYTES + at] == 0xFF ? 1 : 0;
                old += board.flash[sector * SECTOR_BYTES + at] == 0x00 ? 1 : 0;
            }
            assert_int_equal(blank == SECTOR_BYTES, sector + 1 < cut);
            assert_int_equal(old == SECTOR_BYTES, sector + 1 > cut);
        }
        board_reset(&board, true); /* lines do nothing without power */
        board_settle(&board);
        assert_int_equal(board.heard_count, 0);
        assert_int_equal(espsim_next_event(board.sim), UINT64_MAX);

        espsim_power_cycle(board.sim);
        board_settle(&board);
        assert_false(espsim_is_off(board.sim));
        assert_string_equal(board_text(&board), loader_banner);
        board_sync(&board);
        board_settle(&board);
        assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 8 * SECTOR_BYTES, 1, 0x400, 0), 0); /* and not again */
        board_free(&board);
    }
}

static void power_fails_in_the_nth_program(void **state)
{
    (void)state;
    board_t board = board_synced();
    uint8_t data[128] = {0};
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, sizeof(data), 1, sizeof(data), 0), 0);
    espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_POWER_CUT, .op = 2}}});
    const uint32_t header[] = {sizeof(data), 0, 0, 0};
    assert_int_equal(board_ask(&board, FLASH_DATA, header, 4, data, sizeof(data)), -1);
    assert_true(espsim_is_off(board.sim));
    uint8_t blank[64];
    memset(blank, 0xFF, sizeof(blank));
    assert_memory_equal(board.flash, data, 32); /* bursts of 32 bytes: one done, one cut, two not begun */
    assert_memory_not_equal(board.flash + 32, data, 32);
    assert_memory_not_equal(board.flash + 32, blank, 32);
    assert_memory_equal(board.flash + 64, blank, 64);
    board_free(&board);
}

/* --- More than one, and the books ------------------------------------------------------------------------ */

static void work_on(board_t *board, unsigned turn)
{
    uint8_t data[64];
    memset(data, (int)turn, sizeof(data));
    const uint32_t header[] = {sizeof(data), 0, 0, 0};
    BOARD_REQUEST(board, FLASH_BEGIN, SECTOR_BYTES, 1, sizeof(data), turn * SECTOR_BYTES);
    board_settle(board);
    board_request(board, FLASH_DATA, header, 4, data, sizeof(data));
    BOARD_REQUEST(board, MD5, 0, turn * SECTOR_BYTES, 0, 0);
    board_wait_ns(board, 100 * BOARD_MS_NS);
}

static void two_chips_do_not_know_of_each_other(void **state)
{
    (void)state;
    board_t alone = board_synced();
    board_t beside = board_synced();
    board_t wild = board_synced();
    espsim_set_faults(wild.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_FLIP_TO_TARGET, .byte = 200},
                                                             {.kind = ESPSIM_FAULT_POWER_CUT, .op = 4}}});
    for (unsigned turn = 1; turn < 6; turn++) {
        work_on(&alone, turn);
    }
    for (unsigned turn = 1; turn < 6; turn++) {
        work_on(&wild, 7 - turn);
        work_on(&beside, turn);
    }
    assert_int_equal(alone.heard_count, beside.heard_count);
    assert_memory_equal(alone.heard, beside.heard, alone.heard_count);
    assert_memory_equal(alone.heard_ns, beside.heard_ns, alone.heard_count * sizeof(alone.heard_ns[0]));
    assert_memory_equal(alone.flash, beside.flash, BOARD_FLASH_BYTES);
    assert_memory_equal(espsim_stats(alone.sim), espsim_stats(beside.sim), sizeof(espsim_stats_t));
    assert_true(espsim_is_off(wild.sim));
    board_free(&alone);
    board_free(&beside);
    board_free(&wild);
}

static void link_and_flash_are_counted_until_cleared(void **state)
{
    (void)state;
    board_t board = board_synced();
    espsim_clear_stats(board.sim);
    assert_true(is_alive(&board));
    const espsim_stats_t *stats = espsim_stats(board.sim);
    assert_int_equal(stats->bytes_to_target, 14);
    assert_int_equal(stats->bytes_from_target, 14);
    assert_int_equal(stats->flash_ops, 0);

    uint8_t data[64] = {0};
    const uint32_t header[] = {sizeof(data), 0, 0, 0};
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 2 * SECTOR_BYTES, 1, sizeof(data), 0), 0);
    assert_int_equal(board_ask(&board, FLASH_DATA, header, 4, data, sizeof(data)), 0);
    assert_int_equal(stats->erased_bytes, 2 * SECTOR_BYTES);
    assert_int_equal(stats->programmed_bytes, sizeof(data));
    assert_int_equal(stats->flash_ops, 2 + 2);

    espsim_clear_stats(board.sim);
    const espsim_stats_t zero = {0};
    assert_memory_equal(stats, &zero, sizeof(zero));
    board_free(&board);
}

/* --- Making one ------------------------------------------------------------------------------------------ */

static bool can_be_made(const espsim_config_t *config)
{
    espsim_t *sim = espsim_create(config);
    const bool made = sim != NULL;
    espsim_destroy(sim);
    return made;
}

static void a_configuration_that_no_chip_has_is_refused(void **state)
{
    (void)state;
    uint8_t *flash = malloc(1 << 28);
    assert_non_null(flash);
    const espsim_config_t good = {.rom = &reflash_rom_esp32, .flash = flash, .flash_bytes = 1 << 22};
    espsim_config_t config = good;
    assert_true(can_be_made(&config));
    config.rom = NULL;
    assert_false(can_be_made(&config));
    config = good;
    config.flash = NULL;
    assert_false(can_be_made(&config));

    static const struct {
        uint32_t bytes;
        bool possible;
    } sizes[] = {{0, false},       {1 << 17, false}, {1 << 18, true}, {(1 << 18) + 1, false},
                 {3 << 20, false}, {1 << 25, true},  {1 << 27, true}, {1 << 28, false}};
    for (size_t row = 0; row < sizeof(sizes) / sizeof(sizes[0]); row++) {
        config = good;
        config.flash_bytes = sizes[row].bytes;
        assert_int_equal(can_be_made(&config), sizes[row].possible);
    }
    static const struct {
        uint8_t word;
        bool possible;
    } straps[] = {{0x03, true}, {0x0F, true}, {0x12, true}, {0x13, true}, {0x01, false}, {0xFF, false}};
    for (size_t row = 0; row < sizeof(straps) / sizeof(straps[0]); row++) {
        config = good;
        config.strapping = straps[row].word;
        assert_int_equal(can_be_made(&config), straps[row].possible);
    }
    free(flash);
    espsim_destroy(NULL); /* harmless */
}

static void a_chip_is_found_by_its_name_in_any_spelling(void **state)
{
    (void)state;
    static const char *const spellings[] = {"esp32", "ESP32", "Esp32", "ESP-32"};
    for (size_t row = 0; row < sizeof(spellings) / sizeof(spellings[0]); row++) {
        assert_ptr_equal(espsim_rom_by_name(spellings[row]), &reflash_rom_esp32);
    }
    static const char *const c3_spellings[] = {"esp32c3", "ESP32-C3", "esp32-C3"};
    for (size_t row = 0; row < sizeof(c3_spellings) / sizeof(c3_spellings[0]); row++) {
        assert_ptr_equal(espsim_rom_by_name(c3_spellings[row]), &reflash_rom_esp32c3);
    }
    static const char *const rev1_spellings[] = {"esp32p4-rev1", "ESP32-P4-rev1", "esp32p4rev1"};
    for (size_t row = 0; row < sizeof(rev1_spellings) / sizeof(rev1_spellings[0]); row++) {
        assert_ptr_equal(espsim_rom_by_name(rev1_spellings[row]), &reflash_rom_esp32p4_rev1);
    }
    assert_ptr_equal(espsim_rom_by_name("esp32p4"), &reflash_rom_esp32p4);
    static const char *const others[] = {"",       "esp32p4-rev", "esp32c", "esp32c33", "esp", "esp3",
                                         "esp322", "esp32 ",      "32",     "-",        "z80"};
    for (size_t row = 0; row < sizeof(others) / sizeof(others[0]); row++) {
        assert_null(espsim_rom_by_name(others[row]));
    }
}

static void the_loader_starts_with_2_mib_until_it_is_told_the_size(void **state)
{
    (void)state;
    board_t board = board_synced();
    assert_int_equal(BOARD_ASK(&board, READ_SLOW, 0x1FFFC0, 64), 0x0000);
    assert_int_equal(BOARD_ASK(&board, READ_SLOW, 0x200000, 64), 0x0109);
    say_where_the_flash_ends(&board);
    assert_int_equal(BOARD_ASK(&board, READ_SLOW, BOARD_FLASH_BYTES - 64, 64), 0x0000);
    board_reset(&board, true);
    board_settle(&board);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(BOARD_ASK(&board, READ_SLOW, 0x200000, 64), 0x0109); /* a reset forgets it */
    board_free(&board);
}

/* --- Rows -------------------------------------------------------------------------------------------- */

static void memory_reaches_from_its_first_word_to_its_last(void **state)
{
    (void)state;
    for (size_t chip = 0; espsim_rom_at(chip) != NULL; chip++) {
        const reflash_rom_t *rom = espsim_rom_at(chip);
        for (size_t range = 0; range < rom->memory_count; range++) {
            board_t board = board_synced_of(rom);
            assert_int_equal(BOARD_ASK(&board, READ_REG, rom->memory[range].start), 0);
            assert_int_equal(BOARD_ASK(&board, READ_REG, rom->memory[range].end - 4), 0);
            board_free(&board);
        }
    }
    board_t board = board_synced();
    assert_int_equal(BOARD_ASK(&board, READ_REG, 0x50000000), 0); /* RTC slow memory of the ESP32 */
    board_free(&board);
}

static void the_divider_register_holds_as_many_bits_as_the_chip_has(void **state)
{
    (void)state;
    static const struct {
        const char *chip;
        uint32_t clkdiv_addr;
        uint8_t answer[4]; /* low byte first */
    } rows[] = {{"esp32", 0x3FF40014, {0xFF, 0xFF, 0x0F, 0x00}}, {"esp32c3", 0x60000014, {0xFF, 0x0F, 0x00, 0x00}}};
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        board_t board = board_synced_of(espsim_rom_by_name(rows[row].chip));
        assert_int_equal(BOARD_ASK(&board, CHANGE_BAUDRATE, 0x0FFFFFF0, 1), 0); /* a raw divider in sixteenths */
        board_settle(&board);
        board_forget(&board);
        board.host_baud = espsim_baud(board.sim); /* next to nothing */
        BOARD_REQUEST(&board, READ_REG, rows[row].clkdiv_addr);
        board_settle(&board);
        const board_frame_t frame = board_frame(&board, 0);
        assert_true(frame.count >= 8);
        assert_memory_equal(&frame.bytes[4], rows[row].answer, 4);
        board_free(&board);
    }
}

static void an_esp32c3_takes_ram_data_without_a_begin_up_to_a_block(void **state)
{
    (void)state;
    static const uint8_t data[0x1801] = {0x11, 0x22, 0x33, 0x44};
    board_t board = board_synced_of(espsim_rom_by_name("esp32c3"));
    const uint32_t too_long[] = {sizeof(data), 0, 0, 0};
    const uint32_t block[] = {8, 0, 0, 0};
    assert_int_equal(board_ask(&board, MEM_DATA, too_long, 4, data, sizeof(data)), 0x0105);
    assert_int_equal(board_ask(&board, MEM_DATA, block, 4, data, 8), 0x0005);
    board_forget(&board);
    BOARD_REQUEST(&board, READ_REG, 0x3FC80000);
    board_settle(&board);
    assert_memory_equal(&board_frame(&board, 0).bytes[4], data, 4);
    board_free(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_low_when_reset_rises_starts_the_loader),
        cmocka_unit_test(boot_high_when_reset_rises_boots_the_flash),
        cmocka_unit_test(held_in_reset_it_says_and_hears_nothing),
        cmocka_unit_test(reset_cuts_off_what_was_being_said),
        cmocka_unit_test(reset_forgets_a_half_request_and_the_sync),
        cmocka_unit_test(reset_forgets_what_memory_held),
        cmocka_unit_test(reset_ends_a_long_job_and_forgets_what_waited),
        cmocka_unit_test(power_wakes_the_flash_part_up_and_a_reset_does_not),
        cmocka_unit_test(a_strapping_word_overrules_the_boot_pin),
        cmocka_unit_test(power_comes_back_with_the_lines_as_they_are),
        cmocka_unit_test(a_software_reset_does_not_look_at_the_straps_again),
        cmocka_unit_test(the_first_sync_teaches_the_rate_and_the_second_is_answered),
        cmocka_unit_test(the_rate_is_taught_by_128_edges),
        cmocka_unit_test(before_a_sync_nothing_else_is_answered),
        cmocka_unit_test(a_chip_at_another_rate_understands_nothing),
        cmocka_unit_test(a_host_at_another_rate_understands_nothing),
        cmocka_unit_test(three_percent_off_is_near_enough),
        cmocka_unit_test(rate_0_stands_for_the_chips_own),
        cmocka_unit_test(an_esp32_divides_by_what_it_takes_its_crystal_for),
        cmocka_unit_test(a_new_rate_counts_after_the_answer_and_two_end_bytes),
        cmocka_unit_test(a_byte_takes_ten_bit_times),
        cmocka_unit_test(the_banner_comes_when_the_boot_time_is_over),
        cmocka_unit_test(a_request_takes_a_turnaround_before_it_is_answered),
        cmocka_unit_test(an_erase_takes_the_time_of_its_sectors_and_blocks),
        cmocka_unit_test(a_write_takes_the_time_of_its_bursts_and_of_reading_back),
        cmocka_unit_test(a_digest_takes_the_rate_of_its_chip),
        cmocka_unit_test(an_instant_chip_takes_time_for_the_wire_only),
        cmocka_unit_test(time_does_not_go_back),
        cmocka_unit_test(the_next_event_is_when_the_next_byte_has_arrived_or_never),
        cmocka_unit_test(a_full_ring_less_one_byte_is_answered_and_a_full_ring_is_lost),
        cmocka_unit_test(reading_where_the_chip_has_nothing_ends_the_loader),
        cmocka_unit_test(a_known_ram_program_prints_what_it_would),
        cmocka_unit_test(an_unknown_ram_program_is_named_by_its_entry),
        cmocka_unit_test(the_nth_byte_to_the_chip_is_dropped_flipped_or_doubled),
        cmocka_unit_test(the_nth_byte_from_the_chip_is_dropped_flipped_or_doubled),
        cmocka_unit_test(a_fault_counts_from_when_it_was_set_and_happens_once),
        cmocka_unit_test(the_chip_resets_when_the_nth_byte_has_arrived),
        cmocka_unit_test(power_fails_in_the_nth_erase_and_stays_off_until_it_is_cycled),
        cmocka_unit_test(power_fails_in_the_nth_program),
        cmocka_unit_test(two_chips_do_not_know_of_each_other),
        cmocka_unit_test(link_and_flash_are_counted_until_cleared),
        cmocka_unit_test(a_configuration_that_no_chip_has_is_refused),
        cmocka_unit_test(a_chip_is_found_by_its_name_in_any_spelling),
        cmocka_unit_test(the_loader_starts_with_2_mib_until_it_is_told_the_size),
        cmocka_unit_test(memory_reaches_from_its_first_word_to_its_last),
        cmocka_unit_test(the_divider_register_holds_as_many_bits_as_the_chip_has),
        cmocka_unit_test(an_esp32c3_takes_ram_data_without_a_begin_up_to_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
