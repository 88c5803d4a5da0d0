/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual chip under a RAM stub: what the recordings that tests/conformance replays do not show. That is how a stub
 * is recognised, everything about time, and esp-flasher-stub from 1.1 on, which was not recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <string.h>
#include <zlib.h>

#include "board.h"
#include "stub_codes.h"

enum {
    FLASH_BEGIN = 0x02,
    FLASH_DATA = 0x03,
    FLASH_END = 0x04,
    MEM_BEGIN = 0x05,
    MEM_END = 0x06,
    MEM_DATA = 0x07,
    SYNC = 0x08,
    READ_REG = 0x0A,
    SET_PARAMS = 0x0B,
    CHANGE_BAUDRATE = 0x0F,
    DEFL_BEGIN = 0x10,
    DEFL_DATA = 0x11,
    DEFL_END = 0x12,
    MD5 = 0x13,
    SECURITY_INFO = 0x14,
    ERASE_FLASH = 0xD0,
    ERASE_REGION = 0xD1,
    READ_FLASH = 0xD2,
    PLUGIN = 0xD5
};
enum { SECTOR_BYTES = 0x1000, BLOCK_BYTES = 0x10000, ANSWER_BYTES = 12, NO_ANSWER = -1 };
enum { TURNAROUND_NS = 200000, ERASE_4K_NS = 45000000, ERASE_64K_NS = 150000000, BURST_NS = 107500 };

#define ROM_WORD_ADDR 0x40001000u

static board_t with_stub_on(const reflash_rom_t *rom, espsim_stub_t stub)
{
    board_t board = board_synced_of(rom);
    assert_true(espsim_run_stub(board.sim, stub));
    board_settle(&board);
    board_forget(&board);
    return board;
}

static board_t with_stub(espsim_stub_t stub)
{
    return with_stub_on(&reflash_rom_esp32, stub);
}

/* The status of the one answer, first byte high. */
static int status_heard(const board_t *board)
{
    const board_frame_t answer = board_frame(board, 0);
    if (board_frame_count(board) != 1 || answer.count < ANSWER_BYTES - 2) {
        return NO_ANSWER;
    }
    return answer.bytes[answer.count - 2] << 8 | answer.bytes[answer.count - 1];
}

static int ask_with(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count, const uint8_t *data,
                    size_t data_bytes)
{
    board_forget(board);
    board_request(board, opcode, words, word_count, data, data_bytes);
    board_settle(board);
    return status_heard(board);
}
#define WORDS(...) (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4
#define ASK(board, opcode, ...) ask_with(board, opcode, WORDS(__VA_ARGS__), NULL, 0)

static int send_block(board_t *board, uint8_t opcode, uint32_t sequence, const uint8_t *data, uint32_t bytes)
{
    return ask_with(board, opcode, WORDS(bytes, sequence, 0, 0), data, bytes);
}

static int read_rom_word(board_t *board)
{
    return ASK(board, READ_REG, ROM_WORD_ADDR);
}

/* From the last byte of a request to the end of the last byte of its answer, less what it takes on the wire. */
static uint64_t delay_ns(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count, size_t answer_bytes)
{
    board_forget(board);
    board_request(board, opcode, words, word_count, NULL, 0);
    const uint64_t asked_ns = espsim_now(board->sim);
    board_settle(board);
    assert_int_equal(board->heard_count, answer_bytes);
    return board->heard_ns[answer_bytes - 1] - asked_ns - answer_bytes * BOARD_BYTE_NS;
}

static void assert_near(uint64_t got_ns, uint64_t wanted_ns, uint64_t room_ns)
{
    assert_in_range(got_ns, wanted_ns - room_ns, wanted_ns + room_ns);
}
enum { FIFO_WAIT_NS = 11 * 86805, SLACK_NS = 200000 };

/* --- Being recognised ---------------------------------------------------------------------------------------- */

enum { CODE_ADDR = 0x40090000, CODE_BYTES = 200, ENTRY = CODE_ADDR + 0x40 };

static espsim_stub_code_t code_of_ours(uint8_t *code)
{
    espsim_stub_code_t row = {
        .chip = "esp32", .stub = ESPSIM_STUB_2_1, .text_addr = CODE_ADDR, .text_bytes = CODE_BYTES, .entry = ENTRY};
    for (size_t at = 0; at < CODE_BYTES; at++) {
        code[at] = (uint8_t)(3 * at + 1);
    }
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), code, CODE_BYTES, row.text_sha256), 0);
    return row;
}

