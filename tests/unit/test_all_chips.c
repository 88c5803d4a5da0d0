/* SPDX-License-Identifier: Apache-2.0 */
/* The same job on every chip: connect, identify, raise the rate, write, verify, start the application - the library
 * on one end, a virtual chip on the other. And what the chips' ROMs differ in, asked from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "port.h"
#include "reflash.h"

/* What a user of the chip knows, from the collected facts. MAC addresses are those given to the virtual chips. */
typedef struct {
    const reflash_rom_t *rom;
    target_chip_t target;
    uint8_t mac[6];
    uint32_t boot_addr;
    uint32_t log_baud; /* after a reset into the application */
    const char *boots; /* part of what is printed then */
    const char *waits; /* part of what is printed in the loader */
    uint8_t last_opcode;
    uint8_t security_info_bytes;
    uint8_t status_bytes;
    uint32_t eco_version;
    bool has_digests, has_rates;
} fact_t;

#define MAC(a, b, c, d, e, f)                                                                                          \
    {                                                                                                                  \
        a, b, c, d, e, f                                                                                               \
    }
#define SPI_BOOT(strapping) "boot:" strapping " (SPI_FAST_FLASH_BOOT)\r\n"
#define LOADER(strapping, name) "boot:" strapping " (" name ")\r\nwaiting for download\r\n"

static const fact_t facts[] = {
    {&reflash_rom_esp8266, ESP8266_CHIP, MAC(0x5C, 0xCF, 0x7F, 0xA1, 0xB2, 0xC3), 0x0, 74880,
     "\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\n", "rst cause:2, boot mode:(1,6)\r\n\r\n", 0x0A, 0, 2, 0,
     false, false},
    {&reflash_rom_esp32, ESP32_CHIP, MAC(0x24, 0x0A, 0xC4, 0x12, 0x34, 0x56), 0x1000, 115200, SPI_BOOT("0x13"),
     LOADER("0x3", "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2)"), 0x13, 0, 4, 0, true, true},
    {&reflash_rom_esp32s2, ESP32S2_CHIP, MAC(0x7C, 0xDF, 0xA1, 0x0A, 0x0B, 0x0C), 0x1000, 115200, SPI_BOOT("0x8"),
     LOADER("0x0", "DOWNLOAD(USB/UART0/1/SPI)"), 0x14, 12, 4, 0, true, true},
    {&reflash_rom_esp32s3, ESP32S3_CHIP, MAC(0x34, 0x85, 0x18, 0x0A, 0x0B, 0x0C), 0x0, 115200, SPI_BOOT("0x8"),
     LOADER("0x0", "DOWNLOAD(USB/UART0)"), 0x15, 20, 4, 2, true, true},
    {&reflash_rom_esp32c2, ESP32C2_CHIP, MAC(0x08, 0x3A, 0x8D, 0x0A, 0x0B, 0x0C), 0x0, 115200, SPI_BOOT("0xc"),
     LOADER("0x4", "DOWNLOAD(UART0)"), 0x14, 20, 4, 1, true, true},
    {&reflash_rom_esp32c3, ESP32C3_CHIP, MAC(0xC4, 0x0A, 0x24, 0xFE, 0x10, 0x01), 0x0, 115200, SPI_BOOT("0x8"),
     LOADER("0x5", "DOWNLOAD(USB/UART0/1)"), 0x14, 20, 4, 3, true, true},
    {&reflash_rom_esp32c5, ESP32C5_CHIP, MAC(0x30, 0xED, 0xA0, 0x0A, 0x0B, 0x0C), 0x2000, 115200, SPI_BOOT("0x18"),
     LOADER("0x10", "DOWNLOAD(USB/UART0/SDIO_FEI_FEO)"), 0x14, 20, 4, 2, true, true},
    {&reflash_rom_esp32c6, ESP32C6_CHIP, MAC(0x40, 0x4C, 0xCA, 0x0A, 0x0B, 0x0C), 0x0, 115200, SPI_BOOT("0xc"),
     LOADER("0x4", "DOWNLOAD(USB/UART0/SDIO_FEI_FEO)"), 0x14, 20, 4, 1, true, true},
    {&reflash_rom_esp32c61, ESP32C61_CHIP, MAC(0xCC, 0xBA, 0xC8, 0x0A, 0x0B, 0x0C), 0x0, 115200, SPI_BOOT("0xc"),
     LOADER("0x4", "DOWNLOAD(USB/UART0)"), 0x14, 20, 4, 3, true, true},
    {&reflash_rom_esp32h2, ESP32H2_CHIP, MAC(0x74, 0x4D, 0xBD, 0x0A, 0x0B, 0x0C), 0x0, 115200, SPI_BOOT("0xc"),
     LOADER("0x4", "DOWNLOAD(USB/UART0)"), 0x14, 20, 4, 1, true, true},
    {&reflash_rom_esp32p4, ESP32P4_CHIP, MAC(0x60, 0x55, 0xF9, 0x0A, 0x0B, 0x0C), 0x2000, 115200, SPI_BOOT("0x30f"),
     LOADER("0x307", "DOWNLOAD(USB/UART0/SPI)"), 0x14, 20, 4, 5, true, true},
    {&reflash_rom_esp32p4_rev1, ESP32P4_CHIP, MAC(0x60, 0x55, 0xF9, 0x0A, 0x0B, 0x0C), 0x2000, 115200,
     SPI_BOOT("0x30f"), LOADER("0x307", "DOWNLOAD(USB/UART0/SPI)"), 0x14, 20, 4, 2, true, true},
};
enum { FACT_COUNT = sizeof(facts) / sizeof(facts[0]), SECTOR_BYTES = 0x1000 };
_Static_assert(FACT_COUNT == (int)ESP_MAX_CHIP + 1, "a chip of the API is missing");

