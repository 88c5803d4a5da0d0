/* SPDX-License-Identifier: Apache-2.0 */
/* The program reflash: its command line. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip_formats.h"
#include "commands.h"
#include "inputs_support.h"
#include "output.h"
#include "reflash.h"
#include "target.h"
#include "targets.h"

enum { BAUD_MAX = 5000000, PARTITION_TABLE_ADDR = 0x8000 };

static void print_usage(void)
{
    (void)printf("Usage: reflash COMMAND [OPTION...] [INPUT...]\n"
                 "Bring an Espressif chip to a known flash content over its serial loader.\n\n");
    for (unsigned row = 0; row < command_count; row++) {
        (void)printf("  %-7s %-9s %s\n", commands[row].name, commands[row].arguments, commands[row].what);
    }
    (void)printf(
        "\n"
        "INPUT is a build folder of ESP-IDF, Arduino or PlatformIO, a flasher_args.json, a bundle, a merged image or\n"
        "Intel HEX file, or pairs ADDR FILE (0x10000 app.bin). ELF files become images (0x10000 app.elf --chip esp32). "
        "With\n"
        "--partition it is one FILE. ADDR SIZE is a range of the flash (0x10000 64K), for which --partition or\n"
        "--all may stand.\n"
        "IMAGE is a program whose segments all belong to RAM.\n\n"
        "The port and the target\n"
        "  -p, --port PORT    /dev/ttyUSB0, rfc2217://HOST:PORT, socket://HOST:PORT or\n"
        "                     sim:esp32[?flash=FILE&flash-size=4MB]\n"
        "                     (else the environment's REFLASH_PORT), or auto: the only USB serial port.\n"
        "                     flash, diff, verify and info take several, and --all: every USB serial port; they\n"
        "                     then work on all at once, and the exit status is the highest\n"
        "  -b, --baud RATE    rate to raise to after connecting at 115200 (%u; run: 115200), or auto: the highest\n"
        "                     that the line bears; monitor: the rate of the log (115200). Without a number flash, "
        "diff\n"
        "                     and verify raise it when the job is likely to be shorter for it\n"
        "      --chip CHIP    refuse any other chip\n"
        "      --stub         upload a RAM stub and talk to it\n"
        "      --no-stub      talk to the mask ROM only. Without either, read and erase use a stub where there is "
        "one,\n"
        "                     flash and diff where the job will be shorter with it\n"
        "      --before HOW   how to enter the loader: default, slow (a large capacitor at RESET), usb (the\n"
        "                     chip's own USB-Serial/JTAG, which is found out of a serial port where nothing is said),\n"
        "                     no-reset (BOOT and RESET are pressed by hand)\n"
        "      --after HOW    reset (into the application), no-reset, or watchdog (reset where RESET is not wired\n"
        "                     or the chip's own USB is used; not on ESP8266, ESP32, ESP32-C6 and ESP32-H2)\n"
        "      --reset        the same as --after reset, which is the default; monitor: reset the target first\n"
        "      --no-reset     leave the target in its loader; monitor: only listen\n"
        "      --boot-line CHIP:LINE   a GPIO line of this computer that is wired to the target's boot pin, such\n"
        "                     as gpiochip0:17, and, or only,\n"
        "      --reset-line CHIP:LINE  one at its reset pin, in place of DTR and RTS of a serial device; what\n"
        "                     has no line is then done by hand\n"
        "      --invert-boot, --invert-reset  what drives that pin (GPIO line, DTR, RTS) is inverted on its way\n\n"
        "What is meant\n"
        "      --all          read, erase: the whole flash\n"
        "      --partition NAME  that one of the partition table in the target's flash: read, erase, and one FILE\n"
        "                     for flash, diff, verify\n"
        "      --partition-table-offset ADDR  where that table is (0x8000)\n"
        "      --flash-mode MODE, --flash-freq FREQ, --flash-size SIZE\n"
        "                     what the bootloader's header shall say: qio, qout, dio, dout; 80m, 40m, ...; 4MB, ...\n"
        "                     or detect; keep: as it is. Else what the build says, else as it is\n"
        "      --dry-run      flash: only show what would be written, as diff does\n"
        "      --encrypt      flash, diff: the target encrypts all images while it writes, with its own key. Those\n"
        "                     that a build marks it encrypts without being told. Such images are written whole and\n"
        "                     cannot be verified. Not on ESP8266 and ESP32\n"
        "      --erase-all    flash: erase the whole flash first, with everything that is on it\n"
        "      --force        flash what a check speaks against: images that are damaged, for another chip or\n"
        "                     revision, unsigned, plain where the target decrypts, or in the way of a partition\n\n"
        "Files\n"
        "  -o, --output FILE  the file that read or pack writes\n"
        "      --for WHO      who can send what pack writes: rom (hosts that use the mask ROM alone), stub\n"
        "                     (those that upload a RAM stub first; smallest), or both, the default\n"
        "      --c-array      pack writes a C source with an array instead\n\n"
        "The log\n"
        "      --monitor      flash, run: then show the target's log, as monitor does, until Ctrl-C or its end\n"
        "      --for SECONDS  ... for so long\n"
        "      --until TEXT   ... until it says so; if it does not, exit status 1\n\n"
        "      --json         one JSON object a line; the last one is the summary (several targets: one each, then "
        "their\n"
        "                     count)\n"
        "  -h, --help         this text\n"
        "  -V, --version      the version\n\n"
        "Exit status: 0 done, 1 verify or diff found a difference or the log lacks what --until waits for, 2 wrong "
        "usage,\n"
        "3 a file is missing, damaged, does not fit or cannot be written, or the target has no such partition,\n"
        "4 cannot connect, 5 the job failed on the target, 130 interrupted.\n\n"
        "Try it without hardware: reflash flash -p 'sim:esp32?flash=board.bin' --monitor BUILD_FOLDER\n",
        (unsigned)USUAL_BAUD);
}

/* Before anything else was understood: whoever reads objects line by line gets this as one, too. */
static bool wants_json(int argc, char *const *argv)
{
    for (int word = 1; word < argc; word++) {
        if (strcmp(argv[word], "--json") == 0) {
            return true;
        }
    }
    return false;
}

