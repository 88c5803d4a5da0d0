/* SPDX-License-Identifier: Apache-2.0 */
/** A virtual chip and the images of a build, for programs of either generation. Knows neither API. */
#pragma once

#include "espsim.h"

enum { BENCH_IMAGES = 3, BENCH_FLASH_BYTES = 1 << 20 };

/** What a build script emits beside each image. */
typedef struct {
    const char *name;
    uint32_t flash_addr;
    uint32_t size;
    uint8_t data[6000];
    uint8_t md5[33]; /* hexadecimal digits */
} bench_image_t;

typedef struct {
    espsim_t *sim;
    uint8_t *flash;
    bench_image_t images[BENCH_IMAGES];
} bench_t;

/** What a job tells. */
typedef struct {
    int error; /* an esp_loader_error_t */
    unsigned skipped, written;
} job_result_t;

void bench_start(bench_t *bench, const char *chip);
void bench_end(bench_t *bench);
bool bench_holds_images(const bench_t *bench);

/** The programs: keep the target at the images, sending those it does not hold. */
job_result_t v1_program(espsim_t *sim, const bench_image_t *images, unsigned image_count);
job_result_t v2_program(espsim_t *sim, const bench_image_t *images, unsigned image_count);
