/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the current RAM stub (esp-flasher-stub). Some are carried out behind their answer; if that fails, the
 * next command, whatever it is, is not executed and gets the reason. */
#include "chip.h"

#include <string.h>

enum {
    HEADER_BYTES = 8,
    STATUS_BYTES = 2,
    SYNC_ANSWERS = 8,
    DIGEST_BYTES = 16,
    SECTOR_BYTES = 0x1000,
    SECTORS_PER_BLOCK = 16,
    DATA_HEADER_BYTES = 16,
    PACKET_BYTES_MAX = 4096,
    ACKNOWLEDGEMENT_BYTES = 4,
    OP_RUN_USER_CODE = 0xD3,
    OP_PLUGINS_FIRST = 0xD5,
    OP_PLUGINS_LAST = 0xEF,
    REASON_LENGTH = 0xC0,
    REASON_CHECKSUM = 0xC1,
    REASON_BLOCK_SIZE = 0xC2,
    REASON_COMMAND = 0xC3,
    REASON_SPI = 0xC4,
    REASON_NOT_BEGUN = 0xC6,
    REASON_INFLATE = 0xC7,
    REASON_TOO_LITTLE = 0xC8,
    REASON_TOO_MUCH = 0xC9,
    REASON_NOT_THERE = 0xFF
};

static void answer(espsim_t *sim, uint8_t reason)
{
    const uint8_t status[STATUS_BYTES] = {reason, 0};
    espsim_command_answered(sim, reason, 0);
    const uint32_t data_bytes = reason == 0 ? sim->stub.reply_bytes : 0;
    sim->stub.value = reason == 0 ? sim->stub.value : 0;
    espsim_stub_send_header(sim, data_bytes + STATUS_BYTES);
    espsim_stub_send_escaped(sim, sim->stub.reply, data_bytes);
    espsim_stub_send_escaped(sim, status, sizeof(status));
    espsim_stub_send_end(sim);
}

/* --- Erase and write ------------------------------------------------------------------------------------- */

static uint8_t erase_flash(espsim_t *sim)
{
    espsim_flash_unlock(sim);
    espsim_stub_erase_chip(sim);
    return 0;
}

/* Blocks where they fit. The flash's end is not looked at; a part takes what its address lines show. */
static uint8_t erase_region(espsim_t *sim)
{
    const uint32_t addr = espsim_stub_word(sim, 0);
    const uint32_t bytes = espsim_stub_word(sim, 1);
    if (addr % SECTOR_BYTES != 0 || bytes % SECTOR_BYTES != 0) {
        return REASON_LENGTH;
    }
    if (bytes > ESPSIM_STUB_RANGE_BYTES_MAX) {
        espsim_stub_hang(sim);
        return 0;
    }
    espsim_flash_unlock(sim);
    for (uint32_t done = 0; done < bytes && !sim->nor.cut_off;) {
        const uint32_t at = addr + done;
        const bool block =
            at % (SECTORS_PER_BLOCK * SECTOR_BYTES) == 0 && bytes - done >= (uint32_t)SECTORS_PER_BLOCK * SECTOR_BYTES;
        if (block) {
            espsim_stub_erase_block(sim, at);
        } else {
            espsim_stub_erase_sector(sim, at);
        }
        done += block ? (uint32_t)SECTORS_PER_BLOCK * SECTOR_BYTES : (uint32_t)SECTOR_BYTES;
    }
    espsim_stub_wait_flash(sim);
    return 0;
}

static uint8_t begin(espsim_t *sim)
{
    enum { WORDS_4 = 16, WORDS_5 = 20 };
    const uint16_t size = espsim_stub_size_field(sim);
    if (size != WORDS_4 && size != WORDS_5) {
        return REASON_LENGTH;
    }
    if (espsim_stub_word(sim, 2) > sim->stub.row->block_bytes_max) {
        return REASON_BLOCK_SIZE;
    }
    espsim_stub_begin(sim);
    if (sim->stub.row->erases_at_begin) {
        espsim_stub_erase_next(sim);
    }
    return 0;
}

