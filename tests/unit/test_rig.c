/* SPDX-License-Identifier: Apache-2.0 */
/* A chip on its rig: what DTR and RTS do, what hands do, and how its time goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

enum { FLASH_BYTES = 1 << 18, MS = 1000000 };

typedef struct {
    espsim_rig_t rig;
    uint64_t now_ns;
    uint8_t said[8192];
    size_t said_bytes;
    uint8_t flash[FLASH_BYTES];
} bench_t;

static int set_up(void **state)
{
    static bench_t bench;
    memset(&bench, 0, sizeof(bench));
    memset(bench.flash, 0xFF, sizeof(bench.flash));
    bench.now_ns = UINT64_C(5000) * MS; /* a clock may begin anywhere */
    bench.rig.sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name("esp32"),
                                                     .flash = bench.flash,
                                                     .flash_bytes = sizeof(bench.flash),
                                                     .timing = espsim_timing_typical()});
    bench.rig.rise_ns = 50 * MS;
    *state = &bench;
    return bench.rig.sim != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    bench_t *bench = *state;
    espsim_destroy(bench->rig.sim);
    return 0;
}

/* `ms` later. What the chip said meanwhile is in `said`. */
static void pass(bench_t *bench, uint32_t ms)
{
    bench->now_ns += (uint64_t)ms * MS;
    bench->said_bytes = espsim_rig_run(&bench->rig, bench->now_ns, bench->said, sizeof(bench->said));
    assert_true(bench->said_bytes < sizeof(bench->said));
}

static void set_lines(bench_t *bench, bool dtr, bool rts)
{
    espsim_rig_set_lines(&bench->rig, dtr, rts, bench->now_ns);
    pass(bench, 0);
}

static bool said(const bench_t *bench, const char *text)
{
    for (size_t at = 0; at + strlen(text) <= bench->said_bytes; at++) {
        if (memcmp(bench->said + at, text, strlen(text)) == 0) {
            return true;
        }
    }
    return false;
}

static void power_on(bench_t *bench)
{
    espsim_rig_power_on(&bench->rig, bench->now_ns);
    pass(bench, 0);
}

static void a_chip_boots_into_its_flash_when_nothing_is_held(void **state)
{
    bench_t *bench = *state;
    power_on(bench);
    assert_true(said(bench, "SPI_FAST_FLASH_BOOT"));
    assert_int_equal(espsim_rig_next(&bench->rig), UINT64_MAX);
}

static void a_strap_held_at_power_on_starts_the_loader(void **state)
{
    bench_t *bench = *state;
    bench->rig.strap_boot = true;
    power_on(bench);
    assert_true(said(bench, "waiting for download"));
}

static void two_transistors_both_lines_at_once(void **state)
{
    bench_t *bench = *state;
    power_on(bench);
    set_lines(bench, false, false);
    set_lines(bench, true, true);
    assert_int_equal(bench->said_bytes, 0); /* neither is pulled, nothing happened */
    set_lines(bench, false, true);
    set_lines(bench, true, false);
    assert_true(said(bench, "waiting for download"));
    set_lines(bench, false, false);
    assert_true(espsim_in_loader(bench->rig.sim));
    set_lines(bench, false, true);
    assert_false(espsim_in_loader(bench->rig.sim));
    set_lines(bench, false, false);
    assert_true(said(bench, "SPI_FAST_FLASH_BOOT"));
}

static void two_transistors_one_line_after_the_other(void **state)
{
    bench_t *bench = *state;
    power_on(bench);
    set_lines(bench, false, true);
    pass(bench, 100);
    set_lines(bench, true, true); /* nothing pulls, but reset takes its time to rise */
    assert_int_equal(espsim_rig_next(&bench->rig), bench->now_ns + 50 * MS);
    pass(bench, 49);
    assert_int_equal(bench->said_bytes, 0);
    set_lines(bench, true, false);
    assert_true(said(bench, "waiting for download"));
}

