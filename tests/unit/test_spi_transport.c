/* SPDX-License-Identifier: Apache-2.0 */
/* The loader against a virtual SPI slave: connecting, registers, RAM, and what goes wrong at each step. The slave
 * checks what the host does; a violation fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "spi_slave.h"

enum { FLASH_BYTES = 1 << 18, RAM = 0x3FC90000 };

typedef struct {
    espsim_t *sim;
    uint8_t *flash;
    espsim_spi_t slave;
    esp_loader_t loader;
} desk_t;

static desk_t desk;
static const uint8_t program_code[4] = {0x13, 0x37, 0xC0, 0xDB};
static const espsim_program_t program = {.code = program_code, .code_bytes = 4, .prints = "RAM runs\r\n"};

static void set_up(const reflash_rom_t *rom)
{
    memset(&desk, 0xA5, sizeof(desk)); /* a context may hold anything */
    desk.flash = calloc(FLASH_BYTES, 1);
    assert_non_null(desk.flash);
    desk.sim = espsim_create(&(espsim_config_t){.rom = rom,
                                                .flash = desk.flash,
                                                .flash_bytes = FLASH_BYTES,
                                                .timing = espsim_timing_typical(),
                                                .programs = &program,
                                                .program_count = 1});
    assert_non_null(desk.sim);
    espsim_spi_init(&desk.slave, desk.sim);
    assert_int_equal(esp_loader_init_spi(&desk.loader, &desk.slave.base.port), ESP_LOADER_SUCCESS);
}

static void tear_down(void)
{
    if (desk.slave.violations > 0) {
        fail_msg("%u violations, the first: %s", desk.slave.violations, desk.slave.violation);
    }
    esp_loader_deinit(&desk.loader);
    espsim_destroy(desk.sim);
    free(desk.flash);
}

static int start(void **state)
{
    (void)state;
    set_up(&reflash_rom_esp32c3);
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

static void expect_fault(esp_loader_error_t code, reflash_cause_t cause, uint8_t command)
{
    const reflash_fault_t fault = reflash_last_fault(&desk.loader);
    assert_int_equal(fault.code, code);
    assert_int_equal(fault.cause, cause);
    assert_int_equal(fault.command, command);
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

/* --- Success ------------------------------------------------------------------------------------------- */

static void connecting_finds_the_chip(void **state)
{
    (void)state;
    connect();
    assert_int_equal(esp_loader_get_target(&desk.loader), ESP32C3_CHIP);
    expect_fault(ESP_LOADER_SUCCESS, REFLASH_CAUSE_NONE, 0);
    assert_int_equal(desk.slave.messages_taken, 1);
}

static void the_chips_with_this_loader_are_told_by_their_magic_words(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        target_chip_t target;
    } rows[] = {{&reflash_rom_esp32s2, ESP32S2_CHIP},
                {&reflash_rom_esp32s3, ESP32S3_CHIP},
                {&reflash_rom_esp32c2, ESP32C2_CHIP},
                {&reflash_rom_esp32h2, ESP32H2_CHIP}};
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        tear_down();
        set_up(rows[row].rom);
        connect();
        assert_int_equal(esp_loader_get_target(&desk.loader), rows[row].target);
    }
}

static void another_chip_is_an_invalid_target(void **state)
{
    (void)state;
    tear_down();
    set_up(&reflash_rom_esp32c6);
    assert_int_equal(connect_with(5), ESP_LOADER_ERROR_INVALID_TARGET);
    expect_fault(ESP_LOADER_ERROR_INVALID_TARGET, REFLASH_CAUSE_UNKNOWN_CHIP, 0);
}

static void registers_are_written_and_read(void **state)
{
    (void)state;
    uint32_t value = 0;
    uint8_t mac[6];
    connect();
    assert_int_equal(esp_loader_write_register(&desk.loader, RAM, 0xC0DBDCDD), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0xC0DBDCDD);
    assert_int_equal(esp_loader_read_mac(&desk.loader, mac), ESP_LOADER_SUCCESS);
    assert_memory_equal(mac, ((const uint8_t[]){0xC4, 0x0A, 0x24, 0xFE, 0x10, 0x01}), 6);
}

static void ram_is_loaded_and_the_program_runs(void **state)
{
    (void)state;
    uint8_t data[13000];
    uint8_t heard[64];
    fill_at_random(data, sizeof(data), 1);
    memcpy(data, program_code, sizeof(program_code));
    connect();
    assert_int_equal(load(RAM, data, sizeof(data), 0x1800, RAM), ESP_LOADER_SUCCESS);
    const size_t count = espsim_port_listen(&desk.slave.base, heard, sizeof(heard), 100);
    assert_non_null(memmem(heard, count, "RAM runs", 8));
}

