/* SPDX-License-Identifier: Apache-2.0 */
#include "ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inputs_support.h"
#include "job.h"
#include "serial_ports.h"

static const char *before_of(const serial_port_t *port)
{
    return wiring_style_name(serial_port_lines(port));
}

static void tell(output_t *output, const serial_port_t *port, int name_width)
{
    char id[16] = "-", serial[SERIAL_PORT_TEXT_BYTES + 16] = "";
    if (port->vid >= 0) {
        (void)snprintf(id, sizeof(id), "%04x:%04x", (unsigned)port->vid, (unsigned)port->pid);
    }
    if (port->serial[0] != '\0') {
        (void)snprintf(serial, sizeof(serial), ", serial number %s", port->serial);
    }
    const char *product = port->product[0] != '\0' ? port->product : port->manufacturer;
    output_line(output, "%-*s  %-9s  --before %-8s  %s%s", name_width, port->name, id, before_of(port),
                product[0] != '\0' ? product
                : port->is_usb     ? "a USB device without a name"
                                   : "no USB; wire GPIO lines, or press BOOT and RESET by hand",
                serial);
    json_t *event = json_pack("{s:s, s:s, s:b, s:s}", "event", "port", "name", port->name, "usb", port->is_usb,
                              "before", before_of(port));
    if (port->vid >= 0) {
        (void)json_object_set_new(event, "vid", json_integer(port->vid));
        (void)json_object_set_new(event, "pid", json_integer(port->pid));
    }
    if (port->is_usb) {
        (void)json_object_set_new(event, "product", json_string(port->product));
        (void)json_object_set_new(event, "manufacturer", json_string(port->manufacturer));
        (void)json_object_set_new(event, "serial", json_string(port->serial));
    }
    output_event(output, event);
}

status_t ports_run(const options_t *options, int word_count, char *const *words)
{
    job_t job;
    job_begin(&job, options);
    if (word_count > 0) {
        const status_t refused = job_refuse(&job, STATUS_USAGE, "ports takes no input, but '%s' was given", words[0]);
        job_summarise(&job, refused, NULL);
        return job_end(&job, refused);
    }
    serial_port_t *rows = inputs_need(calloc(SERIAL_PORTS_MAX, sizeof(*rows)));
    const int count = serial_ports_list(rows);
    int name_width = 0;
    for (int row = 0; row < count; row++) {
        const int width = (int)strlen(rows[row].name);
        name_width = width > name_width ? width : name_width;
    }
    for (int row = 0; row < count; row++) {
        tell(&job.output, &rows[row], name_width);
    }
    status_t status = STATUS_OK;
    if (count < 0) {
        status = job_refuse(&job, STATUS_CONNECT,
                            "the serial ports of this computer cannot be listed: this program was built without "
                            "libserialport, or the system does not tell");
    } else if (count == 0) {
        output_line(&job.output,
                    "This computer has no serial port. Is the board plugged in, by a cable with data wires?");
    }
    job_summarise(&job, status, NULL);
    free(rows);
    return job_end(&job, status);
}
