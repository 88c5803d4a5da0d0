/* SPDX-License-Identifier: Apache-2.0 */
#include "reflash/model.h"

#include "chips/speeds.h"
#include "loader/command.h"

enum {
    ASK_WIRE_BYTES = 26 + 28, /* a question for a digest and its answer; a mask ROM's has 46 bytes */
    RUN_QUESTIONS = 3,        /* begin, end, and the block that is not full */
    RUN_WIRE_BYTES = 120,
    SECTORS_PER_BLOCK = 16,
    SECTORS_PER_STUB_BLOCK = 5,
    PACKED_EIGHTHS = 5 /* what is left of most programs when they are compressed */
};

/* What one byte takes, for a sector of them: at most 8 ms. */
static uint32_t of_sector_us(uint32_t ns)
{
    return ns * (REFLASH_SECTOR_BYTES / 8) / 1000 * 8;
}

void reflash_facts_of_loader(reflash_facts_t *facts, const reflash_chip_t *chip, bool stub, bool has_packed)
{
    const reflash_speeds_t *speeds = reflash_speeds(chip, stub);
    const bool unpacks = stub || (chip->last_opcode >= REFLASH_FLASH_DEFL_DATA && !chip->whole_windows);
    facts->stub = stub;
    facts->md5_ns = speeds->md5_ns;
    facts->inflate_ns = speeds->inflate_ns;
    facts->packed = unpacks && has_packed;
    facts->block_bytes = stub ? REFLASH_STUB_BLOCK_BYTES : facts->packed ? 0x1800 : REFLASH_PLAIN_BLOCK_BYTES;
}

reflash_model_t reflash_model(const reflash_facts_t *facts)
{
    const uint32_t line_us = of_sector_us(facts->byte_ns) + facts->turnaround_us * REFLASH_SECTOR_BYTES / facts->block_bytes;
    return (reflash_model_t){
        .ask_us = facts->turnaround_us + facts->byte_ns * ASK_WIRE_BYTES / 1000,
        .hash_us = of_sector_us(facts->md5_ns),
        .line_us = facts->packed ? line_us / 8 * PACKED_EIGHTHS : line_us,
        .flash_us = of_sector_us(facts->program_ns) + (facts->packed ? of_sector_us(facts->inflate_ns) : 0),
        .erase_us = facts->erase_sector_us,
        .erase_block_us = facts->erase_block_us,
        .run_us = RUN_QUESTIONS * facts->turnaround_us + facts->byte_ns * RUN_WIRE_BYTES / 1000,
        .overlapped = facts->stub,
    };
}

void reflash_learn(reflash_facts_t *facts, reflash_model_t *model, uint32_t sectors, uint32_t took_us)
{
    const uint32_t known_us = sectors * model->hash_us + model->ask_us - facts->turnaround_us;
    if (sectors >= SECTORS_PER_BLOCK && took_us > model->ask_us) {
        facts->md5_ns = (took_us - model->ask_us) / sectors * 125 / (REFLASH_SECTOR_BYTES / 8);
    } else if (sectors == 1 && took_us > known_us) {
        facts->turnaround_us = (facts->turnaround_us + took_us - known_us) / 2;
    }
    *model = reflash_model(facts);
}

uint32_t reflash_ask_us(const reflash_model_t *model, uint32_t sectors)
{
    return model->ask_us + sectors * model->hash_us;
}

uint32_t reflash_write_us(const reflash_model_t *model, uint32_t sectors, uint32_t runs, uint32_t erase_us)
{
    const uint32_t line_us = sectors * model->line_us;
    const uint32_t flash_us = sectors * model->flash_us + erase_us;
    uint32_t us = line_us > flash_us ? line_us : flash_us;
    if (!model->overlapped || sectors <= runs * SECTORS_PER_STUB_BLOCK) {
        us = line_us + flash_us;
    }
    return runs * model->run_us + us;
}

uint32_t reflash_job_ms(const reflash_model_t *model, uint32_t hashed, uint32_t written)
{
    const uint32_t write_us = reflash_write_us(model, 1, 0, model->overlapped ? model->erase_block_us / SECTORS_PER_BLOCK : model->erase_us);
    return hashed * model->hash_us / 1000 + written * (write_us / 1000);
}

uint32_t reflash_stub_ms(const reflash_facts_t *facts)
{
    enum { STUB_WIRE_BYTES = 7500, QUESTIONS = 17, START_MS = 10 };
    return STUB_WIRE_BYTES * (facts->byte_ns / 1000) / 1000 + QUESTIONS * (facts->turnaround_us / 1000) + START_MS;
}