static void a_gap_that_is_too_long_boots_the_application(void **state)
{
    bench_t *bench = *state;
    power_on(bench);
    set_lines(bench, false, true);
    set_lines(bench, true, true);
    pass(bench, 50);
    assert_true(said(bench, "SPI_FAST_FLASH_BOOT"));
    set_lines(bench, true, false);
    assert_false(espsim_in_loader(bench->rig.sim));
}

static void direct_wiring_needs_no_help(void **state)
{
    bench_t *bench = *state;
    bench->rig.wiring = ESPSIM_WIRING_DIRECT;
    power_on(bench);
    set_lines(bench, false, true);
    set_lines(bench, true, true);
    pass(bench, 1000);
    assert_int_equal(bench->said_bytes, 0); /* in reset all the time */
    set_lines(bench, true, false);
    assert_true(said(bench, "waiting for download"));
    set_lines(bench, true, true);
    set_lines(bench, false, true);
    set_lines(bench, false, false);
    assert_true(said(bench, "SPI_FAST_FLASH_BOOT"));
}

static void a_pin_is_low_while_anybody_pulls_it(void **state)
{
    bench_t *bench = *state;
    power_on(bench);
    espsim_rig_hold(&bench->rig, true, true);
    set_lines(bench, false, true);
    set_lines(bench, false, false);
    assert_int_equal(bench->said_bytes, 0); /* a hand still holds reset */
    espsim_rig_hold(&bench->rig, false, true);
    pass(bench, 0);
    assert_true(said(bench, "waiting for download"));
}

static void a_pulse_resets_by_the_boot_pin_it_is_given(void **state)
{
    bench_t *bench = *state;
    power_on(bench);
    espsim_rig_reset(&bench->rig, true);
    pass(bench, 0);
    assert_true(said(bench, "waiting for download"));
    espsim_rig_reset(&bench->rig, false);
    pass(bench, 0);
    assert_true(said(bench, "SPI_FAST_FLASH_BOOT"));
}

static const uint8_t sync_request[] = {0xC0, 0x00, 0x08, 0x24, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x07, 0x12,
                                       0x20, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                       0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                       0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xC0};

static void ask(bench_t *bench)
{
    espsim_rig_feed(&bench->rig, sync_request, sizeof(sync_request), bench->now_ns);
    pass(bench, 0);
}

static void at_another_rate_both_ends_hear_nonsense(void **state)
{
    bench_t *bench = *state;
    bench->rig.strap_boot = true;
    bench->rig.host_baud = 9600;
    power_on(bench);
    assert_true(bench->said_bytes > 50);
    assert_false(said(bench, "waiting"));
    ask(bench); /* teaches the rate */
    ask(bench);
    assert_int_equal(bench->said_bytes, 8 * 14);
    bench->rig.host_baud = 115200;
    ask(bench);
    assert_int_equal(bench->said_bytes, 0);
}

static void in_real_time_things_come_when_they_come(void **state)
{
    bench_t *bench = *state;
    bench->rig.clock = ESPSIM_CLOCK_REAL;
    bench->rig.strap_boot = true;
    bench->rig.host_baud = 115200;
    power_on(bench);
    pass(bench, 39); /* of the 40 ms to its banner */
    assert_int_equal(bench->said_bytes, 0);
    assert_int_equal(espsim_rig_next(&bench->rig), bench->now_ns + 1 * MS);
    pass(bench, 100);
    assert_true(said(bench, "waiting for download"));
    ask(bench);
    assert_int_equal(bench->said_bytes, 0);
    pass(bench, 4); /* 46 bytes take 3.99 ms */
    ask(bench);
    assert_int_equal(bench->said_bytes, 0);
    pass(bench, 4);
    assert_int_equal(bench->said_bytes, 0);
    pass(bench, 2); /* 0.2 ms to think, and the first of 8 answers of 14 bytes */
    assert_in_range(bench->said_bytes, 10, 30);
    pass(bench, 20);
    assert_int_equal(espsim_rig_next(&bench->rig), UINT64_MAX);
}

