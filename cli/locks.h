/* SPDX-License-Identifier: Apache-2.0 */
/** locks: what the efuses of a connected target forbid, and which revision of its chip it is. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_loader.h"

/** A revision that is not known: the chip does not tell, or not in secure download mode. */
#define LOCKS_REVISION_UNKNOWN UINT32_MAX

typedef struct {
    bool secure_download;      /*!< The loader takes little but plain writes. */
    bool encryption;           /*!< What the target reads from its flash is decrypted. */
    bool no_manual_encryption; /*!< Its loader must not encrypt what it writes. Not told in secure download mode. */
    bool secure_boot;          /*!< It starts nothing that is not signed. */
    bool first_secure_boot; /*!< ESP32: by the first scheme, whose digest of the bootloader only the target can make. */
    uint32_t revision;      /*!< Major times 100 and minor, or LOCKS_REVISION_UNKNOWN. */
} locks_t;

/** Ask the target. Three questions or so; a failure is that of talking, and leaves anything in `locks`. */
esp_loader_error_t locks_read(esp_loader_t *loader, locks_t *locks);

/** "flash encryption, secure boot", or "" of a target without locks. */
void locks_text(const locks_t *locks, char *text, size_t text_bytes);
