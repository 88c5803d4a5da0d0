/* SPDX-License-Identifier: Apache-2.0 */
/* The SDIO port of an ESP-IDF host, on a fake of the SDMMC driver in front of a virtual ESP32-C6 as card. The card checks
 * what the host does; a violation fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>

#include "esp32_sdio_port.h"
#include "fake_host.h"
#include "fake_sdio.h"
#include "port_check.h"
#include "reflash.h"
#include "transport/transport.h"

enum { FLASH_BYTES = 1 << 18, RAM = 0x40810000, STUB_BYTES = 602, MS_NS = 1000000 };
enum { CLK = 6, CMD = 7, D0 = 8, D1 = 9, D2 = 10, D3 = 11, RESET = 4, BOOT = 5 };

/* Programs may initialize by position. */
#define FOLLOWS(first, second)                                                                                         \
    _Static_assert(offsetof(esp32_sdio_port_t, first) < offsetof(esp32_sdio_port_t, second), "out of order")
FOLLOWS(port, slot);
FOLLOWS(slot, max_freq_khz);
FOLLOWS(max_freq_khz, sdio_clk_pin);
FOLLOWS(sdio_clk_pin, sdio_d0_pin);
FOLLOWS(sdio_d0_pin, sdio_d1_pin);
FOLLOWS(sdio_d1_pin, sdio_d2_pin);
FOLLOWS(sdio_d2_pin, sdio_d3_pin);
FOLLOWS(sdio_d3_pin, sdio_cmd_pin);
FOLLOWS(sdio_cmd_pin, reset_pin);
FOLLOWS(reset_pin, boot_pin);
FOLLOWS(boot_pin, dont_initialize_host_driver);
FOLLOWS(dont_initialize_host_driver, bus_width);

static const uint8_t program_code[4] = {0x13, 0x37, 0xC0, 0xDB};
static const espsim_program_t program = {.code = program_code, .code_bytes = 4, .prints = "RAM runs\r\n"};

static struct {
    espsim_t *sim;
    uint8_t *flash;
    espsim_sdio_t card;
    esp32_sdio_port_t port;
    esp_loader_t loader;
    uint8_t stub[STUB_BYTES];
    espsim_stub_code_t stub_row;
    bool boot_low, reset_low;
    unsigned resets;
} desk;

static esp_loader_port_t *const port = &desk.port.port;

/* --- The board --------------------------------------------------------------------------------------------- */

/* The host was switched on shortly before its milliseconds wrap. */
static uint64_t now_ns(void)
{
    return (UINT64_C(0x100000000) - 400) * MS_NS + espsim_now(desk.sim);
}

static void pass_ns(uint64_t ns)
{
    espsim_advance(desk.sim, espsim_now(desk.sim) + ns);
}

static void pin_moved(int pin, bool level)
{
    desk.boot_low = pin == BOOT ? !level : desk.boot_low;
    desk.reset_low = pin == RESET ? !level : desk.reset_low;
    desk.resets += pin == RESET && !level ? 1 : 0;
    espsim_set_lines(desk.sim, desk.reset_low, desk.boot_low);
    if (pin == RESET) {
        espsim_sdio_forget(&desk.card);
    }
}

static const fake_board_t board = {.now_ns = now_ns, .pass_ns = pass_ns, .pin_moved = pin_moved};

