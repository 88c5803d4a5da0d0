/* SPDX-License-Identifier: Apache-2.0 */
/* Flash writes of a zlib stream, which the target unpacks. The stream passes through as it is: a byte behind its end
 * would hang a mask ROM. */
#include "loader/command.h"

enum {
    BEGIN_WORDS_STUB = 4,
    /* The most that deflate packs into a byte; a stub answers a block while it still unpacks the one before. */
    UNPACKED_PER_BYTE = 2 * 1032
};

static esp_loader_error_t refuse(esp_loader_t *loader, esp_loader_error_t code)
{
    return reflash_fail(loader, code, REFLASH_CAUSE_ARGUMENT);
}

/* Flash that is written, at most, while one block is waited for. */
static uint32_t work_bytes(const esp_loader_flash_deflate_cfg_t *cfg)
{
    const uint32_t unpacked_bytes = cfg->block_size * UNPACKED_PER_BYTE;
    return unpacked_bytes < cfg->image_size ? unpacked_bytes : cfg->image_size;
}

esp_loader_error_t esp_loader_flash_deflate_start(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg)
{
    reflash_begin(loader);
    if (loader->_chip == NULL || cfg == NULL || cfg->image_size == 0 || cfg->compressed_size == 0 ||
        cfg->offset % REFLASH_SECTOR_BYTES != 0 || !reflash_is_block_size(loader, cfg->block_size)) {
        return refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    cfg->_state.begun = false;
    cfg->_state.sequence = 0;
    cfg->_state.written_bytes = 0;
    const bool rom = loader->_stub == NULL;
    if (!reflash_knows(loader, REFLASH_FLASH_DEFL_BEGIN) || (rom && loader->_chip->whole_windows)) {
        return refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    RETURN_ON_ERROR(reflash_flash_range(loader, cfg->offset, cfg->image_size));
    const uint32_t words[] = {cfg->image_size, (cfg->compressed_size - 1) / cfg->block_size + 1, cfg->block_size,
                              cfg->offset, 0};
    RETURN_ON_ERROR(
        reflash_ask(loader, &(reflash_command_t){.opcode = REFLASH_FLASH_DEFL_BEGIN,
                                                 .words = words,
                                                 .word_count = rom ? loader->_chip->begin_words : BEGIN_WORDS_STUB,
                                                 .work_bytes = cfg->image_size}));
    cfg->_state.begun = true;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_flash_deflate_write(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg,
                                                  void *payload, uint32_t size)
{
    reflash_begin(loader);
    if (loader->_chip == NULL || cfg == NULL || !cfg->_state.begun || payload == NULL || size == 0) {
        return refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    const uint32_t left_bytes = cfg->compressed_size - cfg->_state.written_bytes;
    if (size > left_bytes) {
        return refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    /* The number of blocks was announced: a shorter one in between would make it wrong. */
    if (size != (left_bytes < cfg->block_size ? left_bytes : cfg->block_size)) {
        return refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    RETURN_ON_ERROR(reflash_write_block(loader,
                                        &(reflash_block_t){.opcode = REFLASH_FLASH_DEFL_DATA,
                                                           .is_last_of_stream = size == left_bytes,
                                                           .data = payload,
                                                           .bytes = (uint16_t)size,
                                                           .work_bytes = work_bytes(cfg)},
                                        &cfg->_state.sequence));
    cfg->_state.written_bytes += size;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_flash_deflate_finish(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg)
{
    reflash_begin(loader);
    if (loader->_chip == NULL || cfg == NULL || !cfg->_state.begun) {
        return refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    cfg->_state.begun = false;
    if (cfg->_state.written_bytes != cfg->compressed_size) {
        return refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    return reflash_end_write(loader, REFLASH_FLASH_DEFL_END, work_bytes(cfg));
}
