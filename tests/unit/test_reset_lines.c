/* SPDX-License-Identifier: Apache-2.0 */
/* The dances of DTR and RTS: what the two transistors of a board make of them, and that the tables are the known
 * sequences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "reset_lines.h"

/* "D0R1 " for each step, a number for each wait, F where input is forgotten. */
static char played[200];

static void set(void *port, bool dtr, bool rts)
{
    char step[8];
    (void)port;
    (void)snprintf(step, sizeof(step), "D%dR%d ", dtr, rts);
    (void)strcat(played, step);
}

static void forget(void *port)
{
    (void)port;
    (void)strcat(played, "F ");
}

static void delay_ms(uint32_t ms)
{
    char wait[16] = "";
    if (ms > 0) {
        (void)snprintf(wait, sizeof(wait), "%u ", (unsigned)ms);
    }
    (void)strcat(played, wait);
}

static const char *play(const reflash_lines_t *lines, bool into_loader)
{
    static const reflash_line_moves_t moves = {set, forget, delay_ms};
    played[0] = '\0';
    reflash_lines_play(
        lines, into_loader ? reflash_lines_into_loader(lines->style) : reflash_lines_into_application(lines->style),
        &moves, NULL);
    return played;
}

static void each_style_is_its_known_sequence(void **state)
{
    (void)state;
    static const struct {
        reflash_lines_t lines;
        const char *into_loader, *into_application;
    } known[] = {
        {{.style = REFLASH_LINES_CLASSIC}, "D0R1 100 F D1R0 50 D0R0 ", "D0R1 100 D0R0 "},
        {{.style = REFLASH_LINES_SLOW}, "D0R1 100 F D1R0 550 D0R0 ", "D0R1 100 D0R0 "},
        {{.style = REFLASH_LINES_USB}, "D0R0 100 D1R0 100 D1R1 D0R1 100 F D0R0 ", "D0R1 200 D0R0 200 "},
        {{.style = REFLASH_LINES_NONE}, "", ""},
    };
    for (size_t row = 0; row < sizeof(known) / sizeof(known[0]); row++) {
        assert_string_equal(play(&known[row].lines, true), known[row].into_loader);
        assert_string_equal(play(&known[row].lines, false), known[row].into_application);
    }
}

static void lines_that_a_board_turns_over_are_turned_over(void **state)
{
    (void)state;
    assert_string_equal(play(&(reflash_lines_t){.invert_dtr = true}, true), "D1R1 100 F D0R0 50 D1R0 ");
    assert_string_equal(play(&(reflash_lines_t){.invert_rts = true}, true), "D0R0 100 F D1R1 50 D0R1 ");
}

static void every_dance_ends_with_both_lines_released(void **state)
{
    (void)state;
    for (int style = REFLASH_LINES_CLASSIC; style <= REFLASH_LINES_NONE; style++) {
        const reflash_line_dance_t dances[] = {reflash_lines_into_loader((reflash_lines_style_t)style),
                                               reflash_lines_into_application((reflash_lines_style_t)style)};
        for (size_t at = 0; at < 2 && dances[at].count > 0; at++) {
            const reflash_line_step_t *last = &dances[at].steps[dances[at].count - 1];
            assert_false(last->dtr || last->rts);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_style_is_its_known_sequence),
        cmocka_unit_test(lines_that_a_board_turns_over_are_turned_over),
        cmocka_unit_test(every_dance_ends_with_both_lines_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
