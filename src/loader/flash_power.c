/* SPDX-License-Identifier: Apache-2.0 */
/* The supply of an ESP32-P4's flash part. Revisions 3.1 and 3.2 leave it off; their loader can be reached all the same.
 * In an object of its own, which the chip's row names: builds without that chip do not link it. */
#include "loader/command.h"

#define ALL 0xFFFFFFFFu

/* What esptool does, without a bit that it sets twice. Each entry: address, value, mask of the bits to change,
 * microseconds to wait before. The last one changes nothing. */
static const uint32_t power_up[][4] = {
    {0x5011010C, 1, ALL, 0},           {0x501151BC, 1u << 27, 1u << 27, 10000},
    {0x501151B8, 1u << 7, 1u << 7, 0}, {0x501153FC, 3, 3, 0},
    {0x501151BC, 0, 1u << 27, 50},     {0x501151B8, 0, 0xFFu << 23, 0},
    {0x501151B8, 0, 1u << 7, 0},       {0x501151B8, 0, 0, 1800},
};

/* The efuses of a 3.2 may say that its supply is on by itself; then its regulator only must not be forced. */
static esp_loader_error_t powers_itself(esp_loader_t *loader, bool *does)
{
    enum { EFUSE_REG = 0x5012D034, EFUSE_BIT = 16, FORCE_REG = 0x501153FC, FORCE_BITS = 3 };
    uint32_t word;
    RETURN_ON_ERROR(reflash_read_register(loader, EFUSE_REG, &word));
    *does = (word >> EFUSE_BIT & 1) != 0;
    if (!*does) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(reflash_read_register(loader, FORCE_REG, &word));
    if ((word & FORCE_BITS) != FORCE_BITS) {
        return ESP_LOADER_SUCCESS;
    }
    return reflash_write_registers(loader, (const uint32_t[]){FORCE_REG, 0, FORCE_BITS, 0}, 1);
}

esp_loader_error_t reflash_power_esp32p4_flash(void *context)
{
    enum { WITHOUT_POWER = 301, WITH_CHOICE = 302 };
    esp_loader_t *loader = context;
    if (loader->_secure) { /* there are no registers then */
        return ESP_LOADER_SUCCESS;
    }
    uint32_t revision;
    bool is_on = false;
    RETURN_ON_ERROR(reflash_read_revision(loader, &revision));
    if (revision == WITH_CHOICE) {
        RETURN_ON_ERROR(powers_itself(loader, &is_on));
    }
    if (is_on || (revision != WITHOUT_POWER && revision != WITH_CHOICE)) {
        return ESP_LOADER_SUCCESS;
    }
    return reflash_write_registers(loader, power_up[0], sizeof(power_up) / sizeof(power_up[0]));
}
