/* SPDX-License-Identifier: Apache-2.0 */
#include "serial_ports.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef REFLASH_HAVE_SERIALPORT

#include <libserialport.h>

/* They come from a device, and go to a terminal. */
static void keep(char to[SERIAL_PORT_TEXT_BYTES], const char *text)
{
    (void)snprintf(to, SERIAL_PORT_TEXT_BYTES, "%s", text != NULL ? text : "");
    for (char *at = to; *at != '\0'; at++) {
        *at = isprint((unsigned char)*at) != 0 ? *at : '?';
    }
}

static serial_port_t describe(const struct sp_port *port)
{
    serial_port_t row = {.vid = -1, .pid = -1};
    keep(row.name, sp_get_port_name(port));
    row.is_usb = sp_get_port_transport(port) == SP_TRANSPORT_USB;
    if (row.is_usb) {
        int vid, pid;
        if (sp_get_port_usb_vid_pid(port, &vid, &pid) == SP_OK) {
            row.vid = vid;
            row.pid = pid;
        }
        keep(row.product, sp_get_port_usb_product(port));
        keep(row.manufacturer, sp_get_port_usb_manufacturer(port));
        keep(row.serial, sp_get_port_usb_serial(port));
    }
    return row;
}

/* ttyUSB2 stands before ttyUSB10. */
static int by_name(const void *a, const void *b)
{
    return strverscmp(((const serial_port_t *)a)->name, ((const serial_port_t *)b)->name);
}

int serial_ports_list(serial_port_t rows[SERIAL_PORTS_MAX])
{
    struct sp_port **ports;
    if (sp_list_ports(&ports) != SP_OK) {
        return -1;
    }
    int count = 0;
    for (; count < SERIAL_PORTS_MAX && ports[count] != NULL; count++) {
        rows[count] = describe(ports[count]);
    }
    sp_free_port_list(ports);
    qsort(rows, (size_t)count, sizeof(rows[0]), by_name);
    return count;
}

#else

int serial_ports_list(serial_port_t rows[SERIAL_PORTS_MAX])
{
    (void)rows;
    return -1;
}

#endif

reflash_lines_style_t serial_port_lines(const serial_port_t *port)
{
    enum { ESPRESSIF = 0x303A, USB_SERIAL_JTAG = 0x1001 };
    if (!port->is_usb) {
        return REFLASH_LINES_NONE;
    }
    return port->vid == ESPRESSIF && port->pid == USB_SERIAL_JTAG ? REFLASH_LINES_USB : REFLASH_LINES_CLASSIC;
}
