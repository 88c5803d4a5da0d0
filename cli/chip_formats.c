/* SPDX-License-Identifier: Apache-2.0 */
#include "chip_formats.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- Codes ----------------------------------------------------------------------------------------- */

#define MIB (1024u * 1024)

const format_code_t format_flash_modes[] = {
    {"qio", 0, 0}, {"qout", 0, 1}, {"dio", 0, 2}, {"dout", 0, 3}, {NULL, 0, 0},
};

static const format_code_t sizes[] = {
    {"1MB", 1 * MIB, 0},   {"2MB", 2 * MIB, 1},   {"4MB", 4 * MIB, 2},     {"8MB", 8 * MIB, 3}, {"16MB", 16 * MIB, 4},
    {"32MB", 32 * MIB, 5}, {"64MB", 64 * MIB, 6}, {"128MB", 128 * MIB, 7}, {NULL, 0, 0},
};
static const format_code_t esp8266_sizes[] = {
    {"512KB", MIB / 2, 0},  {"256KB", MIB / 4, 1},  {"1MB", 1 * MIB, 2}, {"2MB", 2 * MIB, 3},   {"4MB", 4 * MIB, 4},
    {"2MB-c1", 2 * MIB, 5}, {"4MB-c1", 4 * MIB, 6}, {"8MB", 8 * MIB, 8}, {"16MB", 16 * MIB, 9}, {NULL, 0, 0},
};

static const format_code_t freqs_80[] = {{"80m", 0, 0xF}, {"40m", 0, 0}, {"26m", 0, 1}, {"20m", 0, 2}, {NULL, 0, 0}};
static const format_code_t freqs_80_to_20[] = {{"80m", 0, 0xF}, {"40m", 0, 0}, {"20m", 0, 2}, {NULL, 0, 0}};
/* Its ROM divides wrongly for a code of its own, so 80 MHz has that of 40. */
static const format_code_t freqs_esp32c6[] = {{"80m", 0, 0}, {"40m", 0, 0}, {"20m", 0, 2}, {NULL, 0, 0}};
static const format_code_t freqs_60[] = {{"60m", 0, 0xF}, {"30m", 0, 0}, {"20m", 0, 1}, {"15m", 0, 2}, {NULL, 0, 0}};
static const format_code_t freqs_48[] = {{"48m", 0, 0xF}, {"24m", 0, 0}, {"16m", 0, 1}, {"12m", 0, 2}, {NULL, 0, 0}};

/* --- Memories -------------------------------------------------------------------------------------- */

