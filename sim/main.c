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

#include "espsim.h"
#include "flash_file.h"
#include "reflash.h"
#include "rfc2217_link.h"
#include "tcp.h"

enum { EXIT_USAGE = 2 };

static const char usage_head[] = "Usage: espsim [OPTION...]\n"
                                 "A virtual Espressif chip: mask-ROM loader, flash and boot, behind a TCP port.\n"
                                 "\n"
                                 "  --chip CHIP          which chip (esp32):";
static const char usage_tail[] =
    "\n"
    "  --flash FILE         keep the flash content in FILE; made blank if missing (in memory)\n"
    "  --flash-size SIZE    size of the flash, 256KB to 16MB (4MB, or that of FILE)\n"
    "\n"
    "How it is reached, one of:\n"
    "  --listen HOST:PORT   plain bytes over TCP; port 0 takes a free one (127.0.0.1:5331)\n"
    "  --rfc2217 HOST:PORT  a serial port over TCP (RFC 2217), with rate, DTR and RTS\n"
    "\n"
    "  --auto-download      every new client finds the chip waiting in its loader\n"
    "  --wiring KIND        what DTR and RTS do. auto: DTR alone pulls boot, RTS alone reset, as on\n"
    "                       development boards; direct: DTR pulls boot, RTS reset (auto)\n"
    "  --help, --version\n"
    "\n"
    "With --listen a new connection resets the chip, and a client that closes its sending half resets it into\n"
    "its application and gets its log. Prints one line with the address once it can be reached; SIGINT or SIGTERM\n"
    "ends it.\n"
    "Exit status: 0 ended by signal, 1 cannot serve, 2 wrong usage.\n"
    "Example: espsim --flash board.bin --auto-download   then: reflash flash -p socket://127.0.0.1:5331 build\n"
    "     or: espsim --rfc2217 127.0.0.1:5331            then: any flasher on rfc2217://127.0.0.1:5331\n";

