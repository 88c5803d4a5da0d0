/* SPDX-License-Identifier: Apache-2.0 */
/* Replays recorded conversations with a mask ROM or a RAM stub on espsim: the parser of trace files and the runner. */
#include "replay.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    FLASH_BYTES = 4 * 1024 * 1024,
    CUT_WIRE_BYTES = 32, /* how much of a long request a '~' line keeps */
    SYNC = 0x08,
    READ_REG = 0x0a,
    FLASH_DATA = 0x03,
    MEM_DATA = 0x07,
    FLASH_DEFL_DATA = 0x11,
};

#define MS_NS 1000000u
#define BYTE_NS 86806u                   /* 10 bits at 115200 baud */
#define PAUSE_MS 100.0                   /* the recorder slept at least that long where it meant to pause */
#define WAIT_LIMIT_NS (10000ull * MS_NS) /* the longest job in the traces, 1 MB of MD5, takes 2.5 s */
#define WAIT_LIMIT_STEPS 20000000u       /* a chip that has events without end and gets nowhere */

struct bytes {
    uint8_t *at;
    size_t count, capacity;
};

struct replay {
    espsim_config_t config;
    espsim_program_t program;
    char program_prints[64];
    struct bytes program_code;
    char start[64];
    espsim_stub_t stub;
    espsim_stub_code_t stub_code;
    espsim_t *sim; /* NULL: not started yet */
    uint8_t *flash, *flash_before;

    struct bytes sent_by_chip;
    size_t accepted;       /* bytes of it that are dealt with                                */
    struct bytes expected; /* recorded bytes that must follow them                           */
    bool endless;          /* the chip keeps talking, so it cannot be asked for an exact end */

    bool host_sent_last;
    uint64_t send_start_ns;
    double send_start_ms;
    uint64_t gap_ns;
    struct bytes stream; /* what FLASH_DEFL_DATA of '~' lines takes its payload from */
    size_t stream_taken;

    size_t compare_bytes; /* of the next recorded line; SIZE_MAX: all */
    unsigned exceptions;
    char error[1024];
};

static bool fail(replay_t *r, const char *format, ...)
{
    if (r->error[0] == 0) {
        va_list args;
        va_start(args, format);
        vsnprintf(r->error, sizeof(r->error), format, args);
        va_end(args);
    }
    return false;
}

/* --- Bytes ------------------------------------------------------------------------------------------- */

static void put(struct bytes *bytes, const void *from, size_t count)
{
    if (bytes->capacity - bytes->count < count) {
        bytes->capacity = 2 * (bytes->count + count);
        bytes->at = realloc(bytes->at, bytes->capacity);
        if (bytes->at == NULL) {
            abort();
        }
    }
    if (count != 0) {
        memcpy(bytes->at + bytes->count, from, count);
    }
    bytes->count += count;
}

static void put_byte(struct bytes *bytes, unsigned byte)
{
    const uint8_t one = (uint8_t)byte;
    put(bytes, &one, 1);
}

static void put_le32(struct bytes *bytes, uint32_t value)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        put_byte(bytes, value >> shift & 0xff);
    }
}

static uint32_t get_le32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static void put_frame(struct bytes *wire, const uint8_t *plain, size_t count)
{
    put_byte(wire, 0xc0);
    for (size_t i = 0; i < count; i++) {
        if (plain[i] == 0xc0) {
            put(wire, "\xdb\xdc", 2);
        } else if (plain[i] == 0xdb) {
            put(wire, "\xdb\xdd", 2);
        } else {
            put_byte(wire, plain[i]);
        }
    }
    put_byte(wire, 0xc0);
}

/* Block pattern k of the traces' README. It repeats every 2048 bytes. */
static uint8_t pattern_byte(uint32_t k, uint64_t i)
{
    return (uint8_t)(7 * i + (i * i >> 4) + 31 * k);
}

/* Stands for the recorder's random data of which only the length is known. */
static void make_noise(uint8_t *to, size_t count)
{
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        to[i] = (uint8_t)(state >> 24);
    }
}

/* --- Words of a line --------------------------------------------------------------------------------- */

static void skip_spaces(const char **at)
{
    while (**at == ' ') {
        ++*at;
    }
}

