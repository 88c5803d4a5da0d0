/* SPDX-License-Identifier: Apache-2.0 */
#include "liar.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_source.h"
#include "bundle_writer.h"
#include "content.h"
#include "port.h"

enum {
    SECTOR = REFLASH_SECTOR_BYTES,
    HEADER_BYTES = 8,
    DIGEST_BYTES = 16,
    BYTE_US = 11,
    OP_FLASH_BEGIN = 0x02,
    OP_DEFL_BEGIN = 0x10,
    OP_MD5 = 0x13,
    SLIP_END = 0xC0,
    SLIP_ESC = 0xDB
};

/* --- What the host wants --------------------------------------------------------------------------------- */

static const struct {
    reflash_kind_t kind;
    uint32_t flash_addr, bytes;
} layout[LIAR_IMAGES] = {
    {REFLASH_KIND_BOOTLOADER, 0x1000, 5000},
    {REFLASH_KIND_PARTITION_TABLE, 0x8000, 300},
    {REFLASH_KIND_APPLICATION, 0x1E000, 4 * SECTOR + 9}, /* in two blocks */
};

typedef struct {
    esp_loader_t loader; /* connected to a virtual chip that is gone */
    content_t memory;
    bundle_t bytes[2];
    bundle_memory_t sources[2];
    reflash_bundle_t bundles[2];
} side_t;

static struct {
    bool ready;
    uint8_t cells[LIAR_FLASH_BYTES]; /* the flash as it should be */
    reflash_image_t images[LIAR_IMAGES];
    char *names[LIAR_IMAGES];
    bool programs[LIAR_IMAGES];
    inputs_t in;
    side_t sides[LIAR_TARGETS];
} wanted;

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "FAILED: %s\n", what);
        abort();
    }
}

static void digest(const uint8_t *bytes, uint32_t count, uint8_t md5[DIGEST_BYTES])
{
    need(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), bytes, count, md5) == 0, "a digest");
}

static void make_images(void)
{
    static char *const names[LIAR_IMAGES] = {"bootloader", "partition-table", "app"};
    uint32_t random = 1;
    for (unsigned at = 0; at < LIAR_IMAGES; at++) {
        uint8_t *data = wanted.cells + layout[at].flash_addr;
        for (uint32_t byte = 0; byte < layout[at].bytes; byte++) {
            random = random * 1664525 + 1013904223;
            data[byte] = (uint8_t)(byte % 8 == 0 ? random >> 24 : byte / SECTOR);
        }
        wanted.images[at] = (reflash_image_t){
            .kind = layout[at].kind, .flash_addr = layout[at].flash_addr, .bytes = layout[at].bytes, .data = data};
        digest(data, layout[at].bytes, wanted.images[at].md5);
        wanted.names[at] = names[at];
        wanted.programs[at] = at != 1;
    }
    wanted.in =
        (inputs_t){.images = wanted.images, .names = wanted.names, .programs = wanted.programs, .count = LIAR_IMAGES};
}

static void make_side(side_t *side, const char *chip, uint16_t chip_id, bool stub)
{
    static uint8_t flash[LIAR_FLASH_BYTES];
    static const char any_stub;
    uint32_t flash_bytes;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    espsim_t *sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name(chip),
                                                     .flash = flash,
                                                     .flash_bytes = sizeof(flash),
                                                     .timing = espsim_timing_typical()});
    espsim_port_t port = {.port = {&espsim_port_ops}, .sim = sim, .baud = 115200};
    need(sim != NULL && esp_loader_init_serial(&side->loader, &port.port) == ESP_LOADER_SUCCESS &&
             esp_loader_connect(&side->loader, &args) == ESP_LOADER_SUCCESS &&
             esp_loader_flash_detect_size(&side->loader, &flash_bytes) == ESP_LOADER_SUCCESS,
         "a connection");
    espsim_destroy(sim);
    if (stub) { /* that one runs is all that the library knows */
        side->loader._stub = (const void *)&any_stub;
        side->loader._status_bytes = 2;
    }
    content_init(&side->memory, &wanted.in, chip_id);
    for (unsigned at = 0; at < 2; at++) {
        const bundle_facts_t facts = {.chip_id = chip_id,
                                      .flash_mode = 0xFF,
                                      .flash_size_freq = 0xFF,
                                      .plain = at == LIAR_PLAIN_BUNDLE,
                                      .packed = at == LIAR_PACKED_BUNDLE};
        side->bytes[at] = bundle_make(&wanted.in, &facts, NULL);
        side->sources[at] = (bundle_memory_t){.data = side->bytes[at].data, .bytes = side->bytes[at].bytes};
        const reflash_source_t source = bundle_source(&side->sources[at]);
        need(reflash_bundle_open(&side->bundles[at], &source) == REFLASH_BUNDLE_GOOD, "a bundle");
    }
}

