/* SPDX-License-Identifier: Apache-2.0 */
/* How much faster than a board a virtual chip in the same process is: 1 MiB of random bytes to a blank chip at 921600
 * baud, compared before and after, by our own engine. Virtual seconds by seconds of this process' CPU.
 *
 *     speed [FLOOR]   exit status 1 below FLOOR times (200) */
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "port.h"
#include "reflash.h"

enum { IMAGE_BYTES = 1 << 20, FLASH_BYTES = 4 << 20, IMAGE_ADDR = 0x10000, BAUD = 921600, RUNS = 3 };

static uint8_t image[IMAGE_BYTES];
static uint8_t image_md5[16];
static uint8_t flash[FLASH_BYTES];

static double cpu_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Virtual seconds of one write; negative: it failed. */
static double write_image(const char *chip)
{
    memset(flash, 0xFF, sizeof(flash));
    espsim_t *sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name(chip),
                                                     .flash = flash,
                                                     .flash_bytes = sizeof(flash),
                                                     .timing = espsim_timing_typical()});
    if (sim == NULL) {
        return -1;
    }
    espsim_port_t port = {.port = {&espsim_port_ops}, .sim = sim, .baud = 115200};
    esp_loader_t loader;
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 10};
    reflash_image_t images[] = {{.flash_addr = IMAGE_ADDR, .data = image, .bytes = sizeof(image)}};
    memcpy(images[0].md5, image_md5, sizeof(image_md5));
    reflash_job_t job = {.block_bytes = 4096};
    const bool written = esp_loader_init_serial(&loader, &port.port) == ESP_LOADER_SUCCESS &&
                         esp_loader_connect(&loader, &args) == ESP_LOADER_SUCCESS &&
                         esp_loader_change_transmission_rate(&loader, BAUD) == ESP_LOADER_SUCCESS &&
                         reflash_update(&loader, images, 1, &job) == ESP_LOADER_SUCCESS &&
                         memcmp(flash + IMAGE_ADDR, image, sizeof(image)) == 0;
    const double virtual_s = (double)espsim_now(sim) * 1e-9;
    espsim_destroy(sim);
    return written ? virtual_s : -1;
}

int main(int argc, char **argv)
{
    static const char *const chips[] = {"esp32", "esp32c3"};
    const double floor_times = argc > 1 ? strtod(argv[1], NULL) : 200;
    int status = EXIT_SUCCESS;
    uint32_t seed = 1;
    for (size_t at = 0; at < sizeof(image); at++) {
        seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
        image[at] = (uint8_t)(seed >> 24);
    }
    if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), image, sizeof(image), image_md5) != 0) {
        return EXIT_FAILURE;
    }
    (void)printf("%-8s %12s %12s %8s\n", "chip", "virtual s", "CPU s", "times");
    for (size_t chip = 0; chip < sizeof(chips) / sizeof(chips[0]); chip++) {
        double best_times = 0;
        for (unsigned run = 0; run < RUNS; run++) { /* the best: what disturbs only ever adds */
            const double began_s = cpu_s();
            const double virtual_s = write_image(chips[chip]);
            const double took_s = cpu_s() - began_s;
            if (virtual_s < 0) {
                (void)fprintf(stderr, "%s: the image was not written\n", chips[chip]);
                return EXIT_FAILURE;
            }
            (void)printf("%-8s %12.3f %12.4f %8.0f\n", chips[chip], virtual_s, took_s, virtual_s / took_s);
            best_times = virtual_s / took_s > best_times ? virtual_s / took_s : best_times;
        }
        if (best_times < floor_times) {
            (void)fprintf(stderr, "%s: %.0f times real time are less than %.0f\n", chips[chip], best_times,
                          floor_times);
            status = EXIT_FAILURE;
        }
    }
    return status;
}