/* --- A host and its target ------------------------------------------------------------------------------- */

typedef struct {
    const fact_t *fact;
    espsim_t *sim;
    uint8_t *flash;
    uint32_t flash_bytes;
    espsim_port_t port;
    esp_loader_t loader;
} bench_t;

/* The flash is all 0: what was not erased cannot be written. */
static bench_t bench_of(const fact_t *fact, uint32_t flash_bytes)
{
    bench_t bench = {.fact = fact, .flash_bytes = flash_bytes, .flash = calloc(flash_bytes, 1)};
    assert_non_null(bench.flash);
    bench.sim = espsim_create(&(espsim_config_t){
        .rom = fact->rom, .flash = bench.flash, .flash_bytes = flash_bytes, .timing = espsim_timing_typical()});
    assert_non_null(bench.sim);
    bench.port = (espsim_port_t){.port = {.ops = &espsim_port_ops}, .sim = bench.sim, .baud = 115200};
    return bench;
}

static void bench_connect(bench_t *bench)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    assert_int_equal(esp_loader_init_serial(&bench->loader, &bench->port.port), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_connect(&bench->loader, &args), ESP_LOADER_SUCCESS);
}

static void bench_free(bench_t *bench)
{
    esp_loader_deinit(&bench->loader);
    espsim_destroy(bench->sim);
    free(bench->flash);
}

static uint64_t bytes_sent(const bench_t *bench)
{
    return espsim_stats(bench->sim)->bytes_to_target;
}

/* --- Images ------------------------------------------------------------------------------------------------ */

typedef struct {
    uint8_t data[3 * SECTOR_BYTES];
    uint32_t bytes;
} image_t;

static void put_le(image_t *image, uint32_t value, unsigned bytes)
{
    for (unsigned at = 0; at < bytes; at++) {
        image->data[image->bytes++] = (uint8_t)(value >> (8 * at));
    }
}

/* One segment of `segment_bytes` bytes that nobody runs. Not a multiple of anything. */
static image_t program(const reflash_rom_t *rom, uint32_t segment_bytes)
{
    image_t image = {.bytes = 0};
    uint8_t checksum = 0xEF;
    put_le(&image, 0x020201E9, 4); /* magic, one segment, DIO, 2 MB or so */
    put_le(&image, 0x40100000, 4);
    if (rom->image_header_bytes > 8) {
        put_le(&image, 0xEE, 4); /* pins */
        put_le(&image, rom->chip->chip_id, 2);
    }
    image.bytes = rom->image_header_bytes;
    put_le(&image, 0x40100000, 4);
    put_le(&image, segment_bytes, 4);
    for (uint32_t at = 0; at < segment_bytes; at++) {
        put_le(&image, (uint8_t)(7 * at + (at * at >> 4)), 1);
        checksum ^= image.data[image.bytes - 1];
    }
    image.bytes += 15 - image.bytes % 16;
    put_le(&image, checksum, 1);
    return image;
}

