/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_check.h"
#include "inputs_support.h"
#include "partitions.h"
#include "range.h"
#include "reflash_engine.h"

/* --- Begin, fail, end ------------------------------------------------------------------------------------------ */

void job_begin(job_t *job, const options_t *options)
{
    *job = (job_t){.options = options};
    output_init(&job->output, options->json, options->label);
}

status_t job_end(job_t *job, status_t status)
{
    if (job->target.port != NULL) {
        target_close(&job->target);
    }
    inputs_free(&job->inputs);
    return status;
}

status_t job_give_up(job_t *job, status_t status)
{
    output_error(&job->output, job->message);
    return status;
}

status_t job_refuse(job_t *job, status_t status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(job->message, sizeof(job->message), format, args);
    va_end(args);
    return job_give_up(job, status);
}

static const char before_any_answer[] = "interrupted before a loader answered; nothing was changed";

static const char *go_on(const job_t *job)
{
    return job->go_on != NULL ? job->go_on : "The same command again finishes the rest.";
}

/* Then it may have been changed, whatever is known of it now. */
static bool was_connected(const job_t *job)
{
    return job->flash_bytes > 0;
}

status_t job_give_up_on_target(job_t *job, status_t status, esp_loader_error_t err)
{
    if (commands_interrupted) {
        const bool connected = esp_loader_get_target(&job->target.loader) != ESP_UNKNOWN_CHIP;
        if (!connected && !was_connected(job)) {
            return job_refuse(job, STATUS_INTERRUPTED, before_any_answer);
        }
        return job_refuse(job, STATUS_INTERRUPTED, "interrupted%s. %s",
                          connected ? "; the target waits in its loader" : " while connecting again", go_on(job));
    }
    if (job->stub_refused) {
        return job_refuse(
            job, status,
            "no RAM stub can be started on this target: secure boot or secure download mode forbids it, or "
            "this program was built without stubs. Leave --stub out");
    }
    target_explain(&job->target, err, job->message, sizeof(job->message));
    if (job->erased_bytes > 0 && reflash_last_fault(&job->target.loader).cause != REFLASH_CAUSE_DIGEST_MISMATCH) {
        const size_t length = strlen(job->message);
        (void)snprintf(job->message + length, sizeof(job->message) - length, "%s %s",
                       job->message[length - 1] == '?' ? "" : ".", go_on(job));
    }
    return job_give_up(job, status);
}

/* --- Connecting ------------------------------------------------------------------------------------------------ */

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

static target_loader_t loader_of(const options_t *options, target_loader_t usual)
{
    static const target_loader_t told[] = {[LOADER_ROM] = TARGET_ROM, [LOADER_STUB] = TARGET_STUB};
    return options->loader == LOADER_USUAL ? usual : told[options->loader];
}

/* How much flash the chip's stub addresses. */
static uint32_t stub_flash_bytes(const job_t *job)
{
    reflash_target_t chip = {.chip_id = REFLASH_NO_CHIP_ID};
    (void)reflash_describe_target(&job->target.loader, &chip);
    const reflash_chip_t *row = chip_format_row((int)chip.chip_id);
    return row != NULL ? UINT32_C(1) << row->stub_flash_bits : INPUTS_ROM_FLASH_BYTES;
}

/* Only a stub can do the job. */
static bool is_far(const job_t *job)
{
    return job->flash_end > INPUTS_ROM_FLASH_BYTES && job->flash_end <= stub_flash_bytes(job);
}

/* A stub is quicker to upload once the rate is raised; the ROM of an ESP8266 raises nothing, but its stub does. */
static esp_loader_error_t start_stub(job_t *job, target_loader_t loader, uint32_t baud)
{
    esp_loader_error_t err = target_start_stub(&job->target);
    if (err == ESP_LOADER_SUCCESS && job->target.baud == TARGET_FIRST_BAUD) {
        RETURN_ON_ERROR(target_raise_baud(&job->target, baud));
        err = target_start_stub(&job->target); /* nothing, unless the line did not bear the rate */
    }
    job->stub_refused = err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC && loader == TARGET_STUB;
    return err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC && !job->stub_refused ? ESP_LOADER_SUCCESS : err;
}

