/* SPDX-License-Identifier: Apache-2.0 */
/* The program reflash: its command line. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "reflash.h"

enum { DEFAULT_BAUD = 460800, BAUD_MAX = 5000000 };

static void print_usage(void)
{
    (void)printf("Usage: reflash COMMAND [OPTION...] [INPUT...]\n"
                 "Bring an Espressif chip to a known flash content over its serial loader.\n\n");
    for (unsigned row = 0; row < command_count; row++) {
        (void)printf("  %-7s %-9s %s\n", commands[row].name, commands[row].arguments, commands[row].what);
    }
    (void)printf(
        "\n"
        "INPUT is a build folder of ESP-IDF, Arduino or PlatformIO, a flasher_args.json, a merged image or Intel HEX\n"
        "file, or pairs ADDR FILE (0x10000 app.bin). ELF files become images (0x10000 app.elf --chip esp32).\n\n"
        "  -p, --port PORT    /dev/ttyUSB0, rfc2217://HOST:PORT, socket://HOST:PORT or\n"
        "                     sim:esp32[?flash=FILE&flash-size=4MB]\n"
        "                     (else the environment's REFLASH_PORT)\n"
        "  -b, --baud RATE    rate to raise to after connecting at 115200 (%d)\n"
        "      --chip CHIP    refuse any other chip\n"
        "      --flash-mode MODE, --flash-freq FREQ, --flash-size SIZE\n"
        "                     what the bootloader's header shall say: qio, qout, dio, dout; 80m, 40m, ...; 4MB, ...\n"
        "                     or detect; keep: as it is. Else what the build says, else as it is\n"
        "  -o, --output FILE  the file that pack writes\n"
        "      --for WHO      who can send what pack writes: rom (hosts that use the mask ROM alone), stub\n"
        "                     (those that upload a RAM stub first; smallest), or both, the default\n"
        "      --c-array      pack writes a C source with an array instead\n"
        "      --monitor      after flashing, show the target's log until Ctrl-C or its end\n"
        "      --before HOW   how to enter the loader: default, slow (a large capacitor at RESET), usb (the\n"
        "                     chip's own USB-Serial/JTAG), no-reset (BOOT and RESET are pressed by hand)\n"
        "      --after HOW    reset (into the application), no-reset, or watchdog (reset where RESET is not wired\n"
        "                     or the chip's own USB is used; not on ESP8266, ESP32, ESP32-C6 and ESP32-H2)\n"
        "      --no-reset     leave the target in its loader\n"
        "      --no-stub      talk to the mask ROM only (this version always does)\n"
        "      --force        flash images whose header or checksum is wrong, or that are for another chip\n"
        "      --json         one JSON object a line; the last one is the summary\n"
        "  -h, --help         this text\n"
        "  -V, --version      the version\n\n"
        "Exit status: 0 done, 1 verify found a difference, 2 wrong usage, 3 a file is missing, damaged, does\n"
        "not fit or cannot be written, 4 cannot connect, 5 the job failed on the target, 130 interrupted.\n\n"
        "Try it without hardware: reflash flash -p 'sim:esp32?flash=board.bin' --monitor BUILD_FOLDER\n",
        DEFAULT_BAUD);
}

static int complain(const char *format, const char *detail)
{
    (void)fputs("reflash: ", stderr);
    (void)fprintf(stderr, "%s%s", format, detail);
    (void)fputs("\nTry 'reflash --help'.\n", stderr);
    return STATUS_USAGE;
}

static bool parse_baud(const char *text, uint32_t *baud)
{
    char *end;
    errno = 0;
    const unsigned long rate = strtoul(text, &end, 10);
    *baud = (uint32_t)rate;
    return errno == 0 && end != text && *end == '\0' && *text != '-' && rate >= 1200 && rate <= BAUD_MAX;
}

/* The row of `names` that is `text`; `count` if none is. */
static unsigned find_name(const char *const *names, unsigned count, const char *text)
{
    unsigned row = 0;
    while (row < count && strcmp(names[row], text) != 0) {
        row++;
    }
    return row;
}

static bool parse_host(const char *text, host_t *host)
{
    static const char *const names[] = {[HOST_ANY] = "both", [HOST_WITH_ROM] = "rom", [HOST_WITH_STUB] = "stub"};
    for (unsigned row = 0; row < sizeof(names) / sizeof(names[0]); row++) {
        if (strcmp(names[row], text) == 0) {
            *host = (host_t)row;
            return true;
        }
    }
    return false;
}

