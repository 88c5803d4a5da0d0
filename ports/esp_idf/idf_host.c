/* SPDX-License-Identifier: Apache-2.0 */
#include "idf_host.h"

#include <stdio.h>

#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/task.h"

static const char tag[] = "serial_flasher";

uint32_t reflash_idf_now_ms(void)
{
    return (uint32_t)(esp_timer_get_time() / 1000);
}

TickType_t reflash_idf_ticks(uint32_t ms)
{
    if (ms == 0) {
        return 0;
    }
    const uint64_t ticks = ((uint64_t)ms * configTICK_RATE_HZ + 999) / 1000 + 1;
    return ticks < portMAX_DELAY ? (TickType_t)ticks : portMAX_DELAY - 1; /* portMAX_DELAY is for ever */
}

uint32_t reflash_idf_driver_ms(uint32_t ms)
{
    const uint32_t two_ticks_ms = 2 * portTICK_PERIOD_MS;
    return ms < UINT32_MAX - two_ticks_ms ? ms + two_ticks_ms : UINT32_MAX;
}

esp_loader_error_t reflash_idf_error(esp_err_t err)
{
    switch (err) {
    case ESP_OK:
        return ESP_LOADER_SUCCESS;
    case ESP_ERR_TIMEOUT:
        return ESP_LOADER_ERROR_TIMEOUT;
    default:
        return ESP_LOADER_ERROR_FAIL;
    }
}

esp_err_t reflash_idf_take_pin(gpio_num_t pin, bool level)
{
    if (pin == GPIO_NUM_NC) {
        return ESP_OK;
    }
    esp_err_t err = gpio_reset_pin(pin);
    if (err == ESP_OK) {
        err = gpio_set_level(pin, level); /* first, or the target sees a pulse */
    }
    return err == ESP_OK ? gpio_set_direction(pin, GPIO_MODE_OUTPUT) : err;
}

void reflash_idf_set_pin(gpio_num_t pin, bool level)
{
    if (pin != GPIO_NUM_NC) {
        (void)gpio_set_level(pin, level);
    }
}

void reflash_idf_delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    (void)port;
    vTaskDelay(reflash_idf_ticks(ms));
}

/* Both have the same levels. */
static esp_log_level_t level_of(esp_loader_log_level_t level)
{
    return (esp_log_level_t)level;
}

void reflash_idf_log(esp_loader_port_t *port, esp_loader_log_level_t level, const char *fmt, va_list args)
{
    char text[128];
    (void)port;
    (void)vsnprintf(text, sizeof(text), fmt, args);
    ESP_LOG_LEVEL(level_of(level), tag, "%s", text);
}

void reflash_idf_log_hex(esp_loader_port_t *port, esp_loader_log_level_t level, const char *label, const uint8_t *data,
                         uint32_t size)
{
    (void)port;
    ESP_LOG_LEVEL(level_of(level), tag, "%s", label);
    ESP_LOG_BUFFER_HEX_LEVEL(tag, data, (uint16_t)size, level_of(level));
}