/* What is heard behind the answer to MEM_END. */
static board_t after_upload(const espsim_stub_code_t *row, const uint8_t *code, uint32_t entry)
{
    board_t board = board_blank();
    board.config.stubs = row;
    board.config.stub_count = 1;
    board_power_on(&board);
    board_reset(&board, true);
    board_settle(&board);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(BOARD_ASK(&board, MEM_BEGIN, CODE_BYTES, 1, CODE_BYTES, CODE_ADDR), 0);
    assert_int_equal(board_ask(&board, MEM_DATA, WORDS(CODE_BYTES, 0, 0, 0), code, CODE_BYTES), 0);
    board_forget(&board);
    BOARD_REQUEST(&board, MEM_END, 0, entry);
    board_settle(&board);
    return board;
}

static void an_upload_is_recognised_by_its_code(void **state)
{
    (void)state;
    uint8_t code[CODE_BYTES];
    const espsim_stub_code_t row = code_of_ours(code);
    board_t board = after_upload(&row, code, ENTRY);
    const board_frame_t greeting = board_frame(&board, 1);
    assert_int_equal(board_frame_count(&board), 2);
    assert_int_equal(greeting.count, 4);
    assert_memory_equal(greeting.bytes, "OHAI", 4);
    assert_int_equal(espsim_stub(board.sim), ESPSIM_STUB_2_1);
    assert_true(espsim_in_loader(board.sim));
    assert_int_equal(read_rom_word(&board), 0x0000);
    board_free(&board);
}

static void any_other_code_is_just_a_program(void **state)
{
    (void)state;
    uint8_t code[CODE_BYTES];
    const espsim_stub_code_t row = code_of_ours(code);
    code[CODE_BYTES - 1] ^= 1;
    board_t board = after_upload(&row, code, ENTRY);
    assert_true(board_said(&board, "espsim: RAM program running from 0x40090040"));
    assert_int_equal(espsim_stub(board.sim), ESPSIM_STUB_NONE);
    assert_false(espsim_in_loader(board.sim));
    board_free(&board);
}

static void the_code_of_a_stub_started_elsewhere_is_just_a_program(void **state)
{
    (void)state;
    uint8_t code[CODE_BYTES];
    const espsim_stub_code_t row = code_of_ours(code);
    board_t board = after_upload(&row, code, ENTRY + 4);
    assert_int_equal(espsim_stub(board.sim), ESPSIM_STUB_NONE);
    board_free(&board);
}

static void the_stub_of_another_chip_is_just_a_program(void **state)
{
    (void)state;
    uint8_t code[CODE_BYTES];
    espsim_stub_code_t row = code_of_ours(code);
    row.chip = "esp32c3";
    board_t board = after_upload(&row, code, ENTRY);
    assert_int_equal(espsim_stub(board.sim), ESPSIM_STUB_NONE);
    board_free(&board);
}

/* As the packages that carry the stubs tell it; scripts/stub_codes.py compares the digests. */
static void the_official_stubs_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *chip;
        espsim_stub_t stub;
        uint32_t text_addr, text_bytes, entry;
    } wanted[] = {
        {"esp32", ESPSIM_STUB_1, 0x400BE000, 3540, 0x400BE658},
        {"esp32", ESPSIM_STUB_2_0, 0x400A8000, 6140, 0x400A9074},
        {"esp32", ESPSIM_STUB_2_1, 0x400A8000, 6456, 0x400A902C},
        {"esp32c3", ESPSIM_STUB_1, 0x40380000, 3812, 0x403806D2},
        {"esp32c3", ESPSIM_STUB_2_0, 0x40380000, 6024, 0x40380F2E},
        {"esp32c3", ESPSIM_STUB_2_1, 0x40380000, 5880, 0x40380E9A},
        {"esp8266", ESPSIM_STUB_1, 0x4010D000, 8276, 0x4010D004},
        {"esp32p4", ESPSIM_STUB_2_0, 0x4FF50000, 7308, 0x4FF5130E},
        {"esp32p4", ESPSIM_STUB_2_1, 0x4FF50000, 8176, 0x4FF51456},
        {"esp32p4-rev1", ESPSIM_STUB_1, 0x4FF10000, 5400, 0x4FF10BA0},
        {"esp32p4-rev1", ESPSIM_STUB_2_0, 0x4FF10000, 7308, 0x4FF1130E},
        {"esp32p4-rev1", ESPSIM_STUB_2_1, 0x4FF10000, 8176, 0x4FF11456},
    };
    for (size_t at = 0; at < sizeof(wanted) / sizeof(wanted[0]); at++) {
        unsigned found = 0;
        for (size_t row = 0; row < espsim_stub_code_count; row++) {
            const espsim_stub_code_t *code = &espsim_stub_codes[row];
            found += strcmp(code->chip, wanted[at].chip) == 0 && code->stub == wanted[at].stub &&
                     code->text_addr == wanted[at].text_addr && code->text_bytes == wanted[at].text_bytes &&
                     code->entry == wanted[at].entry;
        }
        assert_int_equal(found, 1);
    }
}

