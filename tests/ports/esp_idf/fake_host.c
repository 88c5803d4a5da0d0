/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/stream_buffer.h"
#include "freertos/task.h"

#define TICK_NS (UINT64_C(1000000000) / configTICK_RATE_HZ)

static struct {
    const fake_board_t *board;
    unsigned fail_call, last_fail_call, calls;
    int held;
    struct {
        bool is_output, latch, is_lent;
    } pins[FAKE_PIN_COUNT];
    char log[256];
} host;

void fake_host_start(const fake_board_t *board)
{
    memset(&host, 0, sizeof(host));
    host.board = board;
}

void fake_fail_call(unsigned call)
{
    host.fail_call = call;
    host.last_fail_call = call;
    host.calls = 0;
}

void fake_fail_from(unsigned call)
{
    fake_fail_call(call);
    host.last_fail_call = UINT_MAX;
}

unsigned fake_calls(void)
{
    return host.calls;
}

bool fake_fails(void)
{
    host.calls++;
    return host.calls >= host.fail_call && host.calls <= host.last_fail_call;
}

void fake_hold(int count)
{
    host.held += count;
    assert_true(host.held >= 0);
}

int fake_held(void)
{
    return host.held;
}

/* --- Time -------------------------------------------------------------------------------------------------- */

uint64_t fake_now_ns(void)
{
    return host.board->now_ns();
}

void fake_pass_ns(uint64_t ns)
{
    host.board->pass_ns(ns);
}

uint64_t fake_after_ticks_ns(TickType_t ticks)
{
    return ticks == portMAX_DELAY ? UINT64_MAX : (fake_now_ns() / TICK_NS + ticks) * TICK_NS;
}

int64_t esp_timer_get_time(void)
{
    return (int64_t)(fake_now_ns() / 1000);
}

void vTaskDelay(TickType_t ticks)
{
    const uint64_t end_ns = fake_after_ticks_ns(ticks);
    if (end_ns > fake_now_ns()) {
        fake_pass_ns(end_ns - fake_now_ns());
    }
}

/* --- Pins -------------------------------------------------------------------------------------------------- */

bool fake_pin_level(int pin)
{
    return !host.pins[pin].is_output || host.pins[pin].latch;
}

void fake_lend_pin(int pin, bool lent)
{
    if (pin >= 0) {
        host.pins[pin].is_lent = lent;
    }
}

static esp_err_t change_pin(int pin, bool is_output, bool latch)
{
    if (pin < 0 || pin >= FAKE_PIN_COUNT) {
        return ESP_ERR_INVALID_ARG;
    }
    const bool before = fake_pin_level(pin);
    assert_false(host.pins[pin].is_lent); /* a driver uses it */
    host.pins[pin].is_output = is_output;
    host.pins[pin].latch = latch;
    if (fake_pin_level(pin) != before && host.board->pin_moved != NULL) {
        host.board->pin_moved(pin, !before);
    }
    return ESP_OK;
}

esp_err_t gpio_reset_pin(gpio_num_t pin)
{
    return fake_fails() ? ESP_ERR_INVALID_ARG : change_pin(pin, false, pin >= 0 && host.pins[pin].latch);
}

esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level)
{
    return change_pin(pin, pin >= 0 && host.pins[pin].is_output, level != 0);
}

esp_err_t gpio_set_direction(gpio_num_t pin, gpio_mode_t mode)
{
    return fake_fails() ? ESP_ERR_INVALID_ARG
                        : change_pin(pin, mode == GPIO_MODE_OUTPUT, pin >= 0 && host.pins[pin].latch);
}

esp_err_t gpio_set_drive_capability(gpio_num_t pin, gpio_drive_cap_t strength)
{
    (void)strength;
    return (int)pin < 0 || (int)pin >= FAKE_PIN_COUNT || fake_fails() ? ESP_ERR_INVALID_ARG : ESP_OK;
}

/* --- The log ----------------------------------------------------------------------------------------------- */

const char *fake_log(void)
{
    return host.log;
}

void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)snprintf(host.log, sizeof(host.log), "%d %.20s: %s", (int)level, tag, text);
}

void esp_log_buffer_hex_internal(const char *tag, const void *buffer, uint16_t bytes, esp_log_level_t level)
{
    esp_log_write(level, tag, "%u bytes, the first: %02x", bytes, *(const uint8_t *)buffer);
}

/* --- Stream buffers ---------------------------------------------------------------------------------------- */

struct StreamBufferDef_t {
    size_t capacity, first, count;
    uint8_t bytes[];
};

StreamBufferHandle_t xStreamBufferCreate(size_t capacity, size_t trigger_level)
{
    assert_int_equal(trigger_level, 1);
    if (fake_fails()) {
        return NULL;
    }
    StreamBufferHandle_t stream = calloc(1, sizeof(*stream) + capacity);
    assert_non_null(stream);
    stream->capacity = capacity;
    fake_hold(1);
    return stream;
}

void vStreamBufferDelete(StreamBufferHandle_t stream)
{
    fake_hold(-1);
    free(stream);
}

size_t xStreamBufferSend(StreamBufferHandle_t stream, const void *data, size_t size, TickType_t ticks)
{
    size_t sent = 0;
    assert_int_equal(ticks, 0); /* nobody waits in an interrupt */
    while (sent < size && stream->count < stream->capacity) {
        stream->bytes[(stream->first + stream->count++) % stream->capacity] = ((const uint8_t *)data)[sent++];
    }
    return sent;
}

size_t xStreamBufferReceive(StreamBufferHandle_t stream, void *data, size_t size, TickType_t ticks)
{
    const uint64_t end_ns = fake_after_ticks_ns(ticks);
    size_t got = 0;
    while (stream->count == 0 && fake_now_ns() < end_ns && ticks > 0) {
        fake_pass_ns(FAKE_POLL_NS);
    }
    while (got < size && stream->count > 0) {
        ((uint8_t *)data)[got++] = stream->bytes[stream->first];
        stream->first = (stream->first + 1) % stream->capacity;
        stream->count--;
    }
    return got;
}
