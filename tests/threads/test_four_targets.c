/* SPDX-License-Identifier: Apache-2.0 */
/* Four targets get a content by the engine: at once, each from a thread of its own, and one after another from one loop
 * with one set of buffers, in the shape of a program without an operating system. What comes out is the same to the byte and to
 * the nanosecond, so nothing was carried from one to another. Under the thread sanitizer a byte that two know and one
 * of them writes ends the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_writer.h"
#include "port.h"
#include "reflash_engine.h"

enum {
    TARGETS = 4,
    FLASH_BYTES = 1 << 18,
    SECTOR_COUNT = FLASH_BYTES / REFLASH_SECTOR_BYTES,
    BUFFER_BYTES = 1024,
    FIRST_BAUD = 115200,
    BAUD = 921600
};

/* --- What the targets shall hold ------------------------------------------------------------------------------------ */

typedef struct {
    const char *name;
    uint16_t chip_id; /* in the headers of its images */
    uint32_t boot_addr;
} chip_t;

static const chip_t esp32 = {"esp32", 0, 0x1000};
static const chip_t esp32s3 = {"esp32s3", 9, 0x0};
static const chip_t esp32c3 = {"esp32c3", 5, 0x0};
static const chip_t esp32p4 = {"esp32p4", 18, 0x2000};

enum { BOOTLOADER, PARTITION_TABLE, APPLICATION, IMAGES };
static const uint32_t image_bytes[IMAGES] = {5000, 0xC00, 40001};

/* Each round wants one sector of the application otherwise; the last wants what is there. */
enum { BLANK, CHANGED, UNCHANGED, ROUNDS };
enum { CHANGED_AT = 3 * REFLASH_SECTOR_BYTES + 7 };

typedef struct {
    bundle_t bytes;
    reflash_bundle_t bundle;
} content_t;

static uint8_t data[IMAGES][40001];

static bool read_bytes(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    const content_t *content = context;
    memcpy(buf, content->bytes.data + offset, bytes);
    return true;
}

static void make_content(content_t *content, const chip_t *chip, unsigned round)
{
    char *names[IMAGES] = {"bootloader", "partition-table", "app"};
    bool programs[IMAGES] = {true, false, true};
    const uint32_t addrs[IMAGES] = {chip->boot_addr, 0x8000, 0x10000};
    const reflash_kind_t kinds[IMAGES] = {REFLASH_KIND_BOOTLOADER, REFLASH_KIND_PARTITION_TABLE,
                                          REFLASH_KIND_APPLICATION};
    reflash_image_t images[IMAGES];
    for (unsigned image = 0; image < IMAGES; image++) {
        for (uint32_t at = 0; at < image_bytes[image]; at++) {
            data[image][at] = (uint8_t)(at * 13 + (at >> 7) * image + chip->chip_id);
        }
        data[APPLICATION][CHANGED_AT] = round == BLANK ? 0x11 : 0x22;
        images[image] = (reflash_image_t){
            .kind = kinds[image], .flash_addr = addrs[image], .bytes = image_bytes[image], .data = data[image]};
        assert_int_equal(
            mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data[image], image_bytes[image], images[image].md5),
            0);
    }
    const inputs_t in = {.images = images, .names = names, .programs = programs, .count = IMAGES};
    content->bytes = bundle_make(
        &in,
        &(bundle_facts_t){
            .chip_id = chip->chip_id, .flash_mode = 0xFF, .flash_size_freq = 0xFF, .plain = true, .packed = true},
        NULL);
    const reflash_source_t from = {.read = read_bytes, .context = content, .bytes = content->bytes.bytes};
    assert_int_equal(reflash_bundle_open(&content->bundle, &from), REFLASH_BUNDLE_GOOD);
}

/* --- A target, and all that is known of it -------------------------------------------------------------------------- */

typedef struct {
    espsim_port_t port;
    espsim_t *sim;
    uint8_t flash[FLASH_BYTES];
    /* What came out of each round. */
    esp_loader_error_t err[ROUNDS];
    uint32_t sectors_written[ROUNDS], erased_bytes[ROUNDS], runs[ROUNDS];
    uint8_t written_bits[ROUNDS][SECTOR_COUNT / 8];
    espsim_stats_t stats;
    uint64_t now_ns;
} target_t;

