/* SPDX-License-Identifier: Apache-2.0 */
/* The in-process front end: virtual time moves when the host sends, waits or delays. */
#include "port.h"

enum { BITS_PER_BYTE = 10 };

static const uint64_t ns_per_ms = 1000000;

static espsim_port_t *self(esp_loader_port_t *port)
{
    return container_of(port, espsim_port_t, port);
}

static bool call_fails(espsim_port_t *port)
{
    port->calls++;
    return port->calls == port->fail_call || espsim_port_is_gone(port->sim);
}

static void delay_ms(esp_loader_port_t *base, uint32_t ms)
{
    espsim_t *sim = self(base)->sim;
    espsim_advance(sim, espsim_now(sim) + ms * ns_per_ms);
}

static void drop_input(espsim_port_t *port)
{
    uint8_t byte;
    while (espsim_transmit(port->sim, &byte, port->baud)) {
        /* what was printed before belongs to nobody */
    }
}

static void reset(espsim_port_t *port, bool boot_low)
{
    enum { HOLD_MS = 100, BOOT_HOLD_MS = 50 };
    if (espsim_port_is_gone(port->sim)) {
        return;
    }
    espsim_set_lines(port->sim, true, boot_low);
    delay_ms(&port->port, HOLD_MS);
    drop_input(port);
    espsim_set_lines(port->sim, false, boot_low);
    if (boot_low) {
        delay_ms(&port->port, BOOT_HOLD_MS);
        espsim_set_lines(port->sim, false, false);
    }
}

static void enter_bootloader(esp_loader_port_t *base)
{
    reset(self(base), true);
}

static void reset_target(esp_loader_port_t *base)
{
    reset(self(base), false);
}

static void start_timer(esp_loader_port_t *base, uint32_t ms)
{
    espsim_port_t *port = self(base);
    port->deadline_ns = espsim_now(port->sim) + ms * ns_per_ms;
}

static uint32_t remaining_time(esp_loader_port_t *base)
{
    const espsim_port_t *port = self(base);
    const uint64_t now_ns = espsim_now(port->sim);
    return port->deadline_ns > now_ns ? (uint32_t)((port->deadline_ns - now_ns + ns_per_ms - 1) / ns_per_ms) : 0;
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    espsim_port_t *port = self(base);
    if (call_fails(port)) {
        return ESP_LOADER_ERROR_FAIL;
    }
    port->baud = rate;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    espsim_port_t *port = self(base);
    (void)timeout; /* nothing holds the host back */
    if (call_fails(port)) {
        return ESP_LOADER_ERROR_FAIL;
    }
    for (uint16_t at = 0; at < size; at++) {
        espsim_advance(port->sim, espsim_now(port->sim) + UINT64_C(1000000000) * BITS_PER_BYTE / port->baud);
        espsim_receive(port->sim, data[at], port->baud);
    }
    return espsim_port_is_gone(port->sim) ? ESP_LOADER_ERROR_FAIL : ESP_LOADER_SUCCESS;
}

/* Wait for one byte until `deadline_ns`. */
static bool read_byte(espsim_port_t *port, uint8_t *byte, uint64_t deadline_ns)
{
    for (;;) { /* time moves on with every turn */
        if (espsim_transmit(port->sim, byte, port->baud)) {
            return true;
        }
        const uint64_t next_ns = espsim_next_event(port->sim);
        if (espsim_now(port->sim) >= deadline_ns) {
            return false;
        }
        espsim_advance(port->sim, next_ns < deadline_ns ? next_ns : deadline_ns);
    }
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    espsim_port_t *port = self(base);
    if (call_fails(port)) {
        return ESP_LOADER_ERROR_FAIL;
    }
    const uint64_t deadline_ns = espsim_now(port->sim) + timeout * ns_per_ms;
    for (uint16_t at = 0; at < size; at++) {
        if (!read_byte(port, &data[at], deadline_ns)) {
            return ESP_LOADER_ERROR_TIMEOUT;
        }
    }
    return ESP_LOADER_SUCCESS;
}

size_t espsim_port_listen(espsim_port_t *port, uint8_t *buf, size_t capacity, uint32_t quiet_ms)
{
    size_t count = 0;
    while (count < capacity && read_byte(port, &buf[count], espsim_now(port->sim) + quiet_ms * ns_per_ms)) {
        count++;
    }
    return count;
}

const esp_loader_port_ops_t espsim_port_ops = {
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
};
