/* SPDX-License-Identifier: Apache-2.0 */
/* Flash writes of a zlib stream, which the target unpacks. The stream passes through as it is: a byte behind its end
 * would hang a mask ROM. */
#include "loader/command.h"

/* The most that deflate packs into a byte; a stub answers a block while it still unpacks the one before. */
enum { UNPACKED_PER_BYTE = 2 * 1032 };

esp_loader_error_t esp_loader_flash_deflate_start(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, cfg != NULL && cfg->image_size != 0 && cfg->compressed_size != 0 &&
                                                        cfg->offset % REFLASH_SECTOR_BYTES == 0 &&
                                                        reflash_is_block_size(loader, cfg->block_size)));
    cfg->_state.data_opcode = 0;
    if (!reflash_knows(loader, REFLASH_FLASH_DEFL_BEGIN) || (loader->_stub == NULL && loader->_chip->whole_windows)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    RETURN_ON_ERROR(reflash_flash_range(loader, cfg->offset, cfg->image_size));
    const uint32_t words[] = {cfg->image_size, (cfg->compressed_size - 1) / cfg->block_size + 1, cfg->block_size,
                              cfg->offset, 0};
    RETURN_ON_ERROR(
        reflash_ask_work(loader, REFLASH_FLASH_DEFL_BEGIN, words, reflash_begin_words(loader), cfg->image_size));
    reflash_transfer_start(&cfg->_state, REFLASH_FLASH_DEFL_DATA, cfg->compressed_size, cfg->block_size);
    cfg->_state.unit_bytes =
        (uint16_t)cfg->block_size; /* their number was announced: a shorter one would make it wrong */
    const uint32_t unpacked_bytes = cfg->block_size * UNPACKED_PER_BYTE;
    cfg->_state.work_bytes = unpacked_bytes < cfg->image_size ? unpacked_bytes : cfg->image_size;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_flash_deflate_write(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg,
                                                  void *payload, uint32_t size)
{
    return reflash_transfer_write(loader, cfg != NULL ? &cfg->_state : NULL, payload, size);
}

esp_loader_error_t esp_loader_flash_deflate_finish(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg)
{
    return reflash_transfer_end(loader, cfg != NULL ? &cfg->_state : NULL);
}
