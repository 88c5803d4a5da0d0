/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "image_command.h"
#include "inputs.h"
#include "output.h"
#include "pack.h"
#include "target.h"

enum { MESSAGE_BYTES = 1024, JOB_TRIES = 3 };

volatile int commands_interrupted;

/* --- What every command with a target shares ---------------------------------------------------------------- */

typedef struct {
    const options_t *options;
    output_t output;
    target_t target;
    inputs_t inputs;
    uint32_t flash_bytes;
    uint64_t erased_bytes;
    char message[MESSAGE_BYTES];
} job_t;

static status_t give_up(job_t *job, status_t status)
{
    output_error(&job->output, job->message);
    return status;
}

static status_t give_up_on_target(job_t *job, status_t status, esp_loader_error_t err)
{
    if (commands_interrupted) {
        const bool connected = esp_loader_get_target(&job->target.loader) != ESP_UNKNOWN_CHIP;
        (void)snprintf(job->message, sizeof(job->message), "interrupted%s",
                       connected ? "; the target waits in its loader. The same command again finishes the rest."
                                 : " before a loader answered; nothing was changed");
        return give_up(job, STATUS_INTERRUPTED);
    }
    target_explain(&job->target, err, job->message, sizeof(job->message));
    return give_up(job, status);
}

static bool is_interrupted(esp_loader_port_t *port)
{
    (void)port;
    return commands_interrupted != 0;
}

static bool same_chip(const char *wanted, const char *found)
{
    const reflash_rom_t *a = espsim_rom_by_name(wanted);
    return a != NULL && a == espsim_rom_by_name(found);
}

static esp_loader_error_t connect_and_tell(job_t *job, uint32_t baud)
{
    bool raised;
    RETURN_ON_ERROR(target_connect(&job->target, baud, &commands_interrupted, &raised));
    output_line(&job->output, "Connected to target");
    if (raised) {
        output_line(&job->output, "Transmission rate changed.");
    }
    return ESP_LOADER_SUCCESS;
}

