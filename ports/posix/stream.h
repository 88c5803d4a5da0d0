/* SPDX-License-Identifier: Apache-2.0 */
/** What the POSIX ports share: a byte stream on a file descriptor with time-outs, and a clock. Their structs begin with a
 *  stream in a union with `port`, so that functions of this file stand in their tables as they are. */
#pragma once

#include "esp_loader_io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    esp_loader_port_t port;
    int fd;               /* non-blocking; -1: closed  */
    uint64_t deadline_ms; /* of the port's one timer   */
    uint64_t sent_bytes, received_bytes;
    uint16_t read_at, read_end; /* of `buffer` */
    uint8_t buffer[1024];
} reflash_stream_t;

/** Milliseconds on a clock that never jumps. */
uint64_t reflash_stream_now_ms(void);
void reflash_stream_sleep_ms(uint32_t ms);

/* Members of esp_loader_port_ops_t, and as it says of them. A closed or vanished line is FAIL, not a wait. */
void reflash_stream_start_timer(esp_loader_port_t *port, uint32_t ms);
uint32_t reflash_stream_remaining_time(esp_loader_port_t *port);
void reflash_stream_delay_ms(esp_loader_port_t *port, uint32_t ms);
esp_loader_error_t reflash_stream_read(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout_ms);
esp_loader_error_t reflash_stream_read_some(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                            uint32_t timeout_ms);
esp_loader_error_t reflash_stream_write(esp_loader_port_t *port, const uint8_t *data, uint16_t size,
                                        uint32_t timeout_ms);

/** A stream that is closed and has nothing; for `init`. */
void reflash_stream_begin(reflash_stream_t *stream);
/** Forget what was received and not read. */
void reflash_stream_forget(reflash_stream_t *stream);
/** Close the descriptor, if one is open. */
void reflash_stream_close(reflash_stream_t *stream);
