/* SPDX-License-Identifier: Apache-2.0 */
/* The supply of an ESP32-P4's flash part. Revisions 3.1 and 3.2 leave it off; their loader can be reached all the same.
 * In an object of its own, which the chip's row names: builds without that chip do not link it. */
#include "loader/command.h"

#define ALL (-1)

/* What esptool does, without a bit that it sets twice. The last one changes nothing. */
static const struct {
    uint16_t reg; /* from REGS on */
    uint16_t wait_us;
    int16_t mask;         /* of the bits to change, ... */
    uint8_t value, shift; /* ... and what they become: both to be shifted */
} power_up[] = {
    {0x010C, 0, ALL, 1, 0}, {0x51BC, 10000, 1, 1, 27}, {0x51B8, 0, 1, 1, 7}, {0x53FC, 0, 3, 3, 0},
    {0x51BC, 50, 1, 0, 27}, {0x51B8, 0, 0xFF, 0, 23},  {0x51B8, 0, 1, 0, 7}, {0x51B8, 1800, 0, 0, 0},
};
enum { REGS = 0x50110000, STEPS = sizeof(power_up) / sizeof(power_up[0]) };

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
    if ((loader->_locks & REFLASH_SECURE_DOWNLOAD) != 0) { /* there are no registers then */
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
    uint32_t entries[STEPS][4];
    for (unsigned step = 0; step < STEPS; step++) {
        entries[step][0] = (uint32_t)REGS + power_up[step].reg;
        entries[step][1] = (uint32_t)power_up[step].value << power_up[step].shift;
        entries[step][2] = (uint32_t)power_up[step].mask << power_up[step].shift;
        entries[step][3] = power_up[step].wait_us;
    }
    return reflash_write_registers(loader, entries[0], STEPS);
}
