/* SPDX-License-Identifier: Apache-2.0 */
/* What an application of Zephyr writes. */
#include <zephyr/device.h>
#include <zephyr/kernel.h>

#include <esp_loader.h>
#include <zephyr_port.h>

int zephyr_main(void);
int zephyr_main(void)
{
    const struct device *dev = DEVICE_DT_GET(DT_CHOSEN(zephyr_esp_loader));
    esp_loader_t *loader = esp_loader_from_device(dev);
    const esp_loader_config_t *config = esp_loader_config_from_device(dev);
    esp_loader_connect_args_t args = *esp_loader_connect_args_from_device(dev);

    if (!device_is_ready(dev) || esp_loader_connect_with_stub(loader, &args) != ESP_LOADER_SUCCESS) {
        return -1;
    }
    if (config->baud_rate_high != 0) {
        esp_loader_change_transmission_rate(loader, config->baud_rate_high);
    }
    return 0;
}
