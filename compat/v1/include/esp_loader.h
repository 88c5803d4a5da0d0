/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  The loader API of generation 1.8: functions without a context, for one target at a time.
 *
 *  A program for it finds this header by putting the folder in front of the other one (the CMake target
 *  flasher_v1 does, and the component of ESP-IDF with SERIAL_FLASHER_API_V1), and defines, for all of its
 *  files alike:
 *    SERIAL_FLASHER_INTERFACE_UART, _USB, _SPI or _SDIO  what the target hangs on; none: _UART
 *    MD5_ENABLED                                         1: with the functions that compare; none: 0
 *  Its functions carry names of ours underneath, so that files of both generations go into one program. They
 *  are described in reflash_v1.h. */
#pragma once

#include "reflash_v1.h"

#ifndef MD5_ENABLED
#define MD5_ENABLED 0
#endif

/** A segment of an image, as a program describes it. */
typedef struct {
    uint32_t addr; /*!< Load address. */
    uint32_t size; /*!< Bytes. */
    uint8_t *data; /*!< Where the segment's bytes are; not owned. */
} esp_loader_bin_segment_t;

#if defined(SERIAL_FLASHER_INTERFACE_SPI)
#define esp_loader_connect reflash_v1_connect_spi
#elif defined(SERIAL_FLASHER_INTERFACE_SDIO)
#define esp_loader_connect reflash_v1_connect_sdio
#else
#define esp_loader_connect reflash_v1_connect
#define esp_loader_connect_with_stub reflash_v1_connect_with_stub
#define esp_loader_connect_secure_download_mode reflash_v1_connect_secure_download_mode
#define esp_loader_flash_read reflash_v1_flash_read
#define esp_loader_flash_erase reflash_v1_flash_erase
#define esp_loader_flash_erase_region reflash_v1_flash_erase_region
#define esp_loader_change_transmission_rate_stub reflash_v1_change_transmission_rate_stub
#define esp_loader_get_security_info reflash_v1_get_security_info
#endif

#ifndef SERIAL_FLASHER_INTERFACE_SPI
#define esp_loader_flash_start reflash_v1_flash_start
#define esp_loader_flash_write reflash_v1_flash_write
#define esp_loader_flash_finish reflash_v1_flash_finish
#define esp_loader_flash_detect_size reflash_v1_flash_detect_size
#endif

#ifndef SERIAL_FLASHER_INTERFACE_SDIO
#define esp_loader_change_transmission_rate reflash_v1_change_transmission_rate
#define esp_loader_change_baudrate reflash_v1_change_transmission_rate
#endif

#define esp_loader_get_target reflash_v1_get_target
#define esp_loader_mem_start reflash_v1_mem_start
#define esp_loader_mem_write reflash_v1_mem_write
#define esp_loader_mem_finish reflash_v1_mem_finish
#define esp_loader_read_mac reflash_v1_read_mac
#define esp_loader_write_register reflash_v1_write_register
#define esp_loader_read_register reflash_v1_read_register
#define esp_loader_reset_target reflash_v1_reset_target

#if MD5_ENABLED
#define esp_loader_flash_verify reflash_v1_flash_verify
#define esp_loader_flash_verify_known_md5 reflash_v1_flash_verify_known_md5
#endif
