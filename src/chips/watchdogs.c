/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdogs: those that reset a chip as its reset pin does, and those that go on while a loader is spoken to over the
 * chip's own USB-Serial/JTAG. */
#include "chips/watchdogs.h"

#define NEWER_KEY .super_key = REFLASH_WATCHDOG_KEY, .super_feed_bit = 18
#define OLDER_KEY .super_key = 0x8F1D312A, .super_feed_bit = 31

/* clang-format off */
static const reflash_watchdogs_t rows[] = {
    {.chip_id =  2, .resets = true, .config = 0x3F408094},                                                              /* ESP32-S2  */
    {.chip_id = 12, .resets = true, .config = 0x60008084},                                                              /* ESP32-C2  */
    {.chip_id = 32, .resets = true, .config = 0x20801000},                                                              /* ESP32-S31 */
    {.chip_id =  5, .resets = true, .config = 0x60008090, .unlock = 0x600080A8, .super_config = 0x600080AC, OLDER_KEY}, /* ESP32-C3  */
    {.chip_id =  9, .resets = true, .config = 0x60008098, .unlock = 0x600080B0, .super_config = 0x600080B4, OLDER_KEY}, /* ESP32-S3  */
    {.chip_id = 13, .config = 0x600B1C00, .unlock = 0x600B1C18, .super_config = 0x600B1C1C, NEWER_KEY}, /* ESP32-C6  */
    {.chip_id = 16, .config = 0x600B1C00, .unlock = 0x600B1C1C, .super_config = 0x600B1C20, NEWER_KEY}, /* ESP32-H2  */
    {.chip_id = 18, .resets = true, .config = 0x50116000, .unlock = 0x50116018, .super_config = 0x5011601C, NEWER_KEY}, /* ESP32-P4  */
    {.chip_id = 20, .resets = true, .config = 0x600B1C00, .unlock = 0x600B1C18, .super_config = 0x600B1C1C, NEWER_KEY}, /* ESP32-C61 */
    {.chip_id = 23, .resets = true, .config = 0x600B1C00, .unlock = 0x600B1C18, .super_config = 0x600B1C1C, NEWER_KEY}, /* ESP32-C5  */
    {.chip_id = 25, .config = 0x600B1C00, .unlock = 0x600B1C1C, .super_config = 0x600B1C20, NEWER_KEY}, /* ESP32-H21 */
    {.chip_id = 28, .config = 0x60090048, .unlock = 0x60090064, .super_config = 0x600B541C, NEWER_KEY}, /* ESP32-H4  */
};
/* clang-format on */

const reflash_watchdogs_t *reflash_watchdogs_of(const reflash_chip_t *chip)
{
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (rows[row].chip_id == chip->chip_id) {
            return &rows[row];
        }
    }
    return NULL;
}
