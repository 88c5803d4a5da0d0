/* SPDX-License-Identifier: Apache-2.0 */
/* The program espsim: a virtual chip for flashers in other processes. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control_socket.h"
#include "espsim.h"
#include "fault_text.h"
#include "pty.h"
#include "reflash.h"
#include "report.h"
#include "rfc2217_link.h"
#include "settings.h"
#include "tcp.h"
#include "trace.h"

enum { EXIT_USAGE = 2 };

static const char usage_head[] = "Usage: espsim [OPTION...]\n"
                                 "A virtual Espressif chip: mask-ROM loader, flash and boot, behind a TCP port.\n"
                                 "\n"
                                 "The chip:\n";
static const char usage_tail[] =
    "\n"
    "\n"
    "How it is reached, one of:\n"
    "  --listen HOST:PORT   plain bytes over TCP; port 0 takes a free one (127.0.0.1:5331)\n"
    "  --rfc2217 HOST:PORT  a serial port over TCP (RFC 2217), with rate, DTR and RTS\n"
    "  --pty[=LINK]         a pseudo-terminal, and a symbolic link to it\n"
    "\n"
    "  --auto-download      every new client finds the chip waiting in its loader\n"
    "  --strap boot=LEVEL   hold the boot pin low, or not (high)\n"
    "  --wiring KIND        what DTR and RTS do. auto: DTR alone pulls boot, RTS alone reset, as on\n"
    "                       development boards; direct: DTR pulls boot, RTS reset (auto)\n"
    "  --control ADDRESS    take commands for pins, power and rate at HOST:PORT or a Unix socket (a path with a '/')\n"
    "  --clock KIND         free: the chip never waits; real: it takes the time that a real one takes; accounting:\n"
    "                       it never waits and adds up what chip, wires and client would have taken (free)\n"
    "  --realtime           the same as --clock real\n"
    "  --trace FILE         write a line for each command and reset; -: to the standard output\n"
    "  --report FILE        write at the end, at SIGUSR1 and when told through --control what went over the link, "
    "what\n"
    "                       was done to the flash and what the time went with, as JSON; -: to the standard output\n"
    "  --help, --version\n"
    "\n"
    "With --listen a new connection resets the chip, and a client that closes its sending half resets it into\n"
    "its application and gets its log. Prints one line with the address once it can be reached; SIGINT or SIGTERM\n"
    "ends it.\n"
    "Exit status: 0 ended by signal, 1 cannot serve, 2 wrong usage.\n"
    "Example: espsim --flash board.bin --auto-download   then: reflash flash -p socket://127.0.0.1:5331 build\n"
    "     or: espsim --rfc2217 127.0.0.1:5331            then: any flasher on rfc2217://127.0.0.1:5331\n";

/* A line for each setting, or as many as its help has. */
static void print_settings(void)
{
    enum { HELP_COLUMN = 23 };
    for (size_t row = 0; espsim_setting_at(row) != NULL; row++) {
        const espsim_setting_t *setting = espsim_setting_at(row);
        const int width = printf("  --%s %s", setting->name, setting->placeholder);
        (void)printf("%*s", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "");
        for (const char *at = setting->help; *at != '\0'; at++) {
            (void)putchar(*at);
            if (*at == '\n') {
                (void)printf("%*s", HELP_COLUMN, "");
            }
        }
        (void)putchar('\n');
    }
}

/* A line for each kind of fault. */
static void print_faults(void)
{
    enum { NAME_COLUMN = 21 };
    (void)fputs("\nA FAULT is one of these; counts are from 1:\n", stdout);
    for (size_t row = 0; espsim_fault_row_at(row) != NULL; row++) {
        char example[96];
        const espsim_fault_row_t *fault = espsim_fault_row_at(row);
        (void)printf("  %-*s%-36s%s\n", NAME_COLUMN, fault->name, espsim_fault_usage(fault, example, sizeof(example)),
                     fault->help);
    }
    (void)fputs("every=N is random, so far apart in the mean. Operations are erases and programs of the flash.\n",
                stdout);
}

