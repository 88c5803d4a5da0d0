/* SPDX-License-Identifier: Apache-2.0 */
#include "elf_image.h"

#include <elf.h>
#include <mbedtls/md.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_check.h"
#include "inputs_support.h"

#define SHORT_HEADER_BYTES 8u
#define SEGMENT_HEADER_BYTES 8u
#define SEGMENT_BYTES_MAX 0x1000000u
#define CHECKSUM_SEED 0xEFu
#define CHECKSUM_ALIGN_BYTES 16u
#define SHA256_BYTES 32u
#define PAGE_BYTES 0x10000u     /* of mapped flash, unless the application says something else */
#define PAGE_BITS_OFFSET 180u   /* in an application's description: log2 of the page's size */
#define ELF_DIGEST_OFFSET 0xB0u /* in the file: the digest in an application's description */
#define APP_DESCRIPTION_MAGIC 0xABCD5432u
#define APP_DESCRIPTION_BYTES 256u
#define ESP32_ID 0
#define ESP8266_MAP_ADDR 0x40200000u
#define WHOLE_IMAGE_HEADERS 0x20u /* what stands before the first bytes of a segment at the head of a page */
/* The ESP32's second-stage bootloader does not map the last page of a segment that ends less than this behind the page's
 * start. */
#define ESP32_PAGE_REST_BYTES 0x24u

/* What was linked to one address. */
typedef struct {
    uint32_t addr, bytes;
    uint8_t *data;
    char name[16]; /* cut; long enough for the two that matter */
} segment_t;

typedef struct {
    const uint8_t *elf;
    size_t elf_bytes;
    const chip_format_t *chip;
    segment_t *segments;
    uint32_t segment_count;
    bool has_description; /* the application's, in mapped flash: it gets the digest of the ELF file */
    uint32_t page_bytes;
    uint32_t entry;
    uint8_t *out;
    uint32_t out_bytes, out_room;
    uint32_t out_segments;
    uint8_t checksum;
    char *why;
    size_t why_bytes;
} maker_t;

__attribute__((format(printf, 2, 3))) static bool wrong(maker_t *maker, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(maker->why, maker->why_bytes, format, arguments);
    va_end(arguments);
    return false;
}

static uint16_t le16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)le16(at) | (uint32_t)le16(at + 2) << 16;
}

/* Whether these bytes are within the file. */
static bool is_inside(const maker_t *maker, uint32_t offset, uint64_t bytes)
{
    return offset <= maker->elf_bytes && bytes <= maker->elf_bytes - offset;
}

/* --- The ELF file ---------------------------------------------------------------------------------- */

typedef struct {
    uint32_t offset, count; /* of section headers */
    uint32_t names_offset, names_bytes;
} sections_t;

static const uint8_t *section_header(const maker_t *maker, const sections_t *sections, uint32_t section)
{
    return maker->elf + sections->offset + section * sizeof(Elf32_Shdr);
}

static bool read_elf_header(maker_t *maker, sections_t *sections)
{
    const uint8_t *elf = maker->elf;
    if (maker->elf_bytes < sizeof(Elf32_Ehdr) || !elf_is_file(elf, maker->elf_bytes)) {
        return wrong(maker, "the file is shorter than an ELF header or does not begin with its mark");
    }
    if (elf[EI_CLASS] != ELFCLASS32 || elf[EI_DATA] != ELFDATA2LSB) {
        return wrong(maker, "the ELF file is not of 32 bits and little-endian, as those for these chips are");
    }
    const unsigned machine = le16(elf + offsetof(Elf32_Ehdr, e_machine));
    const unsigned wanted = maker->chip->xtensa ? EM_XTENSA : EM_RISCV;
    if (machine != wanted) {
        return wrong(maker, "the ELF file is for %s (machine %u), but %s has %s",
                     machine == EM_XTENSA  ? "an Xtensa processor"
                     : machine == EM_RISCV ? "a RISC-V processor"
                                           : "another processor",
                     machine, maker->chip->name, maker->chip->xtensa ? "an Xtensa one" : "a RISC-V one");
    }
    const unsigned header_bytes = le16(elf + offsetof(Elf32_Ehdr, e_shentsize));
    *sections = (sections_t){.offset = le32(elf + offsetof(Elf32_Ehdr, e_shoff)),
                             .count = le16(elf + offsetof(Elf32_Ehdr, e_shnum))};
    const unsigned names = le16(elf + offsetof(Elf32_Ehdr, e_shstrndx));
    if (sections->count == 0 || header_bytes != sizeof(Elf32_Shdr) || names >= sections->count ||
        !is_inside(maker, sections->offset, (uint64_t)sections->count * sizeof(Elf32_Shdr))) {
        return wrong(maker, "the ELF file has no section headers, or they run past its end at 0x%zx", maker->elf_bytes);
    }
    const uint8_t *header = section_header(maker, sections, names);
    sections->names_offset = le32(header + offsetof(Elf32_Shdr, sh_offset));
    sections->names_bytes = le32(header + offsetof(Elf32_Shdr, sh_size));
    if (!is_inside(maker, sections->names_offset, sections->names_bytes)) {
        return wrong(maker, "the names of the ELF file's sections run past its end at 0x%zx", maker->elf_bytes);
    }
    maker->entry = le32(elf + offsetof(Elf32_Ehdr, e_entry));
    return true;
}

