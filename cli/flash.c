/* SPDX-License-Identifier: Apache-2.0 */
#include "flash.h"

#include <stdlib.h>

#include "content.h"
#include "inputs_support.h"
#include "monitor.h"
#include "reflash_engine.h"

enum { TRANSFER_BYTES = 0x4000, CHIP_ID_ESP8266 = 0xFFFF };

typedef struct {
    job_t job;
    content_t content;
    reflash_apply_t work;
    bool dry_run;
    uint32_t left_ms; /* by the last report */
} flashing_t;

static uint32_t sectors_of(const reflash_image_t *image)
{
    return (image->bytes - 1) / REFLASH_SECTOR_BYTES + 1;
}

/* --- Progress ---------------------------------------------------------------------------------------------------- */

static void tell_asked(flashing_t *flashing, const reflash_apply_progress_t *progress)
{
    job_t *job = &flashing->job;
    reflash_image_t *image = &job->inputs.images[progress->index];
    const bool match = progress->sectors == 0;
    if (!match) {
        image->result = REFLASH_RESULT_PENDING;
    } else {
        image->result = image->sectors_written > 0 ? REFLASH_RESULT_FLASHED : REFLASH_RESULT_SKIPPED;
        output_line(&job->output, "%s MD5 match%s", job->inputs.titles[progress->index],
                    flashing->dry_run ? "" : ", skipping...");
    }
    output_event(&job->output,
                 json_pack("{s:s, s:s, s:b, s:I}", "event", "checked", "name", job->inputs.names[progress->index],
                           "match", match, "sectors", (json_int_t)progress->sectors));
}

static void tell_writing(flashing_t *flashing, const reflash_apply_progress_t *progress)
{
    job_t *job = &flashing->job;
    reflash_image_t *image = &job->inputs.images[progress->index];
    const char *title = job->inputs.titles[progress->index];
    image->result = REFLASH_RESULT_FAILED; /* until it is proved */
    image->sectors_written = progress->sectors;
    if (progress->done_sectors == 0) {
        output_line(&job->output, "%s MD5 differs, flashing %u of %u sectors at 0x%x...", title, progress->sectors,
                    sectors_of(image), image->flash_addr);
    }
    output_progress(&job->output, job->inputs.names[progress->index], title,
                    progress->done_sectors * REFLASH_SECTOR_BYTES, progress->sectors * REFLASH_SECTOR_BYTES,
                    progress->left_ms);
}

static void tell_proved(flashing_t *flashing, const reflash_apply_progress_t *progress)
{
    job_t *job = &flashing->job;
    reflash_image_t *image = &job->inputs.images[progress->index];
    if (!progress->proved) {
        image->result = REFLASH_RESULT_FAILED;
    } else if (image->sectors_written > 0) {
        image->result = REFLASH_RESULT_FLASHED;
    } else {
        image->result = REFLASH_RESULT_SKIPPED;
    }
    if (image->result != REFLASH_RESULT_SKIPPED) {
        output_line(&job->output, "%s %s", job->inputs.titles[progress->index],
                    progress->proved ? "flashed and verified" : "is NOT what was sent");
    }
    output_event(&job->output, json_pack("{s:s, s:s, s:b}", "event", "verified", "name",
                                         job->inputs.names[progress->index], "ok", progress->proved));
}

static bool on_progress(void *context, const reflash_apply_progress_t *progress)
{
    flashing_t *flashing = context;
    flashing->left_ms = progress->left_ms;
    switch (progress->step) {
    case REFLASH_APPLY_ASKED:
        tell_asked(flashing, progress);
        break;
    case REFLASH_APPLY_WRITING:
        tell_writing(flashing, progress);
        break;
    case REFLASH_APPLY_PROVED:
        tell_proved(flashing, progress);
        break;
    case REFLASH_APPLY_STUB:
        flashing->job.target.has_stub = true;
        output_line(&flashing->job.output, "RAM stub started.");
        output_event(&flashing->job.output, json_pack("{s:s}", "event", "stub"));
        break;
    }
    return !commands_interrupted;
}

/* --- The job ----------------------------------------------------------------------------------------------------- */

