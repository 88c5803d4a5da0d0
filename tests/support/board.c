/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { END = 0xC0, ESC = 0xDB, ESC_END = 0xDC, ESC_ESC = 0xDD, HEADER_BYTES = 8, OP_SYNC = 0x08 };

board_t board_blank(void)
{
    return (board_t){
        .config = {.rom = &reflash_rom_esp32,
                   .flash_bytes = BOARD_FLASH_BYTES,
                   .trained = true,
                   .timing = espsim_timing_typical()},
        .host_baud = BOARD_BAUD,
    };
}

void board_power_on(board_t *board)
{
    board->flash = malloc(board->config.flash_bytes);
    assert_non_null(board->flash);
    memset(board->flash, 0xFF, board->config.flash_bytes);
    board->config.flash = board->flash;
    board->sim = espsim_create(&board->config);
    assert_non_null(board->sim);
}

void board_free(board_t *board)
{
    espsim_destroy(board->sim);
    free(board->flash);
    free(board->heard);
    free(board->heard_ns);
    *board = (board_t){0};
}

/* --- Listening ------------------------------------------------------------------------------------------- */

static void hear(board_t *board)
{
    uint8_t byte;
    while (espsim_transmit(board->sim, &byte, board->host_baud)) {
        if (board->heard_count == board->heard_capacity) {
            board->heard_capacity = 2 * board->heard_capacity + 1024;
            board->heard = realloc(board->heard, board->heard_capacity + 1); /* one for board_text() */
            board->heard_ns = realloc(board->heard_ns, board->heard_capacity * sizeof(*board->heard_ns));
            assert_non_null(board->heard);
            assert_non_null(board->heard_ns);
        }
        board->heard[board->heard_count] = byte;
        board->heard_ns[board->heard_count++] = espsim_now(board->sim);
    }
}

/* One event at a time, so that each byte is heard when it arrives. False: none until `end_ns`. */
static bool step(board_t *board, uint64_t end_ns)
{
    hear(board);
    const uint64_t next_ns = espsim_next_event(board->sim);
    if (next_ns > end_ns || next_ns == UINT64_MAX) {
        return false;
    }
    espsim_advance(board->sim, next_ns);
    return true;
}

void board_wait_ns(board_t *board, uint64_t ns)
{
    const uint64_t end_ns = espsim_now(board->sim) + ns;
    while (step(board, end_ns)) {
    }
    espsim_advance(board->sim, end_ns);
    hear(board);
}

void board_settle(board_t *board)
{
    while (step(board, UINT64_MAX)) {
    }
}

void board_forget(board_t *board)
{
    board->heard_count = 0;
}

const char *board_text(board_t *board)
{
    if (board->heard == NULL) {
        return "";
    }
    board->heard[board->heard_count] = '\0';
    return (const char *)board->heard;
}

bool board_said(const board_t *board, const char *text)
{
    return memmem(board->heard, board->heard_count, text, strlen(text)) != NULL;
}

/* --- Talking --------------------------------------------------------------------------------------------- */

void board_send(board_t *board, const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        board_wait_ns(board, UINT64_C(10000000000) / board->host_baud);
        espsim_receive(board->sim, bytes[at], board->host_baud);
    }
}

static void send_escaped(board_t *board, uint8_t byte)
{
    const uint8_t escaped[2] = {ESC, byte == END ? ESC_END : ESC_ESC};
    if (byte == END || byte == ESC) {
        board_send(board, escaped, sizeof(escaped));
    } else {
        board_send(board, &byte, 1);
    }
}

static void send_words(board_t *board, const uint32_t *words, size_t count)
{
    for (size_t at = 0; at < 4 * count; at++) {
        send_escaped(board, (uint8_t)(words[at / 4] >> (8 * (at % 4))));
    }
}

void board_request(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count, const uint8_t *data,
                   size_t data_bytes)
{
    const uint8_t end = END;
    const size_t payload_bytes = 4 * word_count + data_bytes;
    uint32_t checksum = 0xEF;
    for (size_t at = 0; at < data_bytes; at++) {
        checksum ^= data[at];
    }
    board_send(board, &end, 1);
    send_words(board, (const uint32_t[]){(uint32_t)opcode << 8 | (uint32_t)payload_bytes << 16, checksum}, 2);
    send_words(board, words, word_count);
    for (size_t at = 0; at < data_bytes; at++) {
        send_escaped(board, data[at]);
    }
    board_send(board, &end, 1);
}

void board_sync(board_t *board)
{
    BOARD_REQUEST(board, OP_SYNC, 0x20120707, 0x55555555, 0x55555555, 0x55555555, 0x55555555, 0x55555555, 0x55555555,
                  0x55555555, 0x55555555);
}

/* --- Frames ---------------------------------------------------------------------------------------------- */

/* The frame that ends first behind *at, which is moved there. */
static board_frame_t next_frame(const board_t *board, size_t *at)
{
    board_frame_t frame = {.count = 0};
    bool inside = false;
    bool escaped = false;
    for (; *at < board->heard_count; (*at)++) {
        uint8_t byte = board->heard[*at];
        if (byte == END && frame.count > 0) {
            (*at)++;
            return frame;
        }
        if (byte == END) {
            inside = true;
        } else if (byte == ESC && !escaped) {
            escaped = true;
        } else if (inside) {
            byte = !escaped ? byte : byte == ESC_END ? END : ESC;
            escaped = false;
            frame.count += frame.count < sizeof(frame.bytes) ? 1 : 0;
            frame.bytes[frame.count - 1] = byte;
        }
    }
    return (board_frame_t){.count = 0};
}

board_frame_t board_frame(const board_t *board, size_t index)
{
    size_t at = 0;
    board_frame_t frame = next_frame(board, &at);
    while (index > 0 && frame.count > 0) {
        frame = next_frame(board, &at);
        index--;
    }
    return frame;
}

size_t board_frame_count(const board_t *board)
{
    size_t count = 0;
    for (size_t at = 0; next_frame(board, &at).count > 0;) {
        count++;
    }
    return count;
}

int board_ask(board_t *board, uint8_t opcode, const uint32_t *words, size_t word_count, const uint8_t *data,
              size_t data_bytes)
{
    board_forget(board);
    board_request(board, opcode, words, word_count, data, data_bytes);
    board_settle(board);
    const board_frame_t answer = board_frame(board, 0);
    const size_t status_bytes = board->config.rom->status_bytes;
    if (board_frame_count(board) != 1 || answer.count < HEADER_BYTES + status_bytes) {
        return -1;
    }
    const uint8_t *status = &answer.bytes[answer.count - status_bytes];
    return status[0] << 8 | status[1];
}

/* --- Ways to begin --------------------------------------------------------------------------------------- */

void board_reset(board_t *board, bool boot_low)
{
    espsim_set_lines(board->sim, true, boot_low);
    board_wait_ns(board, 100 * BOARD_MS_NS);
    espsim_set_lines(board->sim, false, boot_low);
}

static board_t in_loader(const reflash_rom_t *rom)
{
    board_t board = board_blank();
    board.config.rom = rom;
    board_power_on(&board);
    board_reset(&board, true);
    board_settle(&board);
    board_forget(&board);
    return board;
}

board_t board_in_loader(void)
{
    return in_loader(&reflash_rom_esp32);
}

board_t board_synced_of(const reflash_rom_t *rom)
{
    board_t board = in_loader(rom);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(board_frame_count(&board), 8);
    board_forget(&board);
    return board;
}

board_t board_synced(void)
{
    return board_synced_of(&reflash_rom_esp32);
}
