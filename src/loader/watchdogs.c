/* SPDX-License-Identifier: Apache-2.0 */
/* Watchdogs that a mask ROM leaves on where the chip is reset over its own USB-Serial/JTAG. */
#include "chips/watchdogs.h"

#include "loader/command.h"

esp_loader_error_t reflash_disable_watchdogs(esp_loader_t *loader)
{
    enum { ALL = 0xFFFFFFFF };

    reflash_begin(loader);
    if (loader->_chip == NULL) {
        return reflash_fail(loader, ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT);
    }
    if (loader->_stub != NULL) { /* which did it when it started */
        return ESP_LOADER_SUCCESS;
    }
    const reflash_watchdogs_t *dogs = reflash_watchdogs_of(loader->_chip);
    if (dogs == NULL) {
        return reflash_fail(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC, REFLASH_CAUSE_ARGUMENT);
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
    return reflash_write_registers(loader, entries, sizeof(entries) / sizeof(entries[0]));
}
