/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual chip's command input, once per personality: a generation of ROMs, or of RAM stubs. Requests are built
 * valid, then fields are changed as the input says; raw bytes, resets, faults and pauses come in between. Whatever was
 * sent: the chip goes on or is silent, time does not run away, the same bytes at another pace get the same answers unless
 * a fault came in between, and a reset brings it back. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "espsim.h"
#include "input.h"

enum { FLASH_BYTES = 1 << 18, ANSWER_BYTES_MAX = 1 << 16, PAYLOAD_BYTES_MAX = 0x1900, STEPS_MAX = 40 };

static uint8_t flash[FLASH_BYTES];

typedef struct {
    const reflash_rom_t *rom;
    espsim_t *sim;
    uint64_t byte_ns;
    bool is_disturbed; /* faults were set */
    uint8_t answers[ANSWER_BYTES_MAX];
    size_t answer_bytes;
} chip_t;

static void collect(chip_t *chip)
{
    uint8_t byte;
    while (espsim_transmit(chip->sim, &byte, 0)) {
        if (chip->answer_bytes < ANSWER_BYTES_MAX) {
            chip->answers[chip->answer_bytes++] = byte;
        }
    }
}

static void settle(chip_t *chip)
{
    for (uint64_t next_ns; (next_ns = espsim_next_event(chip->sim)) != UINT64_MAX;) {
        if (next_ns > espsim_now(chip->sim) + UINT64_C(5000) * 1000000000) {
            abort(); /* more than an hour for one request */
        }
        espsim_advance(chip->sim, next_ns);
        collect(chip);
    }
}

static void send_byte(chip_t *chip, uint8_t byte)
{
    espsim_advance(chip->sim, espsim_now(chip->sim) + chip->byte_ns);
    espsim_receive(chip->sim, byte, 0);
}

static void send_frame(chip_t *chip, const uint8_t *frame, size_t bytes)
{
    send_byte(chip, 0xC0);
    for (size_t at = 0; at < bytes; at++) {
        if (frame[at] == 0xC0 || frame[at] == 0xDB) {
            send_byte(chip, 0xDB);
            send_byte(chip, frame[at] == 0xC0 ? 0xDC : 0xDD);
        } else {
            send_byte(chip, frame[at]);
        }
    }
    send_byte(chip, 0xC0);
    settle(chip);
}

/* Who talks: PERSONALITY is the name of one of these. */
typedef struct {
    const char *name;
    const char *const *chips; /* NULL behind the last; the input chooses */
    espsim_stub_t stub;
} personality_t;

static const char *const first_chips[] = {"esp8266", NULL};
static const char *const second_chips[] = {"esp32", NULL};
static const char *const later_chips[] = {"esp32c3", "esp32s2", "esp32s3", "esp32c2",  "esp32c5",
                                          "esp32c6", "esp32h2", "esp32p4", "esp32c61", NULL};
static const char *const stub_chips[] = {"esp32", "esp32c3", "esp8266", "esp32s3", NULL};
static const personality_t personalities[] = {
    {"rom-esp8266", first_chips, ESPSIM_STUB_NONE}, {"rom-esp32", second_chips, ESPSIM_STUB_NONE},
    {"rom-later", later_chips, ESPSIM_STUB_NONE},   {"stub-1", stub_chips, ESPSIM_STUB_1},
    {"stub-2.0", stub_chips, ESPSIM_STUB_2_0},      {"stub-2.1", stub_chips, ESPSIM_STUB_2_1},
};

