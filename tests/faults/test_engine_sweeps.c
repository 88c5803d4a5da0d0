/* SPDX-License-Identifier: Apache-2.0 */
/* One fault at every place of a mixed job of the engine: three images, of which one is there already and two differ
 * here and there; from a bundle, plain or packed, and from memory; by mask ROMs and by a stub. Whatever happens: no
 * success on wrong content, an end in bounded time, nothing touched that was not to be written, and then the next job
 * on a healthy link does what is left. Every so many positions of a small job; with the arguments "slice SEED PARTS" one
 * in PARTS of them, with "large SEED RUNS" a seeded sample of positions of a larger one. The stub is a short one that the virtual chip takes for
 * esp-flasher-stub; the look-up is ours. */
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_source.h"
#include "bundle_writer.h"
#include "content.h"
#include "port.h"
#include "reflash_engine.h"

enum {
    SECTOR = REFLASH_SECTOR_BYTES,
    FLASH_BYTES_MAX = 1 << 20,
    SECTORS_MAX = FLASH_BYTES_MAX / SECTOR,
    BITS_BYTES = SECTORS_MAX / 8,
    IMAGE_COUNT = 3,
    BUFFER_BYTES = 1024,
    BAUD = 115200,
    FILL = 0x5A, /* what the flash holds outside the images, and what makes old sectors of new ones */
    TEXT_BYTES = 200,
    DATA_BYTES = 24
};

/* --- Jobs ------------------------------------------------------------------------------------------------ */

typedef struct {
    uint32_t flash_bytes;
    uint64_t ns_max; /* the promise of docs/architecture.md */
    struct {
        reflash_kind_t kind;
        uint32_t flash_addr, bytes;
        uint32_t old_first, old_every; /* sectors of it that differ; 0: none */
    } images[IMAGE_COUNT];
} layout_t;

/* Between the first and the second a hole, so that an erase that goes too far meets an image behind it. */
static const layout_t small_layout = {
    1 << 18,
    UINT64_C(120) * 1000000000,
    {{REFLASH_KIND_BOOTLOADER, 0x1000, 0x1000 + 300, 1, 9},
     {REFLASH_KIND_PARTITION_TABLE, 0x4000, 190, 0, 0},
     {REFLASH_KIND_APPLICATION, 0x10000, 0x3000 + 200, 1, 2}},
};
static const layout_t large_layout = {
    1 << 20,
    UINT64_C(600) * 1000000000,
    {{REFLASH_KIND_BOOTLOADER, 0x1000, 26000, 2, 9},
     {REFLASH_KIND_PARTITION_TABLE, 0x9000, 0xC00, 0, 0},
     {REFLASH_KIND_APPLICATION, 0x10000, 400000, 3, 19}},
};

