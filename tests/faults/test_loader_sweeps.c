/* SPDX-License-Identifier: Apache-2.0 */
/* One fault at every position of the smaller jobs: connecting, a change of rate, a stub's upload, a RAM load, compressed
 * and plain writes and reads, over a mask ROM and over a stub; with the arguments "slice SEED PARTS" at one in PARTS of
 * them. None may take long or claim success on wrong content, and on a healthy link the same job works. The stub is a
 * short one that the virtual chip takes for esp-flasher-stub; the look-up is ours. */
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "port.h"
#include "reflash.h"

enum {
    FLASH_BYTES = 1 << 18,
    FLASH_ADDR = 0x3000,
    IMAGE_BYTES = 300,
    STREAM_BYTES_MAX = IMAGE_BYTES + 100,
    BLOCK_BYTES = 128,
    FILL = 0x5A,
    BAUD = 115200,
    RAISED_BAUD = 230400,
    TEXT_BYTES = 200,
    DATA_BYTES = 24,
    RAM_BYTES = 150
};
static const uint64_t job_ns_max = UINT64_C(120) * 1000000000;

typedef struct {
    uint32_t seed, parts; /* which slice */
    const reflash_rom_t *rom;
    uint32_t ram_addr;
    uint8_t flash[FLASH_BYTES];
    uint8_t image[IMAGE_BYTES], digest[16], stream[STREAM_BYTES_MAX];
    uint32_t stream_bytes;
    uint8_t buf[IMAGE_BYTES];
    const char *fault; /* the present one */
    uint64_t fault_at;
    espsim_t *sim;
    espsim_port_t port;
    esp_loader_t loader;
} bench_t;

typedef struct {
    const char *name;
    bool with_stub; /* which runs before the faults begin */
    esp_loader_error_t (*run)(bench_t *bench);
    bool (*is_right)(bench_t *bench); /* asked when nothing goes wrong any more */
} job_t;

static void check(bool good, const char *what, const char *job, const char *fault, uint64_t n)
{
    if (!good) {
        (void)fprintf(stderr, "FAILED: %s (%s, %s at %llu)\n", what, job, fault, (unsigned long long)n);
        abort();
    }
}

static void fill(uint8_t *bytes, uint32_t count, uint32_t seed)
{
    uint32_t state = seed * UINT32_C(2654435761) + 1;
    for (uint32_t at = 0; at < count; at++) {
        state = state * UINT32_C(1664525) + UINT32_C(1013904223);
        bytes[at] = (uint8_t)(state >> 24);
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

/* --- The jobs -------------------------------------------------------------------------------------------- */

static bool ram_holds(bench_t *bench, uint32_t addr, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t at = 0; at < count; at += 4) {
        uint32_t word;
        const uint32_t piece_bytes = count - at < 4 ? count - at : 4;
        if (esp_loader_read_register(&bench->loader, addr + at, &word) != ESP_LOADER_SUCCESS ||
            memcmp(&word, bytes + at, piece_bytes) != 0) { /* tests run on little-endian hosts */
            return false;
        }
    }
    return true;
}

static bool flash_holds_image(bench_t *bench)
{
    return memcmp(bench->flash + FLASH_ADDR, bench->image, IMAGE_BYTES) == 0;
}

static esp_loader_error_t connect_and_attach(bench_t *bench)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint32_t flash_bytes;
    RETURN_ON_ERROR(esp_loader_connect(&bench->loader, &args));
    return esp_loader_flash_detect_size(&bench->loader, &flash_bytes);
}

static bool chip_and_flash_are_known(bench_t *bench)
{
    uint32_t flash_bytes = 0;
    return esp_loader_get_target(&bench->loader) == (target_chip_t)bench->rom->chip->target &&
           esp_loader_flash_detect_size(&bench->loader, &flash_bytes) == ESP_LOADER_SUCCESS &&
           flash_bytes == FLASH_BYTES;
}

static bool both_ends_talk(bench_t *bench)
{
    uint8_t mac[6];
    return esp_loader_read_mac(&bench->loader, mac) == ESP_LOADER_SUCCESS;
}