static bool parse_before(const char *text, reflash_lines_style_t *style)
{
    static const char *const names[] = {[REFLASH_LINES_CLASSIC] = "default",
                                        [REFLASH_LINES_SLOW] = "slow",
                                        [REFLASH_LINES_USB] = "usb",
                                        [REFLASH_LINES_NONE] = "no-reset"};
    enum { COUNT = sizeof(names) / sizeof(names[0]) };
    *style = (reflash_lines_style_t)find_name(names, COUNT, text);
    return (unsigned)*style < COUNT;
}

static bool parse_after(const char *text, after_t *after)
{
    static const char *const names[] = {
        [AFTER_RESET] = "reset", [AFTER_NO_RESET] = "no-reset", [AFTER_WATCHDOG] = "watchdog"};
    enum { COUNT = sizeof(names) / sizeof(names[0]) };
    *after = (after_t)find_name(names, COUNT, text);
    return (unsigned)*after < COUNT;
}

/* The first signal asks for an orderly stop, the second is the default: the end. */
static void on_signal(int signal_number)
{
    (void)signal_number;
    commands_interrupted = 1;
}

static const command_t *find_command(const char *name)
{
    for (unsigned row = 0; row < command_count; row++) {
        if (strcmp(commands[row].name, name) == 0) {
            return &commands[row];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    enum {
        CHIP = 256,
        MONITOR,
        FLASH_MODE,
        FLASH_FREQ,
        FLASH_SIZE,
        BEFORE,
        AFTER,
        NO_RESET,
        NO_STUB,
        FORCE,
        JSON,
        FOR,
        C_ARRAY
    };
    static const struct option long_options[] = {
        {"port", required_argument, NULL, 'p'},
        {"baud", required_argument, NULL, 'b'},
        {"chip", required_argument, NULL, CHIP},
        {"output", required_argument, NULL, 'o'}, /* this and the next two are pack's */
        {"for", required_argument, NULL, FOR},
        {"c-array", no_argument, NULL, C_ARRAY},
        {"flash-mode", required_argument, NULL, FLASH_MODE},
        {"flash-freq", required_argument, NULL, FLASH_FREQ},
        {"flash-size", required_argument, NULL, FLASH_SIZE},
        {"monitor", no_argument, NULL, MONITOR},
        {"before", required_argument, NULL, BEFORE},
        {"after", required_argument, NULL, AFTER},
        {"no-reset", no_argument, NULL, NO_RESET},
        {"no-stub", no_argument, NULL, NO_STUB},
        {"force", no_argument, NULL, FORCE},
        {"json", no_argument, NULL, JSON},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    options_t options = {.port = getenv("REFLASH_PORT"), .baud = DEFAULT_BAUD};

    for (int option; (option = getopt_long(argc, argv, "p:b:o:hV", long_options, NULL)) != -1;) {
        switch (option) {
        case 'p':
            options.port = optarg;
            break;
        case 'b':
            if (!parse_baud(optarg, &options.baud)) {
                return complain("-b takes a rate from 1200 to 5000000 baud, not ", optarg);
            }
            break;
        case CHIP:
            options.chip = optarg;
            break;
        case 'o':
            options.output = optarg;
            break;
        case FOR:
            if (!parse_host(optarg, &options.host)) {
                return complain("--for takes rom, stub or both, not ", optarg);
            }
            break;
        case C_ARRAY:
            options.c_array = true;
            break;
        case FLASH_MODE:
            options.flash.mode = optarg;
            break;
        case FLASH_FREQ:
            options.flash.freq = optarg;
            break;
        case FLASH_SIZE:
            options.flash.size = optarg;
            break;
        case MONITOR:
            options.monitor = true;
            break;
        case BEFORE:
            if (!parse_before(optarg, &options.lines)) {
                return complain("--before takes default, slow, usb or no-reset, not ", optarg);
            }
            break;
        case AFTER:
            if (!parse_after(optarg, &options.after)) {
                return complain("--after takes reset, no-reset or watchdog, not ", optarg);
            }
            break;
        case NO_RESET:
            options.after = AFTER_NO_RESET;
            break;
        case NO_STUB:
            break; /* the mask ROM is the only way this version has */
        case FORCE:
            options.force = true;
            break;
        case JSON:
            options.json = true;
            break;
        case 'h':
            print_usage();
            return STATUS_OK;
        case 'V':
            (void)puts("reflash " REFLASH_VERSION);
            return STATUS_OK;
        default: /* getopt_long() has said what is wrong */
            return complain("that option is not usable", "");
        }
    }
    if (optind == argc) {
        return complain("no command", "");
    }
    const command_t *command = find_command(argv[optind]);
    if (command == NULL) {
        return complain("no such command: ", argv[optind]);
    }
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    return (int)command->run(&options, argc - optind - 1, argv + optind + 1);
}
