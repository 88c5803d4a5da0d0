/* SPDX-License-Identifier: Apache-2.0 */
/* Knows what ESP-IDF, Arduino and PlatformIO leave in their build folders. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image_check.h"
#include "inputs_support.h"
#include "partition_table.h"

/* Arduino and PlatformIO do not tell these two; their projects cannot move the table. */
#define TABLE_ADDR 0x8000u
#define APP_ADDR 0x10000u

/* Parts of a set of images that belong together. */
typedef struct {
    char *app, *bootloader, *table, *otadata; /* paths */
} set_t;

static char *path_in(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    return inputs_text_of("%s%s%s", folder, length == 0 || folder[length - 1] == '/' ? "" : "/", name);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0 || errno != ENOENT;
}

static bool exists_in(const char *folder, const char *name)
{
    char *path = path_in(folder, name);
    const bool found = exists(path);
    free(path);
    return found;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t text_length = strlen(text);
    const size_t end_length = strlen(end);
    return text_length > end_length && strcmp(text + text_length - end_length, end) == 0;
}

/* --- A set of images ------------------------------------------------------------------------------- */

/* An entry with the file's bytes, which decide about the others. */
static inputs_result_t add_file(const char *path, uint32_t flash_addr, const char *name,
                                const inputs_options_t *options, inputs_listing_t *listing, inputs_message_t message)
{
    inputs_file_t file = {0};
    const inputs_result_t result = inputs_read_file(path, options, &file, message);
    if (result == INPUTS_OK) {
        inputs_entry_t *entry = inputs_add_entry(listing, flash_addr, inputs_text_of("%s", path));
        entry->name = inputs_text_of("%s", name);
        entry->data = file.data;
        entry->bytes = file.bytes;
    }
    return result;
}

/* What boot_app0.bin holds where it is not beside the rest: both its uploaders write it, so that the slot that they fill
 * is the one that starts. With a factory application the same is blank. */
static void add_first_slot(const partition_t *partition, bool has_factory, const char *path, inputs_listing_t *listing)
{
    static const uint8_t sequence_1[32] = {1,    0,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                           0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                           0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x9A, 0x98, 0x43, 0x47};
    enum { OTADATA_BYTES = 2 * REFLASH_SECTOR_BYTES };
    inputs_entry_t *entry = inputs_add_entry(listing, partition->flash_addr, inputs_text_of("%s", path));
    entry->name = inputs_text_of("otadata");
    entry->bytes = OTADATA_BYTES;
    entry->data = inputs_need(malloc(OTADATA_BYTES));
    memset(entry->data, 0xFF, OTADATA_BYTES);
    if (!has_factory) {
        memcpy(entry->data, sequence_1, sizeof(sequence_1));
    }
}

/* The rest of the set, whose application is the listing's first entry. */
static inputs_result_t add_companions(const set_t *set, const inputs_options_t *options, inputs_listing_t *listing,
                                      inputs_message_t message)
{
    inputs_result_t result = add_file(set->bootloader, 0, "bootloader", options, listing, message);
    if (result == INPUTS_OK) {
        const inputs_entry_t *boot = &listing->entries[listing->count - 1];
        const int chip_id = image_program_chip(boot->data, boot->bytes);
        const reflash_chip_t *row = chip_format_row(chip_id);
        if (row == NULL) {
            return inputs_fail(message, INPUTS_CONTENT,
                               "%s: is for %s, whose bootloader has no address known here. Build again, or give ADDR "
                               "FILE pairs.",
                               set->bootloader, image_chip_name(chip_id));
        }
        listing->entries[listing->count - 1].flash_addr = row->boot_addr;
        result = add_file(set->table, TABLE_ADDR, "partition-table", options, listing, message);
    }
    if (result != INPUTS_OK) {
        return result;
    }
    partition_table_t table;
    char why[200];
    const inputs_entry_t *entry = &listing->entries[listing->count - 1];
    if (!partition_table_check(&table, entry->data, entry->bytes, why, sizeof(why))) {
        return inputs_fail(message, INPUTS_CONTENT, "%s: %s. Build again, or give ADDR FILE pairs.", set->table, why);
    }
    const partition_t *app = partition_first_app(&table);
    if (app == NULL) {
        return inputs_fail(message, INPUTS_CONTENT,
                           "%s: has no partition for an application (factory or ota_0), so it is not known where %s "
                           "goes. Give ADDR FILE pairs.",
                           set->table, set->app);
    }
    listing->entries[0].flash_addr = app->flash_addr;
    const partition_t *otadata = partition_find(&table, PARTITION_DATA, PARTITION_DATA_OTA);
    if (otadata != NULL && exists(set->otadata)) {
        return add_file(set->otadata, otadata->flash_addr, "otadata", options, listing, message);
    }
    if (otadata != NULL) {
        add_first_slot(otadata, app->subtype == PARTITION_APP_FACTORY, set->otadata, listing);
    }
    return INPUTS_OK;
}

