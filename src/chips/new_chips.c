/* SPDX-License-Identifier: Apache-2.0 */
/* Chips that are younger than the API's list of them: ESP32-H21, ESP32-H4, ESP32-S31, ESP32-E22. In an object of its own, for
 * programs that allow them. */
#include "chips/chips.h"
#include "reflash.h"

static const reflash_chip_t esp32h21 = {
    .name = "ESP32-H21",
    .spi = &reflash_spi_layout_esp32s2,
    .spi_base = 0x60003000,
    .mac_lo_reg = 0x600B4044,
    .boot_addr = 0x0000,
    .chip_id = 25,
    .target = REFLASH_ESP32H21_CHIP,
    .last_opcode = 0x14,
    .begin_words = 5,
    .boot_pin = 14,
    .stub_flash_bits = 24,
};

static const reflash_chip_t esp32h4 = {
    .name = "ESP32-H4",
    .spi = &reflash_spi_layout_esp32s2,
    .spi_base = 0x60099000,
    .mac_lo_reg = 0x600B1844,
    .boot_addr = 0x2000,
    .chip_id = 28,
    .target = REFLASH_ESP32H4_CHIP,
    .last_opcode = 0x14,
    .begin_words = 5,
    .boot_pin = 14,
    .stub_flash_bits = 24,
};

static const reflash_chip_t esp32s31 = {
    .name = "ESP32-S31",
    .spi = &reflash_spi_layout_esp32s2,
    .spi_base = 0x20501000,
    .mac_lo_reg = 0x20715050,
    .boot_addr = 0x2000,
    .chip_id = 32,
    .target = REFLASH_ESP32S31_CHIP,
    .last_opcode = 0x1E,
    .begin_words = 5,
    .boot_pin = 61,
    .stub_flash_bits = 26,
};

static const reflash_chip_t esp32e22 = {
    .name = "ESP32-E22",
    .spi = &reflash_spi_layout_esp32s2,
    .spi_base = 0xC3003000,
    .mac_lo_reg = 0xC4008044,
    .boot_addr = 0x0000,
    .chip_id = 31,
    .target = REFLASH_ESP32E22_CHIP,
    .last_opcode = 0x14,
    .begin_words = 5,
    .boot_pin = REFLASH_NO_PIN, /* nobody tells it */
    .stub_flash_bits = 24,
};

static const reflash_chip_t *by_id(uint32_t chip_id)
{
    static const reflash_chip_t *const rows[] = {&esp32h21, &esp32h4, &esp32s31, &esp32e22};
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (rows[row]->chip_id == chip_id) {
            return rows[row];
        }
    }
    return NULL;
}

void reflash_allow_new_chips(esp_loader_t *loader)
{
    loader->_new_chip_by_id = by_id;
}
