/* SPDX-License-Identifier: Apache-2.0 */
/* One device for each node of the devicetree that is compatible with "espressif,esp-loader" and okay. */
#define DT_DRV_COMPAT espressif_esp_loader

#include <errno.h>

#include "zephyr_port.h"

typedef struct {
    esp_loader_config_t config;
    esp_loader_connect_args_t connect_args;
} fixed_t;

typedef struct {
    zephyr_port_t port;
    esp_loader_t loader;
} state_t;

static int open_device(const struct device *dev)
{
    state_t *state = dev->data;
    return esp_loader_init_serial(&state->loader, &state->port.port) == ESP_LOADER_SUCCESS ? 0 : -EIO;
}

/* clang-format off */
#define DEFINE_DEVICE(inst)                                                                                            \
    static const fixed_t fixed_##inst = {                                                                              \
        .config = {.uart_dev = DEVICE_DT_GET(DT_INST_PHANDLE(inst, uart)),                                             \
                   .enable_spec = GPIO_DT_SPEC_INST_GET(inst, reset_gpios),                                            \
                   .boot_spec = GPIO_DT_SPEC_INST_GET(inst, boot_gpios),                                               \
                   .baud_rate = DT_INST_PROP(inst, default_baudrate),                                                  \
                   .baud_rate_high = DT_INST_PROP(inst, higher_baudrate)},                                             \
        .connect_args = {.sync_timeout = DT_INST_PROP(inst, sync_timeout_ms),                                          \
                         .trials = DT_INST_PROP(inst, num_trials)},                                                    \
    };                                                                                                                 \
    static state_t state_##inst = {.port = {.port = {&zephyr_uart_ops}, .config = &fixed_##inst.config}};              \
    DEVICE_DT_INST_DEFINE(inst, open_device, NULL, &state_##inst, &fixed_##inst, POST_KERNEL,                          \
                          CONFIG_KERNEL_INIT_PRIORITY_DEVICE, NULL);
/* clang-format on */

DT_INST_FOREACH_STATUS_OKAY(DEFINE_DEVICE)

esp_loader_t *esp_loader_from_device(const struct device *dev)
{
    state_t *state = dev->data;
    return &state->loader;
}

const esp_loader_config_t *esp_loader_config_from_device(const struct device *dev)
{
    const fixed_t *fixed = dev->config;
    return &fixed->config;
}

const esp_loader_connect_args_t *esp_loader_connect_args_from_device(const struct device *dev)
{
    const fixed_t *fixed = dev->config;
    return &fixed->connect_args;
}

esp_loader_port_t *zephyr_port_from_device(const struct device *dev)
{
    state_t *state = dev->data;
    return &state->port.port;
}
