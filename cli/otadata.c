/* SPDX-License-Identifier: Apache-2.0 */
#include "otadata.h"

#include <string.h>
#include <zlib.h>

enum { RECORD_BYTES = 32, STATE_OFFSET = 24, CRC_OFFSET = 28, SEQUENCE_BYTES = 4 };
enum { SECTOR_BYTES = OTADATA_BYTES / OTADATA_RECORDS };
#define UNDEFINED 0xFFFFFFFFu /* erased flash, of a sequence number or a state */

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool is_blank(const uint8_t *data, size_t bytes)
{
    return data[0] == 0xFF && memcmp(data, data + 1, bytes - 1) == 0;
}

static otadata_record_t read_record(const uint8_t *at)
{
    otadata_record_t record = {.is_blank = is_blank(at, RECORD_BYTES),
                               .sequence = le32(at),
                               .state = le32(at + STATE_OFFSET),
                               .crc = le32(at + CRC_OFFSET)};
    /* As the ROM's crc32_le(UINT32_MAX, ...) counts. */
    record.crc_right = record.crc == crc32(UINT32_MAX, at, SEQUENCE_BYTES);
    record.counts = record.sequence != UNDEFINED && record.crc_right && record.state != OTADATA_INVALID &&
                    record.state != OTADATA_ABORTED;
    return record;
}

void otadata_read(otadata_t *otadata, const uint8_t *data, size_t bytes)
{
    *otadata = (otadata_t){.chosen = NULL};
    for (size_t at = 0; at < OTADATA_RECORDS; at++) {
        otadata_record_t *record = &otadata->records[at];
        const size_t offset = at * SECTOR_BYTES;
        *record = bytes >= offset + RECORD_BYTES ? read_record(data + offset) : (otadata_record_t){.is_blank = true};
        if (record->counts && (otadata->chosen == NULL || record->sequence > otadata->chosen->sequence)) {
            otadata->chosen = record;
        }
    }
}

uint32_t otadata_slot(uint32_t sequence, uint32_t slot_count)
{
    return (sequence - 1) % slot_count;
}

bool otadata_is_file(const uint8_t *data, size_t bytes)
{
    if (bytes != OTADATA_BYTES) {
        return false;
    }
    otadata_t otadata;
    otadata_read(&otadata, data, bytes);
    for (size_t at = 0; at < OTADATA_RECORDS; at++) {
        const otadata_record_t *record = &otadata.records[at];
        const bool known = record->is_blank || record->crc_right || otadata_state_name(record->state) != NULL;
        if (!known || !is_blank(data + at * SECTOR_BYTES + RECORD_BYTES, SECTOR_BYTES - RECORD_BYTES)) {
            return false;
        }
    }
    return true;
}

const char *otadata_state_name(uint32_t state)
{
    static const char *const names[] = {[OTADATA_NEW] = "new",
                                        [OTADATA_PENDING] = "pending verify",
                                        [OTADATA_VALID] = "valid",
                                        [OTADATA_INVALID] = "invalid",
                                        [OTADATA_ABORTED] = "aborted"};
    return state == UNDEFINED ? "undefined" : state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}
