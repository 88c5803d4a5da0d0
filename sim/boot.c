/* SPDX-License-Identifier: Apache-2.0 */
/* What a chip prints when it boots from its flash: the ROM's list of the bootloader's segments as they are
 * really in flash, or its complaint; then a stand-in for second stage and application (docs/espsim.md). */
#include "chip.h"

#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>

enum {
    IMAGE_MAGIC = 0xE9,
    IMAGE_HEADER_BYTES_MIN = 8, /* what all have: magic, segments, flash mode, sizes, entry */
    SEGMENT_HEADER_BYTES = 8,
    SEGMENTS_MAX = 16,
    CHIP_ID_OFFSET = 12,
    HASH_FLAG_OFFSET = 23,
    SHA256_BYTES = 32,
    APP_DESCRIPTOR_OFFSET = 0x20,
    APP_DESCRIPTOR_VERSION = 16,
    APP_DESCRIPTOR_NAME = 48,
    APP_DESCRIPTOR_TEXT_BYTES = 32,
    TABLE_ADDR = 0x8000,
    TABLE_ROWS = 95,
    ROW_BYTES = 32,
    SECTOR_BYTES = 0x1000
};
#define APP_DESCRIPTOR_MAGIC 0xABCD5432u

/* --- Flash content ------------------------------------------------------------------------------------- */

/* Where the decrypted flash is; what of it is looked at gets made. */
static const uint8_t *plain_at(const espsim_t *sim, uint32_t addr, uint32_t bytes)
{
    const espsim_plain_t *plain = sim->plain;
    const uint32_t end = addr + bytes;
    for (uint32_t at = addr / SECTOR_BYTES * SECTOR_BYTES; at < end; at += SECTOR_BYTES) {
        if (plain->is_made[at / SECTOR_BYTES] == 0) {
            memcpy(&plain->cells[at], &sim->nor.cells[at], SECTOR_BYTES);
            plain->is_made[at / SECTOR_BYTES] = 1;
            (void)espsim_flash_crypt(sim, true, at, &plain->cells[at], SECTOR_BYTES);
        }
    }
    return &plain->cells[addr];
}

static const uint8_t *flash_at(const espsim_t *sim, uint32_t addr, uint32_t bytes)
{
    if (bytes > sim->nor.bytes || addr > sim->nor.bytes - bytes) {
        return NULL;
    }
    return sim->plain != NULL ? plain_at(sim, addr, bytes) : &sim->nor.cells[addr];
}

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* --- Images -------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t addr;
    uint32_t bytes; /* up to and with the checksum byte */
    bool hashed;    /* a SHA-256 follows */
    uint8_t segment_count;
    uint32_t segment_addr[SEGMENTS_MAX], segment_bytes[SEGMENTS_MAX];
    uint8_t segment_checksum[SEGMENTS_MAX]; /* of all data up to the end of this one */
    uint32_t entry;
    uint8_t checksum_found, checksum_right;
} image_t;

typedef enum { IMAGE_GOOD, IMAGE_NONE, IMAGE_CUT, IMAGE_BAD_CHECKSUM, IMAGE_BAD_HASH } image_verdict_t;

/* False: it says that it is for another chip. The ESP8266's header does not say. */
static bool chip_fits(const espsim_t *sim, uint32_t addr, unsigned *chip_id)
{
    const reflash_rom_t *row = sim->rom_row;
    const uint8_t *header = flash_at(sim, addr, row->image_header_bytes);
    const bool says = row->image_header_bytes > CHIP_ID_OFFSET + 1 && header != NULL;
    *chip_id = says ? header[CHIP_ID_OFFSET] | (unsigned)header[CHIP_ID_OFFSET + 1] << 8 : row->chip->chip_id;
    return *chip_id == row->chip->chip_id;
}

