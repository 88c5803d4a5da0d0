/* SPDX-License-Identifier: Apache-2.0 */
/* Getting a RAM stub to run on a connected target. In an object of its own, so that programs that never ask for a stub
 * do not link the look-up and what it refers to. */
#include "loader/command.h"
#include "wire/bytes.h"

enum {
    ROM_BLOCK_BYTES = 0x1800,
    PIECE_BYTES = 256, /* of a stub that is read from elsewhere */
    GREETING_BYTES = 4,
    GREETING_TIMEOUT_MS = 1000,
    STUB_STATUS_BYTES = 2
};

/* NULL: there is none, as the fault tells. Secure download mode knows no RAM, and some ROMs start nothing if secure boot
 * is on. */
static const reflash_stub_t *find(esp_loader_t *loader)
{
    const reflash_chip_t *chip = loader->_chip;
    uint32_t revision;
    if (reflash_read_revision(loader, &revision) != ESP_LOADER_SUCCESS) {
        return NULL;
    }
    /* An SDIO card's ROM tells no locks: there a chip that is locked does not greet. */
    const uint8_t locks = REFLASH_SECURE_DOWNLOAD | (chip->locked_to_rom ? REFLASH_SECURE_BOOT : 0);
    const bool locked = (loader->_locks & locks) != 0 || loader->_transport->stub_block_bytes_max == 0;
    const reflash_stub_t *stub = locked ? NULL : reflash_stub_find((target_chip_t)chip->target, revision);
    if (stub == NULL) {
        (void)reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    return stub;
}

static esp_loader_error_t load(esp_loader_t *loader, const reflash_stub_t *stub,
                               const esp_loader_bin_segment_t *segment, esp_loader_mem_cfg_t *cfg)
{
    uint8_t piece[PIECE_BYTES];
    cfg->offset = segment->addr;
    cfg->size = segment->size;
    cfg->block_size = segment->data != NULL ? ROM_BLOCK_BYTES : PIECE_BYTES;
    RETURN_ON_ERROR(esp_loader_mem_start(loader, cfg));
    for (uint32_t done = 0; done < segment->size; done += cfg->block_size) {
        const uint32_t left_bytes = segment->size - done;
        const uint32_t bytes = left_bytes < cfg->block_size ? left_bytes : cfg->block_size;
        const uint8_t *data = piece;
        if (segment->data != NULL) {
            data = segment->data + done;
        } else if (!stub->read(stub->context, segment->addr + done, piece, bytes)) {
            return reflash_fail(loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_STUB_STORAGE);
        }
        RETURN_ON_ERROR(esp_loader_mem_write(loader, cfg, data, bytes));
        reflash_tell_progress(loader, done + bytes, segment->size);
    }
    return ESP_LOADER_SUCCESS;
}

/* The ROM may be gone before its answer is out, so the greeting counts even if that did not come. */
static esp_loader_error_t await_greeting(esp_loader_t *loader, esp_loader_error_t err)
{
    const uint32_t greeting = (uint32_t)'O' | 'H' << 8 | 'A' << 16 | 'I' << 24;
    if (err == ESP_LOADER_SUCCESS) {
        err = reflash_await_frame(loader, loader->_frame, GREETING_BYTES, GREETING_TIMEOUT_MS);
    }
    if (loader->_frame_bytes == GREETING_BYTES && reflash_get_le32(loader->_frame) == greeting) {
        reflash_begin(loader);
        return ESP_LOADER_SUCCESS;
    }
    return err != ESP_LOADER_SUCCESS ? err : reflash_fail_to_receive(loader, ESP_LOADER_ERROR_INVALID_RESPONSE);
}

/* --- Public ---------------------------------------------------------------------------------------- */

esp_loader_error_t reflash_stub_start(esp_loader_t *loader)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, true));
    if (loader->_stub != NULL) {
        return ESP_LOADER_SUCCESS;
    }
    const reflash_stub_t *stub = find(loader);
    if (stub == NULL) {
        return (esp_loader_error_t)loader->_fault.code;
    }
    esp_loader_mem_cfg_t cfg;
    for (unsigned at = 0; at < REFLASH_STUB_SEGMENTS; at++) {
        RETURN_ON_ERROR(load(loader, stub, &stub->segments[at], &cfg));
    }
    RETURN_ON_ERROR(await_greeting(loader, esp_loader_mem_finish(loader, &cfg, stub->entry)));
    loader->_stub = stub;
    loader->_status_bytes = STUB_STATUS_BYTES;
    const uint32_t flash_bytes = loader->_flash_bytes;
    loader->_flash_bytes = 0;
    /* The stub attached the flash when it started, but of what the ROM was told it knows nothing. */
    return flash_bytes > 0 ? reflash_flash_use_size(loader, flash_bytes) : ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_connect_with_stub(esp_loader_t *loader, esp_loader_connect_args_t *connect_args)
{
    const esp_loader_error_t err = esp_loader_connect(loader, connect_args);
    if (err == ESP_LOADER_SUCCESS) {
        return reflash_stub_start(loader);
    }
    if (loader->_fault.boot != REFLASH_BOOT_STUB) {
        return err;
    }
    /* To load it again would overwrite what it works with. */
    RETURN_ON_ERROR(reflash_identify(loader));
    loader->_stub = find(loader);
    if (loader->_stub == NULL) {
        loader->_chip = NULL;
    }
    return (esp_loader_error_t)loader->_fault.code;
}
