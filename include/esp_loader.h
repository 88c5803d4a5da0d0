/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  The loader API: talk to the serial loader in an Espressif chip.
 *
 *  One esp_loader_t is one conversation with one target. The caller owns it; it holds no heap memory, and
 *  contexts share nothing, so any number of targets can be served side by side, each from one thread.
 *
 *      esp_loader_init_serial -> esp_loader_connect -> esp_loader_change_transmission_rate
 *          -> esp_loader_flash_start / _write / _finish ... -> esp_loader_reset_target -> esp_loader_deinit
 *
 *  Every function returns one of the ten codes of esp_loader_error.h. Those that ask the target something all share
 *  these, here called *errors of talking*:
 *  - TIMEOUT: the target stayed silent, or the port could not send in time
 *  - INVALID_RESPONSE: the target refused (its own code: reflash_last_fault()), or answered nonsense
 *  - FAIL: the port failed, or its `cancelled` said so
 *  - UNSUPPORTED_FUNC: its loader does not know that, secure download mode forbids it, or the transport (SPI, SDIO)
 *    does not carry it; nothing was sent
 *
 *  After one of the first three the target is in its loader or gone, and the context counts as connected all the same:
 *  connect again. What a flash command had begun may be half done; nothing outside the range it named was touched
 *  (ESP8266: see Flash), unless the line damaged its address or size: no checksum protects them.
 *
 *  INVALID_PARAM, UNSUPPORTED_FUNC and IMAGE_SIZE are told here, and what was wanted is not asked for; the conversation
 *  goes on after them, and a write that was begun as well. All functions but those that start one return INVALID_PARAM
 *  without a connection or with a NULL pointer; `loader` itself is never NULL. Buffers have no alignment unless one is
 *  named.
 *
 *  Addresses and sizes are in bytes. Flash addresses count from the start of the flash part. What a function does not
 *  name it leaves as it is: flash, RAM, rate, the target in its loader. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_loader_error.h"
#include "esp_loader_io.h"
#include "esp_loader_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Arguments ------------------------------------------------------------------------------------- */

/** An MD5 that is being computed. Private. */
typedef struct {
    /** @cond */
    uint32_t hash[4];
    uint32_t total_bytes;
    uint32_t block[16];
    /** @endcond */
} reflash_md5_t;

/** One plain write. The caller fills the first four members and keeps the struct until _finish returned. */
typedef struct {
    uint32_t offset;     /*!< Flash address, multiple of 4096. */
    uint32_t image_size; /*!< Bytes to write in all. */
    uint32_t block_size; /*!< Largest piece handed to _write: multiple of 4, at most 6144 for a mask ROM, 16384 for
                              a stub, over SDIO 16360. */
    bool skip_verify; /*!< Do not compare MD5s in _finish. After a disturbed line only they tell whether all arrived. */
    /** @cond */
    struct {
        bool begun;
        uint16_t unit_bytes; /* all pieces but the last are a multiple of it */
        uint32_t sequence;
        uint32_t written_bytes;
        reflash_md5_t md5;
    } _state; /*!< Private. */
    /** @endcond */
} esp_loader_flash_cfg_t;

/** One compressed write (a zlib stream). */
typedef struct {
    uint32_t offset;          /*!< Flash address, multiple of 4096. */
    uint32_t image_size;      /*!< Bytes once unpacked. */
    uint32_t compressed_size; /*!< Bytes of the stream. */
    uint32_t block_size;      /*!< Every piece but the last: multiple of 4, at most 6144, for a stub as above. */
    /** @cond */
    struct {
        bool begun;
        uint32_t sequence;
        uint32_t written_bytes;
    } _state; /*!< Private. */
    /** @endcond */
} esp_loader_flash_deflate_cfg_t;

/** One write to RAM. */
typedef struct {
    uint32_t offset;     /*!< Address in the target's memory. */
    uint32_t size;       /*!< Bytes in all. */
    uint32_t block_size; /*!< Largest piece handed to _write; at most 6144 for a mask ROM, for a stub as above. */
    /** @cond */
    struct {
        bool begun;
        uint32_t sequence;
        uint32_t written_bytes;
    } _state; /*!< Private. */
    /** @endcond */
} esp_loader_mem_cfg_t;