static uint8_t begin_plain(espsim_t *sim)
{
    const uint8_t reason = begin(sim);
    const bool has_flag = espsim_stub_size_field(sim) > 16;
    sim->stub.flash.encrypts = reason == 0 && has_flag && espsim_stub_word(sim, 4) != 0;
    return reason;
}

static uint8_t begin_deflate(espsim_t *sim)
{
    const uint8_t reason = begin(sim);
    if (reason == 0) {
        espsim_unpacker_reset(&sim->stub.unpacker);
    }
    return reason;
}

static uint8_t check_plain(espsim_t *sim)
{
    const uint16_t size = espsim_stub_size_field(sim);
    if (size < DATA_HEADER_BYTES) {
        return REASON_TOO_LITTLE;
    }
    if (!sim->stub.flash.begun) {
        return REASON_NOT_BEGUN;
    }
    const uint32_t bytes = size - (uint32_t)DATA_HEADER_BYTES;
    if (espsim_stub_word(sim, 0) != bytes) {
        return REASON_TOO_MUCH;
    }
    const uint8_t checksum = espsim_stub_checksum(espsim_stub_payload(sim) + DATA_HEADER_BYTES, bytes);
    return checksum == espsim_stub_checksum_field(sim) ? 0 : REASON_CHECKSUM;
}

/* The length inside is believed; what it counts behind the frame is what earlier frames left there. */
static uint8_t check_compressed(espsim_t *sim)
{
    const uint32_t bytes = espsim_stub_word(sim, 0);
    if (espsim_stub_size_field(sim) < DATA_HEADER_BYTES) {
        return REASON_LENGTH;
    }
    if (!sim->stub.flash.begun) {
        return REASON_NOT_BEGUN;
    }
    if (sim->stub.flash.left_bytes == 0 && sim->stub.row->refuses_late_deflate) {
        return REASON_TOO_MUCH;
    }
    if (bytes > ESPSIM_STUB_BUFFER_BYTES - HEADER_BYTES - DATA_HEADER_BYTES) {
        return REASON_CHECKSUM;
    }
    const uint8_t checksum = espsim_stub_checksum(espsim_stub_payload(sim) + DATA_HEADER_BYTES, bytes);
    return checksum == espsim_stub_checksum_field(sim) ? 0 : REASON_CHECKSUM;
}

/* Everything up to `end` has to be erased. Beyond what was announced nothing is, and the stub waits for it for ever. */
static uint8_t erase_up_to(espsim_t *sim, uint64_t end)
{
    espsim_stub_state_t *stub = &sim->stub;
    while ((uint64_t)stub->flash.erase_sector * SECTOR_BYTES < end && !sim->nor.cut_off) {
        if (stub->flash.erase_sectors == 0) {
            espsim_stub_hang(sim);
            return 0;
        }
        if (stub->row->skips_blank && !stub->flash.dirty_seen &&
            espsim_stub_beyond_flash(sim, stub->flash.erase_sector * SECTOR_BYTES, SECTOR_BYTES)) {
            return REASON_SPI;
        }
        espsim_stub_wait_flash(sim);
        espsim_stub_erase_next(sim);
    }
    return 0;
}

/* More than was announced makes what is left negative, that is, very large. */
static uint8_t write_flash(espsim_t *sim, uint8_t *data, uint32_t bytes)
{
    espsim_stub_state_t *stub = &sim->stub;
    const uint8_t reason = erase_up_to(sim, (uint64_t)stub->flash.addr + bytes);
    if (reason != 0 || sim->state != ESPSIM_STUB) {
        return reason;
    }
    if (!espsim_stub_program(sim, stub->flash.addr, data, bytes)) {
        return REASON_SPI;
    }
    stub->flash.left_bytes -= bytes;
    stub->flash.addr += bytes;
    return 0;
}

