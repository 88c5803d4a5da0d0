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
    STUB_ERASE_BYTES = 0x10000
};

typedef struct {
    esp_loader_t *loader;
    reflash_apply_t *job;
    const reflash_content_ops_t *ops;
    const reflash_bundle_t *bundle;
    uint32_t wanted, done; /* sectors of the image that will be, and that are written */
    uint32_t unasked;      /* sectors that nothing is known of yet, */
    uint32_t unwritten;    /* that will be written, those of this image until it is done, */
    uint32_t unproved;     /* and that will be proved: for estimates, all three */
    reflash_model_t model;
    reflash_bitmap_t differ; /* the image's sectors that have to be written ... */
    reflash_bitmap_t blank;  /* ... and those that are known to be erased */
    uint32_t sectors;        /* of the image */
    uint16_t index;          /* of the image */
    bool follows_written;    /* the last sector of the image in front of it is written */
    bool guessed;            /* see the plan */
    reflash_bundle_image_t image;
    reflash_facts_t facts;
} engine_t;

/* --- Errors, progress -------------------------------------------------------------------------------------------- */

static esp_loader_error_t from_source(engine_t *engine, reflash_bundle_error_t err)
{
    return err == REFLASH_BUNDLE_GOOD ? ESP_LOADER_SUCCESS
                                      : reflash_fail(engine->loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_SOURCE);
}

