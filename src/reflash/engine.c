/* SPDX-License-Identifier: Apache-2.0 */
/* The job: ask, write what differs, prove, and all over where a proof failed. What to ask and what to write is planned
 * in plan.c. */
#include "reflash_engine.h"

#include <string.h>

#include "chips/speeds.h"
#include "loader/command.h"
#include "reflash/plan.h"

enum {
    PASSES = 3,
    PLAIN_BLOCK_BYTES = REFLASH_SECTOR_BYTES,
    ROM_PACKED_BLOCK_BYTES = 0x1800,
    STUB_BLOCK_BYTES = 0x4000,
    UNPACKED_PER_BYTE = 2 * 1032, /* the most that deflate makes of a byte; a stub answers while it works on another */
    STUB_ERASE_BYTES = 0x10000,
    CHIP_ID_ESP8266 = 0xFFFF
};

typedef struct {
    esp_loader_t *loader;
    reflash_content_t *content;
    reflash_apply_t *job;
    reflash_facts_t facts;
    reflash_model_t model;
    uint32_t unasked;   /* sectors that nothing is known of yet, */
    uint32_t unwritten; /* that will be written and are not yet, */
    uint32_t unproved;  /* and that were not asked again behind the last write: for estimates, all three */
    reflash_bundle_image_t image;
    uint16_t index;          /* of the image */
    uint32_t wanted, done;   /* its sectors that will be, and that are written */
    reflash_bitmap_t differ; /* its sectors that have to be written ... */
    reflash_bitmap_t blank;  /* ... and those that are known to be erased */
} engine_t;

/* --- Errors, progress -------------------------------------------------------------------------------------------- */

static esp_loader_error_t no_source(engine_t *engine)
{
    return reflash_fail(engine->loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_SOURCE);
}

/* Milliseconds for hashing and writing so many sectors. */
static uint32_t job_ms(const reflash_model_t *model, uint32_t hashed, uint32_t written)
{
    return hashed * (model->hash_us / 1000) +
           written * (reflash_write_us(model, 1, model->erase_block_us / REFLASH_SECTORS_PER_BLOCK) / 1000);
}

static esp_loader_error_t tell(engine_t *engine, reflash_apply_step_t step, bool proved)
{
    const reflash_apply_t *job = engine->job;
    const reflash_apply_progress_t progress = {
        .step = step,
        .index = engine->index,
        .image = &engine->image,
        .sectors = engine->wanted,
        .done_sectors = engine->done,
        .left_ms = job_ms(&engine->model, engine->unasked + engine->unproved, engine->unwritten - engine->done),
        .proved = proved,
    };
    return job->progress == NULL || job->progress(job->progress_context, &progress)
               ? ESP_LOADER_SUCCESS
               : reflash_fail(engine->loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_STOPPED);
}

/* --- Images and sectors ------------------------------------------------------------------------------------------ */

static esp_loader_error_t open_image(engine_t *engine, uint16_t index)
{
    if (!engine->content->ops->image(engine->content, index, &engine->image)) {
        return no_source(engine);
    }
    engine->index = index;
    engine->differ.bits = engine->job->memory;
    engine->blank.bits = engine->job->memory + engine->job->memory_bytes / 2;
    engine->differ.first = engine->blank.first = engine->image.flash_addr / REFLASH_SECTOR_BYTES;
    return ESP_LOADER_SUCCESS;
}

static uint32_t sectors_of(const engine_t *engine)
{
    return reflash_bundle_sector_count(&engine->image);
}

/* Of the image, in front of a sector. */
static uint32_t offset_of(const engine_t *engine, uint32_t sector)
{
    const uint32_t offset = sector * REFLASH_SECTOR_BYTES;
    return offset < engine->image.bytes ? offset : engine->image.bytes;
}

static uint32_t bytes_between(const engine_t *engine, uint32_t from, uint32_t end)
{
    return offset_of(engine, end) - offset_of(engine, from);
}

static uint32_t count_differing(const engine_t *engine)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < sectors_of(engine); at++) {
        count += reflash_bit(&engine->differ, at) ? 1 : 0;
    }
    return count;
}

/* --- Prices ------------------------------------------------------------------------------------------------------ */