static void copy_name(char name[16], const maker_t *maker, const sections_t *sections, uint32_t name_offset)
{
    uint32_t at = 0;
    for (; at < 15 && name_offset < sections->names_bytes && name_offset + at < sections->names_bytes; at++) {
        name[at] = (char)maker->elf[sections->names_offset + name_offset + at];
        if (name[at] == '\0') {
            break;
        }
    }
    name[at] = '\0';
}

static bool is_loaded(uint32_t type)
{
    return type == SHT_PROGBITS || type == SHT_INIT_ARRAY || type == SHT_FINI_ARRAY || type == SHT_PREINIT_ARRAY;
}

static bool read_sections(maker_t *maker, const sections_t *sections)
{
    maker->segments = inputs_need(calloc(sections->count + 1u, sizeof(maker->segments[0])));
    for (uint32_t section = 0; section < sections->count; section++) {
        const uint8_t *header = section_header(maker, sections, section);
        const uint32_t addr = le32(header + offsetof(Elf32_Shdr, sh_addr));
        const uint32_t bytes = le32(header + offsetof(Elf32_Shdr, sh_size));
        const uint32_t offset = le32(header + offsetof(Elf32_Shdr, sh_offset));
        if (addr == 0 || bytes == 0 || !is_loaded(le32(header + offsetof(Elf32_Shdr, sh_type)))) {
            continue;
        }
        segment_t segment = {.addr = addr, .bytes = (bytes + 3) & ~3u};
        copy_name(segment.name, maker, sections, le32(header + offsetof(Elf32_Shdr, sh_name)));
        if (!is_inside(maker, offset, bytes)) {
            return wrong(maker, "section %u \"%s\" at offset 0x%x (0x%x bytes) runs past the end of the file at 0x%zx",
                         (unsigned)section, segment.name, (unsigned)offset, (unsigned)bytes, maker->elf_bytes);
        }
        if (bytes >= SEGMENT_BYTES_MAX) {
            return wrong(maker, "section %u \"%s\" has 0x%x bytes; a segment of an image has less than 16 MiB",
                         (unsigned)section, segment.name, (unsigned)bytes);
        }
        segment.data = inputs_need(calloc(1, segment.bytes));
        memcpy(segment.data, maker->elf + offset, bytes);
        maker->segments[maker->segment_count++] = segment;
    }
    return maker->segment_count > 0 || wrong(maker, "the ELF file has no section that a chip would load");
}

/* --- Segments -------------------------------------------------------------------------------------- */

static bool is_app_description(const segment_t *segment)
{
    return strncmp(segment->name, ".flash.appdesc", 14) == 0;
}

/* Where the chip lets the application choose the size of a page, its description tells it, or its address does. */
static bool choose_page(maker_t *maker)
{
    maker->page_bytes = PAGE_BYTES;
    const segment_t *found = NULL;
    for (uint32_t at = 0; at < maker->segment_count && found == NULL; at++) {
        found = is_app_description(&maker->segments[at]) ? &maker->segments[at] : NULL;
    }
    if (found == NULL || !chip_maps_flash(maker->chip, found->addr)) {
        return true;
    }
    maker->has_description = true;
    const uint32_t sizes = maker->chip->page_bytes_bits;
    if (sizes == 0 || found->bytes < APP_DESCRIPTION_BYTES || le32(found->data) != APP_DESCRIPTION_MAGIC) {
        return true;
    }
    const unsigned told_bit = found->data[PAGE_BITS_OFFSET];
    if (told_bit != 0 && (told_bit > 31 || (sizes >> told_bit & 1) == 0)) {
        return wrong(maker, "the application wants pages of 2^%u bytes, which %s does not have", told_bit,
                     maker->chip->name);
    }
    for (unsigned bit = 31; bit > 0; bit--) {
        const uint32_t page_bytes = UINT32_C(1) << bit;
        if ((sizes & page_bytes) != 0 &&
            (told_bit == bit || (told_bit == 0 && (found->addr - WHOLE_IMAGE_HEADERS) % page_bytes == 0))) {
            maker->page_bytes = page_bytes;
            break;
        }
    }
    return true;
}

