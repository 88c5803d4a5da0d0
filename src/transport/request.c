/* SPDX-License-Identifier: Apache-2.0 */
/* A request as one run of bytes. */
#include "transport/transport.h"

#include "wire/packet.h"

uint32_t reflash_request_bytes(const reflash_request_t *request)
{
    return REFLASH_HEADER_BYTES + 4u * request->word_count + request->data_bytes + request->padding_bytes;
}

uint8_t reflash_request_byte(const reflash_request_t *request, uint32_t at)
{
    if (at < REFLASH_HEADER_BYTES) {
        return request->header[at];
    }
    at -= REFLASH_HEADER_BYTES;
    if (at < 4u * request->word_count) {
        return (uint8_t)(request->words[at / 4] >> (8 * (at % 4)));
    }
    at -= 4u * request->word_count;
    if (at >= request->data_bytes) {
        return 0xFF;
    }
    return request->data != NULL ? request->data[at] : request->data_byte(request->data_context, at);
}

uint16_t reflash_request_copy(const reflash_request_t *request, uint32_t start, uint8_t *to, uint16_t capacity_bytes)
{
    const uint32_t left_bytes = reflash_request_bytes(request) - start;
    const uint16_t bytes = left_bytes < capacity_bytes ? (uint16_t)left_bytes : capacity_bytes;
    for (uint32_t at = 0; at < bytes; at++) {
        to[at] = reflash_request_byte(request, start + at);
    }
    return bytes;
}