static uint8_t write_block(espsim_t *sim)
{
    const uint32_t bytes = espsim_stub_size_field(sim) - (uint32_t)DATA_HEADER_BYTES;
    const uint32_t left_bytes = sim->stub.flash.left_bytes;
    return write_flash(sim, espsim_stub_payload(sim) + DATA_HEADER_BYTES, bytes < left_bytes ? bytes : left_bytes);
}

/* A zlib frame is expected only in the first turn of block 0: the checksum of a longer stream is never looked at. */
static uint8_t unpack_block(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    const uint8_t *in = espsim_stub_payload(sim) + DATA_HEADER_BYTES;
    uint32_t left_bytes = espsim_stub_word(sim, 0);
    bool zlib = espsim_stub_word(sim, 1) == 0;
    espsim_unpack_t result = ESPSIM_UNPACK_MORE;
    stub->window_bytes = zlib ? 0 : stub->window_bytes;
    while (left_bytes > 0 && result == ESPSIM_UNPACK_MORE) {
        uint32_t in_bytes = left_bytes;
        uint32_t out_bytes = (uint32_t)sizeof(stub->window) - stub->window_bytes;
        espsim_stub_erase_next(sim);
        result = espsim_unpack(&stub->unpacker, in, &in_bytes, stub->window + stub->window_bytes, &out_bytes, zlib,
                               stub->flash.compressed_left_bytes > left_bytes);
        zlib = false;
        in += in_bytes;
        left_bytes -= in_bytes;
        stub->flash.compressed_left_bytes -= in_bytes;
        stub->window_bytes += out_bytes;
        espsim_stub_unpacked(sim, out_bytes);
        if (result == ESPSIM_UNPACK_DONE || stub->window_bytes == sizeof(stub->window)) {
            const uint8_t reason = write_flash(sim, stub->window, stub->window_bytes);
            if (reason != 0 || sim->state != ESPSIM_STUB) {
                return reason;
            }
            stub->window_bytes = 0;
        }
    }
    return result == ESPSIM_UNPACK_FAILED ? REASON_INFLATE : 0;
}

/* It stays, whatever its parameter says. */
static uint8_t end(espsim_t *sim)
{
    if (!sim->stub.flash.begun) {
        return REASON_NOT_BEGUN;
    }
    if (sim->stub.flash.left_bytes != 0) {
        return REASON_LENGTH;
    }
    memset(&sim->stub.flash, 0, sizeof(sim->stub.flash));
    return 0;
}

/* --- Read ------------------------------------------------------------------------------------------------ */

static uint8_t md5(espsim_t *sim)
{
    sim->stub.reply_bytes = DIGEST_BYTES;
    return espsim_stub_md5(sim, espsim_stub_word(sim, 0), espsim_stub_word(sim, 1), sim->stub.reply) ? 0 : REASON_SPI;
}

/* One packet is under way, whatever was asked for. Acknowledgements are counted; the number in them only tells when
 * the host has everything. */
static void look_what_to_send(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    const bool all_sent = stub->reading.sent_bytes == stub->reading.total_bytes;
    if (all_sent && stub->reading.acked_bytes >= stub->reading.total_bytes) {
        espsim_stub_end_reading(sim);
    } else {
        stub->reading.sends = !all_sent && stub->reading.sent_packets == stub->reading.acked_packets;
    }
}

static uint8_t read_flash(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    if (espsim_stub_word(sim, 2) > PACKET_BYTES_MAX) {
        return REASON_LENGTH;
    }
    memset(&stub->reading, 0, sizeof(stub->reading));
    stub->reading.active = true;
    stub->reading.start = espsim_stub_word(sim, 0);
    stub->reading.total_bytes = espsim_stub_word(sim, 1);
    stub->reading.packet_bytes = espsim_stub_word(sim, 2);
    look_what_to_send(sim);
    return 0;
}

