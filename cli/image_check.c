/* SPDX-License-Identifier: Apache-2.0 */
/* Tells whole programs from damaged ones and from those of another chip. */
#include "image_check.h"

#include <ctype.h>
#include <mbedtls/md.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM_MAGIC 0xE9
#define SHORT_HEADER_BYTES 8u     /* ESP8266 */
#define EXTENDED_HEADER_BYTES 24u /* every later chip */
#define CHIP_ID_OFFSET 12u
#define MIN_REVISION_OFFSET 15u
#define MAX_REVISION_OFFSET 17u
#define DIGEST_FLAG_OFFSET 23u
#define SEGMENT_HEADER_BYTES 8u
#define CHECKSUM_SEED 0xEFu
#define CHECKSUM_ALIGN_BYTES 16u
#define SHA256_BYTES 32u

#define APP_DESCRIPTION_MAGIC 0xABCD5432u
#define APP_DESCRIPTION_BYTES 256u
#define BOOT_DESCRIPTION_MAGIC 0x50u
#define BOOT_DESCRIPTION_BYTES 80u

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

/* Says why, and false. */
__attribute__((format(printf, 2, 3))) static bool damaged(struct why why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why.text, why.bytes, format, arguments);
    va_end(arguments);
    return false;
}

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint16_t le16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static bool not_a_program(struct why why)
{
    return damaged(why, "the byte at offset 0x0 is not 0x%02x, the mark of a program image", PROGRAM_MAGIC);
}

/* --- Programs -------------------------------------------------------------------------------------- */

/* Notes all segments within the buffer and adds them up. Afterwards *end is the offset behind the last one. */
static bool read_segments(image_t *image, const uint8_t *data, size_t bytes, size_t *end, struct why why)
{
    const unsigned segment_count = data[1];
    if (segment_count == 0 || segment_count > IMAGE_SEGMENTS_MAX) {
        return damaged(why, "the header names %u segments at offset 0x1, where 1 to %u are possible", segment_count,
                       IMAGE_SEGMENTS_MAX);
    }
    size_t offset = *end;
    image->checksum = CHECKSUM_SEED;
    while (image->segment_count < segment_count) {
        const unsigned number = image->segment_count + 1;
        if (bytes - offset < SEGMENT_HEADER_BYTES) {
            return damaged(why, "the header of segment %u of %u at offset 0x%zx runs past the end of the file at 0x%zx",
                           number, segment_count, offset, bytes);
        }
        const uint32_t segment_bytes = le32(data + offset + 4);
        if (bytes - offset - SEGMENT_HEADER_BYTES < segment_bytes) {
            return damaged(why, "segment %u of %u at offset 0x%zx (0x%x bytes) runs past the end of the file at 0x%zx",
                           number, segment_count, offset, (unsigned)segment_bytes, bytes);
        }
        image->segments[image->segment_count++] = (image_segment_t){
            .offset = offset + SEGMENT_HEADER_BYTES, .addr = le32(data + offset), .bytes = segment_bytes};
        offset += SEGMENT_HEADER_BYTES;
        for (const size_t segment_end = offset + segment_bytes; offset < segment_end; offset++) {
            image->checksum ^= data[offset];
        }
    }
    *end = offset;
    return true;
}

static bool read_digest(image_t *image, const uint8_t *data, size_t bytes, struct why why)
{
    const unsigned appended = data[DIGEST_FLAG_OFFSET];
    if (appended > 1) {
        return damaged(why, "the header has 0x%02x at offset 0x%x, where 0 (no SHA-256) or 1 (a SHA-256) is possible",
                       appended, DIGEST_FLAG_OFFSET);
    }
    if (appended == 0) {
        return true;
    }
    const size_t offset = image->checksum_offset + 1;
    if (bytes - offset < SHA256_BYTES) {
        return damaged(why, "the SHA-256 at offset 0x%zx runs past the end of the file at 0x%zx", offset, bytes);
    }
    image->digest_offset = offset;
    image->bytes += SHA256_BYTES;
    return true;
}

static void read_header(image_t *image, const uint8_t *data, size_t header_bytes)
{
    image->flash_mode = data[2];
    image->flash_size = data[3] >> 4;
    image->flash_freq = data[3] & 0xF;
    image->entry = le32(data + 4);
    if (header_bytes == EXTENDED_HEADER_BYTES) {
        image->min_revision = le16(data + MIN_REVISION_OFFSET);
        image->max_revision = le16(data + MAX_REVISION_OFFSET);
    }
}

static bool read_structure(image_t *image, const uint8_t *data, size_t bytes, size_t header_bytes, struct why why)
{
    *image = (image_t){.chip_id = header_bytes == SHORT_HEADER_BYTES ? IMAGE_CHIP_ESP8266 : IMAGE_CHIP_ANY};
    if (bytes < header_bytes) {
        return damaged(why, "the header of %zu bytes runs past the end of the file at 0x%zx", header_bytes, bytes);
    }
    read_header(image, data, header_bytes);
    size_t end = header_bytes;
    if (!read_segments(image, data, bytes, &end, why)) {
        return false;
    }
    const size_t checksum_offset = end | (CHECKSUM_ALIGN_BYTES - 1); /* last byte of the 16 that `end` is in */
    if (checksum_offset >= bytes) {
        return damaged(why, "the checksum at offset 0x%zx lies past the end of the file at 0x%zx", checksum_offset,
                       bytes);
    }
    image->checksum_offset = checksum_offset;
    image->bytes = checksum_offset + 1;
    return header_bytes == SHORT_HEADER_BYTES || read_digest(image, data, bytes, why);
}

