/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that are not ideal: rates that do not work, lost bytes while the rate changes, wrong crystals, networks that
 * take their time; and how many questions it takes until a flash is ready. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bad_line.h"
#include "reflash.h"

enum { FLASH_BYTES = 1 << 20 };

typedef struct {
    espsim_t *sim;
    uint8_t *flash;
    bad_line_t line;
    esp_loader_t loader;
} bench_t;

static bench_t bench;

static void set_up(const reflash_rom_t *rom, uint32_t crystal_hz)
{
    bench.flash = calloc(FLASH_BYTES, 1);
    assert_non_null(bench.flash);
    bench.sim = espsim_create(&(espsim_config_t){.rom = rom,
                                                 .flash = bench.flash,
                                                 .flash_bytes = FLASH_BYTES,
                                                 .crystal_hz = crystal_hz,
                                                 .timing = espsim_timing_typical()});
    assert_non_null(bench.sim);
    bad_line_open(&bench.line, bench.sim);
    assert_int_equal(esp_loader_init_serial(&bench.loader, &bench.line.inner.port), ESP_LOADER_SUCCESS);
}

static void connect_to(const reflash_rom_t *rom, uint32_t crystal_hz)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    set_up(rom, crystal_hz);
    assert_int_equal(esp_loader_connect(&bench.loader, &args), ESP_LOADER_SUCCESS);
}

static void clean_up(void)
{
    esp_loader_deinit(&bench.loader);
    espsim_destroy(bench.sim);
    free(bench.flash);
}

/* Something that needs a register, an attached flash and a long answer. */
static void expect_a_healthy_conversation(void)
{
    /* MD5 of 64 KiB of zeros */
    static const uint8_t digest[16] = {0xFC, 0xD6, 0xBC, 0xB5, 0x6C, 0x16, 0x89, 0xFC,
                                       0xEF, 0x28, 0xB5, 0x7C, 0x22, 0x47, 0x5B, 0xAD};
    uint8_t mac[6];
    assert_int_equal(esp_loader_read_mac(&bench.loader, mac), ESP_LOADER_SUCCESS);
    assert_int_equal(reflash_flash_verify_md5(&bench.loader, 0, 0x10000, digest), ESP_LOADER_SUCCESS);
}

/* --- Rates ------------------------------------------------------------------------------------------------ */

static void a_rate_at_which_the_line_is_bad_is_told_and_the_session_goes_on(void **state)
{
    (void)state;
    const reflash_rom_t *rom;
    for (size_t row = 0; (rom = espsim_rom_at(row)) != NULL; row++) {
        if (rom == &reflash_rom_esp8266) {
            continue; /* keeps its rate */
        }
        connect_to(rom, 0);
        bench.line.good_baud_max = 500000;
        assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 460800), ESP_LOADER_SUCCESS);
        assert_int_not_equal(esp_loader_change_transmission_rate(&bench.loader, 921600), ESP_LOADER_SUCCESS);
        const reflash_fault_t fault = reflash_last_fault(&bench.loader);
        assert_int_equal(fault.command, 0x08); /* the SYNC at the new rate */
        assert_true(fault.cause == REFLASH_CAUSE_SILENCE || fault.cause == REFLASH_CAUSE_NONSENSE);
        assert_int_equal(bench.line.inner.baud, 460800);
        assert_int_equal(bench.line.resets, 2);
        expect_a_healthy_conversation();
        clean_up();
    }
}

static void any_byte_may_be_lost_while_the_rate_changes(void **state)
{
    (void)state;
    static const espsim_fault_kind_t places[] = {ESPSIM_FAULT_DROP_TO_TARGET, ESPSIM_FAULT_DROP_FROM_TARGET};
    const reflash_rom_t *const roms[] = {&reflash_rom_esp32, &reflash_rom_esp32c2, &reflash_rom_esp32c3};
    for (size_t row = 0; row < sizeof(roms) / sizeof(roms[0]); row++) {
        for (size_t place = 0; place < sizeof(places) / sizeof(places[0]); place++) {
            uint32_t reach = 1;
            for (uint32_t n = 1; n <= reach; n++) {
                const espsim_faults_t faults = {.fault = {{.kind = places[place], .byte = n}}};
                connect_to(roms[row], 0);
                espsim_clear_stats(bench.sim);
                espsim_set_faults(bench.sim, &faults);
                const esp_loader_error_t err = esp_loader_change_transmission_rate(&bench.loader, 921600);
                const espsim_stats_t *stats = espsim_stats(bench.sim);
                reach = n == 1 ? (uint32_t)(place == 0 ? stats->bytes_to_target : stats->bytes_from_target) : reach;
                espsim_set_faults(bench.sim, &(espsim_faults_t){0});
                assert_int_equal(bench.line.inner.baud, err == ESP_LOADER_SUCCESS ? 921600 : 115200);
                expect_a_healthy_conversation();
                clean_up();
            }
            assert_in_range(reach, 50, 500);
        }
    }
}

