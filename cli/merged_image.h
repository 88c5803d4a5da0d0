/* SPDX-License-Identifier: Apache-2.0 */
/** merged_image: knows a file that holds a bootloader, a partition table and what belongs behind them, as
 *  `esptool merge-bin` writes it. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "partition_table.h"

enum { MERGED_PARTS_MAX = 2 * PARTITION_ROWS_MAX + 4, MERGED_TITLE_BYTES = 32 };

/** What is in one place of it. */
typedef struct {
    char title[MERGED_TITLE_BYTES]; /*!< Label of the partition; "" for the bootloader, the table and gaps. */
    uint32_t offset, bytes;         /*!< In the file. */
    bool is_blank_gap;              /*!< FF outside of all partitions: nobody reads it. */
    bool is_data, is_otadata;       /*!< By the partition's type. */
} merged_part_t;

typedef struct {
    int chip_id;
    uint32_t flash_addr;  /*!< Where the file's first byte goes to. */
    uint32_t boot_offset; /*!< In the file. */
    uint32_t table_offset;
    partition_table_t table;
    uint32_t part_count;
    merged_part_t parts[MERGED_PARTS_MAX]; /*!< By ascending offset, without gaps, of whole sectors. */
} merged_image_t;

/** False: it is none. A file begins at address 0 or at its bootloader, which a chip has at 0, 0x1000 or 0x2000; its
 *  bootloader and table are sound. */
bool merged_read(merged_image_t *merged, const uint8_t *data, size_t bytes);