/* Valid requests: opcode and payload words. */
typedef struct {
    uint8_t opcode, word_count;
    uint32_t words[9];
    enum {
        NO_DATA,
        PLAIN_DATA,
        PACKED_DATA,
        FLASH_REGISTERS /* none either; words that are addresses count from the flash controller's base */
    } data;
} template_t;
static const template_t templates[] = {
    {0x08, 1, {0x20120707}, NO_DATA},
    {0x0A, 1, {0x40001000}, NO_DATA},
    {0x09, 4, {0x3FC90000, 0x12345678, 0xFFFFFFFF, 0}, NO_DATA},
    {0x0D, 2, {0, 0}, NO_DATA},
    {0x0B, 6, {0, FLASH_BYTES, 0x10000, 0x1000, 0x100, 0xFFFF}, NO_DATA},
    {0x02, 4, {0x2000, 8, 0x400, 0x1000}, NO_DATA},
    {0x02, 5, {0x2000, 8, 0x400, 0x1000, 0}, NO_DATA},
    {0x03, 4, {0x400, 0, 0, 0}, PLAIN_DATA},
    {0x03, 4, {0x400, 1, 0, 0}, PLAIN_DATA},
    {0x04, 1, {1}, NO_DATA},
    {0x05, 4, {0x100, 1, 0x1800, 0x3FC90000}, NO_DATA},
    {0x05, 4, {0x100, 1, 0x1800, 0x3FFE8000}, NO_DATA},
    {0x07, 4, {0x100, 0, 0, 0}, PLAIN_DATA},
    {0x06, 2, {1, 0}, NO_DATA},
    {0x06, 2, {0, 0x40080000}, NO_DATA},
    {0x0E, 2, {0x1000, 64}, NO_DATA},
    {0x0F, 2, {921600, 0}, NO_DATA},
    {0x10, 4, {0x10000, 2, 0x1800, 0x10000}, NO_DATA},
    {0x10, 5, {0x10000, 2, 0x1800, 0x10000, 0}, NO_DATA},
    {0x10, 4, {0x10000, 1, 0x1800, 0x10000}, NO_DATA},
    {0x10, 5, {0x10000, 1, 0x1800, 0x10000, 0}, NO_DATA},
    {0x11, 4, {0x100, 0, 0, 0}, PACKED_DATA},
    {0x11, 4, {0x100, 1, 0, 0}, PACKED_DATA},
    {0x12, 1, {1}, NO_DATA},
    {0x12, 1, {0}, NO_DATA},
    {0x13, 4, {0x1000, 0x1000, 0, 0}, NO_DATA},
    {0x14, 0, {0}, NO_DATA},
    {0x77, 0, {0}, NO_DATA},
    /* RAM stubs only, or with sizes that only they want. */
    {0x08,
     9,
     {0x20120707, 0x55555555, 0x55555555, 0x55555555, 0x55555555, 0x55555555, 0x55555555, 0x55555555, 0x55555555},
     NO_DATA},
    {0x0D, 1, {0}, NO_DATA},
    {0x0F, 2, {921600, 115200}, NO_DATA},
    {0xD0, 0, {0}, NO_DATA},
    {0xD1, 2, {0xF000, 0x12000}, NO_DATA},
    {0xD2, 4, {0x1000, 0x180, 0x80, 0x100}, NO_DATA},
    {0xD3, 0, {0}, NO_DATA},
    /* A flash id, as hosts read it: ESP8266, ESP32, later chips. */
    {0x09, 8, {0x1C, 0x90000000, 0xFFFFFFFF, 0, 0x24, 0x7000009F, 0xFFFFFFFF, 0}, FLASH_REGISTERS},
    {0x09, 8, {0x40, 23, 0xFFFFFFFF, 0, 0, 1u << 18, 0xFFFFFFFF, 0}, FLASH_REGISTERS},
    {0x09, 8, {0x2C, 23, 0xFFFFFFFF, 0, 0, 1u << 18, 0xFFFFFFFF, 0}, FLASH_REGISTERS},
    {0x09, 8, {0x18, 0x90000000, 0xFFFFFFFF, 0, 0x20, 0x7000009F, 0xFFFFFFFF, 0}, FLASH_REGISTERS},
    {0x09, 8, {0x28, 23, 0xFFFFFFFF, 0, 0, 1u << 18, 0xFFFFFFFF, 0}, FLASH_REGISTERS},
};

static void put_word(uint8_t *at, uint32_t value)
{
    for (unsigned byte = 0; byte < 4; byte++) {
        at[byte] = (uint8_t)(value >> (8 * byte));
    }
}

