/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  Ours, on top of the loader API: why a call failed, raw digests, and the job "make the target hold these
 *  images, sending only what it does not hold already". */
#pragma once

#include "esp_loader.h"
#include "reflash_boot.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Of these headers. */
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
    REFLASH_CAUSE_STOPPED,         /*!< The caller's progress function, or the port's `cancelled`, said so. */
    REFLASH_CAUSE_STUB_STORAGE,    /*!< The stub could not be read from where the host keeps it. */
    REFLASH_CAUSE_SOURCE           /*!< What shall be written could not be read. */
} reflash_cause_t;

/** Why a call failed. */
typedef struct {
    esp_loader_error_t code; /*!< What the caller was told. */
    reflash_cause_t cause;   /*!< What happened. */
    uint8_t command;         /*!< Opcode of the question that failed; 0: none was asked. */
    uint8_t target_reason; /*!< The target's error code (ROM: 0x05 to 0x0D, stub: 0xC0 to 0xFF); 0: it said nothing. */
    reflash_boot_t boot;   /*!< Where no trial to connect was answered: what the target did instead. */
    uint16_t strapping;    /*!< The number that it printed after "boot:0x"; 0: none. */
    uint8_t boot_pin;      /*!< GPIO that has to be low at reset, by its banner; REFLASH_NO_PIN: not known. */
} reflash_fault_t;

/** reflash_fault_t: no pin is known. */
#define REFLASH_NO_PIN 0xFFu

/** Why the last call on `loader` failed. A call that succeeds leaves REFLASH_CAUSE_NONE. Asks the target nothing, and
 *  the port whether it was `cancelled`. */
reflash_fault_t reflash_last_fault(const esp_loader_t *loader);

/* --- The target ------------------------------------------------------------------------------------ */

/** What is known of a connected target. Its MAC: esp_loader_read_mac(). */
typedef struct {
    const char *name;     /*!< "ESP32-C3". Lives for ever. */
    target_chip_t target; /*!< As esp_loader_get_target() tells. */
    uint32_t chip_id;     /*!< In image headers; REFLASH_NO_CHIP_ID: images name no chip (ESP8266). */
    uint32_t boot_addr;   /*!< Flash address of the second-stage bootloader. */
    uint32_t flash_bytes; /*!< 0 until a flash function was called. */
    uint32_t baud;        /*!< What both ends talk at. */
    uint8_t boot_pin;     /*!< GPIO that has to be low at reset for the loader; REFLASH_NO_PIN: not known. */
    bool has_digests;     /*!< Whether its loader can compare flash content. */
    bool secure_download; /*!< Secure download mode: see esp_loader_connect_secure_download_mode(). */
} reflash_target_t;

/** A chip whose images name no chip. */
#define REFLASH_NO_CHIP_ID 0xFFu

/** Tell what is known; asks the target nothing. False: not connected, and `*target` is as it was. */
bool reflash_describe_target(const esp_loader_t *loader, reflash_target_t *target);

/** Reset the target into its application by its own watchdog, for boards whose reset line does not do: over the chip's
 *  own USB a reset by RTS does not look at the boot pin again. Takes half a second. Success: it is on its way, and no
 *  longer connected.
 *  UNSUPPORTED_FUNC: this chip cannot (ESP8266, ESP32, ESP32-C6, ESP32-H2; of the new ones all but the ESP32-S31), or
 *  it is in secure download mode; nothing was sent. INVALID_PARAM: not connected. Errors of talking: it may be on its
 *  way as well; connect again. */
esp_loader_error_t reflash_reset_by_watchdog(esp_loader_t *loader);

/** Switch off the watchdogs that a mask ROM leaves on where the chip is reset over its own USB-Serial/JTAG; else they
 *  reset it in the middle of a job, after some seconds. Call it after esp_loader_connect() if that is the way to the
 *  target: the library cannot see it. The next reset turns them on again. A stub does it by itself: success, and
 *  nothing is sent.
 *  UNSUPPORTED_FUNC: the chip has no such USB, or is in secure download mode; nothing was sent. INVALID_PARAM: not
 *  connected. Errors of talking: some of them may be off. */
esp_loader_error_t reflash_disable_watchdogs(esp_loader_t *loader);

/** Values that esp_loader_get_target() has once new chips are allowed: those younger than the API's own list. */
enum { REFLASH_ESP32H21_CHIP = 12, REFLASH_ESP32H4_CHIP = 13, REFLASH_ESP32S31_CHIP = 14, REFLASH_ESP32E22_CHIP = 15 };

/** Connect to ESP32-H21, ESP32-H4, ESP32-S31 and ESP32-E22 as well, until esp_loader_deinit(). Without this call
 *  connecting to one is INVALID_TARGET. With it esp_loader_get_target() may return more than ESP_UNKNOWN_CHIP: do not
 *  index arrays of ESP_MAX_CHIP entries by it. reflash_describe_target() names them. Their rows are public facts; no
 *  such chip was tried. Call it after esp_loader_init_serial(), before connecting. */