static void what_was_purged_never_arrives(void **state)
{
    bench_t *bench = *state;
    bench->rig.clock = ESPSIM_CLOCK_REAL;
    bench->rig.strap_boot = true;
    power_on(bench);
    pass(bench, 200);
    ask(bench);
    pass(bench, 10);
    espsim_rig_feed(&bench->rig, sync_request, sizeof(sync_request), bench->now_ns);
    pass(bench, 2);
    assert_int_equal(espsim_rig_room(&bench->rig), ESPSIM_RIG_INPUT_BYTES - sizeof(sync_request));
    espsim_rig_purge_input(&bench->rig);
    assert_int_equal(espsim_rig_room(&bench->rig), ESPSIM_RIG_INPUT_BYTES);
    pass(bench, 100);
    assert_int_equal(bench->said_bytes, 0);
}

/* --- The accounting clock ----------------------------------------------------------------------------------- */

enum { BYTE_NS = 86805, SYNC_BYTES = 46, SYNC_ANSWER_BYTES = 8 * 14, ESP32_TURNAROUND_NS = 200000 };
#define SYNC_NS (UINT64_C(1) * BYTE_NS * (SYNC_BYTES + SYNC_ANSWER_BYTES) + ESP32_TURNAROUND_NS)

static uint64_t spent_ns(const bench_t *bench, espsim_cause_t cause)
{
    return espsim_stats(bench->rig.sim)->spent_ns[cause];
}

/* Every nanosecond has a cause. */
static void assert_complete(const bench_t *bench)
{
    uint64_t sum_ns = 0;
    for (unsigned cause = 0; cause < ESPSIM_CAUSE_COUNT; cause++) {
        sum_ns += spent_ns(bench, cause);
    }
    assert_int_equal(sum_ns, espsim_now(bench->rig.sim));
}

/* A client that is there and has been answered, on a clock that adds up. Returns the chip's time. */
static uint64_t accounted(bench_t *bench)
{
    bench->rig.clock = ESPSIM_CLOCK_ACCOUNTING;
    bench->rig.strap_boot = true;
    bench->rig.host_baud = 115200;
    power_on(bench);
    espsim_rig_attend(&bench->rig, true, bench->now_ns);
    ask(bench); /* teaches the rate */
    ask(bench);
    assert_int_equal(bench->said_bytes, SYNC_ANSWER_BYTES);
    espsim_rig_delivered(&bench->rig, bench->now_ns);
    return espsim_now(bench->rig.sim);
}

static void what_a_client_takes_to_think_is_added(void **state)
{
    bench_t *bench = *state;
    const uint64_t before_ns = accounted(bench);
    const uint64_t host_ns = spent_ns(bench, ESPSIM_CAUSE_HOST);
    bench->now_ns += 7 * MS;
    ask(bench);
    assert_int_equal(bench->said_bytes, SYNC_ANSWER_BYTES);
    assert_int_equal(espsim_now(bench->rig.sim), before_ns + 7 * MS + SYNC_NS);
    assert_int_equal(spent_ns(bench, ESPSIM_CAUSE_HOST), host_ns + 7 * MS);
    assert_complete(bench);
}

static void the_time_to_an_answer_is_the_chips_however_long_it_takes_here(void **state)
{
    bench_t *bench = *state;
    const uint64_t before_ns = accounted(bench);
    const uint64_t wire_ns = spent_ns(bench, ESPSIM_CAUSE_WIRE_TO);
    ask(bench);
    bench->now_ns += UINT64_C(5000) * MS; /* this computer is slow, or busy */
    espsim_rig_delivered(&bench->rig, bench->now_ns);
    bench->now_ns += 3 * MS;
    espsim_rig_count(&bench->rig, bench->now_ns);
    assert_int_equal(espsim_now(bench->rig.sim), before_ns + SYNC_NS + 3 * MS);
    assert_int_equal(spent_ns(bench, ESPSIM_CAUSE_WIRE_TO), wire_ns + UINT64_C(1) * SYNC_BYTES * BYTE_NS);
    assert_complete(bench);
}

