/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever goes wrong once, wherever it goes wrong: a job ends in bounded time, never claims success on wrong
 * content, and the same job on a healthy link finishes. Every position of a small job; with the arguments
 * "slice SEED PARTS" one in PARTS of them, with "large SEED RUNS" a seeded sample of positions of a 1 MiB job. */
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "reflash.h"

/* --- The job --------------------------------------------------------------------------------------------- */

enum {
    SMALL_FLASH_BYTES = 1 << 18,
    LARGE_FLASH_BYTES = 1 << 22,
    IMAGE_COUNT = 3,
    FILL = 0x5A, /* what the flash holds before */
    RAISED_BAUD = 460800,
    FIRST_BAUD = 115200
};

/* The promise of docs/architecture.md: a job of the small size ends within this, whatever goes wrong. */
static const uint64_t small_job_ns_max = UINT64_C(120) * 1000000000;
static const uint64_t large_job_ns_max = UINT64_C(600) * 1000000000;

typedef struct {
    const reflash_rom_t *rom;
    uint32_t flash_bytes;
    uint8_t *flash;
    uint8_t *content; /* all images' data, one behind the other */
    reflash_image_t images[IMAGE_COUNT];
    uint64_t ns_max;
    uint64_t longest_ns;
    uint64_t runs, finished, outside_touched;
    uint32_t outside_bytes_max;
} sweep_t;

static void check(bool good, const char *what, const char *fault, uint64_t n)
{
    if (!good) {
        (void)fprintf(stderr, "FAILED: %s (%s at %llu)\n", what, fault, (unsigned long long)n);
        abort();
    }
}

static espsim_t *new_sim(const sweep_t *sweep)
{
    espsim_t *sim = espsim_create(&(espsim_config_t){.rom = sweep->rom,
                                                     .flash = sweep->flash,
                                                     .flash_bytes = sweep->flash_bytes,
                                                     .timing = espsim_timing_typical()});
    check(sim != NULL, "a virtual chip", "-", 0);
    return sim;
}

/* Connect, raise the rate, bring the images there: what a host does, with no second try around it. */
static esp_loader_error_t run_job(sweep_t *sweep, espsim_port_t *port)
{
    esp_loader_t loader;
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 3};
    reflash_job_t job = {.block_bytes = sweep->flash_bytes == SMALL_FLASH_BYTES ? 256 : 4096};
    esp_loader_error_t err = esp_loader_init_serial(&loader, &port->port);
    err = err == ESP_LOADER_SUCCESS ? esp_loader_connect(&loader, &args) : err;
    err = err == ESP_LOADER_SUCCESS ? esp_loader_change_transmission_rate(&loader, RAISED_BAUD) : err;
    return err == ESP_LOADER_SUCCESS ? reflash_update(&loader, sweep->images, IMAGE_COUNT, &job) : err;
}

static bool images_are_there(const sweep_t *sweep)
{
    for (unsigned at = 0; at < IMAGE_COUNT; at++) {
        const reflash_image_t *image = &sweep->images[at];
        if (memcmp(sweep->flash + image->flash_addr, image->data, image->bytes) != 0) {
            return false;
        }
    }
    return true;
}

/* How much of the flash outside the images' sectors is not as it was. */
static uint32_t outside_touched(const sweep_t *sweep)
{
    uint32_t touched = 0;
    for (uint32_t sector = 0; sector < sweep->flash_bytes / REFLASH_SECTOR_BYTES; sector++) {
        bool inside = false;
        for (unsigned at = 0; at < IMAGE_COUNT; at++) {
            const reflash_image_t *image = &sweep->images[at];
            const uint32_t first = image->flash_addr / REFLASH_SECTOR_BYTES;
            inside = inside || (sector >= first && sector <= first + (image->bytes - 1) / REFLASH_SECTOR_BYTES);
        }
        const uint8_t *cells = sweep->flash + sector * REFLASH_SECTOR_BYTES;
        for (uint32_t at = 0; !inside && at < REFLASH_SECTOR_BYTES; at++) {
            touched += cells[at] != FILL ? 1 : 0;
        }
    }
    return touched;
}