static void append(segment_t *segment, const uint8_t *data, uint32_t bytes)
{
    segment->data = inputs_need(realloc(segment->data, segment->bytes + bytes));
    if (data != NULL) {
        memcpy(segment->data + segment->bytes, data, bytes);
    } else {
        memset(segment->data + segment->bytes, 0, bytes);
    }
    segment->bytes += bytes;
}

/* Sections that follow each other, in the file and in one memory, become one segment. */
static void merge_adjacent(maker_t *maker)
{
    uint32_t count = 1;
    for (uint32_t at = 1; at < maker->segment_count; at++) {
        segment_t *last = &maker->segments[count - 1];
        segment_t *next = &maker->segments[at];
        /* Their starts are compared, and of the sections, not of what they were merged into. */
        const uint32_t last_start = maker->segments[at - 1].addr;
        if (next->addr == last->addr + last->bytes && chip_same_memory(maker->chip, last_start, next->addr)) {
            append(last, next->data, next->bytes);
            free(next->data);
            next->data = NULL;
        } else if (count++ != at) {
            maker->segments[count - 1] = *next;
            next->data = NULL;
        }
    }
    maker->segment_count = count;
}

static int by_addr(const void *a, const void *b)
{
    const uint32_t addr_a = ((const segment_t *)a)->addr;
    const uint32_t addr_b = ((const segment_t *)b)->addr;
    return (addr_a > addr_b) - (addr_a < addr_b);
}

/* The one of this name, if there is one among them, becomes the first. */
static void move_to_front(segment_t *segments, uint32_t count, const char *name)
{
    for (uint32_t at = 1; at < count; at++) {
        if (strcmp(segments[at].name, name) == 0) {
            const segment_t found = segments[at];
            memmove(segments + 1, segments, at * sizeof(segments[0]));
            segments[0] = found;
            return;
        }
    }
}

/* --- The image ------------------------------------------------------------------------------------- */

static void put(maker_t *maker, const void *data, uint32_t bytes)
{
    if (maker->out_room - maker->out_bytes < bytes) {
        maker->out_room = 2 * maker->out_room + bytes;
        maker->out = inputs_need(realloc(maker->out, maker->out_room));
    }
    if (data != NULL) {
        memcpy(maker->out + maker->out_bytes, data, bytes);
    } else {
        memset(maker->out + maker->out_bytes, 0, bytes);
    }
    maker->out_bytes += bytes;
}

static void put_le(maker_t *maker, uint32_t value, unsigned bytes)
{
    for (; bytes > 0; bytes--, value >>= 8) {
        const uint8_t byte = (uint8_t)value;
        put(maker, &byte, 1);
    }
}

static bool put_segment(maker_t *maker, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    if (bytes >= SEGMENT_BYTES_MAX || bytes % 4 != 0) {
        return wrong(maker, "the segment at 0x%x would have 0x%x bytes; possible are multiples of 4 below 16 MiB",
                     (unsigned)addr, (unsigned)bytes);
    }
    put_le(maker, addr, 4);
    put_le(maker, bytes, 4);
    const uint32_t start = maker->out_bytes;
    put(maker, data, bytes);
    maker->out_segments++;
    if (maker->has_description && start <= ELF_DIGEST_OFFSET && maker->out_bytes >= ELF_DIGEST_OFFSET + SHA256_BYTES) {
        uint8_t *digest = maker->out + ELF_DIGEST_OFFSET;
        for (unsigned at = 0; at < SHA256_BYTES; at++) {
            if (digest[at] != 0) {
                return wrong(maker, "what should get the ELF file's digest, at offset 0x%x of the image, is not empty",
                             ELF_DIGEST_OFFSET);
            }
        }
        (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), maker->elf, maker->elf_bytes, digest);
        maker->has_description = false;
    }
    for (uint32_t at = start; at < maker->out_bytes; at++) {
        maker->checksum ^= maker->out[at];
    }
    return true;
}

