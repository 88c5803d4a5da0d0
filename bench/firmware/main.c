/* SPDX-License-Identifier: Apache-2.0 */
/* A data logger for the ESP32-C3, with SQLite in it: real compiled code, so that two builds of it differ as builds do.
 * It links like a firmware and was never run. ONE_LINE and NEW_TABLE are its two later versions. */
#include <stdint.h>
#include <stdio.h>

#include "sqlite3.h"

/* What the bootloader's log and tools tell of an application: 256 bytes in front of its constants. */
typedef struct {
    uint32_t magic, secure_version, reserved[2];
    char version[32], project[32], time[16], date[16], idf[32];
    uint8_t elf_sha256[32];
    uint16_t revision_min, revision_max;
    uint8_t mmu_page_log2, padding[75];
} app_description_t;

__attribute__((used, section(".appdesc"))) static const app_description_t description = {
    .magic = 0xABCD5432, .version = "1", .project = "logger", .revision_max = 99, .mmu_page_log2 = 16};

/* Correction of a sensor by its temperature: a word for each of 3072 steps. */
#ifdef NEW_TABLE
#define GAIN 40503u
#else
#define GAIN 40499u
#endif
#define STEP(n) (((n) * (n)*GAIN >> 7) + (n)*77u)
#define STEPS_4(n) STEP(n), STEP((n) + 1u), STEP((n) + 2u), STEP((n) + 3u)
#define STEPS_16(n) STEPS_4(n), STEPS_4((n) + 4u), STEPS_4((n) + 8u), STEPS_4((n) + 12u)
#define STEPS_64(n) STEPS_16(n), STEPS_16((n) + 16u), STEPS_16((n) + 32u), STEPS_16((n) + 48u)
#define STEPS_256(n) STEPS_64(n), STEPS_64((n) + 64u), STEPS_64((n) + 128u), STEPS_64((n) + 192u)
#define STEPS_1024(n) STEPS_256(n), STEPS_256((n) + 256u), STEPS_256((n) + 512u), STEPS_256((n) + 768u)
static const uint32_t correction[] = {STEPS_1024(0u), STEPS_1024(1024u), STEPS_1024(2048u)};

extern volatile uint32_t adc, uart_fifo; /* placed by the linker script */

static int put_char(char c, FILE *file)
{
    (void)file;
    uart_fifo = (uint8_t)c;
    return 0;
}

static FILE uart = FDEV_SETUP_STREAM(put_char, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &uart;

int sqlite3_os_init(void)
{
    return SQLITE_OK;
}

int sqlite3_os_end(void)
{
    return SQLITE_OK;
}

static int print_row(void *context, int columns, char **values, char **names)
{
    (void)context;
    for (int at = 0; at < columns; at++) {
        (void)printf("%s=%s\n", names[at], values[at] != NULL ? values[at] : "-");
    }
    return 0;
}

static int insert(sqlite3 *db, uint32_t sample)
{
    sqlite3_stmt *statement = NULL;
    int err = sqlite3_prepare_v2(db, "INSERT INTO samples VALUES (?, ?)", -1, &statement, NULL);
    if (err == SQLITE_OK) {
        (void)sqlite3_bind_int64(statement, 1, sample);
        (void)sqlite3_bind_int64(statement, 2, correction[sample % (sizeof(correction) / sizeof(correction[0]))]);
        err = sqlite3_step(statement) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
    }
    (void)sqlite3_finalize(statement);
    return err;
}

static int log_samples(sqlite3 *db)
{
    int err = sqlite3_exec(db, "CREATE TABLE samples (raw INTEGER, corrected INTEGER)", NULL, NULL, NULL);
    for (unsigned count = 0; count < 100 && err == SQLITE_OK; count++) {
        err = insert(db, adc);
#ifdef ONE_LINE
        (void)printf("%u\n", count);
#endif
    }
    return err != SQLITE_OK ? err : sqlite3_exec(db, "SELECT avg(corrected) FROM samples", print_row, NULL, NULL);
}

void app_main(void)
{
    sqlite3 *db = NULL;
    if (sqlite3_open(":memory:", &db) == SQLITE_OK && log_samples(db) != SQLITE_OK) {
        (void)printf("%s\n", sqlite3_errmsg(db));
    }
    (void)sqlite3_close(db);
}
