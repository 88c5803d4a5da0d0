/* SPDX-License-Identifier: Apache-2.0 */
/* The SPI port of an ESP-IDF host, on a fake of the SPI master in front of a virtual ESP32-C3 as slave. The slave checks
 * what the host does; a violation fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "esp32_spi_port.h"
#include "fake_host.h"
#include "fake_spi.h"
#include "port_check.h"
#include "reflash.h"

enum { FLASH_BYTES = 1 << 18, RAM = 0x3FC90000, STRAP_COUNT = 4, MS_NS = 1000000 };
enum { CLK = 12, MISO = 9, MOSI = 11, CS = 10, RESET = 4 };

/* Programs may initialize by position. */
#define FOLLOWS(first, second)                                                                                         \
    _Static_assert(offsetof(esp32_spi_port_t, first) < offsetof(esp32_spi_port_t, second), "out of order")
FOLLOWS(port, spi_bus);
FOLLOWS(spi_bus, frequency);
FOLLOWS(frequency, spi_clk_pin);
FOLLOWS(spi_clk_pin, spi_miso_pin);
FOLLOWS(spi_miso_pin, spi_mosi_pin);
FOLLOWS(spi_mosi_pin, spi_cs_pin);
FOLLOWS(spi_cs_pin, spi_quadwp_pin);
FOLLOWS(spi_quadwp_pin, spi_quadhd_pin);
FOLLOWS(spi_quadhd_pin, reset_pin);
FOLLOWS(reset_pin, strap_bit0_pin);
FOLLOWS(strap_bit0_pin, strap_bit1_pin);
FOLLOWS(strap_bit1_pin, strap_bit2_pin);
FOLLOWS(strap_bit2_pin, strap_bit3_pin);
FOLLOWS(strap_bit3_pin, dont_initialize_bus);

/* Bit 0 is MISO as well. */
static const int strap_pins[STRAP_COUNT] = {MISO, 5, 6, 7};
static const uint8_t program_code[4] = {0x13, 0x37, 0xC0, 0xDB};
static const espsim_program_t program = {.code = program_code, .code_bytes = 4, .prints = "RAM runs\r\n"};