static esp_loader_error_t apply_with_retries(flashing_t *flashing)
{
    job_t *job = &flashing->job;
    esp_loader_error_t err = ESP_LOADER_ERROR_FAIL;
    for (unsigned tries = 1; tries <= JOB_TRIES; tries++) {
        flashing->work.start_stub = job->options->loader == LOADER_ROM ? NULL : reflash_stub_start;
        err = reflash_apply(&job->target.loader, &flashing->content.content, &flashing->work);
        job->erased_bytes += flashing->work.erased_bytes;
        if (!job_may_try_again(job, err, tries)) {
            break;
        }
        /* Again from the start, at the safe rate: what is right already is skipped. */
        err = job_connect_again(job, err, tries);
        if (err != ESP_LOADER_SUCCESS) {
            break;
        }
    }
    return err;
}

static status_t apply(flashing_t *flashing)
{
    job_t *job = &flashing->job;
    reflash_target_t chip;
    (void)reflash_describe_target(&job->target.loader, &chip); /* connected it is */
    const bool without_id = chip.chip_id == REFLASH_NO_CHIP_ID;
    content_init(&flashing->content, &job->inputs, without_id ? (uint16_t)CHIP_ID_ESP8266 : (uint16_t)chip.chip_id);
    const uint32_t memory_bytes = REFLASH_APPLY_MEMORY_BYTES(flashing->content.bundle.flash_bytes);
    flashing->work = (reflash_apply_t){.memory = inputs_need(calloc(1, memory_bytes)),
                                       .memory_bytes = memory_bytes,
                                       .buffer = inputs_need(malloc(TRANSFER_BYTES)),
                                       .buffer_bytes = TRANSFER_BYTES,
                                       .dry_run = flashing->dry_run,
                                       .progress = on_progress,
                                       .progress_context = flashing};
    const esp_loader_error_t err = apply_with_retries(flashing);
    return err == ESP_LOADER_SUCCESS ? STATUS_OK : job_give_up_on_target(job, STATUS_TARGET, err);
}

/* Load, connect, and do it. */
static status_t begin(flashing_t *flashing, const options_t *options, int word_count, char *const *words)
{
    static const job_needs_t needs = {.loader = TARGET_ROM_THAT_COMPARES};
    job_begin(&flashing->job, options);
    if (options->monitor && (options->after == AFTER_NO_RESET || flashing->dry_run)) {
        return job_refuse(&flashing->job, STATUS_USAGE,
                          "--monitor shows what follows a reset behind a job; leave %s out",
                          flashing->dry_run ? "it" : "--no-reset");
    }
    const status_t status = job_load_and_connect(&flashing->job, &needs, word_count, words);
    return status == STATUS_OK ? apply(flashing) : status;
}

static const char *result_name(const reflash_image_t *image)
{
    switch (image->result) {
    case REFLASH_RESULT_SKIPPED:
        return "skipped";
    case REFLASH_RESULT_FLASHED:
        return "flashed";
    default:
        return "failed";
    }
}

static status_t end(flashing_t *flashing, status_t status)
{
    job_t *job = &flashing->job;
    json_t *images = json_array();
    for (uint32_t at = 0; at < job->inputs.count; at++) {
        const reflash_image_t *image = &job->inputs.images[at];
        (void)json_array_append_new(images, json_pack("{s:s, s:I, s:s, s:I}", "name", job->inputs.names[at], "address",
                                                      (json_int_t)image->flash_addr, "result",
                                                      flashing->dry_run ? "planned" : result_name(image),
                                                      "sectors_written", (json_int_t)image->sectors_written));
    }
    job_summarise(job, status,
                  json_pack("{s:I, s:o}", "erased_bytes", (json_int_t)job->erased_bytes, "images", images));
    content_free(&flashing->content);
    free(flashing->work.memory);
    free(flashing->work.buffer);
    return job_end(job, status);
}

/* --- What would be written --------------------------------------------------------------------------------------- */

static bool is_marked(const flashing_t *flashing, uint32_t flash_sector)
{
    return (flashing->work.memory[flash_sector / 8] >> (flash_sector % 8) & 1) != 0;
}

