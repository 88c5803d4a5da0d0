/* SPDX-License-Identifier: Apache-2.0 */
/** A board for tests: a virtual chip with its flash, and a host end that speaks raw bytes. It has a receiver and
 *  packets of its own, so that a test does not lean on what it tests. */
#pragma once

#include "espsim.h"

#define BOARD_FLASH_BYTES (4u << 20)
#define BOARD_BAUD 115200u
#define BOARD_BYTE_NS 86805u /* ten bits at 115200 baud */
#define BOARD_MS_NS UINT64_C(1000000)

/** Before its chip is made the caller may change what is in `config`. */
typedef struct {
    espsim_config_t config; /* .flash is NULL: board_power_on() makes it, blank */
    espsim_t *sim;
    uint8_t *flash;     /* BOARD_FLASH_BYTES of content */
    uint32_t host_baud; /* both ways */
    uint8_t *heard;     /* all the chip has sent, in order */
    uint64_t *heard_ns; /* when each of these bytes had arrived */
    size_t heard_count, heard_capacity;
} board_t;

typedef struct {
    uint8_t bytes[256]; /* unescaped, without end bytes; what does not fit is dropped */
    size_t count;       /* 0: no frame */
} board_frame_t;

/** A blank ESP32 that skips auto-baud, with typical timing; no chip yet. */
board_t board_blank(void);
/** Make the chip, in reset. Fails the test if there is none. */
void board_power_on(board_t *board);
/** board_blank(), board_power_on(), and reset into the loader; what it prints is forgotten. */
board_t board_in_loader(void);
/** The same after a SYNC and its eight answers. */
board_t board_synced(void);
board_t board_synced_of(const reflash_rom_t *rom);
void board_free(board_t *board);

/** Reset with the boot pin at `boot_low`, which stays there. */
void board_reset(board_t *board, bool boot_low);
/** Let time pass and collect what the chip sends. */
void board_wait_ns(board_t *board, uint64_t ns);
/** Wait until the chip has nothing more to do or to send. */
void board_settle(board_t *board);
void board_forget(board_t *board);
/** All that was heard, as text. Good until something more is heard. */
const char *board_text(board_t *board);
/** Whether `text` is in it, behind whatever other bytes. */
bool board_said(const board_t *board, const char *text);

/** Send bytes at host_baud, one after the other. */
void board_send(board_t *board, const uint8_t *bytes, size_t count);
/** Send a request of words: its payload is `words`, then `data`. The checksum is that of `data`. */
void board_request(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count, const uint8_t *data,
                   size_t data_bytes);
#define BOARD_REQUEST(board, opcode, ...)                                                                              \
    board_request(board, opcode, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4, NULL, 0)
void board_sync(board_t *board);

/** Frame number `index` of what was heard. */
board_frame_t board_frame(const board_t *board, size_t index);
size_t board_frame_count(const board_t *board);
/** Forget, send, settle: the first two status bytes of the one answer, first one high; -1: not exactly one frame. */
int board_ask(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count, const uint8_t *data,
              size_t data_bytes);
#define BOARD_ASK(board, opcode, ...)                                                                                  \
    board_ask(board, opcode, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4, NULL, 0)
