/* SPDX-License-Identifier: Apache-2.0 */
/* From a listing to the bytes of each image: reads the files, and takes apart those that hold several images or another
 * form of one. */
#include <stdlib.h>
#include <string.h>

#include "bundle_reader.h"
#include "elf_image.h"
#include "image_check.h"
#include "inputs_support.h"
#include "intel_hex.h"
#include "merged_image.h"

/* Puts a copy of the bytes at the end of the listing, otherwise like `like`. */
static inputs_entry_t *add_part(inputs_listing_t *listing, const inputs_entry_t *like, uint32_t flash_addr,
                                const uint8_t *data, uint32_t bytes)
{
    inputs_entry_t *entry = inputs_add_entry(listing, flash_addr, inputs_text_of("%s", like->path));
    entry->name = like->name != NULL ? inputs_text_of("%s", like->name) : NULL;
    entry->encrypted = like->encrypted;
    entry->data = inputs_need(malloc(bytes));
    entry->bytes = bytes;
    memcpy(entry->data, data, bytes);
    return entry;
}

/* Hands the entry over as it is. */
static void move_entry(inputs_listing_t *to, inputs_entry_t *entry)
{
    inputs_entry_t *moved = inputs_add_entry(to, entry->flash_addr, NULL);
    *moved = *entry;
    *entry = (inputs_entry_t){0};
}

/* --- Forms of images ------------------------------------------------------------------------------- */

static inputs_result_t take_plain(inputs_entry_t *entry, inputs_listing_t *to, inputs_message_t message)
{
    if (bundle_is_file(entry->data, entry->bytes)) {
        return inputs_fail(message, INPUTS_USAGE,
                           "%s: is a bundle, which tells its own addresses. Give it alone, without an address.",
                           entry->path);
    }
    merged_image_t merged;
    if (entry->name != NULL || !merged_read(&merged, entry->data, entry->bytes) ||
        merged.flash_addr != entry->flash_addr) {
        move_entry(to, entry);
        return INPUTS_OK;
    }
    for (uint32_t at = 0; at < merged.part_count; at++) {
        const merged_part_t *part = &merged.parts[at];
        if (part->is_blank_gap) {
            continue;
        }
        inputs_entry_t *added =
            add_part(to, entry, merged.flash_addr + part->offset, entry->data + part->offset, part->bytes);
        if (part->title[0] != '\0') {
            added->title = inputs_text_of("%s", part->title);
        }
        if (part->is_data) { /* whatever it begins like */
            added->name = inputs_text_of("%s", part->is_otadata ? "otadata" : part->title);
        }
    }
    return INPUTS_OK;
}

static inputs_result_t take_hex(const inputs_entry_t *entry, inputs_listing_t *to, inputs_message_t message)
{
    hex_pieces_t pieces;
    char why[200];
    if (!hex_read(&pieces, entry->data, entry->bytes, why, sizeof(why))) {
        return inputs_fail(message, INPUTS_CONTENT, "%s: %s. The file is damaged or incomplete: make it again.",
                           entry->path, why);
    }
    inputs_result_t result = INPUTS_OK;
    const uint32_t first_addr = pieces.pieces[0].addr;
    if (entry->flash_addr != 0 && entry->flash_addr != first_addr) {
        result = inputs_fail(message, INPUTS_USAGE,
                             "%s: is Intel HEX, whose bytes begin at 0x%x, not at 0x%x. Leave the address out, or give "
                             "0.",
                             entry->path, (unsigned)first_addr, (unsigned)entry->flash_addr);
    }
    for (uint32_t at = 0; result == INPUTS_OK && at < pieces.count; at++) {
        const hex_piece_t *piece = &pieces.pieces[at];
        inputs_entry_t part = {.path = entry->path, .name = entry->name, .encrypted = entry->encrypted};
        inputs_listing_t one = {0};
        result = take_plain(add_part(&one, &part, piece->addr, piece->data, piece->bytes), to, message);
        inputs_listing_free(&one);
    }
    hex_free(&pieces);
    return result;
}

static inputs_result_t take_elf(const inputs_entry_t *entry, int chip_id, const flash_settings_t *flash,
                                inputs_listing_t *to, inputs_message_t message)
{
    const chip_format_t *chip = chip_format_by_id(chip_id);
    if (chip == NULL) {
        return inputs_fail(message, INPUTS_USAGE,
                           "%s: is an ELF file, which does not tell its chip. Name it with --chip, such as --chip "
                           "esp32c3.",
                           entry->path);
    }
    elf_image_t image;
    char why[300];
    if (!elf_make_image(&image, entry->data, entry->bytes, chip, flash, why, sizeof(why))) {
        return inputs_fail(message, INPUTS_CONTENT, "%s: %s. No image can be made of it; check --chip and the build.",
                           entry->path, why);
    }
    (void)add_part(to, entry, entry->flash_addr, image.data, image.bytes);
    if (image.mapped != NULL) {
        (void)add_part(to, entry, image.mapped_flash_addr, image.mapped, image.mapped_bytes);
    }
    elf_image_free(&image);
    return INPUTS_OK;
}

/* --- All of them ----------------------------------------------------------------------------------- */

static inputs_result_t read_all(inputs_listing_t *listing, const inputs_options_t *options, inputs_message_t message)
{
    for (uint32_t at = 0; at < listing->count; at++) {
        inputs_entry_t *entry = &listing->entries[at];
        inputs_file_t file = {0};
        if (entry->data != NULL) {
            continue;
        }
        const inputs_result_t result = inputs_read_file(entry->path, options, &file, message);
        if (result != INPUTS_OK) {
            return result;
        }
        entry->data = file.data;
        entry->bytes = file.bytes;
    }
    return INPUTS_OK;
}

/* What ELF files are for: what the user says, else the build, else the other programs. */
static int find_chip(const inputs_listing_t *listing, const inputs_options_t *options)
{
    if (options->chip != NULL) {
        return image_chip_id(options->chip);
    }
    int chip_id = image_chip_id(listing->chip);
    for (uint32_t at = 0; at < listing->count && chip_id == IMAGE_CHIP_ANY; at++) {
        chip_id = image_program_chip(listing->entries[at].data, listing->entries[at].bytes);
    }
    return chip_id;
}

inputs_result_t inputs_open(inputs_listing_t *listing, const inputs_options_t *options, const flash_settings_t *flash,
                            inputs_message_t message)
{
    inputs_result_t result = read_all(listing, options, message);
    const int chip_id = result == INPUTS_OK ? find_chip(listing, options) : IMAGE_CHIP_ANY;
    inputs_listing_t opened = {0};
    for (uint32_t at = 0; result == INPUTS_OK && at < listing->count; at++) {
        inputs_entry_t *entry = &listing->entries[at];
        if (entry->has_kind) {
            move_entry(&opened, entry); /* taken from a bundle: these very bytes are meant */
        } else if (hex_is_text(entry->data, entry->bytes)) {
            result = take_hex(entry, &opened, message);
        } else if (elf_is_file(entry->data, entry->bytes)) {
            result = take_elf(entry, chip_id, flash, &opened, message);
        } else {
            result = take_plain(entry, &opened, message);
        }
    }
    /* The new entries take the place of the old ones, which go with `opened`. */
    const inputs_listing_t old = *listing;
    listing->entries = opened.entries;
    listing->count = opened.count;
    opened.entries = old.entries;
    opened.count = old.count;
    inputs_listing_free(&opened);
    return result;
}
