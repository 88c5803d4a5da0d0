/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-S2, the mask ROM "ESP-ROM:esp32s2-rc4-20191025". The loader is the common one as read in ROM code; nothing
 * of this chip was recorded. Banner and normal boot are from public logs, so is the reset name; the name of the
 * download mode is from memory of such a log. */
#include "chips/rom.h"

static const reflash_boot_mode_t boot_modes[] = {
    {0x00, REFLASH_BOOT_LOADER, true, "DOWNLOAD(USB/UART0/1/SPI)", "waiting for download\r\n"},
    {0x08, REFLASH_BOOT_FLASH, false, "SPI_FAST_FLASH_BOOT", ""},
};

static const reflash_memory_range_t memory[] = {
    {0x3F000000, 0x3F400000}, /* mapped flash, data bus */
    {0x3F400000, 0x3F500000}, /* peripherals */
    {0x3FF66000, 0x3FF67000}, /* nothing, but clients look for an ESP32's APB controller here, and live */
    {0x3FF9E000, 0x3FFA0000}, /* RTC fast memory, data bus */
    {0x3FFA0000, 0x3FFB0000}, /* internal ROM, data bus */
    {0x3FFB0000, 0x40000000}, /* SRAM, data bus */
    {0x40000000, 0x40020000}, /* internal ROM */
    {0x40020000, 0x40072000}, /* SRAM and RTC fast memory, instruction bus */
    {0x40080000, 0x40800000}, /* mapped flash, instruction bus */
    {0x50000000, 0x50002000}, /* RTC slow memory */
    {0x60000000, 0x600C0000}, /* peripherals, second window */
};

static const reflash_register_value_t registers[] = {
    {0x3F400014, 0x0000015B}, /* UART0 divider of 40 MHz at 115200 */
    {0x3F41A044, 0xA10A0B0C}, /* efuse: MAC 7c:df:a1:0a:0b:0c */
    {0x3F41A048, 0x00007CDF}, /* efuse: its other half */
    {0x40001000, 0x000007C6}, /* ROM code; tells the chip */
};

const reflash_rom_t reflash_rom_esp32s2 = {
    .chip = &reflash_chip_esp32s2,
    .banner = "ESP-ROM:esp32s2-rc4-20191025\r\nBuild:Oct 25 2019\r\n",
    .power_on_name = "POWERON",
    .software_name = "RTC_SW_SYS_RST",
    .brown_out_name = "BROWN_OUT_RST",
    .power_on_code = 0x1,
    .software_code = 0x3,
    .loader_left = "user code done\r\n",
    .user_code_done = "user code done\r\n",
    .boot_modes = boot_modes,
    .boot_mode_count = sizeof(boot_modes) / sizeof(boot_modes[0]),
    .strapping_normal = 0x08,
    .strapping_download = 0x00,
    .boot_baud = 115200,
    .invalid_header_lines = 722,
    .boot_pins = "SPIWP:0xee\r\n",
    .boot_log = REFLASH_BOOT_LOG_HEX,
    .image_header_bytes = 24,
    .memory = memory,
    .memory_count = sizeof(memory) / sizeof(memory[0]),
    .registers = registers,
    .register_count = sizeof(registers) / sizeof(registers[0]),
    .uart0_clkdiv_reg = 0x3F400014,
    .uart_clkdiv_bits = 20,
    .uart_clock_hz = 40000000,
    .rx_ring_bytes = 1024,
    .status_bytes = 4,
    .flash_read_bytes = 16,
    .default_flash_bytes = 0x200000,
    .security_info_bytes = 12,
    .security = &reflash_rom_security_esp32s2,
    .efuse_addr = 0x3F41A030,
    .md5_ns_per_byte = 5500,
    .stub1_md5_ns_per_byte = 2000,
    .stub2_md5_ns_per_byte = 800,
    .inflate_ns_per_byte = 2000,
    .stub1_inflate_ns_per_byte = 2000,
    .stub2_inflate_ns_per_byte = 200,
    .turnaround_us = 200,
};
