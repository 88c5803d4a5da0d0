/* SPDX-License-Identifier: Apache-2.0 */
/** loader: one command of the serial protocol at a time, and its outcome told precisely. */
#pragma once

#include "chips/chips.h"
#include "reflash.h"
#include "transport/transport.h"
#include "wire/packet.h"

enum {
    REFLASH_DIGEST_BYTES = 16,
    REFLASH_CIPHER_BYTES = 16 /* that the target encrypts at once; no other write has pieces of so many */
};

/** Start a public call: forget the last fault. */
void reflash_begin(esp_loader_t *loader);

/** What the target did instead of answering belongs to the fault. */
static inline void reflash_set_boot(esp_loader_t *loader, reflash_boot_t boot, uint32_t strapping, uint8_t boot_pin)
{
    loader->_fault.boot = (uint8_t)boot;
    loader->_fault.strapping = (uint16_t)strapping;
    loader->_fault.boot_pin = boot_pin;
}

/** Record why the call fails and return `code`. */
esp_loader_error_t reflash_fail(esp_loader_t *loader, esp_loader_error_t code, reflash_cause_t cause);

/** The same where the call cannot be served at all: nothing was asked. */
esp_loader_error_t reflash_refuse(esp_loader_t *loader, esp_loader_error_t code);
/** Start a public call that needs a connected target. INVALID_PARAM: there is none, or the arguments are bad. */
esp_loader_error_t reflash_begin_connected(esp_loader_t *loader, bool arguments_are_good);
/** The same, and UNSUPPORTED_FUNC: the loader that runs does not have this command. */
esp_loader_error_t reflash_begin_with(esp_loader_t *loader, bool arguments_are_good, uint8_t opcode);

/** Record what a transport said while something was expected from the target, and return what the caller is told.
 *  Success is passed on, here and below. */
esp_loader_error_t reflash_fail_to_receive(esp_loader_t *loader, esp_loader_error_t err);
/** The same for sending where the target says when: silence is its own then, not the port's. UNSUPPORTED_FUNC,
 *  INVALID_PARAM: the transport does not carry this request. */
esp_loader_error_t reflash_fail_to_send(esp_loader_t *loader, esp_loader_error_t err);

/** Send `command` once and wait for its answer. Success: the target agreed; the answer's value and data are
 *  in _answer_value and reflash_answer_data(). Otherwise the fault is recorded. */
esp_loader_error_t reflash_ask_once(esp_loader_t *loader, reflash_request_t *command);

/** The same for a command that is nothing but words: asked up to three times unless the port fails; those that do harm
 *  if they are repeated once. */
esp_loader_error_t reflash_ask(esp_loader_t *loader, uint8_t opcode, const uint32_t *words, uint8_t word_count);
/** The same where the target has `work_bytes` of flash to go through before it answers. */
esp_loader_error_t reflash_ask_work(esp_loader_t *loader, uint8_t opcode, const uint32_t *words, uint8_t word_count,
                                    uint32_t work_bytes);

/** Make success of UNSUPPORTED_FUNC, and no fault: what this loader, or its way, tells nothing about. */
esp_loader_error_t reflash_unless_untold(esp_loader_t *loader, esp_loader_error_t err);

/** Whether the loader that runs has this command of mask ROMs. A stub has those of all chips, but tells about security
 *  only what a ROM would. */
bool reflash_knows(const esp_loader_t *loader, uint8_t opcode);

/** Inside a call that takes long. */
static inline void reflash_tell_progress(esp_loader_t *loader, uint32_t done_bytes, uint32_t total_bytes)
{
    if (loader->_port->ops->progress != NULL) {
        loader->_port->ops->progress(loader->_port, done_bytes, total_bytes);
    }
}

/** What was set, or the defaults. */
const reflash_link_t *reflash_link(const esp_loader_t *loader);

/* --- Answers (answer.c) ---------------------------------------------------------------------------- */

enum { REFLASH_ALL_BUT_STATUS = 0xFF };

/** Wait for the answer to `opcode`, which has `data_bytes` in front of its status, or any number. Success: the target
 *  agreed; see reflash_ask_once(). */
esp_loader_error_t reflash_await_answer(esp_loader_t *loader, uint8_t opcode, uint8_t data_bytes);

/** Take frames, and parts of them, away until the line falls quiet, at most `limit` of them. */
void reflash_drain(esp_loader_t *loader, unsigned limit);

/* --- Getting in step (connect.c) ------------------------------------------------------------------- */

/** SYNC, up to `tries` times, once at least, and all its answers. */
esp_loader_error_t reflash_sync(esp_loader_t *loader, unsigned tries);
/** The same behind a reset into the loader. Fails with what the target did instead in the fault. */
esp_loader_error_t reflash_sync_after_reset(esp_loader_t *loader);
/** Find out which chip it is. */
esp_loader_error_t reflash_identify(esp_loader_t *loader);

