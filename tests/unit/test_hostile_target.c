/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against targets that lie: they can make a job fail, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

#include "liar.h"

enum { CONVERSATIONS = 4000, SEED = 1 };

/* What such a job may take: it has 8 sectors, and three tries. */
static const uint64_t took_us_max = UINT64_C(600) * 1000000;
static const uint64_t bytes_max = 4000000;

static uint8_t draw_at_random(void *context)
{
    uint32_t *state = context;
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (uint8_t)(*state >> 24);
}

static uint8_t always_denied(void *context)
{
    (void)context;
    return 0xFC; /* an honest answer, a digest with a fault */
}

static uint8_t always_there(void *context)
{
    (void)context;
    return 0xFD; /* an honest answer, the right digest */
}

static uint8_t never(void *context)
{
    (void)context;
    return 0;
}

static void conversations_at_random_end_and_claim_nothing_unconfirmed(void **state)
{
    (void)state;
    unsigned successes = 0;
    unsigned successes_after_writing = 0;
    uint64_t longest_us = 0;
    uint64_t most_bytes = 0;
    for (uint32_t at = 0; at < CONVERSATIONS; at++) {
        uint32_t random = (SEED * UINT32_C(40503) + at) * UINT32_C(2654435761);
        const liar_target_t target = (liar_target_t)(at % LIAR_TARGETS);
        const liar_source_t source = at % 16 == 15 ? LIAR_MEMORY : (liar_source_t)(at / LIAR_TARGETS % 2);
        const liar_result_t result = liar_run(target, source, draw_at_random, &random);
        assert_true(result.took_us <= took_us_max);
        assert_true(result.bytes <= bytes_max);
        longest_us = result.took_us > longest_us ? result.took_us : longest_us;
        most_bytes = result.bytes > most_bytes ? result.bytes : most_bytes;
        successes += result.err == ESP_LOADER_SUCCESS ? 1 : 0;
        successes_after_writing += result.err == ESP_LOADER_SUCCESS && result.written > 0 ? 1 : 0;
    }
    print_message("seed %u: %u of %u succeeded, %u of them having written; longest %u s, at most %u bytes\n", SEED,
                  successes, CONVERSATIONS, successes_after_writing, (unsigned)(longest_us / 1000000),
                  (unsigned)most_bytes);
    assert_in_range(successes_after_writing, 1, CONVERSATIONS - 1); /* or they all ended too soon to tell */
}

static void a_target_that_denies_every_digest_is_no_success(void **state)
{
    (void)state;
    for (unsigned target = 0; target < LIAR_TARGETS; target++) {
        const liar_result_t result = liar_run((liar_target_t)target, LIAR_MEMORY, always_denied, NULL);
        assert_int_equal(result.err, ESP_LOADER_ERROR_INVALID_MD5);
        assert_true(result.took_us <= took_us_max);
    }
}

static void a_target_that_confirms_every_digest_is_left_alone(void **state)
{
    (void)state;
    for (unsigned target = 0; target < LIAR_TARGETS; target++) {
        const liar_result_t result = liar_run((liar_target_t)target, LIAR_MEMORY, always_there, NULL);
        assert_int_equal(result.err, ESP_LOADER_SUCCESS);
        assert_int_equal(result.written, 0);
    }
}

static void a_target_that_falls_silent_ends_the_job(void **state)
{
    (void)state;
    for (unsigned target = 0; target < LIAR_TARGETS; target++) {
        const liar_result_t result = liar_run((liar_target_t)target, LIAR_MEMORY, never, NULL);
        assert_int_equal(result.err, ESP_LOADER_ERROR_TIMEOUT);
        assert_in_range(result.took_us, 1000000, 60000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations_at_random_end_and_claim_nothing_unconfirmed),
        cmocka_unit_test(a_target_that_denies_every_digest_is_no_success),
        cmocka_unit_test(a_target_that_confirms_every_digest_is_left_alone),
        cmocka_unit_test(a_target_that_falls_silent_ends_the_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
