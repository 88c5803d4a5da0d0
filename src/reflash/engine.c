/* SPDX-License-Identifier: Apache-2.0 */
/* The job: ask, write what differs, prove, and all over where a proof failed. What to ask and what to write is planned
 * in plan.c. */
#include "reflash/engine.h"

#include <string.h>

#include "loader/command.h"

enum {
    PASSES = 3,
    PLAIN_BLOCK_BYTES = REFLASH_SECTOR_BYTES,
    ROM_PACKED_BLOCK_BYTES = 0x1800,
    STUB_ERASE_BYTES = 0x10000,
    CHIP_ID_ESP8266 = 0xFFFF
};

/* --- Errors, progress -------------------------------------------------------------------------------------------- */

static esp_loader_error_t from_source(reflash_engine_t *engine, reflash_bundle_error_t err)
{
    return err == REFLASH_BUNDLE_GOOD ? ESP_LOADER_SUCCESS
                                      : reflash_fail(engine->loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_SOURCE);
}

esp_loader_error_t reflash_engine_tell(reflash_engine_t *engine, reflash_apply_step_t step, bool proved)
{
    const reflash_apply_t *job = engine->job;
    reflash_apply_progress_t *progress = &engine->progress;
    progress->step = step;
    progress->proved = proved;
    progress->left_ms = reflash_job_ms(&engine->model, engine->unhashed, engine->unwritten - progress->done_sectors);
    return job->progress == NULL || job->progress(job->progress_context, progress)
               ? ESP_LOADER_SUCCESS
               : reflash_fail(engine->loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_STOPPED);
}

/* --- Images and sectors ------------------------------------------------------------------------------------------ */

/* Do `step` to each image, which is the current one then. */
static esp_loader_error_t for_each_image(reflash_engine_t *engine, esp_loader_error_t (*step)(reflash_engine_t *engine))
{
    for (uint16_t index = 0; index < engine->bundle->image_count; index++) {
        engine->follows_written = index > 0 && reflash_bit(&engine->differ, engine->sectors - 1);
        RETURN_ON_ERROR(from_source(engine, engine->ops->image(engine->bundle, index, &engine->image)));
        engine->progress.index = index;
        engine->sectors = reflash_bundle_sector_count(&engine->image);
        engine->differ.first = engine->blank.first = engine->image.flash_addr / REFLASH_SECTOR_BYTES;
        engine->progress.sectors = 0;
        for (uint32_t at = 0; at < engine->sectors; at++) {
            engine->progress.sectors += reflash_bit(&engine->differ, at);
        }
        RETURN_ON_ERROR(step(engine));
    }
    return ESP_LOADER_SUCCESS;
}

/* Of the image, in sectors [from, end). */
static uint32_t bytes_of(const reflash_engine_t *engine, uint32_t from, uint32_t end)
{
    const uint32_t end_bytes = end * REFLASH_SECTOR_BYTES;
    return (end_bytes < engine->image.bytes ? end_bytes : engine->image.bytes) - from * REFLASH_SECTOR_BYTES;
}

static esp_loader_error_t read_sector(reflash_engine_t *engine, uint32_t at, reflash_bundle_sector_t *sector)
{
    return from_source(engine, engine->ops->sector(engine->bundle, &engine->image, at, sector));
}

/* --- Prices ------------------------------------------------------------------------------------------------------ */

/* At the rate as it is now: it may have been raised since. */
static void reckon(reflash_engine_t *engine)
{
    engine->facts.byte_ns = UINT32_C(1000000000) / (engine->loader->_baud / 10);
    reflash_model(&engine->model, &engine->facts);
}

void reflash_engine_set_prices(reflash_engine_t *engine, bool stub)
{
    reflash_facts_of_loader(&engine->facts, engine->loader->_chip, stub, engine->bundle->has_packed);
    reckon(engine);
}

/* What the last question took corrects the prices. */
static void learn(reflash_engine_t *engine, uint32_t sectors)
{
    const esp_loader_t *loader = engine->loader;
    const uint32_t took_us = (loader->_limit_ms - loader->_port->ops->remaining_time(loader->_port)) * 1000;
    reflash_learn(&engine->facts, &engine->model, sectors, took_us);
}