static image_t partition_table(void)
{
    static const char label[16] = "factory";
    image_t image = {.bytes = 0};
    put_le(&image, 0x000050AA, 4); /* an application, factory */
    put_le(&image, 0x10000, 4);
    put_le(&image, 0x10000, 4);
    memcpy(image.data + image.bytes, label, sizeof(label));
    image.bytes = 32;
    return image;
}

static void write_image(bench_t *bench, uint32_t addr, image_t *image)
{
    const uint32_t block_bytes = 0x400;
    const bool has_digests = bench->fact->has_digests;
    esp_loader_flash_cfg_t cfg = {
        .offset = addr, .image_size = image->bytes, .block_size = block_bytes, .skip_verify = !has_digests};
    assert_int_equal(esp_loader_flash_start(&bench->loader, &cfg), ESP_LOADER_SUCCESS);
    for (uint32_t at = 0; at < image->bytes; at += block_bytes) {
        const uint32_t left = image->bytes - at;
        assert_int_equal(
            esp_loader_flash_write(&bench->loader, &cfg, image->data + at, left < block_bytes ? left : block_bytes),
            ESP_LOADER_SUCCESS);
    }
    assert_int_equal(esp_loader_flash_finish(&bench->loader, &cfg), ESP_LOADER_SUCCESS);
    assert_memory_equal(bench->flash + addr, image->data, image->bytes);
}

static void verify_image(bench_t *bench, uint32_t addr, const image_t *image)
{
    uint8_t digest[16];
    char digits[33];
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), image->data, image->bytes, digest), 0);
    for (unsigned at = 0; at < sizeof(digest); at++) {
        (void)snprintf(digits + 2 * at, 3, "%02x", digest[at]);
    }
    assert_int_equal(esp_loader_flash_verify_known_md5(&bench->loader, addr, image->bytes, (const uint8_t *)digits),
                     ESP_LOADER_SUCCESS);
    bench->flash[addr + image->bytes - 1] ^= 0x01;
    assert_int_equal(esp_loader_flash_verify_known_md5(&bench->loader, addr, image->bytes, (const uint8_t *)digits),
                     ESP_LOADER_ERROR_INVALID_MD5);
    bench->flash[addr + image->bytes - 1] ^= 0x01;
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static void every_chip_is_told_apart_from_all_others(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        bench_t bench = bench_of(&facts[row], 1 << 20);
        bench_connect(&bench);
        assert_int_equal(esp_loader_get_target(&bench.loader), facts[row].target);
        bench_free(&bench);
    }
}

static void every_chip_tells_its_mac_and_the_size_of_its_flash(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        for (unsigned shift = 18; shift <= 24; shift += 3) {
            bench_t bench = bench_of(&facts[row], UINT32_C(1) << shift);
            uint8_t mac[6] = {0};
            uint32_t flash_bytes = 0;
            bench_connect(&bench);
            assert_int_equal(esp_loader_read_mac(&bench.loader, mac), ESP_LOADER_SUCCESS);
            assert_memory_equal(mac, facts[row].mac, sizeof(mac));
            assert_int_equal(esp_loader_flash_detect_size(&bench.loader, &flash_bytes), ESP_LOADER_SUCCESS);
            assert_int_equal(flash_bytes, bench.flash_bytes);
            bench_free(&bench);
        }
    }
}

static void the_rate_is_raised_on_every_chip_whose_rom_can(void **state)
{
    (void)state;
    static const uint32_t rates[] = {230400, 460800, 921600, 2000000};
    for (size_t row = 0; row < FACT_COUNT; row++) {
        bench_t bench = bench_of(&facts[row], 1 << 20);
        bench_connect(&bench);
        for (size_t at = 0; at < sizeof(rates) / sizeof(rates[0]) && facts[row].has_rates; at++) {
            uint32_t magic;
            assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, rates[at]), ESP_LOADER_SUCCESS);
            assert_int_equal(bench.port.baud, rates[at]);
            assert_in_range(espsim_baud(bench.sim), rates[at] - rates[at] / 50, rates[at] + rates[at] / 50);
            assert_int_equal(esp_loader_read_register(&bench.loader, 0x40001000, &magic), ESP_LOADER_SUCCESS);
        }
        bench_free(&bench);
    }
}

