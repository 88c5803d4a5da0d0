/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile target: whatever it sends, every call of the library returns, in bounded time, with one of the ten
 * codes; and without the right digests it never claims that an image is there. */
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "reflash.h"
#include "wire/packet.h"
#include "wire/slip.h"

typedef struct {
    esp_loader_port_t port;
    input_t input;
    uint32_t now_ms, deadline_ms;
    uint64_t reads;
    /* The last request, so that some answers fit their question. */
    uint8_t opcode;
    uint8_t queue[512];
    size_t queue_at, queue_end;
} hostile_t;

static hostile_t *self(esp_loader_port_t *port)
{
    return container_of(port, hostile_t, port);
}

static void nothing(esp_loader_port_t *port)
{
    (void)port;
}

static void start_timer(esp_loader_port_t *port, uint32_t ms)
{
    self(port)->deadline_ms = self(port)->now_ms + ms;
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    const hostile_t *hostile = self(port);
    return hostile->deadline_ms > hostile->now_ms ? hostile->deadline_ms - hostile->now_ms : 0;
}

static void delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    self(port)->now_ms += ms;
}

static esp_loader_error_t change_rate(esp_loader_port_t *port, uint32_t rate)
{
    (void)rate;
    return input_byte(&self(port)->input) == 0xFE ? ESP_LOADER_ERROR_FAIL : ESP_LOADER_SUCCESS;
}

static esp_loader_error_t write_bytes(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    hostile_t *hostile = self(port);
    (void)timeout;
    if (size >= 3 && data[0] == REFLASH_SLIP_END && data[1] == 0) {
        hostile->opcode = data[2];
    }
    return ESP_LOADER_SUCCESS;
}

static void queue(hostile_t *hostile, uint8_t byte)
{
    uint8_t escaped[2];
    const unsigned count = reflash_slip_escape(byte, escaped);
    for (unsigned at = 0; at < count && hostile->queue_end < sizeof(hostile->queue); at++) {
        hostile->queue[hostile->queue_end++] = escaped[at];
    }
}

/* An answer to the last request: its header right, the rest as the input says. */
static void queue_answer(hostile_t *hostile)
{
    static const uint8_t sizes[] = {4, 36, 24, 16, 2, 68, 5, 0};
    const uint8_t payload_bytes = sizes[input_byte(&hostile->input) % sizeof(sizes)];
    const bool agrees = input_byte(&hostile->input) % 4 != 0;
    const uint8_t header[] = {0x01, hostile->opcode, payload_bytes, 0};
    hostile->queue_at = 0;
    hostile->queue_end = 0;
    hostile->queue[hostile->queue_end++] = REFLASH_SLIP_END;
    for (unsigned at = 0; at < sizeof(header); at++) {
        queue(hostile, header[at]);
    }
    const bool magic = hostile->opcode == REFLASH_READ_REG && input_byte(&hostile->input) % 2 == 0;
    const uint8_t esp32[] = {0x83, 0x1D, 0xF0, 0x00};
    for (unsigned at = 0; at < 4; at++) {
        queue(hostile, magic ? esp32[at] : input_byte(&hostile->input));
    }
    for (unsigned at = 0; at < payload_bytes; at++) {
        const bool status = at + 4 >= payload_bytes;
        queue(hostile, status && agrees ? 0 : input_byte(&hostile->input));
    }
    if (hostile->queue_end < sizeof(hostile->queue)) {
        hostile->queue[hostile->queue_end++] = REFLASH_SLIP_END;
    }
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    enum { READS_MAX = 4000000 };
    hostile_t *hostile = self(port);
    if (++hostile->reads > READS_MAX) {
        abort(); /* somebody waits for ever */
    }
    for (uint16_t at = 0; at < size; at++) {
        if (hostile->queue_at == hostile->queue_end) {
            const uint8_t what = input_byte(&hostile->input);
            if (what == 0xFF || hostile->input.left == 0) {
                hostile->now_ms += timeout;
                return what == 0xFF && input_byte(&hostile->input) == 0xFF ? ESP_LOADER_ERROR_FAIL
                                                                           : ESP_LOADER_ERROR_TIMEOUT;
            }
            if (what % 2 == 0) {
                data[at] = what / 2; /* anything at all */
                hostile->now_ms++;
                continue;
            }
            queue_answer(hostile);
        }
        data[at] = hostile->queue[hostile->queue_at++];
    }
    return ESP_LOADER_SUCCESS;
}

static const esp_loader_port_ops_t hostile_ops = {
    .enter_bootloader = nothing,
    .reset_target = nothing,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .change_transmission_rate = change_rate,
    .write = write_bytes,
    .read = read_bytes,
};

static void check(esp_loader_error_t err)
{
    if ((unsigned)err > ESP_LOADER_ERROR_INVALID_RESPONSE) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t content[5000] = {1, 2, 3};
    hostile_t hostile = {.port = {&hostile_ops}, .input = {data, size}};
    esp_loader_t loader;
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 2};
    check(esp_loader_init_serial(&loader, &hostile.port));
    const esp_loader_error_t connected = esp_loader_connect(&loader, &args);
    check(connected);
    if ((connected == ESP_LOADER_SUCCESS) != (esp_loader_get_target(&loader) != ESP_UNKNOWN_CHIP)) {
        abort();
    }
    uint8_t mac[6];
    uint32_t word;
    esp_loader_target_security_info_t info;
    check(esp_loader_change_transmission_rate(&loader, 230400));
    check(esp_loader_read_mac(&loader, mac));
    check(esp_loader_read_register(&loader, 0x40001000, &word));
    check(esp_loader_get_security_info(&loader, &info));
    check(esp_loader_flash_detect_size(&loader, &word));
    reflash_image_t image = {.flash_addr = 0x1000, .bytes = sizeof(content), .data = content};
    memset(image.md5, 0xE7, sizeof(image.md5)); /* a digest that no input will hit on */
    reflash_job_t job = {.block_bytes = 256};
    if (reflash_update(&loader, &image, 1, &job) == ESP_LOADER_SUCCESS) {
        for (unsigned at = 0; at < sizeof(image.md5); at++) {
            /* Only a target that says the digest in so many digits may get here. */
            if (memmem(data, size, "e7e7e7e7", 8) == NULL && memmem(data, size, "E7E7E7E7", 8) == NULL) {
                abort();
            }
        }
    }
    return 0;
}
