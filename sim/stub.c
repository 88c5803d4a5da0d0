/* SPDX-License-Identifier: Apache-2.0 */
/* The official RAM stubs: what they have in common, from being recognised to the parts of a request and an answer.
 *
 * No stub's code is here or runs here. Their behaviour was written from what they answered when they were
 * recorded, and for what the recordings do not show from how they are known to work (docs/espsim.md). */
#include "chip.h"

#include <mbedtls/md.h>
#include <string.h>

#include "stub_codes.h"

enum { END = 0xC0, ESC = 0xDB, ESC_END = 0xDC, ESC_ESC = 0xDD, HEADER_BYTES = 8, SHA256_BYTES = 32 };

static const espsim_stub_row_t rows[] = {
    {.stub = ESPSIM_STUB_1,
     .buffer_bytes = 0x4000 + 64,
     .fifo_threshold = 120,
     .fifo_quiet_bytes = 10,
     .block_bytes_max = 0x4000,
     .flash_bytes = 0x1000000,
     .greeting_us = 10000,
     .baud_before_us = 10000,
     .baud_after_us = 1000,
     .take_byte = espsim_stub_take_byte_v1,
     .take_frame = espsim_stub_take_frame_v1},
    {.stub = ESPSIM_STUB_2_0,
     .buffer_bytes = 8 + 0x4000 + 255,
     .fifo_threshold = 32,
     .fifo_quiet_bytes = 10,
     .block_bytes_max = UINT32_MAX,
     .erases_at_begin = true,
     .refuses_late_deflate = true,
     .greeting_us = 10000,
     .baud_before_us = 5000,
     .baud_after_us = 5000,
     .take_byte = espsim_stub_take_byte_v2,
     .take_frame = espsim_stub_take_frame_v2},
    {.stub = ESPSIM_STUB_2_1,
     .buffer_bytes = 8 + 0x4000 + 255,
     .fifo_threshold = 32,
     .fifo_quiet_bytes = 10,
     .block_bytes_max = 0x4000,
     .skips_blank = true,
     .reserves_plugins = true,
     .greeting_us = 10000,
     .baud_before_us = 5000,
     .baud_after_us = 5000,
     .take_byte = espsim_stub_take_byte_v2,
     .take_frame = espsim_stub_take_frame_v2},
};

const char *espsim_stub_name(espsim_stub_t stub)
{
    static const char *const names[] = {
        [ESPSIM_STUB_NONE] = "none", [ESPSIM_STUB_1] = "legacy", [ESPSIM_STUB_2_0] = "2.0", [ESPSIM_STUB_2_1] = "2.1"};
    return names[stub];
}

/* --- Being recognised and started ------------------------------------------------------------------------ */

static bool lies_in_ram(const espsim_t *sim, const espsim_stub_code_t *code)
{
    uint8_t digest[SHA256_BYTES];
    mbedtls_md_context_t sha256;
    mbedtls_md_init(&sha256);
    bool hashed = mbedtls_md_setup(&sha256, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0) == 0 &&
                  mbedtls_md_starts(&sha256) == 0;
    for (uint32_t at = 0; at < code->text_bytes && hashed; at++) {
        const uint8_t byte = espsim_memory_get(&sim->memory, code->text_addr + at);
        hashed = mbedtls_md_update(&sha256, &byte, 1) == 0;
    }
    hashed = hashed && mbedtls_md_finish(&sha256, digest) == 0;
    mbedtls_md_free(&sha256);
    return hashed && memcmp(digest, code->text_sha256, sizeof(digest)) == 0;
}

static espsim_stub_t find_code(const espsim_t *sim, uint32_t entry, const espsim_stub_code_t *codes, size_t count)
{
    for (size_t row = 0; row < count; row++) {
        if (codes[row].entry == entry && espsim_rom_by_name(codes[row].chip) == sim->rom_row &&
            lies_in_ram(sim, &codes[row])) {
            return codes[row].stub;
        }
    }
    return ESPSIM_STUB_NONE;
}

