/* SPDX-License-Identifier: Apache-2.0 */
/* Writes that the target encrypts, on virtual chips with a flash key: what lies in flash then, and that it boots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "conversation.h"
#include "golden_images.h"
#include "port.h"

enum { FLASH_BYTES = 1 << 21, TEXT_ADDR = 0x110070, TEXT_BYTES = 48, TEXT_SECTOR = 0x110000, WRITE_BYTES = 160 };

/* The key bytes count up from 0, the plain text is 3, 10, 17, ... Cipher text by another implementation: espsecure
 * 5.6.0, encrypt-flash-data. */
static const uint8_t cipher_text[TEXT_BYTES] = {0xC0, 0x94, 0xE9, 0xDC, 0x90, 0x88, 0x7E, 0xB7, 0xC9, 0x05, 0x02, 0x00,
                                                0x4F, 0x2A, 0x88, 0x97, 0x4E, 0x0D, 0x9B, 0x52, 0x37, 0x49, 0x47, 0xA9,
                                                0x6D, 0x2E, 0x82, 0xB3, 0x61, 0x84, 0xB2, 0x7D, 0xA8, 0x5A, 0xE6, 0x1F,
                                                0x01, 0xF9, 0x00, 0x0B, 0xBC, 0xC9, 0xD9, 0x13, 0x66, 0x39, 0x34, 0x0B};

typedef struct {
    espsim_t *sim;
    uint8_t *flash;
    espsim_port_t port;
    esp_loader_t loader;
} rig_t;

static void set_up(rig_t *rig, const reflash_rom_t *rom, espsim_security_t security, bool stub)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    memset(rig, 0, sizeof(*rig));
    rig->flash = malloc(FLASH_BYTES);
    assert_non_null(rig->flash);
    memset(rig->flash, 0xFF, FLASH_BYTES);
    for (size_t at = 0; at < sizeof(security.flash_key); at++) {
        security.flash_key[at] = (uint8_t)at;
    }
    rig->sim = espsim_create(&(espsim_config_t){.rom = rom,
                                                .flash = rig->flash,
                                                .flash_bytes = FLASH_BYTES,
                                                .security = security,
                                                .timing = espsim_timing_typical()});
    assert_non_null(rig->sim);
    rig->port = (espsim_port_t){.port = {&espsim_port_ops}, .sim = rig->sim, .baud = 115200};
    assert_int_equal(esp_loader_init_serial(&rig->loader, &rig->port.port), ESP_LOADER_SUCCESS);
    assert_int_equal((stub ? esp_loader_connect_with_stub : esp_loader_connect)(&rig->loader, &args),
                     ESP_LOADER_SUCCESS);
}

static void clean_up(rig_t *rig)
{
    esp_loader_deinit(&rig->loader);
    espsim_destroy(rig->sim);
    free(rig->flash);
}

/* In pieces of 64 bytes. */
static void write_encrypted(rig_t *rig, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    esp_loader_flash_cfg_t cfg = {.offset = addr, .image_size = bytes, .block_size = 64, .skip_verify = true};
    assert_int_equal(reflash_flash_start_encrypted(&rig->loader, &cfg), ESP_LOADER_SUCCESS);
    for (uint32_t done = 0; done < bytes; done += cfg.block_size) {
        const uint32_t left = bytes - done;
        assert_int_equal(
            esp_loader_flash_write(&rig->loader, &cfg, data + done, left < cfg.block_size ? left : cfg.block_size),
            ESP_LOADER_SUCCESS);
    }
    assert_int_equal(esp_loader_flash_finish(&rig->loader, &cfg), ESP_LOADER_SUCCESS);
}

static void what_is_sent_plain_lies_encrypted_in_flash(void **state)
{
    (void)state;
    static const reflash_rom_t *const roms[] = {
        &reflash_rom_esp32s2, &reflash_rom_esp32s3,  &reflash_rom_esp32c2, &reflash_rom_esp32c3, &reflash_rom_esp32c5,
        &reflash_rom_esp32c6, &reflash_rom_esp32c61, &reflash_rom_esp32h2, &reflash_rom_esp32p4,
    };
    uint8_t data[WRITE_BYTES] = {0};
    for (unsigned at = 0; at < TEXT_BYTES; at++) {
        data[TEXT_ADDR - TEXT_SECTOR + at] = (uint8_t)(7 * at + 3);
    }
    for (size_t row = 0; row < sizeof(roms) / sizeof(roms[0]); row++) {
        for (int stub = 0; stub < 2; stub++) {
            rig_t rig;
            set_up(&rig, roms[row], (espsim_security_t){.flash_key_bytes = 32}, stub != 0);
            write_encrypted(&rig, TEXT_SECTOR, data, sizeof(data));
            assert_memory_equal(&rig.flash[TEXT_ADDR], cipher_text, TEXT_BYTES);
            assert_int_equal(rig.flash[TEXT_SECTOR + WRITE_BYTES], 0xFF);
            clean_up(&rig);
        }
    }
}

static void what_was_written_encrypted_boots(void **state)
{
    (void)state;
    enum { TABLE_BYTES = (GOLDEN_TABLE_BYTES + 15) / 16 * 16 };
    rig_t rig;
    uint8_t program[GOLDEN_PROGRAM_BYTES];
    uint8_t table[TABLE_BYTES];
    uint8_t text[4096] = {0};
    memset(table, 0xFF, sizeof(table));
    memcpy(table, golden_table, sizeof(golden_table));
    golden_program_for(program, 5);
    set_up(&rig, &reflash_rom_esp32c3, (espsim_security_t){.flash_key_bytes = 32}, false);
    write_encrypted(&rig, 0x0, program, sizeof(program));
    write_encrypted(&rig, 0x8000, table, sizeof(table));
    write_encrypted(&rig, 0x10000, program, sizeof(program));
    esp_loader_reset_target(&rig.loader);
    rig.port.baud = 115200;
    (void)espsim_port_listen(&rig.port, text, sizeof(text) - 1, 500);
    assert_non_null(strstr((const char *)text, "Hello world!"));
    clean_up(&rig);
}

