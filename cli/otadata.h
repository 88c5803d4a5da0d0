/* SPDX-License-Identifier: Apache-2.0 */
/** otadata: reads the two records by which ESP-IDF's bootloader chooses an application. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OTADATA_RECORDS = 2, OTADATA_BYTES = OTADATA_RECORDS * 4096 }; /* a sector each */

enum { OTADATA_NEW, OTADATA_PENDING, OTADATA_VALID, OTADATA_INVALID, OTADATA_ABORTED };

typedef struct {
    bool is_blank; /*!< Or beyond the end of what was read. */
    uint32_t sequence, state, crc;
    bool crc_right;
    bool counts; /*!< The bootloader believes it. */
} otadata_record_t;

typedef struct {
    otadata_record_t records[OTADATA_RECORDS];
    const otadata_record_t *chosen; /*!< The newest that counts; NULL: the application of a fresh board starts. */
} otadata_t;

/** Read what stands at the start of such a partition. */
void otadata_read(otadata_t *otadata, const uint8_t *data, size_t bytes);

/** The OTA slot of sequence number `sequence` among `slot_count`, which is not 0. */
uint32_t otadata_slot(uint32_t sequence, uint32_t slot_count);

/** Whether a file looks like it, which has no magic: two sectors, blank behind the records, and what is not blank has
 *  the right CRC or a known state. */
bool otadata_is_file(const uint8_t *data, size_t bytes);

/** "valid", "pending verify", ..., or NULL. */
const char *otadata_state_name(uint32_t state);