/** Where the content comes from, and who writes it. */
static const struct {
    const char *name;
    const reflash_rom_t *rom;
    uint16_t chip_id;
    bool stub; /* runs before the faults begin */
    bool bundle, plain, packed;
} setups[] = {
    {"ESP32 ROM, plain bundle", &reflash_rom_esp32, 0, false, true, true, false},
    {"ESP32 ROM, memory", &reflash_rom_esp32, 0, false, false, true, true},
    {"ESP32-C3 ROM, packed bundle", &reflash_rom_esp32c3, 5, false, true, false, true},
    {"ESP32-C3 ROM, memory", &reflash_rom_esp32c3, 5, false, false, true, true},
    {"ESP32 stub, plain bundle", &reflash_rom_esp32, 0, true, true, true, false},
    {"ESP32 stub, packed bundle", &reflash_rom_esp32, 0, true, true, false, true},
    {"ESP32 stub, memory", &reflash_rom_esp32, 0, true, false, true, true},
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct {
    const layout_t *layout;
    unsigned setup;
    reflash_image_t images[IMAGE_COUNT];
    char *names[IMAGE_COUNT];
    bool programs[IMAGE_COUNT];
    uint8_t *data[IMAGE_COUNT];
    inputs_t in;
    content_t memory;
    bundle_t bytes;
    bundle_memory_t source;
    reflash_bundle_t bundle;
    reflash_content_t content;
    uint8_t flash[FLASH_BYTES_MAX], before[FLASH_BYTES_MAX];
    espsim_t *sim;
    espsim_port_t port;
    esp_loader_t loader;
    /* The present fault and what comes of it. */
    const char *fault;
    uint64_t fault_at;
    reflash_apply_t job;
    bool writing; /* it was when it was last heard of */
    uint8_t memory_bits[REFLASH_APPLY_MEMORY_BYTES(FLASH_BYTES_MAX)];
    uint8_t planned[BITS_BYTES]; /* all sectors that any try of the job was going to write */
    uint8_t buffer[BUFFER_BYTES];
    /* The account. */
    uint64_t runs, finished, outside_touched, longest_ns;
} sweep_t;

static void check(bool good, const char *what, const sweep_t *sweep)
{
    if (!good) {
        (void)fprintf(stderr, "FAILED: %s (%s, %s at %llu)\n", what, setups[sweep->setup].name, sweep->fault,
                      (unsigned long long)sweep->fault_at);
        abort();
    }
}

/* --- The stub -------------------------------------------------------------------------------------------- */

static uint8_t stub_text[TEXT_BYTES], stub_data[DATA_BYTES];
static espsim_stub_code_t stub_code = {
    .chip = "esp32", .stub = ESPSIM_STUB_2_1, .text_addr = 0x40090000, .text_bytes = TEXT_BYTES, .entry = 0x40090010};
static const reflash_stub_t stub = {
    .entry = 0x40090010,
    .segments = {{.addr = 0x40090000, .size = TEXT_BYTES, .data = stub_text},
                 {.addr = 0x3FFE9000, .size = DATA_BYTES, .data = stub_data}},
};

const reflash_stub_t *reflash_stub_find(target_chip_t chip, uint32_t revision)
{
    (void)revision;
    return chip == ESP32_CHIP ? &stub : NULL;
}

/* --- Content --------------------------------------------------------------------------------------------- */

/* One byte in eight is anything, so that it packs well. */
static void fill(uint8_t *bytes, uint32_t count, uint32_t seed)
{
    uint32_t state = seed * UINT32_C(2654435761) + 1;
    for (uint32_t at = 0; at < count; at++) {
        state = state * UINT32_C(1664525) + UINT32_C(1013904223);
        bytes[at] = (uint8_t)(at % 8 == 0 ? state >> 24 : at / SECTOR + seed);
    }
}

static void digest(mbedtls_md_type_t type, const uint8_t *bytes, uint32_t count, uint8_t *out)
{
    if (mbedtls_md(mbedtls_md_info_from_type(type), bytes, count, out) != 0) {
        abort();
    }
}

static void open_sweep(sweep_t *sweep, const layout_t *layout, unsigned setup)
{
    static char *const names[IMAGE_COUNT] = {"bootloader", "partition-table", "app"};
    static const bool programs[IMAGE_COUNT] = {true, false, true};
    memset(sweep, 0, sizeof(*sweep));
    sweep->layout = layout;
    sweep->setup = setup;
    sweep->fault = "-";
    for (unsigned at = 0; at < IMAGE_COUNT; at++) {
        const uint32_t bytes = layout->images[at].bytes;
        sweep->data[at] = malloc(bytes);
        check(sweep->data[at] != NULL, "memory", sweep);
        fill(sweep->data[at], bytes, at + 1);
        sweep->images[at] = (reflash_image_t){.kind = layout->images[at].kind,
                                              .flash_addr = layout->images[at].flash_addr,
                                              .bytes = bytes,
                                              .data = sweep->data[at]};
        digest(MBEDTLS_MD_MD5, sweep->data[at], bytes, sweep->images[at].md5);
        sweep->names[at] = names[at];
        sweep->programs[at] = programs[at];
    }
    sweep->in =
        (inputs_t){.images = sweep->images, .names = sweep->names, .programs = sweep->programs, .count = IMAGE_COUNT};
    content_init(&sweep->memory, &sweep->in, setups[setup].chip_id);
    sweep->memory.near = true; /* more blocks, more places to fail at */
    sweep->content = sweep->memory.content;
    if (setups[setup].bundle) {
        sweep->bytes = bundle_make(&sweep->in,
                                   &(bundle_facts_t){.chip_id = setups[setup].chip_id,
                                                     .flash_mode = 0xFF,
                                                     .flash_size_freq = 0xFF,
                                                     .plain = setups[setup].plain,
                                                     .packed = setups[setup].packed},
                                   NULL);
        sweep->source = (bundle_memory_t){.data = sweep->bytes.data, .bytes = sweep->bytes.bytes};
        const reflash_source_t source = bundle_source(&sweep->source);
        check(reflash_bundle_open(&sweep->bundle, &source) == REFLASH_BUNDLE_GOOD, "a bundle", sweep);
        sweep->content = (reflash_content_t){&reflash_bundle_ops, &sweep->bundle};
    }
}

static void close_sweep(sweep_t *sweep)
{
    for (unsigned at = 0; at < IMAGE_COUNT; at++) {
        free(sweep->data[at]);
    }
    content_free(&sweep->memory);
    free(sweep->bytes.data);
}

/* --- The flash ------------------------------------------------------------------------------------------- */

static uint32_t sector_count(const reflash_image_t *image)
{
    return (image->bytes + SECTOR - 1) / SECTOR;
}

static uint32_t bytes_in_sector(const reflash_image_t *image, uint32_t sector)
{
    const uint32_t left_bytes = image->bytes - sector * SECTOR;
    return left_bytes < SECTOR ? left_bytes : (uint32_t)SECTOR;
}

/* What the target held before. */
static void set_old_content(sweep_t *sweep)
{
    memset(sweep->flash, FILL, sweep->layout->flash_bytes);
    for (unsigned at = 0; at < IMAGE_COUNT; at++) {
        const reflash_image_t *image = &sweep->images[at];
        uint8_t *cells = sweep->flash + image->flash_addr;
        memcpy(cells, image->data, image->bytes);
        const uint32_t every = sweep->layout->images[at].old_every;
        for (uint32_t sector = sweep->layout->images[at].old_first; every > 0 && sector < sector_count(image);
             sector += every) {
            for (uint32_t byte = 0; byte < bytes_in_sector(image, sector); byte++) {
                cells[sector * SECTOR + byte] ^= FILL;
            }
        }
    }
    memcpy(sweep->before, sweep->flash, sweep->layout->flash_bytes);
}

static bool is_missing(const sweep_t *sweep, unsigned image_index, uint32_t sector)
{
    const reflash_image_t *image = &sweep->images[image_index];
    return memcmp(sweep->flash + image->flash_addr + sector * SECTOR, image->data + sector * SECTOR,
                  bytes_in_sector(image, sector)) != 0;
}

static bool images_are_there(const sweep_t *sweep)
{
    for (unsigned at = 0; at < IMAGE_COUNT; at++) {
        for (uint32_t sector = 0; sector < sector_count(&sweep->images[at]); sector++) {
            if (is_missing(sweep, at, sector)) {
                return false;
            }
        }
    }
    return true;
}

/* How many sectors of an image stand between the start of a sector's group and it; 0 where data need not be packed. */
static uint32_t sectors_into_group(const sweep_t *sweep, unsigned image_index, uint32_t sector)
{
    const reflash_bundle_t *bundle = sweep->content.bundle;
    reflash_bundle_image_t image;
    reflash_bundle_sector_t row = {.starts_group = bundle->has_plain};
    uint32_t in_front = 0;
    check(sweep->content.ops->image(bundle, (uint16_t)image_index, &image) == REFLASH_BUNDLE_GOOD, "an image", sweep);
    for (; !row.starts_group; in_front++) {
        check(sweep->content.ops->sector(bundle, &image, sector - in_front, &row) == REFLASH_BUNDLE_GOOD, "a row",
              sweep);
    }
    return in_front > 0 ? in_front - 1 : 0;
}

/* How many sectors have to be written so that all images are there. */
static uint32_t left_sectors(const sweep_t *sweep)
{
    uint32_t left = 0;
    for (unsigned at = 0; at < IMAGE_COUNT; at++) {
        bool wants_front = false; /* the sector behind it has to be sent, and not as the first of its group */
        for (uint32_t sector = sector_count(&sweep->images[at]); sector-- > 0;) {
            const bool sent = wants_front || is_missing(sweep, at, sector);
            left += sent ? 1 : 0;
            wants_front = sent && sectors_into_group(sweep, at, sector) > 0;
        }
    }
    return left;
}

static bool is_planned(const sweep_t *sweep, uint32_t sector)
{
    return (sweep->planned[sector / 8] >> (sector % 8) & 1) != 0;
}

/* Whether all but the planned sectors is as it was, and was not even erased. */
static bool others_are_untouched(const sweep_t *sweep)
{
    for (uint32_t sector = 0; sector < sweep->layout->flash_bytes / SECTOR; sector++) {
        if (!is_planned(sweep, sector) &&
            (espsim_wear(sweep->sim, sector) > 0 ||
             memcmp(sweep->flash + sector * SECTOR, sweep->before + sector * SECTOR, SECTOR) != 0)) {
            return false;
        }
    }
    return true;
}

/* The longest run of consecutive sectors that was to be written. */
static uint32_t longest_planned_run(const sweep_t *sweep)
{
    uint32_t longest = 0;
    uint32_t sectors = 0;
    for (uint32_t sector = 0; sector < SECTORS_MAX; sector++) {
        sectors = is_planned(sweep, sector) ? sectors + 1 : 0;
        longest = sectors > longest ? sectors : longest;
    }
    return longest;
}

/* --- One job --------------------------------------------------------------------------------------------- */

static void note_plan(sweep_t *sweep)
{
    for (uint32_t at = 0; at < BITS_BYTES && at < sweep->job.memory_bytes / 2; at++) {
        sweep->planned[at] |= sweep->memory_bits[at];
    }
}

/* While images are asked about, sectors count as different that are not. */
static bool watch(void *context, const reflash_apply_progress_t *progress)
{
    sweep_t *sweep = context;
    sweep->writing = progress->step == REFLASH_APPLY_WRITING;
    if (sweep->writing) {
        note_plan(sweep);
    }
    return true;
}

static void connect(sweep_t *sweep)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    sweep->port = (espsim_port_t){.port = {&espsim_port_ops}, .sim = sweep->sim, .baud = BAUD};
    check(esp_loader_init_serial(&sweep->loader, &sweep->port.port) == ESP_LOADER_SUCCESS &&
              esp_loader_connect(&sweep->loader, &args) == ESP_LOADER_SUCCESS &&
              (!setups[sweep->setup].stub || reflash_stub_start(&sweep->loader) == ESP_LOADER_SUCCESS),
          "it does not connect", sweep);
    sweep->port.calls = 0;
}

