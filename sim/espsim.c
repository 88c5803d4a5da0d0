/* SPDX-License-Identifier: Apache-2.0 */
/* The chip as a whole: power, reset and strapping pins, time, the link, and the faults on it. */
#include "espsim.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip.h"
#include "timing.h"

enum { DEFAULT_BAUD = 115200 };

/* --- Time, output ---------------------------------------------------------------------------------------- */

void espsim_send(espsim_t *sim, const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        const espsim_faulty_byte_t sent = espsim_faults_byte(&sim->faults, ESPSIM_FROM_TARGET, bytes[at]);
        sim->out_of_memory = !espsim_uart_send(&sim->uart, &sent, sim->now_ns + sim->rom.work_ns) || sim->out_of_memory;
    }
}

void espsim_print(espsim_t *sim, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length > 0) {
        espsim_send(sim, (const uint8_t *)text, (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
    }
}

void espsim_plan(espsim_t *sim, espsim_action_t action)
{
    sim->action = action;
    sim->action_at_ns = sim->uart.tx_free_ns;
}

/* --- Reset and boot ---------------------------------------------------------------------------------------- */

static const reflash_boot_mode_t *boot_mode(const espsim_t *sim)
{
    for (size_t row = 0; row < sim->rom_row->boot_mode_count; row++) {
        if (sim->rom_row->boot_modes[row].strapping == sim->strapping) {
            return &sim->rom_row->boot_modes[row];
        }
    }
    return NULL;
}

/* Of the rate that the loader's UART runs at, by whatever crystal is fitted. */
static void show_divider(espsim_t *sim)
{
    if (sim->config.crystal_hz != 0) {
        (void)espsim_memory_put_word(&sim->memory, sim->rom_row->uart0_clkdiv_reg,
                                     sim->config.crystal_hz / sim->uart.baud);
    }
}

static void start_boot(espsim_t *sim, uint8_t reset_code)
{
    espsim_rom_reset(sim);
    espsim_stub_reset(sim);
    espsim_memory_reset(&sim->memory);
    espsim_uart_reset(&sim->uart, sim->now_ns);
    sim->uart.baud = sim->rom_row->boot_baud;
    show_divider(sim);
    sim->uart.trained = sim->config.trained;
    sim->reset_code = reset_code;
    sim->busy_until_ns = 0;
    sim->state = ESPSIM_BOOTING;
    espsim_ledger_stop_work(sim);
    espsim_take_time(sim, ESPSIM_CAUSE_BOOT, sim->config.timing.boot_ms * UINT64_C(1000000));
    espsim_tell(sim, ESPSIM_EVENT_RESET);
    sim->action = ESPSIM_ACTION_BOOT;
    sim->action_at_ns = sim->now_ns + sim->rom.work_ns;
    sim->rom.work_ns = 0;
}

static void sample_straps(espsim_t *sim)
{
    sim->strapping = sim->config.strapping != 0 ? sim->config.strapping
                     : sim->boot_low            ? sim->rom_row->strapping_download
                                                : sim->rom_row->strapping_normal;
}

enum { BROWN_OUT_CODE = 0xF };

/* As printed behind the code of the last reset. */
static const char *reset_name(const espsim_t *sim)
{
    const reflash_rom_t *row = sim->rom_row;
    return sim->reset_code == row->power_on_code ? row->power_on_name
           : sim->reset_code == BROWN_OUT_CODE   ? row->brown_out_name
                                                 : row->software_name;
}

static void boot(espsim_t *sim)
{
    const reflash_boot_mode_t *mode = boot_mode(sim);
    const reflash_rom_t *row = sim->rom_row;
    espsim_print(sim, "%s", row->banner);
    if (row->boot_log == REFLASH_BOOT_LOG_ESP8266) {
        espsim_print(sim, "rst cause:%u, boot mode:(%s)\r\n\r\n", sim->reset_code, mode->name);
    } else {
        espsim_print(sim, "rst:0x%x (%s),boot:0x%x (%s)\r\n", sim->reset_code, reset_name(sim), sim->strapping,
                     mode->name);
    }
    if (mode->what == REFLASH_BOOT_FLASH) {
        espsim_boot_from_flash(sim);
        return;
    }
    if (sim->config.security.no_download) { /* a real one resets, and says so again */
        espsim_print(sim, "%s", row->security->download_disabled);
        sim->state = ESPSIM_GONE;
        return;
    }
    espsim_print(sim, "%s", sim->config.security.secure_download ? row->security->secure_waiting : mode->waiting);
    sim->uart.baud = DEFAULT_BAUD; /* until a first SYNC teaches it another rate */
    sim->rom.synced = !mode->needs_sync;
    sim->state = ESPSIM_LOADER;
}

static void hold(espsim_t *sim)
{
    espsim_uart_reset(&sim->uart, sim->now_ns);
    espsim_ledger_stop_work(sim);
    sim->state = ESPSIM_HELD;
    sim->action = ESPSIM_ACTION_NONE;
}

static void act(espsim_t *sim)
{
    const espsim_action_t action = sim->action;
    sim->action = ESPSIM_ACTION_NONE;
    switch (action) {
    case ESPSIM_ACTION_BOOT:
        boot(sim);
        break;
    case ESPSIM_ACTION_SET_BAUD:
        sim->uart.baud = sim->action_baud;
        espsim_tell(sim, ESPSIM_EVENT_BAUD);
        break;
    case ESPSIM_ACTION_SOFT_RESET: /* does not look at the straps again */
        start_boot(sim, sim->rom_row->software_code);
        break;
    case ESPSIM_ACTION_WATCHDOG:
        sample_straps(sim);
        start_boot(sim, sim->rom_row->power_on_code);
        break;
    case ESPSIM_ACTION_GREET:
        espsim_stub_greet(sim);
        break;
    case ESPSIM_ACTION_NONE:
        break;
    }
}

/* --- The loop ----------------------------------------------------------------------------------------------- */

/* When the chip will take what it has received; ESPSIM_NEVER: there is nothing. */
static uint64_t next_input(const espsim_t *sim)
{
    const bool in_stub = sim->state == ESPSIM_STUB;
    const bool waits =
        in_stub ? sim->stub.waiting || sim->stub.reading.sends : sim->uart.ring_read != sim->uart.ring_write;
    const bool listens = in_stub || sim->state == ESPSIM_LOADER || sim->state == ESPSIM_PROMPT;
    return listens && waits && sim->action == ESPSIM_ACTION_NONE ? sim->busy_until_ns : ESPSIM_NEVER;
}

/* A stub's receiver works beside its commands. */
static uint64_t next_interrupt(const espsim_t *sim)
{
    return sim->state == ESPSIM_STUB ? sim->stub.fifo_due_ns : ESPSIM_NEVER;
}

/* The program blocks where the UART's own FIFO is full. */
static uint64_t time_to_fit_fifo(const espsim_t *sim)
{
    const uint64_t fifo_ns = UINT64_C(10000000000) / sim->uart.baud * ESPSIM_FIFO_BYTES;
    return sim->uart.tx_free_ns > fifo_ns ? sim->uart.tx_free_ns - fifo_ns : 0;
}

static void take_input(espsim_t *sim)
{
    uint8_t byte;
    sim->rom.work_ns = 0;
    if (sim->state == ESPSIM_STUB) {
        sim->stub.row->take_frame(sim);
        const uint64_t fits_ns = time_to_fit_fifo(sim);
        sim->busy_until_ns = sim->now_ns + sim->rom.work_ns;
        sim->busy_until_ns = fits_ns > sim->busy_until_ns ? fits_ns : sim->busy_until_ns;
        return;
    }
    if (espsim_uart_take(&sim->uart, &byte)) {
        if (sim->state == ESPSIM_PROMPT) {
            espsim_prompt_byte(sim, byte);
        } else {
            espsim_rom_byte(sim, byte);
        }
    }
    sim->busy_until_ns = sim->now_ns + sim->rom.work_ns;
}

/* The chip resets by itself and looks at its pins again. */
static void reset_by_itself(espsim_t *sim, uint8_t reset_code)
{
    if (!sim->off && !sim->reset_low) {
        hold(sim);
        sample_straps(sim);
        start_boot(sim, reset_code);
    }
}

/* What faults have brought over the chip: the worst of it. */
static void suffer(espsim_t *sim)
{
    const unsigned blows = sim->faults.blows;
    const bool tells = sim->rom_row->brown_out_name != NULL;
    sim->faults.blows = 0;
    sim->nor.cut_off = false;
    if ((blows & ESPSIM_BLOW_POWER_CUT) != 0) {
        espsim_power_off(sim);
    } else if ((blows & ESPSIM_BLOW_BROWN_OUT) != 0) {
        reset_by_itself(sim, tells ? BROWN_OUT_CODE : sim->rom_row->power_on_code);
    } else if ((blows & ESPSIM_BLOW_RESET) != 0) {
        reset_by_itself(sim, sim->rom_row->power_on_code);
    }
}

/* Do all that can be done now. */
static void run(espsim_t *sim)
{
    for (;;) { /* each turn uses up an action or input, or ends */
        if (sim->off || sim->state == ESPSIM_HELD) {
            return;
        }
        if (sim->action != ESPSIM_ACTION_NONE && sim->action_at_ns <= sim->now_ns) {
            act(sim);
        } else if (next_interrupt(sim) <= sim->now_ns) {
            espsim_stub_drain(sim);
        } else if (next_input(sim) <= sim->now_ns) {
            take_input(sim);
        } else {
            return;
        }
        if (sim->faults.blows != 0) {
            suffer(sim);
        }
    }
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* When the byte behind `nth` others arrives. */
static uint64_t arrival(const espsim_wire_t *wire, size_t nth)
{
    const espsim_wire_byte_t *byte = espsim_wire_at(wire, nth);
    return byte != NULL ? byte->arrives_ns : ESPSIM_NEVER;
}

/* The next thing that changes the chip, other than a byte being fetched. */
static uint64_t next_internal_event(const espsim_t *sim)
{
    const uint64_t late_ns = arrival(&sim->late, 0);
    if (sim->off || sim->state == ESPSIM_HELD) {
        return late_ns;
    }
    const uint64_t action_ns = sim->action != ESPSIM_ACTION_NONE ? sim->action_at_ns : ESPSIM_NEVER;
    return earlier(earlier(late_ns, action_ns), earlier(next_interrupt(sim), next_input(sim)));
}

uint64_t espsim_host_byte_ns(const espsim_t *sim)
{
    const uint64_t latency_ns = sim->config.usb_latency_us * (uint64_t)ESPSIM_NS_PER_US;
    const uint64_t first_ns = arrival(&sim->uart.tx, 0);
    if (latency_ns == 0 || sim->bundle_bytes > 0 || first_ns == ESPSIM_NEVER) {
        return first_ns;
    }
    return earlier(arrival(&sim->uart.tx, ESPSIM_BUNDLE_BYTES - 1), first_ns + latency_ns);
}

/* A byte has reached the host. With a bridge it comes with all that had arrived there when its bundle left. */
static bool host_has_byte(espsim_t *sim)
{
    const uint64_t ready_ns = espsim_host_byte_ns(sim);
    if (ready_ns > sim->now_ns) {
        return false;
    }
    if (sim->config.usb_latency_us != 0 && sim->bundle_bytes == 0) {
        while (sim->bundle_bytes < ESPSIM_BUNDLE_BYTES && arrival(&sim->uart.tx, sim->bundle_bytes) <= ready_ns) {
            sim->bundle_bytes++;
        }
    }
    return true;
}

uint64_t espsim_next_event(const espsim_t *sim)
{
    return earlier(espsim_host_byte_ns(sim), next_internal_event(sim));
}

/* --- Public --------------------------------------------------------------------------------------------------- */

#define ROW(name) &reflash_rom_##name,
static const reflash_rom_t *const rom_rows[] = {REFLASH_CHIPS(ROW)};

static bool same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += *a == '-' ? 1 : 0;
        b += *b == '-' ? 1 : 0;
        if (toupper((unsigned char)*a) != toupper((unsigned char)*b)) {
            return false;
        }
        if (*a == '\0') {
            return true;
        }
    }
}

