/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the flash. Neither loader's questions carry a checksum, nor do a ROM's answers, so what was read is compared
 * with the MD5 that the target tells of the same range. */
#include <string.h>

#include "loader/command.h"
#include "md5.h"

enum {
    RUN_BYTES = 0x10000, /* read, proved and if need be read again in one go */
    RUN_TRIES = 3,
    SLOW_BYTES = 64, /* what one answer of a ROM holds */
    PACKET_BYTES = 0x1000,
    PACKET_TIMEOUT_MS = 5000
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static esp_loader_error_t read_slowly(esp_loader_t *loader, uint8_t *buf, uint32_t flash_addr, uint32_t bytes)
{
    for (uint32_t done = 0; done < bytes; done += SLOW_BYTES) {
        const uint32_t piece_bytes = smaller(bytes - done, SLOW_BYTES);
        const uint32_t words[] = {flash_addr + done, piece_bytes};
        RETURN_ON_ERROR(reflash_ask(loader, REFLASH_READ_FLASH_SLOW, words, sizeof(words) / sizeof(words[0])));
        memcpy(buf + done, reflash_answer_data(loader), piece_bytes); /* what is behind that is left over */
    }
    return ESP_LOADER_SUCCESS;
}

/* The stub sends a packet, waits until it is told how many bytes have arrived in all, and ends with their digest. */
static esp_loader_error_t read_fast(esp_loader_t *loader, uint8_t *buf, uint32_t flash_addr, uint32_t bytes)
{
    const uint32_t words[] = {flash_addr, bytes, smaller(bytes, PACKET_BYTES), 1};
    RETURN_ON_ERROR(reflash_ask(loader, REFLASH_READ_FLASH, words, sizeof(words) / sizeof(words[0])));
    loader->_fault.command = REFLASH_READ_FLASH;
    for (uint32_t done = 0; done < bytes;) {
        const uint32_t packet_bytes = smaller(bytes - done, PACKET_BYTES);
        RETURN_ON_ERROR(reflash_await_frame(loader, buf + done, (uint16_t)packet_bytes, PACKET_TIMEOUT_MS));
        done += packet_bytes;
        RETURN_ON_ERROR(reflash_send_words(loader, &done, 1));
    }
    return reflash_await_frame(loader, loader->_frame, REFLASH_DIGEST_BYTES, PACKET_TIMEOUT_MS);
}

static esp_loader_error_t read_run(esp_loader_t *loader, uint8_t *buf, uint32_t flash_addr, uint32_t bytes)
{
    uint8_t digest[REFLASH_DIGEST_BYTES];
    reflash_md5_t md5;
    const bool fast = loader->_stub != NULL;
    RETURN_ON_ERROR((fast ? read_fast : read_slowly)(loader, buf, flash_addr, bytes));
    reflash_md5_init(&md5);
    reflash_md5_update(&md5, buf, bytes);
    reflash_md5_final(&md5, digest);
    if (fast && memcmp(loader->_frame, digest, sizeof(digest)) != 0) {
        return reflash_fail(loader, ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH);
    }
    return reflash_flash_verify_md5(loader, flash_addr, bytes, digest);
}

/* Questions were repeated already; what is left is data that arrived wrong, and a stub that stopped half way. */
static bool is_worth_another_try(const esp_loader_t *loader)
{
    const uint8_t cause = loader->_fault.cause;
    return cause == REFLASH_CAUSE_DIGEST_MISMATCH ||
           (loader->_stub != NULL && (cause == REFLASH_CAUSE_SILENCE || cause == REFLASH_CAUSE_NONSENSE));
}

esp_loader_error_t esp_loader_flash_read(esp_loader_t *loader, uint8_t *buf, uint32_t address, uint32_t length)
{
    RETURN_ON_ERROR(reflash_begin_with(loader, buf != NULL, REFLASH_READ_FLASH_SLOW));
    RETURN_ON_ERROR(reflash_flash_range(loader, address, length));
    unsigned tries = 0;
    for (uint32_t done = 0; done < length;) {
        const uint32_t run_bytes = smaller(length - done, RUN_BYTES);
        const esp_loader_error_t err = read_run(loader, buf + done, address + done, run_bytes);
        if (err == ESP_LOADER_SUCCESS) {
            tries = 0;
            done += run_bytes;
            reflash_tell_progress(loader, done, length);
        } else if (++tries < RUN_TRIES && is_worth_another_try(loader)) {
            uint32_t magic; /* any question ends what a stub was reading */
            (void)reflash_read_register(loader, REFLASH_MAGIC_ADDR, &magic);
        } else {
            return err;
        }
    }
    return ESP_LOADER_SUCCESS;
}
