/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs.h"

#include <stdio.h>
#include <string.h>

#include "loader/command.h"

/* --- What is written, and its proof ------------------------------------------------------------------------------ */

/* A bit for each sector of the flash: it will be written; it was seen to be erased. */
static uint8_t written[FLASH_SECTORS / 8 + 1];
static uint8_t known_blank[FLASH_SECTORS / 8 + 1];
static const reflash_bitmap_t flash_written = {written, 0};
static const reflash_bitmap_t flash_known_blank = {known_blank, 0};

static void forget(void)
{
    memset(written, 0, sizeof(written));
    memset(known_blank, 0, sizeof(known_blank));
}

static double write_us(const case_t *c, loader_t by, const image_t *image)
{
    double us = 0;
    const uint32_t image_end = image->first + image->sectors;
    for (uint32_t at = image->first; at < image_end; at++) {
        const uint32_t from = at;
        bool blank = true;
        for (; at < image_end && reflash_bit(&flash_written, at); at++) {
            blank = blank && reflash_bit(&flash_known_blank, at);
        }
        if (at > from) {
            us += run_us(c, by, from, at, !blank);
        }
    }
    return us;
}

static uint32_t unproved(uint32_t from, uint32_t end)
{
    uint32_t count = 0;
    for (uint32_t at = from; at < end; at++) {
        count += reflash_bit(&flash_written, at) || (at > 0 && reflash_bit(&flash_written, at - 1));
    }
    return count;
}

static uint32_t block_end(uint32_t at, uint32_t end)
{
    const uint32_t border = (at / REFLASH_SECTORS_PER_BLOCK + 1) * REFLASH_SECTORS_PER_BLOCK;
    return border < end ? border : end;
}

/* All at once, or by blocks, each at once or by sectors, as the prices of a question say: those that the engine believes
 * or, where there is no model, the true ones. */
static bool at_once(const case_t *c, const reflash_model_t *model, bool stub, uint32_t count, uint32_t sectors)
{
    return model != NULL ? reflash_ask_us(model, 1) * count >= reflash_ask_us(model, sectors)
                         : question_us(c, stub, 1) * count >= question_us(c, stub, sectors);
}

static double proof_us(const case_t *c, const reflash_model_t *model, bool stub, const image_t *image)
{
    const uint32_t image_end = image->first + image->sectors;
    const uint32_t all = unproved(image->first, image_end);
    double us = 0;
    if (all == 0 || at_once(c, model, stub, all, image->sectors)) {
        return all == 0 ? 0 : question_us(c, stub, image->sectors);
    }
    for (uint32_t at = image->first; at < image_end;) {
        const uint32_t end = block_end(at, image_end);
        const uint32_t count = unproved(at, end);
        if (count > 0) {
            us += at_once(c, model, stub, count, end - at) ? question_us(c, stub, end - at)
                                                           : question_us(c, stub, 1) * count;
        }
        at = end;
    }
    return us;
}

/* --- Fixed strategies -------------------------------------------------------------------------------------------- */

static const char *const way_names[WAY_COUNT] = {"write all", "by images", "by blocks", "by sectors"};

static bool any_differs(const case_t *c, uint32_t from, uint32_t end)
{
    return memchr(c->differs + from, 1, end - from) != NULL;
}

static double fixed_us(const case_t *c, way_t way, loader_t by)
{
    double us = by.stub ? upload_us(c) : 0;
    forget();
    for (unsigned index = 0; index < c->image_count; index++) {
        const image_t *image = &c->images[index];
        const uint32_t image_end = image->first + image->sectors;
        for (uint32_t at = image->first; at < image_end;) {
            const uint32_t end = way == BY_SECTOR ? at + 1 : way == BY_BLOCK ? block_end(at, image_end) : image_end;
            us += way == WRITE_ALL ? 0 : question_us(c, by.stub, end - at);
            reflash_set_bits(&flash_written, at, end, way == WRITE_ALL || any_differs(c, at, end));
            at = end;
        }
    }
    for (unsigned index = 0; index < c->image_count; index++) {
        us += write_us(c, by, &c->images[index]) + proof_us(c, NULL, by.stub, &c->images[index]);
    }
    return us;
}

static loader_t loader_of(const case_t *c, unsigned strategy)
{
    const bool stub = strategy / 2 % 2 != 0 && c->stub;
    return (loader_t){stub, strategy % 2 != 0 && packs(c, stub)};
}

