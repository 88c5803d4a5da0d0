/* SPDX-License-Identifier: Apache-2.0 */
/* SLIP: what is escaped, and which frames come out of a stream, however it arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "recorded.h"
#include "wire/slip.h"

enum { STREAM_BYTES_MAX = 4096, TEXT_BYTES = 16384, CAPACITY_BYTES = 300 };

/* --- Helpers --------------------------------------------------------------------------------------- */

typedef struct {
    reflash_slip_reader_t reader;
    uint8_t frame[CAPACITY_BYTES];
    char text[TEXT_BYTES]; /* the frames in hex, each followed by "|" */
    size_t length;
} listener_t;

static void start(listener_t *listener, uint16_t capacity_bytes)
{
    listener->length = 0;
    listener->text[0] = '\0';
    reflash_slip_reader_init(&listener->reader, listener->frame, capacity_bytes);
}

static void feed(listener_t *listener, const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        if (!reflash_slip_reader_push(&listener->reader, bytes[at])) {
            continue;
        }
        assert_true(listener->reader.frame_bytes > 0);
        for (unsigned byte = 0; byte < listener->reader.frame_bytes; byte++) {
            listener->length += (size_t)sprintf(&listener->text[listener->length], "%02x", listener->frame[byte]);
        }
        listener->length += (size_t)sprintf(&listener->text[listener->length], "|");
    }
}

/* Whole, byte by byte and cut at every point: the frames are `frames`. */
static void expect_frames_up_to(uint16_t capacity_bytes, const char *stream, const char *frames)
{
    static uint8_t bytes[STREAM_BYTES_MAX];
    static listener_t listener;
    const size_t count = bytes_of_hex(stream, bytes, sizeof(bytes));

    start(&listener, capacity_bytes);
    feed(&listener, bytes, count);
    assert_string_equal(listener.text, frames);

    start(&listener, capacity_bytes);
    for (size_t at = 0; at < count; at++) {
        feed(&listener, &bytes[at], 1);
    }
    assert_string_equal(listener.text, frames);

    for (size_t cut = 0; cut <= count; cut++) {
        start(&listener, capacity_bytes);
        feed(&listener, bytes, cut);
        feed(&listener, &bytes[cut], count - cut);
        assert_string_equal(listener.text, frames);
    }
}

static void expect_frames(const char *stream, const char *frames)
{
    expect_frames_up_to(CAPACITY_BYTES, stream, frames);
}

/* --- Escaping -------------------------------------------------------------------------------------- */

static void only_the_end_and_the_escape_byte_are_escaped(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte <= 0xFF; byte++) {
        uint8_t out[3] = {0xAA, 0xAA, 0xAA};
        const unsigned length = reflash_slip_escape((uint8_t)byte, out);
        if (byte == 0xC0) {
            assert_bytes(out, 3, "dbdcaa");
            assert_int_equal(length, 2);
        } else if (byte == 0xDB) {
            assert_bytes(out, 3, "dbddaa");
            assert_int_equal(length, 2);
        } else {
            assert_int_equal(out[0], byte);
            assert_int_equal(out[1], 0xAA);
            assert_int_equal(length, 1);
        }
    }
}

static void a_recorded_block_is_escaped_as_it_was_recorded(void **state)
{
    (void)state;
    uint8_t wire[600];
    size_t count = 0;
    wire[count++] = REFLASH_SLIP_END;
    const uint8_t header[] = {0x00, 0x03, 0x10, 0x01, 0xEF, 0, 0, 0, 0x00, 0x01, 0, 0,
                              1,    0,    0,    0,    0,    0, 0, 0, 0,    0,    0, 0};
    for (size_t at = 0; at < sizeof(header); at++) {
        count += reflash_slip_escape(header[at], &wire[count]);
    }
    for (unsigned i = 0; i < 256; i++) {
        count += reflash_slip_escape((uint8_t)(7 * i + (i * i >> 4) + 62), &wire[count]);
    }
    wire[count++] = REFLASH_SLIP_END;
    assert_bytes(wire, count, RECORDED_BLOCK_1);
}

/* --- Frames ---------------------------------------------------------------------------------------- */

static void a_recorded_answer_is_one_frame(void **state)
{
    (void)state;
    expect_frames(RECORDED_SYNC_ANSWER, "010804000707122000000000|");
    expect_frames(RECORDED_MD5_ANSWER,
                  "01132400831df000313035333533633336323535313333643361646266336266653639326333613500000000|");
}

static void escapes_are_undone(void **state)
{
    (void)state;
    expect_frames("c0dbdcc0", "c0|");
    expect_frames("c0dbddc0", "db|");
    expect_frames("c0dbdddcc0", "dbdc|"); /* an escaped escape does not escape what follows */
    /* Recorded from ESP32 mask-ROM code: the answer to good_escapes_sync. */
    expect_frames("c001080400dbdcdbdddbdcdbdd00000000c0", "01080400c0dbc0db00000000|");
}

static void every_byte_value_survives(void **state)
{
    (void)state;
    char stream[2 * 260 + 10] = "c0";
    char frame[2 * 256 + 2] = "";
    for (unsigned byte = 0; byte <= 0xFF; byte++) {
        char plain[3];
        (void)sprintf(plain, "%02x", byte);
        strcat(stream, byte == 0xC0 ? "dbdc" : byte == 0xDB ? "dbdd" : plain);
        strcat(frame, plain);
    }
    expect_frames(strcat(stream, "c0"), strcat(frame, "|"));
}