/* --- Asking ------------------------------------------------------------------------------------------------------ */

static bool same_digest(const uint8_t a[REFLASH_DIGEST_BYTES], const uint8_t b[REFLASH_DIGEST_BYTES])
{
    return memcmp(a, b, REFLASH_DIGEST_BYTES) == 0;
}

/* Find out in engine->equal whether the target holds what sectors [from, end) shall hold: one, a block, or all. */
static esp_loader_error_t compare(reflash_engine_t *engine, uint32_t from, uint32_t end)
{
    static const uint8_t md5_of_blank[REFLASH_DIGEST_BYTES] = {0x6A, 0xE5, 0x9E, 0x64, 0x85, 0x03, 0x77, 0xEE,
                                                               0x54, 0x70, 0xC8, 0x54, 0x76, 0x15, 0x51, 0xEA};
    const uint32_t sectors = end - from;
    reflash_bundle_sector_t sector;
    uint8_t found[REFLASH_DIGEST_BYTES];
    const uint8_t *wanted = sector.md5;
    if (sectors == 1) {
        RETURN_ON_ERROR(read_sector(engine, from, &sector));
    } else if (sectors == engine->sectors) {
        wanted = engine->image.md5;
    } else {
        const uint32_t first = engine->differ.first;
        const uint32_t block = (first + from) / REFLASH_SECTORS_PER_BLOCK - first / REFLASH_SECTORS_PER_BLOCK;
        RETURN_ON_ERROR(from_source(engine, engine->ops->block_md5(engine->bundle, &engine->image, block, sector.md5)));
    }
    RETURN_ON_ERROR(reflash_flash_md5(engine->loader, engine->image.flash_addr + from * REFLASH_SECTOR_BYTES,
                                      bytes_of(engine, from, end), found));
    engine->equal = same_digest(wanted, found);
    reflash_set_bits(&engine->blank, from, end, sectors == 1 && same_digest(md5_of_blank, found));
    learn(engine, sectors);
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t ask_image(reflash_engine_t *engine)
{
    reflash_plan_t plan;
    reflash_plan_begin(&plan, &engine->model, &engine->differ, engine->sectors);
    if (engine->progress.index > 0 && engine->unwritten == 0) {
        reflash_plan_hope(&plan);
    }
    while (reflash_plan_ask(&plan)) {
        RETURN_ON_ERROR(compare(engine, plan.question.from, plan.question.end));
        reflash_plan_answer(&plan, engine->equal);
    }
    if (plan.guessed) {
        engine->guessed = true;
    }
    engine->progress.sectors = reflash_plan_join(&plan);
    engine->unhashed += engine->progress.sectors - engine->sectors;
    engine->unwritten += engine->progress.sectors;
    return reflash_engine_tell(engine, REFLASH_APPLY_ASKED, false);
}

/* --- Writing ----------------------------------------------------------------------------------------------------- */

/* A run of sectors on its way, block by block. As much of a block as fits is in the job's buffer. */
typedef struct {
    bool packed;
    reflash_bundle_error_t err; /* that its bytes met */
    reflash_request_t block;
    reflash_engine_t *engine;
    uint32_t from, end;
    uint32_t sector;     /* plain: that the block is */
    uint32_t held_end;   /* of the block's bytes, and ... */
    const uint8_t *next; /* ... where the next one is */
    reflash_run_t run;   /* packed: at the block's first byte ... */
    reflash_run_t ahead; /* ... and at what is read next */
} sending_t;

static uint8_t block_byte(void *context, uint32_t at)
{
    sending_t *sending = context;
    const reflash_engine_t *engine = sending->engine;
    const reflash_apply_t *job = engine->job;
    if (at == 0) { /* it may have been sent before */
        sending->ahead = sending->run;
        sending->held_end = 0;
    }
    if (at == sending->held_end) {
        const uint32_t left_bytes = sending->block.data_bytes - at;
        const uint32_t bytes = left_bytes < job->buffer_bytes ? left_bytes : job->buffer_bytes;
        const reflash_bundle_error_t err =
            sending->packed ? engine->ops->run_read(&sending->ahead, job->buffer, bytes)
                            : engine->ops->plain(engine->bundle, &engine->image,
                                                 sending->sector * REFLASH_SECTOR_BYTES + at, job->buffer, bytes);
        if (err != REFLASH_BUNDLE_GOOD) {
            sending->err = err;
        }
        sending->held_end = at + bytes;
        sending->next = job->buffer;
    }
    return *sending->next++;
}

/* A compressed run begins where a group does, and is taken if it is shorter. */
static esp_loader_error_t try_packed(reflash_engine_t *engine, sending_t *sending, uint32_t block_bytes_max)
{
    uint32_t from = sending->from;
    uint32_t more = 0;
    reflash_bundle_sector_t sector;
    from++;
    do {
        RETURN_ON_ERROR(read_sector(engine, --from, &sector)); /* an image's first sector starts one */
        more += reflash_bit(&engine->differ, from) ? 0 : 1;
    } while (!sector.starts_group);
    RETURN_ON_ERROR(from_source(engine, engine->ops->run_begin(&sending->run, engine->bundle, &engine->image, from,
                                                               sending->end - from, block_bytes_max)));
    sending->packed =
        !engine->bundle->has_plain || sending->run.stream_bytes < bytes_of(engine, sending->from, sending->end);
    if (sending->packed) {
        reflash_set_bits(&engine->differ, from, sending->end, true);
        engine->progress.sectors += more;
        engine->unhashed += more;
        engine->unwritten += more;
        sending->from = from;
    }
    return ESP_LOADER_SUCCESS;
}

/* A mask ROM erases what it is told to, though it be blank. */
static bool is_erased(const reflash_engine_t *engine, uint32_t from, uint32_t end)
{
    while (from < end && reflash_bit(&engine->blank, from)) {
        from++;
    }
    return from == end && engine->loader->_stub == NULL;
}

/* Tell the block what comes next: of a plain one sending->sector. */
static esp_loader_error_t take_block(reflash_engine_t *engine, sending_t *sending)
{
    enum { UNIT_BYTES = 4 };

    reflash_request_t *block = &sending->block;
    if (sending->packed) {
        const reflash_bundle_error_t err = engine->ops->run_next_block(&sending->run);
        block->data_bytes = (uint16_t)sending->run.block_bytes;
        block->data_xor = sending->run.block_xor;
        return from_source(engine, err);
    }
    reflash_bundle_sector_t sector;
    RETURN_ON_ERROR(read_sector(engine, sending->sector, &sector));
    block->data_bytes = sector.bytes;
    block->data_xor = sector.plain_xor[0] ^ sector.plain_xor[1] ^ sector.plain_xor[2] ^ sector.plain_xor[3];
    block->padding_bytes = engine->loader->_stub != NULL ? 0 : (uint16_t)(-(unsigned)sector.bytes % UNIT_BYTES);
    return ESP_LOADER_SUCCESS;
}

/* Write sectors [*begin, end), and those in front of them that compressed data begin with. */
static esp_loader_error_t write_run(reflash_engine_t *engine, uint32_t *begin, uint32_t end)
{
    enum { TO_DATA = 1, TO_END = 2 }; /* from the opcode that begins, of plain and of compressed data */

    const bool stub = engine->loader->_stub != NULL;
    sending_t sending = {
        .block = {.data_byte = block_byte, .data_context = &sending, .work_bytes = stub ? STUB_ERASE_BYTES : 0},
        .engine = engine,
        .from = *begin,
        .end = end};
    uint32_t block_bytes_max = stub ? engine->loader->_transport->stub_block_bytes_max : ROM_PACKED_BLOCK_BYTES;
    if (engine->facts.packed) {
        RETURN_ON_ERROR(try_packed(engine, &sending, block_bytes_max));
    }
    const uint32_t from = *begin = sending.from;
    const uint32_t sectors = end - from;
    const uint32_t run_bytes = bytes_of(engine, from, end);
    const uint32_t done = engine->progress.done_sectors;
    uint32_t block_count = sectors;
    uint8_t opcode = REFLASH_FLASH_BEGIN;
    if (sending.packed) {
        sending.block.work_bytes = run_bytes; /* a block may unpack to nearly all */
        block_count = sending.run.block_count;
        opcode = REFLASH_FLASH_DEFL_BEGIN;
    } else {
        block_bytes_max = PLAIN_BLOCK_BYTES;
    }
    sending.block.opcode = (uint8_t)(opcode + TO_DATA);
    uint32_t erase_bytes = 0;
    reflash_apply_t *job = engine->job;
    job->sectors_written += sectors;
    if (!is_erased(engine, from, end)) {
        erase_bytes = run_bytes;
        job->erased_bytes += sectors * REFLASH_SECTOR_BYTES;
    }
    job->runs++;
    RETURN_ON_ERROR(reflash_begin_write(engine->loader, opcode, engine->image.flash_addr + from * REFLASH_SECTOR_BYTES,
                                        erase_bytes, block_count, block_bytes_max));
    uint32_t sequence = 0;
    for (uint32_t block = 0; block < block_count;) {
        sending.sector = from + block;
        RETURN_ON_ERROR(take_block(engine, &sending));
        block++;
        sending.block.only_answer_tells = sending.packed && block == block_count;
        const esp_loader_error_t err = reflash_write_block(engine->loader, &sending.block, &sequence);
        RETURN_ON_ERROR(from_source(engine, sending.err));
        RETURN_ON_ERROR(err);
        engine->progress.done_sectors = done + sectors * block / block_count;
        RETURN_ON_ERROR(reflash_engine_tell(engine, REFLASH_APPLY_WRITING, false));
    }
    return reflash_end_write(engine->loader, (uint8_t)(opcode + TO_END), sending.block.work_bytes);
}

static esp_loader_error_t write_image(reflash_engine_t *engine)
{
    if (engine->progress.sectors == 0 || engine->image.kind != engine->kind) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(reflash_engine_tell(engine, REFLASH_APPLY_WRITING, false));
    /* From the last run to the first: what one begins with may be another, which is not sent again then. */
    for (uint32_t end = engine->sectors; end > 0;) {
        uint32_t at = end;
        while (at > 0 && reflash_bit(&engine->differ, at - 1)) {
            at--;
        }
        if (at < end) {
            RETURN_ON_ERROR(write_run(engine, &at, end));
            end = at;
        } else {
            end--;
        }
    }
    engine->unwritten -= engine->progress.sectors;
    engine->progress.done_sectors = 0;
    return ESP_LOADER_SUCCESS;
}

/* --- Proving ----------------------------------------------------------------------------------------------------- */

/* Commands carry no checksum. One that was damaged may have erased more than was asked for, which is always what lies
 * behind: so the sector behind a run is proved as well as those of the run, be it that of another image. Or it went
 * elsewhere altogether, which is noticed where the run should be; unless that was there already, and then nothing but
 * all will do. */
static uint32_t count_unproved(const reflash_engine_t *engine, uint32_t from, uint32_t end)
{
    uint32_t count = 0;
    for (uint32_t at = from; at < end; at++) {
        const bool behind_run = at > 0 ? reflash_bit(&engine->differ, at - 1) : engine->follows_written;
        count += engine->guessed || behind_run || reflash_bit(&engine->differ, at);
    }
    return count;
}

/* Whether to prove sectors [from, end) all at once: none of them needs it, or not so few that one by one is quicker. */
static bool at_once(const reflash_engine_t *engine, uint32_t from, uint32_t end)
{
    const reflash_model_t *model = &engine->model;
    const uint32_t count = count_unproved(engine, from, end);
    return count == 0 || reflash_ask_us(model, 1) * count >= reflash_ask_us(model, end - from);
}

static esp_loader_error_t prove_image(reflash_engine_t *engine)
{
    bool proved = true;
    uint32_t block_end = 0;
    for (uint32_t end, at = 0; at < engine->sectors; at = end) {
        end = engine->sectors;
        if (at > 0 || !at_once(engine, at, end)) {
            end = at + 1;
            if (at == block_end) {
                block_end = reflash_end_of_block(&engine->differ, at, engine->sectors);
                end = at_once(engine, at, block_end) ? block_end : end;
            }
        }
        if (count_unproved(engine, at, end) > 0) {
            RETURN_ON_ERROR(compare(engine, at, end));
            proved = proved && engine->equal;
        }
    }
    if (!proved) {
        engine->proved = false;
    }
    engine->unhashed -= engine->progress.sectors;
    return reflash_engine_tell(engine, REFLASH_APPLY_PROVED, proved);
}

/* --- The job ----------------------------------------------------------------------------------------------------- */

static esp_loader_error_t consider_stub(reflash_engine_t *engine)
{
    const reflash_apply_t *job = engine->job;
    reckon(engine);
    return job->start_stub == NULL ? ESP_LOADER_SUCCESS : job->start_stub(engine->loader, engine);
}

/* Before anything is asked: whether it can be written. */
static esp_loader_error_t check_image(reflash_engine_t *engine)
{
    const bool sendable = engine->bundle->has_plain || engine->facts.packed || engine->job->start_stub != NULL;
    if (engine->image.encrypted || !sendable) {
        return reflash_refuse(engine->loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    engine->unhashed += engine->sectors;
    return reflash_flash_range(engine->loader, engine->image.flash_addr, engine->image.bytes);
}

/* Ask about all, write, prove. INVALID_MD5: a proof failed. */
static esp_loader_error_t pass(reflash_engine_t *engine)
{
    engine->guessed = false;
    memset(engine->job->memory, 0, engine->job->memory_bytes);
    RETURN_ON_ERROR(for_each_image(engine, check_image));
    RETURN_ON_ERROR(consider_stub(engine));
    RETURN_ON_ERROR(for_each_image(engine, ask_image));
    if (engine->job->dry_run) {
        engine->job->sectors_written = engine->unwritten;
        return ESP_LOADER_SUCCESS;
    }
    if (engine->unwritten == 0) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(consider_stub(engine));
    for (engine->kind = 0; engine->kind < REFLASH_KIND_COUNT; engine->kind++) {
        RETURN_ON_ERROR(for_each_image(engine, write_image));
    }
    engine->proved = true;
    RETURN_ON_ERROR(for_each_image(engine, prove_image));
    return engine->proved ? ESP_LOADER_SUCCESS
                          : reflash_fail(engine->loader, ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH);
}

esp_loader_error_t reflash_apply(esp_loader_t *loader, const reflash_content_t *content, reflash_apply_t *job)
{
    RETURN_ON_ERROR(reflash_begin_connected(
        loader, content != NULL && job != NULL && content->bundle->image_count > 0 && job->memory != NULL &&
                    job->memory_bytes >= REFLASH_APPLY_MEMORY_BYTES(content->bundle->flash_bytes) &&
                    job->buffer != NULL && job->buffer_bytes >= REFLASH_APPLY_BUFFER_BYTES));
    const uint8_t chip_id = loader->_chip->chip_id;
    if (content->bundle->chip_id != (chip_id == REFLASH_ROW_WITHOUT_CHIP_ID ? CHIP_ID_ESP8266 : chip_id)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_TARGET);
    }
    if (!reflash_knows(loader, REFLASH_SPI_FLASH_MD5)) {
        if (job->start_stub == NULL) {
            return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
        }
        RETURN_ON_ERROR(job->start_stub(loader, NULL));
    }
    job->sectors_written = job->erased_bytes = job->runs = 0;
    reflash_engine_t engine = {
        .loader = loader,
        .job = job,
        .ops = content->ops,
        .bundle = content->bundle,
        .progress.image = &engine.image,
        .differ.bits = job->memory,
        .blank.bits = job->memory + job->memory_bytes / 2,
        .facts = {.turnaround_us = 2000 + reflash_link(loader)->round_trip_ms * 1000u, REFLASH_USUAL_PART},
    };
    reflash_engine_set_prices(&engine, loader->_stub != NULL);
    esp_loader_error_t err = ESP_LOADER_ERROR_INVALID_MD5;
    for (unsigned tries = 0; tries < PASSES && err == ESP_LOADER_ERROR_INVALID_MD5; tries++) {
        err = pass(&engine);
    }
    return err;
}