/* Bootloader and table are beside the application, but for an ESP8266, which has neither. */
static inputs_result_t list_set(const set_t *set, const inputs_options_t *options, inputs_listing_t *listing,
                                inputs_message_t message)
{
    const inputs_result_t result = add_file(set->app, APP_ADDR, "app", options, listing, message);
    if (result != INPUTS_OK) {
        return result;
    }
    const inputs_entry_t *app = &listing->entries[0];
    if (image_program_chip(app->data, app->bytes) == IMAGE_CHIP_ESP8266) {
        listing->entries[0].flash_addr = 0;
        return INPUTS_OK;
    }
    return add_companions(set, options, listing, message);
}

static void free_set(set_t *set)
{
    free(set->app);
    free(set->bootloader);
    free(set->table);
    free(set->otadata);
}

/* --- Arduino --------------------------------------------------------------------------------------- */

/* sketch.ino.bin, sketch.ino.bootloader.bin, sketch.ino.partitions.bin */
static inputs_result_t list_sketch(const char *app_path, const inputs_options_t *options, inputs_listing_t *listing,
                                   inputs_message_t message)
{
    const int stem_length = (int)(strlen(app_path) - strlen(".bin"));
    const int folder_length = (int)(inputs_base_name(app_path) - app_path);
    set_t set = {.app = inputs_text_of("%s", app_path),
                 .bootloader = inputs_text_of("%.*s.bootloader.bin", stem_length, app_path),
                 .table = inputs_text_of("%.*s.partitions.bin", stem_length, app_path),
                 .otadata = inputs_text_of("%.*sboot_app0.bin", folder_length, app_path)};
    const inputs_result_t result = list_set(&set, options, listing, message);
    free_set(&set);
    return result;
}

/* The names of one kind in a folder: how many, and the first by the alphabet, to be freed. */
static unsigned count_names(const char *folder, bool (*fits)(const char *folder, const char *name), char **first)
{
    unsigned count = 0;
    *first = NULL;
    DIR *open_folder = opendir(folder);
    if (open_folder == NULL) {
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(open_folder)) != NULL;) {
        if (!fits(folder, entry->d_name)) {
            continue;
        }
        count++;
        if (*first == NULL || strcmp(entry->d_name, *first) < 0) {
            free(*first);
            *first = inputs_text_of("%s", entry->d_name);
        }
    }
    (void)closedir(open_folder);
    return count;
}

static bool is_sketch(const char *folder, const char *name)
{
    (void)folder;
    return ends_with(name, ".ino.bin");
}

/* --- PlatformIO ------------------------------------------------------------------------------------ */

static inputs_result_t list_idedata(const char *path, const char *app_path, const inputs_options_t *options,
                                    inputs_listing_t *listing, inputs_message_t message)
{
    inputs_file_t file = {0};
    inputs_result_t result = inputs_read_file(path, options, &file, message);
    uint32_t app_addr = APP_ADDR;
    if (result == INPUTS_OK) {
        result = inputs_parse_idedata((const char *)file.data, file.bytes, path, listing, &app_addr, message.text,
                                      message.bytes);
        inputs_join_paths(listing, path);
    }
    if (result == INPUTS_OK && listing->count > 0) {
        inputs_add_entry(listing, app_addr, inputs_text_of("%s", app_path))->name = inputs_text_of("app");
    }
    free(file.data);
    return result;
}

/* .pio/build/ENV: what idedata.json says, else by the names. */
static inputs_result_t list_environment(const char *folder, const inputs_options_t *options, inputs_listing_t *listing,
                                        inputs_message_t message)
{
    set_t set = {.app = path_in(folder, "firmware.bin"),
                 .bootloader = path_in(folder, "bootloader.bin"),
                 .table = path_in(folder, "partitions.bin"),
                 .otadata = path_in(folder, exists_in(folder, "ota_data_initial.bin") ? "ota_data_initial.bin"
                                                                                      : "boot_app0.bin")};
    char *idedata = path_in(folder, "idedata.json");
    inputs_result_t result = INPUTS_OK;
    if (exists(idedata)) {
        result = list_idedata(idedata, set.app, options, listing, message);
    }
    if (result == INPUTS_OK && listing->count == 0) {
        result = list_set(&set, options, listing, message);
    }
    free(idedata);
    free_set(&set);
    return result;
}

