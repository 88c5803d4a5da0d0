/* SPDX-License-Identifier: Apache-2.0 */
/* An ESP32 lets another Espressif chip run a program from its RAM, whatever its flash holds, and shows its log. */
#include <inttypes.h>
#include <stdio.h>

#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp32_port.h"
#include "esp_log.h"
#include "reflash.h"
#include "target_images.h"

enum { BAUD = 115200, BLOCK_BYTES = 4096, TRIES = 3 };

static const char *const TAG = "serial_flasher";

static esp32_port_t port = {
    .port.ops = &esp32_uart_ops,
    .baud_rate = BAUD,
    .uart_port = UART_NUM_1,
    .uart_rx_pin = GPIO_NUM_5,
    .uart_tx_pin = GPIO_NUM_4,
    .reset_pin = GPIO_NUM_25,
    .boot_pin = GPIO_NUM_26,
};

static void tell_failure(const char *what, const esp_loader_t *loader)
{
    const reflash_fault_t fault = reflash_last_fault(loader);
    ESP_LOGE(TAG, "%s: esp_loader_error_t %d, reflash_cause_t %d", what, fault.code, fault.cause);
}

/* --- The image --------------------------------------------------------------------------------------------- */

enum { MAGIC = 0xE9, SEGMENTS_MAX = 16, SEGMENT_HEADER_BYTES = 8 };

typedef struct {
    uint32_t entry;
    uint32_t segment_count;
    esp_loader_bin_segment_t segments[SEGMENTS_MAX];
} program_t;

static uint32_t le32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* `header_bytes` and then segments, each behind its address and size. False: `image` is no such program. */
static bool read_program(program_t *program, const reflash_image_t *image, uint32_t header_bytes)
{
    if (image->bytes < header_bytes || image->data[0] != MAGIC || image->data[1] > SEGMENTS_MAX) {
        return false;
    }
    program->segment_count = image->data[1];
    program->entry = le32(image->data + 4);
    uint32_t at = header_bytes;
    for (uint32_t index = 0; index < program->segment_count; index++) {
        if (image->bytes - at < SEGMENT_HEADER_BYTES) {
            return false;
        }
        esp_loader_bin_segment_t *segment = &program->segments[index];
        segment->addr = le32(image->data + at);
        segment->size = le32(image->data + at + 4);
        at += SEGMENT_HEADER_BYTES;
        segment->data = image->data + at;
        if (image->bytes - at < segment->size) {
            return false;
        }
        at += segment->size;
    }
    return program->segment_count > 0;
}

/* --- The job ----------------------------------------------------------------------------------------------- */

static esp_loader_error_t load_segment(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg,
                                       const esp_loader_bin_segment_t *segment)
{
    *cfg = (esp_loader_mem_cfg_t){.offset = segment->addr, .size = segment->size, .block_size = BLOCK_BYTES};
    RETURN_ON_ERROR(esp_loader_mem_start(loader, cfg));
    for (uint32_t done_bytes = 0; done_bytes < segment->size;) {
        const uint32_t left_bytes = segment->size - done_bytes;
        const uint32_t block_bytes = left_bytes < BLOCK_BYTES ? left_bytes : BLOCK_BYTES;
        RETURN_ON_ERROR(esp_loader_mem_write(loader, cfg, segment->data + done_bytes, block_bytes));
        done_bytes += block_bytes;
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t run(esp_loader_t *loader, const program_t *program)
{
    esp_loader_mem_cfg_t cfg = {0};
    for (uint32_t index = 0; index < program->segment_count; index++) {
        const esp_loader_bin_segment_t *segment = &program->segments[index];
        if (segment->size == 0) {
            continue;
        }
        ESP_LOGI(TAG, "Loading %" PRIu32 " bytes to 0x%08" PRIx32 "...", segment->size, segment->addr);
        RETURN_ON_ERROR(load_segment(loader, &cfg, segment));
    }
    ESP_LOGI(TAG, "Starting at 0x%08" PRIx32, program->entry);
    return esp_loader_mem_finish(loader, &cfg, program->entry); /* of the last segment: one is enough for all */
}

static const titled_image_t *image_for(target_chip_t chip)
{
    for (uint32_t at = 0; at < target_images_count; at++) {
        if (target_images[at].chip == chip) {
            return &target_images[at].images[0];
        }
    }
    return NULL;
}

static bool load(esp_loader_t *loader)
{
    enum { HEADER_BYTES = 24, HEADER_BYTES_ESP8266 = 8 };
    esp_loader_connect_args_t connect_args = ESP_LOADER_CONNECT_DEFAULT();
    if (esp_loader_connect(loader, &connect_args) != ESP_LOADER_SUCCESS) {
        tell_failure("Cannot connect", loader);
        return false;
    }
    printf("Connected to target\n");
    const target_chip_t chip = esp_loader_get_target(loader);
    const titled_image_t *titled = image_for(chip);
    program_t program;
    if (titled == NULL) {
        ESP_LOGE(TAG, "There is no program for this chip");
        return false;
    }
    if (!read_program(&program, titled->image, chip == ESP8266_CHIP ? HEADER_BYTES_ESP8266 : HEADER_BYTES)) {
        ESP_LOGE(TAG, "%s is no program", titled->title);
        return false;
    }
    if (run(loader, &program) != ESP_LOADER_SUCCESS) {
        tell_failure("Not started", loader);
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
        esp_loader_t loader;
        if (esp_loader_init_serial(&loader, &port.port) != ESP_LOADER_SUCCESS) {
            ESP_LOGE(TAG, "The UART does not open");
            continue;
        }
        if (load(&loader)) {
            show_log();
        }
        esp_loader_deinit(&loader);
    }
    ESP_LOGE(TAG, "Gave up.");
}