static void print_usage(void)
{
    (void)fputs(usage_head, stdout);
    for (size_t row = 0; espsim_rom_at(row) != NULL; row++) {
        (void)putchar(' ');
        for (const char *at = espsim_rom_at(row)->chip->name; *at != '\0'; at++) {
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
    (void)signal_number;
    const int kept = errno;
    if (write(stop_pipe[1], "", 1) != 1) {
        _exit(EXIT_FAILURE); /* the pipe holds one byte at most */
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
    const char *chip, *flash_path;
    const char *tcp_address, *rfc2217_address; /* one of them */
    uint32_t flash_bytes;
    espsim_wiring_t wiring;
    bool auto_download;
} options_t;

/* Both NULL or valid texts that the options gave. */
static bool open_link(espsim_server_t *server, const options_t *options, char *name, size_t name_bytes, char *message,
                      size_t message_bytes)
{
    static espsim_rfc2217_link_t rfc2217;
    char host[256];
    char port[8];
    char bound[128];
    const bool is_rfc2217 = options->rfc2217_address != NULL;
    (void)espsim_tcp_split(is_rfc2217 ? options->rfc2217_address : options->tcp_address, host, sizeof(host), port,
                           sizeof(port));
    server->link = is_rfc2217 ? &espsim_rfc2217_link : &espsim_tcp_link;
    server->link_state = &rfc2217;
    server->listener = espsim_tcp_listen(host, port, bound, sizeof(bound), message, message_bytes);
    (void)snprintf(name, name_bytes, "%s%s", is_rfc2217 ? "rfc2217://" : "", bound);
    return server->listener >= 0;
}

static int serve(const options_t *options)
{
    enum { RISE_NS = 250000000 }; /* clients wait 50 ms and a round trip between two lines */
    static espsim_rig_t rig;
    static espsim_server_t server;
    char message[512];
    char name[160];
    const reflash_rom_t *rom = espsim_rom_by_name(options->chip);
    if (rom == NULL) {
        (void)snprintf(message, sizeof(message), "there is no chip '%s'", options->chip);
        return complain(EXIT_USAGE, message);
    }
    espsim_flash_t flash;
    if (!espsim_flash_open(&flash, options->flash_path, options->flash_bytes, message, sizeof(message))) {
        return complain(EXIT_FAILURE, message);
    }
    espsim_t *sim = espsim_create(&(espsim_config_t){
        .rom = rom, .flash = flash.cells, .flash_bytes = flash.bytes, .timing = espsim_timing_typical()});
    int status = EXIT_FAILURE;
    rig = (espsim_rig_t){.sim = sim, .wiring = options->wiring, .rise_ns = RISE_NS};
    server = (espsim_server_t){.rig = &rig, .auto_download = options->auto_download, .listener = -1};
    if (sim == NULL) {
        (void)complain(status, "out of memory");
    } else if (!open_link(&server, options, name, sizeof(name), message, sizeof(message))) {
        (void)complain(status, message);
    } else {
        (void)printf("espsim: %s with %u KiB flash (%s) on %s\n", rom->chip->name, flash.bytes / 1024,
                     options->flash_path != NULL ? options->flash_path : "in memory", name);
        (void)fflush(stdout);
        espsim_rig_power_on(&rig, espsim_server_now_ns());
        espsim_serve(&server, stop_pipe[0]);
        status = EXIT_SUCCESS;
    }
    if (server.listener >= 0) {
        (void)close(server.listener);
    }
    espsim_destroy(sim);
    espsim_flash_close(&flash);
    return status;
}

static bool is_address(const char *text)
{
    char host[256];
    char port[8];
    return espsim_tcp_split(text, host, sizeof(host), port, sizeof(port));
}

int main(int argc, char **argv)
{
    enum { CHIP = 1, FLASH, FLASH_SIZE, LISTEN, RFC2217, WIRING, AUTO_DOWNLOAD, HELP, VERSION };
    static const struct option long_options[] = {
        {"chip", required_argument, NULL, CHIP},
        {"flash", required_argument, NULL, FLASH},
        {"flash-size", required_argument, NULL, FLASH_SIZE},
        {"listen", required_argument, NULL, LISTEN},
        {"rfc2217", required_argument, NULL, RFC2217},
        {"wiring", required_argument, NULL, WIRING},
        {"auto-download", no_argument, NULL, AUTO_DOWNLOAD},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {0},
    };
    options_t options = {.chip = "esp32"};

    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (option) {
        case CHIP:
            options.chip = optarg;
            break;
        case FLASH:
            options.flash_path = optarg;
            break;
        case FLASH_SIZE:
            options.flash_bytes = espsim_flash_size_parse(optarg);
            if (options.flash_bytes == 0) {
                return complain(EXIT_USAGE, "--flash-size takes a power of two from 256KB to 16MB");
            }
            break;
        case LISTEN:
            options.tcp_address = optarg;
            break;
        case RFC2217:
            options.rfc2217_address = optarg;
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
    if (optind < argc) {
        return complain(EXIT_USAGE, "it takes options only");
    }
    if (options.tcp_address != NULL && options.rfc2217_address != NULL) {
        return complain(EXIT_USAGE, "--listen and --rfc2217 exclude each other");
    }
    if (options.tcp_address == NULL && options.rfc2217_address == NULL) {
        options.tcp_address = "127.0.0.1:5331";
    }
    if (!is_address(options.tcp_address != NULL ? options.tcp_address : options.rfc2217_address)) {
        return complain(EXIT_USAGE, "--listen and --rfc2217 take HOST:PORT, with a port from 0 to 65535");
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a client that is gone is an error of write */
    const struct sigaction on_signal = {.sa_handler = stop};
    if (pipe(stop_pipe) != 0 || sigaction(SIGINT, &on_signal, NULL) != 0 || sigaction(SIGTERM, &on_signal, NULL) != 0) {
        return complain(EXIT_FAILURE, strerror(errno));
    }
    return serve(&options);
}
