/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's revision, for what depends on it. */
#include "loader/command.h"

esp_loader_error_t reflash_read_revision(esp_loader_t *loader, uint32_t *revision)
{
    const reflash_chip_revisions_t *revisions = loader->_chip->revisions;
    uint32_t word;
    *revision = 0;
    if (revisions == NULL) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(reflash_read_register(loader, revisions->reg, &word));
    const uint32_t top = revisions->top_bit != 0 ? word >> revisions->top_bit & 1 : 0;
    word >>= revisions->shift;
    *revision = 100 * (top << 2 | (word >> 4 & 3)) + (word & 0xF);
    return ESP_LOADER_SUCCESS;
}