__attribute__((format(printf, 2, 3))) static int complain(output_t *output, const char *format, ...)
{
    char message[500];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    output_error(output, message);
    output_event(output, json_pack("{s:s, s:b}", "event", "summary", "ok", false));
    if (!output->json) {
        (void)fputs("Try 'reflash --help'.\n", stderr);
    }
    return STATUS_USAGE;
}

/* getopt_long() does not understand a word, or found none behind it. */
static int complain_of_option(output_t *output, int option, char *const *argv)
{
    const char *what = option == ':' ? "lacks its value" : "is no option, or has a value that it does not take";
    const char *word = argv[optind - 1];
    const bool is_short = optopt > 0 && optopt < 256 && strncmp(word, "--", 2) != 0;
    return is_short ? complain(output, "-%c %s", optopt, what) : complain(output, "%s %s", word, what);
}

static bool parse_baud(const char *text, uint32_t *baud)
{
    if (strcmp(text, "auto") == 0) {
        *baud = TARGET_HIGHEST_BAUD;
        return true;
    }
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

/* pack's is a word, monitor's a number. */
static bool parse_for(const char *text, options_t *options)
{
    static const char *const names[] = {[HOST_ANY] = "both", [HOST_WITH_ROM] = "rom", [HOST_WITH_STUB] = "stub"};
    enum { COUNT = sizeof(names) / sizeof(names[0]) };
    const unsigned row = find_name(names, COUNT, text);
    if (row < COUNT) {
        options->host = (host_t)row;
        return true;
    }
    char *end;
    options->seconds = strtod(text, &end);
    return end != text && *end == '\0' && options->seconds > 0 && options->seconds <= 1e9;
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

/* What changes the meaning of a command must not be dropped in silence: not everybody who says `erase --dry-run` wants
 * an empty flash. */
static bool find_misplaced(const options_t *options, const char *command, char *what, size_t what_bytes)
{
    static const char with_log[] = "; it is for monitor, or beside --monitor";
    const struct {
        const char *option;
        bool given;
        const char *commands; /* that know it, each between spaces */
        const char *advice;
    } rows[] = {
        {"--dry-run", options->dry_run, " flash diff ", ""},
        {"--encrypt", options->encrypt, " flash diff ", ""},
        {"--erase-all", options->erase_all, " flash diff ", ""}, /* diff says why not */
        {"--partition", options->partition != NULL, " flash diff verify read erase ", ""},
        {"--output", options->output != NULL, " read pack ", ""},
        {"--c-array", options->c_array, " pack ", ""},
        {"--monitor", options->monitor, " flash diff run monitor ", ""}, /* the same */
        {"--for rom or stub", options->host != HOST_ANY, " pack ", ""},
        {"--until", options->until != NULL && !options->monitor, " monitor ", with_log},
        {"--for SECONDS", options->seconds > 0 && !options->monitor, " monitor ", with_log},
    };
    char wanted[16];
    (void)snprintf(wanted, sizeof(wanted), " %s ", command);
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (rows[row].given && strstr(rows[row].commands, wanted) == NULL) {
            (void)snprintf(what, what_bytes, "%s does not go with %s%s", rows[row].option, command, rows[row].advice);
            return true;
        }
    }
    return false;
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
        RESET,
        NO_RESET,
        STUB,
        NO_STUB,
        FORCE,
        DRY_RUN,
        ENCRYPT,
        ERASE_ALL,
        JSON,
        FOR,
        UNTIL,
        C_ARRAY,
        ALL,
        PARTITION,
        TABLE_OFFSET,
        BOOT_LINE,
        RESET_LINE,
        INVERT_BOOT,
        INVERT_RESET
    };
    static const struct option long_options[] = {
        {"port", required_argument, NULL, 'p'},
        {"baud", required_argument, NULL, 'b'},
        {"chip", required_argument, NULL, CHIP},
        {"output", required_argument, NULL, 'o'},
        {"for", required_argument, NULL, FOR},
        {"c-array", no_argument, NULL, C_ARRAY},
        {"flash-mode", required_argument, NULL, FLASH_MODE},
        {"flash-freq", required_argument, NULL, FLASH_FREQ},
        {"flash-size", required_argument, NULL, FLASH_SIZE},
        {"monitor", no_argument, NULL, MONITOR},
        {"before", required_argument, NULL, BEFORE},
        {"after", required_argument, NULL, AFTER},
        {"reset", no_argument, NULL, RESET},
        {"no-reset", no_argument, NULL, NO_RESET},
        {"stub", no_argument, NULL, STUB},
        {"no-stub", no_argument, NULL, NO_STUB},
        {"until", required_argument, NULL, UNTIL},
        {"all", no_argument, NULL, ALL},
        {"partition", required_argument, NULL, PARTITION},
        {"partition-table-offset", required_argument, NULL, TABLE_OFFSET},
        {"boot-line", required_argument, NULL, BOOT_LINE},
        {"reset-line", required_argument, NULL, RESET_LINE},
        {"invert-boot", no_argument, NULL, INVERT_BOOT},
        {"invert-reset", no_argument, NULL, INVERT_RESET},
        {"dry-run", no_argument, NULL, DRY_RUN},
        {"encrypt", no_argument, NULL, ENCRYPT},
        {"erase-all", no_argument, NULL, ERASE_ALL},
        {"force", no_argument, NULL, FORCE},
        {"json", no_argument, NULL, JSON},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    targets_t targets = {.count = 0};
    options_t options = {.partition_table_addr = PARTITION_TABLE_ADDR};
    bool has_boot_line = false, has_reset_line = false;
    const char *wrong;
    char what[200];
    output_t output;
    output_init(&output, wants_json(argc, argv), NULL);

    for (int option; (option = getopt_long(argc, argv, ":p:b:o:hV", long_options, NULL)) != -1;) {
        switch (option) {
        case 'p':
            if (!targets_add(&targets, optarg)) {
                return complain(&output, "too many ports, from here on: %s", optarg);
            }
            break;
        case 'b':
            if (!parse_baud(optarg, &options.baud)) {
                return complain(&output, "-b takes a rate from 1200 to 5000000 baud, or auto, not %s", optarg);
            }
            break;
        case CHIP:
            if (chip_format_by_name(optarg) == NULL) {
                return complain(&output, "--chip %s: no chip this program knows; say it like esp32c3", optarg);
            }
            options.chip = optarg;
            break;
        case 'o':
            options.output = optarg;
            break;
        case FOR:
            if (!parse_for(optarg, &options)) {
                return complain(&output, "--for takes rom, stub or both (pack), or seconds (monitor), not %s", optarg);
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
            if (!wiring_parse_style(optarg, &options.wiring.lines.style)) {
                return complain(&output, "--before takes default, slow, usb or no-reset, not %s", optarg);
            }
            options.is_wiring_told = true;
            break;
        case AFTER:
            if (!parse_after(optarg, &options.after)) {
                return complain(&output, "--after takes reset, no-reset or watchdog, not %s", optarg);
            }
            break;
        case RESET:
            options.after = AFTER_RESET;
            break;
        case NO_RESET:
            options.after = AFTER_NO_RESET;
            break;
        case STUB:
            options.loader = LOADER_STUB;
            break;
        case NO_STUB:
            options.loader = LOADER_ROM;
            break;
        case UNTIL:
            options.until = optarg;
            break;
        case ALL:
            options.all = true;
            break;
        case PARTITION:
            options.partition = optarg;
            break;
        case TABLE_OFFSET:
            wrong = inputs_parse_addr(optarg, &options.partition_table_addr);
            if (wrong != NULL) {
                return complain(&output, "%s %s: %s", "--partition-table-offset", optarg, wrong);
            }
            break;
        case BOOT_LINE:
        case RESET_LINE:
            wrong = wiring_parse_line(&options.wiring, optarg,
                                      option == BOOT_LINE ? &options.wiring.boot_pin : &options.wiring.reset_pin);
            if (wrong != NULL) {
                return complain(&output, "%s %s: %s", option == BOOT_LINE ? "--boot-line" : "--reset-line", optarg,
                                wrong);
            }
            *(option == BOOT_LINE ? &has_boot_line : &has_reset_line) = true;
            break;
        case INVERT_BOOT:
            options.wiring.lines.invert_boot = true;
            break;
        case INVERT_RESET:
            options.wiring.lines.invert_reset = true;
            break;
        case FORCE:
            options.force = true;
            break;
        case DRY_RUN:
            options.dry_run = true;
            break;
        case ENCRYPT:
            options.encrypt = true;
            break;
        case ERASE_ALL:
            options.erase_all = true;
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
        default:
            return complain_of_option(&output, option, argv);
        }
    }
    if (!has_boot_line) {
        options.wiring.boot_pin = REFLASH_GPIOD_NO_LINE;
    }
    if (!has_reset_line) {
        options.wiring.reset_pin = REFLASH_GPIOD_NO_LINE;
    }
    if (optind == argc) {
        return complain(&output, "no command");
    }
    const command_t *command = find_command(argv[optind]);
    if (command == NULL) {
        return complain(&output, "no such command: %s", argv[optind]);
    }
    if (find_misplaced(&options, command->name, what, sizeof(what))) {
        return complain(&output, "%s", what);
    }
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    if (targets.count == 0 && getenv("REFLASH_PORT") != NULL) {
        (void)targets_add(&targets, getenv("REFLASH_PORT"));
    }
    const status_t status = targets_run(&targets, command, &options, argc - optind - 1, argv + optind + 1);
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && status == STATUS_OK) {
        (void)fputs("reflash: what was told could not be written; is the disk full?\n", stderr);
        return STATUS_INPUT;
    }
    return (int)status;
}
