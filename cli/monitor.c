/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor.h"

#include <string.h>

enum { PIECE_BYTES = 256, TEXT_BYTES_MAX = 256 };

/* The end of what was heard, in which the text may have begun, and the piece behind it. */
typedef struct {
    const char *text; /* NULL: none is waited for */
    char heard[TEXT_BYTES_MAX + PIECE_BYTES];
    size_t heard_bytes;
} search_t;

static bool finds(search_t *search, const uint8_t *bytes, size_t count)
{
    if (search->text == NULL) {
        return false;
    }
    const size_t text_bytes = strlen(search->text);
    memcpy(search->heard + search->heard_bytes, bytes, count);
    search->heard_bytes += count;
    const bool found = memmem(search->heard, search->heard_bytes, search->text, text_bytes) != NULL;
    const size_t kept_bytes = search->heard_bytes < text_bytes ? search->heard_bytes : text_bytes - 1;
    memmove(search->heard, search->heard + search->heard_bytes - kept_bytes, kept_bytes);
    search->heard_bytes = kept_bytes;
    return found;
}

/* Why it ends. */
typedef enum { MONITOR_GOES_ON, MONITOR_FOUND, MONITOR_TIME_OVER, MONITOR_STOPPED, MONITOR_LOG_ENDED } monitor_end_t;

static monitor_end_t forward(job_t *job)
{
    const options_t *options = job->options;
    const double begin = target_seconds(&job->target);
    search_t search = {.text = options->until};
    output_log_t pending = {.bytes = 0};
    monitor_end_t end = MONITOR_GOES_ON;
    while (end == MONITOR_GOES_ON) {
        uint8_t bytes[PIECE_BYTES];
        bool ended;
        const size_t count = target_listen(&job->target, bytes, sizeof(bytes), &ended);
        output_log(&job->output, &pending, bytes, count);
        end = finds(&search, bytes, count)                                                       ? MONITOR_FOUND
              : commands_interrupted                                                             ? MONITOR_STOPPED
              : ended                                                                            ? MONITOR_LOG_ENDED
              : options->seconds > 0 && target_seconds(&job->target) - begin >= options->seconds ? MONITOR_TIME_OVER
                                                                                                 : MONITOR_GOES_ON;
    }
    output_log_end(&job->output, &pending);
    return end;
}

static status_t judge(job_t *job, monitor_end_t end)
{
    const char *until = job->options->until;
    if (until == NULL || end == MONITOR_FOUND) {
        return STATUS_OK;
    }
    if (end == MONITOR_STOPPED) {
        return job_refuse(job, STATUS_INTERRUPTED, "interrupted before the log said \"%s\"", until);
    }
    if (end == MONITOR_TIME_OVER) {
        return job_refuse(job, STATUS_DIFFERS, "the log did not say \"%s\" within %g seconds", until,
                          job->options->seconds);
    }
    return job_refuse(job, STATUS_DIFFERS, "the log ended and did not say \"%s\"", until);
}

status_t monitor_show(job_t *job)
{
    output_line(&job->output, "********************************************");
    output_line(&job->output, "*** Logs below are print from slave .... ***");
    output_line(&job->output, "********************************************");
    return judge(job, forward(job));
}

/* --- The command ----------------------------------------------------------------------------------------------- */

static status_t check(job_t *job, int word_count, char *const *words)
{
    const char *until = job->options->until;
    if (word_count > 0) {
        return job_refuse(job, STATUS_USAGE, "monitor takes no input, but '%s' was given", words[0]);
    }
    if (job->options->baud == TARGET_HIGHEST_BAUD) {
        return job_refuse(job, STATUS_USAGE, "monitor takes the rate at which the application logs, such as -b 115200");
    }
    return until == NULL || (until[0] != '\0' && strlen(until) <= TEXT_BYTES_MAX)
               ? STATUS_OK
               : job_refuse(job, STATUS_USAGE, "--until takes a text of 1 to %d bytes", TEXT_BYTES_MAX);
}

/* A line that vanishes is no log that is over. Virtual chips have one that is. */
static status_t listen_to(job_t *job)
{
    const monitor_end_t end = forward(job);
    if (end == MONITOR_LOG_ENDED && job->target.sim == NULL) {
        return job_refuse(job, STATUS_TARGET, "the port was closed; was the adapter unplugged, or the server stopped?");
    }
    return judge(job, end);
}

status_t monitor_run(const options_t *options, int word_count, char *const *words)
{
    job_t job;
    job_begin(&job, options);
    status_t status = check(&job, word_count, words);
    status = status == STATUS_OK ? job_open(&job) : status;
    if (status == STATUS_OK) {
        const uint32_t baud = options->baud != BAUD_NOT_TOLD ? options->baud : TARGET_FIRST_BAUD;
        if (!target_listen_at(&job.target, baud)) {
            status = job_refuse(&job, STATUS_CONNECT, "this port cannot be set to %u baud; leave -b out", baud);
        }
    }
    if (status == STATUS_OK) {
        if (job.output.terminal) {
            output_line(&job.output, "--- %s at %u baud, Ctrl-C ends ---", options->port, job.target.baud);
        }
        if (options->after != AFTER_NO_RESET) {
            esp_loader_reset_target(&job.target.loader);
        }
        status = listen_to(&job);
    }
    job_summarise(&job, status, NULL);
    return job_end(&job, status);
}
