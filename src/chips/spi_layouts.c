/* SPDX-License-Identifier: Apache-2.0 */
/* Register layouts of the flash SPI controller. */
#include "chips/chips.h"

/* Lengths stand in USR1. */
const reflash_spi_layout_t reflash_spi_layout_esp8266 = {
    .usr = 0x1C,
    .usr1 = 0x20,
    .usr2 = 0x24,
    .w0 = 0x40,
    .mosi_dlen = 0x20,
    .miso_dlen = 0x20,
    .mosi_shift = 17,
    .miso_shift = 8,
    .address_at_top = true,
};

const reflash_spi_layout_t reflash_spi_layout_esp32 = {
    .usr = 0x1C,
    .usr1 = 0x20,
    .usr2 = 0x24,
    .w0 = 0x80,
    .mosi_dlen = 0x28,
    .miso_dlen = 0x2C,
    .address_at_top = true,
};

const reflash_spi_layout_t reflash_spi_layout_esp32s2 = {
    .usr = 0x18,
    .usr1 = 0x1C,
    .usr2 = 0x20,
    .w0 = 0x58,
    .mosi_dlen = 0x24,
    .miso_dlen = 0x28,
    .address_at_top = false,
};
