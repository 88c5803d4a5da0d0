/* SPDX-License-Identifier: Apache-2.0 */
/* How the virtual chip is told that each mask ROM behaves: every field of every row, written down a second time, so
 * that none changes by a slip. Where the numbers are from: docs/espsim.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chips/rom.h"

static const struct {
    const reflash_rom_t *rom;
    const reflash_chip_t *chip;
    const reflash_rom_t *variant;
    const char *variant_name;
    const char *banner, *power_on_name, *software_name, *brown_out_name, *loader_left, *user_code_done, *boot_pins;
    uint32_t power_on_code, software_code, boot_mode_count, strapping_normal, strapping_download, boot_baud;
    uint32_t invalid_header_lines, boot_log, image_header_bytes, memory_count, register_count;
    uint32_t factory_register_count, crystal_count_reg, crystal_clock_reg;
    uint32_t uart0_clkdiv_reg, uart_clkdiv_bits, uart_clock_hz, uart_clock_mhz_reg;
    uint32_t rx_ring_bytes, status_bytes, flash_read_bytes, default_flash_bytes;
    uint32_t unbegun_block_bytes, unbegun_flash_addr, unbegun_mem_addr;
    uint32_t security_info_bytes, chip_id, eco, md5_ns_per_byte, turnaround_us;
    uint32_t stub1_md5_ns_per_byte, stub2_md5_ns_per_byte, efuse_addr;
    uint32_t inflate_ns_per_byte, stub1_inflate_ns_per_byte, stub2_inflate_ns_per_byte;
    const reflash_rom_security_t *security;
    bool prints_exceptions, boots_without_table, basic_prompt, deflate_ends_with_whole_window;
} facts[] = {
    {.rom = &reflash_rom_esp8266,
     .chip = &reflash_chip_esp8266,
     .banner = "\r\n ets Jan  8 2013,",
     .power_on_name = NULL,
     .software_name = NULL,
     .brown_out_name = NULL,
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = NULL,
     .power_on_code = 0x2,
     .software_code = 0x2,
     .boot_mode_count = 2,
     .strapping_normal = 0x03,
     .strapping_download = 0x01,
     .boot_baud = 74880,
     .invalid_header_lines = 1,
     .boot_log = 2,
     .image_header_bytes = 8,
     .boots_without_table = true,
     .basic_prompt = false,
     .memory_count = 7,
     .register_count = 6,
     .uart0_clkdiv_reg = 0x60000014,
     .uart_clkdiv_bits = 0,
     .uart_clock_hz = 0,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 256,
     .status_bytes = 2,
     .flash_read_bytes = 64,
     .default_flash_bytes = 0x1000000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 0,
     .chip_id = 0,
     .eco = 0,
     .md5_ns_per_byte = 0,
     .stub1_md5_ns_per_byte = 3800,
     .stub2_md5_ns_per_byte = 3800,
     .inflate_ns_per_byte = 0,
     .stub1_inflate_ns_per_byte = 1000,
     .stub2_inflate_ns_per_byte = 1000,
     .prints_exceptions = false,
     .turnaround_us = 200},
    {.rom = &reflash_rom_esp32,
     .chip = &reflash_chip_esp32,
     .banner = "ets Jul 29 2019 12:21:46\r\n\r\n",
     .power_on_name = "POWERON_RESET",
     .software_name = "SW_RESET",
     .brown_out_name = "RTCWDT_BROWN_OUT_RESET",
     .loader_left = "flash read err, 631\r\nFalling back to built-in command interpreter.\r\nOK\r\n>",
     .user_code_done = "user code done\r\n",
     .boot_pins =
         "configsip: 0, SPIWP:0xee\r\nclk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\n",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 4,
     .strapping_normal = 0x13,
     .strapping_download = 0x03,
     .boot_baud = 115200,
     .invalid_header_lines = 1,
     .boot_log = 0,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = true,
     .memory_count = 7,
     .register_count = 11,
     .factory_register_count = 2,
     .crystal_count_reg = 0x3FF5F06C,
     .crystal_clock_reg = 0x3FF5A010,
     .uart0_clkdiv_reg = 0x3FF40014,
     .uart_clkdiv_bits = 20,
     .uart_clock_hz = 26000000,
     .rx_ring_bytes = 256,
     .uart_clock_mhz_reg = 0,
     .status_bytes = 4,
     .flash_read_bytes = 64,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = true,
     .security_info_bytes = 0,
     .chip_id = 0,
     .eco = 0,
     .security = &reflash_rom_security_esp32,
     .efuse_addr = 0x3FF5A000,
     .md5_ns_per_byte = 2330,
     .stub1_md5_ns_per_byte = 2000,
     .stub2_md5_ns_per_byte = 800,
     .inflate_ns_per_byte = 1000,
     .stub1_inflate_ns_per_byte = 1000,
     .stub2_inflate_ns_per_byte = 200,
     .prints_exceptions = true,
     .turnaround_us = 200},
    {.rom = &reflash_rom_esp32s2,
     .chip = &reflash_chip_esp32s2,
     .banner = "ESP-ROM:esp32s2-rc4-20191025\r\nBuild:Oct 25 2019\r\n",
     .power_on_name = "POWERON",
     .software_name = "RTC_SW_SYS_RST",
     .brown_out_name = "BROWN_OUT_RST",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPIWP:0xee\r\n",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 2,
     .strapping_normal = 0x08,
     .strapping_download = 0x00,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 11,
     .register_count = 4,
     .uart0_clkdiv_reg = 0x3F400014,
     .uart_clkdiv_bits = 20,
     .uart_clock_hz = 40000000,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 1024,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 12,
     .chip_id = 0,
     .eco = 0,
     .security = &reflash_rom_security_esp32s2,
     .efuse_addr = 0x3F41A030,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 2000,
     .stub2_md5_ns_per_byte = 800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 200,
     .prints_exceptions = false,
     .turnaround_us = 200},
    {.rom = &reflash_rom_esp32s3,
     .chip = &reflash_chip_esp32s3,
     .banner = "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\n",
     .power_on_name = "POWERON",
     .software_name = "RTC_SW_SYS_RST",
     .brown_out_name = "BROWNOUT_RST",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPIWP:0xee\r\n",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 2,
     .strapping_normal = 0x08,
     .strapping_download = 0x00,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 11,
     .register_count = 5,
     .uart0_clkdiv_reg = 0x60000014,
     .uart_clkdiv_bits = 12,
     .uart_clock_hz = 40000000,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 2048,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 20,
     .chip_id = 9,
     .eco = 2,
     .security = &reflash_rom_security_esp32s3,
     .efuse_addr = 0x60007030,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 3800,
     .stub2_md5_ns_per_byte = 3800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 2000,
     .prints_exceptions = false,
     .turnaround_us = 200},
    {.rom = &reflash_rom_esp32c2,
     .chip = &reflash_chip_esp32c2,
     .banner = "ESP-ROM:esp8684-api2-20220127\r\nBuild:Jan 27 2022\r\n",
     .power_on_name = "POWERON",
     .software_name = "RTC_SW_SYS_RST",
     .brown_out_name = "BROWNOUT_RST",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPIWP:0xee\r\n",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 2,
     .strapping_normal = 0x0C,
     .strapping_download = 0x04,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 7,
     .register_count = 4,
     .uart0_clkdiv_reg = 0x60000014,
     .uart_clkdiv_bits = 12,
     .uart_clock_hz = 40000000,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 2048,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 20,
     .chip_id = 12,
     .eco = 1,
     .security = &reflash_rom_security_esp32c2,
     .efuse_addr = 0x60008830,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 3800,
     .stub2_md5_ns_per_byte = 3800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 2000,
     .prints_exceptions = false,
     .turnaround_us = 300},
    {.rom = &reflash_rom_esp32c3,
     .chip = &reflash_chip_esp32c3,
     .banner = "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n",
     .power_on_name = "POWERON",
     .software_name = "RTC_SW_SYS_RST",
     .brown_out_name = "BROWNOUT_RST",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPIWP:0xee\r\n",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 3,
     .strapping_normal = 0x08,
     .strapping_download = 0x05,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .uart_clkdiv_bits = 12,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 8,
     .register_count = 8,
     .uart0_clkdiv_reg = 0x60000014,
     .uart_clock_hz = 40000000,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 2048,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0x1800,
     .unbegun_flash_addr = 0x0031B9F0,
     .unbegun_mem_addr = 0x3FC80000,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 20,
     .chip_id = 5,
     .eco = 3,
     .security = &reflash_rom_security_esp32c3,
     .efuse_addr = 0x60008830,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 3800,
     .stub2_md5_ns_per_byte = 3800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 2000,
     .prints_exceptions = false,
     .turnaround_us = 300},
    {.rom = &reflash_rom_esp32c5,
     .chip = &reflash_chip_esp32c5,
     .banner = "ESP-ROM:esp32c5-eco2-20250121\r\nBuild:Jan 21 2025\r\n",
     .power_on_name = "POWERON",
     .software_name = "LP_SW_HPSYS",
     .brown_out_name = "LP_BOD_SYS",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPI ",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 2,
     .strapping_normal = 0x18,
     .strapping_download = 0x10,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 5,
     .register_count = 6,
     .uart0_clkdiv_reg = 0x60000014,
     .uart_clkdiv_bits = 12,
     .uart_clock_hz = 0,
     .uart_clock_mhz_reg = 0x60096110,
     .rx_ring_bytes = 2048,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 20,
     .chip_id = 23,
     .eco = 2,
     .security = &reflash_rom_security_esp32c5,
     .efuse_addr = 0x600B4830,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 3800,
     .stub2_md5_ns_per_byte = 3800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 2000,
     .prints_exceptions = false,
     .turnaround_us = 300},
    {.rom = &reflash_rom_esp32c6,
     .chip = &reflash_chip_esp32c6,
     .banner = "ESP-ROM:esp32c6-20220919\r\nBuild:Sep 19 2022\r\n",
     .power_on_name = "POWERON",
     .software_name = "LP_SW_HPSYS",
     .brown_out_name = "LP_BOD_SYS",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPIWP:0xee\r\n",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 2,
     .strapping_normal = 0x0C,
     .strapping_download = 0x04,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 5,
     .register_count = 5,
     .uart0_clkdiv_reg = 0x60000014,
     .uart_clkdiv_bits = 12,
     .uart_clock_hz = 40000000,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 2048,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 20,
     .chip_id = 13,
     .eco = 1,
     .security = &reflash_rom_security_esp32c3,
     .efuse_addr = 0x600B0830,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 3800,
     .stub2_md5_ns_per_byte = 3800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 2000,
     .prints_exceptions = false,
     .turnaround_us = 300},
    {.rom = &reflash_rom_esp32c61,
     .chip = &reflash_chip_esp32c61,
     .banner = "ESP-ROM:esp32c61-eco3-20250228\r\nBuild:Feb 28 2025\r\n",
     .power_on_name = "POWERON",
     .software_name = "LP_SW_HPSYS",
     .brown_out_name = "LP_BOD_SYS",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPI ",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 2,
     .strapping_normal = 0x0C,
     .strapping_download = 0x04,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 4,
     .register_count = 5,
     .uart0_clkdiv_reg = 0x60000014,
     .uart_clkdiv_bits = 12,
     .uart_clock_hz = 40000000,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 2048,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 20,
     .chip_id = 20,
     .eco = 3,
     .security = &reflash_rom_security_esp32c61,
     .efuse_addr = 0x600B4830,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 3800,
     .stub2_md5_ns_per_byte = 3800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 2000,
     .prints_exceptions = false,
     .turnaround_us = 300},
    {.rom = &reflash_rom_esp32h2,
     .chip = &reflash_chip_esp32h2,
     .banner = "ESP-ROM:esp32h2-20221101\r\nBuild:Nov  1 2022\r\n",
     .power_on_name = "POWERON",
     .software_name = "LP_SW_HPSYS",
     .brown_out_name = "BROWNOUT_RST",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPIWP:0xee\r\n",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 2,
     .strapping_normal = 0x0C,
     .strapping_download = 0x04,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 6,
     .register_count = 5,
     .uart0_clkdiv_reg = 0x60000014,
     .uart_clkdiv_bits = 12,
     .uart_clock_hz = 32000000,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 2048,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 20,
     .chip_id = 16,
     .eco = 1,
     .security = &reflash_rom_security_esp32c3,
     .efuse_addr = 0x600B0830,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 3800,
     .stub2_md5_ns_per_byte = 3800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 2000,
     .prints_exceptions = false,
     .turnaround_us = 300},
    {.rom = &reflash_rom_esp32p4,
     .chip = &reflash_chip_esp32p4,
     .variant = &reflash_rom_esp32p4_rev1,
     .banner = "ESP-ROM:esp32p4-eco5-20250430\r\nBuild:Apr 30 2025\r\n",
     .power_on_name = "POWERON",
     .software_name = "LP_SW_HPSYS",
     .brown_out_name = "LP_BOD_SYS",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPI ",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 2,
     .strapping_normal = 0x30F,
     .strapping_download = 0x307,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 8,
     .register_count = 4,
     .uart0_clkdiv_reg = 0x500CA014,
     .uart_clkdiv_bits = 12,
     .uart_clock_hz = 40000000,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 2048,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 20,
     .chip_id = 18,
     .eco = 5,
     .security = &reflash_rom_security_esp32s3,
     .efuse_addr = 0x5012D030,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 2000,
     .stub2_md5_ns_per_byte = 800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 200,
     .prints_exceptions = false,
     .turnaround_us = 300},
    {.rom = &reflash_rom_esp32p4_rev1,
     .chip = &reflash_chip_esp32p4,
     .variant_name = "ESP32-P4-rev1",
     .banner = "ESP-ROM:esp32p4-eco2-20240710\r\nBuild:Jul 10 2024\r\n",
     .power_on_name = "POWERON",
     .software_name = "LP_SW_HPSYS",
     .brown_out_name = "LP_BOD_SYS",
     .loader_left = "user code done\r\n",
     .user_code_done = "user code done\r\n",
     .boot_pins = "SPI ",
     .power_on_code = 0x1,
     .software_code = 0x3,
     .boot_mode_count = 2,
     .strapping_normal = 0x30F,
     .strapping_download = 0x307,
     .boot_baud = 115200,
     .invalid_header_lines = 722,
     .boot_log = 1,
     .image_header_bytes = 24,
     .boots_without_table = false,
     .basic_prompt = false,
     .memory_count = 8,
     .register_count = 4,
     .uart0_clkdiv_reg = 0x500CA014,
     .uart_clkdiv_bits = 12,
     .uart_clock_hz = 40000000,
     .uart_clock_mhz_reg = 0,
     .rx_ring_bytes = 2048,
     .status_bytes = 4,
     .flash_read_bytes = 16,
     .default_flash_bytes = 0x200000,
     .unbegun_block_bytes = 0,
     .unbegun_flash_addr = 0,
     .unbegun_mem_addr = 0,
     .deflate_ends_with_whole_window = false,
     .security_info_bytes = 20,
     .chip_id = 18,
     .eco = 2,
     .security = &reflash_rom_security_esp32s3,
     .efuse_addr = 0x5012D030,
     .md5_ns_per_byte = 5500,
     .stub1_md5_ns_per_byte = 2000,
     .stub2_md5_ns_per_byte = 800,
     .inflate_ns_per_byte = 2000,
     .stub1_inflate_ns_per_byte = 2000,
     .stub2_inflate_ns_per_byte = 200,
     .prints_exceptions = false,
     .turnaround_us = 300},
};
enum { FACT_COUNT = sizeof(facts) / sizeof(facts[0]) };

static void assert_same_text(const char *text, const char *expected)
{
    if (text == NULL || expected == NULL) {
        assert_ptr_equal(text, expected);
    } else {
        assert_string_equal(text, expected);
    }
}

static void every_field_of_every_rom_row_is_as_written_down(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        const reflash_rom_t *rom = facts[row].rom;
        assert_ptr_equal(rom->chip, facts[row].chip);
        assert_ptr_equal(rom->variant, facts[row].variant);
        assert_same_text(rom->variant_name, facts[row].variant_name);
        assert_same_text(rom->banner, facts[row].banner);
        assert_same_text(rom->power_on_name, facts[row].power_on_name);
        assert_same_text(rom->software_name, facts[row].software_name);
        assert_same_text(rom->brown_out_name, facts[row].brown_out_name);
        assert_same_text(rom->loader_left, facts[row].loader_left);
        assert_same_text(rom->user_code_done, facts[row].user_code_done);
        assert_same_text(rom->boot_pins, facts[row].boot_pins);
        assert_int_equal(rom->power_on_code, facts[row].power_on_code);
        assert_int_equal(rom->software_code, facts[row].software_code);
        assert_int_equal(rom->boot_mode_count, facts[row].boot_mode_count);
        assert_int_equal(rom->strapping_normal, facts[row].strapping_normal);
        assert_int_equal(rom->strapping_download, facts[row].strapping_download);
        assert_int_equal(rom->boot_baud, facts[row].boot_baud);
        assert_int_equal(rom->invalid_header_lines, facts[row].invalid_header_lines);
        assert_int_equal(rom->boot_log, facts[row].boot_log);
        assert_int_equal(rom->image_header_bytes, facts[row].image_header_bytes);
        assert_int_equal(rom->boots_without_table, facts[row].boots_without_table);
        assert_int_equal(rom->basic_prompt, facts[row].basic_prompt);
        assert_int_equal(rom->memory_count, facts[row].memory_count);
        assert_int_equal(rom->register_count, facts[row].register_count);
        assert_int_equal(rom->factory_register_count, facts[row].factory_register_count);
        assert_int_equal(rom->crystal_count_reg, facts[row].crystal_count_reg);
        assert_int_equal(rom->crystal_clock_reg, facts[row].crystal_clock_reg);
        assert_int_equal(rom->uart0_clkdiv_reg, facts[row].uart0_clkdiv_reg);
        assert_int_equal(rom->uart_clkdiv_bits, facts[row].uart_clkdiv_bits);
        assert_int_equal(rom->uart_clock_hz, facts[row].uart_clock_hz);
        assert_int_equal(rom->uart_clock_mhz_reg, facts[row].uart_clock_mhz_reg);
        assert_int_equal(rom->rx_ring_bytes, facts[row].rx_ring_bytes);
        assert_int_equal(rom->status_bytes, facts[row].status_bytes);
        assert_int_equal(rom->flash_read_bytes, facts[row].flash_read_bytes);
        assert_int_equal(rom->default_flash_bytes, facts[row].default_flash_bytes);
        assert_int_equal(rom->unbegun_block_bytes, facts[row].unbegun_block_bytes);
        assert_int_equal(rom->unbegun_flash_addr, facts[row].unbegun_flash_addr);
        assert_int_equal(rom->unbegun_mem_addr, facts[row].unbegun_mem_addr);
        assert_int_equal(rom->deflate_ends_with_whole_window, facts[row].deflate_ends_with_whole_window);
        assert_int_equal(rom->security_info_bytes, facts[row].security_info_bytes);
        assert_ptr_equal(rom->security, facts[row].security);
        assert_int_equal(rom->efuse_addr, facts[row].efuse_addr);
        assert_int_equal(rom->md5_ns_per_byte, facts[row].md5_ns_per_byte);
        assert_int_equal(rom->stub1_md5_ns_per_byte, facts[row].stub1_md5_ns_per_byte);
        assert_int_equal(rom->stub2_md5_ns_per_byte, facts[row].stub2_md5_ns_per_byte);
        assert_int_equal(rom->inflate_ns_per_byte, facts[row].inflate_ns_per_byte);
        assert_int_equal(rom->stub1_inflate_ns_per_byte, facts[row].stub1_inflate_ns_per_byte);
        assert_int_equal(rom->stub2_inflate_ns_per_byte, facts[row].stub2_inflate_ns_per_byte);
        assert_int_equal(rom->prints_exceptions, facts[row].prints_exceptions);
        assert_int_equal(rom->turnaround_us, facts[row].turnaround_us);
    }
}

static void security_info_tells_chip_id_and_version_of_the_chip(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        const reflash_rom_t *rom = facts[row].rom;
        for (size_t at = 0; at < sizeof(rom->security_info); at++) {
            const bool recorded = rom == &reflash_rom_esp32c3 && at == 11; /* a key purpose, as the emulator had it */
            const uint32_t expected = at == 12 ? facts[row].chip_id : at == 16 ? facts[row].eco : recorded ? 0x0C : 0;
            assert_int_equal(rom->security_info[at], expected);
        }
        assert_true(rom->security_info_bytes != 20 || rom->chip->chip_id == facts[row].chip_id);
    }
}

