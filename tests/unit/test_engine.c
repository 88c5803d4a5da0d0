/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: virtual chips get the content of a bundle, or of images in memory, whatever they held before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_writer.h"
#include "content.h"
#include "espsim.h"
#include "port.h"
#include "reflash_engine.h"

enum {
    FLASH_BYTES = 1 << 20,
    SECTOR = 4096,
    BAUD = 921600,
    CHIP_ID_ESP32 = 0,
    CHIP_ID_ESP32C3 = 5,
    CHIP_ID_ESP8266 = 0xFFFF,
    FILL = 0x5A,
    BUFFER_BYTES = 1024,
    STEPS_MAX = 512,
    BEGIN_BYTES = 40, /* the command that begins a run, escaped */
    OP_FLASH_BEGIN = 0x02,
    OP_FLASH_DATA = 0x03,
    OP_DEFL_BEGIN = 0x10,
    OP_DEFL_DATA = 0x11,
    OP_MD5 = 0x13
};

enum { BOOTLOADER, PARTITION_TABLE, APPLICATION, DATA, IMAGE_COUNT };

static const struct {
    reflash_kind_t kind;
    uint32_t flash_addr, bytes;
} layout[IMAGE_COUNT] = {
    [BOOTLOADER] = {REFLASH_KIND_BOOTLOADER, 0x1000, 20001},
    [PARTITION_TABLE] = {REFLASH_KIND_PARTITION_TABLE, 0x8000, 0xC00},
    [APPLICATION] = {REFLASH_KIND_APPLICATION, 0x10000, 300002},
    [DATA] = {REFLASH_KIND_APPLICATION, 0x60000, 0x20000},
};

/** Where the content comes from. */
typedef enum { FROM_MEMORY, FROM_PLAIN_BUNDLE, FROM_PACKED_BUNDLE, FROM_BUNDLE, SOURCES } source_t;

static struct {
    uint8_t flash[FLASH_BYTES], before[FLASH_BYTES];
    uint8_t data[IMAGE_COUNT][300002];
    reflash_image_t images[IMAGE_COUNT];
    char *names[IMAGE_COUNT];
    bool programs[IMAGE_COUNT];
    inputs_t in;
    content_t memory;
    bundle_t bytes;
    reflash_bundle_t bundle;
    reflash_content_t content;
    uint8_t bits[REFLASH_APPLY_MEMORY_BYTES(FLASH_BYTES)];
    uint8_t buffer[BUFFER_BYTES];
    espsim_t *sim;
    espsim_port_t port;
    esp_loader_t loader;
    reflash_apply_t job;
    reflash_link_t link;
    /* What the host saw, and does. */
    unsigned steps, stop_at;
    reflash_apply_progress_t seen[STEPS_MAX];
    uint32_t left_ms_first, left_ms_last;
    uint64_t sent_before_writing; /* bytes, before the first command that changes the flash */
    uint64_t reads, fail_read;
    bool damage_while_writing; /* once */
    uint32_t usb_latency_us;   /* of the line to the next chip */
    uint32_t data_baud;        /* to be changed to when all is asked; 0: not */
    bool guessed;              /* the first sector of the application, which is there, was to be written */
} t;

/* --- A content ------------------------------------------------------------------------------------------------------ */

static void digest(unsigned image)
{
    assert_int_equal(
        mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), t.data[image], layout[image].bytes, t.images[image].md5),
        0);
}

static void make_images(void)
{
    static char *const names[] = {"bootloader", "partition-table", "app", "storage"};
    uint32_t random = 1;
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        for (uint32_t at = 0; at < layout[image].bytes; at++) {
            random = random * 1664525 + 1013904223;
            /* Half of it repeats, so that it can be compressed. */
            t.data[image][at] = at % 2 == 0 ? (uint8_t)(random >> 24) : (uint8_t)(at / 64);
        }
        t.names[image] = names[image];
        t.images[image] = (reflash_image_t){.kind = layout[image].kind,
                                            .flash_addr = layout[image].flash_addr,
                                            .bytes = layout[image].bytes,
                                            .data = t.data[image]};
        digest(image);
    }
    t.programs[BOOTLOADER] = t.programs[APPLICATION] = true;
    t.in = (inputs_t){.images = t.images, .names = t.names, .programs = t.programs, .count = IMAGE_COUNT};
}

