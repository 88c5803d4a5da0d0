/* SPDX-License-Identifier: Apache-2.0 */
/* The dances of boot and reset: the tables are the known sequences, and lines that a board turns over are turned over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "reset_lines.h"

/* "B0R1 " for each step, a number for each wait, F where input is forgotten. */
static char played[200];

static void set(esp_loader_port_t *port, bool boot, bool reset)
{
    char step[8];
    (void)port;
    (void)snprintf(step, sizeof(step), "B%dR%d ", boot, reset);
    (void)strcat(played, step);
}

static void forget(esp_loader_port_t *port)
{
    (void)port;
    (void)strcat(played, "F ");
}

static void delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    char wait[16];
    (void)port;
    (void)snprintf(wait, sizeof(wait), "%u ", (unsigned)ms);
    (void)strcat(played, wait);
}

static const char *play(const reflash_lines_t *lines, bool into_loader)
{
    static const reflash_line_moves_t moves = {set, forget};
    static const esp_loader_port_ops_t ops = {.delay_ms = delay_ms};
    esp_loader_port_t port = {&ops};
    played[0] = '\0';
    if (into_loader) {
        reflash_lines_enter_bootloader(&port, lines, &moves);
    } else {
        reflash_lines_reset_target(&port, lines, &moves);
    }
    return played;
}

static void each_style_is_its_known_sequence(void **state)
{
    (void)state;
    static const struct {
        reflash_lines_t lines;
        const char *into_loader, *into_application;
    } known[] = {
        {{.style = REFLASH_LINES_CLASSIC}, "B0R1 100 F B1R0 50 B0R0 ", "B0R1 100 B0R0 "},
        {{.style = REFLASH_LINES_SLOW}, "B0R1 100 F B1R0 550 B0R0 ", "B0R1 100 B0R0 "},
        {{.style = REFLASH_LINES_USB}, "B0R0 100 B1R0 100 B1R1 B0R1 100 F B0R0 ", "B0R1 200 B0R0 200 "},
        {{.style = REFLASH_LINES_NONE}, "", ""},
        {{.style = REFLASH_LINES_PINS}, "B1R1 100 F B1R0 50 B0R0 ", "B0R1 100 B0R0 "},
        {{.style = REFLASH_LINES_QUICK}, "B0R1 50 F B1R0 50 B0R0 ", "B0R1 100 B0R0 "},
    };
    for (size_t row = 0; row < sizeof(known) / sizeof(known[0]); row++) {
        assert_string_equal(play(&known[row].lines, true), known[row].into_loader);
        assert_string_equal(play(&known[row].lines, false), known[row].into_application);
    }
}

static void lines_that_a_board_turns_over_are_turned_over(void **state)
{
    (void)state;
    assert_string_equal(play(&(reflash_lines_t){.invert_boot = true}, true), "B1R1 100 F B0R0 50 B1R0 ");
    assert_string_equal(play(&(reflash_lines_t){.invert_reset = true}, true), "B0R0 100 F B1R1 50 B0R1 ");
}

static void every_dance_ends_with_both_lines_released(void **state)
{
    (void)state;
    for (int style = REFLASH_LINES_CLASSIC; style <= REFLASH_LINES_QUICK; style++) {
        const reflash_line_dance_t dances[] = {reflash_lines_into_loader((reflash_lines_style_t)style),
                                               reflash_lines_into_application((reflash_lines_style_t)style)};
        for (size_t at = 0; at < 2 && dances[at].count > 0; at++) {
            const reflash_line_step_t *last = &dances[at].steps[dances[at].count - 1];
            assert_false(last->boot || last->reset);
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
