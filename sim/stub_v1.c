/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the legacy RAM stub (1.11.1). An answer begins before its command is carried out and ends with the
 * status after that, so that it can pause in the middle; data is acknowledged first and written then. */
#include "chip.h"

#include <string.h>

enum {
    OP_SYNC = 0x08,
    OP_READ_REG = 0x0A,
    OP_MD5 = 0x13,
    OP_SECURITY_INFO = 0x14,
    OP_RUN_USER_CODE = 0xD3,
    SYNC_ANSWERS = 8,
    STATUS_BYTES = 2,
    DIGEST_BYTES = 16,
    SECTOR_BYTES = 0x1000,
    BLOCK_BYTES = 0x10000,
    DATA_HEADER_BYTES = 16,
    BLOCK_BYTES_MAX = 0x4000,
    PACKET_BYTES_MAX = 4096,
    ACKNOWLEDGEMENT_BYTES = 4,
    REASON_ARGUMENT = 0x01, /* most commands tell no more than that */
    REASON_LENGTH = 0xC0,
    REASON_CHECKSUM = 0xC1,
    REASON_BLOCK_SIZE = 0xC2,
    REASON_SPI = 0xC4,
    REASON_NOT_BEGUN = 0xC6,
    REASON_INFLATE = 0xC7,
    REASON_TOO_LITTLE = 0xC8,
    REASON_TOO_MUCH = 0xC9,
    REASON_UNKNOWN = 0xFF,
    DETAIL_OVERLONG = 0xEE
};

/* The first byte says why; the second, if anything, what exactly. */
static void send_status(espsim_t *sim, uint8_t first, uint8_t second)
{
    const uint8_t status[STATUS_BYTES] = {first, second};
    espsim_command_answered(sim, first, second);
    espsim_stub_send_escaped(sim, status, sizeof(status));
    espsim_stub_send_end(sim);
}

/* --- Erase and write ------------------------------------------------------------------------------------- */

static uint8_t erase_flash(espsim_t *sim)
{
    espsim_stub_erase_chip(sim);
    return 0;
}

/* Sectors up to a block's border, blocks while more than one is left, then sectors. */
static uint8_t erase_region(espsim_t *sim)
{
    uint32_t addr = espsim_stub_word(sim, 0);
    uint32_t left_bytes = espsim_stub_word(sim, 1);
    if (addr % SECTOR_BYTES != 0 || left_bytes % SECTOR_BYTES != 0) {
        return REASON_ARGUMENT;
    }
    if (left_bytes > ESPSIM_STUB_RANGE_BYTES_MAX && sim->stub.flash_bytes > ESPSIM_STUB_RANGE_BYTES_MAX) {
        espsim_stub_hang(sim);
        return 0;
    }
    espsim_flash_unlock(sim);
    while (left_bytes > 0 && !sim->nor.cut_off) {
        const bool block = addr % BLOCK_BYTES == 0 && left_bytes > BLOCK_BYTES;
        const uint32_t step = block ? BLOCK_BYTES : SECTOR_BYTES;
        if (espsim_stub_beyond_flash(sim, addr, step)) {
            return REASON_ARGUMENT;
        }
        if (block) {
            espsim_stub_erase_block(sim, addr);
        } else {
            espsim_stub_erase_sector(sim, addr);
        }
        espsim_stub_wait_flash(sim);
        addr += step;
        left_bytes -= step;
    }
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
    sim->stub.error = 0;
    return 0;
}

/* What the window holds is not forgotten: after a stream that was given up, the next one lands behind its rest. */
static uint8_t begin_deflate(espsim_t *sim)
{
    const uint8_t reason = begin(sim);
    if (reason == 0) {
        espsim_unpacker_reset(&sim->stub.unpacker);
    }
    return reason;
}

static uint8_t check_block(espsim_t *sim)
{
    const uint16_t size = espsim_stub_size_field(sim);
    if (!sim->stub.flash.begun) {
        return REASON_NOT_BEGUN;
    }
    if (size < DATA_HEADER_BYTES) {
        return REASON_LENGTH;
    }
    const uint32_t bytes = size - (uint32_t)DATA_HEADER_BYTES;
    if (espsim_stub_checksum(espsim_stub_payload(sim) + DATA_HEADER_BYTES, bytes) != espsim_stub_checksum_field(sim)) {
        return REASON_CHECKSUM;
    }
    return espsim_stub_word(sim, 0) != bytes ? REASON_LENGTH : sim->stub.error;
}