/* Milliseconds for hashing and writing so many sectors. */
static uint32_t job_ms(const reflash_model_t *model, uint32_t hashed, uint32_t written)
{
    const uint32_t write_us = reflash_write_us(model, 1, model->erase_block_us / REFLASH_SECTORS_PER_BLOCK);
    return hashed * model->hash_us / 1000 + written * (write_us / 1000);
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

/* Make an image the current one. `follows_written` is right if it was that in front before. */
static esp_loader_error_t open_image(engine_t *engine, uint16_t index)
{
    engine->follows_written = index > 0 && reflash_bit(&engine->differ, engine->sectors - 1);
    RETURN_ON_ERROR(from_source(engine, engine->ops->image(engine->bundle, index, &engine->image)));
    engine->index = index;
    engine->sectors = reflash_bundle_sector_count(&engine->image);
    engine->differ.first = engine->blank.first = engine->image.flash_addr / REFLASH_SECTOR_BYTES;
    engine->wanted = 0;
    for (uint32_t at = 0; at < engine->sectors; at++) {
        engine->wanted += reflash_bit(&engine->differ, at);
    }
    return ESP_LOADER_SUCCESS;
}

/* Of the image, in front of a sector. */
static uint32_t offset_of(const engine_t *engine, uint32_t sector)
{
    const uint32_t offset = sector * REFLASH_SECTOR_BYTES;
    return offset < engine->image.bytes ? offset : engine->image.bytes;
}

static esp_loader_error_t read_sector(engine_t *engine, uint32_t at, reflash_bundle_sector_t *sector)
{
    return from_source(engine, engine->ops->sector(engine->bundle, &engine->image, at, sector));
}

/* --- Prices ------------------------------------------------------------------------------------------------------ */

/* With or without a stub, whichever runs. */
static void set_prices(engine_t *engine, bool stub)
{
    const reflash_chip_t *chip = engine->loader->_chip;
    const reflash_speeds_t *speeds = reflash_speeds(chip, stub);
    const bool unpacks = stub || (chip->last_opcode >= REFLASH_FLASH_DEFL_DATA && !chip->whole_windows);
    reflash_facts_t *facts = &engine->facts;
    facts->stub = stub;
    facts->md5_ns = speeds->md5_ns;
    facts->inflate_ns = speeds->inflate_ns;
    facts->packed = unpacks && engine->bundle->has_packed;
    facts->block_bytes = stub ? STUB_BLOCK_BYTES : PLAIN_BLOCK_BYTES;
    engine->model = reflash_model(facts);
}

/* Start a stub if the rest of the job is likely to be shorter with it, the upload included. */
static esp_loader_error_t consider_stub(engine_t *engine, uint32_t hashed, uint32_t written)
{
    enum { STUB_WIRE_BYTES = 9000, QUESTIONS = 10, START_MS = 30 };

    if (engine->facts.stub || engine->job->start_stub == NULL) {
        return ESP_LOADER_SUCCESS;
    }
    const uint32_t rom_ms = job_ms(&engine->model, hashed, written);
    set_prices(engine, true);
    const uint32_t upload_ms = STUB_WIRE_BYTES * (engine->facts.byte_ns / 1000) / 1000 +
                               QUESTIONS * (engine->facts.turnaround_us / 1000) + START_MS;
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
    set_prices(engine, false);
    return ESP_LOADER_SUCCESS;
}

/* What the last question took corrects the prices. */
static void learn(engine_t *engine, uint32_t sectors)
{
    const esp_loader_t *loader = engine->loader;
    const uint32_t took_us = (loader->_limit_ms - loader->_port->ops->remaining_time(loader->_port)) * 1000;
    reflash_model_t *model = &engine->model;
    const uint32_t hash_us = sectors * model->hash_us;
    if (sectors >= REFLASH_SECTORS_PER_BLOCK && took_us > model->ask_us) {
        model->hash_us = (took_us - model->ask_us) / sectors;
    } else if (sectors == 1 && took_us > hash_us) {
        model->ask_us = (model->ask_us + took_us - hash_us) / 2;
    }
}

/* --- Asking ------------------------------------------------------------------------------------------------------ */

/* MD5 of 4096 bytes FF. */
static bool is_blank(const uint8_t md5[16])
{
    static const uint8_t blank[] = {0x6A, 0xE5, 0x9E, 0x64, 0x85, 0x03, 0x77, 0xEE,
                                    0x54, 0x70, 0xC8, 0x54, 0x76, 0x15, 0x51, 0xEA};
    return memcmp(md5, blank, sizeof(blank)) == 0;
}

/* Whether the target holds what sectors [from, end) shall hold: one, a block, or all. */
static esp_loader_error_t compare(engine_t *engine, uint32_t from, uint32_t end, bool *equal)
{
    reflash_bundle_sector_t sector;
    uint8_t found[16];
    const uint8_t *wanted = sector.md5;
    const bool single = end - from == 1;
    if (single) {
        RETURN_ON_ERROR(read_sector(engine, from, &sector));
    } else if (end - from == engine->sectors) {
        wanted = engine->image.md5;
    } else {
        const uint32_t first = engine->differ.first;
        const uint32_t block = (first + from) / REFLASH_SECTORS_PER_BLOCK - first / REFLASH_SECTORS_PER_BLOCK;
        RETURN_ON_ERROR(from_source(engine, engine->ops->block_md5(engine->bundle, &engine->image, block, sector.md5)));
    }
    const uint32_t offset = offset_of(engine, from);
    RETURN_ON_ERROR(
        reflash_flash_md5(engine->loader, engine->image.flash_addr + offset, offset_of(engine, end) - offset, found));
    learn(engine, end - from);
    *equal = memcmp(wanted, found, sizeof(found)) == 0;
    reflash_set_bits(&engine->blank, from, end, single && is_blank(found));
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t ask_image(engine_t *engine)
{
    reflash_plan_t plan;
    reflash_plan_begin(&plan, &engine->model, &engine->differ, engine->sectors);
    while (reflash_plan_ask(&plan)) {
        bool equal;
        RETURN_ON_ERROR(compare(engine, plan.question.from, plan.question.end, &equal));
        reflash_plan_answer(&plan, equal);
    }
    engine->guessed = engine->guessed || plan.guessed;
    engine->wanted = reflash_plan_join(&plan);
    engine->unasked -= engine->sectors;
    engine->unwritten += engine->wanted;
    engine->unproved += engine->wanted;
    return tell(engine, REFLASH_APPLY_ASKED, false);
}

/* --- Writing ----------------------------------------------------------------------------------------------------- */

/* A run of sectors on its way, block by block. As much of a block as fits is in the job's buffer. */
typedef struct {
    engine_t *engine;
    uint32_t from, end;
    bool packed;
    bool failed;
    uint32_t sector;        /* plain: that the block is, */
    reflash_run_t run;      /* packed: at what is read next ... */
    reflash_run_t bookmark; /* ... and at the block's first byte */
    uint32_t bytes;         /* of the block */
    uint32_t held_at, held_bytes;
} sending_t;

static uint8_t block_byte(void *context, uint32_t at)
{
    sending_t *sending = context;
    const engine_t *engine = sending->engine;
    const reflash_apply_t *job = engine->job;
    if (at == 0) { /* it may have been sent before */
        sending->run = sending->bookmark;
        sending->held_at = sending->held_bytes = 0;
    }
    if (at >= sending->held_at + sending->held_bytes) {
        const uint32_t left_bytes = sending->bytes - at;
        const uint32_t bytes = left_bytes < job->buffer_bytes ? left_bytes : job->buffer_bytes;
        const reflash_bundle_error_t err =
            sending->packed ? engine->ops->run_read(&sending->run, job->buffer, bytes)
                            : engine->ops->plain(engine->bundle, &engine->image,
                                                 sending->sector * REFLASH_SECTOR_BYTES + at, job->buffer, bytes);
        sending->failed = sending->failed || err != REFLASH_BUNDLE_GOOD;
        sending->held_at = at;
        sending->held_bytes = bytes;
    }
    return job->buffer[at - sending->held_at];
}

/* A compressed run begins where a group does, and is taken if it is shorter. */
static esp_loader_error_t try_packed(engine_t *engine, sending_t *sending, uint32_t block_bytes_max)
{
    const uint32_t plain_bytes = offset_of(engine, sending->end) - offset_of(engine, sending->from);
    uint32_t from = sending->from;
    reflash_bundle_sector_t sector;
    for (;; from--) {
        RETURN_ON_ERROR(read_sector(engine, from, &sector));
        if (sector.starts_group || from == 0) {
            break;
        }
    }
    RETURN_ON_ERROR(from_source(engine, engine->ops->run_begin(&sending->run, engine->bundle, &engine->image, from,
                                                               sending->end - from, block_bytes_max)));
    sending->packed = !engine->bundle->has_plain || sending->run.stream_bytes < plain_bytes;
    if (sending->packed) {
        reflash_set_bits(&engine->differ, from, sending->end, true);
        engine->wanted += sending->from - from;
        engine->unwritten += sending->from - from;
        sending->from = from;
    }
    return ESP_LOADER_SUCCESS;
}

/* A mask ROM erases what it is told to, though it be blank. */
static bool is_erased(const engine_t *engine, uint32_t from, uint32_t end)
{
    while (from < end && reflash_bit(&engine->blank, from)) {
        from++;
    }
    return from == end && !engine->facts.stub;
}

/* Write sectors [from, end). */
static esp_loader_error_t write_run(engine_t *engine, uint32_t from, uint32_t end)
{
    enum { UNIT_BYTES = 4 };

    esp_loader_t *loader = engine->loader;
    reflash_apply_t *job = engine->job;
    const bool stub = engine->facts.stub;
    sending_t sending = {.engine = engine, .from = from, .end = end};
    uint32_t block_bytes_max = stub ? STUB_BLOCK_BYTES : ROM_PACKED_BLOCK_BYTES;
    if (engine->facts.packed) {
        RETURN_ON_ERROR(try_packed(engine, &sending, block_bytes_max));
    }
    from = sending.from;
    const bool packed = sending.packed;
    const uint32_t sectors = end - from;
    const uint32_t run_bytes = offset_of(engine, end) - offset_of(engine, from);
    const uint32_t block_count = packed ? sending.run.block_count : sectors;
    const uint32_t done = engine->done;
    uint32_t work_bytes = stub ? STUB_ERASE_BYTES : 0;
    if (packed) {
        work_bytes = block_bytes_max * UNPACKED_PER_BYTE;
        work_bytes = work_bytes < run_bytes ? work_bytes : run_bytes;
    } else {
        block_bytes_max = PLAIN_BLOCK_BYTES;
    }
    const uint32_t erase_bytes = is_erased(engine, from, end) ? 0 : run_bytes;
    job->sectors_written += sectors;
    job->erased_bytes += erase_bytes > 0 ? sectors * REFLASH_SECTOR_BYTES : 0;
    job->runs++;
    RETURN_ON_ERROR(reflash_begin_write(loader, packed ? REFLASH_FLASH_DEFL_BEGIN : REFLASH_FLASH_BEGIN,
                                        engine->image.flash_addr + from * REFLASH_SECTOR_BYTES, erase_bytes,
                                        block_count, block_bytes_max));
    uint32_t sequence = 0;
    for (uint32_t block = 0; block < block_count; block++) {
        reflash_request_t request = {.opcode = packed ? REFLASH_FLASH_DEFL_DATA : REFLASH_FLASH_DATA,
                                     .is_last_of_stream = packed && block == block_count - 1,
                                     .data_byte = block_byte,
                                     .data_context = &sending,
                                     .work_bytes = work_bytes};
        if (packed) {
            RETURN_ON_ERROR(from_source(engine, engine->ops->run_next_block(&sending.run)));
            sending.bytes = sending.run.block_bytes;
            request.data_xor = sending.run.block_xor;
            sending.bookmark = sending.run;
        } else {
            reflash_bundle_sector_t sector;
            sending.sector = from + block;
            RETURN_ON_ERROR(read_sector(engine, sending.sector, &sector));
            sending.bytes = sector.bytes;
            request.data_xor = sector.plain_xor[0] ^ sector.plain_xor[1] ^ sector.plain_xor[2] ^ sector.plain_xor[3];
            request.padding_bytes = stub ? 0 : (uint16_t)(-(unsigned)sector.bytes % UNIT_BYTES);
        }
        request.data_bytes = (uint16_t)sending.bytes;
        const esp_loader_error_t err = reflash_write_block(loader, &request, &sequence);
        RETURN_ON_ERROR(from_source(engine, sending.failed ? REFLASH_BUNDLE_UNREADABLE : REFLASH_BUNDLE_GOOD));
        RETURN_ON_ERROR(err);
        engine->done = done + sectors * (block + 1) / block_count;
        RETURN_ON_ERROR(tell(engine, REFLASH_APPLY_WRITING, false));
    }
    return reflash_end_write(loader, packed ? REFLASH_FLASH_DEFL_END : REFLASH_FLASH_END, work_bytes);
}

static esp_loader_error_t write_image(engine_t *engine)
{
    if (engine->wanted == 0) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(tell(engine, REFLASH_APPLY_WRITING, false));
    for (uint32_t at = 0; at < engine->sectors; at++) {
        const uint32_t from = at;
        while (at < engine->sectors && reflash_bit(&engine->differ, at)) {
            at++;
        }
        if (at > from) {
            RETURN_ON_ERROR(write_run(engine, from, at));
        }
    }
    engine->unwritten -= engine->wanted;
    engine->done = 0;
    return ESP_LOADER_SUCCESS;
}

/* --- Proving ----------------------------------------------------------------------------------------------------- */

/* Commands carry no checksum. One that was damaged may have erased more than was asked for, which is always what lies
 * behind: so the sector behind a run is proved as well as those of the run, be it that of another image. Or it went
 * elsewhere altogether, which is noticed where the run should be; unless that was there already, and then nothing but
 * all will do. */
static uint32_t count_unproved(const engine_t *engine, uint32_t from, uint32_t end)
{
    uint32_t count = 0;
    for (uint32_t at = from; at < end; at++) {
        const bool behind_run = at > 0 ? reflash_bit(&engine->differ, at - 1) : engine->follows_written;
        count += engine->guessed || behind_run || reflash_bit(&engine->differ, at);
    }
    return count;
}

/* Prove the sectors in [from, end) that need it, all at once or one by one, if that is worth it for so few. */
static esp_loader_error_t prove(engine_t *engine, uint32_t from, uint32_t end, bool *proved, bool *done)
{
    const reflash_model_t *model = &engine->model;
    const uint32_t count = count_unproved(engine, from, end);
    const bool at_once = count * (model->ask_us + model->hash_us) >= model->ask_us + (end - from) * model->hash_us;
    *done = count == 0 || at_once;
    bool equal = true;
    if (count > 0 && at_once) {
        RETURN_ON_ERROR(compare(engine, from, end, &equal));
        *proved = *proved && equal;
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t prove_image(engine_t *engine, bool *all_proved)
{
    bool proved = true;
    bool done;
    RETURN_ON_ERROR(prove(engine, 0, engine->sectors, &proved, &done));
    for (uint32_t at = 0; at < engine->sectors && !done;) {
        const uint32_t end = reflash_end_of_block(&engine->differ, at, engine->sectors);
        bool block_done;
        RETURN_ON_ERROR(prove(engine, at, end, &proved, &block_done));
        for (; at < end && !block_done; at++) {
            bool sector_done;
            RETURN_ON_ERROR(prove(engine, at, at + 1, &proved, &sector_done));
        }
        at = end;
    }
    *all_proved = *all_proved && proved;
    engine->unproved -= engine->wanted < engine->unproved ? engine->wanted : engine->unproved;
    return tell(engine, REFLASH_APPLY_PROVED, proved);
}

/* --- The job ----------------------------------------------------------------------------------------------------- */

/* Look at all images before anything is asked, and count their sectors. */
static esp_loader_error_t check(engine_t *engine)
{
    enum { CHIP_ID_ESP8266 = 0xFFFF };

    esp_loader_t *loader = engine->loader;
    const reflash_bundle_t *bundle = engine->bundle;
    const bool sendable = bundle->has_plain || engine->facts.packed || engine->job->start_stub != NULL;
    const uint8_t chip_id = loader->_chip->chip_id;
    if (bundle->chip_id != (chip_id == REFLASH_ROW_WITHOUT_CHIP_ID ? CHIP_ID_ESP8266 : chip_id)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_TARGET);
    }
    for (uint16_t index = 0; index < bundle->image_count; index++) {
        RETURN_ON_ERROR(open_image(engine, index));
        if (engine->image.encrypted || !sendable) {
            return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
        }
        RETURN_ON_ERROR(reflash_flash_range(loader, engine->image.flash_addr, engine->image.bytes));
        engine->unasked += engine->sectors;
    }
    return ESP_LOADER_SUCCESS;
}

/* Ask about all, write, prove. INVALID_MD5: a proof failed. */
static esp_loader_error_t pass(engine_t *engine)
{
    const uint16_t image_count = engine->bundle->image_count;
    engine->unasked = engine->unwritten = engine->unproved = 0;
    engine->guessed = false;
    memset(engine->job->memory, 0, engine->job->memory_bytes);
    RETURN_ON_ERROR(check(engine));
    RETURN_ON_ERROR(consider_stub(engine, engine->unasked, engine->unasked / 4));
    for (uint16_t index = 0; index < image_count; index++) {
        RETURN_ON_ERROR(open_image(engine, index));
        RETURN_ON_ERROR(ask_image(engine));
    }
    if (engine->job->dry_run) {
        engine->job->sectors_written = engine->unwritten;
        return ESP_LOADER_SUCCESS;
    }
    if (engine->unwritten == 0) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(consider_stub(engine, engine->unproved, engine->unwritten));
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
        RETURN_ON_ERROR(open_image(engine, index));
        RETURN_ON_ERROR(prove_image(engine, &proved));
    }
    return proved ? ESP_LOADER_SUCCESS
                  : reflash_fail(engine->loader, ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH);
}

esp_loader_error_t reflash_apply(esp_loader_t *loader, const reflash_content_t *content, reflash_apply_t *job)
{
    RETURN_ON_ERROR(reflash_begin_connected(
        loader, content != NULL && job != NULL && content->bundle->image_count > 0 && job->memory != NULL &&
                    job->memory_bytes >= REFLASH_APPLY_MEMORY_BYTES(content->bundle->flash_bytes) &&
                    job->buffer != NULL && job->buffer_bytes >= REFLASH_APPLY_BUFFER_BYTES));
    if (!reflash_knows(loader, REFLASH_SPI_FLASH_MD5)) {
        if (job->start_stub == NULL) {
            return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
        }
        RETURN_ON_ERROR(job->start_stub(loader));
    }
    job->sectors_written = job->erased_bytes = job->runs = 0;
    engine_t engine = {
        .loader = loader,
        .job = job,
        .ops = content->ops,
        .bundle = content->bundle,
        .differ.bits = job->memory,
        .blank.bits = job->memory + job->memory_bytes / 2,
        /* A new part as data sheets describe it; what a byte takes includes what comes around each 32. */
        .facts = {.byte_ns = UINT32_C(1000000000) / (loader->_baud / 10),
                  .turnaround_us = 2000 + reflash_link(loader)->round_trip_ms * 1000u,
                  .program_ns = 3360,
                  .erase_sector_us = 45000,
                  .erase_block_us = 150000},
    };
    set_prices(&engine, loader->_stub != NULL);
    esp_loader_error_t err = ESP_LOADER_ERROR_INVALID_MD5;
    for (unsigned tries = 0; tries < PASSES && err == ESP_LOADER_ERROR_INVALID_MD5; tries++) {
        err = pass(&engine);
    }
    return err;
}
