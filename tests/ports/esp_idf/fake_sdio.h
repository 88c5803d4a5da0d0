/* SPDX-License-Identifier: Apache-2.0 */
/** The fake of driver/sdmmc_host.h and sdmmc_cmd.h, whose one slot holds a virtual card. */
#pragma once

#include "sdio_slave.h"

typedef struct {
    bool host_is_on, slot_is_on;
    int slot, width, clk, cmd, d0, d1, d2, d3, freq_khz;
    uint32_t slot_flags, host_flags;
    unsigned cmd52, cmd53;
} fake_sdio_t;

void fake_sdio_start(espsim_sdio_t *card);
const fake_sdio_t *fake_sdio(void);