/* How many bytes of data, besides its header, have to come before a segment for `addr`. This may be a page more than
 * needed: images shall be those that builds have. */
static uint32_t padding_before(const maker_t *maker, uint32_t addr)
{
    const int64_t page = maker->page_bytes;
    const int64_t header = SEGMENT_HEADER_BYTES;
    const int64_t gap = page - maker->out_bytes % page + addr % page - header;
    if (gap == 0 || gap == page) {
        return 0;
    }
    return (uint32_t)(gap > header ? gap - header : gap - header + page);
}

/* Mapped segments where a page of theirs begins. What is loaded to RAM goes into the gaps before, as far as it does. */
static bool put_mapped(maker_t *maker, segment_t *mapped, uint32_t mapped_count, segment_t **ram, uint32_t *ram_count)
{
    for (uint32_t at = 0; at < mapped_count;) {
        segment_t *segment = &mapped[at];
        if (at > 0 && segment->addr / maker->page_bytes == segment[-1].addr / maker->page_bytes) {
            return wrong(maker,
                         "the segments at 0x%x and 0x%x are in one page of mapped flash. Change the linker's script",
                         (unsigned)segment[-1].addr, (unsigned)segment->addr);
        }
        uint32_t pad_bytes = padding_before(maker, segment->addr);
        if (pad_bytes == 0) {
            const uint32_t rest = (maker->out_bytes + SEGMENT_HEADER_BYTES + segment->bytes) % maker->page_bytes;
            if (maker->chip->id == ESP32_ID && rest < ESP32_PAGE_REST_BYTES) {
                append(segment, NULL, ESP32_PAGE_REST_BYTES - rest);
            }
            if (!put_segment(maker, segment->addr, segment->data, segment->bytes)) {
                return false;
            }
            at++;
        } else if (*ram_count > 0 && pad_bytes > SEGMENT_HEADER_BYTES) {
            segment_t *first = *ram;
            pad_bytes = pad_bytes < first->bytes ? pad_bytes : first->bytes;
            if (!put_segment(maker, first->addr, first->data, pad_bytes)) {
                return false;
            }
            memmove(first->data, first->data + pad_bytes, first->bytes - pad_bytes);
            first->addr += pad_bytes;
            first->bytes -= pad_bytes;
            if (first->bytes == 0) {
                (*ram)++;
                (*ram_count)--;
            }
        } else if (!put_segment(maker, 0, NULL, pad_bytes)) {
            return false;
        }
    }
    return true;
}

static bool put_segments(maker_t *maker, segment_t *segments, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        if (!put_segment(maker, segments[at].addr, segments[at].data, segments[at].bytes)) {
            return false;
        }
    }
    return true;
}

static void put_header(maker_t *maker, const flash_settings_t *settings)
{
    put_le(maker, 0xE9, 1);
    put_le(maker, 0, 1); /* the number of segments: not known yet */
    put_le(maker, flash_settings_codes(settings, maker->chip), 2);
    put_le(maker, maker->entry, 4);
    if (maker->chip->id != IMAGE_CHIP_ESP8266) {
        put_le(maker, 0xEE, 4); /* no pin for WP, no drive strengths */
        put_le(maker, (uint32_t)maker->chip->id, 2);
        put_le(maker, 0, 3); /* any revision from 0.0 ... */
        put_le(maker, 0xFFFF, 2);
        put_le(maker, 0, 4);
        put_le(maker, 1, 1); /* a SHA-256 is appended */
    }
}

static bool put_end(maker_t *maker)
{
    if (maker->out_segments == 0) {
        return wrong(maker, "the ELF file has nothing that is loaded to RAM, so there is nothing to start");
    }
    if (maker->out_segments > IMAGE_SEGMENTS_MAX) {
        return wrong(maker, "the image would have %u segments; at most %u are possible. Change the linker's script",
                     (unsigned)maker->out_segments, IMAGE_SEGMENTS_MAX);
    }
    maker->out[1] = (uint8_t)maker->out_segments;
    put(maker, NULL, CHECKSUM_ALIGN_BYTES - 1 - maker->out_bytes % CHECKSUM_ALIGN_BYTES);
    put_le(maker, maker->checksum, 1);
    if (maker->chip->id != IMAGE_CHIP_ESP8266) {
        uint8_t digest[SHA256_BYTES];
        (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), maker->out, maker->out_bytes, digest);
        put(maker, digest, sizeof(digest));
    }
    return true;
}