double strategy_us(const case_t *c, unsigned strategy)
{
    return fixed_us(c, (way_t)(strategy / 4), loader_of(c, strategy));
}

const char *strategy_name(unsigned strategy)
{
    static char name[64];
    (void)snprintf(name, sizeof(name), "%s, %s, %s data", way_names[strategy / 4],
                   strategy / 2 % 2 != 0 ? "by a stub" : "by the mask ROM", strategy % 2 != 0 ? "compressed" : "plain");
    return name;
}

/* --- Ours: as engine.c goes about it ------------------------------------------------------------------------------ */

typedef struct {
    reflash_facts_t facts;
    reflash_model_t model;
    double us;
} engine_t;

static void set_prices(const case_t *c, engine_t *engine, bool stub)
{
    reflash_facts_of_loader(&engine->facts, c->chip, stub, c->packed);
    reflash_model(&engine->model, &engine->facts);
}

static void consider_stub(const case_t *c, engine_t *engine, uint32_t hashed, uint32_t unwritten)
{
    if (!engine->facts.stub && c->stub &&
        reflash_stub_is_shorter(&engine->facts, c->chip, c->packed, hashed, unwritten)) {
        set_prices(c, engine, true);
        engine->us += upload_us(c);
    }
}

static uint32_t ask_image(const case_t *c, engine_t *engine, const image_t *image, bool hopeful, bool tell)
{
    const reflash_bitmap_t differ = {written, image->first};
    unsigned asked[3] = {0, 0, 0};
    const double began_us = engine->us;
    reflash_plan_t plan;
    reflash_plan_begin(&plan, &engine->model, &differ, image->sectors);
    if (hopeful) {
        reflash_plan_hope(&plan);
    }
    while (reflash_plan_ask(&plan)) {
        const uint32_t from = image->first + plan.question.from;
        const uint32_t end = image->first + plan.question.end;
        const double took_us = question_us(c, engine->facts.stub, end - from);
        engine->us += took_us;
        asked[plan.question.what]++;
        reflash_set_bits(&flash_known_blank, from, end, c->blank && end - from == 1);
        reflash_learn(&engine->facts, &engine->model, end - from,
                      (uint32_t)(took_us / 1000) * 1000); /* a port's timer has ms */
        reflash_plan_answer(&plan, !any_differs(c, from, end));
    }
    const uint32_t wanted = reflash_plan_join(&plan);
    if (tell) {
        uint32_t differing = 0;
        for (uint32_t at = image->first; at < image->first + image->sectors; at++) {
            differing += c->differs[at] ? 1 : 0;
        }
        (void)printf(
            "    %4u sectors, %4u differ, %4u written; asked about %u sectors, %u blocks, %u images: %.1f ms\n",
            image->sectors, differing, wanted, asked[0], asked[1], asked[2], (engine->us - began_us) / 1000);
    }
    return wanted;
}

double our_us(const case_t *c, bool tell)
{
    engine_t engine = {.facts = {.byte_ns = UINT32_C(1000000000) / (c->baud / 10),
                                 .turnaround_us = 2000 + c->told_ms * 1000,
                                 REFLASH_USUAL_PART}};
    uint32_t sectors = 0;
    uint32_t unwritten = 0;
    for (unsigned index = 0; index < c->image_count; index++) {
        sectors += c->images[index].sectors;
    }
    forget();
    set_prices(c, &engine, false);
    consider_stub(c, &engine, sectors, 0);
    for (unsigned index = 0; index < c->image_count; index++) {
        unwritten += ask_image(c, &engine, &c->images[index], index > 0 && unwritten == 0, tell);
    }
    if (unwritten == 0) {
        return engine.us;
    }
    const double asked_us = engine.us;
    consider_stub(c, &engine, unwritten, unwritten);
    const loader_t by = {engine.facts.stub, engine.facts.packed};
    for (unsigned index = 0; index < c->image_count; index++) {
        engine.us += write_us(c, by, &c->images[index]);
    }
    const double written_us = engine.us;
    for (unsigned index = 0; index < c->image_count; index++) {
        engine.us += proof_us(c, &engine.model, by.stub, &c->images[index]);
    }
    if (tell) {
        (void)printf("    ours %s: asked by %.1f, written by %.1f, proved by %.1f ms\n", by.stub ? "stub" : "ROM",
                     asked_us / 1000, written_us / 1000, engine.us / 1000);
    }
    return engine.us;
}
