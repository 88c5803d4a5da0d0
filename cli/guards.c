/* SPDX-License-Identifier: Apache-2.0 */
#include "guards.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image_check.h"
#include "partitions.h"

enum { NOT_TOLD = 0xFFFF, ESP32_CHIP_ID = 0, C3_CHIP_ID = 5 };

/* Says why, and false. */
__attribute__((format(printf, 3, 4))) static bool refuse(char *why, size_t why_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, why_bytes, format, arguments);
    va_end(arguments);
    return false;
}

static bool read_program(const inputs_t *in, uint32_t index, image_t *image)
{
    return in->programs[index] && image_read(image, in->images[index].data, in->images[index].bytes, NULL, 0);
}

/* --- Flash encryption -------------------------------------------------------------------------------------------- */

/* The table of the same inputs; false: there is none. */
static bool own_table(const inputs_t *in, partition_table_t *table)
{
    for (uint32_t at = 0; at < in->count; at++) {
        if (in->images[at].kind == REFLASH_KIND_PARTITION_TABLE) {
            return partition_table_check(table, in->images[at].data, in->images[at].bytes, NULL, 0);
        }
    }
    return false;
}

/* Boot stages read these decrypted, whatever else is so; data only where the table says it. */
static bool is_read_decrypted(const inputs_t *in, uint32_t index)
{
    partition_table_t table;
    const reflash_image_t *image = &in->images[index];
    if (in->programs[index] || image->kind != REFLASH_KIND_APPLICATION) {
        return true;
    }
    const partition_t *partition = own_table(in, &table) ? partition_at(&table, image->flash_addr) : NULL;
    return partition != NULL && (partition->flags_bits & PARTITION_ENCRYPTED) != 0;
}

/* Why the loader cannot encrypt, or NULL. */
static const char *no_encrypting(const locks_t *locks, const char *chip_name)
{
    if (!locks->encryption) {
        return "flash encryption is off on this target, so it would not decrypt what it starts. Leave --encrypt out";
    }
    if (strcmp(chip_name, "ESP32") == 0) {
        return "no loader of the ESP32 encrypts what it writes. Encrypt the files with the chip's key and use --force, "
               "or update it over the air";
    }
    if (locks->no_manual_encryption) {
        return "the efuses of this target forbid its loader to encrypt (release mode). Encrypt the files with the "
               "chip's "
               "key and use --force, or update it over the air";
    }
    return NULL;
}

bool guards_fit_encryption(const inputs_t *in, uint32_t index, bool encrypts_all, const locks_t *locks,
                           const char *chip_name, char *why, size_t why_bytes)
{
    const bool wanted = encrypts_all || in->encrypted[index];
    if (wanted && !locks->encryption && !encrypts_all) {
        return in->force
                   ? true
                   : refuse(why, why_bytes,
                            "the build wants it encrypted, but flash encryption is off on this target. With --force "
                            "it is written as it is, for a bootloader that encrypts the flash when it first starts");
    }
    if (wanted) {
        const char *cannot = no_encrypting(locks, chip_name);
        if (cannot == NULL || (in->force && locks->encryption && !encrypts_all)) {
            return true;
        }
        return refuse(why, why_bytes, "cannot be encrypted: %s", cannot);
    }
    if (locks->encryption && is_read_decrypted(in, index) && !in->force) {
        const char *cannot = no_encrypting(locks, chip_name);
        return refuse(why, why_bytes,
                      "flash encryption is on, and this target decrypts what it reads there: plain data would not "
                      "start. %s%s",
                      cannot == NULL
                          ? "Use --encrypt to let the target encrypt it, or --force if the file is encrypted "
                            "already"
                          : "It cannot be encrypted either: ",
                      cannot == NULL ? "" : cannot);
    }
    return true;
}

bool guards_encrypts(const job_t *job, const locks_t *locks, uint32_t index)
{
    reflash_target_t chip = {.name = ""};
    (void)reflash_describe_target(&job->target.loader, &chip);
    return (job->options->encrypt || job->inputs.encrypted[index]) && no_encrypting(locks, chip.name) == NULL;
}

