/* SPDX-License-Identifier: Apache-2.0 */
#include "partitions.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TABLE_BYTES = 0xC00 };

static void name_them(char *text, size_t text_bytes, const partition_table_t *table)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t row = 0; row < table->count && used < text_bytes; row++) {
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", row > 0 ? ", " : "", table->rows[row].label);
    }
}

/* A whole table, or the reason why there is none. */
static status_t read_table(job_t *job, partition_table_t *table)
{
    const uint32_t addr = job->options->partition_table_addr;
    uint8_t bytes[TABLE_BYTES];
    const esp_loader_error_t err = esp_loader_flash_read(&job->target.loader, bytes, addr, sizeof(bytes));
    if (err != ESP_LOADER_SUCCESS) {
        return job_give_up_on_target(job, STATUS_TARGET, err);
    }
    char why[256];
    if (!partition_table_check(table, bytes, sizeof(bytes), why, sizeof(why))) {
        return job_refuse(job, STATUS_INPUT,
                          "the target has no partition table at 0x%x: %s. If it has one elsewhere, say where with "
                          "--partition-table-offset; one that is encrypted cannot be read",
                          addr, why);
    }
    for (uint32_t row = 0; row < table->count; row++) {
        for (char *at = table->rows[row].label; *at != '\0'; at++) {
            *at = isprint((unsigned char)*at) != 0 ? *at : '?';
        }
    }
    return STATUS_OK;
}

status_t partitions_find_named(job_t *job, partition_t *found)
{
    partition_table_t table;
    const char *name = job->options->partition;
    const status_t status = read_table(job, &table);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t row = 0;
    while (row < table.count && strcmp(table.rows[row].label, name) != 0) {
        row++;
    }
    if (row == table.count) {
        char names[512];
        name_them(names, sizeof(names), &table);
        return job_refuse(job, STATUS_INPUT, "the target's partition table has no '%s'; it has %s", name, names);
    }
    *found = table.rows[row];
    if (found->bytes == 0 || found->bytes > job->flash_bytes || found->flash_addr > job->flash_bytes - found->bytes) {
        return job_refuse(job, STATUS_INPUT, "partition %s at 0x%x with 0x%x bytes leaves the flash, which has 0x%x",
                          found->label, found->flash_addr, found->bytes, job->flash_bytes);
    }
    output_line(&job->output, "Partition %s: 0x%x bytes at 0x%x", found->label, found->bytes, found->flash_addr);
    output_event(&job->output, json_pack("{s:s, s:s, s:I, s:I}", "event", "partition", "name", found->label, "address",
                                         (json_int_t)found->flash_addr, "bytes", (json_int_t)found->bytes));
    return STATUS_OK;
}
