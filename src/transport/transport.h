/* SPDX-License-Identifier: Apache-2.0 */
/** transport: how packets travel between host and target: over a serial line, to an SPI slave, to an SDIO card.
 *
 *  esp_loader_init_*() puts one of the tables into the context. Nothing else names it, so a program links the
 *  transports that it initialises. */
#pragma once

#include "esp_loader.h"
#include "wire/packet.h"

/** A request in the pieces it is sent from. Unused members are 0. What is read most stands first. */
typedef struct {
    uint8_t header[REFLASH_HEADER_BYTES]; /* whoever asks leaves it to reflash_ask_once() */
    uint8_t opcode;
    uint8_t word_count;
    bool only_answer_tells; /* of data for the flash: whether it arrived well is told by nothing that comes later */
    uint8_t data_xor;
    uint16_t data_bytes;
    uint16_t padding_bytes; /* bytes 0xFF behind the data, covered by its checksum as well */
    const uint32_t *words;  /* payload words, sent little-endian */
    const uint8_t *data;    /* data behind the words, of a data command; may be NULL */
    /* Instead of `data`: tells its byte `at`. Asked once for each, in order, and again from 0 when the request is sent
     * again; so the data need not be in memory, but the XOR of all of them (`data_xor`) has to be known in advance. */
    uint8_t (*data_byte)(void *data_context, uint32_t at);
    void *data_context;
    uint32_t work_bytes; /* flash the target erases or hashes before it answers */
} reflash_request_t;

/** A function of the port as a bit. */
#define REFLASH_SLOT(name) (UINT32_C(1) << (offsetof(esp_loader_port_ops_t, name) / sizeof(void (*)(void))))
/** What every transport needs. */
#define REFLASH_COMMON_SLOTS                                                                                           \
    (REFLASH_SLOT(enter_bootloader) | REFLASH_SLOT(reset_target) | REFLASH_SLOT(start_timer) |                         \
     REFLASH_SLOT(remaining_time) | REFLASH_SLOT(delay_ms))

typedef struct reflash_transport {
    uint32_t needed_slots;         /* REFLASH_SLOT()s that the port must have */
    uint16_t stub_block_bytes_max; /* of data that a RAM stub takes at once; 0: stubs are not spoken to on this way */
    bool has_rate;                 /* that both ends can change */
    /** One try: reset the target into its loader, get in step with it, name the chip. The fault is recorded. */
    esp_loader_error_t (*connect)(esp_loader_t *loader);
    /** Send one request without its first `at` bytes while the port's timer runs. If that is all of it, this brings a
     *  RAM stub back that lost its place between two frames. `at` is 0 where none is spoken to. The fault is recorded. */
    esp_loader_error_t (*send)(esp_loader_t *loader, const reflash_request_t *request, uint32_t at);
    /** Receive one frame of at most `capacity_bytes` (at least 10 for an answer) into `frame` before the port's timer
     *  runs out, and leave its length in loader->_frame_bytes. TIMEOUT: nothing came. INVALID_RESPONSE: something came,
     *  but no such frame. Else: what the port said. */
    esp_loader_error_t (*receive)(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes);
} reflash_transport_t;

/** What was received and not looked at belongs to nobody: the target is about to be reset, or was at another rate. */
void reflash_forget_input(esp_loader_t *loader);

/** Length of a request, header included. */
uint32_t reflash_request_bytes(const reflash_request_t *request);
/** Its byte `at`, counted from the header's first. */
uint8_t reflash_request_byte(const reflash_request_t *request, uint32_t at);
/** Copy what the request has from `start` on, at most `capacity_bytes`, and tell how much that is. */
uint16_t reflash_request_copy(const reflash_request_t *request, uint32_t start, uint8_t *to, uint16_t capacity_bytes);
