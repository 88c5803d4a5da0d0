/* SPDX-License-Identifier: Apache-2.0 */
/** loader: one command of the serial protocol at a time, and its outcome told precisely. */
#pragma once

#include "chips/chips.h"
#include "reflash.h"
#include "transport/transport.h"
#include "wire/packet.h"

enum { REFLASH_DIGEST_BYTES = 16 };

/** What one command carries. Unused members are 0. */
typedef struct {
    uint8_t opcode;
    uint8_t word_count;
    const uint32_t *words; /* payload, or in front of the data */
    const uint8_t *data;   /* of a data command                */
    uint16_t data_bytes;
    uint16_t padding_bytes; /* 0xFF sent behind the data, and covered by its checksum     */
    uint32_t work_bytes;    /* flash the target erases or hashes before it answers        */
    bool refusal_is_final;  /* asking again would not help */
    uint32_t timeout_ms;    /* 0: as the command's row says; else in place of it          */
} reflash_command_t;

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

/** Record what a transport said while something was expected from the target, and return what the caller is told. */
esp_loader_error_t reflash_fail_to_receive(esp_loader_t *loader, esp_loader_error_t err);
/** The same for sending where the target says when: silence is its own then, not the port's. UNSUPPORTED_FUNC,
 *  INVALID_PARAM: the transport does not carry this request. */
esp_loader_error_t reflash_fail_to_send(esp_loader_t *loader, esp_loader_error_t err);

/** Send `command` once and wait for its answer. Success: the target agreed; the answer's value and data are
 *  in _answer_value and reflash_answer_data(). Otherwise the fault is recorded. */
esp_loader_error_t reflash_ask_once(esp_loader_t *loader, const reflash_command_t *command);

/** The same for commands that may be repeated without harm: asked up to three times unless the port fails. */
esp_loader_error_t reflash_ask(esp_loader_t *loader, const reflash_command_t *command);

/** Whether secure download mode, if it is on, permits this command: 02 to 04, 08, 0B, 0D, 0F, 14. */
static inline bool reflash_permits(const esp_loader_t *loader, uint8_t opcode)
{
    const uint32_t secure_commands = 0x10A91C;
    return !loader->_secure || (opcode < 32 && (secure_commands >> opcode & 1) != 0);
}

/** Whether the loader that runs has this command of mask ROMs. A stub has those of all chips, but tells about security
 *  only what a ROM would. */
static inline bool reflash_knows(const esp_loader_t *loader, uint8_t opcode)
{
    return reflash_permits(loader, opcode) &&
           (opcode <= loader->_chip->last_opcode || (loader->_stub != NULL && opcode != REFLASH_GET_SECURITY_INFO));
}

/** Inside a call that takes long. */
static inline void reflash_tell_progress(esp_loader_t *loader, uint32_t done_bytes, uint32_t total_bytes)
{
    if (loader->_port->ops->progress != NULL) {
        loader->_port->ops->progress(loader->_port, done_bytes, total_bytes);
    }
}

/** Take frames, and parts of them, away until the line falls quiet, at most `limit` of them. */
void reflash_drain(esp_loader_t *loader, unsigned limit);

/** What was set, or the defaults. */
const reflash_link_t *reflash_link(const esp_loader_t *loader);

/* --- Getting in step (connect.c) ------------------------------------------------------------------- */

/** SYNC, up to `tries` times, and all its answers. */
esp_loader_error_t reflash_sync(esp_loader_t *loader, unsigned tries);
/** The same behind a reset into the loader. Fails with what the target did instead in the fault. */
esp_loader_error_t reflash_sync_after_reset(esp_loader_t *loader);

/** Data of the last answer, in front of its status. */
static inline const uint8_t *reflash_answer_data(const esp_loader_t *loader)
{
    return &loader->_frame[REFLASH_HEADER_BYTES];
}

/* --- Start (connect.c) ----------------------------------------------------------------------------- */

/** What esp_loader_init_*() do; `loader` and `port` may be NULL. */
esp_loader_error_t reflash_bind(esp_loader_t *loader, esp_loader_port_t *port, const reflash_transport_t *transport);

/* --- Blocks of data (blocks.c) --------------------------------------------------------------------- */

/** One block of FLASH_DATA, FLASH_DEFL_DATA or MEM_DATA. */
typedef struct {
    uint8_t opcode;
    bool is_last_of_stream; /* of FLASH_DEFL_DATA: its answer tells whether the stream was sound */
    uint16_t bytes;
    uint16_t padding_bytes; /* 0xFF behind the data */
    const uint8_t *data;
    uint32_t work_bytes; /* see reflash_command_t */
} reflash_block_t;

/** Send one block until the target has it, repeating it where that is safe. `sequence` is the number of the block
 *  and then of the next. Success after a lost answer means that the target knows the block's number: whether the
 *  content is right has to be proved by other means. */
esp_loader_error_t reflash_write_block(esp_loader_t *loader, const reflash_block_t *block, uint32_t *sequence);

/** The largest block that the loader takes. */
uint32_t reflash_block_bytes_max(const esp_loader_t *loader);
/** Whether that is a size for blocks of a flash write. */
bool reflash_is_block_size(const esp_loader_t *loader, uint32_t block_bytes);

/* --- Registers (target.c) -------------------------------------------------------------------------- */

/** Write `count` registers, in order, with one command. Each entry is four words: address, value, mask of the
 *  bits to change, microseconds to wait before. */
esp_loader_error_t reflash_write_registers(esp_loader_t *loader, const uint32_t (*entries)[4], uint8_t count);
esp_loader_error_t reflash_read_register(esp_loader_t *loader, uint32_t addr, uint32_t *value);

/** GET_SECURITY_INFO. An answer without a chip id is that of an ESP32-S2. */
esp_loader_error_t reflash_security_info(esp_loader_t *loader, esp_loader_target_security_info_t *info,
                                         uint32_t *chip_id);

/** 100 times the major revision, and the minor one; 0 where nothing depends on it (revision.c). */
esp_loader_error_t reflash_read_revision(esp_loader_t *loader, uint32_t *revision);

/* --- Flash (flash.c) ------------------------------------------------------------------------------- */

/** Attach the flash, read its id, and tell the loader its size, unless that was done since connecting. */
esp_loader_error_t reflash_flash_ready(esp_loader_t *loader);
/** Attach the flash and tell the loader its size, which is `flash_bytes`. */
esp_loader_error_t reflash_flash_set_up(esp_loader_t *loader, uint32_t flash_bytes);
/** The same as reflash_flash_ready(), and check that [flash_addr, flash_addr + bytes) lies in the flash. */
esp_loader_error_t reflash_flash_range(esp_loader_t *loader, uint32_t flash_addr, uint32_t bytes);
/** Behind the last block of a flash write. A stub tells only now whether it could write that, or with what the command
 *  failed that it answered too early; it stays. A mask ROM is not asked: it would leave its loader. Asked once: the
 *  answer of a second time would hide that of the first. */
esp_loader_error_t reflash_end_write(esp_loader_t *loader, uint8_t opcode, uint32_t work_bytes);

/* --- What is no answer (frame.c) -------------------------------------------------------------------- */

/** Wait for a frame of exactly `bytes` bytes, which is no answer to a command. A longer one is not stored. */
esp_loader_error_t reflash_await_frame(esp_loader_t *loader, uint8_t *frame, uint16_t bytes, uint32_t timeout_ms);
