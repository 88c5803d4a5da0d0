/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the flash, from a mask ROM and from a stub. Wire bytes follow the protocol text, with data and digests as
 * recorded (esp32-md5, esp32-stub2: stub_read_flash_odd) where they say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "bench.h"
#include "hex.h"
#include "tiny_stub.h"

static conversation_t talk;

#define expect_fault(code, cause, command, reason) conversation_expect_fault(&talk, code, cause, command, reason)
#define expect_no_fault() conversation_expect_no_fault(&talk)
#define play(script) scripted_port_play(&talk.port, script)

/* stub_read_flash_odd: the 100 bytes at 3 of the recorded flash, and their MD5. */
#define DATA_64                                                                                                        \
    "2c343b434b535b636b747c858e97a0a9b2bcc5cfd9e3edf7010c16212c37424d58646f7b87939fabb7c4d0ddeaf704111e2c39475563717f" \
    "8d9caab9c8d7e6f5"
#define DATA_36 "04142333435363738394a4b5c6d7e8f90a1c2d3f5163758799acbed1e4f70a1d3044576b"
#define DIGEST "5d4920fa3865abebbc855be43ed9d3ba"
#define DIGITS "3564343932306661333836356162656262633835356265343365643964336261"

static void expect_data(const uint8_t buf[101])
{
    assert_bytes(buf, 100, DATA_64 DATA_36);
    assert_int_equal(buf[100], 0xA5); /* never more than asked */
}

/* --- The mask ROM ---------------------------------------------------------------------------------- */

/* 64 bytes, whatever was asked; those behind are left over. */
#define SLOW_64 " >c0000e0800000000000300000040000000c0 <c0010e440000000000" DATA_64 "00000000c0"
#define SLOW_36 " >c0000e0800000000004300000024000000c0"
#define LEFT_OVER "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define SLOW_36_ANSWER " <c0010e440000000000" DATA_36 LEFT_OVER "00000000c0"
#define ASK_DIGEST " >c0001310000000000003000000640000000000000000000000c0"
#define ROM_DIGEST ASK_DIGEST " <c00113240000000000" DIGITS "00000000c0"

static void a_rom_is_read_64_bytes_at_a_time_and_compared(void **state)
{
    (void)state;
    uint8_t buf[101] = {[100] = 0xA5};
    conversation_attach(&talk);
    play(SLOW_64 SLOW_36 SLOW_36_ANSWER ROM_DIGEST);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_SUCCESS);
    expect_no_fault();
    expect_data(buf);
}

static uint32_t done_seen, total_seen;

static void progress(esp_loader_port_t *port, uint32_t done_bytes, uint32_t total_bytes)
{
    (void)port;
    done_seen = done_bytes;
    total_seen = total_bytes;
}

static void how_far_reading_is_is_told(void **state)
{
    (void)state;
    uint8_t buf[100];
    conversation_attach(&talk);
    scripted_port_change_ops(&talk.port)->progress = progress;
    play(SLOW_64 SLOW_36 SLOW_36_ANSWER ROM_DIGEST);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_SUCCESS);
    assert_int_equal(done_seen, 100);
    assert_int_equal(total_seen, 100);
}

#define SLOW_36_DAMAGED " <c0010e440000000000ff" LEFT_OVER LEFT_OVER "eeeeeeeeeeeeee00000000c0"

static void what_arrived_damaged_is_read_again(void **state)
{
    (void)state;
    uint8_t buf[101] = {[100] = 0xA5};
    conversation_attach(&talk);
    play(SLOW_64 SLOW_36 SLOW_36_DAMAGED ROM_DIGEST MAGIC_ANSWERED SLOW_64 SLOW_36 SLOW_36_ANSWER ROM_DIGEST);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_SUCCESS);
    expect_no_fault();
    expect_data(buf);
}

static void what_never_arrives_as_it_is_is_an_invalid_md5(void **state)
{
    (void)state;
    uint8_t buf[101];
    conversation_attach(&talk);
    play(SLOW_64 SLOW_36 SLOW_36_DAMAGED ROM_DIGEST);
    conversation_play_times(&talk, 2, MAGIC_ANSWERED SLOW_64 SLOW_36 SLOW_36_DAMAGED ROM_DIGEST);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_ERROR_INVALID_MD5);
    expect_fault(ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH, 0, 0);
}

static void a_refused_or_silent_read_is_told(void **state)
{
    (void)state;
    uint8_t buf[101];
    conversation_attach(&talk);
    play(SLOW_64);
    conversation_play_times(
        &talk, 3, SLOW_36 " <c0010e440000000000" DATA_36 LEFT_OVER "01090000c0"); /* data comes all the same */
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x0E, 0x09);
    play(SLOW_64);
    conversation_play_times(&talk, 3, SLOW_36);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x0E, 0);
}

static void an_answer_longer_than_it_can_be_is_not_believed(void **state)
{
    (void)state;
    uint8_t buf[101];
    conversation_attach(&talk);
    conversation_play_times(&talk, 3,
                            " >c0000e0800000000000000000004000000c0"
                            " <c0010e500000000000" DATA_64 DATA_64 "00000000c0");
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 0, 4), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x0E, 0);
}

/* --- A stub ---------------------------------------------------------------------------------------- */

#define READ_100 " >c000d210000000000003000000640000006400000001000000c0"
#define READ_ACCEPTED " <c001d20200000000000000c0"
#define PACKET " <c0" DATA_64 DATA_36 "c0"
#define ACKNOWLEDGED " >c064000000c0"
#define LAST_FRAME " <c0" DIGEST "c0"
#define STUB_DIGEST ASK_DIGEST " <c00113120000000000" DIGEST "0000c0"
#define STUB_MAGIC " >" RECORDED_READ_MAGIC " <c0010a0200831df0000000c0"