static void a_stub_uploaded_to_a_stub_takes_over(void **state)
{
    (void)state;
    uint8_t code[CODE_BYTES];
    const espsim_stub_code_t row = code_of_ours(code);
    board_t board = board_blank();
    board.config.stubs = &row;
    board.config.stub_count = 1;
    board_power_on(&board);
    board_reset(&board, true);
    board_settle(&board);
    for (espsim_stub_t first = ESPSIM_STUB_1; first <= ESPSIM_STUB_2_1; first++) {
        assert_true(espsim_run_stub(board.sim, first));
        board_settle(&board);
        assert_int_equal(espsim_stub(board.sim), first);
        assert_int_equal(ASK(&board, MEM_BEGIN, CODE_BYTES, 1, CODE_BYTES, CODE_ADDR), 0);
        assert_int_equal(ask_with(&board, MEM_DATA, WORDS(CODE_BYTES, 0, 0, 0), code, CODE_BYTES), 0);
        board_forget(&board);
        BOARD_REQUEST(&board, MEM_END, 0, ENTRY);
        board_settle(&board);
        assert_int_equal(board_frame_count(&board), 2);
        assert_memory_equal(board_frame(&board, 1).bytes, "OHAI", 4);
        assert_int_equal(espsim_stub(board.sim), ESPSIM_STUB_2_1);
    }
    board_free(&board);
}

static void a_stub_runs_only_where_a_loader_listens_and_until_the_next_reset(void **state)
{
    (void)state;
    board_t board = board_synced();
    assert_false(espsim_run_stub(board.sim, ESPSIM_STUB_NONE));
    assert_true(espsim_run_stub(board.sim, ESPSIM_STUB_1));
    board_reset(&board, false);
    board_settle(&board);
    assert_int_equal(espsim_stub(board.sim), ESPSIM_STUB_NONE);
    assert_false(espsim_run_stub(board.sim, ESPSIM_STUB_1));
    board_free(&board);
}

static void the_greeting_comes_ten_milliseconds_after_the_answer_to_mem_end(void **state)
{
    (void)state;
    uint8_t code[CODE_BYTES];
    const espsim_stub_code_t row = code_of_ours(code);
    board_t board = after_upload(&row, code, ENTRY);
    const size_t greeting_bytes = 6;
    const uint64_t answered_ns = board.heard_ns[board.heard_count - greeting_bytes - 1];
    const uint64_t greeted_ns = board.heard_ns[board.heard_count - greeting_bytes] - BOARD_BYTE_NS;
    assert_near(greeted_ns - answered_ns, 10 * BOARD_MS_NS, SLACK_NS);
    board_free(&board);
}

/* --- Time ------------------------------------------------------------------------------------------------------- */

static void a_digest_takes_its_time_by_chip_and_generation(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        espsim_stub_t stub;
        uint64_t turnaround_ns, ns_per_byte;
    } cases[] = {
        {&reflash_rom_esp32, ESPSIM_STUB_1, 200000, 2000},     {&reflash_rom_esp32, ESPSIM_STUB_2_0, 200000, 800},
        {&reflash_rom_esp32, ESPSIM_STUB_2_1, 200000, 800},    {&reflash_rom_esp32c3, ESPSIM_STUB_1, 300000, 3800},
        {&reflash_rom_esp32c3, ESPSIM_STUB_2_0, 300000, 3800},
    };
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        board_t board = with_stub_on(cases[at].rom, cases[at].stub);
        /* The legacy stub has sent the beginning of its answer by then. */
        const uint64_t sent_before_ns = cases[at].stub == ESPSIM_STUB_1 ? 9 * BOARD_BYTE_NS : 0;
        const uint64_t wanted_ns = BLOCK_BYTES * cases[at].ns_per_byte + cases[at].turnaround_ns - sent_before_ns;
        const uint64_t took_ns = delay_ns(&board, MD5, WORDS(0, BLOCK_BYTES, 0, 0), ANSWER_BYTES + 16);
        assert_near(took_ns, wanted_ns + FIFO_WAIT_NS, SLACK_NS + FIFO_WAIT_NS / 10);
        board_free(&board);
    }
}

