/* SPDX-License-Identifier: Apache-2.0 */
/* The card half of SDIO download, from the chip's point of view. docs/espsim.md tells what of it is known and what is
 * assumed. */
#include "sdio_slave.h"

#include <string.h>

enum { ENABLE = 0x02, IS_READY = 0x03, CIS_POINTER = 0x09, CIS_ADDR = 0x1000, CIS_BYTES = 64, FUNCTION_1 = 2 };
enum { TOKEN = 0x44, INT_ST = 0x58, STATE_W0 = 0x64, CONF_W0 = 0x6C, CONF_W5 = 0x80, WIN_CMD = 0x84, INT_CLR = 0xD4 };
enum { WINDOW_END = 0x1F800, SIP_BYTES_MAX = 256, CREDIT_BLOCKS = 32, BLOCK_BYTES = 512 };
enum { BYTE_NS = 320, COMMAND_BYTES = 16 };
#define NEW_PACKET (UINT32_C(1) << 23)
#define STITCHING UINT32_C(0x60)
#define CONF1_AFTER_RESET UINT32_C(0x00300000) /* stands for whatever else is set, and has to stay */
#define LOADS_PACKETS (UINT32_C(1) << 24)

static espsim_sdio_t *self(esp_loader_port_t *port)
{
    return (espsim_sdio_t *)(void *)container_of(port, espsim_port_t, port);
}

static void expect(espsim_sdio_t *port, bool holds, const char *otherwise)
{
    if (!holds) {
        port->violation = port->violations == 0 ? otherwise : port->violation;
        port->violations++;
    }
}

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

static bool is_old(const espsim_sdio_t *port)
{
    return port->device == 0; /* ESP32: two registers lie elsewhere */
}

/* --- The mask ROM's packets --------------------------------------------------------------------------- */

/* The virtual chip's loader does it: what the packet asks for, in its own words. */
static void ask_loader(espsim_sdio_t *port, uint8_t opcode, const uint32_t *words, unsigned word_count,
                       const uint8_t *data, uint32_t data_bytes)
{
    uint8_t request[8 + 16 + SIP_BYTES_MAX];
    uint8_t answer[16] = {0};
    const uint32_t payload_bytes = 4 * word_count + data_bytes;
    uint32_t checksum = 0xEF;
    for (uint32_t at = 0; at < data_bytes; at++) {
        checksum ^= data[at];
    }
    put_word(request, (uint32_t)opcode << 8 | payload_bytes << 16);
    put_word(request + 4, checksum);
    for (unsigned word = 0; word < word_count; word++) {
        put_word(request + 8 + 4 * word, words[word]);
    }
    if (data_bytes > 0) {
        memcpy(request + 8 + 4 * word_count, data, data_bytes);
    }
    espsim_messages_put(&port->messages, request, 8 + payload_bytes);
    (void)espsim_messages_await(&port->messages, answer, sizeof(answer)); /* the host is not told */
}

static void take_sip(espsim_sdio_t *port, const uint8_t *packet, uint32_t bytes)
{
    const uint32_t id = word_at(packet + 4);
    const uint32_t sequence = word_at(packet + 8);
    const uint32_t first = word_at(packet + 12);
    const uint32_t second = word_at(packet + 16);
    expect(port, (uint32_t)(packet[2] | packet[3] << 8) == bytes, "a packet is not as long as it says");
    expect(port, packet[0] == 0, "not a control packet");
    port->packets++;
    if (id == 1) {
        expect(port, packet[1] == 0 && sequence == port->memory_packets, "a packet out of sequence");
        expect(port, second == bytes - 20 && first % 4 == 0, "a write to memory that is not as long as it says");
        port->memory_packets++;
        ask_loader(port, 0x05, (const uint32_t[]){second, 1, second, first}, 4, NULL, 0);
        ask_loader(port, 0x07, (const uint32_t[]){second, 0, 0, 0}, 4, packet + 20, bytes - 20);
    } else if (id == 5) {
        expect(port, packet[1] == 4 && sequence == 0 && second == 1 && bytes == 20, "a boot packet of another kind");
        ask_loader(port, 0x06, (const uint32_t[]){0, first}, 2, NULL, 0);
        port->booted = true;
    } else {
        expect(port, false, "no such packet");
    }
}

/* --- A stub's packets ---------------------------------------------------------------------------------- */

static bool stub_runs(const espsim_sdio_t *port)
{
    return port->booted && espsim_stub(port->base.sim) != ESPSIM_STUB_NONE;
}

static void take_piece(espsim_sdio_t *port, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    const uint32_t left = WINDOW_END - addr;
    expect(port, stub_runs(port), "a packet to nobody");
    if (port->in_left == 0) {
        port->in_bytes = 0;
        port->in_left = left;
        expect(port, left <= CREDIT_BLOCKS * BLOCK_BYTES && !port->faults.no_credit, "a packet beyond the credit");
    }
    expect(port, left == port->in_left && bytes <= left, "pieces that do not follow each other");
    if (left > sizeof(port->in) || bytes > left || port->in_bytes + bytes > sizeof(port->in)) {
        port->in_left = 0;
        return;
    }
    memcpy(&port->in[port->in_bytes], data, bytes);
    port->in_bytes += bytes;
    port->in_left = left - bytes;
    if (port->in_left == 0) {
        espsim_messages_put(&port->messages, port->in, port->in_bytes);
    }
}