void reflash_allow_new_chips(esp_loader_t *loader);

/* --- Times ----------------------------------------------------------------------------------------- */

/** How long the target may take for one command, in place of the library's own time limit. */
typedef struct {
    uint8_t command;     /*!< Its opcode. */
    uint32_t timeout_ms; /*!< At least ... */
    uint32_t ms_per_mib; /*!< ... and so much more for each MiB of flash that it erases or digests. */
} reflash_time_limit_t;

/** What the library assumes of the line and its ends. Begin with REFLASH_LINK_DEFAULT(). The time limits are 10 s and
 *  40 s per MiB for FLASH_BEGIN (02), 3 s for FLASH_DATA (03), 1 s and 8 s per MiB for SPI_FLASH_MD5 (13), 1 s for the
 *  others; for SYNC (08), `sync_timeout` of the arguments to connect. */
typedef struct reflash_link {
    uint32_t first_baud;    /*!< What the port was opened at; a change of rate that fails goes back to it. */
    uint32_t scale_percent; /*!< All limits are multiplied by it: more for worn parts. None may come out at more than
                                 47 hours. */
    uint16_t round_trip_ms; /*!< What the line itself takes from a question to its answer, such as a network's delay:
                                 added to every limit, and to every wait for the line to fall quiet. */
    uint16_t quiet_ms;      /*!< Silence after which nothing more is expected of what came before. */
    uint16_t settle_ms;     /*!< Before and after the host's rate is switched. */
    uint16_t limit_count;   /*!< Rows of `limits`. */
    const reflash_time_limit_t *limits; /*!< In place of those above, but for SYNC. */
} reflash_link_t;

/** What a reflash_link_t starts from: 115200 baud, limits as they are, no delay, 50 ms of silence, 50 ms to settle. */
#define REFLASH_LINK_DEFAULT()                                                                                         \
    {                                                                                                                  \
        115200, 100, 0, 50, 50, 0, NULL                                                                                \
    }

/** Use these values from now on, until esp_loader_deinit(). `link` must stay; NULL: all defaults. Call it after
 *  esp_loader_init_*(), before connecting. */
void reflash_set_link(esp_loader_t *loader, const reflash_link_t *link);

/* --- RAM stubs ------------------------------------------------------------------------------------- */
/* A stub is a program for the target's RAM that takes the place of its mask ROM loader until the next reset: it reads
 * and hashes faster, unpacks while it receives, and erases while it writes. Those of esp-flasher-stub are in the
 * library reflash-stubs, which is linked wherever this one is; a program that never asks for a stub links none. */

enum { REFLASH_STUB_SEGMENTS = 2 };

/** A stub as it is uploaded. Not owned by the library. */
typedef struct reflash_stub {
    uint32_t entry;                                           /*!< Where it is started, an address of the target's. */
    esp_loader_bin_segment_t segments[REFLASH_STUB_SEGMENTS]; /*!< `data` NULL: `read` has it. No segment is empty. */
    /** Store `bytes` bytes of the stub, those for the target's address `addr`, in `buf`; at most 256 at a time, in
     *  order. False: they cannot be had. NULL where no segment needs it. */
    bool (*read)(void *context, uint32_t addr, uint8_t *buf, uint32_t bytes);
    void *context; /*!< Passed to `read`. */
    /* Only reflash-stubs looks at the rest. */
    const struct reflash_stub *next; /*!< That of older revisions of the chip. */
    target_chip_t chip;              /*!< Which chip it is for. */
    uint16_t from_revision;          /*!< The oldest it is for. */
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
 *  secure boot on ESP32-C3 and ESP32-S3), or it is an SPI slave; the mask ROM can be used on. INVALID_PARAM:
 *  not connected. Errors of talking, those of esp_loader_mem_write(), and FAIL with REFLASH_CAUSE_STUB_STORAGE;
 *  INVALID_RESPONSE: also a stub that does not greet. After these connect again: RAM may hold a part of it, and it may
 *  run. */
esp_loader_error_t reflash_stub_start(esp_loader_t *loader);

/* --- Encrypted writes ------------------------------------------------------------------------------ */

/** Begin a plain write as esp_loader_flash_start() does, whose data the target encrypts with its own key, as it does
 *  with what it reads. Go on with esp_loader_flash_write() and esp_loader_flash_finish(). `image_size`, `block_size`
 *  and so all pieces are multiples of 16. Digests would be those of the encrypted flash, so `skip_verify` must be set:
 *  let the application tell whether it is whole.
 *  UNSUPPORTED_FUNC: `skip_verify` is not set, or ESP8266 or ESP32, whose loaders cannot; nothing was sent.
 *  INVALID_RESPONSE, refused with 0x64 (a ROM): the efuses forbid it, as in release mode. All else: see
 *  esp_loader_flash_start(). */