static void erases_take_their_time(void **state)
{
    (void)state;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        assert_near(delay_ns(&board, ERASE_REGION, WORDS(0xF000, 0x3000), ANSWER_BYTES), 3 * ERASE_4K_NS, 2000000);
        assert_near(
            delay_ns(&board, ERASE_REGION, WORDS(0xF000, SECTOR_BYTES + BLOCK_BYTES + SECTOR_BYTES), ANSWER_BYTES),
            2 * ERASE_4K_NS + ERASE_64K_NS, 2000000);
        assert_near(delay_ns(&board, ERASE_FLASH, NULL, 0, ANSWER_BYTES), 10000 * BOARD_MS_NS, 2000000);
        board_free(&board);
    }
}

/* The first generation takes a block only if more than one is left: the last 64 KiB go sector by sector. */
static void the_last_block_of_a_region_is_erased_as_one_or_by_sectors(void **state)
{
    (void)state;
    board_t first = with_stub(ESPSIM_STUB_1);
    assert_near(delay_ns(&first, ERASE_REGION, WORDS(0, BLOCK_BYTES), ANSWER_BYTES), 16ull * ERASE_4K_NS, 2000000);
    board_free(&first);
    board_t second = with_stub(ESPSIM_STUB_2_0);
    assert_near(delay_ns(&second, ERASE_REGION, WORDS(0, BLOCK_BYTES), ANSWER_BYTES), ERASE_64K_NS, 2000000);
    board_free(&second);
}

static void data_is_acknowledged_before_it_is_written_and_the_next_command_waits(void **state)
{
    (void)state;
    static const uint8_t data[256] = {0x12, 0x34};
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        memset(board.flash, 0x00, SECTOR_BYTES);
        assert_true(delay_ns(&board, FLASH_BEGIN, WORDS(256, 1, 256, 0), ANSWER_BYTES) < 2000000);
        const uint64_t begun_ns = espsim_now(board.sim);
        board_forget(&board);
        board_request(&board, FLASH_DATA, WORDS(256, 0, 0, 0), data, sizeof(data));
        const uint64_t sent_ns = espsim_now(board.sim);
        while (board.heard_count < ANSWER_BYTES) {
            board_wait_ns(&board, BOARD_BYTE_NS);
        }
        assert_in_range(espsim_now(board.sim) - sent_ns, 1, ANSWER_BYTES * BOARD_BYTE_NS + 2000000);
        const bool begin_erases = stub == ESPSIM_STUB_2_0;
        const uint64_t erase_began_ns = begin_erases ? begun_ns : sent_ns;
        board_forget(&board);
        BOARD_REQUEST(&board, READ_REG, ROM_WORD_ADDR);
        board_settle(&board);
        assert_int_equal(status_heard(&board), 0);
        assert_near(board.heard_ns[0] - erase_began_ns, ERASE_4K_NS + 8ull * BURST_NS, 6000000);
        assert_memory_equal(board.flash, data, sizeof(data));
        board_free(&board);
    }
}

static void the_next_block_is_received_while_one_is_written(void **state)
{
    (void)state;
    static const uint8_t data[1024] = {0x77};
    board_t board = with_stub(ESPSIM_STUB_2_0);
    assert_int_equal(ASK(&board, FLASH_BEGIN, 2048, 2, 1024, 0), 0);
    board_forget(&board);
    board_request(&board, FLASH_DATA, WORDS(1024, 0, 0, 0), data, sizeof(data));
    while (board.heard_count < ANSWER_BYTES) {
        board_wait_ns(&board, BOARD_BYTE_NS);
    }
    board_request(&board, FLASH_DATA, WORDS(1024, 1, 0, 0), data, sizeof(data));
    board_settle(&board);
    assert_int_equal(board_frame_count(&board), 2);
    assert_int_equal(ASK(&board, FLASH_END, 1), 0x0000);
    board_free(&board);
}

static void a_change_of_rate_takes_hold_behind_its_answer(void **state)
{
    (void)state;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        assert_int_equal(ASK(&board, CHANGE_BAUDRATE, 921600, 115200), 0x0000);
        board_wait_ns(&board, 20 * BOARD_MS_NS);
        assert_int_equal(espsim_baud(board.sim), 921600);
        board.host_baud = 921600;
        assert_int_equal(read_rom_word(&board), 0x0000);
        board_free(&board);
    }
}

static void the_legacy_stub_computes_a_rate_from_the_old_one_it_is_told(void **state)
{
    (void)state;
    board_t first = with_stub(ESPSIM_STUB_1);
    assert_int_equal(ASK(&first, CHANGE_BAUDRATE, 921600, 230400), 0x0000);
    assert_int_equal(espsim_baud(first.sim), 460800);
    board_free(&first);
    board_t second = with_stub(ESPSIM_STUB_2_0);
    assert_int_equal(ASK(&second, CHANGE_BAUDRATE, 921600, 0), 0x0000);
    assert_int_equal(espsim_baud(second.sim), 921600);
    board_free(&second);
}