/* Data of `bytes`, from the input as far as it goes; compressed if wanted, and then as long as that comes out. */
static size_t make_data(input_t *input, const template_t *row, uint8_t *data, size_t bytes)
{
    size_t given;
    const uint8_t *slice = input_slice(input, input_byte(input), &given);
    if (row->data == PLAIN_DATA) {
        memset(data, 0x5A, bytes);
        memcpy(data, slice, given < bytes ? given : bytes);
        return bytes;
    }
    static uint8_t plain[70000];
    const size_t plain_bytes = given == 0 ? 1 : (size_t)given * (input_byte(input) % 4 == 0 ? 270 : 1);
    for (size_t at = 0; at < plain_bytes; at++) {
        plain[at] = given > 0 ? slice[at % given] : 0;
    }
    uLongf packed_bytes = PAYLOAD_BYTES_MAX - 16;
    return compress2(data, &packed_bytes, plain, plain_bytes, 9) == Z_OK ? packed_bytes : 0;
}

static void send_request(chip_t *chip, input_t *input)
{
    static uint8_t frame[8 + PAYLOAD_BYTES_MAX];
    const template_t *row = &templates[input_byte(input) % (sizeof(templates) / sizeof(templates[0]))];
    uint32_t words[9];
    memcpy(words, row->words, sizeof(words));
    if (row->data == FLASH_REGISTERS) {
        words[0] += chip->rom->chip->spi_base;
        words[4] += chip->rom->chip->spi_base;
    }
    const uint8_t changes = input_byte(input);
    if (changes % 4 == 1) {
        words[changes / 4 % 8] = input_word(input);
    } else if (changes % 4 == 2) {
        words[changes / 4 % 8] ^= UINT32_C(1) << (input_byte(input) % 32);
    }
    size_t data_bytes = 0;
    if (row->data == PLAIN_DATA || row->data == PACKED_DATA) {
        const size_t wanted = words[0] < PAYLOAD_BYTES_MAX - 16 ? words[0] : PAYLOAD_BYTES_MAX - 16;
        data_bytes = make_data(input, row, frame + 24, wanted);
        words[0] = row->data == PACKED_DATA ? (uint32_t)data_bytes : words[0];
    }
    uint8_t checksum = 0xEF;
    for (size_t at = 0; at < data_bytes; at++) {
        checksum ^= frame[24 + at];
    }
    const uint8_t spoil = input_byte(input);
    size_t bytes = 8 + 4 * (size_t)row->word_count + data_bytes;
    frame[0] = spoil == 1 ? input_byte(input) : 0;
    frame[1] = spoil == 2 ? input_byte(input) : row->opcode;
    put_word(frame + 4, spoil == 3 ? input_word(input) : checksum);
    frame[2] = (uint8_t)(bytes - 8);
    frame[3] = (uint8_t)((bytes - 8) >> 8);
    if (spoil == 4) {
        frame[2] = input_byte(input);
    }
    for (unsigned word = 0; word < row->word_count; word++) {
        put_word(frame + 8 + 4 * word, words[word]);
    }
    if (spoil == 5 && data_bytes > 0) {
        frame[24 + input_word(input) % data_bytes] ^= 0x10;
    } else if (spoil == 6) {
        bytes = input_word(input) % (bytes + 1);
    }
    send_frame(chip, frame, bytes);
}

/* Of any kind, by byte, operation or chance; with numbers that make no sense as well. */
static void set_fault(chip_t *chip, input_t *input)
{
    const uint8_t when = input_byte(input);
    const uint32_t nth = input_byte(input);
    const espsim_fault_t fault = {.kind = (espsim_fault_kind_t)(input_byte(input) % (ESPSIM_FAULT_LYING_MD5 + 1)),
                                  .byte = when % 4 == 0 ? nth : 0,
                                  .op = when % 4 == 1 ? nth : 0,
                                  .md5 = when % 4 == 2 ? nth : 0,
                                  .every = when % 4 == 3 ? nth : 0,
                                  .mask = when,
                                  .bytes = when,
                                  .ms = when,
                                  .addr = nth << 12,
                                  .bit = when,
                                  .id = nth};
    espsim_set_faults(chip->sim, &(espsim_faults_t){.seed = nth, .fault = {fault}});
}