static bool read_bundle(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    (void)context;
    memcpy(buf, t.bytes.data + offset, bytes);
    return ++t.reads != t.fail_read;
}

static void make_content(source_t source, uint16_t chip_id)
{
    content_free(&t.memory);
    free(t.bytes.data);
    t.bytes.data = NULL;
    t.reads = 0;
    if (source == FROM_MEMORY) {
        content_init(&t.memory, &t.in, chip_id);
        t.content = t.memory.content;
        return;
    }
    t.bytes = bundle_make(&t.in,
                          &(bundle_facts_t){.chip_id = chip_id,
                                            .flash_mode = 0xFF,
                                            .flash_size_freq = 0xFF,
                                            .plain = source != FROM_PACKED_BUNDLE,
                                            .packed = source != FROM_PLAIN_BUNDLE},
                          NULL);
    const reflash_source_t from = {.read = read_bundle, .bytes = t.bytes.bytes};
    assert_int_equal(reflash_bundle_open(&t.bundle, &from), REFLASH_BUNDLE_GOOD);
    t.content = (reflash_content_t){&reflash_bundle_ops, &t.bundle};
}

/* --- A target -------------------------------------------------------------------------------------------------------- */

static bool is_marked(uint32_t sector)
{
    return (t.bits[sector / 8] >> (sector % 8) & 1) != 0;
}

static void damage(uint32_t flash_addr, uint32_t bytes)
{
    for (uint32_t at = flash_addr; at < flash_addr + bytes; at++) {
        t.flash[at] ^= FILL;
    }
}

static bool watch(void *context, const reflash_apply_progress_t *progress)
{
    assert_ptr_equal(context, &t);
    assert_in_range(t.steps, 0, STEPS_MAX - 1);
    t.seen[t.steps++] = *progress;
    assert_true(progress->done_sectors <= progress->sectors);
    if (progress->step == REFLASH_APPLY_WRITING && t.left_ms_first == 0) {
        t.left_ms_first = progress->left_ms;
        t.sent_before_writing = espsim_stats(t.sim)->bytes_to_target;
    }
    t.left_ms_last = progress->left_ms;
    if (progress->step == REFLASH_APPLY_ASKED && progress->index == IMAGE_COUNT - 1 && t.data_baud != 0) {
        assert_int_equal(esp_loader_change_transmission_rate(&t.loader, t.data_baud), ESP_LOADER_SUCCESS);
    }
    if (progress->step == REFLASH_APPLY_WRITING && t.damage_while_writing) {
        t.damage_while_writing = false;
        t.guessed = is_marked(layout[APPLICATION].flash_addr / SECTOR);
        damage(layout[DATA].flash_addr + 5 * SECTOR, 1); /* not behind a run: those are proved in any case */
    }
    return t.steps != t.stop_at;
}

static void connect_to_target(void)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    assert_int_equal(esp_loader_init_serial(&t.loader, &t.port.port), ESP_LOADER_SUCCESS);
    t.port.baud = 115200;
    assert_int_equal(esp_loader_connect(&t.loader, &args), ESP_LOADER_SUCCESS);
    if (t.content.bundle->chip_id != CHIP_ID_ESP8266) {
        assert_int_equal(esp_loader_change_transmission_rate(&t.loader, BAUD), ESP_LOADER_SUCCESS);
    }
    reflash_set_link(&t.loader, &t.link);
    t.steps = t.stop_at = 0;
    espsim_clear_stats(t.sim);
    memcpy(t.before, t.flash, sizeof(t.before));
}