static void start_chip(sweep_t *sweep)
{
    set_old_content(sweep);
    sweep->sim = espsim_create(&(espsim_config_t){.rom = setups[sweep->setup].rom,
                                                  .flash = sweep->flash,
                                                  .flash_bytes = sweep->layout->flash_bytes,
                                                  .timing = espsim_timing_typical(),
                                                  .stubs = &stub_code,
                                                  .stub_count = 1});
    check(sweep->sim != NULL, "a virtual chip", sweep);
    connect(sweep);
    espsim_clear_stats(sweep->sim);
}

static esp_loader_error_t apply(sweep_t *sweep)
{
    sweep->job = (reflash_apply_t){.memory = sweep->memory_bits,
                                   .memory_bytes = REFLASH_APPLY_MEMORY_BYTES(sweep->layout->flash_bytes),
                                   .buffer = sweep->buffer,
                                   .buffer_bytes = sizeof(sweep->buffer),
                                   .progress = watch,
                                   .progress_context = sweep};
    sweep->writing = false;
    const esp_loader_error_t err = reflash_apply(&sweep->loader, &sweep->content, &sweep->job);
    if (sweep->writing) {
        note_plan(sweep); /* a compressed run may begin before what was planned, which nobody heard of yet */
    }
    return err;
}

/* --- Faults ---------------------------------------------------------------------------------------------- */

