/* SPDX-License-Identifier: Apache-2.0 */
/* What the two-board example does, over this library, for comparison: from the mask ROM at 230400 baud, the MD5 of each
 * image, and all of an image again, plain and in blocks of 1 KiB, where it differs.
 *
 *   two_board PORT ADDR FILE [ADDR FILE ...] */
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>

#include "linux_port.h"
#include "reflash.h"

enum { FIRST_BAUD = 115200, BAUD = 230400, BLOCK_BYTES = 1024, IMAGE_BYTES_MAX = 16 << 20, MD5_BYTES = 16 };

static esp_loader_error_t write_image(esp_loader_t *loader, uint32_t flash_addr, uint8_t *data, uint32_t bytes)
{
    esp_loader_flash_cfg_t cfg = {.offset = flash_addr, .image_size = bytes, .block_size = BLOCK_BYTES};
    RETURN_ON_ERROR(esp_loader_flash_start(loader, &cfg));
    for (uint32_t done_bytes = 0; done_bytes < bytes;) {
        const uint32_t left_bytes = bytes - done_bytes;
        const uint32_t block_bytes = left_bytes < BLOCK_BYTES ? left_bytes : BLOCK_BYTES;
        RETURN_ON_ERROR(esp_loader_flash_write(loader, &cfg, data + done_bytes, block_bytes));
        done_bytes += block_bytes;
    }
    return esp_loader_flash_finish(loader, &cfg);
}

static esp_loader_error_t bring(esp_loader_t *loader, uint32_t flash_addr, uint8_t *data, uint32_t bytes)
{
    uint8_t md5[MD5_BYTES];
    uint8_t digits[2 * MD5_BYTES];
    if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data, bytes, md5) != 0) {
        return ESP_LOADER_ERROR_FAIL;
    }
    for (unsigned at = 0; at < sizeof(digits); at++) {
        digits[at] = (uint8_t) "0123456789abcdef"[md5[at / 2] >> (at % 2 == 0 ? 4 : 0) & 0xF];
    }
    const esp_loader_error_t err = esp_loader_flash_verify_known_md5(loader, flash_addr, bytes, digits);
    return err == ESP_LOADER_ERROR_INVALID_MD5 ? write_image(loader, flash_addr, data, bytes) : err;
}

static esp_loader_error_t bring_all(esp_loader_t *loader, int word_count, char **words)
{
    esp_loader_connect_args_t connect_args = ESP_LOADER_CONNECT_DEFAULT();
    RETURN_ON_ERROR(esp_loader_connect(loader, &connect_args));
    RETURN_ON_ERROR(esp_loader_change_transmission_rate(loader, BAUD));
    uint8_t *data = malloc(IMAGE_BYTES_MAX);
    esp_loader_error_t err = data != NULL ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
    for (int at = 0; at + 1 < word_count && err == ESP_LOADER_SUCCESS; at += 2) {
        FILE *file = fopen(words[at + 1], "rb");
        err = file != NULL ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
        if (file != NULL) {
            const size_t bytes = fread(data, 1, IMAGE_BYTES_MAX, file);
            (void)fclose(file);
            err = bring(loader, (uint32_t)strtoul(words[at], NULL, 0), data, (uint32_t)bytes);
        }
    }
    free(data);
    if (err == ESP_LOADER_SUCCESS) {
        esp_loader_reset_target(loader);
    }
    return err;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        (void)fprintf(stderr, "Usage: two_board PORT ADDR FILE [ADDR FILE ...]\n");
        return 2;
    }
    linux_port_t port = {
        .port = {&linux_uart_ops}, .device = argv[1], .baudrate = FIRST_BAUD, .gpio_mode = LINUX_GPIO_DTR_RTS};
    esp_loader_t loader;
    esp_loader_error_t err = esp_loader_init_serial(&loader, &port.port);
    if (err == ESP_LOADER_SUCCESS) {
        err = bring_all(&loader, argc - 2, argv + 2);
        esp_loader_deinit(&loader);
    }
    return (int)err;
}
