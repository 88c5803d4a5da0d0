/* SPDX-License-Identifier: Apache-2.0 */
/* Each request causes the SPI flash commands that the mask ROM sent for it. One test per case of
 * traces/CHIP-spi-commands.txt.
 *
 *     test_spi_commands CHIP [PATTERN]      PATTERN: only the tests whose name it matches, with * and ? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay.h"

enum {
    TRANSACTION_LIMIT = 20000,
    CASE_LIMIT = 64,
    PATH_LIMIT = 512,
    NAME_LIMIT = 128,
    ERASE_4K = 0x20,
    ERASE_64K = 0xd8,
};

struct transaction {
    uint8_t opcode;
    uint32_t addr, bytes;
};

/* What the flash part saw, and how much of it the trace has told by now. */
struct bus {
    struct transaction seen[TRANSACTION_LIMIT];
    size_t seen_count, told_count;
    bool watching;
};

static void watch(void *context, uint8_t opcode, uint32_t addr, uint32_t bytes)
{
    struct bus *const bus = context;
    if (!bus->watching || bus->seen_count == TRANSACTION_LIMIT) {
        return;
    }
    bus->seen[bus->seen_count++] = (struct transaction){opcode, addr, bytes};
}

static bool is_erase(const struct transaction *t)
{
    return t->opcode == ERASE_4K || t->opcode == ERASE_64K;
}

/* "02 0x000000 32", "05 x2", "01 0x001000" */
static bool tell_transaction(struct bus *bus, const char *line, char *error, size_t error_bytes)
{
    unsigned opcode, addr = 0, bytes = 0, times = 1;
    const int words = sscanf(line, "%2x 0x%x %u", &opcode, &addr, &bytes);
    if (words == 1) {
        sscanf(line, "%*2x x%u", &times);
    }
    for (unsigned i = 0; i < times; i++) {
        if (bus->told_count == bus->seen_count) {
            snprintf(error, error_bytes, "the ROM sent \"%s\", the chip nothing more", line);
            return false;
        }
        const struct transaction *const t = &bus->seen[bus->told_count++];
        if (t->opcode != opcode || (words >= 2 && t->addr != addr) || (words >= 3 && t->bytes != bytes)) {
            snprintf(error, error_bytes, "the ROM sent \"%s\", the chip %02x 0x%06x %u as transaction %zu", line,
                     (unsigned)t->opcode, (unsigned)t->addr, (unsigned)t->bytes, bus->told_count);
            return false;
        }
    }
    return true;
}

/* "16 of 4096 bytes: 0x000000 to 0x00ffff": so many erases of that size in a row, whatever comes between them */
static bool tell_erases(struct bus *bus, const char *line, char *error, size_t error_bytes)
{
    unsigned count, bytes, first, last;
    if (sscanf(line, "%u of %u bytes: 0x%x to 0x%x", &count, &bytes, &first, &last) != 4) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        while (bus->told_count < bus->seen_count && !is_erase(&bus->seen[bus->told_count])) {
            bus->told_count++;
        }
        const struct transaction *const t =
            bus->told_count < bus->seen_count ? &bus->seen[bus->told_count++] : &(struct transaction){0, 0, 0};
        if (t->bytes != bytes || t->addr != first + i * bytes) {
            snprintf(error, error_bytes, "erase %u of \"%s\" is %02x 0x%06x %u", i + 1, line, (unsigned)t->opcode,
                     (unsigned)t->addr, (unsigned)t->bytes);
            return false;
        }
    }
    return first + count * bytes == last + 1;
}

/* "02:8 05:27": all that was seen, counted by opcode */
static bool check_totals(const struct bus *bus, const char *list, char *error, size_t error_bytes)
{
    size_t expected_sum = 0;
    unsigned opcode, expected;
    for (int used = 0; sscanf(list, " %2x:%u%n", &opcode, &expected, &used) == 2; list += used) {
        size_t count = 0;
        for (size_t i = 0; i < bus->seen_count; i++) {
            count += bus->seen[i].opcode == opcode;
        }
        expected_sum += expected;
        if (count != expected) {
            snprintf(error, error_bytes, "%zu times %02x instead of %u", count, opcode, expected);
            return false;
        }
    }
    snprintf(error, error_bytes, "%zu transactions instead of %zu", bus->seen_count, expected_sum);
    return bus->seen_count == expected_sum;
}