static int set_up(void **state)
{
    (void)state;
    memset(&desk, 0, sizeof(desk));
    desk.flash = calloc(FLASH_BYTES, 1);
    if (desk.flash == NULL) {
        return -1;
    }
    for (uint32_t at = 0; at < STUB_BYTES; at++) {
        desk.stub[at] = (uint8_t)(at * 31 + (at >> 3));
    }
    desk.stub_row = (espsim_stub_code_t){
        .chip = "esp32c6", .stub = ESPSIM_STUB_2_1, .text_addr = RAM, .text_bytes = STUB_BYTES, .entry = RAM + 8};
    if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), desk.stub, STUB_BYTES, desk.stub_row.text_sha256) !=
        0) {
        return -1;
    }
    desk.sim = espsim_create(&(espsim_config_t){.rom = &reflash_rom_esp32c6,
                                                .flash = desk.flash,
                                                .flash_bytes = FLASH_BYTES,
                                                .timing = espsim_timing_typical(),
                                                .programs = &program,
                                                .program_count = 1,
                                                .stubs = &desk.stub_row,
                                                .stub_count = 1});
    espsim_sdio_init(&desk.card, desk.sim, 0x100D);
    fake_host_start(&board);
    fake_sdio_start(&desk.card);
    desk.port = (esp32_sdio_port_t){.port.ops = &esp32_sdio_ops,
                                    .slot = SDMMC_HOST_SLOT_1,
                                    .max_freq_khz = 10000,
                                    .sdio_clk_pin = (gpio_num_t)CLK,
                                    .sdio_cmd_pin = (gpio_num_t)CMD,
                                    .sdio_d0_pin = (gpio_num_t)D0,
                                    .sdio_d1_pin = (gpio_num_t)D1,
                                    .sdio_d2_pin = (gpio_num_t)D2,
                                    .sdio_d3_pin = (gpio_num_t)D3,
                                    .reset_pin = (gpio_num_t)RESET,
                                    .boot_pin = (gpio_num_t)BOOT};
    return desk.sim != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    espsim_destroy(desk.sim);
    free(desk.flash);
    if (desk.card.violations > 0) {
        print_error("%u violations, the first: %s\n", desk.card.violations, desk.card.violation);
        return -1;
    }
    return 0;
}

static void open_loader(void)
{
    assert_int_equal(esp_loader_init_sdio(&desk.loader, port), ESP_LOADER_SUCCESS);
}

static esp_loader_error_t connect(void)
{
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 2};
    return esp_loader_connect(&desk.loader, &args);
}

static esp_loader_error_t load(const uint8_t *data, uint32_t bytes, uint32_t entry)
{
    enum { BLOCK_BYTES = 256 };
    esp_loader_mem_cfg_t cfg = {.offset = RAM, .size = bytes, .block_size = BLOCK_BYTES};
    RETURN_ON_ERROR(esp_loader_mem_start(&desk.loader, &cfg));
    for (uint32_t at = 0; at < bytes; at += BLOCK_BYTES) {
        const uint32_t left_bytes = bytes - at;
        RETURN_ON_ERROR(
            esp_loader_mem_write(&desk.loader, &cfg, data + at, left_bytes < BLOCK_BYTES ? left_bytes : BLOCK_BYTES));
    }
    return esp_loader_mem_finish(&desk.loader, &cfg, entry);
}

/* --- What the transport carries ---------------------------------------------------------------------------- */

static void a_program_is_loaded_into_ram_and_runs(void **state)
{
    (void)state;
    static uint8_t data[5000];
    uint8_t heard[64];
    for (size_t at = 0; at < sizeof(data); at++) {
        data[at] = (uint8_t)(7 * at + (at >> 6));
    }
    memcpy(data, program_code, sizeof(program_code));
    open_loader();
    assert_int_equal(connect(), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&desk.loader), ESP32C6_CHIP);
    assert_int_equal(load(data, sizeof(data), RAM), ESP_LOADER_SUCCESS);
    const size_t count = espsim_port_listen(&desk.card.base, heard, sizeof(heard), 100);
    assert_true(count >= 8 && memcmp(heard, "RAM runs", 8) == 0);
    esp_loader_deinit(&desk.loader);
    assert_int_equal(fake_held(), 0);
}