/** Data of the last answer, in front of its status. */
static inline const uint8_t *reflash_answer_data(const esp_loader_t *loader)
{
    return &loader->_frame[REFLASH_HEADER_BYTES];
}

/* --- Start (connect.c) ----------------------------------------------------------------------------- */

/** What esp_loader_init_*() do; `loader` and `port` may be NULL. */
esp_loader_error_t reflash_bind(esp_loader_t *loader, esp_loader_port_t *port, const reflash_transport_t *transport);

/* --- Blocks of data (blocks.c) --------------------------------------------------------------------- */

/** Send one block of FLASH_DATA, FLASH_DEFL_DATA or MEM_DATA until the target has it, repeating it where that is safe. Its words are set here. `sequence` is the number of the block
 *  and then of the next. Success after a lost answer means that the target knows the block's number: whether the
 *  content is right has to be proved by other means. */
esp_loader_error_t reflash_write_block(esp_loader_t *loader, reflash_request_t *block, uint32_t *sequence);

/** The largest block that the loader takes over this transport. */
uint32_t reflash_block_bytes_max(const esp_loader_t *loader);
/** Whether that is a size for blocks of a flash write. */
bool reflash_is_block_size(const esp_loader_t *loader, uint32_t block_bytes);

/* --- Registers (target.c) -------------------------------------------------------------------------- */

/** Write `count` registers, in order, with one command. Each entry is four words: address, value, mask of the
 *  bits to change, microseconds to wait before. */
esp_loader_error_t reflash_write_registers(esp_loader_t *loader, const uint32_t *entries, uint8_t count);
esp_loader_error_t reflash_read_register(esp_loader_t *loader, uint32_t addr, uint32_t *value);

/** What security info tells. An answer without a chip id is that of an ESP32-S2. */
typedef struct {
    uint32_t flags; /* REFLASH_SECURE_*, and others */
    uint32_t chip_id, eco_version;
    uint8_t flash_crypt_count;
} reflash_security_t;
enum { REFLASH_SECURE_BOOT = 1 << 0, REFLASH_SECURE_DOWNLOAD = 1 << 2 };

/** GET_SECURITY_INFO. */
esp_loader_error_t reflash_security_info(esp_loader_t *loader, reflash_security_t *security);

/** 100 times the major revision, and the minor one; 0 where nothing depends on it (revision.c). */
esp_loader_error_t reflash_read_revision(esp_loader_t *loader, uint32_t *revision);

/* --- Flash (flash.c) ------------------------------------------------------------------------------- */

/** Attach the flash, read its id, and tell the loader its size, unless that was done since connecting. */
esp_loader_error_t reflash_flash_ready(esp_loader_t *loader);
/** Attach the flash and tell the loader its size, which is `flash_bytes`. */
esp_loader_error_t reflash_flash_set_up(esp_loader_t *loader, uint32_t flash_bytes);
/** Tell a loader that has attached the flash its size. */
esp_loader_error_t reflash_flash_use_size(esp_loader_t *loader, uint32_t flash_bytes);
/** The same as reflash_flash_ready(), and check that [flash_addr, flash_addr + bytes) lies in the flash. */
esp_loader_error_t reflash_flash_range(esp_loader_t *loader, uint32_t flash_addr, uint32_t bytes);
/** FLASH_BEGIN or FLASH_DEFL_BEGIN for a range of the flash, which is checked. A ROM erases every sector of it before it
 *  answers, a stub each before it writes there. */
esp_loader_error_t reflash_begin_write(esp_loader_t *loader, uint8_t opcode, uint32_t flash_addr, uint32_t bytes,
                                       uint32_t block_count, uint32_t block_bytes);
/** Behind the last block of a flash write. A stub tells only now whether it could write that, or with what the command
 *  failed that it answered too early; it stays. A mask ROM is not asked: it would leave its loader. Asked once: the
 *  answer of a second time would hide that of the first. */
esp_loader_error_t reflash_end_write(esp_loader_t *loader, uint8_t opcode, uint32_t work_bytes);

/* --- What is no command and no answer (frame.c) ------------------------------------------------------- */

/** Wait for a frame of exactly `bytes` bytes, which is no answer to a command. A longer one is not stored. */
esp_loader_error_t reflash_await_frame(esp_loader_t *loader, uint8_t *frame, uint16_t bytes, uint32_t timeout_ms);
/** Send `count` words without a header, little-endian; of none: what brings a stub back that lost its place. */
esp_loader_error_t reflash_send_words(esp_loader_t *loader, const uint32_t *words, uint8_t count);