/* A connected chip; its flash is as it was. */
static void power_on(const char *chip)
{
    espsim_destroy(t.sim);
    t.sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name(chip),
                                             .flash = t.flash,
                                             .flash_bytes = FLASH_BYTES,
                                             .timing = espsim_timing_typical(),
                                             .usb_latency_us = t.usb_latency_us});
    assert_non_null(t.sim);
    t.port = (espsim_port_t){.port = {.ops = &espsim_port_ops}, .sim = t.sim};
    connect_to_target();
}

static uint16_t chip_id_of(const char *chip)
{
    return strcmp(chip, "esp32") == 0     ? CHIP_ID_ESP32
           : strcmp(chip, "esp8266") == 0 ? CHIP_ID_ESP8266
                                          : CHIP_ID_ESP32C3;
}

static void begin(const char *chip, source_t source, bool stub)
{
    make_content(source, chip_id_of(chip));
    t.job = (reflash_apply_t){.memory = t.bits,
                              .memory_bytes = sizeof(t.bits),
                              .buffer = t.buffer,
                              .buffer_bytes = sizeof(t.buffer),
                              .start_stub = stub ? reflash_stub_if_shorter : NULL,
                              .progress = watch,
                              .progress_context = &t};
    power_on(chip);
}

static esp_loader_error_t apply(void)
{
    return reflash_apply(&t.loader, &t.content, &t.job);
}

static void hold_images(void)
{
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        memcpy(&t.flash[layout[image].flash_addr], t.data[image], layout[image].bytes);
    }
}

static void expect_held(void)
{
    for (unsigned image = 0; image < IMAGE_COUNT; image++) {
        assert_memory_equal(&t.flash[layout[image].flash_addr], t.data[image], layout[image].bytes);
    }
}

/* What is not marked in the job's memory is as it was. */
static void expect_untouched_outside(void)
{
    for (uint32_t sector = 0; sector < FLASH_BYTES / SECTOR; sector++) {
        if (!is_marked(sector)) {
            assert_memory_equal(&t.flash[sector * SECTOR], &t.before[sector * SECTOR], SECTOR);
            assert_int_equal(espsim_wear(t.sim, sector), 0);
        }
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
    assert_int_equal(espsim_stats(t.sim)->flash_ops, 0);
    assert_int_equal(espsim_stats(t.sim)->commands[OP_FLASH_BEGIN].count, 0);
    assert_int_equal(espsim_stats(t.sim)->commands[OP_DEFL_BEGIN].count, 0);
}

static int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    t.link = (reflash_link_t)REFLASH_LINK_DEFAULT();
    memset(t.flash, FILL, sizeof(t.flash));
    make_images();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    espsim_destroy(t.sim);
    content_free(&t.memory);
    free(t.bytes.data);
    return 0;
}

/* --- Whole jobs ------------------------------------------------------------------------------------------------------ */