/* Nothing is left but `more_count` transactions that the trace leaves out, and what an erase order leaves out. */
static bool check_rest(struct bus *bus, size_t more_count, bool erases_only, char *error, size_t error_bytes)
{
    size_t rest_count = 0;
    for (size_t i = bus->told_count; i < bus->seen_count; i++) {
        rest_count += !erases_only || is_erase(&bus->seen[i]);
    }
    snprintf(error, error_bytes, "%zu more transactions instead of %zu", rest_count, more_count);
    return rest_count == more_count;
}

static bool run_part(replay_t *replay, struct bus *bus, const trace_scenario_t *part, char *error, size_t error_bytes)
{
    size_t more_count = 0;
    bool erases_only = false;
    for (size_t i = 0; i < part->line_count; i++) {
        const char *const line = part->lines[i];
        bool ok = true;
        error[0] = 0;
        if (strcmp(line, "$ watch") == 0) {
            ok = replay_wait(replay);
            bus->watching = true;
        } else if (strncmp(line, "$ totals", 8) == 0) {
            ok = replay_wait(replay) && check_totals(bus, line + 8, error, error_bytes);
        } else if (sscanf(line, "$ more %zu", &more_count) == 1) {
            continue;
        } else if (line[0] == '>') {
            ok = replay_wait(replay) && replay_line(replay, line);
        } else if (line[0] == 0 || line[0] == '#' || line[0] == '$') {
            ok = replay_line(replay, line);
        } else if (strstr(line, " of ") != NULL) {
            erases_only = true;
            ok = replay_wait(replay) && tell_erases(bus, line, error, error_bytes);
        } else {
            ok = replay_wait(replay) && tell_transaction(bus, line, error, error_bytes);
        }
        if (!ok) {
            const size_t used = strlen(error);
            snprintf(error + used, error_bytes - used, "%s (line %zu)", replay_error(replay),
                     part->first_line_number + i);
            return false;
        }
    }
    return check_rest(bus, more_count, erases_only, error, error_bytes);
}

static trace_t trace;
static struct CMUnitTest unit_tests[CASE_LIMIT];
static char names[CASE_LIMIT][NAME_LIMIT];

static void a_request_causes_the_recorded_spi_commands(void **state)
{
    const trace_scenario_t *const scenario = *state;
    char error[1400] = "";
    struct bus *const bus = calloc(1, sizeof(*bus));
    assert_non_null(bus);
    replay_t *const replay = replay_open(watch, bus);
    const bool ok = run_part(replay, bus, &trace.preamble, error, sizeof(error)) &&
                    run_part(replay, bus, scenario, error, sizeof(error));
    replay_close(replay);
    free(bus);
    if (!ok) {
        fail_msg("%s: %s", trace.path, error);
    }
}

int main(int argc, char **argv)
{
    static char path[PATH_LIMIT];
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s CHIP [PATTERN]\n", argv[0]);
        return EXIT_FAILURE;
    }
    snprintf(path, sizeof(path), "%s/%s-spi-commands.txt", TRACES_DIR, argv[1]);
    if (!trace_load(&trace, path) || trace.scenario_count > CASE_LIMIT) {
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < trace.scenario_count; i++) {
        snprintf(names[i], sizeof(names[i]), "%s_spi_commands_%s", argv[1], trace.scenarios[i].name);
        unit_tests[i] = (struct CMUnitTest){
            .name = names[i],
            .test_func = a_request_causes_the_recorded_spi_commands,
            .initial_state = &trace.scenarios[i],
        };
    }
    if (argc == 3) {
        cmocka_set_test_filter(argv[2]);
    }
    const int failed = _cmocka_run_group_tests("spi_commands", unit_tests, trace.scenario_count, NULL, NULL);
    trace_free(&trace);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
