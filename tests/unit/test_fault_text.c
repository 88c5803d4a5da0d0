/* SPDX-License-Identifier: Apache-2.0 */
/* Faults in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault_text.h"

static char message[512];

static espsim_fault_t parsed(const char *text)
{
    espsim_fault_t fault;
    if (!espsim_fault_parse(text, &fault, message, sizeof(message))) {
        fail_msg("%s", message);
    }
    return fault;
}

static void assert_refused(const char *text, const char *complaint)
{
    espsim_fault_t fault;
    assert_false(espsim_fault_parse(text, &fault, message, sizeof(message)));
    assert_string_equal(message, complaint);
}

static void a_fault_is_a_kind_and_when_it_happens(void **state)
{
    (void)state;
    espsim_fault_t fault = parsed("drop-to-target@byte=1234");
    assert_int_equal(fault.kind, ESPSIM_FAULT_DROP_TO_TARGET);
    assert_int_equal(fault.byte, 1234);
    assert_int_equal(fault.every, 0);
    fault = parsed("double-from-target@every=5000");
    assert_int_equal(fault.kind, ESPSIM_FAULT_DOUBLE_FROM_TARGET);
    assert_int_equal(fault.byte, 0);
    assert_int_equal(fault.every, 5000);
    fault = parsed("brown-out@op=3");
    assert_int_equal(fault.kind, ESPSIM_FAULT_BROWN_OUT);
    assert_int_equal(fault.op, 3);
    assert_int_equal(parsed("reset@byte=4294967295").byte, UINT32_MAX);
}

static void parameters_follow_in_any_order(void **state)
{
    (void)state;
    espsim_fault_t fault = parsed("flip-from-target@byte=7:mask=0x10");
    assert_int_equal(fault.byte, 7);
    assert_int_equal(fault.mask, 0x10);
    fault = parsed("bit-stuck@bit=3:addr=0x10004");
    assert_int_equal(fault.addr, 0x10004);
    assert_int_equal(fault.bit, 3);
    fault = parsed("noise-to-target@bytes=20:byte=100");
    assert_int_equal(fault.bytes, 20);
    assert_int_equal(fault.byte, 100);
    fault = parsed("stall@op=3:ms=5000");
    assert_int_equal(fault.ms, 5000);
    assert_int_equal(parsed("wrong-chip-id@id=0xFFFFFFFF").id, UINT32_MAX);
    assert_int_equal(parsed("sector-unerasable@addr=0").kind, ESPSIM_FAULT_SECTOR_UNERASABLE);
    const uint8_t digest[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
    fault = parsed("lying-md5@md5=2:digest=00112233445566778899aabbccddEEFF");
    assert_int_equal(fault.md5, 2);
    assert_memory_equal(fault.digest, digest, sizeof(digest));
}

static void every_kind_has_a_row(void **state)
{
    (void)state;
    unsigned rows = 0;
    for (; espsim_fault_row_at(rows) != NULL; rows++) {
        const espsim_fault_row_t *row = espsim_fault_row_at(rows);
        assert_int_equal(row->kind, ESPSIM_FAULT_NONE + 1 + rows); /* in the order of the enum, none left out */
    }
    assert_int_equal(rows, ESPSIM_FAULT_LYING_MD5);
}

static void usage_tells_what_a_kind_takes(void **state)
{
    (void)state;
    char usage[96];
    assert_string_equal(espsim_fault_usage(espsim_fault_row_at(1), usage, sizeof(usage)), "@byte=N|every=N[:mask=N]");
    assert_string_equal(espsim_fault_usage(espsim_fault_row_at(10), usage, sizeof(usage)), "@byte=N|op=N|every=N:ms=N");
    assert_string_equal(espsim_fault_usage(espsim_fault_row_at(16), usage, sizeof(usage)), "@addr=N:bit=N");
}

static void a_refusal_says_what_where_and_what_to_try(void **state)
{
    (void)state;
    assert_refused("drop@byte=1",
                   "fault 'drop@byte=1': there is no kind 'drop'; there are drop-to-target, flip-to-target, "
                   "double-to-target, delay-to-target, noise-to-target, drop-from-target, flip-from-target, "
                   "double-from-target, delay-from-target, noise-from-target, stall, reset, brown-out, power-cut, "
                   "port-gone, sector-unerasable, bit-stuck, wrong-chip-id, lying-md5");
    assert_refused("power-cut@byte=1", "fault 'power-cut@byte=1': it has no 'byte'; it takes op, every");
    assert_refused("reset", "fault 'reset': it wants one of byte, op, every");
    assert_refused("reset@byte=1:op=2", "fault 'reset@byte=1:op=2': it wants one of byte, op, every");
    assert_refused("bit-stuck@addr=4", "fault 'bit-stuck@addr=4': it lacks bit");
    assert_refused("wrong-chip-id", "fault 'wrong-chip-id': it lacks id");
    assert_refused("reset@byte=0", "fault 'reset@byte=0': byte takes a number from 1 to 4294967295, not '0'");
    assert_refused("bit-stuck@addr=4:bit=8", "fault 'bit-stuck@addr=4:bit=8': bit takes a number from 0 to 7, not '8'");
    assert_refused("lying-md5@md5=1:digest=12",
                   "fault 'lying-md5@md5=1:digest=12': digest takes 32 hexadecimal digits, not '12'");
}

static void numbers_have_no_other_form(void **state)
{
    static const char *const wrong[] = {"",   "x",  "-1", "+1",         "1x",
                                        " 1", "0x", "1 ", "4294967296", "99999999999999999999"};
    (void)state;
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        char text[64] = "reset@byte=";
        espsim_fault_t fault;
        (void)strcat(text, wrong[at]);
        assert_false(espsim_fault_parse(text, &fault, message, sizeof(message)));
        assert_non_null(strstr(message, "byte takes a number from 1 to 4294967295"));
    }
    assert_int_equal(parsed("reset@byte=010").byte, 10); /* never octal */
}

static void stray_separators_are_refused(void **state)
{
    static const char *const wrong[] = {
        "reset@",  "reset@:", "reset@byte",    "reset@byte=1:",    "reset@=1", "reset@byte=1:byte",
        "@byte=1", "",        "reset:byte=1x", "reset@byte=1@op=2"};
    (void)state;
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        espsim_fault_t fault;
        assert_false(espsim_fault_parse(wrong[at], &fault, message, sizeof(message)));
    }
}

static void a_message_never_exceeds_its_room(void **state)
{
    (void)state;
    espsim_fault_t fault;
    for (size_t room = 1; room < 64; room++) {
        memset(message, 0x7F, sizeof(message));
        assert_false(espsim_fault_parse("nonsense", &fault, message, room));
        assert_int_equal(message[room], 0x7F);
        assert_true(strlen(message) < room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_is_a_kind_and_when_it_happens),
        cmocka_unit_test(parameters_follow_in_any_order),
        cmocka_unit_test(every_kind_has_a_row),
        cmocka_unit_test(usage_tells_what_a_kind_takes),
        cmocka_unit_test(a_refusal_says_what_where_and_what_to_try),
        cmocka_unit_test(numbers_have_no_other_form),
        cmocka_unit_test(stray_separators_are_refused),
        cmocka_unit_test(a_message_never_exceeds_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
