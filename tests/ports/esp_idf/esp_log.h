/* SPDX-License-Identifier: Apache-2.0 */
/** A part of ESP-IDF's header of this name. */
#pragma once

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

typedef enum {
    ESP_LOG_NONE,
    ESP_LOG_ERROR,
    ESP_LOG_WARN,
    ESP_LOG_INFO,
    ESP_LOG_DEBUG,
    ESP_LOG_VERBOSE
} esp_log_level_t;

void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void esp_log_buffer_hex_internal(const char *tag, const void *buffer, uint16_t bytes, esp_log_level_t level);

#define ESP_LOG_LEVEL(level, tag, ...) esp_log_write(level, tag, __VA_ARGS__)
#define ESP_LOG_BUFFER_HEX_LEVEL(tag, buffer, bytes, level) esp_log_buffer_hex_internal(tag, buffer, bytes, level)

/** Milliseconds since the start. */
uint32_t esp_log_timestamp(void);

/* What programs use goes to the console. */
#define FAKE_LOG(letter, tag, format, ...)                                                                             \
    ((void)printf(letter " (%" PRIu32 ") %s: " format "\n", esp_log_timestamp(), tag, ##__VA_ARGS__))
#define ESP_LOGE(tag, format, ...) FAKE_LOG("E", tag, format, ##__VA_ARGS__)
#define ESP_LOGW(tag, format, ...) FAKE_LOG("W", tag, format, ##__VA_ARGS__)
#define ESP_LOGI(tag, format, ...) FAKE_LOG("I", tag, format, ##__VA_ARGS__)
