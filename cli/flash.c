/* SPDX-License-Identifier: Apache-2.0 */
#include "flash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "guards.h"
#include "inputs_support.h"
#include "monitor.h"
#include "reflash_engine.h"

enum { TRANSFER_BYTES = 0x4000, CHIP_ID_ESP8266 = 0xFFFF };

typedef struct {
    job_t job;
    content_t content;
    reflash_apply_t work;
    bool dry_run;
    uint32_t left_ms;   /* by the last report */
    uint32_t told;      /* 1 + the image that is said to be written now; its first report may come twice. 0: none */
    uint32_t to_write;  /* sectors of the images that were asked about */
    locks_t locks;      /* once the guards have passed */
    bool guarded;       /* they did */
    status_t refused;   /* they did not, in the middle of a job that had written nothing yet */
    uint32_t *chosen;   /* images of the content */
    bool *whole;        /* images that are written whole, without a proof */
    const char *reason; /* why there is none, of an image that is not encrypted */
} flashing_t;

static uint32_t sectors_of(const reflash_image_t *image)
{
    return (image->bytes - 1) / REFLASH_SECTOR_BYTES + 1;
}

static bool encrypts(const flashing_t *flashing, uint32_t at)
{
    return guards_encrypts(&flashing->job, &flashing->locks, at);
}

/* Once, before anything is erased. A target that holds all already is asked for nothing more. */
static bool guard(flashing_t *flashing)
{
    if (!flashing->guarded && flashing->refused == STATUS_OK) {
        flashing->refused = guards_check(&flashing->job, &flashing->locks);
        flashing->guarded = flashing->refused == STATUS_OK;
    }
    return flashing->guarded;
}

/* --- Progress ---------------------------------------------------------------------------------------------------- */

static void tell_asked(flashing_t *flashing, const reflash_apply_progress_t *progress)
{
    job_t *job = &flashing->job;
    const uint32_t at = flashing->chosen[progress->index];
    reflash_image_t *image = &job->inputs.images[at];
    const bool match = progress->sectors == 0;
    flashing->told = 0;
    if (!match) {
        image->result = REFLASH_RESULT_PENDING;
    } else {
        image->result = image->sectors_written > 0 ? REFLASH_RESULT_FLASHED : REFLASH_RESULT_SKIPPED;
        output_line(&job->output, "%s MD5 match%s", job->inputs.titles[at], flashing->dry_run ? "" : ", skipping...");
    }
    output_event(&job->output, json_pack("{s:s, s:s, s:b, s:I}", "event", "checked", "name", job->inputs.names[at],
                                         "match", match, "sectors", (json_int_t)progress->sectors));
}

static void tell_writing(flashing_t *flashing, const reflash_apply_progress_t *progress)
{
    job_t *job = &flashing->job;
    const uint32_t at = flashing->chosen[progress->index];
    reflash_image_t *image = &job->inputs.images[at];
    const char *title = job->inputs.titles[at];
    image->result = REFLASH_RESULT_FAILED; /* until it is proved */
    image->sectors_written = progress->sectors;
    if (progress->done_sectors == 0 && flashing->told == at + 1) {
        return;
    }
    if (progress->done_sectors == 0) {
        flashing->told = at + 1;
        output_line(&job->output, "%s MD5 differs, flashing %u of %u sectors at 0x%x...", title, progress->sectors,
                    sectors_of(image), image->flash_addr);
    }
    output_progress(&job->output, job->inputs.names[at], title, progress->done_sectors * REFLASH_SECTOR_BYTES,
                    progress->sectors * REFLASH_SECTOR_BYTES, progress->left_ms);
}

