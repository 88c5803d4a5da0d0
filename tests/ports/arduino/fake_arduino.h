/* SPDX-License-Identifier: Apache-2.0 */
/** The board of tests/ports/arduino, for a test in C. */
#pragma once

#include "esp_loader_io.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Power on a board whose core keeps up to `buffer_bytes` (at most 1024) of what it receives. Its port, filled in and not
 *  open. */
esp_loader_port_t *fake_arduino_port(unsigned buffer_bytes);
/** The serial port is open, or both pins are outputs. */
bool fake_arduino_serial_is_open(void);
bool fake_arduino_pins_are_outputs(void);
/** How many bytes were lost because nobody took them in time. */
unsigned fake_arduino_lost_bytes(void);

#ifdef __cplusplus
}
#endif
