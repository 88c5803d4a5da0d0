/* SPDX-License-Identifier: Apache-2.0 */
/* Writes that the target encrypts on their way into its flash. */
#include "loader/command.h"

esp_loader_error_t reflash_flash_start_encrypted(esp_loader_t *loader, esp_loader_flash_cfg_t *cfg)
{
    enum { BEGIN_WORDS = 5 };

    reflash_begin(loader);
    if (loader->_chip == NULL || cfg == NULL || cfg->image_size == 0 || cfg->offset % REFLASH_SECTOR_BYTES != 0 ||
        (cfg->image_size | cfg->block_size) % REFLASH_CIPHER_BYTES != 0 ||
        !reflash_is_block_size(loader, cfg->block_size)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    cfg->_state.begun = false;
    if (loader->_chip->begin_words < BEGIN_WORDS || !cfg->skip_verify) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    RETURN_ON_ERROR(reflash_flash_range(loader, cfg->offset, cfg->image_size));
    const uint32_t words[BEGIN_WORDS] = {cfg->image_size, (cfg->image_size + cfg->block_size - 1) / cfg->block_size,
                                         cfg->block_size, cfg->offset, 1};
    RETURN_ON_ERROR(reflash_ask_work(loader, REFLASH_FLASH_BEGIN, words, BEGIN_WORDS, cfg->image_size));
    cfg->_state.sequence = 0;
    cfg->_state.written_bytes = 0;
    cfg->_state.unit_bytes = REFLASH_CIPHER_BYTES;
    cfg->_state.begun = true;
    return ESP_LOADER_SUCCESS;
}
