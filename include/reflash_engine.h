/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  The engine: bring the target's flash to a wanted content and send only the sectors that differ, found by asking the
 *  target itself for digests. What it costs to ask, to erase and to send decides how much is asked, what is rewritten
 *  along with a changed sector, whether data travel compressed, and whether a RAM stub is worth its upload. Any state
 *  of the flash will do, so whatever interrupts a job, the next run finishes it. */
#pragma once

#include "reflash_bundle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- What the flash shall hold --------------------------------------------------------------------- */

/** Functions that read a content, in any order and again. Those of bundles are reflash_bundle_ops; with others a content
 *  may be whatever tells the same of itself, such as images in memory that are compressed as they are sent: `bundle` is
 *  then the caller's, who fills in all but its source, and `_state` of images and runs is his. Anything but GOOD ends
 *  the job with REFLASH_CAUSE_SOURCE. */
typedef struct {
    /** As reflash_bundle_image(): images come in the order of their flash addresses. */
    reflash_bundle_error_t (*image)(const reflash_bundle_t *bundle, uint16_t index, reflash_bundle_image_t *image);
    /** As reflash_bundle_sector(). */
    reflash_bundle_error_t (*sector)(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                     uint32_t index, reflash_bundle_sector_t *sector);
    /** As reflash_bundle_block_md5(). */
    reflash_bundle_error_t (*block_md5)(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                        uint32_t index, uint8_t md5[16]);
    /** As reflash_bundle_plain(); not called if the bundle is not has_plain. */
    reflash_bundle_error_t (*plain)(const reflash_bundle_t *bundle, const reflash_bundle_image_t *image,
                                    uint32_t offset, uint8_t *buf, uint32_t bytes);
    /** As reflash_run_begin(); not called, nor are the two below, if the bundle is not has_packed. */
    reflash_bundle_error_t (*run_begin)(reflash_run_t *run, const reflash_bundle_t *bundle,
                                        const reflash_bundle_image_t *image, uint32_t first_sector,
                                        uint32_t sector_count, uint32_t block_bytes_max);
    /** As reflash_run_next_block(). */
    reflash_bundle_error_t (*run_next_block)(reflash_run_t *run);
    /** As reflash_run_read(). */
    reflash_bundle_error_t (*run_read)(reflash_run_t *run, uint8_t *buf, uint32_t bytes);
} reflash_content_ops_t;

/** Those of reflash_bundle.h. */
extern const reflash_content_ops_t reflash_bundle_ops;

/** What the flash shall hold. Not owned. */
typedef struct {
    const reflash_content_ops_t *ops; /*!< How it is read. */
    const reflash_bundle_t *bundle;   /*!< What is read. */
} reflash_content_t;

/* --- The job --------------------------------------------------------------------------------------- */

/** What was done. */
typedef enum {
    REFLASH_APPLY_ASKED,   /*!< Of this image `sectors` sectors will be written; 0: the target holds it. */
    REFLASH_APPLY_WRITING, /*!< `done_sectors` of them are. First with 0, before anything is erased, which may
                                come again: a sector can take several blocks. */
    REFLASH_APPLY_PROVED,  /*!< Asked again after the last write; `proved` tells whether all is there. */
    REFLASH_APPLY_STUB     /*!< A stub was started; there is no image. */
} reflash_apply_step_t;

/** How far a job is. */
typedef struct {
    reflash_apply_step_t step;           /*!< What was done. */
    uint16_t index;                      /*!< Of the image. */
    const reflash_bundle_image_t *image; /*!< NULL: it is about none. */
    uint32_t sectors;                    /*!< Of it, to be written. */
    uint32_t done_sectors;               /*!< Of these, written. */
    uint32_t left_ms;                    /*!< What the whole job will still take, by what is known so far. */
    bool proved;                         /*!< REFLASH_APPLY_PROVED: the target holds all of the image. */
} reflash_apply_progress_t;

/** A job that runs. Private. */
typedef struct reflash_engine reflash_engine_t;

