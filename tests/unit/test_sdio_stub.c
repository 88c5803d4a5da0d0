/* SPDX-License-Identifier: Apache-2.0 */
/* A RAM stub over SDIO: its upload to a virtual card, all that it does with the flash, and what goes wrong on the way.
 * The stub is a short one that the virtual chip takes for esp-flasher-stub; the look-up is this program's own. The card
 * checks what the host does; a violation fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bench.h"
#include "sdio_slave.h"

enum {
    FLASH_BYTES = 1 << 18,
    FLASH_ADDR = 0x3000,
    RAM = 0x40810000,
    TEXT_BYTES = 600,
    DATA_BYTES = 21, /* no whole word at the end */
    IMAGE_BYTES = 40000,
    BLOCK_BYTES_MAX = 16360, /* with header and four words it fills 32 buffers of 512 bytes */
    SMALL_BYTES = 700
};

typedef struct {
    espsim_t *sim;
    uint8_t *flash;
    espsim_sdio_t card;
    esp_loader_t loader;
    uint8_t image[IMAGE_BYTES], digest[16];
} desk_t;

static desk_t desk;

/* --- The stub ------------------------------------------------------------------------------------------ */

static uint8_t text[TEXT_BYTES], data[DATA_BYTES];
static espsim_stub_code_t code = {
    .stub = ESPSIM_STUB_2_1, .text_addr = RAM, .text_bytes = TEXT_BYTES, .entry = RAM + 8};
static reflash_stub_t stub = {
    .entry = RAM + 8,
    .segments = {{.addr = RAM, .size = TEXT_BYTES, .data = text},
                 {.addr = RAM + 0x4000, .size = DATA_BYTES, .data = data}},
};
static bool there_is_a_stub;

const reflash_stub_t *reflash_stub_find(target_chip_t chip, uint32_t revision)
{
    assert_int_equal(chip, esp_loader_get_target(&desk.loader));
    assert_int_equal(revision, 0);
    return there_is_a_stub ? &stub : NULL;
}

static bool read_segment(void *context, uint32_t addr, uint8_t *buf, uint32_t bytes)
{
    (void)context;
    memcpy(buf, addr < RAM + TEXT_BYTES ? text + (addr - RAM) : data + (addr - RAM - 0x4000), bytes);
    return true;
}

static const reflash_stub_t stub_elsewhere = {
    .entry = RAM + 8,
    .segments = {{.addr = RAM, .size = TEXT_BYTES}, {.addr = RAM + 0x4000, .size = DATA_BYTES}},
    .read = read_segment,
};

/* --- The desk ------------------------------------------------------------------------------------------ */

static void set_up(const reflash_rom_t *rom, uint16_t device)
{
    memset(&desk, 0xA5, sizeof(desk)); /* a context may hold anything */
    there_is_a_stub = true;
    desk.flash = calloc(FLASH_BYTES, 1); /* what was not erased cannot be written */
    assert_non_null(desk.flash);
    fill_at_random(text, TEXT_BYTES, 7);
    fill_at_random(data, DATA_BYTES, 8);
    fill_at_random(desk.image, IMAGE_BYTES, 9);
    code.chip = rom->chip->name;
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), text, TEXT_BYTES, code.text_sha256), 0);
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), desk.image, IMAGE_BYTES, desk.digest), 0);
    desk.sim = espsim_create(&(espsim_config_t){.rom = rom,
                                                .flash = desk.flash,
                                                .flash_bytes = FLASH_BYTES,
                                                .timing = espsim_timing_typical(),
                                                .stubs = &code,
                                                .stub_count = 1});
    assert_non_null(desk.sim);
    espsim_sdio_init(&desk.card, desk.sim, device);
    assert_int_equal(esp_loader_init_sdio(&desk.loader, &desk.card.base.port), ESP_LOADER_SUCCESS);
}

static void tear_down(void)
{
    if (desk.card.violations > 0) {
        fail_msg("%u violations, the first: %s", desk.card.violations, desk.card.violation);
    }
    esp_loader_deinit(&desk.loader);
    espsim_destroy(desk.sim);
    free(desk.flash);
}

static int start(void **state)
{
    (void)state;
    set_up(&reflash_rom_esp32c6, 0x100D);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tear_down();
    return 0;
}

static esp_loader_error_t connect_with_stub(void)
{
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 1};
    return esp_loader_connect_with_stub(&desk.loader, &args);
}

static void connect(void)
{
    assert_int_equal(connect_with_stub(), ESP_LOADER_SUCCESS);
}

