/* SPDX-License-Identifier: Apache-2.0 */
/* SLIP over a byte port. Escaped bytes are gathered in a small buffer, so that a port is called a few times
 * a request and not once a byte. */
#include "transport/serial.h"

#include "wire/boot_text.h"
#include "wire/packet.h"
#include "wire/slip.h"

enum { GATHER_BYTES = 64, ESCAPED_BYTES_MAX = 2, END_BYTES = 1 };

typedef struct {
    esp_loader_port_t *port;
    esp_loader_error_t error; /* the first one wins */
    uint32_t filled_bytes;
    uint8_t bytes[GATHER_BYTES];
} gather_t;

#if SERIAL_FLASHER_LOG_LEVEL >= ESP_LOADER_LOG_DEBUG
static void log_bytes(esp_loader_port_t *port, const char *label, const uint8_t *data, uint32_t bytes)
{
    if (port->ops->log_hex != NULL) {
        port->ops->log_hex(port, ESP_LOADER_LOG_LEVEL_DEBUG, label, data, bytes);
    }
}
#endif

static void flush(gather_t *gather)
{
    if (gather->error == ESP_LOADER_SUCCESS) {
#if SERIAL_FLASHER_LOG_LEVEL >= ESP_LOADER_LOG_DEBUG
        log_bytes(gather->port, "sent", gather->bytes, gather->filled_bytes);
#endif
        const esp_loader_port_ops_t *ops = gather->port->ops;
        gather->error =
            ops->write(gather->port, gather->bytes, (uint16_t)gather->filled_bytes, ops->remaining_time(gather->port));
    }
    gather->filled_bytes = 0;
}

static void put(gather_t *gather, uint8_t byte)
{
    if (gather->filled_bytes > GATHER_BYTES - ESCAPED_BYTES_MAX - END_BYTES) {
        flush(gather);
    }
    gather->filled_bytes += reflash_slip_escape(byte, &gather->bytes[gather->filled_bytes]);
}

/* There is always room for it. */
static void put_end(gather_t *gather)
{
    gather->bytes[gather->filled_bytes++] = REFLASH_SLIP_END;
}

esp_loader_error_t reflash_serial_send(esp_loader_t *loader, const reflash_request_t *request, uint32_t at)
{
    const uint32_t end = reflash_request_bytes(request);
    gather_t gather;
    gather.port = loader->_port;
    gather.error = ESP_LOADER_SUCCESS;
    gather.filled_bytes = 0;

    put_end(&gather);
    while (at < end) {
        put(&gather, reflash_request_byte(request, at));
        at++;
        if (at == end) {
            put_end(&gather);
        }
    }
    flush(&gather);
    return gather.error;
}

esp_loader_error_t reflash_serial_receive(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes)
{
    bool heard = false;
    reflash_slip_reader_t reader;
    reflash_slip_reader_init(&reader, frame, capacity_bytes);

    /* Each turn takes a byte or ends; a line that never pauses is stopped by the timer. */
    for (;;) {
        uint8_t byte;
        const esp_loader_error_t err = reflash_serial_read_byte(loader, &byte);
        if (err == ESP_LOADER_ERROR_TIMEOUT && heard) {
            return ESP_LOADER_ERROR_INVALID_RESPONSE;
        }
        if (err != ESP_LOADER_SUCCESS && err != ESP_LOADER_ERROR_INVALID_RESPONSE) {
            return err;
        }
        heard = true;
        /* The host lost bytes: a frame that had begun has a hole. The one that is waited for may still come whole, and
         * to ask again before its time is up would get two answers. */
        if (err != ESP_LOADER_SUCCESS) {
            reader.state = REFLASH_SLIP_OUTSIDE;
            continue;
        }
        if (loader->_boot_text != NULL) {
            reflash_boot_text_push(loader->_boot_text, byte);
        }
        if (reflash_slip_reader_push(&reader, byte)) {
            loader->_frame_bytes = reader.frame_bytes;
#if SERIAL_FLASHER_LOG_LEVEL >= ESP_LOADER_LOG_DEBUG
            log_bytes(loader->_port, "received", frame, reader.frame_bytes);
#endif
            return ESP_LOADER_SUCCESS;
        }
    }
}
