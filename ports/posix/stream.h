/* SPDX-License-Identifier: Apache-2.0 */
/** What the POSIX ports share: a byte stream on a file descriptor with time-outs, and a clock. */
#pragma once

#include "esp_loader_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int fd;               /* non-blocking; -1: closed  */
    uint64_t deadline_ms; /* of the port's one timer   */
    uint64_t sent_bytes, received_bytes;
    uint16_t read_at, read_end; /* of `buffer` */
    uint8_t buffer[1024];
} reflash_stream_t;

/** Milliseconds on a clock that never jumps. */
uint64_t reflash_stream_now_ms(void);
void reflash_stream_delay_ms(uint32_t ms);
void reflash_stream_start_timer(reflash_stream_t *stream, uint32_t ms);
uint32_t reflash_stream_remaining_ms(const reflash_stream_t *stream);

/** As esp_loader_port_ops_t says of read and write. A closed or vanished line is FAIL, not a wait. */
esp_loader_error_t reflash_stream_read(reflash_stream_t *stream, uint8_t *data, uint16_t size, uint32_t timeout_ms);
/** The same for what is there: at least one byte, at most `size`. */
esp_loader_error_t reflash_stream_read_some(reflash_stream_t *stream, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                            uint32_t timeout_ms);
esp_loader_error_t reflash_stream_write(reflash_stream_t *stream, const uint8_t *data, uint16_t size,
                                        uint32_t timeout_ms);

/** Forget what was received and not read. */
void reflash_stream_forget(reflash_stream_t *stream);
/** Close the descriptor, if one is open. */
void reflash_stream_close(reflash_stream_t *stream);