/* Where it fails the conversation goes on, or is told to be over. */
static esp_loader_error_t raise_rate(bench_t *bench)
{
    const esp_loader_error_t err = esp_loader_change_transmission_rate(&bench->loader, RAISED_BAUD);
    if (err != ESP_LOADER_SUCCESS) {
        espsim_set_faults(bench->sim, &(espsim_faults_t){0});
        bench->port.fail_call = 0;
        check(esp_loader_get_target(&bench->loader) == ESP_UNKNOWN_CHIP || both_ends_talk(bench),
              "the ends talk at different rates", "change of rate", bench->fault, bench->fault_at);
    }
    return err;
}

static bool both_ends_talk_at_the_new_rate(bench_t *bench)
{
    return bench->port.baud == RAISED_BAUD && both_ends_talk(bench);
}

static esp_loader_error_t start_stub(bench_t *bench)
{
    return reflash_stub_start(&bench->loader);
}

static bool stub_runs(bench_t *bench)
{
    return espsim_stub(bench->sim) == ESPSIM_STUB_2_1 && ram_holds(bench, 0x3FFE9000, stub_data, DATA_BYTES);
}

static esp_loader_error_t load_ram(bench_t *bench)
{
    esp_loader_mem_cfg_t cfg = {.offset = bench->ram_addr, .size = RAM_BYTES, .block_size = BLOCK_BYTES};
    RETURN_ON_ERROR(esp_loader_mem_start(&bench->loader, &cfg));
    RETURN_ON_ERROR(esp_loader_mem_write(&bench->loader, &cfg, bench->image, BLOCK_BYTES));
    RETURN_ON_ERROR(esp_loader_mem_write(&bench->loader, &cfg, bench->image + BLOCK_BYTES, RAM_BYTES - BLOCK_BYTES));
    return esp_loader_mem_finish(&bench->loader, &cfg, 0);
}

static bool ram_holds_image(bench_t *bench)
{
    return ram_holds(bench, bench->ram_addr, bench->image, RAM_BYTES);
}

static esp_loader_error_t write_plain(bench_t *bench)
{
    esp_loader_flash_cfg_t cfg = {.offset = FLASH_ADDR, .image_size = IMAGE_BYTES, .block_size = BLOCK_BYTES};
    RETURN_ON_ERROR(esp_loader_flash_start(&bench->loader, &cfg));
    for (uint32_t at = 0; at < IMAGE_BYTES; at += BLOCK_BYTES) {
        const uint32_t left = IMAGE_BYTES - at;
        RETURN_ON_ERROR(esp_loader_flash_write(&bench->loader, &cfg, bench->image + at,
                                               left < BLOCK_BYTES ? left : (uint32_t)BLOCK_BYTES));
    }
    return esp_loader_flash_finish(&bench->loader, &cfg);
}

static esp_loader_error_t write_compressed(bench_t *bench)
{
    esp_loader_flash_deflate_cfg_t cfg = {.offset = FLASH_ADDR,
                                          .image_size = IMAGE_BYTES,
                                          .compressed_size = bench->stream_bytes,
                                          .block_size = BLOCK_BYTES};
    RETURN_ON_ERROR(esp_loader_flash_deflate_start(&bench->loader, &cfg));
    for (uint32_t at = 0; at < bench->stream_bytes; at += BLOCK_BYTES) {
        const uint32_t left = bench->stream_bytes - at;
        RETURN_ON_ERROR(esp_loader_flash_deflate_write(&bench->loader, &cfg, bench->stream + at,
                                                       left < BLOCK_BYTES ? left : (uint32_t)BLOCK_BYTES));
    }
    RETURN_ON_ERROR(esp_loader_flash_deflate_finish(&bench->loader, &cfg));
    return reflash_flash_verify_md5(&bench->loader, FLASH_ADDR, IMAGE_BYTES, bench->digest);
}

static esp_loader_error_t read_back(bench_t *bench)
{
    memcpy(bench->flash + FLASH_ADDR, bench->image, IMAGE_BYTES);
    memset(bench->buf, 0, IMAGE_BYTES);
    return esp_loader_flash_read(&bench->loader, bench->buf, FLASH_ADDR, IMAGE_BYTES);
}

/* With the flash as it is now: one bit turns READ_FLASH into ERASE_FLASH. */
static bool image_was_read(bench_t *bench)
{
    return memcmp(bench->buf, bench->flash + FLASH_ADDR, IMAGE_BYTES) == 0;
}

