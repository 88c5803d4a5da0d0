/* SPDX-License-Identifier: Apache-2.0 */
/* The job: a virtual ESP32 ends up with a set of images, whatever it held before and wherever it was stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdbool.h>
#include <string.h>

#include "espsim.h"
#include "port.h"
#include "reflash.h"

enum {
    FLASH_BYTES = 1 << 20,
    BEGINS_MAX = 32,
    STEPS_MAX = 256,
    OP_FLASH_BEGIN = 0x02,
    OP_FLASH_DATA = 0x03,
    OP_MD5 = 0x13,
};

/* --- A board, its images, and a host that watches ---------------------------------------------------- */

/* In an order that is neither that of the addresses nor that in which they have to be written. */
enum { PARTITION_TABLE, BOOTLOADER, APPLICATION, OTADATA, SECOND_APPLICATION, IMAGE_COUNT };

static const struct {
    reflash_kind_t kind;
    uint32_t flash_addr, bytes;
} layout[IMAGE_COUNT] = {
    [PARTITION_TABLE] = {REFLASH_KIND_PARTITION_TABLE, 0x8000, 0xC00},
    [BOOTLOADER] = {REFLASH_KIND_BOOTLOADER, 0x1000, 9001},
    [APPLICATION] = {REFLASH_KIND_APPLICATION, 0x10000, 40002},
    [OTADATA] = {REFLASH_KIND_OTADATA, 0xD000, 0x2000},
    [SECOND_APPLICATION] = {REFLASH_KIND_APPLICATION, 0x40000, 4096},
};

typedef struct {
    reflash_step_t step;
    unsigned image;
    uint32_t done_bytes;
    reflash_result_t result;
} seen_t;

static struct {
    uint8_t flash[FLASH_BYTES];
    uint8_t content[IMAGE_COUNT][48 * 1024];
    espsim_t *sim;
    espsim_port_t port;
    esp_loader_port_ops_t ops;
    esp_loader_t loader;
    reflash_image_t images[IMAGE_COUNT];
    reflash_job_t job;
    /* What the host saw. */
    uint32_t requests[256]; /* by opcode */
    uint32_t begin_addr[BEGINS_MAX], begin_bytes[BEGINS_MAX];
    seen_t seen[STEPS_MAX];
    unsigned seen_count;
    /* What it does meanwhile. */
    unsigned stop_at_step; /* the n-th; 0: never */
    uint8_t *damage;       /* a byte of the flash that changes by itself, ... */
    unsigned damage_at_step;
} t;

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The library begins a request with a write of its own. */
static esp_loader_error_t watched_write(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    if (size > 3 && data[0] == 0xC0 && data[1] == 0x00) {
        uint8_t plain[64] = {0};
        unsigned count = 0;
        for (uint16_t at = 1; at < size && data[at] != 0xC0 && count < sizeof(plain); at++) {
            const bool escaped = data[at] == 0xDB && at + 1 < size;
            plain[count++] = !escaped ? data[at] : data[++at] == 0xDC ? 0xC0 : 0xDB;
        }
        const uint32_t begins = t.requests[OP_FLASH_BEGIN];
        if (plain[1] == OP_FLASH_BEGIN && begins < BEGINS_MAX) {
            assert_in_range(count, 24, sizeof(plain));
            t.begin_bytes[begins] = word_at(&plain[8]);
            t.begin_addr[begins] = word_at(&plain[20]);
        }
        t.requests[plain[1]]++;
    }
    return espsim_port_ops.write(port, data, size, timeout);
}

static bool watch(void *context, reflash_step_t step, const reflash_image_t *image, uint32_t done_bytes)
{
    assert_ptr_equal(context, &t);
    assert_in_range(t.seen_count, 0, STEPS_MAX - 1);
    t.seen[t.seen_count++] = (seen_t){step, (unsigned)(image - t.images), done_bytes, image->result};
    if (t.seen_count == t.damage_at_step) {
        *t.damage ^= 0x01;
    }
    return t.seen_count != t.stop_at_step;
}

