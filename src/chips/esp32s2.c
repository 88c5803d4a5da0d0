/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-S2. Its security info has no chip id, so it goes by its magic word. */
#include "chips/chips.h"

const reflash_chip_t reflash_chip_esp32s2 = {
    .name = "ESP32-S2",
    .spi = &reflash_spi_layout_esp32s2,
    .spi_base = 0x3F402000,
    .magic = 0x07C6,
    .mac_lo_reg = 0x3F41A044,
    .boot_addr = 0x1000,
    .chip_id = 2,
    .target = ESP32S2_CHIP,
    .mac_layout = REFLASH_MAC_EFUSE,
    .last_opcode = 0x14,
    .begin_words = 5,
    .boot_pin = 0,
    .stub_flash_bits = 24,
};
