/* SPDX-License-Identifier: Apache-2.0 */
/* An ESP32 keeps another Espressif chip at the images that are part of this firmware, then shows its log. */
#include <inttypes.h>
#include <stdio.h>

#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp32_port.h"
#include "esp_log.h"
#include "reflash.h"
#include "target_images.h"

enum {
    FIRST_BAUD = 115200, /* what every target starts with, and prints with */
    BAUD = 230400,
    BLOCK_BYTES = 4096,
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
    };
    const reflash_cause_t cause = reflash_last_fault(loader).cause;
    const bool is_told = cause < sizeof(causes) / sizeof(causes[0]) && causes[cause] != NULL;
    ESP_LOGE(TAG, "%s: %s", what, is_told ? causes[cause] : "no reason known");
}

static void tell_flashing(const char *title, const reflash_image_t *image, const char *why)
{
    ESP_LOGI(TAG, "%s%s, flashing %" PRIu32 " bytes at 0x%" PRIx32 "...", title, why, image->bytes, image->flash_addr);
}

/* `told_tenths` of the image were told before. */
static void tell_written(const char *title, uint32_t *told_tenths, uint32_t done_bytes, uint32_t bytes)
{
    const uint32_t tenths = (uint32_t)((uint64_t)done_bytes * 10 / bytes);
    if (done_bytes == 0) {
        *told_tenths = 0;
    }
    if (tenths != *told_tenths) {
        *told_tenths = tenths;
        ESP_LOGI(TAG, "%s: %" PRIu32 " %%", title, tenths * 10);
    }
}

/* --- By MD5: write what differs ---------------------------------------------------------------------------- */

typedef struct {
    const titled_image_t *titled;  /* what each of ... */
    const reflash_image_t *images; /* ... these is called */
    uint32_t told_tenths;
} console_t;

static bool on_step(void *context, reflash_step_t step, const reflash_image_t *image, uint32_t done_bytes)
{
    console_t *console = context;
    const char *title = console->titled[image - console->images].title;
    switch (step) {
    case REFLASH_STEP_CHECKED:
        if (image->result == REFLASH_RESULT_SKIPPED) {
            ESP_LOGI(TAG, "%s MD5 match, skipping...", title);
        } else {
            tell_flashing(title, image, " MD5 differs");
        }
        break;
    case REFLASH_STEP_WRITING:
        tell_written(title, &console->told_tenths, done_bytes, image->bytes);
        break;
    case REFLASH_STEP_VERIFIED:
        if (image->result == REFLASH_RESULT_FLASHED) {
            ESP_LOGI(TAG, "%s flashed and verified", title);
        } else if (image->result == REFLASH_RESULT_FAILED) {
            ESP_LOGE(TAG, "%s is NOT what was sent", title);
        }
        break;
    }
    return true;
}

static esp_loader_error_t update(esp_loader_t *loader, const titled_image_t *titled)
{
    reflash_image_t images[TARGET_IMAGES_MAX];
    uint32_t count = 0;
    for (; titled[count].title != NULL; count++) {
        images[count] = *titled[count].image;
    }
    console_t console = {.titled = titled, .images = images};
    reflash_job_t job = {.block_bytes = BLOCK_BYTES, .progress = on_step, .progress_context = &console};
    return reflash_update(loader, images, count, &job);
}

/* --- Without: write everything ----------------------------------------------------------------------------- */

static esp_loader_error_t write_image(esp_loader_t *loader, const titled_image_t *titled)
{
    const reflash_image_t *image = titled->image;
    esp_loader_flash_cfg_t cfg = {
        .offset = image->flash_addr, .image_size = image->bytes, .block_size = BLOCK_BYTES, .skip_verify = true};
    uint32_t told_tenths = 0;
    tell_flashing(titled->title, image, "");
    RETURN_ON_ERROR(esp_loader_flash_start(loader, &cfg));
    for (uint32_t done_bytes = 0; done_bytes < image->bytes;) {
        const uint32_t left_bytes = image->bytes - done_bytes;
        const uint32_t block_bytes = left_bytes < BLOCK_BYTES ? left_bytes : BLOCK_BYTES;
        RETURN_ON_ERROR(esp_loader_flash_write(loader, &cfg, image->data + done_bytes, block_bytes));
        done_bytes += block_bytes;
        tell_written(titled->title, &told_tenths, done_bytes, image->bytes);
    }
    return esp_loader_flash_finish(loader, &cfg);
}

/* What others need to boot comes first in the table, so last here: a job that is cut short leaves no bootloader that
 * starts half an application. */
static esp_loader_error_t write_all(esp_loader_t *loader, const titled_image_t *titled)
{
    uint32_t left = 0;
    while (titled[left].title != NULL) {
        left++;
    }
    while (left > 0) {
        left--;
        RETURN_ON_ERROR(write_image(loader, &titled[left]));
    }
    return ESP_LOADER_SUCCESS;
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static const titled_image_t *images_for(target_chip_t chip)
{
    for (uint32_t at = 0; at < target_images_count; at++) {
        if (target_images[at].chip == chip) {
            return target_images[at].images;
        }
    }
    return NULL;
}

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
    const titled_image_t *titled = images_for(target.target);
    if (titled == NULL) {
        ESP_LOGE(TAG, "There are no images for an %s", target.name);
        return false;
    }
    if (!prepare(loader, &target)) {
        return false;
    }
    if ((MD5_ENABLED ? update(loader, titled) : write_all(loader, titled)) != ESP_LOADER_SUCCESS) {
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