static bool take_word(const char **at, const char *word)
{
    const size_t count = strlen(word);
    skip_spaces(at);
    if (strncmp(*at, word, count) != 0 || ((*at)[count] != 0 && (*at)[count] != ' ')) {
        return false;
    }
    *at += count;
    return true;
}

static bool take_number(const char **at, uint32_t *value)
{
    char *end;
    skip_spaces(at);
    const unsigned long number = strtoul(*at, &end, 0);
    if (end == *at || number > UINT32_MAX) {
        return false;
    }
    *at = end;
    *value = (uint32_t)number;
    return true;
}

static bool take_ms(const char **at, double *ms)
{
    char *end;
    *ms = strtod(*at, &end);
    if (end == *at || *ms < 0) {
        return false;
    }
    *at = end;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

/* One word of hex digits, at least one byte. */
static bool take_hex(const char **at, struct bytes *to)
{
    skip_spaces(at);
    const char *const start = *at;
    while (hex_digit((*at)[0]) >= 0 && hex_digit((*at)[1]) >= 0) {
        put_byte(to, (unsigned)(hex_digit((*at)[0]) << 4 | hex_digit((*at)[1])));
        *at += 2;
    }
    return *at != start && (**at == 0 || **at == ' ');
}

/* Flash content: "pattern K", "noise", or hex bytes that repeat. */
static bool take_content(const char **at, uint8_t *to, size_t count)
{
    if (take_word(at, "pattern")) {
        uint32_t k;
        if (!take_number(at, &k)) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            to[i] = pattern_byte(k, i);
        }
        return true;
    }
    if (take_word(at, "noise")) {
        make_noise(to, count);
        return true;
    }
    struct bytes piece = {0};
    const bool ok = take_hex(at, &piece);
    for (size_t i = 0; ok && i < count; i++) {
        to[i] = piece.at[i % piece.count];
    }
    free(piece.at);
    return ok;
}

static bool at_end(const char *at)
{
    skip_spaces(&at);
    return *at == 0;
}

/* --- The chip ---------------------------------------------------------------------------------------- */

static void collect(replay_t *r)
{
    uint8_t byte;
    while (espsim_transmit(r->sim, &byte, 0)) {
        put_byte(&r->sent_by_chip, byte);
    }
}

static void let_pass(replay_t *r, uint64_t ns)
{
    espsim_advance(r->sim, espsim_now(r->sim) + ns);
    collect(r);
}

static bool run_until_idle(replay_t *r)
{
    const uint64_t end_ns = espsim_now(r->sim) + WAIT_LIMIT_NS;
    for (uint32_t step = 0; step < WAIT_LIMIT_STEPS; step++) {
        collect(r);
        const uint64_t next_ns = espsim_next_event(r->sim);
        if (next_ns > end_ns) {
            return true;
        }
        espsim_advance(r->sim, next_ns > espsim_now(r->sim) ? next_ns : espsim_now(r->sim));
    }
    return fail(r, "the chip has events without end");
}

static void send_wire(replay_t *r, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        let_pass(r, r->gap_ns);
        espsim_receive(r->sim, bytes[i], 0);
    }
    collect(r);
}

static bool start_stub(replay_t *r)
{
    return strstr(r->start, "stub") == NULL ||
           (r->stub != ESPSIM_STUB_NONE && espsim_run_stub(r->sim, r->stub) && run_until_idle(r)) ||
           fail(r, "no stub to start");
}

static bool start_with(replay_t *r, const char *name, const char *frame)
{
    if (strstr(r->start, name) == NULL) {
        return true;
    }
    struct bytes wire = {0};
    const bool ok = take_hex(&frame, &wire);
    send_wire(r, wire.at, wire.count);
    free(wire.at);
    return ok && run_until_idle(r);
}

#define SYNC_FRAME "c00008240000000000070712205555555555555555555555555555555555555555555555555555555555555555c0"
#define SET_PARAMS_FRAME "c0000b1800000000000000000000004000000001000010000000010000ffff0000c0"
#define READ_REG_FRAME "c0000a04000000000000100040c0"

