/* SPDX-License-Identifier: Apache-2.0 */
/* What chips can be locked with: layouts of efuses, ciphers, and what the loader says in secure download mode. That
 * text is the ESP32-C3's. What ends its loader was read in the ROMs of ESP32-C3 and ESP32-S2; the other rows took
 * over the ESP32-C3's. */
#include "chips/rom.h"

/* Of the first key block and, of a long key, the second; of the third, which holds the digest of secure boot. */
#define XTS_256_1 2u
#define XTS_256_2 3u
#define XTS_128 4u
#define BOOT_DIGEST 9u

const reflash_rom_security_t reflash_rom_security_esp32 = {
    .download_disabled = "", /* not known */
    .cipher = REFLASH_FLASH_CIPHER_ESP32,
    .crypt_count = {0, 1u << 20},
    .no_manual_encrypt = {6, 1u << 7},
    .short_key = {5, 0xFu << 28}, /* all bits of the key change with the address */
    .secure_boot = {6, 1u << 5},  /* the second scheme, from revision 3 on */
};

const reflash_rom_security_t reflash_rom_security_esp32s2 = {
    .secure_waiting = "wait uart download(secure mode)\r\n",
    .download_disabled = "Download boot modes disabled\r\n",
    .checks_signature_first = true,
    .cipher = REFLASH_FLASH_CIPHER_XTS,
    .crypt_count = {1, 1u << 18},
    .no_manual_encrypt = {0, 1u << 19},
    .short_key = {1, XTS_128 << 24},
    .long_key = {1, XTS_256_1 << 24 | XTS_256_2 << 28},
    .secure_boot = {2, 1u << 20 | BOOT_DIGEST},
    .has_key_purposes = true,
};

const reflash_rom_security_t reflash_rom_security_esp32s3 = {
    .secure_waiting = "wait uart download(secure mode)\r\n",
    .download_disabled = "Download boot modes disabled\r\n",
    .secure_loader_restarts = true,
    .checks_signature_first = true,
    .cipher = REFLASH_FLASH_CIPHER_XTS,
    .crypt_count = {1, 1u << 18},
    .no_manual_encrypt = {0, 1u << 20},
    .short_key = {1, XTS_128 << 24},
    .long_key = {1, XTS_256_1 << 24 | XTS_256_2 << 28},
    .secure_boot = {2, 1u << 20 | BOOT_DIGEST},
    .has_key_purposes = true,
};

const reflash_rom_security_t reflash_rom_security_esp32c2 = {
    .secure_waiting = "wait uart download(secure mode)\r\n",
    .download_disabled = "Download boot modes disabled\r\n",
    .secure_loader_restarts = true,
    .checks_signature_first = true,
    .cipher = REFLASH_FLASH_CIPHER_XTS,
    .crypt_count = {0, 1u << 7},
    .no_manual_encrypt = {0, 1u << 6},
    .short_key = {0, 1u << 10}, /* all of the one key block is the key */
    .secure_boot = {0, 1u << 21},
};

const reflash_rom_security_t reflash_rom_security_esp32c3 = {
    .secure_waiting = "wait uart download(secure mode)\r\n",
    .download_disabled = "Download boot modes disabled\r\n",
    .secure_loader_restarts = true,
    .checks_signature_first = true,
    .cipher = REFLASH_FLASH_CIPHER_XTS,
    .crypt_count = {1, 1u << 18},
    .no_manual_encrypt = {0, 1u << 20},
    .short_key = {1, XTS_128 << 24},
    .secure_boot = {2, 1u << 20 | BOOT_DIGEST},
    .has_key_purposes = true,
};

const reflash_rom_security_t reflash_rom_security_esp32c5 = {
    .secure_waiting = "wait uart download(secure mode)\r\n",
    .download_disabled = "Download boot modes disabled\r\n",
    .secure_loader_restarts = true,
    .checks_signature_first = true,
    .cipher = REFLASH_FLASH_CIPHER_XTS,
    .crypt_count = {1, 1u << 16},
    .no_manual_encrypt = {0, 1u << 20},
    .short_key = {1, XTS_128 << 22},
    .secure_boot = {2, 1u << 25 | BOOT_DIGEST},
    .has_key_purposes = true,
};

const reflash_rom_security_t reflash_rom_security_esp32c61 = {
    .secure_waiting = "wait uart download(secure mode)\r\n",
    .download_disabled = "Download boot modes disabled\r\n",
    .secure_loader_restarts = true,
    .checks_signature_first = true,
    .cipher = REFLASH_FLASH_CIPHER_XTS,
    .crypt_count = {0, 1u << 23},
    .no_manual_encrypt = {0, 1u << 14},
    .short_key = {1, XTS_128},
    .secure_boot = {1, 1u << 26 | BOOT_DIGEST << 8},
    .has_key_purposes = true,
};
