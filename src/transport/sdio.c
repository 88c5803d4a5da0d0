/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to an SDIO card: its standard registers, the registers of the chip's link controller, the packets of the
 * mask ROM, and those of a RAM stub. */
#include "transport/sdio.h"

#include "wire/bytes.h"
#include "wire/packet.h"

/* Function 0: registers that every SDIO card has. */
enum { FUNCTION_ENABLE = 0x02, FUNCTION_READY = 0x03, CIS_POINTER = 0x09, FUNCTION_1 = 1 << 1 };
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

/* A RAM stub's. Its buffers hold this much, so it never has credit for more. */
enum { CREDIT_BLOCK_BYTES = 512, CREDIT_BYTES_MAX = 32 * CREDIT_BLOCK_BYTES, CHUNK_BYTES = SIP_BYTES_MAX };

enum { STATUS_BYTES = 2, EAGER_POLLS = 100 };

/* --- Registers ------------------------------------------------------------------------------------- */

static esp_loader_error_t read(esp_loader_t *loader, uint32_t function, uint32_t addr, uint8_t *data, uint16_t bytes)
{
    esp_loader_port_t *port = loader->_port;
    const uint32_t left_ms = port->ops->remaining_time(port);
    return left_ms > 0 ? port->ops->sdio_read(port, function, addr, data, bytes, left_ms) : ESP_LOADER_ERROR_TIMEOUT;
}

static esp_loader_error_t write(esp_loader_t *loader, uint32_t function, uint32_t addr, const uint8_t *data,
                                uint16_t bytes)
{
    esp_loader_port_t *port = loader->_port;
    const uint32_t left_ms = port->ops->remaining_time(port);
    return left_ms > 0 ? port->ops->sdio_write(port, function, addr, data, bytes, left_ms) : ESP_LOADER_ERROR_TIMEOUT;
}

static esp_loader_error_t read_word(esp_loader_t *loader, uint32_t addr, uint32_t *word)
{
    uint32_t bytes = 0; /* ports may move aligned words */
    RETURN_ON_ERROR(read(loader, 1, addr, (uint8_t *)&bytes, sizeof(bytes)));
    *word = reflash_get_le32((const uint8_t *)&bytes);
    return ESP_LOADER_SUCCESS;
}

/* Registers that the host sees only through a window. */
static esp_loader_error_t read_behind_window(esp_loader_t *loader, uint8_t reg, uint32_t *value)
{
    uint32_t command;
    reflash_put_le32((uint8_t *)&command, (uint32_t)WINDOW_READ << 8 | reg >> 2);
    RETURN_ON_ERROR(write(loader, 1, WIN_CMD, (const uint8_t *)&command, sizeof(command)));
    return read_word(loader, STATE_W0, value);
}

static esp_loader_error_t write_behind_window(esp_loader_t *loader, uint8_t reg, uint32_t value)
{
    uint32_t command[2];
    reflash_put_le32((uint8_t *)&command[0], value);
    reflash_put_le32((uint8_t *)&command[1], (uint32_t)WINDOW_WRITE << 8 | reg >> 2);
    return write(loader, 1, CONF_W5, (const uint8_t *)command, sizeof(command));
}

/* --- Waiting --------------------------------------------------------------------------------------- */

static void pause_between_polls(esp_loader_port_t *port, unsigned poll)
{
    if (poll >= EAGER_POLLS) {
        port->ops->delay_ms(port, 1);
    }
}

static esp_loader_error_t await_ready(esp_loader_t *loader)
{
    for (unsigned poll = 0;; poll++) { /* until the timer ends read() */
        uint8_t ready;
        RETURN_ON_ERROR(read(loader, 0, FUNCTION_READY, &ready, sizeof(ready)));
        if ((ready & FUNCTION_1) != 0) {
            return ESP_LOADER_SUCCESS;
        }
        pause_between_polls(loader->_port, poll);
    }
}

static esp_loader_error_t await_credit(esp_loader_t *loader, uint32_t bytes)
{
    for (unsigned poll = 0;; poll++) { /* until the timer ends read_word() */
        uint32_t token;
        RETURN_ON_ERROR(read_word(loader, TOKEN_RDATA, &token));
        if ((token >> 16 & 0xFFF) * CREDIT_BLOCK_BYTES >= bytes) {
            return ESP_LOADER_SUCCESS;
        }
        pause_between_polls(loader->_port, poll);
    }
}

static esp_loader_error_t await_packet(esp_loader_t *loader)
{
    for (unsigned poll = 0;; poll++) { /* until the timer ends read_word() */
        uint32_t interrupts;
        RETURN_ON_ERROR(read_word(loader, INT_ST, &interrupts));
        if ((interrupts & NEW_PACKET) != 0) {
            return ESP_LOADER_SUCCESS;
        }
        pause_between_polls(loader->_port, poll);
    }
}

/* --- The mask ROM's packets ------------------------------------------------------------------------ */