static void every_chip_has_one_row(void **state)
{
    (void)state;
#define ROW(name) &reflash_rom_##name,
    static const reflash_rom_t *const rows[] = {REFLASH_ALL_CHIPS(ROW)};
    assert_int_equal(sizeof(rows) / sizeof(rows[0]), FACT_COUNT - 1);
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        assert_ptr_equal(rows[row], facts[row].rom);
    }
    assert_ptr_equal(facts[FACT_COUNT - 1].rom, &reflash_rom_esp32p4_rev1); /* and one has two */
}

static bool has(const reflash_rom_t *rom, uint32_t addr)
{
    bool found = false;
    for (size_t row = 0; row < rom->memory_count; row++) {
        found = found || (addr >= rom->memory[row].start && addr < rom->memory[row].end);
    }
    return found;
}

static void registers_are_listed_in_order_and_lie_in_the_memory_of_the_chip(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        const reflash_rom_t *rom = facts[row].rom;
        for (size_t at = 0; at < rom->memory_count; at++) {
            assert_true(rom->memory[at].start < rom->memory[at].end);
        }
        for (size_t at = 0; at < rom->register_count; at++) {
            assert_true(has(rom, rom->registers[at].addr));
            assert_true(at == 0 || rom->registers[at - 1].addr < rom->registers[at].addr);
        }
    }
}

static void both_positions_of_the_boot_pin_are_boot_modes_of_the_right_kind(void **state)
{
    (void)state;
    for (size_t row = 0; row < FACT_COUNT; row++) {
        const reflash_rom_t *rom = facts[row].rom;
        bool flash = false;
        bool loader = false;
        for (size_t at = 0; at < rom->boot_mode_count; at++) {
            const reflash_boot_mode_t *mode = &rom->boot_modes[at];
            flash = flash || (mode->strapping == rom->strapping_normal && mode->what == REFLASH_BOOT_FLASH);
            loader = loader || (mode->strapping == rom->strapping_download && mode->what == REFLASH_BOOT_LOADER &&
                                mode->needs_sync);
        }
        assert_true(flash);
        assert_true(loader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_rom_row_is_as_written_down),
        cmocka_unit_test(security_info_tells_chip_id_and_version_of_the_chip),
        cmocka_unit_test(every_chip_has_one_row),
        cmocka_unit_test(registers_are_listed_in_order_and_lie_in_the_memory_of_the_chip),
        cmocka_unit_test(both_positions_of_the_boot_pin_are_boot_modes_of_the_right_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