static void a_target_that_hears_nothing_at_the_new_rate_is_reset(void **state)
{
    (void)state;
    connect_to(&reflash_rom_esp32c3, 0);
    bench.line.good_baud_max = 200000;
    assert_int_not_equal(esp_loader_change_transmission_rate(&bench.loader, 921600), ESP_LOADER_SUCCESS);
    assert_int_equal(bench.line.resets, 2);
    assert_int_equal(bench.line.inner.baud, 115200);
    assert_int_equal(esp_loader_get_target(&bench.loader), ESP32C3_CHIP);
    expect_a_healthy_conversation();
    clean_up();
}

static void expect_every_rate(const reflash_rom_t *rom, uint32_t crystal_hz)
{
    static const uint32_t rates[] = {230400, 460800, 921600, 1500000};
    connect_to(rom, crystal_hz);
    for (size_t at = 0; at < sizeof(rates) / sizeof(rates[0]); at++) {
        assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, rates[at]), ESP_LOADER_SUCCESS);
        assert_in_range(espsim_baud(bench.sim), rates[at] - rates[at] / 50, rates[at] + rates[at] / 50);
        assert_int_equal(bench.line.inner.baud, rates[at]);
        expect_a_healthy_conversation();
    }
    clean_up();
}

static void a_rom_that_is_wrong_about_its_crystal_is_asked_for_what_comes_out_right(void **state)
{
    (void)state;
    expect_every_rate(&reflash_rom_esp32c2, 26000000);
    expect_every_rate(&reflash_rom_esp32c2, 40000000);
    expect_every_rate(&reflash_rom_esp32c5, 40000000); /* its ROM expects 48 MHz */
    expect_every_rate(&reflash_rom_esp32c5, 48000000);
}

/* The divider that its ROM found tells the crystal only together with the rate that it was found at. */
static void connecting_again_goes_back_to_the_first_rate(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        uint32_t crystal_hz;
    } chips[] = {{&reflash_rom_esp32, 0},
                 {&reflash_rom_esp32c2, 26000000},
                 {&reflash_rom_esp32c2, 40000000},
                 {&reflash_rom_esp32c5, 40000000},
                 {&reflash_rom_esp32c5, 48000000}};
    for (size_t row = 0; row < sizeof(chips) / sizeof(chips[0]); row++) {
        esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
        reflash_target_t target;
        connect_to(chips[row].rom, chips[row].crystal_hz);
        assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 921600), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_connect(&bench.loader, &args), ESP_LOADER_SUCCESS);
        assert_int_equal(bench.line.inner.baud, 115200);
        assert_true(reflash_describe_target(&bench.loader, &target));
        assert_int_equal(target.baud, 115200);
        assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 460800), ESP_LOADER_SUCCESS);
        assert_int_equal(bench.line.resets, 2); /* one for each connect */
        expect_a_healthy_conversation();
        clean_up();
    }
}

static void a_crystal_is_told_at_any_first_rate(void **state)
{
    (void)state;
    static const uint32_t crystals[] = {26000000, 40000000};
    reflash_link_t link = REFLASH_LINK_DEFAULT();
    link.first_baud = 230400;
    for (size_t row = 0; row < sizeof(crystals) / sizeof(crystals[0]); row++) {
        esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
        set_up(&reflash_rom_esp32c2, crystals[row]);
        bench.line.inner.baud = link.first_baud;
        reflash_set_link(&bench.loader, &link);
        assert_int_equal(esp_loader_connect(&bench.loader, &args), ESP_LOADER_SUCCESS);
        assert_int_equal(bench.line.inner.baud, link.first_baud);
        assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 921600), ESP_LOADER_SUCCESS);
        expect_a_healthy_conversation();
        clean_up();
    }
}

static void an_esp32_is_asked_in_the_measure_of_its_own_estimate(void **state)
{
    (void)state;
    /* 1280 periods of 52 MHz / 40: 26.0 MHz; and estimates that are 5 % off, which happens */
    static const uint32_t counts[] = {1280, 1344, 1216, 1969, 2067, 1871};
    for (size_t row = 0; row < sizeof(counts) / sizeof(counts[0]); row++) {
        const reflash_register_value_t registers[] = {{0x3FF5A010, 0x34}, {0x3FF5F06C, counts[row] << 7}};
        reflash_rom_t rom = reflash_rom_esp32;
        rom.factory_registers = registers;
        rom.factory_register_count = 2;
        expect_every_rate(&rom, 0);
    }
}

