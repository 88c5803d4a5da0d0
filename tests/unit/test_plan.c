/* SPDX-License-Identifier: Apache-2.0 */
/* The plan: what is asked about and what is written, for targets that are arrays of bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "reflash/plan.h"

enum { SECTORS = 256, FIRST = 16 };

static struct {
    bool truth[SECTORS]; /* whether a sector differs */
    uint8_t bits[(FIRST + SECTORS) / 8 + 1];
    reflash_bitmap_t differ;
    unsigned questions, hashed;
    unsigned images, blocks, sectors; /* questions of each kind */
    bool guessed;
} t;

/* A stub at 115200 and at 921600 baud on a chip that hashes 4 KiB in 3.3 ms. */
static reflash_facts_t facts_at(uint32_t byte_ns)
{
    return (reflash_facts_t){.byte_ns = byte_ns,
                             .turnaround_us = 2000,
                             .md5_ns = 800,
                             .inflate_ns = 200,
                             .program_ns = 3360,
                             .erase_sector_us = 45000,
                             .erase_block_us = 150000,
                             .packed = true,
                             .stub = true};
}
static const uint32_t slow_ns = 86805;
static const uint32_t fast_ns = 10850;

static int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    t.differ = (reflash_bitmap_t){t.bits, FIRST};
    return 0;
}

static void set_truth(uint32_t from, uint32_t end)
{
    for (uint32_t at = from; at < end; at++) {
        t.truth[at] = true;
    }
}

/* Ask to the end, `sectors` from `first` on. */
static void plan_with(const reflash_model_t *model, uint32_t sectors)
{
    reflash_plan_t plan;
    reflash_plan_begin(&plan, model, &t.differ, sectors);
    while (reflash_plan_ask(&plan)) {
        const reflash_question_t *question = &plan.question;
        assert_true(question->from < question->end && question->end <= sectors);
        bool equal = true;
        for (uint32_t at = question->from; at < question->end; at++) {
            equal = equal && !t.truth[at];
        }
        t.questions++;
        t.hashed += question->end - question->from;
        *(question->what == REFLASH_ASK_IMAGE   ? &t.images
          : question->what == REFLASH_ASK_BLOCK ? &t.blocks
                                                : &t.sectors) += 1;
        assert_in_range(t.questions, 1, 4 * sectors + 8); /* it ends */
        reflash_plan_answer(&plan, equal);
    }
    for (uint32_t at = 0; at < sectors; at++) {
        assert_true(reflash_bit(&t.differ, at) || !t.truth[at]); /* what differs is written */
    }
    t.guessed = plan.guessed;
}

static uint32_t written(uint32_t sectors)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < sectors; at++) {
        count += reflash_bit(&t.differ, at) ? 1 : 0;
    }
    return count;
}

/* --- Prices -------------------------------------------------------------------------------------------------------- */

static void prices_follow_from_the_facts(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(10850);
    reflash_model_t model;
    reflash_model(&model, &facts);
    assert_in_range(model.hash_us, 3200, 3300);     /* 4096 * 0.8 us */
    assert_in_range(model.ask_us, 2500, 2700);      /* and 54 bytes */
    assert_in_range(model.line_us, 28000, 28600);   /* five eighths of 4096 bytes, and a quarter of a turnaround */
    assert_in_range(model.flash_us, 14000, 14700);  /* programming and unpacking */
    assert_int_equal(model.erase_block_us, 150000); /* at once */
    assert_int_equal(reflash_write_us(&model, 16, 0, 150000), 16 * model.flash_us + 150000 > 16 * model.line_us
                                                                  ? 16 * model.flash_us + 150000
                                                                  : 16 * model.line_us);
    reflash_facts_t rom = facts;
    rom.stub = false;
    rom.packed = false;
    reflash_model(&model, &rom);
    assert_int_equal(model.erase_block_us, 150000); /* so does a mask ROM, but at the ends of a run */
    assert_in_range(model.line_us, 44000, 47000);
    assert_in_range(model.flash_us, 13300, 13800); /* nothing to unpack */
    assert_int_equal(reflash_write_us(&model, 2, 1, 90000),
                     model.run_us + 2 * (model.line_us + model.flash_us) + 90000);
}

static void what_a_question_took_corrects_the_prices(void **state)
{
    (void)state;
    reflash_facts_t facts = facts_at(fast_ns);
    reflash_model_t model;
    reflash_model(&model, &facts);
    const reflash_model_t before = model;
    reflash_learn(&facts, &model, 1,
                  reflash_ask_us(&before, 1) + 10000); /* a USB bridge nobody told of: half of it ... */
    assert_in_range(model.ask_us, before.ask_us + 4900, before.ask_us + 5100);
    assert_in_range(model.run_us, before.run_us + 3 * 4900, before.run_us + 3 * 5100);
    reflash_learn(&facts, &model, 1, 1); /* a clock of milliseconds: no news */
    assert_in_range(model.ask_us, before.ask_us + 4900, before.ask_us + 5100);
    reflash_learn(&facts, &model, 16, model.ask_us + 16 * 20000); /* ... and a slow chip: all of it */
    assert_in_range(model.hash_us, 19500, 20500);
    reflash_learn(&facts, &model, 2, 1000000); /* no whole block: no news either */
    assert_in_range(model.hash_us, 19500, 20500);
}

