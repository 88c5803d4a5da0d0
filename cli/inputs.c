/* SPDX-License-Identifier: Apache-2.0 */
/* Turns the INPUT words of a command line into checked images in memory: words -> listing (what, where to) ->
 * files read whole and taken apart -> flash settings -> layout checks -> content checks. Each stage believes nothing the
 * stage before let pass. */
#include "inputs.h"

#include <assert.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip_formats.h"
#include "image_check.h"
#include "inputs_support.h"
#include "partition_table.h"

#define HEADER_ADDR_MAX 0x2000u /* where bootloaders start: 0x0, 0x1000 or 0x2000, by chip */

/* What we know images to be for. The names are the keys ESP-IDF gives them; its early 4.x gave one another. */
typedef struct {
    const char *name;
    const char *title;
    reflash_kind_t kind;
    bool program;
    const char *early_name; /* NULL: none */
} role_t;
enum { ROLE_BOOTLOADER, ROLE_PARTITION_TABLE, ROLE_APP, ROLE_OTADATA, ROLE_COUNT };
static const role_t roles[ROLE_COUNT] = {
    [ROLE_BOOTLOADER] = {"bootloader", "Bootloader", REFLASH_KIND_BOOTLOADER, true, NULL},
    [ROLE_PARTITION_TABLE] = {"partition-table", "Partition table", REFLASH_KIND_PARTITION_TABLE, false,
                              "partition_table"},
    [ROLE_APP] = {"app", "Application", REFLASH_KIND_APPLICATION, true, NULL},
    [ROLE_OTADATA] = {"otadata", "OTA data", REFLASH_KIND_OTADATA, false, NULL},
};

static const role_t *role_by_name(const char *name)
{
    for (size_t role = 0; role < ROLE_COUNT; role++) {
        const char *early_name = roles[role].early_name;
        if (strcmp(roles[role].name, name) == 0 || (early_name != NULL && strcmp(early_name, name) == 0)) {
            return &roles[role];
        }
    }
    return NULL;
}

bool inputs_is_known_name(const char *name)
{
    return role_by_name(name) != NULL;
}

static const role_t *role_by_content(const inputs_entry_t *entry)
{
    if (image_is_partition_table(entry->data, entry->bytes)) {
        return &roles[ROLE_PARTITION_TABLE];
    }
    if (image_is_program(entry->data, entry->bytes)) {
        return &roles[entry->flash_addr <= HEADER_ADDR_MAX ? ROLE_BOOTLOADER : ROLE_APP];
    }
    return NULL;
}

/* A name tells what an image is for, whatever it holds: another chip's program may well be stored as data. Without one
 * its content does, or its place. `table` is that of the same inputs; NULL: there is none. */
static const role_t *role_of(const inputs_entry_t *entry, const partition_table_t *table)
{
    if (entry->name != NULL) {
        return role_by_name(entry->name);
    }
    const role_t *role = role_by_content(entry);
    const partition_t *partition = role == NULL && table != NULL ? partition_at(table, entry->flash_addr) : NULL;
    const bool is_otadata =
        partition != NULL && partition->type == PARTITION_DATA && partition->subtype == PARTITION_DATA_OTA;
    return is_otadata ? &roles[ROLE_OTADATA] : role;
}

/* --- Listing to images ----------------------------------------------------------------------------- */

static int by_flash_addr(const void *a, const void *b)
{
    const uint32_t addr_a = ((const inputs_entry_t *)a)->flash_addr;
    const uint32_t addr_b = ((const inputs_entry_t *)b)->flash_addr;
    return (addr_a > addr_b) - (addr_a < addr_b);
}