/* What a loader that compares is going to compare. None of it may be there to encrypt, which a mask ROM does. */
static uint32_t sectors_to_compare(const job_t *job)
{
    uint32_t sectors = 0;
    for (uint32_t at = 0; at < job->inputs.count; at++) {
        if (job->options->encrypt || job->inputs.encrypted[at]) {
            return 0;
        }
        sectors += (job->inputs.images[at].bytes - 1) / REFLASH_SECTOR_BYTES + 1;
    }
    return sectors;
}

/* Whatever the rate is. */
static bool needs_stub(const job_t *job, target_loader_t loader)
{
    reflash_target_t chip = {.has_digests = false};
    (void)reflash_describe_target(&job->target.loader, &chip);
    return loader == TARGET_ROM_THAT_COMPARES ? !chip.has_digests || is_far(job) : loader != TARGET_ROM;
}

static bool wants_stub(const job_t *job, target_loader_t loader)
{
    return needs_stub(job, loader) ||
           (loader == TARGET_ROM_THAT_COMPARES && reflash_stub_pays(&job->target.loader, sectors_to_compare(job)));
}

static bool is_secure(const job_t *job)
{
    reflash_target_t chip = {.secure_download = false};
    return reflash_describe_target(&job->target.loader, &chip) && chip.secure_download;
}

/* What the user says, else the header of the bootloader that is to be written. 0: neither tells. */
static uint32_t told_flash_bytes(const job_t *job)
{
    uint32_t bytes;
    const char *told = job->options->flash.size;
    if (told != NULL && range_parse_size(told, &bytes)) {
        return bytes % REFLASH_SECTOR_BYTES == 0 ? bytes : 0;
    }
    for (uint32_t at = 0; at < job->inputs.count; at++) {
        image_t image;
        if (job->inputs.programs[at] && job->inputs.images[at].kind == REFLASH_KIND_BOOTLOADER &&
            image_read(&image, job->inputs.images[at].data, job->inputs.images[at].bytes, NULL, 0)) {
            const chip_format_t *chip = chip_format_by_id(image.chip_id);
            const format_code_t *size = chip != NULL ? format_code_by_code(chip->flash_sizes, image.flash_size) : NULL;
            return size != NULL ? size->bytes : 0;
        }
    }
    return 0;
}

/* A target in secure download mode is known by connecting, and connected again to be told its flash. */
static esp_loader_error_t reach(job_t *job)
{
    RETURN_ON_ERROR(target_connect(&job->target, &commands_interrupted));
    const uint32_t flash_bytes = told_flash_bytes(job);
    if (is_secure(job) && job->target.secure_flash_bytes == 0 && flash_bytes != 0) {
        job->target.secure_flash_bytes = flash_bytes;
        return target_connect(&job->target, &commands_interrupted);
    }
    return ESP_LOADER_SUCCESS;
}

static bool can_choose_rate(const job_t *job, const job_needs_t *needs)
{
    const uint32_t told = job->options->baud;
    return needs->rates != RATES_OTHER && job->inputs.count > 0 &&
           (told == BAUD_NOT_TOLD || told == TARGET_HIGHEST_BAUD) &&
           job->target.port->ops->change_transmission_rate != NULL;
}

