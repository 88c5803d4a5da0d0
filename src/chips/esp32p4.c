/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-P4, chip revisions 1.x and 3.x. They have different RAM, and so stubs; on 3.1 and 3.2 the supply of the flash
 * part has to be on already. */
#include "chips/chips.h"

static const reflash_chip_revisions_t revisions = {
    .reg = 0x5012D04C,
    .top_bit = 23,
    .power_flash = reflash_power_esp32p4_flash,
};

const reflash_chip_t reflash_chip_esp32p4 = {
    .name = "ESP32-P4",
    .spi = &reflash_spi_layout_esp32s2,
    .spi_base = 0x5008D000,
    .magic = 0, /* differs between revisions: go by the chip id */
    .mac_lo_reg = 0x5012D044,
    .boot_addr = 0x2000,
    .chip_id = 18,
    .target = ESP32P4_CHIP,
    .mac_layout = REFLASH_MAC_EFUSE,
    .last_opcode = 0x14,
    .begin_words = 5,
    .boot_pin = 35,
    .revisions = &revisions,
    .stub_flash_bits = 26,
};
