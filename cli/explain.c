/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that explanations are made of, and what programs and partition tables are explained by. */
#include "explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_reader.h"
#include "elf_image.h"
#include "image_check.h"
#include "inputs_support.h"
#include "intel_hex.h"
#include "merged_image.h"
#include "otadata.h"
#include "partition_table.h"

enum { TEXT_BYTES = 600, LABEL_CHARS = 16, APP_ALIGN = 0x10000 };

/* --- Lines ----------------------------------------------------------------------------------------- */

char *explain_printable(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~') {
            *at = '?';
        }
    }
    return text;
}

void explain_digits(char *text, const uint8_t *data, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++) {
        (void)snprintf(text + 2 * at, 3, "%02x", data[at]);
    }
}

void explain_heading(explainer_t *explainer, const char *name, const char *kind, size_t bytes, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)json_object_set_new(explainer->object, "kind", json_string(kind));
    (void)json_object_set_new(explainer->object, "bytes", json_integer((json_int_t)bytes));
    output_line(explainer->output, "%s%s%s: %s, %zu bytes", explainer->colour ? "\033[1m" : "", name,
                explainer->colour ? "\033[0m" : "", text, bytes);
}

void explain_fact(explainer_t *explainer, const char *label, const char *key, json_t *value, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    output_line(explainer->output, "  %-*s%s", LABEL_CHARS, label, text);
    if (key != NULL) {
        (void)json_object_set_new(explainer->object, key, value);
    }
}

void explain_wrong(explainer_t *explainer, const char *label, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    output_line(explainer->output, "  %-*s%sWRONG: %s%s", LABEL_CHARS, label, explainer->colour ? "\033[31m" : "", text,
                explainer->colour ? "\033[0m" : "");
    json_t *wrong = json_object_get(explainer->object, "wrong");
    if (wrong == NULL) {
        wrong = json_array();
        (void)json_object_set_new(explainer->object, "wrong", wrong);
    }
    (void)json_array_append_new(wrong, json_string(text));
    explainer->sound = false;
}

void explain_row(explainer_t *explainer, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    output_line(explainer->output, "  %s", text);
}

/* A text from a file. */
static void printable_fact(explainer_t *explainer, const char *label, const char *key, char *text)
{
    explain_fact(explainer, label, key, json_string(explain_printable(text)), "%s", text);
}

/* --- Programs -------------------------------------------------------------------------------------- */

static bool is_blank(const uint8_t *data, size_t bytes)
{
    return data[0] == 0xFF && memcmp(data, data + 1, bytes - 1) == 0;
}

/* All words for a code: two may share one. */
static void code_words(char *text, size_t text_bytes, const format_code_t *list, uint8_t code)
{
    size_t used = 0;
    text[0] = '\0';
    for (; list->name != NULL; list++) {
        if (list->code == code && used < text_bytes) {
            used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used > 0 ? " or " : "", list->name);
        }
    }
    if (used == 0) {
        (void)snprintf(text, text_bytes, "unknown (%u)", code);
    }
}

void explain_flash(explainer_t *explainer, const char *label, uint8_t mode_code, uint8_t size_code, uint8_t freq_code,
                   const chip_format_t *chip)
{
    char mode[32], freq[32], size[32];
    code_words(mode, sizeof(mode), format_flash_modes, mode_code);
    code_words(freq, sizeof(freq), chip->flash_freqs, freq_code);
    code_words(size, sizeof(size), chip->flash_sizes, size_code);
    explain_fact(explainer, label, "flash", json_pack("{s:s, s:s, s:s}", "mode", mode, "freq", freq, "size", size),
                 "%s, %s, %s", mode, freq, size);
}

