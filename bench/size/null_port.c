/* SPDX-License-Identifier: Apache-2.0 */
/* A port to nowhere and three images of four bytes: the part of a host program that `make size` does not
 * count. */
#include "three_images.h"

static const uint8_t data[4] = {0xE9};
static const uint8_t md5_digits[] = "00000000000000000000000000000000";

const struct image three_images[IMAGE_COUNT] = {
    {.flash_addr = 0x1000, .bytes = sizeof(data), .data = data, .md5_digits = md5_digits},
    {.flash_addr = 0x8000, .bytes = sizeof(data), .data = data, .md5_digits = md5_digits},
    {.flash_addr = 0x10000, .bytes = sizeof(data), .data = data, .md5_digits = md5_digits},
};

static void set_lines(esp_loader_port_t *port)
{
    (void)port;
}

static void wait(esp_loader_port_t *port, uint32_t ms)
{
    (void)port;
    (void)ms;
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    (void)port;
    return 0;
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *port, uint32_t rate)
{
    (void)port;
    (void)rate;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t write(esp_loader_port_t *port, const uint8_t *bytes, uint16_t size, uint32_t timeout)
{
    (void)port;
    (void)bytes;
    (void)size;
    (void)timeout;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t read(esp_loader_port_t *port, uint8_t *bytes, uint16_t size, uint32_t timeout)
{
    (void)port;
    (void)bytes;
    (void)size;
    (void)timeout;
    return ESP_LOADER_ERROR_TIMEOUT;
}

static const esp_loader_port_ops_t ops = {
    .enter_bootloader = set_lines,
    .reset_target = set_lines,
    .start_timer = wait,
    .remaining_time = remaining_time,
    .delay_ms = wait,
    .change_transmission_rate = change_transmission_rate,
    .write = write,
    .read = read,
};

esp_loader_port_t null_port = {.ops = &ops};