static void an_answer_that_was_held_up_does_not_spoil_the_prices(void **state)
{
    (void)state;
    reflash_facts_t facts = facts_at(fast_ns);
    reflash_model_t model;
    reflash_model(&model, &facts);
    const uint32_t before_us = facts.turnaround_us;
    reflash_learn(&facts, &model, 1, 3000000);
    assert_in_range(facts.turnaround_us, 4 * before_us, 5 * before_us);
}

static void an_image_of_one_block_is_no_image_to_take_a_sample_of(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(fast_ns);
    reflash_model_t model;
    reflash_plan_t plan;
    reflash_model(&model, &facts);
    for (uint32_t sectors = 16; sectors <= 17; sectors++) {
        reflash_plan_begin(&plan, &model, &t.differ, sectors);
        assert_true(reflash_plan_ask(&plan));
        assert_int_equal(plan.question.what == REFLASH_ASK_SECTOR && plan.question.from == sectors / 2, sectors > 16);
    }
}

static void hope_makes_the_question_about_a_whole_image_worth_more(void **state)
{
    (void)state;
    enum { IMAGE_SECTORS = 256 };
    reflash_facts_t facts = facts_at(fast_ns);
    facts.turnaround_us = 16000;
    reflash_model_t model;
    reflash_model(&model, &facts);
    for (unsigned hope = 0; hope <= 1; hope++) {
        reflash_plan_t plan;
        reflash_plan_begin(&plan, &model, &t.differ, IMAGE_SECTORS);
        if (hope == 1) {
            reflash_plan_hope(&plan);
        }
        assert_true(reflash_plan_ask(&plan));
        assert_int_equal(plan.question.what, hope == 1 ? REFLASH_ASK_IMAGE : REFLASH_ASK_SECTOR);
        if (hope == 0) { /* the sample */
            reflash_plan_answer(&plan, true);
            assert_true(reflash_plan_ask(&plan));
            assert_int_equal(plan.question.what, REFLASH_ASK_BLOCK);
        }
    }
}

static void a_stub_is_cheaper_to_start_on_a_quick_line(void **state)
{
    (void)state;
    const reflash_facts_t slow = facts_at(slow_ns);
    reflash_facts_t fast = facts_at(fast_ns);
    assert_in_range(reflash_stub_ms(&slow), 640, 720); /* 7500 bytes of ten bits and 17 questions */
    assert_in_range(reflash_stub_ms(&fast), 110, 140);
    fast.turnaround_us = 100000;
    assert_in_range(reflash_stub_ms(&fast), 1750, 1850);
}

static void a_job_is_hashed_and_written(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(fast_ns);
    reflash_model_t model;
    reflash_model(&model, &facts);
    assert_in_range(reflash_job_ms(&model, 1000, 0), 3200, 3300);
    assert_in_range(reflash_job_ms(&model, 0, 1000), model.line_us * 99 / 100, model.line_us);
    reflash_facts_t rom = facts;
    rom.stub = false;
    reflash_model(&model, &rom); /* one after the other */
    assert_in_range(reflash_job_ms(&model, 0, 1000), (model.line_us + model.flash_us + 150000 / 16) * 99 / 100,
                    model.line_us + model.flash_us + 150000 / 16);
}

/* --- Asking ---------------------------------------------------------------------------------------------------------- */

static void an_unchanged_image_is_hashed_little_more_than_once(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(fast_ns);
    reflash_model_t model;
    reflash_model(&model, &facts);
    plan_with(&model, SECTORS);
    assert_int_equal(written(SECTORS), 0);
    assert_in_range(t.hashed, SECTORS, SECTORS + 2); /* and two that were looked at by themselves */
    assert_in_range(t.questions, 2, SECTORS / REFLASH_SECTORS_PER_BLOCK + 2);
}

static void where_questions_are_dear_the_image_is_asked_about_first(void **state)
{
    (void)state;
    reflash_facts_t facts = facts_at(fast_ns);
    facts.turnaround_us = 200000;
    reflash_model_t model;
    reflash_model(&model, &facts);
    plan_with(&model, SECTORS);
    assert_int_equal(t.questions, 2); /* a sector gave hope */
    assert_int_equal(t.images, 1);
    assert_int_equal(written(SECTORS), 0);
}

