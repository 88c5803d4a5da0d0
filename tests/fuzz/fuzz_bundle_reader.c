/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles as input files: whatever is in one, it comes apart into images that lie within the flash and have their MD5s,
 * or something is said. Most get the size and the digest that they claim put right, and plain ones the MD5 of their first
 * image, or none would come far. */
#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_reader.h"
#include "input.h"

enum {
    SIZE_AT = 12,
    DIGEST_AT = 16,
    COVERED_FROM = 32,
    FLASH_BYTES = 0x100000,
    HEADER_BYTES = 64,
    ENTRY_BYTES_AT = HEADER_BYTES + 36,
    ENTRY_MD5_AT = HEADER_BYTES + 40,
    ENTRY_PLAIN_AT = HEADER_BYTES + 68,
    ENTRIES_END = HEADER_BYTES + 96
};

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_md5(uint8_t *at, const uint8_t *data, size_t bytes)
{
    (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data, bytes, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input = {data, size};
    const uint8_t how = input_byte(&input);
    uint8_t *file = malloc(input.left + 1); /* of exactly its size, for the sanitizer, but never of none */
    if (file == NULL) {
        abort();
    }
    memcpy(file, input.at, input.left);
    if (how % 8 != 0 && input.left >= HEADER_BYTES) {
        for (unsigned byte = 0; byte < 4; byte++) {
            file[SIZE_AT + byte] = (uint8_t)(input.left >> (8 * byte));
        }
        const uint32_t bytes = input.left >= ENTRIES_END ? le32(file + ENTRY_BYTES_AT) : 0;
        const uint32_t offset = bytes != 0 ? le32(file + ENTRY_PLAIN_AT) : 0;
        if (how % 16 < 8 && offset != 0 && offset <= input.left && bytes <= input.left - offset) {
            put_md5(file + ENTRY_MD5_AT, file + offset, bytes);
        }
        put_md5(file + DIGEST_AT, file + COVERED_FROM, input.left - COVERED_FROM);
    }
    bundle_contents_t contents;
    char why[200] = "";
    if (bundle_read(&contents, file, input.left, FLASH_BYTES, why, sizeof(why))) {
        for (uint32_t at = 0; at < contents.count; at++) {
            const bundle_part_t *part = &contents.parts[at];
            uint8_t md5[16];
            put_md5(md5, part->data, part->about.bytes);
            if (memcmp(md5, part->about.md5, sizeof(md5)) != 0 ||
                part->about.bytes > FLASH_BYTES - part->about.flash_addr) {
                abort();
            }
        }
        bundle_contents_free(&contents);
    } else if (why[0] == '\0' || contents.count != 0) {
        abort();
    }
    free(file);
    return 0;
}
