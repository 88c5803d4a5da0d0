/* SPDX-License-Identifier: Apache-2.0 */
#include "reflash/model.h"

#include "reflash.h"

enum {
    ASK_WIRE_BYTES = 26 + 28, /* a question for a digest and its answer; a mask ROM's has 46 bytes */
    RUN_QUESTIONS = 3,        /* begin, end, and the block that is not full */
    RUN_WIRE_BYTES = 120,
    SECTORS_PER_BLOCK = 16,
    PACKED_EIGHTHS = 5 /* what is left of most programs when they are compressed */
};

/* What one byte takes, for a sector of them: at most 8 ms. */
static uint32_t of_sector_us(uint32_t ns)
{
    return ns * (REFLASH_SECTOR_BYTES / 8) / 1000 * 8;
}

reflash_model_t reflash_model(const reflash_facts_t *facts)
{
    const uint32_t line_us = of_sector_us(facts->byte_ns);
    return (reflash_model_t){
        .ask_us = facts->turnaround_us + facts->byte_ns * ASK_WIRE_BYTES / 1000,
        .hash_us = of_sector_us(facts->md5_ns),
        .line_us = (facts->packed ? line_us / 8 * PACKED_EIGHTHS : line_us) + facts->turnaround_us * REFLASH_SECTOR_BYTES / facts->block_bytes,
        .flash_us = of_sector_us(facts->program_ns) + (facts->packed ? of_sector_us(facts->inflate_ns) : 0),
        .erase_us = facts->erase_sector_us,
        .erase_block_us = facts->stub ? facts->erase_block_us : SECTORS_PER_BLOCK * facts->erase_sector_us,
        .run_us = RUN_QUESTIONS * facts->turnaround_us + facts->byte_ns * RUN_WIRE_BYTES / 1000,
        .overlapped = facts->stub,
    };
}

uint32_t reflash_write_us(const reflash_model_t *model, uint32_t sectors, uint32_t erase_us)
{
    const uint32_t line_us = sectors * model->line_us;
    const uint32_t flash_us = sectors * model->flash_us + erase_us;
    if (!model->overlapped) {
        return line_us + flash_us;
    }
    return line_us > flash_us ? line_us : flash_us;
}
