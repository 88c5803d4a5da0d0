/* SPDX-License-Identifier: Apache-2.0 */
/* Intel HEX: records of Intel's specification (revision A, 1988), and each way in which a text can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "intel_hex.h"

#define END ":00000001FF\n"
#define LINE_100 ":10010000214601360121470136007EFE09D2190140\n"
#define LINE_110 ":100110002146017E17C20001FF5F16002148011928\n"

static hex_pieces_t pieces;
static char why[200];

static bool read_text(const char *text)
{
    why[0] = '\0';
    return hex_read(&pieces, (const uint8_t *)text, strlen(text), why, sizeof(why));
}

static void expect_pieces(const char *text, uint32_t count)
{
    if (!read_text(text)) {
        fail_msg("%s", why);
    }
    assert_int_equal(pieces.count, count);
}

static int release(void **state)
{
    (void)state;
    hex_free(&pieces);
    return 0;
}

static void expect_piece(uint32_t at, uint32_t addr, uint32_t bytes)
{
    assert_int_equal(pieces.pieces[at].addr, addr);
    assert_int_equal(pieces.pieces[at].bytes, bytes);
}

static void a_record_is_bytes_at_an_address(void **state)
{
    static const uint8_t bytes[] = {0x21, 0x46, 0x01, 0x36, 0x01, 0x21, 0x47, 0x01,
                                    0x36, 0x00, 0x7E, 0xFE, 0x09, 0xD2, 0x19, 0x01};
    (void)state;
    expect_pieces(LINE_100 END, 1);
    expect_piece(0, 0x100, 16);
    assert_memory_equal(pieces.pieces[0].data, bytes, sizeof(bytes));
}

static void records_that_follow_each_other_are_one_piece_in_any_order(void **state)
{
    (void)state;
    expect_pieces(LINE_110 LINE_100 END, 1);
    expect_piece(0, 0x100, 32);
    assert_int_equal(pieces.pieces[0].data[0], 0x21);
    assert_int_equal(pieces.pieces[0].data[17], 0x46);
}

static void a_gap_within_a_sector_is_filled_with_ff(void **state)
{
    (void)state;
    expect_pieces(":01000000AA55\n:01000200BB42\n" END, 1);
    expect_piece(0, 0, 3);
    assert_memory_equal(pieces.pieces[0].data, "\xAA\xFF\xBB", 3);
}

static void a_gap_over_a_sectors_border_makes_two_pieces(void **state)
{
    (void)state;
    expect_pieces(":010FFE00AA48\n:01100000BB34\n" END, 2);
    expect_piece(0, 0xFFE, 1);
    expect_piece(1, 0x1000, 1);
    hex_free(&pieces);
    expect_pieces(":010FFF00AA47\n:01100000BB34\n" END, 1); /* neighbours */
}

static void a_linear_address_is_the_upper_half(void **state)
{
    (void)state;
    expect_pieces(":0200000400FFFB\n:01FFFF00AA57\n" END, 1);
    expect_piece(0, 0xFFFFFF, 1);
}

static void a_segment_address_counts_in_sixteens_and_wraps(void **state)
{
    (void)state;
    expect_pieces(":020000021200EA\n:0100010011ED\n" END, 1);
    expect_piece(0, 0x12001, 1);
    hex_free(&pieces);
    expect_pieces(":020000021000EC\n:02FFFF001122CD\n" END, 2);
    expect_piece(0, 0x10000, 1);
    assert_int_equal(pieces.pieces[0].data[0], 0x22);
    expect_piece(1, 0x1FFFF, 1);
}

static void a_linear_address_does_not_wrap(void **state)
{
    (void)state;
    expect_pieces(":020000040001F9\n:02FFFF001122CD\n" END, 1);
    expect_piece(0, 0x1FFFF, 2);
}

static void start_addresses_are_ignored(void **state)
{
    (void)state;
    expect_pieces(":0400000300003800C1\n:04000005000000CD2A\n" LINE_100 END, 1);
    expect_piece(0, 0x100, 16);
}

static void lines_may_end_as_on_any_system_and_be_empty(void **state)
{
    (void)state;
    expect_pieces("\n:01000000aa55\r\n\r\n:00000001ff", 1);
    assert_int_equal(pieces.pieces[0].data[0], 0xAA);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    static const char *const bad[][2] = {
        {"", "line 0 is the last one, and no end record"},
        {END, "line 1 is the last one, and none has data"},
        {LINE_100, "line 1 is the last one, and no end record (:00000001FF): the file is cut off"},
        {LINE_100 END LINE_110, "line 3 is behind the end record"},
        {LINE_100 "hello\n", "line 2 does not begin with a colon"},
        {":0\n", "line 1 has 1 characters behind its colon, which is no record"},
        {":000000\n", "line 1 has 6 characters behind its colon, which is no record"},
        {":00000001FF0\n", "line 1 has 11 characters behind its colon, which is no record"},
        {":0100000GAA55\n", "line 1 has no hexadecimal digit in column 9"},
        {":010000 0AA55\n", "line 1 has no hexadecimal digit in column 8"},
        {":02000000AA54\n", "line 1 says 2 bytes of data and has 1"},
        {":01000000AA56\n", "line 1 has the checksum 56 instead of 55"},
        {":01000006AA4F\n", "line 1 has the record type 06; there are 00 to 05"},
        {":0100000400FB\n", "line 1 is a record of type 04 with 1 bytes instead of 2"},
        {":0100000100FE\n", "line 1 is a record of type 01 with 1 bytes instead of 0"},
        {":020000041000EA\n:01000000AA55\n", "line 2 has bytes at 0x10000000, beyond 256 MiB"},
        {":020000040FFFEC\n:02FFFF00AAAAAC\n", "line 2 has bytes at 0xfffffff, beyond 256 MiB"},
        {LINE_100 LINE_110 ":01011F00AA35\n" END, "line 3 gives bytes at 0x11f that line 2 has, too"},
    };
    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
        assert_false(read_text(bad[at][0]));
        assert_null(pieces.pieces);
        if (strstr(why, bad[at][1]) == NULL) {
            fail_msg("\"%s\" is not in \"%s\"", bad[at][1], why);
        }
    }
}

static void every_cut_and_every_other_digit_is_noticed(void **state)
{
    char text[] = LINE_100 LINE_110 ":00000001FF";
    (void)state;
    for (size_t bytes = 0; bytes < sizeof(text) - 1; bytes++) {
        assert_false(hex_read(&pieces, (const uint8_t *)text, bytes, why, sizeof(why)));
    }
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        const char kept = text[at];
        text[at] = kept == '7' ? '8' : '7';
        assert_false(read_text(text));
        text[at] = kept;
    }
    assert_true(read_text(text));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, release)
    const struct CMUnitTest tests[] = {
        TEST(a_record_is_bytes_at_an_address),
        TEST(records_that_follow_each_other_are_one_piece_in_any_order),
        TEST(a_gap_within_a_sector_is_filled_with_ff),
        TEST(a_gap_over_a_sectors_border_makes_two_pieces),
        TEST(a_linear_address_is_the_upper_half),
        TEST(a_segment_address_counts_in_sixteens_and_wraps),
        TEST(a_linear_address_does_not_wrap),
        TEST(start_addresses_are_ignored),
        TEST(lines_may_end_as_on_any_system_and_be_empty),
        TEST(what_is_wrong_is_told_with_its_line),
        TEST(every_cut_and_every_other_digit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