static void refresh(espsim_sdio_t *port)
{
    if (stub_runs(port) && port->out_bytes == 0 && !port->faults.no_packets) {
        port->out_bytes = (uint32_t)espsim_messages_take(&port->messages, port->out, sizeof(port->out));
    }
}

/* --- Registers ------------------------------------------------------------------------------------------ */

static uint8_t cis_byte(const espsim_sdio_t *port, uint32_t at)
{
    const uint8_t tuples[] = {0x00, /* null: no length */
                              0x21,
                              2,
                              0x0C,
                              0x00,
                              0x20,
                              4,
                              (uint8_t)port->vendor,
                              (uint8_t)(port->vendor >> 8),
                              (uint8_t)port->device,
                              (uint8_t)(port->device >> 8),
                              0xFF};
    if (port->cis != NULL) {
        return port->cis[at];
    }
    return at < sizeof(tuples) ? tuples[at] : 0xFF;
}

static uint8_t read_function_0(espsim_sdio_t *port, uint32_t addr)
{
    switch (addr) {
    case ENABLE:
        return port->enabled;
    case IS_READY:
        port->ready_count++;
        return port->faults.ready_reads == 0 || port->ready_count <= port->faults.ready_reads ? FUNCTION_1 : 0;
    case CIS_POINTER:
        return CIS_ADDR & 0xFF;
    case CIS_POINTER + 1:
        return CIS_ADDR >> 8;
    case CIS_POINTER + 2:
        return 0;
    default:
        expect(port, addr >= CIS_ADDR && addr < CIS_ADDR + CIS_BYTES, "nothing there in function 0");
        return addr >= CIS_ADDR && addr < CIS_ADDR + CIS_BYTES ? cis_byte(port, addr - CIS_ADDR) : 0;
    }
}

static void read_function_1(espsim_sdio_t *port, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    uint32_t value = 0;
    expect(port, (port->enabled & FUNCTION_1) != 0, "function 1 is not enabled");
    if (addr >= WINDOW_END - sizeof(port->out)) {
        const uint32_t announced = port->faults.packet_bytes != 0 ? port->faults.packet_bytes : port->out_bytes;
        const uint32_t offset = addr + announced - WINDOW_END; /* a packet may be read in pieces */
        expect(port, port->out_bytes > 0 && offset < announced && bytes <= announced - offset,
               "no such packet to read");
        if (offset < sizeof(port->out) && bytes <= sizeof(port->out) - offset) {
            memcpy(data, port->out + offset, bytes);
        }
        return;
    }
    expect(port, bytes == 4, "a register is read in parts");
    switch (addr) {
    case TOKEN:
        value = stub_runs(port) && !port->faults.no_credit ? (uint32_t)CREDIT_BLOCKS << 16 : 0;
        break;
    case INT_ST:
        value = port->out_bytes > 0 ? NEW_PACKET : 0;
        break;
    case STATE_W0:
        value = port->state_w0;
        break;
    case CONF_W0:
        value = port->faults.packet_bytes != 0 ? port->faults.packet_bytes : port->out_bytes;
        break;
    default:
        expect(port, false, "nothing there in function 1");
    }
    uint8_t value_bytes[4];
    put_word(value_bytes, value);
    memcpy(data, value_bytes, bytes < 4 ? bytes : 4);
}

static void write_behind_window(espsim_sdio_t *port, uint32_t addr, uint32_t value)
{
    if (addr == (is_old(port) ? 0x60u : 0x70u)) {
        expect(port, (value & ~STITCHING) == CONF1_AFTER_RESET, "other bits of the link's set-up are changed");
        port->conf1 = port->faults.conf_does_not_stick ? port->conf1 : value;
    } else if (addr == (is_old(port) ? 0xE4u : 0xF4u)) {
        port->loads_packets = (value & LOADS_PACKETS) != 0;
    } else {
        expect(port, false, "nothing there behind the window");
    }
}

static uint32_t read_behind_window(espsim_sdio_t *port, uint32_t addr)
{
    if (addr == (is_old(port) ? 0x60u : 0x70u)) {
        return port->conf1;
    }
    expect(port, addr == (is_old(port) ? 0xE4u : 0xF4u), "nothing there behind the window");
    return 0; /* what enables packets does not read back */
}

