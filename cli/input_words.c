/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of the command line to a listing of images. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "elf_image.h"
#include "image_check.h"
#include "inputs_support.h"
#include "intel_hex.h"
#include "merged_image.h"

#define USUAL_APP_ADDR 0x10000u
#define USUAL_TABLE_ADDR 0x8000u

static inputs_result_t list_pairs(int argc, char *const *argv, inputs_listing_t *listing, inputs_message_t message)
{
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
        (void)inputs_add_entry(listing, flash_addr, inputs_text_of("%s", argv[word + 1]));
    }
    return INPUTS_OK;
}

/* --- Lists of builds ------------------------------------------------------------------------------- */

void inputs_join_paths(inputs_listing_t *listing, const char *listing_path)
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

static inputs_result_t parse_flasher_args(const char *path, const inputs_file_t *file, const inputs_options_t *options,
                                          inputs_listing_t *listing, inputs_message_t message)
{
    inputs_result_t result =
        inputs_parse_flasher_args((const char *)file->data, file->bytes, path, listing, message.text, message.bytes);
    if (result == INPUTS_OK && !options->force && listing->chip[0] != '\0' &&
        image_chip_id(listing->chip) == IMAGE_CHIP_ANY) {
        result = inputs_fail(message, INPUTS_CONTENT,
                             "%s: the build is for the chip \"%s\", which is unknown here. Check \"chip\" in "
                             "\"extra_esptool_args\", or use --force to flash without checking images.",
                             path, listing->chip);
    }
    inputs_join_paths(listing, path);
    return result;
}

static inputs_result_t parse_flash_args(const char *path, const inputs_file_t *file, const inputs_options_t *options,
                                        inputs_listing_t *listing, inputs_message_t message)
{
    (void)options;
    const inputs_result_t result =
        inputs_parse_flash_args((const char *)file->data, file->bytes, path, listing, message.text, message.bytes);
    inputs_join_paths(listing, path);
    return result;
}

inputs_result_t inputs_list_flasher_args(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                         inputs_message_t message)
{
    inputs_file_t file = {0};
    inputs_result_t result = inputs_read_file(path, options, &file, message);
    if (result == INPUTS_OK) {
        result = parse_flasher_args(path, &file, options, listing, message);
    }
    free(file.data);
    return result;
}

inputs_result_t inputs_list_flash_args(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                       inputs_message_t message)
{
    inputs_file_t file = {0};
    inputs_result_t result = inputs_read_file(path, options, &file, message);
    if (result == INPUTS_OK) {
        result = parse_flash_args(path, &file, options, listing, message);
    }
    free(file.data);
    return result;
}

/* --- A file alone ---------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    const size_t text_length = strlen(text);
    const size_t end_length = strlen(end);
    return text_length >= end_length && strcmp(text + text_length - end_length, end) == 0;
}

static bool is_json(const char *path, const inputs_file_t *file)
{
    size_t offset = 0;
    while (offset < file->bytes && isspace(file->data[offset])) {
        offset++;
    }
    return ends_with(path, ".json") || (offset < file->bytes && file->data[offset] == '{');
}

static bool is_flash_args(const char *path, const inputs_file_t *file)
{
    return ends_with(path, "flash_args") || (file->bytes > 8 && memcmp(file->data, "--flash", 7) == 0);
}

/* The file says where it belongs; what is in it is taken apart later. */
static inputs_result_t list_whole(const char *path, uint32_t flash_addr, inputs_file_t *file, inputs_listing_t *listing)
{
    inputs_entry_t *entry = inputs_add_entry(listing, flash_addr, inputs_text_of("%s", path));
    entry->data = file->data;
    entry->bytes = file->bytes;
    file->data = NULL;
    return INPUTS_OK;
}

/* A program or a table that stands alone could go anywhere, but has a place where it usually is. */
static inputs_result_t refuse_alone(const char *path, const inputs_file_t *file, inputs_message_t message)
{
    image_t image;
    image_app_description_t description;
    const char *what = NULL;
    uint32_t flash_addr = USUAL_APP_ADDR;
    if (image_read(&image, file->data, file->bytes, NULL, 0)) {
        const reflash_chip_t *row = chip_format_row(image.chip_id);
        if (image_app_description(&image, file->data, &description) || row == NULL) {
            what = "an application";
        } else {
            what = image.chip_id == IMAGE_CHIP_ESP8266 ? "an application" : "a bootloader";
            flash_addr = row->boot_addr;
        }
    } else if (elf_is_file(file->data, file->bytes)) {
        what = "an ELF file";
    } else if (image_is_partition_table(file->data, file->bytes)) {
        what = "a partition table";
        flash_addr = USUAL_TABLE_ADDR;
    }
    if (what == NULL) {
        return inputs_fail(message, INPUTS_USAGE,
                           "%s: is neither a build folder nor a " INPUTS_FLASHER_ARGS
                           ", Intel HEX or a merged image. To flash a file, put its address before it: "
                           "ADDR FILE.",
                           path);
    }
    return inputs_fail(message, INPUTS_USAGE,
                       "%s: is %s, which does not tell where it goes. To flash it, put its address before it; the "
                       "usual one is 0x%x.",
                       path, what, (unsigned)flash_addr);
}

static inputs_result_t list_file(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                 inputs_message_t message)
{
    inputs_file_t file = {0};
    inputs_result_t result = INPUTS_OK;
    if (inputs_list_companions(path, options, listing, &result, message)) {
        return result;
    }
    result = inputs_read_file(path, options, &file, message);
    if (result != INPUTS_OK) {
        return result;
    }
    merged_image_t merged;
    if (is_json(path, &file)) {
        result = parse_flasher_args(path, &file, options, listing, message);
    } else if (is_flash_args(path, &file)) {
        result = parse_flash_args(path, &file, options, listing, message);
    } else if (hex_is_text(file.data, file.bytes)) {
        result = list_whole(path, 0, &file, listing);
    } else if (merged_read(&merged, file.data, file.bytes)) {
        result = list_whole(path, merged.flash_addr, &file, listing);
    } else {
        result = refuse_alone(path, &file, message);
    }
    free(file.data);
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
    return S_ISDIR(status.st_mode) ? inputs_list_folder(path, options, listing, message)
                                   : list_file(path, options, listing, message); /* says why, if it cannot be opened */
}

inputs_result_t inputs_list_words(int argc, char *const *argv, const inputs_options_t *options,
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
