/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include <stdio.h>

#include "erase.h"
#include "flash.h"
#include "image_command.h"
#include "job.h"
#include "locks.h"
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
                  json_pack("{s:I, s:o}", "erased_bytes", (json_int_t)job->erased_bytes, "images",
                            summary_of_images(&job->inputs, verifying)));
}

/* --- verify ------------------------------------------------------------------------------------------------------- */

static status_t run_verify(const options_t *options, int word_count, char *const *words)
{
    static const job_needs_t needs = {.loader = TARGET_ROM_THAT_COMPARES, .rates = RATES_VERIFY};
    job_t job;
    job_begin(&job, options);
    status_t status = job_load_and_connect(&job, &needs, word_count, words);
    const bool connected = status == STATUS_OK;
    if (connected &&
        inputs_refuse_encrypted(&job.inputs, "What lies in the flash then cannot be compared with it; leave it out.",
                                job.message, sizeof(job.message)) != INPUTS_OK) {
        status = job_give_up(&job, STATUS_INPUT);
    }
    for (uint32_t at = 0; (status == STATUS_OK || status == STATUS_DIFFERS) && at < job.inputs.count; at++) {
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

static status_t tell_locks(job_t *job)
{
    locks_t locks;
    char text[64], revision[32] = "";
    const esp_loader_error_t err = locks_read(&job->target.loader, &locks);
    if (err != ESP_LOADER_SUCCESS) {
        return job_give_up_on_target(job, STATUS_TARGET, err);
    }
    const bool told = locks.revision != LOCKS_REVISION_UNKNOWN;
    if (told) {
        (void)snprintf(revision, sizeof(revision), "%u.%u", locks.revision / 100, locks.revision % 100);
        output_line(&job->output, "Chip revision %s", revision);
    }
    locks_text(&locks, text, sizeof(text));
    if (text[0] != '\0') {
        output_line(&job->output, "Locked by %s", text);
    }
    output_event(&job->output, json_pack("{s:s, s:s?, s:b, s:b, s:b}", "event", "locks", "revision",
                                         told ? revision : NULL, "flash_encryption", locks.encryption, "secure_boot",
                                         locks.secure_boot, "secure_download", locks.secure_download));
    return STATUS_OK;
}

static status_t run_info(const options_t *options, int word_count, char *const *words)
{
    job_t job;
    job_begin(&job, options);
    status_t status = STATUS_OK;
    if (word_count > 0) {
        status = job_refuse(&job, STATUS_USAGE, "info takes no input, but '%s' was given", words[0]);
    }
    static const job_needs_t needs = {.loader = TARGET_ROM, .any_flash = true};
    status = status == STATUS_OK ? job_connect(&job, &needs) : status;
    status = status == STATUS_OK ? tell_locks(&job) : status;
    if (status == STATUS_OK) {
        status = job_leave(&job);
    }
    summarise(&job, status, false);
    return job_end(&job, status);
}

const command_t commands[] = {
    {"flash", "INPUT...", "bring the target to INPUT, sending only the sectors that differ", flash_run, MANY_TARGETS},
    {"diff", "INPUT...", "show which sectors flash would write; changes nothing", diff_run, MANY_TARGETS},
    {"verify", "INPUT...", "compare the target's flash with INPUT; changes nothing", run_verify, MANY_TARGETS},
    {"info", "", "tell which chip answers, its MAC address and its flash", run_info, MANY_TARGETS},
    {"read", "ADDR SIZE", "copy a part of the target's flash to the file -o", read_run, ONE_TARGET},
    {"erase", "ADDR SIZE", "erase a part of the target's flash", erase_run, ONE_TARGET},
    {"run", "IMAGE", "load a program into the target's RAM and start it", run_run, ONE_TARGET},
    {"monitor", "", "show the target's log", monitor_run, ONE_TARGET},
    {"ports", "", "list the serial ports of this computer", ports_run, NO_TARGET},
    {"pack", "INPUT...", "write INPUT to a bundle, for hosts that have little memory", pack_run, NO_TARGET},
    {"image", "FILE...", "explain images, partition tables, merged images and bundles", image_run, NO_TARGET},
};
const unsigned command_count = sizeof(commands) / sizeof(commands[0]);