/* Erases as it goes: each sector that the data touches, and the one behind if the data ends at its border. */
static void write_flash(espsim_t *sim, uint8_t *data, uint32_t bytes)
{
    espsim_stub_state_t *stub = &sim->stub;
    const uint32_t count = bytes < stub->flash.left_bytes ? bytes : stub->flash.left_bytes;
    if (count == 0) {
        return;
    }
    const uint32_t last_sector = (stub->flash.addr + count) / SECTOR_BYTES;
    while (stub->flash.erase_sectors > 0 && stub->flash.erase_sector <= last_sector && !sim->nor.cut_off) {
        espsim_stub_wait_flash(sim);
        espsim_stub_erase_next(sim);
    }
    if (!espsim_stub_program(sim, stub->flash.addr, data, count)) {
        stub->error = REASON_SPI;
    }
    stub->flash.addr += count;
    stub->flash.left_bytes -= count;
}

static void write_block(espsim_t *sim)
{
    write_flash(sim, espsim_stub_payload(sim) + DATA_HEADER_BYTES,
                espsim_stub_size_field(sim) - (uint32_t)DATA_HEADER_BYTES);
}

static void write_encrypted_block(espsim_t *sim)
{
    sim->stub.flash.encrypts = true;
    write_block(sim);
    sim->stub.flash.encrypts = false;
}

static void unpack_block(espsim_t *sim)
{
    enum { CHECKSUM_BYTES = 4 };

    espsim_stub_state_t *stub = &sim->stub;
    const uint8_t *in = espsim_stub_payload(sim) + DATA_HEADER_BYTES;
    uint32_t left_bytes = espsim_stub_size_field(sim) - (uint32_t)DATA_HEADER_BYTES;
    espsim_unpack_t result = ESPSIM_UNPACK_MORE;
    if (stub->flash.left_bytes == 0 && left_bytes > CHECKSUM_BYTES) {
        stub->error = REASON_TOO_MUCH;
        return;
    }
    while (left_bytes > 0 && stub->flash.left_bytes > 0 && result == ESPSIM_UNPACK_MORE) {
        uint32_t in_bytes = left_bytes;
        uint32_t out_bytes = (uint32_t)sizeof(stub->window) - stub->window_bytes;
        espsim_stub_erase_next(sim);
        result = espsim_unpack(&stub->unpacker, in, &in_bytes, stub->window + stub->window_bytes, &out_bytes, true,
                               stub->flash.compressed_left_bytes > left_bytes);
        in += in_bytes;
        left_bytes -= in_bytes;
        stub->flash.compressed_left_bytes -= in_bytes;
        stub->window_bytes += out_bytes;
        espsim_stub_unpacked(sim, out_bytes);
        if (result == ESPSIM_UNPACK_DONE || stub->window_bytes == sizeof(stub->window)) {
            write_flash(sim, stub->window, stub->window_bytes);
            stub->window_bytes = 0;
        }
    }
    if (result == ESPSIM_UNPACK_FAILED) {
        stub->error = REASON_INFLATE;
    } else if (result == ESPSIM_UNPACK_DONE && stub->flash.left_bytes > 0) {
        stub->error = REASON_TOO_LITTLE;
    }
}

static uint8_t end(espsim_t *sim)
{
    if (!sim->stub.flash.begun) {
        return REASON_NOT_BEGUN;
    }
    if (sim->stub.flash.left_bytes > 0) {
        return REASON_TOO_LITTLE;
    }
    sim->stub.flash.begun = false;
    return sim->stub.error;
}

static void restart_unless_told_to_stay(espsim_t *sim)
{
    if (espsim_stub_word(sim, 0) == 0) {
        espsim_stub_restart_chip(sim);
    }
}

/* --- Read ------------------------------------------------------------------------------------------------ */

static uint8_t md5(espsim_t *sim)
{
    uint8_t digest[DIGEST_BYTES];
    if (!espsim_stub_md5(sim, espsim_stub_word(sim, 0), espsim_stub_word(sim, 1), digest)) {
        return REASON_ARGUMENT;
    }
    if (sim->state == ESPSIM_STUB) {
        espsim_stub_send_escaped(sim, digest, sizeof(digest));
    }
    return 0;
}

/* What may be under way is counted in bytes, not in packets as hosts believe: with the usual arguments one packet. */
static void look_what_to_send(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    const uint32_t sent = stub->reading.sent_bytes;
    const uint32_t acked = stub->reading.acked_bytes;
    if (acked >= stub->reading.total_bytes || acked > sent) {
        espsim_stub_end_reading(sim);
    } else {
        stub->reading.sends = sent < stub->reading.total_bytes && sent - acked < stub->reading.in_flight;
    }
}

