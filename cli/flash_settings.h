/* SPDX-License-Identifier: Apache-2.0 */
/** flash_settings: how the boot stages drive the flash: mode, frequency and size in the header of an image. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip_formats.h"

/** Words such as "dio", "80m", "4MB". NULL and "keep": as the image has it. `size` may be "detect": what the target
 *  has. */
typedef struct {
    const char *mode, *freq, *size;
} flash_settings_t;

/** Each setting that `first` does not have, from `second`. */
flash_settings_t flash_settings_or(flash_settings_t first, flash_settings_t second);
/** Whether the size is to be the target's. */
bool flash_settings_detect_size(const flash_settings_t *settings);

/** Is each word one that images of this chip can have? IMAGE_CHIP_ANY: of any chip. Else `why` says which is not and
 *  what may be, cut to `why_bytes`; no full stop. */
bool flash_settings_check(const flash_settings_t *settings, int chip_id, char *why, size_t why_bytes);

/** Write them into the header of a program, which has to be sound and whose chip has to have each of them, and
 *  compute the appended SHA-256 again, if it has one. "detect" becomes `flash_bytes`; 0, or no size there is a code
 *  for: the header's size stays. True: bytes were changed. */
bool flash_settings_patch(uint8_t *data, size_t bytes, const flash_settings_t *settings, uint32_t flash_bytes);

/** The bytes 2 and 3 of a header, the first one in the lower bits; what is not told is 0, the ESP8266's size that of
 *  1 MB. */
uint16_t flash_settings_codes(const flash_settings_t *settings, const chip_format_t *chip);