static void a_timeout_of_the_client_is_added_once(void **state)
{
    bench_t *bench = *state;
    static const uint8_t nonsense[10] = {0};
    const uint64_t before_ns = accounted(bench);
    espsim_rig_feed(&bench->rig, nonsense, sizeof(nonsense), bench->now_ns); /* no answer comes */
    pass(bench, 0);
    espsim_rig_delivered(&bench->rig, bench->now_ns);
    assert_int_equal(espsim_now(bench->rig.sim), before_ns + sizeof(nonsense) * BYTE_NS);
    bench->now_ns += 100 * MS;
    ask(bench);
    assert_int_equal(espsim_now(bench->rig.sim), before_ns + 100 * MS + SYNC_NS);
    assert_complete(bench);
}

static void a_client_that_sleeps_beside_a_booting_chip_is_not_counted_twice(void **state)
{
    bench_t *bench = *state;
    const uint64_t before_ns = accounted(bench);
    set_lines(bench, false, true);
    bench->now_ns += 100 * MS;
    set_lines(bench, true, false);
    assert_true(said(bench, "waiting for download"));
    espsim_rig_delivered(&bench->rig, bench->now_ns);
    bench->now_ns += 80 * MS; /* boot and banner take less */
    set_lines(bench, false, false);
    assert_int_equal(espsim_now(bench->rig.sim), before_ns + 180 * MS);
    assert_int_equal(spent_ns(bench, ESPSIM_CAUSE_BOOT), 2 * 40 * MS);
    assert_complete(bench);
}

static void without_a_client_time_stands_still(void **state)
{
    bench_t *bench = *state;
    const uint64_t before_ns = accounted(bench);
    bench->now_ns += 2 * MS;
    espsim_rig_attend(&bench->rig, false, bench->now_ns);
    bench->now_ns += UINT64_C(60000) * MS;
    espsim_rig_count(&bench->rig, bench->now_ns);
    assert_int_equal(espsim_now(bench->rig.sim), before_ns + 2 * MS);
    espsim_rig_attend(&bench->rig, true, bench->now_ns);
    bench->now_ns += 1 * MS;
    espsim_rig_count(&bench->rig, bench->now_ns);
    assert_int_equal(espsim_now(bench->rig.sim), before_ns + 3 * MS);
    assert_complete(bench);
}

static void a_free_clock_counts_no_thinking(void **state)
{
    bench_t *bench = *state;
    bench->rig.strap_boot = true;
    power_on(bench);
    espsim_rig_attend(&bench->rig, true, bench->now_ns);
    ask(bench);
    const uint64_t before_ns = espsim_now(bench->rig.sim);
    bench->now_ns += 500 * MS;
    ask(bench);
    assert_int_equal(espsim_now(bench->rig.sim), before_ns + SYNC_NS);
    assert_int_equal(spent_ns(bench, ESPSIM_CAUSE_HOST), 0);
    assert_complete(bench);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chip_boots_into_its_flash_when_nothing_is_held),
        TEST(a_strap_held_at_power_on_starts_the_loader),
        TEST(two_transistors_both_lines_at_once),
        TEST(two_transistors_one_line_after_the_other),
        TEST(a_gap_that_is_too_long_boots_the_application),
        TEST(direct_wiring_needs_no_help),
        TEST(a_pin_is_low_while_anybody_pulls_it),
        TEST(a_pulse_resets_by_the_boot_pin_it_is_given),
        TEST(at_another_rate_both_ends_hear_nonsense),
        TEST(in_real_time_things_come_when_they_come),
        TEST(what_was_purged_never_arrives),
        TEST(what_a_client_takes_to_think_is_added),
        TEST(the_time_to_an_answer_is_the_chips_however_long_it_takes_here),
        TEST(a_timeout_of_the_client_is_added_once),
        TEST(a_client_that_sleeps_beside_a_booting_chip_is_not_counted_twice),
        TEST(without_a_client_time_stands_still),
        TEST(a_free_clock_counts_no_thinking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
