/* SPDX-License-Identifier: Apache-2.0 */
/* make_images: writes a build folder as ESP-IDF leaves it, with images that are valid in every checkable respect
 * (structure, checksum, digests, descriptions) and filled with bytes that compress like code. The same options
 * give the same bytes on every host: no clock, no locale, no library's random numbers. For tests and benchmarks;
 * the programs do not run. */
#include <errno.h>
#include <getopt.h>
#include <mbedtls/md.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_USAGE 2

#define KIB 1024u
#define MMU_PAGE_BYTES (64 * KIB)
#define APP_BYTES_MIN (128 * KIB)
#define APP_BYTES_MAX (3 * KIB * KIB) /* what the ESP32 can map for instructions */
#define HEADER_BYTES 24u
#define SEGMENT_HEADER_BYTES 8u
#define SHA256_BYTES 32u
#define TABLE_BYTES 0xC00u
#define TABLE_ADDR 0x8000u
#define APP_ADDR 0x10000u
#define VERSION_CHARS_MAX 31u

#define DRAM_BYTES 0x4000u
#define IRAM_HEAD_BYTES 0xA000u /* goes before the mapped code and brings it to its place in the page */
#define IRAM_TAIL_BYTES 0x6000u
#define RTC_BYTES 0x60u

/* Together they decide how well the code compresses. */
#define INSTRUCTION_COUNT 1200u
#define HABIT_PERCENT 80u

#define PROJECT_NAME "hello_world"
#define IDF_VERSION "v5.3.2"

typedef struct {
    const char *name, *flash_freq;
    uint16_t chip_id, boot_addr, max_revision;
    uint8_t flash_freq_code;
    uint8_t long_instruction_bytes; /* the short ones have 2 */
    uint32_t boot_segment_addr[3], boot_entry;
    uint32_t drom, dram, iram, irom, rtc, app_entry;
    bool drom_follows_irom; /* one address window for both: constants are mapped behind the code */
} chip_t;

