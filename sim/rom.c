/* SPDX-License-Identifier: Apache-2.0 */
/* The mask ROM's serial loader: its receiver, its answers, and the commands that do not touch the flash.
 *
 * Written from what ROM code answered when it was recorded, oddities included: one receive and one answer
 * buffer that are never cleared, a status whose second byte is often left over, an opcode byte that names
 * the last command that was understood. */
#include "chip.h"
#include "chips/watchdogs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    END = 0xC0,
    ESC = 0xDB,
    ESC_END = 0xDC,
    ESC_ESC = 0xDD,
    HEADER_BYTES = 8,
    BLOCK_BYTES_MAX = 0x1800,
    SYNC_ANSWERS = 8,
    OP_FLASH_BEGIN = 0x02,
    OP_SYNC = 0x08,
    REASON_FORMAT = 0x05,
    REASON_FAILED = 0x06,
    REASON_CHECKSUM = 0x07
};

/* --- The request in the buffer ---------------------------------------------------------------------- */

static uint32_t word_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_word(uint8_t *at, uint32_t value)
{
    for (unsigned byte = 0; byte < 4; byte++) {
        at[byte] = (uint8_t)(value >> (8 * byte));
    }
}

uint8_t *espsim_rom_payload(espsim_t *sim)
{
    return &sim->rom.rx[HEADER_BYTES];
}

uint32_t espsim_rom_word(const espsim_t *sim, unsigned word)
{
    return word_at(&sim->rom.rx[HEADER_BYTES + 4 * word]);
}

uint16_t espsim_rom_size_field(const espsim_t *sim)
{
    return (uint16_t)(sim->rom.rx[2] | sim->rom.rx[3] << 8);
}

uint8_t *espsim_rom_reply_data(espsim_t *sim)
{
    return &sim->rom.reply[HEADER_BYTES];
}

/* --- Answers ---------------------------------------------------------------------------------------- */

static void answer(espsim_t *sim, uint8_t data_bytes)
{
    espsim_rom_state_t *rom = &sim->rom;
    const uint8_t status_bytes = sim->rom_row->status_bytes;
    const size_t reply_bytes = (size_t)HEADER_BYTES + data_bytes + status_bytes;
    rom->reply[0] = 0x01;
    rom->reply[2] = (uint8_t)(data_bytes + status_bytes);
    rom->reply[3] = 0;
    memcpy(&rom->reply[HEADER_BYTES + data_bytes], rom->status, sizeof(rom->status));
    espsim_command_answered(sim, rom->status[0], rom->status[1]);

    const uint8_t end = END;
    espsim_send(sim, &end, 1);
    for (size_t at = 0; at < reply_bytes; at++) {
        const uint8_t byte = rom->reply[at];
        if (byte == END || byte == ESC) {
            const uint8_t escaped[2] = {ESC, byte == END ? ESC_END : ESC_ESC};
            espsim_send(sim, escaped, sizeof(escaped));
        } else {
            espsim_send(sim, &byte, 1);
        }
    }
    espsim_send(sim, &end, 1);
}

/* The loader decides to answer eightfold by the opcode in its answer, so it also does so for what it did not
 * understand straight after a SYNC. */
static void answer_as_often_as_due(espsim_t *sim, uint8_t data_bytes)
{
    const unsigned answers = sim->rom.reply[1] == OP_SYNC ? SYNC_ANSWERS : 1;
    for (unsigned count = 0; count < answers; count++) {
        answer(sim, data_bytes);
    }
}

static void two_ends(espsim_t *sim)
{
    const uint8_t ends[2] = {END, END};
    espsim_send(sim, ends, sizeof(ends));
}

/* --- Transfers --------------------------------------------------------------------------------------- */

void espsim_rom_begin_transfer(espsim_t *sim, espsim_transfer_t *transfer)
{
    *transfer = (espsim_transfer_t){
        .begun = true,
        .left_bytes = espsim_rom_word(sim, 0),
        .block_count = espsim_rom_word(sim, 1),
        .left_blocks = espsim_rom_word(sim, 1),
        .block_bytes = espsim_rom_word(sim, 2),
        .addr = espsim_rom_word(sim, 3),
    };
}