static void explain_segments(explainer_t *explainer, const image_t *image, const chip_format_t *chip)
{
    json_t *segments = json_array();
    for (uint32_t at = 0; at < image->segment_count; at++) {
        const image_segment_t *segment = &image->segments[at];
        char memory[64] = "padding";
        if (segment->addr != 0 && chip != NULL) {
            chip_memory_names(chip, segment->addr, memory, sizeof(memory));
        }
        if (at == 0) {
            explain_row(explainer, "segments          offset     address     bytes  memory");
        }
        explain_row(explainer, "%*s%8s0x%06zx  0x%08x  %8u%s%s", LABEL_CHARS - 8, "", "", segment->offset,
                    (unsigned)segment->addr, (unsigned)segment->bytes, memory[0] != '\0' ? "  " : "", memory);
        (void)json_array_append_new(segments, json_pack("{s:I, s:I, s:I, s:s}", "offset", (json_int_t)segment->offset,
                                                        "address", (json_int_t)segment->addr, "bytes",
                                                        (json_int_t)segment->bytes, "memory", memory));
    }
    (void)json_object_set_new(explainer->object, "segments", segments);
}

static void explain_sums(explainer_t *explainer, const image_t *image, const uint8_t *data)
{
    if (image->checksum_offset != 0 && data[image->checksum_offset] == image->checksum) {
        explain_fact(explainer, "checksum", "checksum", json_integer(image->checksum), "0x%02x, right",
                     image->checksum);
    } else if (image->checksum_offset != 0) {
        explain_wrong(explainer, "checksum", "it is 0x%02x, but the segments add up to 0x%02x",
                      data[image->checksum_offset], image->checksum);
    }
    char digits[65];
    if (image->digest_offset == 0) {
        explain_fact(explainer, "SHA-256", "sha256", json_null(), "none");
    } else if (image_digest_is_right(image, data)) {
        explain_digits(digits, data + image->digest_offset, 32);
        explain_fact(explainer, "SHA-256", "sha256", json_string(digits), "%s, right", digits);
    } else {
        explain_wrong(explainer, "SHA-256", "that at offset 0x%zx does not fit the bytes before it",
                      image->digest_offset);
    }
}

static void explain_app(explainer_t *explainer, image_app_description_t *app)
{
    char when[40], digits[65];
    printable_fact(explainer, "project", "project", app->project);
    printable_fact(explainer, "version", "version", app->version);
    printable_fact(explainer, "ESP-IDF", "idf_version", app->idf_version);
    (void)snprintf(when, sizeof(when), "%s %s", app->date, app->time);
    printable_fact(explainer, "compiled", "compiled", when);
    explain_fact(explainer, "secure version", "secure_version", json_integer(app->secure_version), "%u",
                 (unsigned)app->secure_version);
    explain_digits(digits, app->elf_sha256, sizeof(app->elf_sha256));
    explain_fact(explainer, "ELF SHA-256", "elf_sha256", json_string(digits), "%s", digits);
}

static void explain_boot(explainer_t *explainer, image_boot_description_t *boot)
{
    explain_fact(explainer, "version", "version", json_integer((json_int_t)boot->version), "%u",
                 (unsigned)boot->version);
    printable_fact(explainer, "ESP-IDF", "idf_version", boot->idf_version);
    printable_fact(explainer, "compiled", "compiled", boot->date_time);
    explain_fact(explainer, "secure version", "secure_version", json_integer(boot->secure_version), "%u",
                 boot->secure_version);
}

static void explain_revisions(explainer_t *explainer, const image_t *image)
{
    const bool any_max = image->max_revision == 0 || image->max_revision == UINT16_MAX;
    char max[24] = "on";
    if (!any_max) {
        (void)snprintf(max, sizeof(max), "to v%u.%u", image->max_revision / 100u, image->max_revision % 100u);
    }
    explain_fact(explainer, "chip revisions", "revisions",
                 json_pack("{s:I, s:o}", "min", (json_int_t)image->min_revision, "max",
                           any_max ? json_null() : json_integer(image->max_revision)),
                 "from v%u.%u %s", image->min_revision / 100u, image->min_revision % 100u, max);
}

