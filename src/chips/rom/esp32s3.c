/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-S3, the mask ROM "ESP-ROM:esp32s3-20210327". The loader is the common one as read in ROM code; nothing of
 * this chip was recorded. Banner and boot modes are from public logs. */
#include "chips/rom.h"

static const reflash_boot_mode_t boot_modes[] = {
    {0x00, REFLASH_BOOT_LOADER, true, "DOWNLOAD(USB/UART0)", "waiting for download\r\n"},
    {0x08, REFLASH_BOOT_FLASH, false, "SPI_FAST_FLASH_BOOT", ""},
};

static const reflash_memory_range_t memory[] = {
    {0x3C000000, 0x3E000000}, /* mapped flash, data bus */
    {0x3FC88000, 0x3FD00000}, /* SRAM, data bus */
    {0x3FF00000, 0x3FF20000}, /* internal ROM 1 */
    {0x3FF5A000, 0x3FF5B000}, /* nothing, but clients look for an ESP32's efuses here, and live */
    {0x3FF66000, 0x3FF67000}, /* the same for its APB controller */
    {0x40000000, 0x40060000}, /* internal ROM 0 and 1 */
    {0x40370000, 0x403E0000}, /* SRAM, instruction bus */
    {0x42000000, 0x44000000}, /* mapped flash, instruction bus */
    {0x50000000, 0x50002000}, /* RTC slow memory */
    {0x60000000, 0x600D1000}, /* peripherals */
    {0x600FE000, 0x60100000}, /* RTC fast memory */
};

static const reflash_register_value_t registers[] = {
    {0x40001000, 0x00000009}, /* ROM code */
    {0x60000014, 0x0000015B}, /* UART0 divider of 40 MHz at 115200 */
    {0x60007044, 0x180A0B0C}, /* efuse: MAC 34:85:18:0a:0b:0c */
    {0x60007048, 0x00003485}, /* efuse: its other half */
    {0x60007050, 0x00080000}, /* efuse: chip revision 0.2 */
};

const reflash_rom_t reflash_rom_esp32s3 = {
    .chip = &reflash_chip_esp32s3,
    .banner = "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\n",
    .power_on_name = "POWERON",
    .software_name = "RTC_SW_SYS_RST",
    .brown_out_name = "BROWNOUT_RST",
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
    .uart0_clkdiv_reg = 0x60000014,
    .uart_clkdiv_bits = 12,
    .uart_clock_hz = 40000000,
    .rx_ring_bytes = 2048,
    .status_bytes = 4,
    .flash_read_bytes = 16,
    .default_flash_bytes = 0x200000,
    .security_info_bytes = 20,
    .security_info = {[12] = 9, [16] = 2},
    .security = &reflash_rom_security_esp32s3,
    .efuse_addr = 0x60007030,
    .md5_ns_per_byte = 5500,
    .stub1_md5_ns_per_byte = 3800,
    .stub2_md5_ns_per_byte = 3800,
    .inflate_ns_per_byte = 2000,
    .stub1_inflate_ns_per_byte = 2000,
    .stub2_inflate_ns_per_byte = 2000,
    .turnaround_us = 200,
};