static void a_stub_that_was_loaded_greets_and_answers(void **state)
{
    (void)state;
    uint32_t value = 0;
    open_loader();
    assert_int_equal(connect(), ESP_LOADER_SUCCESS);
    assert_int_equal(load(desk.stub, STUB_BYTES, RAM + 8), ESP_LOADER_SUCCESS);
    port->ops->start_timer(port, 500);
    assert_int_equal(desk.loader._transport->receive(&desk.loader, desk.loader._frame, 80), ESP_LOADER_SUCCESS);
    assert_int_equal(desk.loader._frame_bytes, 4);
    assert_memory_equal(desk.loader._frame, "OHAI", 4);
    /* Answers of ten bytes come in two accesses. */
    assert_int_equal(esp_loader_write_register(&desk.loader, RAM + 0x8000, 0xC0DBDCDD), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_read_register(&desk.loader, RAM + 0x8000, &value), ESP_LOADER_SUCCESS);
    assert_int_equal(value, 0xC0DBDCDD);
    esp_loader_deinit(&desk.loader);
}

static void connecting_again_finds_the_card_again(void **state)
{
    (void)state;
    open_loader();
    for (unsigned times = 0; times < 3; times++) {
        assert_int_equal(connect(), ESP_LOADER_SUCCESS);
        assert_int_equal(load(desk.stub, STUB_BYTES, 0), ESP_LOADER_SUCCESS);
    }
    assert_int_equal(desk.resets, 3);
    esp_loader_deinit(&desk.loader);
}

static void a_target_that_is_no_card_is_a_timeout(void **state)
{
    (void)state;
    open_loader();
    desk.card.faults.never_a_card = true;
    assert_int_equal(connect(), ESP_LOADER_ERROR_TIMEOUT);
    esp_loader_deinit(&desk.loader);
    assert_int_equal(fake_held(), 0);
}