uint8_t espsim_rom_check_block(espsim_t *sim, espsim_transfer_t *transfer, uint32_t length_multiple,
                               const uint8_t **data, uint32_t *bytes)
{
    const uint32_t length = espsim_rom_word(sim, 0);
    const uint32_t sequence = espsim_rom_word(sim, 1);
    if (length > transfer->block_bytes || length % length_multiple != 0 || sequence != transfer->sequence) {
        return REASON_FORMAT;
    }
    transfer->sequence++; /* before the checksum: a refused block has used up its number */
    *data = espsim_rom_payload(sim) + 16;
    *bytes = length;
    uint8_t checksum = 0xEF;
    for (uint32_t at = 0; at < length; at++) {
        checksum ^= (*data)[at];
    }
    return checksum == sim->rom.rx[4] ? 0 : REASON_CHECKSUM;
}

static uint8_t mem_begin(espsim_t *sim)
{
    if (espsim_rom_size_field(sim) != 16 || espsim_rom_word(sim, 2) > BLOCK_BYTES_MAX) {
        return REASON_FORMAT;
    }
    espsim_rom_begin_transfer(sim, &sim->rom.mem);
    return 0;
}

static void die(espsim_t *sim)
{
    sim->state = ESPSIM_GONE;
}

static uint8_t mem_data(espsim_t *sim)
{
    const uint8_t *data;
    uint32_t bytes;
    espsim_transfer_t *mem = &sim->rom.mem;
    const uint8_t reason = espsim_rom_check_block(sim, mem, 1, &data, &bytes);
    if (reason != 0) {
        return reason;
    }
    if (bytes > 0 && !espsim_memory_has(&sim->memory, mem->addr, bytes)) {
        die(sim);
        return 0;
    }
    for (uint32_t at = 0; at < bytes; at++) {
        sim->out_of_memory = !espsim_memory_put(&sim->memory, mem->addr + at, data[at]) || sim->out_of_memory;
    }
    mem->addr += bytes;
    return 0;
}

static bool holds(const espsim_t *sim, uint32_t addr, const espsim_program_t *program)
{
    for (size_t at = 0; at < program->code_bytes; at++) {
        if (espsim_memory_get(&sim->memory, addr + (uint32_t)at) != program->code[at]) {
            return false;
        }
    }
    return true;
}

void espsim_run_program(espsim_t *sim, uint32_t entry, const char *user_code_done)
{
    const espsim_stub_t stub = espsim_stub_in_ram(sim, entry);
    if (stub != ESPSIM_STUB_NONE) {
        espsim_stub_start(sim, stub);
        return;
    }
    const espsim_state_t caller = sim->state;
    sim->state = ESPSIM_GONE;
    for (size_t row = 0; row < sim->config.program_count; row++) {
        const espsim_program_t *program = &sim->config.programs[row];
        if (holds(sim, entry - program->entry_offset, program)) {
            const bool says_so = program->returns && user_code_done != NULL;
            espsim_print(sim, "%s%s", program->prints, says_so ? user_code_done : "");
            sim->state = program->returns && !says_so ? caller : ESPSIM_GONE;
            return;
        }
    }
    espsim_print(sim, "espsim: RAM program running from 0x%08x\r\n", (unsigned)entry);
}

static uint8_t mem_end(espsim_t *sim)
{
    return espsim_rom_size_field(sim) > 8 ? REASON_FORMAT : 0;
}

/* --- Registers and set-up ---------------------------------------------------------------------------- */

static void read_reg(espsim_t *sim)
{
    const uint32_t addr = espsim_rom_word(sim, 0);
    if (!espsim_memory_has(&sim->memory, addr, 4)) {
        die(sim);
        return;
    }
    put_word(&sim->rom.reply[4], espsim_memory_get_word(&sim->memory, addr));
}