static void forget_what_was_seen(void)
{
    memset(t.requests, 0, sizeof(t.requests));
    t.seen_count = 0;
    t.stop_at_step = 0;
    t.damage_at_step = 0;
    espsim_clear_stats(t.sim);
}

static void digest_content(unsigned image)
{
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), t.content[image], t.images[image].bytes,
                                t.images[image].md5),
                     0);
}

static esp_loader_error_t connect_to_target(void)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    assert_int_equal(esp_loader_init_serial(&t.loader, &t.port.port), ESP_LOADER_SUCCESS);
    return esp_loader_connect(&t.loader, &args);
}

static void make_job(void)
{
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        for (uint32_t at = 0; at < layout[image].bytes; at++) {
            t.content[image][at] = (uint8_t)(7 * at + (at * at >> 4) + 31 * image);
        }
        t.images[image] = (reflash_image_t){.kind = layout[image].kind,
                                            .flash_addr = layout[image].flash_addr,
                                            .bytes = layout[image].bytes,
                                            .data = t.content[image]};
        digest_content(image);
    }
    t.job = (reflash_job_t){.progress = watch, .progress_context = &t};
}

/* A connected board whose flash is blank, and images it does not hold. */
static int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    memset(t.flash, 0xFF, sizeof(t.flash));
    t.sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name("esp32"),
                                             .flash = t.flash,
                                             .flash_bytes = FLASH_BYTES,
                                             .timing = espsim_timing_typical()});
    assert_non_null(t.sim);
    t.ops = espsim_port_ops;
    t.ops.write = watched_write;
    t.port = (espsim_port_t){.port = {.ops = &t.ops}, .sim = t.sim, .baud = 115200};
    make_job();
    assert_int_equal(connect_to_target(), ESP_LOADER_SUCCESS);
    forget_what_was_seen();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    espsim_destroy(t.sim);
    return 0;
}

/* Put the images into the flash as if a job had done it. */
static void hold_images(void)
{
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        memcpy(&t.flash[layout[image].flash_addr], t.content[image], layout[image].bytes);
    }
}

static esp_loader_error_t update(void)
{
    return reflash_update(&t.loader, t.images, IMAGE_COUNT, &t.job);
}

static uint32_t sectors_of(unsigned image)
{
    return (layout[image].bytes + 4095) / 4096;
}

static void expect_held(void)
{
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        assert_memory_equal(&t.flash[layout[image].flash_addr], t.content[image], layout[image].bytes);
    }
}

static void expect_results(reflash_result_t result)
{
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        assert_int_equal(t.images[image].result, result);
    }
}

static void expect_fault(esp_loader_error_t code, reflash_cause_t cause)
{
    const reflash_fault_t fault = reflash_last_fault(&t.loader);
    assert_int_equal(fault.code, code);
    assert_int_equal(fault.cause, cause);
}

static void expect_nothing_written(void)
{
    assert_int_equal(t.requests[OP_FLASH_BEGIN], 0);
    assert_int_equal(t.requests[OP_FLASH_DATA], 0);
    assert_int_equal(espsim_stats(t.sim)->flash_ops, 0);
}

/* --- Whole jobs ------------------------------------------------------------------------------------- */

static void an_unchanged_set_sends_no_data(void **state)
{
    (void)state;
    hold_images();
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    expect_fault(ESP_LOADER_SUCCESS, REFLASH_CAUSE_NONE);
    expect_nothing_written();
    expect_results(REFLASH_RESULT_SKIPPED);
    assert_int_equal(t.requests[OP_MD5], IMAGE_COUNT); /* once each: nothing has happened in between */
    assert_int_equal(t.job.erased_bytes, 0);
    assert_int_equal(t.seen_count, IMAGE_COUNT);
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        assert_int_equal(t.images[image].sectors_written, 0);
        assert_int_equal(t.seen[image].step, REFLASH_STEP_CHECKED);
        assert_int_equal(t.seen[image].image, image);
        assert_int_equal(t.seen[image].done_bytes, 0);
        assert_int_equal(t.seen[image].result, REFLASH_RESULT_SKIPPED);
    }
}