/* Reset the chip, and do what the recorder did before it began to record. */
static bool ensure_started(replay_t *r)
{
    if (r->sim != NULL) {
        return true;
    }
    if (r->config.rom == NULL) {
        return fail(r, "no chip is named");
    }
    r->config.blank_efuse = true;
    r->sim = espsim_create(&r->config);
    if (r->sim == NULL) {
        return fail(r, "espsim_create refused the configuration");
    }
    memcpy(r->flash_before, r->flash, FLASH_BYTES);
    espsim_set_lines(r->sim, false, false);
    if (strstr(r->start, "banner") != NULL) {
        return true;
    }
    const bool ok =
        run_until_idle(r) && start_with(r, "sync", SYNC_FRAME) && start_with(r, "read_reg", READ_REG_FRAME) &&
        start_with(r, "attach", "c0000d0800000000000000000000000000c0") && start_with(r, "params", SET_PARAMS_FRAME) &&
        start_stub(r) && start_with(r, "size", SET_PARAMS_FRAME);
    r->accepted = r->sent_by_chip.count;
    return ok;
}

/* --- What it sent ------------------------------------------------------------------------------------ */

static void print_hex(char *to, size_t to_bytes, const uint8_t *from, size_t count, size_t first, size_t last)
{
    size_t used = 0;
    to[0] = 0;
    for (size_t i = first; i < last && i < count && used + 3 < to_bytes; i++) {
        used += (size_t)snprintf(to + used, to_bytes - used, "%02x", from[i]);
    }
}

static bool report_difference(replay_t *r, const uint8_t *got, size_t got_count, size_t offset)
{
    char expected_hex[100], got_hex[100];
    const size_t first = offset > 8 ? offset - 8 : 0;
    print_hex(expected_hex, sizeof(expected_hex), r->expected.at, r->expected.count, first, offset + 40);
    print_hex(got_hex, sizeof(got_hex), got, got_count, first, offset + 40);
    return fail(r, "differs from byte %zu on (%zu recorded, %zu sent); from byte %zu on\n  recorded %s\n  sent     %s",
                offset, r->expected.count, got_count, first, expected_hex, got_hex);
}

/* Everything recorded so far was sent; more may have been. */
static bool check_prefix(replay_t *r)
{
    const uint8_t *const got = r->sent_by_chip.at + r->accepted;
    const size_t got_count = r->sent_by_chip.count - r->accepted;
    for (size_t i = 0; i < r->expected.count; i++) {
        if (i >= got_count || got[i] != r->expected.at[i]) {
            return report_difference(r, got, got_count, i);
        }
    }
    return true;
}

static void accept_all(replay_t *r)
{
    r->accepted = r->sent_by_chip.count;
    r->expected.count = 0;
}

bool replay_wait(replay_t *r)
{
    r->host_sent_last = false;
    return ensure_started(r) && run_until_idle(r);
}

bool replay_settle(replay_t *r)
{
    if (!replay_wait(r) || !check_prefix(r)) {
        return false;
    }
    if (r->compare_bytes != SIZE_MAX) {
        return fail(r, "only-prefix has no line to spare");
    }
    if (!r->endless && r->sent_by_chip.count - r->accepted > r->expected.count) {
        return report_difference(r, r->sent_by_chip.at + r->accepted, r->sent_by_chip.count - r->accepted,
                                 r->expected.count);
    }
    accept_all(r);
    return true;
}

/* Frames with answers to `op` among what is not accepted yet; -1: any op. */
static unsigned count_answers(const replay_t *r, int op)
{
    unsigned answer_count = 0;
    size_t start = r->sent_by_chip.count;
    for (size_t i = r->accepted; i < r->sent_by_chip.count; i++) {
        if (r->sent_by_chip.at[i] != 0xc0) {
            continue;
        }
        const uint8_t *const frame = r->sent_by_chip.at + start;
        if (i >= start + 10 && frame[0] == 1 && (op < 0 || frame[1] == op)) {
            answer_count++;
        }
        start = i + 1;
    }
    return answer_count;
}

/* --- Lines of the recording -------------------------------------------------------------------------- */

/* An answer recorded in between means that the host waited for it; otherwise it went on at once, unless the
 * clock tells of a pause. */