static void expect_fault(esp_loader_error_t code_, reflash_cause_t cause)
{
    const reflash_fault_t fault = reflash_last_fault(&desk.loader);
    assert_int_equal(fault.code, code_);
    assert_int_equal(fault.cause, cause);
}

static esp_loader_error_t write_flash(uint32_t bytes, uint32_t block_bytes)
{
    esp_loader_flash_cfg_t cfg = {.offset = FLASH_ADDR, .image_size = bytes, .block_size = block_bytes};
    RETURN_ON_ERROR(esp_loader_flash_start(&desk.loader, &cfg));
    for (uint32_t at = 0; at < bytes; at += block_bytes) {
        const uint32_t left_bytes = bytes - at;
        RETURN_ON_ERROR(esp_loader_flash_write(&desk.loader, &cfg, desk.image + at,
                                               left_bytes < block_bytes ? left_bytes : block_bytes));
    }
    return esp_loader_flash_finish(&desk.loader, &cfg);
}

static void expect_image(uint32_t bytes)
{
    assert_memory_equal(desk.flash + FLASH_ADDR, desk.image, bytes);
}

/* --- Success ------------------------------------------------------------------------------------------- */

static void every_chip_that_is_a_card_starts_its_stub(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        uint16_t device;
    } rows[] = {{&reflash_rom_esp32, 0x0000},
                {&reflash_rom_esp32c5, 0x1017},
                {&reflash_rom_esp32c6, 0x100D},
                {&reflash_rom_esp32c61, 0x1014}};
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        const uint32_t ram = rows[row].device == 0 ? 0x40090000 : RAM;
        tear_down();
        stub.entry = code.entry = ram + 8;
        stub.segments[0].addr = code.text_addr = ram;
        stub.segments[1].addr = ram + 0x4000;
        set_up(rows[row].rom, rows[row].device);
        connect();
        expect_fault(ESP_LOADER_SUCCESS, REFLASH_CAUSE_NONE);
        assert_int_equal(espsim_stub(desk.sim), ESPSIM_STUB_2_1);
        assert_int_equal(write_flash(SMALL_BYTES, SMALL_BYTES), ESP_LOADER_SUCCESS);
        expect_image(SMALL_BYTES);
    }
}

static void the_stub_holds_all_that_was_sent(void **state)
{
    (void)state;
    uint32_t word;
    connect();
    assert_int_equal(desk.card.packets, 3 + 1 + 1); /* 600 bytes, 21 bytes, the jump */
    for (uint32_t at = 0; at < DATA_BYTES; at += 4) {
        const uint8_t last_word[4] = {data[20], 0, 0, 0};
        assert_int_equal(esp_loader_read_register(&desk.loader, RAM + 0x4000 + at, &word), ESP_LOADER_SUCCESS);
        assert_memory_equal(&word, at < 20 ? data + at : last_word, 4); /* tests run on little-endian hosts */
    }
}

static void a_stub_may_be_kept_elsewhere(void **state)
{
    (void)state;
    const reflash_stub_t in_memory = stub;
    stub = stub_elsewhere;
    connect();
    assert_int_equal(espsim_stub(desk.sim), ESPSIM_STUB_2_1);
    stub = in_memory;
}

static void flash_is_written_and_proved_in_the_largest_blocks(void **state)
{
    (void)state;
    connect();
    assert_int_equal(write_flash(IMAGE_BYTES, BLOCK_BYTES_MAX), ESP_LOADER_SUCCESS);
    expect_image(IMAGE_BYTES);
    uint8_t found[16];
    assert_int_equal(reflash_flash_md5(&desk.loader, FLASH_ADDR, IMAGE_BYTES, found), ESP_LOADER_SUCCESS);
    assert_memory_equal(found, desk.digest, sizeof(found));
}