static void print_usage(void)
{
    (void)fputs(usage_head, stdout);
    print_settings();
    print_faults();
    (void)fputs("\nThe chips:", stdout);
    for (size_t row = 0; espsim_rom_at(row) != NULL; row++) {
        (void)putchar(' ');
        for (const char *at = espsim_rom_name(espsim_rom_at(row)); *at != '\0'; at++) {
            if (*at != '-') {
                (void)putchar(tolower((unsigned char)*at));
            }
        }
    }
    (void)fputs(usage_tail, stdout);
}

static int stop_pipe[2];

static void stop(int signal_number)
{
    const uint8_t number = (uint8_t)signal_number;
    const int kept = errno;
    if (write(stop_pipe[1], &number, 1) != 1) {
        _exit(EXIT_FAILURE); /* the pipe holds a few bytes at most */
    }
    errno = kept;
}

static int complain(int status, const char *message)
{
    (void)fprintf(stderr, "espsim: %s\n", message);
    if (status == EXIT_USAGE) {
        (void)fprintf(stderr, "Try 'espsim --help'.\n");
    }
    return status;
}

typedef struct {
    espsim_settings_t chip;
    const char *tcp_address, *rfc2217_address; /* at most one way to be reached: these, or a pty */
    bool is_pty;
    const char *pty_link;       /* may be NULL */
    const char *control;        /* NULL: none */
    const char *trace, *report; /* NULL: none */
    espsim_wiring_t wiring;
    bool auto_download, strap_boot;
    espsim_clock_t clock;
} options_t;

/* All that main() owns while it serves. */
typedef struct {
    espsim_flash_t flash;
    espsim_rig_t rig;
    espsim_rfc2217_link_t rfc2217;
    espsim_pty_t pty;
    espsim_control_socket_t control;
    espsim_server_t server;
    FILE *trace; /* NULL: none */
} everything_t;

static bool open_tcp(everything_t *all, const char *address, const char *scheme, char *name, size_t name_bytes,
                     char *message, size_t message_bytes)
{
    char host[256];
    char port[8];
    char bound[128];
    (void)espsim_tcp_split(address, host, sizeof(host), port, sizeof(port)); /* was tried before */
    all->server.listener = espsim_tcp_listen(host, port, bound, sizeof(bound), message, message_bytes);
    (void)snprintf(name, name_bytes, "%s%s", scheme, bound);
    return all->server.listener >= 0;
}

/* The link that the options want; `name` is where clients find it. */
static bool open_link(everything_t *all, const options_t *options, char *name, size_t name_bytes, char *message,
                      size_t message_bytes)
{
    enum {
        NETWORK_RISE_MS = 250, /* clients wait 50 ms and a round trip between two lines */
        LOCAL_RISE_MS = 50     /* ... and here as long as this computer is busy otherwise */
    };
    const uint64_t ns_per_ms = 1000000;
    espsim_server_t *server = &all->server;
    all->rig.rise_ns = LOCAL_RISE_MS * ns_per_ms;
    if (options->is_pty) {
        server->link = &espsim_pty_link;
        server->link_state = &all->pty;
        const bool opened = espsim_pty_open(&all->pty, options->pty_link, message, message_bytes);
        (void)snprintf(name, name_bytes, "%s", all->pty.path);
        return opened;
    }
    if (options->rfc2217_address != NULL) {
        all->rig.rise_ns = NETWORK_RISE_MS * ns_per_ms;
        server->link = &espsim_rfc2217_link;
        server->link_state = &all->rfc2217;
        return open_tcp(all, options->rfc2217_address, "rfc2217://", name, name_bytes, message, message_bytes);
    }
    server->link = &espsim_tcp_link;
    return open_tcp(all, options->tcp_address, "", name, name_bytes, message, message_bytes);
}

static bool open_control(everything_t *all, const options_t *options, char *message, size_t message_bytes)
{
    if (options->control == NULL) {
        return true;
    }
    all->server.control = &all->control;
    return espsim_control_socket_open(&all->control, options->control, message, message_bytes);
}

/* Both files are tried before anything is served. */
static bool open_accounts(everything_t *all, const options_t *options, char *message, size_t message_bytes)
{
    const char *failed = NULL;
    all->rig.report_path = options->report;
    if (options->trace != NULL) {
        all->trace = strcmp(options->trace, "-") == 0 ? stdout : fopen(options->trace, "w");
        failed = all->trace == NULL ? options->trace : NULL;
        espsim_set_watch(all->rig.sim, all->trace != NULL ? espsim_trace_to_file : NULL, all->trace);
    }
    if (failed == NULL && options->report != NULL && strcmp(options->report, "-") != 0 &&
        !espsim_report_to(all->rig.sim, options->report)) {
        failed = options->report;
    }
    if (failed != NULL) {
        (void)snprintf(message, message_bytes, "%s: %s", failed, strerror(errno));
    }
    return failed == NULL;
}

