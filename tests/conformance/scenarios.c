/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay.h"

enum { SCENARIO_LIMIT = 256, TOPIC_LIMIT = 16, PATH_LIMIT = 512, NAME_LIMIT = 128 };

struct test {
    const trace_t *trace;
    const trace_scenario_t *scenario;
    char name[NAME_LIMIT];
};

static char paths[TOPIC_LIMIT][PATH_LIMIT];
static trace_t traces[TOPIC_LIMIT];
static struct test tests[SCENARIO_LIMIT];
static struct CMUnitTest unit_tests[SCENARIO_LIMIT];
static size_t test_count;
static unsigned exception_count;

/* The line number that failed, or 0. */
static size_t run_lines(replay_t *replay, const trace_scenario_t *part)
{
    for (size_t i = 0; i < part->line_count; i++) {
        if (!replay_line(replay, part->lines[i])) {
            return part->first_line_number + i;
        }
    }
    return 0;
}

static void the_chip_answers_as_recorded(void **state)
{
    const struct test *const test = *state;
    char error[1200] = "";
    replay_t *const replay = replay_open(NULL, NULL);
    size_t failed_line = run_lines(replay, &test->trace->preamble);
    if (failed_line == 0) {
        failed_line = run_lines(replay, test->scenario);
    }
    if (failed_line == 0 && !replay_settle(replay)) {
        failed_line = test->scenario->first_line_number + test->scenario->line_count - 1;
    }
    if (failed_line != 0) {
        snprintf(error, sizeof(error), "%s:%zu: %s", test->trace->path, failed_line, replay_error(replay));
    }
    exception_count += replay_exceptions(replay);
    replay_close(replay);
    if (error[0] != 0) {
        fail_msg("%s", error);
    }
}

static bool list_tests(const char *chip, const char *const *topics, size_t topic_count)
{
    for (size_t i = 0; i < topic_count && i < TOPIC_LIMIT; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/%s-%s.txt", TRACES_DIR, chip, topics[i]);
        if (!trace_load(&traces[i], paths[i])) {
            return false;
        }
        for (size_t s = 0; s < traces[i].scenario_count; s++) {
            if (test_count == SCENARIO_LIMIT) {
                return false;
            }
            struct test *const test = &tests[test_count];
            test->trace = &traces[i];
            test->scenario = &traces[i].scenarios[s];
            snprintf(test->name, sizeof(test->name), "%s_%s_%s", chip, topics[i], test->scenario->name);
            unit_tests[test_count++] = (struct CMUnitTest){
                .name = test->name,
                .test_func = the_chip_answers_as_recorded,
                .initial_state = test,
            };
        }
    }
    return true;
}

bool scenarios_pass(const char *group, const char *chip, const char *const *topics, size_t topic_count,
                    const char *pattern)
{
    if (!list_tests(chip, topics, topic_count)) {
        return false;
    }
    if (pattern != NULL) {
        cmocka_set_test_filter(pattern);
    }
    const int failed = _cmocka_run_group_tests(group, unit_tests, test_count, NULL, NULL);
    printf("%s: %zu scenarios, %u exceptions ($ only-prefix, $ borrowed)\n", chip, test_count, exception_count);
    for (size_t i = 0; i < topic_count; i++) {
        trace_free(&traces[i]);
    }
    return failed == 0;
}