static void send_next_packet(espsim_t *sim)
{
    if (espsim_stub_send_packet(sim)) {
        look_what_to_send(sim);
    } else { /* no digest, just an error for the next command */
        memset(&sim->stub.reading, 0, sizeof(sim->stub.reading));
        sim->stub.error = REASON_SPI;
    }
}

static void take_acknowledgement(espsim_t *sim)
{
    const uint8_t *count = sim->stub.frame;
    if (sim->stub.frame_bytes != ACKNOWLEDGEMENT_BYTES) {
        espsim_stub_end_reading(sim);
        return;
    }
    sim->stub.reading.acked_bytes =
        (uint32_t)count[0] | (uint32_t)count[1] << 8 | (uint32_t)count[2] << 16 | (uint32_t)count[3] << 24;
    sim->stub.reading.acked_packets++;
    look_what_to_send(sim);
}

/* --- The rest -------------------------------------------------------------------------------------------- */

static uint8_t nothing(espsim_t *sim)
{
    (void)sim;
    return 0;
}

static uint8_t answer_sync(espsim_t *sim)
{
    for (unsigned count = 1; count < SYNC_ANSWERS; count++) {
        answer(sim, 0);
    }
    return 0;
}

static uint8_t security_info(espsim_t *sim)
{
    if (sim->rom_row->security_info_bytes == 0) {
        return REASON_NOT_THERE;
    }
    sim->stub.reply_bytes = sim->rom_row->security_info_bytes;
    espsim_security_info(sim, sim->stub.reply);
    return 0;
}

static uint8_t set_params(espsim_t *sim)
{
    sim->stub.flash_bytes = espsim_stub_word(sim, 1);
    return 0;
}

static uint8_t read_reg(espsim_t *sim)
{
    const uint32_t addr = espsim_stub_word(sim, 0);
    if (!espsim_memory_has(&sim->memory, addr, 4)) {
        espsim_stub_hang(sim);
        return 0;
    }
    sim->stub.value = espsim_memory_get_word(&sim->memory, addr);
    return 0;
}

static uint8_t write_reg(espsim_t *sim)
{
    const uint16_t size = espsim_stub_size_field(sim);
    return size == 0 || size % 16 != 0 ? REASON_TOO_LITTLE : espsim_stub_write_regs(sim);
}

static uint8_t change_baudrate(espsim_t *sim)
{
    espsim_stub_set_baud(sim, espsim_stub_word(sim, 0));
    return 0;
}

static uint8_t mem_begin(espsim_t *sim)
{
    espsim_stub_mem_begin(sim);
    return 0;
}

/* The checksum is not looked at. */
static uint8_t mem_data(espsim_t *sim)
{
    const uint16_t size = espsim_stub_size_field(sim);
    if (size < DATA_HEADER_BYTES) {
        return REASON_TOO_LITTLE;
    }
    if (!sim->stub.mem.begun) {
        return REASON_NOT_BEGUN;
    }
    const uint32_t bytes = size - (uint32_t)DATA_HEADER_BYTES;
    if (espsim_stub_word(sim, 0) > sim->stub.mem.left_bytes || espsim_stub_word(sim, 0) != bytes) {
        return REASON_TOO_MUCH;
    }
    espsim_stub_mem_store(sim, espsim_stub_payload(sim) + DATA_HEADER_BYTES, bytes);
    return 0;
}

static uint8_t mem_end(espsim_t *sim)
{
    if (!sim->stub.mem.begun) {
        return REASON_NOT_BEGUN;
    }
    memset(&sim->stub.mem, 0, sizeof(sim->stub.mem));
    return 0;
}

static uint8_t run_unless_told_to_stay(espsim_t *sim)
{
    if (espsim_stub_word(sim, 0) == 0) {
        espsim_run_program(sim, espsim_stub_word(sim, 1), NULL);
    }
    return 0;
}

