/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle_reader.h"

#include <ctype.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "inputs_support.h"

bool bundle_is_file(const uint8_t *data, size_t bytes)
{
    static const uint8_t magic[] = {0x89, 'R', 'F', 'B', '\r', '\n', 0x1A, '\n'};
    return bytes >= sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0;
}

static bool read_memory(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    memcpy(buf, (const uint8_t *)context + offset, bytes);
    return true;
}

reflash_source_t bundle_in_memory(const uint8_t *data, size_t bytes)
{
    return (reflash_source_t){.read = read_memory, .context = (void *)data, .bytes = (uint32_t)bytes};
}

const char *bundle_error_text(reflash_bundle_error_t error)
{
    static const char *const texts[] = {
        [REFLASH_BUNDLE_GOOD] = "nothing",
        [REFLASH_BUNDLE_UNREADABLE] = "it cannot be read",
        [REFLASH_BUNDLE_NO_BUNDLE] = "it is shorter than a bundle's header",
        [REFLASH_BUNDLE_NEWER] = "it has a version that this program does not know",
        [REFLASH_BUNDLE_CUT] = "its header tells another size than the file has: it is cut off",
        [REFLASH_BUNDLE_DAMAGED] = "the MD5 in its header does not fit its content",
        [REFLASH_BUNDLE_INCONSISTENT] = "a field contradicts another one or the format",
        [REFLASH_BUNDLE_NOT_THERE] = "what a field points to is not there",
    };
    return texts[error];
}

/* --- One image --------------------------------------------------------------------------------------------------- */

/* All its pieces are one stream, which comes as one block. False: it does not unpack to the image's size. */
static bool unpack(const reflash_bundle_t *bundle, bundle_part_t *part, reflash_bundle_error_t *error)
{
    reflash_run_t run;
    *error = reflash_run_begin(&run, bundle, &part->about, 0, reflash_bundle_sector_count(&part->about), UINT32_MAX);
    *error = *error == REFLASH_BUNDLE_GOOD ? reflash_run_next_block(&run) : *error;
    if (*error != REFLASH_BUNDLE_GOOD) {
        return false;
    }
    uint8_t *stream = inputs_need(malloc(run.stream_bytes));
    *error = reflash_run_read(&run, stream, run.stream_bytes);
    uLongf plain_bytes = part->about.bytes;
    const bool unpacked = *error == REFLASH_BUNDLE_GOOD &&
                          uncompress(part->data, &plain_bytes, stream, run.stream_bytes) == Z_OK &&
                          plain_bytes == part->about.bytes;
    free(stream);
    return unpacked;
}

static bool has_its_md5(const bundle_part_t *part)
{
    uint8_t md5[16];
    return mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), part->data, part->about.bytes, md5) == 0 &&
           memcmp(md5, part->about.md5, sizeof(md5)) == 0;
}

/* A name comes from anywhere and goes to a terminal. */
static void make_printable(char *name)
{
    for (char *at = name; *at != '\0'; at++) {
        *at = isprint((unsigned char)*at) != 0 ? *at : '?';
    }
}

/* What is wrong with it, or NULL. */
static const char *read_part(const reflash_bundle_t *bundle, uint16_t index, bundle_part_t *part)
{
    reflash_bundle_error_t error = reflash_bundle_image(bundle, index, &part->about);
    if (error != REFLASH_BUNDLE_GOOD) {
        return bundle_error_text(error);
    }
    make_printable(part->about.name);
    part->data = inputs_need(malloc(part->about.bytes));
    if (bundle->has_plain) {
        error = reflash_bundle_plain(bundle, &part->about, 0, part->data, part->about.bytes);
    } else if (!unpack(bundle, part, &error) && error == REFLASH_BUNDLE_GOOD) {
        return "its compressed data does not unpack";
    }
    if (error != REFLASH_BUNDLE_GOOD) {
        return bundle_error_text(error);
    }
    return has_its_md5(part) ? NULL : "its data has not the MD5 that the bundle tells";
}

/* --- Public ------------------------------------------------------------------------------------------------------ */

void bundle_contents_free(bundle_contents_t *contents)
{
    for (uint32_t at = 0; at < contents->count; at++) {
        free(contents->parts[at].data);
    }
    free(contents->parts);
    *contents = (bundle_contents_t){0};
}

bool bundle_read(bundle_contents_t *contents, const uint8_t *data, size_t bytes, uint32_t flash_bytes_max, char *why,
                 size_t why_bytes)
{
    const reflash_source_t source = bundle_in_memory(data, bytes);
    reflash_bundle_t bundle;
    *contents = (bundle_contents_t){0};
    reflash_bundle_error_t error = reflash_bundle_open(&bundle, &source);
    error = error == REFLASH_BUNDLE_GOOD ? reflash_bundle_check(&bundle) : error;
    if (error != REFLASH_BUNDLE_GOOD) {
        (void)snprintf(why, why_bytes, "%s", bundle_error_text(error));
        return false;
    }
    if (bundle.flash_bytes > flash_bytes_max) {
        (void)snprintf(why, why_bytes, "its images end at 0x%x, beyond the 0x%x bytes of flash that can be addressed",
                       (unsigned)bundle.flash_bytes, (unsigned)flash_bytes_max);
        return false;
    }
    contents->chip_id = bundle.chip_id;
    contents->parts = inputs_need(calloc(bundle.image_count, sizeof(contents->parts[0])));
    for (uint16_t index = 0; index < bundle.image_count; index++) {
        contents->count++;
        const char *wrong = read_part(&bundle, index, &contents->parts[index]);
        if (wrong != NULL) {
            (void)snprintf(why, why_bytes, "image %u: %s", index + 1u, wrong);
            bundle_contents_free(contents);
            return false;
        }
    }
    return true;
}
