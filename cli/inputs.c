/* SPDX-License-Identifier: Apache-2.0 */
/* Turns the INPUT words of a command line into checked images in memory: words -> listing (what, where to) ->
 * files read whole -> layout checks -> content checks. Each stage believes nothing the stage before let pass. */
#include "inputs.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <mbedtls/md.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chips/chips.h"
#include "image_check.h"

#define FLASHER_ARGS "flasher_args.json"
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

/* --- Small helpers --------------------------------------------------------------------------------- */

/* Where the one message of a failed call goes. */
typedef struct {
    char *text;
    size_t bytes;
} message_t;

static message_t message_into(char *text, size_t bytes)
{
    message_t message = {0};
    message.text = text;
    message.bytes = bytes;
    return message;
}

__attribute__((format(printf, 3, 4))) static inputs_result_t fail(message_t message, inputs_result_t result,
                                                                  const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message.text, message.bytes, format, arguments);
    va_end(arguments);
    return result;
}

/* A program on a PC that cannot get a few bytes has nothing better to do than to say so and end. */
static void *need(void *memory)
{
    if (memory == NULL) {
        (void)fputs("reflash: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return need(length < 0 ? NULL : text);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* NULL and *addr, or what is wrong with the word. */
static const char *parse_addr(const char *word, uint32_t *addr)
{
    if (word[0] == '-') {
        return "is negative";
    }
    const bool hexadecimal = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    if (!isdigit((unsigned char)word[0]) || (hexadecimal && !isxdigit((unsigned char)word[2]))) {
        return "is no number";
    }
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(word, &end, hexadecimal ? 16 : 10);
    if (*end != '\0') {
        return "is no number";
    }
    if (errno != 0 || value >= INPUTS_FLASH_BYTES_MAX) {
        return "is beyond the 16 MiB of flash that a ROM loader can address";
    }
    *addr = (uint32_t)value;
    return NULL;
}

static const role_t *role_by_name(const char *name)
{
    for (size_t role = 0; role < ROLE_COUNT; role++) {
        if (strcmp(roles[role].name, name) == 0) {
            return &roles[role];
        }
    }
    return NULL;
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

/* --- flasher_args.json ----------------------------------------------------------------------------- */

static bool is_setting(const char *key)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(settings[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static inputs_result_t check_settings(const json_t *root, const char *where, message_t message)
{
    if (!json_is_object(root)) {
        return fail(message, INPUTS_CONTENT, "%s: is no JSON object, so no " FLASHER_ARGS ". Build the project again.",
                    where);
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const json_t *value = json_object_get(root, settings[i].key);
        if (value == NULL && settings[i].needed) {
            return fail(message, INPUTS_CONTENT,
                        "%s: the key \"%s\" is missing. Build the project again, or give ADDR FILE pairs.", where,
                        settings[i].key);
        }
        if (value != NULL && json_typeof(value) != settings[i].type) {
            return fail(message, INPUTS_CONTENT, "%s: \"%s\" is no JSON %s. Build the project again.", where,
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

static inputs_result_t add_flash_files(json_t *root, const char *where, inputs_listing_t *listing, message_t message)
{
    json_t *files = json_object_get(root, "flash_files");
    if (json_object_size(files) == 0) {
        return fail(message, INPUTS_CONTENT,
                    "%s: \"flash_files\" is empty, so there is nothing to flash. Build the project again.", where);
    }
    listing->entries = need(calloc(json_object_size(files), sizeof(listing->entries[0])));
    const char *addr_text;
    json_t *file;
    json_object_foreach(files, addr_text, file)
    {
        uint32_t flash_addr = 0;
        const char *wrong = parse_addr(addr_text, &flash_addr);
        if (wrong != NULL) {
            return fail(message, INPUTS_CONTENT,
                        "%s: the address \"%s\" in \"flash_files\" %s. Write it like \"0x10000\".", where, addr_text,
                        wrong);
        }
        if (json_string_length(file) == 0) {
            return fail(message, INPUTS_CONTENT,
                        "%s: the file for \"%s\" in \"flash_files\" is no text, or empty. Name a file there.", where,
                        addr_text);
        }
        listing->entries[listing->count++] =
            (inputs_entry_t){.path = text_of("%s", json_string_value(file)), .flash_addr = flash_addr};
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
                                message_t message)
{
    const char *addr_text = text_at(object, "offset");
    const char *file = text_at(object, "file");
    if (addr_text == NULL || file == NULL) {
        return fail(message, INPUTS_CONTENT, "%s: \"%s\" has no \"%s\", or it is no text. Build the project again.",
                    where, key, addr_text == NULL ? "offset" : "file");
    }
    uint32_t flash_addr = 0;
    const char *wrong = parse_addr(addr_text, &flash_addr);
    if (wrong != NULL) {
        return fail(message, INPUTS_CONTENT, "%s: the \"offset\" of \"%s\", \"%s\", %s. Write it like \"0x10000\".",
                    where, key, addr_text, wrong);
    }
    bool encrypted = false;
    if (!parse_encrypted(json_object_get(object, "encrypted"), &encrypted)) {
        return fail(message, INPUTS_CONTENT, "%s: \"encrypted\" of \"%s\" is neither \"true\" nor \"false\".", where,
                    key);
    }
    for (uint32_t i = 0; i < listing->count; i++) {
        inputs_entry_t *entry = &listing->entries[i];
        if (entry->flash_addr != flash_addr) {
            continue;
        }
        if (entry->name != NULL) {
            return fail(message, INPUTS_CONTENT,
                        "%s: \"%s\" and \"%s\" both have the offset %s. Build the project again.", where, entry->name,
                        key, addr_text);
        }
        if (strcmp(entry->path, file) != 0) {
            return fail(message, INPUTS_CONTENT,
                        "%s: for %s \"flash_files\" says \"%s\", but \"%s\" says \"%s\". Build the project again.",
                        where, addr_text, entry->path, key, file);
        }
        entry->name = text_of("%s", key);
        entry->encrypted = encrypted;
        break;
    }
    return INPUTS_OK;
}

static inputs_result_t add_names(json_t *root, const char *where, inputs_listing_t *listing, message_t message)
{
    const char *key;
    json_t *object;
    json_object_foreach(root, key, object)
    {
        const bool has_fields = json_object_get(object, "offset") != NULL || json_object_get(object, "file") != NULL;
        if (is_setting(key) || (!has_fields && role_by_name(key) == NULL)) {
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

static inputs_result_t add_chip(const json_t *root, const char *where, inputs_listing_t *listing, message_t message)
{
    const json_t *chip = json_object_get(json_object_get(root, "extra_esptool_args"), "chip");
    if (chip == NULL) {
        return INPUTS_OK;
    }
    if (!json_is_string(chip) || json_string_length(chip) >= sizeof(listing->chip)) {
        return fail(message, INPUTS_CONTENT,
                    "%s: \"chip\" in \"extra_esptool_args\" is no chip's name. Write it like \"esp32c3\".", where);
    }
    (void)snprintf(listing->chip, sizeof(listing->chip), "%s", json_string_value(chip));
    return INPUTS_OK;
}

inputs_result_t inputs_parse_flasher_args(const char *text, size_t text_bytes, const char *where,
                                          inputs_listing_t *listing, char *message_text, size_t message_bytes)
{
    const message_t message = message_into(message_text, message_bytes);
    *listing = (inputs_listing_t){0};
    json_error_t error;
    json_t *root = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return fail(message, INPUTS_CONTENT, "%s:%d:%d: %s. Build the project again, or give ADDR FILE pairs.", where,
                    error.line, error.column, error.text);
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
        add_encrypt_option(root, listing);
    }
    json_decref(root);
    if (result != INPUTS_OK) {
        inputs_listing_free(listing);
    }
    return result;
}

void inputs_listing_free(inputs_listing_t *listing)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        free(listing->entries[i].name);
        free(listing->entries[i].path);
    }
    free(listing->entries);
    *listing = (inputs_listing_t){0};
}

/* --- Files ----------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t *data; /* NULL unless read whole */
    uint32_t bytes;
} file_t;

static inputs_result_t check_file_kind(const char *path, const struct stat *status, message_t message)
{
    if (S_ISDIR(status->st_mode)) {
        return fail(message, INPUTS_FILE,
                    "%s: is a folder. Give a file; a build folder is given alone, without addresses.", path);
    }
    if (!S_ISREG(status->st_mode)) {
        return fail(message, INPUTS_FILE, "%s: is no regular file. Copy the image to a file first.", path);
    }
    if (status->st_size == 0) {
        return fail(message, INPUTS_FILE, "%s: is empty. Build the project again.", path);
    }
    if (status->st_size > (off_t)INPUTS_FLASH_BYTES_MAX) {
        return fail(message, INPUTS_FILE,
                    "%s: has %lld bytes; a ROM loader can address 16 MiB (%u bytes) of flash. Check the path.", path,
                    (long long)status->st_size, INPUTS_FLASH_BYTES_MAX);
    }
    return INPUTS_OK;
}

/* Reads until the file or the buffer ends; the bytes read, or -1 and errno. */
static ssize_t read_whole(int fd, uint8_t *data, size_t bytes)
{
    size_t done_bytes = 0;
    while (done_bytes < bytes) {
        const ssize_t got_bytes = read(fd, data + done_bytes, bytes - done_bytes);
        if (got_bytes < 0 && errno == EINTR) {
            continue;
        }
        if (got_bytes < 0) {
            return -1;
        }
        if (got_bytes == 0) {
            break;
        }
        done_bytes += (size_t)got_bytes;
    }
    return (ssize_t)done_bytes;
}

static bool same_file_state(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A build that runs in another window may be writing the very file. What was read is believed only if size and
 * time of change were the same before and after. */
static inputs_result_t read_open_file(int fd, const char *path, const inputs_options_t *options, file_t *file,
                                      message_t message)
{
    struct stat before, after;
    if (fstat(fd, &before) != 0) {
        return fail(message, INPUTS_FILE, "%s: cannot be looked at: %s.", path, strerror(errno));
    }
    const inputs_result_t result = check_file_kind(path, &before, message);
    if (result != INPUTS_OK) {
        return result;
    }
    file->bytes = (uint32_t)before.st_size;
    file->data = need(malloc(file->bytes));
    const ssize_t read_bytes = read_whole(fd, file->data, file->bytes);
    if (read_bytes < 0) {
        return fail(message, INPUTS_FILE, "%s: reading failed: %s. Check the disk, then try again.", path,
                    strerror(errno));
    }
    if (options->after_read != NULL) {
        options->after_read(options->after_read_context, path);
    }
    if (read_bytes != before.st_size || fstat(fd, &after) != 0 || !same_file_state(&before, &after)) {
        return fail(message, INPUTS_FILE,
                    "%s: changed while it was read. Wait until the build is complete, then try again.", path);
    }
    return INPUTS_OK;
}

static inputs_result_t read_file(const char *path, const inputs_options_t *options, file_t *file, message_t message)
{
    /* Not to wait for whoever may one day write into a FIFO; regular files do not care. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail(message, INPUTS_FILE, "%s: cannot be opened: %s. %s", path, strerror(errno),
                    errno == ENOENT   ? "Check the path, or build the project first."
                    : errno == EACCES ? "Check its owner and permissions."
                                      : "Check the path.");
    }
    const inputs_result_t result = read_open_file(fd, path, options, file, message);
    (void)close(fd);
    if (result != INPUTS_OK) {
        free(file->data);
        *file = (file_t){0};
    }
    return result;
}

/* --- Words to listing ------------------------------------------------------------------------------ */

static inputs_result_t list_pairs(int argc, char *const *argv, inputs_listing_t *listing, message_t message)
{
    listing->entries = need(calloc((size_t)argc, sizeof(listing->entries[0])));
    for (int word = 0; word < argc; word += 2) {
        uint32_t flash_addr = 0;
        const char *wrong = parse_addr(argv[word], &flash_addr);
        if (wrong != NULL) {
            return fail(message, INPUTS_USAGE,
                        "The address \"%s\" %s. Give ADDR FILE pairs such as 0x10000 app.bin, or a build folder alone.",
                        argv[word], wrong);
        }
        if (word + 1 == argc) {
            return fail(message, INPUTS_USAGE, "The address %s has no file. Give pairs such as 0x10000 app.bin.",
                        argv[word]);
        }
        listing->entries[listing->count++] =
            (inputs_entry_t){.path = text_of("%s", argv[word + 1]), .flash_addr = flash_addr};
    }
    return INPUTS_OK;
}

/* Paths in the listing become relative to our own folder, not to that of the file they stand in. */
static void join_paths(inputs_listing_t *listing, const char *listing_path)
{
    const int folder_length = (int)(base_name(listing_path) - listing_path); /* with its slash */
    for (uint32_t i = 0; i < listing->count; i++) {
        char *path = listing->entries[i].path;
        if (path[0] != '/') {
            listing->entries[i].path = text_of("%.*s%s", folder_length, listing_path, path);
            free(path);
        }
    }
}

static bool looks_like_json(const file_t *file)
{
    size_t offset = 0;
    while (offset < file->bytes && isspace(file->data[offset])) {
        offset++;
    }
    return offset < file->bytes && file->data[offset] == '{';
}

static inputs_result_t list_flasher_args(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                         message_t message)
{
    file_t file = {0};
    inputs_result_t result = read_file(path, options, &file, message);
    if (result != INPUTS_OK) {
        return result;
    }
    const size_t path_length = strlen(path);
    const bool named_json = path_length >= 5 && strcmp(path + path_length - 5, ".json") == 0;
    if (named_json || looks_like_json(&file)) {
        result =
            inputs_parse_flasher_args((const char *)file.data, file.bytes, path, listing, message.text, message.bytes);
    } else {
        result =
            fail(message, INPUTS_USAGE,
                 "%s: is neither a build folder nor a " FLASHER_ARGS ". To flash a file, put its address before it: "
                 "ADDR FILE.",
                 path);
    }
    free(file.data);
    if (result == INPUTS_OK && !options->force && listing->chip[0] != '\0' &&
        image_chip_id(listing->chip) == IMAGE_CHIP_ANY) {
        result = fail(message, INPUTS_CONTENT,
                      "%s: the build is for the chip \"%s\", which is unknown here. Check \"chip\" in "
                      "\"extra_esptool_args\", or use --force to flash without checking images.",
                      path, listing->chip);
    }
    join_paths(listing, path);
    return result;
}

static inputs_result_t list_folder_or_file(const char *path, const inputs_options_t *options, inputs_listing_t *listing,
                                           message_t message)
{
    struct stat status = {0};
    uint32_t flash_addr = 0;
    if (stat(path, &status) != 0 && errno == ENOENT) {
        if (parse_addr(path, &flash_addr) == NULL) {
            return fail(message, INPUTS_USAGE, "The address %s has no file. Give pairs such as 0x10000 app.bin.", path);
        }
        return fail(message, INPUTS_FILE,
                    "%s: does not exist. Give a build folder, a " FLASHER_ARGS " or ADDR FILE pairs.", path);
    }
    if (!S_ISDIR(status.st_mode)) {
        return list_flasher_args(path, options, listing, message); /* says why, if it cannot be opened */
    }
    char *inside = text_of("%s%s" FLASHER_ARGS, path, path[strlen(path) - 1] == '/' ? "" : "/");
    inputs_result_t result;
    if (access(inside, F_OK) != 0 && errno == ENOENT) {
        result =
            fail(message, INPUTS_FILE,
                 "%s: has no " FLASHER_ARGS ". Build the project first (idf.py build), or give ADDR FILE pairs.", path);
    } else {
        result = list_flasher_args(inside, options, listing, message);
    }
    free(inside);
    return result;
}

static inputs_result_t list_words(int argc, char *const *argv, const inputs_options_t *options,
                                  inputs_listing_t *listing, message_t message)
{
    if (argc <= 0) {
        return fail(message, INPUTS_USAGE,
                    "There is nothing to flash. Give a build folder, a " FLASHER_ARGS " or ADDR FILE pairs.");
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
static void add_image(inputs_t *in, const inputs_entry_t *entry, const file_t *file)
{
    reflash_image_t *image = &in->images[in->count];
    *image = (reflash_image_t){
        .kind = REFLASH_KIND_APPLICATION, .flash_addr = entry->flash_addr, .bytes = file->bytes, .data = file->data};
    (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), file->data, file->bytes, image->md5);

    /* A name tells what an image is for, whatever it holds: another chip's program may well be stored as data. */
    const role_t *role = entry->name != NULL ? role_by_name(entry->name) : role_by_content(image);
    const char *base = base_name(entry->path);
    const char *name = entry->name != NULL ? entry->name : role != NULL ? role->name : base;
    if (role != NULL) {
        image->kind = role->kind;
    }
    in->programs[in->count] = role != NULL && role->program;
    in->paths[in->count] = text_of("%s", entry->path);
    in->titles[in->count] = text_of("%s", role != NULL ? role->title : base);
    in->names[in->count] =
        name_is_taken(in, name) ? text_of("%s@0x%x", name, (unsigned)entry->flash_addr) : text_of("%s", name);
    in->count++;
}

static inputs_result_t check_entry(const inputs_entry_t *entry, message_t message)
{
    if (entry->encrypted) {
        return fail(
            message, INPUTS_CONTENT,
            "%s: the build wants it encrypted (\"encrypted\" : \"true\"), and flash encryption is not supported "
            "yet. Use a build without flash encryption.",
            entry->path);
    }
    if (entry->flash_addr % REFLASH_SECTOR_BYTES != 0) {
        return fail(message, INPUTS_CONTENT,
                    "%s: the address 0x%x is no multiple of 0x%x. Flash is erased by whole sectors, so bytes before it "
                    "would be lost. Give a sector's start.",
                    entry->path, (unsigned)entry->flash_addr, REFLASH_SECTOR_BYTES);
    }
    return INPUTS_OK;
}

static inputs_result_t read_images(inputs_t *in, const inputs_options_t *options, inputs_listing_t *listing,
                                   message_t message)
{
    assert(listing->count > 0);
    qsort(listing->entries, listing->count, sizeof(listing->entries[0]), by_flash_addr);
    in->images = need(calloc(listing->count, sizeof(in->images[0])));
    in->names = need(calloc(listing->count, sizeof(in->names[0])));
    in->titles = need(calloc(listing->count, sizeof(in->titles[0])));
    in->paths = need(calloc(listing->count, sizeof(in->paths[0])));
    in->programs = need(calloc(listing->count, sizeof(in->programs[0])));
    (void)snprintf(in->chip, sizeof(in->chip), "%s", listing->chip);
    in->force = options->force;
    for (uint32_t i = 0; i < listing->count; i++) {
        file_t file = {0};
        inputs_result_t result = check_entry(&listing->entries[i], message);
        if (result == INPUTS_OK) {
            result = read_file(listing->entries[i].path, options, &file, message);
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
static inputs_result_t check_layout(const inputs_t *in, message_t message)
{
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        if (image->bytes > INPUTS_FLASH_BYTES_MAX - image->flash_addr) {
            return fail(message, INPUTS_CONTENT,
                        "%s: 0x%x bytes at 0x%x end at 0x%x, beyond the 16 MiB of flash that a ROM loader can address. "
                        "Check the address.",
                        in->paths[i], (unsigned)image->bytes, (unsigned)image->flash_addr, last_addr(image));
        }
        const reflash_image_t *next = i + 1 < in->count ? image + 1 : NULL;
        if (next != NULL && next->flash_addr - image->flash_addr < image->bytes) {
            return fail(message, INPUTS_CONTENT,
                        "%s (0x%x to 0x%x) and %s (0x%x to 0x%x) overlap. Check both addresses.", in->paths[i],
                        (unsigned)image->flash_addr, last_addr(image), in->paths[i + 1], (unsigned)next->flash_addr,
                        last_addr(next));
        }
    }
    return INPUTS_OK;
}

static inputs_result_t check_contents(const inputs_t *in, message_t message)
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
            return fail(message, INPUTS_CONTENT, "%s (%s): %s. %s, or use --force to flash it as it is.", in->paths[i],
                        in->titles[i], why,
                        verdict == IMAGE_WRONG_CHIP ? "Build again for the right chip"
                                                    : "The file is damaged or incomplete: build again");
        }
    }
    return INPUTS_OK;
}

/* NULL if this build of the program has no such chip. */
static const reflash_chip_t *chip_row(int chip_id)
{
#define ROW(name) &reflash_chip_##name,
    static const reflash_chip_t *const rows[] = {REFLASH_CHIPS(ROW)};
#undef ROW
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (image_chip_id(rows[row]->name) == chip_id) {
            return rows[row];
        }
    }
    return NULL;
}

static inputs_result_t check_chip(const inputs_t *in, int chip_id, const char *chip_name, message_t message)
{
    if (in->chip[0] != '\0' && image_chip_id(in->chip) != chip_id) {
        return fail(message, INPUTS_CONTENT,
                    "The build is for %s, but the target is %s. Connect the right target, or build for this one.",
                    in->chip, chip_name);
    }
    const reflash_chip_t *row = chip_row(chip_id);
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        const int image_chip = in->programs[i] ? image_program_chip(image->data, image->bytes) : chip_id;
        if (image_chip != chip_id) {
            return fail(message, INPUTS_CONTENT,
                        "%s (%s): is for %s (chip id %d), but the target is %s. Connect the right target, or build for "
                        "this one.",
                        in->paths[i], in->titles[i], image_chip_name(image_chip), image_chip, chip_name);
        }
        if (row != NULL && image->kind == REFLASH_KIND_BOOTLOADER && image->flash_addr != row->boot_addr) {
            return fail(message, INPUTS_CONTENT,
                        "%s (%s): its address is 0x%x, but %s looks for its bootloader at 0x%x. Give that address, or "
                        "use --force.",
                        in->paths[i], in->titles[i], (unsigned)image->flash_addr, chip_name, row->boot_addr);
        }
    }
    return INPUTS_OK;
}

static inputs_result_t check_flash_size(const inputs_t *in, uint32_t flash_bytes, message_t message)
{
    for (uint32_t i = 0; i < in->count; i++) {
        const reflash_image_t *image = &in->images[i];
        if (image->flash_addr > flash_bytes || image->bytes > flash_bytes - image->flash_addr) {
            return fail(message, INPUTS_CONTENT,
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
    const message_t message = message_into(message_text, message_bytes);
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
    const message_t message = message_into(message_text, message_bytes);
    const int id = image_chip_id(chip_name) == IMAGE_CHIP_ESP8266 ? IMAGE_CHIP_ESP8266 : (int)chip_id;
    inputs_result_t result = in->force ? INPUTS_OK : check_chip(in, id, chip_name, message);
    if (result == INPUTS_OK && flash_bytes != 0) {
        result = check_flash_size(in, flash_bytes, message);
    }
    return result;
}
