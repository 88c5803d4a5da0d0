/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "bundle_reader.h"
#include "chip_formats.h"
#include "explain.h"
#include "inputs_support.h"

enum { CHIP_ID_ESP8266 = 0xFFFF, NOT_TOLD = 0xFF };

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
    if (chip != NULL && bundle->flash_mode != NOT_TOLD && bundle->flash_size_freq != NOT_TOLD) {
        explain_flash(explainer, "flash settings", bundle->flash_mode, bundle->flash_size_freq >> 4,
                      bundle->flash_size_freq & 0x0F, chip);
    }
}

/* By the table of the same bundle, if it has one. */
static void explain_otadata_in(explainer_t *explainer, const bundle_contents_t *contents)
{
    partition_table_t table;
    bool has_table = false;
    json_t *whole = explainer->object;
    json_t *objects = json_array();
    for (uint32_t at = 0; at < contents->count; at++) {
        const bundle_part_t *part = &contents->parts[at];
        has_table = has_table || (part->about.kind == REFLASH_KIND_PARTITION_TABLE &&
                                  partition_table_check(&table, part->data, part->about.bytes, NULL, 0));
    }
    for (uint32_t at = 0; at < contents->count; at++) {
        const bundle_part_t *part = &contents->parts[at];
        if (part->about.kind == REFLASH_KIND_OTADATA) {
            char *title = inputs_text_of("%s at 0x%x", part->about.name, (unsigned)part->about.flash_addr);
            explainer->object = json_pack("{s:s}", "name", part->about.name);
            explain_otadata_by(explainer, title, part->data, part->about.bytes, has_table ? &table : NULL);
            (void)json_array_append_new(objects, explainer->object);
            free(title);
        }
    }
    explainer->object = whole;
    (void)json_object_set_new(explainer->object, "contents", objects);
}

void explain_bundle(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes)
{
    const reflash_source_t source = bundle_in_memory(data, bytes);
    reflash_bundle_t bundle;
    reflash_bundle_error_t error = reflash_bundle_open(&bundle, &source);
    if (error != REFLASH_BUNDLE_GOOD) {
        explain_heading(explainer, name, "bundle", bytes, "bundle");
        explain_wrong(explainer, "structure", "%s", bundle_error_text(error));
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
        explain_wrong(explainer, "MD5", "%s", bundle_error_text(error));
    }
    json_t *images = json_array();
    for (uint16_t at = 0; at < bundle.image_count; at++) {
        reflash_bundle_image_t image;
        error = reflash_bundle_image(&bundle, at, &image);
        if (error == REFLASH_BUNDLE_GOOD) {
            error = explain_image(explainer, &bundle, &image, images);
        }
        if (error != REFLASH_BUNDLE_GOOD) {
            explain_wrong(explainer, "structure", "image %u: %s", at + 1u, bundle_error_text(error));
        }
    }
    (void)json_object_set_new(explainer->object, "images", images);
    bundle_contents_t contents;
    char why[200];
    if (!explainer->sound) {
        return;
    }
    if (bundle_read(&contents, data, bytes, UINT32_MAX, why, sizeof(why))) {
        explain_otadata_in(explainer, &contents);
        bundle_contents_free(&contents);
    } else {
        explain_wrong(explainer, "content", "%s", why);
    }
}