static const chip_t chips[] = {
    {.name = "esp32",
     .flash_freq = "40m",
     .chip_id = 0,
     .boot_addr = 0x1000,
     .max_revision = 399,
     .flash_freq_code = 0,
     .long_instruction_bytes = 3,
     .boot_segment_addr = {0x3fff0030, 0x40078000, 0x40080400},
     .boot_entry = 0x400805b4,
     .drom = 0x3f400020,
     .dram = 0x3ffb0000,
     .iram = 0x40080000,
     .irom = 0x400d0020,
     .rtc = 0x50000000,
     .app_entry = 0x40081214},
    {.name = "esp32c3",
     .flash_freq = "80m",
     .chip_id = 5,
     .boot_addr = 0x0,
     .max_revision = 199,
     .flash_freq_code = 0xF,
     .long_instruction_bytes = 4,
     .boot_segment_addr = {0x3fcd5820, 0x403cc710, 0x403ce710},
     .boot_entry = 0x403cc718,
     .drom = 0x3c000020,
     .dram = 0x3fc90000,
     .iram = 0x40380000,
     .irom = 0x42000020,
     .rtc = 0x50000000,
     .app_entry = 0x403802a8,
     .drom_follows_irom = true},
    {.name = "esp32s2",
     .flash_freq = "80m",
     .chip_id = 2,
     .boot_addr = 0x1000,
     .max_revision = 199,
     .flash_freq_code = 0xF,
     .long_instruction_bytes = 3,
     .boot_segment_addr = {0x3ffe6108, 0x4004c000, 0x40050000},
     .boot_entry = 0x4004c18c,
     .drom = 0x3f000020,
     .dram = 0x3ffbf000,
     .iram = 0x40024000,
     .irom = 0x40080020,
     .rtc = 0x50000000,
     .app_entry = 0x40024398},
    {.name = "esp32s3",
     .flash_freq = "80m",
     .chip_id = 9,
     .boot_addr = 0x0,
     .max_revision = 99,
     .flash_freq_code = 0xF,
     .long_instruction_bytes = 3,
     .boot_segment_addr = {0x3fce3808, 0x403c9700, 0x403cc700},
     .boot_entry = 0x403c9914,
     .drom = 0x3c000020,
     .dram = 0x3fc98000,
     .iram = 0x40374000,
     .irom = 0x42000020,
     .rtc = 0x600fe000,
     .app_entry = 0x40375310,
     .drom_follows_irom = true},
    {.name = "esp32c2",
     .flash_freq = "60m",
     .chip_id = 12,
     .boot_addr = 0x0,
     .max_revision = 199,
     .flash_freq_code = 0xF,
     .long_instruction_bytes = 4,
     .boot_segment_addr = {0x3fcd6108, 0x403ae000, 0x403b0000},
     .boot_entry = 0x403ae006,
     .drom = 0x3c000020,
     .dram = 0x3fca8000,
     .iram = 0x40380000,
     .irom = 0x42000020,
     .rtc = 0x3fcb8000, /* it has no RTC memory */
     .app_entry = 0x403802a8,
     .drom_follows_irom = true},
    {.name = "esp32c5",
     .flash_freq = "80m",
     .chip_id = 23,
     .boot_addr = 0x2000,
     .max_revision = 199,
     .flash_freq_code = 0xF,
     .long_instruction_bytes = 4,
     .boot_segment_addr = {0x40855ab0, 0x4084bfa0, 0x4084e9a0},
     .boot_entry = 0x4084bfaa,
     .drom = 0x42000020,
     .dram = 0x40820000,
     .iram = 0x40800000,
     .irom = 0x42000020,
     .rtc = 0x50000000,
     .app_entry = 0x408002a8,
     .drom_follows_irom = true},
    {.name = "esp32c6",
     .flash_freq = "80m",
     .chip_id = 13,
     .boot_addr = 0x0,
     .max_revision = 99,
     .flash_freq_code = 0x0,
     .long_instruction_bytes = 4,
     .boot_segment_addr = {0x40875730, 0x4086b910, 0x4086e610},
     .boot_entry = 0x4086b91a,
     .drom = 0x42000020,
     .dram = 0x40820000,
     .iram = 0x40800000,
     .irom = 0x42000020,
     .rtc = 0x50000000,
     .app_entry = 0x408002a8,
     .drom_follows_irom = true},
    {.name = "esp32c61",
     .flash_freq = "80m",
     .chip_id = 20,
     .boot_addr = 0x0,
     .max_revision = 199,
     .flash_freq_code = 0xF,
     .long_instruction_bytes = 4,
     .boot_segment_addr = {0x40845c00, 0x4083bd60, 0x4083e960},
     .boot_entry = 0x4083bd70,
     .drom = 0x42000020,
     .dram = 0x40820000,
     .iram = 0x40800000,
     .irom = 0x42000020,
     .rtc = 0x40828000, /* it has no RTC memory */
     .app_entry = 0x408002a8,
     .drom_follows_irom = true},
    {.name = "esp32h2",
     .flash_freq = "48m",
     .chip_id = 16,
     .boot_addr = 0x0,
     .max_revision = 99,
     .flash_freq_code = 0xF,
     .long_instruction_bytes = 4,
     .boot_segment_addr = {0x408460e0, 0x4083cad0, 0x4083efd0},
     .boot_entry = 0x4083cad0,
     .drom = 0x42000020,
     .dram = 0x40820000,
     .iram = 0x40800000,
     .irom = 0x42000020,
     .rtc = 0x50000000,
     .app_entry = 0x408002a8,
     .drom_follows_irom = true},
    {.name = "esp32p4",
     .flash_freq = "80m",
     .chip_id = 18,
     .boot_addr = 0x2000,
     .max_revision = 399,
     .flash_freq_code = 0xF,
     .long_instruction_bytes = 4,
     .boot_segment_addr = {0x4ff33ce0, 0x4ff2abd0, 0x4ff2cbd0},
     .boot_entry = 0x4ff2abda,
     .drom = 0x40000020,
     .dram = 0x4ff50000,
     .iram = 0x4ff00000,
     .irom = 0x40000020,
     .rtc = 0x50108000,
     .app_entry = 0x4ff002a8,
     .drom_follows_irom = true},
};
static const uint32_t boot_segment_bytes[3] = {6924, 15488, 3876};
static const uint32_t small_boot_segment_bytes[3] = {5900, 12452, 3440}; /* from 0x2000 on they end before the table */

typedef struct {
    const char *folder;
    const chip_t *chip;
    const char *version;
    uint32_t app_bytes;
    uint32_t change;
} options_t;

