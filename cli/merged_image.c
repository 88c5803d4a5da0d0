/* SPDX-License-Identifier: Apache-2.0 */
#include "merged_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_check.h"
#include "reflash.h"

#define TABLE_SEARCH_BYTES 0x20000u /* behind the bootloader; where it is can be chosen when a project is built */

/* A sound bootloader at `offset`, of a chip that looks for it there, or at the start of the file. */
static bool read_bootloader(merged_image_t *merged, const uint8_t *data, size_t bytes, uint32_t offset,
                            uint32_t *boot_bytes)
{
    image_t image;
    if (offset >= bytes || !image_read(&image, data + offset, bytes - offset, NULL, 0) ||
        image_check(data + offset, bytes - offset, IMAGE_CHIP_ANY, NULL, 0) != IMAGE_SOUND) {
        return false;
    }
    const reflash_chip_t *row = chip_format_row(image.chip_id);
    if (row == NULL || (offset != 0 && row->boot_addr != offset)) {
        return false;
    }
    merged->chip_id = image.chip_id;
    merged->flash_addr = row->boot_addr - offset;
    merged->boot_offset = offset;
    *boot_bytes = (uint32_t)image.bytes;
    return true;
}

static bool find_table(merged_image_t *merged, const uint8_t *data, size_t bytes, uint32_t boot_bytes)
{
    const uint32_t sector = REFLASH_SECTOR_BYTES;
    const uint32_t start = (merged->boot_offset + boot_bytes + sector - 1) / sector * sector;
    for (uint32_t offset = start; offset < bytes && offset - start < TABLE_SEARCH_BYTES; offset += sector) {
        if (partition_table_check(&merged->table, data + offset, bytes - offset, NULL, 0) && merged->table.count > 0) {
            merged->table_offset = offset;
            return true;
        }
    }
    return false;
}

static int by_value(const void *a, const void *b)
{
    const uint32_t value_a = *(const uint32_t *)a;
    const uint32_t value_b = *(const uint32_t *)b;
    return (value_a > value_b) - (value_a < value_b);
}

/* An offset at which another part begins, if it is one inside of the file. */
static void add_border(uint32_t *borders, uint32_t *count, const merged_image_t *merged, uint64_t flash_addr,
                       size_t bytes)
{
    if (flash_addr > merged->flash_addr && flash_addr - merged->flash_addr < bytes &&
        flash_addr % REFLASH_SECTOR_BYTES == 0) {
        borders[(*count)++] = (uint32_t)flash_addr - merged->flash_addr;
    }
}

static bool is_blank(const uint8_t *data, uint32_t bytes)
{
    return data[0] == 0xFF && memcmp(data, data + 1, bytes - 1) == 0;
}

static void add_part(merged_image_t *merged, const uint8_t *data, uint32_t offset, uint32_t end)
{
    merged_part_t *part = &merged->parts[merged->part_count++];
    *part = (merged_part_t){.offset = offset, .bytes = end - offset};
    const partition_t *partition = partition_at(&merged->table, merged->flash_addr + offset);
    if (partition != NULL) {
        (void)snprintf(part->title, sizeof(part->title), "%s", partition->label);
        part->is_data = partition->type != PARTITION_APP && partition->type != PARTITION_BOOTLOADER &&
                        partition->type != PARTITION_TABLE;
        part->is_otadata = partition->type == PARTITION_DATA && partition->subtype == PARTITION_DATA_OTA;
    } else {
        part->is_blank_gap = is_blank(data + offset, part->bytes);
    }
}

static void cut(merged_image_t *merged, const uint8_t *data, size_t bytes)
{
    uint32_t borders[MERGED_PARTS_MAX + 1];
    uint32_t count = 0;
    borders[count++] = 0;
    const uint32_t table_addr = merged->flash_addr + merged->table_offset;
    add_border(borders, &count, merged, merged->flash_addr + merged->boot_offset, bytes);
    add_border(borders, &count, merged, table_addr, bytes);
    add_border(borders, &count, merged, table_addr + REFLASH_SECTOR_BYTES, bytes);
    for (uint32_t row = 0; row < merged->table.count; row++) {
        const partition_t *partition = &merged->table.rows[row];
        add_border(borders, &count, merged, partition->flash_addr, bytes);
        add_border(borders, &count, merged, (uint64_t)partition->flash_addr + partition->bytes, bytes);
    }
    qsort(borders, count, sizeof(borders[0]), by_value);
    borders[count] = (uint32_t)bytes;
    for (uint32_t at = 0; at < count; at++) {
        if (borders[at] != borders[at + 1]) {
            add_part(merged, data, borders[at], borders[at + 1]);
        }
    }
}

bool merged_read(merged_image_t *merged, const uint8_t *data, size_t bytes)
{
    static const uint32_t boot_offsets[] = {0, 0x1000, 0x2000};
    *merged = (merged_image_t){.chip_id = IMAGE_CHIP_ANY};
    if (bytes > UINT32_MAX) {
        return false;
    }
    for (size_t at = 0; at < sizeof(boot_offsets) / sizeof(boot_offsets[0]); at++) {
        uint32_t boot_bytes;
        if (read_bootloader(merged, data, bytes, boot_offsets[at], &boot_bytes) &&
            find_table(merged, data, bytes, boot_bytes)) {
            cut(merged, data, bytes);
            return true;
        }
    }
    return false;
}
