/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  Types that both generations of the loader API share: esp_loader.h, and the one of compat/v1. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_loader_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Chips ----------------------------------------------------------------------------------------- */

/** Programs index arrays of ESP_MAX_CHIP entries by these, so no larger value is ever returned. */
typedef enum {
    ESP8266_CHIP = 0,
    ESP32_CHIP = 1,
    ESP32S2_CHIP = 2,
    ESP32C3_CHIP = 3,
    ESP32S3_CHIP = 4,
    ESP32C2_CHIP = 5,
    ESP32C5_CHIP = 6,
    ESP32H2_CHIP = 7,
    ESP32C6_CHIP = 8,
    ESP32P4_CHIP = 9,
    ESP32C61_CHIP = 10,
    ESP_MAX_CHIP = 11,
    ESP_UNKNOWN_CHIP = 11
} target_chip_t;

/* --- Arguments and results ------------------------------------------------------------------------- */

/** How to connect. */
typedef struct {
    uint32_t sync_timeout; /*!< How long to wait for the answer to one SYNC, ms; 1 to a day (86,400,000). */
    int32_t trials;        /*!< How many times to reset the target and try; each reset is followed by up to
                                five SYNCs, because a first one only trains the target's receiver. */
} esp_loader_connect_args_t;

/** Initial value of an esp_loader_connect_args_t: 100 ms, ten trials. */
#define ESP_LOADER_CONNECT_DEFAULT()                                                                                   \
    {                                                                                                                  \
        100, 10                                                                                                        \
    }

/** Start of an application or bootloader image. */
typedef struct {
    uint8_t magic;           /*!< 0xE9. */
    uint8_t segments;        /*!< Number of segments, at most 16. */
    uint8_t flash_mode;      /*!< 0 QIO, 1 QOUT, 2 DIO, 3 DOUT. */
    uint8_t flash_size_freq; /*!< High nibble size code, low nibble frequency code. */
    uint32_t entrypoint;     /*!< Where the program starts. */
} esp_loader_bin_header_t;

/** What a target's efuses say about security. */
typedef struct {
    target_chip_t target_chip;                  /*!< The connected chip. */
    uint32_t eco_version;                       /*!< Revision of its mask ROM; 0 where it does not tell (ESP32-S2). */
    bool secure_boot_enabled;                   /*!< It starts nothing that is not signed. */
    bool secure_boot_aggressive_revoke_enabled; /*!< A signature that fails revokes its key. */
    bool secure_download_mode_enabled;          /*!< Its loader takes little but writes to the flash. */
    bool secure_boot_revoked_keys[3];           /*!< Keys that count no more. */
    bool jtag_software_disabled;                /*!< JTAG is off, until a program turns it on. */
    bool jtag_hardware_disabled;                /*!< JTAG is off for good. */
    bool usb_disabled;                          /*!< No USB. */
    bool flash_encryption_enabled;              /*!< What it reads from its flash is decrypted. */
    bool dcache_in_uart_download_disabled;      /*!< No data cache while a loader runs. */
    bool icache_in_uart_download_disabled;      /*!< No instruction cache while a loader runs. */
} esp_loader_target_security_info_t;

/** Leave the calling function with the error of `x`, if it is one. */
#define RETURN_ON_ERROR(x)                                                                                             \
    do {                                                                                                               \
        esp_loader_error_t return_on_error_ = (x);                                                                     \
        if (return_on_error_ != ESP_LOADER_SUCCESS) {                                                                  \
            return return_on_error_;                                                                                   \
        }                                                                                                              \
    } while (0)

#ifdef __cplusplus
}
#endif