static void a_wrong_escape_spoils_only_its_own_frame(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte <= 0xFF; byte++) {
        char stream[64];
        (void)sprintf(stream, "c001c0 c002db%02x03c0 c004c0", byte);
        expect_frames(stream, byte == 0xDC   ? "01|02c003|04|"
                              : byte == 0xDD ? "01|02db03|04|"
                              : byte == 0xC0 ? "01|03|04|" /* the end byte counts, and opens the next frame */
                                             : "01|04|");
    }
}

static void an_escape_that_is_cut_off_spoils_its_frame(void **state)
{
    (void)state;
    expect_frames("c001dbc0 c002c0", "02|");
    expect_frames("c0dbc0 c002c0", "02|");
    expect_frames("c0dbdbdcc0 c002c0", "02|");
}

static void an_escape_outside_of_a_frame_means_nothing(void **state)
{
    (void)state;
    expect_frames("dbc001c0", "01|");
    expect_frames("dbdcc001c0", "01|");
}

static void empty_frames_are_not_reported(void **state)
{
    (void)state;
    expect_frames("c0c0c0c0", "");
    expect_frames("c0c0c0c001c0c0c002c0", "01|02|");
}

static void an_end_byte_may_close_one_frame_and_open_the_next(void **state)
{
    (void)state;
    expect_frames("c001c002c0", "01|02|");
    expect_frames("c0010ac0020bc0030cc0", "010a|020b|030c|");
}

static void text_before_the_first_end_byte_is_dropped(void **state)
{
    (void)state;
    expect_frames("68656c6c6f20776f726c640d0a" RECORDED_READ_MAGIC_ANSWER, "010a0400831df00000000000|");
}

static void text_between_frames_harms_neither_of_them(void **state)
{
    (void)state;
    /* As nothing tells text from a frame that lost its first end byte, it is reported as one. */
    expect_frames("c001c0 6f6b c002c0", "01|6f6b|02|");
    expect_frames("c001c0 db41 c002c0", "01|02|");
}

static void a_frame_whose_end_is_lost_does_not_take_the_next_but_one_with_it(void **state)
{
    (void)state;
    expect_frames("c001 c002c0 c003c0", "01|02|03|");
    expect_frames("01c0 c002c0", "02|");
}

static void a_frame_as_long_as_the_buffer_is_taken_and_a_longer_one_dropped(void **state)
{
    (void)state;
    expect_frames_up_to(4, "c001020304c0 c005c0", "01020304|05|");
    expect_frames_up_to(4, "c00102030405c0 c006c0", "06|");
    expect_frames_up_to(4, "c0010203dbdcc0 c005c0", "010203c0|05|");
    expect_frames_up_to(4, "c001020304dbdcc0 c005c0", "05|");
    expect_frames_up_to(4, "c001020304dbddc0 c005c0", "05|");
    expect_frames_up_to(4, "c0010203040506070809dbdcdb41dbc0 c00ac0", "0a|");
    expect_frames_up_to(0, "c001c0 c0c0", "");
}

static void nothing_is_written_behind_the_buffer(void **state)
{
    (void)state;
    uint8_t frame[6];
    const uint8_t stream[] = {0xC0, 1, 2, 3, 0xDB, 0xDC, 0xDB, 0xDD, 6, 7, 8, 0xC0};
    memset(frame, 0xAA, sizeof(frame));
    reflash_slip_reader_t reader;
    reflash_slip_reader_init(&reader, frame, 4);
    for (size_t at = 0; at < sizeof(stream); at++) {
        assert_false(reflash_slip_reader_push(&reader, stream[at]));
    }
    assert_bytes(frame, sizeof(frame), "010203c0aaaa");
}

static void a_frame_stays_valid_until_the_next_byte(void **state)
{
    (void)state;
    listener_t listener;
    const uint8_t first[] = {0xC0, 1, 2, 0xC0};
    start(&listener, CAPACITY_BYTES);
    feed(&listener, first, sizeof(first));
    assert_int_equal(listener.reader.frame_bytes, 2);
    assert_bytes(listener.frame, 2, "0102");
}

static void starting_again_forgets_half_a_frame(void **state)
{
    (void)state;
    listener_t listener;
    const uint8_t half[] = {0xC0, 1, 0xDB};
    const uint8_t rest[] = {0xDC, 2, 0xC0, 3, 0xC0};
    start(&listener, CAPACITY_BYTES);
    feed(&listener, half, sizeof(half));
    start(&listener, CAPACITY_BYTES);
    feed(&listener, rest, sizeof(rest));
    assert_string_equal(listener.text, "03|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_end_and_the_escape_byte_are_escaped),
        cmocka_unit_test(a_recorded_block_is_escaped_as_it_was_recorded),
        cmocka_unit_test(a_recorded_answer_is_one_frame),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(every_byte_value_survives),
        cmocka_unit_test(a_wrong_escape_spoils_only_its_own_frame),
        cmocka_unit_test(an_escape_that_is_cut_off_spoils_its_frame),
        cmocka_unit_test(an_escape_outside_of_a_frame_means_nothing),
        cmocka_unit_test(empty_frames_are_not_reported),
        cmocka_unit_test(an_end_byte_may_close_one_frame_and_open_the_next),
        cmocka_unit_test(text_before_the_first_end_byte_is_dropped),
        cmocka_unit_test(text_between_frames_harms_neither_of_them),
        cmocka_unit_test(a_frame_whose_end_is_lost_does_not_take_the_next_but_one_with_it),
        cmocka_unit_test(a_frame_as_long_as_the_buffer_is_taken_and_a_longer_one_dropped),
        cmocka_unit_test(nothing_is_written_behind_the_buffer),
        cmocka_unit_test(a_frame_stays_valid_until_the_next_byte),
        cmocka_unit_test(starting_again_forgets_half_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
