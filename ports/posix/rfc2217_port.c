/* SPDX-License-Identifier: Apache-2.0 */
#include "rfc2217_port.h"

#include <errno.h>
#include <signal.h>

#include "tcp_connect.h"

enum { AGREE_MS = 3000, ANSWER_MS = 3000, CONTROL_ANSWER_MS = 1000, SEND_MS = 3000 };

static rfc2217_port_t *self(esp_loader_port_t *port)
{
    return container_of(port, rfc2217_port_t, port);
}

/* --- From the server -------------------------------------------------------------------------------------- */

static esp_loader_error_t send_option(rfc2217_port_t *port, uint8_t command, uint8_t option)
{
    const uint8_t bytes[] = {0xFF, command, option};
    return reflash_stream_write(&port->port, bytes, sizeof(bytes), SEND_MS);
}

static void on_option(rfc2217_port_t *port, uint8_t command, uint8_t option)
{
    const bool is_ours = option == REFLASH_TELNET_BINARY || option == REFLASH_TELNET_SUPPRESS_GO_AHEAD ||
                         option == REFLASH_TELNET_COM_PORT;
    if (option == REFLASH_TELNET_COM_PORT) {
        port->_agreed = port->_agreed || command == REFLASH_TELNET_DO;
        port->_refused = port->_refused || command == REFLASH_TELNET_DONT;
    }
    /* What is ours was offered when the connection was opened; a failure to refuse shows at the next write. */
    if (!is_ours && command == REFLASH_TELNET_DO) {
        (void)send_option(port, REFLASH_TELNET_WONT, option);
    } else if (!is_ours && command == REFLASH_TELNET_WILL) {
        (void)send_option(port, REFLASH_TELNET_DONT, option);
    }
}

static void on_block(rfc2217_port_t *port, uint8_t code, uint32_t value)
{
    if (code == REFLASH_RFC2217_ANSWER + REFLASH_RFC2217_FLOW_SUSPEND) {
        port->_suspended = true;
    } else if (code == REFLASH_RFC2217_ANSWER + REFLASH_RFC2217_FLOW_RESUME) {
        port->_suspended = false;
    } else if (code == port->_awaited) {
        port->_answers++;
        port->_value = value;
    }
}

static uint32_t left_ms(uint64_t deadline_ms)
{
    const uint64_t now_ms = reflash_stream_now_ms();
    return deadline_ms > now_ms ? (uint32_t)(deadline_ms - now_ms) : 0;
}

/* Take one byte of the connection. SUCCESS: `*is_data` tells whether `*data` is a byte of the target. */
static esp_loader_error_t take(rfc2217_port_t *port, uint8_t *data, bool *is_data, uint32_t timeout_ms)
{
    uint8_t byte;
    *is_data = false;
    const esp_loader_error_t err = reflash_stream_read(&port->port, &byte, 1, timeout_ms);
    if (err != ESP_LOADER_SUCCESS) {
        return err;
    }
    const reflash_rfc2217_event_t event = reflash_rfc2217_push(&port->_reader, byte);
    switch (event.what) {
    case REFLASH_RFC2217_DATA:
        *data = event.data;
        *is_data = true;
        break;
    case REFLASH_RFC2217_OPTION:
        on_option(port, event.command, event.option);
        break;
    case REFLASH_RFC2217_BLOCK:
        on_block(port, event.code, event.value);
        break;
    case REFLASH_RFC2217_NOTHING:
        break;
    }
    return ESP_LOADER_SUCCESS;
}

/* The same for who waits for something else: data is kept for the next read, as far as there is room. */
static esp_loader_error_t take_and_keep(rfc2217_port_t *port, uint64_t deadline_ms)
{
    uint8_t data;
    bool is_data;
    const esp_loader_error_t err = take(port, &data, &is_data, left_ms(deadline_ms));
    if (err == ESP_LOADER_SUCCESS && is_data && port->_kept_end < sizeof(port->_kept)) {
        port->_kept[port->_kept_end++] = data;
    }
    return err;
}

static void forget_kept(rfc2217_port_t *port)
{
    port->_kept_at = 0;
    port->_kept_end = 0;
}

/* --- To the server ------------------------------------------------------------------------------------------ */

/* From now on answers to `code` are counted. */
static void expect(rfc2217_port_t *port, uint8_t code)
{
    port->_awaited = (uint8_t)(code + REFLASH_RFC2217_ANSWER);
    port->_answers = 0;
}

static esp_loader_error_t await_answers(rfc2217_port_t *port, unsigned count, uint32_t timeout_ms)
{
    const uint64_t deadline_ms = reflash_stream_now_ms() + timeout_ms;
    esp_loader_error_t err = ESP_LOADER_SUCCESS;
    while (err == ESP_LOADER_SUCCESS && port->_answers < count) {
        err = take_and_keep(port, deadline_ms);
    }
    return err;
}

