/* SPDX-License-Identifier: Apache-2.0 */
/* The target's flash: getting it ready, plain writes, erases, digests. */
#include <string.h>

#include "loader/command.h"
#include "md5.h"
#include "wire/hex.h"

enum {
    ROM_FLASH_BITS = 24,
    ERASE_BLOCK_BYTES = 0x1800,
    STUB_BEGIN_WORDS = 4,
    WORD_BYTES = 4,
    STUB_ERASE_BYTES = 0x10000,
    MD5_HEX_DIGITS = 32
};

/* --- Attaching the flash --------------------------------------------------------------------------- */

/* Bits of the flash SPI controller: the same on every chip. */
#define SPI_CMD_USR (1u << 18)
#define SPI_USR_COMMAND (1u << 31)
#define SPI_USR_MISO (1u << 28)
#define SPI_USR2_COMMAND_8_BITS (7u << 28)

/* Read the JEDEC id: vendor in the low byte, then type, then size code. */
static esp_loader_error_t read_flash_id(esp_loader_t *loader, uint32_t *id)
{
    enum { POLLS = 10, OPCODE_READ_ID = 0x9F, ID_BITS = 24, ALL = 0xFFFFFFFF };
    enum { USR = 1, USR2 };

    const reflash_spi_layout_t *spi = loader->_chip->spi;
    const uint32_t base = loader->_chip->spi_base;
    uint32_t usr;
    uint32_t usr2;
    RETURN_ON_ERROR(reflash_read_register(loader, base + spi->usr, &usr));
    RETURN_ON_ERROR(reflash_read_register(loader, base + spi->usr2, &usr2));

    uint32_t entries[][4] = {
        {base + spi->miso_dlen, (uint32_t)(ID_BITS - 1) << spi->miso_shift, ALL, 0},
        [USR] = {base + spi->usr, SPI_USR_COMMAND | SPI_USR_MISO, ALL, 0},
        [USR2] = {base + spi->usr2, SPI_USR2_COMMAND_8_BITS | OPCODE_READ_ID, ALL, 0},
        {base + spi->w0, 0, ALL, 0},
        {base, SPI_CMD_USR, ALL, 0},
    };
    RETURN_ON_ERROR(reflash_write_registers(loader, entries[0], sizeof(entries) / sizeof(entries[0])));

    uint32_t busy = SPI_CMD_USR;
    for (unsigned poll = 0; poll < POLLS && (busy & SPI_CMD_USR) != 0; poll++) {
        RETURN_ON_ERROR(reflash_read_register(loader, base, &busy));
    }
    RETURN_ON_ERROR(reflash_read_register(loader, base + spi->w0, id));

    entries[USR][1] = usr;
    entries[USR2][1] = usr2;
    RETURN_ON_ERROR(reflash_write_registers(loader, entries[USR], 2));
    if ((busy & SPI_CMD_USR) != 0) {
        return reflash_fail(loader, ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_UNKNOWN_FLASH);
    }
    return ESP_LOADER_SUCCESS;
}

/* Bytes of the part with this id, 0 if the id does not tell. Most vendors give log2 of the size. */
static uint32_t flash_bytes_of(uint32_t id)
{
    enum { VENDOR_ADESTO = 0x1F, ADESTO_CODE_OFFSET = 15 };

    uint32_t code = id >> 16 & 0xFF;
    if ((id & 0xFF) == VENDOR_ADESTO) {
        code = (id >> 8 & 0x1F) + ADESTO_CODE_OFFSET; /* 4 is 512 KiB */
    } else if (code >= 0x32 && code <= 0x3A) {
        code -= 0x20; /* 0x32 is 256 KiB */
    } else if (code >= 0x20 && code <= 0x22) {
        code -= 0x20 - 0x1A; /* 0x20 is 64 MiB */
    }
    return code >= 0x12 && code <= 0x1C ? UINT32_C(1) << code : 0;
}