static bool hash_is_right(const espsim_t *sim, const image_t *image)
{
    uint8_t digest[SHA256_BYTES];
    const uint8_t *content = flash_at(sim, image->addr, image->bytes + SHA256_BYTES);
    return content != NULL &&
           mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), content, image->bytes, digest) == 0 &&
           memcmp(digest, content + image->bytes, sizeof(digest)) == 0;
}

static image_verdict_t read_image(const espsim_t *sim, uint32_t addr, image_t *image)
{
    memset(image, 0, sizeof(*image));
    image->addr = addr;
    const uint32_t header_bytes = sim->rom_row->image_header_bytes;
    const uint8_t *header = flash_at(sim, addr, header_bytes);
    if (header == NULL || header[0] != IMAGE_MAGIC || header[1] > SEGMENTS_MAX) {
        return IMAGE_NONE;
    }
    image->entry = word(header + 4);
    image->hashed = header_bytes > HASH_FLAG_OFFSET && header[HASH_FLAG_OFFSET] == 1;
    image->checksum_right = 0xEF;
    uint32_t offset = header_bytes;
    for (uint8_t segment = 0; segment < header[1]; segment++) {
        const uint8_t *segment_header = flash_at(sim, addr + offset, SEGMENT_HEADER_BYTES);
        if (segment_header == NULL) {
            return IMAGE_CUT;
        }
        const uint32_t bytes = word(segment_header + 4);
        const uint8_t *data = flash_at(sim, addr + offset + SEGMENT_HEADER_BYTES, bytes);
        if (data == NULL) {
            return IMAGE_CUT;
        }
        image->segment_addr[segment] = word(segment_header);
        image->segment_bytes[segment] = bytes;
        for (uint32_t at = 0; at < bytes; at++) {
            image->checksum_right ^= data[at];
        }
        image->segment_checksum[image->segment_count++] = image->checksum_right;
        offset += SEGMENT_HEADER_BYTES + bytes;
    }
    image->bytes = offset / 16 * 16 + 16; /* zeros, then the checksum in the last byte of sixteen */
    const uint8_t *checksum = flash_at(sim, addr + image->bytes - 1, 1);
    if (checksum == NULL) {
        return IMAGE_CUT;
    }
    image->checksum_found = *checksum;
    if (image->checksum_found != image->checksum_right) {
        return IMAGE_BAD_CHECKSUM;
    }
    return !image->hashed || hash_is_right(sim, image) ? IMAGE_GOOD : IMAGE_BAD_HASH;
}

/* --- Signatures: a stand-in, no key is looked at ----------------------------------------------------------- */

typedef enum { SIGNATURE_GOOD, SIGNATURE_NONE, SIGNATURE_BAD } signature_verdict_t;

/* One of up to three blocks in a sector of its own: magic, version, SHA-256 of all before the sector, key, signature, and
 * a CRC-32 of all that. */
static signature_verdict_t read_signature(const espsim_t *sim, const image_t *image, uint8_t *first_byte)
{
    enum { MAGIC = 0xE7, BLOCKS = 3, BLOCK_BYTES = 1216, DIGEST_OFFSET = 4, CRC_OFFSET = 1196 };

    const uint32_t bytes = image->bytes + (image->hashed ? SHA256_BYTES : 0);
    const uint32_t signed_bytes = (bytes + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    const uint8_t *content = flash_at(sim, image->addr, signed_bytes + SECTOR_BYTES);
    uint8_t digest[SHA256_BYTES];
    *first_byte = 0xFF;
    if (content == NULL ||
        mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), content, signed_bytes, digest) != 0) {
        return SIGNATURE_NONE;
    }
    *first_byte = content[signed_bytes];
    for (unsigned block = 0; block < BLOCKS; block++) {
        const uint8_t *at = &content[signed_bytes + block * BLOCK_BYTES];
        if (at[0] == MAGIC && memcmp(&at[DIGEST_OFFSET], digest, sizeof(digest)) == 0 &&
            word(&at[CRC_OFFSET]) == (uint32_t)crc32(0, at, CRC_OFFSET)) {
            return SIGNATURE_GOOD;
        }
    }
    return *first_byte == MAGIC ? SIGNATURE_BAD : SIGNATURE_NONE;
}

