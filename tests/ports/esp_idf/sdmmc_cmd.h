/* SPDX-License-Identifier: Apache-2.0 */
/** A part of ESP-IDF's header of this name. */
#pragma once

#include "driver/sdmmc_host.h"

typedef struct {
    sdmmc_host_t host;
} sdmmc_card_t;

esp_err_t sdmmc_card_init(const sdmmc_host_t *host, sdmmc_card_t *card);
esp_err_t sdmmc_io_read_byte(sdmmc_card_t *card, uint32_t function, uint32_t addr, uint8_t *byte);
esp_err_t sdmmc_io_write_byte(sdmmc_card_t *card, uint32_t function, uint32_t addr, uint8_t byte, uint8_t *read_back);
esp_err_t sdmmc_io_read_bytes(sdmmc_card_t *card, uint32_t function, uint32_t addr, void *data, size_t size);
esp_err_t sdmmc_io_write_bytes(sdmmc_card_t *card, uint32_t function, uint32_t addr, const void *data, size_t size);