/* A ROM without SPI_ATTACH attaches the flash as it begins a write: here one of nothing. */
static esp_loader_error_t attach(esp_loader_t *loader)
{
    enum { ATTACH_WORDS = 2, BEGIN_BLOCK_BYTES = 0x400 };

    const reflash_chip_revisions_t *revisions = loader->_chip->revisions;
    if (revisions != NULL && revisions->power_flash != NULL) {
        RETURN_ON_ERROR(revisions->power_flash(loader));
    }
    const uint32_t words[] = {0, 0, BEGIN_BLOCK_BYTES, 0, 0}; /* the first two are SPI_ATTACH's default pins */
    const bool has_attach = reflash_knows(loader, REFLASH_SPI_ATTACH);
    return reflash_ask(loader, has_attach ? REFLASH_SPI_ATTACH : REFLASH_FLASH_BEGIN, words,
                       has_attach ? ATTACH_WORDS : loader->_chip->begin_words);
}

/* Later ROMs otherwise refuse all above 2 MB. */
esp_loader_error_t reflash_flash_use_size(esp_loader_t *loader, uint32_t flash_bytes)
{
    enum { BLOCK_BYTES = 0x10000, PAGE_BYTES = 0x100, STATUS_MASK = 0xFFFF };

    const uint32_t params[] = {0, flash_bytes, BLOCK_BYTES, REFLASH_SECTOR_BYTES, PAGE_BYTES, STATUS_MASK};
    if (reflash_knows(loader, REFLASH_SPI_SET_PARAMS)) {
        RETURN_ON_ERROR(
            reflash_ask(loader, REFLASH_SPI_SET_PARAMS, params, (uint8_t)(sizeof(params) / sizeof(params[0]))));
    }
    loader->_flash_bytes = flash_bytes;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_flash_ready(esp_loader_t *loader)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, true));
    if (loader->_flash_bytes > 0) {
        return ESP_LOADER_SUCCESS;
    }
    if ((loader->_locks & REFLASH_SECURE_DOWNLOAD) != 0) { /* nobody told its size */
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    if (loader->_stub == NULL) { /* which attached it when it started */
        RETURN_ON_ERROR(attach(loader));
    }
    uint32_t id;
    RETURN_ON_ERROR(read_flash_id(loader, &id));
    const uint32_t flash_bytes = flash_bytes_of(id);
    if (flash_bytes == 0) {
        return reflash_fail(loader, ESP_LOADER_ERROR_UNSUPPORTED_CHIP, REFLASH_CAUSE_UNKNOWN_FLASH);
    }
    return reflash_flash_use_size(loader, flash_bytes);
}

esp_loader_error_t reflash_flash_set_up(esp_loader_t *loader, uint32_t flash_bytes)
{
    RETURN_ON_ERROR(attach(loader));
    return reflash_flash_use_size(loader, flash_bytes);
}

