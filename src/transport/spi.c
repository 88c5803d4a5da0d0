/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to an SPI slave. Each transaction is a preamble and data in one direction. Four shared registers tell
 * when the target has a buffer to receive into and when an answer waits. */
#include "transport/spi.h"

#include "wire/bytes.h"
#include "wire/packet.h"

enum { WRITE_REG = 0x01, READ_REG = 0x02, WRITE_MESSAGE = 0x03, READ_MESSAGE = 0x04, WRITTEN = 0x07, READ = 0x08 };

/* Addresses of the shared registers. */
enum { RX_STATUS = 4, TX_STATUS = 8, COMMAND = 12, ADDR_SHIFT = 8 };
enum { COMMAND_IDLE = 0xAA, COMMAND_READY = 0xA5 };

/* RX_STATUS and TX_STATUS. */
enum { TOGGLE = 1 << 0, INIT = 1 << 1, LENGTH_SHIFT = 2 };
enum { USED = 1 << 1 }; /* in what is remembered of a direction: a buffer was used, beside its toggle */

enum {
    SLAVE_LOW = 0,
    SLAVE_HIGH = 1,
    CHUNK_BYTES = 128,
    EAGER_POLLS = 100, /* without a pause: a ROM answers most commands within a millisecond */
    TRANSFER_MS = 1000 /* the host clocks a transfer: guards against a port that is stuck */
};

/* Header, failed?, reason. What a ROM has behind that is left over from earlier. */
enum { STATUS_BYTES = 2, ANSWER_BYTES = REFLASH_HEADER_BYTES + STATUS_BYTES, STATUS_BYTES_WITH_LEFT_OVERS = 4 };

#define BIT(opcode) (1u << (opcode))
static const uint16_t carried_opcodes = BIT(REFLASH_MEM_BEGIN) | BIT(REFLASH_MEM_END) | BIT(REFLASH_MEM_DATA) |
                                        BIT(REFLASH_WRITE_REG) | BIT(REFLASH_READ_REG);

/* --- Transactions ---------------------------------------------------------------------------------- */

/* Select the slave and tell it what follows: a command, and above it the address of a register. It stays selected
 * whatever this returns. */
static esp_loader_error_t select_for(esp_loader_port_t *port, uint32_t command)
{
    const uint8_t preamble[3] = {(uint8_t)command, (uint8_t)(command >> ADDR_SHIFT), 0};
    port->ops->spi_set_cs(port, SLAVE_LOW);
    return port->ops->write(port, preamble, sizeof(preamble), TRANSFER_MS);
}

/* Nothing holds an SPI host back, so whatever goes wrong is the port's. */
static esp_loader_error_t release(esp_loader_port_t *port, esp_loader_error_t err)
{
    port->ops->spi_set_cs(port, SLAVE_HIGH);
    return err == ESP_LOADER_SUCCESS ? err : ESP_LOADER_ERROR_FAIL;
}

/* A command with data in its direction, or, of 0 bytes, without. */
static esp_loader_error_t transact(esp_loader_port_t *port, uint32_t command, uint8_t *data, uint16_t bytes)
{
    esp_loader_error_t err = select_for(port, command);
    if (err == ESP_LOADER_SUCCESS && bytes > 0) {
        const uint8_t bare_command = (uint8_t)command;
        err = bare_command == WRITE_REG ? port->ops->write(port, data, bytes, TRANSFER_MS)
                                        : port->ops->read(port, data, bytes, TRANSFER_MS);
    }
    return release(port, err);
}

static esp_loader_error_t write_message(esp_loader_port_t *port, const reflash_request_t *request)
{
    uint32_t chunk[CHUNK_BYTES / 4]; /* ports may move aligned words */
    uint16_t bytes;
    uint32_t at = 0;
    esp_loader_error_t err = select_for(port, WRITE_MESSAGE);
    while (err == ESP_LOADER_SUCCESS &&
           (bytes = reflash_request_copy(request, at, (uint8_t *)chunk, CHUNK_BYTES)) > 0) {
        err = port->ops->write(port, (const uint8_t *)chunk, bytes, TRANSFER_MS);
        at += bytes;
    }
    err = release(port, err);
    return err == ESP_LOADER_SUCCESS ? transact(port, WRITTEN, NULL, 0) : err;
}

/* --- Waiting --------------------------------------------------------------------------------------- */

