/* SPDX-License-Identifier: Apache-2.0 */
/* What a chip was asked and did: told to a watcher, as lines, and as an account of it all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "board.h"
#include "report.h"
#include "trace.h"

enum { SECTOR_BYTES = 0x1000, FLASH_BEGIN = 0x02, FLASH_DATA = 0x03, MD5 = 0x13, ERASE_REGION = 0xD1, LINES_MAX = 16 };

typedef struct {
    char lines[LINES_MAX][ESPSIM_TRACE_LINE_BYTES];
    unsigned count;
} lines_t;

static void keep(void *context, const espsim_event_t *event)
{
    lines_t *lines = context;
    assert_in_range(lines->count, 0, LINES_MAX - 1);
    espsim_trace_line(event, lines->lines[lines->count++]);
}

/* What comes behind the time. */
static void expect(const lines_t *lines, unsigned index, const char *text)
{
    assert_in_range(index, 0, lines->count - 1);
    assert_non_null(strchr(lines->lines[index], ' '));
    assert_string_equal(strchr(lines->lines[index], ' ') + 1, text);
}

static void commands_are_told_with_what_they_say_and_what_came_of_them(void **state)
{
    (void)state;
    lines_t lines = {.count = 0};
    board_t board = board_synced();
    uint8_t data[64] = {1, 2, 3};
    const uint32_t first[] = {sizeof(data), 0, 0, 0};
    const uint32_t wrong[] = {sizeof(data), 5, 0, 0};
    espsim_set_watch(board.sim, keep, &lines);
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 2 * SECTOR_BYTES, 128, sizeof(data), 0x10000), 0);
    assert_int_equal(board_ask(&board, FLASH_DATA, first, 4, data, sizeof(data)), 0);
    assert_int_equal(board_ask(&board, FLASH_DATA, wrong, 4, data, sizeof(data)), 0x0105);
    (void)BOARD_ASK(&board, 0x55, 1, 2);
    assert_int_equal(lines.count, 4);
    /* The ESP32 answers after 0.2 ms; each sector takes 45 ms, each burst of 32 bytes 30 + 31 * 2.5 us, each byte read
     * back 0.85 us. */
    expect(&lines, 0, "> FLASH_BEGIN size=8192 blocks=128 block=64 addr=0x10000 < ok 90.200 ms");
    expect(&lines, 1, "> FLASH_DATA size=64 seq=0 < ok 0.469 ms");
    expect(&lines, 2, "> FLASH_DATA size=64 seq=5 < refused 0x0105 0.200 ms");
    expect(&lines, 3, "> 0x55 size=8 < refused 0x0105 0.200 ms");
    espsim_set_watch(board.sim, NULL, NULL);
    (void)BOARD_ASK(&board, 0x55, 1, 2);
    assert_int_equal(lines.count, 4);
    board_free(&board);
}

static void a_line_begins_with_the_chips_time_in_seconds(void **state)
{
    (void)state;
    char line[ESPSIM_TRACE_LINE_BYTES];
    const espsim_event_t event = {.kind = ESPSIM_EVENT_BAUD,
                                  .at_ns = UINT64_C(12050000007),
                                  .baud = 921600,
                                  .bytes_to_target = 46,
                                  .bytes_from_target = 112};
    espsim_trace_line(&event, line);
    assert_string_equal(line, "12.050000007 * baud 921600 after 46 bytes in, 112 out");
}

static void resets_stubs_and_lost_power_are_told(void **state)
{
    (void)state;
    lines_t lines = {.count = 0};
    board_t board = board_synced();
    espsim_set_watch(board.sim, keep, &lines);
    assert_true(espsim_run_stub(board.sim, ESPSIM_STUB_2_0));
    board_settle(&board);
    (void)BOARD_ASK(&board, ERASE_REGION, 0x1000, 1);
    espsim_set_faults(board.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_POWER_CUT, .op = 1}}});
    (void)BOARD_ASK(&board, ERASE_REGION, 0x1000, 0x1000);
    board_reset(&board, true);
    espsim_power_cycle(board.sim);
    assert_int_equal(lines.count, 5);
    expect(&lines, 0, "* stub 2.0 after 46 bytes in, 241 out");
    expect(&lines, 1, "> ERASE_REGION addr=0x1000 size=1 < refused 0xC000 0.200 ms");
    assert_non_null(strstr(lines.lines[2], "> ERASE_REGION addr=0x1000 size=4096 < "));
    assert_non_null(strstr(lines.lines[3], "* power off after "));
    assert_non_null(strstr(lines.lines[4], "* reset cause=0x1 strapping=0x3 after "));
    board_free(&board);
}

