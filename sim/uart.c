/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's UART: auto-baud, a receive ring, and a wire that takes ten bit times a byte. */
#include "chip.h"

enum { BITS_PER_BYTE = 10, TRAINING_EDGES = 128, RATE_TOLERANCE_PERCENT = 3 };

uint64_t espsim_uart_byte_ns(uint32_t baud)
{
    return UINT64_C(1000000000) * BITS_PER_BYTE / baud;
}

bool espsim_uart_send(espsim_uart_t *uart, const espsim_faulty_byte_t *sent, uint64_t from_ns)
{
    const uint64_t byte_ns = espsim_uart_byte_ns(uart->baud);
    const uint64_t start_ns = from_ns > uart->tx_free_ns ? from_ns : uart->tx_free_ns;
    const espsim_wire_byte_t *before = espsim_wire_last(&uart->tx);
    uart->tx_free_ns = start_ns + byte_ns;
    /* What follows a late byte arrives behind it, as fast as the wire can. */
    const uint64_t soonest_ns = before != NULL ? before->arrives_ns + byte_ns : 0;
    const espsim_wire_byte_t byte = {.sent_ns = uart->tx_free_ns,
                                     .arrives_ns = (soonest_ns > uart->tx_free_ns ? soonest_ns : uart->tx_free_ns) +
                                                   sent->late_ns,
                                     .baud = uart->baud,
                                     .byte = sent->byte};
    for (unsigned copy = 0; copy < sent->copies; copy++) {
        if (!espsim_wire_push(&uart->tx, &byte)) {
            return false;
        }
    }
    return true;
}

/* Level changes on the wire: start bit low, eight data bits from the lowest, stop bit high. */
static unsigned edges_of(uint8_t byte)
{
    const unsigned frame = (unsigned)byte << 1 | 1u << 9;
    unsigned edges = 1;
    for (unsigned bit = 0; bit < 9; bit++) {
        edges += (frame >> bit ^ frame >> (bit + 1)) & 1;
    }
    return edges;
}

bool espsim_uart_rates_fit(uint32_t baud, uint32_t other_baud)
{
    const uint64_t difference = baud > other_baud ? baud - other_baud : other_baud - baud;
    return baud == 0 || difference * 100 <= (uint64_t)other_baud * RATE_TOLERANCE_PERCENT;
}

/* No text comes out of a text: hosts tell another rate by that. */
uint8_t espsim_uart_garbled(uint8_t byte)
{
    return byte ^ 0xDA;
}

void espsim_uart_receive(espsim_uart_t *uart, uint8_t byte, uint32_t baud)
{
    if (!uart->trained) {
        uart->edges += edges_of(byte);
        if (uart->edges >= TRAINING_EDGES) {
            uart->trained = true;
            uart->baud = baud != 0 ? baud : uart->baud;
        }
        return;
    }
    if (!espsim_uart_rates_fit(baud, uart->baud)) {
        byte = espsim_uart_garbled(byte);
    }
    uart->ring[uart->ring_write] = byte;
    uart->ring_write = (uint16_t)((uart->ring_write + 1) % uart->ring_bytes);
}

bool espsim_uart_take(espsim_uart_t *uart, uint8_t *byte)
{
    if (uart->ring_read == uart->ring_write) {
        return false;
    }
    *byte = uart->ring[uart->ring_read];
    uart->ring_read = (uint16_t)((uart->ring_read + 1) % uart->ring_bytes);
    return true;
}

void espsim_uart_reset(espsim_uart_t *uart, uint64_t now_ns)
{
    uart->ring_read = 0;
    uart->ring_write = 0;
    uart->edges = 0;
    espsim_wire_cut(&uart->tx, now_ns);
    uart->tx_free_ns = now_ns;
}
