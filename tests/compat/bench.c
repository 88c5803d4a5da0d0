/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(bench_image_t *image, const char *name, uint32_t flash_addr, uint32_t size)
{
    uint8_t digest[16];
    image->name = name;
    image->flash_addr = flash_addr;
    image->size = size;
    for (uint32_t at = 0; at < size; at++) {
        image->data[at] = (uint8_t)(at * 31 + flash_addr / 4096 + (at >> 8));
    }
    if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), image->data, size, digest) != 0) {
        abort();
    }
    for (unsigned at = 0; at < sizeof(digest); at++) {
        (void)snprintf((char *)image->md5 + 2 * (size_t)at, 3, "%02x", digest[at]);
    }
}

void bench_start(bench_t *bench, const char *chip)
{
    memset(bench, 0, sizeof(*bench));
    bench->flash = calloc(BENCH_FLASH_BYTES, 1); /* all 0: what was not erased cannot be written */
    bench->sim = bench->flash == NULL ? NULL
                                      : espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name(chip),
                                                                         .flash = bench->flash,
                                                                         .flash_bytes = BENCH_FLASH_BYTES,
                                                                         .timing = espsim_timing_typical()});
    if (bench->sim == NULL) {
        abort();
    }
    fill(&bench->images[0], "bootloader", 0x1000, 5003); /* odd: the last block needs padding */
    fill(&bench->images[1], "partition table", 0x8000, 3072);
    fill(&bench->images[2], "application", 0x10000, 6000);
}

void bench_end(bench_t *bench)
{
    espsim_destroy(bench->sim);
    free(bench->flash);
}

bool bench_holds_images(const bench_t *bench)
{
    for (unsigned at = 0; at < BENCH_IMAGES; at++) {
        const bench_image_t *image = &bench->images[at];
        if (memcmp(bench->flash + image->flash_addr, image->data, image->size) != 0) {
            return false;
        }
    }
    return true;
}