static void tell_proved(flashing_t *flashing, const reflash_apply_progress_t *progress)
{
    job_t *job = &flashing->job;
    const uint32_t at = flashing->chosen[progress->index];
    reflash_image_t *image = &job->inputs.images[at];
    flashing->told = 0;
    if (!progress->proved) {
        image->result = REFLASH_RESULT_FAILED;
    } else if (image->sectors_written > 0) {
        image->result = REFLASH_RESULT_FLASHED;
    } else {
        image->result = REFLASH_RESULT_SKIPPED;
    }
    if (image->result != REFLASH_RESULT_SKIPPED) {
        output_line(&job->output, "%s %s", job->inputs.titles[at],
                    progress->proved ? "flashed and verified" : "is NOT what was sent");
    }
    output_event(&job->output, json_pack("{s:s, s:s, s:b}", "event", "verified", "name", job->inputs.names[at], "ok",
                                         progress->proved));
}

/* Before the first byte of data, and before a stub is considered, the rate is chosen again. */
static bool know_work(flashing_t *flashing, const reflash_apply_progress_t *progress)
{
    flashing->to_write = progress->index == 0 ? progress->sectors : flashing->to_write + progress->sectors;
    const bool is_last = progress->index + 1 == flashing->content.bundle.image_count;
    return !is_last || flashing->to_write == 0 || flashing->dry_run ||
           job_raise_for_data(&flashing->job, flashing->to_write) == ESP_LOADER_SUCCESS;
}

