/* SPDX-License-Identifier: Apache-2.0 */
#include "partitions.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "image_check.h"

enum { ROW_BYTES = 32 };

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

unsigned partitions_parse(const uint8_t *table, size_t bytes, partition_t rows[PARTITIONS_MAX])
{
    unsigned count = 0;
    for (const uint8_t *row = table;
         count < PARTITIONS_MAX && bytes >= ROW_BYTES && image_is_partition_table(row, bytes);
         row += ROW_BYTES, bytes -= ROW_BYTES) {
        partition_t *partition = &rows[count++];
        *partition =
            (partition_t){.type = row[2], .subtype = row[3], .flash_addr = le32(row + 4), .bytes = le32(row + 8)};
        memcpy(partition->name, row + 12, PARTITION_NAME_BYTES);
        for (char *at = partition->name; *at != '\0'; at++) {
            *at = isprint((unsigned char)*at) != 0 ? *at : '?';
        }
    }
    return count;
}

static void name_them(char *text, size_t text_bytes, const partition_t *rows, unsigned count)
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned row = 0; row < count && used < text_bytes; row++) {
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", row > 0 ? ", " : "", rows[row].name);
    }
}

/* A whole table, or the reason why there is none. */
static status_t read_table(job_t *job, uint8_t table[PARTITIONS_TABLE_BYTES])
{
    const uint32_t addr = job->options->partition_table_addr;
    const esp_loader_error_t err = esp_loader_flash_read(&job->target.loader, table, addr, PARTITIONS_TABLE_BYTES);
    if (err != ESP_LOADER_SUCCESS) {
        return job_give_up_on_target(job, STATUS_TARGET, err);
    }
    char why[256];
    if (image_check_partition_table(table, PARTITIONS_TABLE_BYTES, why, sizeof(why)) != IMAGE_SOUND) {
        return job_refuse(job, STATUS_INPUT,
                          "the target has no partition table at 0x%x: %s. If it has one elsewhere, say where with "
                          "--partition-table-offset; one that is encrypted cannot be read",
                          addr, why);
    }
    return STATUS_OK;
}

status_t partition_find(job_t *job, partition_t *found)
{
    uint8_t table[PARTITIONS_TABLE_BYTES];
    partition_t rows[PARTITIONS_MAX];
    const char *name = job->options->partition;
    const status_t status = read_table(job, table);
    if (status != STATUS_OK) {
        return status;
    }
    const unsigned count = partitions_parse(table, sizeof(table), rows);
    unsigned row = 0;
    while (row < count && strcmp(rows[row].name, name) != 0) {
        row++;
    }
    if (row == count) {
        char names[512];
        name_them(names, sizeof(names), rows, count);
        return job_refuse(job, STATUS_INPUT, "the target's partition table has no '%s'; it has %s", name, names);
    }
    *found = rows[row];
    if (found->bytes == 0 || found->bytes > job->flash_bytes || found->flash_addr > job->flash_bytes - found->bytes) {
        return job_refuse(job, STATUS_INPUT, "partition %s at 0x%x with 0x%x bytes leaves the flash, which has 0x%x",
                          found->name, found->flash_addr, found->bytes, job->flash_bytes);
    }
    output_line(&job->output, "Partition %s: 0x%x bytes at 0x%x", found->name, found->bytes, found->flash_addr);
    output_event(&job->output, json_pack("{s:s, s:s, s:I, s:I}", "event", "partition", "name", found->name, "address",
                                         (json_int_t)found->flash_addr, "bytes", (json_int_t)found->bytes));
    return STATUS_OK;
}