/* CONFIG0 of the watchdog whose reset samples the straps; 0: there is none. */
static uint32_t watchdog_of(const espsim_t *sim)
{
    const reflash_watchdogs_t *dogs = reflash_watchdogs_of(sim->rom_row->chip);
    return dogs != NULL && dogs->resets ? dogs->config : 0;
}

/* It is set going as hosts do that want a reset: unlocked, its first stage to reset all. Nothing else of it is there. */
static void start_watchdog(espsim_t *sim, uint32_t config)
{
    enum { TICKS = 4, UNLOCKED = 0x18, KEY = 0x50D83AA1, TICK_NS = 7353 }; /* of 136 kHz */
    const uint32_t base = watchdog_of(sim);
    const uint32_t on_and_resets_all = 0xD;
    if (config >> 28 == on_and_resets_all && espsim_memory_get_word(&sim->memory, base + UNLOCKED) == KEY) {
        sim->action = ESPSIM_ACTION_WATCHDOG;
        sim->action_at_ns =
            sim->now_ns + sim->rom.work_ns + (uint64_t)espsim_memory_get_word(&sim->memory, base + TICKS) * TICK_NS;
    }
}

bool espsim_write_reg(espsim_t *sim, uint32_t addr, uint32_t value, uint32_t mask)
{
    enum { SPI_START = 1 << 18 };

    if (!espsim_memory_has(&sim->memory, addr, 4)) {
        return false;
    }
    const uint32_t old = espsim_memory_get_word(&sim->memory, addr);
    sim->out_of_memory =
        !espsim_memory_put_word(&sim->memory, addr, (old & ~mask) | (value & mask)) || sim->out_of_memory;
    if (addr == sim->rom_row->chip->spi_base && (espsim_memory_get_word(&sim->memory, addr) & SPI_START) != 0) {
        espsim_rom_spi_user_command(sim);
    }
    if (addr == watchdog_of(sim)) {
        start_watchdog(sim, espsim_memory_get_word(&sim->memory, addr));
    }
    return true;
}

static void write_reg(espsim_t *sim)
{
    enum { ENTRY_WORDS = 4 };

    const unsigned entries = espsim_rom_size_field(sim) / (4 * ENTRY_WORDS);
    for (unsigned entry = 0; entry < entries; entry++) {
        espsim_take_time(sim, ESPSIM_CAUSE_COMMAND,
                         (uint64_t)espsim_rom_word(sim, ENTRY_WORDS * entry + 3) * ESPSIM_NS_PER_US);
        if (!espsim_write_reg(sim, espsim_rom_word(sim, ENTRY_WORDS * entry),
                              espsim_rom_word(sim, ENTRY_WORDS * entry + 1),
                              espsim_rom_word(sim, ENTRY_WORDS * entry + 2))) {
            die(sim);
            return;
        }
    }
}

static uint8_t set_params(espsim_t *sim)
{
    if (espsim_rom_size_field(sim) != 24) {
        return REASON_FORMAT;
    }
    sim->rom.flash_bytes = espsim_rom_word(sim, 1);
    return 0;
}

/* What the ROM takes its UART's clock for, and what it really is. */
typedef struct {
    uint32_t believed_hz, real_hz;
} uart_clock_t;

static uint32_t assumed_clock_hz(const espsim_t *sim)
{
    const uint32_t mhz_reg = sim->rom_row->uart_clock_mhz_reg;
    return mhz_reg == 0 ? sim->rom_row->uart_clock_hz
                        : (espsim_memory_get_word(&sim->memory, mhz_reg) >> 24 & 0x7F) * 1000000;
}

