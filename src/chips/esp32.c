/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32. */
#include "chips/chips.h"

static const reflash_spi_layout_t spi_layout = {
    .usr = 0x1C,
    .usr1 = 0x20,
    .usr2 = 0x24,
    .mosi_dlen = 0x28,
    .miso_dlen = 0x2C,
    .w0 = 0x80,
    .address_at_top = true,
};

const reflash_chip_t reflash_chip_esp32 = {
    .name = "ESP32",
    .spi = &spi_layout,
    .spi_base = 0x3FF42000,
    .magic = 0x00F01D83,
    .mac_lo_reg = 0x3FF5A004,
    .boot_addr = 0x1000,
    .chip_id = 0,
    .target = ESP32_CHIP,
    .begin_words = 4,
    .security_info_bytes = 0,
};