static bool begin_send(replay_t *r, double ms)
{
    if (!ensure_started(r)) {
        return false;
    }
    if (!r->host_sent_last) {
        if (!run_until_idle(r) || !check_prefix(r)) {
            return false;
        }
    } else if (ms - r->send_start_ms > PAUSE_MS) {
        const uint64_t due_ns = r->send_start_ns + (uint64_t)((ms - r->send_start_ms) * MS_NS);
        if (due_ns > espsim_now(r->sim)) {
            let_pass(r, due_ns - espsim_now(r->sim));
        }
    }
    r->host_sent_last = true;
    r->send_start_ms = ms;
    r->send_start_ns = espsim_now(r->sim);
    return true;
}

static bool on_host_sends(replay_t *r, const char *at)
{
    double ms;
    struct bytes wire = {0};
    bool ok = (take_ms(&at, &ms) && take_hex(&at, &wire) && at_end(at)) || fail(r, "not a '>' line");
    ok = ok && begin_send(r, ms);
    if (ok) {
        send_wire(r, wire.at, wire.count);
    }
    free(wire.at);
    return ok;
}

static bool on_chip_sends(replay_t *r, const char *at)
{
    double ms;
    const size_t before = r->expected.count;
    if (!take_ms(&at, &ms) || !take_hex(&at, &r->expected) || !at_end(at)) {
        return fail(r, "not a '<' or '!' line");
    }
    if (r->compare_bytes != SIZE_MAX) {
        if (r->compare_bytes >= r->expected.count - before) {
            return fail(r, "only-prefix spares nothing");
        }
        r->expected.count = before + r->compare_bytes;
        r->compare_bytes = SIZE_MAX;
        r->exceptions++;
    }
    r->host_sent_last = false;
    return true;
}

/* Data of block `data` in a request whose beginning is `head`: the pattern that continues it. */
static bool put_pattern(struct bytes *request, const struct bytes *head, size_t data_bytes, uint32_t block_index)
{
    for (uint32_t k = 0; k < 256; k++) {
        size_t i = 24;
        while (i < head->count && head->at[i] == pattern_byte(k, i - 24)) {
            i++;
        }
        if (i < head->count) {
            continue;
        }
        for (i = 0; i < data_bytes; i++) {
            put_byte(request, pattern_byte(k + block_index, i));
        }
        return true;
    }
    return false;
}

static bool put_stream(replay_t *r, struct bytes *request, size_t data_bytes)
{
    if (get_le32(request->at + 12) == 0) {
        r->stream_taken = 0;
    }
    if (r->stream.count - r->stream_taken < data_bytes) {
        return false;
    }
    put(request, r->stream.at + r->stream_taken, data_bytes);
    r->stream_taken += data_bytes;
    return true;
}

/* The whole of a data request of which only the beginning was recorded. */
static bool rebuild_data(replay_t *r, struct bytes *request, const struct bytes *head, uint32_t block_index)
{
    const size_t payload_bytes = head->count < 24 ? 0 : (size_t)(head->at[2] | head->at[3] << 8);
    if (payload_bytes < 16) {
        return fail(r, "'~' line holds no data request");
    }
    const size_t data_bytes = payload_bytes - 16;
    put(request, head->at, 12);
    put_le32(request, get_le32(head->at + 12) + block_index);
    put(request, head->at + 16, 8);
    if (head->at[1] == FLASH_DEFL_DATA) {
        if (!put_stream(r, request, data_bytes)) {
            return fail(r, "no stream to take %zu bytes from", data_bytes);
        }
    } else if (!put_pattern(request, head, data_bytes, block_index)) {
        return fail(r, "'~' line holds no block pattern");
    }
    request->at[4] = 0xef;
    for (size_t i = 24; i < request->count; i++) {
        request->at[4] ^= request->at[i];
    }
    return true;
}

static bool rebuild(replay_t *r, struct bytes *wire, const struct bytes *head, uint32_t wire_bytes, uint32_t index)
{
    const uint8_t op = head->at[1];
    struct bytes request = {0};
    bool ok = true;
    if (op == SYNC || op == READ_REG) {
        put(&request, head->at, head->count);
        while (request.count < wire_bytes - 2) {
            put_byte(&request, 0x55);
        }
    } else if (op == FLASH_DATA || op == MEM_DATA || op == FLASH_DEFL_DATA) {
        ok = rebuild_data(r, &request, head, index);
    } else {
        ok = fail(r, "'~' line of a request that cannot be rebuilt");
    }
    if (ok) {
        put_frame(wire, request.at, request.count);
    }
    free(request.at);
    return ok;
}