const char *espsim_rom_name(const reflash_rom_t *rom)
{
    return rom->variant_name != NULL ? rom->variant_name : rom->chip->name;
}

const reflash_rom_t *espsim_rom_at(size_t row)
{
    for (size_t chip = 0; chip < sizeof(rom_rows) / sizeof(rom_rows[0]); chip++) {
        for (const reflash_rom_t *rom = rom_rows[chip]; rom != NULL; rom = rom->variant) {
            if (row-- == 0) {
                return rom;
            }
        }
    }
    return NULL;
}

const reflash_rom_t *espsim_rom_by_name(const char *name)
{
    const reflash_rom_t *rom;
    for (size_t row = 0; (rom = espsim_rom_at(row)) != NULL; row++) {
        if (same_name(name, espsim_rom_name(rom))) {
            return rom;
        }
    }
    return NULL;
}

espsim_t *espsim_create(const espsim_config_t *config)
{
    const uint32_t bytes = config->flash_bytes;
    if (config->rom == NULL || config->flash == NULL || bytes < ESPSIM_FLASH_BYTES_MIN ||
        bytes > ESPSIM_FLASH_BYTES_MAX || (bytes & (bytes - 1)) != 0 ||
        espsim_security_lacks(config->rom, &config->security) != NULL) {
        return NULL;
    }
    espsim_t *sim = calloc(1, sizeof(*sim));
    if (sim == NULL) {
        return NULL;
    }
    sim->config = *config;
    sim->rom_row = config->rom;
    sim->reset_low = true;
    sim->state = ESPSIM_HELD;
    sim->nor.cells = config->flash;
    sim->nor.bytes = bytes;
    sim->nor.timing = &sim->config.timing;
    sim->nor.part = config->part != NULL ? config->part : espsim_flash_part_at(0);
    sim->nor.stats = &sim->stats;
    sim->nor.faults = &sim->faults;
    sim->memory.rom = config->rom;
    sim->memory.is_blank = config->blank_efuse;
    espsim_security_burn(sim);
    sim->uart.ring_bytes = config->rom->rx_ring_bytes;
    sim->uart.baud = DEFAULT_BAUD;
    sample_straps(sim);
    if (boot_mode(sim) == NULL) {
        espsim_destroy(sim);
        return NULL;
    }
    return sim;
}

