/* SPDX-License-Identifier: Apache-2.0 */
/** partition_table: reads ESP-IDF's table of what is where in the flash. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTITION_ROWS_MAX 96u
#define PARTITION_LABEL_BYTES 17u

/** Types that have a meaning of their own; 0x40 to 0xFE are the application's. */
enum { PARTITION_APP = 0, PARTITION_DATA = 1, PARTITION_BOOTLOADER = 2, PARTITION_TABLE = 3 };
/** Subtypes of PARTITION_APP and PARTITION_DATA. */
enum { PARTITION_APP_FACTORY = 0x00, PARTITION_APP_OTA_0 = 0x10, PARTITION_OTA_SLOTS = 16, PARTITION_DATA_OTA = 0x00 };
/** Bits of `flags_bits`. */
enum { PARTITION_ENCRYPTED = 1, PARTITION_READONLY = 2 };

typedef struct {
    uint8_t type, subtype;
    uint32_t flash_addr, bytes, flags_bits;
    char label[PARTITION_LABEL_BYTES]; /*!< Ends with a zero. */
} partition_t;

typedef struct {
    uint32_t count;
    partition_t rows[PARTITION_ROWS_MAX];
    size_t md5_offset; /*!< Of the MD5 in the table; 0: it has none. */
    bool md5_right;
    size_t bytes; /*!< What rows and MD5 row take. */
} partition_table_t;

/** First bytes of a table. Says nothing of the rest. */
bool image_is_partition_table(const uint8_t *data, size_t bytes);

/** Read a table. True: its rows come to an end within the buffer; whether the MD5 is right is told apart. False:
 *  `why` says what is wrong at which offset, cut to `why_bytes`, no full stop; `table` has the rows before. `why` may be
 *  NULL if `why_bytes` is 0. */
bool partition_table_read(partition_table_t *table, const uint8_t *data, size_t bytes, char *why, size_t why_bytes);

/** The same, and a wrong MD5 is false as well. */
bool partition_table_check(partition_table_t *table, const uint8_t *data, size_t bytes, char *why, size_t why_bytes);

/** The first row of that type and subtype, or NULL. */
const partition_t *partition_find(const partition_table_t *table, uint8_t type, uint8_t subtype);
/** The first row that `flash_addr` lies in, or NULL. */
const partition_t *partition_at(const partition_table_t *table, uint32_t flash_addr);
/** The application that a fresh board starts: factory, else ota_0; NULL: there is neither. */
const partition_t *partition_first_app(const partition_table_t *table);

/** "app", "data", ..., or NULL for types of the application. */
const char *partition_type_name(uint8_t type);
/** "factory", "ota_3", "nvs", ..., or NULL. `text` is room for a name that is made up. */
const char *partition_subtype_name(uint8_t type, uint8_t subtype, char text[8]);