/* What was recorded of a rebuilt request is what we are about to send. Of the stand-in for random data
 * that is the header without its checksum and, in the first block, the framing of the stream. */
static bool check_rebuilt(replay_t *r, const struct bytes *wire, const struct bytes *cut, uint32_t wire_bytes)
{
    const bool stand_in = cut->at[2] == FLASH_DEFL_DATA;
    const bool first_block = get_le32(cut->at + 13) == 0;
    for (size_t i = 0; i < cut->count; i++) {
        if (stand_in && (i == 5 || (i >= 25 && !first_block))) {
            continue;
        }
        if (wire->at[i] != cut->at[i]) {
            return fail(r, "rebuilt request differs at byte %zu", i);
        }
    }
    if (!stand_in && wire->count != wire_bytes) {
        return fail(r, "rebuilt request has %zu wire bytes instead of %" PRIu32, wire->count, wire_bytes);
    }
    return true;
}

static bool on_host_sends_long(replay_t *r, const char *at)
{
    double ms;
    uint32_t wire_bytes, request_count = 1;
    struct bytes cut = {0}, head = {0}, wire = {0};
    bool ok = take_ms(&at, &ms) && take_hex(&at, &cut) && take_number(&at, &wire_bytes);
    if (ok && !at_end(at)) {
        ok = take_number(&at, &request_count);
    }
    ok = (ok && cut.count == CUT_WIRE_BYTES && at_end(at)) || fail(r, "not a '~' line");
    if (ok) {
        for (size_t i = 1; i < cut.count; i++) {
            const bool escape = cut.at[i] == 0xdb;
            if (escape && ++i == cut.count) {
                break;
            }
            put_byte(&head, !escape ? cut.at[i] : cut.at[i] == 0xdc ? 0xc0 : 0xdb);
        }
    }
    for (uint32_t index = 0; ok && index < request_count; index++) {
        ok = rebuild(r, &wire, &head, wire_bytes, index);
    }
    ok = ok && check_rebuilt(r, &wire, &cut, wire_bytes) && begin_send(r, ms);
    if (ok) {
        send_wire(r, wire.at, wire.count);
    }
    free(cut.at);
    free(head.at);
    free(wire.at);
    return ok;
}

/* --- Directives -------------------------------------------------------------------------------------- */

static bool set_chip(replay_t *r, const char *at)
{
    skip_spaces(&at);
    r->config.rom = espsim_rom_by_name(at);
    return r->config.rom != NULL || fail(r, "no such chip");
}

static bool set_strapping(replay_t *r, const char *at)
{
    uint32_t word;
    if (!take_number(&at, &word) || word > 0xff) {
        return fail(r, "not a strapping word");
    }
    r->config.strapping = (uint8_t)word;
    return true;
}

static bool set_start(replay_t *r, const char *at)
{
    snprintf(r->start, sizeof(r->start), "%s", at);
    return true;
}

