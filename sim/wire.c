/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes on their way. */
#include "wire.h"

#include <stdlib.h>

static bool grow(espsim_wire_t *wire)
{
    const size_t capacity = wire->capacity > 0 ? 2 * wire->capacity : 1024;
    espsim_wire_byte_t *bytes = malloc(capacity * sizeof(*bytes));
    if (bytes == NULL) {
        return false;
    }
    for (size_t at = 0; at < wire->count; at++) {
        bytes[at] = wire->bytes[(wire->first + at) % wire->capacity];
    }
    free(wire->bytes);
    wire->bytes = bytes;
    wire->capacity = capacity;
    wire->first = 0;
    return true;
}

bool espsim_wire_push(espsim_wire_t *wire, const espsim_wire_byte_t *byte)
{
    if (wire->count == wire->capacity && !grow(wire)) {
        return false;
    }
    wire->bytes[(wire->first + wire->count) % wire->capacity] = *byte;
    wire->count++;
    return true;
}

const espsim_wire_byte_t *espsim_wire_at(const espsim_wire_t *wire, size_t nth)
{
    return nth < wire->count ? &wire->bytes[(wire->first + nth) % wire->capacity] : NULL;
}

const espsim_wire_byte_t *espsim_wire_first(const espsim_wire_t *wire)
{
    return espsim_wire_at(wire, 0);
}

const espsim_wire_byte_t *espsim_wire_last(const espsim_wire_t *wire)
{
    return espsim_wire_at(wire, wire->count - 1); /* of none: behind all that can be */
}

void espsim_wire_pop(espsim_wire_t *wire)
{
    wire->first = (wire->first + 1) % wire->capacity;
    wire->count--;
}

void espsim_wire_cut(espsim_wire_t *wire, uint64_t now_ns)
{
    while (wire->count > 0 && espsim_wire_last(wire)->sent_ns > now_ns) {
        wire->count--;
    }
}

void espsim_wire_free(espsim_wire_t *wire)
{
    free(wire->bytes);
    *wire = (espsim_wire_t){0};
}