void espsim_destroy(espsim_t *sim)
{
    if (sim != NULL) {
        espsim_rom_reset(sim); /* both let go of their unpackers */
        espsim_stub_reset(sim);
        espsim_memory_reset(&sim->memory);
        espsim_wire_free(&sim->uart.tx);
        espsim_wire_free(&sim->late);
        free(sim);
    }
}

void espsim_set_lines(espsim_t *sim, bool reset_low, bool boot_low)
{
    const bool released = sim->reset_low && !reset_low;
    sim->boot_low = boot_low;
    sim->reset_low = reset_low;
    if (sim->off) {
        return;
    }
    if (reset_low) {
        hold(sim);
    } else if (released) {
        sample_straps(sim);
        start_boot(sim, sim->rom_row->power_on_code);
        run(sim);
    }
}

void espsim_power_cycle(espsim_t *sim)
{
    sim->off = false;
    sim->nor.cut_off = false;
    sim->nor.write_enabled = false;
    sim->nor.powered_down = false;
    hold(sim);
    if (!sim->reset_low) {
        sample_straps(sim);
        start_boot(sim, sim->rom_row->power_on_code);
        run(sim);
    }
}

void espsim_power_off(espsim_t *sim)
{
    sim->off = true;
    hold(sim);
    espsim_tell(sim, ESPSIM_EVENT_POWER_OFF);
}