static bool name_is_taken(const inputs_t *in, const char *name)
{
    for (uint32_t i = 0; i < in->count; i++) {
        if (strcmp(in->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void compute_md5(reflash_image_t *image)
{
    (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), image->data, image->bytes, image->md5);
}

/* Takes the entry's data over. */
static void add_image(inputs_t *in, inputs_entry_t *entry, const partition_table_t *table)
{
    reflash_image_t *image = &in->images[in->count];
    *image = (reflash_image_t){
        .kind = REFLASH_KIND_APPLICATION, .flash_addr = entry->flash_addr, .bytes = entry->bytes, .data = entry->data};
    compute_md5(image);
    entry->data = NULL;

    const role_t *role = role_of(&(inputs_entry_t){.name = entry->name,
                                                   .flash_addr = entry->flash_addr,
                                                   .data = (uint8_t *)image->data,
                                                   .bytes = image->bytes},
                                 table);
    const char *title = entry->title != NULL ? entry->title : inputs_base_name(entry->path);
    char *name = inputs_utf8_of(role != NULL ? role->name : entry->name != NULL ? entry->name : title);
    if (role != NULL) {
        image->kind = role->kind;
    }
    if (entry->has_kind) {
        image->kind = entry->kind;
    }
    in->programs[in->count] = role != NULL && role->program;
    in->encrypted[in->count] = entry->encrypted;
    in->paths[in->count] = inputs_text_of("%s", entry->path);
    in->titles[in->count] = inputs_text_of("%s", role != NULL ? role->title : title);
    in->names[in->count] = name_is_taken(in, name) ? inputs_text_of("%s@0x%x", name, (unsigned)entry->flash_addr)
                                                   : inputs_text_of("%s", name);
    free(name);
    in->count++;
}

static inputs_result_t check_alignment(const inputs_listing_t *listing, inputs_message_t message)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        const inputs_entry_t *entry = &listing->entries[i];
        if (entry->flash_addr % REFLASH_SECTOR_BYTES != 0) {
            return inputs_fail(
                message, INPUTS_CONTENT,
                "%s: the address 0x%x is no multiple of 0x%x. Flash is erased by whole sectors, so bytes before it "
                "would be lost. Give a sector's start.",
                entry->path, (unsigned)entry->flash_addr, REFLASH_SECTOR_BYTES);
        }
    }
    return INPUTS_OK;
}

/* False: no entry is one, or it is damaged. */
static bool find_table(const inputs_listing_t *listing, partition_table_t *table)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        const inputs_entry_t *entry = &listing->entries[i];
        if (role_of(entry, NULL) == &roles[ROLE_PARTITION_TABLE]) {
            return partition_table_check(table, entry->data, entry->bytes, NULL, 0);
        }
    }
    return false;
}

static void make_images(inputs_t *in, const inputs_options_t *options, inputs_listing_t *listing)
{
    assert(listing->count > 0);
    partition_table_t table;
    const bool has_table = find_table(listing, &table);
    qsort(listing->entries, listing->count, sizeof(listing->entries[0]), by_flash_addr);
    in->images = inputs_need(calloc(listing->count, sizeof(in->images[0])));
    in->names = inputs_need(calloc(listing->count, sizeof(in->names[0])));
    in->titles = inputs_need(calloc(listing->count, sizeof(in->titles[0])));
    in->paths = inputs_need(calloc(listing->count, sizeof(in->paths[0])));
    in->programs = inputs_need(calloc(listing->count, sizeof(in->programs[0])));
    in->encrypted = inputs_need(calloc(listing->count, sizeof(in->encrypted[0])));
    (void)snprintf(in->chip, sizeof(in->chip), "%s", listing->chip);
    in->force = options->force;
    for (uint32_t i = 0; i < listing->count; i++) {
        add_image(in, &listing->entries[i], has_table ? &table : NULL);
    }
}

/* --- Flash settings -------------------------------------------------------------------------------- */

static bool is_signed(const reflash_image_t *image)
{
    image_t parts;
    return image_read(&parts, image->data, image->bytes, NULL, 0) &&
           image_signature(&parts, image->data, image->bytes) != IMAGE_UNSIGNED;
}