__attribute__((noreturn, format(printf, 2, 3))) static void die(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("make_images: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    exit(status);
}

static void *need(void *memory)
{
    if (memory == NULL) {
        die(EXIT_FAILURE, "out of memory");
    }
    return memory;
}

/* --- Numbers that look random ---------------------------------------------------------------------- */

/* SplitMix64: short, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint32_t below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)((next_random(state) >> 32) * limit >> 32);
}

/* Few values often, many rarely, as instructions and words are used. */
static uint32_t below_skewed(uint64_t *state, uint32_t limit)
{
    return below(state, below(state, limit) + 1);
}

/* --- Growing byte strings -------------------------------------------------------------------------- */

typedef struct {
    uint8_t *data;
    uint32_t bytes, capacity_bytes;
} buffer_t;

static void put(buffer_t *buffer, const void *data, uint32_t bytes)
{
    if (bytes == 0) {
        return;
    }
    if (buffer->capacity_bytes - buffer->bytes < bytes) {
        buffer->capacity_bytes = (buffer->bytes + bytes) * 2;
        buffer->data = need(realloc(buffer->data, buffer->capacity_bytes));
    }
    memcpy(buffer->data + buffer->bytes, data, bytes);
    buffer->bytes += bytes;
}

static void put_byte(buffer_t *buffer, uint32_t value)
{
    const uint8_t byte = (uint8_t)value;
    put(buffer, &byte, 1);
}

static void put_le(buffer_t *buffer, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        put_byte(buffer, (uint32_t)(value >> 8 * i & 0xFF));
    }
}

static void put_fill(buffer_t *buffer, uint8_t value, uint32_t bytes)
{
    while (bytes-- > 0) {
        put_byte(buffer, value);
    }
}

/* A text in a field of fixed size, padded with zeros. */
static void put_text(buffer_t *buffer, const char *text, uint32_t field_bytes)
{
    const uint32_t bytes = (uint32_t)strlen(text);
    put(buffer, text, bytes);
    put_fill(buffer, 0, field_bytes - bytes);
}

static void put_digest(buffer_t *buffer, mbedtls_md_type_t type, const void *data, uint32_t bytes)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(type);
    uint8_t digest[MBEDTLS_MD_MAX_SIZE];
    if (info == NULL || mbedtls_md(info, data, bytes, digest) != 0) {
        die(EXIT_FAILURE, "this build of Mbed TLS lacks MD5 or SHA-256");
    }
    put(buffer, digest, mbedtls_md_get_size(info));
}

/* --- What segments hold ---------------------------------------------------------------------------- */

/* A region of the program. A change inserts bytes, and whatever points behind them moves along, so that a small
 * change shows in most sectors of the image, as after a real link. */
typedef struct {
    uint32_t addr, bytes; /* as without the change */
    uint32_t inserted_at, inserted_bytes;
} region_t;

static const char *const words[] = {
    "failed",    "to",     "wifi",    "init",    "%s",     "%d",    "error",   "timeout", "invalid",
    "state",     "buffer", "alloc",   "memory",  "task",   "queue", "handle",  "(0x%x)",  "not",
    "found",     "flash",  "read",    "write",   "offset", "size",  "length",  "config",  "nvs",
    "partition", "assert", "heap",    "esp_err", "driver", "uart",  "channel", "packet",  "tcp",
    "socket",    "bind",   "connect", "station", "beacon", "auth",  "key",     "version",
};

typedef struct {
    uint64_t random;
    uint64_t vocabulary; /* seed: instruction n of the program always has the same bytes */
    const chip_t *chip;
    const region_t *code, *constants; /* where pointers point */
    uint32_t last_instruction;
} writer_t;

static void put_instruction(writer_t *writer, buffer_t *out)
{
    /* Compilers repeat themselves: most instructions are followed by the same one as last time. */
    uint64_t habit = writer->last_instruction;
    const uint32_t index = below(&writer->random, 100) < HABIT_PERCENT
                               ? below_skewed(&habit, INSTRUCTION_COUNT)
                               : below_skewed(&writer->random, INSTRUCTION_COUNT);
    writer->last_instruction = index;
    uint64_t seed = writer->vocabulary + index * 0x632BE59BD9B4E019u;
    uint64_t bits = next_random(&seed);
    const bool is_long = (bits >> 60) < 9;
    if (is_long && (bits >> 56 & 0xF) < 7) { /* it has an operand of its own each time */
        bits = (bits & ~(uint64_t)0xFF00) | (uint64_t)below(&writer->random, 256) << 8;
    }
    put_le(out, bits, is_long ? writer->chip->long_instruction_bytes : 2);
}