/* With an entry point, whatever lies there counts as the stub. */
static bool set_stub(replay_t *r, const char *at)
{
    static const uint8_t sha256_of_nothing[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                                0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                                0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    uint32_t entry = 0;
    r->stub = take_word(&at, "1") ? ESPSIM_STUB_1 : take_word(&at, "2.0") ? ESPSIM_STUB_2_0 : ESPSIM_STUB_NONE;
    if (r->stub == ESPSIM_STUB_NONE || r->config.rom == NULL || (!at_end(at) && !take_number(&at, &entry))) {
        return fail(r, "not a stub, or no chip yet");
    }
    r->stub_code = (espsim_stub_code_t){.chip = espsim_rom_name(r->config.rom), .stub = r->stub, .entry = entry};
    memcpy(r->stub_code.text_sha256, sha256_of_nothing, sizeof(sha256_of_nothing));
    r->config.stubs = &r->stub_code;
    r->config.stub_count = entry != 0 ? 1 : 0;
    return at_end(at) || fail(r, "not a stub");
}

static bool set_flash(replay_t *r, const char *at)
{
    return (take_content(&at, r->flash, FLASH_BYTES) && at_end(at)) || fail(r, "not a flash content");
}

static bool set_timing(replay_t *r, const char *at)
{
    if (!take_word(&at, "typical")) {
        return fail(r, "not a timing");
    }
    r->config.timing = espsim_timing_typical();
    return true;
}

static bool set_program(replay_t *r, const char *at)
{
    uint32_t entry_offset;
    if (!take_number(&at, &entry_offset)) {
        return fail(r, "not a program");
    }
    skip_spaces(&at);
    const int prints_bytes = (int)strcspn(at, " ");
    snprintf(r->program_prints, sizeof(r->program_prints), "%.*s", prints_bytes, at);
    at += prints_bytes;
    if (!take_hex(&at, &r->program_code) || !at_end(at)) {
        return fail(r, "not a program");
    }
    r->program = (espsim_program_t){
        .code = r->program_code.at,
        .code_bytes = r->program_code.count,
        .entry_offset = entry_offset,
        .prints = r->program_prints,
        .returns = true,
    };
    r->config.programs = &r->program;
    r->config.program_count = 1;
    return true;
}

static bool set_gap(replay_t *r, const char *at)
{
    uint32_t gap_ms;
    if (!take_number(&at, &gap_ms)) {
        return fail(r, "not a time");
    }
    r->gap_ns = (uint64_t)gap_ms * MS_NS;
    return true;
}

/* A zlib stream of stored deflate blocks of the given sizes, all noise. */
static bool set_stream(replay_t *r, const char *at)
{
    uint32_t block_bytes[16];
    size_t block_count = 0, total_bytes = 0;
    while (!at_end(at)) {
        if (block_count == sizeof(block_bytes) / sizeof(block_bytes[0]) ||
            !take_number(&at, &block_bytes[block_count])) {
            return fail(r, "not a list of block sizes");
        }
        total_bytes += block_bytes[block_count++];
    }
    uint8_t *const data = malloc(total_bytes + 1);
    if (data == NULL) {
        abort();
    }
    make_noise(data, total_bytes);
    r->stream.count = 0;
    put(&r->stream, "\x78\xda", 2);
    const uint8_t *from = data;
    for (size_t i = 0; i < block_count; i++) {
        const uint32_t length = block_bytes[i];
        put_byte(&r->stream, i + 1 == block_count);
        put_le32(&r->stream, length | ~length << 16);
        put(&r->stream, from, length);
        from += length;
    }
    const uint32_t adler = (uint32_t)adler32(adler32(0, NULL, 0), data, (uInt)total_bytes);
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        put_byte(&r->stream, adler >> (shift - 8) & 0xff);
    }
    free(data);
    return true;
}

static bool do_send(replay_t *r, const char *at)
{
    uint32_t request_count;
    struct bytes wire = {0};
    bool ok = (take_number(&at, &request_count) && take_hex(&at, &wire) && at_end(at)) || fail(r, "not a request");
    ok = ok && begin_send(r, r->send_start_ms);
    for (uint32_t i = 0; ok && i < request_count; i++) {
        send_wire(r, wire.at, wire.count);
    }
    free(wire.at);
    return ok;
}

/* "0a:5 13:1": since the last such line the chip sent these answers and no others. */
static bool check_answers(replay_t *r, const char *at)
{
    unsigned total = 0;
    if (!replay_wait(r)) {
        return false;
    }
    if (r->expected.count != 0) {
        return fail(r, "answers cannot be both recorded and counted");
    }
    while (!at_end(at)) {
        int used = 0;
        unsigned op, count;
        if (sscanf(at, " %2x:%u%n", &op, &count, &used) != 2) {
            return fail(r, "not a list of OP:COUNT");
        }
        at += used;
        total += count;
        const unsigned got = count_answers(r, (int)op);
        if (got != count) {
            return fail(r, "%u answers to %02x instead of %u", got, op, count);
        }
    }
    const unsigned got_total = count_answers(r, -1);
    if (got_total != total) {
        return fail(r, "%u answers instead of %u", got_total, total);
    }
    accept_all(r);
    return true;
}

static unsigned ask(replay_t *r, const char *frame, int op)
{
    struct bytes wire = {0};
    take_hex(&frame, &wire);
    send_wire(r, wire.at, wire.count);
    free(wire.at);
    run_until_idle(r);
    const unsigned answer_count = count_answers(r, op);
    accept_all(r);
    return answer_count;
}