/* Complete the packet that has `data_bytes` behind its header, and send it. */
static esp_loader_error_t send_sip(esp_loader_t *loader, uint32_t *packet, uint16_t data_bytes, uint32_t id,
                                   uint32_t sequence, uint32_t first, uint32_t second)
{
    const uint16_t bytes = (uint16_t)(SIP_HEADER_BYTES + data_bytes);
    const uint32_t flags = id == SIP_BOOT ? SIP_SYNC : 0;
    reflash_put_le32((uint8_t *)&packet[0], flags << 8 | (uint32_t)bytes << 16);
    reflash_put_le32((uint8_t *)&packet[1], id);
    reflash_put_le32((uint8_t *)&packet[2], sequence);
    reflash_put_le32((uint8_t *)&packet[3], first);
    reflash_put_le32((uint8_t *)&packet[4], second);
    return write(loader, 1, PACKETS_END - bytes, (const uint8_t *)packet, bytes);
}

static esp_loader_error_t begin_memory(esp_loader_t *loader, const reflash_request_t *request)
{
    enum { ADDR_WORD = 3 };
    loader->_transfer.sdio.addr = request->words[ADDR_WORD];
    return loader->_transfer.sdio.addr % 4 == 0 ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_INVALID_PARAM;
}

static esp_loader_error_t write_memory(esp_loader_t *loader, const reflash_request_t *request)
{
    const uint32_t start = REFLASH_HEADER_BYTES + 4u * request->word_count;
    const uint32_t total_bytes = reflash_request_bytes(request) - start;
    const uint32_t addr = loader->_transfer.sdio.addr;
    if (addr % 4 != 0) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    RETURN_ON_ERROR(await_ready(loader));
    for (uint32_t done_bytes = 0; done_bytes < total_bytes; done_bytes += SIP_DATA_BYTES_MAX) {
        uint32_t packet[SIP_BYTES_MAX / 4] = {0};
        const uint32_t left_bytes = total_bytes - done_bytes;
        const uint32_t bytes = left_bytes < SIP_DATA_BYTES_MAX ? left_bytes : SIP_DATA_BYTES_MAX;
        const uint16_t padded_bytes = (uint16_t)((bytes + 3) & ~UINT32_C(3));
        reflash_request_copy(request, start + done_bytes, (uint8_t *)packet + SIP_HEADER_BYTES, bytes);
        RETURN_ON_ERROR(send_sip(loader, packet, padded_bytes, SIP_WRITE_MEMORY, loader->_transfer.sdio.sequence,
                                 addr + done_bytes, padded_bytes));
        loader->_transfer.sdio.sequence++;
    }
    loader->_transfer.sdio.addr = addr + total_bytes;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t end_memory(esp_loader_t *loader, const reflash_request_t *request)
{
    enum { STAY_WORD, ENTRY_WORD, DISCARD_LINK = 1 };
    uint32_t packet[SIP_HEADER_BYTES / 4];
    if (request->words[STAY_WORD] != 0) {
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(await_ready(loader));
    RETURN_ON_ERROR(send_sip(loader, packet, 0, SIP_BOOT, 0, request->words[ENTRY_WORD], DISCARD_LINK));
    loader->_transfer.sdio.left_rom = true;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t send_to_rom(esp_loader_t *loader, const reflash_request_t *request)
{
    switch (request->header[1]) {
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

/* The answer that a ROM would have given. */
static void make_answer(uint8_t *frame, uint8_t opcode)
{
    reflash_request_header(frame, opcode, STATUS_BYTES, 0);
    frame[0] = 0x01;
    frame[REFLASH_HEADER_BYTES] = 0;
    frame[REFLASH_HEADER_BYTES + 1] = 0;
}

/* --- A stub's packets ------------------------------------------------------------------------------ */

static esp_loader_error_t send_to_stub(esp_loader_t *loader, const reflash_request_t *request)
{
    const uint8_t opcode = request->header[1];
    const uint32_t total_bytes = reflash_request_bytes(request);
    if (opcode == REFLASH_SYNC || opcode == REFLASH_CHANGE_BAUDRATE) {
        return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
    }
    if (total_bytes > CREDIT_BYTES_MAX) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    RETURN_ON_ERROR(await_credit(loader, total_bytes));
    for (uint32_t at = 0; at < total_bytes; at += CHUNK_BYTES) {
        uint32_t chunk[CHUNK_BYTES / 4];
        const uint32_t left_bytes = total_bytes - at;
        const uint16_t bytes = (uint16_t)(left_bytes < CHUNK_BYTES ? left_bytes : CHUNK_BYTES);
        reflash_request_copy(request, at, (uint8_t *)chunk, bytes);
        RETURN_ON_ERROR(write(loader, 1, PACKETS_END - left_bytes, (const uint8_t *)chunk, bytes));
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t receive_from_stub(esp_loader_t *loader, uint16_t *frame_bytes)
{
    uint32_t bytes;
    RETURN_ON_ERROR(await_packet(loader));
    RETURN_ON_ERROR(read_word(loader, CONF_W0, &bytes));
    const bool fits = bytes > 0 && bytes <= sizeof(loader->_frame);
    if (fits) {
        RETURN_ON_ERROR(read(loader, 1, PACKETS_END - bytes, loader->_frame, (uint16_t)bytes));
    }
    uint32_t taken;
    reflash_put_le32((uint8_t *)&taken, NEW_PACKET);
    RETURN_ON_ERROR(write(loader, 1, INT_CLR, (const uint8_t *)&taken, sizeof(taken)));
    *frame_bytes = (uint16_t)bytes;
    return fits ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_INVALID_RESPONSE;
}

/* --- Public ---------------------------------------------------------------------------------------- */

esp_loader_error_t reflash_sdio_enable(esp_loader_t *loader)
{
    uint8_t wanted;
    uint8_t enabled;
    RETURN_ON_ERROR(await_ready(loader));
    RETURN_ON_ERROR(read(loader, 0, FUNCTION_ENABLE, &wanted, sizeof(wanted)));
    wanted |= FUNCTION_1;
    RETURN_ON_ERROR(write(loader, 0, FUNCTION_ENABLE, &wanted, sizeof(wanted)));
    RETURN_ON_ERROR(read(loader, 0, FUNCTION_ENABLE, &enabled, sizeof(enabled)));
    return enabled == wanted ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_INVALID_RESPONSE;
}

esp_loader_error_t reflash_sdio_read_ids(esp_loader_t *loader, uint16_t *vendor, uint16_t *device)
{
    uint32_t words[1] = {0};
    uint8_t *bytes = (uint8_t *)words;
    RETURN_ON_ERROR(await_ready(loader));
    RETURN_ON_ERROR(read(loader, 0, CIS_POINTER, bytes, 3));
    const uint32_t start = reflash_get_le32(bytes);

    for (uint32_t at = 0; at < CIS_BYTES;) {
        RETURN_ON_ERROR(read(loader, 0, start + at, bytes, 2));
        const uint8_t code = bytes[0];
        const uint8_t length = bytes[1];
        if (code == TUPLE_END) {
            break;
        }
        if (code == TUPLE_MANUFACTURER && length == MANUFACTURER_BYTES) {
            RETURN_ON_ERROR(read(loader, 0, start + at + 2, bytes, MANUFACTURER_BYTES));
            *vendor = (uint16_t)(bytes[0] | bytes[1] << 8);
            *device = (uint16_t)(bytes[2] | bytes[3] << 8);
            return ESP_LOADER_SUCCESS;
        }
        at += code == TUPLE_NULL ? 1u : 2u + length;
    }
    return ESP_LOADER_ERROR_INVALID_RESPONSE;
}

esp_loader_error_t reflash_sdio_set_up(esp_loader_t *loader, uint8_t conf1_reg, uint8_t len_conf_reg)
{
    uint32_t wanted;
    uint32_t found;
    RETURN_ON_ERROR(await_ready(loader));
    RETURN_ON_ERROR(read_behind_window(loader, conf1_reg, &wanted));
    wanted |= STITCHING;
    RETURN_ON_ERROR(write_behind_window(loader, conf1_reg, wanted));
    RETURN_ON_ERROR(read_behind_window(loader, conf1_reg, &found));
    if (found != wanted) {
        return ESP_LOADER_ERROR_INVALID_RESPONSE;
    }
    RETURN_ON_ERROR(await_ready(loader));
    RETURN_ON_ERROR(read_behind_window(loader, len_conf_reg, &wanted));
    return write_behind_window(loader, len_conf_reg, wanted | PACKET_LOAD_ENABLE); /* does not read back */
}

esp_loader_error_t reflash_sdio_send(esp_loader_t *loader, const reflash_request_t *request)
{
    loader->_transfer.sdio.owed_answer = 0;
    if (loader->_transfer.sdio.left_rom) {
        return send_to_stub(loader, request);
    }
    const esp_loader_error_t err = send_to_rom(loader, request);
    loader->_transfer.sdio.owed_answer = err == ESP_LOADER_SUCCESS ? request->header[1] : 0;
    return err;
}

esp_loader_error_t reflash_sdio_receive(esp_loader_t *loader, uint16_t *frame_bytes)
{
    const uint8_t opcode = loader->_transfer.sdio.owed_answer;
    if (opcode != 0) {
        loader->_transfer.sdio.owed_answer = 0;
        make_answer(loader->_frame, opcode);
        *frame_bytes = REFLASH_HEADER_BYTES + STATUS_BYTES;
        return ESP_LOADER_SUCCESS;
    }
    return loader->_transfer.sdio.left_rom ? receive_from_stub(loader, frame_bytes) : ESP_LOADER_ERROR_TIMEOUT;
}