espsim_stub_t espsim_stub_in_ram(const espsim_t *sim, uint32_t entry)
{
    const espsim_stub_t added = find_code(sim, entry, sim->config.stubs, sim->config.stub_count);
    return added != ESPSIM_STUB_NONE ? added : find_code(sim, entry, espsim_stub_codes, espsim_stub_code_count);
}

void espsim_stub_reset(espsim_t *sim)
{
    espsim_unpacker_reset(&sim->stub.unpacker);
    memset(&sim->stub, 0, sizeof(sim->stub));
    sim->stub.fifo_due_ns = ESPSIM_NEVER;
}

/* Do `action` so long after all that was sent is out and the present command is done. */
static void plan(espsim_t *sim, espsim_action_t action, uint32_t delay_us)
{
    const uint64_t done_ns = sim->now_ns + sim->rom.work_ns;
    espsim_plan(sim, action);
    sim->action_at_ns = sim->action_at_ns > done_ns ? sim->action_at_ns : done_ns;
    sim->action_at_ns += sim->config.timing.instant ? 0 : (uint64_t)delay_us * ESPSIM_NS_PER_US;
}

/* The second generation looks at its part's size, and knows the opcodes with four bytes of address on some chips. */
static uint8_t addr_bits_of(const espsim_t *sim)
{
    enum { NARROW_BITS = 24 };
    const uint8_t bits = sim->rom_row->chip->stub_flash_bits;
    const bool wide = sim->nor.bytes >> NARROW_BITS > 1 && bits > NARROW_BITS && sim->stub.row->stub != ESPSIM_STUB_1;
    return wide ? bits : 0;
}

void espsim_stub_start(espsim_t *sim, espsim_stub_t stub)
{
    espsim_stub_reset(sim);
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (rows[row].stub == stub) {
            sim->stub.row = &rows[row];
        }
    }
    sim->stub.armed = true;
    sim->stub.flash_bytes = sim->stub.row->flash_bytes != 0 ? sim->stub.row->flash_bytes : sim->nor.bytes;
    sim->stub.addr_bits = addr_bits_of(sim);
    sim->state = ESPSIM_STUB;
    espsim_tell(sim, ESPSIM_EVENT_STUB);
    plan(sim, ESPSIM_ACTION_GREET, sim->stub.row->greeting_us);
    espsim_take_time(sim, ESPSIM_CAUSE_BOOT, sim->stub.row->greeting_us * (uint64_t)ESPSIM_NS_PER_US);
}

void espsim_stub_greet(espsim_t *sim)
{
    static const uint8_t greeting[] = {'O', 'H', 'A', 'I'};
    sim->rom.work_ns = 0;
    sim->busy_until_ns = sim->now_ns;
    espsim_stub_send_frame(sim, greeting, sizeof(greeting));
}

/* --- A request's parts ----------------------------------------------------------------------------------- */

static uint32_t word_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

uint8_t espsim_stub_opcode(const espsim_t *sim)
{
    return sim->stub.frame[1];
}

uint16_t espsim_stub_size_field(const espsim_t *sim)
{
    return (uint16_t)(sim->stub.frame[2] | sim->stub.frame[3] << 8);
}

uint32_t espsim_stub_checksum_field(const espsim_t *sim)
{
    return word_at(sim->stub.frame + 4);
}

uint8_t *espsim_stub_payload(espsim_t *sim)
{
    return &sim->stub.frame[HEADER_BYTES];
}

uint32_t espsim_stub_word(const espsim_t *sim, unsigned word)
{
    return word_at(sim->stub.frame + HEADER_BYTES + 4 * (size_t)word);
}

uint8_t espsim_stub_checksum(const uint8_t *data, uint32_t bytes)
{
    uint8_t checksum = 0xEF;
    for (uint32_t at = 0; at < bytes; at++) {
        checksum ^= data[at];
    }
    return checksum;
}

/* --- Pieces of an answer --------------------------------------------------------------------------------- */

void espsim_stub_send_end(espsim_t *sim)
{
    const uint8_t end = END;
    espsim_send(sim, &end, 1);
}

