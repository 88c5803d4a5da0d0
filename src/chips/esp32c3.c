/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-C3. */
#include "chips/chips.h"

static const reflash_spi_layout_t spi_layout = {
    .usr = 0x18,
    .usr1 = 0x1C,
    .usr2 = 0x20,
    .mosi_dlen = 0x24,
    .miso_dlen = 0x28,
    .w0 = 0x58,
    .address_at_top = false,
};

const reflash_chip_t reflash_chip_esp32c3 = {
    .name = "ESP32-C3",
    .spi = &spi_layout,
    .spi_base = 0x60002000,
    .magic = 0, /* differs between revisions: go by the chip id */
    .mac_lo_reg = 0x60008844,
    .boot_addr = 0x0000,
    .chip_id = 5,
    .target = ESP32C3_CHIP,
    .begin_words = 5,
    .security_info_bytes = 20,
};