/** A part of an image that belongs to one range of the target's memory. */
typedef struct {
    uint32_t addr;       /*!< Load address. */
    uint32_t size;       /*!< Bytes. */
    const uint8_t *data; /*!< Where the segment's bytes are; not owned. */
} esp_loader_bin_segment_t;

struct reflash_chip;
struct reflash_boot_text;
struct reflash_transport;
struct reflash_stub;
struct reflash_link;

/** A conversation with one target. Allocate it as you like; every member is private. */
typedef struct {
    /** @cond */
    /* Bytes stand in the first 32, half words in the first 64, words in the first 128: what a Cortex-M0 reaches by a
     * short instruction. */
    esp_loader_port_t *_port;
    const struct reflash_transport *_transport;
    const struct reflash_chip *_chip; /* NULL until connected                                  */
    const struct reflash_stub *_stub; /* what runs in the target's RAM; NULL: its mask ROM     */
    uint8_t _locks;                   /* the first flags of its security info; 0: it has none  */
    uint8_t _status_bytes;            /* at the end of every answer; 0 until a SYNC was answered */
    uint8_t _input_at, _input_end;    /* of _input: what was received and not looked at        */
    struct reflash_fault_record {
        uint8_t code, cause, command, target_reason;
        uint16_t strapping;
        uint8_t boot, boot_pin;
    } _fault;
    union {
        struct {
            uint8_t last_rx, last_tx; /* the buffers used last */
        } spi;
        struct {
            uint8_t owed_answer; /* the ROM answers no packet: the opcode to be answered for it; 0: none */
            bool left_rom;       /* it jumped to what was loaded */
        } sdio;
    } _transfer;            /* what the transport remembers */
    uint16_t _frame_bytes;  /* of the last frame that was waited for; 0: none came */
    uint32_t _flash_bytes;  /* 0 until the flash was attached and its size told      */
    uint32_t _answer_value; /* value field of the last answer                        */
    const struct reflash_chip *(*_new_chip_by_id)(uint32_t chip_id); /* NULL: those of the API only */
    const struct reflash_link *_link;     /* NULL: the defaults                               */
    uint32_t _sync_ms;                    /* how long the answer to a SYNC may take           */
    uint32_t _baud;                       /* what both ends talk at                           */
    uint32_t _limit_ms;                   /* what the port's timer was started with           */
    struct reflash_boot_text *_boot_text; /* while connecting: takes whatever the target says */
    uint16_t _answer_bytes;               /* data bytes of the last answer, in front of its status */
    uint32_t _sdio_sequence, _sdio_addr;  /* of the next packet to an SDIO card's ROM */
    uint8_t _input[32];
    uint8_t _frame[80]; /* the last answer, unescaped: 8 header, 68 payload bytes */
    /** @endcond */
} esp_loader_t;

/* --- Start and end --------------------------------------------------------------------------------- */

/** Bind `loader` to a serial port and call the port's `init`.
 *  INVALID_PARAM: a pointer is NULL, or the port lacks a function that serial needs. Otherwise what the port's `init`
 *  returned; after an error of it esp_loader_deinit() calls `deinit` all the same. The target is not touched. `port`
 *  must outlive the context, which may hold anything before. */
esp_loader_error_t esp_loader_init_serial(esp_loader_t *loader, esp_loader_port_t *port);
/** The same for a chip whose mask ROM is an SPI slave (ESP32-S2, S3, C2, C3, H2; the strapping pins choose that, so it
 *  is the port's enter_bootloader that sets them). The port needs `write`, `read` and `spi_set_cs`. Only what needs RAM
 *  and registers works; the rest is UNSUPPORTED_FUNC and sends nothing. An answer carries no checksum on this way. */