static void a_blank_target_gets_all_images(void **state)
{
    (void)state;
    uint32_t sectors = 0;
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    expect_fault(ESP_LOADER_SUCCESS, REFLASH_CAUSE_NONE);
    expect_held();
    expect_results(REFLASH_RESULT_FLASHED);
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        assert_int_equal(t.images[image].sectors_written, sectors_of(image));
        sectors += sectors_of(image);
    }
    assert_int_equal(t.job.erased_bytes, sectors * 4096);
    assert_int_equal(espsim_stats(t.sim)->erased_bytes, sectors * 4096);
    assert_int_equal(t.requests[OP_MD5], 2 * IMAGE_COUNT);
}

static void a_job_needs_no_progress_function(void **state)
{
    (void)state;
    t.job.progress = NULL;
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    expect_held();
    assert_int_equal(t.seen_count, 0);
}

static void images_are_written_from_the_application_down_to_the_bootloader(void **state)
{
    (void)state;
    static const unsigned order[IMAGE_COUNT] = {APPLICATION, SECOND_APPLICATION, OTADATA, PARTITION_TABLE, BOOTLOADER};
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    assert_int_equal(t.requests[OP_FLASH_BEGIN], IMAGE_COUNT);

    unsigned started = 0;
    for (unsigned at = 0; at < t.seen_count; at++) {
        if (t.seen[at].step == REFLASH_STEP_WRITING && t.seen[at].done_bytes == 0) {
            assert_in_range(started, 0, IMAGE_COUNT - 1);
            assert_int_equal(t.seen[at].image, order[started]);
            assert_int_equal(t.begin_addr[started], layout[order[started]].flash_addr);
            assert_int_equal(t.begin_bytes[started], layout[order[started]].bytes);
            started++;
        }
    }
    assert_int_equal(started, IMAGE_COUNT);
}

static void progress_tells_every_step_of_every_image_in_order(void **state)
{
    (void)state;
    unsigned at = 0;
    t.job.block_bytes = 4000;
    memcpy(&t.flash[layout[OTADATA].flash_addr], t.content[OTADATA], layout[OTADATA].bytes);
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    for (unsigned image = 0; image < IMAGE_COUNT; image++, at++) {
        assert_int_equal(t.seen[at].step, REFLASH_STEP_CHECKED);
        assert_int_equal(t.seen[at].image, image);
        assert_int_equal(t.seen[at].result, image == OTADATA ? REFLASH_RESULT_SKIPPED : REFLASH_RESULT_PENDING);
    }
    static const unsigned order[] = {APPLICATION, SECOND_APPLICATION, PARTITION_TABLE, BOOTLOADER};
    for (unsigned written = 0; written < 4; written++) {
        const uint32_t bytes = layout[order[written]].bytes;
        for (uint32_t done_bytes = 0;; done_bytes = done_bytes + 4000 < bytes ? done_bytes + 4000 : bytes) {
            assert_int_equal(t.seen[at].step, REFLASH_STEP_WRITING);
            assert_int_equal(t.seen[at].image, order[written]);
            assert_int_equal(t.seen[at].done_bytes, done_bytes);
            at++;
            if (done_bytes == bytes) {
                break;
            }
        }
    }
    for (unsigned image = 0; image < IMAGE_COUNT; image++, at++) {
        assert_int_equal(t.seen[at].step, REFLASH_STEP_VERIFIED);
        assert_int_equal(t.seen[at].image, image);
        assert_int_equal(t.seen[at].done_bytes, layout[image].bytes);
        assert_int_equal(t.seen[at].result, image == OTADATA ? REFLASH_RESULT_SKIPPED : REFLASH_RESULT_FLASHED);
    }
    assert_int_equal(at, t.seen_count);
}

