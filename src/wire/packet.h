/* SPDX-License-Identifier: Apache-2.0 */
/** wire: layout of requests and answers.
 *
 *  Request: 00 | opcode | payload bytes u16 | checksum u32 | payload.
 *  Answer:  01 | opcode | payload bytes u16 | value u32 | payload (data, then status). Little-endian. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { REFLASH_HEADER_BYTES = 8, REFLASH_CHECKSUM_SEED = 0xEF };

/** Opcodes of the loader's commands. */
enum {
    REFLASH_FLASH_BEGIN = 0x02,
    REFLASH_FLASH_DATA = 0x03,
    REFLASH_FLASH_END = 0x04,
    REFLASH_MEM_BEGIN = 0x05,
    REFLASH_MEM_END = 0x06,
    REFLASH_MEM_DATA = 0x07,
    REFLASH_SYNC = 0x08,
    REFLASH_WRITE_REG = 0x09,
    REFLASH_READ_REG = 0x0A,
    REFLASH_SPI_SET_PARAMS = 0x0B,
    REFLASH_SPI_ATTACH = 0x0D,
    REFLASH_READ_FLASH_SLOW = 0x0E,
    REFLASH_CHANGE_BAUDRATE = 0x0F,
    REFLASH_FLASH_DEFL_BEGIN = 0x10,
    REFLASH_FLASH_DEFL_DATA = 0x11,
    REFLASH_FLASH_DEFL_END = 0x12,
    REFLASH_SPI_FLASH_MD5 = 0x13,
    REFLASH_GET_SECURITY_INFO = 0x14,
    /* of RAM stubs only */
    REFLASH_ERASE_FLASH = 0xD0,
    REFLASH_ERASE_REGION = 0xD1,
    REFLASH_READ_FLASH = 0xD2
};

/** XOR `bytes` of `data` onto `checksum`; start with REFLASH_CHECKSUM_SEED. */
uint8_t reflash_checksum(uint8_t checksum, const uint8_t *data, uint32_t bytes);

/** Write the header of a request whose payload has `payload_bytes`. `checksum` covers the data of a data
 *  command and is 0 elsewhere. */
void reflash_request_header(uint8_t header[REFLASH_HEADER_BYTES], uint8_t opcode, uint16_t payload_bytes,
                            uint8_t checksum);

typedef struct {
    uint8_t opcode;
    uint16_t payload_bytes; /* equals what stands behind the header */
    uint32_t value;
} reflash_answer_t;

/** Read the header of an answer. False: `frame` is none (too short, another direction, or its size field and
 *  its length disagree), and `answer` is untouched. */
bool reflash_answer_parse(const uint8_t *frame, uint16_t frame_bytes, reflash_answer_t *answer);