static void one_changed_sector_is_found_alone(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(fast_ns);
    reflash_model_t model;
    reflash_model(&model, &facts);
    for (uint32_t changed = 0; changed < SECTORS; changed++) {
        (void)set_up(state);
        set_truth(changed, changed + 1);
        plan_with(&model, SECTORS);
        reflash_plan_join(&(reflash_plan_t){.model = &model, .differ = t.differ, .sectors = SECTORS});
        assert_int_equal(written(SECTORS), 1);
        assert_in_range(t.hashed, SECTORS, SECTORS * 9 / 8);
    }
}

static void a_changed_program_is_written_almost_unasked(void **state)
{
    (void)state;
    const uint32_t rates[] = {slow_ns, fast_ns};
    for (unsigned at = 0; at < 2; at++) {
        (void)set_up(state);
        set_truth(0, SECTORS);
        const reflash_facts_t facts = facts_at(rates[at]);
        reflash_model_t model;
        reflash_model(&model, &facts);
        plan_with(&model, SECTORS);
        assert_int_equal(written(SECTORS), SECTORS);
        /* Asking takes no more than 2.5 % of the write. */
        const uint32_t asked_us = t.questions * model.ask_us + t.hashed * model.hash_us;
        assert_true(asked_us * 40 < reflash_write_us(&model, SECTORS, 1, 16 * model.erase_block_us));
    }
}

static void what_lies_before_a_change_of_code_stays(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(slow_ns);
    reflash_model_t model;
    reflash_model(&model, &facts);
    for (uint32_t from = 0; from < SECTORS; from += 5) {
        (void)set_up(state);
        set_truth(from, SECTORS);
        plan_with(&model, SECTORS);
        assert_in_range(written(SECTORS), SECTORS - from, SECTORS - from + 3);
    }
}

static void an_equal_tail_behind_a_long_change_is_found(void **state)
{
    (void)state;
    const uint32_t change = SECTORS * 5 / 8; /* the sample differs as well */
    const struct {
        uint32_t byte_ns, more;
    } lines[] = {{slow_ns, 0}, {fast_ns, 64}}; /* questions are dear: it looks less often */
    for (unsigned at = 0; at < 2; at++) {
        (void)set_up(state);
        set_truth(0, change);
        const reflash_facts_t facts = facts_at(lines[at].byte_ns);
        reflash_model_t model;
        reflash_model(&model, &facts);
        plan_with(&model, SECTORS);
        assert_in_range(written(SECTORS), change, change + lines[at].more);
    }
}

static void even_a_quick_write_is_begun_and_ended_so_something_is_asked(void **state)
{
    (void)state;
    reflash_facts_t facts = facts_at(100); /* 100 Mbaud */
    facts.turnaround_us = 1000000;
    facts.program_ns = 1;
    facts.erase_sector_us = facts.erase_block_us = 1;
    reflash_model_t model;
    reflash_model(&model, &facts);
    plan_with(&model, 8);
    assert_in_range(t.questions, 1, 2);
    assert_int_equal(written(8), 0);
    (void)set_up(state);
    set_truth(0, 8);
    plan_with(&model, 8);
    assert_int_equal(t.questions, 1);
    assert_int_equal(written(8), 8);
}

static void the_last_sector_of_a_block_is_deduced(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(slow_ns);
    reflash_model_t model;
    reflash_model(&model, &facts);
    set_truth(15, 16);
    plan_with(&model, 16);
    assert_int_equal(t.blocks, 1);
    assert_int_equal(t.sectors, 15);
    assert_int_equal(written(16), 1);
}

static void an_image_of_one_sector_takes_one_question(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(slow_ns);
    reflash_model_t model;
    reflash_model(&model, &facts);
    plan_with(&model, 1);
    assert_int_equal(t.questions, 1);
    assert_int_equal(written(1), 0);
}

/* A run of which no sector differs in truth looks right wherever it was written. */
static void a_run_that_nobody_saw_to_differ_is_told(void **state)
{
    uint32_t random = 1;
    unsigned told = 0;
    for (unsigned job = 0; job < 3000; job++) {
        (void)set_up(state);
        reflash_facts_t facts = facts_at(job % 2 == 0 ? slow_ns : fast_ns);
        facts.turnaround_us = 1000 * (1 + job % 37);
        reflash_model_t model;
        reflash_model(&model, &facts);
        bool differs = false;
        for (uint32_t at = 0; at < SECTORS; at++) {
            random = random * 1664525 + 1013904223;
            differs = (random >> 16) % 100 < job % 20 ? !differs : differs; /* in stretches */
            t.truth[at] = differs;
        }
        plan_with(&model, SECTORS);
        bool unfounded = false;
        for (uint32_t at = 0; at < SECTORS; at++) {
            bool founded = false;
            const bool is_run = reflash_bit(&t.differ, at);
            for (; at < SECTORS && reflash_bit(&t.differ, at); at++) {
                founded = founded || t.truth[at];
            }
            unfounded = unfounded || (is_run && !founded);
        }
        assert_true(t.guessed || !unfounded);
        told += unfounded ? 1 : 0;
    }
    assert_in_range(told, 1, 3000);
}

