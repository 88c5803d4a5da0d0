/* SPDX-License-Identifier: Apache-2.0 */
/* Watchdogs that have to be switched off over a chip's own USB: exact questions, and every chip's registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chips/watchdogs.h"
#include "conversation.h"
#include "port.h"

static conversation_t talk;

#define play(script) scripted_port_play(&talk.port, script)

/* chip id, resets as the pin does, bit by which the super watchdog feeds itself, RTC watchdog: config, unlock; super
 * watchdog: config, key. By hand from the collected facts. */
static const reflash_watchdogs_t facts[] = {
    {2, true, 0, 0x3F408094, 0, 0, 0},
    {12, true, 0, 0x60008084, 0, 0, 0},
    {32, true, 0, 0x20801000, 0, 0, 0},
    {5, true, 31, 0x60008090, 0x600080A8, 0x600080AC, 0x8F1D312A},
    {9, true, 31, 0x60008098, 0x600080B0, 0x600080B4, 0x8F1D312A},
    {23, true, 18, 0x600B1C00, 0x600B1C18, 0x600B1C1C, 0x50D83AA1},
    {13, false, 18, 0x600B1C00, 0x600B1C18, 0x600B1C1C, 0x50D83AA1},
    {20, true, 18, 0x600B1C00, 0x600B1C18, 0x600B1C1C, 0x50D83AA1},
    {16, false, 18, 0x600B1C00, 0x600B1C1C, 0x600B1C20, 0x50D83AA1},
    {18, true, 18, 0x50116000, 0x50116018, 0x5011601C, 0x50D83AA1},
    {25, false, 18, 0x600B1C00, 0x600B1C1C, 0x600B1C20, 0x50D83AA1},
    {28, false, 18, 0x60090048, 0x60090064, 0x600B541C, 0x50D83AA1},
};

static void every_chip_with_such_a_usb_has_its_registers(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof(facts) / sizeof(facts[0]); row++) {
        const reflash_watchdogs_t *found = reflash_watchdogs_of(&(reflash_chip_t){.chip_id = facts[row].chip_id});
        assert_non_null(found);
        assert_int_equal(found->resets, facts[row].resets);
        assert_int_equal(found->super_feed_bit, facts[row].super_feed_bit);
        assert_int_equal(found->config, facts[row].config);
        assert_int_equal(found->unlock, facts[row].unlock);
        assert_int_equal(found->super_config, facts[row].super_config);
        assert_int_equal(found->super_key, facts[row].super_key);
    }
    assert_null(reflash_watchdogs_of(&reflash_chip_esp8266));
    assert_null(reflash_watchdogs_of(&reflash_chip_esp32));
}

static void both_watchdogs_are_switched_off_by_one_question(void **state)
{
    (void)state;
    conversation_connect_c3(&talk);
    play(" >c000096000000000"
         "00a8800060a13ad850ffffffff00000000" /* the RTC watchdog: unlock, off, lock */
         "9080006000000000ffffffff00000000"
         "a880006000000000ffffffff00000000"
         "b08000602a311d8fffffffff00000000" /* the super watchdog: unlock, feeds itself, lock */
         "ac800060000000800000008000000000"
         "b080006000000000ffffffff00000000c0"
         " <c0010904000000000000000000c0");
    assert_int_equal(reflash_disable_watchdogs(&talk.loader), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(&talk);
}

static void a_chip_without_such_a_usb_is_told_apart(void **state)
{
    (void)state;
    conversation_connect(&talk);
    assert_int_equal(reflash_disable_watchdogs(&talk.loader), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
    conversation_start(&talk);
    assert_int_equal(reflash_disable_watchdogs(&talk.loader), ESP_LOADER_ERROR_INVALID_PARAM);
}

static void a_stub_has_done_it_already(void **state)
{
    (void)state;
    static const reflash_stub_t stub;
    conversation_connect_c3(&talk);
    talk.loader._stub = &stub;
    assert_int_equal(reflash_disable_watchdogs(&talk.loader), ESP_LOADER_SUCCESS);
    conversation_expect_no_fault(&talk);
}

static void every_virtual_chip_goes_on(void **state)
{
    (void)state;
    const reflash_rom_t *rom;
    for (size_t row = 0; (rom = espsim_rom_at(row)) != NULL; row++) {
        static uint8_t flash[1 << 18];
        esp_loader_t loader;
        esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
        uint8_t mac[6];
        const reflash_watchdogs_t *dogs = reflash_watchdogs_of(rom->chip);
        espsim_t *sim = espsim_create(&(espsim_config_t){
            .rom = rom, .flash = flash, .flash_bytes = sizeof(flash), .timing = espsim_timing_typical()});
        espsim_port_t port = {.port = {&espsim_port_ops}, .sim = sim, .baud = 115200};
        assert_int_equal(esp_loader_init_serial(&loader, &port.port), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_connect(&loader, &args), ESP_LOADER_SUCCESS);
        assert_int_equal(reflash_disable_watchdogs(&loader), dogs != NULL && dogs->super_config != 0
                                                                 ? ESP_LOADER_SUCCESS
                                                                 : ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
        assert_int_equal(esp_loader_read_mac(&loader, mac), ESP_LOADER_SUCCESS);
        esp_loader_deinit(&loader);
        espsim_destroy(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_with_such_a_usb_has_its_registers),
        cmocka_unit_test(both_watchdogs_are_switched_off_by_one_question),
        cmocka_unit_test(a_chip_without_such_a_usb_is_told_apart),
        cmocka_unit_test(a_stub_has_done_it_already),
        cmocka_unit_test(every_virtual_chip_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