/* --- Errors -------------------------------------------------------------------------------------------------------- */

static void what_fails_behind_an_answer_is_told_to_the_next_command_once(void **state)
{
    (void)state;
    static const uint8_t data[256] = {0};
    board_t board = with_stub(ESPSIM_STUB_2_0);
    assert_int_equal(ASK(&board, FLASH_BEGIN, 256, 1, 256, BOARD_FLASH_BYTES), 0x0000);
    assert_int_equal(send_block(&board, FLASH_DATA, 0, data, sizeof(data)), 0x0000);
    assert_int_equal(read_rom_word(&board), 0xC400);
    assert_int_equal(read_rom_word(&board), 0x0000);
    board_free(&board);
}

static void the_legacy_stub_tells_it_to_the_next_block(void **state)
{
    (void)state;
    static const uint8_t data[256] = {0};
    board_t board = with_stub(ESPSIM_STUB_1);
    assert_int_equal(ASK(&board, SET_PARAMS, 0, BOARD_FLASH_BYTES, 0x10000, 0x1000, 0x100, 0xFFFF), 0x0000);
    assert_int_equal(ASK(&board, FLASH_BEGIN, 512, 2, 256, BOARD_FLASH_BYTES), 0x0000);
    assert_int_equal(send_block(&board, FLASH_DATA, 0, data, sizeof(data)), 0x0000);
    assert_int_equal(read_rom_word(&board), 0x0000);
    assert_int_equal(send_block(&board, FLASH_DATA, 1, data, sizeof(data)), 0xC400);
    board_free(&board);
}

static void the_legacy_stub_takes_the_flash_for_sixteen_megabytes_until_told(void **state)
{
    (void)state;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_0; stub++) {
        board_t board = with_stub(stub);
        const int wanted = stub == ESPSIM_STUB_1 ? 0x0000 : 0xC400;
        assert_int_equal(ASK(&board, MD5, BOARD_FLASH_BYTES, SECTOR_BYTES, 0, 0), wanted);
        board_free(&board);
    }
}

static void a_read_where_nothing_is_ends_the_stub_and_the_esp32_says_so(void **state)
{
    (void)state;
    board_t esp32 = with_stub(ESPSIM_STUB_1);
    assert_int_equal(ASK(&esp32, READ_REG, 0x10), NO_ANSWER);
    assert_true(board_said(&esp32, "LoadProhibited"));
    assert_true(board_said(&esp32, "excvaddr=0x00000010"));
    assert_false(espsim_in_loader(esp32.sim));
    board_free(&esp32);
    board_t esp32c3 = with_stub_on(&reflash_rom_esp32c3, ESPSIM_STUB_1);
    assert_int_equal(ASK(&esp32c3, READ_REG, 0x10), NO_ANSWER);
    assert_int_equal(esp32c3.heard_count, 0);
    assert_false(espsim_in_loader(esp32c3.sim));
    board_free(&esp32c3);
}

static void power_that_fails_in_an_erase_turns_the_chip_off(void **state)
{
    (void)state;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_POWER_CUT, .op = 2}}});
        assert_int_equal(ASK(&board, ERASE_REGION, 0xE000, 0x2000), NO_ANSWER);
        assert_true(espsim_is_off(board.sim));
        assert_int_equal(espsim_stub(board.sim), ESPSIM_STUB_NONE);
        board_free(&board);
    }
}

static void a_ram_upload_that_lacks_data_is_told_at_its_end_by_the_legacy_stub_alone(void **state)
{
    (void)state;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        assert_int_equal(ASK(&board, MEM_BEGIN, 8, 1, 8, CODE_ADDR), 0x0000);
        assert_int_equal(ASK(&board, MEM_END, 1, 0), stub == ESPSIM_STUB_1 ? 0xC800 : 0x0000);
        board_free(&board);
    }
}

/* It erases the sector behind data that ends at its border, if that was announced. */
static void the_legacy_stub_erases_one_sector_ahead(void **state)
{
    (void)state;
    static const uint8_t data[SECTOR_BYTES] = {0x01};
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_0; stub++) {
        board_t board = with_stub(stub);
        assert_int_equal(ASK(&board, FLASH_BEGIN, 3 * SECTOR_BYTES, 3, SECTOR_BYTES, 0), 0x0000);
        assert_int_equal(send_block(&board, FLASH_DATA, 0, data, sizeof(data)), 0x0000);
        const uint64_t wanted = stub == ESPSIM_STUB_1 ? 2 * SECTOR_BYTES : SECTOR_BYTES;
        assert_int_equal(espsim_stats(board.sim)->erased_bytes, wanted);
        board_free(&board);
    }
}