/* By hand: clock times 16 by 460800; sixteenths go to bits 20 to 23. */
static void the_divider_for_a_rate_follows_from_the_clock_of_the_chip(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        uint32_t reg, divider;
    } dividers[] = {
        {&reflash_rom_esp32, 0x3FF40014, 0x00D00056},   /* 40 MHz, by 460800 less the error of 39.995 */
        {&reflash_rom_esp32s2, 0x3F400014, 0x00C00056}, /* 40 MHz */
        {&reflash_rom_esp32s3, 0x60000014, 0x00C00056}, {&reflash_rom_esp32c2, 0x60000014, 0x00C00056},
        {&reflash_rom_esp32c3, 0x60000014, 0x00C00056}, {&reflash_rom_esp32c5, 0x60000014, 0x00200068}, /* 48 MHz */
        {&reflash_rom_esp32c6, 0x60000014, 0x00C00056}, {&reflash_rom_esp32c61, 0x60000014, 0x00C00056},
        {&reflash_rom_esp32h2, 0x60000014, 0x00700045}, /* 32 MHz */
        {&reflash_rom_esp32p4, 0x500CA014, 0x00C00056},
    };
    for (size_t row = 0; row < sizeof(dividers) / sizeof(dividers[0]); row++) {
        bench_t bench = bench_of(&(fact_t){.rom = dividers[row].rom}, 1 << 20);
        uint32_t divider = 0;
        bench_connect(&bench);
        assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 460800), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_read_register(&bench.loader, dividers[row].reg, &divider), ESP_LOADER_SUCCESS);
        assert_int_equal(divider, dividers[row].divider);
        bench_free(&bench);
    }
}

/* esptool-js 0.7.0 asks each of these chips for a register of its elder relatives, and works with them. */
static void a_register_that_only_a_relative_has_reads_as_0(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        uint32_t reg;
    } reads[] = {
        {&reflash_rom_esp32s2, 0x3FF6607C},
        {&reflash_rom_esp32s3, 0x3FF5A00C},
        {&reflash_rom_esp32s3, 0x3FF6607C},
        {&reflash_rom_esp32h2, 0x3FCEF14C},
    };
    for (size_t row = 0; row < sizeof(reads) / sizeof(reads[0]); row++) {
        bench_t bench = bench_of(&(fact_t){.rom = reads[row].rom}, 1 << 20);
        uint32_t value = 1;
        bench_connect(&bench);
        assert_int_equal(esp_loader_read_register(&bench.loader, reads[row].reg, &value), ESP_LOADER_SUCCESS);
        assert_int_equal(value, 0);
        bench_free(&bench);
    }
}

static void every_chip_is_flashed_verified_and_started(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        const fact_t *fact = &facts[row];
        bench_t bench = bench_of(fact, 4 << 20);
        image_t bootloader = program(fact->rom, 5003);
        image_t application = program(fact->rom, 9001);
        image_t table = partition_table();
        char text[4096] = {0};

        bench_connect(&bench);
        if (fact->has_rates) {
            assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 460800), ESP_LOADER_SUCCESS);
        }
        write_image(&bench, 0x10000, &application);
        write_image(&bench, 0x8000, &table);
        write_image(&bench, fact->boot_addr, &bootloader);
        if (fact->has_digests) {
            verify_image(&bench, 0x10000, &application);
            verify_image(&bench, 0x8000, &table);
            verify_image(&bench, fact->boot_addr, &bootloader);
        }
        bench.port.baud = fact->log_baud;
        esp_loader_reset_target(&bench.loader);
        (void)espsim_port_listen(&bench.port, (uint8_t *)text, sizeof(text) - 1, 200);
        assert_non_null(strstr(text, fact->boots));
        assert_non_null(strstr(text, "\r\nI (31) boot: Loaded app from partition at offset 0x10000\r\n"));
        assert_non_null(strstr(text, "\r\nHello world!\r\n"));
        bench_free(&bench);
    }
}

