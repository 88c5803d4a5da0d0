/* SPDX-License-Identifier: Apache-2.0 */
/** A target that answers as it likes: packet by packet, from numbers that somebody else draws. It knows what the host
 *  wants to find, and remembers of which sectors it has said, in so many digits, that they are there. */
#pragma once

#include "inputs.h"
#include "reflash_engine.h"

enum { LIAR_IMAGES = 3, LIAR_FLASH_BYTES = 1 << 18, LIAR_ANSWER_BYTES_MAX = 1024 };

/** Where the content comes from. */
typedef enum { LIAR_PLAIN_BUNDLE, LIAR_PACKED_BUNDLE, LIAR_MEMORY, LIAR_SOURCES } liar_source_t;
/** Who pretends to answer. */
typedef enum { LIAR_ESP32_ROM, LIAR_ESP32C3_ROM, LIAR_ESP32_STUB, LIAR_TARGETS } liar_target_t;

typedef struct {
    esp_loader_port_t port;
    uint8_t (*draw)(void *context); /* 0: silence, from which every job ends */
    void *context;
    bool stub;
    uint8_t status_bytes;
    reflash_apply_t job;
    uint64_t now_us, deadline_us, bytes; /* bytes: to the host */
    uint8_t request[32];                 /* the present one, unescaped, as much as is of interest */
    uint32_t request_bytes;
    bool escaped;
    uint8_t answer[LIAR_ANSWER_BYTES_MAX]; /* what has not been read yet */
    uint32_t answer_at, answer_end;
    bool babbles;                               /* it will never stop */
    uint8_t confirmed[LIAR_FLASH_BYTES / 4096]; /* sectors */
} liar_t;

/** What came of a job. */
typedef struct {
    esp_loader_error_t err;
    uint64_t took_us, bytes;
    uint32_t written; /* sectors */
} liar_result_t;

/** Run reflash_apply() against it. Aborts if the job claims success although a sector was not confirmed since it was
 *  written last, or if the code is none of the library's. */
liar_result_t liar_run(liar_target_t target, liar_source_t source, uint8_t (*draw)(void *context), void *context);
/** The same with a bundle of anybody's, which is taken to be for the target. */
liar_result_t liar_run_bundle(liar_target_t target, reflash_bundle_t *bundle, uint8_t (*draw)(void *context),
                              void *context);
