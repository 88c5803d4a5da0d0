/* SPDX-License-Identifier: Apache-2.0 */
/** partitions: where things are, by the partition table in the target's own flash. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "job.h"

enum { PARTITIONS_TABLE_BYTES = 0xC00, PARTITIONS_MAX = PARTITIONS_TABLE_BYTES / 32, PARTITION_NAME_BYTES = 16 };

typedef struct {
    uint8_t type, subtype;
    uint32_t flash_addr, bytes;
    char name[PARTITION_NAME_BYTES + 1]; /* what is no printable ASCII is '?' */
} partition_t;

/** The rows of a table that image_check_partition_table() finds sound. Pure. Returns how many. */
unsigned partitions_parse(const uint8_t *table, size_t bytes, partition_t rows[PARTITIONS_MAX]);

/** The partition that --partition names, by the table of the connected target, and tell where it is. OK and `*found`;
 *  any other value was told: no table (INPUT), none of that name (INPUT), it leaves the flash (INPUT), or the loader
 *  cannot read (TARGET). */
status_t partition_find(job_t *job, partition_t *found);
