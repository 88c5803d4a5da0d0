/* SPDX-License-Identifier: Apache-2.0 */
/* Requests out of values, values out of answers. */
#include "wire/packet.h"

#include "wire/bytes.h"

enum { DIRECTION_REQUEST = 0x00, DIRECTION_ANSWER = 0x01 };

uint8_t reflash_checksum(uint8_t checksum, const uint8_t *data, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at++) {
        checksum ^= data[at];
    }
    return checksum;
}

void reflash_request_header(uint8_t header[REFLASH_HEADER_BYTES], uint8_t opcode, uint16_t payload_bytes,
                            uint8_t checksum)
{
    header[0] = DIRECTION_REQUEST;
    header[1] = opcode;
    header[2] = (uint8_t)payload_bytes;
    header[3] = (uint8_t)(payload_bytes >> 8);
    header[4] = checksum;
    header[5] = header[6] = header[7] = 0;
}

bool reflash_answer_parse(const uint8_t *frame, uint16_t frame_bytes, reflash_answer_t *answer)
{
    if (frame_bytes < REFLASH_HEADER_BYTES || frame[0] != DIRECTION_ANSWER) {
        return false;
    }
    const uint16_t payload_bytes = (uint16_t)(frame[2] | frame[3] << 8);
    if (payload_bytes != frame_bytes - REFLASH_HEADER_BYTES) {
        return false;
    }
    answer->opcode = frame[1];
    answer->payload_bytes = payload_bytes;
    answer->value = reflash_get_le32(frame + 4);
    return true;
}
