/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to the chip, for whoever counts or watches. */
#include <string.h>

#include "chip.h"

static void tell(espsim_t *sim, espsim_event_t *event)
{
    event->bytes_to_target = sim->stats.bytes_to_target;
    event->bytes_from_target = sim->stats.bytes_from_target;
    if (sim->watch != NULL) {
        sim->watch(sim->watch_context, event);
    }
}

void espsim_tell(espsim_t *sim, espsim_event_kind_t kind)
{
    espsim_event_t event = {.kind = kind,
                            .at_ns = sim->now_ns,
                            .reset_code = sim->reset_code,
                            .strapping = sim->strapping,
                            .baud = sim->uart.baud,
                            .stub = sim->stub.row != NULL ? sim->stub.row->stub : ESPSIM_STUB_NONE};
    tell(sim, &event);
}

/* The frame is copied: read-backs and later frames go over it. */
void espsim_command_begins(espsim_t *sim, const uint8_t *frame, uint32_t frame_bytes)
{
    enum { HEADER_BYTES = 8 };
    espsim_event_t *command = &sim->command;
    const uint32_t payload_bytes = frame_bytes > HEADER_BYTES ? frame_bytes - HEADER_BYTES : 0;
    const size_t copied = payload_bytes < sizeof(command->payload) ? payload_bytes : sizeof(command->payload);
    *command = (espsim_event_t){.kind = ESPSIM_EVENT_COMMAND, .at_ns = sim->now_ns, .payload_bytes = payload_bytes};
    command->opcode = frame_bytes > 1 ? frame[1] : 0;
    memcpy(command->payload, frame + HEADER_BYTES, copied);
}

void espsim_command_answered(espsim_t *sim, uint8_t failed, uint8_t reason)
{
    sim->command.is_answered = true;
    sim->command.status = (uint16_t)(failed != 0 ? failed << 8 | reason : 0);
}

void espsim_command_ends(espsim_t *sim)
{
    espsim_event_t *command = &sim->command;
    command->took_ns = sim->rom.work_ns;
    sim->stats.commands[command->opcode].count++;
    if (command->status != 0) {
        sim->stats.commands[command->opcode].refused++;
    }
    tell(sim, command);
}

void espsim_set_watch(espsim_t *sim, espsim_watch_t watch, void *context)
{
    sim->watch = watch;
    sim->watch_context = context;
}
