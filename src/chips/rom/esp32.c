/* SPDX-License-Identifier: Apache-2.0 */
/* ESP32, the ECO3 mask ROM ("ets Jul 29 2019"). Texts and codes are as that ROM code gave them when run in an
 * emulator (tests/conformance/traces). */
#include "chips/rom.h"

static const reflash_boot_mode_t boot_modes[] = {
    {0x03, REFLASH_BOOT_LOADER, true, "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2)", "waiting for download\r\n"},
    {0x0F, REFLASH_BOOT_LOADER, true, "UART_BOOT(UART0)", ""},
    {0x12, REFLASH_BOOT_FLASH, false, "SPI_FAST_FLASH_BOOT", ""},
    {0x13, REFLASH_BOOT_FLASH, false, "SPI_FAST_FLASH_BOOT", ""},
};

static const reflash_memory_range_t memory[] = {
    {0x3F400000, 0x3F800000}, /* mapped flash, reads as 0 while nothing is mapped */
    {0x3FF00000, 0x3FF80000}, /* peripherals */
    {0x3FF80000, 0x3FF82000}, /* RTC fast memory */
    {0x3FF90000, 0x3FFA0000}, /* internal ROM 1 */
    {0x3FFAE000, 0x40000000}, /* SRAM 2 and 1, data bus */
    {0x40000000, 0x400C4000}, /* internal ROM 0, SRAM 0 and 1, RTC fast memory, instruction bus */
    {0x50000000, 0x50002000}, /* RTC slow memory */
};

static const reflash_register_value_t registers[] = {
    {0x3FF40014, 0x0000015A}, /* UART0 divider after auto-baud at 115200 */
    {0x3FF40078, 0x15122500}, /* UART version */
    {0x3FF5A004, 0xC4123456}, /* efuse: MAC 24:0a:c4:12:34:56 */
    {0x3FF5A008, 0x00F5240A}, /* efuse: its other half, and a CRC */
    {0x3FF5A00C, 0x00008000}, /* efuse: chip revision bit */
    {0x3FF5A014, 0x00100000}, /* efuse: chip revision bit */
    {0x3FF6607C, 0x96042000}, /* date of the APB controller; its highest bit belongs to the chip revision */
    {0x40001000, 0x00F01D83}, /* ROM code; the first word tells the chip */
    {0x40001004, 0x65004136}, /* ... its second word */
    {0x40001008, 0x2A820AE8}, /* ... its third word */
    {0x4000100C, 0x203AA00E}, /* ... its fourth word */
};

/* What a flasher needs to know how far the ROM is off with its estimate of the crystal: 39.995 MHz here. */
static const reflash_register_value_t factory_registers[] = {
    {0x3FF5A010, 0x00000034}, /* efuse: frequency of the 8 MHz clock, as burned at the factory */
    {0x3FF5F06C, 0x0003D880}, /* timer group 0: periods of the crystal in 40 of the slow clock, from bit 7 */
};

const reflash_rom_t reflash_rom_esp32 = {
    .chip = &reflash_chip_esp32,
    .banner = "ets Jul 29 2019 12:21:46\r\n\r\n",
    .power_on_name = "POWERON_RESET",
    .software_name = "SW_RESET",
    .brown_out_name = "RTCWDT_BROWN_OUT_RESET",
    .power_on_code = 0x1,
    .software_code = 0x3,
    .loader_left = "flash read err, 631\r\nFalling back to built-in command interpreter.\r\nOK\r\n>",
    .user_code_done = "user code done\r\n",
    .boot_modes = boot_modes,
    .boot_mode_count = sizeof(boot_modes) / sizeof(boot_modes[0]),
    .strapping_normal = 0x13,
    .strapping_download = 0x03,
    .boot_baud = 115200,
    .boot_pins = "configsip: 0, SPIWP:0xee\r\n"
                 "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\n",
    .boot_log = REFLASH_BOOT_LOG_DECIMAL,
    .image_header_bytes = 24,
    .basic_prompt = true,
    .memory = memory,
    .memory_count = sizeof(memory) / sizeof(memory[0]),
    .registers = registers,
    .register_count = sizeof(registers) / sizeof(registers[0]),
    .factory_registers = factory_registers,
    .factory_register_count = sizeof(factory_registers) / sizeof(factory_registers[0]),
    .crystal_count_reg = 0x3FF5F06C,
    .crystal_clock_reg = 0x3FF5A010,
    .uart0_clkdiv_reg = 0x3FF40014,
    .invalid_header_lines = 1,
    .uart_clkdiv_bits = 20,
    .uart_clock_hz = 26000000, /* what the recorded ROM believed its crystal to be, for want of the above */
    .rx_ring_bytes = 256,
    .status_bytes = 4,
    .flash_read_bytes = 64,
    .default_flash_bytes = 0x200000,
    .deflate_ends_with_whole_window = true,
    .security = &reflash_rom_security_esp32,
    .efuse_addr = 0x3FF5A000,
    .md5_ns_per_byte = 2330,
    .stub1_md5_ns_per_byte = 2000,
    .stub2_md5_ns_per_byte = 800,
    .inflate_ns_per_byte = 1000,
    .stub1_inflate_ns_per_byte = 1000,
    .stub2_inflate_ns_per_byte = 200,
    .prints_exceptions = true,
    .turnaround_us = 200,
};
