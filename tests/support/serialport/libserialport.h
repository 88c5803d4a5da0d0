/* SPDX-License-Identifier: Apache-2.0 */
/** What the command line calls of libserialport, as its documentation has it, with a list behind it that tests fill in. It
 *  stands in for <libserialport.h>. */
#pragma once

enum sp_return { SP_OK = 0, SP_ERR_ARG = -1, SP_ERR_FAIL = -2, SP_ERR_MEM = -3, SP_ERR_SUPP = -4 };
enum sp_transport { SP_TRANSPORT_NATIVE, SP_TRANSPORT_USB, SP_TRANSPORT_BLUETOOTH };

struct sp_port;

/** A list that ends with NULL, in no order. Anything but SP_OK: there is none to be freed. */
enum sp_return sp_list_ports(struct sp_port ***list_ptr);
void sp_free_port_list(struct sp_port **ports);
char *sp_get_port_name(const struct sp_port *port);
enum sp_transport sp_get_port_transport(const struct sp_port *port);
/** SP_ERR_ARG: the port is no USB. SP_ERR_SUPP: not known. */
enum sp_return sp_get_port_usb_vid_pid(const struct sp_port *port, int *usb_vid, int *usb_pid);
/** NULL: not known. */
char *sp_get_port_usb_product(const struct sp_port *port);
char *sp_get_port_usb_manufacturer(const struct sp_port *port);
char *sp_get_port_usb_serial(const struct sp_port *port);

/* --- The list ------------------------------------------------------------------------------------------ */

enum { FAKE_PORTS_MAX = 200 };

struct sp_port {
    const char *name;
    enum sp_transport transport;
    int vid, pid; /* vid 0: not known */
    const char *product, *manufacturer, *serial;
};

typedef struct {
    enum sp_return result; /* of sp_list_ports() */
    struct sp_port ports[FAKE_PORTS_MAX];
    unsigned count;
    int lists; /* that were not freed */
} fake_serialport_t;

extern fake_serialport_t fake_serialport;
