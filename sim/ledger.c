/* SPDX-License-Identifier: Apache-2.0 */
/* Where the time went: each nanosecond of the chip's time is entered under one cause. What the chip works on comes
 * first, then the wires, and what is left belongs to the host. */
#include <string.h>

#include "chip.h"

enum { BITS_PER_BYTE = 10 };

static const char *const names[ESPSIM_CAUSE_COUNT] = {
    [ESPSIM_CAUSE_BOOT] = "boot",       [ESPSIM_CAUSE_COMMAND] = "command", [ESPSIM_CAUSE_ERASE] = "erase",
    [ESPSIM_CAUSE_PROGRAM] = "program", [ESPSIM_CAUSE_READ] = "read",       [ESPSIM_CAUSE_MD5] = "md5",
    [ESPSIM_CAUSE_INFLATE] = "inflate", [ESPSIM_CAUSE_WIRE_TO] = "wire_to", [ESPSIM_CAUSE_WIRE_FROM] = "wire_from",
    [ESPSIM_CAUSE_BRIDGE] = "bridge",   [ESPSIM_CAUSE_HOST] = "host",       [ESPSIM_CAUSE_NOBODY] = "nobody",
};

const char *espsim_cause_name(espsim_cause_t cause)
{
    return names[cause];
}

void espsim_take_time(espsim_t *sim, espsim_cause_t cause, uint64_t ns)
{
    if (!sim->config.timing.instant) {
        sim->rom.work_ns += ns;
        sim->ledger.owed_ns[cause] += ns;
        sim->ledger.owed_total_ns += ns;
    }
}

void espsim_take_chip_time(espsim_t *sim, espsim_cause_t cause, uint64_t ns)
{
    enum { PERCENT = 100 };
    const uint32_t percent = sim->config.timing.chip_percent;
    espsim_take_time(sim, cause, percent != 0 ? ns * percent / PERCENT : ns);
}

espsim_work_t espsim_work(const espsim_t *sim)
{
    espsim_work_t work = {.work_ns = sim->rom.work_ns, .owed_total_ns = sim->ledger.owed_total_ns};
    memcpy(work.owed_ns, sim->ledger.owed_ns, sizeof(work.owed_ns));
    return work;
}

void espsim_set_work(espsim_t *sim, const espsim_work_t *work)
{
    sim->rom.work_ns = work->work_ns;
    sim->ledger.owed_total_ns = work->owed_total_ns;
    memcpy(sim->ledger.owed_ns, work->owed_ns, sizeof(work->owed_ns));
}

void espsim_ledger_stop_work(espsim_t *sim)
{
    memset(sim->ledger.owed_ns, 0, sizeof(sim->ledger.owed_ns));
    sim->ledger.owed_total_ns = 0;
}

/* Enter as much of `*left_ns` as there is of `ns` under `cause`. Returns how much that was. */
static uint64_t enter(espsim_t *sim, espsim_cause_t cause, uint64_t ns, uint64_t *left_ns)
{
    const uint64_t entered_ns = ns < *left_ns ? ns : *left_ns;
    sim->stats.spent_ns[cause] += entered_ns;
    *left_ns -= entered_ns;
    return entered_ns;
}

void espsim_ledger_pass(espsim_t *sim, uint64_t until_ns)
{
    uint64_t left_ns = until_ns - sim->now_ns;
    for (unsigned cause = 0; sim->ledger.owed_total_ns > 0 && left_ns > 0 && cause < ESPSIM_CAUSE_COUNT; cause++) {
        const uint64_t entered_ns = enter(sim, cause, sim->ledger.owed_ns[cause], &left_ns);
        sim->ledger.owed_ns[cause] -= entered_ns;
        sim->ledger.owed_total_ns -= entered_ns;
    }
    const uint64_t at_ns = until_ns - left_ns;
    const uint64_t sending_ns = sim->uart.tx_free_ns > at_ns ? sim->uart.tx_free_ns - at_ns : 0;
    (void)enter(sim, ESPSIM_CAUSE_WIRE_FROM, sending_ns, &left_ns);
    const uint64_t sent_ns = until_ns - left_ns;
    const uint64_t reaches_ns = espsim_host_byte_ns(sim);
    const uint64_t bridge_ns = reaches_ns != ESPSIM_NEVER && reaches_ns > sent_ns ? reaches_ns - sent_ns : 0;
    (void)enter(sim, ESPSIM_CAUSE_BRIDGE, bridge_ns, &left_ns);
    sim->ledger.quiet_ns += enter(sim, sim->is_unattended ? ESPSIM_CAUSE_NOBODY : ESPSIM_CAUSE_HOST, left_ns, &left_ns);
    sim->now_ns = until_ns;
}

/* While a byte comes in the chip cannot know it yet: what was taken for the host's time becomes the wire's. */
void espsim_ledger_receive(espsim_t *sim, uint32_t baud)
{
    const uint64_t byte_ns = UINT64_C(1000000000) * BITS_PER_BYTE / (baud != 0 ? baud : sim->uart.baud);
    const uint64_t wire_ns = byte_ns < sim->ledger.quiet_ns ? byte_ns : sim->ledger.quiet_ns;
    uint64_t *host_ns = &sim->stats.spent_ns[sim->is_unattended ? ESPSIM_CAUSE_NOBODY : ESPSIM_CAUSE_HOST];
    const uint64_t moved_ns = wire_ns < *host_ns ? wire_ns : *host_ns; /* less after espsim_clear_stats() */
    *host_ns -= moved_ns;
    sim->stats.spent_ns[ESPSIM_CAUSE_WIRE_TO] += moved_ns;
    sim->ledger.quiet_ns = 0;
}

void espsim_set_attended(espsim_t *sim, bool attended)
{
    sim->is_unattended = !attended;
    sim->ledger.quiet_ns = 0;
}
