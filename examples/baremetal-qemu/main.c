/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the target at what the bundle in this firmware holds, then shows its log. */
#include <string.h>

#include "board.h"
#include "bundle.h"
#include "reflash_engine.h"
#include "uart.h"

enum {
    FIRST_BAUD = 115200, /* what every target starts with */
    BAUD = 230400,
    CONSOLE_BAUD = 115200,
    WIRES_BAUD = 115200,
    TRIES = 3,
    FLASH_BYTES = 16 << 20 /* mask ROMs reach no further */
};

/* --- The console ------------------------------------------------------------------------------------------- */

static void say(const char *text)
{
    uart_text(UART_CONSOLE, text);
}

static void say_number(uint32_t number)
{
    uart_decimal(UART_CONSOLE, number);
}

static void end_line(void)
{
    say("\r\n");
}

static void say_line(const char *text)
{
    say(text);
    end_line();
}

/* The head of a log line: "I (1211) serial_flasher: ". */
static void begin_log(const char *level)
{
    say(level);
    say(" (");
    say_number(baremetal_now_ms());
    say(") serial_flasher: ");
}

static void say_hex(uint32_t number)
{
    uint32_t shift = 28;
    while (shift > 0 && number >> shift == 0) {
        shift -= 4;
    }
    say("0x");
    for (;; shift -= 4) {
        uart_text(UART_CONSOLE, (const char[]){"0123456789abcdef"[number >> shift & 0xF], '\0'});
        if (shift == 0) {
            return;
        }
    }
}

