/* SPDX-License-Identifier: Apache-2.0 */
/* Two loaders, each in a thread of its own on a chip of its own, doing whole jobs at the same time. Under the thread
 * sanitizer a byte that both know and one of them writes ends the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "reflash.h"

enum { JOBS = 6, FLASH_BYTES = 1 << 18, IMAGE_BYTES = 9000, IMAGES = 2 };

typedef struct {
    const char *chip;
    pthread_barrier_t *start;
    uint8_t data[IMAGES][IMAGE_BYTES];
    uint8_t *flash;
    espsim_t *sim;
    unsigned done; /* jobs that worked and left what they should */
} worker_t;

static bool prepare(reflash_image_t *image, uint8_t *data, uint32_t flash_addr, unsigned job)
{
    for (unsigned at = 0; at < IMAGE_BYTES; at++) {
        data[at] = (uint8_t)(at * 13 + (at >> 7) + job + flash_addr / 0x1000);
    }
    *image = (reflash_image_t){.flash_addr = flash_addr, .bytes = IMAGE_BYTES, .data = data};
    return mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), data, IMAGE_BYTES, image->md5) == 0;
}

static esp_loader_error_t update(worker_t *worker, reflash_image_t *images)
{
    esp_loader_t loader;
    memset(&loader, 0xA5, sizeof(loader));
    espsim_port_t port = {.port = {.ops = &espsim_port_ops}, .sim = worker->sim, .baud = 115200};
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    reflash_job_t job = {0};
    RETURN_ON_ERROR(esp_loader_init_serial(&loader, &port.port));
    RETURN_ON_ERROR(esp_loader_connect(&loader, &args));
    RETURN_ON_ERROR(esp_loader_change_transmission_rate(&loader, 921600));
    RETURN_ON_ERROR(reflash_update(&loader, images, IMAGES, &job));
    esp_loader_reset_target(&loader);
    esp_loader_deinit(&loader);
    return ESP_LOADER_SUCCESS;
}

static void *work(void *context)
{
    worker_t *worker = context;
    (void)pthread_barrier_wait(worker->start);
    for (unsigned job = 0; job < JOBS; job++) {
        reflash_image_t images[IMAGES];
        if (!prepare(&images[0], worker->data[0], 0x1000, job) || !prepare(&images[1], worker->data[1], 0x10000, 0) ||
            update(worker, images) != ESP_LOADER_SUCCESS ||
            images[1].result != (job == 0 ? REFLASH_RESULT_FLASHED : REFLASH_RESULT_SKIPPED) ||
            memcmp(worker->flash + 0x1000, worker->data[0], IMAGE_BYTES) != 0) {
            break;
        }
        worker->done++;
    }
    return NULL;
}

static void two_loaders_in_two_threads_do_their_jobs_and_share_nothing(void **state)
{
    (void)state;
    static worker_t workers[2] = {{.chip = "esp32"}, {.chip = "esp32c3"}};
    pthread_barrier_t start;
    pthread_t threads[2];
    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (unsigned at = 0; at < 2; at++) {
        workers[at].start = &start;
        workers[at].flash = calloc(FLASH_BYTES, 1);
        assert_non_null(workers[at].flash);
        workers[at].sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name(workers[at].chip),
                                                           .flash = workers[at].flash,
                                                           .flash_bytes = FLASH_BYTES,
                                                           .timing = espsim_timing_typical()});
        assert_non_null(workers[at].sim);
    }
    for (unsigned at = 0; at < 2; at++) {
        assert_int_equal(pthread_create(&threads[at], NULL, work, &workers[at]), 0);
    }
    for (unsigned at = 0; at < 2; at++) {
        assert_int_equal(pthread_join(threads[at], NULL), 0);
        assert_int_equal(workers[at].done, JOBS);
        espsim_destroy(workers[at].sim);
        free(workers[at].flash);
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_loaders_in_two_threads_do_their_jobs_and_share_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