static bool rom_accepts_signature(espsim_t *sim, const image_t *image)
{
    uint8_t first_byte;
    const signature_verdict_t verdict = read_signature(sim, image, &first_byte);
    if (!sim->rom_row->security->checks_signature_first) {
        espsim_print(sim, "%s", verdict != SIGNATURE_GOOD ? "Secure boot check fail\r\n" : "");
        return verdict == SIGNATURE_GOOD;
    }
    espsim_print(sim, "Valid secure boot key blocks: 0\r\n");
    if (verdict == SIGNATURE_NONE) {
        espsim_print(sim,
                     "No signature block magic byte found at signature sector (found 0x%x not 0xe7). "
                     "Image not V2 signed?\r\n",
                     first_byte);
    } else if (verdict == SIGNATURE_BAD) {
        espsim_print(sim, "Sig block 0 invalid: Image digest does not match\r\n");
    }
    espsim_print(sim, "secure boot verification %s\r\n", verdict == SIGNATURE_GOOD ? "succeeded" : "failed");
    return verdict == SIGNATURE_GOOD;
}

/* --- First stage: the mask ROM ---------------------------------------------------------------------------- */

static void complain_about_header(espsim_t *sim, uint32_t addr)
{
    const uint8_t *header = flash_at(sim, addr, 4);
    const unsigned found = header != NULL ? word(header) : 0xFFFFFFFFu;
    for (unsigned line = 0; line < sim->rom_row->invalid_header_lines; line++) {
        if (sim->rom_row->boot_log == REFLASH_BOOT_LOG_ESP8266) {
            espsim_print(sim, "ets_main.c \r\n");
        } else {
            espsim_print(sim, "invalid header: 0x%08x\r\n", found);
        }
    }
}

static const char *mode_name(uint8_t mode)
{
    static const char *const names[] = {"QIO", "QOUT", "DIO", "DOUT", "FAST READ", "SLOW READ"};
    return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "?";
}

static void tell_flash_mode(espsim_t *sim, const image_t *image)
{
    espsim_print(sim, "%s", sim->rom_row->boot_pins);
    espsim_print(sim, "mode:%s, clock div:2\r\n", mode_name(flash_at(sim, image->addr, IMAGE_HEADER_BYTES_MIN)[2]));
}

static void list_segments(espsim_t *sim, const image_t *image)
{
    const bool in_hex = sim->rom_row->boot_log == REFLASH_BOOT_LOG_HEX;
    for (uint8_t segment = 0; segment < image->segment_count; segment++) {
        espsim_print(sim, in_hex ? "load:0x%08x,len:0x%x\r\n" : "load:0x%08x,len:%u\r\n",
                     (unsigned)image->segment_addr[segment], (unsigned)image->segment_bytes[segment]);
    }
}

/* "room" is what is left of the line of 16 bytes in which a segment begins, "tail" what it needs of its last line. */
static void list_segments_esp8266(espsim_t *sim, const image_t *image)
{
    enum { LINE_BYTES = 16 };
    uint32_t offset = sim->rom_row->image_header_bytes;
    for (uint8_t segment = 0; segment < image->segment_count; segment++) {
        const uint32_t bytes = image->segment_bytes[segment];
        offset += SEGMENT_HEADER_BYTES;
        const uint32_t room = LINE_BYTES - offset % LINE_BYTES;
        espsim_print(sim, "load 0x%08x, len %u, room %u \r\ntail %u\r\nchksum 0x%02x\r\n",
                     (unsigned)image->segment_addr[segment], (unsigned)bytes, (unsigned)room,
                     (unsigned)(bytes > room ? (bytes - room) % LINE_BYTES : 0), image->segment_checksum[segment]);
        offset += bytes;
    }
}

