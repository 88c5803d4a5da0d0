/* SPDX-License-Identifier: Apache-2.0 */
/* The target's RAM: writing to it, and starting what was written.
 *
 * Neither the question that tells the address nor the header of a block carries a checksum, and a ROM fills up a block
 * that lost a byte with what its buffer held before. So the end of each block is read back: it stands elsewhere if
 * anything went astray. A stub does not look at checksums here at all, so there everything is read back. */
#include "loader/command.h"

enum { WORD_BYTES = 4 };

static esp_loader_error_t check_block(esp_loader_t *loader, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    const uint32_t first = loader->_stub != NULL || bytes < WORD_BYTES ? 0 : bytes - WORD_BYTES;
    uint32_t word = 0;
    for (uint32_t at = first; at < bytes; at++) {
        const uint32_t byte = (addr + at) % WORD_BYTES;
        if (at == first || byte == 0) {
            const esp_loader_error_t err = reflash_read_register(loader, addr + at - byte, &word);
            if (err != ESP_LOADER_SUCCESS) {
                return reflash_unless_untold(loader, err); /* as an SDIO card's ROM */
            }
        }
        if ((uint8_t)(word >> (8 * byte)) != data[at]) {
            return reflash_fail(loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_DIGEST_MISMATCH);
        }
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_mem_start(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, cfg != NULL && cfg->size != 0 &&
                                                        cfg->size <= UINT32_MAX - cfg->offset && cfg->block_size != 0 &&
                                                        cfg->block_size <= reflash_block_bytes_max(loader)));
    cfg->_state.begun = false;
    cfg->_state.sequence = 0;
    cfg->_state.written_bytes = 0;
    const uint32_t words[] = {cfg->size, (cfg->size - 1) / cfg->block_size + 1, cfg->block_size, cfg->offset};
    RETURN_ON_ERROR(reflash_ask(loader, REFLASH_MEM_BEGIN, words, sizeof(words) / sizeof(words[0])));
    cfg->_state.begun = true;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_mem_write(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg, const void *payload,
                                        uint32_t size)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, cfg != NULL && cfg->_state.begun && payload != NULL && size != 0 &&
                                                        size <= cfg->block_size));
    if (size > cfg->size - cfg->_state.written_bytes) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    RETURN_ON_ERROR(reflash_write_block(
        loader, &(reflash_request_t){.opcode = REFLASH_MEM_DATA, .data = payload, .data_bytes = (uint16_t)size},
        &cfg->_state.sequence));
    const uint32_t addr = cfg->offset + cfg->_state.written_bytes;
    cfg->_state.written_bytes += size;
    return check_block(loader, addr, payload, size);
}

esp_loader_error_t esp_loader_mem_finish(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg, uint32_t entrypoint)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, cfg != NULL && cfg->_state.begun));
    cfg->_state.begun = false;
    if (cfg->_state.written_bytes != cfg->size) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    /* Not repeated: the program may run already. */
    const uint32_t words[] = {entrypoint == 0 ? 1 : 0, entrypoint};
    RETURN_ON_ERROR(reflash_ask(loader, REFLASH_MEM_END, words, sizeof(words) / sizeof(words[0])));
    /* Damaged on its way, "stay" is "jump to 0". */
    uint32_t magic;
    return entrypoint != 0 ? ESP_LOADER_SUCCESS
                           : reflash_unless_untold(loader, reflash_read_register(loader, REFLASH_MAGIC_ADDR, &magic));
}
