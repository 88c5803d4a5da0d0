/* SPDX-License-Identifier: Apache-2.0 */
/** elf_image: makes the image that a chip can start from the ELF file of a linker, as `esptool elf2image` does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip_formats.h"
#include "flash_settings.h"

typedef struct {
    uint8_t *data; /*!< The image: header, segments, checksum, SHA-256 but on ESP8266. */
    uint32_t bytes;
    uint8_t *mapped; /*!< ESP8266: the code that is mapped, which goes to an address of its own; else NULL. */
    uint32_t mapped_bytes, mapped_flash_addr;
} elf_image_t;

/** Whether a file that begins so is an ELF file. */
bool elf_is_file(const uint8_t *data, size_t bytes);

/** Make an image for `chip`. `settings` of the header: QIO, the lowest code of frequency and 1 MB unless told;
 *  "detect" is not told. Sections are taken as linked; what is adjacent becomes one segment, and flash-mapped segments
 *  begin where a page of their address does in the file. The digest of the ELF file goes into the application's
 *  description.
 *  True: release it with elf_image_free(). False: `image` is empty and `why` says what is wrong, cut to `why_bytes`; no
 *  full stop. Ends the process if the host has no memory left. */
bool elf_make_image(elf_image_t *image, const uint8_t *elf, size_t elf_bytes, const chip_format_t *chip,
                    const flash_settings_t *settings, char *why, size_t why_bytes);
void elf_image_free(elf_image_t *image);