static void make_ready(void)
{
    if (!wanted.ready) {
        make_images();
        make_side(&wanted.sides[LIAR_ESP32_ROM], "esp32", 0, false);
        make_side(&wanted.sides[LIAR_ESP32C3_ROM], "esp32c3", 5, false);
        make_side(&wanted.sides[LIAR_ESP32_STUB], "esp32", 0, true);
        wanted.ready = true;
    }
}

/* --- Answers --------------------------------------------------------------------------------------------- */

static liar_t *self(esp_loader_port_t *port)
{
    return container_of(port, liar_t, port);
}

static uint8_t draw(liar_t *liar)
{
    return liar->draw(liar->context);
}

static uint32_t word(const liar_t *liar, unsigned index)
{
    const uint8_t *at = liar->request + HEADER_BYTES + 4 * index;
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void queue(liar_t *liar, uint8_t byte)
{
    if (liar->answer_end < LIAR_ANSWER_BYTES_MAX) {
        liar->answer[liar->answer_end++] = byte;
    }
}

static void queue_frame(liar_t *liar, const uint8_t *frame, uint32_t bytes)
{
    queue(liar, SLIP_END);
    for (uint32_t at = 0; at < bytes; at++) {
        if (frame[at] == SLIP_END || frame[at] == SLIP_ESC) {
            queue(liar, SLIP_ESC);
            queue(liar, frame[at] == SLIP_END ? 0xDC : 0xDD);
        } else {
            queue(liar, frame[at]);
        }
    }
    queue(liar, SLIP_END);
}

/* The digest as a stub tells it or as a mask ROM does; returns how many bytes. */
static uint32_t put_digest(const liar_t *liar, const uint8_t md5[DIGEST_BYTES], uint8_t *out)
{
    if (liar->stub) {
        memcpy(out, md5, DIGEST_BYTES);
        return DIGEST_BYTES;
    }
    for (unsigned at = 0; at < 2 * DIGEST_BYTES; at++) {
        out[at] = (uint8_t) "0123456789abcdef"[at % 2 == 0 ? md5[at / 2] >> 4 : md5[at / 2] & 0x0F];
    }
    return 2 * DIGEST_BYTES;
}

static bool is_in_flash(const liar_t *liar)
{
    return word(liar, 0) < LIAR_FLASH_BYTES && word(liar, 1) <= LIAR_FLASH_BYTES - word(liar, 0);
}

/* An answer without fault; to a question for a digest it is the right one, another or that of a blank sector. */
static uint32_t make_answer(liar_t *liar, uint8_t *frame)
{
    const uint8_t opcode = liar->request[1];
    uint32_t bytes = HEADER_BYTES;
    if (opcode == OP_MD5) {
        static uint8_t blank[SECTOR];
        uint8_t md5[DIGEST_BYTES];
        const uint8_t what = draw(liar);
        memset(blank, 0xFF, sizeof(blank));
        if (what % 8 == 0 || !is_in_flash(liar)) {
            digest(blank, sizeof(blank), md5);
        } else {
            digest(wanted.cells + word(liar, 0), word(liar, 1), md5);
            md5[what % DIGEST_BYTES] ^= (uint8_t)(what % 3 == 0 ? 1 + what / 2 : 0);
        }
        bytes += put_digest(liar, md5, frame + bytes);
    }
    memset(frame + bytes, 0, liar->status_bytes);
    bytes += liar->status_bytes;
    frame[0] = 1;
    frame[1] = opcode;
    frame[2] = (uint8_t)(bytes - HEADER_BYTES);
    frame[3] = 0;
    memset(frame + 4, 0, 4);
    return bytes;
}

/* Whether the frame tells the host the digest that it wants. */
static bool confirms(const liar_t *liar, const uint8_t *frame, uint32_t bytes)
{
    uint8_t md5[DIGEST_BYTES], told[2 * DIGEST_BYTES];
    if (liar->request[1] != OP_MD5 || !is_in_flash(liar)) {
        return false;
    }
    digest(wanted.cells + word(liar, 0), word(liar, 1), md5);
    const uint32_t told_bytes = put_digest(liar, md5, told);
    for (uint32_t at = 0; at < told_bytes; at++) {
        const uint8_t is = HEADER_BYTES + at < bytes ? frame[HEADER_BYTES + at] : 0;
        if (is != told[at] && (liar->stub || is + 0x20 != told[at] || is < 'A')) { /* either case */
            return false;
        }
    }
    return true;
}

static void set_confirmed(liar_t *liar, uint32_t from, uint32_t end, bool value)
{
    for (uint32_t sector = from / SECTOR; sector * SECTOR < end; sector++) {
        liar->confirmed[sector] = value;
    }
}

static void send_frame(liar_t *liar, const uint8_t *frame, uint32_t bytes)
{
    if (confirms(liar, frame, bytes)) {
        set_confirmed(liar, word(liar, 0), word(liar, 0) + word(liar, 1), true);
    }
    queue_frame(liar, frame, bytes);
}

/* The run of sectors that begins. */
static void forget_run(liar_t *liar)
{
    uint32_t sector = word(liar, 3) / SECTOR;
    while (sector < LIAR_FLASH_BYTES / SECTOR && sector / 8 < liar->job.memory_bytes &&
           (liar->job.memory[sector / 8] >> (sector % 8) & 1) != 0) {
        liar->confirmed[sector++] = false;
    }
}

enum { HONEST = 0xE0 }; /* of 256 */

static void answer(liar_t *liar)
{
    uint8_t frame[HEADER_BYTES + 256];
    const uint8_t opcode = liar->request[1];
    if (opcode == OP_FLASH_BEGIN || opcode == OP_DEFL_BEGIN) {
        forget_run(liar);
    }
    const uint8_t how = draw(liar);
    if (how == 0) {
        return; /* not a word */
    }
    liar->answer_at = liar->answer_end = 0;
    uint32_t bytes = make_answer(liar, frame);
    if (how >= 0x100 - HONEST) {
        send_frame(liar, frame, bytes);
        return;
    }
    switch (how % 8) {
    case 0: /* damaged */
        for (unsigned left = 1 + draw(liar) % 4; left > 0; left--) {
            frame[draw(liar) % bytes] ^= draw(liar);
        }
        send_frame(liar, frame, bytes);
        break;
    case 1: /* refused */
        frame[bytes - liar->status_bytes] = 1;
        frame[bytes - liar->status_bytes + 1] = draw(liar);
        send_frame(liar, frame, bytes);
        break;
    case 2: /* cut */
        send_frame(liar, frame, draw(liar) % bytes);
        break;
    case 3: /* too long, whatever its header says of it */
        for (unsigned left = draw(liar); left > 0 && bytes < sizeof(frame); left--) {
            frame[bytes++] = draw(liar);
        }
        frame[2] = draw(liar);
        send_frame(liar, frame, bytes);
        break;
    case 4: /* to another question, then to this one */
        frame[1] = draw(liar);
        queue_frame(liar, frame, bytes);
        frame[1] = opcode;
        send_frame(liar, frame, bytes);
        break;
    case 5: /* anything */
        for (unsigned left = draw(liar); left > 0; left--) {
            queue(liar, draw(liar));
        }
        break;
    case 6: /* late */
        liar->now_us += (uint64_t)draw(liar) * 20000;
        send_frame(liar, frame, bytes);
        break;
    default: /* for ever */
        liar->babbles = draw(liar) % 16 == 0;
        break;
    }
}

/* --- The port -------------------------------------------------------------------------------------------- */

static void nothing(esp_loader_port_t *port)
{
    (void)port;
}

static void start_timer(esp_loader_port_t *port, uint32_t ms)
{
    self(port)->deadline_us = self(port)->now_us + (uint64_t)ms * 1000;
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    const liar_t *liar = self(port);
    return liar->deadline_us > liar->now_us ? (uint32_t)((liar->deadline_us - liar->now_us + 999) / 1000) : 0;
}

static void delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    self(port)->now_us += (uint64_t)ms * 1000;
}

