/* SPDX-License-Identifier: Apache-2.0 */
/* How long things take: flash parts, the chip's own rates, a USB bridge on the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "board.h"
#include "chip.h"
#include "timing.h"

enum { SECTOR_BYTES = 0x1000, FLASH_BEGIN = 0x02, MD5 = 0x13, DEFLATE_BEGIN = 0x10, DEFLATE_DATA = 0x11 };
enum { MIB = 1 << 20, SYNC_ANSWER_BYTES = 8 * 14, BUNDLE_BYTES = 62 };

/* JEDEC manufacturer, type and, at its own size, capacity; microseconds of the data sheets (docs/espsim.md). */
static const struct {
    const char *name;
    uint8_t id[3];
    uint32_t bytes;
    uint32_t typical_4k_us, typical_64k_us, typical_chip_us, typical_page_us;
    uint32_t worst_4k_us, worst_64k_us, worst_page_us;
} facts[] = {
    {"generic", {0xC8, 0x40, 0x16}, 4 * MIB, 45000, 150000, 10000000, 667, 400000, 2000000, 3000},
    {"w25q32jv", {0xEF, 0x40, 0x16}, 4 * MIB, 45000, 150000, 10000000, 667, 400000, 2000000, 3000},
    {"gd25q32c", {0xC8, 0x40, 0x16}, 4 * MIB, 50000, 250000, 15000000, 600, 400000, 2000000, 2400},
    {"gd25q128e", {0xC8, 0x40, 0x18}, 16 * MIB, 45000, 250000, 50000000, 500, 400000, 2000000, 2400},
    {"xm25qh32c", {0x20, 0x40, 0x16}, 4 * MIB, 45000, 225000, 15000000, 400, 400000, 2000000, 3000},
    {"xm25qh128a", {0x20, 0x70, 0x18}, 16 * MIB, 40000, 300000, 60000000, 500, 400000, 2000000, 3000},
};
enum { FACT_COUNT = sizeof(facts) / sizeof(facts[0]) };

static void every_part_has_its_facts(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        assert_ptr_equal(espsim_flash_part_at(row), espsim_flash_part_by_name(facts[row].name));
    }
    assert_null(espsim_flash_part_at(FACT_COUNT));
    assert_null(espsim_flash_part_by_name("w25q"));
    assert_ptr_equal(espsim_flash_part_by_name("W25Q32JV"), espsim_flash_part_at(1));
}

static uint32_t page_us(const espsim_timing_t *timing)
{
    return (timing->program_first_byte_ns + 255 * timing->program_next_byte_ns) / 1000;
}

static void parts_take_the_times_of_their_data_sheets(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        const espsim_flash_part_t *part = espsim_flash_part_at(row);
        const espsim_timing_t typical = espsim_timing_of(part, ESPSIM_TIMING_TYPICAL, facts[row].bytes);
        const espsim_timing_t worst = espsim_timing_of(part, ESPSIM_TIMING_WORST, facts[row].bytes);
        assert_int_equal(typical.erase_4k_us, facts[row].typical_4k_us);
        assert_int_equal(typical.erase_64k_us, facts[row].typical_64k_us);
        assert_int_equal(typical.erase_chip_us, facts[row].typical_chip_us);
        assert_in_range(page_us(&typical), facts[row].typical_page_us - 1, facts[row].typical_page_us + 1);
        assert_int_equal(worst.erase_4k_us, facts[row].worst_4k_us);
        assert_int_equal(worst.erase_64k_us, facts[row].worst_64k_us);
        assert_in_range(page_us(&worst), facts[row].worst_page_us - 1, facts[row].worst_page_us + 1);
        assert_in_range(typical.erase_32k_us, typical.erase_4k_us, typical.erase_64k_us);
        assert_true(worst.erase_chip_us > typical.erase_chip_us);
    }
}

static void a_larger_part_takes_longer_to_be_erased_as_a_whole(void **state)
{
    (void)state;
    const espsim_flash_part_t *part = espsim_flash_part_by_name("w25q32jv");
    assert_int_equal(espsim_timing_of(part, ESPSIM_TIMING_TYPICAL, 16 * MIB).erase_chip_us, 40000000);
    assert_int_equal(espsim_timing_of(part, ESPSIM_TIMING_TYPICAL, 1 * MIB).erase_chip_us, 2500000);
}

