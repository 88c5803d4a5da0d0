/* SPDX-License-Identifier: Apache-2.0 */
#include "bad_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const uint64_t ns_per_ms = 1000000;

static bad_line_t *self(esp_loader_port_t *port)
{
    return container_of(port, bad_line_t, inner.port);
}

/* What a UART makes of bits that are not as long as it thinks is mostly not text. */
static uint8_t garbled(const bad_line_t *line, uint8_t byte)
{
    return line->inner.baud > line->good_baud_max ? (uint8_t)(byte * 37 + 0x81) : byte;
}

static void enter_bootloader(esp_loader_port_t *port)
{
    self(port)->resets++;
    espsim_port_ops.enter_bootloader(port);
}

/* The first two bytes of a request are an end byte and the direction. */
static esp_loader_error_t write_bytes(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    bad_line_t *line = self(port);
    line->requests += size >= 2 && data[0] == 0xC0 && data[1] == 0x00 ? 1 : 0;
    for (uint16_t at = 0; at < size; at++) {
        const uint8_t byte = garbled(line, data[at]);
        const esp_loader_error_t err = espsim_port_ops.write(port, &byte, 1, timeout);
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
    }
    return ESP_LOADER_SUCCESS;
}

static void take_arrivals(bad_line_t *line)
{
    uint8_t byte;
    while (espsim_transmit(line->inner.sim, &byte, line->inner.baud)) {
        assert_true(line->end < BAD_LINE_BYTES_MAX);
        line->queue[line->end].byte = garbled(line, byte);
        line->queue[line->end++].at_ns = espsim_now(line->inner.sim) + line->delay_ms * ns_per_ms;
    }
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    bad_line_t *line = self(port);
    espsim_t *sim = line->inner.sim;
    const uint64_t deadline_ns = espsim_now(sim) + timeout * ns_per_ms;
    assert_int_not_equal(timeout, 0); /* there is nothing to wait for with nothing left of the time */
    for (uint16_t at = 0; at < size;) {
        take_arrivals(line);
        if (line->first < line->end && line->queue[line->first].at_ns <= espsim_now(sim)) {
            data[at++] = line->queue[line->first++].byte;
            continue;
        }
        if (line->first == line->end) {
            line->first = 0;
            line->end = 0;
        }
        if (espsim_now(sim) >= deadline_ns) {
            return ESP_LOADER_ERROR_TIMEOUT;
        }
        uint64_t next_ns = espsim_next_event(sim) < deadline_ns ? espsim_next_event(sim) : deadline_ns;
        if (line->first < line->end && line->queue[line->first].at_ns < next_ns) {
            next_ns = line->queue[line->first].at_ns;
        }
        espsim_advance(sim, next_ns);
    }
    return ESP_LOADER_SUCCESS;
}

void bad_line_open(bad_line_t *line, espsim_t *sim)
{
    static esp_loader_port_ops_t ops;
    ops = espsim_port_ops;
    ops.enter_bootloader = enter_bootloader;
    ops.write = write_bytes;
    ops.read = read_bytes;
    line->inner = (espsim_port_t){.port = {.ops = &ops}, .sim = sim, .baud = 115200};
    line->good_baud_max = UINT32_MAX;
    line->delay_ms = 0;
    line->requests = 0;
    line->resets = 0;
    line->first = 0;
    line->end = 0;
}
