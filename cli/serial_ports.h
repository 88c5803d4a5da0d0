/* SPDX-License-Identifier: Apache-2.0 */
/** serial_ports: the serial ports of this computer and what is plugged in there, by libserialport. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reset_lines.h"

enum { SERIAL_PORTS_MAX = 128, SERIAL_PORT_TEXT_BYTES = 128 };

typedef struct {
    char name[SERIAL_PORT_TEXT_BYTES]; /* "/dev/ttyUSB0" */
    bool is_usb;
    int vid, pid; /* of USB; -1: not known */
    /* What the USB device says of itself; "": nothing, or no USB. */
    char product[SERIAL_PORT_TEXT_BYTES], manufacturer[SERIAL_PORT_TEXT_BYTES], serial[SERIAL_PORT_TEXT_BYTES];
} serial_port_t;

/** Fill `rows`, by name; at most SERIAL_PORTS_MAX. Returns how many, or -1: this program was built without libserialport,
 *  or the system does not tell. */
int serial_ports_list(serial_port_t rows[SERIAL_PORTS_MAX]);

/** How boot and reset are wired behind such a port, as far as it shows. Pure. A port that is no USB may be wired to
 *  nothing: REFLASH_LINES_NONE. */
reflash_lines_style_t serial_port_lines(const serial_port_t *port);