static bool maps_flash(const image_t *image, const chip_format_t *chip)
{
    for (uint32_t at = 0; at < image->segment_count; at++) {
        if (chip != NULL && chip_maps_flash(chip, image->segments[at].addr)) {
            return true;
        }
    }
    return false;
}

void explain_program(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes)
{
    image_t image;
    image_app_description_t app;
    image_boot_description_t boot;
    char why[200];
    const bool whole = image_read(&image, data, bytes, why, sizeof(why));
    const chip_format_t *chip = chip_format_by_id(image.chip_id);
    const reflash_chip_t *row = chip_format_row(image.chip_id);
    const bool has_app = image_app_description(&image, data, &app);
    const bool has_boot = !has_app && image_boot_description(&image, data, &boot);
    const bool is_app = has_app || maps_flash(&image, chip) || image.chip_id == IMAGE_CHIP_ESP8266;
    const bool is_boot = has_boot || (whole && !is_app);
    const char *kind = is_app ? "application" : is_boot ? "bootloader" : "program";
    explain_heading(explainer, name, kind, bytes, "%s for %s", kind, image_chip_name(image.chip_id));
    explain_fact(explainer, "chip", "chip", json_string(image_chip_name(image.chip_id)),
                 image.chip_id == IMAGE_CHIP_ESP8266 ? "%s" : "%s (chip id %d)", image_chip_name(image.chip_id),
                 image.chip_id);
    if (is_boot && row != NULL) {
        explain_fact(explainer, "goes to", "address", json_integer(row->boot_addr), "0x%x", row->boot_addr);
    }
    if (image.chip_id != IMAGE_CHIP_ESP8266) {
        explain_revisions(explainer, &image);
    }
    if (chip != NULL) {
        explain_flash(explainer, "flash", image.flash_mode, image.flash_size, image.flash_freq, chip);
    }
    explain_fact(explainer, "entry", "entry", json_integer((json_int_t)image.entry), "0x%08x", (unsigned)image.entry);
    explain_segments(explainer, &image, chip);
    if (whole) {
        explain_sums(explainer, &image, data);
    } else {
        explain_wrong(explainer, "structure", "%s", why);
    }
    if (has_app) {
        explain_app(explainer, &app);
    } else if (has_boot) {
        explain_boot(explainer, &boot);
    }
    if (whole && image.bytes < bytes) {
        const size_t behind_bytes = bytes - image.bytes;
        explain_fact(explainer, "behind it", "bytes_behind", json_integer((json_int_t)behind_bytes),
                     is_blank(data + image.bytes, behind_bytes) ? "%zu blank bytes"
                                                                : "%zu bytes that are no part of the image",
                     behind_bytes);
    }
}

/* --- Partition tables ------------------------------------------------------------------------------ */

static int by_flash_addr(const void *a, const void *b)
{
    const partition_t *row_a = a;
    const partition_t *row_b = b;
    return (row_a->flash_addr > row_b->flash_addr) - (row_a->flash_addr < row_b->flash_addr);
}

static void explain_rows(explainer_t *explainer, partition_table_t *table)
{
    json_t *rows = json_array();
    if (table->count > 0) {
        explain_row(explainer, "%-16s  %-15s  %-9s  %-10s  %s", "name", "type", "subtype", "address", "bytes");
    }
    for (uint32_t at = 0; at < table->count; at++) {
        partition_t *row = &table->rows[at];
        char type[8], subtype[8], made_up[8];
        (void)snprintf(type, sizeof(type), "0x%02x", row->type);
        (void)snprintf(subtype, sizeof(subtype), "0x%02x", row->subtype);
        const char *type_name = partition_type_name(row->type);
        const char *subtype_name = partition_subtype_name(row->type, row->subtype, made_up);
        const bool encrypted = (row->flags_bits & PARTITION_ENCRYPTED) != 0;
        const bool readonly = (row->flags_bits & PARTITION_READONLY) != 0;
        type_name = type_name != NULL ? type_name : type;
        subtype_name = subtype_name != NULL ? subtype_name : subtype;
        explain_row(explainer, "%-16s  %-15s  %-9s  0x%08x  0x%08x  %6u KiB%s%s", explain_printable(row->label),
                    type_name, subtype_name, (unsigned)row->flash_addr, (unsigned)row->bytes,
                    (unsigned)(row->bytes / 1024), encrypted ? "  encrypted" : "", readonly ? "  read-only" : "");
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:b}", "name", row->label, "type",
                                                    type_name, "subtype", subtype_name, "address",
                                                    (json_int_t)row->flash_addr, "bytes", (json_int_t)row->bytes,
                                                    "encrypted", encrypted, "readonly", readonly));
    }
    (void)json_object_set_new(explainer->object, "partitions", rows);
}

