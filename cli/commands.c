/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include "erase.h"
#include "job.h"
#include "monitor.h"
#include "pack.h"
#include "ports.h"
#include "read.h"
#include "run.h"

volatile int commands_interrupted;

/* --- Summary --------------------------------------------------------------------------------------------------- */

static const char *result_name(const reflash_image_t *image, bool verifying)
{
    switch (image->result) {
    case REFLASH_RESULT_SKIPPED:
        return verifying ? "match" : "skipped";
    case REFLASH_RESULT_FLASHED:
        return "flashed";
    default:
        return verifying ? (image->result == REFLASH_RESULT_FAILED ? "differ" : "unknown") : "failed";
    }
}

static json_t *summary_of_images(const inputs_t *inputs, bool verifying)
{
    json_t *images = json_array();
    for (uint32_t at = 0; at < inputs->count; at++) {
        const reflash_image_t *image = &inputs->images[at];
        (void)json_array_append_new(images,
                                    json_pack("{s:s, s:I, s:s, s:I}", "name", inputs->names[at], "address",
                                              (json_int_t)image->flash_addr, "result", result_name(image, verifying),
                                              "sectors_written", (json_int_t)image->sectors_written));
    }
    return images;
}

static void summarise(job_t *job, status_t status, bool verifying)
{
    job_summarise(job, status,
                  json_pack("{s:I, s:I, s:o}", "erased_bytes", (json_int_t)job->erased_bytes, "upload_bytes",
                            (json_int_t)0, "images", summary_of_images(&job->inputs, verifying)));
}

/* --- flash -------------------------------------------------------------------------------------------------------- */

static bool on_progress(void *context, reflash_step_t step, const reflash_image_t *image, uint32_t done_bytes)
{
    job_t *job = context;
    const size_t at = (size_t)(image - job->inputs.images);
    const char *title = job->inputs.titles[at];
    const char *name = job->inputs.names[at];
    switch (step) {
    case REFLASH_STEP_CHECKED:
        if (image->result == REFLASH_RESULT_SKIPPED) {
            output_line(&job->output, "%s MD5 match, skipping...", title);
        }
        output_event(&job->output, json_pack("{s:s, s:s, s:b}", "event", "checked", "name", name, "match",
                                             image->result == REFLASH_RESULT_SKIPPED));
        break;
    case REFLASH_STEP_WRITING:
        if (done_bytes == 0) {
            output_line(&job->output, "%s MD5 differs, flashing %u bytes at 0x%x...", title, image->bytes,
                        image->flash_addr);
        }
        output_progress(&job->output, name, title, done_bytes, image->bytes);
        break;
    case REFLASH_STEP_VERIFIED:
        if (image->sectors_written > 0 || image->result == REFLASH_RESULT_FAILED) {
            output_line(&job->output, "%s %s", title,
                        image->result == REFLASH_RESULT_FAILED ? "is NOT what was sent" : "flashed and verified");
        }
        output_event(&job->output, json_pack("{s:s, s:s, s:b}", "event", "verified", "name", name, "ok",
                                             image->result != REFLASH_RESULT_FAILED));
        break;
    }
    return !commands_interrupted;
}

static esp_loader_error_t update_with_retries(job_t *job)
{
    esp_loader_error_t err = ESP_LOADER_ERROR_FAIL;
    for (unsigned tries = 1; tries <= JOB_TRIES; tries++) {
        reflash_job_t work = {.progress = on_progress, .progress_context = job};
        err = reflash_update(&job->target.loader, job->inputs.images, job->inputs.count, &work);
        job->erased_bytes += work.erased_bytes;
        if (!job_may_try_again(job, err, tries)) {
            return err;
        }
        /* Again from the start, at the safe rate: what is right already is skipped. */
        err = job_connect_again(job, err, tries);
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
    }
    return err;
}

static status_t flash_connected(job_t *job)
{
    const esp_loader_error_t err = update_with_retries(job);
    if (err != ESP_LOADER_SUCCESS) {
        return job_give_up_on_target(job, STATUS_TARGET, err);
    }
    job_tell_cost(job);
    output_line(&job->output, "Done!");
    return STATUS_OK;
}

