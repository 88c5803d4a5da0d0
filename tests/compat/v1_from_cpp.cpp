// SPDX-License-Identifier: Apache-2.0
// Generation 1.8 from C++. Returns how much went wrong.
#include <cstdint>

#include "esp_loader.h"
#include "esp_loader_io.h"

extern "C" {
#include "v1_port.h"
}

int v1_from_cpp(espsim_t *sim);

int v1_from_cpp(espsim_t *sim)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    std::uint8_t payload[64] = {1, 2, 3};
    int failures = 0;
    v1_port_start(sim);
    failures += esp_loader_connect(&args) == ESP_LOADER_SUCCESS ? 0 : 1;
    failures += esp_loader_get_target() == ESP32C3_CHIP ? 0 : 1;
    failures += esp_loader_flash_start(0x3000, sizeof(payload), sizeof(payload)) == ESP_LOADER_SUCCESS ? 0 : 1;
    failures += esp_loader_flash_write(payload, 3) == ESP_LOADER_SUCCESS ? 0 : 1;
    failures += esp_loader_flash_verify() == ESP_LOADER_SUCCESS ? 0 : 1;
    failures += esp_loader_flash_finish(true) == ESP_LOADER_SUCCESS ? 0 : 1;
    return failures;
}
