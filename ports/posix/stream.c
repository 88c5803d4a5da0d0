/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

uint64_t reflash_stream_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void reflash_stream_sleep_ms(uint32_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
        /* goes on with what is left */
    }
}

static reflash_stream_t *self(esp_loader_port_t *port)
{
    return container_of(port, reflash_stream_t, port);
}

void reflash_stream_delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    (void)port;
    reflash_stream_sleep_ms(ms);
}

void reflash_stream_start_timer(esp_loader_port_t *port, uint32_t ms)
{
    self(port)->deadline_ms = reflash_stream_now_ms() + ms;
}

uint32_t reflash_stream_remaining_time(esp_loader_port_t *port)
{
    const reflash_stream_t *stream = self(port);
    const uint64_t now_ms = reflash_stream_now_ms();
    return stream->deadline_ms > now_ms ? (uint32_t)(stream->deadline_ms - now_ms) : 0;
}

/* Wait until the descriptor is ready for `events`. False: not before `deadline_ms`, or it is broken. */
static bool wait_ready(const reflash_stream_t *stream, short events, uint64_t deadline_ms)
{
    struct pollfd line = {.fd = stream->fd, .events = events};
    for (;;) { /* a wait that was interrupted, or is longer than poll() can tell, goes on until the deadline */
        const uint64_t now_ms = reflash_stream_now_ms();
        const uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
        const int ready = poll(&line, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
        const bool goes_on = ready < 0 ? errno == EINTR : ready == 0 && left_ms > INT_MAX;
        if (!goes_on) {
            return ready > 0;
        }
    }
}

/* Get what has arrived into the buffer, waiting for the first byte until `deadline_ms`. */
static esp_loader_error_t fill(reflash_stream_t *stream, uint64_t deadline_ms)
{
    if (!wait_ready(stream, POLLIN, deadline_ms)) {
        return ESP_LOADER_ERROR_TIMEOUT;
    }
    const ssize_t got = read(stream->fd, stream->buffer, sizeof(stream->buffer));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return ESP_LOADER_SUCCESS; /* nothing after all */
    }
    if (got <= 0) {
        return ESP_LOADER_ERROR_FAIL; /* the other end closed, or the adapter was unplugged */
    }
    stream->read_at = 0;
    stream->read_end = (uint16_t)got;
    stream->received_bytes += (uint64_t)got;
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_stream_read(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout_ms)
{
    reflash_stream_t *stream = self(port);
    const uint64_t deadline_ms = reflash_stream_now_ms() + timeout_ms;
    for (uint16_t at = 0; at < size;) {
        if (stream->read_at < stream->read_end) {
            data[at++] = stream->buffer[stream->read_at++];
            continue;
        }
        if (stream->fd < 0) {
            return ESP_LOADER_ERROR_FAIL;
        }
        const esp_loader_error_t err = fill(stream, deadline_ms);
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_stream_read_some(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                            uint32_t timeout_ms)
{
    reflash_stream_t *stream = self(port);
    const esp_loader_error_t err = reflash_stream_read(port, data, 1, timeout_ms);
    if (err != ESP_LOADER_SUCCESS) {
        return err;
    }
    *got_bytes = 1;
    while (*got_bytes < size && stream->read_at < stream->read_end) {
        data[(*got_bytes)++] = stream->buffer[stream->read_at++];
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_stream_write(esp_loader_port_t *port, const uint8_t *data, uint16_t size,
                                        uint32_t timeout_ms)
{
    reflash_stream_t *stream = self(port);
    const uint64_t deadline_ms = reflash_stream_now_ms() + timeout_ms;
    if (stream->fd < 0) {
        return ESP_LOADER_ERROR_FAIL;
    }
    for (uint16_t at = 0; at < size;) {
        const ssize_t sent = write(stream->fd, data + at, (size_t)(size - at));
        if (sent > 0) {
            at = (uint16_t)(at + sent);
            stream->sent_bytes += (uint64_t)sent;
        } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return ESP_LOADER_ERROR_FAIL;
        } else if (!wait_ready(stream, POLLOUT, deadline_ms)) {
            return ESP_LOADER_ERROR_TIMEOUT;
        }
    }
    return ESP_LOADER_SUCCESS;
}

void reflash_stream_begin(reflash_stream_t *stream)
{
    *stream = (reflash_stream_t){.port = stream->port, .fd = -1};
}

void reflash_stream_forget(reflash_stream_t *stream)
{
    stream->read_at = 0;
    stream->read_end = 0;
}

void reflash_stream_close(reflash_stream_t *stream)
{
    if (stream->fd >= 0) {
        (void)close(stream->fd);
    }
    stream->fd = -1;
}
