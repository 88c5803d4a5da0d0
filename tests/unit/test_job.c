/* SPDX-License-Identifier: Apache-2.0 */
/* What is told at the end of a job that did not reach its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "job.h"

static const options_t options = {.port = "sim:esp32"};
static job_t job;

static int set_up(void **state)
{
    (void)state;
    commands_interrupted = 0;
    job_begin(&job, &options);
    return job_open(&job) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    target_close(&job.target);
    return 0;
}

static void an_interrupt_before_any_loader_answered_changed_nothing(void **state)
{
    (void)state;
    commands_interrupted = 1;
    assert_int_equal(job_give_up_on_target(&job, STATUS_CONNECT, ESP_LOADER_ERROR_TIMEOUT), STATUS_INTERRUPTED);
    assert_string_equal(job.message, "interrupted before a loader answered; nothing was changed");
}

static void an_interrupt_while_the_port_is_opened_is_no_failure_of_the_port(void **state)
{
    (void)state;
    static const options_t elsewhere = {.port = "/dev/null/nowhere"};
    job_t waiting;
    job_begin(&waiting, &elsewhere);
    assert_int_equal(job_open(&waiting), STATUS_CONNECT);
    commands_interrupted = 1;
    assert_int_equal(job_open(&waiting), STATUS_INTERRUPTED);
    assert_string_equal(waiting.message, "interrupted before a loader answered; nothing was changed");
}

/* Whoever pulled the supply, and then lost patience, has a half written flash. */
static void an_interrupt_while_connecting_again_does_not_say_that_nothing_was_changed(void **state)
{
    (void)state;
    job.flash_bytes = 4u << 20;
    commands_interrupted = 1;
    assert_int_equal(job_give_up_on_target(&job, STATUS_TARGET, ESP_LOADER_ERROR_TIMEOUT), STATUS_INTERRUPTED);
    assert_string_equal(job.message, "interrupted while connecting again. The same command again finishes the rest.");
}

static void an_interrupt_leaves_a_connected_target_in_its_loader(void **state)
{
    (void)state;
    assert_int_equal(target_connect(&job.target, &commands_interrupted), ESP_LOADER_SUCCESS);
    commands_interrupted = 1;
    job.go_on = "Nothing was started.";
    assert_int_equal(job_give_up_on_target(&job, STATUS_TARGET, ESP_LOADER_ERROR_FAIL), STATUS_INTERRUPTED);
    assert_string_equal(job.message, "interrupted; the target waits in its loader. Nothing was started.");
}

static void refused_with(uint8_t reason)
{
    job.target.loader._fault.cause = REFLASH_CAUSE_REFUSED;
    job.target.loader._fault.command = 0x11;
    job.target.loader._fault.target_reason = reason;
    assert_int_equal(job_give_up_on_target(&job, STATUS_TARGET, ESP_LOADER_ERROR_INVALID_RESPONSE), STATUS_TARGET);
}

static void what_a_rom_or_a_stub_refuses_is_told_in_words(void **state)
{
    (void)state;
    refused_with(0x06);
    assert_string_equal(job.message,
                        "the target refused command 0x11: 0x06, it failed to act, such as erasing beyond the "
                        "flash's end");
    refused_with(0xC0);
    assert_string_equal(job.message, "the target refused command 0x11: 0xc0, a request of the wrong length");
    refused_with(0xC7);
    assert_string_equal(job.message, "the target refused command 0x11: 0xc7, damaged compressed data");
    refused_with(0xAA);
    assert_string_equal(job.message, "the target refused command 0x11: 0xaa, no reason that is known");
}

static void a_job_that_failed_halfway_tells_how_to_go_on(void **state)
{
    (void)state;
    job.erased_bytes = 4096;
    refused_with(0xC1);
    assert_string_equal(job.message, "the target refused command 0x11: 0xc1, wrong checksum. The same command again "
                                     "finishes the rest.");
    job.target.loader._fault.cause = REFLASH_CAUSE_PORT;
    assert_int_equal(job_give_up_on_target(&job, STATUS_TARGET, ESP_LOADER_ERROR_FAIL), STATUS_TARGET);
    assert_string_equal(job.message, "the port failed; was the adapter unplugged or the connection closed? The same "
                                     "command again finishes the rest.");
    job.target.loader._fault.cause = REFLASH_CAUSE_DIGEST_MISMATCH; /* a worn part stays worn */
    assert_int_equal(job_give_up_on_target(&job, STATUS_TARGET, ESP_LOADER_ERROR_INVALID_MD5), STATUS_TARGET);
    assert_null(strstr(job.message, "again"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_interrupt_before_any_loader_answered_changed_nothing),
        TEST(an_interrupt_while_the_port_is_opened_is_no_failure_of_the_port),
        TEST(an_interrupt_while_connecting_again_does_not_say_that_nothing_was_changed),
        TEST(an_interrupt_leaves_a_connected_target_in_its_loader),
        TEST(what_a_rom_or_a_stub_refuses_is_told_in_words),
        TEST(a_job_that_failed_halfway_tells_how_to_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