/* One job with one fault, then the same job without. */
static void run_with(sweep_t *sweep, const espsim_faults_t *faults, uint64_t fail_call, const char *fault, uint64_t n)
{
    memset(sweep->flash, FILL, sweep->flash_bytes);
    espsim_t *sim = new_sim(sweep);
    espsim_set_faults(sim, faults);
    espsim_port_t port = {.port = {&espsim_port_ops}, .sim = sim, .baud = FIRST_BAUD, .fail_call = fail_call};
    const esp_loader_error_t err = run_job(sweep, &port);
    const uint64_t took_ns = espsim_now(sim);
    check(took_ns <= sweep->ns_max, "the job takes too long", fault, n);
    check(err != ESP_LOADER_SUCCESS || images_are_there(sweep), "success on wrong content", fault, n);
    sweep->longest_ns = took_ns > sweep->longest_ns ? took_ns : sweep->longest_ns;
    sweep->runs++;
    sweep->finished += err == ESP_LOADER_SUCCESS ? 1 : 0;
    const uint32_t outside = outside_touched(sweep);
    sweep->outside_touched += outside > 0 ? 1 : 0;
    sweep->outside_bytes_max = outside > sweep->outside_bytes_max ? outside : sweep->outside_bytes_max;

    espsim_set_faults(sim, &(espsim_faults_t){0});
    espsim_power_cycle(sim);
    port = (espsim_port_t){.port = {&espsim_port_ops}, .sim = sim, .baud = FIRST_BAUD};
    check(run_job(sweep, &port) == ESP_LOADER_SUCCESS, "a rerun on a healthy link does not finish", fault, n);
    check(images_are_there(sweep), "a rerun leaves wrong content", fault, n);
    espsim_destroy(sim);
}

/* --- Faults ---------------------------------------------------------------------------------------------- */

typedef enum { TO_TARGET, FROM_TARGET, PORT_CALLS, FLASH_OPS, DIGESTS, DIMENSIONS } dimension_t;

typedef struct {
    const char *name;
    dimension_t dimension; /* what n counts                                        */
    uint32_t step;         /* of a small job, every so many positions              */
    espsim_fault_t fault;  /* without n. A flip without mask: another bit at every position */
} fault_t;

/* In one run of 4 positions and more, those that follow each other differ enough. */
enum { ALL = 1, SOME = 5, FEW = 13 };

static const fault_t faults[] = {
    {"byte to target lost", TO_TARGET, ALL, {.kind = ESPSIM_FAULT_DROP_TO_TARGET}},
    {"byte to target flipped", TO_TARGET, ALL, {.kind = ESPSIM_FAULT_FLIP_TO_TARGET}},
    {"byte to target inverted", TO_TARGET, ALL, {.kind = ESPSIM_FAULT_FLIP_TO_TARGET, .mask = 0xFF}},
    {"byte to target doubled", TO_TARGET, ALL, {.kind = ESPSIM_FAULT_DOUBLE_TO_TARGET}},
    {"byte to target delayed", TO_TARGET, FEW, {.kind = ESPSIM_FAULT_DELAY_TO_TARGET, .ms = 700}},
    {"noise to target", TO_TARGET, SOME, {.kind = ESPSIM_FAULT_NOISE_TO_TARGET, .bytes = 20}},
    {"byte from target lost", FROM_TARGET, ALL, {.kind = ESPSIM_FAULT_DROP_FROM_TARGET}},
    {"byte from target flipped", FROM_TARGET, ALL, {.kind = ESPSIM_FAULT_FLIP_FROM_TARGET}},
    {"byte from target inverted", FROM_TARGET, ALL, {.kind = ESPSIM_FAULT_FLIP_FROM_TARGET, .mask = 0xFF}},
    {"byte from target doubled", FROM_TARGET, ALL, {.kind = ESPSIM_FAULT_DOUBLE_FROM_TARGET}},
    {"byte from target delayed", FROM_TARGET, FEW, {.kind = ESPSIM_FAULT_DELAY_FROM_TARGET, .ms = 700}},
    {"noise from target", FROM_TARGET, SOME, {.kind = ESPSIM_FAULT_NOISE_FROM_TARGET, .bytes = 20}},
    {"target resets at byte", TO_TARGET, ALL, {.kind = ESPSIM_FAULT_RESET}},
    {"target stalls at byte", TO_TARGET, FEW, {.kind = ESPSIM_FAULT_STALL, .ms = 5000}},
    {"port disappears behind byte", TO_TARGET, FEW, {.kind = ESPSIM_FAULT_PORT_GONE}},
    {"port call fails", PORT_CALLS, ALL, {.kind = ESPSIM_FAULT_NONE}},
    {"power cut at flash operation", FLASH_OPS, ALL, {.kind = ESPSIM_FAULT_POWER_CUT}},
    {"brown-out at flash operation", FLASH_OPS, ALL, {.kind = ESPSIM_FAULT_BROWN_OUT}},
    {"target stalls at operation", FLASH_OPS, ALL, {.kind = ESPSIM_FAULT_STALL, .ms = 5000}},
    {"MD5 is a lie", DIGESTS, ALL, {.kind = ESPSIM_FAULT_LYING_MD5}},
};
enum { FAULT_COUNT = sizeof(faults) / sizeof(faults[0]) };

