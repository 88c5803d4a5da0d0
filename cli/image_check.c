/* SPDX-License-Identifier: Apache-2.0 */
/* Tells whole images from damaged ones and from those of another chip. */
#include "image_check.h"

#include <mbedtls/md.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM_MAGIC 0xE9
#define SHORT_HEADER_BYTES 8u     /* ESP8266 */
#define EXTENDED_HEADER_BYTES 24u /* every later chip */
#define CHIP_ID_OFFSET 12u
#define DIGEST_FLAG_OFFSET 23u
#define SEGMENT_COUNT_MAX 16u
#define SEGMENT_HEADER_BYTES 8u
#define CHECKSUM_SEED 0xEFu
#define CHECKSUM_ALIGN_BYTES 16u
#define SHA256_BYTES 32u

#define ROW_BYTES 32u
#define TABLE_BYTES_MAX 3072u
#define ROW_MD5_OFFSET 16u

struct why {
    char *text;
    size_t bytes;
};

static struct why why_into(char *text, size_t bytes)
{
    struct why why = {0};
    why.text = text;
    why.bytes = bytes;
    return why;
}

__attribute__((format(printf, 2, 3))) static image_verdict_t damaged(struct why why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why.text, why.bytes, format, arguments);
    va_end(arguments);
    return IMAGE_DAMAGED;
}

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool digest_is(mbedtls_md_type_t type, const uint8_t *data, size_t bytes, const uint8_t *expected)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(type);
    uint8_t digest[MBEDTLS_MD_MAX_SIZE];
    return info != NULL && mbedtls_md(info, data, bytes, digest) == 0 &&
           memcmp(digest, expected, mbedtls_md_get_size(info)) == 0;
}

/* --- Programs -------------------------------------------------------------------------------------- */

/* Adds up all segments. Afterwards *end is the offset behind the last one, within the buffer. */
static image_verdict_t walk_segments(const uint8_t *data, size_t bytes, size_t header_bytes, size_t *end,
                                     uint8_t *checksum, struct why why)
{
    const unsigned segment_count = data[1];
    if (segment_count == 0 || segment_count > SEGMENT_COUNT_MAX) {
        return damaged(why, "the header names %u segments at offset 0x1, where 1 to %u are possible", segment_count,
                       SEGMENT_COUNT_MAX);
    }
    size_t offset = header_bytes;
    *checksum = CHECKSUM_SEED;
    for (unsigned segment = 1; segment <= segment_count; segment++) {
        if (bytes - offset < SEGMENT_HEADER_BYTES) {
            return damaged(why, "the header of segment %u of %u at offset 0x%zx runs past the end of the file at 0x%zx",
                           segment, segment_count, offset, bytes);
        }
        const uint32_t segment_bytes = le32(data + offset + 4);
        if (bytes - offset - SEGMENT_HEADER_BYTES < segment_bytes) {
            return damaged(why, "segment %u of %u at offset 0x%zx (0x%x bytes) runs past the end of the file at 0x%zx",
                           segment, segment_count, offset, (unsigned)segment_bytes, bytes);
        }
        offset += SEGMENT_HEADER_BYTES;
        for (const size_t segment_end = offset + segment_bytes; offset < segment_end; offset++) {
            *checksum ^= data[offset];
        }
    }
    *end = offset;
    return IMAGE_SOUND;
}

static image_verdict_t check_digest(const uint8_t *data, size_t bytes, size_t offset, struct why why)
{
    const unsigned appended = data[DIGEST_FLAG_OFFSET];
    if (appended == 0) {
        return IMAGE_SOUND;
    }
    if (appended != 1) {
        return damaged(why, "the header has 0x%02x at offset 0x%x, where 0 (no SHA-256) or 1 (a SHA-256) is possible",
                       appended, DIGEST_FLAG_OFFSET);
    }
    if (bytes - offset < SHA256_BYTES) {
        return damaged(why, "the SHA-256 at offset 0x%zx runs past the end of the file at 0x%zx", offset, bytes);
    }
    if (!digest_is(MBEDTLS_MD_SHA256, data, offset, data + offset)) {
        return damaged(why, "the SHA-256 at offset 0x%zx does not fit the bytes before it", offset);
    }
    return IMAGE_SOUND;
}

static image_verdict_t check_structure(const uint8_t *data, size_t bytes, size_t header_bytes, struct why why)
{
    if (bytes < header_bytes) {
        return damaged(why, "the header of %zu bytes runs past the end of the file at 0x%zx", header_bytes, bytes);
    }
    size_t end = 0;
    uint8_t checksum = 0;
    const image_verdict_t verdict = walk_segments(data, bytes, header_bytes, &end, &checksum, why);
    if (verdict != IMAGE_SOUND) {
        return verdict;
    }
    const size_t checksum_offset = end | (CHECKSUM_ALIGN_BYTES - 1); /* last byte of the 16 that `end` is in */
    if (checksum_offset >= bytes) {
        return damaged(why, "the checksum at offset 0x%zx lies past the end of the file at 0x%zx", checksum_offset,
                       bytes);
    }
    if (data[checksum_offset] != checksum) {
        return damaged(why, "the checksum at offset 0x%zx is 0x%02x, but the segments add up to 0x%02x",
                       checksum_offset, data[checksum_offset], checksum);
    }
    return header_bytes == SHORT_HEADER_BYTES ? IMAGE_SOUND : check_digest(data, bytes, checksum_offset + 1, why);
}

