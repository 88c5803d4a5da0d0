/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-C2, the mask ROM "ESP-ROM:esp8684-api2-20220127". The loader is the common one as read in ROM code; nothing
 * of this chip was recorded. Banner and normal boot are from public logs; the download mode is from the documents
 * of others. Its crystal has 40 MHz here. */
#include "chips/rom.h"

static const reflash_boot_mode_t boot_modes[] = {
    {0x04, REFLASH_BOOT_LOADER, true, "DOWNLOAD(UART0)", "waiting for download\r\n"},
    {0x0C, REFLASH_BOOT_FLASH, false, "SPI_FAST_FLASH_BOOT", ""},
};

static const reflash_memory_range_t memory[] = {
    {0x3C000000, 0x3C400000}, /* mapped flash, data bus */
    {0x3FCA0000, 0x3FCE0000}, /* SRAM, data bus */
    {0x3FF00000, 0x3FF50000}, /* internal ROM 1 */
    {0x40000000, 0x40090000}, /* internal ROM 0 and 1 */
    {0x4037C000, 0x403C0000}, /* SRAM, instruction bus */
    {0x42000000, 0x42400000}, /* mapped flash, instruction bus */
    {0x60000000, 0x600D1000}, /* peripherals */
};

static const reflash_register_value_t registers[] = {
    {0x40001000, 0x7C41A06F}, /* ROM code */
    {0x60000014, 0x0000015B}, /* UART0 divider of 40 MHz at 115200 */
    {0x60008840, 0x8D0A0B0C}, /* efuse: MAC 08:3a:8d:0a:0b:0c */
    {0x60008844, 0x0010083A}, /* efuse: its other half, chip revision 1.0 */
};

const reflash_rom_t reflash_rom_esp32c2 = {
    .chip = &reflash_chip_esp32c2,
    .banner = "ESP-ROM:esp8684-api2-20220127\r\nBuild:Jan 27 2022\r\n",
    .power_on_name = "POWERON",
    .software_name = "RTC_SW_SYS_RST",
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
    .uart_clock_hz = 40000000,
    .rx_ring_bytes = 2048,
    .status_bytes = 4,
    .flash_read_bytes = 16,
    .default_flash_bytes = 0x200000,
    .security_info_bytes = 20,
    .security_info = {[12] = 12, [16] = 1},
    .security = &reflash_rom_security_esp32c2,
    .efuse_addr = 0x60008830,
    .md5_ns_per_byte = 5500,
    .stub1_md5_ns_per_byte = 3800,
    .stub2_md5_ns_per_byte = 3800,
    .inflate_ns_per_byte = 2000,
    .stub1_inflate_ns_per_byte = 2000,
    .stub2_inflate_ns_per_byte = 2000,
    .turnaround_us = 300,
};
