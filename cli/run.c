/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "image_check.h"
#include "inputs_support.h"
#include "job.h"
#include "monitor.h"

enum { BLOCK_BYTES = 0x1800, SEGMENT_HEADER_BYTES = 8 };

typedef struct {
    job_t job;
    const char *path;
    inputs_file_t file;
    uint32_t header_bytes, loaded_bytes, total_bytes;
} running_t;

/* --- The image ------------------------------------------------------------------------------------------------- */

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The `number`th of an image that image_check() finds sound. */
static esp_loader_bin_segment_t segment_at(const running_t *running, unsigned number)
{
    const uint8_t *at = running->file.data + running->header_bytes;
    for (; number > 0; number--) {
        at += SEGMENT_HEADER_BYTES + le32(at + 4);
    }
    return (esp_loader_bin_segment_t){.addr = le32(at), .size = le32(at + 4), .data = at + SEGMENT_HEADER_BYTES};
}

static unsigned segment_count(const running_t *running)
{
    return running->file.data[1];
}

/* Where a chip shows its flash, so that nothing can be loaded there. */
static bool is_mapped_flash(target_chip_t chip, uint32_t addr)
{
    static const struct {
        target_chip_t chip;
        uint32_t start, end;
    } rows[] = {
        {ESP8266_CHIP, 0x40200000, 0x40300000},     {ESP32_CHIP, 0x3F400000, 0x3F800000},
        {ESP32_CHIP, 0x400C2000, 0x40C00000},       {ESP32S2_CHIP, 0x3F000000, 0x3F400000},
        {ESP32S2_CHIP, 0x40080000, 0x40800000},     {ESP32P4_CHIP, 0x40000000, 0x44000000},
        {ESP_UNKNOWN_CHIP, 0x3C000000, 0x3E000000}, {ESP_UNKNOWN_CHIP, 0x42000000, 0x44000000},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        const bool is_about_it = rows[row].chip == chip || rows[row].chip == ESP_UNKNOWN_CHIP;
        if (is_about_it && addr >= rows[row].start && addr < rows[row].end) {
            return true;
        }
    }
    return false;
}

static status_t load_file(running_t *running, int word_count, char *const *words)
{
    job_t *job = &running->job;
    if (word_count != 1) {
        return job_refuse(job, STATUS_USAGE, "run takes one program for the target's RAM, such as ram_program.bin");
    }
    running->path = words[0];
    const inputs_options_t options = {.force = false};
    if (inputs_read_file(running->path, &options, &running->file,
                         inputs_message_into(job->message, sizeof(job->message))) != INPUTS_OK) {
        return job_give_up(job, STATUS_INPUT);
    }
    char why[256];
    if (image_check(running->file.data, running->file.bytes, IMAGE_CHIP_ANY, why, sizeof(why)) != IMAGE_SOUND) {
        return job_refuse(job, STATUS_INPUT, "%s: %s.", running->path, why);
    }
    return STATUS_OK;
}

/* What is said of an ESP32 may be wrong of its successor. */
static status_t check_fit(running_t *running)
{
    job_t *job = &running->job;
    reflash_target_t target = {.name = ""};
    (void)reflash_describe_target(&job->target.loader, &target);
    const bool is_esp8266 = target.target == ESP8266_CHIP;
    const uint8_t *data = running->file.data;
    char why[256];
    if (!job->options->force &&
        image_check(data, running->file.bytes, is_esp8266 ? IMAGE_CHIP_ESP8266 : (int)target.chip_id, why,
                    sizeof(why)) != IMAGE_SOUND) {
        return job_refuse(job, STATUS_INPUT, "%s: %s.", running->path, why);
    }
    running->header_bytes = image_program_chip(data, running->file.bytes) == IMAGE_CHIP_ESP8266 ? 8 : 24;
    running->total_bytes = 0;
    for (unsigned number = 0; number < segment_count(running); number++) {
        const esp_loader_bin_segment_t segment = segment_at(running, number);
        running->total_bytes += segment.size;
        if (is_mapped_flash(target.target, segment.addr)) {
            return job_refuse(job, STATUS_INPUT,
                              "%s: a program for the flash, not for RAM: its segment %u of %u belongs to 0x%x, where "
                              "the flash is mapped. Use 'reflash flash'.",
                              running->path, number + 1, segment_count(running), segment.addr);
        }
    }
    return running->total_bytes > 0 ? STATUS_OK
                                    : job_refuse(job, STATUS_INPUT, "%s: there is nothing in it.", running->path);
}

