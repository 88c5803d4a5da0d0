/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <string.h>

enum { BITS_PER_BYTE = 10, RESET_HOLD_NS = 100000000 };

static const uint64_t never = UINT64_MAX;

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint32_t espsim_rig_host_baud(const espsim_rig_t *rig)
{
    return rig->forced_baud != 0 ? rig->forced_baud : rig->host_baud;
}

static uint64_t byte_ns(const espsim_rig_t *rig)
{
    const uint32_t host_baud = espsim_rig_host_baud(rig);
    const uint32_t baud = host_baud != 0 ? host_baud : espsim_baud(rig->sim);
    return UINT64_C(1000000000) * BITS_PER_BYTE / baud;
}

static void drive(espsim_rig_t *rig)
{
    espsim_set_lines(rig->sim, rig->strap_reset || rig->wire_reset, rig->strap_boot || rig->wire_boot);
}

/* The host's clock at `now_ns`, in the chip's time. */
static uint64_t host_time(const espsim_rig_t *rig, uint64_t now_ns)
{
    const bool runs = rig->clock == ESPSIM_CLOCK_REAL || (rig->clock == ESPSIM_CLOCK_ACCOUNTING && rig->attended);
    return runs ? rig->host_ns + (now_ns > rig->host_at_ns ? now_ns - rig->host_at_ns : 0) : espsim_now(rig->sim);
}

/* From now on the host's clock goes on from `host_ns`. */
static void set_host_time(espsim_rig_t *rig, uint64_t host_ns, uint64_t now_ns)
{
    rig->host_ns = host_ns;
    rig->host_at_ns = now_ns;
}

void espsim_rig_count(espsim_rig_t *rig, uint64_t now_ns)
{
    if (rig->clock == ESPSIM_CLOCK_ACCOUNTING) {
        espsim_advance(rig->sim, host_time(rig, now_ns));
    }
}

void espsim_rig_attend(espsim_rig_t *rig, bool attended, uint64_t now_ns)
{
    espsim_rig_count(rig, now_ns);
    rig->attended = attended;
    rig->waits = false;
    rig->heard_ns = never;
    espsim_set_attended(rig->sim, attended);
    if (rig->clock == ESPSIM_CLOCK_ACCOUNTING) {
        set_host_time(rig, espsim_now(rig->sim), now_ns);
    }
}

/* A host that did not ask for it, because it just reset the chip and sleeps, does not wait for what arrives. */
void espsim_rig_delivered(espsim_rig_t *rig, uint64_t now_ns)
{
    if (rig->clock == ESPSIM_CLOCK_ACCOUNTING && rig->waits && rig->heard_ns != never) {
        set_host_time(rig, rig->heard_ns, now_ns);
    }
    rig->heard_ns = never;
}

static void rise_if_due(espsim_rig_t *rig, uint64_t now_ns)
{
    if (now_ns >= rig->rise_at_ns) {
        espsim_rig_count(rig, rig->rise_at_ns);
        rig->rise_at_ns = never;
        rig->wire_reset = false;
        drive(rig);
    }
}

void espsim_rig_power_on(espsim_rig_t *rig, uint64_t now_ns)
{
    rig->rise_at_ns = never;
    set_host_time(rig, espsim_now(rig->sim), now_ns);
    espsim_rig_attend(rig, false, now_ns);
    drive(rig);
}

void espsim_rig_set_lines(espsim_rig_t *rig, bool dtr, bool rts, uint64_t now_ns)
{
    const bool automatic = rig->wiring == ESPSIM_WIRING_AUTO;
    const bool was_low = rig->wire_reset;
    rise_if_due(rig, now_ns);
    espsim_rig_count(rig, now_ns);
    rig->waits = false;
    rig->dtr = dtr;
    rig->rts = rts;
    rig->wire_boot = dtr && (!automatic || !rts);
    rig->wire_reset = rts && (!automatic || !dtr);
    if (automatic && was_low && dtr && rts) {
        rig->wire_reset = true;
        rig->rise_at_ns = now_ns + rig->rise_ns;
    } else {
        rig->rise_at_ns = never;
    }
    drive(rig);
}

void espsim_rig_hold(espsim_rig_t *rig, bool reset_low, bool boot_low)
{
    rig->strap_reset = reset_low;
    rig->strap_boot = boot_low;
    drive(rig);
}

void espsim_rig_power(espsim_rig_t *rig, bool on)
{
    if (!on) {
        espsim_power_off(rig->sim);
    } else if (espsim_is_off(rig->sim)) {
        espsim_power_cycle(rig->sim);
    }
}

void espsim_rig_reset(espsim_rig_t *rig, bool boot_low)
{
    espsim_set_lines(rig->sim, true, boot_low);
    espsim_advance(rig->sim, espsim_now(rig->sim) + RESET_HOLD_NS);
    espsim_set_lines(rig->sim, false, boot_low);
    drive(rig);
}

void espsim_rig_feed(espsim_rig_t *rig, const uint8_t *bytes, size_t count, uint64_t now_ns)
{
    if (rig->input_at == rig->input_end) {
        rig->input_at = 0;
        rig->input_end = 0;
        rig->byte_at_ns = max(espsim_now(rig->sim), host_time(rig, now_ns)) + byte_ns(rig);
    }
    rig->waits = true;
    memcpy(rig->input + rig->input_end, bytes, count);
    rig->input_end += count;
}

size_t espsim_rig_room(const espsim_rig_t *rig)
{
    return rig->input_at == rig->input_end ? sizeof(rig->input) : sizeof(rig->input) - rig->input_end;
}

void espsim_rig_purge_input(espsim_rig_t *rig)
{
    rig->input_at = 0;
    rig->input_end = 0;
}

/* When the chip's side of the link next does something, on its own clock. */
static uint64_t next_on_chip(const espsim_rig_t *rig)
{
    const uint64_t byte_at_ns = rig->input_at < rig->input_end ? rig->byte_at_ns : never;
    return min(byte_at_ns, espsim_next_event(rig->sim));
}

size_t espsim_rig_run(espsim_rig_t *rig, uint64_t now_ns, uint8_t *bytes, size_t capacity)
{
    const bool real = rig->clock == ESPSIM_CLOCK_REAL;
    const uint64_t limit_ns = real ? host_time(rig, now_ns) : never - 1;
    size_t count = 0;
    rise_if_due(rig, now_ns);
    for (;;) { /* each turn takes a byte, moves the chip's time on, or ends */
        while (count < capacity && espsim_transmit(rig->sim, &bytes[count], espsim_rig_host_baud(rig))) {
            count++;
            rig->heard_ns = espsim_now(rig->sim);
        }
        const uint64_t next_ns = next_on_chip(rig);
        if (count == capacity || next_ns > limit_ns) {
            break;
        }
        const bool arrives = rig->input_at < rig->input_end && next_ns == rig->byte_at_ns;
        espsim_advance(rig->sim, next_ns);
        if (arrives) {
            espsim_receive(rig->sim, rig->input[rig->input_at++], espsim_rig_host_baud(rig));
            rig->byte_at_ns += byte_ns(rig);
        }
    }
    if (real && count < capacity) {
        espsim_advance(rig->sim, limit_ns);
    }
    return count;
}

uint64_t espsim_rig_next(const espsim_rig_t *rig)
{
    const uint64_t next_ns = next_on_chip(rig);
    if (next_ns == never) {
        return rig->rise_at_ns;
    }
    return min(rig->rise_at_ns, rig->clock == ESPSIM_CLOCK_REAL ? rig->host_at_ns + (next_ns - rig->host_ns) : 0);
}