esp_loader_error_t esp_loader_init_spi(esp_loader_t *loader, esp_loader_port_t *port);
/** The same for a chip that is an SDIO card (ESP32, C5, C6, C61). The port needs `sdio_write`, `sdio_read` and
 *  `sdio_card_init`. The mask ROM takes nothing but RAM: addresses and all blocks but the last are multiples of 4, the
 *  last is filled up with zeros to one, and nothing tells whether it arrived; all else is UNSUPPORTED_FUNC. Once
 *  esp_loader_mem_finish() has started a RAM program it is talked to as a RAM stub; esp_loader_connect_with_stub() starts
 *  one that all functions use. Whether the chip is locked cannot be asked there: such a one is a stub that does not greet. */
esp_loader_error_t esp_loader_init_sdio(esp_loader_t *loader, esp_loader_port_t *port);
/** Call the port's `deinit` and clear the context, which may then be bound again. Nothing if it is cleared already. The
 *  target stays as it is. */
void esp_loader_deinit(esp_loader_t *loader);

/** Reset the target into its loader, get in step with it and find out which chip it is.
 *  Success: esp_loader_get_target() is known. The target runs its mask ROM loader at the rate that the port was opened
 *  at: where esp_loader_change_transmission_rate() had raised it, the port is first set back to reflash_link_t's
 *  first_baud.
 *  INVALID_PARAM: no port is bound, `trials` below 1, or `sync_timeout` 0; an earlier connection goes on. All others
 *  are those of the last trial, and leave the context unconnected and the target reset. TIMEOUT: no answer;
 *  reflash_last_fault() tells what the target did instead. INVALID_RESPONSE: it refused, nonsense came, or it was not
 *  reset and a RAM stub answered that runs already (REFLASH_BOOT_STUB). FAIL: the port failed; not tried again.
 *  INVALID_TARGET: a chip this build does not know, found twice or in the last trial. */
esp_loader_error_t esp_loader_connect(esp_loader_t *loader, esp_loader_connect_args_t *connect_args);
/** The same, then upload a RAM stub and start it: esp_loader_connect(), then reflash_stub_start() (reflash.h), and the
 *  errors of both. UNSUPPORTED_FUNC: no stub can be started there; it is connected all the same, with its mask ROM.
 *  A stub that runs already, because nothing resets the target, is used as it is; if it is none that this program has
 *  UNSUPPORTED_FUNC leaves the context unconnected. */
esp_loader_error_t esp_loader_connect_with_stub(esp_loader_t *loader, esp_loader_connect_args_t *connect_args);
/** The same for a chip in secure download mode, which does not tell its flash: `flash_size` is what the caller knows,
 *  bytes, a multiple of 4096. Success: the flash is attached as well. What such a chip permits are FLASH_BEGIN, _DATA
 *  and _END, attaching, the rate and security info: writes without a comparison (`skip_verify`) and erases of regions.
 *  All else - registers, RAM, digests, reading - is UNSUPPORTED_FUNC and sends nothing. A chip that is not in that
 *  mode is connected all the same. INVALID_PARAM: the size is none; nothing was sent. Errors of esp_loader_connect(),
 *  then, while the flash is attached, of talking: connect again. esp_loader_connect() finds such a chip as well, but
 *  has no flash then. */
esp_loader_error_t esp_loader_connect_secure_download_mode(esp_loader_t *loader,
                                                           esp_loader_connect_args_t *connect_args,
                                                           uint32_t flash_size);
/** The chip found by connect; ESP_UNKNOWN_CHIP before, and after a connect that failed. Asks the target nothing. Never
 *  more than ESP_UNKNOWN_CHIP, unless reflash_allow_new_chips() was called. */
target_chip_t esp_loader_get_target(esp_loader_t *loader);
/** Reset the target into its application, through the port; nothing is sent, and nothing without a port. Afterwards no
 *  loader listens, which the context does not know: connect again before the next call. */
void esp_loader_reset_target(esp_loader_t *loader);

