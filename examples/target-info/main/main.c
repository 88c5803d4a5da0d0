/* SPDX-License-Identifier: Apache-2.0 */
/* An ESP32 asks another Espressif chip what it is. Changes nothing on it, and lets its application run again. */
#include <inttypes.h>
#include <stdio.h>

#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp32_port.h"
#include "esp_log.h"
#include "reflash.h"

enum { BAUD = 115200 };

static const char *const TAG = "serial_flasher";

static esp32_port_t port = {
    .port.ops = &esp32_uart_ops,
    .baud_rate = BAUD,
    .uart_port = UART_NUM_1,
    .uart_rx_pin = GPIO_NUM_5,
    .uart_tx_pin = GPIO_NUM_4,
    .reset_pin = GPIO_NUM_25,
    .boot_pin = GPIO_NUM_26,
};

static void tell_failure(const char *what, const esp_loader_t *loader)
{
    const reflash_fault_t fault = reflash_last_fault(loader);
    ESP_LOGE(TAG, "%s: esp_loader_error_t %d, reflash_cause_t %d", what, fault.code, fault.cause);
}

static void tell_mac(esp_loader_t *loader)
{
    uint8_t mac[6];
    if (esp_loader_read_mac(loader, mac) == ESP_LOADER_SUCCESS) {
        ESP_LOGI(TAG, "MAC: %02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    } else {
        tell_failure("MAC", loader);
    }
}

static void tell_flash(esp_loader_t *loader)
{
    uint32_t flash_bytes;
    if (esp_loader_flash_detect_size(loader, &flash_bytes) == ESP_LOADER_SUCCESS) {
        ESP_LOGI(TAG, "Flash: %" PRIu32 " KB", flash_bytes / 1024);
    } else {
        tell_failure("Flash", loader);
    }
}

static const char *on_off(bool is_on)
{
    return is_on ? "on" : "off";
}

static void tell_security(esp_loader_t *loader)
{
    esp_loader_target_security_info_t info;
    const esp_loader_error_t err = esp_loader_get_security_info(loader, &info);
    if (err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
        ESP_LOGI(TAG, "Security: its loader does not tell");
        return;
    }
    if (err != ESP_LOADER_SUCCESS) {
        tell_failure("Security", loader);
        return;
    }
    ESP_LOGI(TAG, "ROM revision: %" PRIu32, info.eco_version);
    ESP_LOGI(TAG, "Secure boot: %s", on_off(info.secure_boot_enabled));
    ESP_LOGI(TAG, "Flash encryption: %s", on_off(info.flash_encryption_enabled));
    ESP_LOGI(TAG, "Secure download mode: %s", on_off(info.secure_download_mode_enabled));
    ESP_LOGI(TAG, "JTAG: %s", on_off(!info.jtag_hardware_disabled && !info.jtag_software_disabled));
    ESP_LOGI(TAG, "USB: %s", on_off(!info.usb_disabled));
}

void app_main(void)
{
    esp_loader_connect_args_t connect_args = ESP_LOADER_CONNECT_DEFAULT();
    esp_loader_t loader;
    reflash_target_t target;
    if (esp_loader_init_serial(&loader, &port.port) != ESP_LOADER_SUCCESS) {
        ESP_LOGE(TAG, "The UART does not open");
        return;
    }
    if (esp_loader_connect(&loader, &connect_args) == ESP_LOADER_SUCCESS && reflash_describe_target(&loader, &target)) {
        printf("Connected to target\n");
        ESP_LOGI(TAG, "Chip: %s", target.name);
        ESP_LOGI(TAG, "Bootloader: at 0x%" PRIx32, target.boot_addr);
        if (target.secure_download) {
            ESP_LOGW(TAG, "It is in secure download mode, and tells little");
        } else {
            tell_mac(&loader);
            tell_flash(&loader);
        }
        tell_security(&loader);
    } else {
        tell_failure("Cannot connect", &loader);
    }
    esp_loader_reset_target(&loader);
    esp_loader_deinit(&loader);
    ESP_LOGI(TAG, "Done!");
}
