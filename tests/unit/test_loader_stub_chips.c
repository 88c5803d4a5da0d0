/* SPDX-License-Identifier: Apache-2.0 */
/* The official stubs of reflash-stubs on every virtual chip, which knows them by their code: upload, and what a flasher
 * does with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bench.h"

enum { FLASH_BYTES = 1 << 20, IMAGE_ADDR = 0x21000, IMAGE_BYTES = 70001, BLOCK_BYTES = 0x4000 };

static uint8_t image[IMAGE_BYTES];

static void connect_with_stub(bench_t *bench, const reflash_rom_t *rom)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    bench_start(bench, rom, FLASH_BYTES, NULL);
    assert_int_equal(esp_loader_connect_with_stub(&bench->loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(espsim_stub(bench->sim), ESPSIM_STUB_2_1);
    assert_int_equal(esp_loader_get_target(&bench->loader), rom->chip->target);
}

static void every_chip_starts_its_stub(void **state)
{
    (void)state;
    for (size_t row = 0; espsim_rom_at(row) != NULL; row++) {
        bench_t bench;
        uint8_t rom_mac[6];
        uint8_t stub_mac[6];
        uint32_t flash_bytes;
        bench_connect(&bench, espsim_rom_at(row), FLASH_BYTES);
        assert_int_equal(esp_loader_read_mac(&bench.loader, rom_mac), ESP_LOADER_SUCCESS);
        bench_free(&bench);
        connect_with_stub(&bench, espsim_rom_at(row));
        assert_int_equal(esp_loader_read_mac(&bench.loader, stub_mac), ESP_LOADER_SUCCESS);
        assert_memory_equal(stub_mac, rom_mac, sizeof(rom_mac));
        assert_int_equal(esp_loader_flash_detect_size(&bench.loader, &flash_bytes), ESP_LOADER_SUCCESS);
        assert_int_equal(flash_bytes, FLASH_BYTES);
        bench_free(&bench);
    }
}

static void a_stub_can_be_started_at_a_raised_rate(void **state)
{
    (void)state;
    bench_t bench;
    bench_connect(&bench, &reflash_rom_esp32c3, FLASH_BYTES);
    assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 921600), ESP_LOADER_SUCCESS);
    assert_int_equal(reflash_stub_start(&bench.loader), ESP_LOADER_SUCCESS);
    assert_int_equal(espsim_stub(bench.sim), ESPSIM_STUB_2_1);
    assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 460800), ESP_LOADER_SUCCESS);
    assert_int_equal(espsim_baud(bench.sim), 460800);
    bench_free(&bench);
}

static void a_stub_is_told_the_flash_size_that_the_rom_found(void **state)
{
    (void)state;
    enum { READ_REG = 0x0A, SPI_SET_PARAMS = 0x0B };
    bench_t bench;
    uint32_t flash_bytes;
    bench_connect(&bench, &reflash_rom_esp32, FLASH_BYTES);
    assert_int_equal(esp_loader_flash_detect_size(&bench.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(reflash_stub_start(&bench.loader), ESP_LOADER_SUCCESS);
    const uint64_t words_read = espsim_stats(bench.sim)->commands[READ_REG].count;
    assert_int_equal(espsim_stats(bench.sim)->commands[SPI_SET_PARAMS].count, 2);
    assert_int_equal(esp_loader_flash_detect_size(&bench.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, FLASH_BYTES);
    assert_int_equal(espsim_stats(bench.sim)->commands[READ_REG].count, words_read);
    bench_free(&bench);
}

/* The code of the two stubs lies elsewhere, and the chip knows it only where it belongs. */
static void an_esp32p4_takes_the_stub_of_its_revision(void **state)
{
    (void)state;
    static const struct {
        uint32_t efuse;
        uint32_t revision;
    } revisions[] = {
        {0x00000010, 100}, {0x00000013, 103}, {0x00000030, 300}, {0x00000031, 301}, {0x00800000, 400}, {0, 0},
    };
    for (size_t row = 0; row < sizeof(revisions) / sizeof(revisions[0]); row++) {
        const bool is_old = revisions[row].revision < 300;
        bench_t bench;
        bench_connect(&bench, is_old ? &reflash_rom_esp32p4_rev1 : &reflash_rom_esp32p4, FLASH_BYTES);
        assert_int_equal(esp_loader_write_register(&bench.loader, 0x5012D04C, revisions[row].efuse),
                         ESP_LOADER_SUCCESS);
        assert_int_equal(reflash_stub_start(&bench.loader), ESP_LOADER_SUCCESS);
        const reflash_stub_t *stub = reflash_stub_find(ESP32P4_CHIP, revisions[row].revision);
        assert_non_null(stub);
        assert_int_equal(stub->entry, is_old ? 0x4FF11456 : 0x4FF51456);
        uint32_t word;
        assert_int_equal(esp_loader_read_register(&bench.loader, is_old ? 0x4FF10000 : 0x4FF50000, &word),
                         ESP_LOADER_SUCCESS);
        assert_int_not_equal(word, 0);
        assert_int_equal(esp_loader_read_register(&bench.loader, is_old ? 0x4FF50000 : 0x4FF10000, &word),
                         ESP_LOADER_SUCCESS);
        assert_int_equal(word, 0);
        bench_free(&bench);
    }
}

