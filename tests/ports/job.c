/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <string.h>

#include "wires.h"

enum { FIRST_BAUD = 115200 };

/* --- Images ------------------------------------------------------------------------------------------------ */

enum { IMAGE_COUNT = 3, IMAGE_BYTES_MAX = 24000 };
enum { BOOTLOADER_ADDR = 0x1000, TABLE_ADDR = 0x8000, APPLICATION_ADDR = 0x10000, ROW_BYTES = 32 };

typedef struct {
    uint8_t data[IMAGE_BYTES_MAX];
    uint32_t bytes;
} file_t;

static void put_le(file_t *file, uint32_t value, unsigned bytes)
{
    for (unsigned at = 0; at < bytes; at++) {
        file->data[file->bytes++] = (uint8_t)(value >> (8 * at));
    }
}

/* One segment of `segment_bytes` bytes that nobody runs, in the format of ESP32 programs. */
static void make_program(file_t *file, uint32_t segment_bytes)
{
    enum { HEADER_BYTES = 24 };
    uint8_t checksum = 0xEF;
    memset(file, 0, sizeof(*file));
    put_le(file, 0x020201E9, 4); /* magic, one segment, DIO, 2 MB or so */
    put_le(file, 0x40080000, 4);
    put_le(file, 0xEE, 4); /* pins */
    file->bytes = HEADER_BYTES;
    put_le(file, 0x40080000, 4);
    put_le(file, segment_bytes, 4);
    for (uint32_t at = 0; at < segment_bytes; at++) {
        const uint8_t byte = (uint8_t)(7 * at + (at * at >> 4));
        put_le(file, byte, 1);
        checksum ^= byte;
    }
    file->bytes += 15 - file->bytes % 16;
    put_le(file, checksum, 1);
}

static void make_table(file_t *file)
{
    memset(file, 0, sizeof(*file));
    put_le(file, 0x000050AA, 4); /* an application, factory */
    put_le(file, APPLICATION_ADDR, 4);
    put_le(file, 0x100000, 4);
    memcpy(file->data + file->bytes, "factory", 7);
    file->bytes = ROW_BYTES;
}

static reflash_image_t image_of(reflash_kind_t kind, uint32_t flash_addr, const file_t *file)
{
    reflash_image_t image = {.kind = kind, .flash_addr = flash_addr, .bytes = file->bytes, .data = file->data};
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), file->data, file->bytes, image.md5), 0);
    return image;
}

/* --- The job ----------------------------------------------------------------------------------------------- */

void job_expect_log(esp_loader_port_t *port, const char *text)
{
    enum { QUIET_MS = 1000, HEARD_MAX = 4096 };
    char heard[HEARD_MAX + 1] = "";
    for (size_t at = 0; strstr(heard, text) == NULL; at++) {
        if (at == HEARD_MAX || port->ops->read(port, (uint8_t *)&heard[at], 1, QUIET_MS) != ESP_LOADER_SUCCESS) {
            fail_msg("the target does not say \"%s\" but:\n%s", text, heard);
        }
        if (heard[at] == '\0') {
            heard[at] = '?';
        }
    }
}

static void check(const esp_loader_t *loader, esp_loader_error_t err, const char *what)
{
    if (err != ESP_LOADER_SUCCESS) {
        const reflash_fault_t fault = reflash_last_fault(loader);
        fail_msg("%s: error %d, cause %d, command %02x, target's reason %02x", what, err, fault.cause, fault.command,
                 fault.target_reason);
    }
}

unsigned job_round(esp_loader_port_t *port, uint32_t baud)
{
    static file_t files[IMAGE_COUNT];
    esp_loader_t loader;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    make_program(&files[0], 5003);
    make_table(&files[1]);
    make_program(&files[2], 23001);
    reflash_image_t images[IMAGE_COUNT] = {
        image_of(REFLASH_KIND_BOOTLOADER, BOOTLOADER_ADDR, &files[0]),
        image_of(REFLASH_KIND_PARTITION_TABLE, TABLE_ADDR, &files[1]),
        image_of(REFLASH_KIND_APPLICATION, APPLICATION_ADDR, &files[2]),
    };
    reflash_job_t job = {0};

    assert_int_equal(esp_loader_init_serial(&loader, port), ESP_LOADER_SUCCESS);
    check(&loader, esp_loader_connect(&loader, &args), "connect");
    if (baud > 0) {
        check(&loader, esp_loader_change_transmission_rate(&loader, baud), "change of rate");
        assert_true(wires_rates_fit(wires_baud(), baud));
    }
    check(&loader, reflash_update(&loader, images, IMAGE_COUNT, &job), "job");
    unsigned written = 0;
    for (size_t at = 0; at < IMAGE_COUNT; at++) {
        written += images[at].result == REFLASH_RESULT_FLASHED ? 1 : 0;
        assert_memory_equal(job_flash() + images[at].flash_addr, images[at].data, images[at].bytes);
    }
    if (baud > 0) {
        assert_int_equal(port->ops->change_transmission_rate(port, FIRST_BAUD), ESP_LOADER_SUCCESS);
    }
    esp_loader_reset_target(&loader);
    job_expect_log(port, "Hello world!\r\n");
    esp_loader_deinit(&loader);
    return written;
}

void job_run(esp_loader_port_t *port, uint32_t baud)
{
    assert_int_equal(job_round(port, baud), IMAGE_COUNT);
    const uint64_t erased_bytes = espsim_stats(job_target())->erased_bytes;
    assert_int_equal(job_round(port, baud), 0);
    assert_int_equal(espsim_stats(job_target())->erased_bytes, erased_bytes);
}

static const esp_loader_port_ops_t *ops_without_holes;
static volatile uint32_t *lost_count;
static unsigned question_count;

static esp_loader_error_t write_and_lose(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    enum { SLIP_END = 0xC0, QUESTIONS_PER_HOLE = 5 };
    const bool is_end = size > 1 && data[size - 1] == SLIP_END;
    question_count += is_end ? 1 : 0;
    if (is_end && question_count % QUESTIONS_PER_HOLE == 0) {
        *lost_count = *lost_count + 1;
    }
    return ops_without_holes->write(port, data, size, timeout);
}

void job_run_with_holes(esp_loader_port_t *port, volatile uint32_t *overrun_bytes)
{
    static esp_loader_port_ops_t ops;
    ops_without_holes = port->ops;
    lost_count = overrun_bytes;
    question_count = 0;
    ops = *port->ops;
    ops.write = write_and_lose;
    port->ops = &ops;
    job_run(port, 0);
    port->ops = ops_without_holes;
}