static void power_on(target_t *target, const chip_t *chip)
{
    memset(target, 0, sizeof(*target));
    target->sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name(chip->name),
                                                   .flash = target->flash,
                                                   .flash_bytes = FLASH_BYTES,
                                                   .timing = espsim_timing_typical()});
    assert_non_null(target->sim);
    target->port = (espsim_port_t){.port = {.ops = &espsim_port_ops}, .sim = target->sim, .baud = FIRST_BAUD};
}

/* --- The program: no heap, and no memory but this -------------------------------------------------------------------- */

typedef struct {
    esp_loader_t loader;
    reflash_apply_t job;
    uint8_t memory[REFLASH_APPLY_MEMORY_BYTES(FLASH_BYTES)];
    uint8_t buffer[BUFFER_BYTES];
} workspace_t;

static esp_loader_error_t converse(workspace_t *work, espsim_port_t *port, const reflash_bundle_t *bundle)
{
    const reflash_content_t content = {&reflash_bundle_ops, bundle};
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    work->job = (reflash_apply_t){.memory = work->memory,
                                  .memory_bytes = sizeof(work->memory),
                                  .buffer = work->buffer,
                                  .buffer_bytes = sizeof(work->buffer),
                                  .start_stub = reflash_stub_if_shorter};
    port->baud = FIRST_BAUD;
    RETURN_ON_ERROR(esp_loader_init_serial(&work->loader, &port->port));
    RETURN_ON_ERROR(esp_loader_connect(&work->loader, &args));
    RETURN_ON_ERROR(esp_loader_change_transmission_rate(&work->loader, BAUD));
    RETURN_ON_ERROR(reflash_apply(&work->loader, &content, &work->job));
    esp_loader_reset_target(&work->loader);
    esp_loader_deinit(&work->loader);
    return ESP_LOADER_SUCCESS;
}

static void update(workspace_t *work, target_t *target, const reflash_bundle_t *bundle, unsigned round)
{
    target->err[round] = converse(work, &target->port, bundle);
    target->sectors_written[round] = work->job.sectors_written;
    target->erased_bytes[round] = work->job.erased_bytes;
    target->runs[round] = work->job.runs;
    memcpy(target->written_bits[round], work->memory, sizeof(target->written_bits[round]));
    target->stats = *espsim_stats(target->sim);
    target->now_ns = espsim_now(target->sim);
}

/* One loop, one buffer: round by round, each target in turn. */
static void update_one_after_another(target_t *targets, content_t *const *contents)
{
    static workspace_t work;
    memset(&work, 0xA5, sizeof(work));
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned at = 0; at < TARGETS; at++) {
            update(&work, &targets[at], &contents[at][round].bundle, round);
        }
    }
}

/* --- The same with threads ------------------------------------------------------------------------------------------ */

typedef struct {
    pthread_barrier_t *start;
    target_t *target;
    const content_t *contents;
    workspace_t work;
} worker_t;

static void *work_in_thread(void *context)
{
    worker_t *worker = context;
    (void)pthread_barrier_wait(worker->start);
    for (unsigned round = 0; round < ROUNDS; round++) {
        update(&worker->work, worker->target, &worker->contents[round].bundle, round);
    }
    return NULL;
}

static void update_at_once(target_t *targets, content_t *const *contents)
{
    static worker_t workers[TARGETS];
    pthread_barrier_t start;
    pthread_t threads[TARGETS];
    assert_int_equal(pthread_barrier_init(&start, NULL, TARGETS), 0);
    for (unsigned at = 0; at < TARGETS; at++) {
        memset(&workers[at], 0x5A, sizeof(workers[at]));
        workers[at].start = &start;
        workers[at].target = &targets[at];
        workers[at].contents = contents[at];
        assert_int_equal(pthread_create(&threads[at], NULL, work_in_thread, &workers[at]), 0);
    }
    for (unsigned at = 0; at < TARGETS; at++) {
        assert_int_equal(pthread_join(threads[at], NULL), 0);
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);
}

/* --- Both ------------------------------------------------------------------------------------------------------------ */

static unsigned count_of_bits(const uint8_t *bits)
{
    unsigned count = 0;
    for (unsigned sector = 0; sector < SECTOR_COUNT; sector++) {
        count += (unsigned)bits[sector / 8] >> (sector % 8) & 1u;
    }
    return count;
}

