/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a higher rate pays, from prices alone. */
#include "reflash/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chips/chips.h"

enum { FIRST_BAUD = 115200, USUAL_BAUD = 460800, HIGH_BAUD = 2000000, MIB_SECTORS = 256 };

/* A near line, and a serial server on the other side of the world; the ROM alone, where a test says nothing else. */
static const reflash_rate_t near_rates[] = {{USUAL_BAUD, 36}, {HIGH_BAUD, 132}};
static const reflash_rate_t far_rates[] = {{USUAL_BAUD, 910}, {HIGH_BAUD, 7342}};
static const reflash_work_t unchanged = {.questions = 15, .hashed = 2};
static const reflash_work_t small_change = {.questions = 15, .hashed = 2, .written = 2};

static reflash_line_t line_of(target_chip_t target, uint32_t turnaround_ms)
{
    return (reflash_line_t){.chip = reflash_chip_by_target(target),
                            .baud = FIRST_BAUD,
                            .turnaround_us = turnaround_ms * 1000,
                            .has_packed = true};
}

/* 0: it stays. */
static uint32_t chosen(const reflash_line_t *line, const reflash_rate_t *rates, uint32_t count,
                       const reflash_work_t *least, const reflash_work_t *most)
{
    const reflash_rate_t *rate = reflash_choose_rate(line, rates, count, least, most);
    return rate != NULL ? rate->baud : 0;
}

static void one_question_over_a_slow_line_changes_nothing(void **state)
{
    (void)state;
    const reflash_line_t far_line = line_of(ESP32C3_CHIP, 200);
    assert_int_equal(chosen(&far_line, far_rates, 2, &unchanged, &small_change), 0);
    assert_int_equal(chosen(&far_line, far_rates, 2, &small_change, &small_change), 0);
}

/* 256 sectors of 4096 bytes of which 5/8 are sent take 57 s at 115200 baud, and 14 s at four times that. */
static void much_data_pays_for_the_change_and_more_of_it_for_a_higher_rate(void **state)
{
    (void)state;
    const reflash_line_t near_line = line_of(ESP32C3_CHIP, 1);
    const reflash_line_t far_line = line_of(ESP32C3_CHIP, 200);
    const reflash_work_t data = {.questions = 1, .hashed = MIB_SECTORS, .written = MIB_SECTORS};
    const reflash_work_t some = {.questions = 1, .hashed = 16, .written = 16};
    assert_int_equal(chosen(&near_line, near_rates, 2, &data, &data), HIGH_BAUD);
    assert_int_equal(chosen(&near_line, near_rates, 1, &data, &data), USUAL_BAUD);
    assert_int_equal(chosen(&far_line, far_rates, 2, &data, &data), HIGH_BAUD);
    assert_int_equal(chosen(&far_line, far_rates, 2, &some, &some), USUAL_BAUD);
}

/* 43 questions of 54 bytes are 151 ms shorter at 460800 baud, a sector 168 ms. */
static void what_may_come_later_halves_the_price(void **state)
{
    (void)state;
    const reflash_line_t line = line_of(ESP32C3_CHIP, 1);
    const reflash_work_t least = {.questions = 43};
    const reflash_work_t most = {.questions = 43, .hashed = MIB_SECTORS, .written = MIB_SECTORS};
    const reflash_work_t a_sector_more = {.questions = 43, .written = 1};
    const reflash_rate_t dear = {USUAL_BAUD, 400};
    const reflash_rate_t fair = {USUAL_BAUD, 250};
    const reflash_rate_t cheap = {USUAL_BAUD, 140};
    assert_int_equal(chosen(&line, &dear, 1, &least, &most), 0);
    assert_int_equal(chosen(&line, &fair, 1, &least, &most), USUAL_BAUD);
    assert_int_equal(chosen(&line, &fair, 1, &least, &a_sector_more), 0); /* that would not pay for it by itself */
    assert_int_equal(chosen(&line, &fair, 1, &least, &least), 0);
    assert_int_equal(chosen(&line, &cheap, 1, &least, &least), USUAL_BAUD);
}

static void a_rate_that_is_no_higher_is_not_chosen(void **state)
{
    (void)state;
    reflash_line_t line = line_of(ESP32C3_CHIP, 1);
    const reflash_work_t data = {.questions = 1, .hashed = MIB_SECTORS, .written = MIB_SECTORS};
    line.baud = USUAL_BAUD;
    assert_int_equal(chosen(&line, near_rates, 1, &data, &data), 0);
    line.baud = HIGH_BAUD;
    assert_int_equal(chosen(&line, near_rates, 2, &data, &data), 0);
}

/* A stub has to be uploaded: 7500 bytes, and 17 questions. Over a near line it pays for hashing 4 MiB, the sooner the higher
 * the rate; over a far one with the same rate not for a tenth of that. */
static void work_is_as_long_as_the_better_loader_takes(void **state)
{
    (void)state;
    const reflash_work_t hashing = {.questions = 1, .hashed = 4 * MIB_SECTORS};
    const reflash_work_t less = {.questions = 1, .hashed = MIB_SECTORS / 4};
    reflash_line_t line = line_of(ESP32C3_CHIP, 1);
    const uint32_t rom_ms = reflash_work_ms(&line, FIRST_BAUD, &hashing);
    line.may_stub = true;
    const uint32_t best_ms = reflash_work_ms(&line, FIRST_BAUD, &hashing);
    line.stub = true;
    const uint32_t running_ms = reflash_work_ms(&line, FIRST_BAUD, &hashing);
    assert_true(best_ms < rom_ms);
    assert_in_range(best_ms - running_ms, 645, 690);
    reflash_line_t far_line = line_of(ESP32C3_CHIP, 200);
    const uint32_t far_rom_ms = reflash_work_ms(&far_line, FIRST_BAUD, &less);
    far_line.may_stub = true;
    assert_int_equal(reflash_work_ms(&far_line, FIRST_BAUD, &less), far_rom_ms);
}

/* An ESP32's ROM takes plain data only: 8/5 of what a ROM that unpacks takes. */
static void the_chip_tells_what_is_sent(void **state)
{
    (void)state;
    const reflash_work_t data = {.written = MIB_SECTORS};
    const reflash_line_t packed = line_of(ESP32C3_CHIP, 1);
    const reflash_line_t plain = line_of(ESP32_CHIP, 1);
    const uint32_t packed_ms =
        reflash_work_ms(&packed, FIRST_BAUD, &data) - reflash_work_ms(&packed, USUAL_BAUD, &data);
    const uint32_t plain_ms = reflash_work_ms(&plain, FIRST_BAUD, &data) - reflash_work_ms(&plain, USUAL_BAUD, &data);
    assert_in_range(packed_ms, 41000, 45000); /* 655,360 bytes, 65.1 us each */
    assert_in_range(plain_ms, 66000, 71000);  /* 1,048,576 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_question_over_a_slow_line_changes_nothing),
        cmocka_unit_test(much_data_pays_for_the_change_and_more_of_it_for_a_higher_rate),
        cmocka_unit_test(what_may_come_later_halves_the_price),
        cmocka_unit_test(a_rate_that_is_no_higher_is_not_chosen),
        cmocka_unit_test(work_is_as_long_as_the_better_loader_takes),
        cmocka_unit_test(the_chip_tells_what_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