/* --- Secure boot ------------------------------------------------------------------------------------------------- */

bool guards_fit_secure_boot(const inputs_t *in, uint32_t index, const locks_t *locks, char *why, size_t why_bytes)
{
    image_t image;
    if (!locks->secure_boot || !read_program(in, index, &image)) {
        return true;
    }
    const bool is_bootloader = in->images[index].kind == REFLASH_KIND_BOOTLOADER;
    if (locks->first_secure_boot) {
        return !is_bootloader ||
               refuse(
                   why, why_bytes,
                   "secure boot (version 1) is on, and the digest that this target wants of its bootloader can only be "
                   "made with its key. Leave the bootloader out, or use --force with one made for this key");
    }
    switch (image_signature(&image, in->images[index].data, in->images[index].bytes)) {
    case IMAGE_SIGNED:
        return true;
    case IMAGE_MISSIGNED:
        return refuse(why, why_bytes,
                      "secure boot is on, and the signature behind it is for other bytes: it was altered after it was "
                      "signed, so the target would not start it. Sign it again, or use --force");
    default:
        return refuse(
            why, why_bytes,
            "secure boot is on, and it is not signed, so the target would not start it. Sign it, or use --force");
    }
}

/* --- Chip and flash ---------------------------------------------------------------------------------------------- */

/* Older images have one byte, which counts major revisions, on the ESP32-C3 minor ones. */
static uint32_t least_revision(const image_t *image, const uint8_t *data)
{
    enum { OLD_OFFSET = 14 };
    if (image->min_revision != 0 || image->chip_id == IMAGE_CHIP_ESP8266) {
        return image->min_revision;
    }
    return image->chip_id == C3_CHIP_ID ? data[OLD_OFFSET] : 100u * data[OLD_OFFSET];
}

bool guards_fit_revision(const inputs_t *in, uint32_t index, const locks_t *locks, char *why, size_t why_bytes)
{
    image_t image;
    if (locks->revision == LOCKS_REVISION_UNKNOWN || !read_program(in, index, &image)) {
        return true;
    }
    const uint32_t least = least_revision(&image, in->images[index].data);
    const uint32_t most = image.max_revision;
    const uint32_t revision = locks->revision;
    if (revision < least) {
        return refuse(
            why, why_bytes,
            "it is for chip revision %u.%u or later, and this one is %u.%u, on which it would not start. Build "
            "for older revisions, or use --force",
            least / 100, least % 100, revision / 100, revision % 100);
    }
    /* Bootloaders are not held to it. */
    if (most != 0 && most != NOT_TOLD && revision > most && in->images[index].kind != REFLASH_KIND_BOOTLOADER) {
        return refuse(why, why_bytes,
                      "it is for chip revisions up to %u.%u, and this one is %u.%u, on which it would not start. Build "
                      "for newer revisions, or use --force",
                      most / 100, most % 100, revision / 100, revision % 100);
    }
    return true;
}

bool guards_fit_flash_size(const inputs_t *in, uint32_t index, uint32_t flash_bytes, char *why, size_t why_bytes)
{
    image_t image;
    if (flash_bytes == 0 || in->images[index].kind != REFLASH_KIND_BOOTLOADER || !read_program(in, index, &image)) {
        return true;
    }
    const chip_format_t *chip = chip_format_by_id(image.chip_id);
    const format_code_t *size = chip != NULL ? format_code_by_code(chip->flash_sizes, image.flash_size) : NULL;
    if (size == NULL || size->bytes <= flash_bytes) {
        return true;
    }
    return refuse(
        why, why_bytes,
        "its header says %s of flash, and this target has %u KiB. Use --flash-size detect to put that into the "
        "header, or build for a smaller flash, or use --force",
        size->name, flash_bytes / 1024);
}