static void write_function_1(espsim_sdio_t *port, uint32_t addr, const uint8_t *data, uint32_t bytes)
{
    expect(port, (port->enabled & FUNCTION_1) != 0, "function 1 is not enabled");
    if (addr == WIN_CMD) {
        expect(port, bytes == 4 && data[1] == 0x80 && data[2] == 0 && data[3] == 0, "a bad read command");
        port->state_w0 = read_behind_window(port, (uint32_t)data[0] << 2);
    } else if (addr == CONF_W5) {
        expect(port, bytes == 8 && data[5] == 0xC0 && data[6] == 0 && data[7] == 0, "a bad write command");
        write_behind_window(port, bytes == 8 ? (uint32_t)data[4] << 2 : 0, word_at(data));
    } else if (addr == INT_CLR) {
        expect(port, bytes == 4 && word_at(data) == NEW_PACKET, "another interrupt is cleared");
        port->out_bytes = 0;
    } else if (addr < WINDOW_END && addr >= WINDOW_END - sizeof(port->in)) {
        expect(port, port->loads_packets && (port->conf1 & STITCHING) == STITCHING, "the link is not set up");
        if (port->booted) {
            take_piece(port, addr, data, bytes);
            return;
        }
        const bool fits = bytes >= 20 && bytes <= SIP_BYTES_MAX && bytes % 4 == 0 && addr + bytes == WINDOW_END;
        expect(port, fits, "a packet of another length than it is written to");
        if (fits) {
            take_sip(port, data, bytes);
        }
    } else {
        expect(port, false, "nothing there in function 1");
    }
}

/* --- The port -------------------------------------------------------------------------------------------- */

static esp_loader_error_t begin_access(espsim_sdio_t *port, uint32_t function, uint32_t bytes, uint32_t timeout_ms)
{
    espsim_t *sim = port->base.sim;
    espsim_advance(sim, espsim_now(sim) + (uint64_t)(bytes + COMMAND_BYTES) * BYTE_NS);
    port->base.calls++;
    if (port->base.calls == port->base.fail_call) {
        return ESP_LOADER_ERROR_FAIL;
    }
    expect(port, port->is_card, "no card was selected");
    expect(port, function <= 1 && bytes > 0 && bytes <= BLOCK_BYTES && timeout_ms > 0, "no such access");
    if (port->faults.silent_after != 0 && port->base.calls >= port->faults.silent_after) {
        espsim_advance(sim, espsim_now(sim) + timeout_ms * UINT64_C(1000000));
        return ESP_LOADER_ERROR_TIMEOUT;
    }
    refresh(port);
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t sdio_write(esp_loader_port_t *base, uint32_t function, uint32_t addr, const uint8_t *data,
                                     uint16_t size, uint32_t timeout)
{
    espsim_sdio_t *port = self(base);
    const esp_loader_error_t err = begin_access(port, function, size, timeout);
    if (err != ESP_LOADER_SUCCESS) {
        return err;
    }
    if (function == 1) {
        write_function_1(port, addr, data, size);
    } else {
        expect(port, addr == ENABLE && size == 1, "nothing to write there in function 0");
        port->enabled = port->faults.enable_does_not_stick ? port->enabled : data[0];
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t sdio_read(esp_loader_port_t *base, uint32_t function, uint32_t addr, uint8_t *data,
                                    uint16_t size, uint32_t timeout)
{
    espsim_sdio_t *port = self(base);
    const esp_loader_error_t err = begin_access(port, function, size, timeout);
    if (err != ESP_LOADER_SUCCESS) {
        return err;
    }
    if (function == 1) {
        read_function_1(port, addr, data, size);
    } else {
        for (uint16_t at = 0; at < size; at++) {
            data[at] = read_function_0(port, addr + at);
        }
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t sdio_card_init(esp_loader_port_t *base)
{
    espsim_sdio_t *port = self(base);
    port->base.calls++;
    if (port->base.calls == port->base.fail_call) {
        return ESP_LOADER_ERROR_FAIL;
    }
    port->is_card = !port->faults.never_a_card && espsim_in_loader(port->base.sim);
    return port->is_card ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_TIMEOUT;
}

void espsim_sdio_forget(espsim_sdio_t *port)
{
    espsim_messages_reset(&port->messages, port->base.sim);
    port->is_card = false;
    port->loads_packets = false;
    port->booted = false;
    port->enabled = 0;
    port->conf1 = CONF1_AFTER_RESET;
    port->packets = 0;
    port->memory_packets = 0;
    port->in_left = 0;
    port->out_bytes = 0;
}

static void enter_bootloader(esp_loader_port_t *base)
{
    espsim_port_ops.enter_bootloader(base);
    espsim_sdio_forget(self(base));
}

static void reset_target(esp_loader_port_t *base)
{
    espsim_port_ops.reset_target(base);
    espsim_sdio_forget(self(base));
}

void espsim_sdio_init(espsim_sdio_t *port, espsim_t *sim, uint16_t device)
{
    memset(port, 0, sizeof(*port));
    port->ops = espsim_port_ops;
    port->ops.enter_bootloader = enter_bootloader;
    port->ops.reset_target = reset_target;
    port->ops.change_transmission_rate = NULL;
    port->ops.write = NULL;
    port->ops.read = NULL;
    port->ops.sdio_write = sdio_write;
    port->ops.sdio_read = sdio_read;
    port->ops.sdio_card_init = sdio_card_init;
    port->base = (espsim_port_t){.port = {.ops = &port->ops}, .sim = sim, .baud = 115200};
    port->vendor = 0x0092;
    port->device = device;
    espsim_sdio_forget(port);
}
