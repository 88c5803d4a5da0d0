/* SPDX-License-Identifier: Apache-2.0 */
/** The fake of driver/spi_master.h, whose one bus leads to a virtual SPI slave. */
#pragma once

#include "spi_slave.h"

typedef struct {
    bool is_on, is_acquired;
    int clk, miso, mosi, wp, hd; /* pins */
    int devices;
    int clock_hz, mode;
    unsigned transactions;
} fake_spi_t;

/** `new_slave` is selected by `cs_pin`; call fake_spi_select() when that moves. */
void fake_spi_start(espsim_spi_t *new_slave);
void fake_spi_select(bool level);
const fake_spi_t *fake_spi(void);
