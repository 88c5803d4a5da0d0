/* SPDX-License-Identifier: Apache-2.0 */
/** The host's side of the fake ESP-IDF: time, pins, what the drivers hold, and failures of their functions. What the SDK
 *  forbids fails the test. */
#pragma once

#include "driver/gpio.h"
#include "freertos/FreeRTOS.h"

/** What the host is wired to. */
typedef struct {
    uint64_t (*now_ns)(void);
    void (*pass_ns)(uint64_t ns);
    void (*pin_moved)(int pin, bool level); /* as seen from outside; inputs are pulled up */
} fake_board_t;

enum { FAKE_PIN_COUNT = 64, FAKE_POLL_NS = 20000 };

/** Begin: all pins are inputs, no driver holds anything. `board` must outlive the test. */
void fake_host_start(const fake_board_t *board);

/** The n-th call of a driver's function that can fail with right arguments fails, counted from 1, from now on; 0: none. */
void fake_fail_call(unsigned call);
/** The same, and all behind it. */
void fake_fail_from(unsigned call);
/** How many such calls there were since. */
unsigned fake_calls(void);

/** How many things the drivers hold for the program: drivers, buses, devices, buffers. */
int fake_held(void);
bool fake_pin_level(int pin);
/** Whether something other than gpio.h drives the pin. */
void fake_lend_pin(int pin, bool lent);

/** The last line of the log, with its level in front: "1 text". */
const char *fake_log(void);

/* --- For the drivers --- */

/** True: this call has to fail. */
bool fake_fails(void);
void fake_hold(int count);
uint64_t fake_now_ns(void);
void fake_pass_ns(uint64_t ns);
/** When `ticks` from now are over: ticks are counted at their edges. UINT64_MAX: never. */
uint64_t fake_after_ticks_ns(TickType_t ticks);