static uart_clock_t uart_clock(const espsim_t *sim)
{
    enum { COUNT_SHIFT = 7, COUNT_BITS = 25, HZ_PER_STEP = 15625, PERIODS = 40 };
    const reflash_rom_t *row = sim->rom_row;
    const uint32_t assumed_hz = assumed_clock_hz(sim);
    if (row->crystal_count_reg == 0) {
        return (uart_clock_t){assumed_hz, sim->config.crystal_hz != 0 ? sim->config.crystal_hz : assumed_hz};
    }
    const uint32_t count =
        espsim_memory_get_word(&sim->memory, row->crystal_count_reg) >> COUNT_SHIFT & ((UINT32_C(1) << COUNT_BITS) - 1);
    const uint32_t clock = espsim_memory_get_word(&sim->memory, row->crystal_clock_reg) & 0xFF;
    const uint64_t measured_hz = (uint64_t)count * HZ_PER_STEP * clock / PERIODS;
    if (measured_hz == 0 || measured_hz > UINT32_MAX) {
        return (uart_clock_t){assumed_hz, assumed_hz};
    }
    return (uart_clock_t){(uint32_t)measured_hz, measured_hz > 33000000 ? 40000000 : 26000000};
}

/* The first word is a rate, or, if the second word's low byte is not 0, the divider itself in sixteenths. */
static void change_baudrate(espsim_t *sim)
{
    const uart_clock_t clock = uart_clock(sim);
    const uint32_t rate = espsim_rom_word(sim, 0);
    const bool raw = (espsim_rom_word(sim, 1) & 0xFF) != 0;
    uint64_t sixteenths = raw ? rate : (uint64_t)clock.believed_hz * 16 / (rate != 0 ? rate : 1);
    sixteenths = sixteenths > 0 ? sixteenths : 1;
    const uint32_t whole = (uint32_t)(sixteenths / 16) & ((UINT32_C(1) << sim->rom_row->uart_clkdiv_bits) - 1);
    const uint32_t divider = whole | (uint32_t)(sixteenths % 16) << 20;
    sim->out_of_memory =
        !espsim_memory_put_word(&sim->memory, sim->rom_row->uart0_clkdiv_reg, divider) || sim->out_of_memory;
    const uint64_t new_rate = (uint64_t)clock.real_hz * 16 / sixteenths;
    sim->action_baud = new_rate > 0 ? (uint32_t)new_rate : 1;
}

static uint8_t security_info(espsim_t *sim)
{
    espsim_security_info(sim, espsim_rom_reply_data(sim));
    return 0;
}

/* --- The end of the loop ------------------------------------------------------------------------------ */

void espsim_rom_leave(espsim_t *sim)
{
    espsim_print(sim, "%s", sim->rom_row->loader_left);
    sim->state = sim->rom_row->basic_prompt ? ESPSIM_PROMPT : ESPSIM_GONE;
    sim->prompt_line_bytes = 0;
    sim->prompt_swallows = false;
}

/* Marks the loop as finished before it checks anything: whatever it answers, this loader is gone. */
static void flash_end(espsim_t *sim)
{
    const bool complete = sim->rom.flash.begun && sim->rom.flash.left_bytes == 0;
    const bool stay = espsim_rom_word(sim, 0) != 0 && espsim_rom_size_field(sim) > 0;
    sim->rom.status[0] = complete ? 0 : 1;
    sim->rom.status[1] = complete ? sim->rom.status[1] : REASON_FAILED;
    answer(sim, 0);
    const bool restarts =
        sim->config.security.secure_download ? sim->rom_row->security->secure_loader_restarts : complete && !stay;
    if (restarts) {
        two_ends(sim);
        espsim_plan(sim, ESPSIM_ACTION_SOFT_RESET);
    } else {
        espsim_rom_leave(sim);
    }
}

/* Just enough of the BASIC interpreter to echo as it was seen to. */
void espsim_prompt_byte(espsim_t *sim, uint8_t byte)
{
    enum { BREAK = 0x03, BACKSPACE = 0x08, NEWLINE = 0x0A, LINE_BYTES_MAX = 78 };

    sim->rom.work_ns = 0;
    if (sim->prompt_swallows) {
        sim->prompt_swallows = false;
    } else if (byte == BACKSPACE) {
        espsim_print(sim, "\b \b");
    } else if (byte == BREAK || (byte == NEWLINE && sim->prompt_line_bytes < LINE_BYTES_MAX)) {
        espsim_print(sim, "%sHow?\r\n>", byte == BREAK ? "C" : "\r\n");
        sim->prompt_swallows = byte == BREAK;
        sim->prompt_line_bytes = 0;
    } else if (byte != 0) {
        espsim_send(sim, &byte, 1);
        sim->prompt_line_bytes++;
    }
}