/* With or without a stub, whichever runs. */
static void set_speeds(engine_t *engine, bool stub)
{
    const reflash_chip_t *chip = engine->loader->_chip;
    const reflash_speeds_t *speeds = reflash_speeds(chip);
    const bool unpacks = stub || (chip->last_opcode >= REFLASH_FLASH_DEFL_DATA && !chip->whole_windows);
    engine->facts.stub = stub;
    engine->facts.md5_ns = stub ? speeds->stub_md5 : speeds->rom_md5;
    engine->facts.inflate_ns = stub ? speeds->stub_inflate : speeds->rom_inflate;
    engine->facts.packed_percent = unpacks && engine->content->ops->run_begin != NULL ? 60 : 100;
    engine->facts.block_bytes = stub ? STUB_BLOCK_BYTES : PLAIN_BLOCK_BYTES;
    engine->model = reflash_model(&engine->facts);
}

static void set_prices(engine_t *engine)
{
    /* A new part as data sheets describe it; what a byte takes includes what comes around each 32. */
    engine->facts = (reflash_facts_t){.byte_ns = UINT32_C(1000000000) / (engine->loader->_baud / 10),
                                      .turnaround_us = 2000 + reflash_link(engine->loader)->round_trip_ms * 1000u,
                                      .program_ns = 3360,
                                      .erase_sector_us = 45000,
                                      .erase_block_us = 150000};
    set_speeds(engine, engine->loader->_stub != NULL);
}

/* Start a stub if the rest of the job is likely to be shorter with it, the upload included. */
static esp_loader_error_t consider_stub(engine_t *engine, uint32_t hashed, uint32_t written)
{
    enum { STUB_WIRE_BYTES = 9000, QUESTIONS = 10, START_MS = 30 };

    if (engine->facts.stub || engine->job->start_stub == NULL) {
        return ESP_LOADER_SUCCESS;
    }
    const uint32_t rom_ms = job_ms(&engine->model, hashed, written);
    set_speeds(engine, true);
    const uint32_t upload_ms =
        (STUB_WIRE_BYTES * (engine->facts.byte_ns / 100) + QUESTIONS * 10 * engine->facts.turnaround_us) / 10000 +
        START_MS;
    if (job_ms(&engine->model, hashed, written) + upload_ms < rom_ms) {
        const esp_loader_error_t err = engine->job->start_stub(engine->loader);
        if (err == ESP_LOADER_SUCCESS) {
            return tell(engine, REFLASH_APPLY_STUB, false);
        }
        if (err != ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
            return err;
        }
        engine->job->start_stub = NULL; /* not on this target */
    }
    set_speeds(engine, false);
    return ESP_LOADER_SUCCESS;
}

/* What the last question took corrects the prices. */
static void learn(engine_t *engine, uint32_t sectors)
{
    const esp_loader_t *loader = engine->loader;
    const uint32_t left_ms = loader->_port->ops->remaining_time(loader->_port);
    const uint32_t took_us = (loader->_limit_ms - left_ms) * 1000;
    reflash_model_t *model = &engine->model;
    const uint32_t hash_us = sectors * model->hash_us;
    if (sectors >= REFLASH_SECTORS_PER_BLOCK && took_us > model->ask_us) {
        model->hash_us = (took_us - model->ask_us) / sectors;
    } else if (sectors == 1 && took_us > hash_us) {
        model->ask_us = (model->ask_us + took_us - hash_us) / 2;
    }
}

/* --- Asking ------------------------------------------------------------------------------------------------------ */

/* The digest that sectors [from, end) shall have. */
static bool wanted_md5(engine_t *engine, uint32_t from, uint32_t end, uint8_t md5[16])
{
    reflash_content_t *content = engine->content;
    if (end - from == 1) {
        reflash_bundle_sector_t sector;
        const bool known = content->ops->sector(content, &engine->image, from, &sector);
        memcpy(md5, sector.md5, sizeof(sector.md5));
        return known;
    }
    if (end - from == sectors_of(engine)) {
        memcpy(md5, engine->image.md5, sizeof(engine->image.md5));
        return true;
    }
    const uint32_t first_block = engine->differ.first / REFLASH_SECTORS_PER_BLOCK;
    return content->ops->block_md5(content, &engine->image,
                                   (engine->differ.first + from) / REFLASH_SECTORS_PER_BLOCK - first_block, md5);
}