esp_loader_error_t reflash_flash_start_encrypted(esp_loader_t *loader, esp_loader_flash_cfg_t *cfg);

/* --- Raw digests ----------------------------------------------------------------------------------- */

/** MD5 of `bytes` bytes from `flash_addr`, as the target computes it, 16 raw bytes. Any start and size within
 *  the flash. `digest` is set by success only. Errors as for esp_loader_flash_verify_known_md5(), but INVALID_MD5. */
esp_loader_error_t reflash_flash_md5(esp_loader_t *loader, uint32_t flash_addr, uint32_t bytes, uint8_t digest[16]);
/** Compare it with 16 raw bytes. INVALID_MD5: they differ; the conversation goes on. Else as above. */
esp_loader_error_t reflash_flash_verify_md5(esp_loader_t *loader, uint32_t flash_addr, uint32_t bytes,
                                            const uint8_t digest[16]);

/* --- The job --------------------------------------------------------------------------------------- */

/** What an image is for. Images are written in this order, so that whatever interrupts a job, a boot chain
 *  that pointed at an intact application before still does, or the part that is missing is found missing. */
typedef enum {
    REFLASH_KIND_APPLICATION,     /*!< Applications, and data that no boot stage reads. */
    REFLASH_KIND_OTADATA,         /*!< Which application is to be started. */
    REFLASH_KIND_PARTITION_TABLE, /*!< Where everything is. */
    REFLASH_KIND_BOOTLOADER,      /*!< What the mask ROM starts. */
    REFLASH_KIND_COUNT            /*!< How many kinds there are. */
} reflash_kind_t;

/** What became of an image. */
typedef enum {
    REFLASH_RESULT_PENDING, /*!< Nothing known yet. */
    REFLASH_RESULT_SKIPPED, /*!< The target held it already. If the job succeeded, it still did at its end. */
    REFLASH_RESULT_FLASHED, /*!< Written, and proved after the job's last write. */
    REFLASH_RESULT_FAILED   /*!< Not written whole, or not proved. */
} reflash_result_t;

/** One image of a job. The caller fills in all but the last two members. */
typedef struct {
    reflash_kind_t kind; /*!< Decides when it is written. */
    uint32_t flash_addr; /*!< Multiple of REFLASH_SECTOR_BYTES. */
    uint32_t bytes;      /*!< At least 1. Its last sector is erased to the end. */
    const uint8_t *data; /*!< Not owned; must stay until the job is done. */
    uint8_t md5[16];     /*!< MD5 of `data`. */

    /* Filled in by reflash_update(). */
    reflash_result_t result;  /*!< What became of it. */
    uint32_t sectors_written; /*!< How many of its sectors were. */
} reflash_image_t;

/** What was done to an image. */
typedef enum {
    REFLASH_STEP_CHECKED, /*!< The target was asked: result is PENDING (must be written) or SKIPPED. */
    REFLASH_STEP_WRITING, /*!< `done_bytes` of the image are written. First with 0, before the erase. */
    REFLASH_STEP_VERIFIED /*!< Asked again after the last write: result is FLASHED, SKIPPED or FAILED. */
} reflash_step_t;

/** Told after each step; return false to stop the job (reflash_update() then returns FAIL). */
typedef bool (*reflash_progress_t)(void *context, reflash_step_t step, const reflash_image_t *image,
                                   uint32_t done_bytes);

/** A job's settings, and what it did. */
typedef struct {
    uint32_t block_bytes;        /*!< Bytes sent at a time: multiple of 4, at most 6144; 0: 4096. */
    reflash_progress_t progress; /*!< May be NULL. */
    void *progress_context;      /*!< Given to `progress`. */
    uint32_t erased_bytes;       /*!< Out: how much of the flash the job asked the target to erase. */
} reflash_job_t;

/** Make the target hold `images`.
 *  Asks for the MD5 of each in the order given, writes those that differ in the order of their kinds, and after the
 *  last write asks for all of them again (a request damaged on the wire may have hit a neighbour). Success: each image
 *  was compared on the target after the job's last write and matched.
 *  Any other value: `result` of each image says how far it got; calling again finishes the job. Before anything is
 *  sent every image is checked: INVALID_PARAM for no images, a start that is no sector start, no bytes, a NULL
 *  pointer, a kind that there is not, two images that share a sector, a block size that there is not, or no
 *  connection. Before anything is written: IMAGE_SIZE for an image beyond the flash; UNSUPPORTED_FUNC where the loader
 *  has no digests (ESP8266 without a stub, secure download mode) or an image is beyond its reach; UNSUPPORTED_CHIP as
 *  for all flash functions. INVALID_MD5: written, and not found so in the end. FAIL: `progress` said stop, or the port
 *  failed. Errors of talking: connect again first. The target stays in its loader. */
esp_loader_error_t reflash_update(esp_loader_t *loader, reflash_image_t *images, uint32_t image_count,
                                  reflash_job_t *job);

#ifdef __cplusplus
}
#endif