/* --- Dispatch ------------------------------------------------------------------------------------------ */

typedef enum {
    CLEARS_STATUS, /* success sets both status bytes to 0            */
    KEEPS_REASON   /* success sets only the first: the second is old */
} success_t;

typedef struct {
    uint8_t opcode;
    uint8_t data_bytes;
    success_t success;
    bool is_secure;                /* also in secure download mode */
    uint8_t (*run)(espsim_t *sim); /* returns 0 or the reason for refusing */
    void (*do_it)(espsim_t *sim);  /* for those that never refuse          */
} rom_command_t;

static void nothing(espsim_t *sim)
{
    (void)sim;
}

static const rom_command_t rom_commands[] = {
    {.opcode = 0x02, .success = KEEPS_REASON, .is_secure = true, .run = espsim_rom_flash_begin},
    {.opcode = 0x03, .success = KEEPS_REASON, .is_secure = true, .run = espsim_rom_flash_data},
    {.opcode = 0x04, .is_secure = true, .do_it = flash_end}, /* answers by itself */
    {.opcode = 0x05, .success = KEEPS_REASON, .run = mem_begin},
    {.opcode = 0x06, .success = KEEPS_REASON, .run = mem_end},
    {.opcode = 0x07, .success = KEEPS_REASON, .run = mem_data},
    {.opcode = 0x08, .is_secure = true, .do_it = nothing},
    {.opcode = 0x09, .do_it = write_reg},
    {.opcode = 0x0A, .do_it = read_reg},
    {.opcode = 0x0B, .is_secure = true, .run = set_params},
    {.opcode = 0x0D, .is_secure = true, .do_it = espsim_rom_spi_attach},
    {.opcode = 0x0E, .data_bytes = 64, .run = espsim_rom_read_slow},
    {.opcode = 0x0F, .is_secure = true, .do_it = change_baudrate},
    {.opcode = 0x10, .success = KEEPS_REASON, .run = espsim_rom_deflate_begin},
    {.opcode = 0x11, .success = KEEPS_REASON, .run = espsim_rom_deflate_data},
    {.opcode = 0x12, .success = KEEPS_REASON, .run = espsim_rom_deflate_end},
    {.opcode = 0x13, .data_bytes = 32, .run = espsim_rom_md5},
    {.opcode = 0x14, .is_secure = true, .run = security_info}, /* length: see data_bytes_of() */
    {.opcode = 0x15, .is_secure = true, .do_it = nothing}, /* number of address bits, of which nothing here depends */
};

static uint8_t data_bytes_of(const espsim_t *sim, const rom_command_t *command)
{
    return command->run == security_info ? sim->rom_row->security_info_bytes : command->data_bytes;
}

static const rom_command_t *find_command(const espsim_t *sim, uint8_t opcode)
{
    for (size_t row = 0; row < sizeof(rom_commands) / sizeof(rom_commands[0]); row++) {
        if (rom_commands[row].opcode == opcode && opcode <= sim->rom_row->chip->last_opcode &&
            (rom_commands[row].is_secure || !sim->config.security.secure_download)) {
            return &rom_commands[row];
        }
    }
    return NULL;
}

static void refuse(espsim_t *sim, uint8_t reason)
{
    sim->rom.status[0] = 1;
    sim->rom.status[1] = reason;
}

/* What follows an answer for the few commands that change more than the flash. */
static void after_answer(espsim_t *sim, uint8_t opcode)
{
    const bool agreed = sim->rom.status[0] == 0;
    const bool stay = espsim_rom_word(sim, 0) != 0;
    if (opcode == 0x06 && agreed && !stay) {
        espsim_run_program(sim, espsim_rom_word(sim, 1), sim->rom_row->user_code_done);
    } else if (opcode == 0x0F) {
        two_ends(sim);
        espsim_plan(sim, ESPSIM_ACTION_SET_BAUD);
    } else if (opcode == 0x12 && agreed && !stay) {
        two_ends(sim);
        espsim_plan(sim, ESPSIM_ACTION_SOFT_RESET);
    }
}