static void read_flash(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    memset(&stub->reading, 0, sizeof(stub->reading));
    stub->reading.active = true;
    stub->reading.start = espsim_stub_word(sim, 0);
    stub->reading.total_bytes = espsim_stub_word(sim, 1);
    stub->reading.packet_bytes = espsim_stub_word(sim, 2);
    stub->reading.in_flight = espsim_stub_word(sim, 3);
    if (stub->reading.packet_bytes > PACKET_BYTES_MAX || stub->reading.packet_bytes == 0) {
        espsim_stub_hang(sim); /* it gives up with its receiver off, or sends nothing for ever */
        return;
    }
    look_what_to_send(sim);
}

static void send_next_packet(espsim_t *sim)
{
    const bool sent = espsim_stub_send_packet(sim);
    look_what_to_send(sim);
    sim->stub.reading.sends = sim->stub.reading.sends && sent;
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
    for (unsigned answer = 1; answer < SYNC_ANSWERS; answer++) {
        send_status(sim, 0, 0);
        espsim_stub_send_header(sim, STATUS_BYTES);
    }
    return 0;
}

static uint8_t security_info(espsim_t *sim)
{
    uint8_t info[20];
    espsim_security_info(sim, info);
    espsim_stub_send_escaped(sim, info, sim->rom_row->security_info_bytes);
    return 0;
}

static uint8_t set_params(espsim_t *sim)
{
    sim->stub.flash_bytes = espsim_stub_word(sim, 1);
    return 0;
}

static uint8_t write_reg(espsim_t *sim)
{
    return espsim_stub_size_field(sim) % 16 != 0 ? REASON_LENGTH : espsim_stub_write_regs(sim);
}

/* The divider is computed from what the host says the old rate was. */
static void change_baudrate(espsim_t *sim)
{
    const uint32_t old_baud = espsim_stub_word(sim, 1);
    const uint64_t baud = old_baud != 0 ? (uint64_t)sim->uart.baud * espsim_stub_word(sim, 0) / old_baud : 0;
    espsim_stub_set_baud(sim, baud <= UINT32_MAX ? (uint32_t)baud : UINT32_MAX);
}

static uint8_t mem_begin(espsim_t *sim)
{
    espsim_stub_mem_begin(sim);
    return 0;
}

static uint8_t mem_data(espsim_t *sim)
{
    const uint32_t bytes = espsim_stub_size_field(sim) - (uint32_t)DATA_HEADER_BYTES;
    if (sim->stub.mem.addr == 0 && bytes > 0) {
        return REASON_NOT_BEGUN;
    }
    if (bytes > sim->stub.mem.left_bytes || bytes > BLOCK_BYTES_MAX) {
        return REASON_TOO_MUCH;
    }
    if (bytes % 4 != 0) {
        return REASON_LENGTH;
    }
    espsim_stub_mem_store(sim, espsim_stub_payload(sim) + DATA_HEADER_BYTES, bytes);
    return 0;
}

static uint8_t mem_end(espsim_t *sim)
{
    const bool complete = sim->stub.mem.left_bytes == 0;
    memset(&sim->stub.mem, 0, sizeof(sim->stub.mem));
    return complete ? 0 : REASON_TOO_LITTLE;
}

static void run_if_there_is_an_entry(espsim_t *sim)
{
    if (espsim_stub_word(sim, 1) != 0) {
        espsim_run_program(sim, espsim_stub_word(sim, 1), NULL);
    }
}

/* --- Dispatch -------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t opcode;
    int payload_bytes;          /* exactly; ANY: the command looks itself */
    uint8_t wrong_size;         /* the reason, otherwise */
    uint8_t (*run)(espsim_t *); /* before the status goes out; returns it */
    void (*after)(espsim_t *);  /* behind a status of 0 */
} command_t;

enum { ANY = -1 };

