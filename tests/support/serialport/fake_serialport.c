/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "libserialport.h"

fake_serialport_t fake_serialport;
static struct sp_port *list[FAKE_PORTS_MAX + 1];

enum sp_return sp_list_ports(struct sp_port ***list_ptr)
{
    if (fake_serialport.result != SP_OK) {
        return fake_serialport.result;
    }
    for (unsigned at = 0; at < fake_serialport.count; at++) {
        list[at] = &fake_serialport.ports[at];
    }
    list[fake_serialport.count] = NULL;
    fake_serialport.lists++;
    *list_ptr = list;
    return SP_OK;
}

void sp_free_port_list(struct sp_port **ports)
{
    (void)ports;
    fake_serialport.lists--;
}

/* The library's own strings, which nobody writes to. */
static char *text(const char *of_port)
{
    return (char *)of_port;
}

char *sp_get_port_name(const struct sp_port *port)
{
    return text(port->name);
}

enum sp_transport sp_get_port_transport(const struct sp_port *port)
{
    return port->transport;
}

enum sp_return sp_get_port_usb_vid_pid(const struct sp_port *port, int *usb_vid, int *usb_pid)
{
    if (port->transport != SP_TRANSPORT_USB) {
        return SP_ERR_ARG;
    }
    if (port->vid == 0) {
        return SP_ERR_SUPP;
    }
    *usb_vid = port->vid;
    *usb_pid = port->pid;
    return SP_OK;
}

char *sp_get_port_usb_product(const struct sp_port *port)
{
    return text(port->product);
}

char *sp_get_port_usb_manufacturer(const struct sp_port *port)
{
    return text(port->manufacturer);
}

char *sp_get_port_usb_serial(const struct sp_port *port)
{
    return text(port->serial);
}