static bool put_all(maker_t *maker)
{
    segment_t *sorted = inputs_need(calloc(maker->segment_count, sizeof(sorted[0])));
    uint32_t count = 0;
    for (uint32_t at = 0; at < maker->segment_count; at++) {
        if (chip_maps_flash(maker->chip, maker->segments[at].addr)) {
            sorted[count++] = maker->segments[at];
        }
    }
    const uint32_t mapped_count = count;
    for (uint32_t at = 0; at < maker->segment_count; at++) {
        if (!chip_maps_flash(maker->chip, maker->segments[at].addr)) {
            sorted[count++] = maker->segments[at];
        }
    }
    free(maker->segments);
    maker->segments = sorted; /* in any case it is freed with the maker */
    segment_t *ram = sorted + mapped_count;
    uint32_t ram_count = count - mapped_count;
    qsort(sorted, mapped_count, sizeof(sorted[0]), by_addr);
    qsort(ram, ram_count, sizeof(sorted[0]), by_addr);
    move_to_front(sorted, mapped_count, ".flash.appdesc");
    move_to_front(ram, ram_count, ".dram0.bootdesc");
    return put_mapped(maker, sorted, mapped_count, &ram, &ram_count) && put_segments(maker, ram, ram_count) &&
           put_end(maker);
}

/* The ESP8266's mask ROM starts the image; what is mapped is no part of it. */
static bool put_all_esp8266(maker_t *maker, elf_image_t *image)
{
    for (uint32_t at = 0; at < maker->segment_count; at++) {
        segment_t *segment = &maker->segments[at];
        if (!chip_maps_flash(maker->chip, segment->addr)) {
            if (!put_segment(maker, segment->addr, segment->data, segment->bytes)) {
                return false;
            }
        } else if (image->mapped != NULL) {
            return wrong(maker,
                         "both 0x%x and 0x%x are in mapped flash; only one segment can be. Change the linker's "
                         "script",
                         (unsigned)(image->mapped_flash_addr + ESP8266_MAP_ADDR), (unsigned)segment->addr);
        } else {
            image->mapped = segment->data;
            image->mapped_bytes = segment->bytes;
            image->mapped_flash_addr = segment->addr - ESP8266_MAP_ADDR;
            segment->data = NULL;
        }
    }
    return put_end(maker);
}

static bool make(maker_t *maker, const flash_settings_t *settings, elf_image_t *image)
{
    sections_t sections = {0};
    if (maker->chip->memory == NULL) {
        return wrong(maker, "how %s maps its flash is not known here", maker->chip->name);
    }
    if (!flash_settings_check(settings, maker->chip->id, maker->why, maker->why_bytes) ||
        !read_elf_header(maker, &sections) || !read_sections(maker, &sections) || !choose_page(maker)) {
        return false;
    }
    merge_adjacent(maker);
    put_header(maker, settings);
    return maker->chip->id == IMAGE_CHIP_ESP8266 ? put_all_esp8266(maker, image) : put_all(maker);
}

/* --- Public ---------------------------------------------------------------------------------------- */

bool elf_is_file(const uint8_t *data, size_t bytes)
{
    return bytes >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

bool elf_make_image(elf_image_t *image, const uint8_t *elf, size_t elf_bytes, const chip_format_t *chip,
                    const flash_settings_t *settings, char *why, size_t why_bytes)
{
    maker_t maker = {.elf = elf,
                     .elf_bytes = elf_bytes,
                     .chip = chip,
                     .checksum = CHECKSUM_SEED,
                     .why = why,
                     .why_bytes = why_bytes};
    *image = (elf_image_t){0};
    const bool good = make(&maker, settings, image);
    for (uint32_t at = 0; at < maker.segment_count; at++) {
        free(maker.segments[at].data);
    }
    free(maker.segments);
    image->data = maker.out;
    image->bytes = maker.out_bytes;
    if (!good) {
        elf_image_free(image);
    }
    return good;
}

void elf_image_free(elf_image_t *image)
{
    free(image->data);
    free(image->mapped);
    *image = (elf_image_t){0};
}
