/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that are ours. */
#include "api_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <string.h>

static esp_loader_error_t last_fault(void)
{
    return reflash_last_fault(&bench.loader).code;
}

static esp_loader_error_t describe_target(void)
{
    return reflash_describe_target(&bench.loader, &bench.target) ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
}

static bool holds_description(void)
{
    return bench.target.target == bench.chip && bench.target.boot_pin != REFLASH_NO_PIN &&
           bench.target.has_digests == (bench.talks_to != ROM || bench.chip != ESP8266_CHIP);
}

static esp_loader_error_t reset_by_watchdog(void)
{
    return reflash_reset_by_watchdog(&bench.loader);
}

static esp_loader_error_t disable_watchdogs(void)
{
    return reflash_disable_watchdogs(&bench.loader);
}

static esp_loader_error_t allow_new_chips(void)
{
    reflash_allow_new_chips(&bench.loader);
    return ESP_LOADER_SUCCESS;
}

enum { OP_READ_REG = 0x0A, SHORT_LIMIT_MS = 20 };

static esp_loader_error_t set_link(void)
{
    static const reflash_time_limit_t limit = {.command = OP_READ_REG, .timeout_ms = SHORT_LIMIT_MS};
    static reflash_link_t link = REFLASH_LINK_DEFAULT();
    link.limit_count = 1;
    link.limits = &limit;
    reflash_set_link(&bench.loader, &link);
    return ESP_LOADER_SUCCESS;
}

/* Asked three times, and listened for silence in between; it would be 3 s. */
static bool holds_short_limit(void)
{
    espsim_power_off(bench.sim);
    const uint64_t start_ns = espsim_now(bench.sim);
    return read_register() == ESP_LOADER_ERROR_TIMEOUT && espsim_now(bench.sim) - start_ns < UINT64_C(500000000);
}

static esp_loader_error_t init_and_connect(void)
{
    RETURN_ON_ERROR(init_link());
    return connect_rom();
}

static esp_loader_error_t stub_start(void)
{
    return reflash_stub_start(&bench.loader);
}

static esp_loader_error_t flash_start_encrypted(void)
{
    bench.write = (esp_loader_flash_cfg_t){
        .offset = FLASH_ADDR, .image_size = DATA_BYTES, .block_size = DATA_BYTES, .skip_verify = true};
    return reflash_flash_start_encrypted(&bench.loader, &bench.write);
}

/* md5 of 4096 bytes 0, which the flash holds everywhere. */
static const uint8_t digest_of_zeros[16] = {0x62, 0x0F, 0x0B, 0x67, 0xA9, 0x1F, 0x7F, 0x74,
                                            0x15, 0x1B, 0xC5, 0xBE, 0x74, 0x5B, 0x71, 0x10};

static esp_loader_error_t flash_md5(void)
{
    return reflash_flash_md5(&bench.loader, 0, 4096, bench.answer);
}

static bool holds_digest(void)
{
    return memcmp(bench.answer, digest_of_zeros, sizeof(digest_of_zeros)) == 0;
}

static esp_loader_error_t flash_verify_md5(void)
{
    return reflash_flash_verify_md5(&bench.loader, 0, 4096, digest_of_zeros);
}

static reflash_image_t image_of_data(void)
{
    reflash_image_t image = {.flash_addr = FLASH_ADDR, .bytes = DATA_BYTES, .data = bench.data};
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), bench.data, DATA_BYTES, image.md5), 0);
    return image;
}

static esp_loader_error_t update(void)
{
    reflash_image_t image = image_of_data();
    reflash_job_t job = {0};
    return reflash_update(&bench.loader, &image, 1, &job);
}

static bool read_bundle(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    (void)context;
    memcpy(buf, bench.bundle.data + offset, bytes);
    return true;
}

static esp_loader_error_t apply(void)
{
    enum { CHIP_ID_ESP8266 = 0xFFFF };
    static uint8_t memory[REFLASH_APPLY_MEMORY_BYTES(FLASH_BYTES)], buffer[REFLASH_APPLY_BUFFER_BYTES];
    char *name = "app";
    bool is_program = false;
    reflash_bundle_t bundle;
    reflash_image_t image = image_of_data();
    const inputs_t in = {.images = &image, .names = &name, .programs = &is_program, .count = 1};
    assert_int_equal(describe_target(), ESP_LOADER_SUCCESS);
    const uint32_t chip_id = bench.target.chip_id == REFLASH_NO_CHIP_ID ? CHIP_ID_ESP8266 : bench.target.chip_id;
    bench.bundle = bundle_make(
        &in,
        &(bundle_facts_t){
            .chip_id = (uint16_t)chip_id, .flash_mode = 0xFF, .flash_size_freq = 0xFF, .plain = true, .packed = true},
        NULL);
    assert_int_equal(
        reflash_bundle_open(&bundle, &(reflash_source_t){.read = read_bundle, .bytes = bench.bundle.bytes}),
        REFLASH_BUNDLE_GOOD);
    reflash_apply_t job = {
        .memory = memory, .memory_bytes = sizeof(memory), .buffer = buffer, .buffer_bytes = sizeof(buffer)};
    return reflash_apply(&bench.loader, &(reflash_content_t){&reflash_bundle_ops, &bundle}, &job);
}

static const api_row_t rows[] = {
    {.name = "last_fault", .call = last_fault, .never_asks = ASKS_NOTHING},
    {.name = "describe_target", .call = describe_target, .holds = holds_description, .never_asks = ASKS_NOTHING},
    {.name = "reset_by_watchdog",
     .call = reset_by_watchdog,
     .acts_at_once = true,
     .holds = holds_no_loader,
     .lacking = {BIT_8266 | BIT_32 | BIT_C6 | BIT_H2, BIT_8266 | BIT_32 | BIT_C6 | BIT_H2, BIT_32 | BIT_C6}},
    {.name = "disable_watchdogs",
     .call = disable_watchdogs,
     .asks = {0x09, 0},
     .lacking[ROM] = BIT_8266 | BIT_32 | BIT_S2 | BIT_C2},
    {.name = "allow_new_chips", .call = allow_new_chips, .holds = holds_chip, .never_asks = ASKS_NOTHING},
    {.name = "set_link", .call = set_link, .holds = holds_short_limit, .never_asks = ASKS_NOTHING},
    {.name = "stub_start",
     .before = init_and_connect,
     .call = stub_start,
     .holds = holds_stub,
     .is_first = true,
     .only_in[STUB] = true},
    {.name = "flash_start_encrypted",
     .before = attach_flash,
     .call = flash_start_encrypted,
     .asks = {0x02, 0x02},
     .holds = holds_room,
     .lacking = {BIT_8266 | BIT_32, BIT_8266 | BIT_32, BIT_32}},
    {.name = "flash_md5",
     .before = attach_flash,
     .call = flash_md5,
     .asks = {0x13, 0x13},
     .holds = holds_digest,
     .lacking[ROM] = BIT_8266},
    {.name = "flash_verify_md5",
     .before = attach_flash,
     .call = flash_verify_md5,
     .asks = {0x13, 0x13},
     .lacking[ROM] = BIT_8266},
    {.name = "update",
     .before = attach_flash,
     .call = update,
     .asks = {0x13, 0x13},
     .holds = holds_data,
     .lacking[ROM] = BIT_8266},
    {.name = "apply",
     .before = attach_flash,
     .call = apply,
     .asks = {0x13, 0x13},
     .holds = holds_data,
     .lacking[ROM] = BIT_8266},
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= API_ROWS_MAX, "there is no room for that many rows");

const api_part_t our_part = {.prefix = "reflash_", .rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