static esp_loader_error_t request(rfc2217_port_t *port, uint8_t code, uint32_t value, unsigned value_bytes)
{
    uint8_t bytes[REFLASH_RFC2217_BLOCK_MAX];
    const size_t count = reflash_rfc2217_request(code, value, value_bytes, bytes);
    return reflash_stream_write(&port->port, bytes, (uint16_t)count, SEND_MS);
}

static esp_loader_error_t ask(rfc2217_port_t *port, uint8_t code, uint32_t value, unsigned value_bytes)
{
    expect(port, code);
    const esp_loader_error_t err = request(port, code, value, value_bytes);
    return err == ESP_LOADER_SUCCESS ? await_answers(port, 1, ANSWER_MS) : err;
}

static esp_loader_error_t set_rate(rfc2217_port_t *port, uint32_t rate)
{
    const esp_loader_error_t err = ask(port, REFLASH_RFC2217_SET_BAUDRATE, rate, 4);
    return err == ESP_LOADER_SUCCESS && port->_value != rate ? ESP_LOADER_ERROR_FAIL : err;
}

/* --- Lines ----------------------------------------------------------------------------------------------------- */

enum { DTR_ON = 8, DTR_OFF = 9, RTS_ON = 11, RTS_OFF = 12 };

/* The two requests of a step leave in one piece: what lies between them must be short, or the application boots. */
static void set_lines(esp_loader_port_t *base, bool dtr, bool rts)
{
    rfc2217_port_t *port = self(base);
    const uint8_t controls[2] = {dtr ? DTR_ON : DTR_OFF, rts ? RTS_ON : RTS_OFF};
    uint8_t bytes[2 * REFLASH_RFC2217_BLOCK_MAX];
    size_t count = 0;
    for (unsigned at = 0; at < 2; at++) {
        count += reflash_rfc2217_request(REFLASH_RFC2217_SET_CONTROL, controls[at], 1, bytes + count);
    }
    expect(port, REFLASH_RFC2217_SET_CONTROL);
    if (reflash_stream_write(&port->port, bytes, (uint16_t)count, SEND_MS) != ESP_LOADER_SUCCESS) {
        return; /* shows at the next write */
    }
    /* Servers that play the reset themselves, esptool's among them, answer nothing. They are waited for once. */
    if (!port->_controls_are_silent) {
        port->_controls_are_silent =
            await_answers(port, 2, CONTROL_ANSWER_MS) == ESP_LOADER_ERROR_TIMEOUT && port->_answers == 0;
    }
}

static void forget_input(esp_loader_port_t *base)
{
    enum { FROM_LINE = 1 };
    rfc2217_port_t *port = self(base);
    (void)ask(port, REFLASH_RFC2217_PURGE_DATA, FROM_LINE, 1); /* unanswered: what was printed before is no harm */
    forget_kept(port);
}

static const reflash_line_moves_t moves = {set_lines, forget_input};

static void enter_bootloader(esp_loader_port_t *base)
{
    reflash_lines_enter_bootloader(base, &self(base)->lines, &moves);
}

static void reset_target(esp_loader_port_t *base)
{
    rfc2217_port_t *port = self(base);
    forget_kept(port);
    reflash_lines_reset_target(base, &port->lines, &moves);
}

/* --- The connection ------------------------------------------------------------------------------------------------ */

static esp_loader_error_t agree(rfc2217_port_t *port)
{
    static const struct {
        uint8_t command, option;
    } offers[] = {
        {REFLASH_TELNET_WILL, REFLASH_TELNET_COM_PORT},
        {REFLASH_TELNET_WILL, REFLASH_TELNET_BINARY},
        {REFLASH_TELNET_DO, REFLASH_TELNET_BINARY},
        {REFLASH_TELNET_WILL, REFLASH_TELNET_SUPPRESS_GO_AHEAD},
        {REFLASH_TELNET_DO, REFLASH_TELNET_SUPPRESS_GO_AHEAD},
    };
    const uint64_t deadline_ms = reflash_stream_now_ms() + AGREE_MS;
    esp_loader_error_t err = ESP_LOADER_SUCCESS;
    for (size_t at = 0; err == ESP_LOADER_SUCCESS && at < sizeof(offers) / sizeof(offers[0]); at++) {
        err = send_option(port, offers[at].command, offers[at].option);
    }
    while (err == ESP_LOADER_SUCCESS && !port->_agreed && !port->_refused) {
        err = take_and_keep(port, deadline_ms);
    }
    return err == ESP_LOADER_SUCCESS && port->_refused ? ESP_LOADER_ERROR_FAIL : err;
}

