/* SPDX-License-Identifier: Apache-2.0 */
/** A part of ESP-IDF's header of this name. */
#pragma once

#include "driver/gpio.h"
#include "esp_err.h"

#define SDMMC_HOST_SLOT_0 0
#define SDMMC_HOST_SLOT_1 1
#define SDMMC_FREQ_DEFAULT 20000
#define SDMMC_HOST_FLAG_1BIT (1 << 0)
#define SDMMC_HOST_FLAG_4BIT (1 << 1)
#define SDMMC_HOST_FLAG_8BIT (1 << 2)
#define SDMMC_HOST_FLAG_DDR (1 << 4)
#define SDMMC_HOST_FLAG_DEINIT_ARG (1 << 5)
#define SDMMC_HOST_FLAG_ALLOC_ALIGNED_BUF (1 << 6)
#define SDMMC_SLOT_FLAG_INTERNAL_PULLUP (1 << 0)

typedef struct {
    uint32_t flags;
    int slot, max_freq_khz;
    union {
        esp_err_t (*deinit)(void);
        esp_err_t (*deinit_p)(int slot);
    };
    int command_timeout_ms;
    void *dma_aligned_buffer;
} sdmmc_host_t;

typedef struct {
    gpio_num_t clk, cmd, d0, d1, d2, d3, d4, d5, d6, d7, cd, wp;
    uint8_t width;
    uint32_t flags;
} sdmmc_slot_config_t;

#define SDMMC_HOST_DEFAULT()                                                                                           \
    {                                                                                                                  \
        .flags = SDMMC_HOST_FLAG_8BIT | SDMMC_HOST_FLAG_4BIT | SDMMC_HOST_FLAG_1BIT | SDMMC_HOST_FLAG_DDR |            \
                 SDMMC_HOST_FLAG_DEINIT_ARG,                                                                           \
        .slot = SDMMC_HOST_SLOT_1, .max_freq_khz = SDMMC_FREQ_DEFAULT, .deinit_p = sdmmc_host_deinit_slot              \
    }
#define SDMMC_SLOT_CONFIG_DEFAULT()                                                                                    \
    {                                                                                                                  \
        .cd = GPIO_NUM_NC, .wp = GPIO_NUM_NC                                                                           \
    }

esp_err_t sdmmc_host_init(void);
esp_err_t sdmmc_host_init_slot(int slot, const sdmmc_slot_config_t *config);
esp_err_t sdmmc_host_deinit_slot(int slot);
esp_err_t sdmmc_host_deinit(void);
