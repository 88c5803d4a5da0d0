/* SPDX-License-Identifier: Apache-2.0 */
/** A virtual chip of any kind, a loader context on the other end, and what the calls of the API work on. */
#pragma once

#include "bundle_writer.h"
#include "refusing_port.h"
#include "reflash_engine.h"

enum { FLASH_BYTES = 1 << 18, DATA_BYTES = 512, FLASH_ADDR = 0x3000, CHIP_COUNT = ESP_MAX_CHIP };

typedef struct {
    const char *name, *title;
    uint32_t ram_addr; /* neither ROM nor stub uses it */
} api_chip_t;

/** By target_chip_t. */
extern const api_chip_t chips[];

typedef enum { ROM, STUB, SDIO_STUB, MODE_COUNT } talk_t;

/** Whether the chip can be talked to so. */
bool chip_has(target_chip_t chip, talk_t mode);

typedef struct {
    target_chip_t chip;
    talk_t talks_to;
    espsim_t *sim;
    uint8_t *flash;
    refusing_port_t port;
    refusing_card_t card; /* in its place, over SDIO */
    esp_loader_t loader;
    esp_loader_connect_args_t args;
    /* What the calls work on. */
    esp_loader_flash_cfg_t write;
    esp_loader_flash_deflate_cfg_t deflate;
    esp_loader_mem_cfg_t load;
    uint8_t data[DATA_BYTES], packed[2 * DATA_BYTES], answer[DATA_BYTES];
    uint32_t value;
    esp_loader_target_security_info_t info;
    reflash_target_t target;
    bundle_t bundle;
} bench_t;

extern bench_t bench;

/** A fresh chip that is not connected. `is_locked`: in secure download mode, if it has that. */
void bench_start(target_chip_t chip, talk_t talks_to, bool over_sdio, bool is_locked);
void bench_end(void);

/** Of what passed, more after every question. */
uint64_t bench_sent(void);