static void each_part_says_its_own_id(void **state)
{
    (void)state;
    enum { READ_ID = 0x9F };
    const espsim_timing_t timing = espsim_timing_typical();
    for (size_t row = 0; row < FACT_COUNT; row++) {
        espsim_stats_t stats = {0};
        static espsim_nor_t nor;
        uint8_t id[3];
        nor = (espsim_nor_t){
            .bytes = facts[row].bytes, .timing = &timing, .part = espsim_flash_part_at(row), .stats = &stats};
        (void)espsim_nor_transact(&nor, READ_ID, 0, id, sizeof(id));
        assert_memory_equal(id, facts[row].id, sizeof(id));
    }
}

/* --- In a chip ------------------------------------------------------------------------------------------------ */

static board_t synced_with(espsim_timing_t timing, uint32_t usb_latency_us)
{
    board_t board = board_blank();
    board.config.timing = timing;
    board.config.usb_latency_us = usb_latency_us;
    board_power_on(&board);
    board_reset(&board, true);
    board_settle(&board);
    board_forget(&board);
    board_sync(&board);
    board_settle(&board);
    return board;
}

static uint64_t spent_ns(const board_t *board, espsim_cause_t cause)
{
    return espsim_stats(board->sim)->spent_ns[cause];
}

static void at_worst_flash_and_chip_are_slower(void **state)
{
    (void)state;
    board_t board =
        synced_with(espsim_timing_of(espsim_flash_part_by_name("gd25q32c"), ESPSIM_TIMING_WORST, 4 * MIB), 0);
    espsim_clear_stats(board.sim);
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, SECTOR_BYTES, 4, 1024, 0), 0);
    (void)BOARD_ASK(&board, MD5, 0, SECTOR_BYTES, 0, 0);
    assert_int_equal(spent_ns(&board, ESPSIM_CAUSE_ERASE), UINT64_C(400000000));
    assert_int_equal(spent_ns(&board, ESPSIM_CAUSE_MD5), SECTOR_BYTES * UINT64_C(2330) * 140 / 100);
    assert_int_equal(spent_ns(&board, ESPSIM_CAUSE_COMMAND), UINT64_C(2) * 200000 * 140 / 100);
    board_free(&board);
}

static void an_instant_chip_only_takes_the_time_of_the_wires(void **state)
{
    (void)state;
    board_t board = synced_with(espsim_timing_of(espsim_flash_part_at(0), ESPSIM_TIMING_INSTANT, 4 * MIB), 0);
    espsim_clear_stats(board.sim);
    const uint64_t before_ns = espsim_now(board.sim);
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 32 * SECTOR_BYTES, 4, 1024, 0), 0);
    assert_int_equal(spent_ns(&board, ESPSIM_CAUSE_WIRE_TO) + spent_ns(&board, ESPSIM_CAUSE_WIRE_FROM),
                     espsim_now(board.sim) - before_ns);
    board_free(&board);
}

/* Unpacking 8 KiB with the ROM, or with a stub. */
static uint64_t inflate_ns(const reflash_rom_t *rom, espsim_stub_t stub)
{
    static uint8_t plain[2 * SECTOR_BYTES];
    uint8_t packed[1024];
    uLongf packed_bytes = sizeof(packed);
    for (size_t at = 0; at < sizeof(plain); at++) {
        plain[at] = (uint8_t)(at % 251 % 16);
    }
    assert_int_equal(compress(packed, &packed_bytes, plain, sizeof(plain)), Z_OK);
    board_t board = board_synced_of(rom);
    if (stub != ESPSIM_STUB_NONE) {
        assert_true(espsim_run_stub(board.sim, stub));
        board_settle(&board);
    }
    const uint32_t block[] = {(uint32_t)packed_bytes, 0, 0, 0};
    if (rom->chip->begin_words == 5 && stub == ESPSIM_STUB_NONE) {
        (void)BOARD_ASK(&board, DEFLATE_BEGIN, sizeof(plain), 1, 1024, 0, 0);
    } else {
        (void)BOARD_ASK(&board, DEFLATE_BEGIN, sizeof(plain), 1, 1024, 0);
    }
    (void)board_ask(&board, DEFLATE_DATA, block, 4, packed, packed_bytes);
    board_wait_ns(&board, 1000 * BOARD_MS_NS); /* a stub goes on behind its answer */
    assert_memory_equal(board.flash, plain, sizeof(plain));
    const uint64_t ns = spent_ns(&board, ESPSIM_CAUSE_INFLATE);
    board_free(&board);
    return ns;
}

