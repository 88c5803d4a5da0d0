/* SPDX-License-Identifier: Apache-2.0 */
/** A virtual chip as SDIO card: the port of a loader whose other end is the card that a mask ROM or a RAM stub is. */
#pragma once

#include "messages.h"
#include "port.h"

/** What the card does wrong, all off when 0. */
typedef struct {
    bool never_a_card;          /* does not answer when the bus is brought up                    */
    uint64_t ready_reads;       /* function 1 is seen ready so often and then no more            */
    bool enable_does_not_stick; /* function 1 stays off                                          */
    bool conf_does_not_stick;   /* the link controller keeps its old setting                     */
    bool no_credit;             /* a stub has no buffer to receive into                          */
    bool no_packets;            /* a stub sends nothing                                          */
    uint32_t packet_bytes;      /* a stub announces packets of this length                       */
    uint64_t silent_after;      /* accesses from this one on time out, counted from 1            */
} espsim_sdio_faults_t;

typedef struct {
    espsim_port_t base;      /* first; a loader is given .base.port. Its fail_call counts reads, writes and inits */
    uint16_t vendor, device; /* what the card says it is */
    const uint8_t *cis;      /* NULL: tuples with that; else 64 bytes of its own making */
    espsim_sdio_faults_t faults;
    unsigned violations;   /* how often the host did what a card does not stand, ... */
    const char *violation; /* ... and what it did first                              */
    uint32_t packets;      /* that the ROM has taken since its reset */
    bool booted;           /* the ROM has jumped */
    /* Private. */
    esp_loader_port_ops_t ops;
    espsim_messages_t messages;
    bool is_card, loads_packets;
    uint8_t enabled;
    uint64_t ready_count;
    uint32_t conf1, state_w0;
    uint32_t memory_packets; /* the next sequence number */
    uint8_t in[0x4100];
    uint32_t in_bytes, in_left; /* a message in pieces */
    uint8_t out[0x4100];
    uint32_t out_bytes;
} espsim_sdio_t;

/** Make `port` the card of `sim`, which is not owned. `device` is what that chip calls itself as a card. */
void espsim_sdio_init(espsim_sdio_t *port, espsim_t *sim, uint16_t device);
/** The chip was reset by other lines than this port's. */
void espsim_sdio_forget(espsim_sdio_t *port);
