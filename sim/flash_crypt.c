/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between a chip with flash encryption and its flash. Both ciphers take the bytes of a block in reverse. */
#include "chip.h"

#include <mbedtls/aes.h>
#include <string.h>

enum { BLOCK_BYTES = 16, UNIT_BYTES = 128, ESP32_KEY_BYTES = 32, ESP32_KEY_SPAN_BYTES = 32 };

static void reverse(uint8_t *to, const uint8_t *from, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++) {
        to[at] = from[bytes - 1 - at];
    }
}

/* --- ESP32 ------------------------------------------------------------------------------------------------------ */

/* The address is laid over the key bit by bit, from the key's first bit on: address bits 23 down to 5 three times, then
 * again from 14 down; the same with a last run from 12, from 10, and from 8. */
static void esp32_key_at(uint32_t addr, const uint8_t *key, uint8_t *key_here)
{
    enum { RUNS = 4, TOP_BIT = 23, LOW_BIT = 5 };
    unsigned key_bit = 0;
    memcpy(key_here, key, ESP32_KEY_BYTES);
    for (unsigned last_top_bit = 14; last_top_bit >= 8; last_top_bit -= 2) {
        for (unsigned run = 0; run < RUNS; run++) {
            for (unsigned bit = run < RUNS - 1 ? TOP_BIT : last_top_bit; bit >= LOW_BIT; bit--, key_bit++) {
                key_here[key_bit / 8] ^= (uint8_t)((addr >> bit & 1) << (7 - key_bit % 8));
            }
        }
    }
}

/* AES is used the wrong way round. */
static bool esp32_crypt(const espsim_security_t *security, bool decrypts, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    bool done = true;
    for (uint32_t at = 0; at < bytes && done; at += BLOCK_BYTES) {
        uint8_t block[BLOCK_BYTES];
        if (at == 0 || (addr + at) % ESP32_KEY_SPAN_BYTES == 0) {
            uint8_t key[ESP32_KEY_BYTES];
            esp32_key_at(addr + at, security->flash_key, key);
            done = (decrypts ? mbedtls_aes_setkey_enc(&aes, key, 256) : mbedtls_aes_setkey_dec(&aes, key, 256)) == 0;
        }
        reverse(block, data + at, BLOCK_BYTES);
        done = done &&
               mbedtls_aes_crypt_ecb(&aes, decrypts ? MBEDTLS_AES_ENCRYPT : MBEDTLS_AES_DECRYPT, block, block) == 0;
        reverse(data + at, block, BLOCK_BYTES);
    }
    mbedtls_aes_free(&aes);
    return done;
}

/* --- The others --------------------------------------------------------------------------------------------------- */

/* A data unit is an aligned 128 bytes, numbered by its address. Of one that is not all there only a part is taken. */
static bool xts_crypt(const espsim_security_t *security, bool decrypts, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    const unsigned key_bits = 8u * security->flash_key_bytes;
    mbedtls_aes_xts_context aes;
    mbedtls_aes_xts_init(&aes);
    bool done = (decrypts ? mbedtls_aes_xts_setkey_dec(&aes, security->flash_key, key_bits)
                          : mbedtls_aes_xts_setkey_enc(&aes, security->flash_key, key_bits)) == 0;
    for (uint32_t at = 0; at < bytes && done;) {
        const uint32_t skipped = (addr + at) % UNIT_BYTES;
        const uint32_t unit_addr = addr + at - skipped;
        const uint32_t count = bytes - at < UNIT_BYTES - skipped ? bytes - at : UNIT_BYTES - skipped;
        const uint8_t number[BLOCK_BYTES] = {(uint8_t)unit_addr, (uint8_t)(unit_addr >> 8), (uint8_t)(unit_addr >> 16),
                                             (uint8_t)(unit_addr >> 24)};
        uint8_t unit[UNIT_BYTES] = {0};
        uint8_t reversed[UNIT_BYTES];
        memcpy(unit + skipped, data + at, count);
        reverse(reversed, unit, UNIT_BYTES);
        done = mbedtls_aes_crypt_xts(&aes, decrypts ? MBEDTLS_AES_DECRYPT : MBEDTLS_AES_ENCRYPT, UNIT_BYTES, number,
                                     reversed, reversed) == 0;
        reverse(unit, reversed, UNIT_BYTES);
        memcpy(data + at, unit + skipped, count);
        at += count;
    }
    mbedtls_aes_xts_free(&aes);
    return done;
}

bool espsim_flash_crypt(const espsim_t *sim, bool decrypts, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    const espsim_security_t *security = &sim->config.security;
    if (security->flash_key_bytes == 0) {
        return true;
    }
    if (addr % BLOCK_BYTES != 0 || bytes % BLOCK_BYTES != 0) {
        return false;
    }
    return sim->rom_row->security->cipher == REFLASH_FLASH_CIPHER_ESP32
               ? esp32_crypt(security, decrypts, addr, data, bytes)
               : xts_crypt(security, decrypts, addr, data, bytes);
}