static void a_stub_sends_packets_and_ends_with_their_digest(void **state)
{
    (void)state;
    uint8_t buf[101] = {[100] = 0xA5};
    conversation_attach_stub(&talk);
    play(READ_100 READ_ACCEPTED PACKET ACKNOWLEDGED LAST_FRAME STUB_DIGEST);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_SUCCESS);
    expect_no_fault();
    expect_data(buf);
}

/* The digest frame is what fails here: a packet whose last byte is another; the data, the digest of what was sent. */
static void a_reading_that_goes_wrong_is_begun_again(void **state)
{
    (void)state;
    static const char *const attempts[] = {
        READ_100 READ_ACCEPTED,                                                     /* no packet */
        READ_100 READ_ACCEPTED " <c0" DATA_64 "c0",                                 /* a short one */
        READ_100 READ_ACCEPTED " <c0" DATA_64 DATA_64 "c0",                         /* a long one */
        READ_100 READ_ACCEPTED PACKET ACKNOWLEDGED,                                 /* no digest */
        READ_100 READ_ACCEPTED PACKET ACKNOWLEDGED " <c0ff" DIGEST "c0",            /* too long a digest */
        READ_100 READ_ACCEPTED " <c0" DATA_36 DATA_64 "c0" ACKNOWLEDGED LAST_FRAME, /* not what was sent */
        READ_100 READ_ACCEPTED PACKET ACKNOWLEDGED LAST_FRAME ASK_DIGEST
        " <c0011312000000000000000000000000000000000000000000"
        "0000c0", /* read elsewhere */
    };
    for (size_t row = 0; row < sizeof(attempts) / sizeof(attempts[0]); row++) {
        uint8_t buf[101] = {[100] = 0xA5};
        conversation_attach_stub(&talk);
        play(attempts[row]);
        play(STUB_MAGIC READ_100 READ_ACCEPTED PACKET ACKNOWLEDGED LAST_FRAME STUB_DIGEST);
        assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_SUCCESS);
        expect_no_fault();
        expect_data(buf);
    }
}

static void a_stub_that_refuses_or_stays_silent_is_told(void **state)
{
    (void)state;
    uint8_t buf[101];
    conversation_attach_stub(&talk);
    conversation_play_times(&talk, 3, READ_100 " <c001d2020000000000c400c0");
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0xD2, 0xC4);
    play(READ_100 READ_ACCEPTED);
    conversation_play_times(&talk, 2, STUB_MAGIC READ_100 READ_ACCEPTED);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 3, 100), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0xD2, 0);
}

/* --- Refused here ---------------------------------------------------------------------------------- */

static void a_range_that_leaves_the_flash_is_refused(void **state)
{
    (void)state;
    uint8_t buf[4] = {0};
    conversation_attach(&talk);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 0x3FFFFD, 4), ESP_LOADER_ERROR_IMAGE_SIZE);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 0xFFFFFFFE, 4), ESP_LOADER_ERROR_IMAGE_SIZE);
    expect_fault(ESP_LOADER_ERROR_IMAGE_SIZE, REFLASH_CAUSE_ARGUMENT, 0, 0);
    assert_int_equal(esp_loader_flash_read(&talk.loader, NULL, 0, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 0x400000, 0), ESP_LOADER_SUCCESS); /* nothing to read */
    expect_no_fault();
    conversation_start(&talk);
    assert_int_equal(esp_loader_flash_read(&talk.loader, buf, 0, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

/* --- Every ROM ------------------------------------------------------------------------------------- */

static void every_rom_that_can_reads_what_the_flash_holds(void **state)
{
    (void)state;
    enum { ADDR = 0x20FFD, BYTES = 3001 };
    static uint8_t buf[BYTES + 1];
    for (size_t row = 0; espsim_rom_at(row) != NULL; row++) {
        const reflash_rom_t *rom = espsim_rom_at(row);
        bench_t bench;
        bench_connect(&bench, rom, 1 << 20);
        const uint64_t sent_before = bench_sent_bytes(&bench);
        fill_at_random(bench.flash + ADDR, BYTES, 5);
        buf[BYTES] = 0xA5;
        if (rom->chip->target == ESP8266_CHIP) {
            assert_int_equal(esp_loader_flash_read(&bench.loader, buf, ADDR, BYTES), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
            assert_int_equal(bench_sent_bytes(&bench), sent_before);
        } else {
            assert_int_equal(esp_loader_flash_read(&bench.loader, buf, ADDR, BYTES), ESP_LOADER_SUCCESS);
            assert_memory_equal(buf, bench.flash + ADDR, BYTES);
            assert_int_equal(buf[BYTES], 0xA5);
        }
        bench_free(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rom_is_read_64_bytes_at_a_time_and_compared),
        cmocka_unit_test(how_far_reading_is_is_told),
        cmocka_unit_test(what_arrived_damaged_is_read_again),
        cmocka_unit_test(what_never_arrives_as_it_is_is_an_invalid_md5),
        cmocka_unit_test(a_refused_or_silent_read_is_told),
        cmocka_unit_test(an_answer_longer_than_it_can_be_is_not_believed),
        cmocka_unit_test(a_stub_sends_packets_and_ends_with_their_digest),
        cmocka_unit_test(a_reading_that_goes_wrong_is_begun_again),
        cmocka_unit_test(a_stub_that_refuses_or_stays_silent_is_told),
        cmocka_unit_test(a_range_that_leaves_the_flash_is_refused),
        cmocka_unit_test(every_rom_that_can_reads_what_the_flash_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
