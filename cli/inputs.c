/* SPDX-License-Identifier: Apache-2.0 */
/* Turns the INPUT words of a command line into checked images in memory: words -> listing (what, where to) ->
 * files read whole -> layout checks -> content checks. Each stage believes nothing the stage before let pass. */
#include "inputs.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chip_formats.h"
#include "image_check.h"
#include "inputs_support.h"

#define HEADER_ADDR_MAX 0x2000u /* where bootloaders start: 0x0, 0x1000 or 0x2000, by chip */

/* What we know images to be for. The names are the keys ESP-IDF gives them. */
typedef struct {
    const char *name;
    const char *title;
    reflash_kind_t kind;
    bool program;
} role_t;
enum { ROLE_BOOTLOADER, ROLE_PARTITION_TABLE, ROLE_APP, ROLE_OTADATA, ROLE_COUNT };
static const role_t roles[ROLE_COUNT] = {
    [ROLE_BOOTLOADER] = {"bootloader", "Bootloader", REFLASH_KIND_BOOTLOADER, true},
    [ROLE_PARTITION_TABLE] = {"partition-table", "Partition table", REFLASH_KIND_PARTITION_TABLE, false},
    [ROLE_APP] = {"app", "Application", REFLASH_KIND_APPLICATION, true},
    [ROLE_OTADATA] = {"otadata", "OTA data", REFLASH_KIND_OTADATA, false},
};

static const role_t *role_by_name(const char *name)
{
    for (size_t role = 0; role < ROLE_COUNT; role++) {
        if (strcmp(roles[role].name, name) == 0) {
            return &roles[role];
        }
    }
    return NULL;
}

bool inputs_is_known_name(const char *name)
{
    return role_by_name(name) != NULL;
}

static const role_t *role_by_content(const reflash_image_t *image)
{
    if (image_is_partition_table(image->data, image->bytes)) {
        return &roles[ROLE_PARTITION_TABLE];
    }
    if (image_is_program(image->data, image->bytes)) {
        return &roles[image->flash_addr <= HEADER_ADDR_MAX ? ROLE_BOOTLOADER : ROLE_APP];
    }
    return NULL;
}

/* --- Words to listing ------------------------------------------------------------------------------ */

static inputs_result_t list_pairs(int argc, char *const *argv, inputs_listing_t *listing, inputs_message_t message)
{
    listing->entries = inputs_need(calloc((size_t)argc, sizeof(listing->entries[0])));
    for (int word = 0; word < argc; word += 2) {
        uint32_t flash_addr = 0;
        const char *wrong = inputs_parse_addr(argv[word], &flash_addr);
        if (wrong != NULL) {
            return inputs_fail(
                message, INPUTS_USAGE,
                "The address \"%s\" %s. Give ADDR FILE pairs such as 0x10000 app.bin, or a build folder alone.",
                argv[word], wrong);
        }
        if (word + 1 == argc) {
            return inputs_fail(message, INPUTS_USAGE, "The address %s has no file. Give pairs such as 0x10000 app.bin.",
                               argv[word]);
        }
        listing->entries[listing->count++] =
            (inputs_entry_t){.path = inputs_text_of("%s", argv[word + 1]), .flash_addr = flash_addr};
    }
    return INPUTS_OK;
}

/* Paths in the listing become relative to our own folder, not to that of the file they stand in. */
static void join_paths(inputs_listing_t *listing, const char *listing_path)
{
    const int folder_length = (int)(inputs_base_name(listing_path) - listing_path); /* with its slash */
    for (uint32_t i = 0; i < listing->count; i++) {
        char *path = listing->entries[i].path;
        if (path[0] != '/') {
            listing->entries[i].path = inputs_text_of("%.*s%s", folder_length, listing_path, path);
            free(path);
        }
    }
}

static bool looks_like_json(const inputs_file_t *file)
{
    size_t offset = 0;
    while (offset < file->bytes && isspace(file->data[offset])) {
        offset++;
    }
    return offset < file->bytes && file->data[offset] == '{';
}