static void a_job_on_every_chip_with_digests_skips_what_is_there(void **state)
{
    (void)state;
    static uint8_t content[0x6000];
    for (size_t at = 0; at < sizeof(content); at++) {
        content[at] = (uint8_t)(at * at >> 3);
    }
    reflash_image_t image = {
        .kind = REFLASH_KIND_APPLICATION, .flash_addr = 0x10000, .bytes = sizeof(content), .data = content};
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), content, sizeof(content), image.md5), 0);
    for (size_t row = 0; row < FACT_COUNT; row++) {
        bench_t bench = bench_of(&facts[row], 4 << 20);
        reflash_job_t job = {.block_bytes = 0};
        bench_connect(&bench);
        const uint64_t before = bytes_sent(&bench);
        if (facts[row].has_digests) {
            assert_int_equal(reflash_update(&bench.loader, &image, 1, &job), ESP_LOADER_SUCCESS);
            assert_int_equal(image.result, REFLASH_RESULT_FLASHED);
            assert_memory_equal(bench.flash + 0x10000, content, sizeof(content));
            assert_int_equal(reflash_update(&bench.loader, &image, 1, &job), ESP_LOADER_SUCCESS);
            assert_int_equal(image.result, REFLASH_RESULT_SKIPPED);
        } else {
            assert_int_equal(reflash_update(&bench.loader, &image, 1, &job), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
            assert_int_equal(bytes_sent(&bench), before);
        }
        bench_free(&bench);
    }
}

/* --- What a ROM does not have ---------------------------------------------------------------------------------- */

static void expect_unsupported(bench_t *bench, esp_loader_error_t err, uint64_t sent_before)
{
    assert_int_equal(err, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(reflash_last_fault(&bench->loader).code, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(reflash_last_fault(&bench->loader).cause, REFLASH_CAUSE_ARGUMENT);
    assert_int_equal(bytes_sent(bench), sent_before);
}

static void what_a_rom_does_not_have_is_unsupported_and_sends_nothing(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        const fact_t *fact = &facts[row];
        bench_t bench = bench_of(fact, 1 << 20);
        static const uint8_t digits[] = "d41d8cd98f00b204e9800998ecf8427e";
        esp_loader_target_security_info_t info;
        bench_connect(&bench);
        const uint64_t before = bytes_sent(&bench);
        if (fact->security_info_bytes == 0) {
            expect_unsupported(&bench, esp_loader_get_security_info(&bench.loader, &info), before);
        }
        if (!fact->has_rates) {
            expect_unsupported(&bench, esp_loader_change_transmission_rate(&bench.loader, 230400), before);
            assert_int_equal(bench.port.baud, 115200);
        }
        if (!fact->has_digests) {
            uint8_t digest[16] = {0};
            expect_unsupported(&bench, reflash_flash_md5(&bench.loader, 0, 4096, digest), before);
            expect_unsupported(&bench, reflash_flash_verify_md5(&bench.loader, 0, 4096, digest), before);
            expect_unsupported(&bench, esp_loader_flash_verify_known_md5(&bench.loader, 0, 4096, digits), before);
        }
        bench_free(&bench);
    }
}

static void a_write_that_was_to_be_verified_ends_as_unsupported_without_digests(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        bench_t bench = bench_of(&facts[row], 1 << 20);
        uint8_t data[0x400] = {1};
        esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = sizeof(data), .block_size = sizeof(data)};
        bench_connect(&bench);
        assert_int_equal(esp_loader_flash_start(&bench.loader, &cfg), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_write(&bench.loader, &cfg, data, sizeof(data)), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_finish(&bench.loader, &cfg),
                         facts[row].has_digests ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
        assert_memory_equal(bench.flash + 0x1000, data, sizeof(data));
        bench_free(&bench);
    }
}

static void security_info_names_the_chip_and_its_version(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        bench_t bench = bench_of(&facts[row], 1 << 20);
        esp_loader_target_security_info_t info;
        bench_connect(&bench);
        if (facts[row].security_info_bytes > 0) {
            assert_int_equal(esp_loader_get_security_info(&bench.loader, &info), ESP_LOADER_SUCCESS);
            assert_int_equal(info.target_chip, facts[row].target);
            assert_int_equal(info.eco_version, facts[row].eco_version);
            assert_false(info.secure_boot_enabled);
            assert_false(info.flash_encryption_enabled);
            assert_false(info.secure_download_mode_enabled);
        }
        bench_free(&bench);
    }
}

/* --- The ROMs, asked from outside -------------------------------------------------------------------------------- */

static void every_loader_says_that_it_waits(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        board_t board = board_blank();
        board.config.rom = facts[row].rom;
        board.host_baud = facts[row].log_baud;
        board_power_on(&board);
        board_reset(&board, true);
        board_settle(&board);
        assert_true(board_said(&board, facts[row].waits));
        board_free(&board);
    }
}