/* --- The target ------------------------------------------------------------------------------------------------ */

static esp_loader_error_t load_segment(running_t *running, const esp_loader_bin_segment_t *segment,
                                       esp_loader_mem_cfg_t *cfg)
{
    job_t *job = &running->job;
    *cfg = (esp_loader_mem_cfg_t){.offset = segment->addr, .size = segment->size, .block_size = BLOCK_BYTES};
    RETURN_ON_ERROR(esp_loader_mem_start(&job->target.loader, cfg));
    for (uint32_t done = 0, bytes; done < segment->size; done += bytes) {
        bytes = segment->size - done < BLOCK_BYTES ? segment->size - done : BLOCK_BYTES;
        RETURN_ON_ERROR(esp_loader_mem_write(&job->target.loader, cfg, segment->data + done, bytes));
        running->loaded_bytes += bytes;
        output_progress(&job->output, "run", "Loading", running->loaded_bytes, running->total_bytes, 0);
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t load_and_start(running_t *running)
{
    job_t *job = &running->job;
    esp_loader_mem_cfg_t cfg;
    running->loaded_bytes = 0;
    output_progress(&job->output, "run", "Loading", 0, running->total_bytes, 0);
    for (unsigned number = 0; number < segment_count(running); number++) {
        const esp_loader_bin_segment_t segment = segment_at(running, number);
        if (segment.size > 0) {
            RETURN_ON_ERROR(load_segment(running, &segment, &cfg));
        }
    }
    return esp_loader_mem_finish(&job->target.loader, &cfg, le32(running->file.data + 4));
}

static status_t run_connected(running_t *running)
{
    job_t *job = &running->job;
    esp_loader_error_t err = load_and_start(running);
    for (unsigned tries = 1; job_may_try_again(job, err, tries); tries++) {
        err = job_connect_again(job, err, tries);
        err = err == ESP_LOADER_SUCCESS ? load_and_start(running) : err;
    }
    if (err != ESP_LOADER_SUCCESS || commands_interrupted) {
        return job_give_up_on_target(job, STATUS_TARGET, err);
    }
    output_line(&job->output, "Loaded %u bytes in %u segments, started at 0x%x", running->total_bytes,
                segment_count(running), le32(running->file.data + 4));
    return job->options->monitor ? monitor_show(job) : STATUS_OK;
}

/* --- The command ----------------------------------------------------------------------------------------------- */

status_t run_run(const options_t *options, int word_count, char *const *words)
{
    /* The program inherits the rate, and expects the usual one. */
    static const job_needs_t needs = {.loader = TARGET_ROM, .baud = TARGET_FIRST_BAUD, .no_flash = true};
    running_t running = {.path = NULL};
    job_t *job = &running.job;
    job_begin(job, options);
    job->go_on = "Nothing was started.";
    status_t status = load_file(&running, word_count, words);
    status = status == STATUS_OK ? job_connect(job, &needs) : status;
    status = status == STATUS_OK ? check_fit(&running) : status;
    status = status == STATUS_OK ? run_connected(&running) : status;
    job_summarise(job, status, json_pack("{s:I}", "loaded_bytes", (json_int_t)running.loaded_bytes));
    free(running.file.data);
    return job_end(job, status);
}
