/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-C61. */
#include "chips/chips.h"

const reflash_chip_t reflash_chip_esp32c61 = {
    .name = "ESP32-C61",
    .spi = &reflash_spi_layout_esp32s2,
    .spi_base = 0x60003000,
    .magic = 0, /* differs between revisions: go by the chip id */
    .mac_lo_reg = 0x600B4844,
    .boot_addr = 0x0000,
    .chip_id = 20,
    .target = ESP32C61_CHIP,
    .mac_layout = REFLASH_MAC_EFUSE,
    .last_opcode = 0x14,
    .begin_words = 5,
    .boot_pin = 9,
    .stub_flash_bits = 25,
};