static const memory_range_t esp8266_memory[] = {
    {0x3FF00000, 0x3FF00010, "DPORT", false},
    {0x3FFE8000, 0x40000000, "DRAM", false},
    {0x40100000, 0x40108000, "IRAM", false},
    {0x40201010, 0x402E1010, "IROM", false},
    {0, 0, NULL, false},
};
static const memory_range_t esp32_memory[] = {
    {0x3F400000, 0x3F800000, "DROM", false},
    {0x3F800000, 0x3FC00000, "PSRAM", false},
    {0x3FF80000, 0x3FF82000, "RTC DRAM", false},
    {0x3FF90000, 0x40000000, "bytes", true},
    {0x3FFAE000, 0x40000000, "DRAM", false},
    {0x3FFE0000, 0x3FFFFFFC, "D/IRAM", false},
    {0x40000000, 0x40070000, "code ROM", false},
    {0x40070000, 0x40078000, "cache PRO", false},
    {0x40078000, 0x40080000, "cache APP", false},
    {0x40080000, 0x400A0000, "IRAM", false},
    {0x400A0000, 0x400BFFFC, "I/DRAM", false},
    {0x400C0000, 0x400C2000, "RTC IRAM", false},
    {0x400D0000, 0x40400000, "IROM", false},
    {0x50000000, 0x50002000, "RTC slow", false},
    {0, 0, NULL, false},
};
static const memory_range_t esp32s2_memory[] = {
    {0x3F000000, 0x3FF80000, "DROM", false},     {0x3F500000, 0x3FF80000, "PSRAM", false},
    {0x3FF9E000, 0x3FFA0000, "RTC DRAM", false}, {0x3FF9E000, 0x40000000, "bytes", true},
    {0x3FF9E000, 0x40072000, "internal", true},  {0x3FFB0000, 0x40000000, "DRAM", false},
    {0x40000000, 0x4001A100, "code ROM", false}, {0x40020000, 0x40070000, "IRAM", false},
    {0x40070000, 0x40072000, "RTC IRAM", false}, {0x40080000, 0x40800000, "IROM", false},
    {0x50000000, 0x50002000, "RTC slow", false}, {0, 0, NULL, false},
};
static const memory_range_t esp32s3_memory[] = {
    {0x3C000000, 0x3D000000, "DROM", false},     {0x3D000000, 0x3E000000, "PSRAM", false},
    {0x600FE000, 0x60100000, "RTC DRAM", false}, {0x3FC88000, 0x3FD00000, "bytes", true},
    {0x3FC88000, 0x403E2000, "internal", true},  {0x3FC88000, 0x3FD00000, "DRAM", false},
    {0x40000000, 0x4001A100, "code ROM", false}, {0x40370000, 0x403E0000, "IRAM", false},
    {0x600FE000, 0x60100000, "RTC IRAM", false}, {0x42000000, 0x42800000, "IROM", false},
    {0x50000000, 0x50002000, "RTC slow", false}, {0, 0, NULL, false},
};
static const memory_range_t esp32c3_memory[] = {
    {0x3C000000, 0x3C800000, "DROM", false},
    {0x3FC80000, 0x3FCE0000, "DRAM", false},
    {0x3FC88000, 0x3FD00000, "bytes", true},
    {0x3FF00000, 0x3FF20000, "data ROM", false},
    {0x40000000, 0x40060000, "code ROM", false},
    {0x42000000, 0x42800000, "IROM", false},
    {0x4037C000, 0x403E0000, "IRAM", false},
    {0x50000000, 0x50002000, "RTC IRAM", false},
    {0x50000000, 0x50002000, "RTC DRAM", false},
    {0x600FE000, 0x60100000, "internal", true},
    {0, 0, NULL, false},
};
static const memory_range_t esp32c2_memory[] = {
    {0x3C000000, 0x3C400000, "DROM", false},     {0x3FCA0000, 0x3FCE0000, "DRAM", false},
    {0x3FC88000, 0x3FD00000, "bytes", true},     {0x3FF00000, 0x3FF50000, "data ROM", false},
    {0x40000000, 0x40090000, "code ROM", false}, {0x42000000, 0x42400000, "IROM", false},
    {0x4037C000, 0x403C0000, "IRAM", false},     {0, 0, NULL, false},
};
static const memory_range_t esp32c6_memory[] = {
    {0x42000000, 0x43000000, "DROM", false},
    {0x40800000, 0x40880000, "DRAM", false},
    {0x40800000, 0x40880000, "bytes", true},
    {0x4004AC00, 0x40050000, "data ROM", false},
    {0x40000000, 0x4004AC00, "code ROM", false},
    {0x42000000, 0x43000000, "IROM", false},
    {0x40800000, 0x40880000, "IRAM", false},
    {0x50000000, 0x50004000, "RTC IRAM", false},
    {0x50000000, 0x50004000, "RTC DRAM", false},
    {0x600FE000, 0x60100000, "internal", true},
    {0, 0, NULL, false},
};
static const memory_range_t esp32c61_memory[] = {
    {0x42000000, 0x44000000, "DROM", false},
    {0x40800000, 0x40860000, "DRAM", false},
    {0x40800000, 0x40860000, "bytes", true},
    {0x4004AC00, 0x40050000, "data ROM", false},
    {0x40000000, 0x4004AC00, "code ROM", false},
    {0x42000000, 0x44000000, "IROM", false},
    {0x40800000, 0x40860000, "IRAM", false},
    {0x50000000, 0x50004000, "RTC IRAM", false},
    {0x50000000, 0x50004000, "RTC DRAM", false},
    {0x600FE000, 0x60100000, "internal", true},
    {0, 0, NULL, false},
};
static const memory_range_t esp32c5_memory[] = {
    {0x42000000, 0x44000000, "DROM", false},
    {0x40800000, 0x40860000, "DRAM", false},
    {0x40800000, 0x40860000, "bytes", true},
    {0x4003A000, 0x40040000, "data ROM", false},
    {0x40000000, 0x4003A000, "code ROM", false},
    {0x42000000, 0x44000000, "IROM", false},
    {0x40800000, 0x40860000, "IRAM", false},
    {0x50000000, 0x50004000, "RTC IRAM", false},
    {0x50000000, 0x50004000, "RTC DRAM", false},
    {0x600FE000, 0x60100000, "internal", true},
    {0, 0, NULL, false},
};
static const memory_range_t esp32p4_memory[] = {
    {0x40000000, 0x4C000000, "DROM", false},
    {0x4FF00000, 0x4FFA0000, "DRAM", false},
    {0x4FF00000, 0x4FFA0000, "bytes", true},
    {0x4FC00000, 0x4FC20000, "data ROM", false},
    {0x4FC00000, 0x4FC20000, "code ROM", false},
    {0x40000000, 0x4C000000, "IROM", false},
    {0x4FF00000, 0x4FFA0000, "IRAM", false},
    {0x50108000, 0x50110000, "RTC IRAM", false},
    {0x50108000, 0x50110000, "RTC DRAM", false},
    {0x600FE000, 0x60100000, "internal", true},
    {0, 0, NULL, false},
};
static const memory_range_t esp32h4_memory[] = {
    {0x42000000, 0x44000000, "DROM", false},
    {0x40810000, 0x40860000, "DRAM", false},
    {0x40810000, 0x40860000, "bytes", true},
    {0x40000000, 0x40050000, "data ROM", false},
    {0x40000000, 0x40050000, "code ROM", false},
    {0x42000000, 0x44000000, "IROM", false},
    {0x40810000, 0x40860000, "IRAM", false},
    {0x50000000, 0x50004000, "RTC IRAM", false},
    {0x50000000, 0x50004000, "RTC DRAM", false},
    {0x60000000, 0x60100000, "internal", true},
    {0, 0, NULL, false},
};
static const memory_range_t esp32s31_memory[] = {
    {0x40000000, 0x54000000, "DROM", false},     {0x2F000000, 0x2F080000, "DRAM", false},
    {0x2F000000, 0x2F080000, "bytes", true},     {0x2F800000, 0x2F850000, "data ROM", false},
    {0x2F800000, 0x2F850000, "code ROM", false}, {0x40000000, 0x54000000, "IROM", false},
    {0x2F000000, 0x2F080000, "IRAM", false},     {0x2E000000, 0x2E008000, "RTC IRAM", false},
    {0x2E000000, 0x2E008000, "RTC DRAM", false}, {0, 0, NULL, false},
};

