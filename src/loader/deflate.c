/* SPDX-License-Identifier: Apache-2.0 */
/* Flash writes of a zlib stream, which the target unpacks. The stream passes through as it is: a byte behind its end
 * would hang a mask ROM. */
#include "loader/command.h"

/* The most that deflate packs into a byte; a stub answers a block while it still unpacks the one before. */
enum { UNPACKED_PER_BYTE = 2 * 1032 };

/* Flash that is written, at most, while one block is waited for. */
static uint32_t work_bytes(const esp_loader_flash_deflate_cfg_t *cfg)
{
    const uint32_t unpacked_bytes = cfg->block_size * UNPACKED_PER_BYTE;
    return unpacked_bytes < cfg->image_size ? unpacked_bytes : cfg->image_size;
}

esp_loader_error_t esp_loader_flash_deflate_start(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, cfg != NULL && cfg->image_size != 0 && cfg->compressed_size != 0 &&
                                                        cfg->offset % REFLASH_SECTOR_BYTES == 0 &&
                                                        reflash_is_block_size(loader, cfg->block_size)));
    cfg->_state.begun = false;
    cfg->_state.sequence = 0;
    cfg->_state.written_bytes = 0;
    if (!reflash_knows(loader, REFLASH_FLASH_DEFL_BEGIN) || (loader->_stub == NULL && loader->_chip->whole_windows)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    RETURN_ON_ERROR(reflash_begin_write(loader, REFLASH_FLASH_DEFL_BEGIN, cfg->offset, cfg->image_size,
                                        (cfg->compressed_size - 1) / cfg->block_size + 1, cfg->block_size));
    cfg->_state.begun = true;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_flash_deflate_write(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg,
                                                  void *payload, uint32_t size)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, cfg != NULL && cfg->_state.begun && payload != NULL && size != 0));
    const uint32_t left_bytes = cfg->compressed_size - cfg->_state.written_bytes;
    if (size > left_bytes) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    /* The number of blocks was announced: a shorter one in between would make it wrong. */
    if (size != (left_bytes < cfg->block_size ? left_bytes : cfg->block_size)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    RETURN_ON_ERROR(reflash_write_block(loader,
                                        &(reflash_request_t){.opcode = REFLASH_FLASH_DEFL_DATA,
                                                             .only_answer_tells = size == left_bytes,
                                                             .data = payload,
                                                             .data_bytes = (uint16_t)size,
                                                             .work_bytes = work_bytes(cfg)},
                                        &cfg->_state.sequence));
    cfg->_state.written_bytes += size;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_flash_deflate_finish(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, cfg != NULL && cfg->_state.begun));
    cfg->_state.begun = false;
    if (cfg->_state.written_bytes != cfg->compressed_size) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    return reflash_end_write(loader, REFLASH_FLASH_DEFL_END, work_bytes(cfg));
}