/* The legacy stub leaves its status out of the size field. */
static void security_info_is_as_long_as_the_chips(void **state)
{
    (void)state;
    static const struct {
        const char *chip;
        espsim_stub_t stub;
        uint8_t size_field, payload_bytes;
    } cases[] = {{"esp32c3", ESPSIM_STUB_1, 20, 22},
                 {"esp32c3", ESPSIM_STUB_2_1, 22, 22},
                 {"esp32s2", ESPSIM_STUB_1, 12, 14},
                 {"esp32s2", ESPSIM_STUB_2_0, 14, 14}};
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        board_t board = with_stub_on(espsim_rom_by_name(cases[at].chip), cases[at].stub);
        assert_int_equal(ask_with(&board, SECURITY_INFO, NULL, 0, NULL, 0), 0x0000);
        const board_frame_t answer = board_frame(&board, 0);
        assert_int_equal(answer.bytes[2], cases[at].size_field);
        assert_int_equal(answer.count, 8 + cases[at].payload_bytes);
        board_free(&board);
    }
}

/* --- Reading ---------------------------------------------------------------------------------------------------------- */

/* It counts bytes where hosts think of packets, so that 1024, as one host asks, is four packets of 256. */
static void the_legacy_stub_counts_what_is_under_way_in_bytes(void **state)
{
    (void)state;
    board_t board = with_stub(ESPSIM_STUB_1);
    board_forget(&board);
    BOARD_REQUEST(&board, READ_FLASH, 0, 4096, 250, 1000);
    board_settle(&board);
    assert_int_equal(board_frame_count(&board), 1 + 4);
    board_free(&board);
}

static void packets_of_more_than_a_sector_are_refused_late_or_end_the_legacy_stub(void **state)
{
    (void)state;
    board_t first = with_stub(ESPSIM_STUB_1);
    assert_int_equal(ASK(&first, READ_FLASH, 0, 8192, 4097, 1), 0x0000);
    assert_int_equal(read_rom_word(&first), NO_ANSWER);
    board_free(&first);
    board_t second = with_stub(ESPSIM_STUB_2_0);
    assert_int_equal(ASK(&second, READ_FLASH, 0, 8192, 4097, 1), 0x0000);
    assert_int_equal(read_rom_word(&second), 0xC000);
    assert_int_equal(read_rom_word(&second), 0x0000);
    board_free(&second);
}

/* --- Compressed data ---------------------------------------------------------------------------------------------------- */

enum { PLAIN_BYTES = 3000, BLOCK_OF_STREAM = 1024 };

typedef struct {
    uint8_t plain[PLAIN_BYTES], packed[PLAIN_BYTES + 100];
    uint32_t packed_bytes;
} stream_t;

/* Data that does not shrink. */
static stream_t stream_of_noise(void)
{
    stream_t stream = {.packed_bytes = 0};
    uint32_t state = 7;
    for (size_t at = 0; at < PLAIN_BYTES; at++) {
        state = state * 1664525u + 1013904223u;
        stream.plain[at] = (uint8_t)(state >> 24);
    }
    uLongf bytes = sizeof(stream.packed);
    assert_int_equal(compress2(stream.packed, &bytes, stream.plain, PLAIN_BYTES, 9), Z_OK);
    stream.packed_bytes = (uint32_t)bytes;
    return stream;
}

/* The statuses of all blocks but the last have to be 0; that of the last is returned. */
static int send_stream(board_t *board, const stream_t *stream, uint32_t first_bytes)
{
    int status = ASK(board, DEFL_BEGIN, PLAIN_BYTES, 4, BLOCK_OF_STREAM, 0);
    uint32_t sequence = 0;
    uint32_t step = first_bytes;
    for (uint32_t done = 0; done < stream->packed_bytes; done += step, sequence++) {
        assert_int_equal(status, 0x0000);
        step = sequence == 0 ? first_bytes : BLOCK_OF_STREAM;
        const uint32_t left = stream->packed_bytes - done;
        status = send_block(board, DEFL_DATA, sequence, stream->packed + done, left < step ? left : step);
    }
    return status;
}

static void a_stream_in_blocks_unpacks(void **state)
{
    (void)state;
    const stream_t stream = stream_of_noise();
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        memset(board.flash, 0x00, SECTOR_BYTES);
        assert_int_equal(send_stream(&board, &stream, BLOCK_OF_STREAM), 0x0000);
        assert_int_equal(ASK(&board, DEFL_END, 1), 0x0000);
        assert_memory_equal(board.flash, stream.plain, PLAIN_BYTES);
        board_free(&board);
    }
}

