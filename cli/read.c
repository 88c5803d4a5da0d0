/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

#include <errno.h>
#include <mbedtls/md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inputs_support.h"
#include "job.h"
#include "range.h"

enum { STUB_PIECE_BYTES = 0x10000, ROM_PIECE_BYTES = 0x1000, MD5_BYTES = 16 };

typedef struct {
    job_t job;
    range_t range;
    FILE *file;
    char *part_path; /* what it is called until it is whole */
    char digest[2 * MD5_BYTES + 1];
} reading_t;

/* --- The file -------------------------------------------------------------------------------------------------- */

static status_t cannot_write(reading_t *reading)
{
    return job_refuse(&reading->job, STATUS_INPUT, "%s: cannot be written: %s.", reading->job.options->output,
                      strerror(errno));
}

/* Before the target is touched: where nothing can be written nothing need be read. */
static status_t open_part(reading_t *reading)
{
    if (reading->job.options->output == NULL) {
        return job_refuse(&reading->job, STATUS_USAGE, "read writes a file: name it with -o, such as -o flash.bin");
    }
    job_t *job = &reading->job;
    if (inputs_check_output(job->options->output, inputs_message_into(job->message, sizeof(job->message))) !=
        INPUTS_OK) {
        return job_give_up(job, STATUS_INPUT);
    }
    reading->part_path = inputs_text_of("%s.part", job->options->output);
    reading->file = fopen(reading->part_path, "wbe");
    return reading->file != NULL ? STATUS_OK : cannot_write(reading);
}

/* Whoever finds the file under its own name finds it whole. */
static status_t keep_part(reading_t *reading)
{
    bool good = fflush(reading->file) == 0 && fsync(fileno(reading->file)) == 0;
    good = fclose(reading->file) == 0 && good;
    reading->file = NULL;
    return good && rename(reading->part_path, reading->job.options->output) == 0 ? STATUS_OK : cannot_write(reading);
}

static void drop_part(reading_t *reading)
{
    const bool opened = reading->file != NULL;
    if (opened) {
        (void)fclose(reading->file);
    }
    if (reading->part_path != NULL) {
        (void)remove(reading->part_path); /* not there any more if it was kept */
    }
    free(reading->part_path);
}

/* --- The target ------------------------------------------------------------------------------------------------ */

static uint32_t piece_bytes(const reading_t *reading, uint32_t done_bytes)
{
    const uint32_t most = reading->job.target.has_stub ? STUB_PIECE_BYTES : ROM_PIECE_BYTES;
    const uint32_t left_bytes = reading->range.bytes - done_bytes;
    return left_bytes < most ? left_bytes : most;
}

/* The library compares each piece with the target's own MD5 of it. */
static esp_loader_error_t read_piece(job_t *job, uint8_t *piece, uint32_t flash_addr, uint32_t bytes)
{
    esp_loader_error_t err = esp_loader_flash_read(&job->target.loader, piece, flash_addr, bytes);
    for (unsigned tries = 1; job_may_try_again(job, err, tries); tries++) {
        err = job_connect_again(job, err, tries);
        if (err == ESP_LOADER_SUCCESS) {
            err = esp_loader_flash_read(&job->target.loader, piece, flash_addr, bytes);
        }
    }
    return err;
}

static status_t read_all(reading_t *reading)
{
    job_t *job = &reading->job;
    const range_t *range = &reading->range;
    uint8_t piece[STUB_PIECE_BYTES], digest[MD5_BYTES];
    mbedtls_md5_context md5;
    status_t status = STATUS_OK;
    mbedtls_md5_init(&md5);
    (void)mbedtls_md5_starts_ret(&md5);
    output_progress(&job->output, "read", "Reading", 0, range->bytes, 0);
    for (uint32_t done = 0, bytes; status == STATUS_OK && done < range->bytes; done += bytes) {
        bytes = piece_bytes(reading, done);
        const esp_loader_error_t err = read_piece(job, piece, range->flash_addr + done, bytes);
        if (err != ESP_LOADER_SUCCESS || commands_interrupted) {
            status = job_give_up_on_target(job, STATUS_TARGET, err);
        } else if (fwrite(piece, 1, bytes, reading->file) != bytes) {
            status = cannot_write(reading);
        } else {
            (void)mbedtls_md5_update_ret(&md5, piece, bytes);
            output_progress(&job->output, "read", "Reading", done + bytes, range->bytes, 0);
        }
    }
    (void)mbedtls_md5_finish_ret(&md5, digest);
    mbedtls_md5_free(&md5);
    for (unsigned at = 0; at < MD5_BYTES; at++) {
        (void)snprintf(reading->digest + (size_t)2 * at, 3, "%02x", digest[at]);
    }
    return status;
}

/* --- The command ----------------------------------------------------------------------------------------------- */

static status_t read_flash(reading_t *reading, int word_count, char *const *words)
{
    static const job_needs_t needs = {.loader = TARGET_STUB_IF_POSSIBLE};
    job_t *job = &reading->job;
    status_t status = range_parse(job, word_count, words, &reading->range);
    status = status == STATUS_OK ? open_part(reading) : status;
    status = status == STATUS_OK ? job_connect(job, &needs) : status;
    status = status == STATUS_OK ? range_resolve(job, &reading->range) : status;
    status = status == STATUS_OK ? read_all(reading) : status;
    return status == STATUS_OK ? keep_part(reading) : status;
}

status_t read_run(const options_t *options, int word_count, char *const *words)
{
    reading_t reading = {.file = NULL};
    job_t *job = &reading.job;
    job_begin(job, options);
    job->go_on = "No file was written; the same command begins again.";
    status_t status = read_flash(&reading, word_count, words);
    const bool whole = status == STATUS_OK;
    if (whole) {
        output_line(&job->output, "%s: 0x%x bytes from 0x%x on, as the target's own MD5s prove; MD5 of all %s",
                    options->output, reading.range.bytes, reading.range.flash_addr, reading.digest);
        job_tell_cost(job);
        status = job_leave(job);
    }
    job_summarise(job, status,
                  !whole ? NULL
                         : json_pack("{s:I, s:I, s:s}", "address", (json_int_t)reading.range.flash_addr, "bytes",
                                     (json_int_t)reading.range.bytes, "md5", reading.digest));
    drop_part(&reading);
    return job_end(job, status);
}
