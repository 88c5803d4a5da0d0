/* SPDX-License-Identifier: Apache-2.0 */
/* What a target tells of its locks and its revision, through its mask ROM and through a RAM stub. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "locks.h"
#include "port.h"
#include "reflash.h"

enum { FLASH_BYTES = 1 << 20, UNKNOWN = -1 };

static uint8_t flash[FLASH_BYTES];

/* What a chip with these locks tells. */
static locks_t ask(const reflash_rom_t *rom, espsim_security_t security, bool stub)
{
    esp_loader_t loader;
    locks_t locks;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    espsim_t *sim = espsim_create(&(espsim_config_t){.rom = rom,
                                                     .flash = flash,
                                                     .flash_bytes = FLASH_BYTES,
                                                     .security = security,
                                                     .timing = espsim_timing_typical()});
    assert_non_null(sim);
    espsim_port_t port = {.port = {&espsim_port_ops}, .sim = sim, .baud = 115200};
    assert_int_equal(esp_loader_init_serial(&loader, &port.port), ESP_LOADER_SUCCESS);
    assert_int_equal((stub ? esp_loader_connect_with_stub : esp_loader_connect)(&loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(locks_read(&loader, &locks), ESP_LOADER_SUCCESS);
    esp_loader_deinit(&loader);
    espsim_destroy(sim);
    return locks;
}

/* Revisions as the rows of the virtual chips have them in their efuses. */
static const struct {
    const char *name;
    int revision;
} chips[] = {{"esp8266", UNKNOWN}, {"esp32", 300}, {"esp32s2", 0},   {"esp32s3", 2},
             {"esp32c2", 100},     {"esp32c3", 3}, {"esp32c5", 100}, {"esp32c6", 1},
             {"esp32c61", 100},    {"esp32h2", 1}, {"esp32p4", 300}, {"esp32p4-rev1", 100}};
#define CHIP_COUNT (sizeof(chips) / sizeof(chips[0]))

static void every_chip_tells_its_revision_and_that_nothing_is_locked(void **state)
{
    (void)state;
    for (size_t row = 0; row < CHIP_COUNT; row++) {
        for (int stub = 0; stub <= 1; stub++) {
            char text[64];
            const locks_t locks =
                ask(espsim_rom_by_name(chips[row].name), (espsim_security_t){.secure_boot = false}, stub != 0);
            assert_int_equal((int)locks.revision, chips[row].revision);
            assert_false(locks.encryption || locks.no_manual_encryption || locks.secure_boot ||
                         locks.first_secure_boot || locks.secure_download);
            locks_text(&locks, text, sizeof(text));
            assert_string_equal(text, "");
        }
    }
}

static void every_chip_tells_its_locks(void **state)
{
    (void)state;
    for (size_t row = 0; row < CHIP_COUNT; row++) {
        const reflash_rom_t *rom = espsim_rom_by_name(chips[row].name);
        const espsim_security_t encrypting = {.flash_key_bytes = 32};
        const espsim_security_t release = {.flash_key_bytes = 32, .no_manual_encryption = true};
        const espsim_security_t booting = {.secure_boot = true};
        if (espsim_security_lacks(rom, &release) != NULL || espsim_security_lacks(rom, &booting) != NULL) {
            continue;
        }
        locks_t locks = ask(rom, encrypting, false);
        assert_true(locks.encryption && !locks.no_manual_encryption && !locks.secure_boot);
        locks = ask(rom, encrypting, true);
        assert_true(locks.encryption && !locks.no_manual_encryption);
        locks = ask(rom, release, false);
        assert_true(locks.encryption && locks.no_manual_encryption && !locks.secure_boot);
        locks = ask(rom, booting, false);
        assert_true(!locks.encryption && locks.secure_boot && !locks.first_secure_boot);
    }
}

static void in_secure_download_mode_there_is_no_revision_but_locks(void **state)
{
    (void)state;
    char text[64];
    const locks_t locks =
        ask(espsim_rom_by_name("esp32c3"),
            (espsim_security_t){.secure_download = true, .secure_boot = true, .flash_key_bytes = 32}, false);
    assert_true(locks.secure_download && locks.secure_boot && locks.encryption);
    assert_int_equal(locks.revision, LOCKS_REVISION_UNKNOWN);
    locks_text(&locks, text, sizeof(text));
    assert_string_equal(text, "flash encryption, secure boot, secure download mode");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_tells_its_revision_and_that_nothing_is_locked),
        cmocka_unit_test(every_chip_tells_its_locks),
        cmocka_unit_test(in_secure_download_mode_there_is_no_revision_but_locks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
