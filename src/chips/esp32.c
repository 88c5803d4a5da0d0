/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32. */
#include "chips/chips.h"

const reflash_chip_t reflash_chip_esp32 = {
    .name = "ESP32",
    .spi = &reflash_spi_layout_esp32,
    .spi_base = 0x3FF42000,
    .magic = 0x1D83,
    .mac_lo_reg = 0x3FF5A004,
    .boot_addr = 0x1000,
    .chip_id = 0,
    .target = ESP32_CHIP,
    .mac_layout = REFLASH_MAC_EFUSE,
    .last_opcode = 0x13,
    .begin_words = 4,
    .boot_pin = 0,
    .stub_flash_bits = 24,
    .uart_clock = REFLASH_UART_CLOCK_ESP32,
    .whole_windows = true,
};
