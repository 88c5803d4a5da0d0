/* SPDX-License-Identifier: Apache-2.0 */
/** content: images in memory as the content of a job, compressed run by run as they are sent. */
#pragma once

#include "inputs.h"
#include "reflash_engine.h"

/** The run that is being sent, compressed. */
typedef struct {
    uint8_t *stream;
    uint32_t first_bytes, block_bytes; /* how it is cut up: the first block and all others */
} content_packed_t;

typedef struct {
    reflash_content_t content; /* for reflash_apply() */
    reflash_bundle_t bundle;   /* what it is of; of its members those that tell about all images */
    const inputs_t *in;
    const uint32_t *chosen; /* of its images, those of the content; NULL: all */
    bool near;              /* after content_init(): a question costs less than an erase, so that blocks may be small */
    content_packed_t *packed;
} content_t;

/** All images of `in`, which has to stay. `chip_id` as in image headers, 0xFFFF: ESP8266. Do not move `content`. */
void content_init(content_t *content, const inputs_t *in, uint16_t chip_id);
/** The same of `count` of them, at least one, whose indices are `chosen`, in ascending order; these have to stay, too. */
void content_init_chosen(content_t *content, const inputs_t *in, const uint32_t *chosen, uint32_t count,
                         uint16_t chip_id);
void content_free(content_t *content);
