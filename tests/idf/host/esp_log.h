/* SPDX-License-Identifier: Apache-2.0 */
/** The part of ESP-IDF's header of this name that programs use, in front of the one that ports use. */
#pragma once

#include <inttypes.h>
#include <stdio.h>

#include_next "esp_log.h"

/** Milliseconds since the start. */
uint32_t esp_log_timestamp(void);

#define FAKE_LOG(letter, tag, format, ...)                                                                             \
    ((void)printf(letter " (%" PRIu32 ") %s: " format "\n", esp_log_timestamp(), tag, ##__VA_ARGS__))

#define ESP_LOGE(tag, format, ...) FAKE_LOG("E", tag, format, ##__VA_ARGS__)
#define ESP_LOGW(tag, format, ...) FAKE_LOG("W", tag, format, ##__VA_ARGS__)
#define ESP_LOGI(tag, format, ...) FAKE_LOG("I", tag, format, ##__VA_ARGS__)
