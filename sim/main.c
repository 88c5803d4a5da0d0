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
    "  --listen HOST:PORT   where to listen; port 0 takes a free one (127.0.0.1:5331)\n"
    "  --auto-download      every new connection finds the chip waiting in its loader\n"
    "  --help, --version\n"
    "\n"
    "A new connection resets the chip. A client that closes its sending half resets it into its\n"
    "application and gets its log. Prints one line with the address once it listens; SIGINT or SIGTERM ends it.\n"
    "Exit status: 0 ended by signal, 1 cannot serve, 2 wrong usage.\n"
    "Example: espsim --flash board.bin --auto-download   then: reflash flash -p socket://127.0.0.1:5331 build\n";

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
    const char *chip, *flash_path, *listen;
    uint32_t flash_bytes;
    bool auto_download;
} options_t;

static int serve(const options_t *options)
{
    char message[512];
    char bound[128];
    char host[256];
    char port[8];
    if (!espsim_tcp_split(options->listen, host, sizeof(host), port, sizeof(port))) {
        return complain(EXIT_USAGE, "--listen takes HOST:PORT, with a port from 0 to 65535");
    }
    const reflash_rom_t *rom = espsim_rom_by_name(options->chip);
    if (rom == NULL) {
        (void)snprintf(message, sizeof(message), "there is no chip '%s'", options->chip);
        return complain(EXIT_USAGE, message);
    }
    espsim_flash_t flash;
    if (!espsim_flash_open(&flash, options->flash_path, options->flash_bytes, message, sizeof(message))) {
        return complain(EXIT_FAILURE, message);
    }
    const int listener = espsim_tcp_listen(host, port, bound, sizeof(bound), message, sizeof(message));
    espsim_t *sim = espsim_create(&(espsim_config_t){
        .rom = rom, .flash = flash.cells, .flash_bytes = flash.bytes, .timing = espsim_timing_typical()});
    int status = EXIT_FAILURE;
    if (listener < 0) {
        (void)complain(status, message);
    } else if (sim == NULL) {
        (void)complain(status, "out of memory");
    } else {
        (void)printf("espsim: %s with %u KiB flash (%s) on %s\n", rom->chip->name, flash.bytes / 1024,
                     options->flash_path != NULL ? options->flash_path : "in memory", bound);
        (void)fflush(stdout);
        espsim_tcp_serve(sim, listener, options->auto_download, stop_pipe[0]);
        status = EXIT_SUCCESS;
    }
    if (listener >= 0) {
        (void)close(listener);
    }
    espsim_destroy(sim);
    espsim_flash_close(&flash);
    return status;
}

int main(int argc, char **argv)
{
    enum { CHIP = 1, FLASH, FLASH_SIZE, LISTEN, AUTO_DOWNLOAD, HELP, VERSION };
    static const struct option long_options[] = {
        {"chip", required_argument, NULL, CHIP},
        {"flash", required_argument, NULL, FLASH},
        {"flash-size", required_argument, NULL, FLASH_SIZE},
        {"listen", required_argument, NULL, LISTEN},
        {"auto-download", no_argument, NULL, AUTO_DOWNLOAD},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {0},
    };
    options_t options = {.chip = "esp32", .listen = "127.0.0.1:5331", .flash_bytes = 0};

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
            options.listen = optarg;
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
    const struct sigaction on_signal = {.sa_handler = stop};
    if (pipe(stop_pipe) != 0 || sigaction(SIGINT, &on_signal, NULL) != 0 || sigaction(SIGTERM, &on_signal, NULL) != 0) {
        return complain(EXIT_FAILURE, strerror(errno));
    }
    return serve(&options);
}