static bool load_bootloader_esp8266(espsim_t *sim, const image_t *image, image_verdict_t verdict)
{
    list_segments_esp8266(sim, image);
    if (verdict == IMAGE_CUT) {
        return false;
    }
    espsim_print(sim, "csum 0x%02x\r\n%s", image->checksum_found,
                 verdict == IMAGE_GOOD ? "\r\n" : "csum err\r\nets_main.c \r\n");
    return verdict == IMAGE_GOOD;
}

static bool load_bootloader(espsim_t *sim)
{
    const uint32_t addr = sim->rom_row->chip->boot_addr;
    image_t image;
    const image_verdict_t verdict = read_image(sim, addr, &image);
    if (verdict == IMAGE_NONE) {
        complain_about_header(sim, addr);
        return false;
    }
    if (sim->rom_row->boot_log == REFLASH_BOOT_LOG_ESP8266) {
        return load_bootloader_esp8266(sim, &image, verdict);
    }
    const bool is_signed = sim->config.security.secure_boot;
    const bool signature_first = is_signed && sim->rom_row->security->checks_signature_first;
    tell_flash_mode(sim, &image);
    if (signature_first && !rom_accepts_signature(sim, &image)) {
        return false;
    }
    list_segments(sim, &image);
    if (verdict == IMAGE_BAD_CHECKSUM) {
        espsim_print(sim, "csum err:0x%02x!=0x%02x\r\n", image.checksum_found, image.checksum_right);
        return false;
    }
    if (verdict != IMAGE_GOOD) {
        espsim_print(sim, verdict == IMAGE_CUT ? "load err\r\n" : "hash err\r\n");
        return false;
    }
    if (is_signed && !signature_first && !rom_accepts_signature(sim, &image)) {
        return false;
    }
    espsim_print(sim, "entry 0x%08x\r\n", (unsigned)image.entry);
    return true;
}

/* --- Second stage and application: a stand-in ---------------------------------------------------------------- */

enum { SLOTS_MAX = 16, FACTORY = -1 }; /* OTA slots count from 0 */

typedef struct {
    bool found;
    uint32_t addr, bytes;
} partition_t;

typedef struct {
    partition_t factory, otadata, test, ota[SLOTS_MAX];
    int ota_count;
} table_t;

typedef enum { TABLE_GOOD, TABLE_NONE, TABLE_BAD_MD5 } table_verdict_t;

static void note_partition(table_t *table, const uint8_t *row)
{
    enum { TYPE_APP = 0, TYPE_DATA = 1 };
    enum { SUBTYPE_FACTORY = 0x00, SUBTYPE_OTADATA = 0x00, SUBTYPE_OTA_0 = 0x10, SUBTYPE_TEST = 0x20 };

    const partition_t partition = {true, word(row + 4), word(row + 8)};
    if (row[2] == TYPE_APP && row[3] == SUBTYPE_FACTORY) {
        table->factory = partition;
    } else if (row[2] == TYPE_APP && row[3] == SUBTYPE_TEST) {
        table->test = partition;
    } else if (row[2] == TYPE_DATA && row[3] == SUBTYPE_OTADATA) {
        table->otadata = partition;
    } else if (row[2] == TYPE_APP && row[3] >= SUBTYPE_OTA_0 && row[3] < SUBTYPE_OTA_0 + SLOTS_MAX) {
        partition_t *slot = &table->ota[row[3] - SUBTYPE_OTA_0];
        table->ota_count += slot->found ? 0 : 1;
        *slot = partition;
    }
}