static void say_failure(const char *what, const esp_loader_t *loader)
{
    static const char *const causes[] = {
        [REFLASH_CAUSE_SILENCE] = "the target is silent",
        [REFLASH_CAUSE_REFUSED] = "the target refuses",
        [REFLASH_CAUSE_NONSENSE] = "the target's answer makes no sense",
        [REFLASH_CAUSE_PORT] = "the UART, or the control socket, fails",
        [REFLASH_CAUSE_ARGUMENT] = "the bundle does not fit the target",
        [REFLASH_CAUSE_UNKNOWN_CHIP] = "the target is no chip of this build",
        [REFLASH_CAUSE_UNKNOWN_FLASH] = "no flash part answers",
        [REFLASH_CAUSE_DIGEST_MISMATCH] = "the flash does not hold what was sent",
        [REFLASH_CAUSE_SOURCE] = "the bundle is damaged",
    };
    const reflash_cause_t cause = reflash_last_fault(loader).cause;
    const bool is_told = cause < sizeof(causes) / sizeof(causes[0]) && causes[cause] != NULL;
    begin_log("E");
    say(what);
    say(": ");
    say_line(is_told ? causes[cause] : "no reason known");
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static const char *const titles[REFLASH_KIND_COUNT] = {
    [REFLASH_KIND_APPLICATION] = "Application",
    [REFLASH_KIND_OTADATA] = "OTA data",
    [REFLASH_KIND_PARTITION_TABLE] = "Partition table",
    [REFLASH_KIND_BOOTLOADER] = "Bootloader",
};

static void say_asked(const reflash_apply_progress_t *progress)
{
    const reflash_bundle_image_t *image = progress->image;
    begin_log("I");
    say(titles[image->kind]);
    if (progress->sectors == 0) {
        say_line(" MD5 match, skipping...");
        return;
    }
    say(" MD5 differs, flashing ");
    say_number(progress->sectors);
    say(" of ");
    say_number(reflash_bundle_sector_count(image));
    say(" sectors at ");
    say_hex(image->flash_addr);
    say_line("...");
}

/* `told_tenths` of the image were reported before. */
static void say_written(uint32_t *told_tenths, const reflash_apply_progress_t *progress)
{
    const uint32_t tenths = progress->done_sectors * 10 / progress->sectors;
    if (progress->done_sectors == 0) {
        *told_tenths = 0;
    }
    if (tenths == *told_tenths) {
        return;
    }
    *told_tenths = tenths;
    begin_log("I");
    say(titles[progress->image->kind]);
    say(": ");
    say_number(tenths * 10);
    say_line(" %");
}

static void say_proved(const reflash_apply_progress_t *progress)
{
    if (progress->sectors == 0) {
        return;
    }
    begin_log("I");
    say(titles[progress->image->kind]);
    say_line(progress->proved ? " flashed and verified" : " is NOT what was sent");
}

static bool on_step(void *context, const reflash_apply_progress_t *progress)
{
    switch (progress->step) {
    case REFLASH_APPLY_ASKED:
        say_asked(progress);
        break;
    case REFLASH_APPLY_WRITING:
        say_written(context, progress);
        break;
    case REFLASH_APPLY_PROVED:
        say_proved(progress);
        break;
    case REFLASH_APPLY_STUB: /* there is none in this firmware */
        break;
    }
    return true;
}

static bool read_bundle(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    (void)context;
    memcpy(buf, bundle + offset, bytes);
    return true;
}

static bool reflash(esp_loader_t *loader)
{
    esp_loader_connect_args_t connect_args = ESP_LOADER_CONNECT_DEFAULT();
    if (esp_loader_connect(loader, &connect_args) != ESP_LOADER_SUCCESS) {
        say_failure("Cannot connect", loader);
        return false;
    }
    say_line("Connected to target");
    if (esp_loader_change_transmission_rate(loader, BAUD) != ESP_LOADER_SUCCESS) {
        say_failure("Cannot change the transmission rate", loader);
        return false;
    }
    say_line("Transmission rate changed.");

    static uint8_t memory[REFLASH_APPLY_MEMORY_BYTES(FLASH_BYTES)];
    static uint8_t buffer[REFLASH_APPLY_BUFFER_BYTES];
    uint32_t told_tenths = 0;
    reflash_apply_t job = {.memory = memory,
                           .memory_bytes = sizeof(memory),
                           .buffer = buffer,
                           .buffer_bytes = sizeof(buffer),
                           .progress = on_step,
                           .progress_context = &told_tenths};
    reflash_bundle_t opened;
    const reflash_source_t source = {.read = read_bundle, .bytes = bundle_bytes};
    const reflash_content_t content = {&reflash_bundle_ops, &opened};
    if (reflash_bundle_open(&opened, &source) != REFLASH_BUNDLE_GOOD) {
        begin_log("E");
        say_line("The bundle in this firmware is damaged");
        return false;
    }
    if (reflash_apply(loader, &content, &job) != ESP_LOADER_SUCCESS) {
        say_failure("Not finished", loader);
        return false;
    }
    begin_log("I");
    say_line("Done!");
    return true;
}

static void show_log(void)
{
    say_line("********************************************");
    say_line("*** Logs below are print from slave .... ***");
    say_line("********************************************");
    for (;;) {
        uint8_t byte;
        if (uart_get(UART_TARGET, &byte)) {
            while (!uart_put(UART_CONSOLE, byte)) {
            }
        } else {
            __asm volatile("wfi"); /* SysTick wakes it too, so nothing waits for longer than a millisecond */
        }
    }
}

int main(void)
{
    uart_open(UART_CONSOLE, CONSOLE_BAUD);
    uart_open(UART_WIRES, WIRES_BAUD);
    uart_open(UART_TARGET, FIRST_BAUD);
    baremetal_port_t port = {
        .port.ops = &baremetal_ops, .board = &board, .baudrate = FIRST_BAUD, .lines = REFLASH_LINES_OF_BUILD()};
    for (int attempt = 0; attempt < TRIES; attempt++) {
        /* Each try begins at the first rate. */
        esp_loader_t loader;
        if (esp_loader_init_serial(&loader, &port.port) != ESP_LOADER_SUCCESS) {
            say_line("The port does not open");
            continue;
        }
        if (reflash(&loader)) {
            (void)board.set_rate(FIRST_BAUD); /* what the target prints with */
            esp_loader_reset_target(&loader);
            show_log();
        }
        esp_loader_deinit(&loader);
    }
    say_line("Gave up.");
    return 1;
}
