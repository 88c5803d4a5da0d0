/* SPDX-License-Identifier: Apache-2.0 */
#include "chips/speeds.h"

const reflash_speeds_t *reflash_speeds(const reflash_chip_t *chip, bool stub)
{
    static const reflash_speeds_t rom = {5500, 2000}, esp32_rom = {2330, 1000};
    static const reflash_speeds_t slow_stub = {3800, 2000}, fast_stub = {800, 200};

    const uint8_t target = chip->target;
    const bool is_esp32 = target == ESP32_CHIP || target == ESP8266_CHIP;
    if (!stub) {
        return is_esp32 ? &esp32_rom : &rom;
    }
    /* It raises the clock of these. */
    return is_esp32 || target == ESP32S2_CHIP || target == ESP32P4_CHIP ? &fast_stub : &slow_stub;
}
