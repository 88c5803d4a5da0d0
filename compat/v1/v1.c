/* SPDX-License-Identifier: Apache-2.0 */
/* The context of generation 1.8, and its functions: each is one of 2.x with that context. */
#include <stdio.h>
#include <string.h>

#include "v1.h"

static struct {
    esp_loader_t loader;
    esp_loader_port_t port;
    esp_loader_flash_cfg_t write;
    uint32_t left_bytes; /* of the image that is being written */
    esp_loader_mem_cfg_t load;
} v1;

/* --- The port, as far as links do not differ ------------------------------------------------------- */

/* Programs need not have it. Another compiler than these two wants it. */
#ifdef __GNUC__
#pragma weak loader_port_debug_print
#endif

void reflash_v1_enter_bootloader(esp_loader_port_t *port)
{
    (void)port;
    loader_port_enter_bootloader();
}

void reflash_v1_port_reset(esp_loader_port_t *port)
{
    (void)port;
    loader_port_reset_target();
}

void reflash_v1_start_timer(esp_loader_port_t *port, uint32_t ms)
{
    (void)port;
    loader_port_start_timer(ms);
}

uint32_t reflash_v1_remaining_time(esp_loader_port_t *port)
{
    (void)port;
    return loader_port_remaining_time();
}

void reflash_v1_delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    (void)port;
    loader_port_delay_ms(ms);
}

void reflash_v1_log(esp_loader_port_t *port, esp_loader_log_level_t level, const char *fmt, va_list args)
{
    (void)port;
    (void)level;
#if SERIAL_FLASHER_LOG_LEVEL > ESP_LOADER_LOG_NONE
    char line[128]; /* a longer one loses its end */
    if (loader_port_debug_print != NULL && vsnprintf(line, sizeof(line), fmt, args) >= 0) {
        loader_port_debug_print(line);
    }
#else
    (void)fmt; /* the library says nothing */
    (void)args;
#endif
}

/* --- Connecting ------------------------------------------------------------------------------------ */

esp_loader_error_t reflash_v1_open(const esp_loader_port_ops_t *ops, reflash_v1_init_t init, esp_loader_t **loader)
{
    memset(&v1, 0, sizeof(v1));
    v1.port.ops = ops;
    *loader = &v1.loader;
    return init(&v1.loader, &v1.port);
}

target_chip_t reflash_v1_get_target(void)
{
    return esp_loader_get_target(&v1.loader);
}

void reflash_v1_reset_target(void)
{
    loader_port_reset_target(); /* this generation does so before a connect, too */
}

esp_loader_error_t reflash_v1_change_transmission_rate(uint32_t transmission_rate)
{
    return esp_loader_change_transmission_rate(&v1.loader, transmission_rate);
}

esp_loader_error_t reflash_v1_change_transmission_rate_stub(uint32_t old_transmission_rate,
                                                            uint32_t new_transmission_rate)
{
    (void)old_transmission_rate; /* the context knows it */
    return esp_loader_change_transmission_rate(&v1.loader, new_transmission_rate);
}

/* --- Flash ----------------------------------------------------------------------------------------- */

esp_loader_error_t reflash_v1_flash_start(uint32_t offset, uint32_t image_size, uint32_t block_size)
{
    v1.write = (esp_loader_flash_cfg_t){.offset = offset, .image_size = image_size, .block_size = block_size};
    v1.left_bytes = image_size;
    return esp_loader_flash_start(&v1.loader, &v1.write);
}

esp_loader_error_t reflash_v1_flash_write(void *payload, uint32_t size)
{
    const uint32_t block_size = v1.write.block_size;
    if (payload != NULL && size < block_size) {
        memset((uint8_t *)payload + size, 0xFF, block_size - size);
        size = block_size;
    }
    if (size == block_size && v1.left_bytes > 0 && v1.left_bytes < size) {
        size = v1.left_bytes;
    }
    RETURN_ON_ERROR(esp_loader_flash_write(&v1.loader, &v1.write, payload, size));
    v1.left_bytes -= size;
    return ESP_LOADER_SUCCESS;
}

/* To end a write compares in 2.x, and only once. Here it does not, and comparing is a call of its own that may
 * come before or after it. So both work on copies. */
static esp_loader_error_t finish_copy(bool skip_verify)
{
    esp_loader_flash_cfg_t copy = v1.write;
    copy.skip_verify = skip_verify;
    return esp_loader_flash_finish(&v1.loader, &copy);
}

esp_loader_error_t reflash_v1_flash_finish(bool reboot)
{
    RETURN_ON_ERROR(finish_copy(true));
    if (reboot) {
        loader_port_reset_target();
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_v1_flash_verify(void)
{
    return finish_copy(false);
}

esp_loader_error_t reflash_v1_flash_verify_known_md5(uint32_t address, uint32_t size, const uint8_t *expected_md5)
{
    return esp_loader_flash_verify_known_md5(&v1.loader, address, size, expected_md5);
}

esp_loader_error_t reflash_v1_flash_detect_size(uint32_t *flash_size)
{
    return esp_loader_flash_detect_size(&v1.loader, flash_size);
}

esp_loader_error_t reflash_v1_flash_read(uint8_t *buf, uint32_t address, uint32_t length)
{
    return esp_loader_flash_read(&v1.loader, buf, address, length);
}

esp_loader_error_t reflash_v1_flash_erase(void)
{
    return esp_loader_flash_erase(&v1.loader);
}

esp_loader_error_t reflash_v1_flash_erase_region(uint32_t offset, uint32_t size)
{
    return esp_loader_flash_erase_region(&v1.loader, offset, size);
}

/* --- RAM, registers, identity ---------------------------------------------------------------------- */

esp_loader_error_t reflash_v1_mem_start(uint32_t offset, uint32_t size, uint32_t block_size)
{
    v1.load = (esp_loader_mem_cfg_t){.offset = offset, .size = size, .block_size = block_size};
    return esp_loader_mem_start(&v1.loader, &v1.load);
}

esp_loader_error_t reflash_v1_mem_write(const void *payload, uint32_t size)
{
    return esp_loader_mem_write(&v1.loader, &v1.load, payload, size);
}

esp_loader_error_t reflash_v1_mem_finish(uint32_t entrypoint)
{
    return esp_loader_mem_finish(&v1.loader, &v1.load, entrypoint);
}

esp_loader_error_t reflash_v1_read_mac(uint8_t *mac)
{
    return esp_loader_read_mac(&v1.loader, mac);
}

esp_loader_error_t reflash_v1_write_register(uint32_t address, uint32_t reg_value)
{
    return esp_loader_write_register(&v1.loader, address, reg_value);
}

esp_loader_error_t reflash_v1_read_register(uint32_t address, uint32_t *reg_value)
{
    return esp_loader_read_register(&v1.loader, address, reg_value);
}

esp_loader_error_t reflash_v1_get_security_info(esp_loader_target_security_info_t *security_info)
{
    return esp_loader_get_security_info(&v1.loader, security_info);
}