/* Asks as the recorder did after each scenario: READ_REG, and SYNC if that gets no answer. */
static bool check_alive(replay_t *r, const char *at)
{
    if (!replay_settle(r)) {
        return false;
    }
    r->gap_ns = BYTE_NS;
    const unsigned read_reg_count = ask(r, READ_REG_FRAME, READ_REG);
    const unsigned sync_count = read_reg_count == 0 ? ask(r, SYNC_FRAME, SYNC) : 0;
    const char *const found = read_reg_count == 1 ? "yes"
                              : sync_count == 8   ? "after-sync"
                              : sync_count == 0   ? "no"
                                                  : "?";
    return take_word(&at, found) ||
           fail(r, "chip alive: %s (%u answers to READ_REG, %u to SYNC)", found, read_reg_count, sync_count);
}

static bool check_flash(replay_t *r, const char *at)
{
    uint32_t addr, count;
    if (!replay_wait(r) || !check_prefix(r)) {
        return false;
    }
    if (!take_number(&at, &addr) || !take_number(&at, &count) || addr > FLASH_BYTES || count > FLASH_BYTES - addr) {
        return fail(r, "not a range of flash");
    }
    uint8_t *const content = malloc((size_t)count + 1);
    if (content == NULL) {
        abort();
    }
    bool ok = (take_content(&at, content, count) && at_end(at)) || fail(r, "not a flash content");
    for (uint32_t i = 0; ok && i < count; i++) {
        if (r->flash[addr + i] != content[i]) {
            ok = fail(r, "flash at 0x%" PRIx32 " is %02x instead of %02x", addr + i, r->flash[addr + i], content[i]);
        }
    }
    free(content);
    return ok;
}

static bool check_changed(replay_t *r, const char *at)
{
    if (!replay_wait(r) || !check_prefix(r)) {
        return false;
    }
    uint32_t first = 0, last = FLASH_BYTES - 1, first_expected, last_expected;
    while (first < FLASH_BYTES && r->flash[first] == r->flash_before[first]) {
        first++;
    }
    if (take_word(&at, "nothing")) {
        return first == FLASH_BYTES || fail(r, "flash changed at 0x%" PRIx32, first);
    }
    while (last > first && r->flash[last] == r->flash_before[last]) {
        last--;
    }
    if (!take_number(&at, &first_expected) || !take_number(&at, &last_expected)) {
        return fail(r, "not a range");
    }
    return (first == first_expected && last == last_expected) ||
           fail(r, "flash changed from 0x%" PRIx32 " to 0x%" PRIx32, first, last);
}

/* The chip goes on as it began, with a period of so many bytes. */
static bool check_repeats(replay_t *r, const char *at)
{
    uint32_t period_bytes;
    if (!take_number(&at, &period_bytes) || period_bytes == 0) {
        return fail(r, "not a number of bytes");
    }
    if (!replay_wait(r) || !check_prefix(r)) {
        return false;
    }
    const uint8_t *const got = r->sent_by_chip.at + r->accepted;
    const size_t got_count = r->sent_by_chip.count - r->accepted;
    if (got_count < r->expected.count + period_bytes) {
        return fail(r, "the chip stopped after %zu bytes", got_count);
    }
    for (size_t i = r->expected.count; i < got_count; i++) {
        if (got[i] != got[i - period_bytes]) {
            return fail(r, "byte %zu does not repeat", i);
        }
    }
    accept_all(r);
    r->endless = true;
    return true;
}

static bool set_only_prefix(replay_t *r, const char *at)
{
    uint32_t count;
    if (!take_number(&at, &count) || at_end(at)) {
        return fail(r, "only-prefix wants a number of bytes and a reason");
    }
    r->compare_bytes = count;
    return true;
}

/* The next line was not recorded in this scenario. */
static bool set_borrowed(replay_t *r, const char *at)
{
    if (at_end(at)) {
        return fail(r, "borrowed wants a reason");
    }
    r->exceptions++;
    return true;
}

static const struct {
    const char *name;
    bool before_start;
    bool (*run)(replay_t *r, const char *at);
} directives[] = {
    {"chip", true, set_chip},          {"strapping", true, set_strapping},
    {"start", true, set_start},        {"stub", true, set_stub},
    {"flash", true, set_flash},        {"timing", true, set_timing},
    {"program", true, set_program},    {"gap", false, set_gap},
    {"stream", false, set_stream},     {"only-prefix", false, set_only_prefix},
    {"borrowed", false, set_borrowed}, {"send", false, do_send},
    {"answers", false, check_answers}, {"alive", false, check_alive},
    {"expect", false, check_flash},    {"changed", false, check_changed},
    {"repeats", false, check_repeats},
};