bool guards_fit_partitions(const inputs_t *in, uint32_t index, const partition_table_t *table, char *why,
                           size_t why_bytes)
{
    const reflash_image_t *image = &in->images[index];
    const uint32_t from = image->flash_addr;
    const uint32_t end = from + image->bytes;
    const uint32_t erased_end = (end + REFLASH_SECTOR_BYTES - 1) / REFLASH_SECTOR_BYTES * REFLASH_SECTOR_BYTES;
    for (uint32_t row = 0; row < table->count; row++) {
        const partition_t *partition = &table->rows[row];
        const bool begins_there = from >= partition->flash_addr && from - partition->flash_addr < partition->bytes;
        if (begins_there && end - partition->flash_addr > partition->bytes) {
            return refuse(
                why, why_bytes,
                "it has 0x%x bytes, and partition %s of the target's table has room for 0x%x from there. Use a "
                "smaller image, write a new partition table along with it, or use --force",
                image->bytes, partition->label, partition->bytes - (from - partition->flash_addr));
        }
        if (begins_there || partition->flash_addr >= erased_end || partition->bytes == 0 ||
            from > partition->flash_addr) {
            continue;
        }
        if (partition->flash_addr < end) {
            return refuse(
                why, why_bytes,
                "0x%x to 0x%x runs into partition %s at 0x%x of the target's table. Check the address, write a "
                "new partition table along with it, or use --force",
                from, end - 1, partition->label, partition->flash_addr);
        }
        return refuse(
            why, why_bytes,
            "its last sector, which is erased to its end at 0x%x, holds the beginning of partition %s at 0x%x "
            "of the target's table. Move one of them, or use --force",
            erased_end, partition->label, partition->flash_addr);
    }
    return true;
}

/* --- All of them ------------------------------------------------------------------------------------------------- */

static bool fits(const job_t *job, uint32_t index, const locks_t *locks, const partition_table_t *table, char *why,
                 size_t why_bytes)
{
    const inputs_t *in = &job->inputs;
    reflash_target_t chip = {.name = ""};
    (void)reflash_describe_target(&job->target.loader, &chip);
    if (!guards_fit_encryption(in, index, job->options->encrypt, locks, chip.name, why, why_bytes)) {
        return false;
    }
    return in->force || (guards_fit_secure_boot(in, index, locks, why, why_bytes) &&
                         guards_fit_revision(in, index, locks, why, why_bytes) &&
                         guards_fit_flash_size(in, index, job->flash_bytes, why, why_bytes) &&
                         guards_fit_partitions(in, index, table, why, why_bytes));
}

/* What is there already does not count where it is about to be erased or replaced. */
static status_t read_table(job_t *job, const locks_t *locks, partition_table_t *table)
{
    partition_table_t own;
    *table = (partition_table_t){0};
    reflash_target_t chip = {.has_digests = false};
    (void)reflash_describe_target(&job->target.loader, &chip);
    if (job->inputs.force || job->options->erase_all || locks->encryption || !chip.has_digests ||
        own_table(&job->inputs, &own)) {
        return STATUS_OK;
    }
    return partitions_read(job, table);
}

status_t guards_check(job_t *job, locks_t *locks)
{
    const esp_loader_error_t err = locks_read(&job->target.loader, locks);
    if (err != ESP_LOADER_SUCCESS) {
        return job_give_up_on_target(job, STATUS_TARGET, err);
    }
    if (job->options->erase_all && (locks->encryption || locks->secure_boot) && !job->inputs.force) {
        return job_refuse(
            job, STATUS_INPUT,
            "--erase-all would erase a bootloader that %s needs. If the images hold all that it takes to start, "
            "use --force; nothing was changed",
            locks->encryption ? "a target with flash encryption" : "a target with secure boot");
    }
    partition_table_t table;
    const status_t status = read_table(job, locks, &table);
    for (uint32_t at = 0; status == STATUS_OK && at < job->inputs.count; at++) {
        char why[700];
        if (!fits(job, at, locks, &table, why, sizeof(why))) {
            return job_refuse(job, STATUS_INPUT, "%s (%s at 0x%x): %s; nothing was changed", job->inputs.paths[at],
                              job->inputs.titles[at], job->inputs.images[at].flash_addr, why);
        }
    }
    return status;
}