static esp_loader_error_t write_bytes(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    liar_t *liar = self(port);
    (void)timeout;
    for (uint16_t at = 0; at < size; at++) {
        const uint8_t byte = data[at];
        liar->now_us += BYTE_US;
        if (byte == SLIP_END) {
            if (liar->request_bytes >= HEADER_BYTES) {
                answer(liar);
            }
            liar->request_bytes = 0;
            liar->escaped = false;
            memset(liar->request, 0, sizeof(liar->request));
        } else if (byte == SLIP_ESC) {
            liar->escaped = true;
        } else {
            const uint8_t plain = byte == 0xDC ? SLIP_END : SLIP_ESC;
            if (liar->request_bytes < sizeof(liar->request)) {
                liar->request[liar->request_bytes++] = liar->escaped ? plain : byte;
            }
            liar->escaped = false;
        }
    }
    const bool may_fail = draw(liar) == 0xFF;
    return may_fail && draw(liar) >= 0xF0 ? ESP_LOADER_ERROR_FAIL : ESP_LOADER_SUCCESS;
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    liar_t *liar = self(port);
    for (uint16_t at = 0; at < size; at++) {
        liar->now_us += BYTE_US;
        liar->bytes++;
        if (liar->answer_at < liar->answer_end) {
            data[at] = liar->answer[liar->answer_at++];
        } else if (liar->babbles) {
            data[at] = (uint8_t)(liar->bytes % 3 == 0 ? SLIP_END : draw(liar));
        } else {
            liar->now_us += (uint64_t)timeout * 1000;
            liar->bytes--;
            return ESP_LOADER_ERROR_TIMEOUT;
        }
    }
    return ESP_LOADER_SUCCESS;
}