static void execute(espsim_t *sim)
{
    espsim_rom_state_t *rom = &sim->rom;
    const uint8_t direction = rom->rx[0];
    const uint8_t opcode = rom->rx[1];
    const rom_command_t *command = direction == 0 ? find_command(sim, opcode) : NULL;

    rom->work_ns = 0;
    if (!rom->synced && (direction != 0 || opcode != OP_SYNC)) {
        return;
    }
    rom->synced = true;
    espsim_take_chip_time(sim, ESPSIM_CAUSE_COMMAND, sim->rom_row->turnaround_us * (uint64_t)ESPSIM_NS_PER_US);
    if (command == NULL) {
        refuse(sim, REASON_FORMAT);
        answer_as_often_as_due(sim, 0);
        return;
    }
    rom->reply[1] = opcode;
    if (opcode == OP_SYNC) {
        put_word(&rom->reply[4], espsim_rom_word(sim, 0));
    }
    const uint8_t reason = command->run != NULL ? command->run(sim) : 0;
    if (command->do_it != NULL) {
        command->do_it(sim);
    }
    if (command->do_it == flash_end || sim->off || (sim->state != ESPSIM_LOADER)) {
        return;
    }
    if (reason != 0) {
        refuse(sim, reason);
    } else {
        rom->status[0] = 0;
        rom->status[1] = command->success == KEEPS_REASON ? rom->status[1] : 0;
    }
    answer_as_often_as_due(sim, data_bytes_of(sim, command));
    after_answer(sim, opcode);
}

/* --- Receiver ------------------------------------------------------------------------------------------ */

static void keep(espsim_rom_state_t *rom, uint8_t byte)
{
    if (rom->rx_bytes < sizeof(rom->rx)) {
        rom->rx[rom->rx_bytes] = byte;
    }
    rom->rx_bytes++;
    rom->frame_state = ESPSIM_FRAME_INSIDE;
}

void espsim_rom_byte(espsim_t *sim, uint8_t byte)
{
    espsim_rom_state_t *rom = &sim->rom;
    switch (rom->frame_state) {
    case ESPSIM_FRAME_OUTSIDE:
        if (byte == END) {
            rom->frame_state = ESPSIM_FRAME_INSIDE;
            rom->rx_bytes = 0;
        }
        break;
    case ESPSIM_FRAME_ESCAPED: /* whatever follows is data, an END too */
        keep(rom, byte == ESC_END ? END : byte == ESC_ESC ? ESC : byte);
        break;
    case ESPSIM_FRAME_INSIDE:
        if (byte == ESC) {
            rom->frame_state = ESPSIM_FRAME_ESCAPED;
        } else if (byte != END) {
            keep(rom, byte);
        } else if (rom->rx_bytes > 0) {
            rom->frame_state = ESPSIM_FRAME_OUTSIDE;
            espsim_command_begins(sim, rom->rx, rom->rx_bytes);
            execute(sim);
            espsim_command_ends(sim);
        }
        break;
    }
}

void espsim_rom_reset(espsim_t *sim)
{
    espsim_rom_state_t *rom = &sim->rom;
    if (rom->inflater_ready) {
        (void)inflateEnd(&rom->inflater);
    }
    memset(rom, 0, sizeof(*rom));
    rom->flash_bytes = sim->rom_row->default_flash_bytes;
    const uint32_t block_bytes = sim->rom_row->unbegun_block_bytes;
    rom->flash = (espsim_transfer_t){.block_bytes = block_bytes, .addr = sim->rom_row->unbegun_flash_addr};
    rom->mem = (espsim_transfer_t){.block_bytes = block_bytes, .addr = sim->rom_row->unbegun_mem_addr};
}
