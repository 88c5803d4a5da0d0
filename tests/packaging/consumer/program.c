/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody writes who has reflash installed: tells which chip is behind HOST PORT. Also compiled as C++. */
#include <stdio.h>

#include <esp_loader.h>
#include <reflash.h>
#include <socket_port.h>

int main(int argc, char **argv)
{
    static socket_port_t port;
    static esp_loader_t loader;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();

    if (argc != 3) {
        return 2;
    }
    port.port.ops = &socket_port_ops;
    port.host = argv[1];
    port.service = argv[2];
    if (esp_loader_init_serial(&loader, &port.port) != ESP_LOADER_SUCCESS ||
        esp_loader_connect_with_stub(&loader, &args) != ESP_LOADER_SUCCESS) {
        return 1;
    }
    printf("reflash %s found chip %d\n", REFLASH_VERSION, (int)esp_loader_get_target(&loader));
    esp_loader_deinit(&loader);
    return 0;
}
