/* SPDX-License-Identifier: Apache-2.0 */
/** MD5 (RFC 1321) in pieces, for what a host writes. Linked only where something hashes on the host. With REFLASH_MD5 0 it
 *  costs nothing, and finds 16 zeros, which no target finds. */
#pragma once

#include <stdint.h>

#include "esp_loader.h"

#ifndef REFLASH_MD5
#define REFLASH_MD5 1
#endif

void reflash_md5_init(reflash_md5_t *md5);
/** Take `bytes` bytes, any number of times; 4 GiB - 1 in all. */
void reflash_md5_update(reflash_md5_t *md5, const uint8_t *data, uint32_t bytes);
/** The digest of all that was taken. `md5` must be initialised again before its next use. */
void reflash_md5_final(reflash_md5_t *md5, uint8_t digest[16]);
