/* SPDX-License-Identifier: Apache-2.0 */
/* A program for generation 2, with a port of its own: the same job. */
#include <string.h>

#include "bench.h"
#include "esp_loader.h"
#include "esp_loader_io.h"

typedef struct {
    esp_loader_port_t port;
    espsim_t *sim;
    uint32_t baud;
    uint64_t deadline_ns;
} my_port_t;

static const uint64_t ns_per_ms = 1000000;

static void my_delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    my_port_t *my = container_of(port, my_port_t, port);
    espsim_advance(my->sim, espsim_now(my->sim) + ms * ns_per_ms);
}

static void pull_reset(my_port_t *my, bool boot_low)
{
    uint8_t stale;
    espsim_set_lines(my->sim, true, boot_low);
    my_delay_ms(&my->port, 100);
    while (espsim_transmit(my->sim, &stale, my->baud)) {
    }
    espsim_set_lines(my->sim, false, boot_low);
    my_delay_ms(&my->port, 50);
    espsim_set_lines(my->sim, false, false);
}

static void my_enter_bootloader(esp_loader_port_t *port)
{
    pull_reset(container_of(port, my_port_t, port), true);
}

static void my_reset_target(esp_loader_port_t *port)
{
    pull_reset(container_of(port, my_port_t, port), false);
}

static void my_start_timer(esp_loader_port_t *port, uint32_t ms)
{
    my_port_t *my = container_of(port, my_port_t, port);
    my->deadline_ns = espsim_now(my->sim) + ms * ns_per_ms;
}

static uint32_t my_remaining_time(esp_loader_port_t *port)
{
    const my_port_t *my = container_of(port, my_port_t, port);
    const uint64_t now_ns = espsim_now(my->sim);
    return now_ns < my->deadline_ns ? (uint32_t)((my->deadline_ns - now_ns + ns_per_ms - 1) / ns_per_ms) : 0;
}

static esp_loader_error_t my_change_rate(esp_loader_port_t *port, uint32_t rate)
{
    container_of(port, my_port_t, port)->baud = rate;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t my_write(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    const my_port_t *my = container_of(port, my_port_t, port);
    (void)timeout;
    for (uint16_t at = 0; at < size; at++) {
        espsim_advance(my->sim, espsim_now(my->sim) + UINT64_C(10000000000) / my->baud);
        espsim_receive(my->sim, data[at], my->baud);
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t my_read(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    const my_port_t *my = container_of(port, my_port_t, port);
    const uint64_t deadline_ns = espsim_now(my->sim) + timeout * ns_per_ms;
    for (uint16_t at = 0; at < size;) {
        const uint64_t next_ns = espsim_next_event(my->sim);
        if (espsim_transmit(my->sim, &data[at], my->baud)) {
            at++;
        } else if (espsim_now(my->sim) >= deadline_ns) {
            return ESP_LOADER_ERROR_TIMEOUT;
        } else {
            espsim_advance(my->sim, next_ns < deadline_ns ? next_ns : deadline_ns);
        }
    }
    return ESP_LOADER_SUCCESS;
}

static const esp_loader_port_ops_t my_ops = {
    .enter_bootloader = my_enter_bootloader,
    .reset_target = my_reset_target,
    .start_timer = my_start_timer,
    .remaining_time = my_remaining_time,
    .delay_ms = my_delay_ms,
    .change_transmission_rate = my_change_rate,
    .write = my_write,
    .read = my_read,
};

static esp_loader_error_t write_image(esp_loader_t *loader, const bench_image_t *image)
{
    esp_loader_flash_cfg_t cfg = {.offset = image->flash_addr, .image_size = image->size, .block_size = 1024};
    RETURN_ON_ERROR(esp_loader_flash_start(loader, &cfg));
    for (uint32_t at = 0; at < image->size; at += cfg.block_size) {
        const uint32_t left = image->size - at;
        RETURN_ON_ERROR(
            esp_loader_flash_write(loader, &cfg, image->data + at, left < cfg.block_size ? left : cfg.block_size));
    }
    return esp_loader_flash_finish(loader, &cfg);
}

static esp_loader_error_t update(esp_loader_t *loader, const bench_image_t *images, unsigned image_count,
                                 job_result_t *result)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    RETURN_ON_ERROR(esp_loader_connect(loader, &args));
    RETURN_ON_ERROR(esp_loader_change_transmission_rate(loader, 230400));
    for (unsigned at = 0; at < image_count; at++) {
        esp_loader_error_t err =
            esp_loader_flash_verify_known_md5(loader, images[at].flash_addr, images[at].size, images[at].md5);
        if (err == ESP_LOADER_ERROR_INVALID_MD5) {
            err = write_image(loader, &images[at]);
            result->written++;
        } else {
            result->skipped++;
        }
        RETURN_ON_ERROR(err);
    }
    esp_loader_reset_target(loader);
    return ESP_LOADER_SUCCESS;
}

job_result_t v2_program(espsim_t *sim, const bench_image_t *images, unsigned image_count)
{
    job_result_t result = {0};
    my_port_t my = {.port = {.ops = &my_ops}, .sim = sim, .baud = 115200};
    esp_loader_t loader;
    memset(&loader, 0xA5, sizeof(loader)); /* programs do not initialise it */
    esp_loader_error_t err = esp_loader_init_serial(&loader, &my.port);
    if (err == ESP_LOADER_SUCCESS) {
        err = update(&loader, images, image_count, &result);
        esp_loader_deinit(&loader);
    }
    result.error = (int)err;
    return result;
}
