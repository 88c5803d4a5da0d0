/* SPDX-License-Identifier: Apache-2.0 */
/** The rig: a chip as it sits on a bench, for the front ends: a host's rate, DTR and RTS, pins that somebody holds
 *  by hand, and its time beside that of this computer. Reads no clock: `now_ns` is an argument, on any clock that
 *  does not jump. */
#pragma once

#include "espsim.h"

/** What DTR and RTS do to the pins. */
typedef enum {
    ESPSIM_WIRING_AUTO,  /* two transistors, as on development boards: DTR alone pulls boot, RTS alone reset */
    ESPSIM_WIRING_DIRECT /* DTR pulls boot, RTS pulls reset */
} espsim_wiring_t;

/** How the chip's time goes. */
typedef enum {
    ESPSIM_CLOCK_FREE, /* from one event to the next: the chip never waits, and the host's own time is not counted */
    ESPSIM_CLOCK_REAL, /* as `now_ns` goes */
    /* As with FREE nothing waits, and what the host takes for itself is added: from when it had the chip's answer to
     * when it speaks again. What it takes to wait for the answer is the chip's time, not that of `now_ns`. */
    ESPSIM_CLOCK_ACCOUNTING
} espsim_clock_t;

enum { ESPSIM_RIG_INPUT_BYTES = 4096 };

typedef struct {
    espsim_t *sim; /* not owned */
    espsim_wiring_t wiring;
    espsim_clock_t clock;
    const char *report_path;      /* where the command `report` writes to, as espsim_report_to(); NULL: nowhere */
    bool strap_reset, strap_boot; /* held low by hand, whatever the modem lines do; see espsim_rig_hold() */
    uint32_t host_baud;           /* what the link says; 0: always what the chip uses */
    uint32_t forced_baud;         /* what a hand says; 0: nothing */
    /* How long reset stays low when the lines go from RTS alone to both: see espsim_rig_set_lines(). */
    uint64_t rise_ns;
    /* Private. */
    bool dtr, rts;
    bool wire_reset, wire_boot;
    uint64_t rise_at_ns; /* UINT64_MAX: reset is not rising */
    uint64_t host_ns;    /* REAL, ACCOUNTING: of the chip's time, when ... */
    uint64_t host_at_ns; /* ... it was this on the clock of `now_ns` */
    bool attended;       /* a host is there */
    bool waits;          /* ... and wants an answer: it has sent something and moved no line since */
    uint64_t heard_ns;   /* when the last byte of an answer arrived that it was not told of; UINT64_MAX: none */
    uint64_t byte_at_ns; /* of the chip's time: when the next byte of the input has arrived */
    uint8_t input[ESPSIM_RIG_INPUT_BYTES];
    size_t input_at, input_end;
} espsim_rig_t;

/** Let go of reset. Before, the caller fills in the public members. */
void espsim_rig_power_on(espsim_rig_t *rig, uint64_t now_ns);

/** DTR and RTS as the host drives them; true: asserted.
 *
 *  On boards with two transistors hosts go from (DTR, RTS) = (0, 1), reset, to (1, 0), boot. Those that cannot move
 *  both lines at once pass through (1, 1), which pulls neither: a capacitor at the reset pin has to bridge that.
 *  Here it bridges `rise_ns`. */
void espsim_rig_set_lines(espsim_rig_t *rig, bool dtr, bool rts, uint64_t now_ns);

/** Hold pins low by hand, or let go of them. */
void espsim_rig_hold(espsim_rig_t *rig, bool reset_low, bool boot_low);

/** A host comes, or goes. Without one time stands still on an ACCOUNTING clock. */
void espsim_rig_attend(espsim_rig_t *rig, bool attended, uint64_t now_ns);
/** All that espsim_rig_run() stored so far is on its way to the host now. */
void espsim_rig_delivered(espsim_rig_t *rig, uint64_t now_ns);
/** With an ACCOUNTING clock: count what the host has taken for itself by now. */
void espsim_rig_count(espsim_rig_t *rig, uint64_t now_ns);

/** Cut the chip's power, or give it back: then it boots by its pins. */
void espsim_rig_power(espsim_rig_t *rig, bool on);

/** The rate that counts for the host; 0: always what the chip uses. */
uint32_t espsim_rig_host_baud(const espsim_rig_t *rig);

/** Pull reset for 100 ms of the chip's time, with boot pulled or not, and let go of it; then the lines count again. */
void espsim_rig_reset(espsim_rig_t *rig, bool boot_low);

/** Bytes from the host; they arrive one after the other at its rate. `count` is at most espsim_rig_room(). */
void espsim_rig_feed(espsim_rig_t *rig, const uint8_t *bytes, size_t count, uint64_t now_ns);
size_t espsim_rig_room(const espsim_rig_t *rig);
/** Forget what was fed and has not arrived at the chip. */
void espsim_rig_purge_input(espsim_rig_t *rig);

/** Let the chip do what it does: all of it, or with a REAL clock what it has done by now. Stores what arrives at the
 *  host meanwhile. Returns how many bytes that were; `capacity`: there may be more, call again. */
size_t espsim_rig_run(espsim_rig_t *rig, uint64_t now_ns, uint8_t *bytes, size_t capacity);

/** When espsim_rig_run() should next be called, on the clock of `now_ns`; UINT64_MAX: no need before more is fed. */
uint64_t espsim_rig_next(const espsim_rig_t *rig);