static void every_source_reaches_every_loader(void **state)
{
    (void)state;
    static const char *const chips[] = {"esp32", "esp32c3"};
    for (unsigned chip = 0; chip < 2; chip++) {
        for (unsigned source = 0; source < SOURCES; source++) {
            for (unsigned stub = 0; stub < 2; stub++) {
                memset(t.flash, FILL, sizeof(t.flash));
                begin(chips[chip], (source_t)source, stub == 1);
                if (source == FROM_PACKED_BUNDLE && chip == 0 && stub == 0) {
                    /* Its ROM unpacks wrongly, so there is nothing that could be sent. */
                    assert_int_equal(apply(), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
                    expect_nothing_written();
                    continue;
                }
                assert_int_equal(apply(), ESP_LOADER_SUCCESS);
                expect_held();
                expect_untouched_outside();
                assert_int_equal(espsim_stub(t.sim) != ESPSIM_STUB_NONE, stub == 1);
                connect_to_target();
                assert_int_equal(apply(), ESP_LOADER_SUCCESS);
                expect_nothing_written();
                assert_int_equal(t.job.sectors_written, 0);
            }
        }
    }
}

/* However little differs: its mask ROM unpacks wrongly. */
static void what_is_only_packed_reaches_an_esp32_by_its_stub(void **state)
{
    (void)state;
    hold_images();
    damage(layout[PARTITION_TABLE].flash_addr, 1);
    t.link.round_trip_ms = 400; /* a stub does not pay, */
    t.usb_latency_us = 400000;  /* nor after it was learned how long questions take */
    begin("esp32", FROM_PACKED_BUNDLE, true);
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    expect_held();
    assert_true(espsim_stub(t.sim) != ESPSIM_STUB_NONE);
}

static void an_esp8266_is_reached_by_its_stub_only(void **state)
{
    (void)state;
    begin("esp8266", FROM_MEMORY, false);
    assert_int_equal(apply(), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_nothing_written();
    begin("esp8266", FROM_MEMORY, true);
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    expect_held();
}

static void one_changed_sector_is_written_alone(void **state)
{
    (void)state;
    for (unsigned stub = 0; stub < 2; stub++) {
        hold_images();
        damage(0x10000 + 33 * SECTOR + 7, 1);
        begin("esp32c3", FROM_MEMORY, stub == 1);
        assert_int_equal(apply(), ESP_LOADER_SUCCESS);
        expect_held();
        assert_int_equal(t.job.sectors_written, 1);
        assert_int_equal(t.job.erased_bytes, SECTOR);
        assert_int_equal(espsim_stats(t.sim)->erased_bytes, SECTOR);
        expect_untouched_outside();
        assert_true(is_marked(16 + 33));
    }
}

static void scattered_changes_are_all_found(void **state)
{
    (void)state;
    for (unsigned source = 0; source < SOURCES; source++) {
        hold_images();
        for (uint32_t at = 0x60000; at < 0x80000; at += 5 * SECTOR) {
            damage(at, 1);
        }
        damage(0x8000, 1);
        begin("esp32", (source_t)source, true);
        assert_int_equal(apply(), ESP_LOADER_SUCCESS);
        expect_held();
        expect_untouched_outside();
        assert_in_range(t.job.sectors_written, 8, 33);
    }
}

/* In a bundle the sectors of a program's block are packed as a group, which is sent from its start. */
static void a_packed_group_is_sent_from_its_start(void **state)
{
    (void)state;
    hold_images();
    damage(0x10000 + 18 * SECTOR, 1); /* the third sector of the second block */
    begin("esp32c3", FROM_PACKED_BUNDLE, true);
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    expect_held();
    expect_untouched_outside();
    assert_int_equal(t.job.sectors_written, 3);
    assert_int_equal(espsim_stats(t.sim)->commands[OP_FLASH_DATA].count, 0);
}

static void plain_data_are_sent_where_that_is_shorter(void **state)
{
    (void)state;
    hold_images();
    damage(0x10000 + 31 * SECTOR, 1); /* the last sector of the block: 15 others in front */
    begin("esp32c3", FROM_BUNDLE, true);
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    expect_held();
    assert_int_equal(t.job.sectors_written, 1);
    assert_int_equal(espsim_stats(t.sim)->commands[OP_FLASH_DATA].count, 1);
    assert_int_equal(espsim_stats(t.sim)->commands[OP_DEFL_DATA].count, 0);
}

static void a_blank_flash_is_not_erased_where_that_was_seen(void **state)
{
    (void)state;
    hold_images();
    memset(&t.flash[0x60000 + 7 * SECTOR], 0xFF, SECTOR);
    begin("esp32", FROM_PLAIN_BUNDLE, false);
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    expect_held();
    assert_int_equal(t.job.sectors_written, 1);
    assert_int_equal(t.job.erased_bytes, 0);
    assert_int_equal(espsim_stats(t.sim)->erased_bytes, 0);
}

static void the_smallest_buffer_does(void **state)
{
    (void)state;
    for (unsigned source = 0; source < SOURCES; source++) {
        memset(t.flash, FILL, sizeof(t.flash));
        begin("esp32c3", (source_t)source, source == FROM_BUNDLE);
        t.job.buffer_bytes = REFLASH_APPLY_BUFFER_BYTES;
        assert_int_equal(apply(), ESP_LOADER_SUCCESS);
        expect_held();
    }
}

static void the_bootloader_is_written_last(void **state)
{
    (void)state;
    static const reflash_kind_t order[] = {REFLASH_KIND_APPLICATION, REFLASH_KIND_APPLICATION,
                                           REFLASH_KIND_PARTITION_TABLE, REFLASH_KIND_BOOTLOADER};
    begin("esp32", FROM_MEMORY, true);
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    unsigned next = 0;
    for (unsigned at = 0; at < t.steps; at++) {
        if (t.seen[at].step == REFLASH_APPLY_WRITING && t.seen[at].done_sectors == 0) {
            assert_in_range(next, 0, IMAGE_COUNT - 1);
            assert_int_equal(layout[t.seen[at].index].kind, order[next++]);
        }
    }
    assert_int_equal(next, IMAGE_COUNT);
    assert_true(t.left_ms_first > 1000);
    assert_int_equal(t.left_ms_last, 0);
}

/* A program's pieces refer back to the start of their block, which cannot be left out where there is nothing but pieces. */
static void no_sector_of_a_block_that_is_sent_from_its_start_is_written_twice(void **state)
{
    (void)state;
    enum { BLOCK_ADDR = 0x20000 };
    for (unsigned stub = 0; stub < 2; stub++) {
        hold_images();
        damage(BLOCK_ADDR + 3 * SECTOR, 1);
        damage(BLOCK_ADDR + 10 * SECTOR, 1);
        begin("esp32c3", FROM_PACKED_BUNDLE, stub != 0);
        assert_int_equal(apply(), ESP_LOADER_SUCCESS);
        expect_held();
        expect_untouched_outside();
        for (uint32_t sector = 0; sector < 16; sector++) {
            assert_in_range(espsim_wear(t.sim, BLOCK_ADDR / SECTOR + sector), 0, 1);
        }
    }
}

/* The program may raise it when it knows how much there is to send. */
static void a_rate_that_is_raised_behind_the_questions_counts_from_then_on(void **state)
{
    (void)state;
    uint32_t left_ms[2];
    for (unsigned raised = 0; raised < 2; raised++) {
        memset(t.flash, FILL, sizeof(t.flash));
        begin("esp32", FROM_MEMORY, false);
        assert_int_equal(esp_loader_change_transmission_rate(&t.loader, 115200), ESP_LOADER_SUCCESS);
        t.data_baud = raised != 0 ? BAUD : 0;
        t.left_ms_first = 0;
        assert_int_equal(apply(), ESP_LOADER_SUCCESS);
        expect_held();
        left_ms[raised] = t.left_ms_first;
    }
    assert_true(left_ms[1] < left_ms[0] / 3 * 2);
}

static void a_dry_run_marks_what_would_be_written(void **state)
{
    (void)state;
    hold_images();
    damage(0x60000 + 3 * SECTOR, SECTOR);
    begin("esp32", FROM_MEMORY, true);
    t.job.dry_run = true;
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    expect_nothing_written();
    assert_int_equal(t.job.sectors_written, 1);
    for (uint32_t sector = 0; sector < FLASH_BYTES / SECTOR; sector++) {
        assert_int_equal(is_marked(sector), sector == 0x63);
    }
}

/* --- Refusals -------------------------------------------------------------------------------------------------------- */

static void bad_jobs_are_refused_before_anything_is_sent(void **state)
{
    (void)state;
    begin("esp32", FROM_MEMORY, false);
    const uint64_t sent = espsim_stats(t.sim)->bytes_to_target;
    assert_int_equal(reflash_apply(&t.loader, NULL, &t.job), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(reflash_apply(&t.loader, &t.content, NULL), ESP_LOADER_ERROR_INVALID_PARAM);
    const reflash_apply_t good = t.job;
    t.job.memory_bytes = REFLASH_APPLY_MEMORY_BYTES(t.content.bundle->flash_bytes) - 1;
    assert_int_equal(apply(), ESP_LOADER_ERROR_INVALID_PARAM);
    t.job = good;
    t.job.memory = NULL;
    assert_int_equal(apply(), ESP_LOADER_ERROR_INVALID_PARAM);
    t.job = good;
    t.job.buffer = NULL;
    assert_int_equal(apply(), ESP_LOADER_ERROR_INVALID_PARAM);
    t.job = good;
    t.job.buffer_bytes = REFLASH_APPLY_BUFFER_BYTES - 1;
    assert_int_equal(apply(), ESP_LOADER_ERROR_INVALID_PARAM);
    t.job = good;
    t.memory.bundle.chip_id = CHIP_ID_ESP32C3;
    assert_int_equal(apply(), ESP_LOADER_ERROR_INVALID_TARGET);
    t.memory.bundle.chip_id = CHIP_ID_ESP32;
    expect_fault(ESP_LOADER_ERROR_INVALID_TARGET, REFLASH_CAUSE_ARGUMENT);
    t.memory.bundle.image_count = 0;
    assert_int_equal(apply(), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(espsim_stats(t.sim)->bytes_to_target, sent);
}

static void an_image_beyond_the_flash_is_refused(void **state)
{
    (void)state;
    t.images[DATA].flash_addr = FLASH_BYTES - SECTOR;
    begin("esp32", FROM_MEMORY, true);
    static uint8_t bits[REFLASH_APPLY_MEMORY_BYTES(2 * FLASH_BYTES)];
    t.job.memory = bits;
    t.job.memory_bytes = sizeof(bits);
    assert_int_equal(apply(), ESP_LOADER_ERROR_IMAGE_SIZE);
    expect_nothing_written();
}

static reflash_bundle_error_t encrypted_image(const reflash_bundle_t *bundle, uint16_t index,
                                              reflash_bundle_image_t *image)
{
    const reflash_bundle_error_t err = t.memory.content.ops->image(bundle, index, image);
    image->encrypted = index == DATA;
    return err;
}

static void an_image_that_wants_to_be_encrypted_is_refused(void **state)
{
    (void)state;
    begin("esp32", FROM_MEMORY, true);
    reflash_content_ops_t ops = *t.content.ops;
    ops.image = encrypted_image;
    t.content.ops = &ops;
    assert_int_equal(apply(), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    expect_nothing_written();
}

/* --- Trouble --------------------------------------------------------------------------------------------------------- */

static void a_stopped_job_is_finished_by_the_next(void **state)
{
    (void)state;
    for (unsigned stop = 1;; stop += 1 + stop / 4) {
        memset(t.flash, FILL, sizeof(t.flash));
        begin("esp32", FROM_MEMORY, true);
        t.stop_at = stop;
        const esp_loader_error_t err = apply();
        if (err == ESP_LOADER_SUCCESS) {
            assert_in_range(stop, 10, STEPS_MAX);
            break;
        }
        assert_int_equal(err, ESP_LOADER_ERROR_FAIL);
        expect_fault(ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_STOPPED);
        connect_to_target();
        assert_int_equal(apply(), ESP_LOADER_SUCCESS);
        expect_held();
    }
}

static void a_source_that_fails_anywhere_ends_the_job(void **state)
{
    (void)state;
    hold_images();
    begin("esp32c3", FROM_BUNDLE, false);
    damage(0x8000, 1);
    damage(0x60000 + SECTOR, 1);
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    const uint64_t all = t.reads;
    assert_in_range(all, 10, 100000);
    for (uint64_t fail = 1; fail <= all; fail += 1 + fail / 8) {
        hold_images();
        damage(0x8000, 1);
        damage(0x60000 + SECTOR, 1);
        begin("esp32c3", FROM_BUNDLE, false);
        t.fail_read = t.reads + fail;
        const esp_loader_error_t err = apply();
        t.fail_read = 0;
        if (err == ESP_LOADER_SUCCESS) {
            expect_held();
            continue;
        }
        expect_fault(ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_SOURCE);
        connect_to_target();
        assert_int_equal(apply(), ESP_LOADER_SUCCESS);
        expect_held();
    }
}

static void a_cell_that_cannot_be_programmed_is_no_success(void **state)
{
    (void)state;
    uint32_t at = 0;
    while ((t.data[DATA][at] & 1) != 0) {
        at++;
    }
    for (unsigned stub = 0; stub < 2; stub++) {
        hold_images();
        damage(0x60000, 1);
        begin("esp32", FROM_MEMORY, stub == 1);
        espsim_set_faults(
            t.sim, &(espsim_faults_t){.fault = {{.kind = ESPSIM_FAULT_BIT_STUCK, .addr = 0x60000 + at, .bit = 0}}});
        const esp_loader_error_t err = apply();
        if (stub == 0) { /* a ROM reads back what it has written */
            assert_int_equal(err, ESP_LOADER_ERROR_INVALID_RESPONSE);
            expect_fault(err, REFLASH_CAUSE_REFUSED);
            continue;
        }
        assert_int_equal(err, ESP_LOADER_ERROR_INVALID_MD5);
        expect_fault(err, REFLASH_CAUSE_DIGEST_MISMATCH);
        assert_in_range(t.job.sectors_written, 3, 64); /* three times at least */
    }
}

/* From its first byte, though the buffer holds its last ones. */
static void a_damaged_block_is_sent_again(void **state)
{
    (void)state;
    for (unsigned stub = 0; stub < 2; stub++) {
        begin("esp32", stub == 1 ? FROM_PACKED_BUNDLE : FROM_PLAIN_BUNDLE, false);
        for (unsigned damaged = 0; damaged < 2; damaged++) {
            hold_images();
            damage(0x60000, 1);
            connect_to_target();
            if (stub == 1) {
                assert_int_equal(reflash_stub_start(&t.loader), ESP_LOADER_SUCCESS);
                espsim_clear_stats(t.sim);
            }
            const espsim_fault_t flip = {.kind = ESPSIM_FAULT_FLIP_TO_TARGET,
                                         .byte = damaged == 1 ? (uint32_t)t.sent_before_writing + 600 : 0};
            espsim_set_faults(t.sim, &(espsim_faults_t){.fault = {flip}});
            assert_int_equal(apply(), ESP_LOADER_SUCCESS);
            assert_int_equal(t.job.sectors_written, 1); /* not all over again */
            assert_int_equal(espsim_stats(t.sim)->commands[stub == 1 ? OP_DEFL_DATA : OP_FLASH_DATA].count,
                             1 + damaged);
            expect_held();
        }
    }
}

/* --- Damaged commands ------------------------------------------------------------------------------------------------ */
/* What is damaged on its way makes a target erase or write elsewhere than it was asked to, and say yes. */

/* The same job on a chip that holds all but some sectors, `mask` flipped in the n-th byte behind where writing began. */
static void expect_flip_to_be_noticed(void (*damage_flash)(void), uint64_t byte, uint32_t mask)
{
    const espsim_fault_t flip = {
        .kind = ESPSIM_FAULT_FLIP_TO_TARGET, .byte = (uint32_t)(t.sent_before_writing + byte), .mask = mask};
    hold_images();
    damage_flash();
    connect_to_target();
    espsim_set_faults(t.sim, &(espsim_faults_t){.fault = {flip}});
    const esp_loader_error_t err = apply();
    espsim_set_faults(t.sim, &(espsim_faults_t){0});
    if (err == ESP_LOADER_SUCCESS) {
        expect_held();
    }
}

/* Every bit of the run's first command. */
static void expect_far_erases_to_be_noticed(void (*damage_flash)(void), uint64_t far_bytes)
{
    unsigned far_erases = 0;
    hold_images();
    damage_flash();
    begin("esp32", FROM_PLAIN_BUNDLE, false);
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    for (uint64_t byte = 1; byte <= BEGIN_BYTES; byte++) {
        for (uint32_t mask = 1; mask < 0x100; mask *= 2) {
            expect_flip_to_be_noticed(damage_flash, byte, mask);
            far_erases += espsim_stats(t.sim)->erased_bytes >= far_bytes ? 1 : 0;
        }
    }
    assert_in_range(far_erases, 1, 40); /* or the flips have hit nothing of interest */
}

static void damage_data(void)
{
    damage(0x60000 + 5 * SECTOR, 1);
}

static void what_a_damaged_command_erased_behind_a_run_is_noticed(void **state)
{
    (void)state;
    expect_far_erases_to_be_noticed(damage_data, 3 * SECTOR);
}

/* Behind the last sector of the bootloader come two that belong to no image, then the partition table. */
static void damage_end_of_bootloader(void)
{
    damage(0x5000, 1);
}

static void what_a_damaged_command_erased_behind_a_hole_is_noticed(void **state)
{
    (void)state;
    expect_far_erases_to_be_noticed(damage_end_of_bootloader, 5 * SECTOR);
}

/* On a line with some delay sectors are written that nobody has looked at. If they were there already nothing is amiss
 * in their place when a damaged command wrote them elsewhere: here, into the data. */
static void where_something_was_written_unseen_all_is_proved(void **state)
{
    (void)state;
    t.link.round_trip_ms = 200;
    t.usb_latency_us = 200000;
    hold_images();
    damage(layout[BOOTLOADER].flash_addr, 1);
    /* So many differ that the rest is taken to differ too. */
    for (uint32_t quarter = 1; quarter < 4; quarter++) {
        damage(0x10000 + layout[APPLICATION].bytes / SECTOR / 4 * quarter * SECTOR, 2 * SECTOR);
    }
    begin("esp32", FROM_MEMORY, true);
    assert_int_equal(reflash_stub_start(&t.loader), ESP_LOADER_SUCCESS);
    t.damage_while_writing = true;
    assert_int_equal(apply(), ESP_LOADER_SUCCESS);
    assert_false(t.damage_while_writing);
    assert_true(t.guessed);
    expect_held();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_source_reaches_every_loader, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_only_packed_reaches_an_esp32_by_its_stub, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_esp8266_is_reached_by_its_stub_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_changed_sector_is_written_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scattered_changes_are_all_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_packed_group_is_sent_from_its_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plain_data_are_sent_where_that_is_shorter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_blank_flash_is_not_erased_where_that_was_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_smallest_buffer_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_bootloader_is_written_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_sector_of_a_block_that_is_sent_from_its_start_is_written_twice, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_rate_that_is_raised_behind_the_questions_counts_from_then_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_dry_run_marks_what_would_be_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_jobs_are_refused_before_anything_is_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_image_beyond_the_flash_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_wants_to_be_encrypted_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_block_is_sent_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stopped_job_is_finished_by_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_that_fails_anywhere_ends_the_job, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cell_that_cannot_be_programmed_is_no_success, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_damaged_command_erased_behind_a_run_is_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_damaged_command_erased_behind_a_hole_is_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_something_was_written_unseen_all_is_proved, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
