/* SPDX-License-Identifier: Apache-2.0 */
/* Reads flasher_args.json, what an ESP-IDF build says about its images, and PlatformIO's idedata.json. Pure: text in, listing out. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "inputs_support.h"

/* What flasher_args.json holds beside the objects that name images. */
static const struct {
    const char *key;
    const char *type_name;
    json_type type;
    bool needed;
} settings[] = {
    {"flash_files", "object", JSON_OBJECT, true},
    {"write_flash_args", "array", JSON_ARRAY, false},
    {"flash_settings", "object", JSON_OBJECT, false},
    {"extra_esptool_args", "object", JSON_OBJECT, false},
};
#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static bool is_setting(const char *key)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(settings[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static inputs_result_t check_settings(const json_t *root, const char *where, inputs_message_t message)
{
    if (!json_is_object(root)) {
        return inputs_fail(message, INPUTS_CONTENT,
                           "%s: is no JSON object, so no " INPUTS_FLASHER_ARGS ". Build the project again.", where);
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const json_t *value = json_object_get(root, settings[i].key);
        if (value == NULL && settings[i].needed) {
            return inputs_fail(message, INPUTS_CONTENT,
                               "%s: the key \"%s\" is missing. Build the project again, or give ADDR FILE pairs.",
                               where, settings[i].key);
        }
        if (value != NULL && json_typeof(value) != settings[i].type) {
            return inputs_fail(message, INPUTS_CONTENT, "%s: \"%s\" is no JSON %s. Build the project again.", where,
                               settings[i].key, settings[i].type_name);
        }
    }
    return INPUTS_OK;
}

/* A string that is there and not empty, or NULL. */
static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static inputs_result_t add_flash_files(json_t *root, const char *where, inputs_listing_t *listing,
                                       inputs_message_t message)
{
    json_t *files = json_object_get(root, "flash_files");
    if (json_object_size(files) == 0) {
        return inputs_fail(message, INPUTS_CONTENT,
                           "%s: \"flash_files\" is empty, so there is nothing to flash. Build the project again.",
                           where);
    }
    const char *addr_text;
    json_t *file;
    json_object_foreach(files, addr_text, file)
    {
        uint32_t flash_addr = 0;
        const char *wrong = inputs_parse_addr(addr_text, &flash_addr);
        if (wrong != NULL) {
            return inputs_fail(message, INPUTS_CONTENT,
                               "%s: the address \"%s\" in \"flash_files\" %s. Write it like \"0x10000\".", where,
                               addr_text, wrong);
        }
        if (json_string_length(file) == 0) {
            return inputs_fail(message, INPUTS_CONTENT,
                               "%s: the file for \"%s\" in \"flash_files\" is no text, or empty. Name a file there.",
                               where, addr_text);
        }
        (void)inputs_add_entry(listing, flash_addr, inputs_text_of("%s", json_string_value(file)));
    }
    return INPUTS_OK;
}

/* "true" and "false" are strings in this file; plain booleans mean the same. */
static bool parse_encrypted(const json_t *value, bool *encrypted)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    *encrypted = json_is_true(value) || strcmp(text, "true") == 0;
    return *encrypted || value == NULL || json_is_false(value) || strcmp(text, "false") == 0;
}