static void step(chip_t *chip, input_t *input)
{
    size_t bytes;
    switch (input_byte(input) % 16) {
    default:
        send_request(chip, input);
        break;
    case 12: {
        const uint8_t *raw = input_slice(input, input_byte(input), &bytes);
        for (size_t at = 0; at < bytes; at++) {
            send_byte(chip, raw[at]);
        }
        settle(chip);
        break;
    }
    case 13:
        for (unsigned edge = 0; edge < 2; edge++) {
            const uint8_t lines = input_byte(input);
            espsim_set_lines(chip->sim, (lines & 1) != 0, (lines & 2) != 0);
        }
        settle(chip);
        break;
    case 14:
        set_fault(chip, input);
        chip->is_disturbed = true;
        break;
    case 15:
        espsim_power_cycle(chip->sim);
        settle(chip);
        break;
    }
}

static const uint8_t sync_request[] = {0x00, 0x08, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x07, 0x12, 0x20};

/* After a reset into the loader it answers a SYNC eight times. */
static void check_alive(chip_t *chip)
{
    static const uint8_t longest[] = {0xC0, 0x01, 0x08, 0x04, 0x00, 0x07, 0x07, 0x12, 0x20, 0x00, 0x00, 0x00, 0x00};
    uint8_t expected[sizeof(longest) + 1];
    const size_t bytes = 9 + (size_t)chip->rom->status_bytes + 1;
    memcpy(expected, longest, bytes - 1);
    expected[3] = chip->rom->status_bytes;
    expected[bytes - 1] = 0xC0;
    espsim_set_faults(chip->sim, &(espsim_faults_t){0});
    espsim_power_cycle(chip->sim);
    espsim_set_lines(chip->sim, true, true);
    espsim_set_lines(chip->sim, false, true);
    settle(chip);
    chip->answer_bytes = 0;
    send_frame(chip, sync_request, sizeof(sync_request));
    for (unsigned copy = 0; copy < 8; copy++) {
        if (chip->answer_bytes != 8 * bytes || memcmp(chip->answers + copy * bytes, expected, bytes) != 0) {
            abort();
        }
    }
}

static const personality_t *personality(void)
{
    for (size_t row = 0; row < sizeof(personalities) / sizeof(personalities[0]); row++) {
        if (strcmp(personalities[row].name, PERSONALITY) == 0) {
            return &personalities[row];
        }
    }
    abort();
}

/* The input's first byte chooses the chip. */
static const char *chip_name(uint8_t choice)
{
    const char *const *chips = personality()->chips;
    size_t count = 0;
    while (chips[count] != NULL) {
        count++;
    }
    return chips[choice % count];
}

static void run(chip_t *chip, const uint8_t *data, size_t size, uint64_t byte_ns)
{
    input_t input = {data, size};
    *chip = (chip_t){.byte_ns = byte_ns, .rom = espsim_rom_by_name(chip_name(input_byte(&input)))};
    memset(flash, input_byte(&input) % 4 == 0 ? 0x00 : 0xFF, sizeof(flash));
    espsim_timing_t timing = espsim_timing_typical();
    timing.instant = true;
    chip->sim = espsim_create(&(espsim_config_t){
        .rom = chip->rom, .flash = flash, .flash_bytes = sizeof(flash), .trained = true, .timing = timing});
    if (chip->sim == NULL) {
        abort();
    }
    espsim_set_lines(chip->sim, false, true);
    settle(chip);
    send_frame(chip, sync_request, sizeof(sync_request)); /* before one, boards' ROMs answer nothing */
    if (personality()->stub != ESPSIM_STUB_NONE && !espsim_run_stub(chip->sim, personality()->stub)) {
        abort();
    }
    settle(chip);
    for (unsigned steps = 0; steps < STEPS_MAX && input.left > 0; steps++) {
        step(chip, &input);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static chip_t fast;
    static chip_t slow;
    if (size < 4) {
        return 0;
    }
    run(&fast, data, size, 87000);
    espsim_destroy(fast.sim);
    /* How requests fall together changes what a stub makes of them. */
    run(&slow, data, size, personality()->stub == ESPSIM_STUB_NONE ? 5000000 : 87000);
    const bool is_same =
        fast.answer_bytes == slow.answer_bytes && memcmp(fast.answers, slow.answers, fast.answer_bytes) == 0;
    if (!is_same && !fast.is_disturbed) { /* what a reset cuts off depends on when it comes */
        abort();
    }
    check_alive(&slow);
    espsim_destroy(slow.sim);
    return 0;
}