static const command_t commands[] = {
    {0x02, ANY, 0, begin, NULL},
    {0x03, ANY, 0, check_block, write_block},
    {0x04, ANY, 0, end, restart_unless_told_to_stay},
    {0x05, 16, REASON_ARGUMENT, mem_begin, NULL},
    {0x06, 8, REASON_ARGUMENT, mem_end, run_if_there_is_an_entry},
    {0x07, ANY, 0, mem_data, NULL},
    {0x08, 36, REASON_LENGTH, answer_sync, NULL},
    {0x09, ANY, 0, write_reg, NULL},
    {0x0A, 4, REASON_LENGTH, nothing, NULL}, /* its value goes out with the header */
    {0x0B, 24, REASON_ARGUMENT, set_params, NULL},
    {0x0D, 4, REASON_ARGUMENT, nothing, NULL},
    {0x0F, 8, REASON_LENGTH, nothing, change_baudrate},
    {0x10, ANY, 0, begin_deflate, NULL},
    {0x11, ANY, 0, check_block, unpack_block},
    {0x12, ANY, 0, end, restart_unless_told_to_stay},
    {0x13, 16, REASON_ARGUMENT, md5, NULL},
    {0x14, 0, REASON_ARGUMENT, security_info, NULL},
    {0xD0, 0, REASON_ARGUMENT, erase_flash, NULL},
    {0xD1, 8, REASON_ARGUMENT, erase_region, NULL},
    {0xD2, 16, REASON_LENGTH, nothing, read_flash},
    {0xD4, ANY, 0, check_block, write_encrypted_block},
};

static const command_t *find_command(const espsim_t *sim, uint8_t opcode)
{
    const bool has_security_info = sim->rom_row->security_info_bytes > 0;
    for (size_t row = 0; row < sizeof(commands) / sizeof(commands[0]); row++) {
        if (commands[row].opcode == opcode && (opcode != OP_SECURITY_INFO || has_security_info)) {
            return &commands[row];
        }
    }
    return NULL;
}

/* False: there is nothing at the address, and the stub is gone. */
static bool read_reg(espsim_t *sim)
{
    const uint32_t addr = espsim_stub_word(sim, 0);
    if (espsim_memory_has(&sim->memory, addr, 4)) {
        sim->stub.value = espsim_memory_get_word(&sim->memory, addr);
        return true;
    }
    if (sim->rom_row->prints_exceptions) {
        espsim_print(sim,
                     "Fatal exception (28): LoadProhibited\r\nepc1=0x400be768, epc2=0x00000000, epc3=0x00000000, "
                     "excvaddr=0x%08x, depc=0x00000000\r\n",
                     (unsigned)addr);
    }
    espsim_stub_hang(sim);
    return false;
}

/* Security info replaces the two status bytes in the count, where MD5 adds to them. */
static uint32_t size_field(const espsim_t *sim, const command_t *command)
{
    if (command != NULL && command->opcode == OP_SECURITY_INFO) {
        return sim->rom_row->security_info_bytes;
    }
    return command != NULL && command->opcode == OP_MD5 ? DIGEST_BYTES + STATUS_BYTES : STATUS_BYTES;
}

/* The size of the frame is not compared with its size field. */
static void execute(espsim_t *sim)
{
    const uint8_t opcode = espsim_stub_opcode(sim);
    const uint16_t size = espsim_stub_size_field(sim);
    const command_t *command = find_command(sim, opcode);

    sim->stub.value = 0;
    espsim_take_chip_time(sim, ESPSIM_CAUSE_COMMAND, sim->rom_row->turnaround_us * (uint64_t)ESPSIM_NS_PER_US);
    if (opcode == OP_READ_REG && size == 4 && !read_reg(sim)) {
        return;
    }
    espsim_stub_send_header(sim, size_field(sim, command));
    if (size > BLOCK_BYTES_MAX + DATA_HEADER_BYTES) {
        send_status(sim, REASON_LENGTH, DETAIL_OVERLONG);
        return;
    }
    if (opcode == OP_RUN_USER_CODE) { /* back to the ROM in the middle of its answer */
        espsim_print(sim, "%s", sim->rom_row->user_code_done);
        espsim_stub_hang(sim);
        return;
    }
    uint8_t reason = REASON_UNKNOWN;
    if (command != NULL) {
        const bool fits = command->payload_bytes == ANY || command->payload_bytes == size;
        reason = fits ? command->run(sim) : command->wrong_size;
    }
    if (sim->state != ESPSIM_STUB) {
        return;
    }
    send_status(sim, reason, 0);
    if (reason == 0 && command->after != NULL) {
        command->after(sim);
    }
}

void espsim_stub_take_frame_v1(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    if (stub->reading.sends) {
        send_next_packet(sim);
        return;
    }
    stub->waiting = false;
    stub->frame = stub->buffers[stub->waiting_in];
    stub->frame_bytes = stub->buffer_counts[stub->waiting_in];
    if (stub->reading.active) {
        take_acknowledgement(sim);
    } else {
        espsim_command_begins(sim, stub->frame, stub->frame_bytes);
        execute(sim);
        espsim_command_ends(sim);
    }
}
