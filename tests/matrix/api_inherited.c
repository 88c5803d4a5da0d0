/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that programs know from before. */
#include "api_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <zlib.h>

enum { BAUD = 230400 };

bool holds_data(void)
{
    return memcmp(bench.flash + FLASH_ADDR, bench.data, DATA_BYTES) == 0;
}

static bool holds_erased_sector(void)
{
    return bench.flash[FLASH_ADDR] == 0xFF && bench.flash[FLASH_ADDR + 0xFFF] == 0xFF &&
           bench.flash[FLASH_ADDR - 1] == 0x00;
}

/* A stub erases as it writes. */
bool holds_room(void)
{
    return bench.talks_to != ROM || holds_erased_sector();
}

/* A stub has answered, and may still be at it. */
static bool holds_unpacked(void)
{
    return bench.talks_to != ROM || holds_data();
}

static bool holds_erased_part(void)
{
    return bench.flash[0] == 0xFF && bench.flash[FLASH_BYTES - 1] == 0xFF;
}

static esp_loader_error_t init_serial(void)
{
    return esp_loader_init_serial(&bench.loader, &bench.port.port);
}

esp_loader_error_t init_link(void)
{
    return bench.card.card.base.sim == NULL ? init_serial()
                                            : esp_loader_init_sdio(&bench.loader, &bench.card.card.base.port);
}

static esp_loader_error_t init_spi(void)
{
    bench.port.port.ops = &refusing_port_ops_of_every_link;
    return esp_loader_init_spi(&bench.loader, &bench.port.port);
}

static esp_loader_error_t init_sdio(void)
{
    bench.port.port.ops = &refusing_port_ops_of_every_link;
    return esp_loader_init_sdio(&bench.loader, &bench.port.port);
}

static bool holds_no_chip(void)
{
    return esp_loader_get_target(&bench.loader) == ESP_UNKNOWN_CHIP;
}