static void the_checksum_of_a_stream_in_blocks_is_looked_at_by_the_legacy_stub_alone(void **state)
{
    (void)state;
    stream_t stream = stream_of_noise();
    stream.packed[stream.packed_bytes - 1] ^= 1;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        assert_int_equal(send_stream(&board, &stream, BLOCK_OF_STREAM), 0x0000);
        assert_int_equal(ASK(&board, DEFL_END, 1), stub == ESPSIM_STUB_1 ? 0xC800 : 0x0000);
        board_free(&board);
    }
}

/* Nor is that of one block, once it has filled the window of 32 KiB. */
static void the_checksum_of_a_long_stream_in_one_block_is_looked_at_by_the_legacy_stub_alone(void **state)
{
    (void)state;
    static const uint8_t plain[40000];
    uint8_t packed[200];
    uLongf packed_bytes = sizeof(packed);
    assert_int_equal(compress2(packed, &packed_bytes, plain, sizeof(plain), 9), Z_OK);
    packed[packed_bytes - 1] ^= 1;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        assert_int_equal(ASK(&board, DEFL_BEGIN, sizeof(plain), 1, BLOCK_OF_STREAM, 0), 0x0000);
        assert_int_equal(send_block(&board, DEFL_DATA, 0, packed, (uint32_t)packed_bytes), 0x0000);
        assert_int_equal(ASK(&board, DEFL_END, 1), stub == ESPSIM_STUB_1 ? 0xC800 : 0x0000);
        board_free(&board);
    }
}

static void a_checksum_alone_in_the_last_block_is_too_much_for_1_0_0(void **state)
{
    (void)state;
    const stream_t stream = stream_of_noise();
    const uint32_t first_bytes = (stream.packed_bytes - 4) % BLOCK_OF_STREAM;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        const int wanted = stub == ESPSIM_STUB_2_0 ? 0xC900 : 0x0000;
        assert_int_equal(send_stream(&board, &stream, first_bytes), wanted);
        assert_memory_equal(board.flash, stream.plain, PLAIN_BYTES);
        board_free(&board);
    }
}

static void the_legacy_stub_writes_the_rest_of_a_stream_given_up_before_the_next(void **state)
{
    (void)state;
    const stream_t stream = stream_of_noise();
    board_t board = with_stub(ESPSIM_STUB_1);
    assert_int_equal(ASK(&board, DEFL_BEGIN, PLAIN_BYTES, 4, BLOCK_OF_STREAM, 0), 0x0000);
    assert_int_equal(send_block(&board, DEFL_DATA, 0, stream.packed, 100), 0x0000);
    (void)send_stream(&board, &stream, BLOCK_OF_STREAM);
    assert_memory_equal(board.flash, stream.plain, 50);
    assert_memory_not_equal(board.flash, stream.plain, PLAIN_BYTES);
    board_free(&board);
}

/* --- From 1.1 on ----------------------------------------------------------------------------------------------------------- */

static void blocks_beyond_16_kib_are_refused_at_begin(void **state)
{
    (void)state;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        const int wanted = stub == ESPSIM_STUB_2_0 ? 0x0000 : 0xC200;
        assert_int_equal(ASK(&board, FLASH_BEGIN, 0x4000, 1, 0x4000, 0), 0x0000);
        assert_int_equal(ASK(&board, FLASH_BEGIN, 0x4001, 1, 0x4001, 0), wanted);
        assert_int_equal(ASK(&board, DEFL_BEGIN, 0x4001, 1, 0x4001, 0), wanted);
        board_free(&board);
    }
}

static void begin_erases_nothing(void **state)
{
    (void)state;
    for (espsim_stub_t stub = ESPSIM_STUB_1; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        memset(board.flash, 0x55, BLOCK_BYTES);
        assert_int_equal(ASK(&board, FLASH_BEGIN, 0x3000, 1, 0x1000, 0), 0x0000);
        const uint64_t wanted = stub == ESPSIM_STUB_2_0 ? SECTOR_BYTES : 0;
        assert_int_equal(espsim_stats(board.sim)->erased_bytes, wanted);
        board_free(&board);
    }
}

static void write_sectors(board_t *board, uint32_t sectors)
{
    static const uint8_t data[SECTOR_BYTES] = {0x01};
    assert_int_equal(ASK(board, FLASH_BEGIN, sectors * SECTOR_BYTES, sectors, SECTOR_BYTES, 0), 0x0000);
    espsim_clear_stats(board->sim);
    for (uint32_t sector = 0; sector < sectors; sector++) {
        assert_int_equal(send_block(board, FLASH_DATA, sector, data, sizeof(data)), 0x0000);
    }
    assert_int_equal(ASK(board, FLASH_END, 1), 0x0000);
    for (uint32_t sector = 0; sector < sectors; sector++) {
        assert_memory_equal(board->flash + sector * SECTOR_BYTES, data, sizeof(data));
    }
}