static void put_pointer(writer_t *writer, buffer_t *out)
{
    const region_t *region = below(&writer->random, 3) == 0 ? writer->constants : writer->code;
    const uint32_t offset = below(&writer->random, region->bytes) & ~3u;
    put_le(out, region->addr + offset + (offset >= region->inserted_at ? region->inserted_bytes : 0), 4);
}

static void put_words(writer_t *writer, buffer_t *out)
{
    for (uint32_t left = 2 + below(&writer->random, 6); left > 0; left--) {
        const char *word = words[below_skewed(&writer->random, sizeof(words) / sizeof(words[0]))];
        put(out, word, (uint32_t)strlen(word));
        put_byte(out, left > 1 ? ' ' : 0);
    }
}

static void put_number(writer_t *writer, buffer_t *out)
{
    put_le(out, below_skewed(&writer->random, 4096), 4);
}

static void put_zeros(writer_t *writer, buffer_t *out)
{
    put_fill(out, 0, 4 * (1 + below(&writer->random, 12)));
}

static void put_noise(writer_t *writer, buffer_t *out)
{
    put_le(out, next_random(&writer->random), 8);
}

/* What a region is made of; the shares of a mix add up to 100. */
typedef struct {
    void (*put)(writer_t *writer, buffer_t *out);
    uint8_t percent;
} ingredient_t;
static const ingredient_t code_mix[] = {{put_instruction, 89}, {put_pointer, 7}, {put_number, 2}, {put_noise, 2}};
static const ingredient_t constants_mix[] = {
    {put_words, 36}, {put_number, 24}, {put_pointer, 20}, {put_noise, 14}, {put_zeros, 6}};
static const ingredient_t data_mix[] = {
    {put_pointer, 35}, {put_number, 35}, {put_zeros, 20}, {put_words, 5}, {put_noise, 5}};

static void put_item(writer_t *writer, buffer_t *out, const ingredient_t *mix)
{
    uint32_t draw = below(&writer->random, 100);
    for (; draw >= mix->percent; mix++) {
        draw -= mix->percent;
    }
    mix->put(writer, out);
}

/* Content of `region` as it is with the change: region->bytes, and the inserted ones. The bytes but pointers are
 * those of the unchanged program, before and behind the insertion. */
static buffer_t make_region(writer_t *writer, const region_t *region, const ingredient_t *mix, uint32_t change)
{
    buffer_t out = {0};
    bool inserted = region->inserted_bytes == 0;
    uint32_t final_bytes = region->bytes;
    while (out.bytes < final_bytes) {
        if (!inserted && out.bytes >= region->inserted_at) {
            uint64_t new_bytes = 0xC0DEu + ((uint64_t)change << 20);
            for (uint32_t left = region->inserted_bytes; left > 0; left -= 4) {
                put_le(&out, next_random(&new_bytes), 4);
            }
            final_bytes += region->inserted_bytes;
            inserted = true;
        }
        put_item(writer, &out, mix);
    }
    out.bytes = final_bytes;
    return out;
}

/* --- Images ---------------------------------------------------------------------------------------- */

static void begin_image(buffer_t *image, const chip_t *chip, uint8_t segment_count, uint8_t flash_size_code,
                        uint32_t entry)
{
    put_le(image, 0xE9, 1);
    put_le(image, segment_count, 1);
    put_le(image, 2, 1); /* DIO */
    put_byte(image, (uint32_t)flash_size_code << 4 | chip->flash_freq_code);
    put_le(image, entry, 4);
    put_le(image, 0xEE, 1); /* WP pin: not used */
    put_fill(image, 0, 3);
    put_le(image, chip->chip_id, 2);
    put_fill(image, 0, 3); /* any revision from 0.0 ... */
    put_le(image, chip->max_revision, 2);
    put_fill(image, 0, 4);
    put_le(image, 1, 1); /* a SHA-256 is appended */
}