static json_t *report_of(const espsim_t *sim)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    assert_non_null(file);
    espsim_report_write(sim, file);
    assert_int_equal(fclose(file), 0);
    json_error_t error;
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (report == NULL) {
        fail_msg("%s in %s", error.text, text);
    }
    free(text);
    return report;
}

/* The number at `path`, its parts separated by '/'. */
static long long number_at(const json_t *report, const char *path)
{
    char part[64];
    while (report != NULL && *path != '\0') {
        const size_t bytes = strcspn(path, "/");
        assert_in_range(bytes, 1, sizeof(part) - 1);
        memcpy(part, path, bytes);
        part[bytes] = '\0';
        report = json_object_get(report, part);
        path += bytes + (path[bytes] != '\0' ? 1 : 0);
    }
    assert_true(json_is_integer(report));
    return json_integer_value(report);
}

static void the_report_of_a_new_chip_is_empty_but_complete(void **state)
{
    (void)state;
    board_t board = board_blank();
    board_power_on(&board);
    json_t *report = report_of(board.sim);
    assert_int_equal(number_at(report, "now_ns"), 0);
    assert_int_equal(number_at(report, "flash/bytes"), BOARD_FLASH_BYTES);
    assert_int_equal(json_object_size(json_object_get(report, "commands")), 0);
    assert_int_equal(json_object_size(json_object_get(json_object_get(report, "flash"), "wear")), 0);
    json_decref(report);
    board_free(&board);
}

static void the_report_counts_commands_erases_pages_and_wear(void **state)
{
    (void)state;
    board_t board = board_synced();
    uint8_t data[1024] = {1, 2, 3};
    const uint32_t first[] = {sizeof(data), 0, 0, 0};
    const uint32_t wrong[] = {sizeof(data), 9, 0, 0};
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, 48 * SECTOR_BYTES, 192, sizeof(data), 0x10000), 0);
    assert_int_equal(BOARD_ASK(&board, FLASH_BEGIN, SECTOR_BYTES, 4, sizeof(data), 0x10000), 0);
    assert_int_equal(board_ask(&board, FLASH_DATA, first, 4, data, sizeof(data)), 0);
    assert_int_equal(board_ask(&board, FLASH_DATA, wrong, 4, data, sizeof(data)), 0x0105);
    (void)BOARD_ASK(&board, MD5, 0, SECTOR_BYTES, 0, 0);
    (void)BOARD_ASK(&board, 0x55, 1, 2);
    json_t *report = report_of(board.sim);
    assert_string_equal(json_string_value(json_object_get(report, "chip")), "ESP32");
    assert_int_equal(number_at(report, "commands/SYNC/count"), 1);
    assert_int_equal(number_at(report, "commands/FLASH_BEGIN/count"), 2);
    assert_int_equal(number_at(report, "commands/FLASH_DATA/count"), 2);
    assert_int_equal(number_at(report, "commands/FLASH_DATA/refused"), 1);
    assert_int_equal(number_at(report, "commands/0x55/refused"), 1);
    /* 48 sectors from a border: 16 single ones, a block, 16 single ones. */
    assert_int_equal(number_at(report, "flash/erases/4096"), 32 + 1);
    assert_int_equal(number_at(report, "flash/erases/65536"), 1);
    assert_int_equal(number_at(report, "flash/erases/32768"), 0);
    assert_int_equal(number_at(report, "flash/erases/chip"), 0);
    assert_int_equal(number_at(report, "flash/pages_programmed"), 4);
    assert_int_equal(number_at(report, "flash/programmed_bytes"), 1024);
    assert_int_equal(number_at(report, "flash/wear/0x010000"), 2);
    assert_int_equal(number_at(report, "flash/wear/0x03f000"), 1);
    assert_int_equal(json_object_size(json_object_get(json_object_get(report, "flash"), "wear")), 48);
    assert_int_equal(number_at(report, "time_ns/erase"), UINT64_C(1000000) * (33 * 45 + 150));
    assert_int_equal(number_at(report, "time_ns/md5"), SECTOR_BYTES * UINT64_C(2330));
    assert_int_equal(number_at(report, "link/bytes_to_target"), espsim_stats(board.sim)->bytes_to_target);

    long long sum_ns = 0;
    const char *cause;
    json_t *ns;
    json_object_foreach(json_object_get(report, "time_ns"), cause, ns)
    {
        sum_ns += json_integer_value(ns);
    }
    assert_int_equal(sum_ns, number_at(report, "now_ns"));
    json_decref(report);
    board_free(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_told_with_what_they_say_and_what_came_of_them),
        cmocka_unit_test(a_line_begins_with_the_chips_time_in_seconds),
        cmocka_unit_test(resets_stubs_and_lost_power_are_told),
        cmocka_unit_test(the_report_of_a_new_chip_is_empty_but_complete),
        cmocka_unit_test(the_report_counts_commands_erases_pages_and_wear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