/* A character for each sector, a line for each 256 KiB, so that columns are the same everywhere. */
static void draw(flashing_t *flashing, const reflash_image_t *image)
{
    enum { COLUMNS = 64, PER_BLOCK = REFLASH_BLOCK_BYTES / REFLASH_SECTOR_BYTES };
    const uint32_t first = image->flash_addr / REFLASH_SECTOR_BYTES;
    const uint32_t past = first + sectors_of(image);
    for (uint32_t row = first / COLUMNS * COLUMNS; row < past; row += COLUMNS) {
        char line[COLUMNS + COLUMNS / PER_BLOCK + 1];
        size_t at = 0;
        for (uint32_t sector = row; sector < row + COLUMNS && sector < past; sector++) {
            if (sector > row && sector % PER_BLOCK == 0) {
                line[at++] = ' ';
            }
            line[at++] = " .#"[sector < first ? 0 : 1 + is_marked(flashing, sector)];
        }
        line[at] = '\0';
        output_line(&flashing->job.output, "  %08x  %s", row * REFLASH_SECTOR_BYTES, line);
    }
}

/* Sectors of the flash as [first, count]. */
static json_t *marked_runs(const flashing_t *flashing, const reflash_image_t *image)
{
    json_t *runs = json_array();
    const uint32_t first = image->flash_addr / REFLASH_SECTOR_BYTES;
    const uint32_t past = first + sectors_of(image);
    for (uint32_t at = first; at < past; at++) {
        const uint32_t from = at;
        while (at < past && is_marked(flashing, at)) {
            at++;
        }
        if (at > from) {
            (void)json_array_append_new(runs, json_pack("[I, I]", (json_int_t)from, (json_int_t)(at - from)));
        }
    }
    return runs;
}

static void show_plan(flashing_t *flashing)
{
    job_t *job = &flashing->job;
    for (uint32_t at = 0; at < job->inputs.count; at++) {
        const reflash_image_t *image = &job->inputs.images[at];
        uint32_t count = 0;
        for (uint32_t sector = 0; sector < sectors_of(image); sector++) {
            count += is_marked(flashing, image->flash_addr / REFLASH_SECTOR_BYTES + sector);
        }
        output_event(&job->output,
                     json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "event", "plan", "name", job->inputs.names[at],
                               "address", (json_int_t)image->flash_addr, "sectors", (json_int_t)sectors_of(image),
                               "to_write", (json_int_t)count, "runs", marked_runs(flashing, image)));
        if (count > 0) {
            output_line(&job->output, "%s: %u of %u sectors at 0x%x would be written (#)", job->inputs.titles[at],
                        count, sectors_of(image), image->flash_addr);
            draw(flashing, image);
        }
    }
    output_line(&job->output, "%u KiB to write, about %.1f s; nothing was changed",
                flashing->work.sectors_written * (REFLASH_SECTOR_BYTES / 1024), flashing->left_ms / 1e3);
}

/* --- Commands ---------------------------------------------------------------------------------------------------- */

static status_t run_dry(const options_t *options, int word_count, char *const *words, status_t if_differs)
{
    flashing_t flashing = {.dry_run = true};
    status_t status = begin(&flashing, options, word_count, words);
    if (status == STATUS_OK) {
        show_plan(&flashing);
        job_tell_cost(&flashing.job);
        status = job_leave(&flashing.job);
    }
    if (status == STATUS_OK && flashing.work.sectors_written > 0) {
        status = if_differs;
    }
    return end(&flashing, status);
}

status_t diff_run(const options_t *options, int word_count, char *const *words)
{
    return run_dry(options, word_count, words, STATUS_DIFFERS);
}

status_t flash_run(const options_t *options, int word_count, char *const *words)
{
    if (options->dry_run) {
        return run_dry(options, word_count, words, STATUS_OK);
    }
    flashing_t flashing = {.dry_run = false};
    status_t status = begin(&flashing, options, word_count, words);
    if (status == STATUS_OK) {
        job_tell_cost(&flashing.job);
        output_line(&flashing.job.output, "Done!");
        /* A target whose job failed stays in its loader: its application may be half written. */
        status = job_leave(&flashing.job);
    }
    if (status == STATUS_OK && options->monitor) {
        status = monitor_show(&flashing.job);
    }
    return end(&flashing, status);
}
