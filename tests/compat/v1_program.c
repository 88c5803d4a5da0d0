/* SPDX-License-Identifier: Apache-2.0 */
/* A program for generation 1.8, as its users write them: connect, go faster, compare, write what differs. */
#include <string.h>

#include "bench.h"
#include "esp_loader.h"
#include "esp_loader_io.h"
#include "v1_port.h"

#define HIGHER_BAUD 230400

static uint8_t payload[1024];

static esp_loader_error_t connect_to_target(uint32_t higher_baud)
{
    esp_loader_connect_args_t connect_config = ESP_LOADER_CONNECT_DEFAULT();
    esp_loader_error_t err = esp_loader_connect(&connect_config);
    if (err != ESP_LOADER_SUCCESS) {
        return err;
    }
    if (esp_loader_get_target() != ESP8266_CHIP) {
        err = esp_loader_change_baudrate(higher_baud);
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
        err = loader_port_change_transmission_rate(higher_baud); /* programs of this generation do it themselves */
    }
    return err;
}

static esp_loader_error_t flash_binary(const uint8_t *data, size_t size, size_t address)
{
    esp_loader_error_t err = esp_loader_flash_start((uint32_t)address, (uint32_t)size, sizeof(payload));
    if (err != ESP_LOADER_SUCCESS) {
        return err;
    }
    while (size > 0) {
        const size_t to_read = size < sizeof(payload) ? size : sizeof(payload);
        memcpy(payload, data, to_read);
        err = esp_loader_flash_write(payload, (uint32_t)to_read);
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
        size -= to_read;
        data += to_read;
    }
    return esp_loader_flash_verify();
}

job_result_t v1_program(espsim_t *sim, const bench_image_t *images, unsigned image_count)
{
    job_result_t result = {0};
    v1_port_start(sim);
    esp_loader_error_t err = connect_to_target(HIGHER_BAUD);
    for (unsigned at = 0; at < image_count && err == ESP_LOADER_SUCCESS; at++) {
        err = esp_loader_flash_verify_known_md5(images[at].flash_addr, images[at].size, images[at].md5);
        if (err == ESP_LOADER_ERROR_INVALID_MD5) {
            err = flash_binary(images[at].data, images[at].size, images[at].flash_addr);
            result.written++;
        } else if (err == ESP_LOADER_SUCCESS) {
            result.skipped++;
        }
    }
    if (err == ESP_LOADER_SUCCESS) {
        esp_loader_reset_target();
    }
    result.error = (int)err;
    return result;
}
