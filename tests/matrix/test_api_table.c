/* SPDX-License-Identifier: Apache-2.0 */
/* Every function of the API, on every chip, talking to its ROM and to the RAM stub, to that over SDIO too: it works, the
 * target refuses, the target is silent. What came out is docs/api-table.md; started as `test_api_table write`, this
 * program writes it.
 *
 * A row of api_rows.h is a function. One that answers UNSUPPORTED_FUNC although its row says that the chip can do it
 * is `missing` in the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "api_document.h"

static api_results_t results[PART_COUNT] = {{.part = &inherited_part}, {.part = &our_part}};

/* --- One cell --------------------------------------------------------------------------------------- */

/* A call that is refused here has sent nothing, and says so. */
static bool is_not_available(esp_loader_error_t err, uint64_t sent_before, bool is_bound)
{
    if (err != ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
        return false;
    }
    assert_int_equal(bench_sent(), sent_before);
    if (is_bound) {
        assert_int_equal(reflash_last_fault(&bench.loader).cause, REFLASH_CAUSE_ARGUMENT);
    }
    return true;
}

/* Bring the context to where the row's call is next. MISSING: this version cannot. */
static cell_t get_ready(const api_row_t *row, talk_t mode)
{
    const uint64_t sent_bytes = bench_sent();
    if (!row->is_first) {
        assert_int_equal(init_link(), ESP_LOADER_SUCCESS);
        const esp_loader_error_t err = mode == ROM ? connect_rom() : connect_stub();
        if (is_not_available(err, sent_bytes, true)) {
            return MISSING;
        }
        assert_int_equal(err, ESP_LOADER_SUCCESS);
    }
    const uint64_t sent_before_bytes = bench_sent();
    const esp_loader_error_t err = row->before != NULL ? row->before() : ESP_LOADER_SUCCESS;
    if (is_not_available(err, sent_before_bytes, true)) {
        return MISSING;
    }
    assert_int_equal(err, ESP_LOADER_SUCCESS);
    return TESTED;
}

/* A stub is asked the same over any link. */
static uint8_t asked_by(const api_row_t *row, talk_t mode)
{
    return row->asks[mode == ROM ? ROM : STUB];
}

