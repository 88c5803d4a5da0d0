/* SPDX-License-Identifier: Apache-2.0 */
/* An ESP32 keeps another Espressif chip at the images that are part of this firmware, then shows its log. */
#include <stdio.h>

#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp32_port.h"
#include "esp_log.h"
#include "job.h"
#include "reflash.h"

enum {
    FIRST_BAUD = 115200, /* what every target starts with, and prints with */
    BAUD = 230400,
    TRIES = 3
};

static const char *const TAG = "serial_flasher";

static esp32_port_t port = {
    .port.ops = &esp32_uart_ops,
    .baud_rate = FIRST_BAUD,
    .uart_port = UART_NUM_1,
    .uart_rx_pin = GPIO_NUM_5,
    .uart_tx_pin = GPIO_NUM_4,
    .reset_pin = GPIO_NUM_25,
    .boot_pin = GPIO_NUM_26,
};

/* --- What is told ------------------------------------------------------------------------------------------ */

static void tell_failure(const char *what, const esp_loader_t *loader)
{
    static const char *const causes[] = {
        [REFLASH_CAUSE_SILENCE] = "the target is silent",
        [REFLASH_CAUSE_REFUSED] = "the target refuses",
        [REFLASH_CAUSE_NONSENSE] = "the target's answer makes no sense",
        [REFLASH_CAUSE_PORT] = "the UART fails",
        [REFLASH_CAUSE_ARGUMENT] = "an image does not fit the flash, or this chip cannot do that",
        [REFLASH_CAUSE_UNKNOWN_CHIP] = "the target is no chip of this build",
        [REFLASH_CAUSE_UNKNOWN_FLASH] = "no flash part answers",
        [REFLASH_CAUSE_DIGEST_MISMATCH] = "the target does not hold what was sent",
        [REFLASH_CAUSE_SOURCE] = "the bundle in this firmware is damaged",
    };
    const reflash_cause_t cause = reflash_last_fault(loader).cause;
    const bool is_told = cause < sizeof(causes) / sizeof(causes[0]) && causes[cause] != NULL;
    ESP_LOGE(TAG, "%s: %s", what, is_told ? causes[cause] : "no reason known");
}

/* --- The job ----------------------------------------------------------------------------------------------- */

/* A mask ROM without digests, an ESP8266's, takes a RAM stub for them, which changes the rate as well. */
static bool prepare(esp_loader_t *loader, const reflash_target_t *target)
{
    if (MD5_ENABLED && !target->has_digests && reflash_stub_start(loader) != ESP_LOADER_SUCCESS) {
        tell_failure("Cannot compare MD5s", loader);
        return false;
    }
    const esp_loader_error_t err = esp_loader_change_transmission_rate(loader, BAUD);
    if (err == ESP_LOADER_SUCCESS) {
        printf("Transmission rate changed.\n");
    } else if (err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
        ESP_LOGW(TAG, "%s stays at %d baud", target->name, FIRST_BAUD);
    } else {
        tell_failure("Cannot change the transmission rate", loader);
        return false;
    }
    return true;
}

static bool reflash(esp_loader_t *loader)
{
    esp_loader_connect_args_t connect_args = ESP_LOADER_CONNECT_DEFAULT();
    reflash_target_t target;
    if (esp_loader_connect(loader, &connect_args) != ESP_LOADER_SUCCESS || !reflash_describe_target(loader, &target)) {
        tell_failure("Cannot connect", loader);
        return false;
    }
    printf("Connected to target\n");
    if (!job_is_there_for(target.target)) {
        ESP_LOGE(TAG, "There are no images for an %s", target.name);
        return false;
    }
    if (!prepare(loader, &target)) {
        return false;
    }
    if (job_run(loader, target.target) != ESP_LOADER_SUCCESS) {
        tell_failure("Not finished", loader);
        return false;
    }
    ESP_LOGI(TAG, "Done!");
    return true;
}

/* For ever. */
static void show_log(void)
{
    enum { PAUSE_MS = 100 };
    printf("********************************************\n");
    printf("*** Logs below are print from slave .... ***\n");
    printf("********************************************\n");
    for (;;) {
        uint8_t byte;
        if (port.port.ops->read(&port.port, &byte, 1, PAUSE_MS) != ESP_LOADER_SUCCESS) {
            (void)fflush(stdout);  /* what has no end of line yet */
        } else if (byte != '\r') { /* the console puts one in front of each '\n' */
            (void)putchar(byte);
        }
    }
}

void app_main(void)
{
    for (int attempt = 0; attempt < TRIES; attempt++) {
        /* Each try begins at the first rate. */
        esp_loader_t loader;
        if (esp_loader_init_serial(&loader, &port.port) != ESP_LOADER_SUCCESS) {
            ESP_LOGE(TAG, "The UART does not open");
            continue;
        }
        if (reflash(&loader) && port.port.ops->change_transmission_rate(&port.port, FIRST_BAUD) == ESP_LOADER_SUCCESS) {
            esp_loader_reset_target(&loader);
            show_log();
        }
        esp_loader_deinit(&loader);
    }
    ESP_LOGE(TAG, "Gave up.");
}
