/* SPDX-License-Identifier: Apache-2.0 */
/* Watchdogs: those that a mask ROM leaves on where the chip is reset over its own USB-Serial/JTAG, and a reset by one. */
#include "chips/watchdogs.h"

#include "loader/command.h"

esp_loader_error_t reflash_disable_watchdogs(esp_loader_t *loader)
{
    enum { ALL = 0xFFFFFFFF };

    reflash_begin(loader);
    if (loader->_chip == NULL) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    if (loader->_stub != NULL) { /* which did it when it started */
        return ESP_LOADER_SUCCESS;
    }
    const reflash_watchdogs_t *dogs = reflash_watchdogs_of(loader->_chip);
    if (dogs == NULL || dogs->super_config == 0) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    const uint32_t feeds_itself = UINT32_C(1) << dogs->super_feed_bit;
    const uint32_t super_unlock = dogs->super_config + 4;
    const uint32_t entries[][4] = {
        {dogs->unlock, REFLASH_WATCHDOG_KEY, ALL, 0},
        {dogs->config, 0, ALL, 0},
        {dogs->unlock, 0, ALL, 0},
        {super_unlock, dogs->super_key, ALL, 0},
        {dogs->super_config, feeds_itself, feeds_itself, 0},
        {super_unlock, 0, ALL, 0},
    };
    return reflash_write_registers(loader, entries[0], sizeof(entries) / sizeof(entries[0]));
}

esp_loader_error_t reflash_reset_by_watchdog(esp_loader_t *loader)
{
    enum { CONFIG1 = 4, WRITE_PROTECT = 0x18, TICKS = 2000, WAIT_MS = 500, ALL = 0xFFFFFFFF };
    const uint32_t start = 0xD0000102; /* on; its first stage resets the system; pulses of medium length */

    RETURN_ON_ERROR(reflash_begin_connected(loader, true));
    const reflash_watchdogs_t *dogs = reflash_watchdogs_of(loader->_chip);
    if (dogs == NULL || !dogs->resets) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    const uint32_t base = dogs->config;
    const uint32_t entries[][4] = {
        {base + WRITE_PROTECT, REFLASH_WATCHDOG_KEY, ALL, 0},
        {base + CONFIG1, TICKS, ALL, 0},
        {base, start, ALL, 0},
        {base + WRITE_PROTECT, 0, ALL, 0},
    };
    RETURN_ON_ERROR(reflash_write_registers(loader, entries[0], sizeof(entries) / sizeof(entries[0])));
    loader->_port->ops->delay_ms(loader->_port, WAIT_MS);
    loader->_chip = NULL;
    return ESP_LOADER_SUCCESS;
}
