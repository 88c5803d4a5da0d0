/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  Generation 1.8 of the loader API, by names of ours; esp_loader.h in this folder gives them their old ones.
 *
 *  There is one target and one context, kept in the library flasher_v1, so: one thread. What is not said here
 *  is as for the function of the same name in the 2.x header, errors included. Calls before a connect answer
 *  INVALID_PARAM and touch nothing. */
#pragma once

#include "esp_loader_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Connecting ------------------------------------------------------------------------------------ */

/** Reset the target into its loader over a serial line, and find out which chip it is. */
esp_loader_error_t reflash_v1_connect(esp_loader_connect_args_t *connect_args);
/** The same over SPI; the program links loader_port_spi_set_cs(). */
esp_loader_error_t reflash_v1_connect_spi(esp_loader_connect_args_t *connect_args);
/** The same over SDIO; the program links the SDIO port functions. */
esp_loader_error_t reflash_v1_connect_sdio(esp_loader_connect_args_t *connect_args);
/** Connect over a serial line, then upload and run the RAM stub. */
esp_loader_error_t reflash_v1_connect_with_stub(esp_loader_connect_args_t *connect_args);
/** Connect to a target in secure download mode, whose flash holds `flash_size` bytes. `target_chip`: what the
 *  program takes the chip for, or ESP_UNKNOWN_CHIP. INVALID_TARGET: it is another one. */
esp_loader_error_t reflash_v1_connect_secure_download_mode(esp_loader_connect_args_t *connect_args, uint32_t flash_size,
                                                           target_chip_t target_chip);
/** The chip found by the last connect; ESP_UNKNOWN_CHIP before one. */
target_chip_t reflash_v1_get_target(void);
/** Reset the target into its application. Works without a connection. */
void reflash_v1_reset_target(void);

/** Set both ends to `transmission_rate` baud and prove it; the port's function is called from here. A program
 *  that sets its own end once more, as programs of this generation do, changes nothing. UNSUPPORTED_FUNC: the
 *  chip cannot, or the program has no loader_port_change_transmission_rate(); nothing changed. */
esp_loader_error_t reflash_v1_change_transmission_rate(uint32_t transmission_rate);
/** The same; the old rate is known. */
esp_loader_error_t reflash_v1_change_transmission_rate_stub(uint32_t old_transmission_rate,
                                                            uint32_t new_transmission_rate);

/* --- Flash ----------------------------------------------------------------------------------------- */

/** Begin a write of `image_size` bytes at `offset` and erase every sector it touches. `block_size`: size of the
 *  buffer handed to the write function, a multiple of 4. */
esp_loader_error_t reflash_v1_flash_start(uint32_t offset, uint32_t image_size, uint32_t block_size);
/** Write the next block. `payload` has room for block_size bytes: what is behind its first `size` is set to
 *  0xFF and belongs to the block. What leaves the image at its end is not written. INVALID_PARAM: `size` is
 *  more than a block. IMAGE_SIZE: the image is complete already. */
esp_loader_error_t reflash_v1_flash_write(void *payload, uint32_t size);
/** End a write. `reboot`: if that succeeded, reset the target into its application. Compares nothing. */
esp_loader_error_t reflash_v1_flash_finish(bool reboot);
/** Compare what was written since the last start with the flash, by MD5; before or after the end of the write.
 *  IMAGE_SIZE: the image is not complete. */
esp_loader_error_t reflash_v1_flash_verify(void);
/** Compare a range with an MD5 of 32 hexadecimal digits. */
esp_loader_error_t reflash_v1_flash_verify_known_md5(uint32_t address, uint32_t size, const uint8_t *expected_md5);
/** The size of the flash part, bytes. */
esp_loader_error_t reflash_v1_flash_detect_size(uint32_t *flash_size);
/** Read `length` bytes from flash address `address`. */
esp_loader_error_t reflash_v1_flash_read(uint8_t *buf, uint32_t address, uint32_t length);
/** Erase the whole flash part. */
esp_loader_error_t reflash_v1_flash_erase(void);
/** Erase a range of whole sectors. */
esp_loader_error_t reflash_v1_flash_erase_region(uint32_t offset, uint32_t size);

/* --- RAM, registers, identity ---------------------------------------------------------------------- */

/** Begin a write of `size` bytes to RAM address `offset`. */
esp_loader_error_t reflash_v1_mem_start(uint32_t offset, uint32_t size, uint32_t block_size);
/** Write the next `size` bytes, at most a block; nothing is padded. */
esp_loader_error_t reflash_v1_mem_write(const void *payload, uint32_t size);
/** End a write to RAM; `entrypoint` 0: the loader stays, else it jumps there. */
esp_loader_error_t reflash_v1_mem_finish(uint32_t entrypoint);
/** The factory MAC address, 6 bytes. */
esp_loader_error_t reflash_v1_read_mac(uint8_t *mac);
/** Write a 32-bit word of the target's memory. */
esp_loader_error_t reflash_v1_write_register(uint32_t address, uint32_t reg_value);
/** Read one. */
esp_loader_error_t reflash_v1_read_register(uint32_t address, uint32_t *reg_value);
/** What the efuses say about security. */
esp_loader_error_t reflash_v1_get_security_info(esp_loader_target_security_info_t *security_info);

/* --- The port: the program brings these -------------------------------------------------------------- */
/* They promise what the members of the 2.x port's table do. Under ESP-IDF the component has them for UARTs:
 * compat/v1/esp_idf/esp32_port.h. */

#ifdef SERIAL_FLASHER_INTERFACE_SDIO
/** Write to an address of one of the card's functions. */
esp_loader_error_t loader_port_write(uint32_t function, uint32_t addr, const uint8_t *data, uint16_t size,
                                     uint32_t timeout);
/** Read from one. */
esp_loader_error_t loader_port_read(uint32_t function, uint32_t addr, uint8_t *data, uint16_t size, uint32_t timeout);
/** Find the card. */
esp_loader_error_t loader_port_sdio_card_init(void);
#else
/** Send all `size` bytes within `timeout` ms. */
esp_loader_error_t loader_port_write(const uint8_t *data, uint16_t size, uint32_t timeout);
/** Receive exactly `size` bytes within `timeout` ms. */
esp_loader_error_t loader_port_read(uint8_t *data, uint16_t size, uint32_t timeout);
#endif
/** Reset the target with its boot strap held, so that its loader runs. */
void loader_port_enter_bootloader(void);
/** Reset the target into its application. */
void loader_port_reset_target(void);
/** Wait. */
void loader_port_delay_ms(uint32_t ms);
/** Start a countdown. */
void loader_port_start_timer(uint32_t ms);
/** What is left of it, ms; 0 once it ran out. */
uint32_t loader_port_remaining_time(void);
/** May be missing: then the rate cannot be changed. UNSUPPORTED_FUNC: a rate means nothing to this link. */
esp_loader_error_t loader_port_change_transmission_rate(uint32_t transmission_rate);
/** May be missing. Takes a line of the log, without its end; see SERIAL_FLASHER_LOG_LEVEL. */
void loader_port_debug_print(const char *str);
/** SPI only. */
void loader_port_spi_set_cs(uint32_t level);

#ifdef __cplusplus
}
#endif