/* --- Sweeps ---------------------------------------------------------------------------------------------- */

/* Distinct for every seed, and not periodic. */
static void fill_content(uint8_t *content, uint32_t bytes, uint32_t seed)
{
    uint32_t state = seed * UINT32_C(2654435761) + 1;
    for (uint32_t at = 0; at < bytes; at++) {
        state = state * UINT32_C(1664525) + UINT32_C(1013904223);
        content[at] = (uint8_t)(state >> 24);
    }
}

static void open_sweep(sweep_t *sweep, const reflash_rom_t *rom, bool large)
{
    static const uint32_t small_bytes[IMAGE_COUNT] = {300, 190, 700};
    static const uint32_t large_bytes[IMAGE_COUNT] = {26384, 3072, 1 << 20};
    static const uint32_t addrs[IMAGE_COUNT] = {0x1000, 0x8000, 0x10000};
    static const reflash_kind_t kinds[IMAGE_COUNT] = {REFLASH_KIND_BOOTLOADER, REFLASH_KIND_PARTITION_TABLE,
                                                      REFLASH_KIND_APPLICATION};
    const uint32_t *bytes = large ? large_bytes : small_bytes;
    const uint32_t total_bytes = bytes[0] + bytes[1] + bytes[2];
    *sweep = (sweep_t){.rom = rom,
                       .flash_bytes = large ? LARGE_FLASH_BYTES : SMALL_FLASH_BYTES,
                       .ns_max = large ? large_job_ns_max : small_job_ns_max};
    sweep->flash = malloc(sweep->flash_bytes);
    sweep->content = malloc(total_bytes);
    check(sweep->flash != NULL && sweep->content != NULL, "memory", "-", 0);
    fill_content(sweep->content, total_bytes, 1);
    uint8_t *data = sweep->content;
    for (unsigned at = 0; at < IMAGE_COUNT; at++) {
        reflash_image_t *image = &sweep->images[at];
        *image = (reflash_image_t){.kind = kinds[at], .flash_addr = addrs[at], .bytes = bytes[at], .data = data};
        (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data, bytes[at], image->md5);
        data += bytes[at];
    }
}

static void close_sweep(sweep_t *sweep)
{
    free(sweep->flash);
    free(sweep->content);
}

/* How far each dimension reaches in a job without faults. */
static void measure(sweep_t *sweep, uint64_t reach[DIMENSIONS])
{
    memset(sweep->flash, FILL, sweep->flash_bytes);
    espsim_t *sim = new_sim(sweep);
    espsim_port_t port = {.port = {&espsim_port_ops}, .sim = sim, .baud = FIRST_BAUD};
    check(run_job(sweep, &port) == ESP_LOADER_SUCCESS && images_are_there(sweep), "a clean job", "-", 0);
    check(outside_touched(sweep) == 0, "a clean job touches nothing else", "-", 0);
    const espsim_stats_t *stats = espsim_stats(sim);
    reach[TO_TARGET] = stats->bytes_to_target;
    reach[FROM_TARGET] = stats->bytes_from_target;
    reach[PORT_CALLS] = port.calls;
    reach[FLASH_OPS] = stats->flash_ops;
    reach[DIGESTS] = 2 * IMAGE_COUNT; /* before and after writing */
    espsim_destroy(sim);
}

