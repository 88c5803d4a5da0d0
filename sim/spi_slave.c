/* SPDX-License-Identifier: Apache-2.0 */
/* The slave half of SPI download, from the chip's point of view. docs/espsim.md tells what of it is known and what is
 * assumed. */
#include "spi_slave.h"

#include <string.h>

enum { WRBUF = 1, RDBUF = 2, WRDMA = 3, RDDMA = 4, WR_DONE = 7, CMD8 = 8 };
enum { RXSTA = 4, TXSTA = 8, CMD = 12 };
enum { IDLE = 0xAA, READY = 0xA5 };
enum { TOGGLE = 1, INIT = 2, STARTING = INIT | TOGGLE, LENGTH_SHIFT = 2 };
enum { BYTE_NS = 800, RX_BYTES = 8 + 16 + 0x1800, HEADER_BYTES = 8 };

static espsim_spi_t *self(esp_loader_port_t *port)
{
    return (espsim_spi_t *)(void *)container_of(port, espsim_port_t, port);
}

static void violate(espsim_spi_t *port, const char *what)
{
    port->violation = port->violations == 0 ? what : port->violation;
    port->violations++;
}

static void expect(espsim_spi_t *port, bool holds, const char *otherwise)
{
    if (!holds) {
        violate(port, otherwise);
    }
}

/* --- Status registers ------------------------------------------------------------------------------- */

static uint32_t announce(uint32_t status, bool first, uint32_t bytes)
{
    return (first ? INIT : (status & TOGGLE) ^ TOGGLE) | bytes << LENGTH_SHIFT;
}

static void offer_rx(espsim_spi_t *port)
{
    if (port->faults.never_receives) {
        return;
    }
    port->rx.status =
        announce(port->rx.status, !port->rx.used, port->faults.lies_rx ? port->faults.rx_bytes : RX_BYTES);
    port->rx.busy = false;
}

static void offer_tx(espsim_spi_t *port)
{
    if (port->answer_bytes == 0 || !port->tx.started || !port->tx.busy) {
        return;
    }
    port->tx.status =
        announce(port->tx.status, !port->tx.used, port->faults.lies_tx ? port->faults.tx_bytes : port->answer_bytes);
    port->tx.busy = false;
}

/* Catch up with the chip. */
static void refresh(espsim_spi_t *port)
{
    if (port->phase == ESPSIM_SPI_ABSENT && espsim_in_loader(port->base.sim)) {
        port->phase = ESPSIM_SPI_IDLE;
        port->command = port->faults.never_idle ? 0 : IDLE;
        port->rx.status = STARTING;
        port->tx.status = STARTING;
        port->rx.busy = true;
        port->tx.busy = true;
    }
    if (port->phase == ESPSIM_SPI_RUNNING && port->answer_bytes == 0 && !port->faults.never_answers) {
        port->answer_bytes = (uint32_t)espsim_messages_take(&port->messages, port->answer, sizeof(port->answer));
        if (port->answer_bytes > 0) {
            port->answer[port->faults.answer_at] ^= port->faults.answer_xor;
            offer_rx(port); /* done with the request */
        }
    }
    offer_tx(port);
}

/* --- Transactions ------------------------------------------------------------------------------------ */

static void write_status(espsim_spi_t *port, uint8_t addr)
{
    const bool is_rx = addr == RXSTA;
    const bool was_starting = (is_rx ? port->rx.status : port->tx.status) == STARTING;
    static const uint8_t zeros[4] = {0};
    expect(port, port->data_bytes == 4 && memcmp(port->data, zeros, 4) == 0,
           "a status register is written, not with 0");
    expect(port, was_starting, "a status register is written that does not start up");
    expect(port, port->phase == ESPSIM_SPI_RUNNING, "a status register is written before both are ready");
    if (is_rx && !port->faults.rx_starts_for_ever) {
        port->rx.status = 0;
        port->rx.started = true;
        offer_rx(port);
    } else if (!is_rx && !port->faults.tx_starts_for_ever) {
        port->tx.status = 0;
        port->tx.started = true;
    }
}

static void write_command(espsim_spi_t *port)
{
    expect(port, port->data_bytes == 1 && port->data[0] == READY, "another command than READY");
    expect(port, port->phase == ESPSIM_SPI_IDLE && port->command == IDLE, "READY to a slave that is not IDLE");
    port->phase = ESPSIM_SPI_RUNNING;
    port->command = port->faults.never_ready ? port->command : READY;
}

static uint32_t length_of(uint8_t addr)
{
    return addr == CMD ? 1 : addr == RXSTA || addr == TXSTA ? 4 : 0;
}

static void end_write_message(espsim_spi_t *port)
{
    expect(port, port->phase == ESPSIM_SPI_RUNNING && port->rx.started && !port->rx.busy, "no buffer for a message");
    expect(port, port->data_bytes >= HEADER_BYTES && port->data_bytes <= RX_BYTES, "a message does not fit");
    expect(port, port->data_bytes == HEADER_BYTES + (uint32_t)(port->data[2] | port->data[3] << 8),
           "a message is not as long as it says");
    port->message_bytes = port->data_bytes;
    port->owed = WR_DONE;
}

static void take_message(espsim_spi_t *port)
{
    port->rx.used = true;
    port->rx.busy = true;
    port->messages_taken++;
    expect(port, port->answer_bytes == 0 || port->tx.busy, "an answer was not read");
    espsim_messages_put(&port->messages, port->data, port->message_bytes);
}

static void end_read_message(espsim_spi_t *port)
{
    expect(port, port->answer_bytes > 0 && !port->tx.busy, "no answer to read");
    expect(port, port->data_bytes <= port->answer_bytes, "more is read than there is");
    port->owed = CMD8;
}

