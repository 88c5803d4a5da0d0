/* SPDX-License-Identifier: Apache-2.0 */
/** Bytes on their way: a queue in which each has the time at which it arrives. For the files of sim/ only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t sent_ns;    /* its last bit has left the sender */
    uint64_t arrives_ns; /* at the other end; never before the byte in front of it */
    uint32_t baud;
    uint8_t byte;
} espsim_wire_byte_t;

typedef struct {
    espsim_wire_byte_t *bytes;
    size_t capacity, first, count;
} espsim_wire_t;

/** Append a byte. False: out of memory on the host. */
bool espsim_wire_push(espsim_wire_t *wire, const espsim_wire_byte_t *byte);
/** The one that arrives behind `nth` others, or NULL. Good until the next push. */
const espsim_wire_byte_t *espsim_wire_at(const espsim_wire_t *wire, size_t nth);
/** The next to arrive, or NULL. */
const espsim_wire_byte_t *espsim_wire_first(const espsim_wire_t *wire);
/** The last to arrive, or NULL. */
const espsim_wire_byte_t *espsim_wire_last(const espsim_wire_t *wire);
/** Take the next one away; there is one. */
void espsim_wire_pop(espsim_wire_t *wire);
/** Forget what had not been sent by `now_ns`. */
void espsim_wire_cut(espsim_wire_t *wire, uint64_t now_ns);
void espsim_wire_free(espsim_wire_t *wire);