static const esp_loader_port_ops_t liar_ops = {
    .enter_bootloader = nothing,
    .reset_target = nothing,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .write = write_bytes,
    .read = read_bytes,
};

/* --- The job --------------------------------------------------------------------------------------------- */

static liar_result_t run(liar_t *liar, liar_target_t target, const reflash_content_t *content)
{
    static uint8_t buffer[REFLASH_APPLY_BUFFER_BYTES];
    esp_loader_t loader = wanted.sides[target].loader;
    reflash_apply_t *job = &liar->job;
    *job = (reflash_apply_t){.memory_bytes = REFLASH_APPLY_MEMORY_BYTES(content->bundle->flash_bytes),
                             .buffer = buffer,
                             .buffer_bytes = sizeof(buffer)};
    job->memory = malloc(job->memory_bytes); /* of exactly its size, for the sanitizer */
    need(job->memory != NULL, "memory");
    liar->port.ops = &liar_ops;
    liar->stub = target == LIAR_ESP32_STUB;
    liar->status_bytes = loader._status_bytes;
    loader._port = &liar->port;
    const esp_loader_error_t err = reflash_apply(&loader, content, job);
    need((unsigned)err <= ESP_LOADER_ERROR_INVALID_RESPONSE, "one of the library's codes");
    free(job->memory);
    job->memory = NULL;
    return (liar_result_t){.err = err, .took_us = liar->now_us, .bytes = liar->bytes, .written = job->sectors_written};
}

liar_result_t liar_run(liar_target_t target, liar_source_t source, uint8_t (*draw_byte)(void *context), void *context)
{
    make_ready();
    side_t *side = &wanted.sides[target];
    liar_t liar = {.draw = draw_byte, .context = context};
    const reflash_content_t contents[LIAR_SOURCES] = {
        [LIAR_PLAIN_BUNDLE] = {&reflash_bundle_ops, &side->bundles[LIAR_PLAIN_BUNDLE]},
        [LIAR_PACKED_BUNDLE] = {&reflash_bundle_ops, &side->bundles[LIAR_PACKED_BUNDLE]},
        [LIAR_MEMORY] = side->memory.content,
    };
    const liar_result_t result = run(&liar, target, &contents[source]);
    for (unsigned at = 0; result.err == ESP_LOADER_SUCCESS && at < LIAR_IMAGES; at++) {
        for (uint32_t byte = 0; byte < layout[at].bytes; byte += SECTOR) {
            need(liar.confirmed[(layout[at].flash_addr + byte) / SECTOR] != 0,
                 "success that the target never confirmed");
        }
    }
    return result;
}

liar_result_t liar_run_bundle(liar_target_t target, reflash_bundle_t *bundle, uint8_t (*draw_byte)(void *context),
                              void *context)
{
    make_ready();
    wanted.sides[target].loader._flash_bytes = 1 << 24;
    bundle->chip_id = wanted.sides[target].bundles[0].chip_id;
    liar_t liar = {.draw = draw_byte, .context = context};
    return run(&liar, target, &(reflash_content_t){&reflash_bundle_ops, bundle});
}
