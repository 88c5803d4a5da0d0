/* SPDX-License-Identifier: Apache-2.0 */
/** compat/v1: the API of generation 1.8 on top of esp_loader.h, with the one context that it implies. */
#pragma once

#include "esp_loader.h"
#include "reflash_v1.h"

/** Members of a port that do the same on every link. */
#define REFLASH_V1_COMMON_OPS                                                                                          \
    .enter_bootloader = reflash_v1_enter_bootloader, .reset_target = reflash_v1_port_reset,                            \
    .start_timer = reflash_v1_start_timer, .remaining_time = reflash_v1_remaining_time,                                \
    .delay_ms = reflash_v1_delay_ms, .log = reflash_v1_log

void reflash_v1_enter_bootloader(esp_loader_port_t *port);
void reflash_v1_port_reset(esp_loader_port_t *port);
void reflash_v1_start_timer(esp_loader_port_t *port, uint32_t ms);
uint32_t reflash_v1_remaining_time(esp_loader_port_t *port);
void reflash_v1_delay_ms(esp_loader_port_t *port, uint32_t ms);
void reflash_v1_log(esp_loader_port_t *port, esp_loader_log_level_t level, const char *fmt, va_list args);

typedef esp_loader_error_t (*reflash_v1_init_t)(esp_loader_t *loader, esp_loader_port_t *port);

/** Bind the context anew, to a port with these members, by this function of esp_loader.h. */
esp_loader_error_t reflash_v1_open(const esp_loader_port_ops_t *ops, reflash_v1_init_t init, esp_loader_t **loader);
