/* SPDX-License-Identifier: Apache-2.0 */
/** Ours, on top of the loader API: why a call failed, raw digests, and the job "make the target hold these
 *  images, sending only what it does not hold already". */
#pragma once

#include "esp_loader.h"

#ifdef __cplusplus
extern "C" {
#endif

#define REFLASH_VERSION "0.1.0"

/** Smallest unit a flash part erases, bytes. */
#define REFLASH_SECTOR_BYTES 4096u

/* --- Faults ---------------------------------------------------------------------------------------- */

/** The kinds of failure that one esp_loader_error_t cannot tell apart. */
typedef enum {
    REFLASH_CAUSE_NONE,            /*!< Nothing failed. */
    REFLASH_CAUSE_SILENCE,         /*!< Nothing came back in time. */
    REFLASH_CAUSE_REFUSED,         /*!< The target said no; `target_reason` is its own code. */
    REFLASH_CAUSE_NONSENSE,        /*!< Bytes came back, but no answer to our question. */
    REFLASH_CAUSE_PORT,            /*!< The host's port failed, or could not send. */
    REFLASH_CAUSE_ARGUMENT,        /*!< Refused here, before anything was sent. */
    REFLASH_CAUSE_UNKNOWN_CHIP,    /*!< It answers, but is no chip of this build. */
    REFLASH_CAUSE_UNKNOWN_FLASH,   /*!< No flash part answers, or its id tells no size. */
    REFLASH_CAUSE_DIGEST_MISMATCH, /*!< The flash, or the RAM, holds something else. */
    REFLASH_CAUSE_STOPPED,         /*!< The caller's progress function said so. */
    REFLASH_CAUSE_STUB_STORAGE     /*!< The stub could not be read from where the host keeps it. */
} reflash_cause_t;

typedef struct {
    esp_loader_error_t code; /*!< What the caller was told. */
    reflash_cause_t cause;
    uint8_t command;       /*!< Opcode of the question that failed; 0: none was asked. */
    uint8_t target_reason; /*!< The target's error code (ROM: 0x05 to 0x0D, stub: 0xC0 to 0xFF); 0: it said nothing. */
} reflash_fault_t;

/** Why the last call on `loader` failed. A call that succeeds leaves REFLASH_CAUSE_NONE. */
reflash_fault_t reflash_last_fault(const esp_loader_t *loader);

/* --- RAM stubs ------------------------------------------------------------------------------------- */
/* A stub is a program for the target's RAM that takes the place of its mask ROM loader until the next reset: it reads
 * and hashes faster, unpacks while it receives, and erases while it writes. Those of esp-flasher-stub are in the library
 * reflash-stubs, which is linked wherever this one is; a program that never asks for a stub links none. */

enum { REFLASH_STUB_SEGMENTS = 2 };

typedef struct reflash_stub {
    uint32_t entry;
    esp_loader_bin_segment_t segments[REFLASH_STUB_SEGMENTS]; /*!< `data` NULL: `read` has it. No segment is empty. */
    /** Store `bytes` bytes of the stub, those for the target's address `addr`, in `buf`; at most 256 at a time, in order.
     *  False: they cannot be had. NULL where no segment needs it. */
    bool (*read)(void *context, uint32_t addr, uint8_t *buf, uint32_t bytes);
    void *context;
    /* Only reflash-stubs looks at the rest. */
    const struct reflash_stub *next; /*!< That of older revisions of the chip. */
    target_chip_t chip;
    uint16_t from_revision; /*!< The oldest it is for. */
} reflash_stub_t;

/** The stub for a chip, or NULL: there is none. `revision` is 100 times the major chip revision and the minor one where
 *  stubs depend on it (ESP32-C2, ESP32-P4), else 0. What it returns has to stay until the target is reset.
 *
 *  The library calls it, and reflash-stubs has one that knows the chips of the build. A program that defines a function
 *  of this name itself is asked instead, and links only those stubs that it mentions: so it can keep them in external
 *  storage, take stubs of its own, or, returning NULL, leave them out. */
const reflash_stub_t *reflash_stub_find(target_chip_t chip, uint32_t revision);

/** Upload a stub into the connected target and start it, at whatever rate both talk now: raise it before where that is
 *  quicker. From then on all functions use the stub; esp_loader_connect() goes back to the mask ROM. Success at once
 *  if one runs already.
 *  UNSUPPORTED_FUNC: there is none for this chip and revision, or the chip would not start it (secure download mode;
 *  secure boot on ESP32-C3 and ESP32-S3); the mask ROM can be used on. FAIL: see esp_loader_mem_write(), or
 *  REFLASH_CAUSE_STUB_STORAGE. After any other error connect again. */
esp_loader_error_t reflash_stub_start(esp_loader_t *loader);

/* --- Raw digests ----------------------------------------------------------------------------------- */

/** MD5 of `bytes` bytes from `flash_addr`, as the target computes it, 16 raw bytes. Any start and size within
 *  the flash. Errors as for esp_loader_flash_verify_known_md5(), but INVALID_MD5. */
esp_loader_error_t reflash_flash_md5(esp_loader_t *loader, uint32_t flash_addr, uint32_t bytes, uint8_t digest[16]);
/** Compare it with 16 raw bytes. INVALID_MD5: they differ. */
esp_loader_error_t reflash_flash_verify_md5(esp_loader_t *loader, uint32_t flash_addr, uint32_t bytes,
                                            const uint8_t digest[16]);

/* --- The job --------------------------------------------------------------------------------------- */

/** What an image is for. Images are written in this order, so that whatever interrupts a job, a boot chain
 *  that pointed at an intact application before still does, or the part that is missing is found missing. */
typedef enum {
    REFLASH_KIND_APPLICATION, /*!< Applications, and data that no boot stage reads. */
    REFLASH_KIND_OTADATA,
    REFLASH_KIND_PARTITION_TABLE,
    REFLASH_KIND_BOOTLOADER,
    REFLASH_KIND_COUNT
} reflash_kind_t;

typedef enum {
    REFLASH_RESULT_PENDING, /*!< Nothing known yet. */
    REFLASH_RESULT_SKIPPED, /*!< The target held it already. If the job succeeded, it still did at its end. */
    REFLASH_RESULT_FLASHED, /*!< Written, and proved after the job's last write. */
    REFLASH_RESULT_FAILED   /*!< Not written whole, or not proved. */
} reflash_result_t;

typedef struct {
    reflash_kind_t kind;
    uint32_t flash_addr; /*!< Multiple of REFLASH_SECTOR_BYTES. */
    uint32_t bytes;      /*!< At least 1. Its last sector is erased to the end. */
    const uint8_t *data; /*!< Not owned; must stay until the job is done. */
    uint8_t md5[16];     /*!< MD5 of `data`. */

    /* Filled in by reflash_update(). */
    reflash_result_t result;
    uint32_t sectors_written;
} reflash_image_t;

typedef enum {
    REFLASH_STEP_CHECKED, /*!< The target was asked: result is PENDING (must be written) or SKIPPED. */
    REFLASH_STEP_WRITING, /*!< `done_bytes` of the image are written. First with 0, before the erase. */
    REFLASH_STEP_VERIFIED /*!< Asked again after the last write: result is FLASHED, SKIPPED or FAILED. */
} reflash_step_t;

/** Told after each step; return false to stop the job (reflash_update() then returns FAIL). */
typedef bool (*reflash_progress_t)(void *context, reflash_step_t step, const reflash_image_t *image,
                                   uint32_t done_bytes);

typedef struct {
    uint32_t block_bytes;        /*!< Bytes sent at a time: multiple of 4, at most 6144; 0: 4096. */
    reflash_progress_t progress; /*!< May be NULL. */
    void *progress_context;
    uint32_t erased_bytes; /*!< Out: how much of the flash the job asked the target to erase. */
} reflash_job_t;

/** Make the target hold `images`.
 *  Asks for the MD5 of each in the order given, writes those that differ in the order of their kinds, and
 *  after the last write asks for all of them again (a request damaged on the wire may have hit a neighbour).
 *  Success: each image was compared on the target after the job's last write and matched.
 *  Any other value: `result` of each image says how far it got; calling again finishes the job.
 *  Before anything is sent every image is checked: INVALID_PARAM for a start that is no sector start, no
 *  bytes, a NULL pointer, or two images that share a sector. IMAGE_SIZE: beyond the flash; nothing is written.
 *  UNSUPPORTED_FUNC: the chip's ROM has no digests (ESP8266). */
esp_loader_error_t reflash_update(esp_loader_t *loader, reflash_image_t *images, uint32_t image_count,
                                  reflash_job_t *job);

#ifdef __cplusplus
}
#endif