static bool write_report(const everything_t *all)
{
    return all->rig.report_path == NULL || espsim_report_to(all->rig.sim, all->rig.report_path);
}

/* Until a signal says stop; SIGUSR1 only wants a report. */
static int serve_until_stopped(everything_t *all)
{
    uint8_t number;
    do {
        espsim_serve(&all->server, stop_pipe[0]);
    } while (read(stop_pipe[0], &number, 1) == 1 && number == SIGUSR1 && write_report(all));
    if (all->trace != NULL) {
        espsim_trace_end(all->rig.sim, all->trace);
    }
    return write_report(all) ? EXIT_SUCCESS : complain(EXIT_FAILURE, strerror(errno));
}

static int serve(options_t *options)
{
    static everything_t all = {
        .pty = {.master = -1}, .control = {.listener = -1}, .server = {.listener = -1, .client = -1}};
    char message[512];
    char name[160];
    int status = EXIT_FAILURE;
    all.rig.sim = espsim_settings_create(&options->chip, &all.flash, message, sizeof(message));
    if (all.rig.sim == NULL) {
        return complain(status, message);
    }
    all.rig.wiring = options->wiring;
    all.rig.strap_boot = options->strap_boot;
    all.rig.clock = options->clock;
    all.server.rig = &all.rig;
    all.server.auto_download = options->auto_download;
    if (open_accounts(&all, options, message, sizeof(message)) &&
        open_control(&all, options, message, sizeof(message)) &&
        open_link(&all, options, name, sizeof(name), message, sizeof(message))) {
        if (options->control != NULL) {
            (void)printf("espsim: control on %s\n", all.control.name);
        }
        if (espsim_faults_are_random(&options->chip.faults)) {
            (void)printf("espsim: seed %u\n", options->chip.faults.seed);
        }
        (void)printf("espsim: %s with %u KiB flash (%s) on %s\n", espsim_rom_name(options->chip.config.rom),
                     all.flash.bytes / 1024, options->chip.flash_path != NULL ? options->chip.flash_path : "in memory",
                     name);
        (void)fflush(stdout);
        espsim_rig_power_on(&all.rig, espsim_server_now_ns());
        status = serve_until_stopped(&all);
    } else {
        (void)complain(status, message);
    }
    if (all.server.listener >= 0) {
        (void)close(all.server.listener);
    }
    if (all.trace != NULL && all.trace != stdout) {
        (void)fclose(all.trace);
    }
    espsim_pty_close(&all.pty);
    espsim_control_socket_close(&all.control);
    espsim_destroy(all.rig.sim);
    espsim_flash_close(&all.flash);
    return status;
}

static bool parse_clock(const char *name, espsim_clock_t *clock)
{
    static const char *const names[] = {
        [ESPSIM_CLOCK_FREE] = "free", [ESPSIM_CLOCK_REAL] = "real", [ESPSIM_CLOCK_ACCOUNTING] = "accounting"};
    for (unsigned at = 0; at < sizeof(names) / sizeof(names[0]); at++) {
        if (strcmp(name, names[at]) == 0) {
            *clock = at;
            return true;
        }
    }
    return false;
}

static bool is_address(const char *text)
{
    char host[256];
    char port[8];
    return espsim_tcp_split(text, host, sizeof(host), port, sizeof(port));
}