static struct {
    espsim_t *sim;
    uint8_t *flash;
    espsim_spi_t slave;
    esp32_spi_port_t port;
    esp_loader_t loader;
    unsigned straps; /* as reset rose */
    unsigned resets;
    uint16_t straps_seen; /* a bit for each position that they had since */
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

static unsigned strap_levels(void)
{
    unsigned levels = 0;
    for (unsigned bit = 0; bit < STRAP_COUNT; bit++) {
        levels |= fake_pin_level(strap_pins[bit]) ? 1u << bit : 0;
    }
    return levels;
}

static void pin_moved(int pin, bool level)
{
    enum { SPI_SLAVE_ONLY = 1 };
    if (pin == CS) {
        fake_spi_select(level);
    } else if (pin == RESET && !level) {
        espsim_set_lines(desk.sim, true, false);
        desk.resets++;
    } else if (pin == RESET) {
        desk.straps = strap_levels();
        espsim_set_lines(desk.sim, false, desk.straps == SPI_SLAVE_ONLY);
        espsim_spi_forget(&desk.slave);
        desk.straps_seen = 0;
    } else {
        desk.straps_seen |= (uint16_t)(1u << strap_levels());
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
    desk.sim = espsim_create(&(espsim_config_t){.rom = &reflash_rom_esp32c3,
                                                .flash = desk.flash,
                                                .flash_bytes = FLASH_BYTES,
                                                .timing = espsim_timing_typical(),
                                                .programs = &program,
                                                .program_count = 1});
    espsim_spi_init(&desk.slave, desk.sim);
    fake_host_start(&board);
    fake_spi_start(&desk.slave);
    desk.port = (esp32_spi_port_t){.port.ops = &esp32_spi_ops,
                                   .spi_bus = SPI2_HOST,
                                   .frequency = 10000000,
                                   .spi_clk_pin = (gpio_num_t)CLK,
                                   .spi_miso_pin = (gpio_num_t)MISO,
                                   .spi_mosi_pin = (gpio_num_t)MOSI,
                                   .spi_cs_pin = (gpio_num_t)CS,
                                   .spi_quadwp_pin = GPIO_NUM_NC,
                                   .spi_quadhd_pin = GPIO_NUM_NC,
                                   .reset_pin = (gpio_num_t)RESET,
                                   .strap_bit0_pin = (gpio_num_t)strap_pins[0],
                                   .strap_bit1_pin = (gpio_num_t)strap_pins[1],
                                   .strap_bit2_pin = (gpio_num_t)strap_pins[2],
                                   .strap_bit3_pin = (gpio_num_t)strap_pins[3]};
    return desk.sim != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    espsim_destroy(desk.sim);
    free(desk.flash);
    if (desk.slave.violations > 0) {
        print_error("%u violations, the first: %s\n", desk.slave.violations, desk.slave.violation);
        return -1;
    }
    return 0;
}

static void open_loader(void)
{
    assert_int_equal(esp_loader_init_spi(&desk.loader, port), ESP_LOADER_SUCCESS);
}

static esp_loader_error_t connect(void)
{
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 2};
    return esp_loader_connect(&desk.loader, &args);
}

static esp_loader_error_t load(const uint8_t *data, uint32_t bytes, uint32_t block_bytes)
{
    esp_loader_mem_cfg_t cfg = {.offset = RAM, .size = bytes, .block_size = block_bytes};
    RETURN_ON_ERROR(esp_loader_mem_start(&desk.loader, &cfg));
    for (uint32_t at = 0; at < bytes; at += block_bytes) {
        const uint32_t left_bytes = bytes - at;
        RETURN_ON_ERROR(
            esp_loader_mem_write(&desk.loader, &cfg, data + at, left_bytes < block_bytes ? left_bytes : block_bytes));
    }
    return esp_loader_mem_finish(&desk.loader, &cfg, RAM);
}

/* --- What the transport carries ---------------------------------------------------------------------------- */

static void a_program_is_loaded_into_ram_and_runs(void **state)
{
    (void)state;
    static uint8_t data[13001];
    uint8_t heard[64];
    for (size_t at = 0; at < sizeof(data); at++) {
        data[at] = (uint8_t)(7 * at + (at >> 6));
    }
    memcpy(data, program_code, sizeof(program_code));
    open_loader();
    assert_int_equal(connect(), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&desk.loader), ESP32C3_CHIP);
    assert_int_equal(load(data, sizeof(data), 0x1800), ESP_LOADER_SUCCESS);
    const size_t count = espsim_port_listen(&desk.slave.base, heard, sizeof(heard), 100);
    assert_true(count >= 8 && memcmp(heard, "RAM runs", 8) == 0);
    esp_loader_deinit(&desk.loader);
    assert_int_equal(fake_held(), 0);
}

static void registers_are_written_and_read(void **state)
{
    (void)state;
    uint32_t value = 0;
    open_loader();
    for (unsigned times = 0; times < 3; times++) {
        assert_int_equal(connect(), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_write_register(&desk.loader, RAM, 0xC0DBDCDD + times), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_read_register(&desk.loader, RAM, &value), ESP_LOADER_SUCCESS);
        assert_int_equal(value, 0xC0DBDCDD + times);
    }
    esp_loader_deinit(&desk.loader);
}

static void a_slave_that_never_answers_is_a_timeout(void **state)
{
    (void)state;
    open_loader();
    desk.slave.faults.never_answers = true;
    assert_int_equal(connect(), ESP_LOADER_ERROR_TIMEOUT);
    esp_loader_deinit(&desk.loader);
}