/* Only sound bootloaders, where their chip looks for them, are changed: what else begins alike may be anything. One that
 * is signed would no longer be. */
static void patch_bootloader(reflash_image_t *image, const flash_settings_t *flash, uint32_t flash_bytes)
{
    const reflash_chip_t *row = chip_format_row(image_program_chip(image->data, image->bytes));
    if (row != NULL && image->flash_addr == row->boot_addr &&
        image_check(image->data, image->bytes, IMAGE_CHIP_ANY, NULL, 0) == IMAGE_SOUND && !is_signed(image) &&
        flash_settings_patch((uint8_t *)image->data, image->bytes, flash, flash_bytes)) {
        compute_md5(image);
    }
}

static inputs_result_t apply_flash_settings(inputs_t *in, const inputs_options_t *options,
                                            const flash_settings_t *from_build, inputs_message_t message)
{
    const flash_settings_t flash = flash_settings_or(options->flash, *from_build);
    char why[200];
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        const int chip_id = in->programs[i] ? image_program_chip(image->data, image->bytes) : IMAGE_CHIP_ANY;
        if (!flash_settings_check(&options->flash, chip_id, why, sizeof(why))) {
            return inputs_fail(message, INPUTS_USAGE, "%s. Give one of these, or keep.", why);
        }
        if (!flash_settings_check(&flash, chip_id, why, sizeof(why))) {
            return inputs_fail(message, INPUTS_CONTENT,
                               "The build's flash settings: %s. Build the project again, or choose with --flash-mode, "
                               "--flash-freq and --flash-size.",
                               why);
        }
    }
    for (uint32_t i = 0; i < in->count; i++) {
        patch_bootloader(&in->images[i], &flash, 0);
    }
    in->detects_flash_size = flash_settings_detect_size(&flash);
    return INPUTS_OK;
}

/* --- Checks ---------------------------------------------------------------------------------------- */

static unsigned last_addr(const reflash_image_t *image)
{
    return (unsigned)(image->flash_addr + image->bytes - 1);
}

/* Images are sorted, so one can only reach into the next; each starts a sector, so that what does not overlap
 * shares no sector either. */
static inputs_result_t check_layout(const inputs_t *in, inputs_message_t message)
{
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        if (image->bytes > INPUTS_FLASH_BYTES_MAX - image->flash_addr) {
            return inputs_fail(
                message, INPUTS_CONTENT,
                "%s: 0x%x bytes at 0x%x end at 0x%x, beyond 256 MiB, and no flash is larger. Check the address.",
                in->paths[i], (unsigned)image->bytes, (unsigned)image->flash_addr, last_addr(image));
        }
        const reflash_image_t *next = i + 1 < in->count ? image + 1 : NULL;
        if (next != NULL && next->flash_addr - image->flash_addr < image->bytes) {
            return inputs_fail(message, INPUTS_CONTENT,
                               "%s (0x%x to 0x%x) and %s (0x%x to 0x%x) overlap. Check both addresses.", in->paths[i],
                               (unsigned)image->flash_addr, last_addr(image), in->paths[i + 1],
                               (unsigned)next->flash_addr, last_addr(next));
        }
    }
    return INPUTS_OK;
}

static inputs_result_t check_contents(const inputs_t *in, inputs_message_t message)
{
    const int chip_id = in->chip[0] == '\0' ? IMAGE_CHIP_ANY : image_chip_id(in->chip);
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        image_verdict_t verdict = IMAGE_SOUND;
        char why[200];
        if (in->programs[i]) {
            verdict = image_check(image->data, image->bytes, chip_id, why, sizeof(why));
        } else if (image->kind == REFLASH_KIND_PARTITION_TABLE) {
            partition_table_t table;
            verdict = partition_table_check(&table, image->data, image->bytes, why, sizeof(why)) ? IMAGE_SOUND
                                                                                                 : IMAGE_DAMAGED;
        }
        if (verdict != IMAGE_SOUND) {
            return inputs_fail(message, INPUTS_CONTENT, "%s (%s): %s. %s, or use --force to flash it as it is.",
                               in->paths[i], in->titles[i], why,
                               verdict == IMAGE_WRONG_CHIP ? "Build again for the right chip"
                                                           : "The file is damaged or incomplete: build again");
        }
    }
    return INPUTS_OK;
}