/** Set both ends to `rate` baud and prove it with a SYNC at the new rate.
 *  Success: both talk at `rate`. Where a mask ROM is wrong about its crystal (ESP32, ESP32-C2, ESP32-C5) it is asked
 *  for the rate that comes out as `rate`.
 *  INVALID_PARAM: `rate` is 0. UNSUPPORTED_FUNC: the chip, or the port, cannot; nothing changed. An ESP8266's ROM
 *  keeps the rate at which it was connected, so there open the port at the wanted rate.
 *  Errors of talking else: the line does not work at `rate` (TIMEOUT, INVALID_RESPONSE), the target refuses it
 *  (INVALID_RESPONSE), or the port cannot be set to it (FAIL). Both ends are back at the rate before, where the
 *  conversation goes on. If nothing else helped the target was reset into its loader for that: what was begun - a
 *  write, a RAM program - is gone. If not even that helped it counts as not connected: esp_loader_get_target() is
 *  ESP_UNKNOWN_CHIP.
 *  The rate before is that of the last successful call, at first reflash_link_t's first_baud. */
esp_loader_error_t esp_loader_change_transmission_rate(esp_loader_t *loader, uint32_t rate);

/* --- Flash ----------------------------------------------------------------------------------------- */
/* The first of these calls attaches the flash, reads its JEDEC id and tells the loader its size (without that a mask
 * ROM refuses everything above 2 MB). So all that begin or ask something have these, here called *errors of the
 * flash*:
 * - errors of talking; TIMEOUT also if the chip's flash controller stays busy
 * - UNSUPPORTED_CHIP: no flash answers, or its id does not tell a size; the conversation goes on
 * - UNSUPPORTED_FUNC: secure download mode, and nobody told the size; or the range is beyond the loader's reach, see
 *   below
 * - IMAGE_SIZE: the range leaves the flash
 *
 * The last two leave the flash as it is.
 *
 * An ESP8266's ROM has no digests, so whatever compares is UNSUPPORTED_FUNC and sends nothing. It erases an even
 * number of sectors before a 64 KiB border, so after an odd run it may erase one sector more. Where that one would lie
 * beyond the flash the answer is IMAGE_SIZE, and nothing is erased.
 * An ESP32-P4 of revision 3.1 or 3.2 does not power its flash by itself: that is done first, but not in secure
 * download mode, where it cannot be.
 *
 * Parts of up to 256 MB are known by their ids. A mask ROM reaches the first 16 MiB of them, and so does a stub,
 * except on ESP32-S3 (1 GiB), ESP32-P4 (64 MiB), ESP32-C5 and ESP32-C61 (32 MiB). A range beyond that is
 * UNSUPPORTED_FUNC, and nothing is sent: such a loader would take the address modulo 16 MiB. */

/** Begin a plain write of `cfg->image_size` bytes and erase every sector it touches (a stub: each as it is written).
 *  `cfg` is begun only if this succeeds; _write and _finish refuse one that is not. One write at a time.
 *  INVALID_PARAM, which leaves `cfg` as it was: a start that is no sector start, no bytes, or a block size that the
 *  loader does not take. Errors of the flash; after those of talking some sectors may be erased. */
esp_loader_error_t esp_loader_flash_start(esp_loader_t *loader, esp_loader_flash_cfg_t *cfg);
/** Write the next `size` bytes: at most cfg->block_size, and a multiple of 4 unless they are the last. (ESP8266:
 *  exactly cfg->block_size unless they are the last.) `payload` needs no padding. A block whose checksum the
 *  target refuses, or whose answer is lost, is repeated as that loader counts blocks.
 *  IMAGE_SIZE: more than announced; nothing was sent. INVALID_PARAM: not begun, or a size that is not allowed here; the
 *  write goes on after both. Errors of talking: what was to be written is erased, half written, or as it was; begin
 *  again. */
esp_loader_error_t esp_loader_flash_write(esp_loader_t *loader, esp_loader_flash_cfg_t *cfg, const void *payload,
                                          uint32_t size);