static void put_segment(buffer_t *image, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    put_le(image, addr, 4);
    put_le(image, bytes, 4);
    put(image, data, bytes);
}

static void end_image(buffer_t *image)
{
    uint8_t checksum = 0xEF;
    for (uint32_t offset = HEADER_BYTES; offset < image->bytes;) {
        const uint8_t *size = image->data + offset + 4;
        const uint32_t bytes = (uint32_t)(size[0] | size[1] << 8 | size[2] << 16 | size[3] << 24);
        offset += SEGMENT_HEADER_BYTES;
        for (const uint32_t end = offset + bytes; offset < end; offset++) {
            checksum ^= image->data[offset];
        }
    }
    put_fill(image, 0, 15 - image->bytes % 16);
    put_byte(image, checksum);
    put_digest(image, MBEDTLS_MD_SHA256, image->data, image->bytes);
}

/* The description that newer bootloaders carry at the start of their first segment. */
static buffer_t bootloader_description(void)
{
    buffer_t description = {0};
    put_le(&description, 0x50, 4); /* mark, two reserved bytes, secure version 0 */
    put_le(&description, 1, 4);
    put_text(&description, IDF_VERSION, 32);
    put_text(&description, "Jan  1 2025 12:00:00", 24);
    put_fill(&description, 0, 16);
    return description;
}

static buffer_t make_bootloader(const chip_t *chip, uint8_t flash_size_code)
{
    const uint32_t *bytes = chip->boot_addr >= 0x2000 ? small_boot_segment_bytes : boot_segment_bytes;
    const region_t regions[3] = {
        {.addr = chip->boot_segment_addr[0], .bytes = bytes[0]},
        {.addr = chip->boot_segment_addr[1], .bytes = bytes[1]},
        {.addr = chip->boot_segment_addr[2], .bytes = bytes[2]},
    };
    writer_t writer = {.random = 0xB007u + chip->chip_id,
                       .vocabulary = chip->chip_id,
                       .chip = chip,
                       .code = &regions[1],
                       .constants = &regions[0]};
    buffer_t image = {0};
    begin_image(&image, chip, 3, flash_size_code, chip->boot_entry);
    for (unsigned i = 0; i < 3; i++) {
        buffer_t content = make_region(&writer, &regions[i], i == 0 ? constants_mix : code_mix, 0);
        if (i == 0) {
            buffer_t description = bootloader_description();
            memcpy(content.data, description.data, description.bytes);
            free(description.data);
        }
        put_segment(&image, regions[i].addr, content.data, content.bytes);
        free(content.data);
    }
    end_image(&image);
    return image;
}

/* Goes over the first 256 bytes of the first mapped segment. */
static buffer_t app_description(const char *version, const buffer_t *constants, const buffer_t *code)
{
    buffer_t linked = {0}; /* stands for the ELF file, whose digest builds leave here */
    put(&linked, version, (uint32_t)strlen(version));
    put(&linked, constants->data, constants->bytes);
    put(&linked, code->data, code->bytes);
    buffer_t description = {0};
    put_le(&description, 0xABCD5432, 4);
    put_fill(&description, 0, 12);
    put_text(&description, version, 32);
    put_text(&description, PROJECT_NAME, 32);
    put_text(&description, "12:00:00", 16);
    put_text(&description, "Jan  1 2025", 16);
    put_text(&description, IDF_VERSION, 32);
    put_digest(&description, MBEDTLS_MD_SHA256, linked.data, linked.bytes);
    put_le(&description, 0, 2);  /* minimum efuse block revision ... */
    put_le(&description, 99, 2); /* ... and maximum */
    put_le(&description, 16, 1); /* log2 of the MMU page */
    put_fill(&description, 0, 256 - description.bytes);
    free(linked.data);
    return description;
}