/* MD5 of 4096 bytes FF. */
static bool is_blank(const uint8_t md5[16])
{
    static const uint8_t blank[] = {0x6A, 0xE5, 0x9E, 0x64, 0x85, 0x03, 0x77, 0xEE,
                                    0x54, 0x70, 0xC8, 0x54, 0x76, 0x15, 0x51, 0xEA};
    return memcmp(md5, blank, sizeof(blank)) == 0;
}

/* Whether the target holds what sectors [from, end) shall hold. */
static esp_loader_error_t compare(engine_t *engine, uint32_t from, uint32_t end, bool *equal)
{
    uint8_t wanted[16];
    uint8_t found[16];
    if (!wanted_md5(engine, from, end, wanted)) {
        return no_source(engine);
    }
    RETURN_ON_ERROR(reflash_flash_md5(engine->loader, engine->image.flash_addr + offset_of(engine, from),
                                      bytes_between(engine, from, end), found));
    learn(engine, end - from);
    *equal = memcmp(wanted, found, sizeof(found)) == 0;
    reflash_set_bits(&engine->blank, from, end, end - from == 1 && is_blank(found));
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t ask_image(engine_t *engine, uint16_t index)
{
    RETURN_ON_ERROR(open_image(engine, index));
    reflash_plan_t plan;
    reflash_set_bits(&engine->differ, 0, sectors_of(engine), true);
    reflash_plan_begin(&plan, &engine->model, &engine->differ, sectors_of(engine));
    while (reflash_plan_ask(&plan)) {
        bool equal;
        RETURN_ON_ERROR(compare(engine, plan.question.from, plan.question.end, &equal));
        reflash_plan_answer(&plan, equal);
    }
    reflash_plan_join(&plan);
    engine->wanted = count_differing(engine);
    engine->unasked -= sectors_of(engine);
    engine->unwritten += engine->wanted;
    engine->unproved += engine->wanted;
    return tell(engine, REFLASH_APPLY_ASKED, false);
}

/* --- Writing ----------------------------------------------------------------------------------------------------- */

/* A block on its way: as much of it as fits is in the job's buffer. */
typedef struct {
    engine_t *engine;
    bool packed;
    bool failed;
    uint32_t plain_offset;  /* in the image, of the block */
    reflash_run_t run;      /* at what is read next ... */
    reflash_run_t bookmark; /* ... and at the block's first byte */
    uint32_t bytes;         /* of the block */
    uint32_t held_at, held_bytes;
} block_t;

static uint8_t block_byte(void *context, uint32_t at)
{
    block_t *block = context;
    reflash_content_t *content = block->engine->content;
    const reflash_apply_t *job = block->engine->job;
    if (at == 0) { /* it may have been sent before */
        block->run = block->bookmark;
        block->held_at = block->held_bytes = 0;
    }
    if (at >= block->held_at + block->held_bytes) {
        const uint32_t left_bytes = block->bytes - at;
        block->held_at = at;
        block->held_bytes = left_bytes < job->buffer_bytes ? left_bytes : job->buffer_bytes;
        const bool read = block->packed ? content->ops->run_read(content, &block->run, job->buffer, block->held_bytes)
                                        : content->ops->plain(content, &block->engine->image, block->plain_offset + at,
                                                              job->buffer, block->held_bytes);
        block->failed = block->failed || !read;
    }
    return job->buffer[at - block->held_at];
}

static esp_loader_error_t begin_run(engine_t *engine, uint32_t from, uint32_t end, bool packed, uint32_t block_bytes,
                                    uint32_t block_count)
{
    esp_loader_t *loader = engine->loader;
    uint32_t erase_bytes = bytes_between(engine, from, end);
    if (!engine->facts.stub) { /* a mask ROM erases what need not be */
        uint32_t at = from;
        while (at < end && reflash_bit(&engine->blank, at)) {
            at++;
        }
        erase_bytes = at == end ? 0 : erase_bytes;
    }
    const uint32_t words[] = {erase_bytes, block_count, block_bytes, engine->image.flash_addr + offset_of(engine, from),
                              0};
    engine->job->erased_bytes += erase_bytes > 0 ? (end - from) * REFLASH_SECTOR_BYTES : 0;
    engine->job->runs++;
    return reflash_ask_work(loader, packed ? REFLASH_FLASH_DEFL_BEGIN : REFLASH_FLASH_BEGIN, words,
                            reflash_begin_words(loader), (end - from) * REFLASH_SECTOR_BYTES);
}

static esp_loader_error_t send_block(engine_t *engine, block_t *block, reflash_request_t *request, uint32_t *sequence)
{
    block->bookmark = block->run;
    request->data_byte = block_byte;
    request->data_context = block;
    request->data_bytes = (uint16_t)block->bytes;
    const esp_loader_error_t err = reflash_write_block(engine->loader, request, sequence);
    return block->failed ? no_source(engine) : err;
}

static esp_loader_error_t write_packed(engine_t *engine, block_t *block, uint32_t from, uint32_t end,
                                       uint32_t block_bytes_max)
{
    reflash_run_t *run = &block->run;
    const uint32_t image_bytes = bytes_between(engine, from, end);
    const uint32_t at_once = block_bytes_max * UNPACKED_PER_BYTE;
    const uint32_t work_bytes = at_once < image_bytes ? at_once : image_bytes;
    const uint32_t done = engine->done;
    uint32_t sequence = 0;
    block->packed = true;
    RETURN_ON_ERROR(begin_run(engine, from, end, true, block_bytes_max, run->block_count));
    for (uint32_t left = run->block_count; left > 0; left--) {
        if (!engine->content->ops->run_next_block(engine->content, run)) {
            return no_source(engine);
        }
        block->bytes = run->block_bytes;
        RETURN_ON_ERROR(send_block(engine, block,
                                   &(reflash_request_t){.opcode = REFLASH_FLASH_DEFL_DATA,
                                                        .is_last_of_stream = left == 1,
                                                        .data_xor = run->block_xor,
                                                        .work_bytes = work_bytes},
                                   &sequence));
        engine->done = done + (end - from) * (run->block_count - left + 1) / run->block_count;
        RETURN_ON_ERROR(tell(engine, REFLASH_APPLY_WRITING, false));
    }
    return reflash_end_write(engine->loader, REFLASH_FLASH_DEFL_END, work_bytes);
}

static esp_loader_error_t write_plain(engine_t *engine, block_t *block, uint32_t from, uint32_t end)
{
    enum { UNIT_BYTES = 4 };

    uint32_t sequence = 0;
    block->packed = false;
    RETURN_ON_ERROR(begin_run(engine, from, end, false, PLAIN_BLOCK_BYTES, end - from));
    for (uint32_t at = from; at < end; at++) {
        reflash_bundle_sector_t sector;
        if (!engine->content->ops->sector(engine->content, &engine->image, at, &sector)) {
            return no_source(engine);
        }
        block->plain_offset = offset_of(engine, at);
        block->bytes = sector.bytes;
        const bool stub = engine->facts.stub;
        RETURN_ON_ERROR(send_block(
            engine, block,
            &(reflash_request_t){.opcode = REFLASH_FLASH_DATA,
                                 .data_xor = sector.plain_xor[0] ^ sector.plain_xor[1] ^ sector.plain_xor[2] ^
                                             sector.plain_xor[3],
                                 .padding_bytes = stub ? 0 : (uint16_t)(-(unsigned)sector.bytes % UNIT_BYTES),
                                 .work_bytes = stub ? STUB_ERASE_BYTES : 0},
            &sequence));
        engine->done++;
        RETURN_ON_ERROR(tell(engine, REFLASH_APPLY_WRITING, false));
    }
    return reflash_end_write(engine->loader, REFLASH_FLASH_END, STUB_ERASE_BYTES);
}

/* A compressed run begins where a group does. */
static bool find_group(engine_t *engine, uint32_t *from)
{
    reflash_bundle_sector_t sector;
    for (;;) {
        if (!engine->content->ops->sector(engine->content, &engine->image, *from, &sector)) {
            return false;
        }
        if (sector.starts_group || *from == 0) {
            return true;
        }
        --*from;
    }
}

/* Write sectors [from, end), compressed if that is shorter. */
static esp_loader_error_t write_run(engine_t *engine, uint32_t from, uint32_t end)
{
    const reflash_content_ops_t *ops = engine->content->ops;
    block_t block = {.engine = engine};
    if (engine->facts.packed_percent < 100) {
        const uint32_t block_bytes_max = engine->facts.stub ? STUB_BLOCK_BYTES : ROM_PACKED_BLOCK_BYTES;
        uint32_t start = from;
        if (!find_group(engine, &start) ||
            !ops->run_begin(engine->content, &engine->image, start, end - start, block_bytes_max, &block.run)) {
            return no_source(engine);
        }
        if (ops->plain == NULL || block.run.stream_bytes < bytes_between(engine, from, end)) {
            reflash_set_bits(&engine->differ, start, from, true);
            engine->wanted += from - start;
            engine->unwritten += from - start;
            engine->job->sectors_written += end - start;
            return write_packed(engine, &block, start, end, block_bytes_max);
        }
    }
    engine->job->sectors_written += end - from;
    return write_plain(engine, &block, from, end);
}

static esp_loader_error_t write_image(engine_t *engine)
{
    const uint32_t sectors = sectors_of(engine);
    engine->wanted = count_differing(engine);
    engine->done = 0;
    if (engine->wanted == 0) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(tell(engine, REFLASH_APPLY_WRITING, false));
    for (uint32_t at = 0; at < sectors; at++) {
        uint32_t end = at;
        while (end < sectors && reflash_bit(&engine->differ, end)) {
            end++;
        }
        if (end > at) {
            RETURN_ON_ERROR(write_run(engine, at, end));
            at = end;
        }
    }
    engine->unwritten -= engine->wanted;
    engine->done = 0;
    return ESP_LOADER_SUCCESS;
}

/* --- Proving ----------------------------------------------------------------------------------------------------- */

/* Commands carry no checksum: one that was damaged may have erased more than was asked for, which is always what lies
 * behind. So the sector behind a run is proved as well as those of the run. */
static bool needs_proof(const engine_t *engine, uint32_t at)
{
    const uint32_t in_flash = engine->differ.first + at;
    const reflash_bitmap_t flash = {engine->job->memory, 0};
    return reflash_bit(&flash, in_flash) || (in_flash > 0 && reflash_bit(&flash, in_flash - 1));
}

static uint32_t count_unproved(const engine_t *engine, uint32_t from, uint32_t end)
{
    uint32_t count = 0;
    for (uint32_t at = from; at < end; at++) {
        count += needs_proof(engine, at) ? 1 : 0;
    }
    return count;
}

/* Prove the sectors in [from, end) that need it, one by one or all at once. */
static esp_loader_error_t prove_range(engine_t *engine, uint32_t from, uint32_t end, bool *proved)
{
    const uint32_t count = count_unproved(engine, from, end);
    const reflash_model_t *model = &engine->model;
    if (count == 0) {
        return ESP_LOADER_SUCCESS;
    }
    if (model->ask_us + (end - from) * model->hash_us <= count * (model->ask_us + model->hash_us)) {
        bool equal;
        RETURN_ON_ERROR(compare(engine, from, end, &equal));
        *proved = *proved && equal;
        return ESP_LOADER_SUCCESS;
    }
    for (uint32_t at = from; at < end; at++) {
        if (needs_proof(engine, at)) {
            bool equal;
            RETURN_ON_ERROR(compare(engine, at, at + 1, &equal));
            *proved = *proved && equal;
        }
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t prove_image(engine_t *engine, uint16_t index, bool *all_proved)
{
    RETURN_ON_ERROR(open_image(engine, index));
    const uint32_t sectors = sectors_of(engine);
    const reflash_model_t *model = &engine->model;
    bool proved = true;
    uint32_t blocks_us = 0;
    uint32_t end;
    for (uint32_t at = 0; at < sectors; at = end) {
        end = reflash_end_of_block(&engine->differ, at, sectors);
        if (count_unproved(engine, at, end) > 0) {
            blocks_us += model->ask_us + (end - at) * model->hash_us;
        }
    }
    if (blocks_us >= model->ask_us + sectors * model->hash_us) {
        RETURN_ON_ERROR(prove_range(engine, 0, sectors, &proved));
    } else {
        for (uint32_t at = 0; at < sectors; at = end) {
            end = reflash_end_of_block(&engine->differ, at, sectors);
            RETURN_ON_ERROR(prove_range(engine, at, end, &proved));
        }
    }
    *all_proved = *all_proved && proved;
    engine->wanted = count_differing(engine);
    engine->unproved -= engine->wanted < engine->unproved ? engine->wanted : engine->unproved;
    return tell(engine, REFLASH_APPLY_PROVED, proved);
}

/* --- The job ----------------------------------------------------------------------------------------------------- */

/* Look at all images before anything is asked; their sectors are counted. */
static esp_loader_error_t check(engine_t *engine, uint32_t *sectors)
{
    esp_loader_t *loader = engine->loader;
    const reflash_content_t *content = engine->content;
    const uint16_t chip_id =
        loader->_chip->chip_id == REFLASH_ROW_WITHOUT_CHIP_ID ? (uint16_t)CHIP_ID_ESP8266 : loader->_chip->chip_id;
    if (chip_id != content->chip_id) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_TARGET);
    }
    *sectors = 0;
    for (uint16_t index = 0; index < content->image_count; index++) {
        RETURN_ON_ERROR(open_image(engine, index));
        const bool sendable =
            content->ops->plain != NULL || engine->facts.packed_percent < 100 || engine->job->start_stub != NULL;
        if (engine->image.encrypted || !sendable) {
            return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
        }
        RETURN_ON_ERROR(reflash_flash_range(loader, engine->image.flash_addr, engine->image.bytes));
        *sectors += sectors_of(engine);
    }
    return ESP_LOADER_SUCCESS;
}

/* Ask about all, write, prove. INVALID_MD5: a proof failed. */
static esp_loader_error_t pass(engine_t *engine, uint32_t sectors)
{
    const uint16_t image_count = engine->content->image_count;
    memset(engine->job->memory, 0, engine->job->memory_bytes);
    engine->unasked = sectors;
    engine->unwritten = engine->unproved = engine->done = 0;
    for (uint16_t index = 0; index < image_count; index++) {
        RETURN_ON_ERROR(ask_image(engine, index));
    }
    if (engine->job->dry_run) {
        engine->job->sectors_written = engine->unwritten;
    }
    if (engine->unwritten == 0 || engine->job->dry_run) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(consider_stub(engine, engine->unwritten, engine->unwritten));
    for (unsigned kind = 0; kind < REFLASH_KIND_COUNT; kind++) {
        for (uint16_t index = 0; index < image_count; index++) {
            RETURN_ON_ERROR(open_image(engine, index));
            if (engine->image.kind == kind) {
                RETURN_ON_ERROR(write_image(engine));
            }
        }
    }
    bool proved = true;
    for (uint16_t index = 0; index < image_count; index++) {
        RETURN_ON_ERROR(prove_image(engine, index, &proved));
    }
    return proved ? ESP_LOADER_SUCCESS
                  : reflash_fail(engine->loader, ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH);
}

esp_loader_error_t reflash_apply(esp_loader_t *loader, reflash_content_t *content, reflash_apply_t *job)
{
    RETURN_ON_ERROR(reflash_begin_connected(
        loader, content != NULL && job != NULL && content->image_count > 0 && job->memory != NULL &&
                    job->memory_bytes >= REFLASH_APPLY_MEMORY_BYTES(content->flash_bytes) && job->buffer != NULL &&
                    job->buffer_bytes >= REFLASH_APPLY_BUFFER_BYTES));
    if (!reflash_knows(loader, REFLASH_SPI_FLASH_MD5)) {
        if (job->start_stub == NULL) {
            return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
        }
        RETURN_ON_ERROR(job->start_stub(loader));
    }
    job->sectors_written = job->erased_bytes = job->runs = 0;
    engine_t engine = {.loader = loader, .content = content, .job = job};
    uint32_t sectors = 0;
    set_prices(&engine);
    RETURN_ON_ERROR(check(&engine, &sectors));
    engine.unasked = sectors;
    RETURN_ON_ERROR(consider_stub(&engine, sectors, sectors / 4));
    esp_loader_error_t err = ESP_LOADER_ERROR_FAIL;
    for (unsigned tries = 0; tries < PASSES; tries++) {
        err = pass(&engine, sectors);
        if (err != ESP_LOADER_ERROR_INVALID_MD5) {
            break;
        }
    }
    return err;
}