/** End a write; whatever this returns, `cfg` must be begun again for another. The target stays in its loader.
 *  INVALID_PARAM: not begun. IMAGE_SIZE: less was written than announced; nothing was sent. Unless skip_verify:
 *  INVALID_MD5 when the flash does not hold what was passed to _write, and always in a build with REFLASH_MD5 off;
 *  UNSUPPORTED_FUNC on an ESP8266, whose ROM has no digests, and in secure download mode: it is written then, and not
 *  proved. Errors of talking: a stub tells only now what became of the last block; write it all again. */
esp_loader_error_t esp_loader_flash_finish(esp_loader_t *loader, esp_loader_flash_cfg_t *cfg);

/* A write of compressed data. That the target took all of it, and that a mask ROM found its checksum right, does not
 * prove that the flash holds what was meant: questions carry no checksum, and a stub does not look at that of a long
 * stream. Compare afterwards: esp_loader_flash_verify_known_md5(). */

/** Begin a write of a zlib stream and erase every sector that it will touch once unpacked (a stub: as it goes). `cfg`
 *  is begun only if this succeeds. INVALID_PARAM: as for esp_loader_flash_start(), or a stream of no bytes. Errors of
 *  the flash; after those of talking some sectors may be erased.
 *  UNSUPPORTED_FUNC: the loader cannot unpack (ESP8266 without a stub), or, the ESP32's mask ROM, would end with a
 *  write of 32 KiB whatever the image's size and so damage what is stored after it. */
esp_loader_error_t esp_loader_flash_deflate_start(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg);
/** Send the next piece of the stream: exactly cfg->block_size bytes, or what is left of compressed_size if that is
 *  less. Nothing may follow the stream's end: a mask ROM would hang. IMAGE_SIZE: more than announced.
 *  INVALID_PARAM: not begun, or another size; the stream goes on after both. Errors of talking: begin again, since a
 *  disturbed stream cannot be taken up, except where this was already done; the range is erased or half written. */
esp_loader_error_t esp_loader_flash_deflate_write(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg,
                                                  void *payload, uint32_t size);
/** End it; whatever this returns, `cfg` must be begun again. The target stays in its loader. INVALID_PARAM: not begun.
 *  IMAGE_SIZE: less was sent than announced. Errors of talking: a stub tells only now what became of the last blocks. A
 *  mask ROM is asked nothing. */
esp_loader_error_t esp_loader_flash_deflate_finish(esp_loader_t *loader, esp_loader_flash_deflate_cfg_t *cfg);

/** The size of the flash part in bytes, from its JEDEC id. `*flash_size` is set by success only. Errors of the
 *  flash. After esp_loader_connect_secure_download_mode() it is what the caller told. */
esp_loader_error_t esp_loader_flash_detect_size(esp_loader_t *loader, uint32_t *flash_size);
/** Read `length` bytes from flash address `address`, any start and size, and prove them by their MD5. A mask ROM takes
 *  a question for each 64 bytes. Errors of the flash; UNSUPPORTED_FUNC: also an ESP8266 without a stub. INVALID_MD5:
 *  they kept arriving otherwise than the target says that they are; the conversation goes on. After any error `buf`
 *  holds anything. */
esp_loader_error_t esp_loader_flash_read(esp_loader_t *loader, uint8_t *buf, uint32_t address, uint32_t length);
/** Erase the whole flash part; it then holds 0xFF. A write that was begun has to be begun again. Errors of the flash;
 *  UNSUPPORTED_FUNC: also a part of more than 16 MiB without a stub. After those of talking parts of it may be erased,
 *  and after TIMEOUT the target may still be at it. */
esp_loader_error_t esp_loader_flash_erase(esp_loader_t *loader);
/** Erase `size` bytes from flash address `offset`, both multiples of 4096; they then hold 0xFF. A write that was begun
 *  has to be begun again.
 *  INVALID_PARAM: they are no such multiples, or `size` is 0. Errors of the flash; after those of talking parts of the
 *  range may be erased. */
