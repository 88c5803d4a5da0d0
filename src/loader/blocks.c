/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of data, and what may be done after one went wrong.
 *
 * A mask ROM counts like this: a block with a wrong checksum uses up its number but does not move the address, so the
 * data is sent again under the next number. After silence the number tells whether the question or the answer was
 * lost: a number that it has seen is refused as invalid. Compressed data cannot go on after a wrong checksum, because
 * the ROM knows the last block by its number; and what became of the last one only its own answer says. So it is with
 * every block where no digest can be asked for afterwards: that the ROM has its number does not say that it was right.
 *
 * A RAM stub does not look at numbers: after silence the block may be written, and sent again it would be written
 * twice. What it refuses at once, because of how it arrived, it has done nothing with. */
#include "loader/command.h"

#ifndef SERIAL_FLASHER_WRITE_BLOCK_RETRIES
#define SERIAL_FLASHER_WRITE_BLOCK_RETRIES 3
#endif

enum {
    ROM_BLOCK_BYTES_MAX = 0x1800, /* more makes it refuse FLASH_BEGIN and MEM_BEGIN */
    ROM_INVALID_FORMAT = 0x05,
    ROM_CHECKSUM = 0x07,
    STUB_LENGTH = 0xC0,
    STUB_CHECKSUM = 0xC1,
    STUB_COMMAND = 0xC3
};

typedef enum { GIVE_UP, HAS_IT, SAME_NUMBER, NEXT_NUMBER } verdict_t;

/* What the fault of one try means for the next. */
static verdict_t judge(const esp_loader_t *loader, const reflash_request_t *block, bool answer_lost)
{
    const bool refused = loader->_fault.cause == REFLASH_CAUSE_REFUSED;
    const uint8_t reason = loader->_fault.target_reason;
    if (loader->_stub != NULL) {
        const bool arrived_badly = reason == STUB_LENGTH || reason == STUB_CHECKSUM || reason == STUB_COMMAND;
        return refused && arrived_badly ? SAME_NUMBER : GIVE_UP;
    }
    if (!refused) {
        const bool sent = loader->_fault.cause != REFLASH_CAUSE_PORT && loader->_fault.cause != REFLASH_CAUSE_ARGUMENT;
        return sent ? SAME_NUMBER : GIVE_UP;
    }
    if (answer_lost && reason == ROM_INVALID_FORMAT) {
        return block->only_answer_tells ? GIVE_UP : HAS_IT;
    }
    return reason == ROM_CHECKSUM && block->opcode != REFLASH_FLASH_DEFL_DATA ? NEXT_NUMBER : GIVE_UP;
}

esp_loader_error_t reflash_write_block(esp_loader_t *loader, reflash_request_t *block, uint32_t *sequence)
{
    enum { SEQUENCE = 1 };
    bool answer_lost = false;
    esp_loader_error_t err = ESP_LOADER_ERROR_FAIL;
    uint32_t words[] = {(uint32_t)block->data_bytes + block->padding_bytes, 0, 0, 0};
    block->words = words;
    block->word_count = sizeof(words) / sizeof(words[0]);
    for (unsigned tries = 0; tries <= SERIAL_FLASHER_WRITE_BLOCK_RETRIES; tries++) {
        words[SEQUENCE] = *sequence;
        err = reflash_ask_once(loader, block);
        const verdict_t verdict = err == ESP_LOADER_SUCCESS ? HAS_IT : judge(loader, block, answer_lost);
        if (verdict == GIVE_UP) {
            return err;
        }
        if (verdict != SAME_NUMBER) {
            (*sequence)++;
        }
        if (verdict == HAS_IT) {
            reflash_begin(loader);
            return ESP_LOADER_SUCCESS;
        }
        if (loader->_fault.cause != REFLASH_CAUSE_REFUSED) {
            answer_lost = true;
        }
    }
    return err;
}

uint32_t reflash_block_bytes_max(const esp_loader_t *loader)
{
    return loader->_stub != NULL ? loader->_transport->stub_block_bytes_max : ROM_BLOCK_BYTES_MAX;
}

bool reflash_is_block_size(const esp_loader_t *loader, uint32_t block_bytes)
{
    return block_bytes > 0 && block_bytes % 4 == 0 && block_bytes <= reflash_block_bytes_max(loader);
}
