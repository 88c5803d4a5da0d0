/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files: any is refused with a reason or becomes an image that is sound for its chip. Most inputs choose sections of a
 * well-formed file. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "elf_image.h"
#include "image_check.h"
#include "input.h"

enum { SECTIONS_MAX = 8, HEADERS_AT = 52, NAMES_AT = HEADERS_AT + (SECTIONS_MAX + 1) * 40, ROOM = 0x8000 };

static const char names[] = "\0.flash.appdesc\0.dram0.bootdesc\0.text";
static const uint8_t name_offsets[] = {0, 1, 16, 32};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value);
    put16(at + 2, value >> 16);
}

static uint32_t choose_addr(input_t *input, const chip_format_t *chip)
{
    unsigned count = 0;
    while (chip->memory != NULL && chip->memory[count].name != NULL) {
        count++;
    }
    const uint8_t where = input_byte(input);
    const uint32_t offset = (uint32_t)input_byte(input) << (input_byte(input) % 16);
    return (count == 0 ? 0x40000000 : chip->memory[where % count].start) + offset;
}

/* A file for the chip, whose sections have up to 16 KiB. */
static size_t make_file(uint8_t *file, input_t *input, const chip_format_t *chip)
{
    static const uint32_t types[] = {SHT_PROGBITS, SHT_PROGBITS, SHT_NOBITS, SHT_INIT_ARRAY, SHT_STRTAB};
    const uint32_t count = 1 + input_byte(input) % SECTIONS_MAX;
    memset(file, 0, ROOM);
    memcpy(file,
           "\x7f"
           "ELF\x01\x01\x01",
           7);
    put16(file + 18, chip->xtensa ? EM_XTENSA : EM_RISCV);
    put32(file + 32, HEADERS_AT);
    put16(file + 46, 40);
    put16(file + 48, count + 1);
    put16(file + 50, count);
    memcpy(file + NAMES_AT, names, sizeof(names));
    for (uint32_t section = 0; section < count; section++) {
        uint8_t *header = file + HEADERS_AT + 40 * section;
        put32(header, name_offsets[input_byte(input) % sizeof(name_offsets)]);
        put32(header + 4, types[input_byte(input) % (sizeof(types) / sizeof(types[0]))]);
        put32(header + 12, choose_addr(input, chip));
        put32(header + 16, NAMES_AT + 64 + input_byte(input));
        put32(header + 20, (uint32_t)input_byte(input) << (input_byte(input) % 7));
    }
    put32(file + HEADERS_AT + 40 * count + 4, SHT_STRTAB);
    put32(file + HEADERS_AT + 40 * count + 16, NAMES_AT);
    put32(file + HEADERS_AT + 40 * count + 20, sizeof(names));
    put32(file + NAMES_AT + 64, 0xABCD5432); /* a description, for sections at its start */
    file[NAMES_AT + 64 + 180] = input_byte(input);
    return ROOM - input_byte(input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const chips[] = {"esp8266", "esp32",   "esp32s2", "esp32c3",
                                        "esp32c2", "esp32c6", "esp32p4", "esp32e22"};
    static const flash_settings_t settings = {"dio", "20m", "4MB"};
    input_t input = {data, size};
    const chip_format_t *chip = chip_format_by_name(chips[input_byte(&input) % 8]);
    const bool as_it_is = input_byte(&input) % 4 == 0;
    uint8_t *file = malloc(ROOM);
    if (file == NULL || chip == NULL) {
        abort();
    }
    size_t bytes = input.left < ROOM ? input.left : ROOM;
    if (as_it_is) {
        memcpy(file, input.at, bytes);
    } else {
        bytes = make_file(file, &input, chip);
    }
    uint8_t *exact = realloc(file, bytes + (bytes == 0)); /* of exactly its size, for the sanitizer */
    elf_image_t image;
    char why[300] = "";
    if (exact == NULL) {
        abort();
    }
    if (elf_make_image(&image, exact, bytes, chip, &settings, why, sizeof(why))) {
        const int chip_id = chip->id;
        if (image_check(image.data, image.bytes, chip_id, why, sizeof(why)) != IMAGE_SOUND) {
            abort();
        }
        elf_image_free(&image);
    } else if (why[0] == '\0' || image.data != NULL) {
        abort();
    }
    free(exact);
    return 0;
}
