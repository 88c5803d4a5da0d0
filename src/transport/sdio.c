/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to an SDIO card: its standard registers, the registers of the chip's link controller, the packets of the
 * mask ROM, and those of a RAM stub. */
#include "transport/sdio.h"

#include <string.h>

#include "wire/bytes.h"
#include "wire/packet.h"

/* Addresses have 17 bits. In this file the bit above tells those of function 0 from the same of function 1, and the
 * next one the direction. */
enum { CARD = 1 << 17, WRITING = 1 << 18 };

/* Function 0: registers that every SDIO card has. */
enum { FUNCTION_ENABLE = CARD | 0x02, FUNCTION_READY = CARD | 0x03, CIS_POINTER = CARD | 0x09, FUNCTION_1 = 1 << 1 };
enum { CIS_BYTES = 32, TUPLE_NULL = 0x00, TUPLE_MANUFACTURER = 0x20, TUPLE_END = 0xFF, MANUFACTURER_BYTES = 4 };

/* Function 1: the chip's link controller as the host sees it. */
enum {
    TOKEN_RDATA = 0x44,
    INT_ST = 0x58,
    STATE_W0 = 0x64,
    CONF_W0 = 0x6C,
    CONF_W5 = 0x80,
    WIN_CMD = 0x84,
    INT_CLR = 0xD4,
    PACKETS_END = 0x1F800 /* a packet of n bytes is written to, and read from, n bytes in front of it */
};
enum { WINDOW_READ = 0x80, WINDOW_WRITE = 0xC0 };
#define NEW_PACKET (UINT32_C(1) << 23)
#define STITCHING (UINT32_C(3) << 5)
#define CREDITS_SHIFT 16
#define CREDITS (UINT32_C(0xFFF) << CREDITS_SHIFT)
#define PACKET_LOAD_ENABLE (UINT32_C(1) << 24)

/* The mask ROM's packets. */
enum {
    SIP_BYTES_MAX = 256,
    SIP_HEADER_BYTES = 20, /* with the two words of each command that is used here */
    SIP_DATA_BYTES_MAX = SIP_BYTES_MAX - SIP_HEADER_BYTES,
    SIP_SYNC = 0x04,
    SIP_WRITE_MEMORY = 1,
    SIP_BOOT = 5
};

/* A RAM stub's. */
enum { CREDIT_BLOCK_BYTES = 512, CHUNK_BYTES = SIP_BYTES_MAX };

enum { STATUS_BYTES = 2, EAGER_POLLS = 100 };

/* --- Registers ------------------------------------------------------------------------------------- */

static esp_loader_error_t transfer(esp_loader_t *loader, uint32_t addr, void *data, uint16_t bytes)
{
    esp_loader_port_t *port = loader->_port;
    const uint32_t left_ms = port->ops->remaining_time(port);
    const uint32_t function = (addr & CARD) != 0 ? 0 : 1;
    const uint32_t bare_addr = addr & (CARD - 1);
    if (left_ms == 0) {
        return ESP_LOADER_ERROR_TIMEOUT;
    }
    return (addr & WRITING) != 0 ? port->ops->sdio_write(port, function, bare_addr, data, bytes, left_ms)
                                 : port->ops->sdio_read(port, function, bare_addr, data, bytes, left_ms);
}

static esp_loader_error_t read(esp_loader_t *loader, uint32_t addr, void *data, uint16_t bytes)
{
    return transfer(loader, addr, data, bytes);
}

static esp_loader_error_t write(esp_loader_t *loader, uint32_t addr, void *data, uint16_t bytes)
{
    return transfer(loader, addr | WRITING, data, bytes);
}

/* Turn words into what stands in memory little-endian; ports may move aligned words. */
static void order_bytes(uint32_t *words, unsigned count)
{
    for (unsigned at = 0; at < count; at++) {
        words[at] = reflash_le32(words[at]);
    }
}