esp_loader_error_t esp_loader_flash_erase_region(esp_loader_t *loader, uint32_t offset, uint32_t size);
/** Compare the MD5 of a flash range with `expected_md5`: 32 hexadecimal digits in ASCII (any case), not 16 bytes; they
 *  need not be followed by a zero. Any start and size. INVALID_MD5: they differ; the conversation goes on.
 *  INVALID_PARAM: no such digits. Errors of the flash; UNSUPPORTED_FUNC: also an ESP8266 without a stub, and secure
 *  download mode. For raw digests see reflash_flash_verify_md5(). */
esp_loader_error_t esp_loader_flash_verify_known_md5(esp_loader_t *loader, uint32_t address, uint32_t size,
                                                     const uint8_t *expected_md5);

/* --- RAM, registers, identity ---------------------------------------------------------------------- */

/* A program's segments are loaded one after the other, each with _start and as many _write as it takes; one _finish
 * after the last starts it:
 *
 *     for (each segment) { esp_loader_mem_start; esp_loader_mem_write ...; }
 *     esp_loader_mem_finish(loader, &cfg, header.entrypoint);
 *
 * The target stores whatever it is told to wherever it is told to: RAM that its loader uses is the caller's to avoid. */

/** Begin a write to RAM: `cfg->size` bytes from address `cfg->offset` on, any alignment (SDIO: multiples of 4). `cfg`
 *  is begun only if this succeeds. INVALID_PARAM: no bytes, a range that reaches the end of the address space, or a
 *  block size that the loader does not take. Errors of talking. */
esp_loader_error_t esp_loader_mem_start(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg);
/** Write the next `size` bytes, at most cfg->block_size. Nothing is padded. The end of each piece is read back (a
 *  stub's all of it, which takes long): FAIL with REFLASH_CAUSE_DIGEST_MISMATCH where the RAM does not hold it, after
 *  which the conversation goes on. Errors of talking. After either begin the segment again. IMAGE_SIZE: more than
 *  announced. INVALID_PARAM: not begun, or a size that is not allowed here. Nothing was sent after these two, and the
 *  write goes on. */
esp_loader_error_t esp_loader_mem_write(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg, const void *payload,
                                        uint32_t size);
/** End a write; whatever this returns, `cfg` must be begun again. `entrypoint` 0: the loader stays, and is asked
 *  whether it did. Else it jumps there, and unless the program comes back to it the loader is gone: connect again
 *  then. Errors of talking; asked once, so after TIMEOUT and INVALID_RESPONSE other than a refusal the program may run
 *  all the same. INVALID_PARAM: not begun. IMAGE_SIZE: less was written than announced; nothing was sent. */
esp_loader_error_t esp_loader_mem_finish(esp_loader_t *loader, esp_loader_mem_cfg_t *cfg, uint32_t entrypoint);
/** The factory MAC address, 6 bytes, most significant first. `mac` is set by success only. Errors of talking;
 *  INVALID_RESPONSE: also an ESP8266 whose words hold no address. */
esp_loader_error_t esp_loader_read_mac(esp_loader_t *loader, uint8_t *mac);
/** Write one 32-bit word at `address` of the target's memory, a multiple of 4. An address the chip does not have may
 *  end its loader, which is then silent: TIMEOUT. Errors of talking: the word may have been written; asked up to three
 *  times, so a register that acts on each write may have acted more than once. */
esp_loader_error_t esp_loader_write_register(esp_loader_t *loader, uint32_t address, uint32_t value);
/** Read one 32-bit word likewise. `*value` is set by success only. Errors of talking; asked up to three times, so a
 *  register that changes as it is read may have changed. */
esp_loader_error_t esp_loader_read_register(esp_loader_t *loader, uint32_t address, uint32_t *value);
/** What the efuses say about security. `*security_info` is set by success only. Errors of talking; UNSUPPORTED_FUNC:
 *  also ESP8266 and ESP32, whose loaders have no such command. */
esp_loader_error_t esp_loader_get_security_info(esp_loader_t *loader, esp_loader_target_security_info_t *security_info);

#ifdef __cplusplus
}
#endif