/* One object such as "app" : { "offset" : "0x10000", "file" : "demo.bin", "encrypted" : "false" }. */
static inputs_result_t add_name(const char *key, const json_t *object, const char *where, inputs_listing_t *listing,
                                inputs_message_t message)
{
    const char *addr_text = text_at(object, "offset");
    const char *file = text_at(object, "file");
    if (addr_text == NULL || file == NULL) {
        return inputs_fail(message, INPUTS_CONTENT,
                           "%s: \"%s\" has no \"%s\", or it is no text. Build the project again.", where, key,
                           addr_text == NULL ? "offset" : "file");
    }
    uint32_t flash_addr = 0;
    const char *wrong = inputs_parse_addr(addr_text, &flash_addr);
    if (wrong != NULL) {
        return inputs_fail(message, INPUTS_CONTENT,
                           "%s: the \"offset\" of \"%s\", \"%s\", %s. Write it like \"0x10000\".", where, key,
                           addr_text, wrong);
    }
    bool encrypted = false;
    if (!parse_encrypted(json_object_get(object, "encrypted"), &encrypted)) {
        return inputs_fail(message, INPUTS_CONTENT, "%s: \"encrypted\" of \"%s\" is neither \"true\" nor \"false\".",
                           where, key);
    }
    for (uint32_t i = 0; i < listing->count; i++) {
        inputs_entry_t *entry = &listing->entries[i];
        if (entry->flash_addr != flash_addr) {
            continue;
        }
        if (entry->name != NULL) {
            return inputs_fail(message, INPUTS_CONTENT,
                               "%s: \"%s\" and \"%s\" both have the offset %s. Build the project again.", where,
                               entry->name, key, addr_text);
        }
        if (strcmp(entry->path, file) != 0) {
            return inputs_fail(
                message, INPUTS_CONTENT,
                "%s: for %s \"flash_files\" says \"%s\", but \"%s\" says \"%s\". Build the project again.", where,
                addr_text, entry->path, key, file);
        }
        entry->name = inputs_text_of("%s", key);
        entry->encrypted = encrypted;
        break;
    }
    return INPUTS_OK;
}

static inputs_result_t add_names(json_t *root, const char *where, inputs_listing_t *listing, inputs_message_t message)
{
    const char *key;
    json_t *object;
    json_object_foreach(root, key, object)
    {
        const bool has_fields = json_object_get(object, "offset") != NULL || json_object_get(object, "file") != NULL;
        if (is_setting(key) || (!has_fields && !inputs_is_known_name(key))) {
            continue;
        }
        const inputs_result_t result = add_name(key, object, where, listing, message);
        if (result != INPUTS_OK) {
            return result;
        }
    }
    return INPUTS_OK;
}

/* A build with flash encryption may ask for it once for all files, among the options of the flash command. */
static void add_encrypt_option(const json_t *root, inputs_listing_t *listing)
{
    size_t index;
    json_t *option;
    json_array_foreach(json_object_get(root, "write_flash_args"), index, option)
    {
        if (json_is_string(option) && strcmp(json_string_value(option), "--encrypt") == 0) {
            for (uint32_t i = 0; i < listing->count; i++) {
                listing->entries[i].encrypted = true;
            }
        }
    }
}

/* Whether `option` is "--flash_mode" or "--flash-mode", where the key is "flash_mode". */
static bool is_option_of(const char *option, const char *key)
{
    if (option == NULL || strncmp(option, "--", 2) != 0) {
        return false;
    }
    for (option += 2; *key != '\0' && (*option == *key || (*option == '-' && *key == '_')); option++, key++) {
    }
    return *option == *key;
}

/* Files that somebody trimmed tell a setting only as an option of the flash command. NULL: they do not. */
static const json_t *setting_among_options(const json_t *options, const char *key)
{
    const json_t *value = NULL;
    for (size_t at = 0; at + 1 < json_array_size(options); at++) {
        if (is_option_of(json_string_value(json_array_get(options, at)), key)) {
            value = json_array_get(options, at + 1);
        }
    }
    return value;
}

/* What the bootloader's header shall say. Whether a word is possible depends on the chip. */
static inputs_result_t add_flash_settings(const json_t *root, const char *where, inputs_listing_t *listing,
                                          inputs_message_t message)
{
    const struct {
        const char *key;
        char **word;
    } keys[] = {{"flash_mode", &listing->flash_mode},
                {"flash_freq", &listing->flash_freq},
                {"flash_size", &listing->flash_size}};
    const json_t *object = json_object_get(root, "flash_settings");
    const json_t *options = json_object_get(root, "write_flash_args");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const json_t *told = json_object_get(object, keys[i].key);
        const json_t *value = told != NULL ? told : setting_among_options(options, keys[i].key);
        if (value != NULL && json_string_length(value) == 0) {
            return inputs_fail(message, INPUTS_CONTENT,
                               "%s: \"%s\" in \"%s\" is no text, or empty. Build the project again.", where,
                               keys[i].key, told != NULL ? "flash_settings" : "write_flash_args");
        }
        if (value != NULL) {
            *keys[i].word = inputs_text_of("%s", json_string_value(value));
        }
    }
    return INPUTS_OK;
}