static void expect_failure(const api_row_t *row, talk_t mode, esp_loader_error_t err, path_t path)
{
    const reflash_fault_t fault = reflash_last_fault(&bench.loader);
    assert_int_equal(err, path == REFUSAL ? ESP_LOADER_ERROR_INVALID_RESPONSE : ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(fault.code, err);
    assert_int_equal(fault.cause, path == REFUSAL ? REFLASH_CAUSE_REFUSED : REFLASH_CAUSE_SILENCE);
    assert_int_equal(fault.target_reason != 0, path == REFUSAL);
    if (asked_by(row, mode) != 0 && !(row->looks_first && path == SILENCE)) {
        assert_int_equal(fault.command, asked_by(row, mode));
    }
    /* Afterwards the target can be had again. */
    if (path == REFUSAL) {
        bench.port.refuses = false;
    } else {
        espsim_power_cycle(bench.sim);
    }
    bench.port.inner.baud = 115200;
    assert_int_equal(connect_rom(), ESP_LOADER_SUCCESS);
}

static cell_t walk(const api_row_t *row, target_chip_t chip, talk_t mode, path_t path)
{
    if (mode == SDIO_STUB && row->is_first && path == REFUSAL) {
        return IMPOSSIBLE; /* the ROM of a card answers nothing */
    }
    if (get_ready(row, mode) == MISSING) {
        return (row->lacking[mode] >> chip & 1) != 0 ? UNSUPPORTED : MISSING;
    }
    bench.port.refuses = path == REFUSAL;
    bench.port.refused_opcode = asked_by(row, mode);
    bench.port.spoils_questions = row->acts_at_once;
    if (path == SILENCE) {
        espsim_power_off(bench.sim);
    }
    const uint64_t sent_bytes = bench_sent();
    const esp_loader_error_t err = row->call();
    assert_in_range(err, ESP_LOADER_SUCCESS, ESP_LOADER_ERROR_INVALID_RESPONSE);
    if (is_not_available(err, sent_bytes, !row->is_first || row->before != NULL)) {
        return (row->lacking[mode] >> chip & 1) != 0 ? UNSUPPORTED : MISSING;
    }
    if ((row->lacking[mode] >> chip & 1) != 0) {
        fail_msg("the chip cannot do it, but it was tried");
    }
    if (path != SUCCESS && err == ESP_LOADER_SUCCESS && bench_sent() == sent_bytes) {
        return IMPOSSIBLE; /* it asked this loader nothing */
    }
    if (path == SUCCESS) {
        assert_int_equal(err, ESP_LOADER_SUCCESS);
        assert_true(row->holds == NULL || row->holds());
    } else {
        expect_failure(row, mode, err, path);
    }
    return TESTED;
}

/* One cell, with a chip of its own. */
static cell_t try_path(const api_row_t *row, target_chip_t chip, talk_t mode, path_t path)
{
    if (path != SUCCESS && row->never_asks != NULL) {
        return IMPOSSIBLE;
    }
    print_message("%s %s, mode %d, path %d\n", chips[chip].name, row->name, (int)mode, (int)path);
    /* A stub is uploaded by asking the ROM. */
    bench_start(chip, row->is_first ? ROM : mode, mode == SDIO_STUB,
                row->locked && (row->lacking[mode] >> chip & 1) == 0);
    const cell_t cell = walk(row, chip, mode, path);
    bench_end();
    return cell;
}

static void try_row(api_results_t *of, size_t row, talk_t mode)
{
    for (target_chip_t chip = 0; (int)chip < CHIP_COUNT && is_in(&of->part->rows[row], mode); chip++) {
        for (path_t path = SUCCESS; path < PATH_COUNT && chip_has(chip, mode); path++) {
            of->cells[mode][row][chip][path] = try_path(&of->part->rows[row], chip, mode, path);
        }
    }
}

static void every_function_works_is_refused_and_times_out_on_every_chip(void **state)
{
    (void)state;
    for (talk_t mode = ROM; mode < MODE_COUNT; mode++) {
        for (size_t part = 0; part < PART_COUNT; part++) {
            for (size_t row = 0; row < results[part].part->row_count; row++) {
                try_row(&results[part], row, mode);
            }
        }
    }
}

/* --- The document ----------------------------------------------------------------------------------- */

static void the_committed_table_is_the_generated_one(void **state)
{
    (void)state;
    static char committed[API_DOCUMENT_BYTES_MAX];
    const char *document = api_document(results);
    FILE *file = fopen(API_TABLE, "rb");
    assert_non_null(file);
    const size_t bytes = fread(committed, 1, sizeof(committed) - 1, file);
    assert_int_equal(fclose(file), 0);
    committed[bytes] = '\0';
    if (strcmp(committed, document) != 0) {
        fail_msg("%s is not what the tests found; `make api-table` writes it anew:\n%s", API_TABLE, document);
    }
}

static void write_the_table(void **state)
{
    (void)state;
    const char *document = api_document(results);
    FILE *file = fopen(API_TABLE, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(document, 1, strlen(document), file), strlen(document));
    assert_int_equal(fclose(file), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_works_is_refused_and_times_out_on_every_chip),
        cmocka_unit_test(the_committed_table_is_the_generated_one),
    };
    const struct CMUnitTest writing[] = {
        cmocka_unit_test(every_function_works_is_refused_and_times_out_on_every_chip),
        cmocka_unit_test(write_the_table),
    };
    if (argc == 2 && strcmp(argv[1], "write") == 0) {
        return cmocka_run_group_tests(writing, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
