/* SPDX-License-Identifier: Apache-2.0 */
/** A virtual chip as SPI slave: the port of a loader whose other end is the slave of a mask ROM. */
#pragma once

#include "messages.h"
#include "port.h"

/** What the slave does wrong, all off when 0. */
typedef struct {
    bool never_idle;               /* never shows that it waits for a host            */
    bool never_ready;              /* never agrees to the host's "ready"              */
    bool rx_starts_for_ever;       /* never has a first buffer to receive into, ...   */
    bool tx_starts_for_ever;       /* ... or to send from                             */
    bool never_receives;           /* has no buffer to receive into                   */
    bool never_answers;            /* has no answer                                   */
    bool lies_rx, lies_tx;         /* announces other lengths than it has: ...        */
    uint32_t rx_bytes, tx_bytes;   /* ... these                                      */
    uint8_t answer_at, answer_xor; /* changes a byte of every answer               */
} espsim_spi_faults_t;

typedef struct {
    espsim_port_t base; /* first; a loader is given .base.port. Its fail_call counts writes and reads */
    espsim_spi_faults_t faults;
    unsigned violations;     /* how often the host did what the slave does not stand, ...          */
    const char *violation;   /* ... and what it did first                                          */
    uint64_t transactions;   /* chip select went low and high again                                */
    uint64_t messages_taken; /* requests */
    /* Private. */
    esp_loader_port_ops_t ops;
    espsim_messages_t messages;
    bool selected, port_failed;
    uint8_t preamble[3];
    uint32_t preamble_bytes, data_bytes, message_bytes;
    uint8_t data[0x2000]; /* written, the last message's until its end */
    enum { ESPSIM_SPI_ABSENT, ESPSIM_SPI_IDLE, ESPSIM_SPI_RUNNING } phase;
    uint8_t command;
    uint8_t owed; /* the command that has to be next; 0: any */
    struct {
        uint32_t status;
        bool started, used; /* the host has answered the start, and a first buffer was used */
        bool busy;          /* nothing to use until what came is done */
    } rx, tx;
    uint8_t answer[128];
    uint32_t answer_bytes;
} espsim_spi_t;

/** Make `port` the slave of `sim`, which is not owned. */
void espsim_spi_init(espsim_spi_t *port, espsim_t *sim);
/** The chip was reset by other lines than this port's. */
void espsim_spi_forget(espsim_spi_t *port);