static bool on_directive(replay_t *r, const char *at)
{
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
        if (!take_word(&at, directives[i].name)) {
            continue;
        }
        if (directives[i].before_start && r->sim != NULL) {
            return fail(r, "too late, the chip is running");
        }
        return directives[i].run(r, at);
    }
    return fail(r, "unknown directive");
}

/* --- Runner ------------------------------------------------------------------------------------------ */

replay_t *replay_open(espsim_spi_watch_t watch, void *watch_context)
{
    replay_t *const r = calloc(1, sizeof(*r));
    uint8_t *const flash = malloc(FLASH_BYTES), *const flash_before = malloc(FLASH_BYTES);
    if (r == NULL || flash == NULL || flash_before == NULL) {
        abort();
    }
    memset(flash, 0xff, FLASH_BYTES);
    r->flash = flash;
    r->flash_before = flash_before;
    r->config.flash = flash;
    r->config.flash_bytes = FLASH_BYTES;
    r->config.trained = true;
    r->config.timing.instant = true;
    r->config.spi_watch = watch;
    r->config.spi_watch_context = watch_context;
    r->gap_ns = BYTE_NS;
    r->compare_bytes = SIZE_MAX;
    return r;
}

void replay_close(replay_t *r)
{
    if (r->sim != NULL) {
        espsim_destroy(r->sim);
    }
    free(r->flash);
    free(r->flash_before);
    free(r->program_code.at);
    free(r->sent_by_chip.at);
    free(r->expected.at);
    free(r->stream.at);
    free(r);
}

bool replay_line(replay_t *r, const char *line)
{
    switch (line[0]) {
    case 0:
    case '#':
        return true;
    case '>':
        return on_host_sends(r, line + 1);
    case '~':
        return on_host_sends_long(r, line + 1);
    case '<':
    case '!':
        return on_chip_sends(r, line + 1);
    case '$':
        return on_directive(r, line + 1);
    default:
        return fail(r, "not a line of a trace");
    }
}

const char *replay_error(const replay_t *r)
{
    return r->error;
}

unsigned replay_exceptions(const replay_t *r)
{
    return r->exceptions;
}

/* --- Trace files ------------------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
    FILE *const file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    struct bytes text = {0};
    uint8_t chunk[4096];
    for (size_t count; (count = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
        put(&text, chunk, count);
    }
    fclose(file);
    put_byte(&text, 0);
    return (char *)text.at;
}

bool trace_load(trace_t *trace, const char *path)
{
    *trace = (trace_t){.path = path, .text = read_text(path)};
    if (trace->text == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    size_t line_limit = 1;
    for (const char *c = trace->text; *c != 0; c++) {
        line_limit += *c == '\n';
    }
    trace->lines = calloc(line_limit, sizeof(*trace->lines));
    trace->scenarios = calloc(line_limit, sizeof(*trace->scenarios));
    if (trace->lines == NULL || trace->scenarios == NULL) {
        abort();
    }

    trace_scenario_t *current = &trace->preamble;
    *current = (trace_scenario_t){.name = "preamble", .lines = trace->lines, .first_line_number = 1};
    char *at = trace->text;
    for (size_t line_index = 0; line_index < line_limit; line_index++) {
        char *const end = strchr(at, '\n');
        if (end != NULL) {
            *end = 0;
        }
        trace->lines[line_index] = at;
        if (at[0] == '@') {
            current = &trace->scenarios[trace->scenario_count++];
            *current = (trace_scenario_t){at + 2, trace->lines + line_index + 1, 0, line_index + 2};
        } else {
            current->line_count++;
        }
        at = end != NULL ? end + 1 : at;
    }
    if (trace->scenario_count == 0) {
        fprintf(stderr, "%s: no scenarios\n", path);
    }
    return trace->scenario_count != 0;
}

void trace_free(trace_t *trace)
{
    free(trace->text);
    free(trace->lines);
    free(trace->scenarios);
}
