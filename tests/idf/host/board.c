/* SPDX-License-Identifier: Apache-2.0 */
/* The board of the examples for ESP-IDF: a host whose console is the standard output, wired to a virtual chip.
 *
 *     PROJECT.elf NAME=VALUE...
 *
 * Names are the settings of espsim, and these:
 *     until=TEXT     the host loses its power as soon as it has written a line with this in it
 *     program=FILE   the chip knows this code: started at its first byte it says "Hello from RAM!"
 *
 * Exit status: 0 app_main() returned, or `until` came; 1 an hour of the board's time is over, or app_main() left
 * something open; 2 wrong usage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "esp_log.h"
#include "fake_host.h"
#include "fake_uart.h"
#include "settings.h"
#include "wires.h"

enum { BOOT_PIN = GPIO_NUM_26, RESET_PIN = GPIO_NUM_25, EXIT_USAGE = 2 };

void app_main(void);

/* --- Time and pins ----------------------------------------------------------------------------------------- */

static uint64_t start_ns;

uint32_t esp_log_timestamp(void)
{
    return (uint32_t)((wires_now_ns() - start_ns) / WIRES_MS);
}

static void pass_ns(uint64_t ns)
{
    if (wires_now_ns() - start_ns > 3600 * 1000 * WIRES_MS) {
        _exit(EXIT_FAILURE);
    }
    wires_pass_ns(ns);
}

static void pin_moved(int pin, bool level)
{
    if (pin == BOOT_PIN) {
        wires_set_boot(!level);
    } else if (pin == RESET_PIN) {
        wires_set_reset(!level);
    }
}

/* --- The console: loses its power with the host ------------------------------------------------------------ */

static const char *until;

/* The stream is line buffered, so `text` ends a line, or is all there was. */
static ssize_t write_console(void *cookie, const char *text, size_t bytes)
{
    static char line[512];
    static size_t line_bytes;
    (void)cookie;
    for (size_t at = 0; at < bytes; at++) {
        if (write(STDOUT_FILENO, &text[at], 1) != 1) {
            return 0;
        }
        if (text[at] == '\n') {
            if (until != NULL && strstr(line, until) != NULL) {
                _exit(EXIT_SUCCESS);
            }
            line_bytes = 0;
        } else if (line_bytes < sizeof(line) - 1) {
            line[line_bytes++] = text[at];
        }
        line[line_bytes] = '\0';
    }
    return (ssize_t)bytes;
}

/* --- The chip ---------------------------------------------------------------------------------------------- */

static void complain(int status, const char *message)
{
    (void)fprintf(stderr, "%s\n", message);
    exit(status);
}

static void read_program(const char *path, espsim_config_t *config)
{
    static uint8_t code[4096];
    static espsim_program_t program = {.code = code, .prints = "Hello from RAM!\r\n"};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        complain(EXIT_USAGE, path);
        return;
    }
    program.code_bytes = fread(code, 1, sizeof(code), file);
    (void)fclose(file);
    config->programs = &program;
    config->program_count = 1;
}

static void set(espsim_settings_t *settings, char *argument)
{
    char message[200];
    char *value = strchr(argument, '=');
    if (value == NULL) {
        complain(EXIT_USAGE, "NAME=VALUE...");
        return;
    }
    *value++ = '\0';
    if (strcmp(argument, "until") == 0) {
        until = value;
    } else if (strcmp(argument, "program") == 0) {
        read_program(value, &settings->config);
    } else if (!espsim_settings_set(settings, argument, value, message, sizeof(message))) {
        complain(EXIT_USAGE, message);
    }
}

int main(int argc, char **argv)
{
    static const fake_board_t board = {.now_ns = wires_now_ns, .pass_ns = pass_ns, .pin_moved = pin_moved};
    char message[200];
    espsim_settings_t settings = espsim_settings_default();
    espsim_flash_t flash;
    for (int at = 1; at < argc; at++) {
        set(&settings, argv[at]);
    }
    espsim_t *sim = espsim_settings_create(&settings, &flash, message, sizeof(message));
    if (sim == NULL) {
        complain(EXIT_USAGE, message);
    }
    stdout = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_console});
    if (stdout == NULL || setvbuf(stdout, NULL, _IOLBF, BUFSIZ) != 0) {
        complain(EXIT_FAILURE, "no console");
    }
    wires_begin(sim);
    start_ns = wires_now_ns();
    fake_host_start(&board);
    fake_uart_start();
    app_main();
    const int held = fake_held();
    (void)fclose(stdout);
    espsim_destroy(sim);
    espsim_flash_close(&flash);
    return held == 0 ? EXIT_SUCCESS : EXIT_FAILURE; /* what app_main() left open */
}
