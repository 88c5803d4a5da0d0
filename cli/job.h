/* SPDX-License-Identifier: Apache-2.0 */
/** job: what every command with a target shares: the connection, what is told of it, and how it ends. */
#pragma once

#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "rates.h"
#include "target.h"

typedef struct {
    const options_t *options;
    output_t output;
    target_t target;
    inputs_t inputs;       /* empty, unless the command takes INPUT */
    uint32_t flash_bytes;  /* 0 until a loader told it              */
    uint32_t flash_end;    /* the job reaches up to here, by what is known so far */
    uint64_t erased_bytes; /* asked for, so far                     */
    bool stub_refused;     /* --stub asks for what there is not     */
    bool has_mac;
    uint8_t mac[6];
    rates_t rates;
    const char *go_on;  /* how to go on after a job that ended early; NULL: the same command again finishes the rest */
    char message[1024]; /* of the last error                     */
} job_t;

enum { JOB_TRIES = 3 };

/** What a command needs of the target. */
typedef struct {
    target_loader_t loader; /* to talk to, unless --stub or --no-stub says otherwise  */
    uint32_t baud;          /* unless --baud says otherwise; 0: the usual one */
    rates_job_t rates;      /* unless --baud says otherwise: raised when that pays for this job */
    bool no_flash;          /* do not look at it: the command has nothing to do with it */
    bool any_flash;         /* do without where it does not tell its size, in secure download mode */
} job_needs_t;

void job_begin(job_t *job, const options_t *options);
/** Release everything. Returns `status`. */
status_t job_end(job_t *job, status_t status);

/** Tell job->message as the error that ends the job. Returns `status`. */
status_t job_give_up(job_t *job, status_t status);
/** The same with a message of these words. */
status_t job_refuse(job_t *job, status_t status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** The same for what a loader function returned. After Ctrl-C, which it may be because of: INTERRUPTED. */
status_t job_give_up_on_target(job_t *job, status_t status, esp_loader_error_t err);

/** Open the port, and do nothing to the target. */
status_t job_open(job_t *job);
/** Open the port, connect as the options say, and tell what answered. */
status_t job_connect(job_t *job, const job_needs_t *needs);
/** After `err`, in the middle of a job: whether trying again may help, as it does against a disturbed line. It does not
 *  against a port that is gone, after Ctrl-C, or after JOB_TRIES tries. */
bool job_may_try_again(const job_t *job, esp_loader_error_t err, unsigned tries);
/** Tell about it, and connect again at the safe rate, to the loader that was talked to before. */
esp_loader_error_t job_connect_again(job_t *job, esp_loader_error_t err, unsigned tries);
/** So many sectors will be written: raise the rate if that pays now, and tell. Errors: the target is lost. */
esp_loader_error_t job_raise_for_data(job_t *job, uint32_t sectors);
/** Have a loader that reaches the flash up to `flash_end`: beyond 16 MiB a RAM stub, which is started unless it runs, where
 *  the chip has one that does. INPUT: nobody reaches it, and it was told; nothing was changed. */
status_t job_reach(job_t *job, uint32_t flash_end);
/** Load the words as INPUT, or with --partition the one FILE for it; connect; and check that they fit the target. */
status_t job_load_and_connect(job_t *job, const job_needs_t *needs, int word_count, char *const *words);

/** All that was asked for is done: leave the target as --after says. */
status_t job_leave(job_t *job);

void job_tell_cost(job_t *job);
/** The last line with --json: whether it went well, what it took, and the members of `more`, which is taken; may be
 *  NULL. */
void job_summarise(job_t *job, status_t status, json_t *more);