static void finish_answer(espsim_spi_t *port)
{
    port->answer_bytes = 0;
    port->tx.used = true;
    port->tx.busy = true;
}

static void end_transaction(espsim_spi_t *port)
{
    const uint8_t command = port->preamble[0];
    const uint8_t addr = port->preamble[1];
    const uint8_t owed = port->owed;
    port->transactions++;
    if (port->port_failed) {
        return; /* not what the host wanted */
    }
    expect(port, port->preamble_bytes == sizeof(port->preamble) && port->preamble[2] == 0, "a bad preamble");
    expect(port, owed == 0 || owed == command, "something between a message and its end");
    port->owed = 0;
    switch (command) {
    case WRBUF:
        if (addr == CMD) {
            write_command(port);
        } else if (addr == RXSTA || addr == TXSTA) {
            write_status(port, addr);
        } else {
            violate(port, "no such register");
        }
        break;
    case RDBUF:
        expect(port, port->data_bytes > 0 && port->data_bytes == length_of(addr), "a register of another length");
        break;
    case WRDMA:
        expect(port, addr == 0, "a message has no address");
        end_write_message(port);
        break;
    case RDDMA:
        expect(port, addr == 0, "a message has no address");
        end_read_message(port);
        break;
    case WR_DONE:
        expect(port, owed == WR_DONE && port->data_bytes == 0, "the end of no message");
        take_message(port);
        break;
    case CMD8:
        expect(port, owed == CMD8 && port->data_bytes == 0, "the end of no answer");
        finish_answer(port);
        break;
    default:
        violate(port, "no such command");
    }
}

static uint8_t shift_out(espsim_spi_t *port)
{
    const uint32_t at = port->data_bytes++;
    if (port->preamble[0] == RDDMA) {
        return at < port->answer_bytes ? port->answer[at] : 0xFF;
    }
    if (port->preamble[0] != RDBUF || port->phase == ESPSIM_SPI_ABSENT) {
        return 0;
    }
    switch (port->preamble[1]) {
    case CMD:
        return port->command;
    case RXSTA:
        return (uint8_t)(port->rx.status >> (8 * (at % 4)));
    case TXSTA:
        return (uint8_t)(port->tx.status >> (8 * (at % 4)));
    default:
        return 0;
    }
}

static void shift_in(espsim_spi_t *port, uint8_t byte)
{
    if (port->preamble_bytes < sizeof(port->preamble)) {
        port->preamble[port->preamble_bytes++] = byte;
    } else if (port->data_bytes < sizeof(port->data)) {
        port->data[port->data_bytes++] = byte;
    }
}

/* --- The port ---------------------------------------------------------------------------------------- */

static void set_cs(esp_loader_port_t *base, uint32_t level)
{
    espsim_spi_t *port = self(base);
    if (level != 0) {
        expect(port, port->selected, "deselected twice");
        end_transaction(port);
        port->selected = false;
        return;
    }
    expect(port, !port->selected, "selected twice");
    port->selected = true;
    port->port_failed = false;
    port->preamble_bytes = 0;
    port->data_bytes = 0;
    refresh(port);
}

static bool begin_transfer(espsim_spi_t *port, uint16_t size, uint32_t timeout)
{
    expect(port, port->selected, "not selected");
    expect(port, size > 0 && timeout > 0, "nothing to transfer, or no time to");
    espsim_advance(port->base.sim, espsim_now(port->base.sim) + (uint64_t)size * BYTE_NS);
    port->base.calls++;
    port->port_failed = port->port_failed || port->base.calls == port->base.fail_call;
    return port->base.calls != port->base.fail_call;
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    espsim_spi_t *port = self(base);
    if (!begin_transfer(port, size, timeout)) {
        return ESP_LOADER_ERROR_FAIL;
    }
    for (uint16_t at = 0; at < size; at++) {
        shift_in(port, data[at]);
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    espsim_spi_t *port = self(base);
    if (!begin_transfer(port, size, timeout)) {
        return ESP_LOADER_ERROR_FAIL;
    }
    expect(port, port->preamble_bytes == sizeof(port->preamble), "read before the preamble");
    for (uint16_t at = 0; at < size; at++) {
        data[at] = shift_out(port);
    }
    return ESP_LOADER_SUCCESS;
}

void espsim_spi_forget(espsim_spi_t *port)
{
    espsim_messages_reset(&port->messages, port->base.sim);
    port->phase = ESPSIM_SPI_ABSENT;
    port->owed = 0;
    port->answer_bytes = 0;
    memset(&port->rx, 0, sizeof(port->rx));
    memset(&port->tx, 0, sizeof(port->tx));
}

static void enter_bootloader(esp_loader_port_t *base)
{
    espsim_port_ops.enter_bootloader(base);
    espsim_spi_forget(self(base));
}

static void reset_target(esp_loader_port_t *base)
{
    espsim_port_ops.reset_target(base);
    espsim_spi_forget(self(base));
}

void espsim_spi_init(espsim_spi_t *port, espsim_t *sim)
{
    memset(port, 0, sizeof(*port));
    port->ops = espsim_port_ops;
    port->ops.enter_bootloader = enter_bootloader;
    port->ops.reset_target = reset_target;
    port->ops.change_transmission_rate = NULL;
    port->ops.write = write_bytes;
    port->ops.read = read_bytes;
    port->ops.spi_set_cs = set_cs;
    port->base = (espsim_port_t){.port = {.ops = &port->ops}, .sim = sim, .baud = 115200};
    espsim_spi_forget(port);
}
