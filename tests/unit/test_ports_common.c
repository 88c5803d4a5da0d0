/* SPDX-License-Identifier: Apache-2.0 */
/* What ports share: a ring that is full, counters that wrap, bytes that are left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "deadline.h"
#include "polled.h"
#include "ring.h"

enum { RING_BYTES = 8 };

static uint8_t bytes[RING_BYTES];

/* Its counters wrap with the fourth byte. */
static reflash_ring_t ring_near_wrap(void)
{
    return (reflash_ring_t){.bytes = bytes, .capacity = RING_BYTES, .put = UINT32_MAX - 2, .taken = UINT32_MAX - 2};
}

static void a_ring_gives_bytes_back_in_order_where_its_counters_wrap(void **state)
{
    (void)state;
    reflash_ring_t ring = ring_near_wrap();
    uint8_t byte = 0;
    assert_false(reflash_ring_take(&ring, &byte));
    for (unsigned at = 0; at < 3 * RING_BYTES; at++) {
        assert_true(reflash_ring_put(&ring, (uint8_t)at));
        assert_true(reflash_ring_put(&ring, (uint8_t)(at + 100)));
        assert_true(reflash_ring_take(&ring, &byte));
        assert_int_equal(byte, at);
        assert_true(reflash_ring_take(&ring, &byte));
        assert_int_equal(byte, at + 100);
    }
    assert_int_equal(ring.overrun_bytes, 0);
}

static void a_full_ring_loses_what_comes_and_counts_it(void **state)
{
    (void)state;
    reflash_ring_t ring = ring_near_wrap();
    uint8_t byte = 0;
    for (unsigned at = 0; at < RING_BYTES; at++) {
        assert_false(reflash_ring_is_full(&ring));
        assert_true(reflash_ring_put(&ring, (uint8_t)at));
    }
    assert_true(reflash_ring_is_full(&ring));
    assert_false(reflash_ring_put(&ring, 100));
    assert_false(reflash_ring_put(&ring, 101));
    assert_int_equal(ring.overrun_bytes, 2);
    assert_true(reflash_ring_take(&ring, &byte));
    assert_int_equal(byte, 0);
    assert_true(reflash_ring_put(&ring, 102));
    reflash_ring_clear(&ring);
    assert_false(reflash_ring_take(&ring, &byte));
}

static void what_was_lost_is_told_once_and_takes_the_rest_with_it(void **state)
{
    (void)state;
    reflash_ring_t ring = ring_near_wrap();
    uint8_t byte = 0;
    for (unsigned at = 0; at < RING_BYTES; at++) {
        assert_true(reflash_ring_put(&ring, (uint8_t)at));
    }
    assert_false(reflash_ring_lost(&ring));
    assert_true(reflash_ring_take(&ring, &byte));
    assert_true(reflash_ring_put(&ring, 100));
    assert_false(reflash_ring_put(&ring, 101));
    assert_true(reflash_ring_lost(&ring));
    assert_false(reflash_ring_take(&ring, &byte));
    assert_false(reflash_ring_lost(&ring));
}

static void a_countdown_does_not_show_that_its_clock_wraps(void **state)
{
    (void)state;
    const reflash_deadline_t deadline = reflash_deadline(UINT32_MAX - 9, 30);
    assert_int_equal(reflash_deadline_left_ms(&deadline, UINT32_MAX - 9), 30);
    assert_int_equal(reflash_deadline_left_ms(&deadline, UINT32_MAX), 21);
    assert_int_equal(reflash_deadline_left_ms(&deadline, 0), 20);
    assert_false(reflash_deadline_is_over(&deadline, 19));
    assert_true(reflash_deadline_is_over(&deadline, 20));
    assert_true(reflash_deadline_is_over(&deadline, 1000));
    const reflash_deadline_t none = reflash_deadline(5, 0);
    assert_true(reflash_deadline_is_over(&none, 5));
}

/* --- A UART that has "abcde" --------------------------------------------------------------------------------- */

static uint8_t next;

static uint32_t now_ms(void)
{
    return 0;
}

static bool put(esp_loader_port_t *port, uint8_t byte)
{
    (void)port;
    (void)byte;
    return true;
}

static bool get(esp_loader_port_t *port, uint8_t *byte)
{
    (void)port;
    *byte = next;
    return next++ < 'f';
}

static void some_of_what_is_there_is_no_more_than_was_asked_for(void **state)
{
    (void)state;
    static const reflash_polled_t polled = {.now_ms = now_ms, .put = put, .get = get};
    esp_loader_port_t port = {NULL};
    uint8_t got[8] = "";
    uint16_t got_bytes = 0;
    next = 'a';
    assert_int_equal(reflash_polled_read_some(&port, &polled, got, 3, &got_bytes, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(got_bytes, 3);
    assert_memory_equal(got, "abc\0", 4);
    assert_int_equal(reflash_polled_read_some(&port, &polled, got, 8, &got_bytes, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(got_bytes, 2);
    assert_memory_equal(got, "de", 2);
}

static bool has_lost;

static bool lost(esp_loader_port_t *port)
{
    (void)port;
    return has_lost;
}

static void a_reading_in_which_bytes_were_lost_is_no_success_and_asks_to_be_repeated(void **state)
{
    (void)state;
    static const reflash_polled_t polled = {now_ms, put, get, lost};
    esp_loader_port_t port = {NULL};
    uint8_t got[8];
    uint16_t got_bytes = 0;
    next = 'a';
    has_lost = true;
    assert_int_equal(reflash_polled_read_some(&port, &polled, got, 2, &got_bytes, 0),
                     ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(reflash_polled_read(&port, &polled, got, 2, 0), ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(reflash_polled_read(&port, &polled, got, 8, 0), ESP_LOADER_ERROR_INVALID_RESPONSE);
    has_lost = false;
    next = 'a';
    assert_int_equal(reflash_polled_read(&port, &polled, got, 2, 0), ESP_LOADER_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_gives_bytes_back_in_order_where_its_counters_wrap),
        cmocka_unit_test(a_full_ring_loses_what_comes_and_counts_it),
        cmocka_unit_test(what_was_lost_is_told_once_and_takes_the_rest_with_it),
        cmocka_unit_test(a_countdown_does_not_show_that_its_clock_wraps),
        cmocka_unit_test(some_of_what_is_there_is_no_more_than_was_asked_for),
        cmocka_unit_test(a_reading_in_which_bytes_were_lost_is_no_success_and_asks_to_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