static void only_the_image_that_changed_is_written(void **state)
{
    (void)state;
    for (unsigned changed = 0; changed < IMAGE_COUNT; changed++) {
        hold_images();
        t.content[changed][layout[changed].bytes - 1] ^= 0x80;
        digest_content(changed);
        forget_what_was_seen();
        assert_int_equal(update(), ESP_LOADER_SUCCESS);
        expect_held();
        for (unsigned image = 0; image < IMAGE_COUNT; image++) {
            assert_int_equal(t.images[image].result,
                             image == changed ? REFLASH_RESULT_FLASHED : REFLASH_RESULT_SKIPPED);
            assert_int_equal(t.images[image].sectors_written, image == changed ? sectors_of(image) : 0);
        }
        assert_int_equal(t.requests[OP_FLASH_BEGIN], 1);
        assert_int_equal(t.begin_addr[0], layout[changed].flash_addr);
        assert_int_equal(t.job.erased_bytes, sectors_of(changed) * 4096);
        assert_int_equal(espsim_stats(t.sim)->erased_bytes, sectors_of(changed) * 4096);
    }
}

static void what_lies_between_the_images_is_left_alone(void **state)
{
    (void)state;
    memset(t.flash, 0x5A, sizeof(t.flash));
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    expect_held();
    for (uint32_t addr = 0; addr < FLASH_BYTES; addr++) {
        bool in_image = false;
        for (unsigned image = 0; image < IMAGE_COUNT; image++) {
            in_image = in_image ||
                       (addr >= layout[image].flash_addr && addr < layout[image].flash_addr + sectors_of(image) * 4096);
        }
        if (!in_image) {
            assert_int_equal(t.flash[addr], 0x5A);
        }
    }
}

static void blocks_have_the_size_that_the_job_asks_for(void **state)
{
    (void)state;
    static const struct {
        uint32_t block_bytes, blocks;
    } cases[] = {{0, 10}, {4096, 10}, {6144, 7}, {1024, 40}, {4, 10001}};
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        t.job.block_bytes = cases[row].block_bytes;
        t.job.progress = NULL;
        t.content[APPLICATION][0] ^= 0x10;
        digest_content(APPLICATION);
        forget_what_was_seen();
        assert_int_equal(reflash_update(&t.loader, &t.images[APPLICATION], 1, &t.job), ESP_LOADER_SUCCESS);
        assert_int_equal(t.requests[OP_FLASH_DATA], cases[row].blocks);
    }
}

static void an_image_may_end_with_the_flash(void **state)
{
    (void)state;
    t.images[OTADATA].flash_addr = FLASH_BYTES - 0x2000;
    assert_int_equal(reflash_update(&t.loader, &t.images[OTADATA], 1, &t.job), ESP_LOADER_SUCCESS);
    assert_memory_equal(&t.flash[FLASH_BYTES - 0x2000], t.content[OTADATA], 0x2000);
}

static void neighbours_may_touch(void **state)
{
    (void)state;
    t.images[PARTITION_TABLE].flash_addr = 0x20000;
    t.images[BOOTLOADER].flash_addr = 0x21000; /* three sectors */
    t.images[OTADATA].flash_addr = 0x24000;
    t.images[SECOND_APPLICATION].flash_addr = 0x1F000; /* later in the list, earlier in the flash */
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    expect_results(REFLASH_RESULT_FLASHED);
}

static void an_image_may_be_a_single_byte(void **state)
{
    (void)state;
    t.content[OTADATA][0] = 0x5A;
    t.images[OTADATA].bytes = 1;
    digest_content(OTADATA);
    assert_int_equal(reflash_update(&t.loader, &t.images[OTADATA], 1, &t.job), ESP_LOADER_SUCCESS);
    assert_int_equal(t.flash[layout[OTADATA].flash_addr], 0x5A);
    assert_int_equal(t.images[OTADATA].sectors_written, 1);
}