int main(int argc, char **argv)
{
    enum {
        SETTING = 1, /* the first row of settings; the others follow */
        SETTINGS_MAX = 64,
        LISTEN = SETTING + SETTINGS_MAX,
        RFC2217,
        PTY,
        CONTROL,
        STRAP,
        WIRING,
        CLOCK,
        TRACE,
        REPORT,
        REALTIME,
        AUTO_DOWNLOAD,
        HELP,
        VERSION
    };
    static const struct option own_options[] = {
        {"listen", required_argument, NULL, LISTEN},
        {"rfc2217", required_argument, NULL, RFC2217},
        {"pty", optional_argument, NULL, PTY},
        {"control", required_argument, NULL, CONTROL},
        {"strap", required_argument, NULL, STRAP},
        {"trace", required_argument, NULL, TRACE},
        {"report", required_argument, NULL, REPORT},
        {"clock", required_argument, NULL, CLOCK},
        {"realtime", no_argument, NULL, REALTIME},
        {"wiring", required_argument, NULL, WIRING},
        {"auto-download", no_argument, NULL, AUTO_DOWNLOAD},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {0},
    };
    options_t options = {.chip = espsim_settings_default()};
    struct option long_options[SETTINGS_MAX + sizeof(own_options) / sizeof(own_options[0])];
    size_t count = 0;
    for (; espsim_setting_at(count) != NULL && count < SETTINGS_MAX; count++) {
        long_options[count] =
            (struct option){espsim_setting_at(count)->name, required_argument, NULL, SETTING + (int)count};
    }
    memcpy(&long_options[count], own_options, sizeof(own_options));

    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (option >= SETTING && option < SETTING + (int)count) {
            char message[512];
            if (!espsim_setting_at((size_t)(option - SETTING))->set(&options.chip, optarg, message, sizeof(message))) {
                return complain(EXIT_USAGE, message);
            }
            continue;
        }
        switch (option) {
        case LISTEN:
            options.tcp_address = optarg;
            break;
        case RFC2217:
            options.rfc2217_address = optarg;
            break;
        case PTY:
            options.is_pty = true;
            options.pty_link = optarg;
            break;
        case CONTROL:
            options.control = optarg;
            break;
        case TRACE:
            options.trace = optarg;
            break;
        case REPORT:
            options.report = optarg;
            break;
        case STRAP:
            options.strap_boot = strcmp(optarg, "boot=low") == 0;
            if (!options.strap_boot && strcmp(optarg, "boot=high") != 0) {
                return complain(EXIT_USAGE, "--strap takes boot=low or boot=high");
            }
            break;
        case REALTIME:
            options.clock = ESPSIM_CLOCK_REAL;
            break;
        case CLOCK:
            if (!parse_clock(optarg, &options.clock)) {
                return complain(EXIT_USAGE, "--clock takes free, real or accounting");
            }
            break;
        case WIRING:
            options.wiring = strcmp(optarg, "direct") == 0 ? ESPSIM_WIRING_DIRECT : ESPSIM_WIRING_AUTO;
            if (strcmp(optarg, "direct") != 0 && strcmp(optarg, "auto") != 0) {
                return complain(EXIT_USAGE, "--wiring takes auto or direct");
            }
            break;
        case AUTO_DOWNLOAD:
            options.auto_download = true;
            break;
        case HELP:
            print_usage();
            return EXIT_SUCCESS;
        case VERSION:
            (void)puts("espsim " REFLASH_VERSION);
            return EXIT_SUCCESS;
        default:
            return complain(EXIT_USAGE, "that option is not known, or lacks its value");
        }
    }
    if (options.is_pty && options.pty_link == NULL && optind == argc - 1) {
        options.pty_link = argv[optind++]; /* --pty LINK, which getopt_long() does not know of */
    }
    if (optind < argc) {
        return complain(EXIT_USAGE, "it takes options only");
    }
    const int ways = (options.tcp_address != NULL) + (options.rfc2217_address != NULL) + options.is_pty;
    if (ways > 1) {
        return complain(EXIT_USAGE, "--listen, --rfc2217 and --pty exclude each other");
    }
    if (ways == 0) {
        options.tcp_address = "127.0.0.1:5331";
    }
    const char *address = options.rfc2217_address != NULL ? options.rfc2217_address : options.tcp_address;
    if (address != NULL && !is_address(address)) {
        return complain(EXIT_USAGE, "--listen and --rfc2217 take HOST:PORT, with a port from 0 to 65535");
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a client that is gone is an error of write */
    const struct sigaction on_signal = {.sa_handler = stop};
    if (pipe(stop_pipe) != 0 || sigaction(SIGINT, &on_signal, NULL) != 0 || sigaction(SIGTERM, &on_signal, NULL) != 0 ||
        sigaction(SIGUSR1, &on_signal, NULL) != 0) {
        return complain(EXIT_FAILURE, strerror(errno));
    }
    return serve(&options);
}
