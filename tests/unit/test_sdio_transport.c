/* SPDX-License-Identifier: Apache-2.0 */
/* The loader against a virtual SDIO card: connecting, RAM through the mask ROM, a RAM stub, and what goes wrong at each
 * step. The card checks what the host does; a violation fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "sdio_slave.h"
#include "transport/transport.h"

enum { FLASH_BYTES = 1 << 18, RAM = 0x40810000, STUB_BYTES = 600 };

typedef struct {
    espsim_t *sim;
    uint8_t *flash;
    espsim_sdio_t card;
    esp_loader_t loader;
    uint8_t behind[128]; /* stays A5 */
    uint8_t stub[STUB_BYTES];
    espsim_stub_code_t stub_row;
} desk_t;

static desk_t desk;
static const uint8_t program_code[4] = {0x13, 0x37, 0xC0, 0xDB};
static const espsim_program_t program = {.code = program_code, .code_bytes = 4, .prints = "RAM runs\r\n"};

static void set_up(const reflash_rom_t *rom, uint16_t device)
{
    memset(&desk, 0xA5, sizeof(desk)); /* a context may hold anything */
    desk.flash = calloc(FLASH_BYTES, 1);
    assert_non_null(desk.flash);
    fill_at_random(desk.stub, STUB_BYTES, 7);
    desk.stub_row = (espsim_stub_code_t){
        .chip = "esp32c6", .stub = ESPSIM_STUB_2_1, .text_addr = RAM, .text_bytes = STUB_BYTES, .entry = RAM + 8};
    assert_int_equal(
        mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), desk.stub, STUB_BYTES, desk.stub_row.text_sha256), 0);
    desk.sim = espsim_create(&(espsim_config_t){.rom = rom,
                                                .flash = desk.flash,
                                                .flash_bytes = FLASH_BYTES,
                                                .timing = espsim_timing_typical(),
                                                .programs = &program,
                                                .program_count = 1,
                                                .stubs = &desk.stub_row,
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

static esp_loader_error_t connect_with(int32_t trials)
{
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = trials};
    return esp_loader_connect(&desk.loader, &args);
}

static void connect(void)
{
    assert_int_equal(connect_with(1), ESP_LOADER_SUCCESS);
}

static void expect_fault(esp_loader_error_t code, reflash_cause_t cause)
{
    const reflash_fault_t fault = reflash_last_fault(&desk.loader);
    assert_int_equal(fault.code, code);
    assert_int_equal(fault.cause, cause);
}

static uint64_t now_ms(void)
{
    return espsim_now(desk.sim) / 1000000;
}

static esp_loader_error_t load(uint32_t addr, const uint8_t *data, uint32_t bytes, uint32_t block_bytes, uint32_t entry)
{
    esp_loader_mem_cfg_t cfg = {.offset = addr, .size = bytes, .block_size = block_bytes};
    RETURN_ON_ERROR(esp_loader_mem_start(&desk.loader, &cfg));
    for (uint32_t at = 0; at < bytes; at += block_bytes) {
        const uint32_t left_bytes = bytes - at;
        RETURN_ON_ERROR(
            esp_loader_mem_write(&desk.loader, &cfg, data + at, left_bytes < block_bytes ? left_bytes : block_bytes));
    }
    return esp_loader_mem_finish(&desk.loader, &cfg, entry);
}

/* The stub greets as soon as it runs. */
static void start_stub(void)
{
    connect();
    assert_int_equal(load(RAM, desk.stub, STUB_BYTES, 256, RAM + 8), ESP_LOADER_SUCCESS);
    desk.card.ops.start_timer(&desk.card.base.port, 500);
    assert_int_equal(desk.loader._transport->receive(&desk.loader, desk.loader._frame, 80), ESP_LOADER_SUCCESS);
    assert_int_equal(desk.loader._frame_bytes, 4);
    assert_memory_equal(desk.loader._frame, "OHAI", 4);
}

/* --- Success ------------------------------------------------------------------------------------------- */

static void connecting_finds_the_chip(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        uint16_t device;
        target_chip_t target;
    } rows[] = {{&reflash_rom_esp32, 0x0000, ESP32_CHIP},
                {&reflash_rom_esp32c5, 0x1017, ESP32C5_CHIP},
                {&reflash_rom_esp32c6, 0x100D, ESP32C6_CHIP},
                {&reflash_rom_esp32c61, 0x1014, ESP32C61_CHIP}};
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        tear_down();
        set_up(rows[row].rom, rows[row].device);
        connect();
        assert_int_equal(esp_loader_get_target(&desk.loader), rows[row].target);
        expect_fault(ESP_LOADER_SUCCESS, REFLASH_CAUSE_NONE);
    }
}

