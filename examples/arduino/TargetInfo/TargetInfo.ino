// SPDX-License-Identifier: Apache-2.0
// Tells which chip hangs on Serial1 (crossed over to its UART0), its boot strap on pin 2 and its reset on pin 3.
#include <arduino_port.h>
#include <esp_loader.h>

static arduino_port_t port;
static esp_loader_t loader;

void setup()
{
    Serial.begin(115200);
    port.port.ops = &arduino_uart_ops;
    port.serial = &Serial1;
    port.baudrate = 115200;
    port.boot_pin = 2;
    port.reset_pin = 3;

    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    uint8_t mac[6];
    if (esp_loader_init_serial(&loader, &port.port) != ESP_LOADER_SUCCESS ||
        esp_loader_connect(&loader, &args) != ESP_LOADER_SUCCESS ||
        esp_loader_read_mac(&loader, mac) != ESP_LOADER_SUCCESS) {
        Serial.println("No target answers");
        return;
    }
    Serial.print("Chip ");
    Serial.print(static_cast<int>(esp_loader_get_target(&loader)));
    Serial.print(", MAC ends in ");
    Serial.println(mac[5], HEX);
    esp_loader_reset_target(&loader);
}

void loop()
{
}
