/* SPDX-License-Identifier: Apache-2.0 */
#include "refusing_port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static esp_loader_port_t *inner_of(esp_loader_port_t *port)
{
    return &container_of(port, refusing_port_t, port)->inner.port;
}

static void enter_bootloader(esp_loader_port_t *port)
{
    espsim_port_ops.enter_bootloader(inner_of(port));
}

static void reset_target(esp_loader_port_t *port)
{
    espsim_port_ops.reset_target(inner_of(port));
}

static void start_timer(esp_loader_port_t *port, uint32_t ms)
{
    espsim_port_ops.start_timer(inner_of(port), ms);
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    return espsim_port_ops.remaining_time(inner_of(port));
}

static void delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    espsim_port_ops.delay_ms(inner_of(port), ms);
}

static esp_loader_error_t change_rate(esp_loader_port_t *port, uint32_t rate)
{
    return espsim_port_ops.change_transmission_rate(inner_of(port), rate);
}

static esp_loader_error_t write_bytes(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    enum { SLIP_END = 0xC0, REQUEST = 0x00, WRITE_REG = 0x09, UNKNOWN = 0x7F, PIECE_BYTES_MAX = 64 };
    refusing_port_t *my = container_of(port, refusing_port_t, port);
    assert_true(size > 0);
    my->sent_bytes += size;
    if (my->spoils_questions && my->refuses && size > 2 && data[0] == SLIP_END && data[1] == REQUEST &&
        data[2] == WRITE_REG) {
        uint8_t spoilt[PIECE_BYTES_MAX];
        assert_true(size <= sizeof(spoilt));
        memcpy(spoilt, data, size);
        spoilt[2] = UNKNOWN;
        return espsim_port_ops.write(inner_of(port), spoilt, size, timeout);
    }
    return espsim_port_ops.write(inner_of(port), data, size, timeout);
}

/* Status and reason of an answer become "refused, 6", except of SYNC's. None of these bytes is ever escaped. */
static uint8_t altered_byte(refusing_port_t *my, uint8_t byte)
{
    enum { SYNC = 0x08, REASON_FAILED = 0x06 };
    const unsigned at = my->frame_at++;
    if (at < sizeof(my->header)) {
        my->header[at] = byte;
        return byte;
    }
    const unsigned payload_bytes = (unsigned)(my->header[2] | my->header[3] << 8);
    const unsigned status_at = (unsigned)sizeof(my->header) + payload_bytes - my->status_bytes;
    const bool is_meant = my->refused_opcode != 0 ? my->header[1] == my->refused_opcode : my->header[1] != SYNC;
    if (!my->refuses || my->header[0] != 0x01 || !is_meant) {
        return byte;
    }
    if (at == status_at) {
        my->was_refused = byte != 0; /* by the target itself, for a reason of its own */
        return my->refusal;
    }
    return at == status_at + 1 && !my->was_refused ? REASON_FAILED : byte;
}

static uint8_t altered(refusing_port_t *my, uint8_t byte)
{
    enum { SLIP_END = 0xC0 };
    if (byte == SLIP_END) {
        my->frame_at = 0;
        return byte;
    }
    return altered_byte(my, byte);
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    assert_true(size > 0 && timeout > 0);
    const esp_loader_error_t err = espsim_port_ops.read(inner_of(port), data, size, timeout);
    for (uint16_t at = 0; at < size && err == ESP_LOADER_SUCCESS; at++) {
        data[at] = altered(container_of(port, refusing_port_t, port), data[at]);
    }
    return err;
}

const esp_loader_port_ops_t refusing_port_ops = {
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .change_transmission_rate = change_rate,
    .write = write_bytes,
    .read = read_bytes,
};

static void set_cs(esp_loader_port_t *port, uint32_t level)
{
    (void)port;
    (void)level;
}

static esp_loader_error_t sdio_write(esp_loader_port_t *port, uint32_t function, uint32_t addr, const uint8_t *data,
                                     uint16_t size, uint32_t timeout)
{
    (void)function;
    (void)addr;
    return write_bytes(port, data, size, timeout);
}

static esp_loader_error_t sdio_read(esp_loader_port_t *port, uint32_t function, uint32_t addr, uint8_t *data,
                                    uint16_t size, uint32_t timeout)
{
    (void)function;
    (void)addr;
    return read_bytes(port, data, size, timeout);
}

static esp_loader_error_t sdio_card_init(esp_loader_port_t *port)
{
    (void)port;
    return ESP_LOADER_SUCCESS;
}

const esp_loader_port_ops_t refusing_port_ops_of_every_link = {
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .write = write_bytes,
    .read = read_bytes,
    .spi_set_cs = set_cs,
    .sdio_write = sdio_write,
    .sdio_read = sdio_read,
    .sdio_card_init = sdio_card_init,
};

/* --- The same for a card, whose messages pass in pieces and without anything around them ----------- */

static esp_loader_error_t write_card(esp_loader_port_t *port, uint32_t function, uint32_t addr, const uint8_t *data,
                                     uint16_t size, uint32_t timeout)
{
    enum { WINDOW = 0x10000, REQUEST = 0x00, WRITE_REG = 0x09, UNKNOWN = 0x7F, PIECE_BYTES_MAX = 512 };
    const refusing_card_t *refusing = container_of(port, refusing_card_t, card.base.port);
    const refusing_port_t *my = refusing->rules;
    uint8_t piece[PIECE_BYTES_MAX];
    assert_in_range(size, 1, sizeof(piece));
    memcpy(piece, data, size);
    if (my->spoils_questions && my->refuses && addr > WINDOW && size > 2 && data[0] == REQUEST &&
        data[1] == WRITE_REG) {
        piece[1] = UNKNOWN;
    }
    return refusing->card.ops.sdio_write(port, function, addr, piece, size, timeout);
}

static esp_loader_error_t read_card(esp_loader_port_t *port, uint32_t function, uint32_t addr, uint8_t *data,
                                    uint16_t size, uint32_t timeout)
{
    enum { WINDOW = 0x10000, WINDOW_END = 0x1F800, PACKET_BYTES = 0x6C };
    const refusing_card_t *refusing = container_of(port, refusing_card_t, card.base.port);
    refusing_port_t *my = refusing->rules;
    const esp_loader_error_t err = refusing->card.ops.sdio_read(port, function, addr, data, size, timeout);
    if (function != 1 || err != ESP_LOADER_SUCCESS) {
        return err;
    }
    if (addr == PACKET_BYTES) {
        my->frame_at = 0;
    }
    for (uint16_t at = 0; at < size && addr > WINDOW; at++) {
        data[at] = altered_byte(my, data[at]);
    }
    return ESP_LOADER_SUCCESS;
}

void refusing_card_init(refusing_card_t *card, espsim_t *sim, uint16_t device, refusing_port_t *rules)
{
    espsim_sdio_init(&card->card, sim, device);
    card->rules = rules;
    card->ops = card->card.ops;
    card->ops.sdio_write = write_card;
    card->ops.sdio_read = read_card;
    card->card.base.port.ops = &card->ops;
}