/* From every call on, until the conversation has fewer. */
static void a_conversation_ends_with_an_error_whichever_call_of_the_driver_fails(void **state)
{
    (void)state;
    enum { CALLS_MAX = 2000 };
    unsigned failed = 0;
    for (unsigned call = 1; call < CALLS_MAX; call++) {
        uint32_t value;
        open_loader();
        fake_fail_from(call);
        esp_loader_error_t err = connect();
        const unsigned connect_calls = fake_calls();
        if (err == ESP_LOADER_SUCCESS) {
            err = esp_loader_read_register(&desk.loader, 0x40001000, &value);
        }
        const reflash_cause_t cause = reflash_last_fault(&desk.loader).cause;
        const bool was_called = fake_calls() >= call;
        fake_fail_call(0);
        if (!was_called) {
            assert_int_equal(err, ESP_LOADER_SUCCESS);
            assert_true(connect_calls < call);
            break;
        }
        esp_loader_deinit(&desk.loader);
        assert_int_equal(fake_held(), 0);
        failed++;
        assert_int_equal(err, ESP_LOADER_ERROR_FAIL);
        assert_int_equal(cause, REFLASH_CAUSE_PORT);
    }
    esp_loader_deinit(&desk.loader);
    assert_in_range(failed, 30, CALLS_MAX - 2);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static void opening_it_takes_bus_and_device_and_moves_no_line(void **state)
{
    (void)state;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    assert_int_equal(fake_held(), 2);
    assert_int_equal(fake_spi()->clk, CLK);
    assert_int_equal(fake_spi()->miso, MISO);
    assert_int_equal(fake_spi()->mosi, MOSI);
    assert_int_equal(fake_spi()->wp, -1);
    assert_int_equal(fake_spi()->hd, -1);
    assert_int_equal(fake_spi()->clock_hz, 10000000);
    assert_int_equal(fake_spi()->mode, 0);
    assert_int_equal(desk.resets, 0);
    assert_true(fake_pin_level(CS) && fake_pin_level(RESET));
    port->ops->deinit(port);
    assert_int_equal(fake_held(), 0);
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

static void initialize_bus_of_program(void)
{
    const spi_bus_config_t bus = {.mosi_io_num = MOSI,
                                  .miso_io_num = MISO,
                                  .sclk_io_num = CLK,
                                  .quadwp_io_num = -1,
                                  .quadhd_io_num = -1,
                                  .data4_io_num = -1,
                                  .data5_io_num = -1,
                                  .data6_io_num = -1,
                                  .data7_io_num = -1};
    assert_int_equal(spi_bus_initialize(SPI2_HOST, &bus, SPI_DMA_CH_AUTO), ESP_OK);
}

static void a_bus_of_the_program_is_used_and_kept(void **state)
{
    (void)state;
    initialize_bus_of_program();
    desk.port.dont_initialize_bus = true;
    desk.port.strap_bit0_pin = GPIO_NUM_NC; /* has a resistor of its own */
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    port->ops->enter_bootloader(port);
    assert_true(fake_spi()->is_on);
    assert_int_equal(fake_spi()->devices, 1);
    port->ops->deinit(port);
    assert_true(fake_spi()->is_on);
    assert_int_equal(fake_held(), 1);
}

static void straps_on_a_bus_of_the_program_are_refused(void **state)
{
    (void)state;
    initialize_bus_of_program();
    desk.port.dont_initialize_bus = true;
    assert_int_equal(port->ops->init(port), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(fake_held(), 1);
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void straps_choose_the_slave_at_reset_and_are_let_go(void **state)
{
    (void)state;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    const uint64_t start_ns = now_ns();
    port->ops->enter_bootloader(port);
    assert_int_equal(desk.resets, 1);
    assert_int_equal(desk.straps, 1);
    assert_true(now_ns() - start_ns >= 150 * UINT64_C(1000000));
    assert_true((desk.straps_seen & 1u << 8) != 0); /* bit 3 alone */
    assert_int_equal(strap_levels(), 15);           /* pulled up */
    assert_true(fake_spi()->is_on);
    port->ops->reset_target(port);
    assert_int_equal(desk.resets, 2);
    assert_int_equal(desk.straps, 15); /* bit 3: from flash */
    port->ops->deinit(port);
}

static void the_bus_is_locked_while_the_target_is_selected(void **state)
{
    (void)state;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    port->ops->enter_bootloader(port);
    pass_ns(500 * UINT64_C(1000000));
    const uint8_t read_command[3] = {2, 12, 0};
    uint8_t command = 0;
    assert_false(fake_spi()->is_acquired);
    port->ops->spi_set_cs(port, 0);
    assert_true(fake_spi()->is_acquired);
    assert_int_equal(port->ops->write(port, read_command, sizeof(read_command), 100), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->read(port, &command, 1, 100), ESP_LOADER_SUCCESS);
    port->ops->spi_set_cs(port, 1);
    assert_false(fake_spi()->is_acquired);
    assert_int_equal(command, 0xAA); /* it waits for a host */
    port->ops->deinit(port);
}

static void closing_it_while_the_target_is_selected_lets_go_of_it(void **state)
{
    (void)state;
    const uint8_t read_command[3] = {2, 12, 0};
    uint8_t command[1];
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    port->ops->spi_set_cs(port, 0);
    assert_int_equal(port->ops->write(port, read_command, sizeof(read_command), 100), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->read(port, command, sizeof(command), 100), ESP_LOADER_SUCCESS);
    port->ops->deinit(port);
    assert_true(fake_pin_level(CS));
    assert_int_equal(fake_held(), 0);
}

static void what_is_not_selected_cannot_be_spoken_to(void **state)
{
    (void)state;
    uint8_t byte = 0;
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    assert_int_equal(port->ops->write(port, &byte, 1, 100), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(port->ops->read(port, &byte, 1, 100), ESP_LOADER_ERROR_FAIL);
    port->ops->deinit(port);
}

/* More than the driver takes in one transaction. */
static void long_data_goes_in_pieces_under_one_selection(void **state)
{
    (void)state;
    static const uint8_t bytes[3 + 5000] = {1, 60}; /* the slave's registers end before that */
    assert_int_equal(port->ops->init(port), ESP_LOADER_SUCCESS);
    const unsigned before = fake_spi()->transactions;
    port->ops->spi_set_cs(port, 0);
    assert_int_equal(port->ops->write(port, bytes, sizeof(bytes), 100), ESP_LOADER_SUCCESS);
    assert_int_equal(fake_spi()->transactions - before, 2);
    assert_int_equal(desk.slave.data_bytes, 5000);
    port->ops->spi_set_cs(port, 1);
    assert_int_equal(desk.slave.violations, 1);
    desk.slave.violations = 0; /* no such register */
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

/* In place of the slave that a mask ROM is: one that takes and sends anything. */
static struct {
    port_check_spi_seen_t seen;
    const uint8_t *answer;
    size_t answer_bytes;
} raw;

static void raw_set_cs(esp_loader_port_t *slave, uint32_t level)
{
    (void)slave;
    raw.seen.selections += level == 0 && !raw.seen.is_selected ? 1 : 0;
    raw.seen.is_selected = level == 0;
}

static esp_loader_error_t raw_write(esp_loader_port_t *slave, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)slave;
    (void)timeout;
    assert_true(raw.seen.is_selected && raw.seen.written_bytes + size <= PORT_CHECK_SPI_BYTES);
    memcpy(raw.seen.written + raw.seen.written_bytes, data, size);
    raw.seen.written_bytes += size;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t raw_read(esp_loader_port_t *slave, uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)slave;
    (void)timeout;
    assert_true(raw.seen.is_selected && size <= raw.answer_bytes);
    memcpy(data, raw.answer, size);
    raw.answer += size;
    raw.answer_bytes -= size;
    return ESP_LOADER_SUCCESS;
}

static void spi_seen(void *context, port_check_spi_seen_t *seen)
{
    (void)context;
    const bool is_selected = raw.seen.is_selected;
    *seen = raw.seen;
    raw.seen = (port_check_spi_seen_t){.is_selected = is_selected};
}

static void spi_answer(void *context, const uint8_t *data, size_t bytes)
{
    (void)context;
    raw.answer = data;
    raw.answer_bytes = bytes;
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
    enum { PROMISES = 14 };
    const port_check_bench_t bench = {.now_us = bench_now_us,
                                      .slack_ms = 20, /* two ticks */
                                      .ms_to_wrap = bench_ms_to_wrap,
                                      .spi_seen = spi_seen,
                                      .spi_answer = spi_answer};
    unsigned kept = 0;
    memset(&raw, 0, sizeof(raw));
    desk.slave.ops.spi_set_cs = raw_set_cs;
    desk.slave.ops.write = raw_write;
    desk.slave.ops.read = raw_read;
    assert_int_equal(port_check_spi_promises(port, &bench, fail_if_broken, &kept), 0);
    assert_int_equal(kept, PROMISES);
    assert_int_equal(fake_held(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_program_is_loaded_into_ram_and_runs),
        TEST(registers_are_written_and_read),
        TEST(a_slave_that_never_answers_is_a_timeout),
        TEST(a_conversation_ends_with_an_error_whichever_call_of_the_driver_fails),
        TEST(opening_it_takes_bus_and_device_and_moves_no_line),
        TEST(whatever_fails_while_it_is_opened_leaves_nothing_taken),
        TEST(a_bus_of_the_program_is_used_and_kept),
        TEST(straps_on_a_bus_of_the_program_are_refused),
        TEST(straps_choose_the_slave_at_reset_and_are_let_go),
        TEST(the_bus_is_locked_while_the_target_is_selected),
        TEST(closing_it_while_the_target_is_selected_lets_go_of_it),
        TEST(what_is_not_selected_cannot_be_spoken_to),
        TEST(long_data_goes_in_pieces_under_one_selection),
        TEST(the_countdown_does_not_show_that_the_clock_wraps),
        TEST(every_promise_of_a_port_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