static const job_t session_jobs[] = {
    {"connect", false, connect_and_attach, chip_and_flash_are_known},
    {"change of rate", false, raise_rate, both_ends_talk_at_the_new_rate},
};
static const job_t stub_session_jobs[] = {
    {"change of rate by stub", true, raise_rate, both_ends_talk_at_the_new_rate},
};
static const job_t rom_jobs[] = {
    {"RAM load", false, load_ram, ram_holds_image},
    {"read", false, read_back, image_was_read},
    {"plain write", false, write_plain, flash_holds_image},
};
static const job_t unpacking_rom_jobs[] = {
    {"compressed write", false, write_compressed, flash_holds_image},
};
static const job_t stub_jobs[] = {
    {"stub upload", false, start_stub, stub_runs},
    {"RAM load by stub", true, load_ram, ram_holds_image},
    {"read by stub", true, read_back, image_was_read},
    {"plain write by stub", true, write_plain, flash_holds_image},
    {"compressed write by stub", true, write_compressed, flash_holds_image},
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- Faults ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    espsim_fault_kind_t kind; /* NONE: of the port */
    enum { TO_TARGET, FROM_TARGET, PORT_CALLS, DIMENSIONS } dimension;
} faults[] = {
    {"byte to target lost", ESPSIM_FAULT_DROP_TO_TARGET, TO_TARGET},
    {"byte to target flipped", ESPSIM_FAULT_FLIP_TO_TARGET, TO_TARGET},
    {"byte to target doubled", ESPSIM_FAULT_DOUBLE_TO_TARGET, TO_TARGET},
    {"byte from target lost", ESPSIM_FAULT_DROP_FROM_TARGET, FROM_TARGET},
    {"byte from target flipped", ESPSIM_FAULT_FLIP_FROM_TARGET, FROM_TARGET},
    {"byte from target doubled", ESPSIM_FAULT_DOUBLE_FROM_TARGET, FROM_TARGET},
    {"target resets at byte", ESPSIM_FAULT_RESET, TO_TARGET},
    {"port call fails", ESPSIM_FAULT_NONE, PORT_CALLS},
};

static void connect(bench_t *bench, const job_t *job, const char *fault, uint64_t n)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    bench->port = (espsim_port_t){.port = {&espsim_port_ops}, .sim = bench->sim, .baud = BAUD};
    check(esp_loader_init_serial(&bench->loader, &bench->port.port) == ESP_LOADER_SUCCESS &&
              esp_loader_connect(&bench->loader, &args) == ESP_LOADER_SUCCESS &&
              (!job->with_stub || reflash_stub_start(&bench->loader) == ESP_LOADER_SUCCESS),
          "it does not connect", job->name, fault, n);
    espsim_clear_stats(bench->sim);
    bench->port.calls = 0;
}

static void open_bench(bench_t *bench, const job_t *job, const char *fault, uint64_t n)
{
    memset(bench->flash, FILL, FLASH_BYTES);
    bench->sim = espsim_create(&(espsim_config_t){.rom = bench->rom,
                                                  .flash = bench->flash,
                                                  .flash_bytes = FLASH_BYTES,
                                                  .timing = espsim_timing_typical(),
                                                  .stubs = &stub_code,
                                                  .stub_count = 1});
    check(bench->sim != NULL, "a virtual chip", job->name, fault, n);
    connect(bench, job, fault, n);
}

static void measure(bench_t *bench, const job_t *job, uint64_t reach[DIMENSIONS])
{
    open_bench(bench, job, "-", 0);
    check(job->run(bench) == ESP_LOADER_SUCCESS, "a clean job", job->name, "-", 0);
    reach[TO_TARGET] = espsim_stats(bench->sim)->bytes_to_target;
    reach[FROM_TARGET] = espsim_stats(bench->sim)->bytes_from_target;
    reach[PORT_CALLS] = bench->port.calls;
    check(job->is_right(bench), "a clean job does what it should", job->name, "-", 0);
    espsim_destroy(bench->sim);
}