static void what_was_seen_to_differ_is_no_guess(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(fast_ns);
    reflash_model_t model;
    reflash_model(&model, &facts);
    set_truth(40, 41);
    plan_with(&model, SECTORS);
    assert_false(t.guessed);
}

/* --- Joining ---------------------------------------------------------------------------------------------------------- */

static void join_with(const reflash_facts_t *facts, uint32_t sectors)
{
    reflash_model_t model;
    reflash_model(&model, facts);
    reflash_set_bits(&t.differ, 0, sectors, false);
    for (uint32_t at = 0; at < sectors; at++) {
        reflash_set_bits(&t.differ, at, at + 1, t.truth[at]);
    }
    reflash_plan_join(&(reflash_plan_t){.model = &model, .differ = t.differ, .sectors = sectors});
}

static void scattered_sectors_of_a_block_are_erased_with_it(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(5000); /* 2 Mbaud */
    for (uint32_t at = 0; at < 16; at += 2) {
        set_truth(at, at + 1);
    }
    join_with(&facts, 32);
    assert_int_equal(written(32), 16); /* and the other block is left alone */
    assert_true(reflash_bit(&t.differ, 15));
    assert_false(reflash_bit(&t.differ, 16));
}

static void a_slow_line_leaves_them_scattered(void **state)
{
    (void)state;
    const reflash_facts_t facts = facts_at(slow_ns);
    for (uint32_t at = 0; at < 16; at += 2) {
        set_truth(at, at + 1);
    }
    join_with(&facts, 32);
    assert_int_equal(written(32), 8);
}

static void a_gap_shorter_than_another_run_is_filled(void **state)
{
    (void)state;
    reflash_facts_t facts = facts_at(fast_ns);
    set_truth(3, 5);
    set_truth(6, 8);
    join_with(&facts, 20);
    assert_int_equal(written(20), 4);
    facts.turnaround_us = 50000; /* a network in between */
    join_with(&facts, 20);
    assert_int_equal(written(20), 5);
    assert_true(reflash_bit(&t.differ, 5));
    assert_false(reflash_bit(&t.differ, 2));
    assert_false(reflash_bit(&t.differ, 8));
}

static void nothing_to_write_stays_nothing(void **state)
{
    (void)state;
    reflash_facts_t facts = facts_at(fast_ns);
    facts.turnaround_us = 1000000;
    join_with(&facts, SECTORS);
    assert_int_equal(written(SECTORS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(prices_follow_from_the_facts, set_up),
        cmocka_unit_test_setup(what_a_question_took_corrects_the_prices, set_up),
        cmocka_unit_test_setup(an_answer_that_was_held_up_does_not_spoil_the_prices, set_up),
        cmocka_unit_test_setup(an_image_of_one_block_is_no_image_to_take_a_sample_of, set_up),
        cmocka_unit_test_setup(hope_makes_the_question_about_a_whole_image_worth_more, set_up),
        cmocka_unit_test_setup(a_stub_is_cheaper_to_start_on_a_quick_line, set_up),
        cmocka_unit_test_setup(a_job_is_hashed_and_written, set_up),
        cmocka_unit_test_setup(an_unchanged_image_is_hashed_little_more_than_once, set_up),
        cmocka_unit_test_setup(where_questions_are_dear_the_image_is_asked_about_first, set_up),
        cmocka_unit_test_setup(one_changed_sector_is_found_alone, set_up),
        cmocka_unit_test_setup(a_changed_program_is_written_almost_unasked, set_up),
        cmocka_unit_test_setup(what_lies_before_a_change_of_code_stays, set_up),
        cmocka_unit_test_setup(an_equal_tail_behind_a_long_change_is_found, set_up),
        cmocka_unit_test_setup(even_a_quick_write_is_begun_and_ended_so_something_is_asked, set_up),
        cmocka_unit_test_setup(the_last_sector_of_a_block_is_deduced, set_up),
        cmocka_unit_test_setup(an_image_of_one_sector_takes_one_question, set_up),
        cmocka_unit_test_setup(a_run_that_nobody_saw_to_differ_is_told, set_up),
        cmocka_unit_test_setup(what_was_seen_to_differ_is_no_guess, set_up),
        cmocka_unit_test_setup(scattered_sectors_of_a_block_are_erased_with_it, set_up),
        cmocka_unit_test_setup(a_slow_line_leaves_them_scattered, set_up),
        cmocka_unit_test_setup(a_gap_shorter_than_another_run_is_filled, set_up),
        cmocka_unit_test_setup(nothing_to_write_stays_nothing, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
