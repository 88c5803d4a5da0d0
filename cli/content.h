/* SPDX-License-Identifier: Apache-2.0 */
/** content: images in memory as the content of a job, compressed run by run as they are sent. */
#pragma once

#include "inputs.h"
#include "reflash_engine.h"

typedef struct {
    reflash_content_t content; /* for reflash_apply() */
    const inputs_t *in;
    uint8_t *stream; /* the run that is being sent, compressed */
    uint32_t stream_bytes;
} content_t;

/** All images of `in`, which has to stay. `chip_id` as in image headers, 0xFFFF: ESP8266. */
void content_init(content_t *content, const inputs_t *in, uint16_t chip_id);
void content_free(content_t *content);
