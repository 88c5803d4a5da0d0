/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-C2. */
#include "chips/chips.h"

static const reflash_chip_revisions_t revisions = {
    .reg = 0x60008844,
    .shift = 16,
};

const reflash_chip_t reflash_chip_esp32c2 = {
    .name = "ESP32-C2",
    .spi = &reflash_spi_layout_esp32s2,
    .spi_base = 0x60002000,
    .magic = 0, /* differs between revisions: go by the chip id */
    .mac_lo_reg = 0x60008840,
    .boot_addr = 0x0000,
    .chip_id = 12,
    .target = ESP32C2_CHIP,
    .mac_layout = REFLASH_MAC_EFUSE,
    .last_opcode = 0x14,
    .begin_words = 5,
    .boot_pin = 9,
    .revisions = &revisions,
    .stub_flash_bits = 24,
    .uart_clock = REFLASH_UART_CLOCK_ESP32C2,
};
