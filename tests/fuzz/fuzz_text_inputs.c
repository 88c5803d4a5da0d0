/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs that are text: Intel HEX, flash_args and idedata.json. Any text is understood or refused with a message. Half of
 * the Intel HEX gets lines with right sums, from records in the input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "inputs.h"
#include "intel_hex.h"

static void need(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_hex(const uint8_t *text, size_t bytes)
{
    hex_pieces_t pieces;
    char why[200] = "";
    if (!hex_read(&pieces, text, bytes, why, sizeof(why))) {
        need(pieces.pieces == NULL && why[0] != '\0');
        return;
    }
    need(pieces.count > 0);
    for (uint32_t at = 0; at < pieces.count; at++) {
        const hex_piece_t *piece = &pieces.pieces[at];
        need(piece->bytes > 0 && piece->bytes <= INPUTS_FLASH_BYTES_MAX - piece->addr);
        need(at == 0 || piece->addr > piece[-1].addr + piece[-1].bytes);
    }
    hex_free(&pieces);
}

/* A record is its type, two bytes of address, its size and its data. */
static void check_records(input_t *input)
{
    enum { TEXT_BYTES = 8192, LINE_BYTES = 600 };
    static char text[TEXT_BYTES];
    size_t used = 0;
    while (input->left > 0 && used < TEXT_BYTES - LINE_BYTES) {
        const uint8_t type = input_byte(input) % 8;
        const uint8_t high = input_byte(input);
        const uint8_t low = input_byte(input);
        size_t bytes;
        const uint8_t *data = input_slice(input, input_byte(input) % 32, &bytes);
        uint8_t sum = (uint8_t)(bytes + high + low + type);
        used += (size_t)sprintf(text + used, ":%02X%02X%02X%02X", (unsigned)bytes, high, low, type);
        for (size_t at = 0; at < bytes; at++) {
            sum = (uint8_t)(sum + data[at]);
            used += (size_t)sprintf(text + used, "%02x", data[at]);
        }
        used += (size_t)sprintf(text + used, "%02X\r\n", (uint8_t)-sum);
    }
    used += (size_t)sprintf(text + used, ":00000001FF\n");
    check_hex((const uint8_t *)text, used);
}

static void check_listing(inputs_result_t result, inputs_listing_t *listing, const char *message)
{
    if (result != INPUTS_OK) {
        need(listing->entries == NULL && message[0] != '\0');
        return;
    }
    for (uint32_t at = 0; at < listing->count; at++) {
        need(listing->entries[at].path != NULL && listing->entries[at].flash_addr < INPUTS_FLASH_BYTES_MAX);
    }
    inputs_listing_free(listing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input = {data, size};
    inputs_listing_t listing;
    uint32_t app_addr = 0;
    char message[256] = "";
    switch (input_byte(&input) % 4) {
    case 0:
        check_hex(input.at, input.left);
        break;
    case 1:
        check_records(&input);
        break;
    case 2:
        check_listing(inputs_parse_flash_args((const char *)input.at, input.left, "flash_args", &listing, message,
                                              sizeof(message)),
                      &listing, message);
        break;
    default:
        check_listing(inputs_parse_idedata((const char *)input.at, input.left, "idedata.json", &listing, &app_addr,
                                           message, sizeof(message)),
                      &listing, message);
        break;
    }
    return 0;
}