/* Of a word, `bytes` may be all that is there. */
static esp_loader_error_t read_word(esp_loader_t *loader, uint32_t addr, uint32_t *word, uint16_t bytes)
{
    *word = 0;
    RETURN_ON_ERROR(read(loader, addr, word, bytes));
    *word = reflash_le32(*word);
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t write_word(esp_loader_t *loader, uint32_t addr, uint32_t word)
{
    order_bytes(&word, 1);
    return write(loader, addr, &word, sizeof(word));
}

/* Registers that the host sees only through a window. */
static esp_loader_error_t read_behind_window(esp_loader_t *loader, uint8_t reg, uint32_t *value)
{
    RETURN_ON_ERROR(write_word(loader, WIN_CMD, (uint32_t)WINDOW_READ << 8 | reg >> 2));
    return read_word(loader, STATE_W0, value, sizeof(*value));
}

/* --- Waiting --------------------------------------------------------------------------------------- */

/* Poll until the bits `mask` of a register are at least the number `wanted`. */
static esp_loader_error_t await(esp_loader_t *loader, uint32_t addr, uint32_t mask, uint32_t wanted)
{
    for (unsigned poll = 0;; poll++) { /* until the timer ends read_word() */
        uint32_t word;
        RETURN_ON_ERROR(read_word(loader, addr, &word, addr < CARD ? sizeof(word) : 1));
        if ((word & mask) >= wanted) {
            return ESP_LOADER_SUCCESS;
        }
        if (poll >= EAGER_POLLS) {
            loader->_port->ops->delay_ms(loader->_port, 1);
        }
    }
}

static esp_loader_error_t await_ready(esp_loader_t *loader)
{
    return await(loader, FUNCTION_READY, FUNCTION_1, FUNCTION_1);
}

/* Set bits of a register behind the window, and tell what it holds if they stick. */
static esp_loader_error_t set_bits(esp_loader_t *loader, uint8_t reg, uint32_t bits, uint32_t *wanted)
{
    RETURN_ON_ERROR(await_ready(loader));
    RETURN_ON_ERROR(read_behind_window(loader, reg, wanted));
    *wanted |= bits;
    uint32_t command[] = {*wanted, (uint32_t)WINDOW_WRITE << 8 | reg >> 2};
    order_bytes(command, sizeof(command) / sizeof(command[0]));
    return write(loader, CONF_W5, command, sizeof(command));
}

/* --- The mask ROM's packets ------------------------------------------------------------------------ */

enum { HEAD_WORD, ID_WORD, SEQUENCE_WORD, FIRST_WORD, SECOND_WORD, SIP_HEADER_WORDS };

/* Complete the packet that has `data_bytes` behind its header, and send it. */
static esp_loader_error_t send_sip(esp_loader_t *loader, uint32_t *packet, uint32_t data_bytes)
{
    const uint16_t bytes = (uint16_t)(SIP_HEADER_BYTES + data_bytes);
    const uint32_t flags = packet[ID_WORD] == SIP_BOOT ? SIP_SYNC : 0;
    packet[HEAD_WORD] = flags << 8 | (uint32_t)bytes << 16;
    order_bytes(packet, SIP_HEADER_WORDS);
    return write(loader, PACKETS_END - bytes, packet, bytes);
}

static esp_loader_error_t begin_memory(esp_loader_t *loader, const reflash_request_t *request)
{
    enum { ADDR_WORD = 3 };
    loader->_sdio_addr = request->words[ADDR_WORD];
    return loader->_sdio_addr % 4 == 0 ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_INVALID_PARAM;
}

static esp_loader_error_t write_memory(esp_loader_t *loader, const reflash_request_t *request)
{
    uint32_t at = REFLASH_HEADER_BYTES + 4u * request->word_count;
    uint32_t addr = loader->_sdio_addr;
    if (addr % 4 != 0) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    RETURN_ON_ERROR(await_ready(loader));
    for (;;) {
        uint32_t packet[SIP_BYTES_MAX / 4] = {0};
        const uint32_t bytes =
            reflash_request_copy(request, at, (uint8_t *)&packet[SIP_HEADER_WORDS], SIP_DATA_BYTES_MAX);
        if (bytes == 0) {
            break;
        }
        const uint32_t padded_bytes = (bytes + 3) & ~UINT32_C(3);
        packet[ID_WORD] = SIP_WRITE_MEMORY;
        packet[SEQUENCE_WORD] = loader->_sdio_sequence;
        packet[FIRST_WORD] = addr;
        packet[SECOND_WORD] = padded_bytes;
        RETURN_ON_ERROR(send_sip(loader, packet, padded_bytes));
        loader->_sdio_sequence++;
        at += bytes;
        addr += bytes;
    }
    loader->_sdio_addr = addr;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t end_memory(esp_loader_t *loader, const reflash_request_t *request)
{
    enum { STAY_WORD, ENTRY_WORD, DISCARD_LINK = 1 };
    if (request->words[STAY_WORD] != 0) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(await_ready(loader));
    uint32_t packet[] = {0, SIP_BOOT, 0, request->words[ENTRY_WORD], DISCARD_LINK};
    RETURN_ON_ERROR(send_sip(loader, packet, 0));
    loader->_transfer.sdio.left_rom = true;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t send_to_rom(esp_loader_t *loader, const reflash_request_t *request)
{
    switch (request->opcode) {
    case REFLASH_MEM_BEGIN:
        return begin_memory(loader, request);
    case REFLASH_MEM_DATA:
        return write_memory(loader, request);
    case REFLASH_MEM_END:
        return end_memory(loader, request);
    default:
        return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
    }
}

/* The answer that a ROM would have given: header, and a status that says all is well. */
static void make_answer(uint8_t *frame, uint8_t opcode)
{
    memset(frame, 0, REFLASH_HEADER_BYTES + STATUS_BYTES);
    frame[0] = 0x01;
    frame[1] = opcode;
    frame[2] = STATUS_BYTES;
}

/* --- A stub's packets ------------------------------------------------------------------------------ */

static esp_loader_error_t send_to_stub(esp_loader_t *loader, const reflash_request_t *request, uint32_t at)
{
    const uint8_t opcode = request->opcode;
    uint32_t left_bytes = reflash_request_bytes(request) - at;
    if (opcode == REFLASH_SYNC || opcode == REFLASH_CHANGE_BAUDRATE) {
        return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
    }
    if (left_bytes > REFLASH_SDIO_MESSAGE_BYTES_MAX) { /* there is never credit for more */
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    const uint32_t credits = (left_bytes + CREDIT_BLOCK_BYTES - 1) / CREDIT_BLOCK_BYTES;
    RETURN_ON_ERROR(await(loader, TOKEN_RDATA, CREDITS, credits << CREDITS_SHIFT));
    while (left_bytes > 0) {
        uint32_t chunk[CHUNK_BYTES / 4];
        const uint16_t bytes = reflash_request_copy(request, at, (uint8_t *)chunk, CHUNK_BYTES);
        RETURN_ON_ERROR(write(loader, PACKETS_END - left_bytes, chunk, bytes));
        at += bytes;
        left_bytes -= bytes;
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t receive_from_stub(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes)
{
    uint32_t bytes;
    RETURN_ON_ERROR(await(loader, INT_ST, NEW_PACKET, NEW_PACKET));
    RETURN_ON_ERROR(read_word(loader, CONF_W0, &bytes, sizeof(bytes)));
    const bool fits = bytes > 0 && bytes <= capacity_bytes;
    for (uint32_t left_bytes = fits ? bytes : 0; left_bytes > 0;) {
        const uint16_t chunk_bytes = left_bytes < CHUNK_BYTES ? (uint16_t)left_bytes : CHUNK_BYTES;
        RETURN_ON_ERROR(read(loader, PACKETS_END - left_bytes, frame, chunk_bytes));
        frame += chunk_bytes;
        left_bytes -= chunk_bytes;
    }
    RETURN_ON_ERROR(write_word(loader, INT_CLR, NEW_PACKET));
    loader->_frame_bytes = (uint16_t)bytes;
    return fits ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_INVALID_RESPONSE;
}

/* --- Public ---------------------------------------------------------------------------------------- */

esp_loader_error_t reflash_sdio_enable(esp_loader_t *loader)
{
    uint8_t wanted;
    uint8_t enabled;
    RETURN_ON_ERROR(await_ready(loader));
    RETURN_ON_ERROR(read(loader, FUNCTION_ENABLE, &wanted, sizeof(wanted)));
    wanted |= FUNCTION_1;
    RETURN_ON_ERROR(write(loader, FUNCTION_ENABLE, &wanted, sizeof(wanted)));
    RETURN_ON_ERROR(read(loader, FUNCTION_ENABLE, &enabled, sizeof(enabled)));
    return enabled == wanted ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_INVALID_RESPONSE;
}

esp_loader_error_t reflash_sdio_read_id(esp_loader_t *loader, uint32_t *id)
{
    uint32_t start;
    RETURN_ON_ERROR(await_ready(loader));
    RETURN_ON_ERROR(read_word(loader, CIS_POINTER, &start, 3));

    for (uint32_t at = 0; at < CIS_BYTES;) {
        uint32_t tuple;
        const uint32_t tuple_addr = CARD | (start + at);
        RETURN_ON_ERROR(read_word(loader, tuple_addr, &tuple, 2));
        if ((tuple & 0xFF) == TUPLE_END) {
            break;
        }
        if (tuple == (TUPLE_MANUFACTURER | MANUFACTURER_BYTES << 8)) {
            return read_word(loader, tuple_addr + 2, id, MANUFACTURER_BYTES);
        }
        at += (tuple & 0xFF) == TUPLE_NULL ? 1 : 2 + (tuple >> 8);
    }
    return ESP_LOADER_ERROR_INVALID_RESPONSE;
}

esp_loader_error_t reflash_sdio_set_up(esp_loader_t *loader, uint8_t conf1_reg, uint8_t len_conf_reg)
{
    uint32_t wanted;
    uint32_t found;
    RETURN_ON_ERROR(set_bits(loader, conf1_reg, STITCHING, &wanted));
    RETURN_ON_ERROR(read_behind_window(loader, conf1_reg, &found));
    if (found != wanted) {
        return ESP_LOADER_ERROR_INVALID_RESPONSE;
    }
    return set_bits(loader, len_conf_reg, PACKET_LOAD_ENABLE, &wanted); /* does not read back */
}

esp_loader_error_t reflash_sdio_send(esp_loader_t *loader, const reflash_request_t *request, uint32_t at)
{
    loader->_transfer.sdio.owed_answer = 0;
    if (loader->_transfer.sdio.left_rom) {
        return send_to_stub(loader, request, at);
    }
    const esp_loader_error_t err = send_to_rom(loader, request);
    loader->_transfer.sdio.owed_answer = err == ESP_LOADER_SUCCESS ? request->opcode : 0;
    return err;
}

esp_loader_error_t reflash_sdio_receive(esp_loader_t *loader, uint8_t *frame, uint16_t capacity_bytes)
{
    const uint8_t opcode = loader->_transfer.sdio.owed_answer;
    if (opcode != 0) {
        loader->_transfer.sdio.owed_answer = 0;
        make_answer(frame, opcode);
        loader->_frame_bytes = REFLASH_HEADER_BYTES + STATUS_BYTES;
        return ESP_LOADER_SUCCESS;
    }
    return loader->_transfer.sdio.left_rom ? receive_from_stub(loader, frame, capacity_bytes)
                                           : ESP_LOADER_ERROR_TIMEOUT;
}