static inputs_result_t list_flasher_args(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                         inputs_message_t message)
{
    inputs_file_t file = {0};
    inputs_result_t result = inputs_read_file(path, options, &file, message);
    if (result != INPUTS_OK) {
        return result;
    }
    const size_t path_length = strlen(path);
    const bool named_json = path_length >= 5 && strcmp(path + path_length - 5, ".json") == 0;
    if (named_json || looks_like_json(&file)) {
        result =
            inputs_parse_flasher_args((const char *)file.data, file.bytes, path, listing, message.text, message.bytes);
    } else {
        result = inputs_fail(message, INPUTS_USAGE,
                             "%s: is neither a build folder nor a " INPUTS_FLASHER_ARGS
                             ". To flash a file, put its address before it: "
                             "ADDR FILE.",
                             path);
    }
    free(file.data);
    if (result == INPUTS_OK && !options->force && listing->chip[0] != '\0' &&
        image_chip_id(listing->chip) == IMAGE_CHIP_ANY) {
        result = inputs_fail(message, INPUTS_CONTENT,
                             "%s: the build is for the chip \"%s\", which is unknown here. Check \"chip\" in "
                             "\"extra_esptool_args\", or use --force to flash without checking images.",
                             path, listing->chip);
    }
    join_paths(listing, path);
    return result;
}

static inputs_result_t list_folder_or_file(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                           inputs_message_t message)
{
    struct stat status = {0};
    uint32_t flash_addr = 0;
    if (stat(path, &status) != 0 && errno == ENOENT) {
        if (inputs_parse_addr(path, &flash_addr) == NULL) {
            return inputs_fail(message, INPUTS_USAGE, "The address %s has no file. Give pairs such as 0x10000 app.bin.",
                               path);
        }
        return inputs_fail(message, INPUTS_FILE,
                           "%s: does not exist. Give a build folder, a " INPUTS_FLASHER_ARGS " or ADDR FILE pairs.",
                           path);
    }
    if (!S_ISDIR(status.st_mode)) {
        return list_flasher_args(path, options, listing, message); /* says why, if it cannot be opened */
    }
    char *inside = inputs_text_of("%s%s" INPUTS_FLASHER_ARGS, path, path[strlen(path) - 1] == '/' ? "" : "/");
    inputs_result_t result;
    if (access(inside, F_OK) != 0 && errno == ENOENT) {
        result = inputs_fail(message, INPUTS_FILE,
                             "%s: has no " INPUTS_FLASHER_ARGS
                             ". Build the project first (idf.py build), or give ADDR FILE pairs.",
                             path);
    } else {
        result = list_flasher_args(inside, options, listing, message);
    }
    free(inside);
    return result;
}

static inputs_result_t list_words(int argc, char *const *argv, const inputs_options_t *options,
                                  inputs_listing_t *listing, inputs_message_t message)
{
    if (argc <= 0) {
        return inputs_fail(message, INPUTS_USAGE,
                           "There is nothing to flash. Give a build folder, a " INPUTS_FLASHER_ARGS
                           " or ADDR FILE pairs.");
    }
    return argc == 1 ? list_folder_or_file(argv[0], options, listing, message)
                     : list_pairs(argc, argv, listing, message);
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

/* Takes the file's data over. */
static void add_image(inputs_t *in, const inputs_entry_t *entry, const inputs_file_t *file)
{
    reflash_image_t *image = &in->images[in->count];
    *image = (reflash_image_t){
        .kind = REFLASH_KIND_APPLICATION, .flash_addr = entry->flash_addr, .bytes = file->bytes, .data = file->data};
    (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), file->data, file->bytes, image->md5);

    /* A name tells what an image is for, whatever it holds: another chip's program may well be stored as data. */
    const role_t *role = entry->name != NULL ? role_by_name(entry->name) : role_by_content(image);
    const char *base = inputs_base_name(entry->path);
    const char *name = entry->name != NULL ? entry->name : role != NULL ? role->name : base;
    if (role != NULL) {
        image->kind = role->kind;
    }
    in->programs[in->count] = role != NULL && role->program;
    in->paths[in->count] = inputs_text_of("%s", entry->path);
    in->titles[in->count] = inputs_text_of("%s", role != NULL ? role->title : base);
    in->names[in->count] = name_is_taken(in, name) ? inputs_text_of("%s@0x%x", name, (unsigned)entry->flash_addr)
                                                   : inputs_text_of("%s", name);
    in->count++;
}

