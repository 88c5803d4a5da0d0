/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking as the RAM stubs do it: piece by piece into a window, and with a zlib frame only when told so at each
 * piece, which decides whether the checksum at the end is looked at. */
#include "chip.h"

#include <string.h>

enum { HEADER_BYTES = 2, TRAILER_BYTES = 4 };

typedef struct {
    const uint8_t *in;
    uint32_t left_bytes;
} input_t;

void espsim_unpacker_reset(espsim_unpacker_t *unpacker)
{
    if (unpacker->ready) {
        (void)inflateEnd(&unpacker->raw);
    }
    memset(unpacker, 0, sizeof(*unpacker));
}

/* Collect `bytes` bytes in `held`, maybe over several pieces. */
static bool hold(espsim_unpacker_t *unpacker, input_t *input, uint32_t bytes)
{
    while (unpacker->held_bytes < bytes && input->left_bytes > 0) {
        unpacker->held[unpacker->held_bytes++] = *input->in++;
        input->left_bytes--;
    }
    return unpacker->held_bytes == bytes;
}

static bool header_is_good(const uint8_t *header)
{
    enum { DEFLATE_32K_MAX = 0x78, HAS_DICTIONARY = 0x20, CHECK = 31 };
    return (header[0] * 256 + header[1]) % CHECK == 0 && (header[0] & 0x0F) == 8 && header[0] <= DEFLATE_32K_MAX &&
           (header[1] & HAS_DICTIONARY) == 0;
}

static bool begin_body(espsim_unpacker_t *unpacker)
{
    unpacker->adler = (uint32_t)adler32(0, NULL, 0);
    unpacker->ready = inflateInit2(&unpacker->raw, -MAX_WBITS) == Z_OK;
    return unpacker->ready;
}

/* The room that is left is what `out_bytes` becomes. */
static int unpack_body(espsim_unpacker_t *unpacker, input_t *input, uint8_t *out, uint32_t *out_bytes)
{
    z_stream *raw = &unpacker->raw;
    const uint32_t room = *out_bytes;
    raw->next_in = (z_const Bytef *)input->in;
    raw->avail_in = input->left_bytes;
    raw->next_out = out;
    raw->avail_out = room;
    const int result = inflate(raw, Z_SYNC_FLUSH);
    input->in = raw->next_in;
    input->left_bytes = raw->avail_in;
    *out_bytes = room - raw->avail_out;
    unpacker->adler = (uint32_t)adler32(unpacker->adler, out, *out_bytes);
    return result;
}

static bool trailer_is_good(const espsim_unpacker_t *unpacker)
{
    const uint8_t *held = unpacker->held;
    return unpacker->adler ==
           ((uint32_t)held[0] << 24 | (uint32_t)held[1] << 16 | (uint32_t)held[2] << 8 | (uint32_t)held[3]);
}

static void go_on(espsim_unpacker_t *unpacker, input_t *input, uint8_t *out, uint32_t *out_bytes, bool zlib)
{
    const uint32_t room = *out_bytes;
    *out_bytes = 0;
    if (unpacker->at == ESPSIM_UNPACK_HEADER) {
        if (zlib && !hold(unpacker, input, HEADER_BYTES)) {
            return;
        }
        const bool good = (!zlib || header_is_good(unpacker->held)) && begin_body(unpacker);
        unpacker->at = good ? ESPSIM_UNPACK_BODY : ESPSIM_UNPACK_BROKEN;
        unpacker->held_bytes = 0;
    }
    if (unpacker->at == ESPSIM_UNPACK_BODY) {
        *out_bytes = room;
        const int result = unpack_body(unpacker, input, out, out_bytes);
        if (result == Z_STREAM_END) {
            unpacker->at = ESPSIM_UNPACK_TRAILER;
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            unpacker->at = ESPSIM_UNPACK_BROKEN;
        }
    }
    if (unpacker->at == ESPSIM_UNPACK_TRAILER) {
        if (zlib && !hold(unpacker, input, TRAILER_BYTES)) {
            return;
        }
        unpacker->at = !zlib || trailer_is_good(unpacker) ? ESPSIM_UNPACK_ENDED : ESPSIM_UNPACK_BROKEN;
    }
}

espsim_unpack_t espsim_unpack(espsim_unpacker_t *unpacker, const uint8_t *in, uint32_t *in_bytes, uint8_t *out,
                              uint32_t *out_bytes, bool zlib, bool more)
{
    const uint32_t room = *out_bytes;
    input_t input = {in, *in_bytes};
    go_on(unpacker, &input, out, out_bytes, zlib);
    *in_bytes -= input.left_bytes;
    const bool starved = input.left_bytes == 0 && *out_bytes < room && !more;
    if (unpacker->at == ESPSIM_UNPACK_ENDED) {
        return ESPSIM_UNPACK_DONE;
    }
    return unpacker->at == ESPSIM_UNPACK_BROKEN || starved ? ESPSIM_UNPACK_FAILED : ESPSIM_UNPACK_MORE;
}