/* From every call on, until the conversation has fewer. A card that is not found is looked for again, and is a timeout. */
static void a_conversation_ends_with_an_error_whichever_call_of_the_driver_fails(void **state)
{
    (void)state;
    enum { CALLS_MAX = 2000 };
    unsigned failed = 0;
    for (unsigned call = 1; call < CALLS_MAX; call++) {
        open_loader();
        fake_fail_from(call);
        esp_loader_error_t err = connect();
        err = err == ESP_LOADER_SUCCESS ? load(desk.stub, STUB_BYTES, 0) : err;
        const reflash_cause_t cause = reflash_last_fault(&desk.loader).cause;
        const bool was_called = fake_calls() >= call;
        fake_fail_call(0);
        esp_loader_deinit(&desk.loader);
        assert_int_equal(fake_held(), 0);
        if (!was_called) {
            assert_int_equal(err, ESP_LOADER_SUCCESS);
            break;
        }
        failed++;
        assert_int_equal(err, call == 1 ? ESP_LOADER_ERROR_TIMEOUT : ESP_LOADER_ERROR_FAIL);
        assert_int_equal(cause, call == 1 ? REFLASH_CAUSE_SILENCE : REFLASH_CAUSE_PORT);
    }
    assert_in_range(failed, 10, CALLS_MAX - 2);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static void opening_it_takes_the_slot_with_what_was_asked_for(void **state)
{
    (void)state;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    assert_true(fake_sdio()->slot_is_on);
    assert_int_equal(fake_sdio()->slot, SDMMC_HOST_SLOT_1);
    assert_int_equal(fake_sdio()->width, 4);
    assert_int_equal(fake_sdio()->clk, CLK);
    assert_int_equal(fake_sdio()->cmd, CMD);
    assert_int_equal(fake_sdio()->d0, D0);
    assert_int_equal(fake_sdio()->d1, D1);
    assert_int_equal(fake_sdio()->d2, D2);
    assert_int_equal(fake_sdio()->d3, D3);
    assert_int_equal(fake_sdio()->slot_flags, SDMMC_SLOT_FLAG_INTERNAL_PULLUP);
    assert_int_equal(desk.resets, 0);
    port->ops->enter_bootloader(port);
    pass_ns(500 * UINT64_C(1000000));
    assert_int_equal(port->ops->sdio_card_init(port), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->sdio_card_init(port), ESP_LOADER_SUCCESS); /* as often as asked */
    assert_int_equal(fake_sdio()->freq_khz, 10000);
    assert_int_equal(fake_sdio()->host_flags & (SDMMC_HOST_FLAG_1BIT | SDMMC_HOST_FLAG_4BIT | SDMMC_HOST_FLAG_8BIT),
                     SDMMC_HOST_FLAG_4BIT);
    port->ops->deinit(port);
    assert_false(fake_sdio()->host_is_on);
}

static void one_data_line_is_enough(void **state)
{
    (void)state;
    desk.port.bus_width = SDIO_1BIT;
    open_loader();
    assert_int_equal(fake_sdio()->width, 1);
    assert_int_equal(connect(), ESP_LOADER_SUCCESS);
    assert_int_equal(fake_sdio()->host_flags & (SDMMC_HOST_FLAG_1BIT | SDMMC_HOST_FLAG_4BIT | SDMMC_HOST_FLAG_8BIT),
                     SDMMC_HOST_FLAG_1BIT);
    esp_loader_deinit(&desk.loader);
}

static void whatever_fails_while_it_is_opened_leaves_nothing_taken(void **state)
{
    (void)state;
    fake_fail_call(0);
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    const unsigned calls = fake_calls();
    port->ops->deinit(port);
    assert_true(calls >= 4);
    for (unsigned call = 1; call <= calls; call++) {
        fake_fail_call(call);
        assert_int_equal(port->ops->init(port), ESP_LOADER_ERROR_FAIL);
        assert_int_equal(fake_held(), 0);
    }
}

static void a_slot_of_the_program_is_used_and_kept(void **state)
{
    (void)state;
    const sdmmc_slot_config_t slot = SDMMC_SLOT_CONFIG_DEFAULT();
    assert_int_equal(sdmmc_host_init(), ESP_OK);
    assert_int_equal(sdmmc_host_init_slot(SDMMC_HOST_SLOT_1, &slot), ESP_OK);
    desk.port.dont_initialize_host_driver = true;
    open_loader();
    assert_int_equal(connect(), ESP_LOADER_SUCCESS);
    esp_loader_deinit(&desk.loader);
    assert_true(fake_sdio()->slot_is_on);
    assert_int_equal(fake_held(), 1);
}

/* --- Accesses ---------------------------------------------------------------------------------------------- */

static void open_card(void)
{
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    port->ops->enter_bootloader(port);
    pass_ns(500 * UINT64_C(1000000));
    assert_int_equal(port->ops->sdio_card_init(port), ESP_LOADER_SUCCESS);
}

static void buffers_need_no_alignment(void **state)
{
    (void)state;
    uint8_t bytes[8] = {0};
    open_card();
    for (unsigned offset = 0; offset < 4; offset++) {
        memset(bytes, 0xA5, sizeof(bytes));
        assert_int_equal(port->ops->sdio_read(port, 0, 0x09, bytes + offset, 3, 100), ESP_LOADER_SUCCESS);
        assert_memory_equal(bytes + offset, ((const uint8_t[]){0x00, 0x10, 0x00}), 3); /* where the tuples are */
        assert_int_equal(bytes[offset + 3], 0xA5);
    }
    static const uint8_t window_read[4] = {0x70 >> 2, 0x80, 0, 0};
    const uint8_t function_1 = 2;
    assert_int_equal(port->ops->sdio_write(port, 0, 0x02, &function_1, 1, 100), ESP_LOADER_SUCCESS);
    for (unsigned offset = 0; offset < 4; offset++) {
        memcpy(bytes + offset, window_read, sizeof(window_read));
        assert_int_equal(port->ops->sdio_write(port, 1, 0x84, bytes + offset, 4, 100), ESP_LOADER_SUCCESS);
    }
    port->ops->deinit(port);
}

static void a_single_byte_goes_by_the_command_for_it(void **state)
{
    (void)state;
    uint8_t byte = 2; /* function 1 */
    open_card();
    assert_int_equal(port->ops->sdio_write(port, 0, 0x02, &byte, 1, 100), ESP_LOADER_SUCCESS);
    byte = 0;
    assert_int_equal(port->ops->sdio_read(port, 0, 0x02, &byte, 1, 100), ESP_LOADER_SUCCESS);
    assert_int_equal(byte, 2);
    assert_int_equal(fake_sdio()->cmd52, 2);
    assert_int_equal(fake_sdio()->cmd53, 0);
    port->ops->deinit(port);
}

static void more_than_an_access_can_move_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[513];
    open_card();
    assert_int_equal(port->ops->sdio_read(port, 1, 0x1F000, bytes, sizeof(bytes), 100), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(port->ops->sdio_write(port, 1, 0x1F000, bytes, sizeof(bytes), 100),
                     ESP_LOADER_ERROR_INVALID_PARAM);
    port->ops->deinit(port);
}

static void a_card_that_falls_silent_is_a_timeout_after_the_time_that_was_given(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0};
    open_card();
    desk.card.faults.silent_after = desk.card.base.calls + 1;
    static const uint32_t timeouts_ms[] = {1, 70, 3000};
    for (size_t at = 0; at < sizeof(timeouts_ms) / sizeof(timeouts_ms[0]); at++) {
        const uint64_t start_ns = now_ns();
        assert_int_equal(port->ops->sdio_read(port, 0, 0x09, bytes, 3, timeouts_ms[at]), ESP_LOADER_ERROR_TIMEOUT);
        const uint64_t took_ns = now_ns() - start_ns;
        assert_true(took_ns >= timeouts_ms[at] * UINT64_C(1000000));
        assert_true(took_ns < (timeouts_ms[at] + 5) * UINT64_C(1000000));
    }
    assert_int_equal(port->ops->sdio_write(port, 0, 0x02, bytes, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    port->ops->deinit(port);
}

static void the_countdown_does_not_show_that_the_clock_wraps(void **state)
{
    (void)state;
    port->ops->start_timer(port, 1000);
    port->ops->delay_ms(port, 500);
    assert_true((uint32_t)(now_ns() / MS_NS) < 1000);
    assert_in_range(port->ops->remaining_time(port), 470, 500);
    port->ops->delay_ms(port, 500);
    assert_int_equal(port->ops->remaining_time(port), 0);
}

/* --- Its promises ------------------------------------------------------------------------------------------ */

/* In place of a card that is a chip's link controller: one that is memory. */
static struct {
    uint8_t memory[2][PORT_CHECK_SDIO_BYTES];
    port_check_card_t card;
    port_check_move_t moves[16];
    size_t move_count;
} raw;

static esp_loader_error_t raw_init(esp_loader_port_t *card)
{
    (void)card;
    return raw.card == PORT_CHECK_CARD_MISSING ? ESP_LOADER_ERROR_TIMEOUT : ESP_LOADER_SUCCESS;
}

static esp_loader_error_t raw_write(esp_loader_port_t *card, uint32_t function, uint32_t addr, const uint8_t *data,
                                    uint16_t size, uint32_t timeout)
{
    (void)card;
    if (raw.card == PORT_CHECK_CARD_SILENT) {
        pass_ns(timeout * UINT64_C(1000000));
        return ESP_LOADER_ERROR_TIMEOUT;
    }
    assert_true(function < 2 && addr + size <= PORT_CHECK_SDIO_BYTES);
    memcpy(raw.memory[function] + addr, data, size);
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t raw_read(esp_loader_port_t *card, uint32_t function, uint32_t addr, uint8_t *data,
                                   uint16_t size, uint32_t timeout)
{
    (void)card;
    if (raw.card == PORT_CHECK_CARD_SILENT) {
        pass_ns(timeout * UINT64_C(1000000));
        return ESP_LOADER_ERROR_TIMEOUT;
    }
    assert_true(function < 2 && addr + size <= PORT_CHECK_SDIO_BYTES);
    memcpy(data, raw.memory[function] + addr, size);
    return ESP_LOADER_SUCCESS;
}

static uint8_t *sdio_memory(void *context, uint32_t function)
{
    (void)context;
    return raw.memory[function];
}

static void sdio_card(void *context, port_check_card_t card)
{
    (void)context;
    raw.card = card;
}

static void record_move(int pin, bool level)
{
    pin_moved(pin, level);
    if (raw.move_count < sizeof(raw.moves) / sizeof(raw.moves[0])) {
        raw.moves[raw.move_count++] = (port_check_move_t){desk.boot_low, desk.reset_low, now_ns() / 1000};
    }
}

static size_t take_moves(void *context, port_check_move_t *moves, size_t capacity)
{
    (void)context;
    const size_t count = raw.move_count < capacity ? raw.move_count : capacity;
    memcpy(moves, raw.moves, count * sizeof(*moves));
    raw.move_count = 0;
    return count;
}

static uint64_t bench_now_us(void *context)
{
    (void)context;
    return now_ns() / 1000;
}

static uint32_t bench_ms_to_wrap(void *context)
{
    (void)context;
    return UINT32_MAX - (uint32_t)(now_ns() / MS_NS);
}

static void fail_if_broken(void *context, const port_check_result_t *result)
{
    if (result->outcome == PORT_CHECK_BROKEN) {
        fail_msg("%s: broken: %s: %u, not %u", result->promise, result->found, (unsigned)result->got,
                 (unsigned)result->want);
    }
    *(unsigned *)context += result->outcome == PORT_CHECK_KEPT ? 1 : 0;
}

/* All but that of log, whose text nobody keeps here. */
static void every_promise_of_a_port_is_kept(void **state)
{
    (void)state;
    enum { PROMISES = 18 };
    static const fake_board_t recording = {.now_ns = now_ns, .pass_ns = pass_ns, .pin_moved = record_move};
    const port_check_bench_t bench = {.now_us = bench_now_us,
                                      .slack_ms = 20, /* two ticks */
                                      .take_moves = take_moves,
                                      .ms_to_wrap = bench_ms_to_wrap,
                                      .sdio_memory = sdio_memory,
                                      .sdio_card = sdio_card};
    unsigned kept = 0;
    memset(&raw, 0, sizeof(raw));
    fake_host_start(&recording);
    desk.card.ops.sdio_card_init = raw_init;
    desk.card.ops.sdio_write = raw_write;
    desk.card.ops.sdio_read = raw_read;
    assert_int_equal(port_check_sdio_promises(port, &bench, fail_if_broken, &kept), 0);
    assert_int_equal(kept, PROMISES);
    assert_int_equal(fake_held(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_program_is_loaded_into_ram_and_runs),
        TEST(a_stub_that_was_loaded_greets_and_answers),
        TEST(connecting_again_finds_the_card_again),
        TEST(a_target_that_is_no_card_is_a_timeout),
        TEST(a_conversation_ends_with_an_error_whichever_call_of_the_driver_fails),
        TEST(opening_it_takes_the_slot_with_what_was_asked_for),
        TEST(one_data_line_is_enough),
        TEST(whatever_fails_while_it_is_opened_leaves_nothing_taken),
        TEST(a_slot_of_the_program_is_used_and_kept),
        TEST(buffers_need_no_alignment),
        TEST(a_single_byte_goes_by_the_command_for_it),
        TEST(more_than_an_access_can_move_is_refused),
        TEST(a_card_that_falls_silent_is_a_timeout_after_the_time_that_was_given),
        TEST(the_countdown_does_not_show_that_the_clock_wraps),
        TEST(every_promise_of_a_port_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