static void results_of_an_earlier_job_do_not_matter(void **state)
{
    (void)state;
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        t.images[image].result = REFLASH_RESULT_FLASHED;
        t.images[image].sectors_written = 99;
    }
    t.job.erased_bytes = 99;
    hold_images();
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    expect_results(REFLASH_RESULT_SKIPPED);
    assert_int_equal(t.job.erased_bytes, 0);
    assert_int_equal(t.images[APPLICATION].sectors_written, 0);
}

/* --- The final proof -------------------------------------------------------------------------------- */

/* The step number, counted from 1, at which `image` has been written whole. */
static unsigned step_after(unsigned image)
{
    for (unsigned at = 0; at < t.seen_count; at++) {
        if (t.seen[at].step == REFLASH_STEP_WRITING && t.seen[at].image == image &&
            t.seen[at].done_bytes == layout[image].bytes) {
            return at + 1;
        }
    }
    fail_msg("image %u was not written", image);
    return 0;
}

static void an_image_damaged_after_it_was_checked_is_found_by_the_final_proof(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < IMAGE_COUNT; victim++) {
        if (victim == APPLICATION) {
            continue; /* the one that is written */
        }
        hold_images();
        t.content[APPLICATION][7] ^= 0x40;
        digest_content(APPLICATION);
        forget_what_was_seen();
        t.damage = &t.flash[layout[victim].flash_addr + layout[victim].bytes - 1];
        t.damage_at_step = IMAGE_COUNT + 1; /* all are checked, and writing begins */
        assert_int_equal(update(), ESP_LOADER_ERROR_INVALID_MD5);
        expect_fault(ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH);
        for (unsigned image = 0; image < IMAGE_COUNT; image++) {
            assert_int_equal(t.images[image].result, image == victim        ? REFLASH_RESULT_FAILED
                                                     : image == APPLICATION ? REFLASH_RESULT_FLASHED
                                                                            : REFLASH_RESULT_SKIPPED);
        }
        assert_int_equal(t.seen[t.seen_count - 1].step, REFLASH_STEP_VERIFIED);

        forget_what_was_seen();
        assert_int_equal(update(), ESP_LOADER_SUCCESS);
        assert_int_equal(t.requests[OP_FLASH_BEGIN], 1);
        assert_int_equal(t.images[victim].result, REFLASH_RESULT_FLASHED);
        expect_held();
    }
}

static void an_image_damaged_after_it_was_written_is_found_by_the_final_proof(void **state)
{
    (void)state;
    t.job.block_bytes = 2048;
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    const unsigned written = step_after(APPLICATION);
    memset(t.flash, 0xFF, sizeof(t.flash));
    forget_what_was_seen();
    t.damage = &t.flash[layout[APPLICATION].flash_addr];
    t.damage_at_step = written;
    assert_int_equal(update(), ESP_LOADER_ERROR_INVALID_MD5);
    expect_fault(ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH);
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        assert_int_equal(t.images[image].result, image == APPLICATION ? REFLASH_RESULT_FAILED : REFLASH_RESULT_FLASHED);
    }
}

static void a_digest_that_is_not_that_of_the_data_is_never_reached(void **state)
{
    (void)state;
    t.images[OTADATA].md5[15] ^= 0x01;
    assert_int_equal(update(), ESP_LOADER_ERROR_INVALID_MD5);
    assert_int_equal(t.images[OTADATA].result, REFLASH_RESULT_FAILED);
    assert_int_equal(t.images[OTADATA].sectors_written, 2);
    assert_int_equal(t.images[BOOTLOADER].result, REFLASH_RESULT_FLASHED);
}

/* --- Stopping --------------------------------------------------------------------------------------- */