static void run_one(sweep_t *sweep, const fault_t *fault, uint64_t n)
{
    const uint32_t nth = (uint32_t)n;
    espsim_faults_t set = {.fault = {fault->fault}, .seed = nth};
    espsim_fault_t *only = &set.fault[0];
    only->mask = only->mask != 0 ? only->mask : UINT32_C(1) << (n % 8);
    only->op = fault->dimension == FLASH_OPS ? nth : 0;
    only->md5 = fault->dimension == DIGESTS ? nth : 0;
    only->byte = fault->dimension == TO_TARGET || fault->dimension == FROM_TARGET ? nth : 0;
    run_with(sweep, &set, fault->dimension == PORT_CALLS ? n : 0, fault->name, n);
}

static void report(const sweep_t *sweep, const char *name)
{
    (void)printf("%-10s %-30s %6llu runs, %6llu finished all the same, longest %6.1f s, outside the images: "
                 "%llu runs, at most %u bytes\n",
                 sweep->rom->chip->name, name, (unsigned long long)sweep->runs, (unsigned long long)sweep->finished,
                 (double)sweep->longest_ns / 1e9, (unsigned long long)sweep->outside_touched, sweep->outside_bytes_max);
}

static void sweep_small(const reflash_rom_t *rom, uint32_t seed, uint32_t parts)
{
    for (unsigned row = 0; row < FAULT_COUNT; row++) {
        sweep_t sweep;
        uint64_t reach[DIMENSIONS];
        open_sweep(&sweep, rom, false);
        measure(&sweep, reach);
        const uint32_t step = faults[row].step;
        for (uint64_t n = 1 + (seed + row) % parts * step; n <= reach[faults[row].dimension];
             n += (uint64_t)step * parts) {
            run_one(&sweep, &faults[row], n);
        }
        report(&sweep, faults[row].name);
        close_sweep(&sweep);
    }
}

static void sample_large(const reflash_rom_t *rom, uint32_t seed, uint32_t runs)
{
    sweep_t sweep;
    uint64_t reach[DIMENSIONS];
    uint32_t state = seed;
    open_sweep(&sweep, rom, true);
    measure(&sweep, reach);
    for (uint32_t run = 0; run < runs; run++) {
        state = state * UINT32_C(1664525) + UINT32_C(1013904223);
        const fault_t *fault = &faults[(state >> 16) % FAULT_COUNT];
        state = state * UINT32_C(1664525) + UINT32_C(1013904223);
        run_one(&sweep, fault, 1 + state % reach[fault->dimension]);
    }
    report(&sweep, "sample of a 1 MiB job");
    close_sweep(&sweep);
}

int main(int argc, char **argv)
{
    static const char *const chips[] = {"esp32", "esp32c3"};
    const bool large = argc == 4 && strcmp(argv[1], "large") == 0;
    const bool slice = argc == 4 && strcmp(argv[1], "slice") == 0;
    const uint32_t seed = argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;
    const uint32_t count = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 0) : 1; /* of runs or parts */
    if ((argc != 1 && !large && !slice) || count == 0) {
        (void)fprintf(stderr, "usage: test_sweeps [slice SEED PARTS | large SEED RUNS]\n");
        return 2;
    }
    if (argc == 4) {
        (void)printf("seed %u\n", seed);
    }
    for (unsigned chip = 0; chip < sizeof(chips) / sizeof(chips[0]); chip++) {
        const reflash_rom_t *rom = espsim_rom_by_name(chips[chip]);
        check(rom != NULL, "a chip", chips[chip], 0);
        if (large) {
            sample_large(rom, seed, count);
        } else {
            sweep_small(rom, seed, count);
        }
    }
    return 0;
}
