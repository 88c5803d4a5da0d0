/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-C5, the mask ROM "ESP-ROM:esp32c5-eco2-20250121". The loader is the common one as read in ROM code; nothing
 * of this chip was recorded. Banner and normal boot are from public logs; the download mode is guessed after the
 * ESP32-C6. Its crystal has 48 MHz here. */
#include "chips/rom.h"

static const reflash_boot_mode_t boot_modes[] = {
    {0x10, REFLASH_BOOT_LOADER, true, "DOWNLOAD(USB/UART0/SDIO_FEI_FEO)", "waiting for download\r\n"},
    {0x18, REFLASH_BOOT_FLASH, false, "SPI_FAST_FLASH_BOOT", ""},
};

static const reflash_memory_range_t memory[] = {
    {0x40000000, 0x40050000}, /* internal ROM */
    {0x40800000, 0x40860000}, /* HP SRAM */
    {0x42000000, 0x44000000}, /* mapped flash */
    {0x50000000, 0x50004000}, /* LP SRAM */
    {0x60000000, 0x600D0000}, /* peripherals */
};

static const reflash_register_value_t registers[] = {
    {0x40001000, 0x5FD1406F}, /* ROM code */
    {0x60000014, 0x000001A0}, /* UART0 divider of 48 MHz at 115200 */
    {0x60096110, 0x30000000}, /* crystal the ROM expects: 48 MHz */
    {0x600B4844, 0xA00A0B0C}, /* efuse: MAC 30:ed:a0:0a:0b:0c */
    {0x600B4848, 0xFFFE30ED}, /* efuse: its other half */
    {0x600B484C, 0x00000010}, /* efuse: chip revision 1.0 */
};

const reflash_rom_t reflash_rom_esp32c5 = {
    .chip = &reflash_chip_esp32c5,
    .banner = "ESP-ROM:esp32c5-eco2-20250121\r\nBuild:Jan 21 2025\r\n",
    .power_on_name = "POWERON",
    .software_name = "LP_SW_HPSYS",
    .brown_out_name = "LP_BOD_SYS",
    .power_on_code = 0x1,
    .software_code = 0x3,
    .loader_left = "user code done\r\n",
    .user_code_done = "user code done\r\n",
    .boot_modes = boot_modes,
    .boot_mode_count = sizeof(boot_modes) / sizeof(boot_modes[0]),
    .strapping_normal = 0x18,
    .strapping_download = 0x10,
    .boot_baud = 115200,
    .invalid_header_lines = 722,
    .boot_pins = "SPI ",
    .boot_log = REFLASH_BOOT_LOG_HEX,
    .image_header_bytes = 24,
    .memory = memory,
    .memory_count = sizeof(memory) / sizeof(memory[0]),
    .registers = registers,
    .register_count = sizeof(registers) / sizeof(registers[0]),
    .uart0_clkdiv_reg = 0x60000014,
    .uart_clkdiv_bits = 12,
    .uart_clock_mhz_reg = 0x60096110,
    .rx_ring_bytes = 2048,
    .status_bytes = 4,
    .flash_read_bytes = 16,
    .default_flash_bytes = 0x200000,
    .security_info_bytes = 20,
    .security_info = {[12] = 23, [16] = 2},
    .security = &reflash_rom_security_esp32c5,
    .efuse_addr = 0x600B4830,
    .md5_ns_per_byte = 5500,
    .stub1_md5_ns_per_byte = 3800,
    .stub2_md5_ns_per_byte = 3800,
    .inflate_ns_per_byte = 2000,
    .stub1_inflate_ns_per_byte = 2000,
    .stub2_inflate_ns_per_byte = 2000,
    .turnaround_us = 300,
};