static bool on_progress(void *context, const reflash_apply_progress_t *progress)
{
    flashing_t *flashing = context;
    flashing->left_ms = progress->left_ms;
    switch (progress->step) {
    case REFLASH_APPLY_ASKED:
        tell_asked(flashing, progress);
        if (!know_work(flashing, progress)) {
            return false;
        }
        break;
    case REFLASH_APPLY_WRITING:
        if (!guard(flashing)) {
            return false;
        }
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
        flashing->work.start_stub = job->options->loader == LOADER_ROM ? NULL : reflash_stub_if_shorter;
        err = reflash_apply(&job->target.loader, &flashing->content.content, &flashing->work);
        job->erased_bytes += flashing->work.erased_bytes;
        if (flashing->refused != STATUS_OK || !job_may_try_again(job, err, tries)) {
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

static status_t give_up_on_target(flashing_t *flashing, esp_loader_error_t err)
{
    return flashing->refused != STATUS_OK ? flashing->refused
                                          : job_give_up_on_target(&flashing->job, STATUS_TARGET, err);
}

/* The images of one kind, or of all, of which only the sectors that differ are written. */
static status_t apply_chosen(flashing_t *flashing, reflash_kind_t first_kind, reflash_kind_t last_kind)
{
    const inputs_t *in = &flashing->job.inputs;
    uint32_t count = 0;
    for (uint32_t at = 0; at < in->count; at++) {
        if (!flashing->whole[at] && in->images[at].kind >= first_kind && in->images[at].kind <= last_kind) {
            flashing->chosen[count++] = at;
        }
    }
    if (count == 0) {
        return STATUS_OK;
    }
    reflash_target_t chip;
    (void)reflash_describe_target(&flashing->job.target.loader, &chip); /* connected it is */
    const bool without_id = chip.chip_id == REFLASH_NO_CHIP_ID;
    content_init_chosen(&flashing->content, in, flashing->chosen, count,
                        without_id ? (uint16_t)CHIP_ID_ESP8266 : (uint16_t)chip.chip_id);
    flashing->content.near = target_is_near(&flashing->job.target);
    const esp_loader_error_t err = apply_with_retries(flashing);
    content_free(&flashing->content);
    return err == ESP_LOADER_SUCCESS ? STATUS_OK : give_up_on_target(flashing, err);
}

/* --- Images that cannot be compared ------------------------------------------------------------------------------ */

/* What is written beyond the image is FF, which a cipher's last block needs. */
static esp_loader_error_t send_whole(flashing_t *flashing, uint32_t at)
{
    enum { CIPHER_BYTES = 16 };
    job_t *job = &flashing->job;
    const reflash_image_t *image = &job->inputs.images[at];
    esp_loader_t *loader = &job->target.loader;
    const bool encrypted = encrypts(flashing, at);
    const uint32_t unit_bytes = encrypted ? CIPHER_BYTES : 1;
    const uint32_t total_bytes = (image->bytes + unit_bytes - 1) / unit_bytes * unit_bytes;
    esp_loader_flash_cfg_t cfg = {.offset = image->flash_addr,
                                  .image_size = total_bytes,
                                  .block_size = job->target.has_stub ? TRANSFER_BYTES : REFLASH_SECTOR_BYTES,
                                  .skip_verify = true};
    RETURN_ON_ERROR((encrypted ? reflash_flash_start_encrypted : esp_loader_flash_start)(loader, &cfg));
    job->erased_bytes += sectors_of(image) * REFLASH_SECTOR_BYTES;
    const double begun = target_seconds(&job->target);
    for (uint32_t done = 0; done < total_bytes;) {
        if (commands_interrupted) {
            return ESP_LOADER_ERROR_FAIL;
        }
        const uint32_t bytes = total_bytes - done < cfg.block_size ? total_bytes - done : cfg.block_size;
        const uint32_t of_image = image->bytes - done < bytes ? image->bytes - done : bytes;
        memset(flashing->work.buffer, 0xFF, bytes);
        memcpy(flashing->work.buffer, image->data + done, of_image);
        RETURN_ON_ERROR(esp_loader_flash_write(loader, &cfg, flashing->work.buffer, bytes));
        done += bytes;
        const double left = (target_seconds(&job->target) - begun) * (total_bytes - done) / done;
        output_progress(&job->output, job->inputs.names[at], job->inputs.titles[at], done, total_bytes,
                        (uint32_t)(left * 1000));
    }
    return esp_loader_flash_finish(loader, &cfg);
}

static status_t write_whole(flashing_t *flashing, uint32_t at)
{
    enum { REASON_PARAMETER = 0x64 };
    bool may_not_encrypt = false;
    job_t *job = &flashing->job;
    reflash_image_t *image = &job->inputs.images[at];
    const char *title = job->inputs.titles[at];
    const char *reason = encrypts(flashing, at) ? "encrypted" : flashing->reason;
    esp_loader_error_t err = ESP_LOADER_ERROR_FAIL;
    image->result = REFLASH_RESULT_FAILED;
    image->sectors_written = sectors_of(image);
    output_line(&job->output, "%s: writing all %u sectors at 0x%x...", title, sectors_of(image), image->flash_addr);
    for (unsigned tries = 1; tries <= JOB_TRIES; tries++) {
        output_progress(&job->output, job->inputs.names[at], title, 0, image->bytes, 0);
        err = send_whole(flashing, at);
        may_not_encrypt = err != ESP_LOADER_SUCCESS && encrypts(flashing, at) &&
                          reflash_last_fault(&job->target.loader).target_reason == REASON_PARAMETER;
        if (may_not_encrypt || !job_may_try_again(job, err, tries)) {
            break;
        }
        err = job_connect_again(job, err, tries);
        if (err != ESP_LOADER_SUCCESS) {
            break;
        }
    }
    if (may_not_encrypt) { /* in secure download mode nobody can ask before */
        return job_refuse(
            job, STATUS_TARGET,
            "%s: the target refused to encrypt; its efuses forbid that to its loader (release mode). Encrypt "
            "the files with the chip's key and use --force, or update it over the air",
            title);
    }
    if (err != ESP_LOADER_SUCCESS) {
        return job_give_up_on_target(job, STATUS_TARGET, err);
    }
    image->result = REFLASH_RESULT_FLASHED;
    output_line(&job->output, "%s written, not verifiable: %s", title, reason);
    output_event(&job->output, json_pack("{s:s, s:s, s:b, s:s}", "event", "written", "name", job->inputs.names[at],
                                         "verifiable", false, "reason", reason));
    return STATUS_OK;
}

/* --- In which order ---------------------------------------------------------------------------------------------- */

/* That no loader can compare is known before, that a target encrypts only by asking. */
static status_t find_whole(flashing_t *flashing, bool *any)
{
    job_t *job = &flashing->job;
    reflash_target_t chip = {.has_digests = true};
    (void)reflash_describe_target(&job->target.loader, &chip);
    bool wanted = job->options->encrypt;
    for (uint32_t at = 0; at < job->inputs.count; at++) {
        wanted = wanted || job->inputs.encrypted[at];
    }
    if (!chip.has_digests && !flashing->dry_run) {
        flashing->reason = chip.secure_download ? "the loader compares nothing in secure download mode"
                                                : "the loader in the ROM of this chip compares nothing";
    }
    if ((wanted || flashing->reason != NULL || job->options->erase_all) && !guard(flashing)) {
        return flashing->refused;
    }
    *any = false;
    for (uint32_t at = 0; at < job->inputs.count; at++) {
        flashing->whole[at] = flashing->reason != NULL || (wanted && encrypts(flashing, at));
        *any = *any || flashing->whole[at];
    }
    return STATUS_OK;
}

static status_t erase_all(flashing_t *flashing)
{
    job_t *job = &flashing->job;
    output_line(&job->output, "Erasing the whole flash, 0x%x bytes, with everything that is on it...",
                job->flash_bytes);
    output_event(&job->output, json_pack("{s:s, s:I, s:I}", "event", "erase", "address", (json_int_t)0, "bytes",
                                         (json_int_t)job->flash_bytes));
    esp_loader_error_t err = ESP_LOADER_ERROR_FAIL;
    for (unsigned tries = 1; tries <= JOB_TRIES; tries++) {
        err = esp_loader_flash_erase(&job->target.loader);
        if (!job_may_try_again(job, err, tries)) {
            break;
        }
        err = job_connect_again(job, err, tries);
        if (err != ESP_LOADER_SUCCESS) {
            break;
        }
    }
    job->erased_bytes += job->flash_bytes;
    return err == ESP_LOADER_SUCCESS ? STATUS_OK : job_give_up_on_target(job, STATUS_TARGET, err);
}

/* By kinds, so that whatever interrupts leaves a boot chain that finds an intact application, or what is missing. */
static status_t apply_by_kinds(flashing_t *flashing)
{
    status_t status = STATUS_OK;
    for (reflash_kind_t kind = 0; kind < REFLASH_KIND_COUNT && status == STATUS_OK; kind++) {
        for (uint32_t at = 0; at < flashing->job.inputs.count && status == STATUS_OK; at++) {
            if (flashing->whole[at] && flashing->job.inputs.images[at].kind == kind) {
                status = write_whole(flashing, at);
            }
        }
        status = status == STATUS_OK ? apply_chosen(flashing, kind, kind) : status;
    }
    return status;
}

static status_t apply(flashing_t *flashing)
{
    const inputs_t *in = &flashing->job.inputs;
    const reflash_image_t *last = &in->images[in->count - 1];
    const uint32_t memory_bytes =
        REFLASH_APPLY_MEMORY_BYTES(last->flash_addr + sectors_of(last) * REFLASH_SECTOR_BYTES);
    flashing->work = (reflash_apply_t){.memory = inputs_need(calloc(1, memory_bytes)),
                                       .memory_bytes = memory_bytes,
                                       .buffer = inputs_need(malloc(TRANSFER_BYTES)),
                                       .buffer_bytes = TRANSFER_BYTES,
                                       .dry_run = flashing->dry_run,
                                       .progress = on_progress,
                                       .progress_context = flashing};
    flashing->chosen = inputs_need(calloc(in->count, sizeof(flashing->chosen[0])));
    flashing->whole = inputs_need(calloc(in->count, sizeof(flashing->whole[0])));
    bool any = false;
    status_t status = find_whole(flashing, &any);
    if (status == STATUS_OK && flashing->job.options->erase_all) {
        status = erase_all(flashing);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return any && !flashing->dry_run ? apply_by_kinds(flashing)
                                     : apply_chosen(flashing, REFLASH_KIND_APPLICATION, REFLASH_KIND_BOOTLOADER);
}

/* Load, connect, and do it. */
static status_t begin(flashing_t *flashing, const options_t *options, int word_count, char *const *words)
{
    const job_needs_t needs = {.loader = TARGET_ROM_THAT_COMPARES,
                               .rates = flashing->dry_run ? RATES_DIFF : RATES_FLASH};
    job_begin(&flashing->job, options);
    if (options->monitor && (options->after == AFTER_NO_RESET || flashing->dry_run)) {
        return job_refuse(&flashing->job, STATUS_USAGE,
                          "--monitor shows what follows a reset behind a job; leave %s out",
                          flashing->dry_run ? "it" : "--no-reset");
    }
    if (options->erase_all && flashing->dry_run) {
        return job_refuse(&flashing->job, STATUS_USAGE,
                          "--erase-all changes the flash, and then every sector would be written; leave it out");
    }
    const status_t status = job_load_and_connect(&flashing->job, &needs, word_count, words);
    return status == STATUS_OK ? apply(flashing) : status;
}

static const char *result_name(const flashing_t *flashing, uint32_t at)
{
    if (flashing->dry_run) {
        return "planned";
    }
    switch (flashing->job.inputs.images[at].result) {
    case REFLASH_RESULT_SKIPPED:
        return "skipped";
    case REFLASH_RESULT_FLASHED:
        return flashing->whole[at] ? "written" : "flashed";
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
        (void)json_array_append_new(images,
                                    json_pack("{s:s, s:I, s:s, s:I}", "name", job->inputs.names[at], "address",
                                              (json_int_t)image->flash_addr, "result", result_name(flashing, at),
                                              "sectors_written", (json_int_t)image->sectors_written));
    }
    job_summarise(job, status,
                  json_pack("{s:I, s:o}", "erased_bytes", (json_int_t)job->erased_bytes, "images", images));
    free(flashing->work.memory);
    free(flashing->work.buffer);
    free(flashing->chosen);
    free(flashing->whole);
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

/* Nobody can tell which of its sectors differ. */
static void mark_all(flashing_t *flashing, const reflash_image_t *image)
{
    const uint32_t first = image->flash_addr / REFLASH_SECTOR_BYTES;
    for (uint32_t sector = first; sector < first + sectors_of(image); sector++) {
        flashing->work.sectors_written += !is_marked(flashing, sector);
        flashing->work.memory[sector / 8] |= (uint8_t)(1u << (sector % 8));
    }
}

static void show_plan(flashing_t *flashing)
{
    job_t *job = &flashing->job;
    bool any_whole = false;
    for (uint32_t at = 0; at < job->inputs.count; at++) {
        const reflash_image_t *image = &job->inputs.images[at];
        uint32_t count = 0;
        if (flashing->whole[at]) {
            mark_all(flashing, image);
            any_whole = true;
        }
        for (uint32_t sector = 0; sector < sectors_of(image); sector++) {
            count += is_marked(flashing, image->flash_addr / REFLASH_SECTOR_BYTES + sector);
        }
        json_t *plan = json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "event", "plan", "name", job->inputs.names[at],
                                 "address", (json_int_t)image->flash_addr, "sectors", (json_int_t)sectors_of(image),
                                 "to_write", (json_int_t)count, "runs", marked_runs(flashing, image));
        if (flashing->whole[at]) {
            (void)json_object_set_new(plan, "encrypted", json_true());
        }
        output_event(&job->output, plan);
        if (count > 0) {
            output_line(&job->output, "%s: %u of %u sectors at 0x%x would be written (#)%s", job->inputs.titles[at],
                        count, sectors_of(image), image->flash_addr, flashing->whole[at] ? ", encrypted" : "");
            draw(flashing, image);
        }
    }
    char about[32] = "";
    if (!any_whole) { /* for which the model has no prices */
        (void)snprintf(about, sizeof(about), ", about %.1f s", flashing->left_ms / 1e3);
    }
    output_line(&job->output, "%u KiB to write%s; nothing was changed",
                flashing->work.sectors_written * (REFLASH_SECTOR_BYTES / 1024), about);
}

/* --- Commands ---------------------------------------------------------------------------------------------------- */

static status_t run_dry(const options_t *options, int word_count, char *const *words, status_t if_differs)
{
    flashing_t flashing = {.dry_run = true};
    status_t status = begin(&flashing, options, word_count, words);
    if (status == STATUS_OK && flashing.work.sectors_written > 0 && !guard(&flashing)) {
        status = flashing.refused;
    }
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
