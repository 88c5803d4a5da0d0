/* SPDX-License-Identifier: Apache-2.0 */
#include "scripted_port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"

enum { BYTE_US = 87, US_PER_MS = 1000, BABBLE_US_MAX = 600000000, WORD_CHARS_MAX = 2 * SCRIPT_BYTES_MAX };

static scripted_port_t *self(esp_loader_port_t *base)
{
    return container_of(base, scripted_port_t, port);
}

static const script_step_t *next_step(const scripted_port_t *port)
{
    return port->step_at < port->step_count ? &port->steps[port->step_at] : NULL;
}

/* Answers arrive as soon as nothing stands before them. */
static void receive_answers(scripted_port_t *port)
{
    const script_step_t *step = next_step(port);
    for (; step != NULL && step->kind == SCRIPT_ANSWER; step = next_step(port)) {
        const uint32_t count = step->end - step->start;
        assert_true(port->input_end + count <= SCRIPT_BYTES_MAX);
        memcpy(&port->input[port->input_end], &port->bytes[step->start], count);
        port->input_end += count;
        port->step_at++;
    }
}

static void note_line_call(scripted_port_t *port, char call)
{
    const size_t count = strlen(port->line_calls);
    assert_true(count + 1 < LINE_CALLS_MAX);
    port->line_calls[count] = call;
    port->line_calls[count + 1] = '\0';
}

/* --- The script ------------------------------------------------------------------------------------ */

void scripted_port_init(scripted_port_t *port)
{
    memset(port, 0, sizeof(*port));
    port->port.ops = &scripted_port_ops;
}

esp_loader_port_ops_t *scripted_port_change_ops(scripted_port_t *port)
{
    port->changed_ops = scripted_port_ops;
    port->port.ops = &port->changed_ops;
    return &port->changed_ops;
}

static void add_step(scripted_port_t *port, const char *word)
{
    assert_true(port->step_count < SCRIPT_STEPS_MAX);
    script_step_t *step = &port->steps[port->step_count++];
    *step = (script_step_t){.start = port->byte_count, .end = port->byte_count};
    if (strcmp(word, "reset") == 0) {
        step->kind = SCRIPT_RESET;
    } else if (strncmp(word, "rate=", 5) == 0) {
        step->kind = SCRIPT_RATE;
        step->start = (uint32_t)strtoul(word + 5, NULL, 10);
    } else if (word[0] == '>' || word[0] == '<') {
        step->kind = word[0] == '>' ? SCRIPT_EXPECT : SCRIPT_ANSWER;
        port->byte_count +=
            (uint32_t)bytes_of_hex(word + 1, &port->bytes[port->byte_count], SCRIPT_BYTES_MAX - port->byte_count);
        step->end = port->byte_count;
    } else {
        fail_msg("no word of a script: %s", word);
    }
}

void scripted_port_play(scripted_port_t *port, const char *script)
{
    static char word[WORD_CHARS_MAX];
    for (size_t length = 0; *script != '\0'; script += length) {
        script += strspn(script, " ");
        length = strcspn(script, " ");
        assert_true(length < sizeof(word));
        memcpy(word, script, length);
        word[length] = '\0';
        if (length > 0) {
            add_step(port, word);
        }
    }
    receive_answers(port);
}

void scripted_port_expect_end(const scripted_port_t *port)
{
    if (port->step_at < port->step_count) {
        fail_msg("step %u of %u of the script was not played", port->step_at + 1, port->step_count);
    }
}

void scripted_port_rewind(scripted_port_t *port)
{
    scripted_port_expect_end(port);
    port->step_count = 0;
    port->step_at = 0;
    port->byte_count = 0;
    port->input_start = 0;
    port->input_end = 0;
}

/* --- The port -------------------------------------------------------------------------------------- */

static esp_loader_error_t init(esp_loader_port_t *base)
{
    note_line_call(self(base), 'I');
    return self(base)->init_error;
}

static void deinit(esp_loader_port_t *base)
{
    note_line_call(self(base), 'D');
}

