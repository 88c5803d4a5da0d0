/* SPDX-License-Identifier: Apache-2.0 */
/** A target whose answers can be made refusals on their way. */
#pragma once

#include "port.h"
#include "sdio_slave.h"

typedef struct {
    esp_loader_port_t port;
    espsim_port_t inner;
    bool refuses;
    uint8_t refused_opcode; /* the only one whose answers become refusals; 0: all but SYNC's */
    bool spoils_questions;  /* to write registers, so that the target itself refuses them */
    uint64_t sent_bytes;
    unsigned status_bytes; /* at the end of an answer */
    uint8_t refusal;       /* its first: a stub's is the reason */
    uint8_t header[8];
    unsigned frame_at; /* bytes of the answer that went by */
    bool was_refused;
} refusing_port_t;

/** Serial; what it does not need is NULL. */
extern const esp_loader_port_ops_t refusing_port_ops;
/** With what SPI and SDIO look for when they are bound. */
extern const esp_loader_port_ops_t refusing_port_ops_of_every_link;

/** The same for a card. */
typedef struct {
    espsim_sdio_t card;
    esp_loader_port_ops_t ops;
    refusing_port_t *rules; /* which answers are made refusals */
} refusing_card_t;

/** A card of that chip, which calls itself `device`. `card` must not move. */
void refusing_card_init(refusing_card_t *card, espsim_t *sim, uint16_t device, refusing_port_t *rules);
