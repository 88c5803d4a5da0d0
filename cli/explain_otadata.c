/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "explain.h"
#include "otadata.h"

static void explain_record(explainer_t *explainer, unsigned number, const otadata_record_t *record, json_t *records)
{
    char label[16], state[24];
    (void)snprintf(label, sizeof(label), "record %u", number);
    if (record->is_blank) {
        explain_fact(explainer, label, NULL, NULL, "blank");
        (void)json_array_append_new(records, json_null());
        return;
    }
    const char *name = otadata_state_name(record->state);
    (void)snprintf(state, sizeof(state), "unknown (0x%x)", (unsigned)record->state);
    name = name != NULL ? name : state;
    (void)json_array_append_new(
        records, json_pack("{s:I, s:s, s:I, s:b, s:b}", "sequence", (json_int_t)record->sequence, "state", name, "crc",
                           (json_int_t)record->crc, "crc_right", record->crc_right, "counts", record->counts));
    if (record->crc_right) {
        explain_fact(explainer, label, NULL, NULL, "sequence %u, %s, CRC 0x%08x, right%s", (unsigned)record->sequence,
                     name, (unsigned)record->crc, record->counts ? "" : "; does not count");
    } else {
        explain_wrong(explainer, label, "sequence %u, %s; CRC 0x%08x does not fit the sequence number",
                      (unsigned)record->sequence, name, (unsigned)record->crc);
    }
}

static uint32_t count_slots(const partition_table_t *table)
{
    uint32_t count = 0;
    for (uint32_t row = 0; row < table->count; row++) {
        const partition_t *partition = &table->rows[row];
        count += partition->type == PARTITION_APP && partition->subtype >= PARTITION_APP_OTA_0 &&
                 partition->subtype < PARTITION_APP_OTA_0 + PARTITION_OTA_SLOTS;
    }
    return count;
}

static const partition_t *find_slot(const partition_table_t *table, uint32_t slot)
{
    return partition_find(table, PARTITION_APP, (uint8_t)(PARTITION_APP_OTA_0 + slot));
}

/* What boots is told by the table; without one, for the usual number of slots. */
static void explain_choice(explainer_t *explainer, const otadata_t *otadata, const partition_table_t *table)
{
    enum { USUAL_SLOTS = 2 };
    const otadata_record_t *chosen = otadata->chosen;
    const uint32_t slots = table != NULL ? count_slots(table) : USUAL_SLOTS;
    char boots[16] = "factory";
    char words[120] = "";
    const partition_t *partition = NULL;
    if (table != NULL) {
        partition = chosen != NULL && slots > 0 ? find_slot(table, otadata_slot(chosen->sequence, slots))
                                                : partition_first_app(table);
    }
    if (chosen != NULL && slots > 0) {
        (void)snprintf(boots, sizeof(boots), "ota_%u", (unsigned)otadata_slot(chosen->sequence, slots));
        (void)snprintf(words, sizeof(words), "%s, by record %u%s", table == NULL ? " if there are two slots" : "",
                       (unsigned)(chosen - otadata->records) + 1,
                       chosen->state == OTADATA_PENDING ? "; not if its bootloader rolls back" : "");
    } else if (table == NULL) {
        (void)snprintf(words, sizeof(words), ", or ota_0 without one: no record counts");
    } else {
        (void)snprintf(boots, sizeof(boots), "%s",
                       partition == NULL                             ? "nothing"
                       : partition->subtype == PARTITION_APP_FACTORY ? "factory"
                                                                     : "ota_0");
        (void)snprintf(words, sizeof(words), "%s", slots > 0 ? ": no record counts" : ": there are no OTA slots");
    }
    char at[32] = "";
    if (partition != NULL) {
        (void)snprintf(at, sizeof(at), " at 0x%x", (unsigned)partition->flash_addr);
        (void)json_object_set_new(explainer->object, "boots_address", json_integer((json_int_t)partition->flash_addr));
    }
    explain_fact(explainer, "boots", "boots", json_string(boots), "%s%s%s", boots, at, words);
}

void explain_otadata_by(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes,
                        const partition_table_t *table)
{
    otadata_t otadata;
    otadata_read(&otadata, data, bytes);
    explain_heading(explainer, name, "otadata", bytes, "OTA data");
    json_t *records = json_array();
    for (unsigned at = 0; at < OTADATA_RECORDS; at++) {
        explain_record(explainer, at + 1, &otadata.records[at], records);
    }
    (void)json_object_set_new(explainer->object, "records", records);
    explain_choice(explainer, &otadata, table);
}

void explain_otadata(explainer_t *explainer, const char *name, const uint8_t *data, size_t bytes)
{
    explain_otadata_by(explainer, name, data, bytes, NULL);
}
