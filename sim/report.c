/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <inttypes.h>
#include <string.h>

#include "trace.h"

enum { SECTOR_BYTES = 0x1000 };

/* What separates the member that comes from the one before, if there is one. */
static const char *separator(unsigned *count)
{
    return (*count)++ == 0 ? "\n" : ",\n";
}

static void write_time(const espsim_stats_t *stats, FILE *file)
{
    unsigned count = 0;
    (void)fprintf(file, "  \"time_ns\": {");
    for (unsigned cause = 0; cause < ESPSIM_CAUSE_COUNT; cause++) {
        (void)fprintf(file, "%s    \"%s\": %" PRIu64, separator(&count), espsim_cause_name(cause),
                      stats->spent_ns[cause]);
    }
    (void)fprintf(file, "\n  },\n");
}

static void write_commands(const espsim_stats_t *stats, FILE *file)
{
    unsigned count = 0;
    (void)fprintf(file, "  \"commands\": {");
    for (unsigned opcode = 0; opcode < sizeof(stats->commands) / sizeof(stats->commands[0]); opcode++) {
        const char *name = espsim_trace_command_name((uint8_t)opcode);
        char code[8];
        (void)snprintf(code, sizeof(code), "0x%02X", opcode);
        if (stats->commands[opcode].count > 0) {
            (void)fprintf(file, "%s    \"%s\": {\"count\": %" PRIu64 ", \"refused\": %" PRIu64 "}", separator(&count),
                          name != NULL ? name : code, stats->commands[opcode].count, stats->commands[opcode].refused);
        }
    }
    (void)fprintf(file, "\n  },\n");
}

static void write_wear(const espsim_t *sim, FILE *file)
{
    unsigned count = 0;
    (void)fprintf(file, "    \"wear\": {");
    for (uint32_t sector = 0; sector < espsim_flash_bytes(sim) / SECTOR_BYTES; sector++) {
        if (espsim_wear(sim, sector) > 0) {
            (void)fprintf(file, "%s      \"0x%06" PRIx32 "\": %" PRIu32, separator(&count), sector * SECTOR_BYTES,
                          espsim_wear(sim, sector));
        }
    }
    (void)fprintf(file, "\n    }\n");
}

void espsim_report_write(const espsim_t *sim, FILE *file)
{
    const espsim_stats_t *stats = espsim_stats(sim);
    (void)fprintf(file, "{\n  \"chip\": \"%s\",\n  \"now_ns\": %" PRIu64 ",\n", espsim_chip_name(sim), espsim_now(sim));
    write_time(stats, file);
    (void)fprintf(file, "  \"link\": {\"bytes_to_target\": %" PRIu64 ", \"bytes_from_target\": %" PRIu64 "},\n",
                  stats->bytes_to_target, stats->bytes_from_target);
    write_commands(stats, file);
    (void)fprintf(file,
                  "  \"flash\": {\n    \"bytes\": %" PRIu32 ",\n    \"erases\": {\"4096\": %" PRIu64
                  ", \"32768\": %" PRIu64 ", \"65536\": %" PRIu64 ", \"chip\": %" PRIu64 "},\n",
                  espsim_flash_bytes(sim), stats->erases[ESPSIM_ERASE_4K], stats->erases[ESPSIM_ERASE_32K],
                  stats->erases[ESPSIM_ERASE_64K], stats->erases[ESPSIM_ERASE_CHIP]);
    (void)fprintf(file,
                  "    \"erased_bytes\": %" PRIu64 ",\n    \"pages_programmed\": %" PRIu64
                  ",\n    \"programmed_bytes\": %" PRIu64 ",\n",
                  stats->erased_bytes, stats->pages_programmed, stats->programmed_bytes);
    write_wear(sim, file);
    (void)fprintf(file, "  }\n}\n");
    (void)fflush(file);
}

bool espsim_report_to(const espsim_t *sim, const char *path)
{
    if (strcmp(path, "-") == 0) {
        espsim_report_write(sim, stdout);
        return true;
    }
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    espsim_report_write(sim, file);
    const bool written = ferror(file) == 0;
    return fclose(file) == 0 && written;
}