/* --- Delay ------------------------------------------------------------------------------------------------- */

static void a_network_between_host_and_target_is_only_slow(void **state)
{
    (void)state;
    static const uint32_t delays_ms[] = {50, 120, 200, 200};
    enum { UNTOLD = 3 }; /* of the last one the library knows nothing */
    static uint8_t content[9000];
    memset(content, 0xA5, sizeof(content));
    const reflash_rom_t *rom;
    for (size_t at = 0; at < sizeof(delays_ms) / sizeof(delays_ms[0]); at++) {
        reflash_link_t link = REFLASH_LINK_DEFAULT();
        link.round_trip_ms = (uint16_t)(at == UNTOLD ? 0 : delays_ms[at]);
        for (size_t row = 0; (rom = espsim_rom_at(row)) != NULL; row++) {
            esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
            const bool has_digests = rom != &reflash_rom_esp8266;
            set_up(rom, 0);
            bench.line.delay_ms = delays_ms[at];
            reflash_set_link(&bench.loader, &link);
            assert_int_equal(esp_loader_connect(&bench.loader, &args), ESP_LOADER_SUCCESS);
            assert_int_equal(bench.line.resets, 1);
            if (has_digests) {
                assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 460800), ESP_LOADER_SUCCESS);
            }
            esp_loader_flash_cfg_t cfg = {
                .offset = 0x3000, .image_size = sizeof(content), .block_size = 0x1000, .skip_verify = !has_digests};
            assert_int_equal(esp_loader_flash_start(&bench.loader, &cfg), ESP_LOADER_SUCCESS);
            for (uint32_t done = 0; done < sizeof(content); done += 0x1000) {
                const uint32_t left = (uint32_t)sizeof(content) - done;
                assert_int_equal(
                    esp_loader_flash_write(&bench.loader, &cfg, content + done, left < 0x1000 ? left : 0x1000),
                    ESP_LOADER_SUCCESS);
            }
            assert_int_equal(esp_loader_flash_finish(&bench.loader, &cfg), ESP_LOADER_SUCCESS);
            assert_memory_equal(bench.flash + 0x3000, content, sizeof(content));
            clean_up();
        }
    }
}

/* --- Questions --------------------------------------------------------------------------------------------- */

static void few_questions_lie_between_the_first_answer_and_a_ready_flash(void **state)
{
    (void)state;
    /* As docs/architecture.md tells; without the SYNC itself. */
    static const struct {
        const reflash_rom_t *rom;
        unsigned questions;
    } counts[] = {
        {&reflash_rom_esp8266, 9},  {&reflash_rom_esp32, 10},  {&reflash_rom_esp32s2, 9},  {&reflash_rom_esp32s3, 9},
        {&reflash_rom_esp32c2, 9},  {&reflash_rom_esp32c3, 9}, {&reflash_rom_esp32c5, 9},  {&reflash_rom_esp32c6, 9},
        {&reflash_rom_esp32c61, 9}, {&reflash_rom_esp32h2, 9}, {&reflash_rom_esp32p4, 10},
    };
    _Static_assert(sizeof(counts) / sizeof(counts[0]) == (int)ESP_MAX_CHIP, "a chip is missing");
    for (size_t row = 0; row < sizeof(counts) / sizeof(counts[0]); row++) {
        enum { SYNCS = 2 }; /* the first one trains the receiver */
        uint32_t flash_bytes;
        connect_to(counts[row].rom, 0);
        assert_int_equal(esp_loader_flash_detect_size(&bench.loader, &flash_bytes), ESP_LOADER_SUCCESS);
        assert_int_equal(bench.line.requests, SYNCS + counts[row].questions);
        clean_up();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_at_which_the_line_is_bad_is_told_and_the_session_goes_on),
        cmocka_unit_test(any_byte_may_be_lost_while_the_rate_changes),
        cmocka_unit_test(a_target_that_hears_nothing_at_the_new_rate_is_reset),
        cmocka_unit_test(a_rom_that_is_wrong_about_its_crystal_is_asked_for_what_comes_out_right),
        cmocka_unit_test(connecting_again_goes_back_to_the_first_rate),
        cmocka_unit_test(a_crystal_is_told_at_any_first_rate),
        cmocka_unit_test(an_esp32_is_asked_in_the_measure_of_its_own_estimate),
        cmocka_unit_test(a_network_between_host_and_target_is_only_slow),
        cmocka_unit_test(few_questions_lie_between_the_first_answer_and_a_ready_flash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