typedef enum { TO_TARGET, FROM_TARGET, PORT_CALLS, FLASH_OPS, DIGESTS, DIMENSIONS } dimension_t;

typedef struct {
    const char *name;
    dimension_t dimension; /* what n counts                           */
    uint32_t places_max;   /* of a small job, at most, evenly spread  */
    bool alters;           /* what the target is told: what promise 2 of docs/architecture.md does not cover */
    espsim_fault_t fault;  /* without n. A flip without mask: another bit at every position */
} fault_t;

enum { ALL = 700, MANY = 100, SOME = 40, FEW = 15 };

static const fault_t faults[] = {
    {"power cut at flash operation", FLASH_OPS, ALL, false, {.kind = ESPSIM_FAULT_POWER_CUT}},
    {"brown-out at flash operation", FLASH_OPS, SOME, false, {.kind = ESPSIM_FAULT_BROWN_OUT}},
    {"reset at flash operation", FLASH_OPS, SOME, false, {.kind = ESPSIM_FAULT_RESET}},
    {"stall at flash operation", FLASH_OPS, FEW, false, {.kind = ESPSIM_FAULT_STALL, .ms = 5000}},
    {"port call fails", PORT_CALLS, MANY, false, {.kind = ESPSIM_FAULT_NONE}},
    {"MD5 is a lie", DIGESTS, ALL, false, {.kind = ESPSIM_FAULT_LYING_MD5}},
    {"byte to target lost", TO_TARGET, SOME, true, {.kind = ESPSIM_FAULT_DROP_TO_TARGET}},
    {"byte to target flipped", TO_TARGET, MANY, true, {.kind = ESPSIM_FAULT_FLIP_TO_TARGET}},
    {"byte to target inverted", TO_TARGET, FEW, true, {.kind = ESPSIM_FAULT_FLIP_TO_TARGET, .mask = 0xFF}},
    {"byte to target doubled", TO_TARGET, FEW, true, {.kind = ESPSIM_FAULT_DOUBLE_TO_TARGET}},
    {"noise to target", TO_TARGET, FEW, true, {.kind = ESPSIM_FAULT_NOISE_TO_TARGET, .bytes = 20}},
    {"target resets at byte", TO_TARGET, SOME, false, {.kind = ESPSIM_FAULT_RESET}},
    {"port disappears behind byte", TO_TARGET, FEW, false, {.kind = ESPSIM_FAULT_PORT_GONE}},
    {"byte from target lost", FROM_TARGET, SOME, false, {.kind = ESPSIM_FAULT_DROP_FROM_TARGET}},
    {"byte from target flipped", FROM_TARGET, SOME, false, {.kind = ESPSIM_FAULT_FLIP_FROM_TARGET}},
    {"byte from target doubled", FROM_TARGET, FEW, false, {.kind = ESPSIM_FAULT_DOUBLE_FROM_TARGET}},
    {"noise from target", FROM_TARGET, FEW, false, {.kind = ESPSIM_FAULT_NOISE_FROM_TARGET, .bytes = 20}},
};