static void blank_sectors_are_not_erased(void **state)
{
    (void)state;
    board_t board = with_stub(ESPSIM_STUB_2_1);
    write_sectors(&board, 4);
    assert_int_equal(espsim_stats(board.sim)->erased_bytes, 0);
    board_free(&board);
}

static void from_the_first_sector_that_is_not_blank_all_are_erased(void **state)
{
    (void)state;
    board_t board = with_stub(ESPSIM_STUB_2_1);
    board.flash[2 * SECTOR_BYTES - 1] = 0x7F;
    write_sectors(&board, 4);
    assert_int_equal(espsim_stats(board.sim)->erased_bytes, 3 * SECTOR_BYTES);
    board_free(&board);
}

static void opcodes_of_plugins_are_known_but_not_there(void **state)
{
    (void)state;
    for (espsim_stub_t stub = ESPSIM_STUB_2_0; stub <= ESPSIM_STUB_2_1; stub++) {
        board_t board = with_stub(stub);
        const int wanted = stub == ESPSIM_STUB_2_0 ? 0xC300 : 0xFF00;
        assert_int_equal(ask_with(&board, PLUGIN, NULL, 0, NULL, 0), wanted);
        assert_int_equal(ask_with(&board, PLUGIN - 1, NULL, 0, NULL, 0), 0xC300);
        board_free(&board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upload_is_recognised_by_its_code),
        cmocka_unit_test(any_other_code_is_just_a_program),
        cmocka_unit_test(the_code_of_a_stub_started_elsewhere_is_just_a_program),
        cmocka_unit_test(the_stub_of_another_chip_is_just_a_program),
        cmocka_unit_test(the_official_stubs_are_known),
        cmocka_unit_test(a_stub_uploaded_to_a_stub_takes_over),
        cmocka_unit_test(a_stub_runs_only_where_a_loader_listens_and_until_the_next_reset),
        cmocka_unit_test(the_greeting_comes_ten_milliseconds_after_the_answer_to_mem_end),
        cmocka_unit_test(a_digest_takes_its_time_by_chip_and_generation),
        cmocka_unit_test(erases_take_their_time),
        cmocka_unit_test(the_last_block_of_a_region_is_erased_as_one_or_by_sectors),
        cmocka_unit_test(data_is_acknowledged_before_it_is_written_and_the_next_command_waits),
        cmocka_unit_test(the_next_block_is_received_while_one_is_written),
        cmocka_unit_test(a_change_of_rate_takes_hold_behind_its_answer),
        cmocka_unit_test(the_legacy_stub_computes_a_rate_from_the_old_one_it_is_told),
        cmocka_unit_test(what_fails_behind_an_answer_is_told_to_the_next_command_once),
        cmocka_unit_test(the_legacy_stub_tells_it_to_the_next_block),
        cmocka_unit_test(the_legacy_stub_takes_the_flash_for_sixteen_megabytes_until_told),
        cmocka_unit_test(a_read_where_nothing_is_ends_the_stub_and_the_esp32_says_so),
        cmocka_unit_test(power_that_fails_in_an_erase_turns_the_chip_off),
        cmocka_unit_test(a_ram_upload_that_lacks_data_is_told_at_its_end_by_the_legacy_stub_alone),
        cmocka_unit_test(the_legacy_stub_erases_one_sector_ahead),
        cmocka_unit_test(security_info_is_as_long_as_the_chips),
        cmocka_unit_test(the_legacy_stub_counts_what_is_under_way_in_bytes),
        cmocka_unit_test(packets_of_more_than_a_sector_are_refused_late_or_end_the_legacy_stub),
        cmocka_unit_test(a_stream_in_blocks_unpacks),
        cmocka_unit_test(the_checksum_of_a_stream_in_blocks_is_looked_at_by_the_legacy_stub_alone),
        cmocka_unit_test(the_checksum_of_a_long_stream_in_one_block_is_looked_at_by_the_legacy_stub_alone),
        cmocka_unit_test(a_checksum_alone_in_the_last_block_is_too_much_for_1_0_0),
        cmocka_unit_test(the_legacy_stub_writes_the_rest_of_a_stream_given_up_before_the_next),
        cmocka_unit_test(blocks_beyond_16_kib_are_refused_at_begin),
        cmocka_unit_test(begin_erases_nothing),
        cmocka_unit_test(blank_sectors_are_not_erased),
        cmocka_unit_test(from_the_first_sector_that_is_not_blank_all_are_erased),
        cmocka_unit_test(opcodes_of_plugins_are_known_but_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
