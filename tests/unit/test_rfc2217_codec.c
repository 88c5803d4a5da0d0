/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 2217 as our client reads and writes it. Bytes are those of RFC 854, 855 and 2217, written out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rfc2217_codec.h"

enum { EVENTS_MAX = 16 };

typedef struct {
    reflash_rfc2217_event_t events[EVENTS_MAX];
    size_t count;
} events_t;

static events_t read_all(const uint8_t *bytes, size_t count)
{
    reflash_rfc2217_reader_t reader = {0};
    events_t all = {.count = 0};
    for (size_t at = 0; at < count; at++) {
        const reflash_rfc2217_event_t event = reflash_rfc2217_push(&reader, bytes[at]);
        if (event.what != REFLASH_RFC2217_NOTHING) {
            assert_true(all.count < EVENTS_MAX);
            all.events[all.count++] = event;
        }
    }
    return all;
}

#define READ(...) read_all((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void data_is_data_but_for_doubled_iac(void **state)
{
    (void)state;
    const events_t all = READ(0x00, 0xC0, 0xFF, 0xFF, 0x0D);
    const uint8_t wanted[] = {0x00, 0xC0, 0xFF, 0x0D};
    assert_int_equal(all.count, sizeof(wanted));
    for (size_t at = 0; at < sizeof(wanted); at++) {
        assert_int_equal(all.events[at].what, REFLASH_RFC2217_DATA);
        assert_int_equal(all.events[at].data, wanted[at]);
    }
}

static void options_are_told(void **state)
{
    (void)state;
    const events_t all = READ(0xFF, 0xFD, 44, 0xFF, 0xFB, 1, 0xFF, 0xFE, 44, 0xFF, 0xFC, 0xFF);
    assert_int_equal(all.count, 4);
    assert_int_equal(all.events[0].what, REFLASH_RFC2217_OPTION);
    assert_int_equal(all.events[0].command, REFLASH_TELNET_DO);
    assert_int_equal(all.events[0].option, REFLASH_TELNET_COM_PORT);
    assert_int_equal(all.events[1].command, REFLASH_TELNET_WILL);
    assert_int_equal(all.events[1].option, 1);
    assert_int_equal(all.events[2].command, REFLASH_TELNET_DONT);
    assert_int_equal(all.events[3].command, REFLASH_TELNET_WONT);
    assert_int_equal(all.events[3].option, 0xFF); /* an option's name is not escaped */
}

static void answers_are_read_with_their_values(void **state)
{
    (void)state;
    const events_t all = READ(0xFF, 0xFA, 44, 101, 0x00, 0x07, 0x08, 0x00, 0xFF, 0xF0, /* rate 460800            */
                              0xFF, 0xFA, 44, 105, 0x08, 0xFF, 0xF0,                   /* DTR is on              */
                              0xFF, 0xFA, 44, 107, 0xFF, 0xFF, 0xFF, 0xF0,             /* modem state FF         */
                              0xFF, 0xFA, 44, 108, 0xFF, 0xF0);                        /* suspend, without value */
    assert_int_equal(all.count, 4);
    for (size_t at = 0; at < all.count; at++) {
        assert_int_equal(all.events[at].what, REFLASH_RFC2217_BLOCK);
    }
    assert_int_equal(all.events[0].code, REFLASH_RFC2217_ANSWER + REFLASH_RFC2217_SET_BAUDRATE);
    assert_int_equal(all.events[0].value, 460800);
    assert_int_equal(all.events[1].code, REFLASH_RFC2217_ANSWER + REFLASH_RFC2217_SET_CONTROL);
    assert_int_equal(all.events[1].value, 8);
    assert_int_equal(all.events[2].value, 0xFF);
    assert_int_equal(all.events[3].code, REFLASH_RFC2217_ANSWER + REFLASH_RFC2217_FLOW_SUSPEND);
    assert_int_equal(all.events[3].value, 0);
}

static void what_is_not_for_us_is_passed_over(void **state)
{
    (void)state;
    const events_t all = READ(0xFF, 0xF1,                       /* no operation          */
                              0xFF, 0xFA, 24, 1, 2, 0xFF, 0xF0, /* another option's block */
                              0xFF, 0xFA, 44, 0xFF, 0xF0,       /* without a request     */
                              0xFF, 0xFA, 44, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
                              0xFF, 0xF0,                                              /* too long, a signature */
                              0xFF, 0xFA, 44, 105, 0xFF, 0xFA, 44, 105, 9, 0xFF, 0xF0, /* an end that got lost */
                              0x41);
    assert_int_equal(all.count, 2);
    assert_int_equal(all.events[0].what, REFLASH_RFC2217_BLOCK);
    assert_int_equal(all.events[0].value, 9);
    assert_int_equal(all.events[1].data, 0x41);
}

static void requests_are_framed_and_escaped(void **state)
{
    (void)state;
    uint8_t request[REFLASH_RFC2217_BLOCK_MAX];
    static const uint8_t rate[] = {0xFF, 0xFA, 44, 1, 0x00, 0x01, 0xC2, 0x00, 0xFF, 0xF0};
    static const uint8_t odd_rate[] = {0xFF, 0xFA, 44, 1, 0x00, 0x00, 0xFF, 0xFF, 0x00, 0xFF, 0xF0};
    static const uint8_t dtr_on[] = {0xFF, 0xFA, 44, 5, 8, 0xFF, 0xF0};
    static const uint8_t suspend[] = {0xFF, 0xFA, 44, 8, 0xFF, 0xF0};
    assert_int_equal(reflash_rfc2217_request(REFLASH_RFC2217_SET_BAUDRATE, 115200, 4, request), sizeof(rate));
    assert_memory_equal(request, rate, sizeof(rate));
    assert_int_equal(reflash_rfc2217_request(REFLASH_RFC2217_SET_BAUDRATE, 65280, 4, request), sizeof(odd_rate));
    assert_memory_equal(request, odd_rate, sizeof(odd_rate));
    assert_int_equal(reflash_rfc2217_request(REFLASH_RFC2217_SET_CONTROL, 8, 1, request), sizeof(dtr_on));
    assert_memory_equal(request, dtr_on, sizeof(dtr_on));
    assert_int_equal(reflash_rfc2217_request(REFLASH_RFC2217_FLOW_SUSPEND, 0, 0, request), sizeof(suspend));
    assert_memory_equal(request, suspend, sizeof(suspend));
    assert_true(reflash_rfc2217_request(1, UINT32_MAX, 4, request) <= REFLASH_RFC2217_BLOCK_MAX);
}

static void data_is_escaped(void **state)
{
    (void)state;
    static const uint8_t data[] = {0xC0, 0xFF, 0x00, 0xFF, 0xFF};
    static const uint8_t wanted[] = {0xC0, 0xFF, 0xFF, 0x00, 0xFF, 0xFF, 0xFF, 0xFF};
    uint8_t escaped[2 * sizeof(data)];
    assert_int_equal(reflash_rfc2217_escape(data, sizeof(data), escaped), sizeof(wanted));
    assert_memory_equal(escaped, wanted, sizeof(wanted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_data_but_for_doubled_iac),   cmocka_unit_test(options_are_told),
        cmocka_unit_test(answers_are_read_with_their_values), cmocka_unit_test(what_is_not_for_us_is_passed_over),
        cmocka_unit_test(requests_are_framed_and_escaped),    cmocka_unit_test(data_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