static const job_needs_t needs = {.loader = TARGET_ROM_THAT_COMPARES};

static status_t run_flash(const options_t *options, int word_count, char *const *words)
{
    job_t job;
    job_begin(&job, options);
    if (options->monitor && options->after == AFTER_NO_RESET) {
        return job_refuse(&job, STATUS_USAGE, "--monitor shows what follows a reset; leave --no-reset out");
    }
    status_t status = job_load_and_connect(&job, &needs, word_count, words);
    if (status == STATUS_OK) {
        status = flash_connected(&job);
    }
    /* A target whose job failed stays in its loader: its application may be half written. */
    if (status == STATUS_OK) {
        status = job_leave(&job);
        if (status == STATUS_OK && options->monitor) {
            status = monitor_show(&job);
        }
    }
    summarise(&job, status, false);
    return job_end(&job, status);
}

/* --- verify ------------------------------------------------------------------------------------------------------- */

static status_t run_verify(const options_t *options, int word_count, char *const *words)
{
    job_t job;
    job_begin(&job, options);
    status_t status = job_load_and_connect(&job, &needs, word_count, words);
    const bool connected = status == STATUS_OK;
    for (uint32_t at = 0; connected && at < job.inputs.count; at++) {
        reflash_image_t *image = &job.inputs.images[at];
        const esp_loader_error_t err =
            reflash_flash_verify_md5(&job.target.loader, image->flash_addr, image->bytes, image->md5);
        if (err != ESP_LOADER_SUCCESS && err != ESP_LOADER_ERROR_INVALID_MD5) {
            status = job_give_up_on_target(&job, STATUS_TARGET, err);
            break;
        }
        image->result = err == ESP_LOADER_SUCCESS ? REFLASH_RESULT_SKIPPED : REFLASH_RESULT_FAILED;
        status = err == ESP_LOADER_SUCCESS ? status : STATUS_DIFFERS;
        output_line(&job.output, "%s at 0x%x: %s", job.inputs.titles[at], image->flash_addr,
                    err == ESP_LOADER_SUCCESS ? "matches" : "DIFFERS");
    }
    if (connected && (status == STATUS_OK || status == STATUS_DIFFERS)) {
        job_tell_cost(&job);
    }
    if (connected) {
        const status_t left = job_leave(&job);
        status = left == STATUS_OK ? status : left;
    }
    summarise(&job, status, true);
    return job_end(&job, status);
}

/* --- info --------------------------------------------------------------------------------------------------------- */

static status_t run_info(const options_t *options, int word_count, char *const *words)
{
    job_t job;
    job_begin(&job, options);
    status_t status = STATUS_OK;
    if (word_count > 0) {
        status = job_refuse(&job, STATUS_USAGE, "info takes no input, but '%s' was given", words[0]);
    }
    static const job_needs_t info_needs = {.loader = TARGET_ROM};
    status = status == STATUS_OK ? job_connect(&job, &info_needs) : status;
    if (status == STATUS_OK) {
        status = job_leave(&job);
    }
    summarise(&job, status, false);
    return job_end(&job, status);
}

const command_t commands[] = {
    {"flash", "INPUT...", "bring the target to INPUT, sending only images that differ", run_flash, MANY_TARGETS},
    {"verify", "INPUT...", "compare the target's flash with INPUT; changes nothing", run_verify, MANY_TARGETS},
    {"info", "", "tell which chip answers, its MAC address and its flash", run_info, MANY_TARGETS},
    {"read", "ADDR SIZE", "copy a part of the target's flash to the file -o", read_run, ONE_TARGET},
    {"erase", "ADDR SIZE", "erase a part of the target's flash", erase_run, ONE_TARGET},
    {"run", "IMAGE", "load a program into the target's RAM and start it", run_run, ONE_TARGET},
    {"monitor", "", "show the target's log", monitor_run, ONE_TARGET},
    {"ports", "", "list the serial ports of this computer", ports_run, NO_TARGET},
    {"pack", "INPUT...", "write INPUT to a bundle, for hosts that have little memory", pack_run, NO_TARGET},
};
const unsigned command_count = sizeof(commands) / sizeof(commands[0]);
