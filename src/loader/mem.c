/* SPDX-License-Identifier: Apache-2.0 */
/* The target's RAM: writing to it, and starting what was written.
 *
 * Neither the question that tells the address nor the header of a block carries a checksum, a ROM fills up a block
 * that lost a byte with what its buffer held before, and a stub does not look at the checksum at all. So each block's
 * last word is read back: it stands elsewhere if anything went astray. */
#include "loader/command.h"
#include "wire/bytes.h"

enum { WORD_BYTES = 4 };

static esp_loader_error_t refuse(esp_loader_t *loader, esp_loader_error_t code)
{
    return reflash_fail(loader, code, REFLASH_CAUSE_ARGUMENT);
}

/* A block that holds no aligned word is not looked at. */
static esp_loader_error_t check_last_word(esp_loader_t *loader, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    const uint32_t end = addr + bytes;
    const uint32_t word_addr = (end - WORD_BYTES) & ~(uint32_t)(WORD_BYTES - 1);
    if (end - word_addr > bytes) {
        return ESP_LOADER_SUCCESS;
    }
    uint32_t word;
    const esp_loader_error_t err = reflash_read_register(loader, word_addr, &word);
    if (err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC) { /* an SDIO card's ROM tells nothing */
        reflash_begin(loader);
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(err);
    return word == reflash_get_le32(data + (word_addr - addr))
               ? ESP_LOADER_SUCCESS
               : reflash_fail(loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_DIGEST_MISMATCH);
}

esp_loader_error_t esp_loader_mem_start(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg)
{
    reflash_begin(loader);
    if (loader->_chip == NULL || cfg == NULL || cfg->size == 0 || cfg->size > UINT32_MAX - cfg->offset ||
        cfg->block_size == 0 || cfg->block_size > reflash_block_bytes_max(loader)) {
        return refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    cfg->_state.begun = false;
    cfg->_state.sequence = 0;
    cfg->_state.written_bytes = 0;
    const uint32_t words[] = {cfg->size, (cfg->size - 1) / cfg->block_size + 1, cfg->block_size, cfg->offset};
    RETURN_ON_ERROR(reflash_ask(loader, &(reflash_command_t){.opcode = REFLASH_MEM_BEGIN,
                                                             .words = words,
                                                             .word_count = sizeof(words) / sizeof(words[0])}));
    cfg->_state.begun = true;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_mem_write(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg, const void *payload,
                                        uint32_t size)
{
    reflash_begin(loader);
    if (loader->_chip == NULL || cfg == NULL || !cfg->_state.begun || payload == NULL || size == 0 ||
        size > cfg->block_size) {
        return refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    if (size > cfg->size - cfg->_state.written_bytes) {
        return refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    RETURN_ON_ERROR(reflash_write_block(
        loader, &(reflash_block_t){.opcode = REFLASH_MEM_DATA, .data = payload, .bytes = (uint16_t)size},
        &cfg->_state.sequence));
    const uint32_t addr = cfg->offset + cfg->_state.written_bytes;
    cfg->_state.written_bytes += size;
    return check_last_word(loader, addr, payload, size);
}

esp_loader_error_t esp_loader_mem_finish(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg, uint32_t entrypoint)
{
    reflash_begin(loader);
    if (loader->_chip == NULL || cfg == NULL || !cfg->_state.begun) {
        return refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    cfg->_state.begun = false;
    if (cfg->_state.written_bytes != cfg->size) {
        return refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    /* Not repeated: the program may run already. */
    const uint32_t words[] = {entrypoint == 0 ? 1 : 0, entrypoint};
    return reflash_ask_once(loader, &(reflash_command_t){.opcode = REFLASH_MEM_END,
                                                         .words = words,
                                                         .word_count = sizeof(words) / sizeof(words[0])});
}