/* Every result must be true, and say no more than is known, when a job stopped behind `last`. */
static void expect_results_of_a_stopped_job(const seen_t *last)
{
    bool proved_before_last = last->step == REFLASH_STEP_VERIFIED;
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        const bool holds = memcmp(&t.flash[layout[image].flash_addr], t.content[image], layout[image].bytes) == 0;
        switch (t.images[image].result) {
        case REFLASH_RESULT_FLASHED:
            assert_true(proved_before_last);
            assert_true(holds);
            assert_int_equal(t.images[image].sectors_written, sectors_of(image));
            break;
        case REFLASH_RESULT_SKIPPED:
            assert_true(holds);
            assert_int_equal(t.images[image].sectors_written, 0);
            break;
        case REFLASH_RESULT_PENDING:
            assert_int_equal(t.images[image].sectors_written, 0);
            break;
        case REFLASH_RESULT_FAILED:
            assert_int_not_equal(last->step, REFLASH_STEP_CHECKED);
            break;
        }
        proved_before_last = proved_before_last && image != last->image;
    }
    if (last->step == REFLASH_STEP_CHECKED) {
        expect_nothing_written();
        assert_int_equal(t.job.erased_bytes, 0);
    }
    if (last->step == REFLASH_STEP_WRITING) {
        assert_int_equal(t.images[last->image].result, REFLASH_RESULT_FAILED);
        assert_int_equal(t.images[last->image].sectors_written, last->done_bytes > 0 ? sectors_of(last->image) : 0);
    }
    assert_int_equal(espsim_stats(t.sim)->erased_bytes, t.job.erased_bytes);
}

static void a_job_stopped_at_any_step_can_be_finished_by_another(void **state)
{
    (void)state;
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    const unsigned steps = t.seen_count;
    assert_in_range(steps, 4 * IMAGE_COUNT, STEPS_MAX);
    for (unsigned stop = 1; stop <= steps; stop++) {
        memset(t.flash, 0xA5, sizeof(t.flash));
        memcpy(&t.flash[layout[OTADATA].flash_addr], t.content[OTADATA], layout[OTADATA].bytes);
        forget_what_was_seen();
        t.stop_at_step = stop;
        const esp_loader_error_t err = update();
        if (t.seen_count < stop) { /* with the OTA data in place there are fewer steps */
            assert_int_equal(err, ESP_LOADER_SUCCESS);
            break;
        }
        assert_int_equal(err, ESP_LOADER_ERROR_FAIL);
        assert_int_equal(t.seen_count, stop); /* nothing was told or done after it */
        expect_results_of_a_stopped_job(&t.seen[stop - 1]);

        t.stop_at_step = 0;
        t.seen_count = 0;
        assert_int_equal(update(), ESP_LOADER_SUCCESS);
        expect_held();
    }
}

static void a_target_that_leaves_in_the_middle_is_finished_after_connecting_again(void **state)
{
    (void)state;
    espsim_set_faults(t.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_POWER_CUT, .op = 400}}});
    assert_int_not_equal(update(), ESP_LOADER_SUCCESS);
    assert_int_equal(t.images[APPLICATION].result, REFLASH_RESULT_FAILED);
    assert_int_equal(t.images[BOOTLOADER].result, REFLASH_RESULT_PENDING);
    assert_int_equal(t.images[BOOTLOADER].sectors_written, 0);
    espsim_set_faults(t.sim, &(espsim_faults_t){0});
    espsim_power_cycle(t.sim);
    assert_int_equal(connect_to_target(), ESP_LOADER_SUCCESS);
    t.seen_count = 0;
    assert_int_equal(update(), ESP_LOADER_SUCCESS);
    expect_held();
    expect_results(REFLASH_RESULT_FLASHED);
}

/* --- Arguments -------------------------------------------------------------------------------------- */

static void expect_refused(esp_loader_error_t expected)
{
    assert_int_equal(update(), expected);
    expect_fault(expected, REFLASH_CAUSE_ARGUMENT);
    expect_nothing_written();
    expect_results(REFLASH_RESULT_PENDING);
    assert_int_equal(t.requests[OP_MD5], 0);
    assert_int_equal(t.seen_count, 0);
    assert_int_equal(t.job.erased_bytes, 0);
    make_job();
}

