/* SPDX-License-Identifier: Apache-2.0 */
/* A program for generation 1.8 of the API, on a line where nobody answers. */
#include <stdio.h>

#include <esp_loader.h>
#include <esp_loader_io.h>

esp_loader_error_t loader_port_change_transmission_rate(uint32_t rate)
{
    (void)rate;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t loader_port_write(const uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)data;
    (void)size;
    (void)timeout;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t loader_port_read(uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)data;
    (void)size;
    (void)timeout;
    return ESP_LOADER_ERROR_TIMEOUT;
}

void loader_port_delay_ms(uint32_t ms)
{
    (void)ms;
}

void loader_port_start_timer(uint32_t ms)
{
    (void)ms;
}

uint32_t loader_port_remaining_time(void)
{
    return 0;
}

void loader_port_enter_bootloader(void)
{
}

void loader_port_reset_target(void)
{
}

void loader_port_debug_print(const char *text)
{
    puts(text);
}

int main(void)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    return esp_loader_connect(&args) == ESP_LOADER_ERROR_TIMEOUT ? 0 : 1;
}