static bool is_environment(const char *folder, const char *name)
{
    char *inside = inputs_text_of("%s/%s/firmware.bin", folder, name);
    const bool found = access(inside, F_OK) == 0;
    free(inside);
    return name[0] != '.' && found;
}

/* The project: its only environment. */
static inputs_result_t list_project(const char *builds, const inputs_options_t *options, inputs_listing_t *listing,
                                    inputs_message_t message)
{
    char *first;
    const unsigned count = count_names(builds, is_environment, &first);
    inputs_result_t result;
    if (count == 1) {
        char *folder = path_in(builds, first);
        result = list_environment(folder, options, listing, message);
        free(folder);
    } else if (count == 0) {
        result = inputs_fail(message, INPUTS_FILE,
                             "%s: has no environment with a firmware.bin. Build it first (pio run).", builds);
    } else {
        result = inputs_fail(message, INPUTS_USAGE, "%s: has %u environments. Name one, such as %s/%s.", builds, count,
                             builds, first);
    }
    free(first);
    return result;
}

/* --- Which of them? -------------------------------------------------------------------------------- */

static inputs_result_t list_sketch_folder(const char *path, const char *app, unsigned count,
                                          const inputs_options_t *options, inputs_listing_t *listing,
                                          inputs_message_t message)
{
    char *app_path = path_in(path, app);
    const inputs_result_t result =
        count == 1
            ? list_sketch(app_path, options, listing, message)
            : inputs_fail(message, INPUTS_USAGE, "%s: has %u sketches. Name one, such as %s.", path, count, app_path);
    free(app_path);
    return result;
}

static inputs_result_t list_nothing_known(const char *path, inputs_message_t message)
{
    const bool has_build = exists_in(path, "build/" INPUTS_FLASHER_ARGS);
    return inputs_fail(message, INPUTS_FILE,
                       "%s: has no " INPUTS_FLASHER_ARGS ", and nothing that Arduino or PlatformIO leave. %s%s%s.",
                       path, has_build ? "Give " : "Build the project first (idf.py build), or give ADDR FILE pairs",
                       has_build ? path : "", has_build ? "/build" : "");
}

inputs_result_t inputs_list_folder(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                   inputs_message_t message)
{
    char *flasher_args = path_in(path, INPUTS_FLASHER_ARGS);
    char *flash_args = path_in(path, "flash_args");
    char *builds = path_in(path, ".pio/build");
    char *sketch;
    const unsigned sketch_count = count_names(path, is_sketch, &sketch);
    inputs_result_t result;
    /* PlatformIO lets CMake write a flasher_args.json for ESP-IDF, but puts its files elsewhere. For an ESP8266 it leaves
     * nothing but the application. */
    const bool others = exists(flasher_args) || exists(flash_args) || sketch_count > 0;
    if (exists_in(path, "firmware.bin") && (exists_in(path, "partitions.bin") || !others)) {
        result = list_environment(path, options, listing, message);
    } else if (exists(flasher_args)) {
        result = inputs_list_flasher_args(flasher_args, options, listing, message);
    } else if (exists(flash_args)) {
        result = inputs_list_flash_args(flash_args, options, listing, message);
    } else if (sketch_count > 0) {
        result = list_sketch_folder(path, sketch, sketch_count, options, listing, message);
    } else if (exists(builds)) {
        result = list_project(builds, options, listing, message);
    } else {
        result = list_nothing_known(path, message);
    }
    free(sketch);
    free(builds);
    free(flash_args);
    free(flasher_args);
    return result;
}

bool inputs_list_companions(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                            inputs_result_t *result, inputs_message_t message)
{
    const char *base = inputs_base_name(path);
    char *folder = base == path ? inputs_text_of(".") : inputs_text_of("%.*s", (int)(base - path), path);
    bool found = false;
    if (is_sketch(folder, base) && exists(path)) {
        *result = list_sketch(path, options, listing, message);
        found = true;
    } else if (strcmp(base, "firmware.bin") == 0 && exists_in(folder, "partitions.bin")) {
        *result = list_environment(folder, options, listing, message);
        found = true;
    }
    free(folder);
    return found;
}
