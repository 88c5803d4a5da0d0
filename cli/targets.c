/* SPDX-License-Identifier: Apache-2.0 */
#include "targets.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inputs_support.h"
#include "output.h"
#include "serial_ports.h"

/* What one thread does. */
typedef struct {
    pthread_t thread;
    bool started;
    const command_t *command;
    options_t options;
    int word_count;
    char *const *words;
    status_t status;
} share_t;

typedef struct {
    targets_t targets;
    const command_t *command;
    options_t options;
    int word_count;
    char *const *words;
    output_t output;
    serial_port_t *known; /* serial ports of this computer */
    int known_count;
} crew_t;

bool targets_add(targets_t *targets, const char *port)
{
    const bool fits = targets->count < TARGETS_MAX;
    if (fits) {
        targets->ports[targets->count++] = port;
    }
    return fits;
}

static status_t refuse(crew_t *crew, status_t status, const char *format, ...) __attribute__((format(printf, 3, 4)));
static status_t refuse(crew_t *crew, status_t status, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    output_error(&crew->output, message);
    return status;
}

/* --- Which --------------------------------------------------------------------------------------------------------- */

static void list_known(crew_t *crew)
{
    if (crew->known == NULL) {
        crew->known = inputs_need(calloc(SERIAL_PORTS_MAX, sizeof(crew->known[0])));
        crew->known_count = serial_ports_list(crew->known);
    }
}

/* Every USB serial port in place of `auto` and --all. */
static targets_t usb_ports(crew_t *crew)
{
    targets_t found = {.count = 0};
    list_known(crew);
    for (int row = 0; row < crew->known_count; row++) {
        if (crew->known[row].is_usb) {
            (void)targets_add(&found, crew->known[row].name);
        }
    }
    return found;
}

static status_t find_targets(crew_t *crew)
{
    const bool many = crew->command->targets == MANY_TARGETS;
    const bool all = crew->options.all && many;
    const bool is_auto = crew->targets.count == 1 && strcmp(crew->targets.ports[0], "auto") == 0;
    if (all && crew->targets.count > 0 && !is_auto) {
        return refuse(crew, STATUS_USAGE, "--all stands for every USB serial port; leave -p out");
    }
    if (all || is_auto) {
        crew->targets = usb_ports(crew);
        if (crew->known_count < 0) {
            return refuse(crew, STATUS_CONNECT, "the serial ports of this computer cannot be listed; name one with -p");
        }
        if (crew->targets.count == 0) {
            return refuse(crew, STATUS_CONNECT,
                          "this computer has no USB serial port; is the board plugged in, by a cable with data wires? "
                          "'reflash ports' lists what there is");
        }
        if (!all && crew->targets.count > 1) {
            return refuse(crew, STATUS_USAGE,
                          "there are %u USB serial ports; name one with -p ('reflash ports' lists "
                          "them)%s",
                          crew->targets.count, many ? ", or take them all with --all" : "");
        }
    }
    if (crew->targets.count > 1 && !many) {
        return refuse(crew, STATUS_USAGE, "%s works on one target; name one port with -p", crew->command->name);
    }
    return STATUS_OK;
}

/* "/dev/serial/by-id/..." is a link to what is in the list. */
static void believe_port(crew_t *crew, const char *port, wiring_t *wiring)
{
    char *path = port[0] == '/' && !crew->options.is_wiring_told ? realpath(port, NULL) : NULL;
    if (path == NULL) {
        return;
    }
    list_known(crew);
    for (int row = 0; row < crew->known_count; row++) {
        if (strcmp(crew->known[row].name, path) == 0 && serial_port_lines(&crew->known[row]) == REFLASH_LINES_USB) {
            wiring->lines.style = REFLASH_LINES_USB;
        }
    }
    free(path);
}

/* --- At once --------------------------------------------------------------------------------------------------------- */

static void *work(void *context)
{
    share_t *share = context;
    share->status = share->command->run(&share->options, share->word_count, share->words);
    return NULL;
}

static void tell_all(crew_t *crew, const share_t *shares)
{
    unsigned failed = 0;
    for (unsigned at = 0; at < crew->targets.count; at++) {
        failed += shares[at].status != STATUS_OK ? 1 : 0;
    }
    output_line(&crew->output, "%u of %u targets done", crew->targets.count - failed, crew->targets.count);
    for (unsigned at = 0; at < crew->targets.count; at++) {
        if (shares[at].status != STATUS_OK) {
            output_line(&crew->output, "  not %s (exit status %d)", shares[at].options.port, (int)shares[at].status);
        }
    }
    output_event(&crew->output, json_pack("{s:s, s:b, s:I, s:I}", "event", "targets", "ok", failed == 0, "targets",
                                          (json_int_t)crew->targets.count, "failed", (json_int_t)failed));
}

static status_t run_many(crew_t *crew)
{
    share_t *shares = inputs_need(calloc(crew->targets.count, sizeof(shares[0])));
    status_t worst = STATUS_OK;
    json_object_seed(0); /* else whichever thread is first does it */
    for (unsigned at = 0; at < crew->targets.count; at++) {
        share_t *share = &shares[at];
        *share = (share_t){.command = crew->command,
                           .options = crew->options,
                           .word_count = crew->word_count,
                           .words = crew->words,
                           .status = STATUS_CONNECT};
        share->options.port = share->options.label = crew->targets.ports[at];
        believe_port(crew, share->options.port, &share->options.wiring);
        share->started = pthread_create(&share->thread, NULL, work, share) == 0;
        if (!share->started) {
            (void)refuse(crew, STATUS_CONNECT, "%s: this computer has no thread left for it", share->options.port);
        }
    }
    for (unsigned at = 0; at < crew->targets.count; at++) {
        if (shares[at].started) {
            (void)pthread_join(shares[at].thread, NULL);
        }
        worst = shares[at].status > worst ? shares[at].status : worst;
    }
    tell_all(crew, shares);
    free(shares);
    return worst;
}

status_t targets_run(const targets_t *targets, const command_t *command, const options_t *options, int word_count,
                     char *const *words)
{
    crew_t crew = {
        .targets = *targets, .command = command, .options = *options, .word_count = word_count, .words = words};
    output_init(&crew.output, options->json, NULL);
    status_t status = command->targets == NO_TARGET ? STATUS_OK : find_targets(&crew);
    if (status == STATUS_OK && command->targets == MANY_TARGETS && crew.targets.count > 1) {
        status = run_many(&crew);
    } else if (status != STATUS_OK) {
        output_event(&crew.output, json_pack("{s:s, s:b}", "event", "summary", "ok", false));
    } else {
        if (crew.targets.count == 1) {
            crew.options.port = crew.targets.ports[0];
            believe_port(&crew, crew.options.port, &crew.options.wiring);
        }
        status = command->run(&crew.options, word_count, words);
    }
    free(crew.known);
    return status;
}