/* Between neighbours by address. */
static void explain_neighbours(explainer_t *explainer, const partition_table_t *table)
{
    partition_table_t sorted = *table;
    json_t *gaps = json_array();
    qsort(sorted.rows, sorted.count, sizeof(sorted.rows[0]), by_flash_addr);
    uint64_t end = 0;
    const char *last = "";
    for (uint32_t at = 0; at < sorted.count; at++) {
        const partition_t *row = &sorted.rows[at];
        if (at > 0 && row->flash_addr < end) {
            explain_wrong(explainer, "overlap", "\"%s\" at 0x%x begins before the end of \"%s\" at 0x%llx", row->label,
                          (unsigned)row->flash_addr, last, (unsigned long long)end);
        } else if (at > 0 && row->flash_addr > end) {
            explain_fact(explainer, "gap", NULL, NULL, "0x%llx to 0x%x, %llu KiB", (unsigned long long)end,
                         (unsigned)(row->flash_addr - 1), (unsigned long long)(row->flash_addr - end) / 1024);
            (void)json_array_append_new(gaps, json_pack("{s:I, s:I}", "address", (json_int_t)end, "bytes",
                                                        (json_int_t)(row->flash_addr - end)));
        }
        const uint32_t align = row->type == PARTITION_APP ? APP_ALIGN : REFLASH_SECTOR_BYTES;
        if (row->flash_addr % align != 0) {
            explain_wrong(explainer, "alignment", "\"%s\" begins at 0x%x, which is no multiple of 0x%x", row->label,
                          (unsigned)row->flash_addr, (unsigned)align);
        }
        if ((uint64_t)row->flash_addr + row->bytes > end) {
            end = (uint64_t)row->flash_addr + row->bytes;
            last = row->label;
        }
    }
    (void)json_object_set_new(explainer->object, "gaps", gaps);
    explain_fact(explainer, "ends at", "end", json_integer((json_int_t)end), "0x%llx: the flash has at least %llu KiB",
                 (unsigned long long)end, (unsigned long long)(end + 1023) / 1024);
}

void explain_table(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes)
{
    partition_table_t table;
    char why[200];
    const bool whole = partition_table_read(&table, data, bytes, why, sizeof(why));
    explain_heading(explainer, name, "partition-table", bytes, "partition table with %u partition%s",
                    (unsigned)table.count, table.count == 1 ? "" : "s");
    explain_rows(explainer, &table);
    explain_neighbours(explainer, &table);
    if (!whole) {
        explain_wrong(explainer, "structure", "%s", why);
    } else if (table.md5_offset == 0) {
        explain_fact(explainer, "MD5", "md5", json_null(), "none");
    } else if (table.md5_right) {
        char digits[33];
        explain_digits(digits, data + table.md5_offset, 16);
        explain_fact(explainer, "MD5", "md5", json_string(digits), "%s, right", digits);
    } else {
        explain_wrong(explainer, "MD5", "that at offset 0x%zx does not fit the rows before it", table.md5_offset);
    }
}

/* --- Merged images --------------------------------------------------------------------------------- */