static const reflash_image_t *table_of(const inputs_t *in)
{
    for (uint32_t i = 0; i < in->count; i++) {
        if (in->images[i].kind == REFLASH_KIND_PARTITION_TABLE) {
            return &in->images[i];
        }
    }
    return NULL;
}

/* What begins in a partition has to end there: the one behind it belongs to somebody else. */
static inputs_result_t check_partitions(const inputs_t *in, inputs_message_t message)
{
    partition_table_t table;
    const reflash_image_t *table_image = table_of(in);
    if (table_image == NULL || !partition_table_check(&table, table_image->data, table_image->bytes, NULL, 0)) {
        return INPUTS_OK;
    }
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        const partition_t *partition = partition_at(&table, image->flash_addr);
        if (partition == NULL || image->bytes <= partition->bytes - (image->flash_addr - partition->flash_addr)) {
            continue;
        }
        return inputs_fail(message, INPUTS_CONTENT,
                           "%s (%s): has 0x%x bytes (%u KiB), but the partition \"%s\" at 0x%x has 0x%x (%u KiB). Make "
                           "the image smaller or the partition larger, or use --force.",
                           in->paths[i], in->titles[i], (unsigned)image->bytes,
                           (unsigned)((image->bytes + 1023) / 1024), partition->label, (unsigned)partition->flash_addr,
                           (unsigned)partition->bytes, (unsigned)(partition->bytes / 1024));
    }
    return INPUTS_OK;
}

static inputs_result_t check_chip(const inputs_t *in, int chip_id, const char *chip_name, inputs_message_t message)
{
    if (in->chip[0] != '\0' && image_chip_id(in->chip) != chip_id) {
        return inputs_fail(
            message, INPUTS_CONTENT,
            "The build is for %s, but the target is %s. Connect the right target, build for this one, or use --force.",
            in->chip, chip_name);
    }
    const reflash_chip_t *row = chip_format_row(chip_id);
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        const int image_chip = in->programs[i] ? image_program_chip(image->data, image->bytes) : chip_id;
        if (image_chip != chip_id) {
            char id[24] = ""; /* an ESP8266's images hold none */
            if (image_chip != IMAGE_CHIP_ESP8266) {
                (void)snprintf(id, sizeof(id), " (chip id %d)", image_chip);
            }
            return inputs_fail(
                message, INPUTS_CONTENT,
                "%s (%s): is for %s%s, but the target is %s. Connect the right target, build for this one, or use "
                "--force.",
                in->paths[i], in->titles[i], image_chip_name(image_chip), id, chip_name);
        }
        if (row != NULL && image->kind == REFLASH_KIND_BOOTLOADER && image->flash_addr != row->boot_addr) {
            return inputs_fail(
                message, INPUTS_CONTENT,
                "%s (%s): its address is 0x%x, but %s looks for its bootloader at 0x%x. Give that address, or "
                "use --force.",
                in->paths[i], in->titles[i], (unsigned)image->flash_addr, chip_name, row->boot_addr);
        }
    }
    return INPUTS_OK;
}

static inputs_result_t check_flash_size(const inputs_t *in, uint32_t flash_bytes, inputs_message_t message)
{
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        if (image->flash_addr > flash_bytes || image->bytes > flash_bytes - image->flash_addr) {
            return inputs_fail(
                message, INPUTS_CONTENT,
                "%s (%s): 0x%x to 0x%x lies beyond the end of the target's flash, which has %u KiB (0x%x "
                "bytes). Build for a flash of that size, or use a target with more.",
                in->paths[i], in->titles[i], (unsigned)image->flash_addr, last_addr(image),
                (unsigned)(flash_bytes / 1024), (unsigned)flash_bytes);
        }
    }
    return INPUTS_OK;
}

