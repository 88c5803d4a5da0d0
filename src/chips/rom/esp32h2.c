/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-H2, the mask ROM "ESP-ROM:esp32h2-20221101". The loader is the common one as read in ROM code; nothing of
 * this chip was recorded. Banner and normal boot are from public logs; the download mode is from the documents of
 * others. */
#include "chips/rom.h"

static const reflash_boot_mode_t boot_modes[] = {
    {0x04, REFLASH_BOOT_LOADER, true, "DOWNLOAD(USB/UART0)", "waiting for download\r\n"},
    {0x0C, REFLASH_BOOT_FLASH, false, "SPI_FAST_FLASH_BOOT", ""},
};

static const reflash_memory_range_t memory[] = {
    {0x3FCEF000, 0x3FCF0000}, /* nothing, but clients look for the variables of an ESP32-S3's ROM here, and live */
    {0x40000000, 0x40020000}, /* internal ROM */
    {0x40800000, 0x40850000}, /* HP SRAM */
    {0x42000000, 0x43000000}, /* mapped flash */
    {0x50000000, 0x50001000}, /* LP SRAM */
    {0x60000000, 0x600D0000}, /* peripherals */
};

static const reflash_register_value_t registers[] = {
    {0x40001000, 0xD7B73E80}, /* ROM code */
    {0x60000014, 0x00000115}, /* UART0 divider of 32 MHz at 115200 */
    {0x600B0844, 0xBD0A0B0C}, /* efuse: MAC 74:4d:bd:0a:0b:0c */
    {0x600B0848, 0xFFFE744D}, /* efuse: its other half */
    {0x600B0850, 0x00040000}, /* efuse: chip revision 0.1 */
};

const reflash_rom_t reflash_rom_esp32h2 = {
    .chip = &reflash_chip_esp32h2,
    .banner = "ESP-ROM:esp32h2-20221101\r\nBuild:Nov  1 2022\r\n",
    .power_on_name = "POWERON",
    .software_name = "LP_SW_HPSYS",
    .brown_out_name = "BROWNOUT_RST",
    .power_on_code = 0x1,
    .software_code = 0x3,
    .loader_left = "user code done\r\n",
    .user_code_done = "user code done\r\n",
    .boot_modes = boot_modes,
    .boot_mode_count = sizeof(boot_modes) / sizeof(boot_modes[0]),
    .strapping_normal = 0x0C,
    .strapping_download = 0x04,
    .boot_baud = 115200,
    .invalid_header_lines = 722,
    .boot_pins = "SPIWP:0xee\r\n",
    .boot_log = REFLASH_BOOT_LOG_HEX,
    .image_header_bytes = 24,
    .memory = memory,
    .memory_count = sizeof(memory) / sizeof(memory[0]),
    .registers = registers,
    .register_count = sizeof(registers) / sizeof(registers[0]),
    .uart0_clkdiv_reg = 0x60000014,
    .uart_clkdiv_bits = 12,
    .uart_clock_hz = 32000000,
    .rx_ring_bytes = 2048,
    .status_bytes = 4,
    .flash_read_bytes = 16,
    .default_flash_bytes = 0x200000,
    .security_info_bytes = 20,
    .security_info = {[12] = 16, [16] = 1},
    .security = &reflash_rom_security_esp32c3,
    .efuse_addr = 0x600B0830,
    .md5_ns_per_byte = 5500,
    .stub1_md5_ns_per_byte = 3800,
    .stub2_md5_ns_per_byte = 3800,
    .inflate_ns_per_byte = 2000,
    .stub1_inflate_ns_per_byte = 2000,
    .stub2_inflate_ns_per_byte = 2000,
    .turnaround_us = 300,
};