static void loading_proves_what_arrived(void **state)
{
    (void)state;
    uint8_t data[1001];
    uint32_t value;
    fill_at_random(data, sizeof(data), 2);
    connect();
    assert_int_equal(load(RAM, data, sizeof(data), 100, 0), ESP_LOADER_SUCCESS);
    for (uint32_t at = 0; at + 4 <= sizeof(data); at += 4) {
        assert_int_equal(esp_loader_read_register(&desk.loader, RAM + at, &value), ESP_LOADER_SUCCESS);
        assert_memory_equal(
            ((const uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)}),
            &data[at], 4);
    }
}

static void connecting_again_starts_afresh(void **state)
{
    (void)state;
    uint32_t value;
    for (unsigned times = 0; times < 4; times++) {
        connect();
        for (unsigned reads = 0; reads < times; reads++) {
            assert_int_equal(esp_loader_read_register(&desk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
        }
    }
}

/* --- What is not carried ------------------------------------------------------------------------------- */

static void what_needs_more_than_ram_is_unsupported_and_sends_nothing(void **state)
{
    (void)state;
    esp_loader_t *loader = &desk.loader;
    esp_loader_target_security_info_t info;
    esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = 4096, .block_size = 1024};
    uint32_t flash_bytes;
    uint8_t digits[33] = "00000000000000000000000000000000";
    connect();
    const uint64_t before = desk.slave.messages_taken;
    const esp_loader_error_t errors[] = {
        esp_loader_flash_start(loader, &cfg),
        esp_loader_flash_detect_size(loader, &flash_bytes),
        esp_loader_flash_erase(loader),
        esp_loader_flash_erase_region(loader, 0, 4096),
        esp_loader_flash_verify_known_md5(loader, 0, 4096, digits),
        esp_loader_get_security_info(loader, &info),
        esp_loader_change_transmission_rate(loader, 230400),
        reflash_stub_start(loader),
    };
    for (size_t row = 0; row < sizeof(errors) / sizeof(errors[0]); row++) {
        assert_int_equal(errors[row], ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    assert_int_equal(desk.slave.messages_taken, before);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0);
}

/* A clock that can be set, or in compat/v1 a function that has to be there. */
static void a_port_with_a_rate_is_left_at_it_and_the_target_in_its_loader(void **state)
{
    (void)state;
    desk.slave.ops.change_transmission_rate = espsim_port_ops.change_transmission_rate;
    connect();
    const uint64_t calls = desk.slave.base.calls;
    assert_int_equal(esp_loader_change_transmission_rate(&desk.loader, 230400), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0);
    assert_int_equal(desk.slave.base.calls, calls);
    assert_int_equal(esp_loader_get_target(&desk.loader), ESP32C3_CHIP);
}

static void a_port_without_what_spi_needs_is_rejected(void **state)
{
    (void)state;
    for (unsigned missing = 0; missing < 8; missing++) {
        esp_loader_t loader;
        esp_loader_port_ops_t ops = desk.slave.ops;
        esp_loader_port_t port = {.ops = &ops};
        ops.enter_bootloader = missing == 0 ? NULL : ops.enter_bootloader;
        ops.reset_target = missing == 1 ? NULL : ops.reset_target;
        ops.start_timer = missing == 2 ? NULL : ops.start_timer;
        ops.remaining_time = missing == 3 ? NULL : ops.remaining_time;
        ops.delay_ms = missing == 4 ? NULL : ops.delay_ms;
        ops.write = missing == 5 ? NULL : ops.write;
        ops.read = missing == 6 ? NULL : ops.read;
        ops.spi_set_cs = missing == 7 ? NULL : ops.spi_set_cs;
        assert_int_equal(esp_loader_init_spi(&loader, &port), ESP_LOADER_ERROR_INVALID_PARAM);
    }
    assert_int_equal(esp_loader_init_spi(NULL, &desk.slave.base.port), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_init_spi(&desk.loader, NULL), ESP_LOADER_ERROR_INVALID_PARAM);
}

/* --- A slave that does not do its part ----------------------------------------------------------------- */

static void expect_silence_in_every_trial(espsim_spi_faults_t faults, uint8_t command, uint64_t limit_ms)
{
    const uint64_t start_ms = now_ms();
    desk.slave.faults = faults;
    assert_int_equal(connect_with(2), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, command);
    assert_in_range(now_ms() - start_ms, 2 * 500, limit_ms);
    desk.slave.faults = (espsim_spi_faults_t){0};
    connect();
}

static void a_slave_that_is_never_idle_is_a_timeout(void **state)
{
    (void)state;
    expect_silence_in_every_trial((espsim_spi_faults_t){.never_idle = true}, 0, 2 * 700);
}

static void a_slave_that_is_never_ready_is_a_timeout(void **state)
{
    (void)state;
    expect_silence_in_every_trial((espsim_spi_faults_t){.never_ready = true}, 0, 2 * 700);
}

static void a_slave_that_never_ends_starting_is_a_timeout(void **state)
{
    (void)state;
    /* READ_REG may take a second, is asked three times, and all of that after each of two resets. */
    desk.slave.faults.rx_starts_for_ever = true;
    const uint64_t start_ms = now_ms();
    assert_int_equal(connect_with(1), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x0A);
    assert_in_range(now_ms() - start_ms, 3000, 4000);
}

static void a_slave_without_a_buffer_is_a_timeout(void **state)
{
    (void)state;
    expect_silence_in_every_trial((espsim_spi_faults_t){.never_receives = true}, 0x0A, 2 * 4000);
}

static void a_slave_that_never_answers_is_a_timeout(void **state)
{
    (void)state;
    expect_silence_in_every_trial((espsim_spi_faults_t){.never_answers = true}, 0x0A, 2 * 4000);
    desk.slave.faults.tx_starts_for_ever = true;
    assert_int_equal(connect_with(1), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0x0A);
}

static void a_dead_chip_is_a_timeout(void **state)
{
    (void)state;
    espsim_power_off(desk.sim);
    assert_int_equal(connect_with(3), ESP_LOADER_ERROR_TIMEOUT);
    expect_fault(ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0);
}

static void a_refusal_is_told_with_its_reason(void **state)
{
    (void)state;
    esp_loader_mem_cfg_t cfg = {.offset = RAM, .size = 64, .block_size = 64};
    uint8_t data[64] = {0};
    connect();
    assert_int_equal(esp_loader_mem_start(&desk.loader, &cfg), ESP_LOADER_SUCCESS);
    cfg._state.sequence = 5;
    assert_int_equal(esp_loader_mem_write(&desk.loader, &cfg, data, 64), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x07);
    assert_int_equal(reflash_last_fault(&desk.loader).target_reason, 0x05);
}

static void a_buffer_too_small_for_a_message_is_not_written_to(void **state)
{
    (void)state;
    uint8_t data[256] = {0};
    esp_loader_mem_cfg_t cfg = {.offset = RAM, .size = 256, .block_size = 256};
    desk.slave.faults.lies_rx = true;
    desk.slave.faults.rx_bytes = 8 + 16 + 255;
    connect();
    assert_int_equal(esp_loader_mem_start(&desk.loader, &cfg), ESP_LOADER_SUCCESS);
    const uint64_t before = desk.slave.messages_taken;
    assert_int_equal(esp_loader_mem_write(&desk.loader, &cfg, data, 256), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0);
    assert_int_equal(desk.slave.messages_taken, before);
}

static void a_message_that_just_fits_is_sent(void **state)
{
    (void)state;
    uint8_t data[256] = {0};
    desk.slave.faults.lies_rx = true;
    desk.slave.faults.rx_bytes = 8 + 16 + 256;
    connect();
    assert_int_equal(load(RAM, data, sizeof(data), 256, 0), ESP_LOADER_SUCCESS);
}

static void an_answer_shorter_than_its_status_is_nonsense(void **state)
{
    (void)state;
    uint32_t value;
    connect();
    desk.slave.faults.lies_tx = true;
    desk.slave.faults.tx_bytes = 9;
    assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x0A);
}

static void no_more_of_an_answer_is_read_than_its_status(void **state)
{
    (void)state;
    uint32_t value;
    connect();
    desk.slave.faults.lies_tx = true;
    desk.slave.faults.tx_bytes = 0x3FFFFFFF;
    assert_int_equal(esp_loader_read_register(&desk.loader, 0x40001000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0x1B31506F);
}

static void an_answer_with_a_damaged_header_is_nonsense(void **state)
{
    (void)state;
    uint32_t value;
    for (uint8_t at = 0; at < 4; at++) {
        desk.slave.faults = (espsim_spi_faults_t){0};
        connect();
        desk.slave.faults.answer_at = at; /* direction, opcode, size */
        desk.slave.faults.answer_xor = 0x80;
        assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_ERROR_INVALID_RESPONSE);
        expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x0A);
    }
}