static buffer_t make_app(const options_t *options, uint8_t flash_size_code)
{
    /* The mapped code starts at a page of the file, and 0x20 more. Constants, data and the head of the RAM code
     * fill the pages before it, the rest of the file is the code, the tail of the RAM code and a little RTC data. */
    const chip_t *chip = options->chip;
    const uint32_t code_page = (options->app_bytes / 6 + MMU_PAGE_BYTES / 2) / MMU_PAGE_BYTES;
    const uint32_t code_offset = (code_page == 0 ? 1 : code_page) * MMU_PAGE_BYTES + 0x20;
    const uint32_t around_code_bytes =
        code_offset + 2 * SEGMENT_HEADER_BYTES + IRAM_TAIL_BYTES + RTC_BYTES + 4 + SHA256_BYTES;
    region_t code = {.addr = chip->irom, .bytes = options->app_bytes - around_code_bytes};
    region_t constants = {.addr = chip->drom,
                          .bytes = code_offset - 0x20 - 3 * SEGMENT_HEADER_BYTES - DRAM_BYTES - IRAM_HEAD_BYTES};
    const region_t data = {.addr = chip->dram, .bytes = DRAM_BYTES};
    const region_t ram_code = {.addr = chip->iram, .bytes = IRAM_HEAD_BYTES + IRAM_TAIL_BYTES};
    const region_t rtc = {.addr = chip->rtc, .bytes = RTC_BYTES};
    if (options->change != 0) {
        uint64_t random = options->change;
        code.inserted_at = code.bytes / 50 + below(&random, code.bytes / 50);
        code.inserted_bytes = 4 * (4 + below(&random, 60));
        constants.inserted_at = constants.bytes / 20 + below(&random, constants.bytes / 20);
        constants.inserted_bytes = 4 * (1 + below(&random, 8));
    }
    if (chip->drom_follows_irom) {
        constants.addr +=
            (code.bytes + code.inserted_bytes + 0x20 + MMU_PAGE_BYTES - 1) / MMU_PAGE_BYTES * MMU_PAGE_BYTES;
    }

    writer_t writer = {.random = 0xA99u + chip->chip_id,
                       .vocabulary = chip->chip_id,
                       .chip = chip,
                       .code = &code,
                       .constants = &constants};
    buffer_t constants_content = make_region(&writer, &constants, constants_mix, options->change);
    buffer_t data_content = make_region(&writer, &data, data_mix, 0);
    buffer_t ram_code_content = make_region(&writer, &ram_code, code_mix, 0);
    buffer_t code_content = make_region(&writer, &code, code_mix, options->change);
    buffer_t rtc_content = make_region(&writer, &rtc, data_mix, 0);
    buffer_t description = app_description(options->version, &constants_content, &code_content);
    memcpy(constants_content.data, description.data, description.bytes);

    buffer_t image = {0};
    const uint32_t head_bytes = IRAM_HEAD_BYTES - constants.inserted_bytes; /* keeps the code at its page */
    begin_image(&image, chip, 6, flash_size_code, chip->app_entry);
    put_segment(&image, constants.addr, constants_content.data, constants_content.bytes);
    put_segment(&image, data.addr, data_content.data, data_content.bytes);
    put_segment(&image, ram_code.addr, ram_code_content.data, head_bytes);
    put_segment(&image, code.addr, code_content.data, code_content.bytes);
    put_segment(&image, ram_code.addr + head_bytes, ram_code_content.data + head_bytes,
                ram_code_content.bytes - head_bytes);
    put_segment(&image, rtc.addr, rtc_content.data, rtc_content.bytes);
    end_image(&image);

    free(constants_content.data);
    free(data_content.data);
    free(ram_code_content.data);
    free(code_content.data);
    free(rtc_content.data);
    free(description.data);
    return image;
}

/* --- Partition table and flasher_args.json --------------------------------------------------------- */

static void put_partition(buffer_t *table, uint8_t type, uint8_t subtype, uint32_t addr, uint32_t bytes,
                          const char *label)
{
    put_le(table, 0x50AA, 2);
    put_le(table, type, 1);
    put_le(table, subtype, 1);
    put_le(table, addr, 4);
    put_le(table, bytes, 4);
    put_text(table, label, 16);
    put_le(table, 0, 4);
}

static buffer_t make_partition_table(uint32_t app_partition_bytes)
{
    buffer_t table = {0};
    put_partition(&table, 1, 2, 0x9000, 0x6000, "nvs");
    put_partition(&table, 1, 1, 0xF000, 0x1000, "phy_init");
    put_partition(&table, 0, 0, APP_ADDR, app_partition_bytes, "factory");
    const uint32_t rows_bytes = table.bytes;
    put_le(&table, 0xEBEB, 2);
    put_fill(&table, 0xFF, 14);
    put_digest(&table, MBEDTLS_MD_MD5, table.data, rows_bytes);
    put_fill(&table, 0xFF, TABLE_BYTES - table.bytes);
    return table;
}