/* --- Chips ----------------------------------------------------------------------------------------- */

#define KIB_8_TO_64 (1u << 13 | 1u << 14 | 1u << 15 | 1u << 16)

static const chip_format_t chips[] = {
    {0, "ESP32", freqs_80, sizes, esp32_memory, 0x400D0000, 0x40400000, 0x3F400000, 0x3F800000, 0, true},
    {2, "ESP32-S2", freqs_80, sizes, esp32s2_memory, 0x40080000, 0x40B80000, 0x3F000000, 0x3F3F0000, 0, true},
    {5, "ESP32-C3", freqs_80, sizes, esp32c3_memory, 0x42000000, 0x42800000, 0x3C000000, 0x3C800000, 0, false},
    {9, "ESP32-S3", freqs_80, sizes, esp32s3_memory, 0x42000000, 0x44000000, 0x3C000000, 0x3E000000, 0, true},
    {12, "ESP32-C2", freqs_60, sizes, esp32c2_memory, 0x42000000, 0x42400000, 0x3C000000, 0x3C400000,
     1u << 14 | 1u << 15 | 1u << 16, false},
    {13, "ESP32-C6", freqs_esp32c6, sizes, esp32c6_memory, 0x42000000, 0x42800000, 0x42800000, 0x43000000, KIB_8_TO_64,
     false},
    {16, "ESP32-H2", freqs_48, sizes, esp32c6_memory, 0x42000000, 0x42800000, 0x42800000, 0x43000000, KIB_8_TO_64,
     false},
    {18, "ESP32-P4", freqs_80, sizes, esp32p4_memory, 0x40000000, 0x4C000000, 0x40000000, 0x4C000000, 0, false},
    {20, "ESP32-C61", freqs_80_to_20, sizes, esp32c61_memory, 0x42000000, 0x42800000, 0x42800000, 0x43000000,
     KIB_8_TO_64, false},
    {23, "ESP32-C5", freqs_80_to_20, sizes, esp32c5_memory, 0x42000000, 0x44000000, 0x42000000, 0x44000000, 0, false},
    {25, "ESP32-H21", freqs_48, sizes, esp32c6_memory, 0x42000000, 0x42800000, 0x42800000, 0x43000000, KIB_8_TO_64,
     false},
    {28, "ESP32-H4", freqs_48, sizes, esp32h4_memory, 0x42000000, 0x42800000, 0x42800000, 0x43000000, KIB_8_TO_64,
     false},
    {31, "ESP32-E22", freqs_80, sizes, NULL, 0x3C000000, 0x40000000, 0x3C000000, 0x40000000, 0, false},
    {32, "ESP32-S31", freqs_80_to_20, sizes, esp32s31_memory, 0x40000000, 0x54000000, 0x40000000, 0x54000000,
     1u << 15 | 1u << 16 | 1u << 17 | 1u << 18, false},
    {IMAGE_CHIP_ESP8266, "ESP8266", freqs_80, esp8266_sizes, esp8266_memory, 0x40200000, 0x40300000, 0x00000000,
     0x00000000, 0, true},
};
#define CHIP_COUNT (sizeof(chips) / sizeof(chips[0]))

