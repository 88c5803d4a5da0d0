/* SPDX-License-Identifier: Apache-2.0 */
/** chips: registers of the watchdogs, apart from the rows of chips.h because few programs need them. */
#pragma once

#include "chips/chips.h"

#define REFLASH_WATCHDOG_KEY 0x50D83AA1u

typedef struct {
    uint8_t chip_id;
    uint8_t super_feed_bit; /* in super_config: it feeds itself */
    uint32_t config;        /* CONFIG0 of the RTC watchdog */
    uint32_t unlock;        /* takes REFLASH_WATCHDOG_KEY; 0 locks */
    uint32_t super_config;  /* of the super watchdog; the word behind it takes `super_key` */
    uint32_t super_key;
} reflash_watchdogs_t;

/** NULL: the chip has no USB-Serial/JTAG, or nothing has to be done there. */
const reflash_watchdogs_t *reflash_watchdogs_of(const reflash_chip_t *chip);
