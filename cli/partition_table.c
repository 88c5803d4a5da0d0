/* SPDX-License-Identifier: Apache-2.0 */
#include "partition_table.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <string.h>

#define ROW_BYTES 32u
#define TABLE_BYTES_MAX (PARTITION_ROWS_MAX * ROW_BYTES)
#define ROW_MD5_OFFSET 16u
#define MD5_BYTES 16u
#define LABEL_OFFSET 12u

static const struct {
    uint8_t type, subtype;
    const char *name;
} subtypes[] = {
    {PARTITION_APP, PARTITION_APP_FACTORY, "factory"},
    {PARTITION_APP, 0x20, "test"},
    {PARTITION_APP, 0x30, "tee_0"},
    {PARTITION_APP, 0x31, "tee_1"},
    {PARTITION_DATA, PARTITION_DATA_OTA, "ota"},
    {PARTITION_DATA, 0x01, "phy"},
    {PARTITION_DATA, 0x02, "nvs"},
    {PARTITION_DATA, 0x03, "coredump"},
    {PARTITION_DATA, 0x04, "nvs_keys"},
    {PARTITION_DATA, 0x05, "efuse"},
    {PARTITION_DATA, 0x06, "undefined"},
    {PARTITION_DATA, 0x80, "esphttpd"},
    {PARTITION_DATA, 0x81, "fat"},
    {PARTITION_DATA, 0x82, "spiffs"},
    {PARTITION_DATA, 0x83, "littlefs"},
    {PARTITION_DATA, 0x90, "tee_ota"},
    {PARTITION_BOOTLOADER, 0x00, "primary"},
    {PARTITION_BOOTLOADER, 0x01, "ota"},
    {PARTITION_BOOTLOADER, 0x02, "recovery"},
    {PARTITION_TABLE, 0x00, "primary"},
    {PARTITION_TABLE, 0x01, "ota"},
};
#define SUBTYPE_COUNT (sizeof(subtypes) / sizeof(subtypes[0]))

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* --- Rows ------------------------------------------------------------------------------------------ */

bool image_is_partition_table(const uint8_t *data, size_t bytes)
{
    return bytes >= 2 && data[0] == 0xAA && data[1] == 0x50;
}

static bool is_md5_row(const uint8_t *row)
{
    return row[0] == 0xEB && row[1] == 0xEB;
}

static bool is_blank_row(const uint8_t *row)
{
    return row[0] == 0xFF && memcmp(row, row + 1, ROW_BYTES - 1) == 0;
}

static partition_t read_row(const uint8_t *row)
{
    partition_t partition = {.type = row[2],
                             .subtype = row[3],
                             .flash_addr = le32(row + 4),
                             .bytes = le32(row + 8),
                             .flags_bits = le32(row + 28)};
    memcpy(partition.label, row + LABEL_OFFSET, PARTITION_LABEL_BYTES - 1);
    return partition;
}

static void read_md5(partition_table_t *table, const uint8_t *data, size_t row_offset)
{
    uint8_t md5[MD5_BYTES];
    table->md5_offset = row_offset + ROW_MD5_OFFSET;
    table->md5_right = mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data, row_offset, md5) == 0 &&
                       memcmp(md5, data + table->md5_offset, sizeof(md5)) == 0;
    table->bytes = row_offset + ROW_BYTES;
}

bool partition_table_read(partition_table_t *table, const uint8_t *data, size_t bytes, char *why, size_t why_bytes)
{
    *table = (partition_table_t){0};
    if (!image_is_partition_table(data, bytes)) {
        (void)snprintf(why, why_bytes, "the bytes at offset 0x0 are not AA 50, the mark of a partition table row");
        return false;
    }
    const size_t table_bytes = bytes < TABLE_BYTES_MAX ? bytes : TABLE_BYTES_MAX;
    for (size_t offset = 0; offset < table_bytes; offset += ROW_BYTES) {
        const uint8_t *row = data + offset;
        table->bytes = offset;
        if (bytes - offset < ROW_BYTES) {
            (void)snprintf(why, why_bytes, "the row at offset 0x%zx runs past the end of the file at 0x%zx", offset,
                           bytes);
            return false;
        }
        if (is_blank_row(row)) {
            return true; /* a table without an MD5 row ends like this */
        }
        if (is_md5_row(row)) {
            read_md5(table, data, offset);
            return true;
        }
        if (!image_is_partition_table(row, ROW_BYTES)) {
            (void)snprintf(why, why_bytes,
                           "the row at offset 0x%zx starts with %02X %02X, not with AA 50, EB EB or FF FF", offset,
                           row[0], row[1]);
            return false;
        }
        table->rows[table->count++] = read_row(row);
    }
    (void)snprintf(why, why_bytes, "no row of FF and no MD5 row ends the table before offset 0x%zx", table_bytes);
    return false;
}

bool partition_table_check(partition_table_t *table, const uint8_t *data, size_t bytes, char *why, size_t why_bytes)
{
    if (!partition_table_read(table, data, bytes, why, why_bytes)) {
        return false;
    }
    if (table->md5_offset != 0 && !table->md5_right) {
        (void)snprintf(why, why_bytes, "the MD5 row at offset 0x%zx does not fit the rows before it",
                       table->md5_offset - ROW_MD5_OFFSET);
        return false;
    }
    return true;
}

/* --- What is where --------------------------------------------------------------------------------- */

const partition_t *partition_find(const partition_table_t *table, uint8_t type, uint8_t subtype)
{
    for (uint32_t row = 0; row < table->count; row++) {
        if (table->rows[row].type == type && table->rows[row].subtype == subtype) {
            return &table->rows[row];
        }
    }
    return NULL;
}

const partition_t *partition_at(const partition_table_t *table, uint32_t flash_addr)
{
    for (uint32_t row = 0; row < table->count; row++) {
        const partition_t *partition = &table->rows[row];
        if (flash_addr >= partition->flash_addr && flash_addr - partition->flash_addr < partition->bytes) {
            return partition;
        }
    }
    return NULL;
}

const partition_t *partition_first_app(const partition_table_t *table)
{
    const partition_t *factory = partition_find(table, PARTITION_APP, PARTITION_APP_FACTORY);
    return factory != NULL ? factory : partition_find(table, PARTITION_APP, PARTITION_APP_OTA_0);
}

/* --- Names ----------------------------------------------------------------------------------------- */

const char *partition_type_name(uint8_t type)
{
    static const char *const names[] = {"app", "data", "bootloader", "partition_table"};
    return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

const char *partition_subtype_name(uint8_t type, uint8_t subtype, char text[8])
{
    if (type == PARTITION_APP && subtype >= PARTITION_APP_OTA_0 &&
        subtype < PARTITION_APP_OTA_0 + PARTITION_OTA_SLOTS) {
        (void)snprintf(text, 8, "ota_%u", (unsigned)(subtype - PARTITION_APP_OTA_0));
        return text;
    }
    for (size_t row = 0; row < SUBTYPE_COUNT; row++) {
        if (subtypes[row].type == type && subtypes[row].subtype == subtype) {
            return subtypes[row].name;
        }
    }
    return NULL;
}