static status_t open_and_connect(job_t *job)
{
    const options_t *options = job->options;
    if (options->port == NULL) {
        (void)snprintf(job->message, sizeof(job->message),
                       "no port; name one with -p (/dev/ttyUSB0, rfc2217://HOST:PORT, socket://HOST:PORT, sim:esp32) "
                       "or in REFLASH_PORT");
        return give_up(job, STATUS_USAGE);
    }
    const target_result_t opened =
        target_open(&job->target, options->port, options->lines, job->message, sizeof(job->message));
    if (opened != TARGET_OK) {
        return give_up(job, opened == TARGET_USAGE ? STATUS_USAGE : STATUS_CONNECT);
    }
    target_let_cancel(&job->target, is_interrupted);
    esp_loader_error_t err = connect_and_tell(job, options->baud);
    uint8_t mac[6];
    if (err == ESP_LOADER_SUCCESS) {
        err = esp_loader_read_mac(&job->target.loader, mac);
    }
    if (err == ESP_LOADER_SUCCESS) {
        err = esp_loader_flash_detect_size(&job->target.loader, &job->flash_bytes);
    }
    if (err != ESP_LOADER_SUCCESS) {
        return give_up_on_target(job, STATUS_CONNECT, err);
    }
    reflash_target_t chip = {.name = ""};
    (void)reflash_describe_target(&job->target.loader, &chip); /* connected it is */
    char mac_text[18];
    (void)snprintf(mac_text, sizeof(mac_text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                   mac[5]);
    output_line(&job->output, "%s, MAC %s, %u KiB flash, %u baud", chip.name, mac_text, job->flash_bytes / 1024,
                job->target.baud);
    output_event(&job->output,
                 json_pack("{s:s, s:s, s:s, s:I, s:I}", "event", "connected", "chip", chip.name, "mac", mac_text,
                           "flash_bytes", (json_int_t)job->flash_bytes, "baud", (json_int_t)job->target.baud));
    if (options->chip != NULL && !same_chip(options->chip, chip.name)) {
        (void)snprintf(job->message, sizeof(job->message),
                       "the target is an %s, not the %s of --chip; nothing was changed", chip.name, options->chip);
        return give_up(job, STATUS_INPUT);
    }
    return STATUS_OK;
}

static status_t load_inputs(job_t *job, int word_count, char *const *words)
{
    const inputs_options_t input_options = {
        .force = job->options->force, .chip = job->options->chip, .flash = job->options->flash};
    const inputs_result_t loaded =
        inputs_load(&job->inputs, &input_options, word_count, words, job->message, sizeof(job->message));
    if (loaded != INPUTS_OK) {
        return give_up(job, loaded == INPUTS_USAGE ? STATUS_USAGE : STATUS_INPUT);
    }
    if (inputs_refuse_encrypted(&job->inputs, "That is not supported yet; use a build without flash encryption.",
                                job->message, sizeof(job->message)) != INPUTS_OK) {
        return give_up(job, STATUS_INPUT);
    }
    return STATUS_OK;
}

static status_t check_inputs(job_t *job)
{
    reflash_target_t chip = {.name = ""};
    (void)reflash_describe_target(&job->target.loader, &chip);
    if (inputs_check_chip(&job->inputs, (uint16_t)chip.chip_id, chip.name, job->flash_bytes, job->message,
                          sizeof(job->message)) != INPUTS_OK) {
        return give_up(job, STATUS_INPUT);
    }
    inputs_set_flash_size(&job->inputs, job->flash_bytes);
    return STATUS_OK;
}

/* Inputs first, so that a wrong file is told before anything is reset. */
static status_t load_and_connect(job_t *job, int word_count, char *const *words)
{
    status_t status = load_inputs(job, word_count, words);
    status = status == STATUS_OK ? open_and_connect(job) : status;
    return status == STATUS_OK ? check_inputs(job) : status;
}

static void monitor(job_t *job)
{
    output_log_t pending = {.bytes = 0};
    output_line(&job->output, "********************************************");
    output_line(&job->output, "*** Logs below are print from slave .... ***");
    output_line(&job->output, "********************************************");
    for (bool ended = false; !ended && !commands_interrupted;) {
        uint8_t bytes[256];
        const size_t count = target_listen(&job->target, bytes, sizeof(bytes), &ended);
        output_log(&job->output, &pending, bytes, count);
    }
    output_log_end(&job->output, &pending);
}

static void begin_job(job_t *job, const options_t *options)
{
    *job = (job_t){.options = options};
    output_init(&job->output, options->json);
}

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

static void tell_cost(job_t *job)
{
    output_line(&job->output, "Sent %llu bytes, received %llu, in %.2f s%s",
                (unsigned long long)target_bytes_sent(&job->target),
                (unsigned long long)target_bytes_received(&job->target), target_seconds(&job->target),
                job->target.sim != NULL ? " of virtual time" : "");
}

static void summarise(job_t *job, status_t status, bool verifying)
{
    const bool open = job->target.port != NULL;
    const double seconds = open ? target_seconds(&job->target) : 0.0;
    const uint64_t sent = open ? target_bytes_sent(&job->target) : 0;
    const uint64_t received = open ? target_bytes_received(&job->target) : 0;
    output_event(&job->output,
                 json_pack("{s:s, s:b, s:f, s:I, s:I, s:I, s:I, s:o}", "event", "summary", "ok", status == STATUS_OK,
                           "seconds", seconds, "bytes_sent", (json_int_t)sent, "bytes_received", (json_int_t)received,
                           "erased_bytes", (json_int_t)job->erased_bytes, "upload_bytes", (json_int_t)0, "images",
                           summary_of_images(&job->inputs, verifying)));
}

static status_t end_job(job_t *job, status_t status)
{
    if (job->target.port != NULL) {
        target_close(&job->target);
    }
    inputs_free(&job->inputs);
    return status;
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

/* Another try helps against a disturbed line; it does not against a port that is gone. */
static bool worth_another_try(const job_t *job)
{
    const reflash_cause_t cause = reflash_last_fault(&job->target.loader).cause;
    return !commands_interrupted && cause != REFLASH_CAUSE_PORT && cause != REFLASH_CAUSE_ARGUMENT;
}

static esp_loader_error_t update_with_retries(job_t *job)
{
    esp_loader_error_t err = ESP_LOADER_ERROR_FAIL;
    for (unsigned tries = 1; tries <= JOB_TRIES; tries++) {
        reflash_job_t work = {.progress = on_progress, .progress_context = job};
        err = reflash_update(&job->target.loader, job->inputs.images, job->inputs.count, &work);
        job->erased_bytes += work.erased_bytes;
        if (err == ESP_LOADER_SUCCESS || tries == JOB_TRIES || !worth_another_try(job)) {
            return err;
        }
        /* Again from the start, at the safe rate: what is right already is skipped. */
        target_explain(&job->target, err, job->message, sizeof(job->message));
        output_line(&job->output, "Trouble: %s. Connecting again at %u baud (try %u of %d).", job->message,
                    TARGET_FIRST_BAUD, tries + 1, JOB_TRIES);
        err = connect_and_tell(job, TARGET_FIRST_BAUD);
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
        return give_up_on_target(job, STATUS_TARGET, err);
    }
    tell_cost(job);
    output_line(&job->output, "Done!");
    return STATUS_OK;
}

/* All that was asked for is done. */
static status_t leave(job_t *job, const options_t *options)
{
    if (options->after == AFTER_RESET) {
        target_reset(&job->target);
    } else if (options->after == AFTER_WATCHDOG) {
        const esp_loader_error_t err = target_reset_by_watchdog(&job->target);
        if (err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
            (void)snprintf(job->message, sizeof(job->message),
                           "the watchdog of this chip does not do for a reset; the target is left in its loader, "
                           "otherwise all is done");
            return give_up(job, STATUS_TARGET);
        }
        if (err != ESP_LOADER_SUCCESS) {
            return give_up_on_target(job, STATUS_TARGET, err);
        }
    }
    return STATUS_OK;
}

static status_t run_flash(const options_t *options, int word_count, char *const *words)
{
    job_t job;
    begin_job(&job, options);
    if (options->monitor && options->after == AFTER_NO_RESET) {
        (void)snprintf(job.message, sizeof(job.message), "--monitor shows what follows a reset; leave --no-reset out");
        return give_up(&job, STATUS_USAGE);
    }
    status_t status = load_and_connect(&job, word_count, words);
    if (status == STATUS_OK) {
        status = flash_connected(&job);
    }
    /* A target whose job failed stays in its loader: its application may be half written. */
    if (status == STATUS_OK) {
        status = leave(&job, options);
        if (status == STATUS_OK && options->monitor) {
            monitor(&job);
        }
    }
    summarise(&job, status, false);
    return end_job(&job, status);
}

/* --- verify ------------------------------------------------------------------------------------------------------- */

static status_t run_verify(const options_t *options, int word_count, char *const *words)
{
    job_t job;
    begin_job(&job, options);
    status_t status = load_and_connect(&job, word_count, words);
    const bool connected = status == STATUS_OK;
    for (uint32_t at = 0; connected && at < job.inputs.count; at++) {
        reflash_image_t *image = &job.inputs.images[at];
        const esp_loader_error_t err =
            reflash_flash_verify_md5(&job.target.loader, image->flash_addr, image->bytes, image->md5);
        if (err != ESP_LOADER_SUCCESS && err != ESP_LOADER_ERROR_INVALID_MD5) {
            status = give_up_on_target(&job, STATUS_TARGET, err);
            break;
        }
        image->result = err == ESP_LOADER_SUCCESS ? REFLASH_RESULT_SKIPPED : REFLASH_RESULT_FAILED;
        status = err == ESP_LOADER_SUCCESS ? status : STATUS_DIFFERS;
        output_line(&job.output, "%s at 0x%x: %s", job.inputs.titles[at], image->flash_addr,
                    err == ESP_LOADER_SUCCESS ? "matches" : "DIFFERS");
    }
    if (connected && (status == STATUS_OK || status == STATUS_DIFFERS)) {
        tell_cost(&job);
    }
    if (connected) {
        const status_t left = leave(&job, options);
        status = left == STATUS_OK ? status : left;
    }
    summarise(&job, status, true);
    return end_job(&job, status);
}

/* --- info --------------------------------------------------------------------------------------------------------- */

static status_t run_info(const options_t *options, int word_count, char *const *words)
{
    job_t job;
    begin_job(&job, options);
    status_t status = STATUS_OK;
    if (word_count > 0) {
        (void)snprintf(job.message, sizeof(job.message), "info takes no input, but '%s' was given", words[0]);
        status = give_up(&job, STATUS_USAGE);
    }
    status = status == STATUS_OK ? open_and_connect(&job) : status;
    if (status == STATUS_OK) {
        status = leave(&job, options);
    }
    summarise(&job, status, false);
    return end_job(&job, status);
}

const command_t commands[] = {
    {"flash", "INPUT...", "bring the target to INPUT, sending only images that differ", run_flash},
    {"verify", "INPUT...", "compare the target's flash with INPUT; changes nothing", run_verify},
    {"info", "", "tell which chip answers, its MAC address and its flash", run_info},
    {"pack", "INPUT...", "write INPUT to a bundle, for hosts that have little memory", pack_run},
    {"image", "FILE...", "explain images, partition tables, merged images and bundles", image_run},
};
const unsigned command_count = sizeof(commands) / sizeof(commands[0]);