static table_verdict_t read_table(const espsim_t *sim, table_t *table)
{
    enum { DIGEST_OFFSET = 16, DIGEST_BYTES = 16 };

    memset(table, 0, sizeof(*table));
    const uint8_t *rows = flash_at(sim, TABLE_ADDR, (TABLE_ROWS + 1) * ROW_BYTES);
    uint32_t bytes = 0;
    for (; bytes < TABLE_ROWS * ROW_BYTES && rows[bytes] == 0xAA && rows[bytes + 1] == 0x50; bytes += ROW_BYTES) {
        note_partition(table, &rows[bytes]);
    }
    if (bytes == 0) {
        return TABLE_NONE;
    }
    uint8_t digest[DIGEST_BYTES];
    const bool has_md5 = rows[bytes] == 0xEB && rows[bytes + 1] == 0xEB;
    const bool agrees = mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), rows, bytes, digest) == 0 &&
                        memcmp(digest, &rows[bytes + DIGEST_OFFSET], sizeof(digest)) == 0;
    return has_md5 && !agrees ? TABLE_BAD_MD5 : TABLE_GOOD;
}

/* Records carry the CRC-32 of their sequence number, as the ROM's crc32_le(0xFFFFFFFF, ...) computes it. */
static bool record_counts(const uint8_t *record, uint32_t *sequence)
{
    enum { STATE_INVALID = 3, STATE_ABORTED = 4 };
    const uint32_t state = word(record + 24);
    *sequence = word(record);
    return *sequence != 0xFFFFFFFFu && *sequence != 0 && state != STATE_INVALID && state != STATE_ABORTED &&
           word(record + 28) == (uint32_t)crc32(0xFFFFFFFFu, record, 4);
}

/* The slot of the newest good record; without one, FACTORY. */
static int chosen_slot(const espsim_t *sim, const table_t *table)
{
    uint32_t best = 0;
    for (unsigned copy = 0; copy < 2 && table->otadata.found && table->ota_count > 0; copy++) {
        const uint8_t *record = flash_at(sim, table->otadata.addr + copy * SECTOR_BYTES, ROW_BYTES);
        uint32_t sequence;
        if (record != NULL && record_counts(record, &sequence) && sequence > best) {
            best = sequence;
        }
    }
    return best > 0 ? (int)((best - 1) % (uint32_t)table->ota_count) : FACTORY;
}

static void run_application(espsim_t *sim, uint32_t addr)
{
    const uint8_t *descriptor = flash_at(sim, addr + APP_DESCRIPTOR_OFFSET, 256);
    const bool described = descriptor != NULL && word(descriptor) == APP_DESCRIPTOR_MAGIC;
    espsim_print(sim, "I (31) boot: Loaded app from partition at offset 0x%x\r\n", (unsigned)addr);
    espsim_print(sim, "I (31) app_init: Project name:     %.*s\r\n", APP_DESCRIPTOR_TEXT_BYTES,
                 described ? (const char *)descriptor + APP_DESCRIPTOR_NAME : "(no descriptor)");
    espsim_print(sim, "I (31) app_init: App version:      %.*s\r\n", APP_DESCRIPTOR_TEXT_BYTES,
                 described ? (const char *)descriptor + APP_DESCRIPTOR_VERSION : "(no descriptor)");
    espsim_print(sim, "Hello world!\r\n");
}

static void complain_about_image(espsim_t *sim, const image_t *image, image_verdict_t verdict)
{
    if (verdict == IMAGE_NONE) {
        espsim_print(sim, "E (31) esp_image: image at 0x%x has invalid magic byte\r\n", (unsigned)image->addr);
    } else if (verdict == IMAGE_CUT) {
        espsim_print(sim, "E (31) esp_image: image at 0x%x does not fit\r\n", (unsigned)image->addr);
    } else if (verdict == IMAGE_BAD_CHECKSUM) {
        espsim_print(sim, "E (31) esp_image: Checksum failed. Calculated 0x%x read 0x%x\r\n", image->checksum_right,
                     image->checksum_found);
    } else if (verdict == IMAGE_BAD_HASH) {
        espsim_print(sim, "E (31) esp_image: Image hash failed - image is corrupt\r\n");
    }
}