static void where_the_efuses_forbid_it_the_target_says_so(void **state)
{
    (void)state;
    rig_t rig;
    esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = 64, .block_size = 64, .skip_verify = true};
    set_up(&rig, &reflash_rom_esp32c3, (espsim_security_t){.flash_key_bytes = 32, .no_manual_encryption = true}, false);
    assert_int_equal(reflash_flash_start_encrypted(&rig.loader, &cfg), ESP_LOADER_ERROR_INVALID_RESPONSE);
    const reflash_fault_t fault = reflash_last_fault(&rig.loader);
    assert_int_equal(fault.cause, REFLASH_CAUSE_REFUSED);
    assert_int_equal(fault.target_reason, 0x64);
    assert_int_equal(esp_loader_flash_write(&rig.loader, &cfg, cipher_text, 16), ESP_LOADER_ERROR_INVALID_PARAM);
    clean_up(&rig);
}

/* --- What is refused here ------------------------------------------------------------------------------- */

static conversation_t talk;

static void chips_without_such_writes_are_not_asked(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 64, .block_size = 64, .skip_verify = true};
    conversation_connect(&talk);
    assert_int_equal(reflash_flash_start_encrypted(&talk.loader, &cfg), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
    conversation_start(&talk);
    assert_int_equal(reflash_flash_start_encrypted(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
}

static void what_would_be_verified_is_refused(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 64, .block_size = 64};
    conversation_connect_c3(&talk);
    assert_int_equal(reflash_flash_start_encrypted(&talk.loader, &cfg), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    conversation_expect_fault(&talk, ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

static void sizes_are_multiples_of_16(void **state)
{
    (void)state;
    static const esp_loader_flash_cfg_t wrong[] = {
        {.offset = 0x1000, .image_size = 0, .block_size = 64, .skip_verify = true},
        {.offset = 0x1000, .image_size = 72, .block_size = 64, .skip_verify = true},
        {.offset = 0x1000, .image_size = 64, .block_size = 56, .skip_verify = true},
        {.offset = 0x1000, .image_size = 64, .block_size = 0, .skip_verify = true},
        {.offset = 0x1000, .image_size = 64, .block_size = 0x1810, .skip_verify = true},
        {.offset = 0x1010, .image_size = 64, .block_size = 64, .skip_verify = true},
    };
    conversation_connect_c3(&talk);
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        esp_loader_flash_cfg_t cfg = wrong[at];
        assert_int_equal(reflash_flash_start_encrypted(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
        conversation_expect_fault(&talk, ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
    assert_int_equal(reflash_flash_start_encrypted(&talk.loader, NULL), ESP_LOADER_ERROR_INVALID_PARAM);
}

static void a_piece_that_is_no_multiple_of_16_is_not_sent(void **state)
{
    (void)state;
    rig_t rig;
    esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = 64, .block_size = 64, .skip_verify = true};
    set_up(&rig, &reflash_rom_esp32c3, (espsim_security_t){.flash_key_bytes = 32}, false);
    assert_int_equal(reflash_flash_start_encrypted(&rig.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&rig.loader, &cfg, cipher_text, 20), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(reflash_last_fault(&rig.loader).cause, REFLASH_CAUSE_ARGUMENT);
    assert_int_equal(esp_loader_flash_write(&rig.loader, &cfg, cipher_text, 32), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&rig.loader, &cfg, cipher_text, 32), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&rig.loader, &cfg), ESP_LOADER_SUCCESS);
    clean_up(&rig);
}

/* --- Trouble -------------------------------------------------------------------------------------------- */

/* A bit of a block is another, and the answer that says so does not come: then the ROM has the block's number, and
 * nobody can ask what lies in its flash. */
static void a_block_of_which_no_answer_came_is_not_taken_for_written(void **state)
{
    (void)state;
    rig_t rig;
    esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = 64, .block_size = 64, .skip_verify = true};
    set_up(&rig, &reflash_rom_esp32c3, (espsim_security_t){.flash_key_bytes = 32}, false);
    assert_int_equal(reflash_flash_start_encrypted(&rig.loader, &cfg), ESP_LOADER_SUCCESS);
    espsim_set_faults(rig.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_FLIP_TO_TARGET, .byte = 40},
                                                            {.kind = ESPSIM_FAULT_DROP_FROM_TARGET, .byte = 5}}});
    assert_int_equal(esp_loader_flash_write(&rig.loader, &cfg, cipher_text, 16), ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(reflash_last_fault(&rig.loader).cause, REFLASH_CAUSE_REFUSED);
    clean_up(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_plain_lies_encrypted_in_flash),
        cmocka_unit_test(what_was_written_encrypted_boots),
        cmocka_unit_test(where_the_efuses_forbid_it_the_target_says_so),
        cmocka_unit_test(chips_without_such_writes_are_not_asked),
        cmocka_unit_test(what_would_be_verified_is_refused),
        cmocka_unit_test(sizes_are_multiples_of_16),
        cmocka_unit_test(a_piece_that_is_no_multiple_of_16_is_not_sent),
        cmocka_unit_test(a_block_of_which_no_answer_came_is_not_taken_for_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