static bool is_sound(const uint8_t *data, size_t bytes, size_t header_bytes)
{
    return check_structure(data, bytes, header_bytes, (struct why){NULL, 0}) == IMAGE_SOUND;
}

/* --- Public: programs ------------------------------------------------------------------------------ */

const char *image_chip_name(int chip_id)
{
    const chip_format_t *chip = chip_format_by_id(chip_id);
    return chip != NULL ? chip->name : "an unknown chip";
}

int image_chip_id(const char *name)
{
    const chip_format_t *chip = chip_format_by_name(name);
    return chip != NULL ? chip->id : IMAGE_CHIP_ANY;
}

bool image_is_program(const uint8_t *data, size_t bytes)
{
    return bytes > 0 && data[0] == PROGRAM_MAGIC;
}

int image_program_chip(const uint8_t *data, size_t bytes)
{
    if (!image_is_program(data, bytes)) {
        return IMAGE_CHIP_ANY;
    }
    /* Nothing marks the short header but that the rest fits it, so it has to fit and the long one must not. */
    if (is_sound(data, bytes, SHORT_HEADER_BYTES) && !is_sound(data, bytes, EXTENDED_HEADER_BYTES)) {
        return IMAGE_CHIP_ESP8266;
    }
    if (bytes < EXTENDED_HEADER_BYTES) {
        return IMAGE_CHIP_ANY;
    }
    return data[CHIP_ID_OFFSET] | data[CHIP_ID_OFFSET + 1] << 8;
}

image_verdict_t image_check(const uint8_t *data, size_t bytes, int expected_chip_id, char *why, size_t why_bytes)
{
    const struct why reason = why_into(why, why_bytes);
    if (!image_is_program(data, bytes)) {
        return damaged(reason, "the byte at offset 0x0 is not 0x%02x, the mark of a program image", PROGRAM_MAGIC);
    }
    const int chip = image_program_chip(data, bytes);
    if (expected_chip_id == IMAGE_CHIP_ESP8266 && !is_sound(data, bytes, EXTENDED_HEADER_BYTES)) {
        return check_structure(data, bytes, SHORT_HEADER_BYTES, reason);
    }
    if (expected_chip_id != IMAGE_CHIP_ANY && chip != IMAGE_CHIP_ANY && chip != expected_chip_id) {
        if (chip == IMAGE_CHIP_ESP8266) {
            (void)damaged(reason, "the image has the header of the ESP8266, not of %s",
                          image_chip_name(expected_chip_id));
        } else {
            (void)damaged(reason, "the image header names %s (chip id %d at offset 0x%x), not %s",
                          image_chip_name(chip), chip, CHIP_ID_OFFSET, image_chip_name(expected_chip_id));
        }
        return IMAGE_WRONG_CHIP;
    }
    return check_structure(data, bytes, chip == IMAGE_CHIP_ESP8266 ? SHORT_HEADER_BYTES : EXTENDED_HEADER_BYTES,
                           reason);
}

/* --- Public: partition tables ---------------------------------------------------------------------- */

bool image_is_partition_table(const uint8_t *data, size_t bytes)
{
    return bytes >= 2 && data[0] == 0xAA && data[1] == 0x50;
}

static bool is_md5_row(const uint8_t *row)
{
    return row[0] == 0xEB && row[1] == 0xEB;
}

static bool is_blank_row(const uint8_t *row)
{
    return row[0] == 0xFF && memcmp(row, row + 1, ROW_BYTES - 1) == 0;
}

image_verdict_t image_check_partition_table(const uint8_t *data, size_t bytes, char *why, size_t why_bytes)
{
    const struct why reason = why_into(why, why_bytes);
    if (!image_is_partition_table(data, bytes)) {
        return damaged(reason, "the bytes at offset 0x0 are not AA 50, the mark of a partition table row");
    }
    const size_t table_bytes = bytes < TABLE_BYTES_MAX ? bytes : TABLE_BYTES_MAX;
    for (size_t offset = 0; offset < table_bytes; offset += ROW_BYTES) {
        const uint8_t *row = data + offset;
        if (bytes - offset < ROW_BYTES) {
            return damaged(reason, "the row at offset 0x%zx runs past the end of the file at 0x%zx", offset, bytes);
        }
        if (is_blank_row(row)) {
            return IMAGE_SOUND; /* a table without an MD5 row ends like this */
        }
        if (is_md5_row(row)) {
            return digest_is(MBEDTLS_MD_MD5, data, offset, row + ROW_MD5_OFFSET)
                       ? IMAGE_SOUND
                       : damaged(reason, "the MD5 row at offset 0x%zx does not fit the rows before it", offset);
        }
        if (!image_is_partition_table(row, ROW_BYTES)) {
            return damaged(reason, "the row at offset 0x%zx starts with %02X %02X, not with AA 50, EB EB or FF FF",
                           offset, row[0], row[1]);
        }
    }
    return damaged(reason, "no row of FF and no MD5 row ends the table before offset 0x%zx", table_bytes);
}