static inputs_result_t check_entry(const inputs_entry_t *entry, inputs_message_t message)
{
    if (entry->encrypted) {
        return inputs_fail(
            message, INPUTS_CONTENT,
            "%s: the build wants it encrypted (\"encrypted\" : \"true\"), and flash encryption is not supported "
            "yet. Use a build without flash encryption.",
            entry->path);
    }
    if (entry->flash_addr % REFLASH_SECTOR_BYTES != 0) {
        return inputs_fail(
            message, INPUTS_CONTENT,
            "%s: the address 0x%x is no multiple of 0x%x. Flash is erased by whole sectors, so bytes before it "
            "would be lost. Give a sector's start.",
            entry->path, (unsigned)entry->flash_addr, REFLASH_SECTOR_BYTES);
    }
    return INPUTS_OK;
}

static inputs_result_t read_images(inputs_t *in, const inputs_options_t *options, inputs_listing_t *listing,
                                   inputs_message_t message)
{
    assert(listing->count > 0);
    qsort(listing->entries, listing->count, sizeof(listing->entries[0]), by_flash_addr);
    in->images = inputs_need(calloc(listing->count, sizeof(in->images[0])));
    in->names = inputs_need(calloc(listing->count, sizeof(in->names[0])));
    in->titles = inputs_need(calloc(listing->count, sizeof(in->titles[0])));
    in->paths = inputs_need(calloc(listing->count, sizeof(in->paths[0])));
    in->programs = inputs_need(calloc(listing->count, sizeof(in->programs[0])));
    (void)snprintf(in->chip, sizeof(in->chip), "%s", listing->chip);
    in->force = options->force;
    for (uint32_t i = 0; i < listing->count; i++) {
        inputs_file_t file = {0};
        inputs_result_t result = check_entry(&listing->entries[i], message);
        if (result == INPUTS_OK) {
            result = inputs_read_file(listing->entries[i].path, options, &file, message);
        }
        if (result != INPUTS_OK) {
            return result;
        }
        add_image(in, &listing->entries[i], &file);
    }
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
                "%s: 0x%x bytes at 0x%x end at 0x%x, beyond the 16 MiB of flash that a ROM loader can address. "
                "Check the address.",
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
            verdict = image_check_partition_table(image->data, image->bytes, why, sizeof(why));
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

static inputs_result_t check_chip(const inputs_t *in, int chip_id, const char *chip_name, inputs_message_t message)
{
    if (in->chip[0] != '\0' && image_chip_id(in->chip) != chip_id) {
        return inputs_fail(
            message, INPUTS_CONTENT,
            "The build is for %s, but the target is %s. Connect the right target, or build for this one.", in->chip,
            chip_name);
    }
    const reflash_chip_t *row = chip_format_row(chip_id);
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        const int image_chip = in->programs[i] ? image_program_chip(image->data, image->bytes) : chip_id;
        if (image_chip != chip_id) {
            return inputs_fail(
                message, INPUTS_CONTENT,
                "%s (%s): is for %s (chip id %d), but the target is %s. Connect the right target, or build for "
                "this one.",
                in->paths[i], in->titles[i], image_chip_name(image_chip), image_chip, chip_name);
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
    inputs_result_t result = list_words(argc, argv, options, &listing, message);
    if (result == INPUTS_OK) {
        result = read_images(in, options, &listing, message);
    }
    if (result == INPUTS_OK) {
        result = check_layout(in, message);
    }
    if (result == INPUTS_OK && !in->force) {
        result = check_contents(in, message);
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
    *in = (inputs_t){0};
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