/* 05: malformed or unknown. Commands that would end the loader are asked last, so none is here. */
static void a_rom_refuses_every_command_behind_its_last_one(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        board_t board = board_synced_of(facts[row].rom);
        assert_int_equal(BOARD_ASK(&board, 0x0A, 0x40001000), 0);
        for (unsigned opcode = 0x0B; opcode <= 0x20; opcode++) {
            const bool gap = opcode == 0x0C;
            const bool known = opcode <= facts[row].last_opcode && !gap;
            const bool tested = opcode != 0x0F && opcode != 0x12; /* they change the rate, restart */
            if (tested && !known) {
                assert_int_equal(BOARD_ASK(&board, (uint8_t)opcode, 1, 0, 0, 0, 0), 0x0105);
                assert_int_equal(board_frame(&board, 0).bytes[1], 0x0A); /* of the last one it understood */
                assert_int_equal(board_frame(&board, 0).count, 8 + facts[row].status_bytes);
            }
        }
        board_free(&board);
    }
}

static void security_info_has_the_length_of_the_chip(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        board_t board = board_synced_of(facts[row].rom);
        (void)BOARD_ASK(&board, 0x0A, 0x40001000);
        if (facts[row].security_info_bytes > 0) {
            assert_int_equal(board_ask(&board, 0x14, NULL, 0, NULL, 0), 0);
            assert_int_equal(board_frame(&board, 0).count, 8 + facts[row].security_info_bytes + 4);
            assert_int_equal(board_frame(&board, 0).bytes[2], facts[row].security_info_bytes + 4);
        }
        board_free(&board);
    }
}

static void only_an_esp32s3_takes_the_number_of_address_bits(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        board_t board = board_synced_of(facts[row].rom);
        (void)BOARD_ASK(&board, 0x0A, 0x40001000);
        assert_int_equal(BOARD_ASK(&board, 0x15, 24, 0), facts[row].target == ESP32S3_CHIP ? 0 : 0x0105);
        board_free(&board);
    }
}

/* Four words on the ESP8266 and the ESP32, five on all others. */
static void a_begin_of_another_length_is_refused(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        const bool old = facts[row].target == ESP8266_CHIP || facts[row].target == ESP32_CHIP;
        board_t board = board_synced_of(facts[row].rom);
        assert_int_equal(BOARD_ASK(&board, 0x02, 0x1000, 4, 0x400, 0), old ? 0 : 0x0105);
        assert_int_equal(BOARD_ASK(&board, 0x02, 0x1000, 4, 0x400, 0, 0) >> 8, old ? 1 : 0);
        board_free(&board);
    }
}

/* Flashers switch these off, or start them to reset the chip: wprotect, config 0 and 1. */
static void watchdog_registers_keep_what_is_written(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        uint32_t addrs[5];
    } watchdogs[] = {
        {&reflash_rom_esp32s2, {0x3F4080AC, 0x3F408094, 0x3F408098}},
        {&reflash_rom_esp32s3, {0x600080B0, 0x60008098, 0x6000809C, 0x600080B4, 0x600080B8}},
        {&reflash_rom_esp32c2, {0x6000809C, 0x60008084, 0x60008088}},
        {&reflash_rom_esp32c3, {0x600080A8, 0x60008090, 0x60008094, 0x600080AC, 0x600080B0}},
        {&reflash_rom_esp32c5, {0x600B1C18, 0x600B1C00, 0x600B1C04, 0x600B1C1C, 0x600B1C20}},
        {&reflash_rom_esp32c6, {0x600B1C18, 0x600B1C00, 0x600B1C04, 0x600B1C1C, 0x600B1C20}},
        {&reflash_rom_esp32c61, {0x600B1C18, 0x600B1C00, 0x600B1C04, 0x600B1C1C, 0x600B1C20}},
        {&reflash_rom_esp32h2, {0x600B1C1C, 0x600B1C00, 0x600B1C04, 0x600B1C20, 0x600B1C24}},
        {&reflash_rom_esp32p4, {0x50116018, 0x50116000, 0x50116004, 0x5011601C, 0x50116020}},
        {&reflash_rom_esp32p4_rev1, {0x50116018, 0x50116000, 0x50116004, 0x5011601C, 0x50116020}},
    };
    for (size_t row = 0; row < sizeof(watchdogs) / sizeof(watchdogs[0]); row++) {
        board_t board = board_synced_of(watchdogs[row].rom);
        for (uint32_t at = 0; at < 5 && watchdogs[row].addrs[at] != 0; at++) {
            const uint32_t addr = watchdogs[row].addrs[at];
            assert_int_equal(BOARD_ASK(&board, 0x09, addr, 0x50D83AA1 + at, 0xFFFFFFFF, 0), 0);
            assert_int_equal(BOARD_ASK(&board, 0x0A, addr), 0);
            assert_int_equal(board_frame(&board, 0).bytes[4], (uint8_t)(0xA1 + at));
            assert_int_equal(board_frame(&board, 0).bytes[7], 0x50);
        }
        board_free(&board);
    }
}