static bool complains_about_signature(espsim_t *sim, const image_t *image)
{
    uint8_t first_byte;
    const bool wrong = sim->config.security.secure_boot && read_signature(sim, image, &first_byte) != SIGNATURE_GOOD;
    if (wrong) {
        espsim_print(sim, "E (31) esp_image: Secure boot signature verification failed\r\n");
    }
    return wrong;
}

static bool complains_about_chip(espsim_t *sim, uint32_t addr)
{
    unsigned chip_id;
    const bool fits = chip_fits(sim, addr, &chip_id);
    if (!fits) {
        espsim_print(sim, "E (31) boot_comm: mismatch chip ID, expected %u, found %u\r\n", sim->rom_row->chip->chip_id,
                     chip_id);
    }
    return !fits;
}

/* False: there is nothing that can run, and it says so. */
static bool try_partition(espsim_t *sim, const partition_t *partition)
{
    image_t image;
    if (!partition->found) {
        return false;
    }
    image_verdict_t verdict = read_image(sim, partition->addr, &image);
    verdict = verdict == IMAGE_GOOD && image.bytes > partition->bytes ? IMAGE_CUT : verdict;
    complain_about_image(sim, &image, verdict);
    if (verdict != IMAGE_GOOD || complains_about_chip(sim, partition->addr) || complains_about_signature(sim, &image)) {
        return false;
    }
    run_application(sim, partition->addr);
    return true;
}

static bool try_slot(espsim_t *sim, const table_t *table, int slot)
{
    const partition_t *partition = slot == FACTORY ? &table->factory : &table->ota[slot];
    if (try_partition(sim, partition)) {
        return true;
    }
    if (partition->found && slot == FACTORY) {
        espsim_print(sim, "E (31) boot: Factory app partition is not bootable\r\n");
    } else if (partition->found) {
        espsim_print(sim, "E (31) boot: OTA app partition slot %d is not bootable\r\n", slot);
    }
    return false;
}

/* From the chosen slot down to the factory application, then up from there; a test application comes last. */
static bool boot_application(espsim_t *sim, const table_t *table)
{
    const int first = chosen_slot(sim, table);
    for (int slot = first; slot >= FACTORY; slot--) {
        if (try_slot(sim, table, slot)) {
            return true;
        }
    }
    for (int slot = first + 1; slot < table->ota_count; slot++) {
        if (try_slot(sim, table, slot)) {
            return true;
        }
    }
    return try_partition(sim, &table->test);
}

static void boot_all_stages(espsim_t *sim)
{
    table_t table;
    if (!load_bootloader(sim) || complains_about_chip(sim, sim->rom_row->chip->boot_addr)) {
        return;
    }
    const table_verdict_t verdict = read_table(sim, &table);
    if (verdict == TABLE_NONE && sim->rom_row->boots_without_table) {
        run_application(sim, sim->rom_row->chip->boot_addr);
    } else if (verdict == TABLE_NONE) {
        espsim_print(sim, "E (31) boot: no partition table at 0x%x\r\n", TABLE_ADDR);
    } else if (verdict == TABLE_BAD_MD5) {
        espsim_print(sim, "E (31) flash_parts: Incorrect MD5 checksum\r\n"
                          "E (31) boot: Failed to verify partition table\r\n");
    } else if (!boot_application(sim, &table)) {
        espsim_print(sim, "E (31) boot: No bootable app partitions in the partition table\r\n");
    }
}

void espsim_boot_from_flash(espsim_t *sim)
{
    sim->state = ESPSIM_GONE;
    if (sim->config.security.flash_key_bytes == 0) {
        boot_all_stages(sim);
        return;
    }
    espsim_plain_t plain = {.cells = malloc(sim->nor.bytes), .is_made = calloc(sim->nor.bytes / SECTOR_BYTES, 1)};
    if (plain.cells != NULL && plain.is_made != NULL) {
        sim->plain = &plain;
        boot_all_stages(sim);
        sim->plain = NULL;
    } else {
        sim->out_of_memory = true;
    }
    free(plain.cells);
    free(plain.is_made);
}