/* --- A port that breaks -------------------------------------------------------------------------------- */

static void whichever_call_of_the_port_fails_it_is_told_and_connecting_again_heals(void **state)
{
    (void)state;
    uint8_t data[300];
    fill_at_random(data, sizeof(data), 3);
    connect();
    desk.slave.base.calls = 0;
    connect();
    assert_int_equal(load(RAM, data, sizeof(data), 200, 0), ESP_LOADER_SUCCESS);
    const uint64_t clean_calls = desk.slave.base.calls;
    assert_true(clean_calls > 50);
    for (uint64_t call = 1; call <= clean_calls; call++) {
        desk.slave.base.calls = 0;
        desk.slave.base.fail_call = call;
        esp_loader_error_t err = connect_with(3);
        err = err == ESP_LOADER_SUCCESS ? load(RAM, data, sizeof(data), 200, 0) : err;
        assert_int_equal(err, ESP_LOADER_ERROR_FAIL);
        assert_int_equal(reflash_last_fault(&desk.loader).cause, REFLASH_CAUSE_PORT);
        assert_false(desk.slave.selected);
        assert_int_equal(desk.slave.base.calls, call); /* nothing was tried behind it */
        desk.slave.base.fail_call = 0;
        connect();
    }
}

/* --- The slave is strict ------------------------------------------------------------------------------- */