static void expect_content(const target_t *target, const content_t *content)
{
    static uint8_t wanted[sizeof(data[0])];
    for (unsigned index = 0; index < IMAGES; index++) {
        reflash_bundle_image_t image;
        assert_int_equal(reflash_bundle_image(&content->bundle, (uint16_t)index, &image), REFLASH_BUNDLE_GOOD);
        assert_int_equal(reflash_bundle_plain(&content->bundle, &image, 0, wanted, image.bytes), REFLASH_BUNDLE_GOOD);
        assert_memory_equal(target->flash + image.flash_addr, wanted, image.bytes);
    }
}

static void expect_same(const target_t *one, const target_t *other)
{
    assert_memory_equal(one->flash, other->flash, sizeof(one->flash));
    assert_memory_equal(one->err, other->err, sizeof(one->err));
    assert_memory_equal(one->sectors_written, other->sectors_written, sizeof(one->sectors_written));
    assert_memory_equal(one->erased_bytes, other->erased_bytes, sizeof(one->erased_bytes));
    assert_memory_equal(one->runs, other->runs, sizeof(one->runs));
    assert_memory_equal(one->written_bits, other->written_bits, sizeof(one->written_bits));
    assert_memory_equal(&one->stats, &other->stats, sizeof(one->stats));
    assert_int_equal(one->now_ns, other->now_ns);
}

static void expect_the_same_both_ways(const chip_t *const *chips, content_t *const *contents)
{
    static target_t in_threads[TARGETS], in_turn[TARGETS];
    for (unsigned at = 0; at < TARGETS; at++) {
        power_on(&in_threads[at], chips[at]);
        power_on(&in_turn[at], chips[at]);
    }
    update_at_once(in_threads, contents);
    update_one_after_another(in_turn, contents);
    for (unsigned at = 0; at < TARGETS; at++) {
        const target_t *target = &in_turn[at];
        for (unsigned round = 0; round < ROUNDS; round++) {
            assert_int_equal(target->err[round], ESP_LOADER_SUCCESS);
            assert_int_equal(target->sectors_written[round], count_of_bits(target->written_bits[round]));
        }
        assert_int_equal(target->sectors_written[BLANK], 2 + 1 + 10);
        assert_in_range(target->sectors_written[CHANGED], 1, 2 + 1 + 9);
        assert_int_equal(target->sectors_written[UNCHANGED], 0);
        expect_content(target, &contents[at][UNCHANGED]);
        expect_same(&in_threads[at], target);
    }
    for (unsigned at = 0; at < TARGETS; at++) {
        espsim_destroy(in_threads[at].sim);
        espsim_destroy(in_turn[at].sim);
    }
}

static void free_contents(content_t *contents)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        free(contents[round].bytes.data);
    }
}

static void four_different_chips_at_once_are_the_same_as_one_after_another(void **state)
{
    (void)state;
    static content_t contents[TARGETS][ROUNDS];
    static const chip_t *const chips[TARGETS] = {&esp32, &esp32s3, &esp32c3, &esp32p4};
    content_t *of_targets[TARGETS];
    for (unsigned at = 0; at < TARGETS; at++) {
        for (unsigned round = 0; round < ROUNDS; round++) {
            make_content(&contents[at][round], chips[at], round);
        }
        of_targets[at] = contents[at];
    }
    expect_the_same_both_ways(chips, of_targets);
    for (unsigned at = 0; at < TARGETS; at++) {
        free_contents(contents[at]);
    }
}

static void four_chips_share_one_open_bundle_that_nobody_writes_to(void **state)
{
    (void)state;
    static content_t contents[ROUNDS], before[ROUNDS];
    static const chip_t *const chips[TARGETS] = {&esp32, &esp32, &esp32, &esp32};
    content_t *of_targets[TARGETS] = {contents, contents, contents, contents};
    for (unsigned round = 0; round < ROUNDS; round++) {
        make_content(&contents[round], &esp32, round);
    }
    memcpy(before, contents, sizeof(before));
    expect_the_same_both_ways(chips, of_targets);
    assert_memory_equal(contents, before, sizeof(before));
    free_contents(contents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_different_chips_at_once_are_the_same_as_one_after_another),
        cmocka_unit_test(four_chips_share_one_open_bundle_that_nobody_writes_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