/* --- Public: chips --------------------------------------------------------------------------------- */

const chip_format_t *chip_format_by_id(int chip_id)
{
    for (size_t chip = 0; chip < CHIP_COUNT; chip++) {
        if (chips[chip].id == chip_id) {
            return &chips[chip];
        }
    }
    return NULL;
}

/* Compare without regard to case and hyphens. */
static bool same_chip_name(const char *a, const char *b)
{
    for (;;) {
        a += *a == '-';
        b += *b == '-';
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) {
            return false;
        }
        if (*a == '\0') {
            return true;
        }
        a++;
        b++;
    }
}

const chip_format_t *chip_format_by_name(const char *name)
{
    for (size_t chip = 0; chip < CHIP_COUNT; chip++) {
        if (same_chip_name(chips[chip].name, name)) {
            return &chips[chip];
        }
    }
    return NULL;
}

const reflash_chip_t *chip_format_row(int chip_id)
{
#define ROW(name) &reflash_chip_##name,
    static const reflash_chip_t *const rows[] = {REFLASH_CHIPS(ROW)};
#undef ROW
    const chip_format_t *chip = chip_format_by_id(chip_id);
    for (size_t row = 0; chip != NULL && row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (same_chip_name(rows[row]->name, chip->name)) {
            return rows[row];
        }
    }
    return NULL;
}

/* --- Public: codes --------------------------------------------------------------------------------- */

const format_code_t *format_code_by_name(const format_code_t *list, const char *name)
{
    for (; list->name != NULL; list++) {
        if (strcasecmp(list->name, name) == 0) {
            return list;
        }
    }
    return NULL;
}

const format_code_t *format_code_by_code(const format_code_t *list, uint8_t code)
{
    for (; list->name != NULL; list++) {
        if (list->code == code) {
            return list;
        }
    }
    return NULL;
}

const format_code_t *format_code_by_bytes(const format_code_t *list, uint32_t bytes)
{
    for (; list->name != NULL; list++) {
        if (list->bytes == bytes) {
            return list;
        }
    }
    return NULL;
}

/* --- Public: memories ------------------------------------------------------------------------------ */

static bool is_within(const memory_range_t *range, uint32_t addr)
{
    return addr >= range->start && addr < range->end;
}

bool chip_maps_flash(const chip_format_t *chip, uint32_t addr)
{
    return (addr >= chip->code_start && addr < chip->code_end) ||
           (addr >= chip->constants_start && addr < chip->constants_end);
}

bool chip_same_memory(const chip_format_t *chip, uint32_t a, uint32_t b)
{
    for (const memory_range_t *range = chip->memory; range != NULL && range->name != NULL; range++) {
        if (is_within(range, a) != is_within(range, b)) {
            return false;
        }
    }
    return true;
}

void chip_memory_names(const chip_format_t *chip, uint32_t addr, char *text, size_t text_bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (const memory_range_t *range = chip->memory; range != NULL && range->name != NULL; range++) {
        if (is_within(range, addr) && !range->is_a_trait && used < text_bytes) {
            used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used > 0 ? ", " : "", range->name);
        }
    }
}
