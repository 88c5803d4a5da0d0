/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-C3, the mask ROM "ESP-ROM:esp32c3-api1-20210207". Texts and codes are as that ROM code gave them when
 * run in an emulator (tests/conformance/traces). */
#include "chips/rom.h"

static const reflash_boot_mode_t boot_modes[] = {
    {0x02, REFLASH_BOOT_LOADER, false, "UART0_BOOT", "wait uart0 download\r\n"},
    {0x05, REFLASH_BOOT_LOADER, true, "DOWNLOAD(USB/UART0/1)", "waiting for download\r\n"},
    {0x08, REFLASH_BOOT_FLASH, false, "SPI_FAST_FLASH_BOOT", ""},
};

static const reflash_memory_range_t memory[] = {
    {0x3C000000, 0x3C800000}, /* mapped flash, data bus */
    {0x3FC80000, 0x3FCE0000}, /* SRAM 1, data bus */
    {0x3FF00000, 0x3FF20000}, /* internal ROM 1 */
    {0x40000000, 0x40060000}, /* internal ROM 0 and 1 */
    {0x4037C000, 0x403E0000}, /* SRAM 0 and 1, instruction bus */
    {0x42000000, 0x42800000}, /* mapped flash, instruction bus */
    {0x50000000, 0x50002000}, /* RTC fast memory */
    {0x60000000, 0x600D1000}, /* peripherals */
};

static const reflash_register_value_t registers[] = {
    {0x40001000, 0x1B31506F}, /* ROM code */
    {0x40001004, 0x6091706F}, /* ... its second word */
    {0x40001008, 0x47A1206F}, /* ... its third word */
    {0x4000100C, 0x3951706F}, /* ... its fourth word */
    {0x60000014, 0x00000152}, /* UART0 divider after reset */
    {0x60008844, 0x24FE1001}, /* efuse: MAC c4:0a:24:fe:10:01 */
    {0x60008848, 0x0000C40A}, /* efuse: its other half */
    {0x60008850, 0x000C0000}, /* efuse: chip revision */
};

const reflash_rom_t reflash_rom_esp32c3 = {
    .chip = &reflash_chip_esp32c3,
    .banner = "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n",
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
    .strapping_download = 0x05,
    .boot_baud = 115200,
    .boot_pins = "SPIWP:0xee\r\n",
    .boot_log = REFLASH_BOOT_LOG_HEX,
    .image_header_bytes = 24,
    .memory = memory,
    .memory_count = sizeof(memory) / sizeof(memory[0]),
    .registers = registers,
    .register_count = sizeof(registers) / sizeof(registers[0]),
    .uart0_clkdiv_reg = 0x60000014,
    .invalid_header_lines = 722, /* until the watchdog resets the chip */
    .uart_clkdiv_bits = 12,
    .uart_clock_hz = 40000000,
    .rx_ring_bytes = 2048,
    .status_bytes = 4,
    .flash_read_bytes = 16,
    .default_flash_bytes = 0x200000,
    .unbegun_block_bytes = 0x1800, /* never set: left-over memory */
    .unbegun_flash_addr = 0x0031B9F0,
    .unbegun_mem_addr = 0x3FC80000,
    .security_info_bytes = 20,
    .security_info = {[11] = 0x0C, [12] = 5, [16] = 3},
    .security = &reflash_rom_security_esp32c3,
    .efuse_addr = 0x60008830,
    .md5_ns_per_byte = 5500,
    .stub1_md5_ns_per_byte = 3800,
    .stub2_md5_ns_per_byte = 3800,
    .inflate_ns_per_byte = 2000,
    .stub1_inflate_ns_per_byte = 2000,
    .stub2_inflate_ns_per_byte = 2000,
    .turnaround_us = 300,
};
