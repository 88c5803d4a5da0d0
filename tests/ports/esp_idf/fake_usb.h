/* SPDX-License-Identifier: Apache-2.0 */
/** The fake of the CDC-ACM host driver. One device is, or will be, plugged in; behind it are the wires. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    FAKE_USB_BRIDGE,     /* two transistors at DTR and RTS */
    FAKE_USB_SERIAL_JTAG /* of the chip; knows no rate. What its lines do is in the manual of the ESP32-C3 */
} fake_usb_kind_t;

typedef struct {
    fake_usb_kind_t kind;
    uint16_t vid, pid;
    uint64_t plugged_at_ns;   /* not there before */
    uint64_t unplugged_at_ns; /* when it goes again; 0: it stays. Back at replugged_at_ns, if that is not 0 */
    uint64_t replugged_at_ns;
    bool gone_on_reset; /* is software of the target: it goes as reset rises, and is back 300 ms later */
    bool stuck;         /* takes no data */
} fake_usb_device_t;

void fake_usb_start(const fake_usb_device_t *device);
/** From now on it is that device; times not looked at yet may be changed. */
fake_usb_device_t *fake_usb_device(void);
/** Tell the program that a transfer has failed. The driver receives no more. */
void fake_usb_break(void);
/** Tell the program that the state of the line changed. */
void fake_usb_change_state(void);
/** What was opened last, and how big its buffer for sending is. */
uint16_t fake_usb_opened_pid(void);
uint32_t fake_usb_rate(void);
/** Times that a device was opened. */
unsigned fake_usb_opened(void);
/** The positions of the lines so far: a digit for each, DTR + 2 * RTS. */
const char *fake_usb_lines(void);