/* Read a shared register once; `polls` counts how often that was done. */
static esp_loader_error_t poll(esp_loader_port_t *port, uint8_t reg, unsigned *polls, uint32_t *value)
{
    uint32_t word = 0;
    if ((*polls)++ >= EAGER_POLLS) {
        port->ops->delay_ms(port, 1);
    }
    if (port->ops->remaining_time(port) == 0) {
        return ESP_LOADER_ERROR_TIMEOUT;
    }
    RETURN_ON_ERROR(
        transact(port, READ_REG | (uint32_t)reg << ADDR_SHIFT, (uint8_t *)&word, reg == COMMAND ? 1 : sizeof(word)));
    *value = reflash_le32(word);
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t await_command(esp_loader_port_t *port, uint8_t expected)
{
    uint32_t command;
    unsigned polls = 0;
    do {
        RETURN_ON_ERROR(poll(port, COMMAND, &polls, &command));
    } while (command != expected);
    return ESP_LOADER_SUCCESS;
}

/* Whether `status` announces another buffer than the one that was used last. */
static bool is_fresh(uint32_t status, uint8_t last)
{
    if ((status & INIT) != 0) {
        return (last & USED) == 0;
    }
    return (status & TOGGLE) != (last & TOGGLE);
}

/* Wait until the target has a buffer for this direction. The caller that has used it calls mark_used(). */
static esp_loader_error_t await_buffer(esp_loader_port_t *port, uint8_t reg, uint8_t *last, uint32_t *status)
{
    unsigned polls = 0;
    for (;;) { /* until the timer ends poll() */
        RETURN_ON_ERROR(poll(port, reg, &polls, status));
        if ((*status & (INIT | TOGGLE)) == (INIT | TOGGLE)) { /* starts up, and waits for a sign of the host */
            uint8_t sign[4] = {0};
            *last = 0;
            RETURN_ON_ERROR(transact(port, WRITE_REG | (uint32_t)reg << ADDR_SHIFT, sign, sizeof(sign)));
        } else if (is_fresh(*status, *last)) {
            return ESP_LOADER_SUCCESS;
        }
    }
}

static void mark_used(uint8_t *last, uint32_t status)
{
    *last = (uint8_t)(USED | (status & TOGGLE));
}

/* --- Public ---------------------------------------------------------------------------------------- */

esp_loader_error_t reflash_spi_handshake(esp_loader_t *loader)
{
    uint8_t ready = COMMAND_READY;
    loader->_transfer.spi.last_rx = 0;
    loader->_transfer.spi.last_tx = 0;
    RETURN_ON_ERROR(await_command(loader->_port, COMMAND_IDLE));
    RETURN_ON_ERROR(transact(loader->_port, WRITE_REG | COMMAND << ADDR_SHIFT, &ready, sizeof(ready)));
    return await_command(loader->_port, COMMAND_READY);
}

esp_loader_error_t reflash_spi_send(esp_loader_t *loader, const reflash_request_t *request)
{
    const uint8_t opcode = request->opcode;
    if (opcode > 15 || (carried_opcodes >> opcode & 1) == 0) {
        return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
    }
    uint32_t status;
    RETURN_ON_ERROR(await_buffer(loader->_port, RX_STATUS, &loader->_transfer.spi.last_rx, &status));
    if (reflash_request_bytes(request) > status >> LENGTH_SHIFT) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    RETURN_ON_ERROR(write_message(loader->_port, request));
    mark_used(&loader->_transfer.spi.last_rx, status);
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_spi_receive(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes)
{
    uint32_t status;
    (void)capacity_bytes;
    RETURN_ON_ERROR(await_buffer(loader->_port, TX_STATUS, &loader->_transfer.spi.last_tx, &status));
    const uint32_t announced_bytes = status >> LENGTH_SHIFT;
    if (announced_bytes == 0) {
        return ESP_LOADER_ERROR_INVALID_RESPONSE;
    }
    /* A short one is taken away too, else it would stand before the next. */
    const uint16_t bytes = (uint16_t)(announced_bytes < ANSWER_BYTES ? announced_bytes : ANSWER_BYTES);
    RETURN_ON_ERROR(transact(loader->_port, READ_MESSAGE, frame, bytes));
    RETURN_ON_ERROR(transact(loader->_port, READ, NULL, 0));
    mark_used(&loader->_transfer.spi.last_tx, status);

    /* No command that this transport carries is answered with data. */
    if (bytes < ANSWER_BYTES || (frame[2] != STATUS_BYTES && frame[2] != STATUS_BYTES_WITH_LEFT_OVERS) ||
        frame[3] != 0) {
        return ESP_LOADER_ERROR_INVALID_RESPONSE;
    }
    frame[2] = STATUS_BYTES; /* what was read of it */
    loader->_frame_bytes = ANSWER_BYTES;
    return ESP_LOADER_SUCCESS;
}