/* How far each dimension reaches in a job without faults. */
static void measure(sweep_t *sweep, uint64_t reach[DIMENSIONS])
{
    enum { OP_MD5 = 0x13 };
    start_chip(sweep);
    const uint32_t left = left_sectors(sweep);
    check(apply(sweep) == ESP_LOADER_SUCCESS && images_are_there(sweep), "a clean job", sweep);
    check(others_are_untouched(sweep), "a clean job touches nothing else", sweep);
    check(left >= 3 && sweep->job.sectors_written >= left, "a clean job has something to do", sweep);
    const espsim_stats_t *stats = espsim_stats(sweep->sim);
    reach[TO_TARGET] = stats->bytes_to_target;
    reach[FROM_TARGET] = stats->bytes_from_target;
    reach[PORT_CALLS] = sweep->port.calls;
    reach[FLASH_OPS] = stats->flash_ops;
    reach[DIGESTS] = stats->commands[OP_MD5].count;
    espsim_destroy(sweep->sim);
}

/* One job with a fault, then the same job without. */
static void run_one(sweep_t *sweep, const fault_t *fault, uint64_t n)
{
    const uint32_t nth = (uint32_t)n;
    espsim_faults_t set = {.fault = {fault->fault}, .seed = nth};
    espsim_fault_t *only = &set.fault[0];
    only->mask = only->mask != 0 ? only->mask : UINT32_C(1) << (n % 8);
    only->op = fault->dimension == FLASH_OPS ? nth : 0;
    only->md5 = fault->dimension == DIGESTS ? nth : 0;
    only->byte = fault->dimension == TO_TARGET || fault->dimension == FROM_TARGET ? nth : 0;
    sweep->fault = fault->name;
    sweep->fault_at = n;
    memset(sweep->planned, 0, sizeof(sweep->planned));
    start_chip(sweep);
    espsim_set_faults(sweep->sim, &set);
    sweep->port.fail_call = fault->dimension == PORT_CALLS ? n : 0;

    const uint64_t began_ns = espsim_now(sweep->sim);
    const esp_loader_error_t err = apply(sweep);
    const uint64_t took_ns = espsim_now(sweep->sim) - began_ns;
    const bool there = images_are_there(sweep);
    check(took_ns <= sweep->layout->ns_max, "the job takes too long", sweep);
    check(err != ESP_LOADER_SUCCESS || there, "success on wrong content", sweep);
    const bool untouched = others_are_untouched(sweep);
    check(untouched || fault->alters, "what was not to be written was touched", sweep);
    sweep->longest_ns = took_ns > sweep->longest_ns ? took_ns : sweep->longest_ns;
    sweep->runs++;
    sweep->finished += err == ESP_LOADER_SUCCESS ? 1 : 0;
    sweep->outside_touched += untouched ? 0 : 1;

    espsim_set_faults(sweep->sim, &(espsim_faults_t){0});
    espsim_power_cycle(sweep->sim);
    const uint32_t at_most = there ? 0 : left_sectors(sweep) + longest_planned_run(sweep);
    connect(sweep);
    check(apply(sweep) == ESP_LOADER_SUCCESS, "a rerun on a healthy link does not finish", sweep);
    check(images_are_there(sweep), "a rerun leaves wrong content", sweep);
    check(sweep->job.sectors_written <= at_most, "a rerun writes more than was left and begun", sweep);
    check(others_are_untouched(sweep) || !untouched, "a rerun touches what was not to be written", sweep);
    espsim_destroy(sweep->sim);
}