static void unpacking_takes_time_by_what_comes_out(void **state)
{
    (void)state;
    assert_int_equal(inflate_ns(&reflash_rom_esp32, ESPSIM_STUB_NONE), 2 * SECTOR_BYTES * UINT64_C(1000));
    assert_int_equal(inflate_ns(&reflash_rom_esp32, ESPSIM_STUB_1), 2 * SECTOR_BYTES * UINT64_C(1000));
    assert_int_equal(inflate_ns(&reflash_rom_esp32, ESPSIM_STUB_2_0), 2 * SECTOR_BYTES * UINT64_C(200));
    assert_int_equal(inflate_ns(&reflash_rom_esp32, ESPSIM_STUB_2_1), 2 * SECTOR_BYTES * UINT64_C(200));
    assert_int_equal(inflate_ns(&reflash_rom_esp32c3, ESPSIM_STUB_NONE), 2 * SECTOR_BYTES * UINT64_C(2000));
}

/* --- A bridge --------------------------------------------------------------------------------------------------- */

static void a_bridge_sends_full_packets_at_once_and_the_rest_after_its_latency(void **state)
{
    (void)state;
    board_t straight = synced_with(espsim_timing_typical(), 0);
    board_t bridged = synced_with(espsim_timing_typical(), 16000);
    assert_int_equal(straight.heard_count, SYNC_ANSWER_BYTES);
    assert_int_equal(bridged.heard_count, SYNC_ANSWER_BYTES);
    assert_memory_equal(straight.heard, bridged.heard, SYNC_ANSWER_BYTES);
    /* The banner had gone through bridges, too, so their clocks differ; compare from the first byte of the answer. */
    const uint64_t first_ns = bridged.heard_ns[0] - (BUNDLE_BYTES - 1) * (uint64_t)BOARD_BYTE_NS;
    for (unsigned at = 0; at < SYNC_ANSWER_BYTES; at++) {
        const uint64_t straight_ns = straight.heard_ns[at] - straight.heard_ns[0];
        const uint64_t wanted_ns = at < BUNDLE_BYTES ? (BUNDLE_BYTES - 1) * (uint64_t)BOARD_BYTE_NS
                                                     : BUNDLE_BYTES * (uint64_t)BOARD_BYTE_NS + 16 * BOARD_MS_NS;
        assert_int_equal(straight_ns, at * (uint64_t)BOARD_BYTE_NS);
        assert_int_equal(bridged.heard_ns[at] - first_ns, wanted_ns);
    }
    /* 50 bytes left; 49 of them are on the wire while the first waits. */
    espsim_clear_stats(bridged.sim);
    (void)BOARD_ASK(&bridged, 0x0A, 0x40001000);
    assert_int_equal(spent_ns(&bridged, ESPSIM_CAUSE_BRIDGE), 16 * BOARD_MS_NS - 13 * (uint64_t)BOARD_BYTE_NS);
    board_free(&straight);
    board_free(&bridged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_has_its_facts),
        cmocka_unit_test(parts_take_the_times_of_their_data_sheets),
        cmocka_unit_test(a_larger_part_takes_longer_to_be_erased_as_a_whole),
        cmocka_unit_test(each_part_says_its_own_id),
        cmocka_unit_test(at_worst_flash_and_chip_are_slower),
        cmocka_unit_test(an_instant_chip_only_takes_the_time_of_the_wires),
        cmocka_unit_test(unpacking_takes_time_by_what_comes_out),
        cmocka_unit_test(a_bridge_sends_full_packets_at_once_and_the_rest_after_its_latency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