static void enter_bootloader(esp_loader_port_t *base)
{
    scripted_port_t *port = self(base);
    note_line_call(port, 'B');
    if (port->babble != NULL) {
        return;
    }
    const script_step_t *step = next_step(port);
    if (step == NULL || step->kind != SCRIPT_RESET) {
        fail_msg("a reset that is not in the script, before step %u", port->step_at + 1);
    }
    port->step_at++;
    port->input_start = port->input_end;
    receive_answers(port);
}

static void reset_target(esp_loader_port_t *base)
{
    note_line_call(self(base), 'R');
}

static void start_timer(esp_loader_port_t *base, uint32_t ms)
{
    self(base)->timer_ms = ms;
    self(base)->deadline_us = self(base)->now_us + (uint64_t)ms * US_PER_MS;
}

static uint32_t remaining_time(esp_loader_port_t *base)
{
    const scripted_port_t *port = self(base);
    return port->deadline_us > port->now_us ? (uint32_t)((port->deadline_us - port->now_us + US_PER_MS - 1) / US_PER_MS)
                                            : 0;
}

static void delay_ms(esp_loader_port_t *base, uint32_t ms)
{
    self(base)->now_us += (uint64_t)ms * US_PER_MS;
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    scripted_port_t *port = self(base);
    const script_step_t *step = next_step(port);
    port->rate_calls++;
    if (port->rate_error != ESP_LOADER_SUCCESS) {
        return port->rate_error;
    }
    if (step == NULL || step->kind != SCRIPT_RATE || step->start != rate) {
        fail_msg("rate %u is not in the script, before step %u", (unsigned)rate, port->step_at + 1);
    }
    port->step_at++;
    receive_answers(port);
    return ESP_LOADER_SUCCESS;
}

static void take_sent_byte(scripted_port_t *port, uint8_t byte)
{
    const script_step_t *step = next_step(port);
    if (step == NULL || step->kind != SCRIPT_EXPECT) {
        fail_msg("byte %02x was sent where the script expects none, before step %u", byte, port->step_at + 1);
        return;
    }
    if (port->met_bytes == 0) {
        port->unread_bytes = port->input_end - port->input_start;
    }
    const uint8_t expected = port->bytes[step->start + port->met_bytes];
    if (byte != expected) {
        fail_msg("byte %u of step %u is %02x, expected %02x", port->met_bytes, port->step_at + 1, byte, expected);
    }
    port->met_bytes++;
    if (step->start + port->met_bytes == step->end) {
        port->met_bytes = 0;
        port->requests++;
        port->step_at++;
        receive_answers(port);
    }
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    scripted_port_t *port = self(base);
    (void)timeout; /* nothing holds the host back */
    port->write_calls++;
    if (port->write_calls == port->fail_write_call) {
        return port->write_error;
    }
    for (uint16_t at = 0; at < size; at++) {
        port->now_us += BYTE_US;
        if (port->babble == NULL) {
            take_sent_byte(port, data[at]);
        }
    }
    return ESP_LOADER_SUCCESS;
}

static bool read_byte(scripted_port_t *port, uint8_t *byte)
{
    if (port->babble != NULL) {
        if (port->now_us > BABBLE_US_MAX) {
            fail_msg("listened for ever to a line that never pauses");
        }
        *byte = port->babble[port->babble_at++ % port->babble_bytes];
        return true;
    }
    if (port->input_start == port->input_end) {
        return false;
    }
    *byte = port->input[port->input_start++];
    return true;
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    scripted_port_t *port = self(base);
    port->read_calls++;
    if (port->read_calls == port->fail_read_call) {
        return port->read_error;
    }
    for (uint16_t at = 0; at < size; at++) {
        if (!read_byte(port, &data[at])) {
            port->now_us += (uint64_t)timeout * US_PER_MS;
            return ESP_LOADER_ERROR_TIMEOUT;
        }
        port->now_us += BYTE_US;
    }
    return ESP_LOADER_SUCCESS;
}

const esp_loader_port_ops_t scripted_port_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
};
