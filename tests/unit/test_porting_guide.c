/* SPDX-License-Identifier: Apache-2.0 */
/* docs/porting.md shows the port that is compiled and tested, and its figures are those of the check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text_of(const char *path)
{
    enum { CAPACITY = 1 << 17 };
    char whole[1024];
    (void)snprintf(whole, sizeof(whole), "%s/%s", DOCS_DIR, path);
    FILE *file = fopen(whole, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be read", whole);
    }
    char *text = calloc(1, CAPACITY);
    assert_non_null(text);
    assert_true(fread(text, 1, CAPACITY - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* `text` stands in the guide as a block of code of its own. */
static void expect_block(const char *guide, const char *text)
{
    static const char begin[] = "```c\n";
    const char *shown = strstr(guide, text);
    if (shown == NULL || (size_t)(shown - guide) < strlen(begin) ||
        strncmp(shown - strlen(begin), begin, strlen(begin)) != 0 || strncmp(shown + strlen(text), "```\n", 4) != 0) {
        fail_msg("docs/porting.md does not show, as a block of its own:\n%s", text);
    }
}

static void the_guide_shows_the_smallest_port_as_it_is(void **state)
{
    (void)state;
    char *guide = text_of("porting.md");
    static const char *const files[] = {"../ports/baremetal/baremetal_port.h", "../ports/baremetal/baremetal_port.c"};
    for (size_t at = 0; at < 2; at++) {
        char *file = text_of(files[at]);
        expect_block(guide, file);
        free(file);
    }
    free(guide);
}

static void the_guide_checks_a_port_as_its_test_does(void **state)
{
    (void)state;
    static const struct {
        const char *behind, *first, *end;
    } pieces[] = {
        {"every_promise_of_a_port_is_kept(void **state)\n{\n    (void)state;\n", "    baremetal_port_t", "}\n"},
        {"wires_now_ns() / WIRES_US;\n}\n\n", "static void print", "\nstatic void a_check"},
        {"a_clock_and_a_target(void **state)\n{\n    (void)state;\n", "    baremetal_port_t", "    assert_int"},
    };
    char *guide = text_of("porting.md");
    for (size_t at = 0; at < sizeof(pieces) / sizeof(pieces[0]); at++) {
        char *test = text_of("../tests/ports/test_baremetal_job.c");
        char *piece = strstr(test, pieces[at].behind);
        assert_non_null(piece);
        piece += strlen(pieces[at].behind);
        assert_int_equal(strncmp(piece, pieces[at].first, strlen(pieces[at].first)), 0);
        char *end = strstr(piece, pieces[at].end);
        assert_non_null(end);
        *end = '\0';
        expect_block(guide, piece);
        free(test);
    }
    free(guide);
}

static unsigned rows_of(const char *source, const char *table)
{
    unsigned count = 0;
    const char *row = strstr(source, table);
    const char *end = row != NULL ? strstr(row, "\n};") : NULL;
    assert_non_null(end);
    for (; (row = strstr(row, "\n    {\"")) != NULL && row < end; row++) {
        count++;
    }
    return count;
}

static void the_guide_counts_the_promises(void **state)
{
    (void)state;
    char *guide = text_of("porting.md");
    char *check = text_of("../tests/port-check/port_check.c");
    char told[64];
    (void)snprintf(told, sizeof(told), ", %u promises,", rows_of(check, " promises[] = {"));
    assert_non_null(strstr(guide, told));
    (void)snprintf(told, sizeof(told), ": %u promises and %u,", rows_of(check, " spi_promises[] = {"),
                   rows_of(check, " sdio_promises[] = {"));
    assert_non_null(strstr(guide, told));
    free(guide);
    free(check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guide_shows_the_smallest_port_as_it_is),
        cmocka_unit_test(the_guide_checks_a_port_as_its_test_does),
        cmocka_unit_test(the_guide_counts_the_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
