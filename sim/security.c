/* SPDX-License-Identifier: Apache-2.0 */
/* What locks a chip, as far as it can be asked about: efuse words and security info. What it means is where it means
 * something: rom.c, rom_flash.c, boot.c. */
#include "chip.h"

#include <string.h>

const char *espsim_security_lacks(const reflash_rom_t *rom, const espsim_security_t *security)
{
    const reflash_rom_security_t *has = rom->security;
    const bool wants_any = security->secure_download || security->no_download || security->secure_boot ||
                           security->no_manual_encryption || security->flash_key_bytes != 0;
    if (!wants_any) {
        return NULL;
    }
    if (has == NULL) {
        return "no security efuses";
    }
    if (security->secure_download && has->secure_waiting == NULL) {
        return "no secure download mode";
    }
    if (security->flash_key_bytes % 32 != 0 || security->flash_key_bytes > (has->long_key.bits != 0 ? 64 : 32)) {
        return "no flash encryption with a key of that length";
    }
    return NULL;
}

static void burn(espsim_t *sim, bool wanted, const reflash_efuse_bits_t *efuse)
{
    if (wanted && efuse->bits != 0) {
        sim->memory.burned[sim->memory.burned_count++] =
            (reflash_register_value_t){.addr = sim->rom_row->efuse_addr + 4u * efuse->word, .value = efuse->bits};
    }
}

void espsim_security_burn(espsim_t *sim)
{
    const espsim_security_t *security = &sim->config.security;
    const reflash_rom_security_t *has = sim->rom_row->security;
    if (has != NULL) {
        const bool is_long = security->flash_key_bytes > 32;
        burn(sim, security->flash_key_bytes != 0, &has->crypt_count);
        burn(sim, security->flash_key_bytes != 0, is_long ? &has->long_key : &has->short_key);
        burn(sim, security->no_manual_encryption, &has->no_manual_encrypt);
        burn(sim, security->secure_boot, &has->secure_boot);
    }
}

/* Flags, one byte of flash_crypt_cnt, then the purposes of key blocks 0 to 6. */
void espsim_security_info(const espsim_t *sim, uint8_t info[20])
{
    enum { SECURE_BOOT = 1 << 0, SECURE_DOWNLOAD = 1 << 2, CRYPT_COUNT = 4, PURPOSES = 5 };
    enum { XTS_256_1 = 2, XTS_256_2 = 3, XTS_128 = 4, BOOT_DIGEST = 9 };

    const espsim_security_t *security = &sim->config.security;
    const bool has_purposes = sim->rom_row->security != NULL && sim->rom_row->security->has_key_purposes;
    memcpy(info, sim->rom_row->security_info, sizeof(sim->rom_row->security_info));
    info[0] |= (uint8_t)((security->secure_boot ? SECURE_BOOT : 0) | (security->secure_download ? SECURE_DOWNLOAD : 0));
    info[CRYPT_COUNT] |= security->flash_key_bytes != 0 ? 1 : 0;
    if (has_purposes && security->flash_key_bytes == 32) {
        info[PURPOSES] = XTS_128;
    } else if (has_purposes && security->flash_key_bytes == 64) {
        info[PURPOSES] = XTS_256_1;
        info[PURPOSES + 1] = XTS_256_2;
    }
    if (has_purposes && security->secure_boot) {
        info[PURPOSES + 2] = BOOT_DIGEST;
    }
}