bool espsim_is_off(const espsim_t *sim)
{
    return sim->off;
}

static void deliver(espsim_t *sim, uint8_t byte, uint32_t baud)
{
    if (!sim->off && sim->state == ESPSIM_STUB && sim->action != ESPSIM_ACTION_GREET) {
        espsim_stub_receive(sim, espsim_uart_rates_fit(baud, sim->uart.baud) ? byte : espsim_uart_garbled(byte));
        run(sim);
        return;
    }
    if (!sim->off && (sim->state == ESPSIM_LOADER || sim->state == ESPSIM_PROMPT)) {
        const bool was_trained = sim->uart.trained;
        espsim_uart_receive(&sim->uart, byte, baud);
        if (sim->uart.trained && !was_trained) {
            show_divider(sim);
        }
        run(sim);
    }
}

/* A byte that comes `late_ns` late holds up those behind it. */
static void deliver_late(espsim_t *sim, uint8_t byte, uint32_t baud, uint64_t late_ns)
{
    const uint64_t byte_ns = espsim_uart_byte_ns(baud != 0 ? baud : sim->uart.baud);
    const espsim_wire_byte_t *before = espsim_wire_last(&sim->late);
    const uint64_t soonest_ns = before != NULL ? before->arrives_ns + byte_ns : 0;
    const espsim_wire_byte_t held = {.sent_ns = sim->now_ns,
                                     .arrives_ns = (soonest_ns > sim->now_ns ? soonest_ns : sim->now_ns) + late_ns,
                                     .baud = baud,
                                     .byte = byte};
    sim->out_of_memory = !espsim_wire_push(&sim->late, &held) || sim->out_of_memory;
}

