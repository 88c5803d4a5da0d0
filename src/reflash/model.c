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

/* What one byte takes, for a sector of them: 4096 / 1000 times as much. */
static uint32_t of_sector_us(uint32_t ns)
{
    return ns * 131 >> 5;
}

/* Less than 2.4 % off. */
static uint32_t us_of(uint32_t ns)
{
    return ns >> 10;
}

void reflash_facts_of_loader(reflash_facts_t *facts, const reflash_chip_t *chip, bool stub, bool has_packed)
{
    const reflash_speeds_t *speeds = reflash_speeds(chip, stub);
    const bool unpacks = stub || (chip->last_opcode >= REFLASH_FLASH_DEFL_DATA && !chip->whole_windows);
    facts->stub = stub;
    facts->md5_ns = speeds->md5_ns;
    facts->inflate_ns = speeds->inflate_ns;
    facts->packed = unpacks && has_packed;
}

void reflash_model(reflash_model_t *model, const reflash_facts_t *facts)
{
    const uint32_t turnaround_us = facts->turnaround_us;
    uint32_t line_us = of_sector_us(facts->byte_ns) + turnaround_us;
    uint32_t flash_us = of_sector_us(facts->program_ns);
    if (facts->packed) {
        line_us -= facts->stub ? turnaround_us / 4 * 3 : 0; /* four sectors in a block, the others one */
        line_us = line_us / 8 * PACKED_EIGHTHS;
        flash_us += of_sector_us(facts->inflate_ns);
    }
    model->ask_us = turnaround_us + us_of(facts->byte_ns * ASK_WIRE_BYTES);
    model->hash_us = of_sector_us(facts->md5_ns);
    model->line_us = line_us;
    model->flash_us = flash_us;
    model->erase_us = facts->erase_sector_us;
    model->erase_block_us = facts->erase_block_us;
    model->run_us = RUN_QUESTIONS * turnaround_us + us_of(facts->byte_ns * RUN_WIRE_BYTES);
    model->overlapped = facts->stub;
}

void reflash_learn(reflash_facts_t *facts, reflash_model_t *model, uint32_t sectors, uint32_t took_us)
{
    if (sectors >= SECTORS_PER_BLOCK && took_us > model->ask_us) {
        facts->md5_ns = (took_us - model->ask_us) / sectors * 125 >> 9;
    } else if (sectors == 1) {
        const uint32_t wire_us = model->ask_us - facts->turnaround_us;
        const uint32_t work_us = model->hash_us + wire_us;
        if (took_us > work_us) { /* one that was held up must not spoil all prices */
            const uint32_t turnaround_us = took_us - work_us;
            const uint32_t most_us = facts->turnaround_us * 8;
            facts->turnaround_us = (facts->turnaround_us + (turnaround_us < most_us ? turnaround_us : most_us)) / 2;
        }
    }
    reflash_model(model, facts);
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
    const uint32_t erase_us = model->erase_block_us / SECTORS_PER_BLOCK;
    return (hashed * (model->hash_us / 8) + written * (reflash_write_us(model, 1, 0, erase_us) / 8)) / (1000 / 8);
}

uint32_t reflash_stub_ms(const reflash_facts_t *facts)
{
    enum { WIRE_BYTES = 7500, QUESTIONS = 17, START_MS = 10 };
    return (us_of(facts->byte_ns) * WIRE_BYTES + QUESTIONS * facts->turnaround_us) / 1000 + START_MS;
}