void espsim_stub_send_escaped(espsim_t *sim, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        const uint8_t escaped[2] = {ESC, bytes[at] == END ? ESC_END : ESC_ESC};
        const bool special = bytes[at] == END || bytes[at] == ESC;
        espsim_send(sim, special ? escaped : &bytes[at], special ? 2 : 1);
    }
}

void espsim_stub_send_frame(espsim_t *sim, const uint8_t *bytes, uint32_t count)
{
    espsim_stub_send_end(sim);
    espsim_stub_send_escaped(sim, bytes, count);
    espsim_stub_send_end(sim);
}

void espsim_stub_send_header(espsim_t *sim, uint32_t size_field)
{
    const uint32_t value = sim->stub.value;
    const uint8_t header[HEADER_BYTES] = {
        0x01,           espsim_stub_opcode(sim), (uint8_t)size_field,    (uint8_t)(size_field >> 8),
        (uint8_t)value, (uint8_t)(value >> 8),   (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
    espsim_stub_send_end(sim);
    espsim_stub_send_escaped(sim, header, sizeof(header));
}

/* --- Commands that are the same in both generations ------------------------------------------------------ */

void espsim_stub_hang(espsim_t *sim)
{
    sim->state = ESPSIM_GONE;
}

uint8_t espsim_stub_write_regs(espsim_t *sim)
{
    enum { ENTRY_WORDS = 4 };

    const unsigned entries = espsim_stub_size_field(sim) / (4 * ENTRY_WORDS);
    for (unsigned entry = 0; entry < entries; entry++) {
        espsim_take_time(sim, ESPSIM_CAUSE_COMMAND,
                         (uint64_t)espsim_stub_word(sim, ENTRY_WORDS * entry + 3) * ESPSIM_NS_PER_US);
        if (!espsim_write_reg(sim, espsim_stub_word(sim, ENTRY_WORDS * entry),
                              espsim_stub_word(sim, ENTRY_WORDS * entry + 1),
                              espsim_stub_word(sim, ENTRY_WORDS * entry + 2))) {
            espsim_stub_hang(sim);
            break;
        }
    }
    return 0;
}

void espsim_stub_mem_begin(espsim_t *sim)
{
    sim->stub.mem.begun = true;
    sim->stub.mem.left_bytes = espsim_stub_word(sim, 0);
    sim->stub.mem.addr = espsim_stub_word(sim, 3);
}

void espsim_stub_mem_store(espsim_t *sim, const uint8_t *data, uint32_t bytes)
{
    espsim_stub_state_t *stub = &sim->stub;
    if (bytes > 0 && !espsim_memory_has(&sim->memory, stub->mem.addr, bytes)) {
        espsim_stub_hang(sim);
        return;
    }
    for (uint32_t at = 0; at < bytes; at++) {
        sim->out_of_memory = !espsim_memory_put(&sim->memory, stub->mem.addr + at, data[at]) || sim->out_of_memory;
    }
    stub->mem.addr += bytes;
    stub->mem.left_bytes -= bytes;
}

void espsim_stub_set_baud(espsim_t *sim, uint32_t baud)
{
    const espsim_stub_row_t *row = sim->stub.row;
    const uint32_t divider_reg = sim->rom_row->uart0_clkdiv_reg;
    const uint32_t new_baud = baud > 0 ? baud : 1;
    const uint64_t divider = (uint64_t)espsim_memory_get_word(&sim->memory, divider_reg) * sim->uart.baud / new_baud;
    sim->out_of_memory = !espsim_memory_put_word(&sim->memory, divider_reg, (uint32_t)divider) || sim->out_of_memory;
    sim->action_baud = new_baud;
    plan(sim, ESPSIM_ACTION_SET_BAUD, row->baud_before_us);
    espsim_take_time(sim, ESPSIM_CAUSE_COMMAND,
                     (uint64_t)(row->baud_before_us + row->baud_after_us) * ESPSIM_NS_PER_US);
}

void espsim_stub_restart_chip(espsim_t *sim)
{
    enum { PAUSE_US = 10000 };
    plan(sim, ESPSIM_ACTION_SOFT_RESET, PAUSE_US);
}