static void what_a_host_does_wrong_is_noticed(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[12];
        uint16_t count;
    } rows[] = {
        {"another command than READY", {0x01, 12, 0, 0x55}, 4},
        {"a status register is written, not with 0", {0x01, 4, 0, 1, 0, 0, 0}, 7},
        {"a status register is written before both are ready", {0x01, 8, 0, 0, 0, 0, 0}, 7},
        {"no such register", {0x01, 0, 0, 0}, 4},
        {"no buffer for a message", {0x03, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0}, 11},
        {"the end of no message", {0x07, 0, 0}, 3},
        {"the end of no answer", {0x08, 0, 0}, 3},
        {"no answer to read", {0x04, 0, 0}, 3},
        {"a register of another length", {0x02, 12, 0}, 3},
        {"a bad preamble", {0x02, 12}, 2},
        {"no such command", {0x09, 0, 0}, 3},
    };
    esp_loader_port_t *port = &desk.slave.base.port;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        port->ops->enter_bootloader(port);
        desk.slave.violations = 0;
        port->ops->spi_set_cs(port, 0);
        assert_int_equal(port->ops->write(port, rows[row].bytes, rows[row].count, 1), ESP_LOADER_SUCCESS);
        port->ops->spi_set_cs(port, 1);
        assert_true(desk.slave.violations > 0);
        assert_string_equal(desk.slave.violation, rows[row].what);
    }
    desk.slave.violations = 0;
    assert_int_equal(port->ops->write(port, rows[0].bytes, 1, 1), ESP_LOADER_SUCCESS);
    assert_int_equal(desk.slave.violations, 1);
    assert_string_equal(desk.slave.violation, "not selected");
    desk.slave.violations = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connecting_finds_the_chip),
        TEST(the_chips_with_this_loader_are_told_by_their_magic_words),
        TEST(another_chip_is_an_invalid_target),
        TEST(registers_are_written_and_read),
        TEST(ram_is_loaded_and_the_program_runs),
        TEST(loading_proves_what_arrived),
        TEST(connecting_again_starts_afresh),
        TEST(what_needs_more_than_ram_is_unsupported_and_sends_nothing),
        TEST(a_port_with_a_rate_is_left_at_it_and_the_target_in_its_loader),
        TEST(a_port_without_what_spi_needs_is_rejected),
        TEST(a_slave_that_is_never_idle_is_a_timeout),
        TEST(a_slave_that_is_never_ready_is_a_timeout),
        TEST(a_slave_that_never_ends_starting_is_a_timeout),
        TEST(a_slave_without_a_buffer_is_a_timeout),
        TEST(a_slave_that_never_answers_is_a_timeout),
        TEST(a_dead_chip_is_a_timeout),
        TEST(a_refusal_is_told_with_its_reason),
        TEST(a_buffer_too_small_for_a_message_is_not_written_to),
        TEST(a_message_that_just_fits_is_sent),
        TEST(an_answer_shorter_than_its_status_is_nonsense),
        TEST(no_more_of_an_answer_is_read_than_its_status),
        TEST(an_answer_with_a_damaged_header_is_nonsense),
        TEST(whichever_call_of_the_port_fails_it_is_told_and_connecting_again_heals),
        TEST(what_a_host_does_wrong_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