/* --- Public: images -------------------------------------------------------------------------------- */

inputs_result_t inputs_load(inputs_t *in, const inputs_options_t *options, int argc, char *const *argv,
                            char *message_text, size_t message_bytes)
{
    static const inputs_options_t defaults = {0};
    const inputs_message_t message = inputs_message_into(message_text, message_bytes);
    inputs_listing_t listing = {0};
    if (options == NULL) {
        options = &defaults;
    }
    *in = (inputs_t){0};
    inputs_result_t result = inputs_list_words(argc, argv, options, &listing, message);
    const flash_settings_t from_build = {listing.flash_mode, listing.flash_freq, listing.flash_size};
    const flash_settings_t flash = flash_settings_or(options->flash, from_build);
    if (result == INPUTS_OK) {
        result = inputs_open(&listing, options, &flash, message);
    }
    if (result == INPUTS_OK) {
        result = check_alignment(&listing, message);
    }
    if (result == INPUTS_OK) {
        make_images(in, options, &listing);
        result = check_layout(in, message);
    }
    if (result == INPUTS_OK) {
        result = apply_flash_settings(in, options, &from_build, message);
    }
    if (result == INPUTS_OK && !in->force) {
        result = check_contents(in, message);
    }
    if (result == INPUTS_OK && !in->force) {
        result = check_partitions(in, message);
    }
    inputs_listing_free(&listing);
    if (result != INPUTS_OK) {
        inputs_free(in);
    }
    return result;
}

void inputs_free(inputs_t *in)
{
    for (uint32_t i = 0; i < in->count; i++) {
        free((void *)in->images[i].data);
        free(in->names[i]);
        free(in->titles[i]);
        free(in->paths[i]);
    }
    free(in->images);
    free(in->names);
    free(in->titles);
    free(in->paths);
    free(in->programs);
    free(in->encrypted);
    *in = (inputs_t){0};
}

/* They are sorted, and none reaches into the next. */
uint32_t inputs_end(const inputs_t *in)
{
    return in->count > 0 ? in->images[in->count - 1].flash_addr + in->images[in->count - 1].bytes : 0;
}

inputs_result_t inputs_check_chip(const inputs_t *in, uint16_t chip_id, const char *chip_name, uint32_t flash_bytes,
                                  char *message_text, size_t message_bytes)
{
    const inputs_message_t message = inputs_message_into(message_text, message_bytes);
    const int id = image_chip_id(chip_name) == IMAGE_CHIP_ESP8266 ? IMAGE_CHIP_ESP8266 : (int)chip_id;
    inputs_result_t result = in->force ? INPUTS_OK : check_chip(in, id, chip_name, message);
    if (result == INPUTS_OK && flash_bytes != 0) {
        result = check_flash_size(in, flash_bytes, message);
    }
    return result;
}

void inputs_set_flash_size(inputs_t *in, uint32_t flash_bytes)
{
    const flash_settings_t flash = {.size = "detect"};
    for (uint32_t i = 0; in->detects_flash_size && i < in->count; i++) {
        patch_bootloader(&in->images[i], &flash, flash_bytes);
    }
}

inputs_result_t inputs_refuse_encrypted(const inputs_t *in, const char *advice, char *message_text,
                                        size_t message_bytes)
{
    for (uint32_t i = 0; i < in->count; i++) {
        if (in->encrypted[i]) {
            return inputs_fail(inputs_message_into(message_text, message_bytes), INPUTS_CONTENT,
                               "%s (%s): the build wants it encrypted on its way into the flash, which only the target "
                               "can do. %s",
                               in->paths[i], in->titles[i], advice);
        }
    }
    return INPUTS_OK;
}