static void arrive(espsim_t *sim, uint8_t byte, uint32_t baud, uint64_t late_ns)
{
    if (late_ns > 0 || sim->late.count > 0) {
        deliver_late(sim, byte, baud, late_ns);
    } else {
        deliver(sim, byte, baud);
    }
}

void espsim_receive(espsim_t *sim, uint8_t byte, uint32_t baud)
{
    if (sim->faults.port_is_gone) {
        return;
    }
    sim->stats.bytes_to_target++;
    espsim_ledger_receive(sim, baud);
    const espsim_faulty_byte_t got = espsim_faults_byte(&sim->faults, ESPSIM_TO_TARGET, byte);
    const unsigned blows = sim->faults.blows; /* they come when the byte is there */
    sim->faults.blows = 0;
    if (sim->faults.stall_ns > 0) {
        sim->busy_until_ns =
            (sim->busy_until_ns > sim->now_ns ? sim->busy_until_ns : sim->now_ns) + sim->faults.stall_ns;
        sim->faults.stall_ns = 0;
    }
    for (unsigned copy = 0; copy < got.copies; copy++) {
        arrive(sim, got.byte, baud, copy == 0 ? got.late_ns : 0);
    }
    if (blows != 0) {
        sim->faults.blows = blows;
        suffer(sim);
        run(sim);
    }
}

void espsim_advance(espsim_t *sim, uint64_t now_ns)
{
    for (;;) { /* each turn handles one event, in order of time */
        const uint64_t next_ns = next_internal_event(sim);
        if (next_ns > now_ns) {
            break;
        }
        espsim_ledger_pass(sim, next_ns > sim->now_ns ? next_ns : sim->now_ns);
        if (arrival(&sim->late, 0) <= sim->now_ns) {
            const espsim_wire_byte_t late = *espsim_wire_first(&sim->late);
            espsim_wire_pop(&sim->late);
            deliver(sim, late.byte, late.baud);
        }
        run(sim);
    }
    espsim_ledger_pass(sim, now_ns > sim->now_ns ? now_ns : sim->now_ns);
}

