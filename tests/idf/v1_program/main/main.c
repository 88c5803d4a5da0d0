/* SPDX-License-Identifier: Apache-2.0 */
/* A firmware of an ESP32 for generation 1.8, as its users write them: it knows nothing of 2.x. An ESP32 at the other end is
 * brought to three images and started, and its log is shown. */
#include <stdio.h>
#include <string.h>

#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp32_port.h"
#include "esp_loader.h"
#include "esp_log.h"
#include "images.h"

#define FIRST_BAUD 115200
#define HIGHER_BAUD 230400

static const char *TAG = "v1_program";

static uint8_t payload[1024];

static esp_loader_error_t connect_to_target(void)
{
    esp_loader_connect_args_t connect_config = ESP_LOADER_CONNECT_DEFAULT();
    esp_loader_error_t err = esp_loader_connect(&connect_config);
    if (err != ESP_LOADER_SUCCESS) {
        ESP_LOGE(TAG, "Cannot connect: %d", err);
        return err;
    }
    printf("Connected to target\n");
#ifdef SERIAL_FLASHER_INTERFACE_UART
    if (esp_loader_get_target() != ESP8266_CHIP) {
        err = esp_loader_change_transmission_rate(HIGHER_BAUD);
        if (err == ESP_LOADER_SUCCESS) {
            err = loader_port_change_transmission_rate(HIGHER_BAUD); /* programs of this generation do it themselves */
        }
        if (err != ESP_LOADER_SUCCESS) {
            ESP_LOGE(TAG, "Cannot change the rate: %d", err);
            return err;
        }
        printf("Transmission rate changed.\n");
    }
#endif
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t flash_image(const image_t *image)
{
    esp_loader_error_t err = esp_loader_flash_start(image->flash_addr, image->bytes, sizeof(payload));
    for (uint32_t at = 0; at < image->bytes && err == ESP_LOADER_SUCCESS; at += sizeof(payload)) {
        const uint32_t left_bytes = image->bytes - at;
        const uint32_t bytes = left_bytes < sizeof(payload) ? left_bytes : sizeof(payload);
        memcpy(payload, image->data + at, bytes);
        err = esp_loader_flash_write(payload, bytes);
    }
    if (err != ESP_LOADER_SUCCESS) {
        ESP_LOGE(TAG, "%s: cannot write: %d", image->name, err);
        return err;
    }
#if MD5_ENABLED
    err = esp_loader_flash_verify();
    if (err != ESP_LOADER_SUCCESS) {
        ESP_LOGE(TAG, "%s: differs: %d", image->name, err);
        return err;
    }
    ESP_LOGI(TAG, "%s: written and verified", image->name);
#else
    ESP_LOGI(TAG, "%s: written", image->name);
#endif
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t flash_images(void)
{
    for (int index = 0; index < IMAGE_COUNT; index++) {
#if MD5_ENABLED
        if (esp_loader_flash_verify_known_md5(images[index].flash_addr, images[index].bytes, images[index].md5) ==
            ESP_LOADER_SUCCESS) {
            ESP_LOGI(TAG, "%s: the same", images[index].name);
            continue;
        }
#endif
        const esp_loader_error_t err = flash_image(&images[index]);
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
    }
    return ESP_LOADER_SUCCESS;
}

/* Until the target has been silent for a second. */
static void show_log(void)
{
    uint8_t byte;
    while (uart_read_bytes(UART_NUM_1, &byte, 1, pdMS_TO_TICKS(1000)) == 1) {
        if (byte != '\r') {
            (void)putchar(byte);
        }
    }
}

void app_main(void)
{
    const loader_esp32_config_t config = {
        .baud_rate = FIRST_BAUD,
        .uart_port = UART_NUM_1,
        .uart_rx_pin = GPIO_NUM_5,
        .uart_tx_pin = GPIO_NUM_4,
        .reset_trigger_pin = GPIO_NUM_25,
        .gpio0_trigger_pin = GPIO_NUM_26,
    };
    if (loader_port_esp32_init(&config) != ESP_LOADER_SUCCESS) {
        ESP_LOGE(TAG, "The UART does not open");
        return;
    }
    if (connect_to_target() == ESP_LOADER_SUCCESS && flash_images() == ESP_LOADER_SUCCESS) {
        ESP_LOGI(TAG, "Done!");
        esp_loader_reset_target();
        (void)loader_port_change_transmission_rate(FIRST_BAUD);
        show_log();
    }
    loader_port_esp32_deinit();
}