static void a_block_beyond_the_cards_buffers_is_refused_before_anything_is_sent(void **state)
{
    (void)state;
    esp_loader_flash_deflate_cfg_t packed = {
        .offset = FLASH_ADDR, .image_size = 4096, .compressed_size = 4096, .block_size = BLOCK_BYTES_MAX + 4};
    esp_loader_mem_cfg_t ram = {.offset = RAM + 0x8000, .size = 0x8000, .block_size = BLOCK_BYTES_MAX + 4};
    connect();
    const uint64_t calls = desk.card.base.calls;
    assert_int_equal(write_flash(IMAGE_BYTES, BLOCK_BYTES_MAX + 4), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_deflate_start(&desk.loader, &packed), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_mem_start(&desk.loader, &ram), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(desk.card.base.calls, calls);
}

static void a_compressed_stream_is_unpacked(void **state)
{
    (void)state;
    static uint8_t stream[IMAGE_BYTES + 1000];
    uLongf stream_bytes = sizeof(stream);
    assert_int_equal(compress2(stream, &stream_bytes, desk.image, IMAGE_BYTES, 9), Z_OK);
    esp_loader_flash_deflate_cfg_t cfg = {.offset = FLASH_ADDR,
                                          .image_size = IMAGE_BYTES,
                                          .compressed_size = (uint32_t)stream_bytes,
                                          .block_size = BLOCK_BYTES_MAX};
    connect();
    assert_int_equal(esp_loader_flash_deflate_start(&desk.loader, &cfg), ESP_LOADER_SUCCESS);
    for (uint32_t at = 0; at < stream_bytes; at += BLOCK_BYTES_MAX) {
        const uint32_t left_bytes = (uint32_t)stream_bytes - at;
        assert_int_equal(
            esp_loader_flash_deflate_write(&desk.loader, &cfg, stream + at,
                                           left_bytes < BLOCK_BYTES_MAX ? left_bytes : (uint32_t)BLOCK_BYTES_MAX),
            ESP_LOADER_SUCCESS);
    }
    assert_int_equal(esp_loader_flash_deflate_finish(&desk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_image(IMAGE_BYTES);
}

static void flash_is_read_in_packets_that_are_acknowledged(void **state)
{
    (void)state;
    enum { OP_READ_FAST = 0xD2 };
    static uint8_t found[IMAGE_BYTES + 1];
    connect();
    memcpy(desk.flash + FLASH_ADDR, desk.image, IMAGE_BYTES);
    memset(found, 0xA5, sizeof(found));
    assert_int_equal(esp_loader_flash_read(&desk.loader, found, FLASH_ADDR, IMAGE_BYTES - 3), ESP_LOADER_SUCCESS);
    assert_memory_equal(found, desk.image, IMAGE_BYTES - 3); /* the last packet is not one of whole words */
    assert_int_equal(found[IMAGE_BYTES - 3], 0xA5);
    assert_int_equal(espsim_stats(desk.sim)->commands[OP_READ_FAST].count, 1);
}

static void flash_is_erased_by_sectors_and_as_a_whole(void **state)
{
    (void)state;
    connect();
    assert_int_equal(esp_loader_flash_erase_region(&desk.loader, FLASH_ADDR, 0x1000), ESP_LOADER_SUCCESS);
    assert_int_equal(desk.flash[FLASH_ADDR], 0xFF);
    assert_int_equal(desk.flash[FLASH_ADDR + 0xFFF], 0xFF);
    assert_int_equal(desk.flash[FLASH_ADDR - 1], 0x00);
    assert_int_equal(desk.flash[FLASH_ADDR + 0x1000], 0x00);
    assert_int_equal(esp_loader_flash_erase(&desk.loader), ESP_LOADER_SUCCESS);
    assert_int_equal(desk.flash[0], 0xFF);
    assert_int_equal(desk.flash[FLASH_BYTES - 1], 0xFF);
}

static void an_update_by_digests_needs_nothing_else(void **state)
{
    (void)state;
    reflash_image_t image = {.flash_addr = FLASH_ADDR, .bytes = IMAGE_BYTES, .data = desk.image};
    reflash_job_t job = {.block_bytes = BLOCK_BYTES_MAX};
    memcpy(image.md5, desk.digest, sizeof(desk.digest));
    connect();
    assert_int_equal(reflash_update(&desk.loader, &image, 1, &job), ESP_LOADER_SUCCESS);
    expect_image(IMAGE_BYTES);
    const uint64_t programmed = espsim_stats(desk.sim)->commands[0x03].count;
    assert_int_equal(reflash_update(&desk.loader, &image, 1, &job), ESP_LOADER_SUCCESS);
    assert_int_equal(espsim_stats(desk.sim)->commands[0x03].count, programmed);
}

static void a_stub_that_runs_is_not_uploaded_again(void **state)
{
    (void)state;
    connect();
    const uint64_t calls = desk.card.base.calls;
    assert_int_equal(reflash_stub_start(&desk.loader), ESP_LOADER_SUCCESS);
    assert_int_equal(desk.card.base.calls, calls);
    connect(); /* a reset ends it */
    assert_int_equal(desk.card.packets, 5);
}

/* --- Refusals ------------------------------------------------------------------------------------------ */

static void without_a_stub_for_it_the_chip_stays_connected_to_its_rom(void **state)
{
    (void)state;
    there_is_a_stub = false;
    assert_int_equal(connect_with_stub(), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT);
    assert_int_equal(esp_loader_get_target(&desk.loader), ESP32C6_CHIP);
    assert_int_equal(desk.card.packets, 0);
    there_is_a_stub = true;
    assert_int_equal(reflash_stub_start(&desk.loader), ESP_LOADER_SUCCESS);
}

static void what_the_stub_refuses_is_told_as_a_refusal_at_once(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = FLASH_ADDR, .image_size = SMALL_BYTES, .block_size = SMALL_BYTES};
    connect();
    assert_int_equal(esp_loader_flash_start(&desk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&desk.loader, &cfg, desk.image, SMALL_BYTES), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&desk.loader, &cfg), ESP_LOADER_SUCCESS);
    cfg._state.begun = true; /* a block behind the end of the write */
    cfg._state.written_bytes = 0;
    const uint64_t before_ns = espsim_now(desk.sim);
    assert_int_equal(esp_loader_flash_write(&desk.loader, &cfg, desk.image, SMALL_BYTES),
                     ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED);
    assert_true(reflash_last_fault(&desk.loader).target_reason != 0);
    assert_true(espsim_now(desk.sim) - before_ns < UINT64_C(2000000000));
}

static void commands_of_serial_lines_make_no_sense_here(void **state)
{
    (void)state;
    desk.card.ops.change_transmission_rate = espsim_port_ops.change_transmission_rate; /* the bus may have a clock */
    connect();
    const uint64_t calls = desk.card.base.calls;
    assert_int_equal(esp_loader_change_transmission_rate(&desk.loader, 230400), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(desk.card.base.calls, calls);
}

/* --- Time-outs and nonsense ------------------------------------------------------------------------------ */

static void a_stub_that_does_not_greet_is_a_timeout(void **state)
{
    (void)state;
    desk.card.faults.no_packets = true;
    const uint64_t before_ns = espsim_now(desk.sim);
    assert_int_equal(connect_with_stub(), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
    assert_true(espsim_now(desk.sim) - before_ns < UINT64_C(3000000000));
    desk.card.faults.no_packets = false;
    connect();
}

static void code_that_is_no_stub_is_a_timeout(void **state)
{
    (void)state;
    text[TEXT_BYTES - 1] ^= 1; /* what the chip jumps to is another program */
    assert_int_equal(connect_with_stub(), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
    text[TEXT_BYTES - 1] ^= 1;
    connect();
}

static void another_greeting_is_nonsense(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {1, 3, 5, 0x10000};
    for (size_t row = 0; row < sizeof(lengths) / sizeof(lengths[0]); row++) {
        desk.card.faults.packet_bytes = lengths[row];
        assert_int_equal(connect_with_stub(), ESP_LOADER_ERROR_INVALID_RESPONSE);
        expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE);
    }
    desk.card.faults.packet_bytes = 0;
    connect();
}

static void a_packet_longer_than_was_asked_for_stays_out_of_the_callers_buffer(void **state)
{
    (void)state;
    uint8_t found[64 + 4];
    connect();
    assert_int_equal(esp_loader_flash_read(&desk.loader, found, FLASH_ADDR, 64), ESP_LOADER_SUCCESS);
    memset(found, 0xA5, sizeof(found));
    desk.card.faults.packet_bytes = 68;
    assert_int_not_equal(esp_loader_flash_read(&desk.loader, found, FLASH_ADDR, 64), ESP_LOADER_SUCCESS);
    for (size_t at = 64; at < sizeof(found); at++) {
        assert_int_equal(found[at], 0xA5);
    }
    desk.card.faults.packet_bytes = 0;
}

static void a_stub_that_falls_silent_is_a_timeout_in_every_function(void **state)
{
    (void)state;
    uint8_t found[16];
    uint32_t bytes;
    connect();
    assert_int_equal(esp_loader_flash_detect_size(&desk.loader, &bytes), ESP_LOADER_SUCCESS);
    desk.card.faults.no_packets = true;
    const esp_loader_error_t errors[] = {
        write_flash(SMALL_BYTES, SMALL_BYTES),
        reflash_flash_md5(&desk.loader, FLASH_ADDR, 4096, found),
        esp_loader_flash_read(&desk.loader, found, FLASH_ADDR, sizeof(found)),
        esp_loader_flash_erase_region(&desk.loader, FLASH_ADDR, 4096),
        esp_loader_flash_erase(&desk.loader),
    };
    for (size_t row = 0; row < sizeof(errors) / sizeof(errors[0]); row++) {
        assert_int_equal(errors[row], ESP_LOADER_ERROR_TIMEOUT);
    }
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
}

/* --- A fault at every access ----------------------------------------------------------------------------- */

static esp_loader_error_t whole_job(void)
{
    RETURN_ON_ERROR(connect_with_stub());
    return write_flash(SMALL_BYTES, 512);
}

static uint64_t accesses_of_a_clean(esp_loader_error_t (*job)(void))
{
    desk.card.base.calls = 0;
    assert_int_equal(job(), ESP_LOADER_SUCCESS);
    return desk.card.base.calls;
}

static void heal(void)
{
    desk.card.base.fail_call = 0;
    desk.card.faults.silent_after = 0;
    memset(desk.flash, 0, FLASH_BYTES);
    assert_int_equal(whole_job(), ESP_LOADER_SUCCESS);
    expect_image(SMALL_BYTES);
}

static void whichever_access_of_the_upload_fails_it_is_told_and_a_rerun_works(void **state)
{
    (void)state;
    const uint64_t clean_calls = accesses_of_a_clean(connect_with_stub);
    assert_in_range(clean_calls, 20, 200);
    for (uint64_t call = 2; call <= clean_calls; call++) { /* bringing up the bus, the first, is tried again */
        desk.card.base.calls = 0;
        desk.card.base.fail_call = call;
        assert_int_equal(connect_with_stub(), ESP_LOADER_ERROR_FAIL);
        expect_fault(ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_PORT);
        assert_int_equal(desk.card.base.calls, call); /* nothing was tried behind it */
        heal();
    }
}

static void whichever_access_of_the_upload_is_the_last_that_is_a_timeout_and_a_rerun_works(void **state)
{
    (void)state;
    const uint64_t clean_calls = accesses_of_a_clean(connect_with_stub);
    for (uint64_t call = 2; call <= clean_calls; call++) {
        const uint64_t before_ns = espsim_now(desk.sim);
        desk.card.base.calls = 0;
        desk.card.faults.silent_after = call;
        assert_int_equal(connect_with_stub(), ESP_LOADER_ERROR_TIMEOUT);
        expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
        assert_true(espsim_now(desk.sim) - before_ns < UINT64_C(20000000000));
        heal();
    }
}

static void no_access_that_fails_in_a_write_makes_it_claim_success_on_wrong_content(void **state)
{
    (void)state;
    const uint64_t clean_calls = accesses_of_a_clean(whole_job);
    uint64_t failed = 0;
    for (uint64_t call = 2; call <= clean_calls; call += 1 + call / 64) { /* most of them wait for the flash */
        for (unsigned silent = 0; silent < 2; silent++) {
            memset(desk.flash, 0, FLASH_BYTES);
            desk.card.base.calls = 0;
            desk.card.base.fail_call = silent != 0 ? 0 : call;
            desk.card.faults.silent_after = silent != 0 ? call : 0;
            const esp_loader_error_t err = whole_job();
            failed += err != ESP_LOADER_SUCCESS ? 1 : 0;
            assert_true(err != ESP_LOADER_SUCCESS || memcmp(desk.flash + FLASH_ADDR, desk.image, SMALL_BYTES) == 0);
            heal();
        }
    }
    assert_true(failed > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_stub_holds_all_that_was_sent),
        TEST(a_stub_may_be_kept_elsewhere),
        TEST(flash_is_written_and_proved_in_the_largest_blocks),
        TEST(a_block_beyond_the_cards_buffers_is_refused_before_anything_is_sent),
        TEST(a_compressed_stream_is_unpacked),
        TEST(flash_is_read_in_packets_that_are_acknowledged),
        TEST(flash_is_erased_by_sectors_and_as_a_whole),
        TEST(an_update_by_digests_needs_nothing_else),
        TEST(a_stub_that_runs_is_not_uploaded_again),
        TEST(without_a_stub_for_it_the_chip_stays_connected_to_its_rom),
        TEST(what_the_stub_refuses_is_told_as_a_refusal_at_once),
        TEST(commands_of_serial_lines_make_no_sense_here),
        TEST(a_stub_that_does_not_greet_is_a_timeout),
        TEST(code_that_is_no_stub_is_a_timeout),
        TEST(another_greeting_is_nonsense),
        TEST(a_packet_longer_than_was_asked_for_stays_out_of_the_callers_buffer),
        TEST(a_stub_that_falls_silent_is_a_timeout_in_every_function),
        TEST(whichever_access_of_the_upload_fails_it_is_told_and_a_rerun_works),
        TEST(whichever_access_of_the_upload_is_the_last_that_is_a_timeout_and_a_rerun_works),
        TEST(no_access_that_fails_in_a_write_makes_it_claim_success_on_wrong_content),
        TEST(every_chip_that_is_a_card_starts_its_stub),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
