/* SPDX-License-Identifier: Apache-2.0 */
/** Flash content for a virtual chip: in memory, or in a file that always holds what the flash holds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *cells;
    uint32_t bytes;
} espsim_flash_t;

/** Map `path`, or blank memory if `path` is NULL. A file that does not exist is made, `bytes` long (0: 4 MiB) and
 *  blank (0xFF); one that exists keeps its content, and must be `bytes` long (0: as it is). Sizes are powers of
 *  two from 256 KiB to 128 MiB. False: `message` says what is wrong and what to try. */
bool espsim_flash_open(espsim_flash_t *flash, const char *path, uint32_t bytes, char *message, size_t message_bytes);
void espsim_flash_close(espsim_flash_t *flash);

/** Read a flash size such as "4MB", "512KB" or "4194304". 0: it is none. */
uint32_t espsim_flash_size_parse(const char *text);