static void ram_is_loaded_and_the_program_runs(void **state)
{
    (void)state;
    uint8_t data[5003]; /* the last packet is filled up */
    uint8_t heard[64];
    fill_at_random(data, sizeof(data), 1);
    memcpy(data, program_code, sizeof(program_code));
    connect();
    assert_int_equal(load(RAM, data, sizeof(data), 1024, RAM), ESP_LOADER_SUCCESS);
    assert_true(desk.card.booted);
    /* A block of 1024 bytes is four packets of 236 bytes and one of 80; the last of 907 is three and one of 200. */
    assert_int_equal(desk.card.packets, 4 * 5 + 4 + 1);
    const size_t count = espsim_port_listen(&desk.card.base, heard, sizeof(heard), 100);
    assert_non_null(memmem(heard, count, "RAM runs", 8));
}

static void loading_without_an_entry_stays_in_the_rom(void **state)
{
    (void)state;
    uint8_t data[64] = {0};
    connect();
    assert_int_equal(load(RAM, data, sizeof(data), 64, 0), ESP_LOADER_SUCCESS);
    assert_false(desk.card.booted);
    assert_int_equal(load(RAM, data, sizeof(data), 64, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(desk.card.packets, 2);
}

static void a_loaded_stub_is_talked_to(void **state)
{
    (void)state;
    uint32_t value = 0;
    uint8_t data[8192];
    start_stub(); /* which is recognised by every byte */
    assert_int_equal(esp_loader_write_register(&desk.loader, RAM + 0x1000, 0xC0DBDCDD), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_read_register(&desk.loader, RAM + 0x1000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0xC0DBDCDD);
    fill_at_random(data, sizeof(data), 3);
    assert_int_equal(load(RAM + 0x2000, data, sizeof(data), 4096, 0), ESP_LOADER_SUCCESS);
    for (uint32_t at = 0; at < sizeof(data); at += 508) {
        assert_int_equal(esp_loader_read_register(&desk.loader, RAM + 0x2000 + at, &value), ESP_LOADER_SUCCESS);
        assert_int_equal(value & 0xFF, data[at]);
        assert_int_equal(value >> 24, data[at + 3]);
    }
    assert_int_equal(esp_loader_change_transmission_rate(&desk.loader, 230400), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
}

static void connecting_again_returns_to_the_rom(void **state)
{
    (void)state;
    uint8_t data[8] = {0};
    start_stub();
    connect();
    assert_false(desk.card.booted);
    assert_int_equal(load(RAM, data, sizeof(data), 8, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(desk.card.packets, 1);
}

/* --- What is not carried ------------------------------------------------------------------------------- */

static void what_the_rom_does_not_take_is_unsupported_and_sends_nothing(void **state)
{
    (void)state;
    esp_loader_t *loader = &desk.loader;
    esp_loader_target_security_info_t info;
    esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = 4096, .block_size = 1024};
    uint32_t word;
    uint8_t mac[6];
    desk.card.ops.change_transmission_rate = espsim_port_ops.change_transmission_rate; /* the bus may have a clock */
    connect();
    const uint64_t before = desk.card.base.calls;
    const esp_loader_error_t errors[] = {
        esp_loader_flash_start(loader, &cfg),
        esp_loader_flash_detect_size(loader, &word),
        esp_loader_flash_erase(loader),
        esp_loader_get_security_info(loader, &info),
        esp_loader_change_transmission_rate(loader, 230400),
        esp_loader_read_register(loader, RAM, &word),
        esp_loader_write_register(loader, RAM, 0),
        esp_loader_read_mac(loader, mac),
    };
    for (size_t row = 0; row < sizeof(errors) / sizeof(errors[0]); row++) {
        assert_int_equal(errors[row], ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    assert_int_equal(desk.card.base.calls, before);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT);
}

static void addresses_that_are_no_multiple_of_4_are_refused(void **state)
{
    (void)state;
    uint8_t data[12] = {0};
    connect();
    assert_int_equal(load(RAM + 2, data, 12, 12, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT);
    assert_int_equal(desk.card.packets, 0);
    assert_int_equal(load(RAM, data, 12, 6, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(desk.card.packets, 1); /* the second block would begin in the middle of a word */
}

static void a_port_without_what_sdio_needs_is_rejected(void **state)
{
    (void)state;
    for (unsigned missing = 0; missing < 8; missing++) {
        esp_loader_t loader;
        esp_loader_port_ops_t ops = desk.card.ops;
        esp_loader_port_t port = {.ops = &ops};
        ops.enter_bootloader = missing == 0 ? NULL : ops.enter_bootloader;
        ops.reset_target = missing == 1 ? NULL : ops.reset_target;
        ops.start_timer = missing == 2 ? NULL : ops.start_timer;
        ops.remaining_time = missing == 3 ? NULL : ops.remaining_time;
        ops.delay_ms = missing == 4 ? NULL : ops.delay_ms;
        ops.sdio_write = missing == 5 ? NULL : ops.sdio_write;
        ops.sdio_read = missing == 6 ? NULL : ops.sdio_read;
        ops.sdio_card_init = missing == 7 ? NULL : ops.sdio_card_init;
        assert_int_equal(esp_loader_init_sdio(&loader, &port), ESP_LOADER_ERROR_INVALID_PARAM);
    }
    assert_int_equal(esp_loader_init_sdio(NULL, &desk.card.base.port), ESP_LOADER_ERROR_INVALID_PARAM);
}

/* --- A card that does not do its part ------------------------------------------------------------------ */

static void expect_connect(espsim_sdio_faults_t faults, esp_loader_error_t code, reflash_cause_t cause)
{
    const uint64_t start_ms = now_ms();
    desk.card.faults = faults;
    desk.card.ready_count = 0;
    assert_int_equal(connect_with(2), code);
    expect_fault(code, cause);
    assert_in_range(now_ms() - start_ms, 0, 2 * (150 + 500 + 500));
    desk.card.faults = (espsim_sdio_faults_t){0};
    connect();
}

static void where_no_card_answers_connecting_is_a_timeout(void **state)
{
    (void)state;
    expect_connect((espsim_sdio_faults_t){.never_a_card = true}, ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
}

static void a_card_that_does_not_get_ready_is_a_timeout_in_every_step(void **state)
{
    (void)state;
    const uint64_t steps = 4; /* enabling, reading what it is, two halves of the set-up */
    for (uint64_t reads = 1; reads < steps; reads++) {
        expect_connect((espsim_sdio_faults_t){.ready_reads = reads}, ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
    }
    uint8_t data[64] = {0};
    desk.card.faults.ready_reads = desk.card.ready_count;
    assert_int_equal(load(RAM, data, sizeof(data), 64, 0), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
}

static void a_card_that_falls_silent_is_a_timeout_in_every_access(void **state)
{
    (void)state;
    uint8_t data[700] = {0};
    connect();
    desk.card.base.calls = 0;
    connect();
    assert_int_equal(load(RAM, data, sizeof(data), 700, RAM), ESP_LOADER_SUCCESS);
    const uint64_t clean_calls = desk.card.base.calls;
    for (uint64_t access = 2; access <= clean_calls; access++) {
        desk.card.base.calls = 0;
        desk.card.faults.silent_after = access;
        esp_loader_error_t err = connect_with(1);
        err = err == ESP_LOADER_SUCCESS ? load(RAM, data, sizeof(data), 700, RAM) : err;
        assert_int_equal(err, ESP_LOADER_ERROR_TIMEOUT);
        expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
        desk.card.faults.silent_after = 0;
    }
}

static void registers_that_do_not_keep_what_is_written_are_nonsense(void **state)
{
    (void)state;
    expect_connect((espsim_sdio_faults_t){.enable_does_not_stick = true}, ESP_LOADER_ERROR_INVALID_RESPONSE,
                   REFLASH_CAUSE_NONSENSE);
    expect_connect((espsim_sdio_faults_t){.conf_does_not_stick = true}, ESP_LOADER_ERROR_INVALID_RESPONSE,
                   REFLASH_CAUSE_NONSENSE);
}

static void a_card_of_somebody_else_is_an_invalid_target(void **state)
{
    (void)state;
    desk.card.vendor = 0x02D0;
    assert_int_equal(connect_with(3), ESP_LOADER_ERROR_INVALID_TARGET);
    expect_fault(ESP_LOADER_ERROR_INVALID_TARGET, REFLASH_CAUSE_UNKNOWN_CHIP);
    desk.card.vendor = 0x0092;
    desk.card.device = 0x1FFF;
    assert_int_equal(connect_with(3), ESP_LOADER_ERROR_INVALID_TARGET);
}

static void tuples_that_lead_nowhere_are_nonsense_and_are_not_followed(void **state)
{
    (void)state;
    static const uint8_t rows[][64] = {
        {0xFF},                                                      /* none */
        {0x20, 2, 0x92, 0x00, 0xFF},                                 /* of another length */
        {0x15, 0xFF, 0x20, 4, 0x92, 0x00, 0x0D, 0x10},               /* one that reaches beyond */
        {0},                                                         /* nothing but null tuples */
        {[0] = 0x15, [1] = 30, [32] = 0x20, 4, 0x92, 0, 0x0D, 0x10}, /* behind the window that is searched */
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        desk.card.cis = rows[row];
        assert_int_equal(connect_with(1), ESP_LOADER_ERROR_INVALID_RESPONSE);
        expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE);
    }
    desk.card.cis = NULL;
}

static void a_stub_that_is_silent_is_a_timeout(void **state)
{
    (void)state;
    uint32_t value;
    start_stub();
    desk.card.faults.no_credit = true;
    assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
    desk.card.faults.no_credit = false;
    desk.card.faults.no_packets = true;
    assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE);
}

static void packets_longer_than_the_buffer_are_not_believed(void **state)
{
    (void)state;
    uint32_t value;
    start_stub();
    static const uint32_t lengths[] = {81, 200, 0x10000, 0xFFFFFFFF};
    for (size_t row = 0; row < sizeof(lengths) / sizeof(lengths[0]); row++) {
        desk.card.faults.packet_bytes = lengths[row];
        assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
        expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE);
    }
    for (size_t at = 0; at < sizeof(desk.behind); at++) {
        assert_int_equal(desk.behind[at], 0xA5);
    }
    desk.card.faults.packet_bytes = 0;
    assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_SUCCESS);
}

static void a_message_beyond_any_credit_is_refused_here(void **state)
{
    (void)state;
    reflash_request_t request = {.opcode = 0x07, .padding_bytes = 16384 - 8};
    start_stub();
    desk.card.ops.start_timer(&desk.card.base.port, 100);
    request.padding_bytes++;
    assert_int_equal(desk.loader._transport->send(&desk.loader, &request, 0), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT);
}

/* --- A port that breaks -------------------------------------------------------------------------------- */

static void whichever_call_of_the_port_fails_it_is_told_and_connecting_again_heals(void **state)
{
    (void)state;
    uint8_t data[700] = {0};
    connect();
    desk.card.base.calls = 0;
    connect();
    assert_int_equal(load(RAM, data, sizeof(data), 700, RAM), ESP_LOADER_SUCCESS);
    const uint64_t clean_calls = desk.card.base.calls;
    assert_in_range(clean_calls, 20, 100);
    for (uint64_t call = 1; call <= clean_calls; call++) {
        desk.card.base.calls = 0;
        desk.card.base.fail_call = call;
        esp_loader_error_t err = connect_with(3);
        err = err == ESP_LOADER_SUCCESS ? load(RAM, data, sizeof(data), 700, RAM) : err;
        if (call == 1) { /* bringing up the bus is tried again */
            assert_int_equal(err, ESP_LOADER_SUCCESS);
        } else {
            assert_int_equal(err, ESP_LOADER_ERROR_FAIL);
            assert_int_equal(reflash_last_fault(&desk.loader).cause, REFLASH_CAUSE_PORT);
            assert_int_equal(desk.card.base.calls, call); /* nothing was tried behind it */
        }
        desk.card.base.fail_call = 0;
    }
}

static void whichever_call_fails_while_a_stub_is_talked_to_it_is_told(void **state)
{
    (void)state;
    uint32_t value;
    start_stub();
    desk.card.base.calls = 0;
    assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_SUCCESS);
    const uint64_t clean_calls = desk.card.base.calls;
    for (uint64_t call = 1; call <= clean_calls; call++) {
        start_stub();
        desk.card.base.calls = 0;
        desk.card.base.fail_call = call;
        assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_ERROR_FAIL);
        expect_fault(ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_PORT);
        desk.card.base.fail_call = 0;
    }
}

/* --- The card is strict -------------------------------------------------------------------------------- */

static void what_a_host_does_wrong_is_noticed(void **state)
{
    (void)state;
    /* Each on a card that is set up and waits for packets. */
    static const struct {
        const char *what;
        uint32_t function, addr;
        uint8_t bytes[24];
        uint16_t count;
    } rows[] = {
        {"no such access", 2, 0x80, {0}, 4},
        {"nothing to write there in function 0", 0, 0x03, {0}, 1},
        {"a bad read command", 1, 0x84, {0x1C, 0x40}, 4},
        {"a bad write command", 1, 0x80, {0, 0, 0x30, 0, 0x1C, 0x80}, 8},
        {"nothing there behind the window", 1, 0x84, {0x18, 0x80}, 4},
        {"other bits of the link's set-up are changed", 1, 0x80, {0x60, 0, 0, 0, 0x1C, 0xC0}, 8},
        {"another interrupt is cleared", 1, 0xD4, {1}, 4},
        {"nothing there in function 1", 1, 0x40, {0}, 4},
        {"a packet of another length than it is written to", 1, 0x1F800 - 24, {0, 0, 20}, 20},
        {"a packet is not as long as it says", 1, 0x1F800 - 20, {0, 4, 24, 0, 5, [16] = 1}, 20},
        {"not a control packet", 1, 0x1F800 - 20, {1, 4, 20, 0, 5, [16] = 1}, 20},
        {"a packet out of sequence", 1, 0x1F800 - 24, {0, 0, 24, 0, 1, 0, 0, 0, 7, [14] = 0x81, 0x40, 4}, 24},
        {"a write to memory that is not as long as it says",
         1,
         0x1F800 - 24,
         {0, 0, 24, 0, 1, 0, 0, 0, 0, [14] = 0x81, 0x40, 3},
         24},
        {"a boot packet of another kind", 1, 0x1F800 - 20, {0, 0, 20, 0, 5, [16] = 1}, 20},
        {"no such packet", 1, 0x1F800 - 20, {0, 0, 20, 0, 2}, 20},
    };
    esp_loader_port_t *port = &desk.card.base.port;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        connect();
        (void)port->ops->sdio_write(port, rows[row].function, rows[row].addr, rows[row].bytes, rows[row].count, 1);
        assert_true(desk.card.violations > 0);
        assert_string_equal(desk.card.violation, rows[row].what);
        desk.card.violations = 0;
    }
    port->ops->enter_bootloader(port);
    (void)port->ops->sdio_write(port, 1, 0x84, (const uint8_t[]){0x1C, 0x80, 0, 0}, 4, 1);
    assert_string_equal(desk.card.violation, "no card was selected");
    desk.card.violations = 0;
    assert_int_equal(port->ops->sdio_card_init(port), ESP_LOADER_SUCCESS);
    (void)port->ops->sdio_write(port, 1, 0x84, (const uint8_t[]){0x1C, 0x80, 0, 0}, 4, 1);
    assert_string_equal(desk.card.violation, "function 1 is not enabled");
    desk.card.violations = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connecting_finds_the_chip),
        TEST(ram_is_loaded_and_the_program_runs),
        TEST(loading_without_an_entry_stays_in_the_rom),
        TEST(a_loaded_stub_is_talked_to),
        TEST(connecting_again_returns_to_the_rom),
        TEST(what_the_rom_does_not_take_is_unsupported_and_sends_nothing),
        TEST(addresses_that_are_no_multiple_of_4_are_refused),
        TEST(a_port_without_what_sdio_needs_is_rejected),
        TEST(where_no_card_answers_connecting_is_a_timeout),
        TEST(a_card_that_does_not_get_ready_is_a_timeout_in_every_step),
        TEST(a_card_that_falls_silent_is_a_timeout_in_every_access),
        TEST(registers_that_do_not_keep_what_is_written_are_nonsense),
        TEST(a_card_of_somebody_else_is_an_invalid_target),
        TEST(tuples_that_lead_nowhere_are_nonsense_and_are_not_followed),
        TEST(a_stub_that_is_silent_is_a_timeout),
        TEST(packets_longer_than_the_buffer_are_not_believed),
        TEST(a_message_beyond_any_credit_is_refused_here),
        TEST(whichever_call_of_the_port_fails_it_is_told_and_connecting_again_heals),
        TEST(whichever_call_fails_while_a_stub_is_talked_to_it_is_told),
        TEST(what_a_host_does_wrong_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
