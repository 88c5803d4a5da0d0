/* SPDX-License-Identifier: Apache-2.0 */
/* What a port may have besides what ports of the field have: read_some, flush, cancelled, progress. Without them all
 * works as before, which all other tests show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "conversation.h"
#include "tiny_stub.h"

static conversation_t talk;
static uint32_t some_calls, flush_calls, cancelled_calls, cancelled_from_call, longest_wait_ms;
static char progress_seen[256];

#define play(script) scripted_port_play(&talk.port, script)

static esp_loader_error_t read_some(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout)
{
    scripted_port_t *port = container_of(base, scripted_port_t, port);
    const uint32_t there_bytes = port->input_end - port->input_start;
    some_calls++;
    *got_bytes = (uint16_t)(there_bytes < 1 ? 1 : there_bytes < size ? there_bytes : size);
    return scripted_port_ops.read(base, data, *got_bytes, timeout);
}

static void flush(esp_loader_port_t *base)
{
    scripted_port_t *port = container_of(base, scripted_port_t, port);
    flush_calls++;
    port->input_start = port->input_end;
}

static bool cancelled(esp_loader_port_t *base)
{
    (void)base;
    cancelled_calls++;
    return cancelled_from_call != 0 && cancelled_calls >= cancelled_from_call;
}

static esp_loader_error_t watched_read(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    longest_wait_ms = timeout > longest_wait_ms ? timeout : longest_wait_ms;
    return scripted_port_ops.read(base, data, size, timeout);
}

static void progress(esp_loader_port_t *base, uint32_t done_bytes, uint32_t total_bytes)
{
    (void)base;
    const size_t used = strlen(progress_seen);
    (void)snprintf(progress_seen + used, sizeof(progress_seen) - used, "%u/%u ", (unsigned)done_bytes,
                   (unsigned)total_bytes);
}

static esp_loader_port_ops_t *start(void)
{
    some_calls = flush_calls = cancelled_calls = cancelled_from_call = longest_wait_ms = 0;
    progress_seen[0] = '\0';
    conversation_start(&talk);
    return scripted_port_change_ops(&talk.port);
}

static void connect(void)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    play(CONNECT_ESP32);
    assert_int_equal(esp_loader_connect(&talk.loader, &args), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(&talk);
}

/* --- read_some ------------------------------------------------------------------------------------------ */

static void a_port_that_reads_some_is_called_once_for_many_bytes(void **state)
{
    (void)state;
    (void)start();
    connect();
    const uint32_t calls_byte_by_byte = talk.port.read_calls;
    start()->read_some = read_some;
    connect();
    assert_in_range(some_calls, 1, calls_byte_by_byte / 8);
    play(ATTACH_4_MB);
    uint32_t flash_bytes;
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(&talk);
}

static void what_was_read_ahead_is_lost_with_a_reset(void **state)
{
    (void)state;
    uint32_t value;
    start()->read_some = read_some;
    connect();
    /* Behind the answer lies another, as if to the SYNC after the reset; which nobody answers. */
    play(" >" RECORDED_READ_MAGIC " <" RECORDED_READ_MAGIC_ANSWER RECORDED_SYNC_ANSWER);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 1};
    play(" reset");
    conversation_play_times(&talk, 5, SYNC_UNANSWERED);
    assert_int_equal(esp_loader_connect(&talk.loader, &args), ESP_LOADER_ERROR_TIMEOUT);
}

/* --- flush ---------------------------------------------------------------------------------------------- */

static void input_is_thrown_away_before_a_reset_and_behind_a_change_of_rate(void **state)
{
    (void)state;
    esp_loader_port_ops_t *ops = start();
    ops->flush = flush;
    connect();
    assert_int_equal(flush_calls, 1);
    /* 0xFF came in while both ends were at different rates. Its registers say nothing of its clock. */
    play(" >c0000a0400000000006cf0f53fc0 <c0010a04000000000000000000c0"
         " >c0000a04000000000010a0f53fc0 <c0010a04000000000000000000c0"
         " >c0000f0800000000000084030000000000c0 <c0010f04000000000000000000c0c0ffff"
         " rate=230400" SYNC_ANSWERED);
    assert_int_equal(esp_loader_change_transmission_rate(&talk.loader, 230400), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(&talk);
    assert_int_equal(flush_calls, 2);
    esp_loader_reset_target(&talk.loader);
    assert_int_equal(flush_calls, 3);
}

/* --- cancelled ------------------------------------------------------------------------------------------ */

static void a_call_that_is_cancelled_ends_and_is_told_apart(void **state)
{
    (void)state;
    uint32_t value;
    esp_loader_port_ops_t *ops = start();
    ops->cancelled = cancelled;
    connect();
    cancelled_from_call = cancelled_calls + 3;
    talk.port.now_us = 0;
    play(" >" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_FAIL);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_STOPPED, 0x0A, 0); /* asked once only */
    assert_in_range(talk.port.now_us, 0, 150000);                                            /* of 1 s */
}

static void a_port_that_may_be_cancelled_is_asked_often_enough(void **state)
{
    (void)state;
    uint32_t value;
    esp_loader_port_ops_t *ops = start();
    ops->cancelled = cancelled;
    ops->read = watched_read;
    connect();
    talk.port.now_us = 0;
    play(" >" RECORDED_READ_MAGIC " >" RECORDED_READ_MAGIC " >" RECORDED_READ_MAGIC);
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_TIMEOUT);
    assert_in_range(longest_wait_ms, 1, 50);
    assert_in_range(talk.port.now_us, 3000000, 4000000); /* and the limits stay what they are */
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x0A, 0);
}

static void a_port_that_failed_by_itself_was_not_cancelled(void **state)
{
    (void)state;
    uint32_t value;
    esp_loader_port_ops_t *ops = start();
    ops->cancelled = cancelled;
    connect();
    play(" >" RECORDED_READ_MAGIC);
    talk.port.fail_read_call = talk.port.read_calls + 1;
    talk.port.read_error = ESP_LOADER_ERROR_FAIL;
    assert_int_equal(esp_loader_read_register(&talk.loader, 0x40001000, &value), ESP_LOADER_ERROR_FAIL);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_PORT, 0x0A, 0);
}

/* --- progress ------------------------------------------------------------------------------------------- */

static void the_upload_of_a_stub_tells_how_far_it_is(void **state)
{
    (void)state;
    start()->progress = progress;
    connect();
    play(TINY_STARTED);
    assert_int_equal(reflash_stub_start(&talk.loader), ESP_LOADER_SUCCESS);
    assert_string_equal(progress_seen, "4/4 4/4 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_that_reads_some_is_called_once_for_many_bytes),
        cmocka_unit_test(what_was_read_ahead_is_lost_with_a_reset),
        cmocka_unit_test(input_is_thrown_away_before_a_reset_and_behind_a_change_of_rate),
        cmocka_unit_test(a_call_that_is_cancelled_ends_and_is_told_apart),
        cmocka_unit_test(a_port_that_may_be_cancelled_is_asked_often_enough),
        cmocka_unit_test(a_port_that_failed_by_itself_was_not_cancelled),
        cmocka_unit_test(the_upload_of_a_stub_tells_how_far_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
