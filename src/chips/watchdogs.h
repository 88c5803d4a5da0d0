/* SPDX-License-Identifier: Apache-2.0 */
/** chips: registers of the watchdogs, apart from the rows of chips.h because few programs need them. */
#pragma once

#include "chips/chips.h"

#define REFLASH_WATCHDOG_KEY 0x50D83AA1u

typedef struct {
    uint8_t chip_id;
    bool resets;            /* a reset by the RTC watchdog samples the straps, and its UNLOCK is at config + 0x18 */
    uint8_t super_feed_bit; /* in super_config: it feeds itself */
    uint32_t config;        /* CONFIG0 of the RTC watchdog */
    uint32_t unlock;        /* takes REFLASH_WATCHDOG_KEY; 0 locks */
    uint32_t super_config;  /* of the super watchdog; the word behind it takes `super_key`. 0: nothing of it, nor of
                               `unlock`, is needed because there is no USB-Serial/JTAG */
    uint32_t super_key;
} reflash_watchdogs_t;

/** NULL: there is no use for any of them. */
const reflash_watchdogs_t *reflash_watchdogs_of(const reflash_chip_t *chip);
