/* SPDX-License-Identifier: Apache-2.0 */
/** engine: the state of a job, for those parts of it that not every program links. */
#pragma once

#include "reflash/plan.h"
#include "reflash_engine.h"

/** What is read most stands first, and bytes before words: so a Cortex-M0 reaches them by short instructions. */
struct reflash_engine {
    reflash_bitmap_t differ; /* the image's sectors that have to be written */
    uint32_t kind;           /* that is written */
    bool proved;             /* all that was proved so far */
    bool follows_written;    /* the last sector of the image in front of it is written */
    bool guessed;            /* see the plan */
    bool equal;              /* what was compared last */
    /* Of the image: which one, its sectors that will be, and that are written. */
    reflash_apply_progress_t progress;
    esp_loader_t *loader;
    reflash_apply_t *job;
    const reflash_content_ops_t *ops;
    const reflash_bundle_t *bundle;
    reflash_bitmap_t blank; /* sectors that are known to be erased, as in `differ` */
    uint32_t sectors;       /* of the image */
    uint32_t unhashed;      /* sectors that will be asked about or proved, ... */
    uint32_t unwritten;     /* ... and that will be written, those of this image until it is done: for estimates */
    reflash_bundle_image_t image;
    reflash_facts_t facts;
    reflash_model_t model;
};

/** Tell the job's owner. */
esp_loader_error_t reflash_engine_tell(reflash_engine_t *engine, reflash_apply_step_t step, bool proved);

/** Reckon with the prices of the mask ROM, or of a stub. */
void reflash_engine_set_prices(reflash_engine_t *engine, bool stub);