static bool check_structure(const uint8_t *data, size_t bytes, size_t header_bytes, struct why why)
{
    image_t image;
    if (!read_structure(&image, data, bytes, header_bytes, why)) {
        return false;
    }
    if (data[image.checksum_offset] != image.checksum) {
        return damaged(why, "the checksum at offset 0x%zx is 0x%02x, but the segments add up to 0x%02x",
                       image.checksum_offset, data[image.checksum_offset], image.checksum);
    }
    if (image.digest_offset != 0 && !image_digest_is_right(&image, data)) {
        return damaged(why, "the SHA-256 at offset 0x%zx does not fit the bytes before it", image.digest_offset);
    }
    return true;
}

static bool is_sound(const uint8_t *data, size_t bytes, size_t header_bytes)
{
    return check_structure(data, bytes, header_bytes, (struct why){NULL, 0});
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
    return le16(data + CHIP_ID_OFFSET);
}

image_verdict_t image_check(const uint8_t *data, size_t bytes, int expected_chip_id, char *why, size_t why_bytes)
{
    const struct why reason = why_into(why, why_bytes);
    if (!image_is_program(data, bytes)) {
        (void)not_a_program(reason);
        return IMAGE_DAMAGED;
    }
    const int chip = image_program_chip(data, bytes);
    size_t header_bytes = chip == IMAGE_CHIP_ESP8266 ? SHORT_HEADER_BYTES : EXTENDED_HEADER_BYTES;
    /* The very smallest may be sound with either header. */
    if (expected_chip_id == IMAGE_CHIP_ESP8266 &&
        (is_sound(data, bytes, SHORT_HEADER_BYTES) || !is_sound(data, bytes, EXTENDED_HEADER_BYTES))) {
        header_bytes = SHORT_HEADER_BYTES;
    } else if (expected_chip_id != IMAGE_CHIP_ANY && chip != IMAGE_CHIP_ANY && chip != expected_chip_id) {
        if (chip == IMAGE_CHIP_ESP8266) {
            (void)damaged(reason, "the image has the header of the ESP8266, not of %s",
                          image_chip_name(expected_chip_id));
        } else {
            (void)damaged(reason, "the image header names %s (chip id %d at offset 0x%x), not %s",
                          image_chip_name(chip), chip, CHIP_ID_OFFSET, image_chip_name(expected_chip_id));
        }
        return IMAGE_WRONG_CHIP;
    }
    return check_structure(data, bytes, header_bytes, reason) ? IMAGE_SOUND : IMAGE_DAMAGED;
}

/* --- Public: what is in them ----------------------------------------------------------------------- */

bool image_read(image_t *image, const uint8_t *data, size_t bytes, char *why, size_t why_bytes)
{
    const struct why reason = why_into(why, why_bytes);
    *image = (image_t){.chip_id = IMAGE_CHIP_ANY};
    if (!image_is_program(data, bytes)) {
        return not_a_program(reason);
    }
    const int chip_id = image_program_chip(data, bytes);
    const bool whole = read_structure(
        image, data, bytes, chip_id == IMAGE_CHIP_ESP8266 ? SHORT_HEADER_BYTES : EXTENDED_HEADER_BYTES, reason);
    image->chip_id = chip_id;
    return whole;
}

bool image_digest_is_right(const image_t *image, const uint8_t *data)
{
    uint8_t digest[SHA256_BYTES];
    return mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), data, image->digest_offset, digest) == 0 &&
           memcmp(digest, data + image->digest_offset, sizeof(digest)) == 0;
}

/* --- Public: descriptions -------------------------------------------------------------------------- */

/* `text` gets the characters of a field that may fill all of its bytes, and a zero. */
static void copy_text(char *text, const uint8_t *field, size_t field_bytes)
{
    memcpy(text, field, field_bytes);
    text[field_bytes] = '\0';
}

/* Where the first segment starts, if it has so many bytes; else NULL. */
static const uint8_t *first_bytes(const image_t *image, const uint8_t *data, size_t bytes)
{
    return image->segment_count > 0 && image->segments[0].bytes >= bytes ? data + image->segments[0].offset : NULL;
}

bool image_app_description(const image_t *image, const uint8_t *data, image_app_description_t *description)
{
    const uint8_t *at = first_bytes(image, data, APP_DESCRIPTION_BYTES);
    if (at == NULL || le32(at) != APP_DESCRIPTION_MAGIC) {
        return false;
    }
    description->secure_version = le32(at + 4);
    copy_text(description->version, at + 16, 32);
    copy_text(description->project, at + 48, 32);
    copy_text(description->time, at + 80, 16);
    copy_text(description->date, at + 96, 16);
    copy_text(description->idf_version, at + 112, 32);
    memcpy(description->elf_sha256, at + 144, sizeof(description->elf_sha256));
    return true;
}

/* Its mark is a single byte, so its version has to begin like a text, too. */
bool image_boot_description(const image_t *image, const uint8_t *data, image_boot_description_t *description)
{
    const uint8_t *at = first_bytes(image, data, BOOT_DESCRIPTION_BYTES);
    if (at == NULL || at[0] != BOOT_DESCRIPTION_MAGIC || !isprint(at[8])) {
        return false;
    }
    description->secure_version = at[3];
    description->version = le32(at + 4);
    copy_text(description->idf_version, at + 8, 32);
    copy_text(description->date_time, at + 40, 24);
    return true;
}
