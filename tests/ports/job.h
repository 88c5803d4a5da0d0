/* SPDX-License-Identifier: Apache-2.0 */
/** A target at the end of the wires, the job that every port has to be able to do, and the promises it has to keep.
 *  Failures fail the test. */
#pragma once

#include "espsim.h"
#include "port_check.h"
#include "reflash.h"

/** A blank ESP32 with 4 MB of flash, powered on, with wires as at their beginning: no callbacks. As set-up and tear-down of a
 *  cmocka test; `state` is not used. */
int job_set_up(void **state);
int job_tear_down(void **state);

/** The target. */
espsim_t *job_target(void);
uint8_t *job_flash(void);

/** The whole job: open, connect, raise the rate to `baud` (0: do not), make the target hold a bootloader, a partition table
 *  and an application, prove it, go back to 115200, reset, and hear its application say "Hello world!"; then the same
 *  again, where nothing is written. Opens and closes the port each time. */
void job_run(esp_loader_port_t *port, uint32_t baud);
/** The same with a port whose ring counts lost bytes in `overrun_bytes`, where an answer in five has a hole. A test that fails leaves another port->ops. */
void job_run_with_holes(esp_loader_port_t *port, volatile uint32_t *overrun_bytes);
/** One such round. How many images were written. */
unsigned job_round(esp_loader_port_t *port, uint32_t baud);
/** Read through the port until the target has said `text`. Fails the test when it is silent for a second. */
void job_expect_log(esp_loader_port_t *port, const char *text);

/** Run the port, filled in and not open, through every promise of tests/port-check on these wires, then at the chip. */
void job_check_promises(esp_loader_port_t *port);
/** The bench of that: the far end is raw, until the next job_set_up(). `slack_ms` may be altered. */
port_check_bench_t job_bench(void);