static void the_first_esp32c2_has_no_stub(void **state)
{
    (void)state;
    bench_t bench;
    bench_connect(&bench, &reflash_rom_esp32c2, FLASH_BYTES);
    assert_int_equal(esp_loader_write_register(&bench.loader, 0x60008844, 0x0000083A), ESP_LOADER_SUCCESS);
    assert_int_equal(reflash_stub_start(&bench.loader), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(esp_loader_write_register(&bench.loader, 0x60008844, 0x0011083A), ESP_LOADER_SUCCESS);
    assert_int_equal(reflash_stub_start(&bench.loader), ESP_LOADER_SUCCESS);
    bench_free(&bench);
}

static void no_other_chip_has_a_stub(void **state)
{
    (void)state;
    assert_null(reflash_stub_find(ESP_UNKNOWN_CHIP, 0));
    assert_non_null(reflash_stub_find(ESP8266_CHIP, 0));
    assert_null(reflash_stub_find(ESP32C2_CHIP, 0));
    assert_non_null(reflash_stub_find(ESP32C2_CHIP, 1));
}

static void write_plain(bench_t *bench, uint32_t bytes)
{
    esp_loader_flash_cfg_t cfg = {.offset = IMAGE_ADDR, .image_size = bytes, .block_size = BLOCK_BYTES};
    assert_int_equal(esp_loader_flash_start(&bench->loader, &cfg), ESP_LOADER_SUCCESS);
    for (uint32_t at = 0; at < bytes; at += BLOCK_BYTES) {
        const uint32_t left = bytes - at;
        assert_int_equal(
            esp_loader_flash_write(&bench->loader, &cfg, image + at, left < BLOCK_BYTES ? left : BLOCK_BYTES),
            ESP_LOADER_SUCCESS);
    }
    assert_int_equal(esp_loader_flash_finish(&bench->loader, &cfg), ESP_LOADER_SUCCESS);
    assert_memory_equal(bench->flash + IMAGE_ADDR, image, bytes);
}

static void write_compressed(bench_t *bench)
{
    static uint8_t stream[IMAGE_BYTES + 1000];
    uLongf stream_bytes = sizeof(stream);
    assert_int_equal(compress2(stream, &stream_bytes, image, sizeof(image), 9), Z_OK);
    esp_loader_flash_deflate_cfg_t cfg = {.offset = IMAGE_ADDR,
                                          .image_size = sizeof(image),
                                          .compressed_size = (uint32_t)stream_bytes,
                                          .block_size = BLOCK_BYTES};
    assert_int_equal(esp_loader_flash_deflate_start(&bench->loader, &cfg), ESP_LOADER_SUCCESS);
    for (uint32_t at = 0; at < stream_bytes; at += BLOCK_BYTES) {
        const uint32_t left = (uint32_t)stream_bytes - at;
        assert_int_equal(
            esp_loader_flash_deflate_write(&bench->loader, &cfg, stream + at, left < BLOCK_BYTES ? left : BLOCK_BYTES),
            ESP_LOADER_SUCCESS);
    }
    assert_int_equal(esp_loader_flash_deflate_finish(&bench->loader, &cfg), ESP_LOADER_SUCCESS);
    assert_memory_equal(bench->flash + IMAGE_ADDR, image, sizeof(image));
}

static void every_chips_stub_writes_reads_and_erases(void **state)
{
    (void)state;
    uint8_t *buf = malloc(IMAGE_BYTES);
    assert_non_null(buf);
    fill_at_random(image, sizeof(image) / 2, 7); /* the rest is 0: it packs well */
    for (size_t row = 0; espsim_rom_at(row) != NULL; row++) {
        bench_t bench;
        connect_with_stub(&bench, espsim_rom_at(row));
        write_plain(&bench, 301);
        write_compressed(&bench);
        assert_int_equal(bench.flash[IMAGE_ADDR - 1], 0);
        assert_int_equal(esp_loader_flash_read(&bench.loader, buf, IMAGE_ADDR, IMAGE_BYTES), ESP_LOADER_SUCCESS);
        assert_memory_equal(buf, image, IMAGE_BYTES);
        assert_int_equal(esp_loader_flash_read(&bench.loader, buf, IMAGE_ADDR + 3, 100), ESP_LOADER_SUCCESS);
        assert_memory_equal(buf, image + 3, 100);
        assert_memory_equal(buf + 100, image + 100, 100); /* no byte more */
        assert_int_equal(esp_loader_flash_erase_region(&bench.loader, IMAGE_ADDR, 0x1000), ESP_LOADER_SUCCESS);
        assert_int_equal(bench.flash[IMAGE_ADDR], 0xFF);
        assert_int_equal(bench.flash[IMAGE_ADDR + 0x1000], image[0x1000]);
        assert_int_equal(esp_loader_flash_erase(&bench.loader), ESP_LOADER_SUCCESS);
        assert_int_equal(bench.flash[0], 0xFF);
        write_plain(&bench, sizeof(image));
        bench_free(&bench);
    }
    free(buf);
}

static void the_job_works_with_a_stub_even_on_an_esp8266(void **state)
{
    (void)state;
    bench_t bench;
    reflash_image_t images[] = {{.flash_addr = 0, .bytes = 5000, .data = image}};
    reflash_job_t job = {0};
    fill_at_random(image, 5000, 3);
    connect_with_stub(&bench, &reflash_rom_esp8266);
    assert_int_equal(esp_loader_change_transmission_rate(&bench.loader, 921600), ESP_LOADER_SUCCESS);
    memcpy(bench.flash, image, 5000);
    assert_int_equal(reflash_flash_md5(&bench.loader, 0, 5000, images[0].md5), ESP_LOADER_SUCCESS);
    bench.flash[17] ^= 0x40;
    assert_int_equal(reflash_update(&bench.loader, images, 1, &job), ESP_LOADER_SUCCESS);
    assert_int_equal(images[0].result, REFLASH_RESULT_FLASHED);
    assert_memory_equal(bench.flash, image, 5000);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_starts_its_stub),
        cmocka_unit_test(a_stub_can_be_started_at_a_raised_rate),
        cmocka_unit_test(a_stub_is_told_the_flash_size_that_the_rom_found),
        cmocka_unit_test(an_esp32p4_takes_the_stub_of_its_revision),
        cmocka_unit_test(the_first_esp32c2_has_no_stub),
        cmocka_unit_test(no_other_chip_has_a_stub),
        cmocka_unit_test(every_chips_stub_writes_reads_and_erases),
        cmocka_unit_test(the_job_works_with_a_stub_even_on_an_esp8266),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