/* What the choice of a rate goes by. */
static rates_t describe_work(const job_t *job, const job_needs_t *needs)
{
    const options_t *options = job->options;
    const bool rewrites = needs->rates == RATES_FLASH && (options->encrypt || options->erase_all);
    rates_t rates = {.job = rewrites ? RATES_REWRITE : needs->rates,
                     .images = job->inputs.count,
                     .has_packed = true,
                     .may_stub = options->loader != LOADER_ROM,
                     .search = options->baud == TARGET_HIGHEST_BAUD};
    for (uint32_t at = 0; at < job->inputs.count; at++) {
        rates.sectors += (job->inputs.images[at].bytes - 1) / REFLASH_SECTOR_BYTES + 1;
    }
    return rates;
}

/* `needs` NULL: it has to be `baud`. */
static esp_loader_error_t connect_once(job_t *job, target_loader_t loader, uint32_t baud, const job_needs_t *needs)
{
    RETURN_ON_ERROR(reach(job));
    const bool chooses = needs != NULL && can_choose_rate(job, needs) && !needs_stub(job, loader) && !is_secure(job);
    job->rates.open = false;
    job->has_mac = false;
    if (chooses || (!target_is_near(&job->target) && !is_secure(job))) {
        RETURN_ON_ERROR(rates_measure(&job->target, job->mac));
        job->has_mac = true;
    }
    if (chooses) {
        job->rates = describe_work(job, needs);
        baud = rates_begin(&job->rates, &job->target);
    }
    RETURN_ON_ERROR(target_raise_baud(&job->target, baud));
    if (wants_stub(job, loader)) {
        RETURN_ON_ERROR(start_stub(job, loader, baud));
    }
    output_line(&job->output, "Connected to target");
    if (job->target.baud != TARGET_FIRST_BAUD) {
        output_line(&job->output, "Transmission rate changed.");
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t job_raise_for_data(job_t *job, uint32_t sectors)
{
    const uint32_t before = job->target.baud;
    const uint32_t baud = rates_for_data(&job->rates, &job->target, sectors);
    if (baud == before) {
        return ESP_LOADER_SUCCESS;
    }
    job->rates.open = false;
    RETURN_ON_ERROR(target_raise_baud(&job->target, baud));
    if (job->target.baud != before) {
        output_line(&job->output, "Transmission rate changed to %u baud, as there is data to send.", job->target.baud);
        output_event(&job->output, json_pack("{s:s, s:I}", "event", "rate", "baud", (json_int_t)job->target.baud));
    }
    return ESP_LOADER_SUCCESS;
}

bool job_may_try_again(const job_t *job, esp_loader_error_t err, unsigned tries)
{
    const reflash_cause_t cause = reflash_last_fault(&job->target.loader).cause;
    return err != ESP_LOADER_SUCCESS && tries < JOB_TRIES && !commands_interrupted && cause != REFLASH_CAUSE_PORT &&
           cause != REFLASH_CAUSE_ARGUMENT;
}

/* A stub is the first that needs much of the line. */
static esp_loader_error_t connect_as_told(job_t *job, const job_needs_t *needs)
{
    const uint32_t usual_baud = needs->baud != 0 ? needs->baud : USUAL_BAUD;
    const uint32_t first = job->options->baud != BAUD_NOT_TOLD ? job->options->baud : usual_baud;
    const target_loader_t loader = loader_of(job->options, needs->loader);
    const bool search = first == TARGET_HIGHEST_BAUD;
    job->target.takes_stub = job->options->loader != LOADER_ROM && !needs->no_flash;
    esp_loader_error_t err = connect_once(job, loader, first, needs);
    while (job->target.baud != TARGET_FIRST_BAUD && job_may_try_again(job, err, 1)) {
        const uint32_t baud = search ? target_baud_below(job->target.baud) : TARGET_FIRST_BAUD;
        target_explain(&job->target, err, job->message, sizeof(job->message));
        output_line(&job->output, "Trouble: %s. Connecting again at %u baud.", job->message, baud);
        err = connect_once(job, loader, baud, NULL);
    }
    return err;
}

static esp_loader_error_t connect_again_to(job_t *job, target_loader_t loader, esp_loader_error_t err, unsigned tries)
{
    target_explain(&job->target, err, job->message, sizeof(job->message));
    output_line(&job->output, "Trouble: %s. Connecting again at %u baud (try %u of %d).", job->message,
                TARGET_FIRST_BAUD, tries + 1, JOB_TRIES);
    return connect_once(job, loader, TARGET_FIRST_BAUD, NULL);
}

esp_loader_error_t job_connect_again(job_t *job, esp_loader_error_t err, unsigned tries)
{
    return connect_again_to(job, job->target.has_stub ? TARGET_STUB : TARGET_ROM, err, tries);
}

/* `mac` NULL: it does not tell. */
static void tell_target(job_t *job, const reflash_target_t *chip, const uint8_t *mac)
{
    char mac_text[18] = "", flash_text[32] = "";
    if (mac != NULL) {
        (void)snprintf(mac_text, sizeof(mac_text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                       mac[4], mac[5]);
    }
    if (job->flash_bytes > 0) {
        (void)snprintf(flash_text, sizeof(flash_text), ", %u KiB flash", job->flash_bytes / 1024);
    }
    output_line(&job->output, "%s, %s%s%s, %u baud%s", chip->name, mac != NULL ? "MAC " : "secure download mode",
                mac_text, flash_text, job->target.baud, job->target.has_stub ? ", RAM stub" : "");
    output_event(&job->output,
                 json_pack("{s:s, s:s, s:s?, s:I, s:I, s:s}", "event", "connected", "chip", chip->name, "mac",
                           mac != NULL ? mac_text : NULL, "flash_bytes", (json_int_t)job->flash_bytes, "baud",
                           (json_int_t)job->target.baud, "loader", job->target.has_stub ? "stub" : "rom"));
}

status_t job_open(job_t *job)
{
    const options_t *options = job->options;
    if (options->port == NULL) {
        return job_refuse(job, STATUS_USAGE,
                          "no port; name one with -p (/dev/ttyUSB0, rfc2217://HOST:PORT, socket://HOST:PORT, "
                          "sim:esp32) or in REFLASH_PORT; 'reflash ports' lists those of this computer");
    }
    const target_result_t opened =
        target_open(&job->target, options->port, &options->wiring, job->message, sizeof(job->message));
    if (opened != TARGET_OK && commands_interrupted) { /* which is why it could not be opened */
        return job_refuse(job, STATUS_INTERRUPTED, before_any_answer);
    }
    if (opened != TARGET_OK) {
        return job_give_up(job, opened == TARGET_USAGE ? STATUS_USAGE : STATUS_CONNECT);
    }
    target_let_cancel(&job->target, is_interrupted);
    return STATUS_OK;
}

status_t job_connect(job_t *job, const job_needs_t *needs)
{
    const status_t opened = job_open(job);
    if (opened != STATUS_OK) {
        return opened;
    }
    esp_loader_error_t err = connect_as_told(job, needs);
    const bool secure = is_secure(job);
    if (err == ESP_LOADER_SUCCESS && !secure && !job->has_mac) {
        err = esp_loader_read_mac(&job->target.loader, job->mac);
    }
    const bool told = !secure || job->target.secure_flash_bytes != 0;
    if (err == ESP_LOADER_SUCCESS && !needs->no_flash && (told || !needs->any_flash)) {
        err = esp_loader_flash_detect_size(&job->target.loader, &job->flash_bytes);
    }
    if (err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC && !told) {
        return job_refuse(
            job, STATUS_CONNECT,
            "the target is in secure download mode: its loader neither reads nor compares flash, and does "
            "not tell its size. It takes plain writes: for flash and erase say --flash-size, such as "
            "--flash-size 4MB");
    }
    if (err != ESP_LOADER_SUCCESS) {
        return job_give_up_on_target(job, STATUS_CONNECT, err);
    }
    reflash_target_t chip = {.name = ""};
    (void)reflash_describe_target(&job->target.loader, &chip); /* connected it is */
    tell_target(job, &chip, secure ? NULL : job->mac);
    if (job->options->chip != NULL && !same_chip(job->options->chip, chip.name)) {
        return job_refuse(job, STATUS_INPUT, "the target is an %s, not the %s of --chip; nothing was changed",
                          chip.name, job->options->chip);
    }
    return STATUS_OK;
}

/* --- Beyond what a mask ROM addresses --------------------------------------------------------------------------- */

static status_t start_stub_late(job_t *job)
{
    esp_loader_error_t err = start_stub(job, TARGET_STUB_IF_POSSIBLE, job->target.baud);
    for (unsigned tries = 1; job_may_try_again(job, err, tries); tries++) {
        err = connect_again_to(job, TARGET_STUB_IF_POSSIBLE, err, tries);
    }
    if (err != ESP_LOADER_SUCCESS || commands_interrupted) {
        return job_give_up_on_target(job, STATUS_TARGET, err);
    }
    if (job->target.has_stub) {
        output_line(&job->output, "RAM stub started.");
        output_event(&job->output, json_pack("{s:s}", "event", "stub"));
    }
    return STATUS_OK;
}

status_t job_reach(job_t *job, uint32_t flash_end)
{
    reflash_target_t chip = {.name = ""};
    job->flash_end = flash_end;
    if (is_far(job) && !job->target.has_stub && job->options->loader != LOADER_ROM) {
        const status_t status = start_stub_late(job);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (flash_end <= INPUTS_ROM_FLASH_BYTES || (is_far(job) && job->target.has_stub)) {
        return STATUS_OK;
    }
    (void)reflash_describe_target(&job->target.loader, &chip);
    if (!is_far(job)) {
        return job_refuse(job, STATUS_INPUT,
                          "this job goes up to 0x%x of the flash, and no loader of the %s addresses more than %u MiB. "
                          "Stay below 0x%x. Nothing was changed.",
                          flash_end, chip.name, stub_flash_bytes(job) >> 20, stub_flash_bytes(job));
    }
    return job_refuse(
        job, STATUS_INPUT,
        "this job goes up to 0x%x of the flash, and the loader in the ROM of the %s addresses 16 MiB. A RAM "
        "stub addresses all of it%s. Nothing was changed.",
        flash_end, chip.name,
        job->options->loader == LOADER_ROM
            ? ": leave --no-stub out"
            : ", but none can be started on this target: secure boot or secure download mode forbids it, or "
              "this program was built without stubs. Stay below 0x1000000");
}

/* --- Inputs ---------------------------------------------------------------------------------------------------- */

static status_t load_inputs(job_t *job, int word_count, char *const *words)
{
    const inputs_options_t input_options = {
        .force = job->options->force, .chip = job->options->chip, .flash = job->options->flash};
    const inputs_result_t loaded =
        inputs_load(&job->inputs, &input_options, word_count, words, job->message, sizeof(job->message));
    if (loaded != INPUTS_OK) {
        return job_give_up(job, loaded == INPUTS_USAGE ? STATUS_USAGE : STATUS_INPUT);
    }
    job->flash_end = inputs_end(&job->inputs);
    return STATUS_OK;
}

static status_t check_inputs(job_t *job)
{
    reflash_target_t chip = {.name = ""};
    (void)reflash_describe_target(&job->target.loader, &chip);
    if (inputs_check_chip(&job->inputs, (uint16_t)chip.chip_id, chip.name, job->flash_bytes, job->message,
                          sizeof(job->message)) != INPUTS_OK) {
        const size_t length = strlen(job->message);
        (void)snprintf(job->message + length, sizeof(job->message) - length, " Nothing was changed.");
        return job_give_up(job, STATUS_INPUT);
    }
    inputs_set_flash_size(&job->inputs, job->flash_bytes);
    return job_reach(job, job->options->erase_all ? job->flash_bytes : inputs_end(&job->inputs));
}

/* The address is known only once the target was asked. A wrong file is told before, as everywhere. */
static status_t load_for_partition(job_t *job, const job_needs_t *needs, int word_count, char *const *words)
{
    if (word_count != 1) {
        return job_refuse(job, STATUS_USAGE, "--partition takes one FILE, which is for that partition");
    }
    const inputs_message_t message = inputs_message_into(job->message, sizeof(job->message));
    const inputs_options_t input_options = {.force = false};
    inputs_file_t file;
    if (inputs_read_file(words[0], &input_options, &file, message) != INPUTS_OK) {
        return job_give_up(job, STATUS_INPUT);
    }
    free(file.data);
    status_t status = job_connect(job, needs);
    partition_t partition;
    status = status == STATUS_OK ? partitions_find_named(job, &partition) : status;
    if (status != STATUS_OK) {
        return status;
    }
    if (file.bytes > partition.bytes) {
        return job_refuse(job, STATUS_INPUT, "%s: its %u bytes do not fit into partition %s, which has %u", words[0],
                          file.bytes, partition.label, partition.bytes);
    }
    char addr[16];
    (void)snprintf(addr, sizeof(addr), "0x%x", partition.flash_addr);
    char *pair[] = {addr, words[0]};
    return load_inputs(job, 2, pair);
}

status_t job_load_and_connect(job_t *job, const job_needs_t *needs, int word_count, char *const *words)
{
    status_t status;
    if (job->options->partition != NULL) {
        status = load_for_partition(job, needs, word_count, words);
    } else {
        /* Inputs first, so that a wrong file is told before anything is reset. */
        status = load_inputs(job, word_count, words);
        status = status == STATUS_OK ? job_connect(job, needs) : status;
    }
    return status == STATUS_OK ? check_inputs(job) : status;
}

/* --- The end --------------------------------------------------------------------------------------------------- */

status_t job_leave(job_t *job)
{
    const bool by_hand = job->options->wiring.lines.style == REFLASH_LINES_NONE;
    if (job->options->after == AFTER_NO_RESET || (job->options->after == AFTER_RESET && by_hand)) {
        /* Whoever talks to that loader next begins at this rate. */
        (void)target_raise_baud(&job->target, TARGET_FIRST_BAUD);
    }
    if (job->options->after == AFTER_RESET) {
        target_reset(&job->target);
    } else if (job->options->after == AFTER_WATCHDOG) {
        const esp_loader_error_t err = target_reset_by_watchdog(&job->target);
        if (err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
            return job_refuse(job, STATUS_TARGET,
                              "the watchdog of this chip does not do for a reset; the target is left in its loader, "
                              "otherwise all is done");
        }
        if (err != ESP_LOADER_SUCCESS) {
            return job_give_up_on_target(job, STATUS_TARGET, err);
        }
    }
    return STATUS_OK;
}

void job_tell_cost(job_t *job)
{
    output_line(&job->output, "Sent %llu bytes, received %llu, in %.2f s%s",
                (unsigned long long)target_bytes_sent(&job->target),
                (unsigned long long)target_bytes_received(&job->target), target_seconds(&job->target),
                job->target.sim != NULL ? " of virtual time" : "");
}

void job_summarise(job_t *job, status_t status, json_t *more)
{
    const bool open = job->target.port != NULL;
    json_t *summary = json_pack("{s:s, s:b, s:f, s:I, s:I}", "event", "summary", "ok", status == STATUS_OK, "seconds",
                                open ? target_seconds(&job->target) : 0.0, "bytes_sent",
                                (json_int_t)(open ? target_bytes_sent(&job->target) : 0), "bytes_received",
                                (json_int_t)(open ? target_bytes_received(&job->target) : 0));
    (void)json_object_update(summary, more);
    json_decref(more);
    output_event(&job->output, summary);
}
