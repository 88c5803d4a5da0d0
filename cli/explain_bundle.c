/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "chip_formats.h"
#include "explain.h"
#include "reflash_bundle.h"

enum { CHIP_ID_ESP8266 = 0xFFFF };

typedef struct {
    const uint8_t *data;
} memory_t;

static bool read_memory(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    const memory_t *memory = context;
    memcpy(buf, memory->data + offset, bytes);
    return true;
}

static const char *error_text(reflash_bundle_error_t error)
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

static const char *kind_name(reflash_kind_t kind)
{
    static const char *const names[] = {[REFLASH_KIND_APPLICATION] = "application or data",
                                        [REFLASH_KIND_OTADATA] = "OTA data",
                                        [REFLASH_KIND_PARTITION_TABLE] = "partition table",
                                        [REFLASH_KIND_BOOTLOADER] = "bootloader"};
    return kind < REFLASH_KIND_COUNT ? names[kind] : "unknown";
}

/* What its sectors add up to. */
typedef struct {
    uint32_t sectors, groups, blank, packed_bytes;
} sums_t;

static reflash_bundle_error_t add_up(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image, sums_t *sums)
{
    *sums = (sums_t){.sectors = reflash_bundle_sector_count(image)};
    for (uint32_t at = 0; at < sums->sectors; at++) {
        reflash_bundle_sector_t sector;
        const reflash_bundle_error_t error = reflash_bundle_sector(bundle, image, at, &sector);
        if (error != REFLASH_BUNDLE_GOOD) {
            return error;
        }
        sums->groups += sector.starts_group;
        sums->blank += sector.is_blank;
        sums->packed_bytes += sector.packed_bytes;
    }
    return REFLASH_BUNDLE_GOOD;
}

static reflash_bundle_error_t explain_image(explainer_t *explainer, const reflash_bundle_t *bundle,
                                            reflash_bundle_image_t *image, json_t *images)
{
    sums_t sums;
    const reflash_bundle_error_t error = add_up(bundle, image, &sums);
    if (error != REFLASH_BUNDLE_GOOD) {
        return error;
    }
    char packed[64] = "";
    char md5[33];
    if (bundle->has_packed) {
        (void)snprintf(packed, sizeof(packed), ", packed %u (%u %%)", (unsigned)sums.packed_bytes,
                       (unsigned)((uint64_t)sums.packed_bytes * 100 / image->bytes));
    }
    explain_digits(md5, image->md5, sizeof(image->md5));
    explain_row(explainer, "%-16s0x%08x  %9u bytes%s%s", explain_printable(image->name), (unsigned)image->flash_addr,
                (unsigned)image->bytes, packed, image->encrypted ? ", to be encrypted" : "");
    explain_row(explainer, "%16s%s; sectors: %u, blank: %u, groups: %u; MD5 %s", "", kind_name(image->kind),
                (unsigned)sums.sectors, (unsigned)sums.blank, (unsigned)sums.groups, md5);
    (void)json_array_append_new(
        images, json_pack("{s:s, s:I, s:I, s:s, s:b, s:I, s:I, s:I, s:I, s:s}", "name", image->name, "address",
                          (json_int_t)image->flash_addr, "bytes", (json_int_t)image->bytes, "kind",
                          kind_name(image->kind), "encrypted", image->encrypted, "sectors", (json_int_t)sums.sectors,
                          "blank_sectors", (json_int_t)sums.blank, "groups", (json_int_t)sums.groups, "packed_bytes",
                          (json_int_t)sums.packed_bytes, "md5", md5));
    return REFLASH_BUNDLE_GOOD;
}

static void explain_facts(explainer_t *explainer, const reflash_bundle_t *bundle)
{
    const chip_format_t *chip =
        chip_format_by_id(bundle->chip_id == CHIP_ID_ESP8266 ? IMAGE_CHIP_ESP8266 : (int)bundle->chip_id);
    const char *chip_name = chip != NULL ? chip->name : "unknown";
    explain_fact(explainer, "chip", "chip", json_string(chip_name),
                 bundle->chip_id == CHIP_ID_ESP8266 ? "%s" : "%s (chip id %u)", chip_name, bundle->chip_id);
    const bool both = bundle->has_plain && bundle->has_packed;
    explain_fact(explainer, "data", "data",
                 json_pack("{s:b, s:b}", "plain", bundle->has_plain, "packed", bundle->has_packed), "%s",
                 both                ? "plain and packed"
                 : bundle->has_plain ? "plain"
                                     : "packed");
    explain_fact(explainer, "flash", "flash_bytes", json_integer((json_int_t)bundle->flash_bytes), "%u KiB are needed",
                 (unsigned)(bundle->flash_bytes / 1024));
}

void explain_bundle(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes)
{
    memory_t memory = {data};
    const reflash_source_t source = {.read = read_memory, .context = &memory, .bytes = (uint32_t)bytes};
    reflash_bundle_t bundle;
    reflash_bundle_error_t error = reflash_bundle_open(&bundle, &source);
    if (error != REFLASH_BUNDLE_GOOD) {
        explain_heading(explainer, name, "bundle", bytes, "bundle");
        explain_wrong(explainer, "structure", "%s", error_text(error));
        return;
    }
    explain_heading(explainer, name, "bundle", bytes, "bundle of %u image%s", bundle.image_count,
                    bundle.image_count == 1 ? "" : "s");
    explain_facts(explainer, &bundle);
    error = reflash_bundle_check(&bundle);
    if (error == REFLASH_BUNDLE_GOOD) {
        char digits[33];
        explain_digits(digits, data + 16, 16);
        explain_fact(explainer, "MD5", "md5", json_string(digits), "%s, right", digits);
    } else {
        explain_wrong(explainer, "MD5", "%s", error_text(error));
    }
    json_t *images = json_array();
    for (uint16_t at = 0; at < bundle.image_count; at++) {
        reflash_bundle_image_t image;
        error = reflash_bundle_image(&bundle, at, &image);
        if (error == REFLASH_BUNDLE_GOOD) {
            error = explain_image(explainer, &bundle, &image, images);
        }
        if (error != REFLASH_BUNDLE_GOOD) {
            explain_wrong(explainer, "structure", "image %u: %s", at + 1u, error_text(error));
        }
    }
    (void)json_object_set_new(explainer->object, "images", images);
}