static const char *part_name(const merged_image_t *merged, const merged_part_t *part)
{
    return part->offset == merged->boot_offset    ? "bootloader"
           : part->offset == merged->table_offset ? "partition table"
           : part->title[0] != '\0'               ? part->title
                                                  : "gap";
}

static void explain_parts(explainer_t *explainer, merged_image_t *merged, const uint8_t *data)
{
    json_t *parts = json_array();
    explain_row(explainer, "%-16s  %-10s  %-10s  %s", "offset", "address", "bytes", "what");
    for (uint32_t at = 0; at < merged->part_count; at++) {
        merged_part_t *part = &merged->parts[at];
        const bool blank = is_blank(data + part->offset, part->bytes);
        (void)explain_printable(part->title);
        const char *what = part_name(merged, part);
        const uint32_t flash_addr = merged->flash_addr + part->offset;
        explain_row(explainer, "0x%08x        0x%08x  %10u  %s%s", (unsigned)part->offset, (unsigned)flash_addr,
                    (unsigned)part->bytes, what, blank ? ", blank" : "");
        (void)json_array_append_new(parts, json_pack("{s:s, s:I, s:I, s:I, s:b}", "name", what, "offset",
                                                     (json_int_t)part->offset, "address", (json_int_t)flash_addr,
                                                     "bytes", (json_int_t)part->bytes, "blank", blank));
    }
    (void)json_object_set_new(explainer->object, "parts", parts);
}

void explain_merged(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes)
{
    merged_image_t merged;
    (void)merged_read(&merged, data, bytes); /* what says no here is no merged image */
    explain_heading(explainer, name, "merged", bytes, "merged image for %s", image_chip_name(merged.chip_id));
    explain_fact(explainer, "chip", "chip", json_string(image_chip_name(merged.chip_id)), "%s",
                 image_chip_name(merged.chip_id));
    explain_fact(explainer, "goes to", "address", json_integer((json_int_t)merged.flash_addr), "0x%x",
                 (unsigned)merged.flash_addr);
    explain_parts(explainer, &merged, data);
    json_t *contents = json_array();
    json_t *whole = explainer->object;
    for (uint32_t at = 0; at < merged.part_count; at++) {
        const merged_part_t *part = &merged.parts[at];
        char *title =
            inputs_text_of("%s at 0x%x", part_name(&merged, part), (unsigned)(merged.flash_addr + part->offset));
        explainer->object = json_pack("{s:s}", "name", part_name(&merged, part));
        if (part->offset == merged.table_offset) {
            explain_table(explainer, title, data + part->offset, part->bytes);
        } else if (part->is_otadata) {
            explain_otadata_by(explainer, title, data + part->offset, part->bytes, &merged.table);
        } else if (!part->is_data && image_is_program(data + part->offset, part->bytes)) {
            explain_program(explainer, title, data + part->offset, part->bytes);
        }
        if (json_object_size(explainer->object) > 1) {
            (void)json_array_append(contents, explainer->object);
        }
        json_decref(explainer->object);
        free(title);
    }
    explainer->object = whole;
    (void)json_object_set_new(explainer->object, "contents", contents);
}

/* --- Which of them? -------------------------------------------------------------------------------- */

explain_kind_t explain_kind(const uint8_t *data, size_t bytes)
{
    merged_image_t merged;
    return bundle_is_file(data, bytes)             ? EXPLAIN_BUNDLE
           : elf_is_file(data, bytes)              ? EXPLAIN_ELF
           : hex_is_text(data, bytes)              ? EXPLAIN_HEX
           : merged_read(&merged, data, bytes)     ? EXPLAIN_MERGED
           : image_is_program(data, bytes)         ? EXPLAIN_PROGRAM
           : image_is_partition_table(data, bytes) ? EXPLAIN_TABLE
           : otadata_is_file(data, bytes)          ? EXPLAIN_OTADATA
                                                   : EXPLAIN_UNKNOWN;
}
