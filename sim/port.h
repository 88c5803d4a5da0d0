/* SPDX-License-Identifier: Apache-2.0 */
/** The in-process front end: a loader port whose other end is a virtual chip. It keeps the clock: bytes take
 *  their time on the wire, waiting advances virtual time at once. */
#pragma once

#include "esp_loader_io.h"
#include "espsim.h"

typedef struct {
    esp_loader_port_t port; /* .ops = &espsim_port_ops */
    espsim_t *sim;          /* not owned */
    uint32_t baud;          /* the host's rate */
    /* Faults of the port itself. From ESPSIM_FAULT_PORT_GONE on each of these calls fails, and no line moves. */
    uint64_t fail_call; /* the n-th call of write, read or change_transmission_rate fails; 0: none */
    uint64_t calls;     /* how many of those were made */
    /* Private. */
    uint64_t deadline_ns;
} espsim_port_t;

extern const esp_loader_port_ops_t espsim_port_ops;

/** Wait for bytes the target sends by itself (its log). Returns how many were stored, at most `capacity`;
 *  fewer mean that `quiet_ms` passed without another. */
size_t espsim_port_listen(espsim_port_t *port, uint8_t *buf, size_t capacity, uint32_t quiet_ms);
