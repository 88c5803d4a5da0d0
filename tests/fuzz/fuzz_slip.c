/* SPDX-License-Identifier: Apache-2.0 */
/* SLIP: any split of a stream gives the same frames, none is longer than its buffer, and what is escaped comes
 * back. */
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "wire/slip.h"

enum { CAPACITY_BYTES = 48, FRAMES_MAX = 4096 };

typedef struct {
    uint32_t frame_count;
    uint32_t digest; /* of all frames and their lengths */
} frames_t;

static void take(frames_t *frames, const reflash_slip_reader_t *reader)
{
    if (reader->frame_bytes == 0 || reader->frame_bytes > CAPACITY_BYTES) {
        abort();
    }
    frames->frame_count++;
    frames->digest = frames->digest * 31 + reader->frame_bytes;
    for (uint16_t at = 0; at < reader->frame_bytes; at++) {
        frames->digest = frames->digest * 31 + reader->frame[at];
    }
}

/* Read the stream in two parts, between which the reader is moved elsewhere, as a caller's context may be. */
static frames_t read_in_two(const uint8_t *data, size_t size, size_t split)
{
    frames_t frames = {0};
    uint8_t buffer[CAPACITY_BYTES];
    reflash_slip_reader_t reader;
    reflash_slip_reader_init(&reader, buffer, sizeof(buffer));
    for (size_t at = 0; at < size; at++) {
        if (at == split) {
            const reflash_slip_reader_t moved = reader;
            memset(&reader, 0xA5, sizeof(reader));
            reader = moved;
        }
        if (reflash_slip_reader_push(&reader, data[at])) {
            take(&frames, &reader);
        }
    }
    return frames;
}

static void round_trip(const uint8_t *data, size_t size)
{
    uint8_t buffer[256];
    const size_t bytes = size < sizeof(buffer) ? size : sizeof(buffer);
    reflash_slip_reader_t reader;
    reflash_slip_reader_init(&reader, buffer, sizeof(buffer));
    (void)reflash_slip_reader_push(&reader, REFLASH_SLIP_END);
    for (size_t at = 0; at < bytes; at++) {
        uint8_t escaped[2];
        const unsigned count = reflash_slip_escape(data[at], escaped);
        for (unsigned byte = 0; byte < count; byte++) {
            if (escaped[byte] == REFLASH_SLIP_END || reflash_slip_reader_push(&reader, escaped[byte])) {
                abort();
            }
        }
    }
    const bool whole = reflash_slip_reader_push(&reader, REFLASH_SLIP_END);
    if (whole != (bytes > 0) || (whole && (reader.frame_bytes != bytes || memcmp(buffer, data, bytes) != 0))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const size_t split = data[0] * (size_t)256 + data[1];
    const frames_t whole = read_in_two(data, size, size);
    const frames_t split_one = read_in_two(data, size, split % size);
    if (whole.frame_count != split_one.frame_count || whole.digest != split_one.digest) {
        abort();
    }
    round_trip(data, size);
    return 0;
}
