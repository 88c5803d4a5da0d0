/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32-P4, two mask ROMs: "ESP-ROM:esp32p4-eco5-20250430" of revision 3.0, and "ESP-ROM:esp32p4-eco2-20240710" of
 * revisions 1.x. The loader is the common one as read in ROM code; nothing of this chip was recorded. Banners and boot
 * modes are from public logs, the straps of the newer ROM from those of the older. A host tells the two apart by
 * revision and security info; their ROMs leave different RAM to a stub. */
#include "chips/rom.h"

static const reflash_boot_mode_t boot_modes[] = {
    {0x307, REFLASH_BOOT_LOADER, true, "DOWNLOAD(USB/UART0/SPI)", "waiting for download\r\n"},
    {0x30F, REFLASH_BOOT_FLASH, false, "SPI_FAST_FLASH_BOOT", ""},
};

static const reflash_memory_range_t memory[] = {
    {0x30100000, 0x30102000}, /* tightly coupled memory */
    {0x40000000, 0x44000000}, /* mapped flash */
    {0x4FC00000, 0x4FC20000}, /* HP ROM */
    {0x4FF00000, 0x4FFC0000}, /* HP SRAM */
    {0x50000000, 0x50100000}, /* HP peripherals */
    {0x50100000, 0x50108000}, /* LP ROM */
    {0x50108000, 0x50110000}, /* LP SRAM */
    {0x50110000, 0x50130000}, /* LP peripherals */
};

#define REGISTERS_BUT_REVISION                                                                                         \
    {0x500CA014, 0x0000015B},     /* UART0 divider of 40 MHz at 115200 */                                              \
        {0x5012D044, 0xF90A0B0C}, /* efuse: MAC 60:55:f9:0a:0b:0c */                                                   \
    {                                                                                                                  \
        0x5012D048, 0x00006055                                                                                         \
    } /* efuse: its other half */

static const reflash_register_value_t registers[] = {
    REGISTERS_BUT_REVISION, {0x5012D04C, 0x00000030}, /* efuse: chip revision 3.0 */
};

static const reflash_register_value_t rev1_registers[] = {
    REGISTERS_BUT_REVISION, {0x5012D04C, 0x00000010}, /* efuse: chip revision 1.0 */
};

const reflash_rom_t reflash_rom_esp32p4_rev1 = {
    .chip = &reflash_chip_esp32p4,
    .variant_name = "ESP32-P4-rev1",
    .banner = "ESP-ROM:esp32p4-eco2-20240710\r\nBuild:Jul 10 2024\r\n",
    .power_on_name = "POWERON",
    .software_name = "LP_SW_HPSYS",
    .brown_out_name = "LP_BOD_SYS",
    .power_on_code = 0x1,
    .software_code = 0x3,
    .loader_left = "user code done\r\n",
    .user_code_done = "user code done\r\n",
    .boot_modes = boot_modes,
    .boot_mode_count = sizeof(boot_modes) / sizeof(boot_modes[0]),
    .strapping_normal = 0x30F,
    .strapping_download = 0x307,
    .boot_baud = 115200,
    .invalid_header_lines = 722,
    .boot_pins = "SPI ",
    .boot_log = REFLASH_BOOT_LOG_HEX,
    .image_header_bytes = 24,
    .memory = memory,
    .memory_count = sizeof(memory) / sizeof(memory[0]),
    .registers = rev1_registers,
    .register_count = sizeof(rev1_registers) / sizeof(rev1_registers[0]),
    .uart0_clkdiv_reg = 0x500CA014,
    .uart_clkdiv_bits = 12,
    .uart_clock_hz = 40000000,
    .rx_ring_bytes = 2048,
    .status_bytes = 4,
    .flash_read_bytes = 16,
    .default_flash_bytes = 0x200000,
    .security_info_bytes = 20,
    .security_info = {[12] = 18, [16] = 2},
    .security = &reflash_rom_security_esp32s3,
    .efuse_addr = 0x5012D030,
    .md5_ns_per_byte = 5500,
    .stub1_md5_ns_per_byte = 2000,
    .stub2_md5_ns_per_byte = 800,
    .inflate_ns_per_byte = 2000,
    .stub1_inflate_ns_per_byte = 2000,
    .stub2_inflate_ns_per_byte = 200,
    .turnaround_us = 300,
};

const reflash_rom_t reflash_rom_esp32p4 = {
    .chip = &reflash_chip_esp32p4,
    .variant = &reflash_rom_esp32p4_rev1,
    .banner = "ESP-ROM:esp32p4-eco5-20250430\r\nBuild:Apr 30 2025\r\n",
    .power_on_name = "POWERON",
    .software_name = "LP_SW_HPSYS",
    .brown_out_name = "LP_BOD_SYS",
    .power_on_code = 0x1,
    .software_code = 0x3,
    .loader_left = "user code done\r\n",
    .user_code_done = "user code done\r\n",
    .boot_modes = boot_modes,
    .boot_mode_count = sizeof(boot_modes) / sizeof(boot_modes[0]),
    .strapping_normal = 0x30F,
    .strapping_download = 0x307,
    .boot_baud = 115200,
    .invalid_header_lines = 722,
    .boot_pins = "SPI ",
    .boot_log = REFLASH_BOOT_LOG_HEX,
    .image_header_bytes = 24,
    .memory = memory,
    .memory_count = sizeof(memory) / sizeof(memory[0]),
    .registers = registers,
    .register_count = sizeof(registers) / sizeof(registers[0]),
    .uart0_clkdiv_reg = 0x500CA014,
    .uart_clkdiv_bits = 12,
    .uart_clock_hz = 40000000,
    .rx_ring_bytes = 2048,
    .status_bytes = 4,
    .flash_read_bytes = 16,
    .default_flash_bytes = 0x200000,
    .security_info_bytes = 20,
    .security_info = {[12] = 18, [16] = 5},
    .security = &reflash_rom_security_esp32s3,
    .efuse_addr = 0x5012D030,
    .md5_ns_per_byte = 5500,
    .stub1_md5_ns_per_byte = 2000,
    .stub2_md5_ns_per_byte = 800,
    .inflate_ns_per_byte = 2000,
    .stub1_inflate_ns_per_byte = 2000,
    .stub2_inflate_ns_per_byte = 200,
    .turnaround_us = 300,
};
