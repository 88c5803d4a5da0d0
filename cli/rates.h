/* SPDX-License-Identifier: Apache-2.0 */
/** rates: at which rate a job talks where the user names none: higher than the first one as soon as the job is expected
 *  to be shorter for it, the change included. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reflash/rate.h"
#include "target.h"

/** What a job does to the flash. */
typedef enum {
    RATES_OTHER,  /* nothing that is known beforehand: the rate is raised at once */
    RATES_VERIFY, /* asks about each image */
    RATES_DIFF,   /* searches */
    RATES_FLASH,  /* searches, and writes what differs */
    RATES_REWRITE /* writes all */
} rates_job_t;

/** What the choice goes by, and which there is. */
typedef struct {
    rates_job_t job;
    uint32_t images, sectors; /* of the whole content */
    bool has_packed;
    bool may_stub;
    bool search; /* as high as the line bears */
    bool open;   /* it may still be raised: rates_begin() says so */
} rates_t;

/** Measure the line of a connected target by reading its MAC, and have the library's time limits follow. */
esp_loader_error_t rates_measure(target_t *target, uint8_t mac[6]);

/** The rate for a connected target whose line was measured, by what is known before it was asked: for
 *  target_raise_baud(). target->baud: it stays. */
uint32_t rates_begin(rates_t *rates, const target_t *target);

/** The same once it was asked, and so many sectors will be written. */
uint32_t rates_for_data(const rates_t *rates, const target_t *target, uint32_t sectors);