static esp_loader_error_t deinit(void)
{
    esp_loader_deinit(&bench.loader);
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t connect_rom(void)
{
    return esp_loader_connect(&bench.loader, &bench.args);
}

esp_loader_error_t connect_stub(void)
{
    return esp_loader_connect_with_stub(&bench.loader, &bench.args);
}

static esp_loader_error_t connect_secure_download_mode(void)
{
    return esp_loader_connect_secure_download_mode(&bench.loader, &bench.args, FLASH_BYTES);
}

static esp_loader_error_t get_target(void)
{
    bench.value = (uint32_t)esp_loader_get_target(&bench.loader);
    return ESP_LOADER_SUCCESS;
}

bool holds_chip(void)
{
    return esp_loader_get_target(&bench.loader) == bench.chip;
}

static esp_loader_error_t reset_target_call(void)
{
    esp_loader_reset_target(&bench.loader);
    return ESP_LOADER_SUCCESS;
}

bool holds_no_loader(void)
{
    return !espsim_in_loader(bench.sim);
}

static esp_loader_error_t change_transmission_rate(void)
{
    return esp_loader_change_transmission_rate(&bench.loader, BAUD);
}

static bool holds_baud(void)
{
    const uint32_t baud = espsim_baud(bench.sim);
    return bench.port.inner.baud == BAUD && baud > BAUD - BAUD / 50 && baud < BAUD + BAUD / 50;
}

/* So that the call's own question is the first to be refused, or not to be answered. */
esp_loader_error_t attach_flash(void)
{
    return esp_loader_flash_detect_size(&bench.loader, &bench.value);
}

static esp_loader_error_t flash_start(void)
{
    bench.write = (esp_loader_flash_cfg_t){.offset = FLASH_ADDR, .image_size = DATA_BYTES, .block_size = DATA_BYTES};
    bench.write.skip_verify = bench.chip == ESP8266_CHIP;
    return esp_loader_flash_start(&bench.loader, &bench.write);
}

static esp_loader_error_t flash_write(void)
{
    return esp_loader_flash_write(&bench.loader, &bench.write, bench.data, DATA_BYTES);
}

static esp_loader_error_t flash_started_and_written(void)
{
    RETURN_ON_ERROR(flash_start());
    bench.write.skip_verify = false;
    return flash_write();
}

static esp_loader_error_t flash_finish(void)
{
    return esp_loader_flash_finish(&bench.loader, &bench.write);
}

static uint32_t packed_bytes(void)
{
    uLongf bytes = sizeof(bench.packed);
    assert_int_equal(compress(bench.packed, &bytes, bench.data, DATA_BYTES), Z_OK);
    return (uint32_t)bytes;
}

static esp_loader_error_t flash_deflate_start(void)
{
    bench.deflate = (esp_loader_flash_deflate_cfg_t){.offset = FLASH_ADDR,
                                                     .image_size = DATA_BYTES,
                                                     .compressed_size = packed_bytes(),
                                                     .block_size = sizeof(bench.packed)};
    return esp_loader_flash_deflate_start(&bench.loader, &bench.deflate);
}

static esp_loader_error_t flash_deflate_write(void)
{
    return esp_loader_flash_deflate_write(&bench.loader, &bench.deflate, bench.packed, bench.deflate.compressed_size);
}

static esp_loader_error_t flash_deflate_started_and_written(void)
{
    RETURN_ON_ERROR(flash_deflate_start());
    return flash_deflate_write();
}

static esp_loader_error_t flash_deflate_finish(void)
{
    return esp_loader_flash_deflate_finish(&bench.loader, &bench.deflate);
}

static esp_loader_error_t flash_detect_size(void)
{
    return esp_loader_flash_detect_size(&bench.loader, &bench.value);
}

static bool holds_flash_size(void)
{
    return bench.value == FLASH_BYTES;
}

esp_loader_error_t flash_read(void)
{
    memcpy(bench.flash + FLASH_ADDR, bench.data, DATA_BYTES);
    return esp_loader_flash_read(&bench.loader, bench.answer, FLASH_ADDR, DATA_BYTES);
}

bool holds_answer(void)
{
    return memcmp(bench.answer, bench.data, DATA_BYTES) == 0;
}

/* A mask ROM does not know this way to read. */
bool holds_stub(void)
{
    enum { OP_READ_FAST = 0xD2 };
    return flash_read() == ESP_LOADER_SUCCESS && holds_answer() &&
           espsim_stats(bench.sim)->commands[OP_READ_FAST].count > 0;
}

static esp_loader_error_t flash_erase(void)
{
    return esp_loader_flash_erase(&bench.loader);
}

static esp_loader_error_t flash_erase_region(void)
{
    return esp_loader_flash_erase_region(&bench.loader, FLASH_ADDR, 0x1000);
}

/* md5 of 4096 bytes 0, which the flash holds everywhere. */
static esp_loader_error_t flash_verify_known_md5(void)
{
    static const char digits[] = "620f0b67a91f7f74151bc5be745b7110";
    return esp_loader_flash_verify_known_md5(&bench.loader, 0, 4096, (const uint8_t *)digits);
}

static esp_loader_error_t mem_start(void)
{
    bench.load =
        (esp_loader_mem_cfg_t){.offset = chips[bench.chip].ram_addr, .size = DATA_BYTES, .block_size = DATA_BYTES};
    return esp_loader_mem_start(&bench.loader, &bench.load);
}

static esp_loader_error_t mem_write(void)
{
    return esp_loader_mem_write(&bench.loader, &bench.load, bench.data, DATA_BYTES);
}

static esp_loader_error_t mem_started_and_written(void)
{
    RETURN_ON_ERROR(mem_start());
    return mem_write();
}

static esp_loader_error_t mem_finish(void)
{
    return esp_loader_mem_finish(&bench.loader, &bench.load, 0);
}

static bool holds_loaded(void)
{
    for (uint32_t at = 0; at < DATA_BYTES; at += 4) {
        uint8_t bytes[4];
        if (esp_loader_read_register(&bench.loader, chips[bench.chip].ram_addr + at, &bench.value) !=
            ESP_LOADER_SUCCESS) {
            return false;
        }
        for (unsigned byte = 0; byte < 4; byte++) {
            bytes[byte] = (uint8_t)(bench.value >> (8 * byte));
        }
        if (memcmp(bytes, bench.data + at, sizeof(bytes)) != 0) {
            return false;
        }
    }
    return true;
}

static esp_loader_error_t read_mac(void)
{
    return esp_loader_read_mac(&bench.loader, bench.answer);
}

static bool holds_mac(void)
{
    static const uint8_t none[6];
    return memcmp(bench.answer, none, sizeof(none)) != 0 && bench.answer[6] == 0;
}

static esp_loader_error_t write_register(void)
{
    return esp_loader_write_register(&bench.loader, chips[bench.chip].ram_addr, 0x12345678);
}

esp_loader_error_t read_register(void)
{
    return esp_loader_read_register(&bench.loader, chips[bench.chip].ram_addr, &bench.value);
}

static bool holds_word(void)
{
    bench.value = 0;
    return read_register() == ESP_LOADER_SUCCESS && bench.value == 0x12345678;
}

static bool holds_value(void)
{
    return bench.value == 0x12345678;
}

static esp_loader_error_t get_security_info(void)
{
    memset(&bench.info, 0xA5, sizeof(bench.info));
    return esp_loader_get_security_info(&bench.loader, &bench.info);
}

static bool holds_info(void)
{
    return bench.info.target_chip == bench.chip && !bench.info.secure_boot_enabled;
}

static const api_row_t rows[] = {
    {.name = "init_serial",
     .call = init_serial,
     .holds = holds_no_chip,
     .is_first = true,
     .only_in[ROM] = true,
     .never_asks = ASKS_NOTHING},
    {.name = "init_spi",
     .call = init_spi,
     .holds = holds_no_chip,
     .is_first = true,
     .only_in[ROM] = true,
     .never_asks = ASKS_NOTHING},
    {.name = "init_sdio",
     .call = init_sdio,
     .holds = holds_no_chip,
     .is_first = true,
     .only_in[ROM] = true,
     .never_asks = ASKS_NOTHING},
    {.name = "deinit", .call = deinit, .holds = holds_no_chip, .never_asks = ASKS_NOTHING},
    {.name = "connect",
     .before = init_serial,
     .call = connect_rom,
     .holds = holds_chip,
     .is_first = true,
     .only_in[ROM] = true},
    {.name = "connect_with_stub",
     .before = init_link,
     .call = connect_stub,
     .holds = holds_stub,
     .is_first = true,
     .only_in[STUB] = true},
    {.name = "connect_secure_download_mode",
     .before = init_serial,
     .call = connect_secure_download_mode,
     .locked = true,
     .holds = holds_chip,
     .is_first = true,
     .only_in[ROM] = true},
    {.name = "get_target", .call = get_target, .holds = holds_chip, .never_asks = ASKS_NOTHING},
    {.name = "reset_target", .call = reset_target_call, .holds = holds_no_loader, .never_asks = ASKS_NOTHING},
    {.name = "change_transmission_rate",
     .call = change_transmission_rate,
     .asks = {0x0F, 0x0F},
     .looks_first = true,
     .holds = holds_baud,
     .lacking = {[ROM] = BIT_8266, [SDIO_STUB] = ALL_CHIPS}},
    {.name = "flash_start", .before = attach_flash, .call = flash_start, .asks = {0x02, 0x02}, .holds = holds_room},
    {.name = "flash_write", .before = flash_start, .call = flash_write, .asks = {0x03, 0x03}, .holds = holds_data},
    {.name = "flash_finish (comparing)",
     .before = flash_started_and_written,
     .call = flash_finish,
     .asks = {0x13, 0x04},
     .holds = holds_data,
     .lacking[ROM] = BIT_8266},
    {.name = "flash_deflate_start",
     .before = attach_flash,
     .call = flash_deflate_start,
     .asks = {0x10, 0x10},
     .holds = holds_room,
     .lacking[ROM] = BIT_8266 | BIT_32},
    {.name = "flash_deflate_write",
     .before = flash_deflate_start,
     .call = flash_deflate_write,
     .asks = {0x11, 0x11},
     .holds = holds_unpacked,
     .lacking[ROM] = BIT_8266 | BIT_32},
    {.name = "flash_deflate_finish",
     .before = flash_deflate_started_and_written,
     .call = flash_deflate_finish,
     .asks = {0, 0x12},
     .holds = holds_data,
     .lacking[ROM] = BIT_8266 | BIT_32},
    {.name = "flash_detect_size", .call = flash_detect_size, .holds = holds_flash_size},
    {.name = "flash_read",
     .before = attach_flash,
     .call = flash_read,
     .asks = {0x0E, 0xD2},
     .holds = holds_answer,
     .lacking[ROM] = BIT_8266},
    {.name = "flash_erase",
     .before = attach_flash,
     .call = flash_erase,
     .asks = {0x02, 0xD0},
     .holds = holds_erased_part},
    {.name = "flash_erase_region",
     .before = attach_flash,
     .call = flash_erase_region,
     .asks = {0x02, 0xD1},
     .holds = holds_erased_sector},
    {.name = "flash_verify_known_md5",
     .before = attach_flash,
     .call = flash_verify_known_md5,
     .asks = {0x13, 0x13},
     .lacking[ROM] = BIT_8266},
    {.name = "mem_start", .call = mem_start, .asks = {0x05, 0x05}},
    {.name = "mem_write", .before = mem_start, .call = mem_write, .asks = {0x07, 0x07}, .holds = holds_loaded},
    {.name = "mem_finish",
     .before = mem_started_and_written,
     .call = mem_finish,
     .asks = {0x06, 0x06},
     .holds = holds_loaded},
    {.name = "read_mac", .call = read_mac, .asks = {0x0A, 0x0A}, .holds = holds_mac},
    {.name = "write_register", .call = write_register, .asks = {0x09, 0x09}, .holds = holds_word},
    {.name = "read_register",
     .before = write_register,
     .call = read_register,
     .asks = {0x0A, 0x0A},
     .holds = holds_value},
    {.name = "get_security_info",
     .call = get_security_info,
     .asks = {0x14, 0x14},
     .holds = holds_info,
     .lacking = {BIT_8266 | BIT_32, BIT_8266 | BIT_32, BIT_32}},
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= API_ROWS_MAX, "there is no room for that many rows");

const api_part_t inherited_part = {.prefix = "esp_loader_", .rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
