/* SPDX-License-Identifier: Apache-2.0 */
/** The wires between a host's UART and pins and a virtual chip, and the clock of both. A fake of an SDK calls these
 *  functions where the SDK would touch the hardware. There is one host, as SDKs have no contexts.
 *
 *  Time is virtual and passes only in wires_pass_ns(): whatever waits, polls or sleeps calls it. What happens meanwhile,
 *  in order and at its time, is told by the callbacks, which stand for interrupts; wires_pass_ns() does nothing in them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espsim.h"

#define WIRES_US UINT64_C(1000)
#define WIRES_MS UINT64_C(1000000)

/** Begin: the chip, just made, is at the other end and powered on; no callbacks. Not owned. */
void wires_begin(espsim_t *sim);

/** A byte has completely arrived at the host's receiver. At a rate that does not fit it is garbled. */
typedef void (*wires_receive_t)(uint8_t byte);
/** A byte has completely left the host's transmitter: its FIFO, or DMA, has room for another. */
typedef void (*wires_sent_t)(void);
/** Another millisecond of the clock has begun. */
typedef void (*wires_tick_t)(void);

/** Each may be NULL. */
void wires_on_receive(wires_receive_t receive);
void wires_on_sent(wires_sent_t sent);
void wires_on_tick(wires_tick_t tick);

/** Since power-on. Begins shortly before 2^32 ms, so that a port's clock wraps in every job. */
uint64_t wires_now_ns(void);
void wires_pass_ns(uint64_t ns);

/** Hand a byte to the host's transmitter, which sends one after the other, each at the rate of that time. There is room for
 *  64 KiB; a FIFO of an own size looks at wires_unsent_bytes(). */
void wires_send(uint8_t byte);
/** How many have not left completely; 0: the shift register is empty as well. */
uint32_t wires_unsent_bytes(void);
/** Let time pass until all have left. */
void wires_drain(void);

/** The host's rate, in and out; 115200 at first. A byte on its way is not altered. */
void wires_set_baud(uint32_t baud);
uint32_t wires_baud(void);

/** Whether what is sent at one of them is understood at the other: UARTs divide, and need not agree but to 3 %. */
bool wires_rates_fit(uint32_t baud, uint32_t other_baud);

/** The levels of the host's pins. Both are high at first. */
void wires_set_boot(bool low);
void wires_set_reset(bool low);

/** From now on nothing gets through in either direction, as without a cable; or again as before. */
void wires_unplug(bool unplugged);
bool wires_are_unplugged(void);

/** What may be at the far end in place of the chip. */
typedef struct {
    void (*receive)(uint8_t byte, uint32_t baud); /* it has arrived; at which rate it was sent */
    void (*lines)(bool boot_low, bool reset_low); /* one was moved */
} wires_far_end_t;

/** NULL: the chip. */
void wires_set_far_end(const wires_far_end_t *far_end);
/** Send a byte from there: it begins at `at_ns` at the earliest, behind those before. There is room for 4 KiB. */
void wires_far_send(uint8_t byte, uint64_t at_ns, uint32_t baud);
