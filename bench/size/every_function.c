/* SPDX-License-Identifier: Apache-2.0 */
/* Names every function of the loader API, esp_loader_*, so that all of them are linked, all three transports with them;
 * without stubs. Not meant to run. */
#include "three_images.h"

#include "reflash.h"

const reflash_stub_t *reflash_stub_find(target_chip_t chip, uint32_t revision)
{
    (void)chip;
    (void)revision;
    return NULL;
}

typedef void (*any_function_t)(void);
#define NAME(function) (any_function_t)(function)

static any_function_t volatile const functions[] = {
    NAME(esp_loader_init_serial),
#ifndef WITHOUT_SPI
    NAME(esp_loader_init_spi),
#endif
#ifndef WITHOUT_SDIO
    NAME(esp_loader_init_sdio),
#endif
    NAME(esp_loader_deinit),
    NAME(esp_loader_connect),
    NAME(esp_loader_connect_with_stub),
    NAME(esp_loader_connect_secure_download_mode),
    NAME(esp_loader_get_target),
    NAME(esp_loader_reset_target),
    NAME(esp_loader_change_transmission_rate),
    NAME(esp_loader_flash_start),
    NAME(esp_loader_flash_write),
    NAME(esp_loader_flash_finish),
    NAME(esp_loader_flash_deflate_start),
    NAME(esp_loader_flash_deflate_write),
    NAME(esp_loader_flash_deflate_finish),
    NAME(esp_loader_flash_detect_size),
    NAME(esp_loader_flash_read),
    NAME(esp_loader_flash_erase),
    NAME(esp_loader_flash_erase_region),
    NAME(esp_loader_flash_verify_known_md5),
    NAME(esp_loader_mem_start),
    NAME(esp_loader_mem_write),
    NAME(esp_loader_mem_finish),
    NAME(esp_loader_read_mac),
    NAME(esp_loader_write_register),
    NAME(esp_loader_read_register),
    NAME(esp_loader_get_security_info),
};

int main(void)
{
    for (unsigned at = 0; at < sizeof(functions) / sizeof(functions[0]); at++) {
        functions[at]();
    }
    return (int)(uintptr_t)&null_port;
}
