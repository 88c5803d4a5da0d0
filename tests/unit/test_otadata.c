/* SPDX-License-Identifier: Apache-2.0 */
/* The two records by which ESP-IDF's bootloader chooses an application. */
#include "otadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { NEW = 0, PENDING = 1, VALID = 2, INVALID = 3, ABORTED = 4, SECTOR_BYTES = 4096, BYTES = 8192 };
#define UNDEFINED 0xFFFFFFFFu

/* CRC-32 of the sequence numbers' four bytes; those of 1 and 2 are found in many devices. */
static const uint32_t crc_of_none = 0x2144DF1C, sequence_crc[] = {0, 0x4743989A, 0x55F63774, 0xED4A5011, 0x709D68A8};

typedef struct {
    uint32_t sequence, state;
    bool wrong_crc;
} record_t;

static void put_word(uint8_t *at, uint32_t word)
{
    for (unsigned byte = 0; byte < 4; byte++) {
        at[byte] = (uint8_t)(word >> (8 * byte));
    }
}

/* Sequence 0: blank. */
static void fill(uint8_t data[BYTES], const record_t records[2])
{
    memset(data, 0xFF, BYTES);
    for (size_t at = 0; at < 2; at++) {
        const record_t *record = &records[at];
        if (record->sequence != 0) {
            const uint32_t crc = record->sequence == UNDEFINED ? crc_of_none : sequence_crc[record->sequence];
            put_word(data + at * SECTOR_BYTES, record->sequence);
            put_word(data + at * SECTOR_BYTES + 24, record->state);
            put_word(data + at * SECTOR_BYTES + 28, crc ^ (record->wrong_crc ? 1 : 0));
        }
    }
}

static void the_newest_record_that_counts_chooses(void **state)
{
    (void)state;
    static const struct {
        record_t records[2];
        int chosen; /* -1: none */
    } rows[] = {
        {{{0}, {0}}, -1},
        {{{1, VALID, false}, {0}}, 0},
        {{{0}, {2, VALID, false}}, 1},
        {{{1, VALID, false}, {2, VALID, false}}, 1},
        {{{3, VALID, false}, {2, VALID, false}}, 0},
        {{{3, UNDEFINED, false}, {4, NEW, false}}, 1},
        {{{1, NEW, false}, {2, PENDING, false}}, 1},
        {{{2, VALID, false}, {2, NEW, false}}, 0},
        {{{1, VALID, false}, {2, VALID, true}}, 0},
        {{{1, VALID, false}, {2, INVALID, false}}, 0},
        {{{1, VALID, false}, {2, ABORTED, false}}, 0},
        {{{1, VALID, true}, {2, ABORTED, false}}, -1},
        {{{UNDEFINED, VALID, false}, {2, VALID, false}}, 1},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        uint8_t data[BYTES];
        otadata_t otadata;
        fill(data, rows[row].records);
        assert_true(otadata_is_file(data, sizeof(data)));
        otadata_read(&otadata, data, sizeof(data));
        assert_int_equal(otadata.chosen == NULL ? -1 : (int)(otadata.chosen - otadata.records), rows[row].chosen);
        for (size_t at = 0; at < 2; at++) {
            const record_t *put = &rows[row].records[at];
            const otadata_record_t *got = &otadata.records[at];
            assert_int_equal(got->is_blank, put->sequence == 0);
            if (!got->is_blank) {
                assert_int_equal(got->sequence, put->sequence);
                assert_int_equal(got->state, put->state);
                assert_int_equal(got->crc_right, !put->wrong_crc);
            }
        }
    }
}

static void what_is_cut_off_counts_as_blank(void **state)
{
    (void)state;
    uint8_t data[BYTES];
    otadata_t otadata;
    fill(data, (const record_t[]){{1, VALID, false}, {2, VALID, false}});
    otadata_read(&otadata, data, SECTOR_BYTES + 31);
    assert_ptr_equal(otadata.chosen, &otadata.records[0]);
    assert_true(otadata.records[1].is_blank);
    otadata_read(&otadata, data, 31);
    assert_null(otadata.chosen);
    assert_false(otadata_is_file(data, BYTES - 1));
}

static void slots_are_taken_in_turn(void **state)
{
    (void)state;
    assert_int_equal(otadata_slot(1, 2), 0);
    assert_int_equal(otadata_slot(2, 2), 1);
    assert_int_equal(otadata_slot(3, 2), 0);
    assert_int_equal(otadata_slot(3, 3), 2);
    assert_int_equal(otadata_slot(7, 1), 0);
}

static void other_data_is_none(void **state)
{
    (void)state;
    static const record_t sound[2] = {{1, VALID, false}, {2, VALID, false}};
    static const record_t strange[2] = {{1, 7, true}, {2, VALID, false}};
    uint8_t data[BYTES];
    fill(data, sound);
    data[32] = 0;
    assert_false(otadata_is_file(data, sizeof(data)));
    fill(data, sound);
    data[BYTES - 1] = 0xFE;
    assert_false(otadata_is_file(data, sizeof(data)));
    fill(data, strange);
    assert_false(otadata_is_file(data, sizeof(data)));
    assert_null(otadata_state_name(7));
    memset(data, 0, sizeof(data));
    assert_false(otadata_is_file(data, sizeof(data)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_record_that_counts_chooses),
        cmocka_unit_test(what_is_cut_off_counts_as_blank),
        cmocka_unit_test(slots_are_taken_in_turn),
        cmocka_unit_test(other_data_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