/* --- Sweeps ---------------------------------------------------------------------------------------------- */

static void report(const sweep_t *sweep, const char *name)
{
    (void)printf("%-28s %-28s %5llu runs, %5llu finished all the same, longest %5.1f s, %llu touched other sectors\n",
                 setups[sweep->setup].name, name, (unsigned long long)sweep->runs, (unsigned long long)sweep->finished,
                 (double)sweep->longest_ns / 1e9, (unsigned long long)sweep->outside_touched);
}

static void sweep_small(sweep_t *sweep, unsigned setup, uint32_t seed, uint32_t parts)
{
    uint64_t reach[DIMENSIONS];
    open_sweep(sweep, &small_layout, setup);
    measure(sweep, reach);
    for (unsigned row = 0; row < COUNT(faults); row++) {
        const uint64_t places = reach[faults[row].dimension];
        const uint64_t step = (places - 1) / faults[row].places_max + 1;
        sweep->runs = sweep->finished = sweep->outside_touched = sweep->longest_ns = 0;
        for (uint64_t n = 1 + setup % step + (seed + row) % parts * step; n <= places; n += step * parts) {
            run_one(sweep, &faults[row], n);
        }
        report(sweep, faults[row].name);
    }
    close_sweep(sweep);
}

static uint32_t draw(uint32_t *state, uint64_t below)
{
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (uint32_t)(((uint64_t)*state * below) >> 32);
}

static void sample_large(sweep_t *sweep, unsigned setup, uint32_t *state, uint32_t runs)
{
    uint64_t reach[DIMENSIONS];
    open_sweep(sweep, &large_layout, setup);
    measure(sweep, reach);
    for (uint32_t run = 0; run < runs; run++) {
        const fault_t *fault = &faults[draw(state, COUNT(faults))];
        run_one(sweep, fault, 1 + draw(state, reach[fault->dimension]));
    }
    report(sweep, "sample of a large job");
    close_sweep(sweep);
}

int main(int argc, char **argv)
{
    static sweep_t sweep;
    const bool large = argc == 4 && strcmp(argv[1], "large") == 0;
    const bool slice = argc == 4 && strcmp(argv[1], "slice") == 0;
    const uint32_t seed = argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;
    const uint32_t count = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 0) : 1; /* of runs or parts */
    if ((argc != 1 && !large && !slice) || count == 0) {
        (void)fprintf(stderr, "usage: test_engine_sweeps [slice SEED PARTS | large SEED RUNS]\n");
        return 2;
    }
    uint32_t state = seed;
    fill(stub_text, TEXT_BYTES, 1);
    fill(stub_data, DATA_BYTES, 2);
    digest(MBEDTLS_MD_SHA256, stub_text, TEXT_BYTES, stub_code.text_sha256);
    if (argc == 4) {
        (void)printf("seed %u\n", seed);
    }
    for (unsigned setup = 0; setup < COUNT(setups); setup++) {
        if (large) {
            sample_large(&sweep, setup, &state, count);
        } else {
            sweep_small(&sweep, setup, seed, count);
        }
    }
    return 0;
}
