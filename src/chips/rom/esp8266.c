/* SPDX-License-Identifier: Apache-2.0 */
/* ESP8266. No image of its ROM is public and nothing was recorded: what it answers is what other flashers and
 * public logs tell, the rest is as on the ESP32. Ring, read size and flash size are guesses. Banner and boot modes
 * are from public logs. The memory map is that of its public linker scripts. */
#include "chips/rom.h"

static const reflash_boot_mode_t boot_modes[] = {
    {0x01, REFLASH_BOOT_LOADER, true, "1,6", ""},
    {0x03, REFLASH_BOOT_FLASH, false, "3,6", ""},
};

static const reflash_memory_range_t memory[] = {
    {0x3FF00000, 0x3FF10000}, /* DPORT, OTP */
    {0x3FFE8000, 0x3FFFC000}, /* data RAM */
    {0x3FFFC000, 0x40000000}, /* data RAM of the ROM */
    {0x40000000, 0x40010000}, /* ROM */
    {0x40100000, 0x40110000}, /* instruction RAM */
    {0x40200000, 0x40300000}, /* mapped flash */
    {0x60000000, 0x60002000}, /* peripherals */
};

static const reflash_register_value_t registers[] = {
    {0x3FF00050, 0xC3000000}, /* OTP: MAC 5c:cf:7f:a1:b2:c3, last byte */
    {0x3FF00054, 0x0001A1B2}, /* OTP: its middle, vendor number 1 */
    {0x3FF00058, 0x00008000}, /* OTP: flags */
    {0x3FF0005C, 0x005CCF7F}, /* OTP: its vendor part */
    {0x40001000, 0xFFF0C101}, /* ROM code; tells the chip */
    {0x60000014, 0x000001C3}, /* UART0 divider of 52 MHz at 115200 */
};

const reflash_rom_t reflash_rom_esp8266 = {
    .chip = &reflash_chip_esp8266,
    .banner = "\r\n ets Jan  8 2013,",
    .power_on_code = 0x2,
    .software_code = 0x2,
    .loader_left = "user code done\r\n",
    .user_code_done = "user code done\r\n",
    .boot_modes = boot_modes,
    .boot_mode_count = sizeof(boot_modes) / sizeof(boot_modes[0]),
    .strapping_normal = 0x03,
    .strapping_download = 0x01,
    .boot_baud = 74880,
    .invalid_header_lines = 1,
    .boot_log = REFLASH_BOOT_LOG_ESP8266,
    .image_header_bytes = 8,
    .boots_without_table = true,
    .memory = memory,
    .memory_count = sizeof(memory) / sizeof(memory[0]),
    .registers = registers,
    .register_count = sizeof(registers) / sizeof(registers[0]),
    .uart0_clkdiv_reg = 0x60000014,
    .rx_ring_bytes = 256,
    .status_bytes = 2,
    .flash_read_bytes = 64,
    .default_flash_bytes = 0x1000000,
    .turnaround_us = 200,
    .stub1_md5_ns_per_byte = 3800,
    .stub2_md5_ns_per_byte = 3800,
    .stub1_inflate_ns_per_byte = 1000,
    .stub2_inflate_ns_per_byte = 1000,
};