static void an_image_that_cannot_be_written_ends_the_job_before_it_begins(void **state)
{
    (void)state;
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        t.images[image].data = NULL;
        expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
        t.images[image].bytes = 0;
        expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
        t.images[image].flash_addr += 1;
        expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
        t.images[image].flash_addr += 0x800;
        expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
        t.images[image].kind = REFLASH_KIND_COUNT;
        expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
        t.images[image].flash_addr = FLASH_BYTES - layout[image].bytes / 4096 * 4096;
        t.images[image].bytes += 1;
        expect_refused(ESP_LOADER_ERROR_IMAGE_SIZE);
        t.images[image].flash_addr = FLASH_BYTES;
        expect_refused(ESP_LOADER_ERROR_IMAGE_SIZE);
        t.images[image].flash_addr = 0xFFFFF000;
        expect_refused(ESP_LOADER_ERROR_IMAGE_SIZE);
    }
}

static void two_images_that_share_a_sector_end_the_job_before_it_begins(void **state)
{
    (void)state;
    t.images[OTADATA].flash_addr = layout[APPLICATION].flash_addr; /* the same start */
    expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
    t.images[OTADATA].flash_addr = layout[APPLICATION].flash_addr + 0x4000; /* inside */
    expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
    t.images[OTADATA].flash_addr = layout[APPLICATION].flash_addr + 0x9000; /* its last, partly used sector */
    expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
    t.images[OTADATA].flash_addr = layout[APPLICATION].flash_addr - 0x1000; /* reaching into it */
    expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
    t.images[APPLICATION].bytes = 0xFFFFFFFF; /* over everything behind it */
    expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
    t.images[PARTITION_TABLE] = t.images[BOOTLOADER]; /* the same image twice */
    expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
}

static void a_block_size_that_no_rom_takes_ends_the_job_before_it_begins(void **state)
{
    (void)state;
    static const uint32_t block_bytes[] = {1, 2, 6, 4095, 6148, 0x10000, 0xFFFFFFFC};
    for (size_t row = 0; row < sizeof(block_bytes) / sizeof(block_bytes[0]); row++) {
        t.job.block_bytes = block_bytes[row];
        expect_refused(ESP_LOADER_ERROR_INVALID_PARAM);
    }
}

static void a_job_without_images_is_refused(void **state)
{
    (void)state;
    assert_int_equal(reflash_update(&t.loader, NULL, 1, &t.job), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(reflash_update(&t.loader, t.images, 0, &t.job), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(reflash_update(&t.loader, t.images, 1, NULL), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT);
    expect_nothing_written();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unchanged_set_sends_no_data),
        TEST(a_blank_target_gets_all_images),
        TEST(a_job_needs_no_progress_function),
        TEST(images_are_written_from_the_application_down_to_the_bootloader),
        TEST(progress_tells_every_step_of_every_image_in_order),
        TEST(only_the_image_that_changed_is_written),
        TEST(what_lies_between_the_images_is_left_alone),
        TEST(blocks_have_the_size_that_the_job_asks_for),
        TEST(an_image_may_end_with_the_flash),
        TEST(neighbours_may_touch),
        TEST(an_image_may_be_a_single_byte),
        TEST(results_of_an_earlier_job_do_not_matter),
        TEST(an_image_damaged_after_it_was_checked_is_found_by_the_final_proof),
        TEST(an_image_damaged_after_it_was_written_is_found_by_the_final_proof),
        TEST(a_digest_that_is_not_that_of_the_data_is_never_reached),
        TEST(a_job_stopped_at_any_step_can_be_finished_by_another),
        TEST(a_target_that_leaves_in_the_middle_is_finished_after_connecting_again),
        TEST(an_image_that_cannot_be_written_ends_the_job_before_it_begins),
        TEST(two_images_that_share_a_sector_end_the_job_before_it_begins),
        TEST(a_block_size_that_no_rom_takes_ends_the_job_before_it_begins),
        TEST(a_job_without_images_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