uint64_t espsim_now(const espsim_t *sim)
{
    return sim->now_ns;
}

bool espsim_transmit(espsim_t *sim, uint8_t *byte, uint32_t baud)
{
    while (host_has_byte(sim)) {
        const espsim_wire_byte_t sent = *espsim_wire_first(&sim->uart.tx);
        espsim_wire_pop(&sim->uart.tx);
        sim->bundle_bytes -= sim->bundle_bytes > 0 ? 1 : 0;
        if (sim->faults.port_is_gone) {
            continue;
        }
        sim->stats.bytes_from_target++;
        *byte = espsim_uart_rates_fit(baud, sent.baud) ? sent.byte : espsim_uart_garbled(sent.byte);
        return true;
    }
    return false;
}

const char *espsim_chip_name(const espsim_t *sim)
{
    return espsim_rom_name(sim->rom_row);
}

uint32_t espsim_flash_bytes(const espsim_t *sim)
{
    return sim->nor.bytes;
}

uint32_t espsim_baud(const espsim_t *sim)
{
    return sim->uart.baud;
}

bool espsim_in_loader(const espsim_t *sim)
{
    return (sim->state == ESPSIM_LOADER || sim->state == ESPSIM_STUB) && !sim->off;
}

bool espsim_run_stub(espsim_t *sim, espsim_stub_t stub)
{
    if (!espsim_in_loader(sim) || stub == ESPSIM_STUB_NONE) {
        return false;
    }
    sim->rom.work_ns = 0;
    espsim_stub_start(sim, stub);
    run(sim);
    return true;
}

espsim_stub_t espsim_stub(const espsim_t *sim)
{
    return sim->state == ESPSIM_STUB && !sim->off ? sim->stub.row->stub : ESPSIM_STUB_NONE;
}

/* What the chip says it is: its row, or a copy of that with another id. */
static void take_identity(espsim_t *sim)
{
    enum { ID_AT = 12, ID_BYTES = 4 };
    const espsim_fault_t *wrong = espsim_faults_find(&sim->faults, ESPSIM_FAULT_WRONG_CHIP_ID);
    sim->rom_row = sim->config.rom;
    sim->memory.faulty_word = NULL;
    if (wrong == NULL) {
        return;
    }
    sim->faulty_row = *sim->config.rom;
    for (unsigned byte = 0; byte < ID_BYTES && sim->faulty_row.security_info_bytes >= ID_AT + ID_BYTES; byte++) {
        sim->faulty_row.security_info[ID_AT + byte] = (uint8_t)(wrong->id >> (8 * byte));
    }
    sim->faulty_word = (reflash_register_value_t){.addr = REFLASH_MAGIC_ADDR, .value = wrong->id};
    sim->rom_row = &sim->faulty_row;
    sim->memory.faulty_word = &sim->faulty_word;
}

void espsim_set_faults(espsim_t *sim, const espsim_faults_t *faults)
{
    espsim_faults_start(&sim->faults, faults);
    take_identity(sim);
}

bool espsim_port_is_gone(const espsim_t *sim)
{
    return sim->faults.port_is_gone;
}

void espsim_port_return(espsim_t *sim)
{
    espsim_wire_free(&sim->uart.tx);
    espsim_wire_free(&sim->late);
    sim->faults.port_is_gone = false;
}

const espsim_stats_t *espsim_stats(const espsim_t *sim)
{
    return &sim->stats;
}

uint32_t espsim_wear(const espsim_t *sim, uint32_t sector_index)
{
    return sector_index < sim->nor.bytes / ESPSIM_SECTOR_BYTES ? sim->nor.wear[sector_index] : 0;
}

void espsim_clear_stats(espsim_t *sim)
{
    memset(&sim->stats, 0, sizeof(sim->stats));
}