/* --- Dispatch -------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t opcode;
    int payload_bytes;            /* exactly; ANY: the command looks itself */
    uint8_t (*run)(espsim_t *);   /* before the answer; returns its status */
    uint8_t (*after)(espsim_t *); /* behind an answer of 0; what it returns is for the next command */
} command_t;

enum { ANY = -1 };

static const command_t commands[] = {
    {0x02, ANY, begin_plain, NULL},
    {0x03, ANY, check_plain, write_block},
    {0x04, 4, end, NULL},
    {0x05, 16, mem_begin, NULL},
    {0x06, 8, mem_end, run_unless_told_to_stay},
    {0x07, ANY, mem_data, NULL},
    {0x08, 36, answer_sync, NULL},
    {0x09, ANY, write_reg, NULL},
    {0x0A, 4, read_reg, NULL},
    {0x0B, 24, set_params, NULL},
    {0x0D, 4, nothing, NULL},
    {0x0F, 8, nothing, change_baudrate},
    {0x10, ANY, begin_deflate, NULL},
    {0x11, ANY, check_compressed, unpack_block},
    {0x12, 4, end, NULL},
    {0x13, 16, md5, NULL},
    {0x14, 0, security_info, NULL},
    {0xD0, ANY, erase_flash, NULL},
    {0xD1, 8, erase_region, NULL},
    {0xD2, 16, nothing, read_flash},
};

static const command_t *find_command(uint8_t opcode)
{
    for (size_t row = 0; row < sizeof(commands) / sizeof(commands[0]); row++) {
        if (commands[row].opcode == opcode) {
            return &commands[row];
        }
    }
    return NULL;
}

static uint8_t run(espsim_t *sim, const command_t *command)
{
    const uint8_t opcode = espsim_stub_opcode(sim);
    if (command == NULL) {
        const bool plugin = sim->stub.row->reserves_plugins && opcode >= OP_PLUGINS_FIRST && opcode <= OP_PLUGINS_LAST;
        return plugin ? REASON_NOT_THERE : REASON_COMMAND;
    }
    const bool fits = command->payload_bytes == ANY || command->payload_bytes == espsim_stub_size_field(sim);
    return fits ? command->run(sim) : REASON_LENGTH;
}

static void execute(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    stub->value = 0;
    stub->reply_bytes = 0;
    espsim_take_chip_time(sim, ESPSIM_CAUSE_COMMAND, sim->rom_row->turnaround_us * (uint64_t)ESPSIM_NS_PER_US);
    if (stub->frame[0] != 0) {
        answer(sim, REASON_COMMAND);
        return;
    }
    if (stub->frame_bytes != (uint32_t)espsim_stub_size_field(sim) + HEADER_BYTES) {
        answer(sim, REASON_LENGTH);
        return;
    }
    if (stub->error != 0) {
        answer(sim, stub->error);
        stub->error = 0;
        return;
    }
    if (espsim_stub_opcode(sim) == OP_RUN_USER_CODE) { /* does nothing, and says so by saying nothing */
        return;
    }
    const command_t *command = find_command(espsim_stub_opcode(sim));
    const uint8_t reason = run(sim, command);
    if (sim->state != ESPSIM_STUB) {
        return;
    }
    answer(sim, reason);
    if (reason == 0 && command->after != NULL) {
        stub->error = command->after(sim);
    }
}

void espsim_stub_take_frame_v2(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    if (stub->waiting) {
        stub->waiting = false;
        stub->frame = stub->buffers[stub->waiting_in];
        stub->frame_bytes = stub->buffer_counts[stub->waiting_in];
        stub->receiving = stub->waiting_in ^ 1;
        stub->armed = true;
        if (stub->waiting_is_bad) {
            return;
        }
        if (stub->reading.active) {
            take_acknowledgement(sim);
        } else {
            espsim_command_begins(sim, stub->frame, stub->frame_bytes);
            execute(sim);
            espsim_command_ends(sim);
        }
    }
    if (stub->reading.sends) {
        send_next_packet(sim);
    }
}
