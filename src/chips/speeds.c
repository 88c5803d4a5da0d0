/* SPDX-License-Identifier: Apache-2.0 */
#include "chips/speeds.h"

const reflash_speeds_t *reflash_speeds(const reflash_chip_t *chip, bool stub)
{
    static const reflash_speeds_t speeds[2][2] = {
        {{5500, 2000}, {2330, 1000}}, /* mask ROMs, of the ESP32 and ESP8266 faster ones */
        {{3800, 2000}, {800, 200}},   /* a stub, which raises the clock of some */
    };
    const uint32_t fast_roms = 1u << ESP32_CHIP | 1u << ESP8266_CHIP;
    const uint32_t raised = fast_roms | 1u << ESP32S2_CHIP | 1u << ESP32P4_CHIP;
    return &speeds[stub][(stub ? raised : fast_roms) >> chip->target & 1];
}