static buffer_t make_flasher_args(const chip_t *chip, unsigned flash_mib)
{
    static const char form[] =
        "{\n"
        "    \"write_flash_args\" : [ \"--flash_mode\", \"dio\",\n"
        "                           \"--flash_size\", \"%uMB\",\n"
        "                           \"--flash_freq\", \"%s\" ],\n"
        "    \"flash_settings\" : {\n"
        "        \"flash_mode\": \"dio\",\n"
        "        \"flash_size\": \"%uMB\",\n"
        "        \"flash_freq\": \"%s\"\n"
        "    },\n"
        "    \"flash_files\" : {\n"
        "        \"0x%x\" : \"bootloader/bootloader.bin\",\n"
        "        \"0x%x\" : \"" PROJECT_NAME ".bin\",\n"
        "        \"0x%x\" : \"partition_table/partition-table.bin\"\n"
        "    },\n"
        "    \"bootloader\" : { \"offset\" : \"0x%x\", \"file\" : \"bootloader/bootloader.bin\", \"encrypted\" : "
        "\"false\" },\n"
        "    \"app\" : { \"offset\" : \"0x%x\", \"file\" : \"" PROJECT_NAME ".bin\", \"encrypted\" : \"false\" },\n"
        "    \"partition-table\" : { \"offset\" : \"0x%x\", \"file\" : \"partition_table/partition-table.bin\", "
        "\"encrypted\" : \"false\" },\n"
        "    \"extra_esptool_args\" : {\n"
        "        \"after\"  : \"hard_reset\",\n"
        "        \"before\" : \"default_reset\",\n"
        "        \"stub\"   : true,\n"
        "        \"chip\"   : \"%s\"\n"
        "    }\n"
        "}\n";
    char text[2048];
    const int length = snprintf(text, sizeof(text), form, flash_mib, chip->flash_freq, flash_mib, chip->flash_freq,
                                (unsigned)chip->boot_addr, APP_ADDR, TABLE_ADDR, (unsigned)chip->boot_addr, APP_ADDR,
                                TABLE_ADDR, chip->name);
    buffer_t buffer = {0};
    put(&buffer, text, (uint32_t)length);
    return buffer;
}

/* --- Files ----------------------------------------------------------------------------------------- */

/* With the folders above it. */
static void make_folder(const char *path)
{
    char part[4096];
    const size_t length = strlen(path);
    if (length >= sizeof(part)) {
        die(EXIT_FAILURE, "%s: %s", path, strerror(ENAMETOOLONG));
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            die(EXIT_FAILURE, "%s: cannot make the folder: %s", part, strerror(errno));
        }
    }
}

/* Also releases the content. */
static void write_file(const char *folder, const char *subfolder, const char *name, buffer_t content)
{
    char path[4096];
    const int length = snprintf(path, sizeof(path), "%s%s", folder, subfolder);
    if (length < 0 || (size_t)length + strlen(name) + 2 > sizeof(path)) {
        die(EXIT_FAILURE, "%s: %s", folder, strerror(ENAMETOOLONG));
    }
    make_folder(path);
    (void)snprintf(path + length, sizeof(path) - (size_t)length, "/%s", name);
    FILE *file = fopen(path, "wb");
    const bool written = file != NULL && fwrite(content.data, 1, content.bytes, file) == content.bytes;
    if (file == NULL || fclose(file) != 0 || !written) {
        die(EXIT_FAILURE, "%s: cannot be written: %s", path, strerror(errno));
    }
    (void)printf("%s %u bytes\n", path, (unsigned)content.bytes);
    free(content.data);
}