static inputs_result_t add_chip(const json_t *root, const char *where, inputs_listing_t *listing,
                                inputs_message_t message)
{
    const json_t *chip = json_object_get(json_object_get(root, "extra_esptool_args"), "chip");
    if (chip == NULL) {
        return INPUTS_OK;
    }
    if (!json_is_string(chip) || json_string_length(chip) >= sizeof(listing->chip)) {
        return inputs_fail(message, INPUTS_CONTENT,
                           "%s: \"chip\" in \"extra_esptool_args\" is no chip's name. Write it like \"esp32c3\".",
                           where);
    }
    (void)snprintf(listing->chip, sizeof(listing->chip), "%s", json_string_value(chip));
    return INPUTS_OK;
}

inputs_result_t inputs_parse_flasher_args(const char *text, size_t text_bytes, const char *where,
                                          inputs_listing_t *listing, char *message_text, size_t message_bytes)
{
    const inputs_message_t message = inputs_message_into(message_text, message_bytes);
    *listing = (inputs_listing_t){0};
    json_error_t error;
    json_t *root = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return inputs_fail(message, INPUTS_CONTENT, "%s:%d:%d: %s. Build the project again, or give ADDR FILE pairs.",
                           where, error.line, error.column, error.text);
    }
    inputs_result_t result = check_settings(root, where, message);
    if (result == INPUTS_OK) {
        result = add_flash_files(root, where, listing, message);
    }
    if (result == INPUTS_OK) {
        result = add_names(root, where, listing, message);
    }
    if (result == INPUTS_OK) {
        result = add_chip(root, where, listing, message);
    }
    if (result == INPUTS_OK) {
        result = add_flash_settings(root, where, listing, message);
    }
    if (result == INPUTS_OK) {
        add_encrypt_option(root, listing);
    }
    json_decref(root);
    if (result != INPUTS_OK) {
        inputs_listing_free(listing);
    }
    return result;
}

/* --- PlatformIO ------------------------------------------------------------------------------------ */

/* { "extra" : { "flash_images" : [ { "offset" : "0x1000", "path" : "/.../bootloader.bin" }, ... ],
 *   "application_offset" : "0x10000" }, ... } */
static inputs_result_t add_flash_images(const json_t *extra, const char *where, inputs_listing_t *listing,
                                        uint32_t *app_addr, inputs_message_t message)
{
    size_t index;
    json_t *image;
    json_array_foreach(json_object_get(extra, "flash_images"), index, image)
    {
        const char *addr_text = text_at(image, "offset");
        const char *path = text_at(image, "path");
        uint32_t flash_addr = 0;
        const char *wrong = addr_text == NULL ? "is missing" : inputs_parse_addr(addr_text, &flash_addr);
        if (wrong != NULL || path == NULL) {
            return inputs_fail(message, INPUTS_CONTENT,
                               "%s: the \"%s\" of image %zu in \"flash_images\" %s. Build the project again.", where,
                               wrong != NULL ? "offset" : "path", index + 1, wrong != NULL ? wrong : "is missing");
        }
        (void)inputs_add_entry(listing, flash_addr, inputs_text_of("%s", path));
    }
    const char *addr_text = text_at(extra, "application_offset");
    const char *wrong = addr_text == NULL ? NULL : inputs_parse_addr(addr_text, app_addr);
    if (wrong != NULL) {
        return inputs_fail(message, INPUTS_CONTENT, "%s: \"application_offset\", \"%s\", %s. Build the project again.",
                           where, addr_text, wrong);
    }
    return INPUTS_OK;
}

inputs_result_t inputs_parse_idedata(const char *text, size_t text_bytes, const char *where, inputs_listing_t *listing,
                                     uint32_t *app_addr, char *message_text, size_t message_bytes)
{
    const inputs_message_t message = inputs_message_into(message_text, message_bytes);
    *listing = (inputs_listing_t){0};
    json_error_t error;
    json_t *root = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return inputs_fail(message, INPUTS_CONTENT,
                           "%s:%d:%d: %s. Run \"pio run -t idedata\" again, or remove the file.", where, error.line,
                           error.column, error.text);
    }
    const inputs_result_t result = add_flash_images(json_object_get(root, "extra"), where, listing, app_addr, message);
    json_decref(root);
    if (result != INPUTS_OK) {
        inputs_listing_free(listing);
    }
    return result;
}