static esp_loader_error_t set_up(rfc2217_port_t *port)
{
    static const struct {
        uint8_t code, value;
    } settings[] = {
        {REFLASH_RFC2217_SET_DATASIZE, 8}, /* bits        */
        {REFLASH_RFC2217_SET_PARITY, 1},   /* none        */
        {REFLASH_RFC2217_SET_STOPSIZE, 1}, /* bit         */
        {REFLASH_RFC2217_SET_CONTROL, 1},  /* no flow control: some requests hold XON and XOFF */
    };
    esp_loader_error_t err = agree(port);
    for (size_t at = 0; err == ESP_LOADER_SUCCESS && at < sizeof(settings) / sizeof(settings[0]); at++) {
        err = request(port, settings[at].code, settings[at].value, 1);
    }
    /* The rate comes last: its answer tells that all were heard. */
    return err == ESP_LOADER_SUCCESS ? set_rate(port, port->baudrate) : err;
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    rfc2217_port_t *port = self(base);
    *port = (rfc2217_port_t){.port = port->port,
                             .host = port->host,
                             .service = port->service,
                             .baudrate = port->baudrate,
                             .lines = port->lines};
    /* A connection that the other end closed is an error of write, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    port->_stream.fd = reflash_tcp_connect(port->host, port->service);
    if (port->_stream.fd < 0) {
        return ESP_LOADER_ERROR_FAIL;
    }
    if (set_up(port) != ESP_LOADER_SUCCESS) {
        errno = EPROTO;
        return ESP_LOADER_ERROR_FAIL;
    }
    return ESP_LOADER_SUCCESS;
}

static void deinit(esp_loader_port_t *base)
{
    reflash_stream_close(&self(base)->_stream);
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    return set_rate(self(base), rate);
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    enum { PIECE_BYTES = 512 };
    rfc2217_port_t *port = self(base);
    const uint64_t deadline_ms = reflash_stream_now_ms() + timeout;
    esp_loader_error_t err = ESP_LOADER_SUCCESS;
    while (err == ESP_LOADER_SUCCESS && port->_suspended) {
        err = take_and_keep(port, deadline_ms);
    }
    for (uint16_t at = 0; err == ESP_LOADER_SUCCESS && at < size;) {
        uint8_t escaped[2 * PIECE_BYTES];
        const uint16_t piece = size - at < PIECE_BYTES ? (uint16_t)(size - at) : PIECE_BYTES;
        const size_t count = reflash_rfc2217_escape(data + at, piece, escaped);
        err = reflash_stream_write(&port->port, escaped, (uint16_t)count, left_ms(deadline_ms));
        at = (uint16_t)(at + piece);
    }
    return err;
}

/* The next byte of the target, of those that were kept or of the connection. */
static esp_loader_error_t next_byte(rfc2217_port_t *port, uint8_t *data, uint64_t deadline_ms)
{
    if (port->_kept_at < port->_kept_end) {
        *data = port->_kept[port->_kept_at++];
        return ESP_LOADER_SUCCESS;
    }
    forget_kept(port);
    bool is_data = false;
    esp_loader_error_t err = ESP_LOADER_SUCCESS;
    while (err == ESP_LOADER_SUCCESS && !is_data) {
        err = take(port, data, &is_data, left_ms(deadline_ms));
    }
    return err;
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    const uint64_t deadline_ms = reflash_stream_now_ms() + timeout;
    esp_loader_error_t err = ESP_LOADER_SUCCESS;
    for (uint16_t at = 0; err == ESP_LOADER_SUCCESS && at < size; at++) {
        err = next_byte(self(base), &data[at], deadline_ms);
    }
    return err;
}

static esp_loader_error_t read_some(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout)
{
    const esp_loader_error_t err = read_bytes(base, data, 1, timeout);
    if (err != ESP_LOADER_SUCCESS) {
        return err;
    }
    /* A line that breaks here breaks at the next call as well. */
    *got_bytes = 1;
    while (*got_bytes < size && next_byte(self(base), &data[*got_bytes], 0) == ESP_LOADER_SUCCESS) {
        (*got_bytes)++;
    }
    return ESP_LOADER_SUCCESS;
}

/* What has arrived here. To let the server purge what it holds takes a round trip, and enter_bootloader does it. */
static void flush(esp_loader_port_t *base)
{
    uint8_t forgotten;
    while (next_byte(self(base), &forgotten, 0) == ESP_LOADER_SUCCESS) {
    }
}

const esp_loader_port_ops_t rfc2217_port_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = reflash_stream_start_timer,
    .remaining_time = reflash_stream_remaining_time,
    .delay_ms = reflash_stream_delay_ms,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
    .read_some = read_some,
    .flush = flush,
};