esp_loader_error_t reflash_flash_range(esp_loader_t *loader, uint32_t flash_addr, uint32_t bytes)
{
    RETURN_ON_ERROR(reflash_flash_ready(loader));
    if (bytes > loader->_flash_bytes || flash_addr > loader->_flash_bytes - bytes) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    if ((flash_addr + bytes - 1) >> (loader->_stub != NULL ? loader->_chip->stub_flash_bits : ROM_FLASH_BITS) != 0 &&
        bytes > 0) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_flash_detect_size(esp_loader_t *loader, uint32_t *flash_size)
{
    if (flash_size == NULL) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    RETURN_ON_ERROR(reflash_flash_ready(loader));
    *flash_size = loader->_flash_bytes;
    return ESP_LOADER_SUCCESS;
}

/* --- Plain writes and erases ----------------------------------------------------------------------- */

/* What to ask for instead of `*bytes` where the ROM counts the head, the sectors in front of the next 64 KiB border,
 * twice: asked for n sectors it erases n and once more the smaller of n and the head. Of an odd number up to twice
 * the head that makes one too many, which must not lie behind the flash: there the part begins again at its start. */
static esp_loader_error_t halve_head(esp_loader_t *loader, uint32_t flash_addr, uint32_t *bytes)
{
    enum { SECTORS_PER_BLOCK = 16 };

    const uint32_t sectors = (*bytes + REFLASH_SECTOR_BYTES - 1) / REFLASH_SECTOR_BYTES;
    const uint32_t head = SECTORS_PER_BLOCK - flash_addr / REFLASH_SECTOR_BYTES % SECTORS_PER_BLOCK;
    const bool only_head = sectors < 2 * head;
    if (only_head && sectors % 2 != 0) {
        RETURN_ON_ERROR(reflash_flash_range(loader, flash_addr, (sectors + 1) * REFLASH_SECTOR_BYTES));
    }
    *bytes = (only_head ? (sectors + 1) / 2 : sectors - head) * REFLASH_SECTOR_BYTES;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_begin_write(esp_loader_t *loader, uint8_t opcode, uint32_t flash_addr, uint32_t bytes,
                                       uint32_t block_count, uint32_t block_bytes)
{
    uint32_t erase_bytes = bytes;
    RETURN_ON_ERROR(reflash_flash_range(loader, flash_addr, bytes));
    if (loader->_stub == NULL && loader->_chip->erases_head_twice) {
        RETURN_ON_ERROR(halve_head(loader, flash_addr, &erase_bytes));
    }
    /* A ROM wants exactly as many: the last one is its own. */
    const uint32_t words[] = {erase_bytes, block_count, block_bytes, flash_addr, 0};
    const uint8_t word_count = loader->_stub == NULL ? loader->_chip->begin_words : STUB_BEGIN_WORDS;
    return reflash_ask_work(loader, opcode, words, word_count, bytes);
}

esp_loader_error_t esp_loader_flash_erase_region(esp_loader_t *loader, uint32_t offset, uint32_t size)
{
    if (size == 0 || (offset | size) % REFLASH_SECTOR_BYTES != 0) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    RETURN_ON_ERROR(reflash_flash_range(loader, offset, size));
    if (loader->_stub != NULL) {
        const uint32_t words[] = {offset, size};
        return reflash_ask_work(loader, REFLASH_ERASE_REGION, words, sizeof(words) / sizeof(words[0]), size);
    }
    /* A ROM has no command for erasing alone: it is the first half of a write that never comes. */
    return reflash_begin_write(loader, REFLASH_FLASH_BEGIN, offset, size, (size - 1) / ERASE_BLOCK_BYTES + 1,
                               ERASE_BLOCK_BYTES);
}

esp_loader_error_t esp_loader_flash_erase(esp_loader_t *loader)
{
    RETURN_ON_ERROR(reflash_flash_ready(loader));
    if (loader->_stub != NULL) {
        return reflash_ask_work(loader, REFLASH_ERASE_FLASH, NULL, 0, loader->_flash_bytes);
    }
    return esp_loader_flash_erase_region(loader, 0, loader->_flash_bytes);
}

esp_loader_error_t esp_loader_flash_start(esp_loader_t *loader, esp_loader_flash_cfg_t *cfg)
{
    if (cfg == NULL || cfg->image_size == 0 || cfg->offset % REFLASH_SECTOR_BYTES != 0 ||
        !reflash_is_block_size(loader, cfg->block_size)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    cfg->_state.begun = false;
    cfg->_state.sequence = 0;
    cfg->_state.written_bytes = 0;
    reflash_md5_init(&cfg->_state.md5);
    RETURN_ON_ERROR(reflash_begin_write(loader, REFLASH_FLASH_BEGIN, cfg->offset, cfg->image_size,
                                        (cfg->image_size - 1) / cfg->block_size + 1, cfg->block_size));
    cfg->_state.unit_bytes =
        (uint16_t)(loader->_stub == NULL && loader->_chip->whole_blocks ? cfg->block_size : WORD_BYTES);
    cfg->_state.begun = true;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_flash_write(esp_loader_t *loader, esp_loader_flash_cfg_t *cfg, const void *payload,
                                          uint32_t size)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, cfg != NULL && cfg->_state.begun && payload != NULL && size != 0 &&
                                                        size <= cfg->block_size));
    const uint32_t left_bytes = cfg->image_size - cfg->_state.written_bytes;
    if (size > left_bytes) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    const bool rom = loader->_stub == NULL;
    const uint32_t unit_bytes = cfg->_state.unit_bytes;
    const uint32_t odd_bytes = size % unit_bytes;
    if (odd_bytes != 0 && size != left_bytes) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    const uint32_t padding_bytes = rom && odd_bytes != 0 ? unit_bytes - odd_bytes : 0;
    const bool has_digest = reflash_knows(loader, REFLASH_SPI_FLASH_MD5) && unit_bytes != REFLASH_CIPHER_BYTES;
    RETURN_ON_ERROR(reflash_write_block(loader,
                                        &(reflash_request_t){.opcode = REFLASH_FLASH_DATA,
                                                             .data = payload,
                                                             .data_bytes = (uint16_t)size,
                                                             .padding_bytes = (uint16_t)padding_bytes,
                                                             .only_answer_tells = !has_digest,
                                                             .work_bytes = rom ? 0 : STUB_ERASE_BYTES},
                                        &cfg->_state.sequence));
    if (!cfg->skip_verify) {
        reflash_md5_update(&cfg->_state.md5, payload, size);
    }
    cfg->_state.written_bytes += size;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_end_write(esp_loader_t *loader, uint8_t opcode, uint32_t work_bytes)
{
    if (loader->_stub == NULL) {
        return ESP_LOADER_SUCCESS;
    }
    const uint32_t stay = 1;
    return reflash_ask_work(loader, opcode, &stay, 1, work_bytes);
}

esp_loader_error_t esp_loader_flash_finish(esp_loader_t *loader, esp_loader_flash_cfg_t *cfg)
{
    RETURN_ON_ERROR(reflash_begin_connected(loader, cfg != NULL && cfg->_state.begun));
    cfg->_state.begun = false;
    if (cfg->_state.written_bytes != cfg->image_size) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_IMAGE_SIZE);
    }
    RETURN_ON_ERROR(reflash_end_write(loader, REFLASH_FLASH_END, STUB_ERASE_BYTES));
    if (cfg->skip_verify) {
        return ESP_LOADER_SUCCESS;
    }
    uint8_t digest[16];
    reflash_md5_final(&cfg->_state.md5, digest);
    return reflash_flash_verify_md5(loader, cfg->offset, cfg->_state.written_bytes, digest);
}