/** Bytes of memory for contents up to this flash address: two bits a sector. */
#define REFLASH_APPLY_MEMORY_BYTES(flash_bytes) (2u * (((flash_bytes) / REFLASH_SECTOR_BYTES + 7u) / 8u))
/** The smallest buffer. */
#define REFLASH_APPLY_BUFFER_BYTES 256u

/** A job's settings, and what it did. */
typedef struct {
    uint8_t *memory; /*!< REFLASH_APPLY_MEMORY_BYTES(bundle->flash_bytes). Afterwards bit n % 8 of byte n / 8 tells
                                whether sector n of the flash was (or, of a dry run, would be) written; of a job that
                                had to repeat itself, at the last time. */
    uint32_t memory_bytes; /*!< How many there are. */
    uint8_t *buffer;       /*!< What is sent passes through it. */
    uint32_t buffer_bytes; /*!< At least REFLASH_APPLY_BUFFER_BYTES. */
    /** reflash_stub_if_shorter, where a stub may be used. NULL: never, and nothing of stubs is linked. Called before
     *  sectors are asked about and before they are written; `engine` is NULL where the loader that runs cannot do the
     *  job. */
    esp_loader_error_t (*start_stub)(esp_loader_t *loader, reflash_engine_t *engine);
    bool dry_run; /*!< Ask and plan, write nothing. */
    /** Told after each step; false stops the job: FAIL with REFLASH_CAUSE_STOPPED. May ask the target something, and with
     *  REFLASH_APPLY_ASKED change the rate of the line. May be NULL. */
    bool (*progress)(void *context, const reflash_apply_progress_t *progress);
    void *progress_context; /*!< For `progress`. */

    /* Filled in. */
    uint32_t sectors_written; /*!< How many sectors were written, or would be. */
    uint32_t erased_bytes;    /*!< What the target was asked to erase. */
    uint32_t runs;            /*!< How many runs of sectors were sent. */
} reflash_apply_t;

/** Make the target hold `content`.
 *  Asks about its images, writes what differs in the order of their kinds, proves by the target's digests what was
 *  written and what lies behind it, or all where something was written unseen, and repeats all that up to twice where a
 *  proof failed. `content`, what it points to and `job` are used until it returns; buffers have no alignment. Success:
 *  every sector of every image was found right by a digest, and not written since.
 *  Nothing is written, and the conversation goes on, where it ends with INVALID_PARAM: no connection, no content, or too
 *  little memory; INVALID_TARGET: the content is for another chip; UNSUPPORTED_FUNC: the loader has no digests (ESP8266
 *  and secure download mode, without a stub), an image wants to be encrypted, or no form of the data can be sent to
 *  this loader; IMAGE_SIZE: beyond the flash; UNSUPPORTED_CHIP: as for all flash functions.
 *  Anything else leaves some sectors written and others not; calling again finishes the job. INVALID_MD5: written three
 *  times, and not found so; the conversation goes on. FAIL: `progress` said stop, the port failed, or the content could
 *  not be read. FAIL, TIMEOUT, INVALID_RESPONSE, and what `start_stub` returns besides: connect again first. The target
 *  stays in its loader, or in the stub. */
esp_loader_error_t reflash_apply(esp_loader_t *loader, const reflash_content_t *content, reflash_apply_t *job);

/** For job->start_stub: start a RAM stub if the rest of the job is likely to be shorter with it, the upload included.
 *  Success: it runs, or is not worth it, or there is none for this target. Otherwise as reflash_stub_start(), which it
 *  calls, and which is all it does where `engine` is NULL. */
esp_loader_error_t reflash_stub_if_shorter(esp_loader_t *loader, reflash_engine_t *engine);

/** Whether reflash_apply() would begin by starting a stub on this connected target, for a compressed content of so many
 *  sectors. Who starts it at once, before anything of the flash is asked, spares the mask ROM the questions that the stub
 *  answers again. False if one runs. Asks nothing. */
bool reflash_stub_pays(const esp_loader_t *loader, uint32_t sectors);

#ifdef __cplusplus
}
#endif
