/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the target at three images that are part of this firmware, then shows its log. */
#include "board.h"
#include "images.h"
#include "reflash.h"
#include "uart.h"

enum {
    FIRST_BAUD = 115200, /* what every target starts with */
    BAUD = 230400,
    CONSOLE_BAUD = 115200,
    WIRES_BAUD = 115200,
    TRIES = 3
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
        [REFLASH_CAUSE_ARGUMENT] = "an image does not fit the flash",
        [REFLASH_CAUSE_UNKNOWN_CHIP] = "the target is no chip of this build",
        [REFLASH_CAUSE_UNKNOWN_FLASH] = "no flash part answers",
        [REFLASH_CAUSE_DIGEST_MISMATCH] = "the flash does not hold what was sent",
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

static void say_checked(const reflash_image_t *image)
{
    begin_log("I");
    say(titles[image->kind]);
    if (image->result == REFLASH_RESULT_SKIPPED) {
        say_line(" MD5 match, skipping...");
        return;
    }
    say(" MD5 differs, flashing ");
    say_number(image->bytes);
    say(" bytes at ");
    say_hex(image->flash_addr);
    say_line("...");
}

/* `told_tenths` of the image were reported before. */
static void say_written(uint32_t *told_tenths, const reflash_image_t *image, uint32_t done_bytes)
{
    const uint32_t tenths = done_bytes * 10 / image->bytes; /* all images together fit into 4 MiB */
    if (done_bytes == 0) {
        *told_tenths = 0;
    }
    if (tenths == *told_tenths) {
        return;
    }
    *told_tenths = tenths;
    begin_log("I");
    say(titles[image->kind]);
    say(": ");
    say_number(tenths * 10);
    say_line(" %");
}

static void say_verified(const reflash_image_t *image)
{
    if (image->result == REFLASH_RESULT_SKIPPED) {
        return;
    }
    begin_log("I");
    say(titles[image->kind]);
    say_line(image->result == REFLASH_RESULT_FLASHED ? " flashed and verified" : " is NOT what was sent");
}

static bool on_step(void *context, reflash_step_t step, const reflash_image_t *image, uint32_t done_bytes)
{
    switch (step) {
    case REFLASH_STEP_CHECKED:
        say_checked(image);
        break;
    case REFLASH_STEP_WRITING:
        say_written(context, image, done_bytes);
        break;
    case REFLASH_STEP_VERIFIED:
        say_verified(image);
        break;
    }
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

    reflash_image_t images[] = {bootloader_image, partition_table_image, application_image};
    uint32_t told_tenths = 0;
    reflash_job_t job = {.progress = on_step, .progress_context = &told_tenths};
    if (reflash_update(loader, images, sizeof(images) / sizeof(images[0]), &job) != ESP_LOADER_SUCCESS) {
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
