/* SPDX-License-Identifier: Apache-2.0 */
/* ESP8266. No image of its ROM is public: from what other flashers do with it. */
#include "chips/chips.h"

const reflash_chip_t reflash_chip_esp8266 = {
    .name = "ESP8266",
    .spi = &reflash_spi_layout_esp8266,
    .spi_base = 0x60000200,
    .magic = 0xC101,
    .mac_lo_reg = 0x3FF00050,
    .boot_addr = 0x0000,
    .chip_id = REFLASH_ROW_WITHOUT_CHIP_ID,
    .target = ESP8266_CHIP,
    .mac_layout = REFLASH_MAC_OTP,
    .last_opcode = 0x0A,
    .begin_words = 4,
    .boot_pin = 0,
    .stub_flash_bits = 24,
    .erases_head_twice = true,
    .whole_blocks = true,
};