/* What RAM programs are loaded to: text, data and zeroed memory of the flasher stubs. */
static void ram_for_flasher_stubs_is_there(void **state)
{
    (void)state;
    static const struct {
        const reflash_rom_t *rom;
        uint32_t addrs[3];
    } stubs[] = {
        {&reflash_rom_esp8266, {0x4010C500, 0x3FFFAE6C, 0x3FFE8100}},
        {&reflash_rom_esp32, {0x400A8000, 0x3FFDED6C, 0x3FFCC000}},
        {&reflash_rom_esp32s2, {0x40028000, 0x3FFE2DC0, 0x3FFD0000}},
        {&reflash_rom_esp32s3, {0x40378000, 0x3FCB2DC0, 0x3FCA0000}},
        {&reflash_rom_esp32c2, {0x40380000, 0x3FCB6D6C, 0x3FCA4000}},
        {&reflash_rom_esp32c3, {0x40380000, 0x3FC96D68, 0x3FC84000}},
        {&reflash_rom_esp32c5, {0x40800000, 0x40852F0C, 0x40840000}},
        {&reflash_rom_esp32c6, {0x40800000, 0x40852F0C, 0x40840000}},
        {&reflash_rom_esp32c61, {0x40800000, 0x40816D68, 0x40804000}},
        {&reflash_rom_esp32h2, {0x40800000, 0x40842D68, 0x40830000}},
        {&reflash_rom_esp32p4, {0x4FF50000, 0x4FF72DB8, 0x4FF60000}},
        {&reflash_rom_esp32p4_rev1, {0x4FF10000, 0x4FF62DB8, 0x4FF50000}},
    };
    for (size_t row = 0; row < sizeof(stubs) / sizeof(stubs[0]); row++) {
        board_t board = board_synced_of(stubs[row].rom);
        for (unsigned at = 0; at < 3; at++) {
            static const uint8_t data[4] = {0xDE, 0xAD, 0xBE, 0xEF};
            const uint32_t header[] = {sizeof(data), 0, 0, 0};
            assert_int_equal(BOARD_ASK(&board, 0x05, sizeof(data), 1, sizeof(data), stubs[row].addrs[at]), 0);
            assert_int_equal(board_ask(&board, 0x07, header, 4, data, sizeof(data)), 0);
            assert_int_equal(BOARD_ASK(&board, 0x0A, stubs[row].addrs[at]), 0);
            assert_memory_equal(&board_frame(&board, 0).bytes[4], data, sizeof(data));
        }
        board_free(&board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_is_told_apart_from_all_others),
        cmocka_unit_test(every_chip_tells_its_mac_and_the_size_of_its_flash),
        cmocka_unit_test(the_rate_is_raised_on_every_chip_whose_rom_can),
        cmocka_unit_test(the_divider_for_a_rate_follows_from_the_clock_of_the_chip),
        cmocka_unit_test(a_register_that_only_a_relative_has_reads_as_0),
        cmocka_unit_test(every_chip_is_flashed_verified_and_started),
        cmocka_unit_test(a_job_on_every_chip_with_digests_skips_what_is_there),
        cmocka_unit_test(what_a_rom_does_not_have_is_unsupported_and_sends_nothing),
        cmocka_unit_test(a_write_that_was_to_be_verified_ends_as_unsupported_without_digests),
        cmocka_unit_test(security_info_names_the_chip_and_its_version),
        cmocka_unit_test(every_loader_says_that_it_waits),
        cmocka_unit_test(a_rom_refuses_every_command_behind_its_last_one),
        cmocka_unit_test(security_info_has_the_length_of_the_chip),
        cmocka_unit_test(only_an_esp32s3_takes_the_number_of_address_bits),
        cmocka_unit_test(a_begin_of_another_length_is_refused),
        cmocka_unit_test(watchdog_registers_keep_what_is_written),
        cmocka_unit_test(ram_for_flasher_stubs_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