/* True: the job succeeded all the same. */
static bool run_with(bench_t *bench, const job_t *job, unsigned fault, uint64_t n, uint64_t *longest_ns)
{
    const char *name = faults[fault].name;
    const espsim_faults_t set = {
        .fault = {{.kind = faults[fault].kind, .byte = (uint32_t)n, .mask = (uint8_t)(1u << (n % 8))}}};
    bench->fault = name;
    bench->fault_at = n;
    open_bench(bench, job, name, n);
    if (faults[fault].kind == ESPSIM_FAULT_NONE) {
        bench->port.fail_call = n;
    } else {
        espsim_set_faults(bench->sim, &set);
    }
    const uint64_t began_ns = espsim_now(bench->sim);
    const esp_loader_error_t err = job->run(bench);
    const uint64_t took_ns = espsim_now(bench->sim) - began_ns;
    check(took_ns <= job_ns_max, "the job takes too long", job->name, name, n);
    *longest_ns = took_ns > *longest_ns ? took_ns : *longest_ns;
    espsim_set_faults(bench->sim, &(espsim_faults_t){0});
    bench->port.fail_call = 0;
    check(err != ESP_LOADER_SUCCESS || job->is_right(bench), "success on wrong content", job->name, name, n);

    espsim_power_cycle(bench->sim);
    connect(bench, job, name, n);
    check(job->run(bench) == ESP_LOADER_SUCCESS && job->is_right(bench), "a rerun on a healthy link fails", job->name,
          name, n);
    espsim_destroy(bench->sim);
    return err == ESP_LOADER_SUCCESS;
}

static void sweep(bench_t *bench, const job_t *jobs, size_t job_count)
{
    for (size_t at = 0; at < job_count; at++) {
        uint64_t reach[DIMENSIONS];
        uint64_t runs = 0;
        uint64_t finished = 0;
        uint64_t longest_ns = 0;
        measure(bench, &jobs[at], reach);
        for (unsigned fault = 0; fault < COUNT(faults); fault++) {
            const uint64_t first = 1 + (bench->seed + fault) % bench->parts;
            for (uint64_t n = first; n <= reach[faults[fault].dimension]; n += bench->parts) {
                runs++;
                finished += run_with(bench, &jobs[at], fault, n, &longest_ns) ? 1 : 0;
            }
        }
        (void)printf("%-10s %-26s %6llu runs, %6llu finished all the same, longest %6.1f s\n", bench->rom->chip->name,
                     jobs[at].name, (unsigned long long)runs, (unsigned long long)finished, (double)longest_ns / 1e9);
    }
}

int main(int argc, char **argv)
{
    static bench_t bench;
    const bool slice = argc == 4 && strcmp(argv[1], "slice") == 0;
    bench.seed = slice ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;
    bench.parts = slice ? (uint32_t)strtoul(argv[3], NULL, 0) : 1;
    if ((argc != 1 && !slice) || bench.parts == 0) {
        (void)fprintf(stderr, "usage: test_loader_sweeps [slice SEED PARTS]\n");
        return 2;
    }
    const mbedtls_md_info_t *md5 = mbedtls_md_info_from_type(MBEDTLS_MD_MD5);
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    uLongf stream_bytes = STREAM_BYTES_MAX;
    fill(stub_text, TEXT_BYTES, 1);
    fill(stub_data, DATA_BYTES, 2);
    fill(bench.image, IMAGE_BYTES, 3);
    check(mbedtls_md(sha256, stub_text, TEXT_BYTES, stub_code.text_sha256) == 0 &&
              mbedtls_md(md5, bench.image, IMAGE_BYTES, bench.digest) == 0 &&
              compress2(bench.stream, &stream_bytes, bench.image, IMAGE_BYTES, 9) == Z_OK,
          "the content", "-", "-", 0);
    bench.stream_bytes = (uint32_t)stream_bytes;

    bench.rom = &reflash_rom_esp32;
    bench.ram_addr = 0x3FFE8000;
    sweep(&bench, session_jobs, COUNT(session_jobs));
    sweep(&bench, stub_session_jobs, COUNT(stub_session_jobs));
    sweep(&bench, rom_jobs, COUNT(rom_jobs));
    sweep(&bench, stub_jobs, COUNT(stub_jobs));
    bench.rom = &reflash_rom_esp32c3;
    bench.ram_addr = 0x3FC90000;
    sweep(&bench, session_jobs, COUNT(session_jobs));
    sweep(&bench, rom_jobs, 1);
    sweep(&bench, unpacking_rom_jobs, COUNT(unpacking_rom_jobs));
    return 0;
}