/* --- Digests --------------------------------------------------------------------------------------- */

static bool digest_from_hex(uint8_t digest[16], const uint8_t hex[MD5_HEX_DIGITS])
{
    for (unsigned byte = 0; byte < 16; byte++) {
        const uint8_t high = reflash_hex_value(hex[2 * byte]);
        const uint8_t low = reflash_hex_value(hex[2 * byte + 1]);
        if ((high | low) > 15) {
            return false;
        }
        digest[byte] = (uint8_t)(high << 4 | low);
    }
    return true;
}

esp_loader_error_t reflash_flash_md5(esp_loader_t *loader, uint32_t flash_addr, uint32_t bytes, uint8_t digest[16])
{
    RETURN_ON_ERROR(reflash_begin_with(loader, digest != NULL, REFLASH_SPI_FLASH_MD5));
    RETURN_ON_ERROR(reflash_flash_range(loader, flash_addr, bytes));
    const uint32_t words[] = {flash_addr, bytes, 0, 0};
    RETURN_ON_ERROR(reflash_ask_work(loader, REFLASH_SPI_FLASH_MD5, words, sizeof(words) / sizeof(words[0]), bytes));
    if (loader->_stub != NULL) {
        memcpy(digest, reflash_answer_data(loader), REFLASH_DIGEST_BYTES);
    } else if (!digest_from_hex(digest, reflash_answer_data(loader))) {
        return reflash_fail_to_receive(loader, ESP_LOADER_ERROR_INVALID_RESPONSE);
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_flash_verify_md5(esp_loader_t *loader, uint32_t flash_addr, uint32_t bytes,
                                            const uint8_t digest[16])
{
    uint8_t found[16];
    if (digest == NULL) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    RETURN_ON_ERROR(reflash_flash_md5(loader, flash_addr, bytes, found));
    if (memcmp(found, digest, sizeof(found)) != 0) {
        return reflash_fail(loader, ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH);
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t esp_loader_flash_verify_known_md5(esp_loader_t *loader, uint32_t address, uint32_t size,
                                                     const uint8_t *expected_md5)
{
    uint8_t digest[16];
    if (expected_md5 == NULL || !digest_from_hex(digest, expected_md5)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    return reflash_flash_verify_md5(loader, address, size, digest);
}