static void write_build_folder(const options_t *options)
{
    /* From the size that was asked for, not from that of the changed application: a change leaves them alone. */
    const uint32_t needed_bytes = (options->app_bytes + 4 * KIB + MMU_PAGE_BYTES - 1) / MMU_PAGE_BYTES * MMU_PAGE_BYTES;
    const uint32_t app_partition_bytes = needed_bytes > 1536 * KIB ? needed_bytes : 1536 * KIB;
    uint8_t flash_size_code = 1; /* 2 MiB */
    while ((KIB * KIB << flash_size_code) < APP_ADDR + app_partition_bytes) {
        flash_size_code++;
    }
    const chip_t *chip = options->chip;
    write_file(options->folder, "/bootloader", "bootloader.bin", make_bootloader(chip, flash_size_code));
    write_file(options->folder, "/partition_table", "partition-table.bin", make_partition_table(app_partition_bytes));
    write_file(options->folder, "", PROJECT_NAME ".bin", make_app(options, flash_size_code));
    write_file(options->folder, "", "flasher_args.json", make_flasher_args(chip, 1u << flash_size_code));
}

/* --- Command line ---------------------------------------------------------------------------------- */

static const char help[] =
    "Usage: make_images -o DIR [options]\n"
    "Writes a build folder as ESP-IDF leaves it: bootloader, partition table, application, flasher_args.json.\n"
    "The same options give the same bytes.\n"
    "\n"
    "  -o, --output DIR     folder to write to; made if missing\n"
    "      --chip NAME      esp32 (default), esp32s2, esp32s3, esp32c2, esp32c3, esp32c5, esp32c6, esp32c61,\n"
    "                       esp32h2 or esp32p4\n"
    "      --version TEXT   version in the application's description, at most 31 characters (default 1.0.0)\n"
    "      --app-bytes N    size of the application: 131072 to 3145728, multiple of 16 (default 1048576)\n"
    "      --change N       application as after code change N; 0 (default): unchanged\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0 done, 1 a file could not be written, 2 wrong usage.\n";

static const chip_t *parse_chip(const char *name)
{
    for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
        if (strcmp(chips[i].name, name) == 0) {
            return &chips[i];
        }
    }
    die(EXIT_USAGE, "--chip: \"%s\" is unknown here; see make_images --help", name);
}

static uint32_t parse_number(const char *option, const char *text, uint32_t min, uint32_t max)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 0);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min || value > max) {
        die(EXIT_USAGE, "%s: \"%s\" is no number from %u to %u", option, text, (unsigned)min, (unsigned)max);
    }
    return (uint32_t)value;
}

static options_t parse_options(int argc, char **argv)
{
    enum { CHIP = 1, VERSION, APP_BYTES, CHANGE };
    static const struct option long_options[] = {
        {"output", required_argument, NULL, 'o'},
        {"chip", required_argument, NULL, CHIP},
        {"version", required_argument, NULL, VERSION},
        {"app-bytes", required_argument, NULL, APP_BYTES},
        {"change", required_argument, NULL, CHANGE},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    options_t options = {.chip = &chips[0], .version = "1.0.0", .app_bytes = KIB * KIB};
    for (int option; (option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1;) {
        switch (option) {
        case 'o':
            options.folder = optarg;
            break;
        case CHIP:
            options.chip = parse_chip(optarg);
            break;
        case VERSION:
            options.version = optarg;
            break;
        case APP_BYTES:
            options.app_bytes = parse_number("--app-bytes", optarg, APP_BYTES_MIN, APP_BYTES_MAX);
            break;
        case CHANGE:
            options.change = parse_number("--change", optarg, 0, UINT32_MAX);
            break;
        case 'h':
            (void)fputs(help, stdout);
            exit(EXIT_SUCCESS);
        default:
            (void)fputs("Try make_images --help\n", stderr);
            exit(EXIT_USAGE);
        }
    }
    if (optind < argc) {
        die(EXIT_USAGE, "\"%s\" is one word too many; see make_images --help", argv[optind]);
    }
    if (options.folder == NULL || options.folder[0] == '\0') {
        die(EXIT_USAGE, "say where to write with -o DIR; see make_images --help");
    }
    if (strlen(options.version) > VERSION_CHARS_MAX) {
        die(EXIT_USAGE, "--version: has more than %u characters", VERSION_CHARS_MAX);
    }
    if (options.app_bytes % 16 != 0) {
        die(EXIT_USAGE, "--app-bytes: %u is no multiple of 16", (unsigned)options.app_bytes);
    }
    return options;
}

int main(int argc, char **argv)
{
    const options_t options = parse_options(argc, argv);
    write_build_folder(&options);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
